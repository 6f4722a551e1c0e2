package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// The hands of the clock of a pair: what is judged of it depends on what moments each of them has passed.
const (
	handNow    = iota // the round's
	handRead          // when its calendars were read
	handBefore        // when they were read the time before
	clockHands
)

// quarter is how far apart the times are at which a make-up can begin, on any zone's clock.
const quarter = 15 * time.Minute

// moment is the first one after t at which what is judged of the pair may change by time alone: when a meeting begins
// or ends, as it was booked or as it stands, a day before that, when a day begins in any of its zones.
func (d *desk) moment(t time.Time) time.Time {
	next := series.Ahead(t, 1)
	take := func(m time.Time) {
		for _, m := range []time.Time{m, m.Add(1)} { // some things are so until then, others until after it
			if m.After(t) && m.Before(next) {
				next = m
			}
		}
	}
	around := func(m time.Time, length time.Duration) {
		take(m)
		take(m.Add(length))
		take(m.Add(-24 * time.Hour)) // a length of time, as notice is
	}
	zones := map[string]bool{d.view.Want.Manager.Zone: true, d.view.Want.Report.Zone: true}
	slots := map[series.Slot]bool{d.view.Want.Slot: d.view.Wanted}
	event := func(e *series.Event) {
		zones[e.Zone] = true
		slots[e.Mark.Slot], slots[e.Slot()] = true, true
		for _, m := range e.Meetings(t.AddDate(0, 0, -2), t.AddDate(0, 0, 3)) {
			around(m.Start, m.Duration)
			around(m.Original, m.Duration)
			around(m.Original, e.Duration)
		}
		for _, m := range e.Mark.MadeUp {
			around(m.Start, e.Duration)
			around(m.Start, e.Mark.Slot.Duration)
		}
		take(e.Rule.Until)
	}
	v := d.view
	for _, list := range [][]series.Event{v.Chain, v.Duplicates, v.Candidates, v.Mine, v.Foreign, v.Copies} {
		for i := range list {
			event(&list[i])
		}
	}
	for _, list := range [][]series.Gone{v.Gone, v.GoneCopies} {
		for i := range list {
			event(&list[i].Last)
		}
	}
	for _, s := range v.StandIns {
		around(s.Start, s.Duration)
	}
	for _, f := range slices.Concat(d.found.Flags, d.flags) {
		if at, ok := f.To.Time(); ok {
			for slot := range slots {
				around(at, slot.Duration)
			}
		}
		if f.Makeups != nil {
			take(t.Truncate(quarter))
			take(t.Truncate(quarter).Add(quarter))
		}
	}
	for slot, is := range slots {
		if !is || slot.IsZero() {
			continue
		}
		zones[slot.Zone] = true
		day, _ := series.WallClock(t, slot.Zone)
		for n := -2; n <= 3; n++ {
			if on := day.AddDays(n); on.Weekday() == slot.Weekday {
				around(slot.On(on), slot.Duration)
			}
		}
	}
	for zone := range zones {
		if zone != "" {
			day, _ := series.WallClock(t, zone)
			take(series.Instant(day.AddDays(1), 0, zone))
		}
	}
	return next
}
