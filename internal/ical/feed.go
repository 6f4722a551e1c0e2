package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Entry is what a feed says of a recurring event: when it is, its title, place and link to the agenda. It has neither
// people nor a mark: who subscribes is not invited by it.
type Entry struct {
	zone  string
	first series.Date
	parts []*component // without stamps
}

// Stamp says when an entry last changed, and how often it did.
type Stamp struct {
	At       time.Time
	Sequence int
}

// feedHours is how often a subscriber should look again; some take longer whatever they are asked.
const feedHours = "PT1H"

// EntryOf is the entry of the event, under its own UID, so that who also has it in a calendar sees it once. What was
// moved is an override, which subscribers understand. Of a rule that is not plain each start that is known is an event
// for itself: not all of them understand lists of dates.
func EntryOf(e series.Event) Entry {
	out := Entry{zone: e.Zone, first: e.First()}
	part := func(uid string, x series.Override) *component {
		c := &component{name: "VEVENT", begin: "BEGIN:VEVENT" + crlf, end: "END:VEVENT" + crlf}
		c.add(line("UID", escape(uid)), zoned("DTSTART", x.Start, e.Zone),
			zoned("DTEND", x.Start.Add(x.Duration), e.Zone), line("SUMMARY", escape(e.Title)))
		c.setPlace(x.Place)
		c.setLink(x.Link, "")
		if x.Free {
			c.add(line("TRANSP", "TRANSPARENT"))
		}
		out.parts = append(out.parts, c)
		return c
	}
	if e.Cancelled {
		return out
	}
	if !e.Rule.Plain {
		for _, m := range e.Meetings(time.Time{}, time.Unix(1<<40, 0)) {
			if !m.Cancelled {
				part(e.UID+"-"+m.Original.UTC().Format(utcForm), m.Override)
			}
		}
		return out
	}
	m := part(e.UID, series.Override{
		Start:    e.Start,
		Duration: e.Duration,
		Place:    e.Place,
		Link:     e.Link,
		Free:     e.Free,
	})
	rule := weeklyRule(e.Slot())
	if !e.Rule.Until.IsZero() {
		rule += ";UNTIL=" + e.Rule.Until.UTC().Format(utcForm)
	}
	m.add(line("RRULE", rule))
	gone := slices.Clone(e.Excluded)
	for _, x := range e.Overrides {
		if x.Cancelled {
			gone = append(gone, x.Original)
		} else {
			part(e.UID, x).add(zoned("RECURRENCE-ID", x.Original, e.Zone))
		}
	}
	slices.SortFunc(gone, time.Time.Compare)
	for _, t := range slices.CompactFunc(gone, time.Time.Equal) {
		m.add(zoned("EXDATE", t, e.Zone))
	}
	return out
}

// Digest is another where the entry says something else.
func (e Entry) Digest() string {
	h := sha256.New()
	for _, c := range e.parts {
		h.Write([]byte(c.text()))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Feed is a calendar of that name to subscribe to (RFC 5545, RFC 7986 sections 5.1 and 5.7), of entries that were last
// changed as stamps say. Times are those of each entry's zone, which stands in it and is right from a year ago on.
func Feed(name string, entries []Entry, stamps []Stamp, now time.Time) []byte {
	root := &component{name: "VCALENDAR", begin: "BEGIN:VCALENDAR" + crlf, end: "END:VCALENDAR" + crlf}
	root.add(line("VERSION", "2.0"), line("PRODID", prodID), line("CALSCALE", "GREGORIAN"), line("METHOD", "PUBLISH"),
		line("NAME", escape(name)), line("X-WR-CALNAME", escape(name)),
		line("REFRESH-INTERVAL", feedHours, "VALUE", "DURATION"), line("X-PUBLISHED-TTL", feedHours))
	for _, e := range entries {
		around := series.DateOf(now.UTC()).AddDays(-366)
		if e.first.After(around) {
			around = e.first
		}
		root.addZone(e.zone, around)
	}
	for i, e := range entries {
		for _, c := range e.parts {
			c := c.clone()
			c.stamp(stamps[i].At)
			c.add(line("SEQUENCE", strconv.Itoa(stamps[i].Sequence)))
			root.nodes = append(root.nodes, node{comp: c})
		}
	}
	var b strings.Builder
	root.render(&b)
	return []byte(b.String())
}
