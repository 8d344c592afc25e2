# Reads queries, one a line, as Rack and Ruby's library do. Writes what each reads, as JSON, one line for each.
require 'cgi'
require 'json'
require 'rack'
require 'uri'

def reading
  result = yield
  JSON.generate(result)
  result
rescue StandardError => e
  e.class.name
end

# Values that are not repeated stand for themselves.
def lists(pairs)
  all = Hash.new { |hash, name| hash[name] = [] }
  pairs.each { |name, value| all[name] << value }
  all.transform_values { |values| values.length == 1 ? values.first : values }
end

$stdout.puts JSON.generate("Rack #{Rack.release}, Ruby #{RUBY_VERSION}")
$stdin.set_encoding('UTF-8')
$stdin.each_line("\n", chomp: true) do |query|
  $stdout.puts JSON.generate(
    'Rack, nested' => reading { Rack::Utils.parse_nested_query(query) },
    'Rack, flat' => reading { Rack::Utils.parse_query(query) },
    'URI.decode_www_form' => reading { lists(URI.decode_www_form(query)) },
    'CGI.parse' => reading { CGI.parse(query).transform_values { |v| v.length == 1 ? v.first : v } }
  )
end
