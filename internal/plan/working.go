package plan

import (
	"maps"
	"slices"
	"time"

	"holdfast/internal/series"
)

// working is a view whose last of Chain may be changed: what is planned first counts as done for what is planned
// after, so that one round does all there is to do.
func working(v *series.View) *series.View {
	w := *v
	w.Chain = slices.Clone(v.Chain)
	return &w
}

// patched does to the event what an Update with the patch does.
func patched(e *series.Event, p series.Patch) {
	if p.Mark != nil {
		written := maps.Clone(e.Mark.Written)
		if written == nil {
			written = map[series.Field]string{}
		}
		maps.Copy(written, p.Mark.Written)
		e.Mark = *p.Mark
		e.Mark.Written = written
	}
	if p.Slot != nil {
		moved(e, *p.Slot)
	}
	e.Overrides = slices.Clone(e.Overrides)
	for i := range e.Overrides {
		o := &e.Overrides[i]
		if p.Place != nil && o.Place == e.Place {
			o.Place = *p.Place
		}
		if p.Link != nil && (o.Link == "" || o.Link == e.Link) {
			o.Link = *p.Link
		}
	}
	if p.Place != nil {
		e.Place = *p.Place
	}
	if p.Link != nil {
		e.Link = *p.Link
	}
}

// tookOver does to the event what a Create does that carries on with it.
func tookOver(e *series.Event, w series.Series) {
	own := func(t time.Time) bool {
		return hits(e, t) && !slices.ContainsFunc(e.Excluded, t.Equal) &&
			!slices.ContainsFunc(e.Overrides, func(o series.Override) bool { return o.Original.Equal(t) })
	}
	e.Excluded, e.Overrides = slices.Clone(e.Excluded), slices.Clone(e.Overrides)
	for _, t := range w.Carry.Excluded {
		if own(t) {
			e.Excluded = append(e.Excluded, t)
		}
	}
	for _, o := range w.Carry.Overrides {
		if own(o.Original) {
			e.Overrides = append(e.Overrides, o.Override)
			e.Mark.Overridden(o.Override)
		}
	}
	e.Mark.Carried = w.Carry.From.Changes()
}

// moved does to the event what a SlotPatch does: it has no end, and overrides that name no occurrence any more are
// lost.
func moved(e *series.Event, to series.SlotPatch) {
	was := *e
	e.Start, e.Zone, e.Duration = to.Slot.On(to.First), to.Slot.Zone, to.Slot.Duration
	e.Rule = series.Rule{Plain: true, Every: to.Slot.Every}
	e.Mark.Written = maps.Clone(e.Mark.Written)
	delete(e.Mark.Written, series.FieldEnd)
	e.Overrides = slices.DeleteFunc(slices.Clone(e.Overrides), func(o series.Override) bool { return !hits(e, o.Original) })
	e.Excluded = slices.DeleteFunc(slices.Clone(e.Excluded), func(t time.Time) bool { return !hits(e, t) })
	for _, s := range e.Mark.Skips {
		before, now := was.Slot().On(s.Date), to.Slot.On(s.Date)
		out := slices.ContainsFunc(was.Excluded, before.Equal)
		if (out || !hits(&was, before)) && hits(e, now) && !slices.ContainsFunc(e.Excluded, now.Equal) {
			e.Excluded = append(e.Excluded, now)
		}
	}
}

// hits reports whether t is the original start of an occurrence, taken out or not.
func hits(e *series.Event, t time.Time) bool {
	s := e.Slot()
	d, _ := series.WallClock(t, e.Zone)
	return !s.IsZero() && (e.Rule.Until.IsZero() || !t.After(e.Rule.Until)) && len(s.Dates(e.First(), d, d)) == 1 && s.On(d).Equal(t)
}

// ended does to the event what End does.
func ended(e *series.Event, last series.Date) {
	e.Rule.Until = series.Instant(last, 24*60-1, e.Zone)
	e.Overrides = slices.DeleteFunc(slices.Clone(e.Overrides), func(o series.Override) bool {
		was, _ := series.WallClock(o.Original, e.Zone)
		is, _ := series.WallClock(o.Start, e.Zone)
		return was.After(last) || is.After(last)
	})
	e.Mark.Written = maps.Clone(e.Mark.Written)
	if e.Mark.Written == nil {
		e.Mark.Written = map[series.Field]string{}
	}
	e.Mark.Written[series.FieldEnd] = e.Digests()[series.FieldEnd]
}
