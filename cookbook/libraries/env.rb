# frozen_string_literal: true

require 'json'
require 'uri'

# Values that the deploy hands over, and those that containers tell each other: variables of the forge's organisation, or of
# the site's own store where there is no forge.
module Env
  module_function

  # The node's attribute, then the environment, then the variable. nil when none has it.
  def get(ctx, key)
    found = local(ctx, key)
    found.nil? ? get_variable(ctx, key) : found
  end

  # Without asking anybody: attribute and environment only.
  def local(ctx, key)
    node = Ctx.node(ctx)
    own = node[key.to_s] unless node.nil?
    return own unless own.nil? || own == ''

    value = ENV[name(key)]
    value.nil? || value.empty? ? nil : value
  end

  def get_variable(ctx, key, repo: nil, owner: nil)
    names(ctx, key).each do |name|
      found = store(ctx).read(name, repo: repo, owner: owner)
      return found unless found.nil?
    end
    nil
  end

  # True when the variable has this value now. A secret is never stored: false, and a warning.
  def set(ctx, key, value, repo: nil, owner: nil, secret: false)
    text = text(value)
    if secret || PveGitops::Secrets.in?(text)
      Logs.warn("#{name(key)} holds a secret and was not stored: hand it over as a secret instead")
      return false
    end
    store(ctx).write(names(ctx, key).first, text, repo: repo, owner: owner)
    true
  end

  def set_variable(ctx, key, value, repo: nil, owner: nil, secret: false, **)
    set(ctx, key, value, repo: repo, owner: owner, secret: secret)
  end

  # Stores the node's values: of a key, of a path (an array; joined by `_`), or of a path to something that can be called.
  def dump(ctx, *keys, repo: nil, owner: nil)
    keys.each do |key|
      path = Array(key)
      value = path.reduce(Ctx.node(ctx)) { |found, part| found.nil? ? nil : found[part.to_s] }
      value = value.call if value.respond_to?(:call)
      set(ctx, path.join('_'), value, repo: repo, owner: owner) unless value.nil?
    end
  end

  def creds(ctx, login = 'login', password = 'password')
    [local(ctx, login), local(ctx, password)]
  end

  # The forge's API: HOST is a name, a name with a port, or an address with its scheme.
  def endpoint(ctx)
    host = local(ctx, 'forge_url') || local(ctx, 'host')
    return nil if host.nil?

    base = host.match?(%r{\Ahttps?://}) ? host : "http://#{host}#{":#{local(ctx, 'port') || 8080}" unless host.match?(/:\d+\z/)}"
    "#{base.chomp('/')}/api/v1"
  end

  # Upper case; what a forge does not take in a name becomes `_`.
  def name(key)
    key.to_s.upcase.tr('-', '_').gsub(/[^A-Z0-9_]/, '_')
  end

  # A stage other than main has variables of its own, and sees those of main.
  def names(ctx, key)
    stage = Default.stage(ctx)
    stage == 'main' ? [name(key)] : [name("#{stage}_#{key}"), name(key)]
  end

  def store(ctx)
    address = endpoint(ctx)
    login, password = creds(ctx)
    token = local(ctx, 'forge_token')
    return PveGitops::SiteVariables if address.nil? || (token.nil? && (login.nil? || password.nil?))

    organisation = local(ctx, 'forge_owner') || Default.stage(ctx)
    PveGitops::ForgeVariables.new(address, organisation, login: login, password: password, token: token)
  end

  def text(value)
    case value
    when Hash, Array then JSON.generate(value)
    else value.respond_to?(:to_hash) ? JSON.generate(value.to_hash) : value.to_s
    end
  end
end
