package reconcile

import (
	"context"
	"fmt"
	"maps"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Failing is a change that was tried and failed, in several rounds in a row.
type Failing struct {
	Pair   series.Pair
	What   string // of the change, and of the versions that it is about: another change is tried anew
	Kind   string // of the error
	Cause  string // as Outage has it
	Text   string
	Hint   string
	Since  time.Time
	Rounds int
	Next   time.Time // when it is tried again by itself; zero: never
}

const (
	// triesInARow is in how many rounds a change is tried that fails in the same way.
	triesInARow = 3
	// firstPause and longestPause are for how long it is then left alone where time may heal it.
	firstPause   = 10 * time.Minute
	longestPause = 6 * time.Hour
)

// failing is what is remembered of a change that failed.
func (r *Reconciler) failing(ctx context.Context, g *given, c plan.Change, err error) Failing {
	id, kind := c.ID(), provider.KindOf(err)
	f := Failing{Pair: c.Pair, What: c.What(), Kind: kind.String(), Cause: provider.CauseOf(err), Text: err.Error(),
		Hint: provider.HintOf(err), Since: g.now}
	if kind == provider.Conflict {
		f.Text, f.Hint = "each time somebody else seems to have changed the event at the same moment",
			"look at the event, and at what else writes to that calendar"
	}
	if was, ok := g.mem.Standing.Failing[id]; ok && was.What == f.What && was.Kind == f.Kind {
		f.Since, f.Rounds = was.Since, was.Rounds
	}
	if f.Rounds++; f.tooOften() {
		if kind == provider.Transient {
			f.Next = g.now.Add(min(longestPause, firstPause<<min(f.Rounds-triesInARow, 10)))
		}
		if c.Allowed { // once
			if _, err := r.Journal.Disallow(ctx, id); err != nil {
				r.Log.Error().Err(err).Msg("cannot take back what was allowed")
			}
		}
	}
	return f
}

func (f Failing) tooOften() bool { return f.Rounds >= triesInARow }

func (f Failing) because() string {
	return fmt.Sprintf("it was tried in %d rounds: %s", f.Rounds, f.Text)
}

// stuck are the changes that are not tried now, by id.
func (g *given) stuck() map[string]plan.Stuck {
	out := map[string]plan.Stuck{}
	for id, f := range g.mem.Standing.Failing {
		if f.tooOften() && (f.Next.IsZero() || g.now.Before(f.Next)) {
			out[id] = plan.Stuck{What: f.What, Because: f.because()}
		}
	}
	return out
}

// failing are the changes that failed in this round, or were not tried because they failed before.
func (g *given) failing(p plan.Plan, undecided pairs, done applied) map[string]Failing {
	out, held := maps.Clone(done.fails), map[string]bool{}
	for _, h := range p.Held {
		held[h.ID()] = h.Stuck
	}
	for id, f := range g.mem.Standing.Failing {
		if _, now := out[id]; !now && (held[id] || undecided[f.Pair]) && !among(done.changes, id) {
			out[id] = f
		}
	}
	return out
}

// notDone are the outages of changes that do not work.
func notDone(failing map[string]Failing) map[Subject]Outage {
	out := map[Subject]Outage{}
	for id, f := range failing {
		if f.tooOften() {
			out[Subject{Matter: MatterChange, Name: id}] = Outage{Kind: f.Kind, Cause: f.Cause,
				Text: fmt.Sprintf("%s: %s", f.Pair, f.because()), Hint: f.Hint}
		}
	}
	return out
}
