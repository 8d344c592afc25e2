// Reads queries, one a line, as Go's library does. Writes what it reads, as JSON, one line for each.
package main

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"runtime"
)

// Values that are not repeated stand for themselves.
func lists(values url.Values) map[string]any {
	result := make(map[string]any)
	for name, all := range values {
		if len(all) == 1 {
			result[name] = all[0]
		} else {
			result[name] = all
		}
	}
	return result
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	defer writer.Flush()
	output := json.NewEncoder(writer)
	output.Encode("Go " + runtime.Version())
	for input.Scan() {
		query := input.Text()
		readings := make(map[string]any)
		// As `URL.Query` does, this goes on where it can't read a parameter.
		values, _ := url.ParseQuery(query)
		readings["ParseQuery"] = lists(values)
		if parsed, err := url.Parse("https://app.example/join?" + query); err != nil {
			readings["URL.Query"] = "unreadable"
		} else {
			readings["URL.Query"] = lists(parsed.Query())
		}
		output.Encode(readings)
	}
}
