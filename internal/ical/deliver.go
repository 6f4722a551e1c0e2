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
// 3.2): times, rules, overrides, place, link, people and mark are the organizer's, but for what the attendee changed
// and the organizer did not change after that (Event.For). mine is the copy so far, nil for none: its owner's answers
// stay, but where the time changed (RFC 5546 section 3.2.2.1), and so do alarms and all else. organizers is the series
// as it was observed. X-HOLDFAST-DELIVERED becomes what was delivered. It fails with ErrNoSeries where mine has
// another UID.
func (o *Object) Deliver(mine *Object, organizers series.Event, attendee string, now time.Time) ([]byte, error) {
	_, theirs, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	if mine == nil || mine.master() == nil {
		return o.firstDelivery(organizers, attendee, now)
	}
	d, m, before, err := mine.edit(now)
	if err != nil {
		return nil, err
	}
	if m.textValue("UID") != e.UID {
		return nil, ErrNoSeries
	}
	w := organizers.For(before, now)
	d.takeZones(o)
	written, seriesAnswer := m.mark().Written[series.FieldLink], m.answerOf(attendee)
	// Overrides first: they are compared with the copy as it was.
	parts, sources := d.overrides(m, before), o.overrides(theirs, e)
	wasAt := timesOf(before)
	given := map[int64]bool{}
	for _, x := range e.Overrides {
		given[x.Original.Unix()] = true
	}
	for _, x := range w.Overrides {
		id := x.Original.Unix()
		src, c, stat := sources[id], parts[id], seriesAnswer
		switch {
		case c != nil:
			stat = c.answerOf(attendee)
		case src != nil && !src.cancelled():
			c = d.addCopy(src, m)
		case src == nil && given[id]:
			continue // of a RANGE: it comes with the one it begins at
		default:
			c = d.instance(m, before, x.Original)
		}
		if src == nil || src.cancelled() {
			src = theirs
		}
		if start, duration, ok := wasAt(x.Original); !ok || !start.Equal(x.Start) || duration != x.Duration {
			stat = series.NeedsAction
		}
		c.take(src, nil, attendee, stat)
		d.setOccurrence(c, x, theirs, w.Zone)
		c.setPlace(x.Place)
		c.setLink(x.Link, written)
		delete(parts, id)
	}
	// What is left has no occurrence any more, or is taken out.
	d.root.drop(func(n node) bool {
		t, ok := time.Time{}, false
		if n.comp != nil {
			t, ok = d.originalOf(n.comp, m, before)
		}
		return ok && parts[t.Unix()] == n.comp
	})
	stat := seriesAnswer
	if before.Zone != w.Zone || !before.Start.Equal(w.Start) || before.Duration != w.Duration ||
		before.Slot() != w.Slot() || before.Rule.Plain != w.Rule.Plain {
		stat = series.NeedsAction
	}
	m.take(theirs, nil, attendee, stat)
	if w.Cancelled && !m.cancelled() {
		m.put("STATUS", line("STATUS", "CANCELLED"))
	}
	d.setSeries(m, o, w, e, before)
	m.setPlace(w.Place)
	m.setLink(w.Link, written)
	m.put(markDelivered, line(markDelivered, w.Delivered))
	return d.finish(now)
}

// setOccurrence gives the override c the times of x, unless it has them; they are spelled as those of the master.
func (o *Object) setOccurrence(c *component, x series.Override, master *component, zone string) {
	start, ok := o.moment(c.get("DTSTART"), zone)
	if ok && start.Equal(x.Start) && o.duration(c, start, 0) == x.Duration {
		return
	}
	c.put("DTSTART", like("DTSTART", x.Start, master, zone))
	c.put("DTEND", like("DTEND", x.Start.Add(x.Duration), master, zone))
	c.dropNames("DURATION")
}

// setSeries gives the copy's series m the times of w: those of the organizer's series e, whose object is organizers,
// or those that the copy had before.
func (o *Object) setSeries(m *component, organizers *Object, w, e, before series.Event) {
	has, theirs := before, organizers.master()
	if w.Zone == e.Zone && w.Start.Equal(e.Start) && w.Rule.Plain == e.Rule.Plain && w.Rule.Every == e.Rule.Every {
		has = e
		for _, name := range timeNames {
			if name != "EXDATE" {
				m.put(name, theirs.lines(name)...)
			}
		}
	}
	if w.Duration != has.Duration {
		m.put("DTEND", like("DTEND", w.Start.Add(w.Duration), m, w.Zone))
		m.dropNames("DURATION")
	}
	if !w.Rule.Until.Equal(has.Rule.Until) {
		o.setUntil(m, w.Rule.Until)
	}
	// Those of the organizer and of the copy that still hold, as they are spelled, and those that neither has.
	left := map[int64]bool{}
	for _, t := range w.Excluded {
		left[t.Unix()] = true
	}
	var lines []node
	keep := func(from *Object, n node) {
		kept := false
		n, _ = from.keepValues(n, w.Zone, func(x moment) bool {
			t, _ := occurrence(w, x, isDate(m))
			holds := left[t.Unix()]
			delete(left, t.Unix())
			kept = kept || holds
			return holds
		})
		if kept {
			lines = append(lines, n)
		}
	}
	for _, n := range theirs.lines("EXDATE") {
		keep(organizers, n)
	}
	for _, n := range m.lines("EXDATE") {
		keep(o, n)
	}
	for _, t := range w.Excluded {
		if left[t.Unix()] {
			lines = append(lines, like("EXDATE", t, m, w.Zone))
		}
	}
	m.put("EXDATE", lines...)
}

// setUntil makes the rules of the series end at the moment; without an end where it is zero.
func (o *Object) setUntil(m *component, until time.Time) {
	m.edit("RRULE", func(n node) (node, bool) {
		parts := slices.DeleteFunc(strings.Split(ruleText(n.prop.Value), ";"), func(p string) bool {
			return strings.HasPrefix(p, "UNTIL=") || strings.HasPrefix(p, "COUNT=")
		})
		if !until.IsZero() {
			parts = append(parts, "UNTIL="+untilText(m, until))
		}
		return n.withValue(strings.Join(parts, ";")), true
	})
}

// Invite is the text as a new revision in which one guest is asked anew, and the server is told to send it to them
// (RFC 6638 section 7.2).
func (o *Object) Invite(attendee string, now time.Time) ([]byte, error) {
	d, m, _, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	m.edit("ATTENDEE", func(n node) (node, bool) {
		if address(n.prop) == series.Address(attendee) {
			n = n.withParam("PARTSTAT", string(series.NeedsAction)).withParam("SCHEDULE-FORCE-SEND", "REQUEST")
		}
		return n, true
	})
	m.bump()
	return d.finish(now)
}

// firstDelivery is the organizer's object as the attendee first gets it: without the organizer's alarms.
func (o *Object) firstDelivery(organizers series.Event, attendee string, now time.Time) ([]byte, error) {
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
	m.put(markDelivered, line(markDelivered, organizers.Delivery(now)))
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
				// Whoever delivers also returns the answers.
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
