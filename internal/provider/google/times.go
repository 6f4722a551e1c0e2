package google

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

const (
	utcForm   = "20060102T150405Z"
	localForm = "20060102T150405"
	dateForm  = "20060102"
	// maxStarts bounds the expansion of a rule that is not plain.
	maxStarts = 5000
)

// moment is a time of an event: an instant, or with date the midnight of a day.
type moment struct {
	time.Time
	zone string // IANA
	date bool
	utc  bool // written in UTC
}

// ownDay is the day that m means where a DATE belongs: its own; of a moment in UTC only where it is midnight there,
// else the owner's.
func (m moment) ownDay(owner string) series.Date {
	if m.utc && m.Equal(m.Truncate(24*time.Hour)) {
		return series.DateOf(m.UTC())
	} else if m.utc {
		m.zone = owner
	}
	d, _ := series.WallClock(m.Time, m.zone)
	return d
}

// momentOf reads a time of an event; zone is the calendar's. False where there is none.
func momentOf(t *calendar.EventDateTime, zone string) (moment, bool) {
	if t == nil {
		return moment{}, false
	}
	if t.Date != "" {
		d, err := series.ParseDate(t.Date)
		return moment{Time: series.Instant(d, 0, zone), zone: zone, date: true}, err == nil
	}
	at, err := time.Parse(time.RFC3339, t.DateTime)
	if _, known := series.Location(t.TimeZone); known == nil {
		zone = t.TimeZone
	}
	return moment{Time: in(at, zone), zone: zone}, err == nil
}

// in is t on the clock of zone.
func in(t time.Time, zone string) time.Time {
	loc, err := series.Location(zone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc)
}

// timed is t as Google takes it for an event with recurrence: always with its zone.
func timed(t time.Time, zone string) *calendar.EventDateTime {
	return &calendar.EventDateTime{DateTime: in(t, zone).Format(time.RFC3339), TimeZone: zone}
}

// length is how long an event lasts that begins at start; days are of the calendar.
func length(start moment, end *calendar.EventDateTime) time.Duration {
	to, ok := momentOf(end, start.zone)
	switch {
	case !ok && start.date:
		return 24 * time.Hour
	case !ok:
		return 0
	case start.date:
		a, _ := series.WallClock(start.Time, start.zone)
		b, _ := series.WallClock(to.Time, start.zone)
		return time.Duration(max(b.DaysSince(a), 1)) * 24 * time.Hour
	}
	return max(to.Sub(start.Time), 0)
}

// property is one line of an event's recurrence (RFC 5545 section 3.1): its name, its TZID and its value.
type property struct{ name, tzid, value string }

func parseLine(line string) property {
	head, value, _ := strings.Cut(line, ":")
	name, params, _ := strings.Cut(head, ";")
	p := property{name: strings.ToUpper(strings.TrimSpace(name)), value: strings.ToUpper(strings.TrimSpace(value))}
	for part := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(part, "="); strings.EqualFold(k, "TZID") {
			p.tzid = strings.Trim(v, `"`)
		}
	}
	return p
}

// times reads the value of an EXDATE or RDATE; zone is that of the event. Of a PERIOD it is the start. What cannot be read
// is left out.
func (p property) times(zone string) []moment {
	if _, err := series.Location(p.tzid); err == nil {
		zone = p.tzid
	}
	var out []moment
	for v := range strings.SplitSeq(p.value, ",") {
		if v, _, _ = strings.Cut(v, "/"); v == "" {
			continue
		}
		if m, ok := parseMoment(v, zone); ok {
			out = append(out, m)
		}
	}
	return out
}

// parseMoment reads a DATE or DATE-TIME (RFC 5545 section 3.3.5).
func parseMoment(value, zone string) (moment, bool) {
	if t, err := time.Parse(dateForm, value); err == nil {
		return moment{Time: series.Instant(series.DateOf(t), 0, zone), zone: zone, date: true}, true
	}
	if t, err := time.Parse(utcForm, value); err == nil {
		return moment{Time: in(t, zone), zone: zone, utc: true}, true
	}
	t, err := time.Parse(localForm, value)
	if err != nil {
		return moment{}, false
	}
	at := series.Instant(series.DateOf(t), series.TimeOfDay(t.Hour()*60+t.Minute()), zone)
	return moment{Time: at.Add(time.Duration(t.Second()) * time.Second), zone: zone}, true
}

// readRule fills in e.Rule from the lines of a recurrence. Starts of a rule that is not plain are those from a year before
// to two years after around.
func readRule(e *series.Event, recurrence []string, around time.Time) {
	var rules []string
	var dates []moment
	var exclusions []string
	for _, line := range recurrence {
		switch p := parseLine(line); p.name {
		case "RRULE":
			rules = append(rules, p.value)
		case "RDATE":
			dates = append(dates, p.times(e.Zone)...)
		case "EXRULE":
			exclusions = append(exclusions, p.value)
		}
	}
	if len(rules) == 1 && len(dates) == 0 && len(exclusions) == 0 && e.Start.Second() == 0 {
		if weeks, until, ok := recur.Plain(rules[0], e.Start, e.Zone); ok {
			if e.Rule = (series.Rule{Plain: true, Every: weeks}); !until.IsZero() {
				e.Rule.Until = in(until, e.Zone)
			}
			return
		}
	}
	from, to := around.AddDate(-1, 0, 0), around.AddDate(2, 0, 0)
	last, ends := e.Start, true
	for _, r := range rules {
		starts, err := recur.Starts(r, e.Start, e.Zone, from, to, maxStarts)
		if err != nil { // when else it takes place is not known, nor that it ends
			starts, ends = []time.Time{e.Start}, false
		}
		e.Rule.Starts = append(e.Rule.Starts, starts...)
		until, bounded := ruleEnd(r, e)
		ends = ends && bounded
		last = later(last, until)
	}
	if len(rules) == 0 && !e.Start.Before(from) && e.Start.Before(to) {
		e.Rule.Starts = append(e.Rule.Starts, e.Start)
	}
	for _, d := range dates {
		if !d.Before(from) && d.Time.Before(to) {
			e.Rule.Starts = append(e.Rule.Starts, in(d.Time, e.Zone))
		}
		last = later(last, d.Time)
	}
	if ends {
		e.Rule.Until = in(last, e.Zone)
	}
	slices.SortFunc(e.Rule.Starts, time.Time.Compare)
	e.Rule.Starts = slices.CompactFunc(e.Rule.Starts, time.Time.Equal)
	for _, r := range exclusions {
		out, _ := recur.Excluded(r, e.Start, e.Zone, from, to)
		gone := func(t time.Time) bool { return slices.ContainsFunc(out, t.Equal) }
		e.Rule.Starts = slices.DeleteFunc(e.Rule.Starts, gone)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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
func ruleEnd(rule string, e *series.Event) (time.Time, bool) {
	if until, ok := parseMoment(rulePart(rule, "UNTIL"), e.Zone); ok {
		if until.date {
			d, _ := series.WallClock(until.Time, e.Zone)
			return series.Instant(d.AddDays(1), 0, e.Zone).Add(-time.Second), true
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

// excluded are the starts that the EXDATE lines take out, those of occurrences that there are.
func excluded(e series.Event, recurrence []string, wholeDays bool) []time.Time {
	var out []time.Time
	for _, line := range recurrence {
		p := parseLine(line)
		if p.name != "EXDATE" {
			continue
		}
		for _, x := range p.times(e.Zone) {
			if t, hits := occurrence(e, x, wholeDays); hits {
				out = append(out, in(t, e.Zone))
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// occurrence is the original start of e that x names, and whether there is one. A DATE names the occurrence of its day.
// Of a rule that is not plain nothing is known far from the time of observation: x is believed there.
func occurrence(e series.Event, x moment, wholeDays bool) (time.Time, bool) {
	if wholeDays {
		x.Time = series.Instant(x.ownDay(e.Zone), 0, e.Zone)
	} else if x.date {
		d, _ := series.WallClock(x.Time, x.zone)
		if t, ok := startOn(e, d); ok {
			return t, true
		}
		return x.Time, false
	}
	return x.Time, hits(e, x.Time)
}

// hits reports whether t is the original start of an occurrence, taken out or not.
func hits(e series.Event, t time.Time) bool {
	if e.Rule.Plain {
		d, _ := series.WallClock(t, e.Zone)
		at, ok := startOn(e, d)
		return ok && at.Equal(t)
	}
	starts := e.Rule.Starts
	if n := len(starts); n == 0 || t.Before(starts[0]) || t.After(starts[n-1]) {
		return e.Rule.Until.IsZero() || !t.After(e.Rule.Until)
	}
	_, found := slices.BinarySearchFunc(starts, t, time.Time.Compare)
	return found
}

// startOn is the original start of e on the day, in e's zone.
func startOn(e series.Event, day series.Date) (time.Time, bool) {
	if !e.Rule.Plain {
		for _, t := range e.Rule.Starts {
			if d, _ := series.WallClock(t, e.Zone); d == day {
				return t, true
			}
		}
		return time.Time{}, false
	}
	s := e.Slot()
	t := s.On(day)
	ends := !e.Rule.Until.IsZero() && t.After(e.Rule.Until)
	return t, !ends && !day.Before(e.First()) && len(s.Dates(e.First(), day, day)) == 1
}

// ruleOf is the RRULE line of a plain rule that begins on the weekday of the slot; until may be zero.
func ruleOf(s series.Slot, until time.Time) string {
	rule := "RRULE:FREQ=WEEKLY;BYDAY=" + [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}[s.Weekday]
	if s.Every > 1 {
		rule += ";INTERVAL=" + strconv.Itoa(s.Every)
	}
	if !until.IsZero() {
		rule += ";UNTIL=" + until.UTC().Format(utcForm)
	}
	return rule
}

// exdate is the EXDATE line that takes t out.
func exdate(t time.Time, zone string, wholeDays bool) string {
	switch {
	case wholeDays:
		return "EXDATE;VALUE=DATE:" + in(t, zone).Format(dateForm)
	case zone == "UTC":
		return "EXDATE:" + t.UTC().Format(utcForm)
	}
	return "EXDATE;TZID=" + zone + ":" + in(t, zone).Format(localForm)
}

// instanceID is how an occurrence that is still where its series has it is named; the time is the original start's.
var instanceID = regexp.MustCompile(`^(.+)_(\d{8}(T\d{6}Z)?)$`)

// partOf is the series and original start that an occurrence's id tells; for what has lost all else.
func partOf(id, zone string) (string, moment, bool) {
	m := instanceID.FindStringSubmatch(id)
	if m == nil {
		return "", moment{}, false
	}
	at, ok := parseMoment(m[2], zone)
	return m[1], at, ok
}
