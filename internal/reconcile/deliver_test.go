package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
)

// What cannot be written to the report's calendar is tried in three rounds, told, and left until somebody asks for it.
func TestUndelivered(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, j := x.holdfast()
	tried, refuse := 0, true
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Op != "deliver" {
			return memory.None
		}
		if tried++; refuse {
			return memory.Broken
		}
		return memory.None
	})
	const flag = "undelivered"
	for round := 1; round <= 5; round++ {
		x.now = x.now.Add(60e9)
		out, err := r.Once(context.Background())
		x.must(err)
		if want := min(round, 3); tried != want {
			x.Fatalf("tried %d times in %d rounds, want %d", tried, round, want)
		}
		if told := strings.Contains(flags(out), flag); told != (round >= 3) {
			x.Fatalf("round %d tells: %s", round, flags(out))
		}
		if failed := len(out.Failures) > 0; failed != (round <= 3) {
			x.Fatalf("round %d fails: %v", round, out.Failures)
		}
	}
	// Another process goes on where this one stopped, and a person's command tries once more.
	r = x.with(j)
	if out, err := r.Once(context.Background()); err != nil || tried != 3 || !strings.Contains(flags(out), flag) {
		x.Fatalf("after a restart tried %d times, %v: %s", tried, err, flags(out))
	}
	invite := plan.Ask{Pair: x.want[0].Pair, Invite: true}
	if out, err := r.Once(context.Background(), invite); err != nil || tried != 4 || len(out.Failures) != 1 {
		x.Fatalf("asked for it tried %d times, %v: %v", tried, err, out.Failures)
	}
	refuse = false
	out := x.once(r, invite)
	if tried != 5 || out.Delivered != 1 || strings.Contains(flags(out), flag) {
		x.Fatalf("asked for it again tried %d times, delivered %d: %s", tried, out.Delivered, flags(out))
	}
	x.quiet(r)
	if out, err := r.Once(context.Background(), invite); err != nil || len(out.Failures) != 1 || tried != 5 {
		x.Fatalf("what is there was delivered again: %v, %v", err, out.Failures)
	}
}

// A server that is out while an invitation is delivered is tried in every round, however many those are: time heals it,
// and nothing is flagged.
func TestDeliveredAfterAnOutage(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, _ := x.holdfast()
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Op == "deliver" {
			return memory.Down
		}
		return memory.None
	})
	for round := 1; round <= 5; round++ {
		if out := x.round(r); len(out.Failures) != 1 || flags(out) != "" {
			x.Fatalf("round %d: failures %v, flags %s", round, out.Failures, flags(out))
		}
	}
	x.world.SetFaults(nil)
	if out := x.once(r); out.Delivered != 1 {
		x.Fatalf("%s", said(out))
	}
	x.quiet(r)
}

// However often a pair's series changes, its copy is written 24 times in a day, and again on the next day.
func TestDeliveriesOfADay(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, _ := x.holdfast()
	delivered := x.once(r).Delivered
	e, h := x.live("mia/raj"), x.world.Hands("mia")
	for i := range 30 {
		x.must(h.Relocate(e.ID, time.Time{}, fmt.Sprint("Room ", i)))
		delivered += x.round(r).Delivered
	}
	if delivered != 24 {
		x.Fatalf("%d deliveries in a day", delivered)
	}
	x.now = x.now.AddDate(0, 0, 1)
	if out := x.once(r); out.Delivered != 1 || x.copied("mia/raj").Place != "Room 29" {
		x.Fatalf("on the next day %d deliveries, the copy is in %s", out.Delivered, x.copied("mia/raj").Place)
	}
}

// A series says that Holdfast delivers it where the manager's server would deliver it otherwise, and reaches nobody.
func TestWhoDelivers(t *testing.T) {
	for server, want := range map[string]bool{"delivers": true, "holdfast delivers": false} {
		for home, apart := range map[string]bool{"office": false, "other": true} {
			x := newOrg(t, servers[server])
			x.wish("mia/raj", tuesdays, nil)
			raj := x.people["raj"]
			raj.Calendar = home
			x.people["raj"] = raj
			r, _ := x.holdfast()
			if got := x.once(r).Views[0].Want.ClientDelivers; got != (want && apart) {
				t.Errorf("%s, raj's calendar is on %s: %v", server, home, got)
			}
		}
	}
}

// An empty calendar answers nothing and cancels nothing, whose of the two it is, and when it is back all is as before.
func TestACalendarIsEmptied(t *testing.T) {
	for _, person := range []string{"mia", "raj"} {
		t.Run(person, func(t *testing.T) {
			x := newOrg(t, servers["holdfast delivers"])
			x.wish("mia/raj", tuesdays, nil)
			r, _ := x.holdfast()
			x.once(r)
			series, copied := x.live("mia/raj"), x.copied("mia/raj")
			x.world.SetFaults(func(c memory.Call) memory.Fault {
				if c.Op == "observe" && c.Person == person {
					return memory.Vanished
				}
				return memory.None
			})
			for range 4 {
				x.now = x.now.Add(60e9)
				_, err := r.Once(context.Background())
				x.must(err)
			}
			x.world.SetFaults(nil)
			x.once(r)
			x.quiet(r)
			if x.live("mia/raj").Ref != series.Ref || x.copied("mia/raj").Ref != copied.Ref {
				x.Fatalf("series or copy were written")
			}
		})
	}
}
