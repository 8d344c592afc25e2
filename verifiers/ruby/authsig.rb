# frozen_string_literal: true

require 'erb'
require 'openssl'
require 'uri'

# Verifies AuthSig links of versions 2 and 3; see `src/docs/authsig_specification.md`.
#
#   settings = { secrets: { '' => secret }, purpose: 'invitation', public_url: 'https://app.example' }
#   params, key_id = AuthSig.verify_url(url, **settings) # raises ArgumentError if the link is not accepted
module AuthSig
  RESERVED = %w[login service time time_fudge expires_at nonce audience state signature].freeze
  S = '.\[\]? \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
  NAMES = [*RESERVED, 'secret'].join('|').gsub('_', "[_#{S}]")
  ODD_NAME = /\A[#{S}]*(?:#{NAMES})(?:[#{S}]|\z)|[\0-\x1f\u007f-\u009f]/
  RAW = /[\0- ;#\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\A[?\ufeff]/
  BYTES_32 = /\A[\w-]{42}[AEIMQUYcgkosw048]\z/
  V2 = /\Av2\.(?:([\w-]{1,32})\.)?([\w-]{42}[AEIMQUYcgkosw048])\z/
  V3 = /\Av3\.([\w-]{43})\.([\w-]{85}[AQgw])\z/
  SPKI = '3059301306072a8648ce3d020106082a8648ce3d03010703420004' # RFC 5480: a point of P-256 follows
  TIME = /\A(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:[0-5]\d)\z/

  module_function

  def refuse_if(condition, reason) = condition && raise(ArgumentError, reason)

  # Verifies an absolute URL, or one that begins with a single `/`.
  def verify_url(url, public_url: nil, **settings)
    address, _, query = utf8(url).partition('#').first.partition('?')
    match = %r{\A([a-z][a-z\d+.-]*://[^/]+)?(/.*)?\z}i.match(address)
    refuse_if(!match || !address.match?(/\A[!-\[\]-~]+\z/), 'no URL, or one that parsers differ on')
    origin, path, base = match[1], match[2] || '', public_url&.delete_suffix('/')
    refuse_if(path.match?(%r{//|(/|%2f|%5c)(\.|%2e){1,2}(/|%2f|%5c|\z)}i), 'an empty segment, or one of dots')
    refuse_if(base && origin && !"#{address}/".start_with?("#{base}/"), 'another public URL')
    verify(query, "#{base && (origin || base)}#{path.empty? ? '/' : path}", **settings)
  end

  # Verifies a query that is bound to no address.
  def verify_query(query, public_url: nil, **settings) = verify(utf8(query), '', **settings)

  # Returns the signed names and values, and the id of the key: '' for a secret without one.
  def verify(query, address, secrets: {}, public_keys: {}, purpose: '', ignore: [], now: Time.now.to_f)
    pairs = read_query(query)
    params = pairs.reject { |name, _| name == 'signature' || ignore.include?(name) }
    written = params.map { |pair| pair.map { |text| ERB::Util.url_encode(text) }.join('=') }.join('&')
    text = "#{ERB::Util.url_encode(purpose)}\n#{address}\n#{written}"
    key_id = verify_signature(pairs.to_h['signature'].to_s, text, secrets, public_keys)
    refuse_if(read_time(params.to_h['time'] || '0').sum > now + 60, 'a time ahead')
    second, fraction = read_time(params.to_h['expires_at'] || (now + 1).to_i.to_s)
    refuse_if(second <= now.floor || second + fraction > now + 36_525 * 86_400, 'expired, or over 100 years ahead')
    [params, key_id]
  end

  def verify_signature(signature, text, secrets, public_keys)
    if (match = V2.match(signature))
      secrets.select { |id, _| match[1].nil? || match[1] == id }.each do |id, secret|
        refuse_if(secret.bytesize < 16, 'a secret under 16 bytes')
        mac = OpenSSL::HMAC.digest('SHA256', secret, "authsig-v2\n#{text}")
        return id if OpenSSL.fixed_length_secure_compare(mac, base64url(match[2]))
      end
    elsif (match = V3.match(signature)) && (key = public_keys[match[1]])
      numbers = base64url(match[2]).unpack('a32a32').map { |n| OpenSSL::ASN1::Integer(OpenSSL::BN.new(n, 2)) }
      return match[1] if key.verify('SHA256', OpenSSL::ASN1::Sequence(numbers).to_der, "authsig-v3\n#{text}")
    end
    refuse_if(true, 'no key made this signature')
  end

  def read_query(query)
    refuse_if(query.bytesize > 16_384 || query.match?(RAW), 'a query that is too long, or not encoded')
    parts = query.split('&').reject(&:empty?)
    refuse_if(parts.any?(/\A[^=]*=.*(\]|%5d)=/i), '`]=` in a value')
    pairs = parts.map { |part| part.partition('=').values_at(0, 2).map { |text| decode(text) } }
    refuse_if(pairs.count { |name, _| name != 'signature' } > 256, 'over 256 parameters')
    bases = pairs.filter_map { |name, _| name[/\A[\[\]]*([^\[\]]*)/, 1] if name.match?(/[\[\]]/) }
    seen = {} # what PHP makes of names, and of what stands before their brackets
    pairs.each do |name, value|
      is_reserved = RESERVED.include?(name)
      refuse_if(is_reserved && (value.empty? || seen.key?(name)), 'a reserved name twice, or without a value')
      folded = name.tr('İıſ', 'iis').gsub(/[ﬅﬆ]/, 'st').downcase(:ascii)
      refuse_if(!is_reserved && folded.match?(ODD_NAME), 'a name that parsers alter')
      refuse_if(!name.match?(/[\[\]]/) && bases.include?(name), 'a name both plain and bracketed')
      before, indices = name.match(/\A([^\[]*)((?:\[[^\]]*\])*)/).captures
      base = indices.empty? ? name : before
      written = base.sub(/\A +/, '').gsub(/[. \[]/, '_')
      [[written, base], [written + indices, name]].each do |key, origin|
        refuse_if((seen[key] ||= origin) != origin, 'names that PHP makes one')
      end
    end
  end

  def read_time(text)
    return [text.to_i, 0] if text.match?(/\A\d+\z/)
    refuse_if(!(match = TIME.match(text.upcase(:ascii))), 'an unreadable time')
    year, month, day, hour, minute, second = match.captures.first(6).map(&:to_i)
    time = Time.new(year, month, day, hour, minute, [second, 59].min, match[8].sub(/Z|-00:00/, '+00:00'))
    refuse_if(time.day != day, 'an unreadable time')
    [time.to_i, "0#{match[7]}".to_r + (second == 60 ? 1 : 0)]
  end

  # Reads a JWK set (RFC 7517) into a hash of thumbprints (RFC 7638) and keys.
  def read_jwks(jwks)
    jwks['keys'].each_with_object({}) do |key, read|
      refuse_if(key['d'], 'a private key')
      kind = [key['kty'], key['crv'], key.fetch('alg', 'ES256'), key.fetch('use', 'sig')]
      next if kind != %w[EC P-256 ES256 sig] || !key.fetch('key_ops', ['verify']).include?('verify')
      x, y = key.values_at('x', 'y')
      refuse_if(!BYTES_32.match?(x) || !BYTES_32.match?(y), 'a malformed key')
      required = %({"crv":"P-256","kty":"EC","x":"#{x}","y":"#{y}"})
      thumbprint = [OpenSSL::Digest::SHA256.digest(required)].pack('m0').tr('+/', '-_').delete('=')
      refuse_if(key.fetch('kid', thumbprint) != thumbprint || read.key?(thumbprint), 'a wrong `kid`, or twice')
      read[thumbprint] = OpenSSL::PKey::EC.new([SPKI].pack('H*') + base64url(x) + base64url(y)) # checks the point
    end.tap { |read| refuse_if(read.empty?, 'no key for ES256') }
  end

  def base64url(text) = text.tr('-_', '+/').unpack1('m')
  def decode(text) = utf8(URI.decode_www_form_component(text))
  def utf8(text) = String.new(text, encoding: 'UTF-8').tap { |new| refuse_if(!new.valid_encoding?, 'invalid UTF-8') }

  private_class_method :refuse_if, :verify, :verify_signature, :read_query, :read_time, :base64url, :decode, :utf8
end
