package provider

import (
	"errors"
	"io/fs"
	"regexp"
)

// CauseOf is why err is, in words that are the same for everybody whom the same thing strikes: what an error in its
// chain has for its Cause, else its text without what only one of them has, such as addresses, ports and paths.
func CauseOf(err error) string {
	if c := interface{ Cause() string }(nil); errors.As(err, &c) {
		return c.Cause()
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return "a file cannot be read: " + e.Err.Error()
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return CauseOf(e.Err)
	}
	return own.ReplaceAllString(err.Error(), "…")
}

// own are addresses with or without a port, host names with one, and paths.
var own = regexp.MustCompile(
	`\[?[0-9A-Fa-f]*(:[0-9A-Fa-f]*){2,}[0-9A-Fa-f.]*(%\w+)?\]?(:\d+)?|[\w.-]+:\d+|\d+(\.\d+){3}|\S*/\S*`,
)
