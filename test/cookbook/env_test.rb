# frozen_string_literal: true

require_relative 'support'

# A forge's variables in memory.
class Forge
  attr_reader :variables, :asked

  def initialize(variables = {})
    @variables = variables
    @asked = []
  end

  def call(verb, path, headers, body)
    @asked << [verb, path]
    return [401, '{}'] unless headers['authorization'] == "Basic #{['anna:geheim'].pack('m0')}"

    name = path.split('/').last
    case verb
    when 'GET' then @variables.key?(name) ? [200, JSON.generate(name: name, data: @variables[name])] : [404, '{}']
    when 'POST' then @variables.key?(name) ? [409, '{}'] : [201, store(name, body)]
    when 'PUT' then @variables.key?(name) ? [204, store(name, body)] : [404, '{}']
    end
  end

  def store(name, body)
    @variables[name] = JSON.parse(body).fetch('value')
    ''
  end
end

class EnvTest < Minitest::Test
  CLEAN = { 'HOST' => nil, 'FORGE_URL' => nil, 'FORGE_OWNER' => nil, 'FORGE_TOKEN' => nil, 'LOGIN' => nil, 'PASSWORD' => nil,
            'STAGE' => nil, 'HOSTNAME' => 'apache', 'PVE_GITOPS_KIT' => nil, 'PVE_GITOPS_REPORT' => nil,
            'PVE_GITOPS_SECRETS' => nil }.freeze

  def setup
    PveGitops::SiteVariables.forget
    Chef.run_context = nil
  end

  def on_forge(variables = {}, environment = {})
    forge = Forge.new(variables)
    serve(forge) do |url|
      with_env(CLEAN.merge('HOST' => url, 'LOGIN' => 'anna', 'PASSWORD' => 'geheim').merge(environment)) { yield forge }
    end
  end

  def test_takes_the_attribute_then_the_environment_then_the_variable
    on_forge('LOGIN' => 'variable', 'COLOUR' => 'blue') do |forge|
      assert_equal 'attribute', Env.get(Chef::Node.new('login' => 'attribute'), 'login')
      assert_equal 'anna', Env.get(Chef::Node.new, 'login')
      assert_empty forge.asked
      assert_equal 'blue', Env.get(Chef::Node.new, 'colour')
      assert_nil Env.get(Chef::Node.new, 'nowhere')
    end
  end

  def test_finds_its_node_in_a_recipe_a_resource_and_by_itself
    with_env(CLEAN) do
      at = recipe('login' => 'otto')
      resource = Ctx.declare(at, :file, '/x')
      assert_equal %w[otto otto otto], [Env.get(at, 'login'), Env.get(resource, 'login'), Env.get(nil, 'login')]
    end
  end

  def test_sets_a_variable_twice_and_writes_only_what_differs
    on_forge do |forge|
      2.times { assert Env.set(nil, 'broker-address', '10.0.0.7') }
      assert Env.set(nil, 'broker-address', '10.0.0.8')
      assert_equal({ 'BROKER_ADDRESS' => '10.0.0.8' }, forge.variables)
      assert_equal %w[GET POST GET GET PUT], forge.asked.map(&:first)
      assert_equal '/api/v1/orgs/main/actions/variables/BROKER_ADDRESS', forge.asked.first.last
    end
  end

  def test_goes_to_the_organisation_or_repository_that_is_named
    on_forge({}, 'FORGE_OWNER' => 'srv') do |forge|
      Env.set(nil, 'a', '1')
      Env.set_variable(nil, 'b', '2', repo: 'web', owner: 'team')
      paths = forge.asked.map(&:last).uniq
      assert_equal ['/api/v1/orgs/srv/actions/variables/A', '/api/v1/repos/team/web/actions/variables/B'], paths
    end
  end

  def test_a_stage_has_variables_of_its_own_and_sees_those_of_main
    on_forge({ 'COLOUR' => 'blue', 'SIZE' => 'big' }, 'STAGE' => 'develop') do |forge|
      Env.set(nil, 'colour', 'red')
      assert_equal({ 'COLOUR' => 'blue', 'SIZE' => 'big', 'DEVELOP_COLOUR' => 'red' }, forge.variables)
      assert_equal %w[red big], [Env.get(nil, 'colour'), Env.get(nil, 'size')]
    end
  end

  def test_a_secret_never_leaves
    on_forge({}, 'KEY' => 'wertvoll', 'PVE_GITOPS_SECRETS' => 'PASSWORD KEY') do |forge|
      quietly do
        refute Env.set(nil, 'a', 'anything', secret: true)
        refute Env.set(nil, 'b', 'mqtt://user:wertvoll@host')
        refute Env.set(nil, 'c', 'geheim')
        refute Env.set(nil, 'd', { 'deep' => ['wertvoll'] })
      end
      assert_empty forge.variables
    end
  end

  def test_says_what_the_forge_refused
    on_forge({}, 'PASSWORD' => 'falsch') do
      error = assert_raises(RuntimeError) { Env.get(nil, 'colour') }
      assert_match(/Unable to read variable COLOUR of main: the forge says 401/, error.message)
      refute_match(/falsch/, error.message)
    end
  end

  def test_dumps_keys_paths_and_what_can_be_called
    on_forge do |forge|
      Env.dump(Chef::Node.new('ip' => '10.0.0.7', 'web' => { 'ports' => [80, 443], 'name' => -> { 'made' } }), 'ip', %w[web ports], %w[web name], 'none')
      assert_equal({ 'IP' => '10.0.0.7', 'WEB_PORTS' => '[80,443]', 'WEB_NAME' => 'made' }, forge.variables)
    end
  end

  def test_without_a_forge_the_site_keeps_them
    Dir.mktmpdir do |kit|
      File.write(File.join(kit, 'variables.json'), '{"GIVEN":"before"}')
      report = File.join(kit, 'report')
      with_env(CLEAN.merge('PVE_GITOPS_KIT' => kit, 'PVE_GITOPS_REPORT' => report)) do
        assert_equal 'before', Env.get(nil, 'given')
        Env.set(nil, 'given', 'before')
        refute File.exist?(report)
        Env.set(nil, 'colour', "blü\n")
        assert_equal "blü\n", Env.get(nil, 'colour')
        said = JSON.parse(File.read(report))
        assert_equal ['set', 'COLOUR', "blü\n", Digest::SHA256.hexdigest("blü\n")], said.values_at('kind', 'key', 'value', 'sha256')
      end
    end
  end

  def test_knows_the_address_of_the_api
    { 'git.home' => 'http://git.home:8080/api/v1', 'git.home:3000' => 'http://git.home:3000/api/v1',
      'https://git.home/' => 'https://git.home/api/v1' }.each do |host, endpoint|
      with_env(CLEAN.merge('HOST' => host)) { assert_equal endpoint, Env.endpoint(nil) }
    end
    with_env(CLEAN) { assert_nil Env.endpoint(nil) }
  end
end
