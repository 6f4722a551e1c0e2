package ical

import (
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Busy is what the object means as time taken, where it is none of our series; nothing for what is free, cancelled or
// declined. Every Busy has the id, the object's opaque one; owner are the addresses of the calendar's owner, lower case.
// What an override with a RANGE moves later counts where it was.
func (o *Object) Busy(id string, owner []string) []series.Busy {
	var out []series.Busy
	overridden, durations := map[string][]moment{}, map[string]time.Duration{} // by UID
	for _, c := range o.root.components("VEVENT") {
		if m, ok := o.moment(c.get("RECURRENCE-ID"), o.zone); ok {
			overridden[c.value("UID")] = append(overridden[c.value("UID")], m)
		} else if start, ok := o.moment(c.get("DTSTART"), o.zone); ok {
			durations[c.value("UID")] = o.duration(c, start, 0)
		}
	}
	for _, c := range o.root.components("VEVENT") {
		kind, taken := c.kind(owner)
		start, ok := o.moment(c.get("DTSTART"), o.zone)
		if !taken || !ok {
			continue
		}
		duration := o.duration(c, start, durations[c.value("UID")])
		b := series.Busy{ID: id, Start: start.Time, Duration: duration, Zone: start.zone, AllDay: start.date, Kind: kind}
		if c.get("RECURRENCE-ID") == nil {
			if r := c.get("RRULE"); r != nil {
				b.RRule = ruleText(r.Value)
			}
			for _, n := range c.lines("RDATE") {
				for _, m := range o.moments(n.prop, b.Zone) {
					b.RDates = append(b.RDates, m.Time)
				}
			}
			for _, n := range c.lines("EXDATE") {
				b.ExDates = append(b.ExDates, originalStarts(b, o.moments(n.prop, b.Zone))...)
			}
			b.ExDates = append(b.ExDates, originalStarts(b, overridden[c.value("UID")])...)
			delete(overridden, c.value("UID"))
		}
		if b.Duration > 0 {
			out = append(out, b)
		}
	}
	return out
}

// originalStarts are the starts that ms name; a DATE names that of its day.
func originalStarts(b series.Busy, ms []moment) []time.Time {
	_, at := series.WallClock(b.Start, b.Zone)
	var out []time.Time
	for _, m := range ms {
		if m.date && !b.AllDay {
			m.Time = series.Instant(m.day(), at, b.Zone)
		}
		out = append(out, m.Time)
	}
	return out
}

// kind tells how far the event takes the owner's time; false: not at all.
func (c *component) kind(owner []string) (series.Kind, bool) {
	status := strings.ToUpper(c.value("X-MICROSOFT-CDO-BUSYSTATUS"))
	if c.free() || c.cancelled() || status == "FREE" {
		return "", false
	}
	kind := series.Hard
	if status == "OOF" || isDate(c) {
		kind = series.AwayKind
	}
	if status == "TENTATIVE" || strings.EqualFold(c.value("STATUS"), "TENTATIVE") {
		kind = series.Soft
	}
	organizer := address(c.get("ORGANIZER"))
	for _, n := range c.lines("ATTENDEE") {
		a := address(n.prop)
		if a == organizer || !slices.Contains(owner, a) {
			continue
		}
		switch partStat(n.prop) {
		case series.Declined:
			return "", false
		case series.NeedsAction, series.Tentative:
			kind = series.Soft
		}
	}
	return kind, true
}
