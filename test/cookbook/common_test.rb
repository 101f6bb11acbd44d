# frozen_string_literal: true

require_relative 'support'

class CommonTest < Minitest::Test
  def names(recipe)
    declared(recipe).map(&:to_s)
  end

  def test_declares_packages
    at = recipe
    Common.packages(at, 'curl', %i[git jq])
    assert_equal ['package[curl]', 'package[git]', 'package[jq]'], names(at)
    assert_equal :install, declared(at).first.value(:action)
  end

  def test_makes_directories_from_the_top_and_deletes_from_the_bottom
    at = recipe
    Common.directories(at, ['/app/data/deep', '/app', '/app/data'], mode: '0750', recreate: true)
    deleted, made = declared(at).partition { |resource| resource.value(:action) == :delete }
    assert_equal ['/app/data/deep', '/app/data', '/app'], deleted.map(&:name)
    assert_equal ['/app', '/app/data', '/app/data/deep'], made.map(&:name)
    assert_equal ['app', 'config', '0750', true], %i[owner group mode recursive].map { |key| made.first.value(key) }
  end

  def test_the_older_form_needs_no_context_and_names_the_line_of_the_recipe
    at = recipe
    Common.application('apache2')
    line = __LINE__ - 1
    assert_equal ['service[apache2]', 'pve_gitops_healthy[apache2]'], names(at)
    assert_equal %i[enable start], declared(at).first.value(:action)
    declared(at).each { |resource| assert_match(/#{Regexp.escape(__FILE__)}:#{line}:/, resource.created_at) }
  end

  def test_writes_a_unit_and_restarts_on_it_and_on_what_is_named
    at = recipe
    unit = { 'Service' => { 'Environment' => %w[A=1 B=2], 'RestartSec' => 3 }, Unit: { 'After' => 'mosquitto.service' } }
    Common.application(at, 'gitea', exec: '/app/gitea web', cwd: '/app', unit: unit, subscribe: ['template[/app/app.ini]'])
    assert_equal ['execute[systemctl daemon-reload]', 'file[/etc/systemd/system/gitea.service]', 'pve_gitops_alone[gitea]',
                  'service[gitea]', 'pve_gitops_healthy[gitea]'], names(at)
    text = declared(at)[1].value(:content)
    assert_equal <<~UNIT, text
      [Unit]
      Description=gitea
      After=mosquitto.service
      StartLimitIntervalSec=300
      StartLimitBurst=5

      [Service]
      Type=simple
      User=app
      Group=config
      WorkingDirectory=/app
      ExecStart=/app/gitea web
      Restart=on-failure
      RestartSec=3
      Environment=A=1
      Environment=B=2

      [Install]
      WantedBy=multi-user.target
    UNIT
    subscribed = declared(at)[3].said[:subscribes].map { |_, to,| to }
    assert_equal ['template[/app/app.ini]', 'file[/etc/systemd/system/gitea.service]'], subscribed
  end

  def test_one_reload_does_for_two_units
    at = recipe
    Common.application(at, 'one', exec: '/bin/one')
    Common.application(at, 'two', exec: '/bin/two')
    assert_equal 1, names(at).count('execute[systemctl daemon-reload]')
  end

  def test_what_is_only_enabled_is_not_looked_at
    at = recipe
    Common.application(at, 'later', actions: :enable)
    Common.application(at, 'quiet', verify: false)
    assert_equal ['service[later]', 'service[quiet]'], names(at)
  end

  def test_finds_packaged_units_of_the_same_program
    Dir.mktmpdir do |folder|
      { 'gitea.service' => '/usr/bin/gitea web', 'gitea-web.service' => '-/usr/bin/gitea serve', 'other.service' => '/usr/bin/gitealike',
        'gitea@.service' => '/usr/sbin/gitea %i' }.each do |name, command|
        File.write(File.join(folder, name), "[Service]\nExecStart=#{command}\n")
      end
      found = PveGitops::Systemd.packaged('/app/gitea', but: 'gitea.service', folders: [folder])
      assert_equal ['gitea-web.service', 'gitea@.service'], found
    end
  end
end

class CtxTest < Minitest::Test
  def test_finds_or_declares_a_resource
    at = recipe
    made = Ctx.find(at, :service, 'x') { action :nothing }
    assert_same made, Ctx.find(at, :service, 'x')
  end

  def test_needs_a_recipe_to_declare_something
    Chef.run_context = nil
    assert_raises(ArgumentError) { Common.packages(nil, 'curl') }
  end

  def test_reads_a_file_beside_the_recipe
    Dir.mktmpdir do |folder|
      File.write(File.join(folder, 'more.rb'), "Common.packages(self, 'jq')\n")
      File.write(File.join(folder, 'default.rb'), "include 'more.rb'\n")
      at = recipe
      at.instance_eval(File.read(File.join(folder, 'default.rb')), File.join(folder, 'default.rb'), 1)
      assert_equal 'package[jq]', declared(at).first.to_s
      error = assert_raises(ArgumentError) { at.instance_eval("include 'none.rb'", File.join(folder, 'default.rb'), 1) }
      assert_match(/Unable to include none\.rb/, error.message)
    end
  end
end
