# frozen_string_literal: true

# Log lines with the place in the recipe that they come from.
module Logs
  module_function

  def info(message)
    log(:info, message)
  end

  def warn(message)
    log(:warn, message)
  end

  def debug(*messages)
    log(:debug, messages.map(&:to_s).join(' '))
  end

  def error(message, raise: false)
    log(:error, message)
    Kernel.raise message.to_s if raise
  end

  # The block's value; an error in it is logged, and ends the converge only with `raise`.
  def try!(label, raise: false)
    yield
  rescue StandardError => e
    log(:error, "#{label}: #{e.message}")
    Kernel.raise if raise
    nil
  end

  # Logs, and hands the value on.
  def return(label, value, level: :info)
    log(level, "#{label}: #{value.inspect}")
    value
  end

  # The value, which must not be blank.
  def blank!(message, value)
    error(message, raise: true) if value.nil? || (value.respond_to?(:empty?) && value.empty?)
    value
  end

  def true(message)
    info(message)
    true
  end

  def false(message)
    info(message)
    false
  end

  def nil(message)
    info(message)
    nil
  end

  def log(level, message)
    line = "#{Ctx.place}: #{message}"
    defined?(Chef::Log) ? Chef::Log.public_send(level, line) : $stderr.puts(line)
    nil
  end
end
