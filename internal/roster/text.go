package roster

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// How many characters a text may have: it goes into calendars as it is, and is shown in lists.
const (
	maxName = 200
	maxText = 1000
	// maxAddress is that of a path in RFC 5321 section 4.5.3.1.3, without the brackets.
	maxAddress = 254
	maxSection = 10_000
)

// lineFault says what keeps s from being one line of at most limit characters that shows all it holds; "" if nothing
// does.
func lineFault(s string, limit int) string {
	switch n := utf8.RuneCountInString(s); {
	case n > limit:
		return fmt.Sprintf("has %d characters: at most %d", n, limit)
	case !isLine(s):
		return "must be one line of text"
	}
	if r, found := hidden(s); found {
		return fmt.Sprintf("holds a character that does not show, U+%04X: write it again by hand", r)
	}
	return ""
}

// isLine reports whether s is one line without control characters.
func isLine(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// hidden finds a character by which a text reads as another than it is: one that turns the direction of writing around,
// or has no width. The two joiners are left alone within scripts that need them, and within emoji.
func hidden(s string) (rune, bool) {
	runes := []rune(s)
	for i, r := range runes {
		joins := r == '\u200c' || r == '\u200d'
		if joins && i > 0 && i+1 < len(runes) && runes[i-1] > unicode.MaxLatin1 && runes[i+1] > unicode.MaxLatin1 &&
			!unicode.Is(unicode.Cf, runes[i-1]) {
			continue
		}
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == unicode.ReplacementChar || r == '\u034f' ||
			r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u2800' {
			return r, true
		}
	}
	return 0, false
}
