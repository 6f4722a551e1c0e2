package reconcile

import (
	"maps"
	"slices"
	"strconv"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// allowed are the digests of what a person let through, by the id of the change.
func (g *given) allowed() map[string]string {
	out := map[string]string{}
	for id, a := range g.mem.Allowed {
		out[id] = a.Digest
	}
	return out
}

// settling reports whether the roster is too young to be obeyed where it ends or replaces what is booked.
func (g *given) settling() bool { return g.now.Sub(g.roster.Since) < g.settle }

// ends is a digest of all in the roster that may end or replace what is booked.
func ends(d Desired) string {
	want, byPair := d.Series, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) }
	if !slices.IsSortedFunc(want, byPair) {
		want = slices.SortedFunc(slices.Values(want), byPair)
	}
	var line []byte
	return series.DigestOf(func(yield func([]byte) bool) {
		for i := range want {
			s := &want[i]
			line = append(append(append(line[:0], s.Pair.Manager...), '/'), s.Pair.Report...)
			line = append(append(append(line, '|'), s.Line...), '|')
			line = append(strconv.AppendBool(line, s.Auto), '|')
			line = append(append(line, s.Slot.Duration.String()...), '|')
			if !yield(append(line, s.Manager.Calendar...)) {
				return
			}
		}
	})
}

// held is what brakes hold after this round. What it did not decide on stays as it was.
func (g *given) held(p plan.Plan, undecided pairs, applied []plan.Change) map[string]plan.Hold {
	out := p.Braked()
	for id, h := range g.mem.Standing.Held {
		if undecided[h.Pair] {
			out[id] = h
		}
	}
	maps.DeleteFunc(out, func(id string, h plan.Hold) bool { return h.Stuck || among(applied, id) })
	return out
}

// undecided are the pairs of which the plan says nothing.
func (g *given) undecided(judged []*series.View) pairs {
	out := pairs{}
	for _, v := range judged {
		out[v.Pair] = g.asked() || v.Stale && (v.Wanted || !v.OnlyCopyStale)
	}
	return out
}

// among reports whether the change is one of these.
func among(changes []plan.Change, id string) bool {
	return slices.ContainsFunc(changes, func(c plan.Change) bool { return c.ID() == id })
}
