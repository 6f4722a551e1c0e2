package reconcile_test

import (
	"context"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/series"
)

// What is removed in the round that books its successor has used up its generation: the successor has another id, and stays.
func TestRemovedAndReplaced(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	for _, p := range []string{"mia/raj", "mia/lee", "lee/ana"} {
		x.wish(p, tuesdays, nil)
	}
	r, _ := x.holdfast()
	x.once(r)
	x.quiet(r)
	ends := func(s *series.Series) { s.Place, s.Link, s.Ends = "", "", series.Date{Year: 2026, Month: 12, Day: 29} }
	x.wish("mia/lee", tuesdays, ends)
	p, _ := series.ParsePair("mia/raj")
	q, _ := series.ParsePair("mia/lee")
	x.once(r, plan.Ask{Pair: p, Occurrence: series.Date{Year: 2026, Month: 11, Day: 30}})
	x.once(r)
	x.wish("mia/lee", "Fri 09:00 30m0s 2w Asia/Kolkata", nil)
	x.once(r, plan.Ask{Pair: q, Occurrence: series.Date{Year: 2026, Month: 12, Day: 19}})
	x.wish("mia/lee", "Fri 09:00 30m0s 2w Asia/Kolkata", ends)
	x.once(r, plan.Ask{Pair: p})
	x.once(r)
	x.quiet(r)
}

// A replacement whose last step failed, and whose pair the roster ends before it is done: what a person changed
// meanwhile is carried over first, and the end is written to what that left.
func TestHalfReplacedAndEnded(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.wish("mia/raj", "Wed 11:00 1h0m0s 1w Europe/Berlin", nil)
		x.once(r)
		old := x.live("mia/raj")
		x.wish("mia/raj", "Thu 14:00 1h0m0s 1w Europe/Berlin", nil)
		x.afterOneWrite("mia", memory.Down)
		got, err := r.Once(context.Background())
		x.must(err)
		x.world.SetFaults(nil)
		if len(got.Failures) == 0 {
			x.Fatalf("nothing failed\n%s", said(got))
		}
		slot, err := series.ParseSlotLine("Wed 11:00 1h0m0s 4w Europe/Berlin")
		x.must(err)
		x.must(x.world.Hands("mia").MoveAll(old.ID, slot, slot.InWeek(old.First())))
		x.now = x.now.AddDate(0, 0, 5)
		x.wish("mia/raj", "Thu 14:00 1h0m0s 1w Europe/Berlin", func(s *series.Series) {
			s.Ends = series.Date{Year: 2026, Month: time.November, Day: 29}
		})
		x.once(r, plan.Ask{Pair: old.Mark.Pair, Accept: true})
		x.once(r)
		x.quiet(r)
	})
}
