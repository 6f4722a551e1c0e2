package ical

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Answer is an attendee's answer.
type Answer = series.Answer

// Skip is the text with the days (of the series' own zone) taken out, and noted in the mark. A day that is out already, or
// has no occurrence, is only noted; an override of a day goes.
func (o *Object) Skip(skips []series.Skip, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	before := m.timesText()
	gone := map[int64]bool{}
	for _, s := range skips {
		t, ok := startOn(e, s.Date)
		if !ok || slices.ContainsFunc(e.Excluded, t.Equal) || isCancelled(e, t) {
			continue
		}
		m.add(like("EXDATE", t, m, e.Zone))
		gone[t.Unix()] = true
	}
	d.dropOverrides(m, e, func(t time.Time) bool { return gone[t.Unix()] })
	if m.timesText() != before {
		m.bump()
	}
	if mark := m.mark(); !mark.IsZero() {
		mark.Skips = addSkips(mark.Skips, skips)
		m.setMark(mark)
	}
	return d.finish(now)
}

// Unskip is the text with the days put back, and forgotten in the mark. A day that is not out is only forgotten.
func (o *Object) Unskip(days []series.Date, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	back := false
	for _, day := range days {
		if t, ok := startOn(e, day); ok {
			included := d.include(m, e, t)
			revived := isCancelled(e, t) && d.dropOverrides(m, e, t.Equal)
			back = back || included || revived
		}
	}
	if back {
		m.bump()
	}
	if mark := m.mark(); !mark.IsZero() {
		mark.Skips = slices.DeleteFunc(mark.Skips, func(s series.Skip) bool { return slices.Contains(days, s.Date) })
		m.setMark(mark)
	}
	return d.finish(now)
}

// SetOverride is the text with one occurrence made what x says: times, place, link, cancelled or not. All else of it
// stays, and its people; those who are asked to come at another time have to answer again. An occurrence that was taken out
// comes back; it is an error where there is none.
func (o *Object) SetOverride(x series.Override, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	if _, _, ok := timesOf(e)(x.Original); !ok && !slices.ContainsFunc(e.Excluded, x.Original.Equal) {
		return nil, fmt.Errorf("the series has no occurrence at %s", x.Original.Format(time.RFC3339))
	}
	back := d.include(m, e, x.Original)
	written := m.mark().Written[series.FieldLink]
	c := d.overrides(m, e)[x.Original.Unix()]
	was, start, duration := c, x.Original, e.Duration
	if c == nil {
		c = d.instance(m, e, x.Original)
	} else if i := slices.IndexFunc(e.Overrides, func(y series.Override) bool { return y.Original.Equal(x.Original) }); i >= 0 {
		start, duration = e.Overrides[i].Start, e.Overrides[i].Duration
	}
	revised := was == nil && back
	if was == nil || !start.Equal(x.Start) || duration != x.Duration {
		c.put("DTSTART", like("DTSTART", x.Start, m, e.Zone))
		c.put("DTEND", like("DTEND", x.Start.Add(x.Duration), m, e.Zone))
		c.dropNames("DURATION")
	}
	if !start.Equal(x.Start) || duration != x.Duration {
		c.resetAnswers()
		revised = true
	}
	switch {
	case x.Cancelled && !c.cancelled():
		c.put("STATUS", line("STATUS", "CANCELLED"))
		revised = true
	case !x.Cancelled && c.cancelled():
		c.put("STATUS")
		revised = true
	}
	if mark := m.mark(); !mark.IsZero() && mark.Overridden(x) {
		m.setMark(mark)
	}
	c.setPlace(x.Place)
	if c.link(written) != x.Link {
		c.setLink(x.Link, written)
	}
	if revised {
		if c.sequence() < m.sequence() {
			c.put("SEQUENCE", m.lines("SEQUENCE")...)
		}
		c.bump()
	}
	return d.finish(now)
}

// ClearOverride is the text with the occurrence that starts at original the series' own again, overridden or taken out.
func (o *Object) ClearOverride(original, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	back := d.include(m, e, original)
	if d.dropOverrides(m, e, original.Equal) || back {
		m.bump()
	}
	if mark := m.mark(); !mark.IsZero() && mark.Cleared(original) {
		m.setMark(mark)
	}
	return d.finish(now)
}

// Answer is the text with an attendee's answers noted, as on a REPLY (RFC 5546 section 3.2.3). An answer to one occurrence
// that is not the one to the series makes an override. Answers of somebody who is not invited, or to no occurrence, count
// for nothing.
func (o *Object) Answer(attendee string, answers []series.Answer, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	overrides := d.overrides(m, e)
	for _, a := range answers {
		c := m
		if !a.Original.IsZero() {
			if c = overrides[a.Original.Unix()]; c == nil {
				day, _ := series.WallClock(a.Original, e.Zone)
				t, occurs := startOn(e, day)
				differs := slices.ContainsFunc(m.guests(), func(g series.Guest) bool {
					return g.Address == series.Address(attendee) && g.Answer != a.PartStat
				})
				if !differs || !occurs || !t.Equal(a.Original) || slices.ContainsFunc(e.Excluded, t.Equal) {
					continue
				}
				c = d.instance(m, e, a.Original)
				overrides[a.Original.Unix()] = c
			}
		}
		c.answer(attendee, a.PartStat)
	}
	return d.finish(now)
}

// isCancelled reports whether the occurrence is an override with STATUS:CANCELLED.
func isCancelled(e series.Event, original time.Time) bool {
	return slices.ContainsFunc(e.Overrides, func(x series.Override) bool { return x.Cancelled && x.Original.Equal(original) })
}

// answer sets the PARTSTAT of one person.
func (c *component) answer(attendee string, stat series.PartStat) {
	c.edit("ATTENDEE", func(n node) (node, bool) {
		if address(n.prop) != series.Address(attendee) || partStat(n.prop) == stat {
			return n, true
		}
		return n.withParam("PARTSTAT", string(stat)), true
	})
}

// include takes the exclusions of the occurrence out; false where there is none.
func (o *Object) include(m *component, e series.Event, original time.Time) bool {
	before := len(m.timesText())
	m.edit("EXDATE", func(n node) (node, bool) {
		return o.keepValues(n, e.Zone, func(x moment) bool {
			t, _ := occurrence(e, x, isDate(m))
			return !t.Equal(original)
		})
	})
	return len(m.timesText()) != before
}

// originalOf is the original start of an override; false for any other component.
func (o *Object) originalOf(c, m *component, e series.Event) (time.Time, bool) {
	id, ok := o.moment(c.get("RECURRENCE-ID"), e.Zone)
	if !ok || c.name != "VEVENT" || c.value("UID") != m.value("UID") {
		return time.Time{}, false
	}
	t, _ := occurrence(e, id, isDate(m))
	return t, true
}

// overrides are the components of single occurrences by their original start in Unix seconds; where there are two, the
// one that counts.
func (o *Object) overrides(m *component, e series.Event) map[int64]*component {
	out := map[int64]*component{}
	for _, c := range o.root.components("VEVENT") {
		if t, ok := o.originalOf(c, m, e); ok && (out[t.Unix()] == nil || c.sequence() >= out[t.Unix()].sequence()) {
			out[t.Unix()] = c
		}
	}
	return out
}

// dropOverrides takes out the overrides of occurrences that gone names; false where there are none.
func (o *Object) dropOverrides(m *component, e series.Event, gone func(original time.Time) bool) bool {
	n := len(o.root.nodes)
	o.root.drop(func(x node) bool {
		if x.comp == nil {
			return false
		}
		t, ok := o.originalOf(x.comp, m, e)
		return ok && gone(t)
	})
	return len(o.root.nodes) != n
}

// instance adds a component for one occurrence that says what the series says: an override inherits nothing in
// iCalendar.
func (o *Object) instance(m *component, e series.Event, original time.Time) *component {
	c := m.clone()
	c.begin, c.end = "BEGIN:VEVENT"+crlf, "END:VEVENT"+crlf
	c.dropNames(append(markNames, "RRULE", "RDATE", "EXDATE", "EXRULE", "DURATION", markDelivered)...)
	c.put("DTSTART", like("RECURRENCE-ID", original, m, e.Zone), like("DTSTART", original, m, e.Zone))
	c.put("DTEND", like("DTEND", original.Add(e.Duration), m, e.Zone))
	c.changed = true
	last := 0
	for i, n := range o.root.nodes {
		if n.comp != nil && n.comp.name == "VEVENT" {
			last = i
		}
	}
	o.root.nodes = slices.Insert(o.root.nodes, last+1, node{comp: c})
	return c
}
