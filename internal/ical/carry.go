package ical

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// notCarried are the properties that belong to one series alone: its identity, times, people, and what Holdfast owns.
// Acknowledged reminders of the old one would silence those of the new one.
var notCarried = append([]string{
	"UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "RECURRENCE-ID", "STATUS", "REQUEST-STATUS",
	"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXRULE", "EXDATE",
	"ORGANIZER", "ATTENDEE", "TRANSP", "X-MOZ-LASTACK", "X-MOZ-SNOOZE-TIME", markDelivered,
}, markNames...)

// old is the series whose place a new one takes; without an object where there is none.
type old struct {
	o       *Object
	m       *component // its master
	e       series.Event
	parts   map[int64]*component // its overrides by original start in Unix seconds
	written string               // the digest of its link
	place   bool                 // the new one is in the same place
}

func predecessor(s series.Series, now time.Time) old {
	from := s.Carry.From
	if from == nil {
		return old{}
	}
	o, err := Parse([]byte(from.Raw), from.Zone)
	if err != nil || o.master() == nil {
		return old{}
	}
	e, err := o.Event(s.Org, now)
	if err != nil {
		return old{}
	}
	m := o.master()
	return old{o, m, e, o.overrides(m, e), m.mark().Written[series.FieldLink], e.Place == s.Place}
}

// master is what of the old master goes into the new one.
func (x old) master() *component {
	c := &component{name: "VEVENT", begin: "BEGIN:VEVENT" + crlf, end: "END:VEVENT" + crlf}
	if x.m == nil {
		return c
	}
	c.nodes = x.m.clone().nodes
	c.dropNames(notCarried...)
	if !x.place {
		c.dropNames("LOCATION", "X-APPLE-STRUCTURED-LOCATION", "GEO")
	} else {
		c.add(slices.DeleteFunc(x.m.lines("ATTENDEE"), func(n node) bool { return isPerson(n.prop) })...)
	}
	return c
}

// guest invites somebody as the old series did.
func (x old) guest(g series.Guest, agent string) node {
	if x.m != nil {
		for _, n := range x.m.lines("ATTENDEE") {
			if address(n.prop) == g.Address {
				return n.withParam("PARTSTAT", string(g.Answer)).withParam("SCHEDULE-AGENT", agent).withParam("SCHEDULE-STATUS", "")
			}
		}
	}
	return guestLine(series.Person{Email: g.Address}, agent).withParam("PARTSTAT", string(g.Answer))
}

// override is a component for one meeting of the series whose master is m, with what people put on that of the old one.
// An override inherits nothing in iCalendar.
func (x old) override(v series.Carried, m *component, zone, agent string) *component {
	c := m.clone()
	c.begin, c.end = "BEGIN:VEVENT"+crlf, "END:VEVENT"+crlf
	if part := x.parts[v.Was.Unix()]; part != nil {
		c.nodes = part.clone().nodes
		for _, name := range []string{"SUMMARY", "DESCRIPTION"} {
			if part.textValue(name) == x.m.textValue(name) {
				c.put(name, m.lines(name)...)
			}
		}
	}
	people := m.lines("ATTENDEE")
	c.dropNames(notCarried...)
	c.add(m.lines("UID")...)
	c.add(m.lines("DTSTAMP")...)
	c.add(m.lines("CREATED")...)
	c.add(m.lines("SEQUENCE")...)
	c.add(zoned("RECURRENCE-ID", v.Original, zone), zoned("DTSTART", v.Start, zone))
	c.add(zoned("DTEND", v.Start.Add(v.Duration), zone))
	if v.Free {
		c.add(line("TRANSP", "TRANSPARENT"))
	}
	c.add(m.lines("ORGANIZER")...)
	organizer := address(m.get("ORGANIZER"))
	for _, n := range people {
		if address(n.prop) == organizer || !isPerson(n.prop) {
			c.add(n)
		}
	}
	for _, g := range v.Guests {
		i := slices.IndexFunc(people, func(n node) bool { return address(n.prop) == g.Address })
		if i >= 0 {
			c.add(people[i].withParam("PARTSTAT", string(g.Answer)))
		} else {
			c.add(x.guest(g, agent))
		}
	}
	c.setPlace(v.Place)
	c.setLink(v.Link, x.written)
	return c
}

// Carry is the text of a series that took the place of another with all that is still to be carried over, and that
// noted in its mark: of the meetings that it has as its own, those that s.Carry says are taken out or overridden.
func (o *Object) Carry(s series.Series, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	own := func(t time.Time) bool {
		day, _ := series.WallClock(t, e.Zone)
		at, ok := startOn(e, day)
		return ok && at.Equal(t) && !slices.ContainsFunc(e.Excluded, t.Equal) &&
			!slices.ContainsFunc(e.Overrides, func(v series.Override) bool { return v.Original.Equal(t) })
	}
	mark := m.mark()
	mark.Carried = s.Mark().Carried
	before := m.timesText()
	for _, t := range s.Carry.Excluded {
		if own(t) {
			m.add(like("EXDATE", t, m, e.Zone))
		}
	}
	if m.timesText() != before {
		m.bump()
	}
	was, agent := predecessor(s, now), ""
	for _, n := range m.lines("ATTENDEE") {
		if a := n.prop.Params.Get("SCHEDULE-AGENT"); a != "" {
			agent = a
		}
	}
	for _, v := range s.Carry.Overrides {
		if own(v.Original) {
			c := was.override(v, m, e.Zone, agent)
			c.changed = true
			d.root.nodes = append(d.root.nodes, node{comp: c})
			mark.Overridden(v.Override)
		}
	}
	m.setMark(mark)
	return d.finish(now)
}
