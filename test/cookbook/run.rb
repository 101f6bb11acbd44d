# frozen_string_literal: true

# The library cookbook's own tests: ruby test/cookbook/run.rb
Dir.glob(File.join(__dir__, '*_test.rb')).sort.each { |file| require file }
