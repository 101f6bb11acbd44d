# frozen_string_literal: true

require 'fileutils'
require 'json'
require 'net/http'
require 'openssl'
require 'socket'
require 'uri'

# What recipes need of the world outside: requests, downloads, waiting.
module Utils
  REDIRECTS = 5
  # A mistake of a moment, as against an answer.
  NETWORK_ERRORS = [SystemCallError, SocketError, Timeout::Error, OpenSSL::SSL::SSLError, EOFError, Net::ProtocolError].freeze

  module_function

  # The answer; with `expect` (true for any 2xx, or a list of codes) whether it is one of those. Certificates are verified,
  # against `ca_file` where the public authorities do not do. Without `raise` a network error is nil, or false with `expect`.
  def request(uri, method: :get, body: nil, headers: {}, user: nil, pass: nil, expect: false, raise: true, log: nil,
              ca_file: nil, timeout: 30, **)
    Logs.info(log.is_a?(String) ? log : "#{verb(method)} #{PveGitops::Http.shown(uri)}") if log
    answer = PveGitops::Http.follow(URI(uri.to_s), verb(method), body, headers, [user, pass], ca_file, timeout)
    return answer unless expect

    expect == true ? answer.is_a?(Net::HTTPSuccess) : Array(expect).map(&:to_i).include?(answer.code.to_i)
  rescue *NETWORK_ERRORS => e
    Kernel.raise "Unable to ask #{PveGitops::Http.shown(uri)}: #{e.message}" if raise
    expect ? false : nil
  end

  def verb(method)
    method.is_a?(Class) ? method::METHOD : method.to_s.upcase
  end

  # A file from an address, now: what follows in the recipe can read it.
  def download(ctx, path, url, owner: Default.user, group: Default.group, mode: '0755', action: :create, checksum: nil)
    Ctx.declare(ctx, :remote_file, path) do
      source url
      owner owner
      group group
      mode mode
      checksum checksum unless checksum.nil?
      action(:nothing)
    end.run_action(action)
  end

  # Waits for a number of seconds, host:port, an address, or a block that gives something true. False when time is up.
  def wait(condition = nil, timeout: 30, sleep_interval: 1, &block)
    if condition.is_a?(Numeric)
      sleep(condition)
      return true
    end
    check = block || checker(condition.to_s)
    ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + timeout
    loop do
      return true if check.call
      return false if Process.clock_gettime(Process::CLOCK_MONOTONIC) >= ends

      sleep(sleep_interval)
    end
  end

  def checker(condition)
    return -> { request(condition, expect: true, raise: false, timeout: 5) } if condition.match?(%r{\Ahttps?://})

    host, port = condition.match(/\A(.*):(\d+)\z/)&.captures
    raise ArgumentError, "Unable to wait for #{condition}: it is no number, host:port or address" if port.nil?

    -> { PveGitops::Http.open?(host.empty? ? '127.0.0.1' : host, port.to_i) }
  end

  def arch
    case RbConfig::CONFIG['host_cpu']
    when /x86_64|amd64/ then 'amd64'
    when /aarch64|arm64/ then 'arm64'
    when /armv[67]|arm/ then 'armv7'
    else raise "Unable to name this architecture: #{RbConfig::CONFIG['host_cpu']}"
    end
  end

  # A JSON file as attributes; {} where there is none.
  def mapping(file)
    File.file?(file) ? JSON.parse(File.read(file)) : {}
  end

  # Version of the newest release, without its v.
  def latest(owner, repo)
    PveGitops::Release.find(owner, repo).version
  end

  # Brings a release of a program into app_dir, and says which; false when that version is there already.
  def install(_ctx = nil, owner:, repo:, app_dir:, name: nil, version: 'latest', user: Default.user, group: Default.group, extract: true)
    release = PveGitops::Release.find(owner, repo, version)
    note = File.join(app_dir, '.version')
    return false if File.file?(note) && File.read(note).strip == release.version

    release.unpack(app_dir, name: name || repo, extract: extract)
    FileUtils.chown_R(user, group, app_dir)
    File.write(note, "#{release.version}\n")
    release.version
  end

  # Packs dir into the snapshot directory; with restore, the newest archive is put back instead. True when it did.
  def snapshot(ctx, dir, name: nil, restore: false, user: Default.user, group: Default.group,
               snapshot_dir: Default.snapshot_dir, mode: 0o755)
    name ||= ctx.respond_to?(:cookbook_name) ? ctx.cookbook_name : Default.name(ctx)
    archives = PveGitops::Archives.new(snapshot_dir, name.to_s)
    restore ? archives.restore(dir, user: user, group: group, mode: mode) : archives.take(dir)
  end

  # What the Proxmox VE node answers below its API path; PROXMOX_HOST, PROXMOX_NODE and PROXMOX_TOKEN (user@realm!name=secret).
  def proxmox(ctx, path)
    host, node, token = %w[proxmox_host proxmox_node proxmox_token].map { |key| Env.get(ctx, key) }
    Logs.blank!('Unable to ask Proxmox VE: there is no PROXMOX_HOST', host)
    Logs.blank!('Unable to ask Proxmox VE: there is no PROXMOX_TOKEN', token)
    host = "#{host}:8006" unless host.match?(/:\d+\z/)
    address = "https://#{host}/api2/json/nodes/#{node || 'pve'}/#{path.to_s.delete_prefix('/')}"
    answer = request(address, headers: { 'Authorization' => "PVEAPIToken=#{token}" }, ca_file: Env.local(ctx, 'proxmox_ca_file'))
    raise "Unable to read #{path} of Proxmox VE: #{answer.code} #{answer.message}" unless answer.is_a?(Net::HTTPSuccess)

    answer.json['data']
  end
end
