# frozen_string_literal: true

require 'digest'
require 'fileutils'
require 'open3'
require 'time'

module PveGitops
  # Archives of one directory, each with its sum beside it.
  class Archives
    def initialize(folder, name)
      @folder = folder
      @name = name
    end

    def take(directory)
      return false unless File.directory?(directory)

      FileUtils.mkdir_p(@folder)
      target = File.join(@folder, "#{@name}-#{Time.now.utc.strftime('%Y%m%dT%H%M%S%6NZ')}.tar.gz")
      tar('--create', '--gzip', '--file', "#{target}.new", '--directory', directory, '.')
      # Read once from end to end before anybody relies on it.
      tar('--list', '--gzip', '--file', "#{target}.new")
      File.write("#{target}.sha256", "#{sum("#{target}.new")}\n")
      File.rename("#{target}.new", target)
      true
    end

    # False when there is no archive yet.
    def restore(directory, user:, group:, mode:)
      archive = Dir.glob(File.join(@folder, "#{@name}-*Z.tar.gz")).max
      return false if archive.nil?

      wanted = File.read("#{archive}.sha256").strip if File.file?("#{archive}.sha256")
      raise "Unable to restore #{directory}: #{archive} is damaged" unless wanted.nil? || wanted == sum(archive)

      FileUtils.mkdir_p(directory)
      tar('--extract', '--gzip', '--file', archive, '--directory', directory)
      FileUtils.chown_R(user, group, directory)
      File.chmod(mode, directory)
      true
    end

    private

    def sum(file)
      Digest::SHA256.file(file).hexdigest
    end

    def tar(*arguments)
      said, status = Open3.capture2e('tar', *arguments)
      raise "tar #{arguments.first}: #{said.lines.last.to_s.strip}" unless status.success?
    end
  end
end
