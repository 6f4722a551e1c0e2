// Package recur expands recurrence rules (RFC 5545 section 3.3.10) of other people's events: guarded, since such text
// may be hostile.
package recur

import (
	"errors"
	"time"

	"holdfast/internal/series"
)

// ErrRule is what Starts wraps for a rule that is malformed, or that it will not expand.
var ErrRule = errors.New("recurrence rule cannot be expanded")

// Expand lists the intervals of b that overlap [from, to), by start. An all-day event starts at midnight of its Zone
// and lasts whole days of that zone's calendar; its ExDates count by day. approximate is true where the rule cannot be
// expanded: then only the first occurrence, and the RDates, are told.
func Expand(b series.Busy, from, to time.Time) (out []series.Interval, approximate bool) {
	return nil, false
}

// Starts are the original starts in [from, to) of a rule that begins at start, by the clock of zone: at most limit of
// them. Exclusions are not its matter. An empty rule has the one start.
func Starts(rrule string, start time.Time, zone string, from, to time.Time, limit int) ([]time.Time, error) {
	return nil, ErrRule
}

// Plain tells whether a rule is plain: every so many weeks on the weekday of start, and no more. until is the last
// moment at which an occurrence may start, zero for a rule without end; a COUNT is told as its last start.
func Plain(rrule string, start time.Time, zone string) (weeks int, until time.Time, ok bool) {
	return 0, time.Time{}, false
}
