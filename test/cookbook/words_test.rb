# frozen_string_literal: true

require_relative 'support'

class WordsTest < Minitest::Test
  def test_blank_and_its_kin
    [nil, false, '', " \n", [], {}].each { |value| assert value.blank?, value.inspect }
    [true, 0, 'a', [nil], { a: 1 }].each { |value| assert value.present?, value.inspect }
    assert_equal ['x', nil], ['x'.presence, ' '.presence]
    assert_equal %w[given default default], ['given'.or('default'), ''.or('default'), nil.or('default')]
  end

  def test_what_people_mean_by_no
    ['0', 'no', 'Off', ' false ', '', nil, false, 0].each { |value| refute value.condition, value.inspect }
    ['1', 'yes', 'on', 'anything', true, 2].each { |value| assert value.condition, value.inspect }
  end

  def test_the_others
    assert_equal 'a b c', " a\n b  c ".squish
    assert_equal [3, nil, nil], ['abc'.try(:length), 'abc'.try(:nowhere), nil.try(:length)]
    assert_equal '{"a":[1]}', { a: [1] }.json
    assert_equal({ 'a' => 1 }, '{"a":1}'.json)
    assert_equal ['***', 'ab***op'], ['secret', 'abcdefghijklmnop'].mask
  end

  def test_names_of_a_site
    with_env('HOSTNAME' => 'develop-web-one', 'STAGE' => nil, 'APP_USER' => nil, 'SNAPSHOT_DIR' => nil) do
      assert_equal %w[app config config /share/snapshots], [Default.user, Default.group, Default.config, Default.snapshot_dir]
      assert_equal %w[develop web-one], [Default.stage, Default.name]
      assert_equal 'www', with_env('APP_USER' => 'www') { Default.user }
    end
    with_env('HOSTNAME' => 'web', 'STAGE' => nil) { assert_equal %w[main web], [Default.stage, Default.name] }
    with_env('HOSTNAME' => 'home-assistant', 'STAGE' => 'main') { assert_equal %w[main home-assistant], [Default.stage, Default.name] }
  end

  def test_logs_hand_values_on
    quietly do
      assert_equal 5, Logs.return('five', 5)
      assert_equal [true, false, nil], [Logs.true('a'), Logs.false('b'), Logs.nil('c')]
      assert_nil(Logs.try!('fails') { raise 'no' })
      assert_raises(RuntimeError) { Logs.try!('fails', raise: true) { raise 'no' } }
      assert_raises(RuntimeError) { Logs.blank!('nothing', '') }
      assert_equal 'x', Logs.blank!('nothing', 'x')
    end
  end

  def test_logs_name_their_place
    _, said = capture_io { Logs.info('here') }
    assert_match(%r{\Acookbook/words_test\.rb:\d+: here$}, said)
  end
end
