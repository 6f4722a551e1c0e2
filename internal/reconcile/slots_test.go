package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// auto wishes for a 1:1 whose slot Holdfast chooses.
func (x *org) auto(pair string, change func(*series.Series)) {
	x.wish(pair, "Mon 09:00 1h0m0s 1w Europe/Berlin", func(s *series.Series) {
		s.Auto, s.Line = true, "auto 1h0m0s 1w manager"
		s.Slot.Weekday, s.Slot.At = 0, 0
		if change != nil {
			change(s)
		}
	})
}

// slots are those of the pairs' live series.
func (x *org) slots(pairs ...string) string {
	text := ""
	for _, p := range pairs {
		e := x.live(p)
		if e.Slot() != e.Mark.Slot {
			x.Fatalf("%s is booked on %s and stands on %s", p, e.Mark.Slot, e.Slot())
		}
		text += fmt.Sprintf("%s %s from %s\n", p, e.Slot(), e.First())
	}
	return text
}

func weekdays(from, to series.TimeOfDay) series.Hours {
	h := make(series.Hours, 7)
	for d := time.Monday; d <= time.Friday; d++ {
		h[d] = []series.Window{{From: from, To: to}}
	}
	return h
}

func (x *org) expect(want, got string) {
	x.Helper()
	if d := cmp.Diff(want, got); d != "" {
		x.Fatalf("(-want +got):\n%s", d)
	}
}

// What is booked stands: nobody is moved when others come, and a room is not booked twice; a lost journal changes
// nothing.
func TestAutoSlotsStand(t *testing.T) {
	x := newOrg(t, servers["delivers, quiet"])
	for _, id := range []string{"kim", "bo", "cy", "di"} {
		x.hire(series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: "office", Zone: berlin, Hours: weekdays(10*60, 12*60)})
	}
	x.auto("mia/kim", nil)
	r, _ := x.holdfast()
	x.once(r)
	x.quiet(r)
	first := "mia/kim Mon 11:00 Europe/Berlin from 2026-11-30\n"
	x.expect(first, x.slots("mia/kim"))

	x.now = x.now.AddDate(0, 0, 3)
	x.auto("mia/lee", nil)                                                       // who has the same manager
	x.auto("bo/cy", nil)                                                         // and the same room
	x.auto("bo/di", func(s *series.Series) { s.Place = "https://meet.example" }) // and neither
	x.once(r)
	x.quiet(r)
	all := []string{"mia/kim", "mia/lee", "bo/cy", "bo/di"}
	x.expect(first+"mia/lee Mon 09:00 Europe/Berlin from 2026-12-07\nbo/cy Tue 10:00 Europe/Berlin from 2026-12-08\nbo/di Mon 11:00 Europe/Berlin from 2026-12-07\n", x.slots(all...))

	booked := x.slots(all...)
	again, _ := x.holdfast()
	x.quiet(again)
	x.quiet(again)
	x.expect(booked, x.slots(all...))
}

// Who moves over to another manager gives up the slot they had, though they have no other time.
func TestAutoSlotOfTheNewManager(t *testing.T) {
	x := newOrg(t, servers["delivers, quiet"])
	x.hire(series.Person{ID: "kim", Email: "kim@example.com", Calendar: "office", Zone: berlin, Hours: series.Hours{time.Tuesday: {{From: 600, To: 660}}}})
	x.auto("mia/kim", nil)
	r, _ := x.holdfast()
	x.once(r)
	x.wish("mia/kim", "none", nil)
	x.auto("lee/kim", nil)
	x.once(r)
	x.quiet(r)
	x.expect("lee/kim Tue 10:00 Europe/Berlin from 2026-12-01\n", x.slots("lee/kim"))
}

// A pair for which there is no slot is told why, and the rest goes on.
func TestAutoWithoutASlot(t *testing.T) {
	x := newOrg(t, servers["delivers, quiet"])
	x.hire(series.Person{ID: "kim", Email: "kim@example.com", Calendar: "office", Zone: "Asia/Tokyo", Hours: weekdays(9*60, 17*60)})
	x.hire(series.Person{ID: "bo", Email: "bo@example.com", Calendar: "office", Zone: berlin, Hours: weekdays(9*60, 17*60)})
	x.auto("bo/kim", nil)
	x.auto("bo/lee", nil)
	r, _ := x.holdfast()
	out := x.once(r)
	if h := out.Plan.Held; len(h) != 1 || h[0].Because != "the working hours of bo and kim never overlap for 1h0m0s" || h[0].Pair.Report != "kim" {
		x.Fatalf("held %+v", h)
	}
	x.expect("bo/lee Mon 10:00 Europe/Berlin from 2026-12-07\n", x.slots("bo/lee"))
	x.quiet(r)
}

// The first 1:1 is in the week of `starts`, or where its day is over by then in the one after; never before.
func TestAutoStarts(t *testing.T) {
	for starts, want := range map[string]string{"2026-12-07": "2026-12-08", "2026-12-08": "2026-12-08", "2026-12-09": "2026-12-15", "2026-12-13": "2026-12-15"} {
		x := newOrg(t, servers["delivers, quiet"])
		x.hire(series.Person{ID: "kim", Email: "kim@example.com", Calendar: "office", Zone: berlin, Hours: series.Hours{time.Tuesday: {{From: 600, To: 660}}}})
		x.auto("mia/kim", func(s *series.Series) { x.must(s.Starts.UnmarshalText([]byte(starts))) })
		r, _ := x.holdfast()
		x.once(r)
		x.expect("mia/kim Tue 10:00 Europe/Berlin from "+want+"\n", x.slots("mia/kim"))
	}
}

// Where a person moved a series and where it is booked are both taken, until the move is accepted: then the old slot is
// free.
func TestAutoSlotBesideAMovedSeries(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	x.wish("mia/raj", tuesdays, nil)
	r, _ := x.holdfast()
	x.once(r)
	e := x.live("mia/raj")
	thursdays := series.Slot{Weekday: time.Thursday, At: 14 * 60, Duration: time.Hour, Every: 1, Zone: berlin}
	x.must(x.world.Hands("mia").MoveAll(e.ID, thursdays, thursdays.InWeek(e.First())))
	x.hire(series.Person{ID: "kim", Email: "kim@example.com", Calendar: "office", Zone: berlin, Hours: series.Hours{
		time.Tuesday:  {{From: 10 * 60, To: 11 * 60}},
		time.Thursday: {{From: 14 * 60, To: 15 * 60}},
	}})
	x.auto("mia/kim", nil)
	if got := x.once(r); len(got.Applied) > 0 || flags(got) != "mia/raj series-moved " {
		x.Fatalf("flags %s\n%s", flags(got), said(got))
	}
	x.once(r, plan.Ask{Pair: e.Mark.Pair, Accept: true})
	x.once(r)
	x.expect("mia/kim Tue 10:00 Europe/Berlin from 2026-12-01\n", x.slots("mia/kim"))
}

// Nobody chooses over an event whose rule cannot be read: not over its time of any week (faults 2.1).
func TestAutoSlotBesideAnUnknownRule(t *testing.T) {
	for rule, want := range map[string]string{"FREQ=WEEKLY;COUNT=1": "Tue 10:00", "FREQ=FORTNIGHTLY": "Tue 11:00"} {
		x := newOrg(t, servers["delivers"])
		x.hire(series.Person{
			ID:       "kim",
			Email:    "kim@example.com",
			Calendar: "office",
			Zone:     berlin,
			Hours:    series.Hours{time.Tuesday: {{From: 600, To: 720}}},
		})
		x.auto("mia/kim", nil)
		at := series.Instant(series.DateOf(x.now).Monday().AddDays(-20), 600, berlin) // a Tuesday of the past
		b := series.Busy{Start: at, Duration: time.Hour, Zone: berlin, RRule: rule, Kind: series.Hard}
		_, err := x.world.Hands("kim").AddBusy(b, "x")
		x.must(err)
		r, _ := x.holdfast()
		x.once(r)
		if got := x.slots("mia/kim"); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// A slot that stops working is flagged with the best other one, the same from round to round; only `accept` moves it.
func TestUnfitSlot(t *testing.T) {
	for name, o := range servers {
		t.Run(name, func(t *testing.T) {
			x := newOrg(t, o)
			for _, id := range []string{"kim", "bo"} {
				x.hire(series.Person{ID: id, Email: id + "@example.com", Calendar: "office", Zone: berlin, Hours: weekdays(9*60, 17*60)})
			}
			x.auto("mia/kim", nil)
			x.auto("mia/bo", nil)
			r, _ := x.holdfast()
			x.once(r)
			booked := x.slots("mia/kim", "mia/bo")
			x.quiet(r)

			// Kim gets a weekly meeting.
			busy := func(id string, at time.Time, rule string) {
				_, err := x.world.Hands(id).AddBusy(series.Busy{Start: at, Duration: 30 * time.Minute, Zone: berlin, RRule: rule, Kind: series.Hard}, "x")
				x.must(err)
			}
			e := x.live("mia/kim")
			busy("kim", e.Start, "FREQ=WEEKLY")
			said := "mia/kim slot-unfit from Mon 11:00 Europe/Berlin to Mon 11:30 Europe/Berlin: something else " +
				"of kim is over 9 meetings in a row, from Mon %s 2026 on\n"
			x.once(r)
			x.expect(fmt.Sprintf(said, "30 Nov"), x.unfit(r))
			x.now = x.now.AddDate(0, 0, 4)
			x.once(r)
			x.expect(fmt.Sprintf(said, "7 Dec"), x.unfit(r))

			// The proposal stays while it works, though others would now cost less.
			busy("mia", x.now.AddDate(0, 0, 10).Truncate(time.Hour).Add(90*time.Minute), "")
			busy("kim", on(e, "2026-12-14").Add(30*time.Minute), "")
			x.once(r)
			x.expect(strings.Replace(fmt.Sprintf(said, "7 Dec"), "of kim", "of kim and mia", 1), x.unfit(r))
			busy("mia", on(e, "2026-12-14").Add(90*time.Minute), "FREQ=DAILY")
			busy("mia", on(e, "2026-12-14").Add(30*time.Minute), "FREQ=WEEKLY;BYDAY=MO")
			kim := x.people["kim"]
			kim.Hours = weekdays(11*60+30, 17*60)
			x.people["kim"] = kim
			x.once(r)
			x.expect("mia/kim slot-unfit from Mon 11:00 Europe/Berlin to Mon 13:00 Europe/Berlin: "+
				"something else of kim and mia is over 9 meetings in a row, from Mon 7 Dec 2026 on; it is Mon 11:00 for kim, outside their hours\n", x.unfit(r))
			x.expect(booked, x.slots("mia/kim", "mia/bo"))

			// Who does not know what was proposed accepts nothing.
			pair := e.Mark.Pair
			again, _ := x.holdfast()
			if out := x.once(again, plan.Ask{Pair: pair, Accept: true}); len(out.Applied) > 0 {
				x.Fatalf("%s", x.did)
			}
			out := x.once(r, plan.Ask{Pair: pair, Accept: true})
			told := strings.Fields(x.did)
			if len(out.Applied) != 2 || out.Mails != x.mailed("mia/kim", 2) || told[0] != "create" ||
				!strings.Contains(x.did, "accepted: the slot is now Mon 13:00 Europe/Berlin") ||
				strings.Contains(flags(out), "slot-unfit") {
				x.Fatalf("mails %d, open %s\n%s", out.Mails, flags(out), x.did)
			}
			x.expect("", x.unfit(r))
			x.now = x.now.AddDate(0, 0, 7)
			x.once(r)
			x.expect("", x.unfit(r))
			x.expect("mia/kim Mon 13:00 Europe/Berlin from 2026-12-07\nmia/bo Mon 10:00 Europe/Berlin from 2026-12-07\n", x.slots("mia/kim", "mia/bo"))
		})
	}
}

// unfit are the flags of slots that do not work, after a round that finds nothing to do.
func (x *org) unfit(r *reconcile.Reconciler) string {
	x.Helper()
	text := ""
	for _, f := range x.quiet(r).Open {
		if f.Kind == drift.SlotUnfit {
			text += fmt.Sprintf("%s %s: %s\n", f.Pair, f.Words(), strings.Join(f.Why, "; "))
		}
	}
	return text
}
