// Package recur expands recurrence rules (RFC 5545 section 3.3.10) of other people's events: guarded, since such text
// may be hostile.
package recur

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// ErrRule is what Starts wraps for a rule that is malformed, or that it will not expand.
var ErrRule = errors.New("recurrence rule cannot be expanded")

// maxStarts bounds the starts that one window of one event may have, and those that a COUNT is counted over.
const maxStarts = 20_000

// Expand lists the intervals of b that overlap [from, to), by start. An all-day event starts at midnight of its Zone
// and lasts whole days of that zone's calendar, at least one; its ExDates count by day. approximate is true where a
// rule cannot be expanded: then of it only the first occurrence counts, and of an ExRule nothing. What b leaves out
// (Except) is cut out of its intervals; those end with the window then.
func Expand(b series.Busy, from, to time.Time) (out []series.Interval, approximate bool) {
	length := max(b.Duration, 0)
	end := func(start time.Time) time.Time { return start.Add(length) }
	key := func(t time.Time) int64 { return t.Unix() }
	if b.AllDay {
		// Rounded: 24 hours more or less an hour are a day of a clock change.
		days := max(int((length+12*time.Hour)/(24*time.Hour)), 1)
		length = time.Duration(days) * 24 * time.Hour
		end = func(start time.Time) time.Time {
			d, _ := series.WallClock(start, b.Zone)
			return series.Instant(d.AddDays(days), 0, b.Zone)
		}
		key = func(t time.Time) int64 {
			d, _ := series.WallClock(t, b.Zone)
			return int64(d.DaysSince(series.Date{Year: 1970, Month: time.January, Day: 1}))
		}
	}
	early := from.Add(-length - 24*time.Hour) // a day more, for days that a clock change makes longer
	starts := b.RDates
	if b.RRule == "" {
		starts = append([]time.Time{b.Start}, starts...)
	}
	for rule := range lines(b.RRule) {
		ruled, err := expand(rule, b.Start, b.Zone, b.AllDay, early, to, maxStarts)
		if err != nil {
			ruled, approximate = []time.Time{b.Start}, true
		}
		starts = append(ruled, starts...)
	}
	gone := make(map[int64]bool, len(b.ExDates))
	for _, t := range b.ExDates {
		gone[key(t)] = true
	}
	for rule := range lines(b.ExRule) {
		ruled, err := excluded(rule, b.Start, b.Zone, b.AllDay, early, to)
		approximate = approximate || err != nil
		for _, t := range ruled {
			gone[key(t)] = true
		}
	}
	for _, t := range starts {
		e := end(t)
		if k := key(t); t.Before(to) && (e.After(from) || t.Equal(e) && t.Equal(from)) && !gone[k] {
			gone[k] = true // what repeats a start adds nothing
			out = append(out, series.Interval{Start: t, End: e, Kind: b.Kind, ID: b.ID})
		}
	}
	for _, x := range b.Except {
		free, _ := Expand(series.Busy{Start: x.Start, Duration: x.Duration, Zone: x.Zone, RRule: x.RRule, RDates: x.RDates,
			ExDates: x.ExDates}, from, to)
		out = without(out, free, from, to)
	}
	slices.SortFunc(out, func(a, b series.Interval) int { return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End)) })
	return out, approximate
}

// lines are the rules of a Busy.
func lines(rules string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for r := range strings.SplitSeq(rules, "\n") {
			if r != "" && !yield(r) {
				return
			}
		}
	}
}

// without is what is left of the intervals, within [from, to), when the free ones, by start, are cut out.
func without(all, free []series.Interval, from, to time.Time) []series.Interval {
	var out []series.Interval
	for _, i := range all {
		if i.Start.Before(from) {
			i.Start = from
		}
		if i.End.After(to) {
			i.End = to
		}
		for _, f := range free {
			if f.Start.After(i.Start) && f.Start.Before(i.End) {
				before := i
				before.End = f.Start
				out = append(out, before)
			}
			if f.End.After(i.Start) && f.Start.Before(i.End) {
				i.Start = f.End
			}
		}
		if i.Start.Before(i.End) {
			out = append(out, i)
		}
	}
	return out
}

// Unknown reports whether b has a rule that cannot be read: when else it takes place is not known.
func Unknown(b series.Busy) bool {
	for rule := range lines(b.RRule + "\n" + b.ExRule) {
		if Check(rule) != nil {
			return true
		}
	}
	return false
}

// Check tells whether a rule can be read; an error wraps ErrRule.
func Check(rrule string) error {
	_, err := parse(rrule)
	return err
}

// Weekly are the intervals that b takes in [from, to) if it takes place every week as it does the first time: what must
// be reckoned with where its rule is Unknown.
func Weekly(b series.Busy, from, to time.Time) []series.Interval {
	day, at := series.WallClock(b.Start, b.Zone)
	lo, _ := series.WallClock(from.Add(-b.Duration), b.Zone)
	b.Start = series.Instant(day.AddDays(min(lo.DaysSince(day)/7-1, 0)*7), at, b.Zone)
	b.RRule, b.ExRule, b.RDates, b.ExDates = "FREQ=WEEKLY", "", nil, nil
	out, _ := Expand(b, from, to)
	return out
}

// Starts are the original starts in [from, to) of a rule that begins at start, by the clock of zone: at most limit of
// them, the earliest. Start itself is the first, whether the rule names it or not. Exclusions are not its matter. An
// empty rule has the one start. Errors wrap ErrRule.
func Starts(rrule string, start time.Time, zone string, from, to time.Time, limit int) ([]time.Time, error) {
	if rrule == "" {
		if limit > 0 && !start.Before(from) && start.Before(to) {
			return []time.Time{start}, nil
		}
		return nil, nil
	}
	out, err := expand(rrule, start, zone, false, from, to, limit)
	if errors.Is(err, errLimit) {
		err = nil
	}
	return out, err
}

// Plain tells whether a rule is plain: every so many weeks on the weekday of start, and no more. until is the last
// moment at which an occurrence may start, zero for a rule without end or with one after the year 9000; a COUNT is told
// as its last start.
func Plain(rrule string, start time.Time, zone string) (weeks int, until time.Time, ok bool) {
	r, err := parse(rrule)
	if err != nil {
		return 0, time.Time{}, false
	}
	c, ok := r.cycle(start, zone)
	if !ok || len(c.days) != 1 || c.days[0] != c.first || c.period%7 != 0 {
		return 0, time.Time{}, false
	}
	until = r.lastMoment(zone)
	if r.count > 0 {
		until = earlier(until, c.nth(r.count-1))
	}
	if until.Year() > 9000 {
		until = time.Time{}
	}
	return c.period / 7, until, true
}

// expand lists the starts of a rule in [from, to). Of more than limit it gives the first ones, with errLimit.
func expand(text string, start time.Time, zone string, allDay bool, from, to time.Time, limit int) ([]time.Time, error) {
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	r.allDay = allDay
	until := r.lastMoment(zone)
	if c, ok := r.cycle(start, zone); ok {
		return c.starts(r.count, until, from, to, limit)
	}
	return r.general(start, zone, until, from, to, limit)
}

// Excluded are the starts in [from, to) that an EXRULE (RFC 2445 section 4.8.5.2) takes out of an event that begins at
// start: those that it names, start itself only where it does. Errors wrap ErrRule.
func Excluded(exrule string, start time.Time, zone string, from, to time.Time) ([]time.Time, error) {
	return excluded(exrule, start, zone, false, from, to)
}

func excluded(text string, start time.Time, zone string, allDay bool, from, to time.Time) ([]time.Time, error) {
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	out, err := expand(text, start, zone, allDay, from, to, maxStarts)
	if errors.Is(err, errLimit) {
		err = nil
	}
	r.allDay = allDay
	if !r.names(start, zone) {
		out = slices.DeleteFunc(out, start.Equal)
	}
	return out, err
}
