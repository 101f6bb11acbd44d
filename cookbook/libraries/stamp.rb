# frozen_string_literal: true

require 'openssl'
require 'securerandom'

# Whether a thing that cannot be compared (a salted hash, a database of passwords) was made from these values: a note beside
# it says so, and tells nobody the values.
module Stamp
  ROUNDS = 100_000

  module_function

  def fits?(file, *values)
    return false unless File.file?(file)

    salt, sum = File.read(file).split
    !sum.nil? && OpenSSL.fixed_length_secure_compare(sum, digest(salt, values))
  rescue ArgumentError
    false
  end

  def write(file, *values)
    salt = SecureRandom.hex(16)
    File.write(file, "#{salt} #{digest(salt, values)}\n", perm: 0o600)
    File.chmod(0o600, file)
  end

  def digest(salt, values)
    text = values.map { |value| "#{value.to_s.bytesize}:#{value}" }.join
    OpenSSL::KDF.pbkdf2_hmac(text, salt: salt.to_s, iterations: ROUNDS, length: 32, hash: 'SHA256').unpack1('H*')
  end
end
