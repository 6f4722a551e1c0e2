package caldav

import "fmt"

const (
	maxBody = 128 << 20 // the largest answer that is read
	maxRows = 150_000   // the most resources in it; a row takes far more memory than its text
	small   = 1 << 20   // an answer below this is read at once
)

// tooLarge is an answer of which no more is read.
func tooLarge(format string, args ...any) error {
	return &malformed{what: fmt.Sprintf(format, args...),
		hint: "this calendar holds too much to be read: move old events to another one, " +
			"or name another as calendar in the settings"}
}
