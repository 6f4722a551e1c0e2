package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// How a make-up is looked for.
const (
	maxMakeUps  = 3
	makeUpGrid  = 30            // minutes of the wall clock between two starts
	makeUpAhead = 2 * time.Hour // nobody can be asked to come sooner than that
	sameDay     = 10            // what another on the same day costs, in slotting's measure: rather that than the weekend
)

// MakeUps finds times at which a lost meeting could be made up for in its own week. The zero value is not ready: see NewMakeUps.
type MakeUps struct {
	in     Input
	agenda *series.Agenda      // made when first needed
	views  map[series.Pair]int // their places, made when first needed
}

// NewMakeUps looks for make-ups in what in says.
func NewMakeUps(in Input) *MakeUps { return &MakeUps{in: in} }

// Fill gives flags what is of the moment: those of lost meetings their make-ups, none of which may be left, and those
// of collisions their dates and what they hint at.
func (m *MakeUps) Fill(flags []Flag) {
	for i := range flags {
		f := &flags[i]
		if f.Makeups = nil; f.Lost() {
			f.Makeups = m.Of(f.Pair, f.Generation, f.Occurrence)
		}
		if f.Kind == DoubleBooked {
			m.dated(f)
			f.Pass(m.in.Now)
		}
	}
}

// Pass takes from the flag what is too late by now to be proposed.
func (f *Flag) Pass(now time.Time) {
	if began, ok := f.From.Time(); f.Kind == DoubleBooked && ok && !began.After(now) {
		f.Makeups = f.Makeups[:0] // it may well have taken place
	}
	f.Makeups = slices.DeleteFunc(f.Makeups, func(t time.Time) bool { return t.Before(now.Add(makeUpAhead)) })
}

// view is that of a pair which the roster has, else nil.
func (m *MakeUps) view(p series.Pair) *series.View {
	if m.views == nil {
		m.views = make(map[series.Pair]int, len(m.in.Views))
		for i := range m.in.Views {
			m.views[m.in.Views[i].Pair] = i
		}
	}
	if i, ok := m.views[p]; ok && m.in.Views[i].Wanted {
		return m.in.Views[i]
	}
	return nil
}

// dated gives a flag of a collision its dates, if it repeats, and the hint that an all-day event is.
func (m *MakeUps) dated(f *Flag) {
	v := m.view(f.Pair)
	if v == nil {
		return
	}
	if m.agenda == nil {
		m.agenda = m.in.agenda()
	}
	d := newDetector(&m.in, v, m.agenda, map[string]timeTaken{}, nil)
	all := d.collide(d.v.Weeks(d.now.Week(), d.to.Week()))
	others := all.single[booked{f.Generation, f.Occurrence}]
	if len(others) > 0 {
		others = first(others)
	}
	for _, r := range all.repeats {
		if r.ID() == f.ID() {
			f.Dates, others = r.Dates, r.others
		}
	}
	if len(others) > 0 {
		f.Whose, f.Other = whose(others)
	}
	if len(others) > 0 && others[0].Kind == series.AllDayKind {
		who := others[0].person
		f.Why = []string{"if " + who + " is on leave then: put it into the roster (`away:`), and the 1:1 is skipped"}
	}
}

// Lost reports whether the flag is about a meeting that the week goes without unless it is made up for.
func (f Flag) Lost() bool {
	if f.Occurrence.IsZero() {
		return false
	}
	switch f.Kind {
	case Cancelled, DoubleBooked:
		return true
	case Moved:
		to, ok := f.To.Time()
		return ok && series.DateOf(to).Week() != f.Occurrence.Week()
	}
	return false
}

// Of are the best times of the week at which both are free and the place is, up to three, the best first: those that cost the two
// least, rather each on another day, the nearest to the usual time of day, the earliest. Not nil.
func (m *MakeUps) Of(p series.Pair, generation int, day series.Date) []time.Time {
	out := []time.Time{}
	v := m.view(p)
	if v == nil || v.Stale {
		return out
	}
	all := v.Weeks(day.Week(), day.Week())
	at := slices.IndexFunc(all, func(w series.WeekMeeting) bool {
		return w.Date == day && (generation == 0 || w.Generation == generation) && w.Meeting != nil && !w.Event.Cancelled
	})
	if at < 0 || v.Beside(day, all[at].Slot.Zone) != nil {
		return out
	}
	left := m.free(v, all[at])
	for len(out) < maxMakeUps && len(left) > 0 {
		best := slices.MinFunc(left, func(a, b choice) int {
			return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.far, b.far), a.start.Compare(b.start))
		})
		out = append(out, best.start)
		end := best.start.Add(best.length)
		left = slices.DeleteFunc(left, func(c choice) bool { return c.start.Before(end) && best.start.Before(c.start.Add(c.length)) })
		for i := range left {
			if series.DateOf(left[i].start) == series.DateOf(best.start) {
				left[i].cost += sameDay
			}
		}
	}
	return out
}

// choice is a time at which nothing is in the way.
type choice struct {
	start  time.Time
	length time.Duration
	cost   int
	far    int // minutes from the usual time of day
}

// free are all such times of the meeting's week.
func (m *MakeUps) free(v *series.View, w series.WeekMeeting) []choice {
	if m.agenda == nil {
		m.agenda = m.in.agenda()
	}
	var out []choice
	o := w.MakeUp(time.Time{})
	// When it was called off: by the slot, and where the series stands now, if a person moved all of it. A meeting that is
	// back there was put back, and not made up for (series.Mark.Overridden).
	lost := []time.Time{w.Booked, w.Meeting.Original}
	if at := w.MadeUpAt(); !at.IsZero() {
		lost = append(lost, at)
	}
	taste := func(time.Time, time.Duration) int { return 0 }
	if m.in.Taste != nil {
		taste = m.in.Taste(v.Want.Manager, v.Want.Report)
	}
	for n := range 7 {
		day := w.Date.Monday().AddDays(n)
		for at := series.TimeOfDay(0); at < 24*60; at += makeUpGrid {
			c := choice{start: series.Instant(day, at, w.Slot.Zone), length: o.Duration, far: max(int(at-w.Slot.At), int(w.Slot.At-at))}
			_, shown := series.WallClock(c.start, w.Slot.Zone)
			if shown != at || c.start.Before(m.in.Now.Add(makeUpAhead)) { // a time that the day does not have is the next one's
				continue
			}
			over := func(t time.Time) bool { return c.start.Before(t.Add(o.Duration)) && t.Before(c.start.Add(o.Duration)) }
			if slices.ContainsFunc(lost, over) || !m.agenda.Suits(v, o.Original, c.start, o.Duration, o.Place) {
				continue
			}
			c.cost = taste(c.start, o.Duration)
			out = append(out, c)
		}
	}
	return out
}

// SayTimes makes times of one week readable: "Thu 14:00, Fri 09:30".
func SayTimes(times []time.Time) string {
	var out []string
	for _, t := range times {
		out = append(out, fmt.Sprintf("%s %s", series.ShortDay(t.Weekday()), t.Format("15:04")))
	}
	return strings.Join(out, ", ")
}
