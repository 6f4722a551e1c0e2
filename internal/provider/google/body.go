package google

import (
	"context"
	"io"
	"net/http"
)

const (
	maxBody  = 64 << 20 // the largest answer that is read: a page is a few MiB
	maxItems = 150_000  // the most events in a listing; an event takes far more memory than its text
	small    = 8 << 20  // an answer below this is read at once
)

// large are the answers above small that are read at this moment, of all calendars.
var large = make(chan struct{}, 2)

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
		a.Body = &body{ReadCloser: a.Body, ctx: r.Context()}
	}
	return a, err
}

type body struct {
	io.ReadCloser
	ctx  context.Context
	n    int64
	held bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.n > maxBody {
		return 0, tooLarge("an answer is longer than %d MiB", maxBody>>20)
	}
	if b.n > small && !b.held {
		select {
		case large <- struct{}{}:
			b.held = true
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), maxBody+1-b.n)]) // a decoder doubles what it has room for
	b.n += int64(n)
	return n, err
}

func (b *body) Close() error {
	if b.held {
		b.held = false
		<-large
	}
	return b.ReadCloser.Close()
}
