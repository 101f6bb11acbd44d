# frozen_string_literal: true

# Node, recipe and resources from wherever a helper is called: a node, a recipe, a resource block, or without any context.
module Ctx
  HERE = File.dirname(__FILE__)

  module_function

  def node(ctx = nil)
    return ctx if defined?(Chef::Node) && ctx.is_a?(Chef::Node)

    found = ctx.node if ctx.respond_to?(:node)
    found || run_context(ctx)&.node
  end

  def run_context(ctx = nil)
    own = ctx.run_context if ctx.respond_to?(:run_context)
    own || (Chef.run_context if defined?(Chef) && Chef.respond_to?(:run_context))
  end

  # Something that can declare resources.
  def dsl(ctx = nil)
    return ctx if ctx.respond_to?(:declare_resource) && !ctx.is_a?(Chef::Resource) && !ctx.is_a?(Chef::Node)

    context = run_context(ctx)
    raise ArgumentError, 'Unable to declare a resource: no recipe is being read here' if context.nil?

    cookbook = ctx.cookbook_name if ctx.respond_to?(:cookbook_name)
    recipe = ctx.recipe_name if ctx.respond_to?(:recipe_name)
    Chef::Recipe.new(cookbook || 'pve-gitops', recipe || 'default', context)
  end

  # The recipe is where a resource of ours comes from, not this file: a failure names its line.
  def declare(ctx, type, name, &block)
    dsl(ctx).declare_resource(type, name, created_at: caller_line, &block)
  end

  # The resource with this name, declared now where there is none yet.
  def find(ctx, type, name, &block)
    run_context(ctx).resource_collection.find("#{type}[#{name}]")
  rescue StandardError => e
    raise unless e.class.name.end_with?('ResourceNotFound')

    declare(ctx, type, name, &block)
  end

  # The first line outside of these libraries, as Ruby writes it.
  def caller_line
    caller.find { |line| !line.start_with?("#{HERE}/") } || caller(1..1).first
  end

  # The same, short: recipes/default.rb:4
  def place
    file, line = caller_line.to_s.match(/\A(.+?):(\d+)/)&.captures
    return 'somewhere' if file.nil?

    "#{file.split('/').last(2).join('/')}:#{line}"
  end
end

# Recipes say `include 'other.rb'` for a file beside them.
module PveGitops
  module IncludeFile
    def include(name)
      folder = File.dirname(File.expand_path(caller_locations(1..1).first.path))
      file = File.expand_path(name, folder)
      raise ArgumentError, "Unable to include #{name}: there is no such file beside the recipe" unless File.file?(file)

      instance_eval(File.read(file), file, 1)
    end
  end
end
Chef::Recipe.prepend(PveGitops::IncludeFile) if defined?(Chef::Recipe)
