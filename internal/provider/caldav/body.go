package caldav

import (
	"context"
	"fmt"
	"io"
)

const (
	maxBody = 128 << 20 // the largest answer that is read
	maxRows = 150_000   // the most resources in it; a row takes far more memory than its text
	small   = 1 << 20   // an answer below this is read at once
)

// large are the answers above small that are read at this moment, of all calendars: a few servers that answer without
// end must not take all memory.
var large = make(chan struct{}, 2)

// tooLarge is an answer of which no more is read.
func tooLarge(format string, args ...any) error {
	return &malformed{what: fmt.Sprintf(format, args...),
		hint: "this calendar holds too much to be read: move old events to another one, " +
			"or name another as calendar in the settings"}
}

// body reads an answer within those bounds. It must be closed.
type body struct {
	ctx  context.Context
	from io.Reader
	n    int64
	held bool
	err  error // why it could not be read to its end
}

func (b *body) Read(p []byte) (int, error) {
	if b.n > maxBody {
		b.err = tooLarge("it is longer than %d MiB", maxBody>>20)
		return 0, b.err
	}
	if b.n > small && !b.held {
		select {
		case large <- struct{}{}:
			b.held = true
		case <-b.ctx.Done():
			b.err = b.ctx.Err()
			return 0, b.err
		}
	}
	n, err := b.from.Read(p)
	b.n += int64(n)
	if err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *body) close() {
	if b.held {
		<-large
	}
}
