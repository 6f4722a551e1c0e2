package recur

import (
	"fmt"
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
	maxTimes    = 100 // times of day by BYHOUR, BYMINUTE, BYSECOND
)

// bounds are those of the numbers of each BY part, and whether they may count from the end (RFC 5545 section 3.3.10).
var bounds = map[string]struct {
	min, max int
	negative bool
}{
	"BYSECOND": {0, 59, false}, "BYMINUTE": {0, 59, false}, "BYHOUR": {0, 23, false}, "BYMONTHDAY": {1, 31, true},
	"BYYEARDAY": {1, 366, true}, "BYWEEKNO": {1, 53, true}, "BYMONTH": {1, 12, false}, "BYSETPOS": {1, 366, true},
}

// parse reads a rule and refuses what is malformed, what is finer than a day, and what RFC 5545 forbids: the general
// engine panics or loops on some of it.
func parse(text string) (r rule, err error) {
	bad := func(format string, args ...any) (rule, error) {
		return rule{}, fmt.Errorf("%w: "+format, append([]any{ErrRule}, args...)...)
	}
	if len(text) > maxRule {
		return bad("too long")
	}
	r = rule{interval: 1, wkst: time.Monday, by: map[string][]int{}}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.ToUpper(text), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		if seen[key] {
			return bad("%s twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "FREQ":
			r.freq = value
		case "INTERVAL":
			r.interval, err = number(value, 1, maxInterval, false)
		case "COUNT":
			r.count, err = number(value, 1, 1_000_000, false)
		case "UNTIL":
			r.until = value
			_, err = time.Parse("20060102T150405Z", untilFull(value))
		case "WKST":
			r.wkst, err = weekday(value)
		case "BYDAY":
			r.byDay, err = byDay(value)
		case "RSCALE":
			if value != "GREGORIAN" {
				return bad("another calendar")
			}
		case "SKIP":
			if value != "OMIT" {
				return bad("SKIP")
			}
		default:
			b, ok := bounds[key]
			if !ok {
				return bad("unknown part")
			}
			for v := range strings.SplitSeq(value, ",") {
				n, e := number(v, b.min, b.max, b.negative)
				if e != nil {
					err = e
				}
				r.by[key] = append(r.by[key], n)
			}
		}
		if err != nil {
			return bad("%s: %w", key, err)
		}
	}
	return r, r.check()
}

// check refuses parts that may not stand together (the table in RFC 5545 section 3.3.10).
func (r rule) check() error {
	has := func(part string) bool { return len(r.by[part]) > 0 }
	numbered := slices.ContainsFunc(r.byDay, func(d nthDay) bool { return d.n != 0 })
	beyondMonth := slices.ContainsFunc(r.byDay, func(d nthDay) bool { return max(d.n, -d.n) > 5 })
	times := max(len(r.by["BYHOUR"]), 1) * max(len(r.by["BYMINUTE"]), 1) * max(len(r.by["BYSECOND"]), 1)
	var why string
	switch {
	case !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, r.freq):
		why = "no FREQ of a day or longer"
	case numbered && (r.freq == "DAILY" || r.freq == "WEEKLY" || has("BYWEEKNO")):
		why = "numbered BYDAY"
	case beyondMonth && (r.freq == "MONTHLY" || has("BYMONTH")):
		why = "BYDAY beyond the month"
	case has("BYWEEKNO") && r.freq != "YEARLY":
		why = "BYWEEKNO"
	case has("BYYEARDAY") && r.freq != "YEARLY":
		why = "BYYEARDAY"
	case has("BYMONTHDAY") && r.freq == "WEEKLY":
		why = "BYMONTHDAY"
	case has("BYSETPOS") && len(r.by) == 1 && len(r.byDay) == 0:
		why = "BYSETPOS alone"
	case times > maxTimes:
		why = "too many times a day"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrRule, why)
}

func number(s string, low, high int, negative bool) (int, error) {
	n, err := strconv.Atoi(s)
	size := n
	if negative && n < 0 {
		size = -n
	}
	if err != nil || size < low || size > high {
		return 0, fmt.Errorf("number not in %d..%d", low, high)
	}
	return n, nil
}

func weekday(s string) (time.Weekday, error) {
	i := strings.Index("SUMOTUWETHFRSA", s)
	if len(s) != 2 || i < 0 || i%2 != 0 {
		return 0, fmt.Errorf("no weekday")
	}
	return time.Weekday(i / 2), nil
}

func byDay(value string) (out []nthDay, err error) {
	for v := range strings.SplitSeq(value, ",") {
		var d nthDay
		cut := max(len(v)-2, 0)
		if d.day, err = weekday(v[cut:]); err != nil {
			return nil, err
		}
		if cut > 0 {
			if d.n, err = number(v[:cut], 1, 53, true); err != nil {
				return nil, err
			}
		}
		out = append(out, d)
	}
	return out, nil
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
// a moment means the day that its text or the zone's clock shows, whichever is later.
func (r rule) lastMoment(zone string) time.Time {
	if r.until == "" {
		return never
	}
	t, _ := time.Parse("20060102T150405Z", untilFull(r.until)) // parse has seen it
	local := func(t time.Time) time.Time {
		at := series.TimeOfDay(t.Hour()*60 + t.Minute())
		return series.Instant(series.DateOf(t), at, zone).Add(time.Duration(t.Second()) * time.Second)
	}
	if !strings.HasSuffix(r.until, "Z") {
		t = local(t)
	} else if r.allDay {
		d := series.DateOf(t)
		if shown, _ := series.WallClock(t, zone); shown.After(d) {
			d = shown
		}
		t = local(time.Date(d.Year, d.Month, d.Day, 23, 59, 59, 0, time.UTC))
	}
	return earlier(t, never)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
