package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// twenty is an org of twenty pairs, five of each manager, that are booked; every manager is a report of m0.
func twenty(t *testing.T) (*org, *reconcile.Reconciler, *journal) {
	x := newOrg(t, servers["delivers"])
	x.policy.MaxCreations = plan.Limit{Percent: 100}
	add := func(manager, report, at string) {
		for _, id := range []string{manager, report} {
			if _, in := x.people[id]; !in {
				x.hire(series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: x.world.Home(id), Zone: berlin})
			}
		}
		x.wish(manager+"/"+report, at+":00 30m0s 1w "+berlin, func(s *series.Series) { s.Place = "" })
	}
	for i := range 17 {
		add(fmt.Sprintf("m%d", i%4), fmt.Sprintf("r%d", i), fmt.Sprintf("Tue %d", 9+i/4))
	}
	for i := 1; i < 4; i++ {
		add("m0", fmt.Sprintf("m%d", i), fmt.Sprintf("Thu %d", 9+i))
	}
	r, j := x.holdfast()
	if out := x.once(r); len(out.Applied) != 20 {
		t.Fatalf("%d booked", len(out.Applied))
	}
	x.quiet(r)
	return x, r, j
}

// asked are the people whose calendars do asks, in order.
func (x *org) asked(do func()) string {
	who := map[string]bool{}
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		who[c.Person] = true
		return memory.None
	})
	defer x.world.SetFaults(nil)
	do()
	return strings.Join(slices.Sorted(maps.Keys(who)), " ")
}

// What somebody asks for of one pair is done with the calendars of the two, in a daemon and in a process that has only
// the journal; a pair of which nothing is known, and that shares a person with it, is looked at as well.
func TestAskReadsTwoCalendars(t *testing.T) {
	x, daemon, j := twenty(t)
	p := series.Pair{Manager: "m1", Report: "r5"}
	ctx := context.Background()
	for what, r := range map[string]*reconcile.Reconciler{"the daemon": daemon, "a command": x.with(j)} {
		e := x.live("m1/r5")
		x.must(x.world.Hands("m1").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-08").AddDate(0, 0, 1)))
		ask := plan.Ask{Pair: p, Occurrence: series.Date{Year: 2026, Month: 12, Day: 8}}
		if got := x.asked(func() {
			if out, err := r.Preview(ctx, ask); err != nil || len(out.Plan.Changes) != 1 {
				t.Fatalf("%s would make %+v, %v", what, out.Plan.Changes, err)
			}
		}); got != "m1 r5" {
			t.Errorf("%s previews with %s", what, got)
		}
		if got := x.asked(func() {
			if out := x.once(r, ask); len(out.Applied) != 1 {
				t.Fatalf("%s made %s", what, said(out))
			}
		}); got != "m1 r5" {
			t.Errorf("%s asks %s", what, got)
		}
		if out := x.quiet(r); len(out.Open) > 0 {
			t.Errorf("after %s: %s", what, flags(out))
		}
	}
	delete(j.snaps, "m0")
	delete(j.snaps, "m3")
	if got := x.asked(func() { x.once(x.with(j), plan.Ask{Pair: p}) }); got != "m0 m1 r5" {
		t.Errorf("where m0 and m3 are not known: %s", got)
	}
}

// What is known of others is known as long as nothing else is: an outage of a calendar that is not read goes on.
func TestAskLeavesOutages(t *testing.T) {
	x, r, j := twenty(t)
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "r6" {
			return memory.Refused
		}
		return memory.None
	})
	_, err := r.Once(context.Background())
	x.must(err)
	x.world.SetFaults(nil)
	since := x.now
	x.now = x.now.Add(time.Minute)
	for _, r := range []*reconcile.Reconciler{r, x.with(j)} {
		if got := x.asked(func() { x.once(r, plan.Ask{Pair: series.Pair{Manager: "m1", Report: "r5"}}) }); got != "m1 r5" {
			t.Errorf("asked %s", got)
		}
		if o, out := j.outages[reconcile.CalendarOf("r6")]; !out || !o.Since.Equal(since) {
			t.Errorf("the outage: %+v", j.outages)
		}
	}
	if x.once(r); len(j.outages) > 0 {
		t.Errorf("after a round: %+v", j.outages)
	}
}

// A pair with a calendar that cannot be read is left alone, whoever asks.
func TestAskOfUnreadable(t *testing.T) {
	x, r, _ := twenty(t)
	e := x.live("m1/r5")
	x.must(x.world.Hands("m1").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-08").AddDate(0, 0, 1)))
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "m1" {
			return memory.Down
		}
		return memory.None
	})
	out, err := r.Once(context.Background(), plan.Ask{Pair: e.Mark.Pair})
	x.must(err)
	if len(out.Applied) > 0 || len(out.Failures) != 1 {
		t.Errorf("%s\n%v", said(out), out.Failures)
	}
}

// What may not be done is not done, and the round after it is no larger than one that follows what somebody asked for.
func TestOnceIf(t *testing.T) {
	x, r, j := twenty(t)
	r.Full = 0
	x.once(r)
	e := x.live("m1/r5")
	x.must(x.world.Hands("m1").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-08").AddDate(0, 0, 1)))
	ask, no := plan.Ask{Pair: e.Mark.Pair, Occurrence: series.Date{Year: 2026, Month: 12, Day: 8}}, errors.New("no")
	before, commits := x.world.Counts(), len(j.edges)
	var open []drift.Flag
	out, err := r.OnceIf(context.Background(), func(f []drift.Flag) error { open = f; return no }, ask)
	if err != no || len(out.Applied) > 0 || x.world.Counts() != before || len(j.edges) != commits {
		t.Errorf("%v, %s", err, said(out))
	}
	if len(open) != 1 || open[0].Kind != drift.Moved {
		t.Errorf("open: %+v", open)
	}
	if out := x.once(r); out.Judged > 6 || flags(out) != "m1/r5 moved 2026-12-08" {
		t.Errorf("%d judged; %s", out.Judged, flags(out))
	}
	out, err = r.OnceIf(context.Background(), func([]drift.Flag) error { return nil }, ask)
	if x.must(err); len(out.Applied) != 1 {
		t.Errorf("made %s", said(out))
	}
	if out := x.once(r); out.Judged > 6 || flags(out) != "" {
		t.Errorf("%d judged; %s", out.Judged, flags(out))
	}
}

// A round names the pairs of which people see something else by it, and no others.
func TestChanged(t *testing.T) {
	x, r, _ := twenty(t)
	r.Full = 0
	e := x.live("m1/r5")
	expect := func(what, want string, asks ...plan.Ask) {
		t.Helper()
		x.now = x.now.Add(time.Second)
		if got := fmt.Sprint(x.once(r, asks...).Changed); got != want {
			t.Errorf("%s: %s, not %s", what, got, want)
		}
	}
	ask := plan.Ask{Pair: e.Mark.Pair, Occurrence: series.Date{Year: 2026, Month: 12, Day: 8}}
	for range 2 { // the first after many writes says what is held of all of them
		x.once(r)
	}
	expect("nothing happened", "[]")
	x.must(x.world.Hands("m1").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-08").AddDate(0, 0, 1)))
	expect("a meeting was moved", "[m1/r5]")
	expect("that was all", "[]")
	expect("it is put back", "[m1/r5]", ask)
	expect("nothing more", "[]")
	x.wish("m2/r6", "none", nil)
	expect("one is to end", "[m2/r6]")
}

// What an ask sees in a report's calendar of another pair waits until that pair's manager's is read: the copy may only
// have followed.
func TestAskOfAnotherPair(t *testing.T) {
	each(t, func(x *org) {
		for _, p := range pairs {
			x.wish(p, tuesdays, func(s *series.Series) {
				s.Place, s.Slot.At = "", s.Slot.At+series.TimeOfDay(60*slices.Index(pairs, p))
			})
		}
		r, _ := x.holdfast()
		x.once(r)
		x.once(r)
		e := x.live("mia/lee")
		x.now = x.now.Add(time.Minute)
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-08").AddDate(0, 0, 1)))
		ask := plan.Ask{Pair: series.Pair{Manager: "lee", Report: "ana"}}
		for range 2 {
			var got string
			if who := x.asked(func() { got = flags(x.once(r, ask)) }); who != "ana lee" || got != "" {
				x.Fatalf("asked %s: flags %s", who, got)
			}
		}
		if got := flags(x.reads(r, "lee")); strings.Contains(got, "copy-differs") {
			x.Fatalf("flags %s", got)
		}
		if got := flags(x.once(r)); got != "mia/lee moved 2026-12-08" {
			x.Fatalf("flags %s", got)
		}
	})
}
