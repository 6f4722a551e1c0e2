// Package recur expands recurrence rules (RFC 5545 section 3.3.10) of other people's events: guarded, since such text
// may be hostile.
package recur

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"holdfast/internal/series"
)

// ErrRule is what Starts wraps for a rule that is malformed, or that it will not expand.
var ErrRule = errors.New("recurrence rule cannot be expanded")

// maxStarts bounds the starts that one window of one event may have, and those that a COUNT is counted over.
const maxStarts = 20_000

// Expand lists the intervals of b that overlap [from, to), by start. An all-day event starts at midnight of its Zone
// and lasts whole days of that zone's calendar, at least one; its ExDates count by day. approximate is true where the
// rule cannot be expanded: then only the first occurrence, and the RDates, are told.
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
	starts := []time.Time{b.Start}
	if b.RRule != "" {
		// A day more, for days that a clock change makes longer.
		ruled, err := expand(b.RRule, b.Start, b.Zone, b.AllDay, from.Add(-length-24*time.Hour), to, maxStarts)
		if approximate = err != nil; !approximate {
			starts = ruled
		}
	}
	gone := make(map[int64]bool, len(b.ExDates))
	for _, t := range b.ExDates {
		gone[key(t)] = true
	}
	for _, list := range [][]time.Time{starts, b.RDates} {
		for _, t := range list {
			e := end(t)
			if k := key(t); t.Before(to) && (e.After(from) || t.Equal(e) && t.Equal(from)) && !gone[k] {
				if len(b.RDates) > 0 {
					gone[k] = true // an RDATE that repeats a start adds nothing
				}
				out = append(out, series.Interval{Start: t, End: e, Kind: b.Kind, ID: b.ID})
			}
		}
	}
	slices.SortFunc(out, func(a, b series.Interval) int { return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End)) })
	return out, approximate
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
