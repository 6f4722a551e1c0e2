package drift

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// week judges one week's meeting.
func (d *detector) week(w series.WeekMeeting) {
	over := w.Date.Before(d.now)
	kept, keptBy := Kept, ByUnknown
	if at := w.MadeUpAt(); !at.IsZero() {
		w.Booked, kept, keptBy = at, Recovered, ByHoldfast
	}
	m, at := w.Meeting, w.Booked
	moment := func(t time.Time) series.Aspect { return series.AspectOf(t.In(at.Location())) }
	known := func(kind Kind) (Flag, bool) {
		f, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: w.Date, Generation: w.Generation}).ID()]
		return f, ok
	}
	detailed := func(f Flag) Flag {
		f.Pair, f.Generation, f.Occurrence = d.v.Pair, w.Generation, w.Date
		if d.v.Wanted && d.lasts(w) {
			return d.detailed(f, w.Booked)
		}
		if f, ok := known(f.Kind); ok {
			return f
		}
		f.Notice = notice(w.Booked, d.v.Before, d.v.At)
		return f
	}
	// flag is the flag as it was known, or a new one; those of a week that is over are not flagged any more.
	flag := func(kind Kind, from, to series.Aspect, by By) Flag {
		return detailed(Flag{Kind: kind, From: from, To: to, By: by})
	}
	// details flags what else is different about a meeting that takes place, or took place.
	details := func() { d.details(w, detailed, known) }
	final := over && (d.out.Unread[d.v.Pair] || d.readSince(w.Date))
	outcome := func(r Result, by By, notice *time.Duration) {
		if !w.Date.Before(d.from) { // else it is final
			d.outcome(w.Date, r, by, notice, final)
		}
	}
	// What changed only after the meeting was over did not change the meeting: past says that it was over when the
	// calendar was last read, so that what it says otherwise is known by now, or new and too late.
	past := func(end time.Time) bool { return !d.v.Before.IsZero() && !d.v.Before.Before(end) }
	end := w.Booked.Add(w.Slot.Duration)
	away := w.Skip != nil || d.v.Wanted && d.v.Away(w.Booked, w.Slot.Duration) != ""
	standIn, lookAlike := d.standIn(w.Date, w.Slot.Zone)
	gone := m == nil || m.Cancelled

	if gone && standIn != nil && !lookAlike {
		outcome(Recovered, ByUnknown, nil)
		return
	}
	if past(end) && !away {
		if f, ok := known(Cancelled); ok {
			detailed(f)
			outcome(cancelled(f), f.By, f.Notice)
			return
		}
		f, moved := known(Moved)
		to, timed := f.To.Time()
		if declined, ok := known(DeclinedKind); ok {
			if moved {
				detailed(f)
			}
			detailed(declined)
			outcome(DeclinedWeek, declined.By, declined.Notice)
			details()
			return
		}
		if moved && timed && past(to.Add(w.Slot.Duration)) {
			detailed(f)
			outcome(sameWeek(w, to), f.By, f.Notice)
			details()
			return
		}
		// A meeting that did not take place may still be moved to a later time.
		later := !gone && m.Overridden && m.Start.After(d.v.At)
		if !moved && !later && !w.Event.SlotTouched() {
			outcome(kept, keptBy, nil)
			details()
			return
		}
	}
	onSeries := m == nil || !m.Cancelled && m.Start.Equal(m.Original)
	if w.Event.SlotTouched() && onSeries && !d.since(SeriesMoved, w.Generation).Before(end) {
		outcome(Kept, ByUnknown, nil) // the series was moved only after this one
		details()
		return
	}
	switch {
	case gone && standIn != nil:
		f := detailed(Flag{Kind: Moved, From: moment(at), To: moment(standIn.Start), By: ByUnknown,
			Detail: InAnotherEvent})
		outcome(sameWeek(w, standIn.Start), f.By, f.Notice)
		return
	case gone && away:
		outcome(Excused, ByUnknown, nil)
		return
	case m == nil && w.Event.SlotTouched():
		outcome(CancelledWeek, ByUnknown, nil) // it is the series that was moved
		return
	case gone:
		f := flag(Cancelled, moment(at), none, ByUnknown)
		outcome(cancelled(f), f.By, f.Notice)
		return
	}
	result, by, when := sameWeek(w, m.Start), ByUnknown, (*time.Duration)(nil)
	if kept == Recovered && m.Start.Equal(w.Booked) {
		result, by = kept, keptBy
	}
	if m.Overridden && !m.Start.Equal(w.Booked) && !m.Start.Equal(m.Original) {
		f := flag(Moved, moment(at), moment(m.Start), ByUnknown)
		by, when = f.By, f.Notice
	}
	if d.declined(m.Guests) {
		result, by, when = DeclinedWeek, ByReport, nil
		f, alone := known(DeclinedKind)
		switch {
		case away:
			result = Excused
		case alone && d.declined(w.Event.Guests):
			when = f.Notice
		case !d.declined(w.Event.Guests):
			when = flag(DeclinedKind, moment(at), none, ByReport).Notice
		case d.since(DeclinedKind, w.Generation).Before(end):
		default: // all were declined only after this one
			result, by = sameWeek(w, m.Start), ByUnknown
		}
	}
	outcome(result, by, when)
	details()
}

// since is when a difference of the whole series was first seen: now, if it is new.
func (d *detector) since(kind Kind, generation int) time.Time {
	days := []series.Date{{}}
	if h := d.v.Head(); h != nil {
		days = append(days, h.First()) // a part that was split off is moved from its first day on
	}
	for _, day := range days {
		if f, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: day, Generation: generation}).ID()]; ok {
			return f.Since
		}
	}
	return d.v.At
}

// details flags what is different about a meeting that takes place, beside its time. Of one that is over it opens
// nothing that matters only while it is to come.
func (d *detector) details(w series.WeekMeeting, detailed func(Flag) Flag, known func(Kind) (Flag, bool)) {
	m, e, want := w.Meeting, w.Event, &d.v.Want
	if m == nil || m.Cancelled || !d.v.Wanted {
		return
	}
	flag := func(kind Kind) { detailed(Flag{Kind: kind, By: ByUnknown}) }
	toCome := func(kind Kind) bool {
		_, was := known(kind)
		return was || m.End().After(d.in.Now)
	}
	if m.Overridden {
		if m.Duration < w.Slot.Duration && m.Duration != e.Duration {
			detailed(Flag{
				Kind: Shortened,
				From: series.AspectOf(w.Slot.Duration),
				To:   series.AspectOf(m.Duration),
				By:   ByUnknown,
			})
		}
		if want.Place != "" && series.Digest(m.Place) != series.Digest(e.Place) &&
			series.Digest(m.Place) != series.Digest(want.Place) {
			flag(PlaceChanged)
		}
		if noRoom(m.Rooms) && !noRoom(e.Rooms) && toCome(RoomDeclined) {
			flag(RoomDeclined)
		}
		if m.Free && !e.Free {
			flag(NotBusy)
		}
		if d.strangers(m.Guests) > d.strangers(e.Guests) {
			flag(GuestAdded)
		}
	}
	if others := d.over.single[booked{w.Generation, w.Date}]; len(others) > 0 && toCome(DoubleBooked) {
		from, to, what := clash(w, others)
		detailed(Flag{Kind: DoubleBooked, From: from, To: to, Detail: what, By: ByUnknown})
	}
}

// standIn finds an event that takes the place of the meeting booked on the day.
func (d *detector) standIn(day series.Date, zone string) (s *series.StandIn, lookAlike bool) {
	for i := range d.v.StandIns {
		x := &d.v.StandIns[i]
		if on, _ := series.WallClock(x.Start, zone); on.Monday() == day.Monday() && (s == nil || lookAlike && !x.LookAlike) {
			s, lookAlike = x, x.LookAlike
		}
	}
	return s, lookAlike
}

// sameWeek is the result of a meeting that takes place at start.
func sameWeek(w series.WeekMeeting, start time.Time) Result {
	day, _ := series.WallClock(start, w.Slot.Zone)
	switch {
	case day.Monday() != w.Date.Monday():
		return Slipped
	case day.After(w.Date):
		return KeptLate
	}
	return Kept
}

func cancelled(f Flag) Result {
	if f.Notice != nil && *f.Notice < lateNotice {
		return LateCancelled
	}
	return CancelledWeek
}

func (d *detector) declined(guests []series.Guest) bool {
	return slices.ContainsFunc(guests, func(g series.Guest) bool {
		return g.Answer == series.Declined && d.v.Want.Report.Is(g.Address)
	})
}

// noRoom reports whether a room that was asked for said no.
func noRoom(rooms []series.Guest) bool {
	return slices.ContainsFunc(rooms, func(r series.Guest) bool { return r.Answer == series.Declined })
}

// strangers counts the guests that are neither of the two.
func (d *detector) strangers(guests []series.Guest) int {
	n := 0
	for _, g := range guests {
		if !d.v.Want.Report.Is(g.Address) && !d.v.Want.Manager.Is(g.Address) {
			n++
		}
	}
	return n
}
