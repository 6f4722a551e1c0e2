package reconcile_test

import (
	"testing"

	"holdfast/internal/plan"
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
