package recur

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// rule is a recurrence rule that is safe to expand.
type rule struct {
	freq     string // DAILY, WEEKLY, MONTHLY or YEARLY
	interval int
	count    int    // 0: none
	until    string // as written; "" for none
	wkst     time.Weekday
	byDay    []nthDay
	by       map[string][]int // the other BY parts by name
	allDay   bool             // of an event of whole days
}

// nthDay is a part of BYDAY.
type nthDay struct {
	n   int // 0: every
	day time.Weekday
}

const (
	maxRule     = 2000 // bytes
	maxInterval = 1000
	maxCount    = 1_000_000 // as good as no end
	maxTimes    = 100       // times of day by BYHOUR, BYMINUTE, BYSECOND
)

// bounds are those of the numbers of each BY part, and whether they may count from the end (RFC 5545 section 3.3.10).
var bounds = map[string]struct {
	min, max int
	negative bool
}{
	"BYSECOND": {0, 59, false}, "BYMINUTE": {0, 59, false}, "BYHOUR": {0, 23, false}, "BYMONTHDAY": {1, 31, true},
	"BYYEARDAY": {1, 366, true}, "BYWEEKNO": {1, 53, true}, "BYMONTH": {1, 12, false}, "BYSETPOS": {1, 366, true},
}

// errTooMuch refuses a rule for which a part cannot be passed over without changing what the rest means.
func errTooMuch(why string) error { return fmt.Errorf("%w: %s", ErrRule, why) }

// parse reads a rule. Parts, and members of lists, that make no sense are passed over, the rest counts: COUNT=0,
// BYDAY=XX, a part that nobody knows, one that RFC 5545 forbids beside the FREQ. It refuses what cannot be read so: no
// FREQ, or a finer one than a day, another calendar, more than is expanded.
func parse(text string) (r rule, err error) {
	if len(text) > maxRule {
		return rule{}, errTooMuch("too long")
	}
	r = rule{interval: 1, wkst: time.Monday, by: map[string][]int{}}
	for part := range strings.SplitSeq(strings.ToUpper(text), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch key {
		case "FREQ":
			r.freq = value
		case "INTERVAL":
			if n, ok := number(value, 1, math.MaxInt, false); ok {
				r.interval = n
			}
		case "COUNT":
			if n, ok := number(value, 1, math.MaxInt, false); ok {
				r.count = min(n, maxCount)
			}
		case "UNTIL":
			if _, err := time.Parse("20060102T150405Z", untilFull(value)); err == nil {
				r.until = value
			}
		case "WKST":
			if d, ok := weekday(value); ok {
				r.wkst = d
			}
		case "BYDAY":
			r.byDay = append(r.byDay, byDay(value)...)
		case "RSCALE":
			if value != "GREGORIAN" {
				return rule{}, errTooMuch("another calendar")
			}
		case "SKIP":
			if value != "OMIT" {
				return rule{}, errTooMuch("SKIP")
			}
		default:
			b, known := bounds[key]
			for v := range strings.SplitSeq(value, ",") {
				if n, ok := number(strings.TrimSpace(v), b.min, b.max, b.negative); known && ok {
					r.by[key] = append(r.by[key], n)
				}
			}
		}
	}
	return r.settled()
}

// settled is the rule without the parts that may not stand beside the others (the table in RFC 5545 section 3.3.10).
func (r rule) settled() (rule, error) {
	if r.freq != "YEARLY" {
		delete(r.by, "BYWEEKNO")
		delete(r.by, "BYYEARDAY")
	}
	if r.freq == "WEEKLY" {
		delete(r.by, "BYMONTHDAY")
	}
	farthest := 53
	switch {
	case r.freq == "DAILY" || r.freq == "WEEKLY" || len(r.by["BYWEEKNO"]) > 0:
		for i := range r.byDay {
			r.byDay[i].n = 0
		}
	case r.freq == "MONTHLY" || len(r.by["BYMONTH"]) > 0:
		farthest = 5
	}
	r.byDay = slices.DeleteFunc(r.byDay, func(d nthDay) bool { return max(d.n, -d.n) > farthest })
	if len(r.by) == 1 && len(r.byDay) == 0 {
		delete(r.by, "BYSETPOS")
	}
	times := max(len(r.by["BYHOUR"]), 1) * max(len(r.by["BYMINUTE"]), 1) * max(len(r.by["BYSECOND"]), 1)
	switch {
	case !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, r.freq):
		return rule{}, errTooMuch("no FREQ of a day or longer")
	case r.interval > maxInterval:
		return rule{}, errTooMuch("too long an INTERVAL")
	case times > maxTimes:
		return rule{}, errTooMuch("too many times a day")
	}
	return r, nil
}

// number reads an integer between low and high, with negative also between their negatives.
func number(s string, low, high int, negative bool) (int, bool) {
	n, err := strconv.Atoi(s)
	size := n
	if negative && n < 0 {
		size = -n
	}
	return n, (err == nil || errors.Is(err, strconv.ErrRange)) && size >= low && size <= high
}

func weekday(s string) (time.Weekday, bool) {
	i := strings.Index("SUMOTUWETHFRSA", s)
	return time.Weekday(i / 2), len(s) == 2 && i >= 0 && i%2 == 0
}

func byDay(value string) (out []nthDay) {
	for v := range strings.SplitSeq(value, ",") {
		v = strings.TrimSpace(v)
		cut := max(len(v)-2, 0)
		d, ok := weekday(v[cut:])
		n, numbered := number(v[:cut], 1, 53, true)
		if ok && (numbered || cut == 0) {
			out = append(out, nthDay{n, d})
		}
	}
	return out
}

// clock is what the zone's clock shows at the first start, and so at all of them. Whole days begin at midnight even where
// the first one's midnight did not exist.
func (r rule) clock(start time.Time, zone string) (d series.Date, at series.TimeOfDay, second int) {
	d, at = series.WallClock(start, zone)
	if r.allDay {
		return d, 0, 0
	}
	loc, err := series.Location(zone)
	if err != nil {
		loc = time.UTC // as series counts zones that nobody knows
	}
	return d, at, start.In(loc).Second()
}

// untilFull completes an UNTIL to its UTC form: a day lasts to its end.
func untilFull(s string) string {
	if len(s) == len("20060102") {
		s += "T235959"
	}
	return strings.TrimSuffix(s, "Z") + "Z"
}

// never is an end that no event reaches.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// lastMoment is the last at which an occurrence may start, never where there is no UNTIL. RFC 5545 wants UTC under a
// TZID, but a local time and a day are met too; they count by the zone's clock, a day to its end. For an all-day event
// a moment means its own day: of UTC where it is midnight there, else what the zone's clock shows.
func (r rule) lastMoment(zone string) time.Time {
	if r.until == "" {
		return never
	}
	t, _ := time.Parse("20060102T150405Z", untilFull(r.until)) // parse has seen it
	utc := strings.HasSuffix(r.until, "Z")
	local := func(t time.Time) time.Time {
		at := series.TimeOfDay(t.Hour()*60 + t.Minute())
		return series.Instant(series.DateOf(t), at, zone).Add(time.Duration(t.Second()) * time.Second)
	}
	switch {
	case r.allDay:
		d := series.DateOf(t)
		if utc && t != t.Truncate(24*time.Hour) {
			d, _ = series.WallClock(t, zone)
		}
		t = series.Instant(d.AddDays(1), 0, zone).Add(-time.Second)
	case !utc:
		t = local(t)
	}
	return earlier(t, never)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
