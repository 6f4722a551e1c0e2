package ical

import (
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// delivered are the properties that the organizer decides on (RFC 6638 section 3.2.2.1), the link and the times apart.
var delivered = append([]string{"LOCATION", "ORGANIZER", "ATTENDEE", "STATUS", "SEQUENCE"}, markNames...)

// timeNames say when a component's meetings are.
var timeNames = []string{"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE"}

// Deliver is the text of an attendee's copy of the series o, as a scheduling server would have it (RFC 6638 section
// 3.2): times, rules, overrides, place, link, people and mark are the organizer's. mine is the copy so far, nil for none:
// its owner's answers stay, but where the time changed (RFC 5546 section 3.2.2.1), and so do alarms and all else.
// X-HOLDFAST-DELIVERED becomes Event.Delivery of o. It fails with ErrNoSeries where mine has another UID.
func (o *Object) Deliver(mine *Object, attendee string, now time.Time) ([]byte, error) {
	_, theirs, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	if mine == nil || mine.master() == nil {
		return o.firstDelivery(e, attendee, now)
	}
	d, m, before, err := mine.edit(now)
	if err != nil {
		return nil, err
	}
	if m.textValue("UID") != e.UID {
		return nil, ErrNoSeries
	}
	d.takeZones(o)
	written := m.mark().Written[series.FieldLink]
	moved := before.Zone != e.Zone || !before.Start.Equal(e.Start) || before.Duration != e.Duration ||
		before.Slot() != e.Slot() || before.Rule.Plain != e.Rule.Plain
	seriesAnswer := m.answerOf(attendee)

	// Overrides first: they are compared with the copy as it was.
	parts, sources := d.overrides(m, before), o.overrides(theirs, e)
	wasAt, isAt := timesOf(before), timesOf(e)
	for _, x := range e.Overrides {
		src := sources[x.Original.Unix()]
		if src == nil {
			continue // of a RANGE: it comes with the one it begins at
		}
		stat, c := seriesAnswer, parts[x.Original.Unix()]
		if c != nil {
			stat = c.answerOf(attendee)
		} else {
			c = d.addCopy(src, m)
		}
		if start, duration, ok := wasAt(x.Original); !ok || !start.Equal(x.Start) || duration != x.Duration {
			stat = series.NeedsAction
		}
		c.take(src, timeNames, attendee, stat)
		c.setLink(x.Link, written)
		parts[x.Original.Unix()] = nil
	}
	m.take(theirs, timeNames, attendee, map[bool]series.PartStat{true: series.NeedsAction, false: seriesAnswer}[moved])
	m.setLink(e.Link, written)
	m.put(markDelivered, line(markDelivered, e.Delivery()))

	// What is left are overrides that the owner's answers or edits made.
	d.root.drop(func(n node) bool {
		if n.comp == nil {
			return false
		}
		t, ok := d.originalOf(n.comp, m, before)
		if !ok || parts[t.Unix()] != n.comp {
			return false
		}
		start, duration, occurs := isAt(t)
		if !occurs {
			return true
		}
		stat := n.comp.answerOf(attendee)
		if s, l, _ := wasAt(t); !s.Equal(start) || l != duration {
			stat = series.NeedsAction
			n.comp.put("DTSTART", like("DTSTART", start, theirs, e.Zone))
			n.comp.put("DTEND", like("DTEND", start.Add(duration), theirs, e.Zone))
			n.comp.dropNames("DURATION")
		}
		n.comp.take(theirs, nil, attendee, stat)
		n.comp.setLink(e.Link, written)
		return false
	})
	return d.finish(now)
}

// firstDelivery is the organizer's object as the attendee first gets it: without the organizer's alarms.
func (o *Object) firstDelivery(e series.Event, attendee string, now time.Time) ([]byte, error) {
	d, m, _, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	d.root.put("PRODID", line("PRODID", prodID))
	d.root.dropNames("METHOD")
	for _, c := range d.events() {
		c.drop(func(n node) bool { return n.comp != nil && n.comp.name == "VALARM" })
		c.take(c, nil, attendee, c.answerOf(attendee))
	}
	m.put(markDelivered, line(markDelivered, e.Delivery()))
	return d.finish(now)
}

// take gives c the organizer's properties of src, and those of names; the attendee's answer is stat.
func (c *component) take(src *component, names []string, attendee string, stat series.PartStat) {
	agent := ""
	for _, n := range src.lines("ATTENDEE") {
		if address(n.prop) == series.Address(attendee) {
			agent = n.prop.Params.Get("SCHEDULE-AGENT")
		}
	}
	master := c.get("RECURRENCE-ID") == nil
	for _, name := range slices.Concat(delivered, names) {
		if !master && strings.HasPrefix(name, "X-HOLDFAST-") {
			continue
		}
		lines := src.lines(name)
		for i, n := range lines {
			switch name {
			case "ATTENDEE":
				// These are between the organizer and the organizer's server (RFC 6638 section 7).
				n = n.withParam("SCHEDULE-AGENT", "").withParam("SCHEDULE-STATUS", "").withParam("SCHEDULE-FORCE-SEND", "")
				if address(n.prop) == series.Address(attendee) && partStat(n.prop) != stat {
					n = n.withParam("PARTSTAT", string(stat))
				}
			case "ORGANIZER":
				// Whoever delivers also brings the answers.
				n = n.withParam("SCHEDULE-STATUS", "").withParam("SCHEDULE-FORCE-SEND", "").withParam("SCHEDULE-AGENT", agent)
			}
			lines[i] = n
		}
		c.put(name, lines...)
	}
}

// answerOf is the person's answer, NEEDS-ACTION for none.
func (c *component) answerOf(attendee string) series.PartStat {
	for _, n := range c.lines("ATTENDEE") {
		if address(n.prop) == series.Address(attendee) {
			return partStat(n.prop)
		}
	}
	return series.NeedsAction
}

// addCopy adds a copy of the organizer's override, with the alarms of the owner's series m.
func (o *Object) addCopy(src, m *component) *component {
	c := src.clone()
	alarm := func(n node) bool { return n.comp != nil && n.comp.name == "VALARM" }
	c.drop(alarm)
	for _, n := range m.nodes {
		if alarm(n) {
			c.nodes = append(c.nodes, node{comp: n.comp.clone()})
		}
	}
	c.changed = true
	o.root.nodes = append(o.root.nodes, node{comp: c})
	return c
}

// takeZones adds the VTIMEZONEs of src that o has none of the same name for.
func (o *Object) takeZones(src *Object) {
	for _, z := range src.root.components("VTIMEZONE") {
		known := slices.ContainsFunc(o.root.components("VTIMEZONE"), func(x *component) bool {
			return x.textValue("TZID") == z.textValue("TZID")
		})
		if !known {
			o.root.nodes = slices.Insert(o.root.nodes, o.root.propsEnd(), node{comp: z})
			o.root.changed = true
		}
	}
}

// timesOf tells when the occurrence of an original start takes place; false where there is none.
func timesOf(e series.Event) func(original time.Time) (time.Time, time.Duration, bool) {
	overridden, excluded := map[int64]series.Override{}, map[int64]bool{}
	for _, x := range e.Overrides {
		overridden[x.Original.Unix()] = x
	}
	for _, x := range e.Excluded {
		excluded[x.Unix()] = true
	}
	return func(original time.Time) (time.Time, time.Duration, bool) {
		if x, ok := overridden[original.Unix()]; ok {
			return x.Start, x.Duration, true
		}
		day, _ := series.WallClock(original, e.Zone)
		t, ok := startOn(e, day)
		return t, e.Duration, ok && t.Equal(original) && !excluded[t.Unix()]
	}
}
