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
		if e.Mark.Slot.IsZero() {
			return
		}
	case h != nil && !h.Mark.Slot.IsZero() && h.EndedByHand():
		e = h
		if last := h.LastDay(); !last.IsZero() {
			since = h.Mark.Slot.On(last).Add(h.Duration)
		}
	default:
		return
	}
	today, _ := series.WallClock(d.in.Now, e.Mark.Slot.Zone)
	if ends := v.Want.Ends; !ends.IsZero() && ends.Before(today) {
		return
	}
	d.flag(SeriesEnded, e.Mark.Generation, series.Date{}, e.Mark.Slot.String(), "", ByUnknown, time.Time{})
	from, now, _ := d.span(e.Mark.Slot.Zone)
	slot := e.Mark.Slot
	for _, day := range slot.Dates(slot.InWeek(e.First()), from.Monday(), now.Monday().AddDays(6)) {
		booked := slot.On(day)
		over := day.Monday().Before(now.Monday())
		switch {
		case slices.ContainsFunc(d.out.Outcomes, func(o Outcome) bool { return o.Pair == v.Pair && o.Week == day.Week() }):
		case !booked.Add(slot.Duration).After(since):
			d.outcome(day, Kept, ByUnknown, nil, over)
		case v.Away(booked, slot.Duration) != "":
			d.outcome(day, Excused, ByUnknown, nil, over)
		default:
			d.outcome(day, CancelledWeek, ByUnknown, nil, over)
		}
	}
}

// wholeSeries flags what differs about the series as such.
func (d *detector) wholeSeries(h *series.Event) {
	v, want, g := d.v, &d.v.Want, h.Mark.Generation
	flag := func(kind Kind, from, to string, by By) {
		d.flag(kind, g, series.Date{}, from, to, by, time.Time{})
	}
	if slices.ContainsFunc(v.Duplicates, func(e series.Event) bool { return !e.Ended(d.in.Now) }) {
		flag(Duplicate, h.Mark.Slot.String(), "", ByUnknown)
	}
	if h.Ended(d.in.Now) {
		return
	}
	if h.SlotTouched() {
		from, to := h.Mark.Slot, h.Slot()
		shape := to
		shape.Duration = from.Duration
		if shape.Same(from, h.First()) && to.Duration < from.Duration {
			flag(Shortened, from.Duration.String(), to.Duration.String(), ByUnknown)
		} else {
			// A part that a person split off is moved from its first day on.
			day := series.Date{}
			if !h.Derived && len(v.Chain) > 1 {
				day = h.First()
			}
			d.flag(SeriesMoved, g, day, from.String(), to.String(), ByUnknown, time.Time{})
		}
	}
	if d.declined(h.Guests) {
		flag(DeclinedKind, "", "", ByReport)
	}
	if want.Place != "" && h.Mark.Written[series.FieldPlace] != "" && h.Touched(series.FieldPlace) && series.Digest(h.Place) != series.Digest(want.Place) {
		flag(PlaceChanged, "", "", ByUnknown)
	}
	if h.Link != "" && want.Link != "" && h.Mark.Written[series.FieldLink] != "" && h.Touched(series.FieldLink) && h.Link != want.Link {
		flag(LinkChanged, "", "", ByUnknown)
	}
	if h.Free {
		flag(NotBusy, "", "", ByUnknown)
	}
	if d.strangers(h.Guests) > 0 {
		flag(GuestAdded, "", "", ByUnknown)
	}
	if !slices.ContainsFunc(h.Guests, func(x series.Guest) bool { return want.Report.Is(x.Address) }) {
		flag(GuestRemoved, "", "", ByUnknown)
	}
}

// copies flags what the report's own copy shows otherwise, once it was seen twice. A copy that still shows an earlier
// version of ours is behind, which is no flag.
func (d *detector) copies(h *series.Event) {
	if !d.v.HasCopy || h.Ended(d.in.Now) {
		return
	}
	i := slices.IndexFunc(d.v.Copies, func(c series.Event) bool { return c.UID == h.UID })
	if i < 0 {
		gone := slices.ContainsFunc(d.v.GoneCopies, func(g series.Gone) bool { return g.Last.UID == h.UID && g.Proven })
		if gone && !d.declined(h.Guests) {
			d.copyFlag(h, series.Date{}, h.Slot().String(), "", "gone", ByReport)
		}
		return
	}
	c := &d.v.Copies[i]
	times := c.Times()
	if times == h.Times() || c.Untouched() || slices.Contains(d.in.Behind[d.v.Pair], times) {
		return
	}
	by := ByUnknown
	for _, l := range d.v.LastCopies {
		if l.UID == c.UID && l.Times() != times {
			by = ByReport // it was seen changing, and not to what we ever wrote
		}
	}
	if !c.Slot().Same(h.Slot(), h.First()) {
		d.copyFlag(h, series.Date{}, h.Slot().String(), c.Slot().String(), times, by)
		return
	}
	from, to := d.in.Now, d.in.Now.AddDate(0, 0, 7*d.in.HorizonWeeks)
	theirs, zone := map[int64]series.Meeting{}, h.Mark.Slot.Zone
	for _, m := range c.Meetings(from, to) {
		theirs[m.Original.Unix()] = m
	}
	for _, m := range h.Meetings(from, to) {
		t, ok := theirs[m.Original.Unix()]
		gone := !ok || t.Cancelled
		day, _ := series.WallClock(m.Original, h.Mark.Slot.Zone)
		switch {
		case m.Cancelled && gone, d.declined(m.Guests) && gone:
		case m.Cancelled != gone:
			d.copyFlag(h, day, present(m, zone, !m.Cancelled), present(t, zone, !gone), times, by)
		case !m.Start.Equal(t.Start) || m.Duration != t.Duration:
			d.copyFlag(h, day, present(m, zone, true), present(t, zone, true), times, by)
		}
	}
}

func present(m series.Meeting, zone string, there bool) string {
	loc, err := series.Location(zone)
	if !there || err != nil {
		return ""
	}
	return instant(m.Start.In(loc))
}

// copyFlag flags on the second observation of the same difference; the first is remembered.
func (d *detector) copyFlag(h *series.Event, day series.Date, from, to, times string, by By) {
	f := Flag{Pair: d.v.Pair, Kind: CopyDiffers, Occurrence: day, Generation: h.Mark.Generation}
	id := f.ID()
	p, seen := d.in.Pending[id]
	_, known := d.in.Known[id]
	if !known && (!seen || p.Times != times) {
		d.out.Pending[id] = Pending{Times: times, By: by, Since: d.v.At}
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
