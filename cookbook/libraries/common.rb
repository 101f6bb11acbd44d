# frozen_string_literal: true

# Resources that nearly every recipe declares, in one line each.
module Common
  module_function

  def packages(ctx, *names, action: :install)
    names.flatten.each { |name| Ctx.declare(ctx, :package, name.to_s) { action action } }
  end

  # With recreate they are emptied first: deleted from the deepest upwards, then made again.
  def directories(ctx, dirs, owner: Default.user, group: Default.group, mode: '0755', recursive: true, recreate: false)
    paths = Array(dirs).flatten.map(&:to_s)
    if recreate
      paths.sort_by { |path| [-path.count('/'), path] }.each do |path|
        Ctx.declare(ctx, :directory, path) do
          recursive true
          action :delete
        end
      end
    end
    paths.sort_by { |path| [path.count('/'), path] }.each do |path|
      Ctx.declare(ctx, :directory, path) do
        owner owner
        group group
        mode mode
        recursive recursive
      end
    end
  end

  # A service that is enabled, runs, and is seen to run. With exec its unit is ours; `unit` is merged over it, by section.
  #   Common.application 'apache2'
  #   Common.application self, 'gitea', exec: '/app/gitea web', cwd: '/app', subscribe: ['template[/app/app.ini]']
  def application(ctx = nil, name = nil, user: Default.user, group: Default.group, exec: nil, cwd: nil, unit: {},
                  actions: %i[enable start], subscribe: nil, restart: 'on-failure', verify: true, verify_timeout: 60,
                  verify_interval: 5)
    # The older form: the name alone, inside a recipe.
    ctx, name = nil, ctx if name.nil?
    service = name.to_s
    unless exec.nil?
      text = PveGitops::Unit.text(service, user: user, group: group, exec: exec, cwd: cwd, restart: restart, unit: unit)
      PveGitops::Unit.declare(ctx, service, text, exec)
    end
    declare_service(ctx, service, Array(actions), subscribe, exec)
    return unless verify && Array(actions).any? { |action| %i[start restart].include?(action.to_sym) }

    Ctx.declare(ctx, :pve_gitops_healthy, service) do
      timeout verify_timeout
      interval verify_interval
      # Once more after a restart at the end of the run.
      subscribes :run, "service[#{service}]", :delayed
    end
  end

  def declare_service(ctx, service, actions, subscribe, exec)
    changes = Array(subscribe)
    changes += ["file[#{PveGitops::Unit.path(service)}]"] unless exec.nil?
    Ctx.declare(ctx, :service, service) do
      action actions.map(&:to_sym)
      changes.each { |change| subscribes :restart, change, :delayed }
    end
  end

  def daemon(ctx, _name = nil)
    PveGitops::Unit.reload(ctx)
  end
end

module PveGitops
  # A unit of systemd that we write.
  module Unit
    RELOAD = 'systemctl daemon-reload'

    module_function

    def path(service)
      "/etc/systemd/system/#{service}.service"
    end

    def text(service, user:, group:, exec:, cwd:, restart:, unit:)
      sections = {
        'Unit' => { 'Description' => service, 'After' => 'network.target', 'StartLimitIntervalSec' => 300, 'StartLimitBurst' => 5 },
        'Service' => { 'Type' => 'simple', 'User' => user, 'Group' => group, 'WorkingDirectory' => cwd, 'ExecStart' => exec,
                       'Restart' => restart, 'RestartSec' => 10 },
        'Install' => { 'WantedBy' => 'multi-user.target' }
      }
      unit.each { |section, values| sections[section.to_s] = (sections[section.to_s] || {}).merge(values.to_h.transform_keys(&:to_s)) }
      sections.map { |section, values| "[#{section}]\n#{lines(values)}" }.join("\n")
    end

    def lines(values)
      pairs = values.reject { |_, value| value.nil? }
      pairs.flat_map { |key, value| Array(value).map { |one| "#{key}=#{one == true ? 'yes' : one}\n" } }.join
    end

    def declare(ctx, service, text, exec)
      # A change of the unit is read by systemd before the service is looked at.
      reload(ctx)
      Ctx.declare(ctx, :file, path(service)) do
        content text
        owner 'root'
        group 'root'
        mode '0644'
        notifies :run, "execute[#{RELOAD}]", :immediately
      end
      Ctx.declare(ctx, :pve_gitops_alone, service) { program exec.split.first }
    end

    def reload(ctx)
      Ctx.find(ctx, :execute, RELOAD) { action :nothing }
    end
  end
end
