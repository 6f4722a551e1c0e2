package provider

import (
	"context"
	"io"
)

// LargeBodies is how many answers above their Small are read at once, of all calendars of all kinds: a few servers that
// answer without end must not take all memory.
const LargeBodies = 2

var large = make(chan struct{}, LargeBodies)

// Body reads the answer of a server within bounds. It must be released.
type Body struct {
	Ctx      context.Context // ends the wait for a place among the large ones
	From     io.Reader
	Small    int64 // an answer of so many bytes is read at once, a larger one when there is a place for it
	Most     int64 // bytes that are read
	TooLarge error // is what reading more gives

	Bytes int64 // bytes so far
	Err   error // why it could not be read to its end, but for io.EOF
	held  bool
}

// Read is io.Reader's.
func (b *Body) Read(p []byte) (int, error) {
	if b.Bytes > b.Most {
		b.Err = b.TooLarge
		return 0, b.Err
	}
	if b.Bytes > b.Small && !b.held {
		select {
		case large <- struct{}{}:
			b.held = true
		case <-b.Ctx.Done():
			b.Err = b.Ctx.Err()
			return 0, b.Err
		}
	}
	n, err := b.From.Read(p[:min(int64(len(p)), b.Most+1-b.Bytes)]) // a decoder doubles what it has room for
	b.Bytes += int64(n)
	if err != io.EOF {
		b.Err = err
	}
	return n, err
}

// Release gives the place among the large ones to another.
func (b *Body) Release() {
	if b.held {
		b.held = false
		<-large
	}
}
