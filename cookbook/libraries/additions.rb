# frozen_string_literal: true

require 'json'
require 'net/http'

# Small words that recipes use on any value. Defined only where nobody has defined them yet.
module PveGitops
  FALSE_WORDS = ['', '0', 'no', 'n', 'off', 'false', 'nil', 'null', 'none', 'disabled'].freeze

  module Additions
    def blank?
      respond_to?(:empty?) ? empty? : !self
    end

    def present?
      !blank?
    end

    def presence
      present? ? self : nil
    end

    # This value as text, or the default where it is blank.
    def or(default)
      present? ? to_s : default.to_s
    end

    # Calls what exists, nil otherwise.
    def try(name = nil, *arguments, &block)
      return block && instance_exec(self, &block) if name.nil?

      public_send(name, *arguments, &block) if respond_to?(name)
    end

    # Whether a person who wrote this meant yes: "0", "no", "off" and the like are no.
    def condition
      case self
      when nil, false then false
      when Numeric then !zero?
      when String, Symbol then !FALSE_WORDS.include?(to_s.strip.downcase)
      else present?
      end
    end
  end

  module StringAdditions
    def blank?
      strip.empty?
    end

    # One line, one blank between words.
    def squish
      strip.gsub(/\s+/, ' ')
    end

    # For logs: nothing of a short value, the ends of a long one.
    def mask
      length < 12 ? '***' : "#{self[0, 2]}***#{self[-2, 2]}"
    end

    def json(symbolize_names: false)
      JSON.parse(self, symbolize_names: symbolize_names)
    end
  end

  module NilAdditions
    def try(*)
      nil
    end
  end

  module CollectionAdditions
    def json(*arguments)
      JSON.generate(self, *arguments)
    end
  end

  module HashAdditions
    def mask
      transform_values { |value| value.respond_to?(:mask) ? value.mask : '***' }
    end
  end

  module ArrayAdditions
    def mask
      map { |value| value.respond_to?(:mask) ? value.mask : '***' }
    end
  end

  module ResponseAdditions
    # The answer's body as data; nil when it is empty.
    def json(symbolize_names: false)
      body.to_s.strip.empty? ? nil : JSON.parse(body, symbolize_names: symbolize_names)
    end
  end

  { Object => Additions, String => StringAdditions, NilClass => NilAdditions,
    Hash => [CollectionAdditions, HashAdditions], Array => [CollectionAdditions, ArrayAdditions],
    Net::HTTPResponse => ResponseAdditions }.each do |type, additions|
    Array(additions).each do |words|
      words.instance_methods(false).each do |word|
        own = type.instance_methods(false).include?(word) || (type == Object && type.method_defined?(word))
        type.define_method(word, words.instance_method(word)) unless own
      end
    end
  end
end
