package reconcile_test

import (
	"context"
	"testing"

	"holdfast/internal/provider/memory"
	"holdfast/internal/series"
)

// A calendar that shows nothing is an alarm in every round, and nothing is written, until a person says that it is
// empty; that is used up by the round that reads it.
func TestCalendarThatShowsNothing(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, j := x.holdfast()
	x.round(r)
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "mia" {
			return memory.Vanished
		}
		return memory.None
	})
	before := x.world.Counts()
	for range 3 {
		got := x.round(r)
		if got.Breaks["emptied mia"].Hint == "" || len(got.Applied) > 0 || x.world.Counts() != before {
			x.Fatalf("%v\n%s", got.Breaks, said(got))
		}
	}
	x.must(j.ConfirmEmpty(context.Background(), "mia"))
	x.round(r)
	if len(j.certain) > 0 {
		x.Fatalf("not used up")
	}
}

// The account is under another address than the roster's: it is the person's all the same, and that is told once.
func TestOtherAddress(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	b := &between{lists: func(s series.Snapshot) series.Snapshot {
		s.Owner = []string{"mia.chen@example.com"}
		return s
	}}
	r, _ := x.through(b)
	x.round(r)
	got := x.round(r)
	if got.Breaks["address mia"].Hint == "" || len(got.Alarms) != 1 ||
		!got.Views[0].Want.Manager.Is("mia.chen@example.com") {
		x.Fatalf("%v, alarms %v", got.Breaks, got.Alarms)
	}
	if got := x.round(r); len(got.Alarms) > 0 || len(got.Applied) > 0 {
		x.Fatalf("alarms %v\n%s", got.Alarms, said(got))
	}
}
