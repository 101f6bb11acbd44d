# frozen_string_literal: true

require_relative 'support'
require 'digest'
require 'openssl'

class UtilsTest < Minitest::Test
  def test_sends_data_as_json_and_follows_redirects_without_credentials
    asked = []
    answer = lambda do |verb, path, headers, body|
      asked << [verb, path, headers['authorization'], headers['content-type'], body]
      path == '/from' ? [307, '', { 'Location' => '/to' }] : [200, '{"ok":true}']
    end
    serve(answer) do |url|
      found = Utils.request("#{url}/from", method: Net::HTTP::Post, body: { a: 1 }, user: 'anna', pass: 'geheim')
      assert_equal({ 'ok' => true }, found.json)
      assert_equal [['POST', '/from'], ['POST', '/to']], asked.map { |one| one[0, 2] }
      assert_equal ['application/json', '{"a":1}'], asked.last[3, 2]
      refute_nil asked.last[2]
    end
  end

  def test_credentials_stay_with_their_host
    other = []
    serve(->(_, _, headers, _) { other << headers['authorization'] && [200, ''] }) do |elsewhere|
      serve(->(*) { [302, '', { 'Location' => "#{elsewhere}/x" }] }) do |url|
        Utils.request("#{url}/", user: 'anna', pass: 'geheim')
        Utils.request("#{url}/", headers: { 'Authorization' => 'token geheim' })
      end
    end
    assert_equal [nil, nil], other
  end

  def test_expect_is_yes_or_no
    serve(->(_, path, *) { [path == '/there' ? 204 : 404, ''] }) do |url|
      assert Utils.request("#{url}/there", expect: true)
      refute Utils.request("#{url}/gone", expect: true)
      assert Utils.request("#{url}/gone", expect: [404])
    end
  end

  def test_a_network_error_is_raised_or_nil
    closed = TCPServer.open('127.0.0.1', 0) { |server| server.addr[1] }
    address = "http://user:geheim@127.0.0.1:#{closed}/x?token=geheim"
    error = assert_raises(RuntimeError) { Utils.request(address) }
    refute_match(/geheim/, error.message)
    assert_nil Utils.request(address, raise: false)
    refute Utils.request(address, raise: false, expect: true)
  end

  def test_verifies_certificates
    key = OpenSSL::PKey::RSA.new(2048)
    certificate = OpenSSL::X509::Certificate.new
    certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse('/CN=127.0.0.1')
    certificate.not_before = Time.now - 60
    certificate.not_after = Time.now + 3600
    certificate.public_key = key.public_key
    certificate.serial = 1
    certificate.version = 2
    extensions = OpenSSL::X509::ExtensionFactory.new(certificate, certificate)
    certificate.add_extension(extensions.create_extension('subjectAltName', 'IP:127.0.0.1'))
    certificate.sign(key, OpenSSL::Digest.new('SHA256'))
    with_tls(certificate, key) do |url|
      error = assert_raises(RuntimeError) { Utils.request(url) }
      assert_match(/certificate verify failed/, error.message)
      Dir.mktmpdir do |folder|
        File.write(File.join(folder, 'ca.pem'), certificate.to_pem)
        assert_equal '200', Utils.request(url, ca_file: File.join(folder, 'ca.pem')).code
      end
    end
  end

  def with_tls(certificate, key)
    context = OpenSSL::SSL::SSLContext.new
    context.cert = certificate
    context.key = key
    tcp = TCPServer.new('127.0.0.1', 0)
    server = OpenSSL::SSL::SSLServer.new(tcp, context)
    thread = Thread.new do
      2.times do
        respond(server.accept, ->(*) { [200, ''] })
      rescue OpenSSL::SSL::SSLError
        next
      end
    end
    yield "https://127.0.0.1:#{tcp.addr[1]}/"
  ensure
    tcp&.close
    thread&.kill
  end

  def test_waits_for_a_port_an_address_and_a_block
    serve(->(*) { [200, ''] }) do |url|
      assert Utils.wait(url, timeout: 2)
      assert Utils.wait(url.delete_prefix('http://'), timeout: 2)
    end
    count = 0
    assert(Utils.wait(timeout: 5, sleep_interval: 0) { (count += 1) == 3 })
    refute(Utils.wait(timeout: 0) { false })
    assert_raises(ArgumentError) { Utils.wait('nonsense') }
  end

  def test_reads_attributes_from_a_file
    Dir.mktmpdir do |folder|
      file = File.join(folder, 'a.json')
      assert_equal({}, Utils.mapping(file))
      File.write(file, '{"a":{"b":1}}')
      assert_equal({ 'a' => { 'b' => 1 } }, Utils.mapping(file))
    end
  end

  def test_takes_snapshots_and_puts_the_newest_back
    Dir.mktmpdir do |folder|
      data = File.join(folder, 'data')
      archives = PveGitops::Archives.new(File.join(folder, 'snapshots'), 'web')
      me = [Etc.getpwuid.name, Etc.getgrgid(Process.gid).name]
      refute archives.restore(data, user: me[0], group: me[1], mode: 0o755)
      refute archives.take(data)
      Dir.mkdir(data)
      %w[one two].each do |word|
        File.write(File.join(data, 'file'), word)
        assert archives.take(data)
      end
      File.write(File.join(data, 'file'), 'broken')
      assert archives.restore(data, user: me[0], group: me[1], mode: 0o750)
      assert_equal ['two', 0o750], [File.read(File.join(data, 'file')), File.stat(data).mode & 0o777]
      newest = Dir.glob(File.join(folder, 'snapshots', '*.tar.gz')).max
      File.write(newest, 'damaged')
      assert_raises(RuntimeError) { archives.restore(data, user: me[0], group: me[1], mode: 0o750) }
    end
  end

  def test_installs_the_release_for_this_machine_once
    program = "#!/bin/sh\necho hi\n"
    sum = Digest::SHA256.hexdigest(program)
    wrong = false
    answer = lambda do |_, path, headers, _|
      base = "http://#{headers['host']}"
      next [200, program] if path.start_with?('/files/')

      names = ['tool-windows-amd64.exe', "tool-linux-#{Utils.arch}.sha256", "tool-linux-#{Utils.arch}", 'tool-linux-mips']
      assets = names.map { |name| { name: name, browser_download_url: "#{base}/files/#{name}", digest: "sha256:#{wrong ? '0' * 64 : sum}" } }
      path.end_with?('/latest') || path.end_with?('/v1.2.3') ? [200, JSON.generate(tag_name: 'v1.2.3', assets: assets)] : [404, '']
    end
    serve(answer) do |url|
      with_env('GITHUB_API' => url) do
        Dir.mktmpdir do |folder|
          me = { user: Etc.getpwuid.name, group: Etc.getgrgid(Process.gid).name }
          install = ->(**more) { Utils.install(nil, owner: 'o', repo: 'tool', app_dir: folder, **me, **more) }
          assert_equal '1.2.3', Utils.latest('o', 'tool')
          assert_equal '1.2.3', install.call
          assert_equal [program, 0o755], [File.read(File.join(folder, 'tool')), File.stat(File.join(folder, 'tool')).mode & 0o777]
          refute install.call
          refute install.call(version: '1.2.3')
          assert_raises(RuntimeError) { install.call(version: '9.9.9') }
          wrong = true
          File.write(File.join(folder, '.version'), '1.0.0')
          assert_match(/has the checksum/, assert_raises(RuntimeError) { install.call }.message)
        end
      end
    end
  end

  def test_downloads_at_once
    at = recipe
    Utils.download(at, '/app/tool', 'https://example.org/tool', owner: 'root', mode: '0700')
    made = declared(at).first
    assert_equal ['https://example.org/tool', 'root', '0700'], %i[source owner mode].map { |key| made.value(key) }
    assert_equal [[:create]], made.said[:run_action]
  end
end
