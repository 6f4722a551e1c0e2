package googletest

import (
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are resolved by name, also where the machine has no database

	"github.com/teambition/rrule-go"
)

// moment is a start or an end: an instant with the zone it is told in, or a day.
type moment struct {
	t      time.Time // of a day: its midnight in UTC
	zone   string
	allDay bool
}

// maxInstances is how far a series expands.
const maxInstances = 730

// location is that of an IANA name. Names that only this machine knows are refused.
func location(zone string) (*time.Location, bool) {
	if zone == "" || zone == "Local" {
		return nil, false
	}
	if loc, ok := locations.Load(zone); ok {
		return loc.(*time.Location), true
	}
	loc, err := time.LoadLocation(zone)
	if err == nil {
		locations.Store(zone, loc)
	}
	return loc, err == nil
}

// locations are those read from disk so far.
var locations sync.Map

// wall is the instant at which the zone's clock shows the floating time f. A time that a clock change leaves out is
// moved on by the gap; of one that comes twice it is the first.
func wall(f time.Time, loc *time.Location) time.Time {
	guess := f.Unix()
	var found []time.Time
	for _, around := range []int64{-24 * 3600, 24 * 3600} {
		_, offset := time.Unix(guess+around, 0).In(loc).Zone()
		t := time.Unix(guess-int64(offset), 0).In(loc)
		if shows(t).Equal(f) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		_, before := time.Unix(guess-24*3600, 0).In(loc).Zone()
		return time.Unix(guess-int64(before), 0).In(loc)
	}
	return slices.MinFunc(found, time.Time.Compare)
}

// shows is the floating time, told as UTC, that t's own clock shows.
func shows(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// recurrence is the meaning of a series' lines.
type recurrence struct {
	rules          []rrule.ROption
	untils         []time.Time // of each rule; zero: none
	rdates, exdate map[int64]bool
}

// readRecurrence reads RRULE, RDATE and EXDATE lines (RFC 5545 section 3.8.5).
func readRecurrence(lines []string, start moment) (recurrence, bool) {
	rec := recurrence{rdates: map[int64]bool{}, exdate: map[int64]bool{}}
	for _, line := range lines {
		head, value, ok := strings.Cut(line, ":")
		name, params, _ := strings.Cut(head, ";")
		if !ok || strings.ContainsAny(line, "\r\n") {
			return rec, false
		}
		switch strings.ToUpper(name) {
		case "RRULE":
			opt, until, ok := readRule(value, start)
			if !ok || params != "" {
				return rec, false
			}
			rec.rules, rec.untils = append(rec.rules, opt), append(rec.untils, until)
		case "RDATE", "EXDATE":
			into := rec.rdates
			if strings.ToUpper(name) == "EXDATE" {
				into = rec.exdate
			}
			for v := range strings.SplitSeq(value, ",") {
				t, ok := readStamp(v, params, start)
				if !ok {
					return rec, false
				}
				into[t.Unix()] = true
			}
		default:
			return rec, false // DTSTART and DTEND are not allowed here
		}
	}
	return rec, true
}

func readRule(value string, start moment) (rrule.ROption, time.Time, bool) {
	var until time.Time
	var parts []string
	for p := range strings.SplitSeq(value, ";") {
		key, v, _ := strings.Cut(p, "=")
		if strings.ToUpper(key) != "UNTIL" {
			parts = append(parts, p)
			continue
		}
		t, ok := readStamp(v, "", start)
		if !ok {
			return rrule.ROption{}, until, false
		}
		if until = t; len(v) == 8 && !start.allDay {
			until = t.Add(24*time.Hour - time.Second) // the whole of that day
		}
	}
	opt, err := rrule.StrToROption(strings.Join(parts, ";"))
	if err != nil || opt.Count != 0 && !until.IsZero() {
		return rrule.ROption{}, until, false
	}
	opt.Dtstart = start.floating()
	if _, err := rrule.NewRRule(*opt); err != nil {
		return rrule.ROption{}, until, false
	}
	return *opt, until, true
}

func (m moment) floating() time.Time {
	if m.allDay {
		return m.t
	}
	return shows(m.local())
}

// local is the instant on the clock of its zone.
func (m moment) local() time.Time {
	if loc, ok := location(m.zone); ok {
		return m.t.In(loc)
	}
	return m.t
}

// readStamp reads a DATE or DATE-TIME value; one without a zone is of the series' own.
func readStamp(v, params string, start moment) (time.Time, bool) {
	if len(v) == 8 {
		day, err := time.Parse("20060102", v)
		if loc, ok := location(start.zone); ok && !start.allDay && err == nil {
			return wall(day, loc), true
		}
		return day, err == nil
	}
	if z, ok := strings.CutSuffix(v, "Z"); ok {
		t, err := time.Parse("20060102T150405", z)
		return t, err == nil
	}
	zone := start.zone
	for p := range strings.SplitSeq(params, ";") {
		if id, ok := strings.CutPrefix(p, "TZID="); ok {
			zone = id
		}
	}
	loc, ok := location(zone)
	t, err := time.Parse("20060102T150405", v)
	if err != nil || !ok {
		return time.Time{}, false
	}
	return wall(t, loc), true
}

// starts are the first occurrences up to the instant to (which it may be), on the wall clock of the series' zone.
func (rec recurrence) starts(start moment, to time.Time) []time.Time {
	found := map[int64]time.Time{}
	loc, _ := location(start.zone)
	for i, opt := range rec.rules {
		rule, err := rrule.NewRRule(opt)
		if err != nil {
			continue // readRule has made it once
		}
		next := rule.Iterator()
		for range maxInstances {
			f, ok := next()
			if !ok {
				break
			}
			t := f
			if !start.allDay && loc != nil {
				t = wall(f, loc)
			}
			if t.After(to) || !rec.untils[i].IsZero() && t.After(rec.untils[i]) {
				break
			}
			found[t.Unix()] = t
		}
	}
	for u := range rec.rdates {
		if t := time.Unix(u, 0); !t.After(to) {
			found[u] = t
		}
	}
	if len(rec.rules) == 0 {
		found[start.t.Unix()] = start.t
	}
	var out []time.Time
	for u, t := range found {
		if !rec.exdate[u] {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
