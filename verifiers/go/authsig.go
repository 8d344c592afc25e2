// Package authsig verifies AuthSig links of versions 2 and 3; see `src/docs/authsig_specification.md`.
package authsig

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Settings are what signer and verifier agree on.
type Settings struct {
	Secrets    map[string][]byte           // by id, "" for a secret without one
	PublicKeys map[string]*ecdsa.PublicKey // by thumbprint, as ReadJWKS returns them
	Purpose    string
	PublicURL  string
	Ignore     map[string]bool
	Now        func() time.Time // time.Now if it is nil
}

// Verified are the names and values that are signed, and the id of the key, "" for a secret without one.
type Verified struct {
	Params []Param
	KeyID  string
}

var (
	beforeQuery = regexp.MustCompile(`^([A-Za-z][A-Za-z\d+.-]*://[!-.0-\[\]-~]+)?(/[!-\[\]-~]*)?$`)
	oddSegment  = regexp.MustCompile(`(?i)//|(?:/|%2f|%5c)(?:\.|%2e){1,2}(?:/|%2f|%5c|$)`)
	version2    = regexp.MustCompile(`^v2\.(?:([\w-]{1,32})\.)?([\w-]{42}[AEIMQUYcgkosw048])$`)
	version3    = regexp.MustCompile(`^v3\.([\w-]{43})\.([\w-]{85}[AQgw])$`)
)

// VerifyURL verifies an absolute URL, or one that begins with a single "/".
func (s *Settings) VerifyURL(link string) (*Verified, error) {
	link, _, _ = strings.Cut(link, "#")
	address, query, _ := strings.Cut(link, "?")
	match := beforeQuery.FindStringSubmatch(address)
	if match == nil || address == "" || oddSegment.MatchString(match[2]) {
		return nil, errors.New("authsig: no URL, or a path that parsers differ on")
	}
	origin, path, base := match[1], match[2], strings.TrimSuffix(s.PublicURL, "/")
	if base != "" && origin != "" && !strings.HasPrefix(address+"/", base+"/") {
		return nil, errors.New("authsig: another public URL")
	}
	if base == "" || origin == "" {
		origin = base
	}
	if path == "" {
		path = "/"
	}
	return s.verify(query, origin+path)
}

// VerifyQuery verifies a query that is bound to no address.
func (s *Settings) VerifyQuery(query string) (*Verified, error) {
	return s.verify(query, "")
}

func (s *Settings) verify(query, address string) (*Verified, error) {
	params, err := readQuery(query)
	if err != nil {
		return nil, err
	}
	var verified Verified
	var written []string
	values := make(map[string]string)
	for _, param := range params {
		values[param.Name] = param.Value
		if param.Name != "signature" && !s.Ignore[param.Name] {
			verified.Params = append(verified.Params, param)
			written = append(written, encode(param.Name)+"="+encode(param.Value))
		}
	}
	text := encode(s.Purpose) + "\n" + address + "\n" + strings.Join(written, "&")
	keyID, ok := s.verifySignature(values["signature"], text)
	if !ok {
		return nil, errors.New("authsig: no key made this signature")
	}
	verified.KeyID = keyID
	if err := checkTimes(values, s.Now); err != nil {
		return nil, err
	}
	return &verified, nil
}

// verifySignature returns the id of the key that made the signature.
func (s *Settings) verifySignature(signature, text string) (keyID string, ok bool) {
	if match := version2.FindStringSubmatch(signature); match != nil {
		mac, _ := base64.RawURLEncoding.DecodeString(match[2])
		for id, secret := range s.Secrets {
			hash := hmac.New(sha256.New, secret)
			hash.Write([]byte("authsig-v2\n" + text))
			if (match[1] == "" || match[1] == id) && len(secret) >= 16 && hmac.Equal(mac, hash.Sum(nil)) {
				return id, true
			}
		}
	}
	match := version3.FindStringSubmatch(signature)
	if match == nil || s.PublicKeys[match[1]] == nil {
		return "", false
	}
	raw, _ := base64.RawURLEncoding.DecodeString(match[2])
	digest := sha256.Sum256([]byte("authsig-v3\n" + text))
	r, t := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	return match[1], ecdsa.Verify(s.PublicKeys[match[1]], digest[:], r, t)
}

func encode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
