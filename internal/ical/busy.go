package ical

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Busy is what the object means as time taken, where it is none of our series; nothing for what is free, cancelled or
// declined. Every Busy has the id, the object's opaque one; owner are the addresses of the calendar's owner, lower case.
// What an override with a RANGE moves later counts where it was.
func (o *Object) Busy(id string, owner []string) []series.Busy {
	out := o.unavailable(id)
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
		var apart []series.Busy
		if c.get("RECURRENCE-ID") == nil {
			b.RRule, b.ExRule = c.rules("RRULE"), c.rules("EXRULE")
			for _, n := range c.lines("EXDATE") {
				b.ExDates = append(b.ExDates, originalStarts(b, o.moments(n.prop, b.Zone))...)
			}
			b.ExDates = append(b.ExDates, originalStarts(b, overridden[c.value("UID")])...)
			delete(overridden, c.value("UID"))
			apart = o.addDates(c, &b)
		}
		for _, b := range append(apart, b) {
			if b.Duration > 0 {
				out = append(out, b)
			}
		}
	}
	return out
}

// rules are those of the property, one a line.
func (c *component) rules(name string) string {
	var out []string
	for _, n := range c.lines(name) {
		out = append(out, ruleText(n.prop.Value))
	}
	return strings.Join(out, "\n")
}

// addDates adds the RDATEs of c to b, and gives those that have a length of their own apart from it.
func (o *Object) addDates(c *component, b *series.Busy) []series.Busy {
	var apart []series.Busy
	for _, n := range c.lines("RDATE") {
		for _, p := range o.periods(n.prop, b.Zone) {
			at := originalStarts(*b, []moment{p.moment})[0]
			if !p.given || p.length == b.Duration || b.AllDay {
				b.RDates = append(b.RDates, at)
				continue
			}
			b.ExDates = append(b.ExDates, at) // the rule's own there is this one
			if !slices.ContainsFunc(b.ExDates[:len(b.ExDates)-1], at.Equal) {
				apart = append(apart, series.Busy{ID: b.ID, Start: at, Duration: p.length, Zone: b.Zone, Kind: b.Kind})
			}
		}
	}
	return apart
}

// originalStarts are the starts that ms name; a DATE names that of its day, and of whole days a moment its own day.
func originalStarts(b series.Busy, ms []moment) []time.Time {
	_, at := series.WallClock(b.Start, b.Zone)
	var out []time.Time
	for _, m := range ms {
		switch {
		case b.AllDay:
			m.Time = series.Instant(m.ownDay(b.Zone), 0, b.Zone)
		case m.date:
			m.Time = series.Instant(m.day(), at, b.Zone)
		}
		out = append(out, m.Time)
	}
	return out
}

// The time that a VAVAILABILITY without beginning or end is about.
var beginning, forever = series.Date{Year: 1990, Month: 1, Day: 1}, series.Date{Year: 2200, Month: 1, Day: 1}

// unavailable is the time outside of what the VAVAILABILITYs of the object call available (RFC 7953 section 3.1). In
// the range of one, those of a lower priority do not count.
func (o *Object) unavailable(id string) []series.Busy {
	all := o.root.components("VAVAILABILITY")
	ranges := make([]series.Available, len(all))
	for i, c := range all {
		start, ok := o.moment(c.get("DTSTART"), o.zone)
		if !ok {
			start = moment{Time: series.Instant(beginning, 0, o.zone), zone: o.zone}
		}
		length := o.duration(c, start, 0)
		if length == 0 {
			length = series.Instant(forever, 0, o.zone).Sub(start.Time)
		}
		ranges[i] = series.Available{Start: start.Time, Duration: length, Zone: start.zone}
	}
	var out []series.Busy
	for i, c := range all {
		r := ranges[i]
		b := series.Busy{ID: id, Start: r.Start, Duration: r.Duration, Zone: r.Zone, Kind: series.AwayKind}
		switch strings.ToUpper(c.value("BUSYTYPE")) {
		case "BUSY":
			b.Kind = series.Hard
		case "BUSY-TENTATIVE":
			b.Kind = series.Soft
		}
		for k, other := range all {
			if other.priority() < c.priority() {
				b.Except = append(b.Except, ranges[k])
			}
		}
		b.Except = append(b.Except, o.available(c)...)
		if b.Duration > 0 {
			out = append(out, b)
		}
	}
	return out
}

// priority is that of a VAVAILABILITY, the lower the more it counts; none is the lowest.
func (c *component) priority() int {
	n, err := strconv.Atoi(c.value("PRIORITY"))
	if err != nil || n < 1 || n > 9 {
		return 10
	}
	return n
}

// available are the AVAILABLEs of a VAVAILABILITY, with their recurrence; overrides stand for themselves.
func (o *Object) available(c *component) []series.Available {
	var out []series.Available
	overridden := map[string][]time.Time{} // by UID
	for _, a := range c.components("AVAILABLE") {
		if m, ok := o.moment(a.get("RECURRENCE-ID"), o.zone); ok {
			overridden[a.value("UID")] = append(overridden[a.value("UID")], m.Time)
		}
	}
	for _, a := range c.components("AVAILABLE") {
		start, ok := o.moment(a.get("DTSTART"), o.zone)
		if !ok {
			continue
		}
		free := series.Available{Start: start.Time, Duration: o.duration(a, start, 0), Zone: start.zone}
		if a.get("RECURRENCE-ID") == nil {
			free.RRule, free.ExDates = a.rules("RRULE"), overridden[a.value("UID")]
			for _, n := range a.lines("RDATE") {
				for _, m := range o.moments(n.prop, free.Zone) {
					free.RDates = append(free.RDates, m.Time)
				}
			}
			for _, n := range a.lines("EXDATE") {
				for _, m := range o.moments(n.prop, free.Zone) {
					free.ExDates = append(free.ExDates, m.Time)
				}
			}
		}
		out = append(out, free)
	}
	return out
}

// kind tells how far the event takes the owner's time; false: not at all. Away is what says so. Of whole days that do
// not, only those count that are stated as busy and do not recur: all others are notes.
func (c *component) kind(owner []string) (series.Kind, bool) {
	status := strings.ToUpper(strings.TrimSpace(c.value("X-MICROSOFT-CDO-BUSYSTATUS")))
	if c.free() || c.cancelled() || status == "FREE" || status == "WORKINGELSEWHERE" {
		return "", false
	}
	kind := series.Hard
	switch {
	case status == "OOF":
		kind = series.AwayKind
	case isDate(c):
		recurs := c.get("RRULE") != nil || c.get("RDATE") != nil || c.get("RECURRENCE-ID") != nil
		if recurs || !strings.EqualFold(strings.TrimSpace(c.value("TRANSP")), "OPAQUE") {
			return "", false
		}
		kind = series.AllDayKind
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
