package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

const tuesdays = "Tue 10:00 1h0m0s 1w Europe/Berlin"

// each runs the story on every kind of server, with mia/raj booked and seen once.
func each(t *testing.T, story func(x *org)) {
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			x := newOrg(t, server)
			x.wish("mia/raj", tuesdays, nil)
			story(x)
		})
	}
}

func TestFirstRounds(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		first := x.once(r)
		if !first.First || len(first.Applied) != 1 || first.Mails != x.mailed("mia/raj", 1) || flags(first) != "" {
			x.Fatalf("first %v, mails %d, flags %s\n%s", first.First, first.Mails, flags(first), said(first))
		}
		if second := x.quiet(r); second.First {
			x.Fatalf("the second round is a first one")
		}
		if c := x.copied("mia/raj"); c.Times() != x.live("mia/raj").Times() {
			x.Fatalf("the copy shows something else")
		}
		if len(j.acts) != 1 || !j.acts[0].done {
			x.Fatalf("acts %+v", j.acts)
		}
	})
}

// Story 19.
func TestJournalLost(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.must(x.world.Hands("mia").Relocate(e.ID, time.Time{}, "Lobby"))
		before := flags(x.once(r))
		again, _ := x.holdfast()
		now := x.quiet(again)
		if !now.First || flags(now) != before {
			x.Fatalf("flags %s, before %s", flags(now), before)
		}
		x.quiet(again)
	})
}

// Calendars that are not due stay as known, until something is to be written to them.
func TestDue(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		due := map[string]bool{}
		r.Due = func(p series.Person, last series.Packed) bool {
			if last.At.IsZero() {
				x.Fatalf("asked whether %s is due, of whom nothing is known", p.ID)
			}
			return due[p.ID]
		}
		x.once(r) // nothing is known
		x.quiet(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		if got := flags(x.quiet(r)); got != "" {
			x.Fatalf("saw %s on a calendar that was not due", got)
		}
		due["mia"] = true
		first := flags(x.once(r))
		if !strings.Contains(first, "moved") {
			x.Fatalf("flags %q", first)
		}
		due["mia"] = false
		x.quiet(r)
		x.must(x.world.Hands("mia").Cancel(e.ID, on(e, "2026-12-15")))
		x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
		if got := x.once(r); len(got.Applied) == 0 || !strings.Contains(flags(got), "cancelled") {
			x.Fatalf("applied %d, flags %s", len(got.Applied), flags(got))
		}
	})
}

// Changes of a round to one series follow on each other: none waits for another round, or loses a race with its own
// kind.
func TestSeveralChangesOfOneSeries(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		tasks["leave"](x)
		x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
		if got := x.once(r); len(got.Applied) < 2 {
			x.Fatalf("%s", said(got))
		}
		x.quiet(r)
	})
}

// Story 25: what the roster was stays, and its problems are told.
func TestRosterBroken(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		x.broken = errors.New("roster.yaml:3:1: broken")
		if got := x.quiet(r); got.Problems == nil {
			x.Fatalf("the problems are not told")
		}
	})
}

// Story 26: a calendar that cannot be read closes nothing and stops nobody else; it recovers by itself.
func TestUnreadable(t *testing.T) {
	each(t, func(x *org) {
		x.wish("ana/lee", "Wed 10:00 1h0m0s 1w America/New_York", nil)
		r, _ := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.once(r)
		x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" })
		x.wish("ana/lee", "Wed 10:00 1h0m0s 1w America/New_York", func(s *series.Series) { s.Place = "Room Birch" })
		for _, fault := range []memory.Fault{memory.Refused, memory.Down, memory.Broken} {
			x.world.SetFaults(func(c memory.Call) memory.Fault {
				if c.Person == "mia" {
					return fault
				}
				return memory.None
			})
			out, err := r.Once(context.Background())
			x.must(err)
			alarms := map[memory.Fault]int{memory.Refused: 1}[fault]
			if len(out.Failures) != 1 || out.Failures[0].Person != "mia" || len(out.Alarms) != alarms || flags(out) != "mia/raj moved 2026-12-08" || !out.Found.Unread[e.Mark.Pair] {
				x.Fatalf("failures %v, alarms %v, flags %s", out.Failures, out.Alarms, flags(out))
			}
			if place := x.see("ana").Series[0].Place; place != "Room Birch" {
				x.Fatalf("the rest of the org does not go on: %s", place)
			}
			x.now = x.now.Add(time.Minute)
		}
		x.world.SetFaults(nil)
		if got := x.once(r); len(got.Applied) != 1 || len(got.Outages) != 0 || x.live("mia/raj").Place != "Room Birch" {
			x.Fatalf("it does not recover: %s", said(got))
		}
		x.quiet(r)
	})
}

// Of a calendar that never was read nothing is remembered but that.
func TestNeverRead(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, j := x.holdfast()
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == "mia" {
			return memory.Down
		}
		return memory.None
	})
	x.round(r)
	if _, known := j.snaps["mia"]; known || len(j.snaps["raj"]) == 0 || len(j.outages) != 1 {
		x.Fatalf("mia's is known %v, out are %v", known, j.outages)
	}
}

// Story 27: two daemons, each with its own journal.
func TestTwoDaemons(t *testing.T) {
	each(t, func(x *org) {
		a, _ := x.holdfast()
		b, _ := x.holdfast()
		x.once(a)
		x.once(b)
		for _, place := range []string{"Room Birch", "Room Cedar"} {
			x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = place })
			x.once(b)
			x.once(a)
			x.quiet(b)
			if e := x.live("mia/raj"); e.Place != place {
				x.Fatalf("the place is %s", e.Place)
			}
		}
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Cancel(e.ID, on(e, "2026-12-08")))
		if fa, fb := x.once(a), x.once(b); len(fa.Edges.Opened) != 1 || len(fb.Edges.Opened) != 1 {
			x.Fatalf("told %d and %d times", len(fa.Edges.Opened), len(fb.Edges.Opened))
		}
		x.quiet(a)
	})
}

// tasks are roster changes of every kind, to be interrupted anywhere.
var tasks = map[string]func(x *org){
	"book":  func(x *org) { x.wish("mia/lee", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil) },
	"place": func(x *org) { x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Place = "Room Birch" }) },
	"slot":  func(x *org) { x.wish("mia/raj", "Thu 14:00 1h0m0s 1w Europe/Berlin", nil) },
	"manager": func(x *org) {
		x.wish("mia/raj", "none", nil)
		x.wish("ana/raj", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil)
	},
	"remove": func(x *org) { x.wish("mia/raj", "none", nil) },
	"ends": func(x *org) {
		x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Ends = series.Date{Year: 2026, Month: 12, Day: 20} })
	},
	"leave": func(x *org) {
		p := x.people["raj"]
		p.Away = []series.Away{{From: series.Date{Year: 2026, Month: 12, Day: 8}, To: series.Date{Year: 2026, Month: 12, Day: 18}, Why: "leave"}}
		x.people["raj"] = p
	},
}

// Story 23: who is taken out of the roster is observed until their series are ended, also with their calendar down for
// a while.
func TestRemovedPerson(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		x.now = x.now.AddDate(0, 0, 8)
		x.once(r)
		x.wish("mia/raj", "none", nil)
		mia := x.people["mia"]
		delete(x.people, "mia")
		x.world.SetFaults(func(c memory.Call) memory.Fault {
			if c.Person == "mia" {
				return memory.Refused
			}
			return memory.None
		})
		out, err := r.Once(context.Background())
		x.must(err)
		if len(out.Alarms) != 1 || out.Outages[reconcile.CalendarOf("mia")].Kind != "auth" {
			x.Fatalf("no alarm names the person: %+v", out.Outages)
		}
		x.world.SetFaults(nil)
		if got := x.once(r); len(got.Applied) != 1 || got.Applied[0].Action != plan.End {
			x.Fatalf("not ended: %s", said(got))
		}
		x.now = x.now.AddDate(0, 0, 7)
		x.quiet(r)
		x.quiet(r)
		if _, still := j.people["mia"]; still {
			x.Fatalf("still observed although nothing is left")
		}
		x.people["mia"] = mia
		x.wish("mia/raj", tuesdays, nil) // or nobody looks for the copy
		if c := x.see("raj").Copies; len(c) != 1 || !c[0].Ended(x.now) {
			x.Fatalf("the copy goes on: %+v", c)
		}
	})
}

// A series that never met is removed; its copy is called off, and nobody is told that a person deleted it.
func TestRemovedBeforeItBegan(t *testing.T) {
	each(t, func(x *org) {
		starts := func(s *series.Series) { s.Starts = series.Date{Year: 2026, Month: 12, Day: 20} }
		x.wish("mia/raj", tuesdays, starts)
		r, _ := x.holdfast()
		x.once(r)
		x.wish("mia/raj", "Thu 14:00 1h0m0s 1w Europe/Berlin", starts)
		if got := x.once(r); len(got.Applied) != 2 || flags(got) != "" {
			x.Fatalf("flags %s\n%s", flags(got), said(got))
		}
		x.quiet(r)
		x.live("mia/raj")
		x.wish("mia/raj", "none", nil)
		x.once(r)
		if got := x.quiet(r); flags(got) != "" {
			x.Fatalf("flags %s", flags(got))
		}
		for _, c := range x.see("raj").Copies {
			if !c.Ended(x.now) {
				x.Fatalf("a copy goes on: %+v", c)
			}
		}
	})
}

// A listing that shows nothing is an alarm and a hold; a single absence waits for a second look.
func TestSuspectListing(t *testing.T) {
	each(t, func(x *org) {
		x.wish("mia/lee", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil)
		x.wish("mia/ana", "Wed 15:00 1h0m0s 1w Europe/Berlin", nil)
		r, _ := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.once(r)
		for _, fault := range []memory.Fault{memory.Vanished, memory.Vanished, memory.EmptyListing} {
			x.world.SetFaults(func(c memory.Call) memory.Fault {
				if c.Person == "mia" && c.Op == "observe" {
					return fault
				}
				return memory.None
			})
			got := x.once(r)
			if len(got.Applied) > 0 || flags(got) != "mia/raj moved 2026-12-08" || len(got.Edges.Closed) > 0 {
				x.Fatalf("flags %s\n%s", flags(got), said(got))
			}
			if fault == memory.Vanished && (len(got.Plan.Held) != 3 || len(got.Outages) != 4 ||
				got.Outages[reconcile.Subject{Matter: reconcile.MatterEmptied, Person: "mia"}].Hint == "") {
				x.Fatalf("held %d, breaks %v", len(got.Plan.Held), got.Outages)
			}
		}
		x.world.SetFaults(nil)
		x.quiet(r)
	})
}

// With asks only their pairs are written, and no brake holds them.
func TestAsks(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		thursdays := series.Slot{Weekday: time.Thursday, At: 14 * 60, Duration: time.Hour, Every: 1, Zone: berlin}
		x.must(x.world.Hands("mia").MoveAll(e.ID, thursdays, thursdays.InWeek(e.First())))
		if got := x.once(r); flags(got) != "mia/raj series-moved " || len(got.Plan.Held) != 1 {
			x.Fatalf("flags %s\n%s", flags(got), said(got))
		}
		x.wish("mia/lee", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil)
		if got := x.once(r, plan.Ask{Pair: e.Mark.Pair, Accept: true}); len(got.Applied) != 1 || flags(got) != "" {
			x.Fatalf("flags %s\n%s", flags(got), said(got))
		}
		if now := x.live("mia/raj"); now.Slot() != thursdays || now.Mark.Slot != thursdays {
			x.Fatalf("accepted %s, stands on %s", now.Mark.Slot, now.Slot())
		}
		if got := x.once(r); len(got.Applied) != 1 || got.Applied[0].Pair.Report != "lee" {
			x.Fatalf("%s", said(got))
		}
		x.quiet(r)
	})
}

// The creation of a pair that was already missing when the journal began waits until it is allowed, in every round.
func TestDoubtful(t *testing.T) {
	each(t, func(x *org) {
		x.wish("mia/lee", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil)
		r, _ := x.holdfast()
		x.once(r)
		x.must(x.world.Hands("mia").Delete(x.live("mia/raj").ID))
		r, j := x.holdfast()
		for range 3 {
			raj := reconcile.BookingOf(series.Pair{Manager: "mia", Report: "raj"})
			if got := x.quiet(r); len(got.Plan.Held) != 1 || got.Outages[raj].Kind != "doubtful" {
				x.Fatalf("breaks %v\n%s", got.Outages, said(got))
			}
		}
		j.allow(x.now.Add(time.Hour))
		if got := x.once(r); len(got.Applied) != 1 || len(got.Outages) != 0 {
			x.Fatalf("breaks %v\n%s", got.Outages, said(got))
		}
		x.quiet(r)
	})
}

// Outcomes become final week by week, from the first on, and stay.
func TestOutcomesBecomeFinal(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.must(x.world.Hands("mia").Cancel(e.ID, on(e, "2026-12-15")))
		for range 4 * 7 {
			x.once(r)
			x.now = x.now.AddDate(0, 0, 1)
		}
		x.must(x.world.Hands("mia").PutBack(e.ID, on(e, "2026-12-15")))
		x.once(r)
		got, err := j.Outcomes(context.Background(), series.Pair{}, series.Date{})
		x.must(err)
		var final []drift.Result
		for _, o := range got {
			if o.Final {
				final = append(final, o.Result)
			}
		}
		if d := cmp.Diff([]drift.Result{drift.Kept, drift.KeptLate, drift.CancelledWeek, drift.Kept}, final); d != "" {
			x.Fatalf("final (-want +got):\n%s", d)
		}
	})
}

// Story 30.
func TestRenamed(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		x.once(r)
		raj := x.people["raj"]
		delete(x.people, "raj")
		raj.ID, raj.Formerly = "rajesh", []string{"raj"}
		x.people["rajesh"], x.home["rajesh"] = raj, "raj"
		x.wish("mia/raj", "none", nil)
		x.wish("mia/rajesh", tuesdays, func(s *series.Series) {
			s.Link, s.Title, s.Formerly = "https://docs.example.com/mia/raj", "1:1 mia/raj", []series.Pair{{Manager: "mia", Report: "raj"}}
		})
		got := x.once(r)
		if flags(got) != "mia/rajesh moved 2026-12-08" || len(got.Edges.Opened)+len(got.Edges.Closed) > 0 || len(got.Plan.Held) > 0 {
			x.Fatalf("flags %s, edges %+v\n%s", flags(got), got.Edges, said(got))
		}
		x.now = time.Date(2026, time.December, 7, 12, 0, 0, 0, time.UTC) // at the latest now the mark is written
		x.once(r)
		x.quiet(r)
		if now := x.live("mia/rajesh"); now.UID != e.UID || now.Mark.Pair.Report != "rajesh" {
			x.Fatalf("mark of %s on %s", now.Mark.Pair, now.UID)
		}
		if len(j.people) != 4 || j.people["raj"].ID != "" {
			x.Fatalf("people %v", j.people)
		}
	})
}

// An id that somebody has is theirs, whoever says to have had it.
func TestFormerIDInUse(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, _ := x.holdfast()
	x.once(r)
	e := x.live("mia/raj")
	x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
	before := flags(x.once(r))
	lee := x.people["lee"]
	lee.Formerly = []string{"raj"}
	x.people["lee"] = lee
	if got := x.quiet(r); flags(got) != before {
		x.Fatalf("flags %s, before %s", flags(got), before)
	}
}

// A quota that is used up in the middle of a plan stops it there. Later rounds go on, and nobody is written to twice.
func TestQuotaStorm(t *testing.T) {
	for _, perUser := range []int{6, 7, 8, 10} {
		x := newOrg(t, onGoogle(googletest.Options{Quota: googletest.Quota{PerUser: perUser, RetryAfter: time.Minute}}))
		r, _ := x.holdfast()
		stopped, rounds := false, 0
		settle := func() {
			for again := true; again; rounds++ {
				out, err := r.Once(context.Background())
				x.must(err)
				again = len(out.Failures) > 0
				stopped = stopped || again
				if x.now = x.now.Add(time.Minute); rounds > 50 {
					x.Fatalf("it never ends with %d units: %+v", perUser, out.Failures)
				}
			}
		}
		for i, report := range []string{"raj", "lee", "ana"} {
			x.wish("mia/"+report, []string{tuesdays, "Wed 10:00 1h0m0s 1w Europe/Berlin", "Thu 10:00 1h0m0s 1w Europe/Berlin"}[i], nil)
		}
		settle()
		if c := x.world.Counts(); c.Mails != 3 || c.Writes != 3 {
			x.Fatalf("%d units: %+v", perUser, c)
		}
		for _, pair := range []string{"mia/raj", "mia/lee", "mia/ana"} {
			e := x.live(pair)
			x.now = x.now.Add(time.Minute)
			x.wish(pair, e.Mark.Line, func(s *series.Series) { s.Place = "Room Birch" })
		}
		settle()
		if c := x.world.Counts(); c.Mails != 6 || c.Writes != 6 {
			x.Fatalf("%d units: %+v", perUser, c)
		}
		x.quiet(r)
		if !stopped {
			t.Errorf("%d units were enough", perUser)
		}
	}
}
