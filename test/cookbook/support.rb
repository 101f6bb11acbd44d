# frozen_string_literal: true

require 'minitest/autorun'
require 'json'
require 'socket'
require 'tmpdir'

# As much of Chef as the library cookbook touches: what is declared is kept, nothing runs.
class Chef
  class << self
    attr_accessor :run_context
  end

  module Exceptions
    class ResourceNotFound < RuntimeError; end
  end

  class Node
    attr_accessor :run_context

    def initialize(attributes = {})
      @attributes = attributes
    end

    def [](key)
      @attributes[key]
    end
  end

  class Resource
    attr_reader :type, :name, :created_at, :said, :run_context

    def initialize(type, name, created_at, context)
      @type = type
      @name = name
      @created_at = created_at
      @run_context = context
      @said = Hash.new { |hash, key| hash[key] = [] }
    end

    def to_s
      "#{type}[#{name}]"
    end

    def value(key)
      said.key?(key) ? said[key].last.first : nil
    end

    def node
      run_context.node
    end

    def run_action(action)
      said[:run_action] << [action]
    end

    def method_missing(name, *values)
      said[name] << values
    end

    def respond_to_missing?(*)
      false
    end
  end

  class Collection < Array
    def find(name)
      detect { |resource| resource.to_s == name } || raise(Exceptions::ResourceNotFound, name)
    end
  end

  Context = Struct.new(:node, :resource_collection)

  class Recipe
    attr_reader :run_context, :cookbook_name, :recipe_name

    def initialize(cookbook, recipe, context)
      @cookbook_name = cookbook
      @recipe_name = recipe
      @run_context = context
    end

    def node
      run_context.node
    end

    def declare_resource(type, name, created_at: nil, &block)
      resource = Resource.new(type, name, created_at, run_context)
      resource.instance_exec(&block) if block
      run_context.resource_collection << resource
      resource
    end
  end
end

Dir.glob(File.expand_path('../../cookbook/libraries/*.rb', __dir__)).sort.each { |file| load file }

module Support
  # Variables of the environment for one test; nil takes one away.
  def with_env(values)
    before = values.keys.to_h { |key| [key, ENV[key]] }
    values.each { |key, value| ENV[key] = value }
    yield
  ensure
    before&.each { |key, value| ENV[key] = value }
  end

  # Log lines go to standard error without Chef; they are what these tests look at, if anything.
  def quietly(&block)
    said = nil
    capture_io { said = block.call }
    said
  end

  def recipe(attributes = {})
    node = Chef::Node.new(attributes)
    context = Chef::Context.new(node, Chef::Collection.new)
    node.run_context = context
    Chef.run_context = context
    Chef::Recipe.new('apache', 'default', context)
  end

  def declared(recipe)
    recipe.run_context.resource_collection
  end

  # An HTTP server of one thread: `answer` gets method, path, headers and body, and gives code, body and headers.
  def serve(answer)
    server = TCPServer.new('127.0.0.1', 0)
    thread = Thread.new do
      loop { respond(server.accept, answer) }
    rescue IOError, Errno::EBADF
      nil
    end
    yield "http://127.0.0.1:#{server.addr[1]}"
  ensure
    server&.close
    thread&.join
  end

  def respond(client, answer)
    first = client.gets
    return if first.nil?

    verb, path, = first.split
    headers = {}
    while (line = client.gets.chomp) != ''
      key, value = line.split(': ', 2)
      headers[key.downcase] = value
    end
    code, body, more = answer.call(verb, path, headers, client.read(headers['content-length'].to_i))
    client.write("HTTP/1.1 #{code} Said\r\nContent-Length: #{body.to_s.bytesize}\r\nConnection: close\r\n")
    (more || {}).each { |key, value| client.write("#{key}: #{value}\r\n") }
    client.write("\r\n#{body}")
  ensure
    client.close
  end
end

Minitest::Test.include(Support)
