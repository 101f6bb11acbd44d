# frozen_string_literal: true

require 'open3'

module PveGitops
  # What systemd says of units, and the few things it is told besides Chef's own resources.
  module Systemd
    FOLDERS = ['/usr/lib/systemd/system', '/lib/systemd/system'].freeze

    module_function

    # active, activating, failed …
    def state(service)
      said, = Open3.capture2('systemctl', 'is-active', '--', service)
      said.strip.empty? ? 'unknown' : said.strip
    end

    def story(service)
      status, = Open3.capture2e('systemctl', 'status', '--no-pager', '--full', '--lines=0', '--', service)
      journal, = Open3.capture2e('journalctl', '--no-pager', '--output=cat', '--lines=20', '--unit', service)
      "#{status.strip}\n#{journal.strip}"
    end

    # Names of packaged units, not masked yet, that start this program.
    def packaged(program, but:, folders: FOLDERS)
      name = File.basename(program)
      files = folders.flat_map { |folder| Dir.glob(File.join(folder, '*.service')) }.map { |file| File.realpath(file) }.uniq
      starting = files.select do |file|
        File.basename(file) != but && File.readlines(file, chomp: true).any? { |line| starts?(line, name) }
      end
      starting.map { |file| File.basename(file) }.uniq.reject { |unit| masked?(unit) }.sort
    end

    def starts?(line, name)
      command = line[/\AExecStart=[-@:+!]*(\S+)/, 1]
      !command.nil? && File.basename(command) == name
    end

    def masked?(unit)
      File.symlink?("/etc/systemd/system/#{unit}") && File.readlink("/etc/systemd/system/#{unit}") == '/dev/null'
    end

    def mask(unit)
      # A template has no state of its own to stop.
      said, status = Open3.capture2e('systemctl', 'mask', *(unit.include?('@') ? [] : ['--now']), '--', unit)
      raise "Unable to mask #{unit}: #{said.strip}" unless status.success?
    end
  end
end
