package google

import (
	"io"
	"net/http"

	"holdfast/internal/provider"
)

const (
	maxBody  = 64 << 20 // the largest answer that is read: a page is a few MiB
	maxItems = 150_000  // the most events in a listing; an event takes far more memory than its text
	small    = 8 << 20  // an answer below this is read at once
)

// tooLarge is an answer of which no more is read.
func tooLarge(format string, args ...any) error {
	return permanent(
		"list",
		"this calendar holds too much to be read, or what answers is not Google: check endpoint",
		format,
		args...)
}

// bounded reads answers within those bounds.
type bounded struct{ http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.RoundTripper
	if next == nil {
		next = http.DefaultTransport
	}
	a, err := next.RoundTrip(r)
	if err == nil {
		a.Body = body{a.Body, &provider.Body{
			Ctx:      r.Context(),
			From:     a.Body,
			Small:    small,
			Most:     maxBody,
			TooLarge: tooLarge("an answer is longer than %d MiB", maxBody>>20),
		}}
	}
	return a, err
}

// body is an answer whose end gives its place to another.
type body struct {
	io.Closer
	*provider.Body
}

func (b body) Close() error {
	b.Release()
	return b.Closer.Close()
}
