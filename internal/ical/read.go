package ical

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// maxStarts bounds the expansion of a rule that is not plain.
const maxStarts = 5000

func (c *component) cancelled() bool { return strings.EqualFold(c.value("STATUS"), "CANCELLED") }

func (c *component) free() bool { return strings.EqualFold(c.value("TRANSP"), "TRANSPARENT") }

func (c *component) sequence() int {
	n, _ := strconv.Atoi(c.value("SEQUENCE"))
	return max(n, 0)
}

// Event is the object as a series event, without Ref and Derived. The mark is read if it is of org. Starts of a rule that
// is not plain are those from a year before to two years after around; the zero time means three years from the first. An
// event without rule has its one start. It fails with ErrNoSeries, or where the event has no start.
func (o *Object) Event(org string, around time.Time) (series.Event, error) {
	m := o.master()
	if m == nil {
		return series.Event{}, ErrNoSeries
	}
	start, ok := o.moment(m.get("DTSTART"), o.zone)
	if !ok {
		return series.Event{}, fmt.Errorf("%w: an event without a DTSTART that can be read", ErrObject)
	}
	mark := m.mark()
	written := mark.Written[series.FieldLink]
	loc, err := series.Location(start.zone)
	if err != nil {
		loc = time.UTC
	}
	e := series.Event{
		UID:       m.textValue("UID"),
		Start:     start.In(loc),
		Zone:      start.zone,
		Duration:  o.duration(m, start, 0),
		Title:     m.textValue("SUMMARY"),
		Place:     m.textValue("LOCATION"),
		Link:      m.link(written),
		Organizer: address(m.get("ORGANIZER")),
		Guests:    m.guests(),
		Rooms:     m.rooms(),
		Free:      m.free(),
		Cancelled: m.cancelled(),
		Delivered: m.textValue(markDelivered),
		Raw:       o.raw,
	}
	if mark.Org == Plain(org) {
		e.Mark = mark
	}
	lengths := o.readRule(&e, m, around)
	o.readOverrides(&e, m, written)
	overridden := originals(e)
	for _, t := range e.Rule.Starts {
		if length, own := lengths[t.Unix()]; own && !overridden[t.Unix()] {
			e.Overrides = append(e.Overrides, series.Override{Original: t, Start: t, Duration: length,
				Place: e.Place, Link: e.Link, Guests: e.Guests, Rooms: e.Rooms, Free: e.Free})
		}
	}
	slices.SortFunc(e.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
	for _, n := range m.lines("EXDATE") {
		for _, x := range o.moments(n.prop, e.Zone) {
			if t, hits := occurrence(e, x, start.date); hits && !overridden[t.Unix()] {
				e.Excluded = append(e.Excluded, t.In(loc))
			}
		}
	}
	slices.SortFunc(e.Excluded, time.Time.Compare)
	e.Excluded = slices.CompactFunc(e.Excluded, time.Time.Equal)
	return e, nil
}

// readRule fills in e.Rule; lengths are those of occurrences that have one of their own, by their starts in Unix
// seconds. Of a rule that cannot be read it has the first time, and no end.
func (o *Object) readRule(e *series.Event, m *component, around time.Time) (lengths map[int64]time.Duration) {
	lengths = map[int64]time.Duration{}
	rules, dates := m.lines("RRULE"), m.lines("RDATE")
	movesOn := slices.ContainsFunc(o.events(), func(c *component) bool {
		id := c.get("RECURRENCE-ID")
		return id != nil && id.Params.Get("RANGE") != ""
	})
	if len(rules) == 1 && len(dates) == 0 && len(m.lines("EXRULE")) == 0 && !movesOn && e.Start.Second() == 0 {
		weeks, until, ok := recur.Plain(ruleText(rules[0].prop.Value), e.Start, e.Zone)
		if ok {
			e.Rule = series.Rule{Plain: true, Every: weeks}
			if !until.IsZero() {
				e.Rule.Until = until.In(e.Start.Location())
			}
			return nil
		}
	}
	from, to := around.AddDate(-1, 0, 0), around.AddDate(2, 0, 0)
	if around.IsZero() {
		from, to = e.Start, e.Start.AddDate(3, 0, 0)
	}
	ends := true
	for _, r := range rules {
		rule := ruleText(r.prop.Value)
		starts, err := recur.Starts(rule, e.Start, e.Zone, from, to, maxStarts)
		if err != nil { // when else it takes place is not known, nor that it ends
			starts, ends = []time.Time{e.Start}, false
		}
		e.Rule.Starts = append(e.Rule.Starts, starts...)
		last, bounded := o.ruleEnd(rule, e, isDate(m))
		ends = ends && bounded
		e.Rule.Until = later(e.Rule.Until, last)
	}
	if len(rules) == 0 && !e.Start.Before(from) && e.Start.Before(to) {
		e.Rule.Starts = append(e.Rule.Starts, e.Start)
	}
	e.Rule.Until = later(e.Rule.Until, e.Start)
	for _, r := range dates {
		for _, x := range o.periods(r.prop, e.Zone) {
			if isDate(m) {
				x.Time = series.Instant(x.ownDay(e.Zone), 0, e.Zone)
			}
			if !x.Before(from) && x.Time.Before(to) {
				e.Rule.Starts = append(e.Rule.Starts, x.In(e.Start.Location()))
				if x.given && x.length != e.Duration && !isDate(m) {
					lengths[x.Unix()] = x.length
				}
			}
			e.Rule.Until = later(e.Rule.Until, x.Time)
		}
	}
	if e.Rule.Until = e.Rule.Until.In(e.Start.Location()); !ends {
		e.Rule.Until = time.Time{}
	}
	slices.SortFunc(e.Rule.Starts, time.Time.Compare)
	e.Rule.Starts = slices.CompactFunc(e.Rule.Starts, time.Time.Equal)
	for _, r := range m.lines("EXRULE") {
		out, _ := recur.Excluded(ruleText(r.prop.Value), e.Start, e.Zone, from, to)
		gone := func(t time.Time) bool { return slices.ContainsFunc(out, t.Equal) }
		e.Rule.Starts = slices.DeleteFunc(e.Rule.Starts, gone)
	}
	return lengths
}

var textOfRule = strings.NewReplacer(`\;`, ";", `\,`, ",", " ", "")

// ruleText is a rule without what servers and sloppy clients add to it.
func ruleText(v string) string {
	return strings.Trim(strings.ToUpper(textOfRule.Replace(v)), ";")
}

// rulePart is one part of a rule, "" for none.
func rulePart(rule, name string) string {
	for p := range strings.SplitSeq(rule, ";") {
		if v, ok := strings.CutPrefix(p, name+"="); ok {
			return v
		}
	}
	return ""
}

// ruleEnd is the last moment at which the rule lets an occurrence start; false if it goes on for ever.
func (o *Object) ruleEnd(rule string, e *series.Event, wholeDays bool) (time.Time, bool) {
	if until, ok := o.parseMoment(rulePart(rule, "UNTIL"), "", e.Zone); ok {
		if until.date || wholeDays {
			return series.Instant(until.ownDay(e.Zone).AddDays(1), 0, e.Zone).Add(-time.Second), true
		}
		return until.Time, true
	}
	count, err := strconv.Atoi(rulePart(rule, "COUNT"))
	if err != nil || count < 1 || count > maxStarts {
		return time.Time{}, false
	}
	starts, err := recur.Starts(rule, e.Start, e.Zone, e.Start, e.Start.AddDate(100, 0, 0), count)
	if err != nil || len(starts) == 0 {
		return e.Start, true
	}
	return starts[len(starts)-1], true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// readOverrides fills in e.Overrides. Where two components are of one occurrence the later revision counts.
func (o *Object) readOverrides(e *series.Event, m *component, written string) {
	type revision struct {
		series.Override
		sequence int
		movesOn  bool
	}
	latest := map[int64]revision{}
	for _, c := range o.events() {
		id, ok := o.moment(c.get("RECURRENCE-ID"), e.Zone)
		if !ok {
			continue
		}
		original, _ := occurrence(*e, id, isDate(m))
		start, ok := o.moment(c.get("DTSTART"), e.Zone)
		if !ok {
			start = moment{Time: original, zone: e.Zone, date: isDate(m)}
		}
		r := revision{series.Override{
			Original:  original.In(e.Start.Location()),
			Start:     start.In(e.Start.Location()),
			Duration:  o.duration(c, start, e.Duration),
			Cancelled: c.cancelled(),
			Place:     c.textValue("LOCATION"),
			Link:      c.link(written),
			Guests:    c.guests(),
			Rooms:     c.rooms(),
			Free:      c.free(),
		}, c.sequence(), c.get("RECURRENCE-ID").Params.Get("RANGE") != ""}
		if old, ok := latest[original.Unix()]; !ok || r.sequence >= old.sequence {
			latest[original.Unix()] = r
		}
	}
	all := slices.SortedFunc(maps.Values(latest), func(a, b revision) int { return a.Original.Compare(b.Original) })
	for _, r := range all {
		e.Overrides = append(e.Overrides, r.Override)
	}
	for i, r := range all {
		if r.movesOn {
			end := time.Time{}
			if i+1 < len(all) && all[i+1].movesOn {
				end = all[i+1].Original
			}
			moveOn(e, r.Override, end)
		}
	}
	slices.SortFunc(e.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
}

// moveOn makes the occurrences after o's, up to end, what o says: RANGE=THISANDFUTURE (RFC 5545 section 3.2.13).
func moveOn(e *series.Event, o series.Override, end time.Time) {
	from, _ := series.WallClock(o.Original, e.Zone)
	to, at := series.WallClock(o.Start, e.Zone)
	overridden := originals(*e)
	for _, t := range e.Rule.Starts {
		if !t.After(o.Original) || !end.IsZero() && !t.Before(end) || overridden[t.Unix()] {
			continue
		}
		next := o
		day, _ := series.WallClock(t, e.Zone)
		next.Original, next.Start = t, series.Instant(day.AddDays(to.DaysSince(from)), at, e.Zone)
		e.Overrides = append(e.Overrides, next)
	}
}

// originals are the original starts that have an override, in Unix seconds.
func originals(e series.Event) map[int64]bool {
	out := map[int64]bool{}
	for _, o := range e.Overrides {
		out[o.Original.Unix()] = true
	}
	return out
}

// isDate reports whether the series is one of whole days.
func isDate(m *component) bool { return len(strings.TrimSpace(m.value("DTSTART"))) == len(dateForm) }

// occurrence is the original start of e that x names, and whether there is one. A DATE names the occurrence of its day.
// Of a rule that is not plain nothing is known far from the time of observation: x is believed there.
func occurrence(e series.Event, x moment, wholeDays bool) (time.Time, bool) {
	if wholeDays {
		x.Time = series.Instant(x.ownDay(e.Zone), 0, e.Zone)
	} else if x.date {
		if t, ok := startOn(e, x.day()); ok {
			return t, true
		}
		return x.Time, false
	}
	if e.Rule.Plain {
		day, _ := series.WallClock(x.Time, e.Zone)
		t, ok := startOn(e, day)
		return x.Time, ok && t.Equal(x.Time)
	}
	starts := e.Rule.Starts
	if n := len(starts); n == 0 || x.Time.Before(starts[0]) || x.Time.After(starts[n-1]) {
		return x.Time, true
	}
	_, found := slices.BinarySearchFunc(starts, x.Time, time.Time.Compare)
	return x.Time, found
}

// startOn is the original start of e on the day, in e's zone.
func startOn(e series.Event, day series.Date) (time.Time, bool) {
	if !e.Rule.Plain {
		i, found := slices.BinarySearchFunc(e.Rule.Starts, day, func(t time.Time, day series.Date) int {
			d, _ := series.WallClock(t, e.Zone)
			return d.Compare(day)
		})
		if !found {
			return time.Time{}, false
		}
		return e.Rule.Starts[i], true
	}
	s := e.Slot()
	t := s.On(day)
	ends := !e.Rule.Until.IsZero() && t.After(e.Rule.Until)
	return t, !ends && !day.Before(e.First()) && len(s.Dates(e.First(), day, day)) == 1
}
