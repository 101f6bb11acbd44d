# frozen_string_literal: true

require 'digest'
require 'fileutils'
require 'tmpdir'

module PveGitops
  # A release that a project published on GitHub, and its file for this machine.
  class Release
    ADDRESS = 'https://api.github.com'
    NAMES = { 'amd64' => /amd64|x86_64|x64/i, 'arm64' => /arm64|aarch64/i, 'armv7' => /armv7|armhf|arm-7|armv6/i }.freeze
    # Packages, signatures and sums stand beside the programs.
    OTHER = /\.(deb|rpm|apk|pkg|sig|asc|pem|sha\d+|sha\d+sum|md5|sbom|json|txt)\z/i

    def self.find(owner, repo, version = 'latest')
      base = "#{ENV['GITHUB_API'].or(ADDRESS)}/repos/#{owner}/#{repo}/releases"
      places = version == 'latest' ? ["#{base}/latest"] : ["#{base}/tags/v#{version}", "#{base}/tags/#{version}"]
      answer = places.lazy.map { |place| Utils.request(place) }.find { |found| found.code.to_i == 200 }
      raise "Unable to find release #{version} of #{owner}/#{repo}" if answer.nil?

      new("#{owner}/#{repo}", answer.json)
    end

    def initialize(project, data)
      @project = project
      @data = data
    end

    def version
      @data['tag_name'].to_s.delete_prefix('v')
    end

    def asset
      fitting = (@data['assets'] || []).reject { |file| file['name'].match?(OTHER) }
      fitting = fitting.select { |file| file['name'].match?(NAMES.fetch(Utils.arch)) }
      linux = fitting.select { |file| file['name'].match?(/linux/i) }
      (linux.empty? ? fitting : linux).first || raise("Unable to install #{@project} #{version}: no file for linux #{Utils.arch}")
    end

    def unpack(folder, name:, extract: true)
      file = asset
      Dir.mktmpdir do |work|
        archive = File.join(work, File.basename(file['name']))
        fetch(file, archive)
        FileUtils.mkdir_p(folder)
        if extract && archive.match?(/\.(tar(\.\w+)?|tgz|txz)\z/i)
          run('tar', '--extract', '--no-same-owner', '--directory', folder, '--file', archive)
        elsif extract && archive.match?(/\.zip\z/i)
          run('unzip', '-q', '-o', archive, '-d', folder)
        else
          FileUtils.install(archive, File.join(folder, name), mode: 0o755)
        end
      end
    end

    private

    def fetch(file, path)
      answer = Utils.request(file['browser_download_url'], timeout: 120)
      raise "Unable to download #{file['name']}: #{answer.code} #{answer.message}" unless answer.code.to_i == 200

      wanted = file['digest'].to_s[/\Asha256:(\h{64})\z/, 1]
      sum = Digest::SHA256.hexdigest(answer.body)
      raise "#{file['name']} has the checksum #{sum}, not #{wanted}" unless wanted.nil? || wanted == sum

      File.binwrite(path, answer.body)
    end

    def run(*command)
      system(*command, exception: true)
    end
  end
end
