package ical

import (
	"strings"
	"time"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// End is the text with no meeting after the day last, of the series' own zone: the rule ends there, overrides that were or
// are later go; an earlier end stands. The mark gets the digest of the end. empty means that not even the first
// occurrence is left; text is nil then.
func (o *Object) End(last series.Date, now time.Time) (text []byte, empty bool, err error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, false, err
	}
	if e.First().After(last) {
		return nil, true, nil
	}
	end := series.Instant(last.AddDays(1), 0, e.Zone).Add(-time.Second)
	before := m.timesText()
	if e.Rule.Until.IsZero() || e.Rule.Until.After(end) {
		d.endRules(m, e, end)
		e.Rule.Until = end
	}
	gone := map[int64]bool{}
	for _, x := range e.Overrides {
		gone[x.Original.Unix()] = x.Original.After(end) || x.Start.After(end)
		if x.Start.After(end) && !x.Original.After(end) { // its own time would come back
			m.add(like("EXDATE", x.Original, m, e.Zone))
		}
	}
	dropped := d.dropOverrides(m, e, func(t time.Time) bool { return gone[t.Unix()] })
	if dropped || m.timesText() != before {
		m.bump()
	}
	if mark := m.mark(); !mark.IsZero() {
		if mark.Written == nil {
			mark.Written = map[series.Field]string{}
		}
		mark.Written[series.FieldEnd] = e.Digests()[series.FieldEnd]
		m.setMark(mark)
	}
	text, err = d.finish(now)
	return text, false, err
}

// Cancel is the text with the whole series called off (RFC 5546 section 3.2.5).
func (o *Object) Cancel(now time.Time) ([]byte, error) {
	d, _, _, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	for _, c := range d.events() {
		if !c.cancelled() {
			c.put("STATUS", line("STATUS", "CANCELLED"))
			c.bump()
		}
	}
	return d.finish(now)
}

// Dismiss is the text with nobody in it but the organizer, not even a room: a server that delivers it cancels the series at
// all of them (RFC 6638 section 3.2.1.3). The mark gets the digest of the people, so that it is nobody else's edit.
func (o *Object) Dismiss(now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	for _, c := range d.events() {
		organizer, n := address(c.get("ORGANIZER")), len(c.lines("ATTENDEE"))
		c.edit("ATTENDEE", func(n node) (node, bool) { return n, address(n.prop) == organizer })
		if len(c.lines("ATTENDEE")) < n {
			c.bump()
		}
	}
	if mark := m.mark(); !mark.IsZero() {
		if mark.Written == nil {
			mark.Written = map[series.Field]string{}
		}
		mark.Written[series.FieldPeople] = series.DigestPeople(e.Organizer, nil)
		m.setMark(mark)
	}
	return d.finish(now)
}

// endRules lets no occurrence of the rules start after end, the last second of a day. UNTIL is of the type of DTSTART,
// in UTC for one with a zone (RFC 5545 section 3.3.10).
func (o *Object) endRules(m *component, e series.Event, end time.Time) {
	until := untilText(m, end)
	m.edit("RRULE", func(n node) (node, bool) {
		rule := ruleText(n.prop.Value)
		if recur.Check(rule) != nil {
			return n.withValue("FREQ=WEEKLY;COUNT=1"), true // nobody knows what else it meant, nor would see that it ends
		}
		if last, bounded := o.ruleEnd(rule, &e, isDate(m)); bounded && !last.After(end) {
			return n, true
		}
		var parts []string
		for p := range strings.SplitSeq(rule, ";") {
			if !strings.HasPrefix(p, "UNTIL=") && !strings.HasPrefix(p, "COUNT=") {
				parts = append(parts, p)
			}
		}
		return n.withValue(strings.Join(append(parts, "UNTIL="+until), ";")), true
	})
	m.edit("RDATE", func(n node) (node, bool) {
		return o.keepValues(n, e.Zone, func(x moment) bool { return !x.After(end) })
	})
}

// untilText spells an UNTIL for the series.
func untilText(m *component, end time.Time) string {
	switch {
	case isDate(m):
		return end.Format(dateForm)
	case floating(m):
		return end.Format(localForm)
	}
	return end.UTC().Format(utcForm)
}

// keepValues is a list of times without those that keep refuses; false when none is left.
func (o *Object) keepValues(n node, zone string, keep func(moment) bool) (node, bool) {
	var left []string
	all := strings.Split(n.prop.Value, ",")
	for _, v := range all {
		start, _, _ := strings.Cut(strings.TrimSuffix(v, `\`), "/")
		if x, ok := o.parseMoment(start, n.prop.Params.Get("TZID"), zone); !ok || keep(x) {
			left = append(left, v)
		}
	}
	if len(left) == len(all) {
		return n, true
	}
	return n.withValue(strings.Join(left, ",")), len(left) > 0
}

// floating reports whether the series has no zone.
func floating(m *component) bool {
	p := m.get("DTSTART")
	return p != nil && p.Params.Get("TZID") == "" && !strings.HasSuffix(strings.ToUpper(p.Value), "Z")
}

// like is a property with a time, spelled as the master spells its DTSTART.
func like(name string, t time.Time, m *component, zone string) node {
	local, ok := localTime(t, zone)
	switch tzid := m.get("DTSTART").Params.Get("TZID"); {
	case isDate(m):
		return line(name, local[:min(len(local), len(dateForm))], "VALUE", "DATE")
	case floating(m):
		return line(name, local)
	case tzid != "" && zone != "UTC" && ok:
		return line(name, local).withParam("TZID", tzid)
	default:
		return line(name, t.UTC().Format(utcForm))
	}
}
