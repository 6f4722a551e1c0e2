package demo

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// TestAhead: whenever the demo begins and however much later it becomes, everybody is at work; time never goes back.
func TestAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		began := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
		began = began.Add(time.Duration(rapid.Int64Range(0, int64(3*365*24*time.Hour)).Draw(t, "began")))
		a := newAhead(func() time.Time { return began })
		was := began
		for _, by := range rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 20).Draw(t, "minutes") {
			works(t, a.now())
			if a.now().Before(was) {
				t.Fatalf("%v after %v", a.now(), was)
			}
			was = a.now()
			a.later(time.Duration(by) * time.Minute)
		}
		next := monday(was)
		works(t, next)
		if d := next.Sub(was); next.Weekday() != time.Monday || d <= 0 || d > 7*24*time.Hour {
			t.Fatalf("the Monday after %v: %v", was, next)
		}
	})
}

// works checks that everybody works, and has for ten minutes.
func works(t *rapid.T, at time.Time) {
	for _, p := range people {
		for _, at := range []time.Time{at.Add(-10 * time.Minute), at} {
			day, clock := series.WallClock(at, p.zone)
			from, to := p.hours[:5], p.hours[6:]
			if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday || clock.String() < from || clock.String() >= to {
				t.Fatalf("%s does not work at %v, %v there", p.name, at, clock)
			}
		}
	}
}
