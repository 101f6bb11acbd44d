# frozen_string_literal: true

require_relative 'support'

class SiteTest < Minitest::Test
  def test_gives_the_containers_of_its_stage
    Dir.mktmpdir do |kit|
      entries = [{ name: 'web', stage: 'main', hostname: 'web', vmid: 2, address: '10.0.0.2' }, { name: 'api', stage: 'main', hostname: 'api', vmid: 3 },
                 { name: 'web', stage: 'develop', hostname: 'develop-web', vmid: 4 }]
      File.write(File.join(kit, 'site.json'), JSON.generate(entries))
      with_env('PVE_GITOPS_KIT' => kit, 'STAGE' => 'main', 'HOSTNAME' => 'proxy') do
        assert_equal %w[api web], Site.containers.map(&:hostname)
        assert_equal [nil, '10.0.0.2'], Site.containers.map(&:address)
        assert_equal %w[api develop-web web], Site.containers(stage: nil).map(&:hostname)
      end
    end
  end

  def test_there_are_none_outside_of_a_deploy
    with_env('PVE_GITOPS_KIT' => nil) { assert_empty Site.containers }
  end
end

class StampTest < Minitest::Test
  def test_fits_what_it_was_made_of_and_tells_nobody
    Dir.mktmpdir do |folder|
      file = File.join(folder, 'stamp')
      refute Stamp.fits?(file, 'anna', 'geheim')
      Stamp.write(file, 'anna', 'geheim')
      assert Stamp.fits?(file, 'anna', 'geheim')
      [%w[anna falsch], %w[annag eheim], ['annageheim'], %w[anna geheim more]].each { |values| refute Stamp.fits?(file, *values) }
      refute_match(/geheim/, File.read(file))
      assert_equal 0o600, File.stat(file).mode & 0o777
      File.write(file, 'damaged')
      refute Stamp.fits?(file, 'anna', 'geheim')
    end
  end
end
