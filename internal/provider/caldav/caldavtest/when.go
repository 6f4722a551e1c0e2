package caldavtest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// zoning tells what times in one object mean.
type zoning struct {
	cal      *component
	floating *time.Location // of times without a zone
}

// location is the zone a TZID means: a name of the zone database, also at the end of a longer one
// ("/freeassociation.sourceforge.net/Europe/Berlin") or in the VTIMEZONE's X-LIC-LOCATION; else the standard offset
// of the VTIMEZONE.
func (z zoning) location(tzid string) *time.Location {
	parts := strings.Split(strings.Trim(tzid, "/"), "/")
	for i := range parts {
		name := strings.Join(parts[i:], "/")
		if l, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return l
		}
	}
	for _, k := range z.cal.kids {
		if k.name != "VTIMEZONE" || k.value("TZID") != tzid {
			continue
		}
		if l, err := time.LoadLocation(k.value("X-LIC-LOCATION")); err == nil && k.get("X-LIC-LOCATION") != nil {
			return l
		}
		for _, o := range k.kids {
			if t, err := time.Parse("-0700", o.value("TZOFFSETTO")); err == nil && o.name == "STANDARD" {
				_, seconds := t.Zone()
				return time.FixedZone(tzid, seconds)
			}
		}
	}
	return z.floating
}

// parse reads a DATE or DATE-TIME value under a TZID; "" is floating.
func (z zoning) parse(value, tzid string) (t time.Time, isDate bool, err error) {
	value = strings.TrimSpace(value)
	loc := z.floating
	if tzid != "" {
		loc = z.location(tzid)
	}
	switch len(value) {
	case 8:
		t, err = time.ParseInLocation("20060102", value, z.floating)
		return t, true, err
	case 16:
		t, err = time.Parse("20060102T150405Z", value)
	default:
		t, err = time.ParseInLocation("20060102T150405", value, loc)
	}
	return t, false, err
}

// at is the moment a line tells.
func (z zoning) at(l *line) (time.Time, bool, error) {
	if l == nil {
		return time.Time{}, false, fmt.Errorf("no date")
	}
	return z.parse(l.value, l.param("TZID"))
}

// list are the moments of all lines of a name, each of which may hold several.
func (z zoning) list(c *component, name string) []time.Time {
	var out []time.Time
	for _, l := range c.all(name) {
		for v := range strings.SplitSeq(l.value, ",") {
			v, _, _ = strings.Cut(v, "/") // a PERIOD begins with its start
			if t, _, err := z.parse(v, l.param("TZID")); err == nil {
				out = append(out, t)
			}
		}
	}
	return out
}

// span is a component's own start and end (RFC 5545 section 3.6.1).
func (z zoning) span(c *component) (start, end time.Time, err error) {
	start, isDate, err := z.at(c.get("DTSTART"))
	if err != nil {
		return start, end, fmt.Errorf("DTSTART: %w", err)
	}
	end = start
	switch {
	case c.get("DTEND") != nil:
		end, _, err = z.at(c.get("DTEND"))
	case c.get("DURATION") != nil:
		var days int
		var rest time.Duration
		days, rest, err = duration(c.value("DURATION"))
		end = start.AddDate(0, 0, days).Add(rest)
	case isDate:
		end = start.AddDate(0, 0, 1)
	}
	if err == nil && end.Before(start) {
		err = fmt.Errorf("it ends before it starts")
	}
	return start, end, err
}

// duration reads RFC 5545 section 3.3.6: nominal days and exact time.
func duration(s string) (days int, rest time.Duration, err error) {
	text, negative := strings.CutPrefix(strings.TrimPrefix(s, "+"), "-")
	text, ok := strings.CutPrefix(text, "P")
	for text != "" && ok {
		text = strings.TrimPrefix(text, "T")
		i := strings.IndexAny(text, "WDHMS")
		if i < 1 {
			ok = false
			break
		}
		n, err := strconv.Atoi(text[:i])
		if ok = err == nil && n < math.MaxInt32; !ok {
			break
		}
		switch text[i] {
		case 'W':
			days += 7 * n
		case 'D':
			days += n
		case 'H':
			rest += time.Duration(n) * time.Hour
		case 'M':
			rest += time.Duration(n) * time.Minute
		case 'S':
			rest += time.Duration(n) * time.Second
		}
		text = text[i+1:]
	}
	if !ok {
		return 0, 0, fmt.Errorf("%q is no duration", s)
	}
	if negative {
		days, rest = -days, -rest
	}
	return days, rest, nil
}

// rule reads an RRULE that starts at start. Rules that the library does not survive, or takes minutes over, are
// refused: those that recur within a day, and those by Easter.
func (z zoning) rule(l *line, start time.Time) (r *rrule.RRule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("RRULE: %v", p)
		}
	}()
	var parts []string
	var until time.Time
	for part := range strings.SplitSeq(strings.ToUpper(strings.Trim(l.value, "; ")), ";") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case name == "UNTIL":
			var isDate bool
			loc := start.Location()
			if until, isDate, err = (zoning{z.cal, loc}).parse(value, ""); err != nil {
				return nil, fmt.Errorf("RRULE: %w", err)
			}
			if isDate {
				until = until.AddDate(0, 0, 1).Add(-time.Second)
			}
			continue
		case strings.HasPrefix(name, "BY") && strings.Contains(value, ",") && (name == "BYHOUR" || name == "BYMINUTE" || name == "BYSECOND"),
			name == "FREQ" && (value == "SECONDLY" || value == "MINUTELY" || value == "HOURLY"), name == "BYEASTER", name == "RSCALE":
			return nil, fmt.Errorf("RRULE: %s is not supported", part)
		}
		parts = append(parts, part)
	}
	o, err := rrule.StrToROption(strings.Join(parts, ";"))
	if err != nil {
		return nil, fmt.Errorf("RRULE: %w", err)
	}
	for _, d := range o.Byweekday {
		if n := d.N(); n < -53 || n > 53 || o.Freq == rrule.MONTHLY && (n < -5 || n > 5) {
			return nil, fmt.Errorf("RRULE: no such weekday")
		}
	}
	o.Dtstart, o.Until = start, until
	return rrule.NewRRule(*o)
}

// instance is one occurrence.
type instance struct {
	original   time.Time // RECURRENCE-ID
	start, end time.Time
	from       *component // its override, or the master
}

// starts are the original starts in [from, to], those excluded and those overridden among them.
func (z zoning) starts(master *component, from, to time.Time) (out []time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("RRULE: %v", p)
		}
	}()
	start, _, err := z.span(master)
	if err != nil {
		return nil, err
	}
	all := append([]time.Time{start}, z.list(master, "RDATE")...)
	for _, l := range master.all("RRULE") {
		r, err := z.rule(l, start)
		if err != nil {
			return nil, err
		}
		all = append(all, r.Between(from, to, true)...)
	}
	for _, t := range all {
		if !t.Before(from) && !t.After(to) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal), nil
}

// instances are the occurrences that overlap [from, to) (RFC 4791 section 9.9), by start. A rule that cannot be
// expanded counts as an error.
func (z zoning) instances(from, to time.Time) ([]instance, error) {
	master, overrides := z.cal.events()
	var out []instance
	add := func(i instance) {
		if i.start.Before(to) && (i.end.After(from) || i.start.Equal(i.end) && !i.start.Before(from)) {
			out = append(out, i)
		}
	}
	taken := map[int64]bool{}
	for _, o := range overrides {
		original, _, err := z.at(o.get("RECURRENCE-ID"))
		if err != nil {
			return nil, err
		}
		start, end, err := z.span(o)
		if err != nil {
			return nil, err
		}
		taken[original.Unix()] = true
		add(instance{original, start, end, o})
	}
	if master != nil && master.get("DTSTART") != nil {
		start, end, err := z.span(master)
		if err != nil {
			return nil, err
		}
		for _, t := range z.list(master, "EXDATE") {
			taken[t.Unix()] = true
		}
		length := end.Sub(start)
		starts, err := z.starts(master, from.Add(-length), to)
		if err != nil {
			return nil, err
		}
		for _, t := range starts {
			if !taken[t.Unix()] {
				add(instance{t, t, t.Add(length), master})
			}
		}
	}
	slices.SortFunc(out, func(a, b instance) int { return a.start.Compare(b.start) })
	return out, nil
}
