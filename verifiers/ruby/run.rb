# frozen_string_literal: true

# Runs the verifier over files of vectors, or answers one line of JSON for each line of its input.

require 'json'
require_relative 'authsig'

# Returns the names and values that are accepted, or nil.
def verdict(vector)
  secrets = vector['secrets'] || { vector['key_id'] || '' => vector['secret'] }.compact
  jwks = vector['jwks'] || (vector['jwk'] && { 'keys' => [vector['jwk']] })
  whole = vector['url'] || vector['query']
  if vector['signature']
    joint = vector['url'] && !whole.include?('?') ? '?' : '&'
    whole = "#{whole}#{joint}signature=#{vector['signature']}"
  end
  settings = { secrets: secrets, public_keys: jwks ? AuthSig.read_jwks(jwks) : {},
               purpose: vector['purpose'] || '', public_url: vector['public_url'],
               ignore: vector['ignored'] || [], now: vector['now'] || Time.now.to_f }
  params, = vector['url'] ? AuthSig.verify_url(whole, **settings) : AuthSig.verify_query(whole, **settings)
  params
rescue ArgumentError, OpenSSL::PKey::PKeyError
  nil
end

if ARGV.empty?
  $stdin.each_line { |line| puts JSON.generate(verdict(JSON.parse(line))) }
  exit
end
vectors = ARGV.flat_map { |file| JSON.parse(File.read(file, encoding: 'UTF-8'))['vectors'] }
failures = vectors.reject do |vector|
  params = verdict(vector)
  vector['refused'] ? params.nil? : params && params == (vector['params'] || params)
end
failures.each { |vector| warn vector['name'] }
puts "Ruby: #{vectors.length} vectors, #{failures.length} failures"
exit failures.empty?
