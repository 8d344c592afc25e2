package authsig

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Param is a name and its value.
type Param struct{ Name, Value string }

const space = ` \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
const separator = `[.\[\]?\x{feff}` + space + `]`
const reservedNames = `login|service|time|time_fudge|expires_at|nonce|audience|state|signature`

var (
	oddQuery  = regexp.MustCompile(`[\x00-\x1f;#\x{7f}-\x{9f}` + space + `]|^[?\x{feff}]`)
	oddValue  = regexp.MustCompile(`(?:\]|%5[Dd])=`)
	reserved  = regexp.MustCompile(`^(?:` + reservedNames + `)$`)
	lookalike = regexp.MustCompile(`(?i)^` + separator + `*(?:secret|` +
		strings.ReplaceAll(reservedNames, "_", `(?:_|`+separator+`)`) + `)(?:` + separator + `|$)`)
	folded  = strings.NewReplacer("İ", "i", "ı", "i", "ſ", "s", "ﬅ", "st", "ﬆ", "st")
	control = regexp.MustCompile(`[\x00-\x1f\x{7f}-\x{9f}]`)
	phpName = regexp.MustCompile(`^([^\[]*)((?:\[[^\]]*\])*)`)
	phpChar = strings.NewReplacer(".", "_", " ", "_", "[", "_")
)

// readQuery decodes a query, and refuses what parsers read differently.
func readQuery(query string) ([]Param, error) {
	if len(query) > 16384 || !utf8.ValidString(query) || oddQuery.MatchString(query) {
		return nil, errors.New("authsig: a query that is too long, or not encoded")
	}
	var params []Param
	var counted int
	for _, part := range strings.Split(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if oddValue.MatchString(value) {
			return nil, errors.New("authsig: `]=` in a value")
		}
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errors.New("authsig: a broken `%`, or invalid UTF-8")
		}
		if name != "signature" {
			counted++
		}
		params = append(params, Param{name, value})
	}
	if counted > 256 {
		return nil, errors.New("authsig: over 256 parameters")
	}
	return params, checkNames(params)
}

func checkNames(params []Param) error {
	bases := make(map[string]bool)
	for _, param := range params {
		if isBracketed(param.Name) {
			trimmed := strings.TrimLeft(param.Name, "[]")
			bases[(trimmed + "[")[:strings.IndexAny(trimmed+"[", "[]")]] = true
		}
	}
	seen := make(map[string]string) // what PHP makes of names, and of what stands before their brackets
	for _, param := range params {
		isReserved := reserved.MatchString(param.Name)
		_, isRepeated := seen[param.Name]
		match := phpName.FindStringSubmatch(param.Name)
		base, indices := match[1], match[2]
		if indices == "" {
			base = param.Name
		}
		written := phpChar.Replace(strings.TrimLeft(base, " "))
		switch {
		case isReserved && (isRepeated || param.Value == ""):
			return errors.New("authsig: a reserved name twice, or without a value")
		case !isReserved && lookalike.MatchString(folded.Replace(param.Name)):
			return errors.New("authsig: a name that looks like a reserved one")
		case control.MatchString(param.Name):
			return errors.New("authsig: a control character in a name")
		case bases[param.Name] && !isBracketed(param.Name):
			return errors.New("authsig: a name both plain and bracketed")
		case differs(seen, written, base) || differs(seen, written+indices, param.Name):
			return errors.New("authsig: names that PHP makes one")
		}
	}
	return nil
}

func isBracketed(name string) bool {
	return strings.ContainsAny(name, "[]")
}

// differs remembers the origin of a key, and reports whether it had another one before.
func differs(seen map[string]string, key, origin string) bool {
	other, ok := seen[key]
	seen[key] = origin
	return ok && other != origin
}
