package drift

import (
	"testing"
	"time"

	"holdfast/internal/series"
)

func TestKeptRate(t *testing.T) {
	week := func(r Result, final bool) Outcome { return Outcome{Result: r, Final: final} }
	for _, test := range []struct {
		name     string
		outcomes []Outcome
		want     float64 // -1: none
	}{
		{"nothing", nil, -1},
		{"nothing final", []Outcome{week(Kept, false)}, -1},
		{"nothing that counts", []Outcome{week(Excused, true), week(UnknownWeek, true)}, -1},
		{"each that is kept", []Outcome{week(Kept, true), week(KeptLate, true), week(Recovered, true)}, 1},
		{"each that is not", []Outcome{week(Slipped, true), week(CancelledWeek, true), week(LateCancelled, true), week(DeclinedWeek, true)}, 0},
		{"mixed", []Outcome{week(Kept, true), week(Slipped, true), week(Excused, true), week(UnknownWeek, true), week(Kept, true), week(DeclinedWeek, true), week(Kept, false)}, 0.5},
	} {
		got := KeptRate(test.outcomes)
		if got == nil && test.want >= 0 || got != nil && *got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// A day of notice is not late; one second less is; and where a look on either side of that second is all there is, nobody
// knows.
func TestNotice(t *testing.T) {
	booked := time.Date(2026, time.December, 8, 10, 0, 0, 0, time.UTC)
	at := func(before time.Duration) time.Time { return booked.Add(-before) }
	for _, test := range []struct {
		before, at time.Time
		want       time.Duration // -1: not known
		late       bool
	}{
		{time.Time{}, at(time.Hour), -1, false},
		{at(25 * time.Hour), at(24*time.Hour + time.Second), 24*time.Hour + time.Second, false},
		{at(25 * time.Hour), at(24 * time.Hour), 24 * time.Hour, false},
		{at(25 * time.Hour), at(24*time.Hour - time.Second), -1, false},
		{at(24 * time.Hour), at(24*time.Hour - time.Second), 24*time.Hour - time.Second, true},
		{at(2 * time.Hour), at(-time.Hour), 0, true},
	} {
		n := notice(booked, test.before, test.at)
		if n == nil && test.want >= 0 || n != nil && *n != test.want {
			t.Errorf("seen between %s and %s: %v, want %v", test.before, test.at, n, test.want)
		}
		if late := cancelled(Flag{Notice: n}) == LateCancelled; late != test.late {
			t.Errorf("seen between %s and %s: late %v", test.before, test.at, late)
		}
	}
}

func TestCompare(t *testing.T) {
	raj, lee := series.Pair{Manager: "mia", Report: "raj"}, series.Pair{Manager: "mia", Report: "lee"}
	flag := func(p series.Pair, k Kind, to time.Duration) Flag {
		return Flag{Pair: p, Kind: k, To: series.AspectOf(to), By: ByUnknown}
	}
	before := []Flag{flag(raj, Moved, 1), flag(raj, Cancelled, 0), flag(lee, Moved, 1), flag(raj, NotBusy, 0)}
	now := []Flag{flag(raj, Moved, 2), flag(raj, Shortened, 0), flag(raj, NotBusy, 0)}
	e := Compare(before, now, map[series.Pair]bool{lee: true})
	if len(e.Opened) != 1 || e.Opened[0].Kind != Shortened || len(e.Changed) != 1 ||
		!e.Changed[0].To.Equal(now[0].To) || len(e.Closed) != 1 || e.Closed[0].Kind != Cancelled {
		t.Errorf("%+v", e)
	}
}
