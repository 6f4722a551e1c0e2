package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// allowed are the digests of what a person let through, by the id of the change.
func (x *round) allowed() map[string]string {
	out := map[string]string{}
	for id, a := range x.mem.Allowed {
		out[id] = a.Digest
	}
	return out
}

// settling reports whether the roster is too young to be obeyed where it ends or replaces what is booked.
func (x *round) settling() bool { return x.now.Sub(x.roster.Since) < x.Settle }

// ends is a digest of all in the roster that may end or replace what is booked.
func ends(d Desired) string {
	want := slices.Clone(d.Series)
	slices.SortFunc(want, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) })
	var text strings.Builder
	for i := range want {
		s := &want[i]
		fmt.Fprintf(&text, "%s|%s|%v|%s|%s\n", s.Pair, s.Line, s.Auto, s.Slot.Duration, s.Manager.Calendar)
	}
	return series.Digest(text.String())
}

// held is what brakes hold after this round. What it did not decide on stays as it was.
func (x *round) held() map[string]plan.Hold {
	out := x.out.Plan.Braked()
	undecided := x.undecided()
	for id, h := range x.mem.Standing.Held {
		if undecided[h.Pair] {
			out[id] = h
		}
	}
	maps.DeleteFunc(out, func(id string, h plan.Hold) bool { return h.Stuck || x.succeeded(id) })
	return out
}

// undecided are the pairs of which the plan says nothing.
func (x *round) undecided() map[series.Pair]bool {
	out := map[series.Pair]bool{}
	for _, v := range x.judged() {
		out[v.Pair] = x.asked || v.Stale && (v.Wanted || !v.OnlyCopyStale)
	}
	return out
}
