// Runs the verifier over files of vectors, or answers one line of JSON for each line of its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"authsig.example/authsig"
)

type vector struct {
	Name, Refused      string
	URL, Query         *string
	Signature, Purpose string
	Secret             string
	KeyID              string `json:"key_id"`
	Secrets            map[string]string
	JWK, JWKS          json.RawMessage
	PublicURL          string `json:"public_url"`
	Ignored            []string
	Now                int64
	Params             [][2]string
}

// verdict returns the names and values that are accepted, or nil.
func (v *vector) verdict() (params [][2]string) {
	settings := authsig.Settings{
		Secrets:   map[string][]byte{},
		Purpose:   v.Purpose,
		PublicURL: v.PublicURL,
		Ignore:    map[string]bool{},
	}
	if v.Secret != "" {
		settings.Secrets[v.KeyID] = []byte(v.Secret)
	}
	for id, secret := range v.Secrets {
		settings.Secrets[id] = []byte(secret)
	}
	for _, name := range v.Ignored {
		settings.Ignore[name] = true
	}
	if v.Now != 0 {
		settings.Now = func() time.Time { return time.Unix(v.Now, 0) }
	}
	jwks := v.JWKS
	if v.JWK != nil {
		jwks = json.RawMessage(fmt.Sprintf(`{"keys": [%s]}`, v.JWK))
	}
	if jwks != nil {
		keys, err := authsig.ReadJWKS(jwks)
		if err != nil {
			return nil
		}
		settings.PublicKeys = keys
	}
	verify, link, joint := settings.VerifyQuery, v.Query, "&"
	if v.URL != nil {
		verify, link = settings.VerifyURL, v.URL
		if !strings.Contains(*link, "?") {
			joint = "?"
		}
	}
	whole := *link
	if v.Signature != "" {
		whole += joint + "signature=" + v.Signature
	}
	verified, err := verify(whole)
	if err != nil {
		return nil
	}
	params = [][2]string{}
	for _, param := range verified.Params {
		params = append(params, [2]string{param.Name, param.Value})
	}
	return params
}

func answer(input *os.File) error {
	lines, output := bufio.NewScanner(input), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return err
		}
		if err := output.Encode(v.verdict()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func runVectors(files []string) error {
	var count, failures int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var vectors struct{ Vectors []vector }
		if err := json.Unmarshal(text, &vectors); err != nil {
			return err
		}
		for _, v := range vectors.Vectors {
			params := v.verdict()
			isRight := (params != nil) == (v.Refused == "")
			if v.Params != nil {
				isRight = reflect.DeepEqual(params, v.Params)
			}
			count++
			if !isRight {
				failures++
				fmt.Fprintln(os.Stderr, v.Name, params)
			}
		}
	}
	fmt.Printf("Go: %d vectors, %d failures\n", count, failures)
	if failures > 0 {
		return fmt.Errorf("%d failures", failures)
	}
	return nil
}

func main() {
	var err error
	if len(os.Args) > 1 {
		err = runVectors(os.Args[1:])
	} else {
		err = answer(os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
