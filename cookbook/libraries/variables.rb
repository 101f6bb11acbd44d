# frozen_string_literal: true

require 'digest'
require 'json'
require 'uri'

module PveGitops
  # Which values must never leave the container: PVE_GITOPS_SECRETS names their variables.
  module Secrets
    # Shorter ones would be found in any text.
    SHORTEST = 4

    module_function

    def in?(text)
      values.any? { |value| text.include?(value) }
    end

    def values
      names = ENV.fetch('PVE_GITOPS_SECRETS', 'PASSWORD').split
      names.map { |name| ENV[name].to_s }.select { |value| value.length >= SHORTEST }
    end
  end

  # The site's own store: read from a file that the deploy put here, written by the deploy when this converge ends.
  module SiteVariables
    module_function

    def read(name, **)
      written[name] || given[name]
    end

    def write(name, value, **)
      return if read(name) == value

      written[name] = value
      # The sum tells the deploy whether a value arrived as it is: secrets are masked on their way.
      Report.line(kind: 'set', key: name, value: value, sha256: Digest::SHA256.hexdigest(value))
    end

    def given
      @given ||= begin
        kit = ENV['PVE_GITOPS_KIT']
        file = File.join(kit.to_s, 'variables.json')
        kit && File.file?(file) ? JSON.parse(File.read(file)) : {}
      end
    end

    def written
      @written ||= {}
    end

    def forget
      @given = @written = nil
    end
  end

  # One JSON object a line, to the deploy.
  module Report
    module_function

    def line(**fields)
      file = ENV['PVE_GITOPS_REPORT']
      File.open(file, 'a', 0o600) { |out| out.write("#{JSON.generate(fields)}\n") } unless file.nil? || file.empty?
    end
  end

  # Actions variables of an organisation, or of one of its repositories.
  class ForgeVariables
    def initialize(endpoint, organisation, login: nil, password: nil, token: nil)
      @endpoint = endpoint
      @organisation = organisation
      @credentials = token.nil? ? { user: login, pass: password } : { headers: { 'Authorization' => "token #{token}" } }
    end

    def read(name, repo: nil, owner: nil)
      answer = ask(address(name, repo, owner))
      return nil if answer.code.to_i == 404

      refuse('read', name, answer) unless answer.code.to_i == 200
      found = answer.json
      found['data'] || found['value']
    end

    # Made where it is not there yet, changed where its value differs.
    def write(name, value, repo: nil, owner: nil)
      there = read(name, repo: repo, owner: owner)
      return if there == value

      where = address(name, repo, owner)
      method, body = there.nil? ? [:post, { value: value }] : [:put, { name: name, value: value }]
      answer = ask(where, method: method, body: body)
      # Somebody else made it between the two calls.
      answer = ask(where, method: :put, body: { name: name, value: value }) if answer.code.to_i == 409
      refuse('set', name, answer) unless [200, 201, 204].include?(answer.code.to_i)
    end

    private

    def address(name, repo, owner)
      owner ||= @organisation
      place = repo.nil? ? "orgs/#{part(owner)}" : "repos/#{part(owner)}/#{part(repo)}"
      "#{@endpoint}/#{place}/actions/variables/#{part(name)}"
    end

    def part(text)
      URI.encode_www_form_component(text)
    end

    def ask(address, **options)
      Utils.request(address, **options, **@credentials)
    end

    def refuse(verb, name, answer)
      raise "Unable to #{verb} variable #{name} of #{@organisation}: the forge says #{answer.code} #{answer.message}"
    end
  end
end
