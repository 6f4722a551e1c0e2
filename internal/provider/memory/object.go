package memory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/series"
)

// object is what a calendar stores under one id.
type object struct {
	event  series.Event
	single bool         // it does not recur
	busy   *series.Busy // it is none of ours, and this is all there is to tell of it
	notes  []string     // what people wrote into it
	client bool         // SCHEDULE-AGENT=CLIENT: the server does not deliver it
	seq    int          // the world's version at its last change
}

// raw is an object as served.
type raw struct {
	Event  series.Event
	Notes  []string
	Client bool
}

func (o *object) clone() *object {
	d := *o
	d.event, d.notes = clone(o.event), slices.Clone(o.notes)
	return &d
}

// served is the object as Observe tells it: canonical, and shared with nobody.
func (o *object) served() series.Event {
	e := clone(o.event)
	loc, err := series.Location(e.Zone)
	if err != nil {
		loc = time.UTC
	}
	e.Start = e.Start.In(loc)
	if !e.Rule.Until.IsZero() {
		e.Rule.Until = e.Rule.Until.In(loc)
	}
	e.Excluded = slices.DeleteFunc(e.Excluded, func(t time.Time) bool { return !hits(e, t) })
	for i := range e.Excluded {
		e.Excluded[i] = e.Excluded[i].In(loc)
	}
	slices.SortFunc(e.Excluded, time.Time.Compare)
	for i := range e.Overrides {
		v := &e.Overrides[i]
		v.Original, v.Start = v.Original.In(loc), v.Start.In(loc)
		sortGuests(v.Guests)
	}
	slices.SortFunc(e.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
	sortGuests(e.Guests)
	b, err := json.Marshal(raw{o.event, o.notes, o.client})
	if err != nil {
		panic(fmt.Sprintf("memory: an event that is no JSON: %v", err)) // strings, numbers and times only
	}
	e.Raw = string(b)
	return e
}

func sortGuests(g []series.Guest) {
	slices.SortFunc(g, func(a, b series.Guest) int { return cmp.Compare(a.Address, b.Address) })
}

// clone is a copy of e that shares nothing with it.
func clone(e series.Event) series.Event {
	e.Mark = cloneMark(e.Mark)
	e.Rule.Starts = slices.Clone(e.Rule.Starts)
	e.Guests = slices.Clone(e.Guests)
	e.Excluded = slices.Clone(e.Excluded)
	e.Overrides = slices.Clone(e.Overrides)
	for i := range e.Overrides {
		e.Overrides[i].Guests = slices.Clone(e.Overrides[i].Guests)
	}
	return e
}

func cloneMark(m series.Mark) series.Mark {
	m.Skips, m.MadeUp, m.Written = slices.Clone(m.Skips), slices.Clone(m.MadeUp), maps.Clone(m.Written)
	return m
}

// hits reports whether t is the original start of an occurrence, taken out or not.
func hits(e series.Event, t time.Time) bool {
	d, _ := series.WallClock(t, e.Zone)
	s := e.Slot()
	return !s.IsZero() && (e.Rule.Until.IsZero() || !t.After(e.Rule.Until)) &&
		len(s.Dates(e.First(), d, d)) == 1 && s.On(d).Equal(t)
}

// find is the place of original among the overrides, -1 if it has none.
func find(e *series.Event, original time.Time) int {
	return slices.IndexFunc(e.Overrides, func(o series.Override) bool { return o.Original.Equal(original) })
}

// override is that of the occurrence, made from what the series says where there is none.
func override(e *series.Event, original time.Time) *series.Override {
	i := find(e, original)
	if i < 0 {
		i = len(e.Overrides)
		e.Overrides = append(e.Overrides, series.Override{Original: original, Start: original, Duration: e.Duration,
			Place: e.Place, Link: e.Link, Guests: slices.Clone(e.Guests), Free: e.Free})
	}
	return &e.Overrides[i]
}

// drop forgets the occurrence's override.
func drop(e *series.Event, original time.Time) {
	e.Overrides = slices.DeleteFunc(e.Overrides, func(o series.Override) bool { return o.Original.Equal(original) })
}

// exclude takes the occurrence out.
func exclude(e *series.Event, original time.Time) {
	drop(e, original)
	if !excluded(*e, original) {
		e.Excluded = append(e.Excluded, original)
	}
}

func excluded(e series.Event, original time.Time) bool {
	return slices.ContainsFunc(e.Excluded, original.Equal)
}

// include undoes exclude.
func include(e *series.Event, original time.Time) {
	e.Excluded = slices.DeleteFunc(e.Excluded, original.Equal)
}

// out reports whether the occurrence does not take place.
func out(e *series.Event, original time.Time) bool {
	i := find(e, original)
	return i >= 0 && e.Overrides[i].Cancelled || i < 0 && excluded(*e, original)
}

// timesAt is when the occurrence takes place; zero where it does not.
func timesAt(e *series.Event, original time.Time) (time.Time, time.Duration) {
	switch i := find(e, original); {
	case i >= 0:
		return e.Overrides[i].Start, e.Overrides[i].Duration
	case hits(*e, original) && !excluded(*e, original):
		return original, e.Duration
	}
	return time.Time{}, 0
}

// answer notes the answer to one occurrence, or to the series where original is zero. It does nothing for a stranger
// or for an occurrence that does not take place.
func answer(e *series.Event, original time.Time, attendee string, stat series.PartStat) {
	switch {
	case original.IsZero():
		setAnswer(e.Guests, attendee, stat)
	case said(e.Guests, attendee) != "" && hits(*e, original) && !out(e, original) &&
		said(guests(e, original), attendee) != stat:
		setAnswer(override(e, original).Guests, attendee, stat)
	}
}

func setAnswer(gs []series.Guest, attendee string, stat series.PartStat) {
	for i := range gs {
		if gs[i].Address == attendee {
			gs[i].Answer = stat
		}
	}
}

// reset makes all guests answer again: the meeting is at another time (RFC 5546 section 3.2.2.1).
func reset(gs []series.Guest) {
	for i := range gs {
		gs[i].Answer = series.NeedsAction
	}
}

// guests are those of the occurrence.
func guests(e *series.Event, original time.Time) []series.Guest {
	if i := find(e, original); i >= 0 {
		return e.Overrides[i].Guests
	}
	return e.Guests
}

// said is the attendee's answer among the guests; "" for a stranger.
func said(gs []series.Guest, attendee string) series.PartStat {
	for _, g := range gs {
		if g.Address == attendee {
			return g.Answer
		}
	}
	return ""
}
