package ical

import (
	"strconv"
	"strings"
	"time"

	"holdfast/internal/ical/vtimezone"
	"holdfast/internal/series"
)

// New is the object of a new series as DESIGN section 9 has it, on the organizer's calendar. s.Slot.Zone must be
// known to series.Location. Hostile names, titles and places stay text. What people put on the series whose place it
// takes is read from the Raw of s.Carry.From; one that is no object carries nothing.
func New(s series.Series, uid string, now time.Time) []byte {
	old := predecessor(s, now)
	c := old.master()
	stamp := now.UTC().Format(utcForm)
	c.add(line("UID", escape(uid)), line("DTSTAMP", stamp), line("CREATED", stamp), line("SEQUENCE", "0"))
	c.setTimes(s.Slot, s.First)
	for _, t := range s.Out() {
		c.add(zoned("EXDATE", t, s.Slot.Zone))
	}
	agent := ""
	if s.ClientDelivers {
		agent = "CLIENT"
	}
	if c.get("SUMMARY") == nil || c.textValue("SUMMARY") != s.Title {
		c.put("SUMMARY", line("SUMMARY", escape(s.Title)))
	}
	c.setPlace(s.Place)
	switch {
	case s.Carry.From == nil && s.Private:
		c.add(line("CLASS", "PRIVATE"))
	case s.Carry.From == nil:
		c.add(line("CLASS", "PUBLIC"))
	}
	busy := "OPAQUE"
	if s.Carry.Free {
		busy = "TRANSPARENT"
	}
	guest := guestLine(s.Report, agent)
	if s.Carry.Answer != "" {
		guest = guest.withParam("PARTSTAT", string(s.Carry.Answer))
	}
	c.add(line("TRANSP", busy), organizerLine(s.Manager), chairLine(s.Manager), guest)
	for _, g := range s.Carry.Guests {
		c.add(old.guest(g, agent))
	}
	if s.Link != "" || s.Carry.From != nil {
		c.setLink(s.Link, old.written)
	}
	c.setMark(s.Mark())

	root := &component{name: "VCALENDAR", begin: "BEGIN:VCALENDAR" + crlf, end: "END:VCALENDAR" + crlf}
	root.add(line("VERSION", "2.0"), line("PRODID", prodID), line("CALSCALE", "GREGORIAN"))
	root.addZone(s.Slot.Zone, s.First)
	root.nodes = append(root.nodes, node{comp: c})
	for _, x := range s.Carry.Overrides {
		root.nodes = append(root.nodes, node{comp: old.override(x, c, s.Slot.Zone, agent)})
	}
	return []byte(root.text())
}

const prodID = "-//Holdfast//Holdfast 1//EN"

// setTimes writes start, end and rule of a plain, unending series; what else there was of a rule goes.
func (c *component) setTimes(slot series.Slot, first series.Date) {
	start := slot.On(first)
	c.put("DTSTART", zoned("DTSTART", start, slot.Zone))
	c.put("DTEND", zoned("DTEND", start.Add(slot.Duration), slot.Zone))
	c.put("RRULE", line("RRULE", weeklyRule(slot)))
	c.dropNames("DURATION", "RDATE", "EXRULE")
}

// weeklyRule is the rule of a slot (RFC 5545 section 3.3.10).
func weeklyRule(slot series.Slot) string {
	rule := "FREQ=WEEKLY"
	if slot.Every > 1 {
		rule += ";INTERVAL=" + strconv.Itoa(slot.Every)
	}
	return rule + ";BYDAY=" + strings.ToUpper(slot.Weekday.String()[:2])
}

// zoned is a property with the time as the zone's clocks show it (RFC 5545 section 3.3.5, form 3), or in UTC.
func zoned(name string, t time.Time, zone string) node {
	if local, ok := localTime(t, zone); ok && zone != "UTC" {
		return line(name, local, "TZID", vtimezone.TZID(zone))
	}
	return line(name, t.UTC().Format(utcForm))
}

// localTime is t on the zone's clocks; false where that means another moment: clocks went back in between.
func localTime(t time.Time, zone string) (string, bool) {
	loc, err := series.Location(zone)
	if err != nil {
		loc = time.UTC
	}
	t = t.In(loc)
	d, at := series.WallClock(t, zone)
	return t.Format(localForm), series.Instant(d, at, zone).Equal(t.Truncate(time.Minute))
}

// addZone puts the zone's VTIMEZONE before the events, unless there is one of that name.
func (c *component) addZone(zone string, around series.Date) {
	text := vtimezone.Write(zone, around)
	if text == "" || zone == "UTC" {
		return
	}
	for _, z := range c.components("VTIMEZONE") {
		if z.textValue("TZID") == vtimezone.TZID(zone) {
			return
		}
	}
	c.add(node{raw: text})
}
