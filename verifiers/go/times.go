package authsig

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	digits  = regexp.MustCompile(`^\d+$`)
	rfc3339 = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)` +
		`((?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))$`)
)

// checkTimes refuses a `time` ahead, and an `expires_at` that has passed or is too far ahead.
func checkTimes(values map[string]string, clock func() time.Time) error {
	now := time.Now()
	if clock != nil {
		now = clock()
	}
	if text, ok := values["time"]; ok {
		at, leap, err := readTime(text)
		if err != nil {
			return err
		}
		if at.Add(leap).After(now.Add(time.Minute)) {
			return errors.New("authsig: a time ahead")
		}
	}
	if text, ok := values["expires_at"]; ok {
		at, leap, err := readTime(text)
		if err != nil {
			return err
		}
		if at.Unix() <= now.Unix() || at.Add(leap).After(now.Add(36525*24*time.Hour)) {
			return errors.New("authsig: expired, or over 100 years ahead")
		}
	}
	return nil
}

// readTime reads epoch seconds or RFC 3339. A second 60 is read as 59 and a leap of one.
func readTime(text string) (at time.Time, leap time.Duration, err error) {
	if digits.MatchString(text) {
		seconds, err := strconv.ParseUint(text, 10, 40)
		return time.Unix(int64(seconds), 0), 0, err
	}
	match := rfc3339.FindStringSubmatch(strings.ToUpper(text))
	if match == nil {
		return at, 0, errors.New("authsig: an unreadable time")
	}
	if match[2] == "60" {
		match[2], leap = "59", time.Second
	}
	at, err = time.Parse(time.RFC3339, match[1]+match[2]+match[3])
	return at, leap, err
}
