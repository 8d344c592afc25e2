package authsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
)

var coordinate = regexp.MustCompile(`^[\w-]{42}[AEIMQUYcgkosw048]$`)

// ReadJWKS reads a JWK set (RFC 7517) into a map of thumbprints (RFC 7638) and keys.
func ReadJWKS(text []byte) (map[string]*ecdsa.PublicKey, error) {
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	keys := make(map[string]*ecdsa.PublicKey)
	for _, jwk := range set.Keys {
		if jwk["d"] != nil {
			return nil, errors.New("authsig: a private key")
		}
		if !isForSignatures(jwk) {
			continue
		}
		key, thumbprint, err := readJWK(jwk)
		if err != nil {
			return nil, err
		}
		if kid, ok := jwk["kid"]; keys[thumbprint] != nil || ok && kid != thumbprint {
			return nil, errors.New("authsig: a key twice, or a `kid` that is not its thumbprint")
		}
		keys[thumbprint] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("authsig: no key for ES256")
	}
	return keys, nil
}

func isForSignatures(jwk map[string]any) bool {
	mayBe := func(name, value string) bool { return jwk[name] == nil || jwk[name] == value }
	mayVerify := jwk["key_ops"] == nil
	operations, _ := jwk["key_ops"].([]any)
	for _, operation := range operations {
		mayVerify = mayVerify || operation == "verify"
	}
	return jwk["kty"] == "EC" && jwk["crv"] == "P-256" && mayBe("alg", "ES256") && mayBe("use", "sig") && mayVerify
}

func readJWK(jwk map[string]any) (key *ecdsa.PublicKey, thumbprint string, err error) {
	x, _ := jwk["x"].(string)
	y, _ := jwk["y"].(string)
	if !coordinate.MatchString(x) || !coordinate.MatchString(y) {
		return nil, "", errors.New("authsig: a malformed key")
	}
	key = &ecdsa.PublicKey{Curve: elliptic.P256(), X: decodeNumber(x), Y: decodeNumber(y)}
	if !key.Curve.IsOnCurve(key.X, key.Y) {
		return nil, "", errors.New("authsig: a point off the curve")
	}
	digest := sha256.Sum256([]byte(fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, x, y)))
	return key, base64.RawURLEncoding.EncodeToString(digest[:]), nil
}

func decodeNumber(text string) *big.Int {
	bytes, _ := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(bytes)
}
