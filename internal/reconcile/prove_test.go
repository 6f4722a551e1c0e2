package reconcile_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// between stands between Holdfast and a calendar.
type between struct {
	provider.Calendar
	// update is done in place of an update, where it is given.
	update func() error
	// ends is done in place of an end.
	ends func() error
	// lists is what is listed in place of what is there.
	lists func(series.Snapshot) series.Snapshot
	// gone has it answer direct readings as if nothing were there.
	gone  bool
	tries *int
}

func (b between) Read(ctx context.Context, id string, in provider.Interest) (series.Event, error) {
	if b.gone {
		return series.Event{}, &provider.Error{Kind: provider.NotFound, Op: "read", Err: errors.New("404")}
	}
	return b.Calendar.Read(ctx, id, in)
}

func (b between) Update(ctx context.Context, ref series.Ref, p series.Patch) (series.Ref, error) {
	if b.update == nil {
		return b.Calendar.Update(ctx, ref, p)
	}
	*b.tries++
	return ref, b.update()
}

func (b between) End(ctx context.Context, ref series.Ref, last series.Date) (series.Ref, error) {
	if b.ends == nil {
		return b.Calendar.End(ctx, ref, last)
	}
	*b.tries++
	return ref, b.ends()
}

func (b between) Observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	s, err := b.Calendar.Observe(ctx, last, in)
	if b.lists != nil && err == nil {
		s = series.Pack(b.lists(s.Snapshot()))
	}
	return s, err
}

// through is a daemon whose way to mia's calendar is that one.
func (x *org) through(b *between) (*reconcile.Reconciler, *journal) {
	j := newJournal(x.clock)
	b.tries = new(int)
	open := calendars(x)
	return reconcile.New(reconcile.Options{Org: "acme", Roster: x.desired, Journal: j, Policy: x.policy, Clock: x.clock,
		Log: alarmed, Full: 1, Part: 2,
		Open: func(p series.Person) (provider.Calendar, error) {
			cal, err := open(p)
			if err != nil || p.ID != "mia" {
				return cal, err
			}
			b.Calendar = cal
			return *b, nil
		}}), j
}

// round makes one that may fail, a minute later.
func (x *org) round(r *reconcile.Reconciler, asks ...plan.Ask) reconcile.Round {
	x.Helper()
	x.now = x.now.Add(time.Minute)
	out, err := r.Once(context.Background(), asks...)
	x.must(err)
	return out
}

func stateOf(r reconcile.Round) reconcile.State { return r.Statuses(nil)[0].State }

// A write that the server takes and a reading does not show has failed at once, and so does one that conflicts, or is
// refused, every time: after three rounds it is an alarm, the pair's state says so, and nobody tries again until
// something changes or a person wants it.
func TestWritesThatDoNotWork(t *testing.T) {
	for name, update := range map[string]func() error{
		"taken and not done": func() error { return nil },
		"refused": func() error {
			return &provider.Error{Kind: provider.Permanent, Op: "update",
				Err: errors.New("422")}
		},
		"a conflict again and again": func() error {
			return &provider.Error{Kind: provider.Conflict, Op: "update",
				Err: errors.New("412")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newOrg(t, servers["delivers"])
			x.wish("mia/raj", tuesdays, nil)
			b := &between{}
			r, j := x.through(b)
			x.round(r)
			b.update = update
			birch := func(s *series.Series) { s.Place = "Room Birch" }
			x.wish("mia/raj", tuesdays, birch)
			for round := 1; round <= 5; round++ {
				got := x.round(r)
				if len(got.Applied) > 0 || got.Mails > 0 || *b.tries != min(round, 3) {
					x.Fatalf("round %d: %d tries\n%s", round, *b.tries, said(got))
				}
				if shown := provider.KindOf(update()) == provider.Conflict && update() != nil; !shown &&
					(len(got.Failures) > 0) != (round <= 3) {
					x.Fatalf("round %d: failures %v", round, got.Failures)
				}
				if alarms := len(got.Alarms); (alarms == 1) != (round == 3) || len(got.Outages) > 0 != (round >= 3) {
					x.Fatalf("round %d: alarms %v, %v", round, got.Alarms, got.Outages)
				}
				if held := stateOf(got) == reconcile.Held; held != (round > 3) {
					x.Fatalf("round %d: state %s", round, stateOf(got))
				}
			}
			for _, h := range x.round(r).Plan.Held {
				j.allowed[h.ID()] = reconcile.Allowance{Digest: h.Digest(), Until: x.now.Add(time.Hour)}
			}
			x.round(r)
			x.round(r)
			if *b.tries != 4 {
				x.Fatalf("%d tries after it was allowed", *b.tries)
			}
			x.must(x.world.Hands("mia").Retitle(x.live("mia/raj").ID, time.Time{}, "Chat"))
			x.round(r)
			if *b.tries != 5 {
				x.Fatalf("%d tries after the event had changed", *b.tries)
			}
			b.update = nil
			for range 3 {
				x.round(r)
			}
			if got := x.round(r, plan.Ask{Pair: series.Pair{Manager: "mia", Report: "raj"}}); len(got.Outages) > 0 ||
				x.live("mia/raj").Place != "Room Birch" {
				x.Fatalf("%s\n%v", said(got), got.Outages)
			}
			x.quiet(r)
		})
	}
}

// What fails for another reason than before has its three rounds from then on.
func TestFailsForAnotherReason(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	kind := provider.Transient
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	b.update = func() error { return &provider.Error{Kind: kind, Op: "update", Err: errors.New("no")} }
	x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
	for round := 1; round <= 5; round++ {
		if round == 3 {
			kind = provider.Permanent
		}
		if got := x.round(r); (len(got.Alarms) > 0) != (round == 5) {
			x.Fatalf("round %d: alarms %v", round, got.Alarms)
		}
	}
}

// What does not work is not forgotten by a round that does not look at it: a command for another pair, or an outage.
func TestFailingThroughOtherRounds(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	x.wish("mia/lee", "Wed 10:00 30m0s 1w Europe/Berlin", nil)
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	b.update = func() error { return &provider.Error{Kind: provider.Permanent, Op: "update", Err: errors.New("422")} }
	x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
	for range 2 {
		x.round(r)
	}
	for range 2 { // before it is an alarm, and after
		x.round(r, plan.Ask{Pair: series.Pair{Manager: "mia", Report: "lee"}})
		x.world.SetFaults(func(c memory.Call) memory.Fault {
			if c.Person == "mia" {
				return memory.Down
			}
			return memory.None
		})
		x.round(r)
		x.world.SetFaults(nil)
		if x.round(r); *b.tries != 3 {
			x.Fatalf("%d tries", *b.tries)
		}
	}
}

// An old series that cannot be ended is an alarm; where time may heal it it is tried again, ever more seldom.
func TestEndThatDoesNotWork(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	x.wish("mia/lee", "Wed 10:00 30m0s 1w Europe/Berlin", nil)
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	b.ends = func() error { return &provider.Error{Kind: provider.Transient, Op: "end", Err: errors.New("500")} }
	x.wish("mia/raj", "Tue 15:00 1h0m0s 1w Europe/Berlin", nil)
	for round := range 60 {
		got := x.round(r)
		raj := got.Statuses(nil)[1]
		if raj.Pair.Report != "raj" || raj.State != reconcile.Held || (len(got.Outages) == 1) != (round >= 2) {
			x.Fatalf("round %d: %s is %s, %v", round, raj.Pair, raj.State, got.Outages)
		}
	}
	if *b.tries < 4 || *b.tries > 6 {
		x.Fatalf("%d tries in an hour", *b.tries)
	}
	b.ends = nil
	x.now = x.now.Add(7 * time.Hour)
	x.round(r)
	x.round(r)
	x.live("mia/raj")
}

// A listing that still shows what was there before a write is behind: nothing is told, flagged or written twice, and
// in the third round that is an alarm. What a person put back since then is not behind.
func TestListingBehind(t *testing.T) {
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			x := newOrg(t, server)
			x.wish("mia/raj", tuesdays, nil)
			b := &between{}
			r, _ := x.through(b)
			x.round(r)
			x.round(r)
			old := x.live("mia/raj")
			b.lists = func(s series.Snapshot) series.Snapshot {
				s.Series = slices.Clone(s.Series)
				for i := range s.Series {
					if s.Series[i].ID == old.ID {
						s.Series[i] = old
					}
				}
				return s
			}
			x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
			if got := x.round(r); len(got.Applied) != 1 || len(got.Failures) > 0 || flags(got) != "" {
				x.Fatalf("flags %q, failures %v\n%s", flags(got), got.Failures, said(got))
			}
			before := x.world.Counts()
			for round := 2; round <= 4; round++ {
				got := x.round(r)
				if len(got.Applied) > 0 || flags(got) != "" || len(got.Failures) > 0 || x.world.Counts() != before {
					x.Fatalf("round %d: flags %q, failures %v\n%s", round, flags(got), got.Failures, said(got))
				}
				if (len(got.Alarms) == 1) != (round == 3) || (stateOf(got) == reconcile.OnSlot) != (round < 3) {
					x.Fatalf("round %d: alarms %v, state %s", round, got.Alarms, stateOf(got))
				}
			}
			b.lists = nil
			if got := x.round(r); len(got.Outages) > 0 || stateOf(got) != reconcile.OnSlot {
				x.Fatalf("state %s, %v", stateOf(got), got.Outages)
			}
			x.must(x.world.Hands("mia").Relocate(old.ID, time.Time{}, old.Place))
			if got := x.round(r); !strings.Contains(flags(got), "place-changed") {
				x.Fatalf("a person put the place back, flags %q", flags(got))
			}
		})
	}
}

// A series that was written to, and is not there when it is read, was not written to: that it is gone proves an end
// only.
func TestWrittenAndGone(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	b.gone = true
	x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
	if got := x.round(r); len(got.Applied) > 0 || len(got.Failures) != 1 {
		x.Fatalf("failures %v\n%s", got.Failures, said(got))
	}
}

// A listing that shows what never was there before the write is not behind, though a direct reading shows it otherwise.
func TestListedOtherwise(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	b.lists = func(s series.Snapshot) series.Snapshot {
		if s.Series[0].Place == "Room Birch" {
			s.Series = slices.Clone(s.Series)
			s.Series = slices.Clone(s.Series)
			s.Series[0].Title, s.Series[0].Version = "Chat", "theirs"
		}
		return s
	}
	x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
	for round := 1; round <= 5; round++ {
		if got := x.round(r); len(got.Outages) > 0 || got.Views[0].Head().Title != "Chat" {
			x.Fatalf("round %d: %v, %s", round, got.Outages, got.Views[0].Head().Title)
		}
	}
}

// A second write has three rounds of its own to show, whatever the first one used up.
func TestListingBehindAnotherWrite(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	b := &between{}
	r, _ := x.through(b)
	x.round(r)
	listed := x.see("mia").Series
	b.lists = func(s series.Snapshot) series.Snapshot {
		s.Series = listed
		return s
	}
	for round, place := range []string{"Room Birch", "Room Cedar", "Room Cedar", "Room Cedar", "Room Cedar"} {
		x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = place })
		if got := x.round(r); (len(got.Alarms) > 0) != (round == 4) || x.live("mia/raj").Place != place {
			x.Fatalf("round %d: alarms %v\n%s", round, got.Alarms, said(got))
		}
	}
}

// A series that was booked and is not listed afterwards is not booked again, and not counted again: from the next round
// on that is an alarm.
func TestBookedAndNotListed(t *testing.T) {
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			x := newOrg(t, server)
			x.wish("mia/raj", tuesdays, nil)
			b := &between{lists: func(s series.Snapshot) series.Snapshot {
				s.Series = nil
				return s
			}}
			r, _ := x.through(b)
			if got := x.round(r); len(got.Applied) != 1 || len(got.Failures) > 0 || len(got.Outages) > 0 {
				x.Fatalf("failures %v, %v\n%s", got.Failures, got.Outages, said(got))
			}
			for round := 2; round <= 4; round++ {
				before := x.world.Counts()
				got := x.round(r)
				if len(got.Applied) > 0 || got.Mails > 0 || flags(got) != "" || x.world.Counts() != before ||
					len(got.Outages) != 1 ||
					stateOf(got) != reconcile.Stale {
					x.Fatalf("round %d: flags %q, state %s, %v\n%s", round, flags(got), stateOf(got), got.Outages, said(got))
				}
			}
			// Nor by one that lost its journal: it is found, which is no change and no mail.
			before := x.world.Counts()
			forgetful, _ := x.through(b)
			for round := 1; round <= 2; round++ {
				got := x.round(forgetful)
				if len(got.Applied) > 0 || got.Mails > 0 || len(got.Failures) > 0 || x.world.Counts() != before {
					x.Fatalf("without journal: round %d: failures %v\n%s", round, got.Failures, said(got))
				}
			}
			b.lists = nil
			if got := x.round(r); len(got.Outages) > 0 || stateOf(got) != reconcile.OnSlot || len(got.Applied) > 0 {
				x.Fatalf("state %s, %v\n%s", stateOf(got), got.Outages, said(got))
			}
			x.quiet(r)
		})
	}
}
