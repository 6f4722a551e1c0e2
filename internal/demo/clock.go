package demo

import (
	"fmt"
	"sync/atomic"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/series"
)

// berlin is the zone of the clock that the story is told by.
const berlin = "Europe/Berlin"

// ahead is the demo's clock: it runs with another, at a distance that grows when nobody wants to wait.
type ahead struct {
	clock clock.Clock
	by    atomic.Int64
}

// newAhead is a clock that stands at the next time at which everybody works.
func newAhead(c clock.Clock) *ahead {
	a := &ahead{clock: c}
	a.to(begins(c()))
	return a
}

func (a *ahead) now() time.Time { return a.clock().Add(time.Duration(a.by.Load())) }

// inBerlin is the time there, in words.
func (a *ahead) inBerlin() string {
	day, at := series.WallClock(a.now(), berlin)
	return fmt.Sprintf("%s %d %.3s %s", series.ShortDay(day.Weekday()), day.Day, day.Month, at)
}

// to has it stand at t.
func (a *ahead) to(t time.Time) { a.by.Add(int64(t.Sub(a.now()))) }

// later has it stand d later, or, where somebody has left work by then, at the next time at which everybody works.
func (a *ahead) later(d time.Duration) {
	t := a.now().Add(d)
	if next := begins(t.Add(-together)); next.After(t) {
		t = next
	}
	a.to(t)
}

// together is for how long everybody works: the morning in New York is the evening in Pune.
const together = 70 * time.Minute

// begins is the first time from t on at which everybody works, and has for ten minutes.
func begins(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	at := time.Date(y, m, d, 13, 15, 0, 0, time.UTC)
	for at.Before(t) || weekend(at) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// monday is when that is in the week after t.
func monday(t time.Time) time.Time {
	at := begins(t.AddDate(0, 0, 1))
	for at.Weekday() != time.Monday {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

func weekend(t time.Time) bool {
	return t.UTC().Weekday() == time.Saturday || t.UTC().Weekday() == time.Sunday
}
