package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"holdfast/internal/outage"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/yamlpos"
)

// outages are those of the daemon itself: its rounds, its roster, its queue.
type outages struct {
	mu    sync.Mutex
	where map[string]*outage.Log
}

// trouble takes how that part of the daemon fares, nil for well, and writes into the log that it is out, is so for
// another cause, or is well again.
func (a *App) trouble(where string, err error) {
	a.out.mu.Lock()
	defer a.out.mu.Unlock()
	if a.out.where == nil {
		a.out.where = map[string]*outage.Log{}
	}
	if a.out.where[where] == nil {
		a.out.where[where] = &outage.Log{}
	}
	standing := outage.Standing{}
	if err != nil {
		standing[outage.Cause{Where: where, Text: causeOf(err)}] = []string{where}
	}
	log := a.o.Log
	if hint := provider.HintOf(err); hint != "" {
		log = log.With().Str("hint", hint).Logger()
	}
	for _, line := range a.out.where[where].See(a.o.Clock(), standing) {
		reconcile.LogOutage(log, line)
	}
}

// causeOf is why, in words for the log. Of a roster that is where its first problem is: the text of one may name
// addresses.
func causeOf(err error) string {
	var ps yamlpos.Problems
	if !errors.As(err, &ps) || len(ps) == 0 {
		return provider.CauseOf(err)
	}
	return "problems, the first at " + yamlpos.Pos{File: ps[0].File, Line: ps[0].Line, Column: ps[0].Column}.String() +
		": `holdfast check` lists them, the last good one stays"
}

// queueLog takes what the queue says of its own troubles, which it would repeat several times a second.
type queueLog struct{ trouble func(error) }

// Enabled is slog.Handler's.
func (queueLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle is slog.Handler's.
func (q queueLog) Handle(_ context.Context, r slog.Record) error {
	err := errors.New(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if cause, ok := a.Value.Any().(error); ok {
			err = fmt.Errorf("%s: %w", r.Message, cause)
		} else if strings.HasPrefix(a.Key, "err") {
			err = fmt.Errorf("%s: %s", r.Message, a.Value)
		}
		return true
	})
	q.trouble(err)
	return nil
}

// WithAttrs is slog.Handler's.
func (q queueLog) WithAttrs([]slog.Attr) slog.Handler { return q }

// WithGroup is slog.Handler's.
func (q queueLog) WithGroup(string) slog.Handler { return q }
