package recur

import (
	"errors"
	"slices"
	"time"

	"holdfast/internal/series"
)

// errLimit says that there are more starts than asked for.
var errLimit = errors.New("more starts than the limit")

// cycle is a rule that repeats the same days every so many days. Most rules are such, and need no search: a start long
// ago or a high COUNT costs nothing.
type cycle struct {
	start  time.Time
	zone   string
	at     series.TimeOfDay
	second int
	base   series.Date // day 0 of the first period
	period int         // days
	days   []int       // of a period, ascending
	first  int         // the day of the first period that start lies on
}

// cycle is the rule as a cycle. False where it is none.
func (r rule) cycle(start time.Time, zone string) (c cycle, ok bool) {
	day, at, second := r.clock(start, zone)
	c = cycle{start: start, zone: zone, at: at, second: second, base: day, period: r.interval, days: []int{0}}
	switch {
	case len(r.by) > 0:
		return c, false
	case r.freq == "DAILY" && len(r.byDay) == 0:
		return c, true
	case r.freq == "DAILY" && r.interval > 1, r.freq != "DAILY" && r.freq != "WEEKLY":
		return c, false
	}
	c.first = (int(day.Weekday()) - int(r.wkst) + 7) % 7
	c.base, c.period, c.days = day.AddDays(-c.first), 7*r.interval, nil
	for _, d := range r.byDay {
		c.days = append(c.days, (int(d.day)-int(r.wkst)+7)%7)
	}
	if len(r.byDay) == 0 {
		c.days = []int{c.first}
	}
	slices.Sort(c.days)
	c.days = slices.Compact(c.days)
	return c, true
}

// on is the start on a day counted from the base.
func (c cycle) on(day int) time.Time {
	if day == c.first {
		return c.start // in a repeated hour it may be the second
	}
	return series.Instant(c.base.AddDays(day), c.at, c.zone).Add(time.Duration(c.second) * time.Second)
}

// skipped counts the days of the first period before start, which are none of the rule's; led is 1 where start itself is
// not on one of the days, and so comes before them all.
func (c cycle) skipped() (n, led int) {
	n, found := slices.BinarySearch(c.days, c.first)
	if !found {
		led = 1
	}
	return n, led
}

// nth is the start number n, counting start as 0.
func (c cycle) nth(n int) time.Time {
	skipped, led := c.skipped()
	if n < led {
		return c.start
	}
	i := n - led + skipped
	return c.on(i/len(c.days)*c.period + c.days[i%len(c.days)])
}

// starts lists those in [from, to) and not after until; count bounds them from the first on, 0 does not.
func (c cycle) starts(count int, until, from, to time.Time, limit int) (out []time.Time, err error) {
	if from.Year() > 9000 {
		return nil, nil
	}
	n := 0
	if from.After(c.start) {
		lo, _ := series.WallClock(from, c.zone)
		skipped, led := c.skipped()
		// A day early: a clock change may move a start across midnight.
		n = max((lo.DaysSince(c.base)-1)/c.period*len(c.days)-skipped+led, 0)
	}
	for ; count == 0 || n < count; n++ {
		t := c.nth(n)
		switch {
		case !t.Before(to) || t.After(until):
			return out, nil
		case t.Before(from):
		case len(out) >= limit:
			return out, errLimit
		default:
			out = append(out, t)
		}
	}
	return out, nil
}
