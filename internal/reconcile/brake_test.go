package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// A roster that lacks a pair for some seconds ends nothing and closes no flag; one that lacks it for a minute ends it.
func TestHalfSavedRoster(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		r.Settle = time.Minute
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.now = x.now.Add(time.Hour)
		x.once(r)
		saved := x.want
		x.wish("mia/raj", "none", nil)
		for range 2 {
			x.now = x.now.Add(20 * time.Second)
			got := x.quiet(r)
			if len(got.Plan.Held) == 0 || !got.Plan.Held[0].Waits || got.Settles.Before(x.now) ||
				flags(got) != "mia/raj moved 2026-12-08" {
				x.Fatalf("flags %q, until %s\n%s", flags(got), got.Settles, said(got))
			}
		}
		gone := x.want
		x.want, x.now = saved, x.now.Add(10*time.Second)
		if got := x.quiet(r); flags(got) != "mia/raj moved 2026-12-08" || !got.Settles.IsZero() {
			x.Fatalf("flags %q\n%s", flags(got), said(got))
		}
		x.want, x.now = gone, x.now.Add(time.Hour)
		x.quiet(r)
		x.now = x.now.Add(59 * time.Second)
		x.quiet(r)
		x.now = x.now.Add(time.Second)
		if got := x.once(r); len(got.Applied) != 1 || got.Applied[0].Action != plan.End {
			x.Fatalf("%s", said(got))
		}
		x.quiet(r)
	})
}

// The count is kept over rounds, daemons on one journal and commands, and what is held stays so until it is allowed;
// what one allowed and did not do yet can be taken back.
func TestBrakesOverRounds(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.policy.MaxCreations = plan.Limit{Count: 2}
	r, j := x.holdfast()
	for i, p := range []string{"mia/raj", "mia/lee", "mia/ana", "lee/ana"} {
		x.wish(p, fmt.Sprintf("Tue %02d:00 30m0s 1w Europe/Berlin", 9+i), nil)
		x.now = x.now.Add(time.Minute)
		if got := x.once(r); len(got.Applied) > 1 || (i < 2) != (len(got.Applied) == 1) {
			x.Fatalf("%s", said(got))
		}
	}
	again := x.with(j)
	for range 3 {
		x.now = x.now.Add(2 * time.Hour)
		got := x.once(again)
		if len(got.Applied) > 0 || len(got.Plan.Held) != 2 || !strings.Contains(got.Plan.Held[0].Because,
			"creations within an hour, the limit is 2") {
			x.Fatalf("%s", said(got))
		}
		st := got.Statuses(nil)
		if st[0].State != reconcile.Held {
			x.Fatalf("state %s", st[0].State)
		}
	}
	j.allow(x.now.Add(24 * time.Hour))
	clear(j.allowed)
	x.once(again)
	j.allow(x.now.Add(24 * time.Hour))
	if got := x.once(again); len(got.Applied) != 2 || len(j.allowed) > 0 {
		x.Fatalf("%s\nallowed %v", said(got), j.allowed)
	}
	x.wish("lee/raj", "Fri 09:00 30m0s 1w Europe/Berlin", nil)
	if got := x.once(again); len(got.Applied) != 1 { // those that were allowed do not count
		x.Fatalf("%s", said(got))
	}
	x.quiet(again)
}

// A pair whose calendar cannot be read for a while is held as before when it can be read again, and so is one that a
// command for another pair passed by.
func TestHeldThroughAnOutage(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	for i, p := range []string{"mia/raj", "mia/lee", "lee/ana", "ana/raj"} {
		x.wish(p, fmt.Sprintf("Tue %02d:00 30m0s 1w Europe/Berlin", 9+i), nil)
	}
	r, j := x.holdfast()
	x.once(r)
	x.wish("mia/raj", "none", nil)
	x.wish("mia/lee", "none", nil)
	x.now = x.now.Add(time.Hour)
	if got := x.once(r); len(got.Plan.Held) != 2 {
		x.Fatalf("%s", said(got))
	}
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "mia" {
			return memory.Down
		}
		return memory.None
	})
	if _, err := r.Once(context.Background()); err != nil {
		x.Fatalf("%v", err)
	}
	x.world.SetFaults(nil)
	x.once(r, plan.Ask{Pair: series.Pair{Manager: "ana", Report: "raj"}})
	if len(j.standing.Held) != 2 {
		x.Fatalf("held %v", j.standing.Held)
	}
	x.wish("mia/lee", "Tue 10:00 30m0s 1w Europe/Berlin", nil)
	x.now = x.now.Add(2 * time.Hour)
	if got := x.once(r); len(got.Applied) > 0 || len(got.Plan.Held) != 1 {
		x.Fatalf("%s", said(got))
	}
}

// What a person's command did is not held any more, in the journal neither, while what else is held stays.
func TestHeldAndAsked(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.policy.MaxCreations = plan.Limit{}
	r, j := x.holdfast()
	x.wish("mia/raj", tuesdays, nil)
	x.wish("mia/lee", "Wed 10:00 30m0s 1w Europe/Berlin", nil)
	if got := x.once(r); len(j.standing.Held) != 2 {
		x.Fatalf("held %v\n%s", j.standing.Held, said(got))
	}
	asked := series.Pair{Manager: "mia", Report: "raj"}
	got := x.once(r, plan.Ask{Pair: asked})
	if len(got.Applied) != 1 || len(j.standing.Held) != 1 {
		x.Fatalf("held %v\n%s", j.standing.Held, said(got))
	}
	for _, h := range j.standing.Held {
		if h.Pair == asked {
			x.Fatalf("%s was booked and is held", asked)
		}
	}
}
