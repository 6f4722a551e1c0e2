package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// slow is how long work may take before a bar is shown.
const slow = 2 * time.Second

// bar shows on a terminal how far long work is. A nil bar shows nothing.
type bar struct {
	mu       sync.Mutex
	to       io.Writer // nil: stopped
	what     string
	done, of int
	late     bool // the work takes long
	timer    *time.Timer
}

// progress begins a bar where there is a terminal to show it; until stop it watches the work.
func (a *app) progress() {
	if a.ErrWidth == 0 || a.verbose {
		return
	}
	b := &bar{to: a.Err}
	b.timer = time.AfterFunc(slow, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.late = true
		b.draw()
	})
	a.bar = b
}

// set tells how much of what is done.
func (b *bar) set(what string, done, of int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what, b.done, b.of = what, done, of
	b.draw()
}

func (b *bar) draw() {
	if b.to == nil || !b.late {
		return
	}
	if b.of == 0 {
		fmt.Fprint(b.to, "\r\x1b[Kreading calendars ...")
		return
	}
	const width = 30
	full := b.done * width / b.of
	fmt.Fprintf(b.to, "\r\x1b[K%s [%s%s] %d of %d", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), b.done, b.of)
}

// stop takes the bar away.
func (b *bar) stop() {
	if b == nil {
		return
	}
	b.timer.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.to != nil && b.late {
		fmt.Fprint(b.to, "\r\x1b[K")
	}
	b.to = nil
}
