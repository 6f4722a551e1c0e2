package series

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Date is a day of the calendar, in no zone. Its zero value means "no date".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day that t's own zone shows.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads "2026-12-01".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date like 2026-12-01", s)
	}
	return DateOf(t), nil
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is the ISO 8601 form, "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Long is the form for people, "Tue 1 Dec 2026"; "" for no date.
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s %d %s %d", ShortDay(d.Weekday()), d.Day, d.Month.String()[:3], d.Year)
}

// Short is "1 Dec".
func (d Date) Short() string { return fmt.Sprintf("%d %s", d.Day, d.Month.String()[:3]) }

// MarshalText is String, so that JSON and YAML carry ISO dates.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads an ISO date; empty text is no date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// utc is midnight of d in UTC: the day as a number, for arithmetic only.
func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// secondsOfDay are those of a day in UTC.
const secondsOfDay = 24 * 60 * 60

// AddDays is the day n calendar days later.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Unix(d.utc().Unix()+int64(n)*secondsOfDay, 0).UTC())
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Compare is -1, 0 or 1 as d is before, on or after e.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d is a later day than e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// DaysSince counts the calendar days from e to d.
func (d Date) DaysSince(e Date) int { return int((d.utc().Unix() - e.utc().Unix()) / secondsOfDay) }

// Week is the ISO 8601 week that d lies in.
func (d Date) Week() Week {
	y, w := d.utc().ISOWeek()
	return Week{y, w}
}

// Monday is the first day of d's ISO week.
func (d Date) Monday() Date {
	t := d.utc()
	return DateOf(t.Add(-time.Duration((t.Weekday()+6)%7) * 24 * time.Hour))
}

// Ahead is the first moment of the UTC day so many days after that of now; before it, with a negative number. Windows
// of what is looked at begin and end so: they move once a day, and not with every moment.
func Ahead(now time.Time, days int) time.Time { return DateOf(now.UTC()).AddDays(days).utc() }

// Week is an ISO 8601 week.
type Week struct{ Year, Number int }

// String is the ISO form, "2026-W49".
func (w Week) String() string { return fmt.Sprintf("%04d-W%02d", w.Year, w.Number) }

// Monday is the week's first day.
func (w Week) Monday() Date {
	// 4 January is always in week 1.
	return Date{w.Year, time.January, 4}.Monday().AddDays(7 * (w.Number - 1))
}

// ParseWeek reads "2026-W49".
func ParseWeek(s string) (Week, error) {
	y, n, ok := strings.Cut(s, "-W")
	year, err1 := strconv.Atoi(y)
	num, err2 := strconv.Atoi(n)
	w := Week{year, num}
	if !ok || err1 != nil || err2 != nil || w.Monday().Week() != w {
		return Week{}, fmt.Errorf("%q is not a week like 2026-W49", s)
	}
	return w, nil
}

// TimeOfDay is a wall-clock time in minutes after midnight.
type TimeOfDay int

// ParseTimeOfDay reads "9:30" or "09:30", up to "24:00" (the end of the day).
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	h, m, ok := strings.Cut(s, ":")
	hour, err1 := strconv.Atoi(h)
	min, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || len(m) != 2 || strings.ContainsAny(s, "+-") || min > 59 || hour*60+min > 24*60 {
		return 0, fmt.Errorf("%q is not a time like 10:00", s)
	}
	return TimeOfDay(hour*60 + min), nil
}

// String is "10:00".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// Days of the week as the roster writes them.
var dayNames = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// ParseWeekday reads "Tue" or "Tuesday", in any case.
func ParseWeekday(s string) (time.Weekday, error) {
	for i, n := range dayNames {
		if strings.EqualFold(s, n) || strings.EqualFold(s, time.Weekday(i).String()) {
			return time.Weekday(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a day like Tue", s)
}

// ShortDay is "Tue".
func ShortDay(d time.Weekday) string { return dayNames[d] }
