# frozen_string_literal: true

require 'socket'

# Names that all containers of a site share, each of which a variable can change.
module Default
  module_function

  def user(context = nil, ctx: context, default: 'app')
    value(ctx, 'app_user', default)
  end

  def group(context = nil, ctx: context, default: 'config')
    value(ctx, 'app_group', default)
  end

  def config(context = nil, ctx: context, default: 'config')
    value(ctx, 'app_config', default)
  end

  def snapshot_dir(context = nil, ctx: context, default: '/share/snapshots')
    value(ctx, 'snapshot_dir', default)
  end

  def stage(ctx = nil, default: 'main')
    Env.local(ctx, 'stage') || runtime(hostname(ctx)).fetch(:stage) || default
  end

  # The container's name without its stage.
  def name(ctx = nil, default: 'container')
    host = hostname(ctx)
    stage = Env.local(ctx, 'stage')
    return host.delete_prefix("#{stage}-") if host && stage

    runtime(host).fetch(:name) || default
  end

  def hostname(ctx = nil)
    Env.local(ctx, 'hostname') || Socket.gethostname
  end

  # `stage-name` in its two parts; a name without a stage has none.
  def runtime(hostname)
    stage, name = hostname.to_s.split('-', 2)
    name.nil? ? { stage: nil, name: stage } : { stage: stage, name: name }
  end

  def value(ctx, key, default)
    Env.local(ctx, key).or(default)
  end
end
