package cli

import (
	"fmt"
	"strings"
	"time"
)

// slow is how long work may take before a bar is shown.
const slow = 2 * time.Second

// progress shows a bar on a terminal for work that takes long; nil where there is no terminal.
func (a *app) progress() func(what string, done, of int) {
	if !a.ErrTTY || a.output == "json" {
		return nil
	}
	start := a.Clock()
	shown := false
	return func(what string, done, of int) {
		if of == 0 || !shown && a.Clock().Sub(start) < slow {
			return
		}
		const width = 30
		full := done * width / of
		fmt.Fprintf(a.Err, "\r%-18s [%s%s] %d/%d ", what, strings.Repeat("#", full), strings.Repeat(".", width-full), done, of)
		shown = true
		if done == of {
			fmt.Fprint(a.Err, "\r\x1b[K")
			shown = false
		}
	}
}
