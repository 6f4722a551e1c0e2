package plan

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// Missing says in words what a reading of the event that the step wrote does not show of it; "" where it shows all.
func (s Step) Missing(e series.Event) string {
	switch {
	case s.Create != nil:
		return missingOf(*s.Create, e)
	case s.Update != nil:
		return missingPatch(*s.Update, e)
	case s.Skip != nil:
		for _, k := range s.Skip {
			if meets(e, k.Date) || !slices.ContainsFunc(e.Mark.Skips, func(x series.Skip) bool { return x.Date == k.Date }) {
				return "the skip of " + k.Date.Long()
			}
		}
	case s.Unskip != nil:
		for _, d := range s.Unskip {
			if slices.ContainsFunc(e.Mark.Skips, func(x series.Skip) bool { return x.Date == d }) ||
				slices.ContainsFunc(e.Excluded, e.Slot().On(d).Equal) {
				return "the meeting of " + d.Long()
			}
		}
	case s.SetOverride != nil:
		if o := occurrence(e, s.SetOverride.Original); !shows(o, *s.SetOverride) {
			return "the change of " + dayOf(e, s.SetOverride.Original)
		}
	case s.ClearOverride != nil:
		o := occurrence(e, *s.ClearOverride)
		if o.Cancelled || !o.Start.Equal(o.Original) || o.Duration != e.Duration {
			return "the meeting of " + dayOf(e, *s.ClearOverride)
		}
	case s.End != nil:
		if !e.Cancelled && meetsAfter(&e, *s.End) {
			return "the end after " + s.End.Long()
		}
	case s.Revive != nil:
		if e.Cancelled {
			return "the series"
		}
	}
	return ""
}

// missingOf is what is not there of a series that was created. One that was there before may be as people have made
// it since.
func missingOf(w series.Series, e series.Event) string {
	if e.Cancelled || e.Mark.IsZero() || e.Mark.Pair != w.Pair && !slices.Contains(w.Formerly, e.Mark.Pair) {
		return "the series"
	}
	if w.Carry.From != nil && e.Mark.Carried != w.Carry.From.Changes() {
		return "what people put on the series before it"
	}
	for _, f := range []struct {
		field series.Field
		word  string
	}{{series.FieldSlot, "the slot"}, {series.FieldPeople, "the people"}, {series.FieldPlace, "the place"},
		{series.FieldLink, "the agenda link"}} {
		if e.Mark.Written[f.field] == w.Mark().Written[f.field] && e.Touched(f.field) && w.Carry.From == nil {
			return f.word
		}
	}
	return ""
}

func missingPatch(p series.Patch, e series.Event) string {
	digest := series.Digest
	switch {
	case p.Slot != nil && (e.First() != p.Slot.First || !e.Slot().Same(p.Slot.Slot, p.Slot.First)):
		return "the slot"
	case p.People != nil && !people(*p.People, e):
		return "the people"
	case p.Place != nil && digest(e.Place) != digest(*p.Place):
		return "the place"
	case p.Link != nil && digest(e.Link) != digest(*p.Link):
		return "the agenda link"
	case p.Busy && e.Free:
		return "that it is busy"
	case p.Mark != nil && (e.Mark.Pair != p.Mark.Pair || e.Mark.Generation != p.Mark.Generation ||
		e.Mark.Slot != p.Mark.Slot || e.Mark.Line != p.Mark.Line):
		return "the mark"
	}
	return ""
}

// people reports whether the event's people are those.
func people(p series.PeoplePatch, e series.Event) bool {
	if e.Organizer != "" && !p.Organizer.Is(e.Organizer) || len(e.Guests) != len(p.Guests) {
		return false
	}
	for _, want := range p.Guests {
		if !slices.ContainsFunc(e.Guests, func(g series.Guest) bool { return want.Is(g.Address) }) {
			return false
		}
	}
	return true
}

// shows reports whether the occurrence is what SetOverride was to make it.
func shows(o, want series.Override) bool {
	if o.Cancelled || want.Cancelled {
		return o.Cancelled == want.Cancelled
	}
	return o.Start.Equal(want.Start) && o.Duration == want.Duration && series.Digest(o.Place) == series.Digest(want.Place)
}

// occurrence is the one of that original start, as the event has it.
func occurrence(e series.Event, original time.Time) series.Override {
	for _, o := range e.Overrides {
		if o.Original.Equal(original) {
			return o
		}
	}
	return series.Override{Original: original, Start: original, Duration: e.Duration, Place: e.Place, Link: e.Link,
		Cancelled: slices.ContainsFunc(e.Excluded, original.Equal)}
}

// meets reports whether the series meets as booked on the day.
func meets(e series.Event, d series.Date) bool {
	at := e.Slot().On(d)
	return hits(&e, at) && !occurrence(e, at).Cancelled
}

func dayOf(e series.Event, t time.Time) string {
	d, _ := series.WallClock(t, e.Zone)
	return d.Long()
}
