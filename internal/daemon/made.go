package daemon

import (
	"slices"
	"sync"
	"time"

	"holdfast/internal/reconcile"
	"holdfast/internal/see"
)

// keptRounds is how many of the last rounds admins see.
const keptRounds = 30

// made are the last rounds of this process.
type made struct {
	mu     sync.Mutex
	rounds []see.RoundLine // oldest first
	broken string          // why the roster as it stands is not used, a problem a line
}

// add notes a round. Of those that came to nothing in a row, and that nobody asked for, the last one stands for all.
func (m *made) add(r reconcile.Round, reason string, took time.Duration, err error) {
	line := see.RoundLine{At: r.At, Took: took, Reason: reason}
	if err != nil {
		line.Err = err.Error()
	} else {
		line = see.RoundLine{
			At:     r.At,
			Took:   took,
			Reason: reason,
			Pairs:  len(r.Views),
			Judged: r.Judged,
			Writes: len(r.Applied) + r.Delivered,
			Mails:  r.Mails,
			Held:   len(r.Plan.Held),
			Opened: len(r.Edges.Opened),
			Closed: len(r.Edges.Closed),
			Failed: len(r.Failures),
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.broken = ""
		if r.Problems != nil {
			m.broken = r.Problems.Error()
		}
	}
	if n := len(m.rounds); n > 0 && idle(m.rounds[n-1]) && idle(line) {
		m.rounds[n-1] = line
		return
	}
	if m.rounds = append(m.rounds, line); len(m.rounds) > keptRounds {
		m.rounds = slices.Delete(m.rounds, 0, 1)
	}
}

// idle reports whether nothing came of a round that came by the clock.
func idle(l see.RoundLine) bool {
	return l.Reason == "poll" && l.Err == "" && l.Writes+l.Mails+l.Opened+l.Closed == 0
}

// lines are the rounds, newest first.
func (m *made) lines() []see.RoundLine {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.rounds)
	slices.Reverse(out)
	return out
}

func (m *made) problems() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}
