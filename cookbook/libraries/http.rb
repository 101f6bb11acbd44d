# frozen_string_literal: true

require 'json'
require 'net/http'
require 'openssl'
require 'socket'
require 'uri'

module PveGitops
  # One request, redirects followed, certificates verified.
  module Http
    module_function

    def follow(uri, verb, body, headers, credentials, ca_file, timeout)
      Utils::REDIRECTS.times do
        answer = once(uri, verb, body, headers, credentials, ca_file, timeout)
        return answer unless answer.is_a?(Net::HTTPRedirection) && answer['location']

        target = URI.join(uri.to_s, answer['location'])
        raise "#{shown(uri)} leads away from https" if uri.scheme == 'https' && target.scheme != 'https'

        # Credentials are for the host that they were given for.
        same = [target.scheme, target.host, target.port] == [uri.scheme, uri.host, uri.port]
        credentials, headers = [nil, nil], headers.reject { |key,| key.to_s.casecmp?('authorization') } unless same
        verb, body = 'GET', nil if answer.is_a?(Net::HTTPSeeOther)
        uri = target
      end
      raise "#{shown(uri)}: more than #{Utils::REDIRECTS} redirects"
    end

    def once(uri, verb, body, headers, credentials, ca_file, timeout)
      raise ArgumentError, "Unable to ask #{shown(uri)}: it is no http address" unless uri.is_a?(URI::HTTP)

      ask = Net::HTTPGenericRequest.new(verb, !body.nil?, verb != 'HEAD', uri.request_uri)
      headers.each { |key, value| ask[key.to_s] = value.to_s }
      ask.basic_auth(*credentials) unless credentials.first.nil?
      fill(ask, body) unless body.nil?
      Net::HTTP.start(uri.hostname, uri.port, **connection(uri, ca_file, timeout)) { |http| http.request(ask) }
    end

    def connection(uri, ca_file, timeout)
      options = { open_timeout: timeout, read_timeout: timeout, write_timeout: timeout }
      return options unless uri.scheme == 'https'

      options.merge(use_ssl: true, verify_mode: OpenSSL::SSL::VERIFY_PEER, **(ca_file.nil? ? {} : { ca_file: ca_file }))
    end

    def fill(ask, body)
      if body.is_a?(Hash) || body.is_a?(Array)
        ask['Content-Type'] ||= 'application/json'
        ask.body = JSON.generate(body)
      else
        ask.body = body.to_s
      end
    end

    # An address without its user, password and query.
    def shown(uri)
      uri.to_s.sub(%r{//[^/@]*@}, '//').sub(/[?#].*\z/, '')
    end

    def open?(host, port)
      Socket.tcp(host, port, connect_timeout: 2) { true }
    rescue SystemCallError, SocketError
      false
    end
  end
end
