package notify

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// The figures of the gate.
const (
	settles     = 10 * time.Minute // what is not urgent stands for so long before it is told
	settlesSoon = 2 * time.Minute  // and what is urgent
	soonBefore  = 24 * time.Hour   // the meeting of what is urgent is less than this away
	lastCall    = 90 * time.Minute // before the meeting even the night is no reason to wait
	together    = 10 * time.Minute // what is due within it is one message
	pairEvery   = 4 * time.Hour    // between two messages about a pair that are not urgent
	rushEvery   = 30 * time.Minute // and two that are
	aDay        = 6                // messages to a reader that are not urgent
	daysAhead   = 4 * 7            // one meeting's differences are told when it is no further ahead
	searched    = 366              // days in which working time is looked for
)

// The hours of people: those of someone whom any time suits, and the night.
const (
	anytimeFrom, anytimeTo series.TimeOfDay = 8 * 60, 20 * 60
	morning, evening       series.TimeOfDay = 7 * 60, 21 * 60
)

// gate is the first moment at which something may be told, and the last rule that put it off. Each rule allows some
// moments, so that the gate of a later start is the same until it is passed.
type gate struct {
	at  time.Time // zero: never
	why Reason
}

// until puts the gate off. That hours come on top of another rule does not make them the reason.
func (g *gate) until(t time.Time, why Reason) {
	if !t.After(g.at) {
		return
	}
	g.at = t
	if why != OffHours && why != Night || g.why == Settling || g.why == Together {
		g.why = why
	}
}

func never(why Reason) gate { return gate{why: why} }

func (g gate) never() bool { return g.at.IsZero() }

// before reports whether it opens before t; a zero t is never.
func (g gate) before(t time.Time) bool { return !g.never() && (t.IsZero() || g.at.Before(t)) }

// span is a stretch of working time.
type span struct{ from, to time.Time }

// work are the reader's stretches of working time that begin on the day of their clock.
func (r *Reader) work(d series.Date) []span {
	var out []span
	for _, w := range r.Person.Work(d, series.Window{From: anytimeFrom, To: anytimeTo}) {
		s := span{series.Instant(d, w.From, r.Person.Zone), series.Instant(d, w.To, r.Person.Zone)}
		if s.from.Before(s.to) { // the clock may skip all of it
			out = append(out, s)
		}
	}
	return out
}

// day is the day that the reader's clock shows, and at the time.
func (r *Reader) day(t time.Time) (series.Date, series.TimeOfDay) {
	return series.WallClock(t, r.Person.Zone)
}

// midnight is when the day begins.
func (r *Reader) midnight(d series.Date) time.Time { return series.Instant(d, 0, r.Person.Zone) }

// working is the first moment from t on at which the reader works; zero: none within a year.
func (r *Reader) working(t time.Time) time.Time {
	d, _ := r.day(t)
	for range searched {
		for _, s := range r.work(d) {
			switch {
			case t.Before(s.from):
				return s.from
			case t.Before(s.to):
				return t
			}
		}
		d = d.AddDays(1)
	}
	return time.Time{}
}

// workday is the first day from d on that is no day off; zero: none within a year.
func (r *Reader) workday(d series.Date) series.Date {
	for range searched {
		if len(r.work(d)) > 0 {
			return d
		}
		d = d.AddDays(1)
	}
	return series.Date{}
}

// inHours puts g off to the reader's working time, on a day that is not full.
func (d *decider) inHours(g gate) gate {
	for {
		t := d.r.working(g.at)
		if t.IsZero() {
			return never(NoTime)
		}
		g.until(t, OffHours)
		day, _ := d.r.day(g.at)
		if d.heard[day] < aDay {
			return g
		}
		g.until(d.r.midnight(day.AddDays(1)), DayLimit)
	}
}

// byDay puts what is urgent off to the morning of a working day, or to the last call before the meeting that starts
// then. Who works at night hears of it at night.
func (d *decider) byDay(g gate, start time.Time) gate {
	day, at := d.r.day(g.at)
	if len(d.r.work(day)) > 0 && at >= morning && at < evening {
		return g
	}
	if at >= morning {
		day = day.AddDays(1)
	}
	next := time.Time{}
	if day = d.r.workday(day); !day.IsZero() {
		next = series.Instant(day, morning, d.r.Person.Zone)
	}
	if w := d.r.working(g.at); !w.IsZero() && w.Before(next) {
		next = w
	}
	if call := start.Add(-lastCall); !start.IsZero() && (next.IsZero() || call.Before(next)) {
		next = call
	}
	if next.IsZero() {
		return never(NoTime)
	}
	g.until(next, Night)
	return g
}

// away reports whether the reader is on leave at t, and on the days off after it, and start is before they are back.
func (r *Reader) away(t, start time.Time) bool {
	day, _ := r.day(t)
	back := r.workday(day)
	if on, _ := r.day(start); !back.IsZero() && !on.Before(back) {
		return false
	}
	for range searched {
		switch {
		case r.Person.OnLeave(day):
			return true
		case len(r.work(day)) > 0:
			return false
		}
		day = day.AddDays(-1)
	}
	return false
}

// gate is when the matter may be told, at the earliest from a moment on. It depends on that moment only by not being
// before it.
func (d *decider) gate(m Matter, from time.Time) gate {
	switch {
	case d.r.Machine:
		return gate{later(m.Changed, from), Settling}
	case m.own(d.r.Person.ID):
		return never(OwnAct)
	case !m.Closed && slices.Contains(m.Seen, d.r.Person.ID):
		return never(Seen)
	case m.mailed(*d.r):
		return never(Mailed)
	}
	g, late := d.calm(m, from), Begins
	if m.Kind == Acted {
		g = d.rush(m, m.Until, from)
		if about := later(m.Old, m.New); !about.IsZero() && d.r.away(g.at, about) {
			return never(OnLeave)
		}
	}
	for _, start := range m.starts() {
		switch rush := d.rush(m, start, from); {
		case !rush.before(start):
		case d.r.away(rush.at, start):
			late = OnLeave
		case rush.before(g.at):
			g = rush
		}
	}
	if over := m.over(); !g.never() && !over.IsZero() && !g.before(over) {
		return never(late)
	}
	return g
}

// calm is the gate for moments at which the matter is not urgent.
func (d *decider) calm(m Matter, from time.Time) gate {
	g := gate{m.Changed, Settling}
	g.until(m.Changed.Add(settles), Settling)
	if first := m.first(); !m.whole() && !d.told(m) && !first.IsZero() {
		on, _ := d.r.day(first)
		g.until(d.r.midnight(on.AddDays(-daysAhead)), Horizon)
	}
	g.until(d.lastNews.Add(together), Together)
	if at, ok := d.lastOf[m.Pair]; ok {
		g.until(at.Add(pairEvery), PairLimit)
	}
	g.until(from, OffHours)
	for {
		g = d.inHours(g)
		start, near := m.near(g.at)
		if g.never() || !near {
			return g
		}
		g.until(start, OffHours)
	}
}

// rush is the gate for moments at which the matter is urgent because of a meeting that starts then, or was to start, or
// because what was done can be undone until then.
func (d *decider) rush(m Matter, start, from time.Time) gate {
	g := gate{m.Changed, Settling}
	if m.Kind != Acted { // that is done
		g.until(m.Changed.Add(settlesSoon), Settling)
	}
	g.until(start.Add(-soonBefore), OffHours)
	g.until(earlier(d.lastNews.Add(together), start.Add(-lastCall)), Together)
	if at, ok := d.rushed[m.Pair]; ok {
		g.until(at.Add(rushEvery), RushLimit)
	}
	g.until(from, Night)
	return d.byDay(g, start)
}

// starts are the old and the new start, as far as there are.
func (m Matter) starts() []time.Time {
	return slices.DeleteFunc([]time.Time{m.Old, m.New}, time.Time.IsZero)
}

// near is a start that is less than a day after t.
func (m Matter) near(t time.Time) (start time.Time, ok bool) {
	for _, s := range m.starts() {
		if t.Before(s) && s.Sub(t) <= soonBefore {
			start, ok = s, true
		}
	}
	return start, ok
}

// urgent reports whether the matter is when it is told at t.
func (m Matter) urgent(t time.Time) bool {
	_, near := m.near(t)
	return near || m.Kind == Acted
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// earliest is the earlier of the two that is not zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// spread is a part of ten minutes, in whole seconds: the same for the same key.
func spread(key string) time.Duration {
	n := 0
	for _, c := range []byte(hash(key)) {
		n = (n*31 + int(c)) % int(together/time.Second)
	}
	return time.Duration(n) * time.Second
}

// lastBefore is the reader's last stretch of working time that ends by t; false: none in two weeks.
func (r *Reader) lastBefore(t time.Time) (span, bool) {
	d, _ := r.day(t)
	for range 15 {
		for _, s := range slices.Backward(r.work(d)) {
			if !s.to.After(t) {
				return s, true
			}
		}
		d = d.AddDays(-1)
	}
	return span{}, false
}
