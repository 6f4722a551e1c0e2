package drift

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// lost flags a series that a person deleted or ended, and records the weeks without it.
func (d *detector) lost() {
	v := d.v
	h := v.Head()
	var e *series.Event
	var since time.Time
	switch {
	case v.Lost() != nil:
		e, since = &v.Lost().Last, v.Lost().Since
	case h != nil && h.EndedByHand():
		e = h
		if last := h.LastDay(); !last.IsZero() && !h.Cancelled {
			since = h.Mark.Slot.On(last).Add(h.Duration)
		}
	default:
		return
	}
	slot := e.Mark.Slot
	if slot.IsZero() {
		return
	}
	next := e.LastDay().AddDays(7 * max(slot.Every, 1))
	if ends := v.Want.Ends; !ends.IsZero() && (ends.Before(d.today(slot.Zone)) || h == e && !h.Cancelled && ends.Before(next)) {
		return
	}
	to := none
	if h == e && !h.Cancelled {
		to = series.AspectOf(h.LastDay())
	}
	d.flag(SeriesEnded, e.Mark.Generation, series.Date{}, series.AspectOf(slot), to, ByUnknown, time.Time{})
	for _, day := range slot.Dates(e.BookedFirst(slot), d.from, d.now.AddDays(6)) {
		booked := slot.On(day)
		switch {
		case !booked.Add(slot.Duration).After(since), slices.ContainsFunc(d.out.Outcomes, func(o Outcome) bool {
			return o.Week == day.Week()
		}):
		case v.Away(booked, slot.Duration) != "":
			d.outcome(day, Excused, ByUnknown, nil, day.Before(d.now))
		default:
			d.outcome(day, CancelledWeek, ByUnknown, nil, day.Before(d.now))
		}
	}
}

func (d *detector) today(zone string) series.Date {
	day, _ := series.WallClock(d.in.Now, zone)
	return day
}

// wholeSeries flags what differs about the series as such.
func (d *detector) wholeSeries(h *series.Event) {
	v, want, g := d.v, &d.v.Want, h.Mark.Generation
	flag := func(kind Kind, from, to series.Aspect, by By) {
		d.flag(kind, g, series.Date{}, from, to, by, time.Time{})
	}
	if slices.ContainsFunc(v.Duplicates, func(e series.Event) bool { return !e.Ended(d.in.Now) }) {
		flag(Duplicate, series.AspectOf(h.Mark.Slot), none, ByUnknown)
	}
	if h.Ended(d.in.Now) || dismissed(h) {
		return
	}
	if h.SlotTouched() {
		from, to := h.Mark.Slot, h.Slot()
		shape := to
		shape.Duration = from.Duration
		if shape.Same(from, h.First()) && to.Duration < from.Duration {
			flag(Shortened, series.AspectOf(from.Duration), series.AspectOf(to.Duration), ByUnknown)
		} else {
			// A part that a person split off is moved from its first day on.
			day := series.Date{}
			if n := len(v.Chain) - 2; n >= 0 && v.Chain[n].Mark.Generation == g && !v.Chain[n].Cancelled {
				day = h.First()
			}
			was, is := h.Moved()
			d.flag(SeriesMoved, g, day, was, is, ByUnknown, time.Time{})
		}
	}
	if d.declined(h.Guests) {
		flag(DeclinedKind, none, none, ByReport)
	}
	// What stands there before the roster states it is a person's.
	touched := func(f series.Field, value string) bool {
		if h.Mark.Written[f] == "" {
			return value != ""
		}
		return h.Touched(f)
	}
	if want.Place != "" && touched(series.FieldPlace, h.Place) && series.Digest(h.Place) != series.Digest(want.Place) {
		flag(PlaceChanged, none, none, ByUnknown)
	}
	if noRoom(h.Rooms) {
		flag(RoomDeclined, none, none, ByUnknown)
	}
	if h.Link != "" && want.Link != "" && touched(series.FieldLink, h.Link) && h.Link != want.Link {
		flag(LinkChanged, none, none, ByUnknown)
	}
	if h.Free {
		flag(NotBusy, none, none, ByUnknown)
	}
	if d.strangers(h.Guests) > 0 {
		flag(GuestAdded, none, none, ByUnknown)
	}
	if !slices.ContainsFunc(h.Guests, func(x series.Guest) bool { return want.Report.Is(x.Address) }) {
		flag(GuestRemoved, none, none, ByUnknown)
	}
}

// dismissed reports whether it was Holdfast that left nobody in the series: it is about to remove it.
func dismissed(h *series.Event) bool {
	return len(h.Guests) == 0 && h.Mark.Written[series.FieldPeople] == h.People()
}

// copies flags what the report's own copy shows otherwise, once it was seen twice, and what does not reach it. A copy
// that still shows an earlier version of ours is behind, which is no flag; so is one to which something is yet to be
// delivered.
func (d *detector) copies(h *series.Event) {
	if h.Ended(d.in.Now) || dismissed(h) {
		return
	}
	d.undelivered(h)
	i := slices.IndexFunc(d.v.Copies, func(c series.Event) bool { return c.UID == h.UID })
	if i < 0 || !d.v.HasCopy {
		return
	}
	c := &d.v.Copies[i]
	d.overwritten(h, c)
	times, held := c.Times(), *c
	if c.Delivered != "" { // as it will be, when it is delivered to: what differs then is the report's
		held = h.For(*c, d.in.Now)
	}
	behind := slices.Contains(h.Earlier, times) || slices.Contains(d.in.Behind[d.v.Pair], times)
	if held.Times() == h.Times() || c.Delivered == "" && behind {
		return
	}
	c = &held
	by := ByUnknown
	for _, l := range d.v.LastCopies {
		if l.UID == c.UID && l.Times() != times {
			by = ByReport // it was seen changing, and not to what we ever wrote
		}
	}
	if !c.Slot().Same(h.Slot(), h.First()) || c.LastDay() != h.LastDay() {
		d.copyFlag(h, series.Date{}, present(*h), present(*c), times, by)
		return
	}
	theirs, zone := map[int64]series.Meeting{}, h.Mark.Slot.Zone
	from, to := series.Instant(d.today(zone).Monday(), 0, zone), series.Ahead(d.in.Now, 7*d.in.HorizonWeeks+1)
	for _, m := range c.Meetings(from, to) {
		theirs[m.Original.Unix()] = m
	}
	for _, m := range h.Meetings(from, to) {
		t, ok := theirs[m.Original.Unix()]
		gone := !ok || t.Cancelled
		day, _ := series.WallClock(m.Original, zone)
		f := Flag{Pair: d.v.Pair, Kind: CopyDiffers, Occurrence: day, Generation: h.Mark.Generation}
		if _, known := d.in.Known[f.ID()]; !known && !m.End().After(d.in.Now) {
			continue // nobody needs to know any more
		}
		switch {
		case m.Cancelled && gone, d.declined(m.Guests) && gone:
		case m.Cancelled != gone:
			d.copyFlag(h, day, shown(m, zone, !m.Cancelled), shown(t, zone, !gone), times, by)
		case !m.Start.Equal(t.Start) || m.Duration != t.Duration:
			d.copyFlag(h, day, shown(m, zone, true), shown(t, zone, true), times, by)
		}
	}
}

// undelivered flags that the report has no copy, or that what changed does not reach it. Who declined needs none.
func (d *detector) undelivered(h *series.Event) {
	guest := slices.ContainsFunc(h.Guests, func(g series.Guest) bool { return d.v.Want.Report.Is(g.Address) })
	if !guest || d.declined(h.Guests) || d.v.Unmarked {
		return
	}
	by, detail := ByUnknown, d.in.Undelivered[d.v.Pair]
	i := slices.IndexFunc(d.v.GoneCopies, func(g series.Gone) bool { return g.Last.UID == h.UID })
	switch there := slices.ContainsFunc(d.v.Copies, func(c series.Event) bool { return c.UID == h.UID }); {
	case there:
	case i >= 0 && d.v.GoneCopies[i].Proven:
		by, detail = ByReport, CopyDeleted
	case i >= 0 && d.v.GoneCopies[i].Rounds >= absentRounds:
		detail = CopyGone
	case !d.v.HasCopy && !d.v.ServerDelivers:
		detail = NoWay
	}
	if detail != "" {
		f := Flag{Pair: d.v.Pair, Generation: h.Mark.Generation, Kind: Undelivered, Detail: detail, By: by}
		d.detailed(f, time.Time{})
	}
}

// absentRounds is in how many observations a copy is missing, of which nothing says that it was deleted, before it is
// told.
const absentRounds = 3

// overwritten notes of a meeting that the report had moved in the copy that a change of the series undid it: what else
// the copy shows changed with it.
func (d *detector) overwritten(h, c *series.Event) {
	i := slices.IndexFunc(d.v.LastCopies, func(l series.Event) bool { return l.UID == c.UID })
	if i < 0 || c.Times() != h.Times() {
		return
	}
	last := d.v.LastCopies[i]
	for id, f := range d.in.Known {
		if f.Pair != d.v.Pair || f.Kind != CopyDiffers || f.Generation != h.Mark.Generation {
			continue
		}
		own := func(o series.Override) bool {
			day, _ := series.WallClock(o.Original, h.Mark.Slot.Zone)
			return day == f.Occurrence
		}
		without := last
		without.Overrides = slices.DeleteFunc(slices.Clone(last.Overrides), own)
		if len(without.Overrides) == len(last.Overrides) || without.Shows(*c, d.in.Now) {
			continue // it is as it was, or its owner put it back
		}
		put(&d.out.Undone, id, Undone)
	}
}

// present is what a whole series shows: its slot, or its last day.
func present(e series.Event) series.Aspect {
	if last := e.LastDay(); !last.IsZero() {
		return series.AspectOf(last)
	}
	return series.AspectOf(e.Slot())
}

func shown(m series.Meeting, zone string, there bool) series.Aspect {
	loc, err := series.Location(zone)
	if !there || err != nil {
		return none
	}
	return series.AspectOf(m.Start.In(loc))
}

// copyFlag flags on the second observation of the same difference; the first is remembered.
func (d *detector) copyFlag(h *series.Event, day series.Date, from, to series.Aspect, times string, by By) {
	f := Flag{Pair: d.v.Pair, Kind: CopyDiffers, Occurrence: day, Generation: h.Mark.Generation}
	id := f.ID()
	p, seen := d.in.Pending[id]
	_, known := d.in.Known[id]
	if !known && (!seen || p.Times != times) {
		put(&d.out.Pending, id, Pending{Pair: d.v.Pair, Times: times, By: by, Since: d.v.At})
		return
	}
	if seen && by == ByUnknown {
		by = p.By
	}
	if by == "" {
		by = ByUnknown
	}
	d.flag(CopyDiffers, h.Mark.Generation, day, from, to, by, time.Time{})
}

// put is an assignment to a map that is made when first needed.
func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}
