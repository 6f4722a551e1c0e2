package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// looks compares what a round left in the journal, if that is of use now, with what comes of planning everything anew.
// It reports whether it was of use. What is said of flags at a moment is
// compared if that is now.
func (x *org) looks(j *journal, now bool) bool {
	x.Helper()
	r := x.with(j)
	left, err := r.Look(context.Background(), "")
	x.must(err)
	if left.Anew {
		return false
	}
	r.Sources = nil
	anew, err := r.Look(context.Background(), "")
	x.must(err)
	was, is := visible(left, now), visible(anew, now)
	for i, line := range was {
		if i >= len(is) || line != is[i] {
			x.Fatalf("at %v the last round left\n%s\nbut it is\n%s", x.now, line, strings.Join(is[min(i, len(is)):], ""))
		}
	}
	return true
}

// visible is what a person sees.
func visible(l reconcile.Look, now bool) []string {
	var out strings.Builder
	known := map[series.Pair]bool{}
	for _, s := range l.Statuses {
		known[s.Pair] = s.State != reconcile.Stale
		held, kept := s.Held, -1.0
		if s.Kept != nil {
			kept = *s.Kept
		}
		s.Held, s.Kept = nil, nil
		slices.SortFunc(held, func(a, b plan.Held) int { return strings.Compare(a.ID(), b.ID()) })
		fmt.Fprintf(&out, "%+v kept %v\n", s, kept)
		for _, h := range held {
			fmt.Fprintf(&out, "  held %s %s %q %d %v %v %v\n", h.ID(), h.Because, h.Why, h.Mails, h.Brake, h.Stuck, h.Waits)
		}
	}
	for _, f := range l.Flags {
		if !now {
			f.Moment = drift.Moment{}
		}
		if !known[f.Pair] {
			f.Dates, f.Why = nil, nil // what was said when it could be read is left
		}
		var times []string
		for _, t := range f.Makeups {
			times = append(times, t.Format(time.RFC3339))
		}
		fmt.Fprintf(&out, "  %s %s %s %v %q %v %v\n", f.Pair, f.Kind, f.State, f.Dates, f.Why, times, f.Makeups == nil)
	}
	return slices.Collect(strings.Lines(out.String()))
}
