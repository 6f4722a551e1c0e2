package recur

import (
	"fmt"
	"slices"
	"time"

	"github.com/teambition/rrule-go"

	"holdfast/internal/series"
)

// eraYears is added to years before the general engine sees them. The Gregorian calendar repeats every 400 years, and
// the engine gives up a rule that names no more days only in the year 9999: this way that is soon.
const eraYears = 19 * 400

var frequencies = map[string]rrule.Frequency{"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}

var weekdays = [...]rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}

// general expands any rule by rrule-go. The engine sees wall clocks as if they were UTC, so that what clock changes do
// to a start is decided here; it is given neither COUNT nor UNTIL, of which it misreads some.
func (r rule) general(start time.Time, zone string, until, from, to time.Time, limit int) (out []time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("%w: %v", ErrRule, p)
		}
	}()
	day, at, second := r.clock(start, zone)
	if day.Year < 1900 || day.Year > 2200 {
		return nil, fmt.Errorf("%w: begins in the year %d", ErrRule, day.Year)
	}
	first := inEra(day, at, second)
	begin := first.AddDate(0, 0, r.idle(day, from, zone))
	last := earlier(earlier(to, until), time.Date(2390, 1, 1, 0, 0, 0, 0, time.UTC)).UTC().AddDate(eraYears, 0, 2)
	engine, err := r.engine(begin, last)
	if err != nil {
		return nil, err
	}
	put := func(t time.Time) {
		if !t.Before(from) && t.Before(to) && !t.After(until) {
			out = append(out, t)
		}
	}
	put(start) // the first occurrence even where the rule does not name it
	next := engine.Iterator()
	for n := 1; (r.count == 0 || n < r.count) && len(out) <= limit; n++ {
		t, more := next()
		if more && t.Equal(first) {
			t, more = next()
		}
		if !more {
			break
		}
		if n > maxStarts {
			return nil, fmt.Errorf("%w: more than %d occurrences", ErrRule, maxStarts)
		}
		put(instant(t, zone))
	}
	// A gap of the clock may put two times of a day in one, or in another order.
	slices.SortFunc(out, time.Time.Compare)
	out = slices.CompactFunc(out, time.Time.Equal)
	if len(out) > limit {
		return out[:max(limit, 0)], errLimit
	}
	return out, nil
}

// inEra is what the clock shows as the engine sees it.
func inEra(day series.Date, at series.TimeOfDay, second int) time.Time {
	return time.Date(day.Year+eraYears, day.Month, day.Day, 0, int(at), second, 0, time.UTC)
}

// engine is the general one for the rule; begin and last are times of the era.
func (r rule) engine(begin, last time.Time) (*rrule.RRule, error) {
	o := rrule.ROption{
		Freq: frequencies[r.freq], Interval: r.interval, Wkst: weekdays[r.wkst], Dtstart: begin, Until: last,
		Bysetpos: r.by["BYSETPOS"], Bymonth: r.by["BYMONTH"], Bymonthday: r.by["BYMONTHDAY"], Byyearday: r.by["BYYEARDAY"],
		Byweekno: r.by["BYWEEKNO"], Byhour: r.by["BYHOUR"], Byminute: r.by["BYMINUTE"], Bysecond: r.by["BYSECOND"],
	}
	for _, d := range r.byDay {
		w := weekdays[d.day]
		o.Byweekday = append(o.Byweekday, w.Nth(d.n))
	}
	engine, err := rrule.NewRRule(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRule, err)
	}
	return engine, nil
}

// names reports whether the rule itself has an occurrence at start.
func (r rule) names(start time.Time, zone string) bool {
	if c, ok := r.cycle(start, zone); ok {
		_, led := c.skipped()
		return led == 0
	}
	first := inEra(r.clock(start, zone))
	engine, err := r.engine(first, first)
	return err == nil && len(engine.All()) > 0
}

// idle is how many days the engine may leave out at the beginning without a change to what it finds from from on: whole
// periods, where nothing is counted and a period is a number of days.
func (r rule) idle(day series.Date, from time.Time, zone string) int {
	period := r.interval
	switch {
	case r.count > 0 || r.freq != "DAILY" && r.freq != "WEEKLY":
		return 0
	case r.freq == "WEEKLY":
		period *= 7
	}
	lo, _ := series.WallClock(from, zone)
	return max((min(lo.DaysSince(day), 366*400)/period-2)*period, 0)
}

// instant is the moment that the engine's time means.
func instant(t time.Time, zone string) time.Time {
	d := series.Date{Year: t.Year() - eraYears, Month: t.Month(), Day: t.Day()}
	return series.Instant(d, series.TimeOfDay(t.Hour()*60+t.Minute()), zone).Add(time.Duration(t.Second()) * time.Second)
}
