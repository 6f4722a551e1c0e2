package ical

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// Of is an object that says what e says, for a copy of a series that is organized on a calendar of another kind, whose Raw is no
// iCalendar. Read again it has the Delivery of e, its people, mark, place and link. Changes and answers are carried by
// Holdfast (SCHEDULE-AGENT=CLIENT, RFC 6638 section 7.1). Of a rule that is not plain it has the starts that are known.
func Of(e series.Event, now time.Time) []byte {
	stamp := now.UTC().Format(utcForm)
	part := func(x series.Override) *component {
		c := &component{name: "VEVENT", begin: "BEGIN:VEVENT" + crlf, end: "END:VEVENT" + crlf}
		c.add(line("UID", escape(e.UID)), line("DTSTAMP", stamp), line("SEQUENCE", "0"), zoned("DTSTART", x.Start, e.Zone),
			zoned("DTEND", x.Start.Add(x.Duration), e.Zone), line("SUMMARY", escape(e.Title)), line("CLASS", "PRIVATE"))
		c.setPlace(x.Place)
		organizer := series.Person{Email: e.Organizer}
		c.add(organizerLine(organizer), chairLine(organizer))
		for _, g := range x.Guests {
			c.add(guestLine(series.Person{Email: g.Address}, "CLIENT").withParam("PARTSTAT", string(g.Answer)))
		}
		for _, r := range x.Rooms {
			c.add(line("ATTENDEE", mailto(r.Address), "CUTYPE", "ROOM", "PARTSTAT", string(r.Answer)))
		}
		c.setLink(x.Link, "")
		return c
	}
	m := part(series.Override{Start: e.Start, Duration: e.Duration, Place: e.Place, Link: e.Link, Guests: e.Guests, Rooms: e.Rooms})
	if e.Rule.Plain {
		rule := weeklyRule(e.Slot())
		if !e.Rule.Until.IsZero() {
			rule += ";UNTIL=" + e.Rule.Until.UTC().Format(utcForm)
		}
		m.add(line("RRULE", rule))
	}
	for _, t := range e.Rule.Starts {
		m.add(zoned("RDATE", t, e.Zone))
	}
	m.setMark(e.Mark)

	root := &component{name: "VCALENDAR", begin: "BEGIN:VCALENDAR" + crlf, end: "END:VCALENDAR" + crlf}
	root.add(line("VERSION", "2.0"), line("PRODID", prodID), line("CALSCALE", "GREGORIAN"))
	root.addZone(e.Zone, e.First())
	root.nodes = append(root.nodes, node{comp: m})
	out := slices.Clone(e.Excluded)
	for _, x := range e.Overrides {
		if x.Cancelled {
			out = append(out, x.Original)
			continue
		}
		c := part(x)
		c.put("RECURRENCE-ID", zoned("RECURRENCE-ID", x.Original, e.Zone))
		root.nodes = append(root.nodes, node{comp: c})
	}
	slices.SortFunc(out, time.Time.Compare)
	for _, t := range slices.CompactFunc(out, time.Time.Equal) {
		m.add(zoned("EXDATE", t, e.Zone))
	}
	return []byte(root.text())
}
