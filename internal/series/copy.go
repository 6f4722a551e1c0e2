package series

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// base is what was delivered to a copy.
type base struct {
	face       // what the copy was last given, or was to be given
	also  face // what it showed of that before, while not all of it was written; else the same
	known bool
}

// base is what was delivered to the copy c of e. Where that is not known, it is made so that what the copy shows of
// its own stays, and that all else arrives.
func (e Event) base(c Event, now time.Time) base {
	before, after, unfinished := strings.Cut(c.Delivered, unfinishedMark)
	if f, ok := parseFace(before); ok {
		b := base{f, f, true}
		if g, ok := parseFace(after); ok && unfinished {
			b.face = g
		}
		return b
	}
	mine, theirs := c.face(now), e.face(now)
	times, rest, old := strings.Cut(before, "-")
	without := c
	without.Excluded = slices.DeleteFunc(slices.Clone(c.Excluded), func(t time.Time) bool {
		return !slices.ContainsFunc(e.Excluded, t.Equal)
	})
	switch untouched := times == c.Times(); {
	case old && before == e.oldDelivery():
		return base{theirs, theirs, true}
	case old && (unfinished || untouched && rest == c.oldRest()):
		return base{mine, mine, true}
	case old && times == without.Times() && rest == without.oldRest():
		f := without.face(now)
		return base{f, f, true}
	case old && untouched:
		mine.place, mine.link = theirs.place, theirs.link
		return base{mine, mine, true}
	}
	// The copy's own exceptions, slot and length stay; an end of the organizer's arrives, and so do place and link.
	f := theirs
	f.place, f.link, f.people, f.cancelled, f.parts = mine.place, mine.link, "", false, map[int64]part{}
	if theirs.until != "" {
		f.until = mine.until
	}
	for o, p := range mine.parts {
		t := theirs.at(o)
		t.place, t.link = p.place, p.link
		f.parts[o] = t
	}
	return base{f, f, false}
}

// later is the field as the copy is to have it: what its owner changed stays, unless the organizer's changed after
// that.
func later[T comparable](mine, was, also, theirs T) T {
	if mine != was && mine != also && theirs == was {
		return mine
	}
	return theirs
}

// For is what the copy c of e, an organizer's event, is to say: what e says, with what the copy's owner changed and e
// did not change after that, each field of each occurrence by itself. An end always arrives. People and their answers
// are those of e; Delivered is what the copy then was given. A meeting that its owner took out stays out until its
// time changes.
func (e Event) For(c Event, now time.Time) Event {
	b, mine, theirs := e.base(c, now), c.face(now), e.face(now)
	w := e
	w.Delivered, w.Excluded, w.Overrides = theirs.String(), nil, nil
	own := mine.slot != theirs.slot && later(mine.slot, b.slot, b.also.slot, theirs.slot) == mine.slot
	if own {
		w.Start, w.Zone, w.Rule = c.Start, c.Zone, c.Rule
		w.Rule.Until = e.Rule.Until
	}
	if mine.until != theirs.until && later(mine.until, b.until, b.also.until, theirs.until) == mine.until {
		w.Rule.Until = c.Rule.Until
	}
	w.Duration = time.Duration(later(mine.length, b.length, b.also.length, theirs.length)) * time.Second
	w.Cancelled = later(mine.cancelled, b.cancelled, b.also.cancelled, theirs.cancelled)
	text := func(m, was, also, t, ownText, theirText string) string {
		if m != t && later(m, was, also, t) == m {
			return ownText
		}
		return theirText
	}
	w.Place = text(mine.place, b.place, b.also.place, theirs.place, c.Place, e.Place)
	w.Link = text(mine.link, b.link, b.also.link, theirs.link, c.Link, e.Link)
	if !own && mine.slot != theirs.slot { // other occurrences than the copy had
		w.Excluded = slices.Clone(e.Excluded)
		for _, v := range e.Overrides {
			switch {
			case !v.Cancelled:
				w.Overrides = append(w.Overrides, v)
			case w.hits(v.Original):
				w.Excluded = append(w.Excluded, v.Original)
			}
		}
		slices.SortFunc(w.Excluded, time.Time.Compare)
		return w
	}
	same := func(t time.Time) (time.Time, bool) { return t, true }
	name := same
	if own {
		name = w.sameWeek(e.Zone)
	}
	has, wants := overridesBy(c, same), overridesBy(e, name)
	past := map[int64]bool{} // over by the organizer's names, so that what was delivered does not have them any more
	for o, p := range e.parts() {
		if t, ok := name(time.Unix(o, 0)); ok && over(now, o, p.start) {
			past[t.Unix()] = true
		}
	}
	mine.parts, theirs.parts = c.parts(), renamed(e.parts(), name)
	b.parts, b.also.parts = renamed(b.parts, name), renamed(b.also.parts, name)
	originals := map[int64]bool{}
	for _, parts := range []map[int64]part{mine.parts, theirs.parts, b.parts, b.also.parts} {
		for o := range parts {
			originals[o] = true
		}
	}
	loc := location(w.Zone)
	for _, o := range slices.Sorted(maps.Keys(originals)) {
		original := time.Unix(o, 0).In(loc)
		m, t, was, also := mine.at(o), theirs.at(o), b.at(o), b.also.at(o)
		v, overridden := wants[o]
		x, had := has[o]
		p := t
		switch occurs := w.hits(original); {
		case !occurs && (!overridden || t.gone):
			continue
		case past[o] || over(now, o, m.start, t.start):
			p, v, overridden = m, x, false
		case c.hits(original) || had:
			p = merge(m, was, also, t, theirs.until != b.until && w.after(m.start))
		}
		if p.gone {
			w.Excluded = append(w.Excluded, original)
			continue
		}
		if !overridden {
			v = Override{Guests: e.Guests, Rooms: e.Rooms, Free: cmp.Or(x.Free, !had && e.Free)}
		}
		placeOf := map[string]string{t.place: e.Place, m.place: c.Place}
		linkOf := map[string]string{t.link: e.Link, m.link: c.Link}
		if had {
			placeOf[m.place], linkOf[m.link] = x.Place, x.Link
		}
		if y, ok := wants[o]; ok {
			placeOf[t.place], linkOf[t.link] = y.Place, y.Link
		}
		v.Original, v.Start, v.Cancelled = original, time.Unix(p.start, 0).In(loc), false
		v.Duration = time.Duration(p.length) * time.Second
		v.Place, v.Link = placeOf[p.place], linkOf[p.link]
		if had || overridden || p != w.plain(o) {
			w.Overrides = append(w.Overrides, v)
		}
	}
	return w
}

// merge is the occurrence as the copy is to show it. ended: the organizer's end is news, and the copy has it after
// that.
func merge(mine, was, also, theirs part, ended bool) part {
	switch timed := theirs.start == was.start && theirs.length == was.length; {
	case theirs.gone:
		if !mine.gone && was.gone && also.gone && !ended {
			return mine // its owner put it back
		}
		return theirs
	case mine.gone:
		if !was.gone && !also.gone && timed {
			return mine
		}
		return theirs
	case was.gone || ended && mine.start != theirs.start:
		return theirs
	}
	if also.gone {
		also = was
	}
	return part{
		start:  later(mine.start, was.start, also.start, theirs.start),
		length: later(mine.length, was.length, also.length, theirs.length),
		place:  later(mine.place, was.place, also.place, theirs.place),
		link:   later(mine.link, was.link, also.link, theirs.link),
	}
}

// plain is the occurrence as the series has it.
func (e Event) plain(original int64) part {
	return part{start: original, length: seconds(e.Duration), place: short(e.Place), link: short(e.Link)}
}

// hits reports whether t is the original start of an occurrence, taken out or not.
// Of a rule that is not plain nothing is known far from the time of observation: t is believed there.
func (e Event) hits(t time.Time) bool {
	if n := len(e.Rule.Starts); !e.Rule.Plain && (n == 0 || t.Before(e.Rule.Starts[0]) || t.After(e.Rule.Starts[n-1])) {
		return true
	}
	for s := range e.starts(t, t.Add(time.Second)) {
		if s.Equal(t) {
			return true
		}
	}
	return false
}

// after reports whether the moment lies after the day of the series' last meeting.
func (e Event) after(unix int64) bool {
	last := e.LastDay()
	day, _ := WallClock(time.Unix(unix, 0), e.Zone)
	return !last.IsZero() && day.After(last)
}

// sameWeek finds the occurrence of e in the week of one of a series in the zone: what one is in a copy whose owner
// moved all of it.
func (e Event) sameWeek(zone string) func(time.Time) (time.Time, bool) {
	return func(t time.Time) (time.Time, bool) {
		day, _ := WallClock(t, zone)
		s := e.Slot()
		if s.IsZero() {
			return t, e.hits(t)
		}
		at := s.On(s.InWeek(day))
		return at, e.hits(at)
	}
}

// renamed are the parts under the names that their occurrences have in the copy; what stands on its slot stands on the
// copy's.
func renamed(parts map[int64]part, name func(time.Time) (time.Time, bool)) map[int64]part {
	out := map[int64]part{}
	for o, p := range parts {
		if t, ok := name(time.Unix(o, 0)); ok {
			if !p.gone && p.start == o {
				p.start = t.Unix()
			}
			out[t.Unix()] = p
		}
	}
	return out
}

// overridesBy are the overrides that are no cancellation, by the names that their occurrences have in the copy.
func overridesBy(e Event, name func(time.Time) (time.Time, bool)) map[int64]Override {
	out := map[int64]Override{}
	for _, o := range e.Overrides {
		if t, ok := name(o.Original); ok && !o.Cancelled {
			out[t.Unix()] = o
		}
	}
	return out
}

// Shows reports whether the copy c shows what e, a copy as it is to be, says.
func (e Event) Shows(c Event, now time.Time) bool {
	shows, wanted := c.face(now), e.face(now)
	shows.people, wanted.people = "", ""
	return shows.equal(wanted)
}

// DeliveredTo reports whether nothing of e, an organizer's event, is left to deliver to its copy c: the copy shows
// what it is to show, and carries what it was given.
func (e Event) DeliveredTo(c Event, now time.Time) bool {
	if !e.For(c, now).Shows(c, now) {
		return false
	}
	f, ok := parseFace(c.Delivered)
	return c.Delivered == e.oldDelivery() || ok && f.since(now).equal(e.face(now))
}

// Known reports whether the copy c of e carries what was last delivered to it.
func (e Event) Known(c Event, now time.Time) bool { return c.Delivered != "" && e.base(c, now).known }

// unfinishedMark joins what a copy showed and what it is to show.
const unfinishedMark = "~"

// Begun is what a copy carries as Delivered while only a part of what it is to say is written: whoever finds it so
// knows what was to be written over, and does the rest. c is the copy as it is, says what For makes of it.
func (e Event) Begun(c, says Event, now time.Time) string {
	had, is, given := c.face(now), says.face(now), e.face(now)
	if is.slot != given.slot { // its owner moved all of it: its occurrences have other names
		return says.Delivered
	}
	// before is the value to be written over; what its owner changed and is to stay counts as given.
	before := whole{
		slot:      had.slot,
		length:    replaced(had.length, is.length, given.length),
		until:     replaced(had.until, is.until, given.until),
		cancelled: replaced(had.cancelled, is.cancelled, given.cancelled),
		place:     replaced(had.place, is.place, given.place),
		link:      replaced(had.link, is.link, given.link),
		people:    given.people,
	}
	f := face{before, map[int64]part{}}
	for _, parts := range []map[int64]part{had.parts, is.parts, given.parts} {
		for o := range parts {
			m, s, g := had.at(o), is.at(o), given.at(o)
			p := part{
				gone:   replaced(m.gone, s.gone, g.gone),
				start:  replaced(m.start, s.start, g.start),
				length: replaced(m.length, s.length, g.length),
				place:  replaced(m.place, s.place, g.place),
				link:   replaced(m.link, s.link, g.link),
			}
			if p.gone {
				p = part{gone: true}
			}
			f.parts[o] = p
		}
	}
	return f.String() + unfinishedMark + says.Delivered
}

// replaced is what a copy had where another value is to be written over it, else what was given.
func replaced[T comparable](had, is, given T) T {
	if had == is {
		return given
	}
	return had
}
