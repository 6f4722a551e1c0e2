package caldavtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// key names a component within its object: its RECURRENCE-ID, zero for the master.
func (z zoning) key(e *component) time.Time {
	t, _, err := z.at(e.get("RECURRENCE-ID"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// find is the component of that key, nil for none.
func (z zoning) find(key time.Time) *component {
	for _, e := range z.cal.entries() {
		if z.key(e).Equal(key) {
			return e
		}
	}
	return nil
}

// nearest is the component of that key, or else the master.
func (z zoning) nearest(key time.Time) *component {
	if e := z.find(key); e != nil {
		return e
	}
	return z.find(time.Time{})
}

// like is a line of another name with the moment t, in the form (date, UTC, zone) of l.
func (z zoning) like(l *line, name string, t time.Time) *line {
	out := &line{name: name, params: slices.Clone(l.params)}
	switch {
	case len(l.value) == 8:
		out.value = t.In(z.floating).Format("20060102")
	case strings.HasSuffix(l.value, "Z"):
		out.value = stamp(t)
	case l.param("TZID") != "":
		out.value = t.In(z.location(l.param("TZID"))).Format("20060102T150405")
	default:
		out.value = t.In(z.floating).Format("20060102T150405")
	}
	return out
}

// times makes the component start and end then, in the form its DTSTART has.
func (z zoning) times(e *component, start, end time.Time) {
	first := e.get("DTSTART")
	e.set(z.like(first, "DTSTART", start))
	e.del("DURATION")
	e.set(z.like(first, "DTEND", end))
}

// override is the occurrence that starts at key as a component of its own, not yet part of the object.
func (z zoning) override(master *component, key time.Time) *component {
	start, end, err := z.span(master)
	if err != nil {
		panic("caldavtest: stored object: " + err.Error())
	}
	e := master.clone()
	e.del("RRULE", "RDATE", "EXDATE", "EXRULE")
	z.times(e, key, key.Add(end.Sub(start)))
	e.set(z.like(master.get("DTSTART"), "RECURRENCE-ID", key))
	return e
}

// attendees are the lines of a component that invite an address.
func attendees(e *component, addr string) []*line {
	return slices.DeleteFunc(e.all("ATTENDEE"), func(l *line) bool { return address(l.value) != addr })
}

// invited reports whether any component invites the address.
func invited(cal *component, addr string) bool {
	return slices.ContainsFunc(cal.entries(), func(e *component) bool { return len(attendees(e, addr)) > 0 })
}

// linesIn are the lines of a component that invite the account.
func (a *account) linesIn(e *component) []*line {
	return slices.DeleteFunc(e.all("ATTENDEE"), func(l *line) bool { return !slices.Contains(a.addresses(), address(l.value)) })
}

// answerIn is the account's PARTSTAT in a component, "" when it is not invited.
func answerIn(e *component, a *account) string {
	lines := a.linesIn(e)
	if len(lines) == 0 {
		return ""
	}
	return cmp.Or(strings.ToUpper(lines[0].param("PARTSTAT")), "NEEDS-ACTION")
}

// view is the organizer's object as one guest may see it, nil when there is nothing that the server should deliver to
// them. An occurrence they are not invited to is taken out (RFC 6638 section 3.2.6).
func (s *Server) view(organizer *account, cal *component, guest string) *component {
	if cal == nil {
		return nil
	}
	z := zoning{cal, organizer.zone}
	asked := func(e *component) bool { return slices.ContainsFunc(attendees(e, guest), serverDelivers) }
	master := z.find(time.Time{})
	out := &component{name: cal.name, lines: cal.clone().lines}
	var mine *component
	some := false
	for _, k := range cal.kids {
		switch {
		case k.name == "VTIMEZONE":
			out.kids = append(out.kids, k.clone())
		case asked(k):
			some = true
			e := k.clone()
			e.kids = slices.DeleteFunc(e.kids, func(c *component) bool { return c.name == "VALARM" })
			for _, l := range e.lines {
				l.setParam("SCHEDULE-STATUS", "")
			}
			if k == master {
				mine = e
			}
			out.kids = append(out.kids, e)
		}
	}
	if !some {
		return nil
	}
	if mine != nil {
		for _, k := range cal.entries() {
			if k != master && !asked(k) {
				mine.lines = append(mine.lines, z.like(master.get("DTSTART"), "EXDATE", z.key(k)))
			}
		}
	}
	return out
}

// volatile are lines and parameters that change without anything being new to a guest.
var (
	volatileLines  = []string{"DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "PRODID", "CALSCALE"}
	volatileParams = []string{"PARTSTAT", "RSVP", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND", "X-DTSTAMP", "X-SEQUENCE"}
)

// news is the object's text without what is volatile and without zones, for comparing.
func news(cal *component) string {
	c := cal.clone()
	c.kids = slices.DeleteFunc(c.kids, func(k *component) bool { return k.name == "VTIMEZONE" })
	return newsOf(c)
}

func newsOf(e *component) string {
	c := e.clone()
	c.del(volatileLines...)
	for _, l := range c.lines {
		l.params = slices.DeleteFunc(l.params, func(p param) bool { return slices.Contains(volatileParams, p.name) })
		slices.SortFunc(l.params, func(a, b param) int { return strings.Compare(a.name, b.name) })
	}
	slices.SortFunc(c.lines, func(a, b *line) int { return strings.Compare(a.String(), b.String()) })
	text := []string{}
	for _, k := range c.kids {
		text = append(text, newsOf(k))
	}
	slices.Sort(text)
	c.kids = nil
	return string(c.bytes()) + strings.Join(text, "")
}

// changedTime reports whether component e of the new object is at another time than the old object had it: for the
// master start, end, rule or added dates; for an override the occurrence's start or end. Taking other occurrences out
// changes no time.
func changedTime(old, new zoning, e *component) bool {
	start, end, err := new.span(e)
	if err != nil {
		return true
	}
	key := new.key(e)
	was := old.nearest(key)
	if was == nil {
		return true
	}
	oldStart, oldEnd, err := old.span(was)
	if err != nil {
		return true
	}
	if !key.IsZero() && was.get("RECURRENCE-ID") == nil {
		oldStart, oldEnd = key, key.Add(oldEnd.Sub(oldStart))
	}
	return !start.Equal(oldStart) || !end.Equal(oldEnd) || key.IsZero() &&
		(was.value("RRULE") != e.value("RRULE") || !slices.EqualFunc(old.list(was, "RDATE"), new.list(e, "RDATE"), time.Time.Equal))
}
