# frozen_string_literal: true

require 'json'

module PveGitops
  # Tells the deploy what became of each resource: one JSON object a line in PVE_GITOPS_REPORT.
  class Reporter < Chef::EventDispatch::Base
    # One of many resources may say a book; its end is in the log. Far beyond what is shown: a secret that is cut in two
    # would not be known for one where it is hidden.
    LONGEST = 20_000

    def initialize(definition, file = ENV.fetch('PVE_GITOPS_REPORT'))
      super()
      @definition = definition
      @file = file
      @total = 0
      @updated = 0
      @failed = nil
    end

    def resource_up_to_date(_resource, _action)
      @total += 1
    end

    def resource_updated(resource, action)
      @total += 1
      @updated += 1
      say(kind: 'updated', **described(resource, action))
    end

    # A resource inside another one fails first; what it was declared by fails with it.
    def resource_failed(resource, action, exception)
      return unless @failed.nil?

      @total += 1
      @failed = { kind: 'failed', **described(resource, action), error: cleaned(exception) }
      say(**@failed)
    end

    def resource_failed_retriable(resource, action, retries, exception)
      say(kind: 'retried', **described(resource, action), left: retries, error: cleaned(exception))
    end

    def recipe_file_load_failed(path, exception, *)
      unread(path, exception)
    end

    def library_file_load_failed(path, exception)
      unread(path, exception)
    end

    def attribute_file_load_failed(path, exception)
      unread(path, exception)
    end

    def lwrp_load_failed(path, exception)
      unread(path, exception)
    end

    def recipe_not_found(exception)
      unread('recipes/default.rb', exception)
    end

    def cookbook_resolution_failed(_run_list, exception)
      unread('metadata.rb', exception)
    end

    def run_completed(*)
      finish
    end

    def run_failed(exception, *)
      unread(nil, exception) if @failed.nil?
      finish
    end

    private

    def finish
      say(kind: 'end', total: @total, updated: @updated, failed: @failed.nil? ? 0 : 1)
    end

    def unread(path, exception)
      return unless @failed.nil?

      at = place((exception.backtrace || []).find { |line| inside?(line) }) || (short(path) unless path.nil?)
      # A syntax error carries its place in its own words.
      at = place(exception.message.lines.find { |line| inside?(line) }) || at if exception.is_a?(SyntaxError)
      @failed = { kind: 'failed', resource: nil, action: nil, at: at, error: cleaned(exception) }
      say(**@failed)
    end

    def described(resource, action)
      line = resource.respond_to?(:source_line) ? resource.source_line : nil
      # As it is written: a package becomes an apt_package only here.
      type = resource.respond_to?(:declared_type) ? resource.declared_type : nil
      name = type.nil? ? resource.to_s : "#{type}[#{resource.name}]"
      { resource: name, action: action.to_s, at: place(line) }
    end

    def inside?(line)
      line.match?(%r{/(recipes|libraries|attributes|resources|providers)/[^/:]+\.rb:\d+}) && !line.include?('/cookbooks/pve-gitops/')
    end

    # recipes/default.rb:4
    def place(line)
      found = line.to_s.match(/\A(.+?):(\d+)/)
      found.nil? ? nil : "#{short(found[1])}:#{found[2]}"
    end

    def short(path)
      path.split('/').last(2).join('/')
    end

    def cleaned(exception)
      text = "#{exception.class}: #{exception.message}".gsub("#{@definition}/", '')
      text.length > LONGEST ? "#{text[0, LONGEST]}…" : text
    end

    def say(**fields)
      File.open(@file, 'a', 0o600) { |out| out.write("#{JSON.generate(fields)}\n") }
    end
  end
end
