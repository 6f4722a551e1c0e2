package vtimezone

import (
	"fmt"
	"time"

	"holdfast/internal/series"
)

// rule is one day of every year, as RFC 5545 rules and POSIX TZ strings name it.
type rule struct {
	month   time.Month
	weekday time.Weekday // anyDay: From itself
	from    int          // the first such weekday on or after this day of the month; 0: the last one of the month
}

// anyDay stands for a weekday in rules that name a day of the month only.
const anyDay time.Weekday = -1

// date is the rule's day in a year.
func (r rule) date(year int) series.Date {
	if r.weekday == anyDay {
		return series.Date{Year: year, Month: r.month, Day: r.from}
	}
	d := series.Date{Year: year, Month: r.month, Day: r.from}
	if r.from == 0 {
		d = series.Date{Year: year, Month: r.month, Day: daysIn(r.month, year) - 6}
	}
	return d.AddDays((int(r.weekday) - int(d.Weekday()) + 7) % 7)
}

// normal spells equal rules equally: the last seven days of a month are its last weekday.
func (r rule) normal() rule {
	if r.weekday != anyDay && r.month != time.February && r.from == daysIn(r.month, 2001)-6 {
		r.from = 0
	}
	return r
}

// rrule is the rule as a yearly RRULE.
func (r rule) rrule() string {
	text := fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d", r.month)
	switch day := dayCode(r.weekday); {
	case r.weekday == anyDay:
		return fmt.Sprintf("%s;BYMONTHDAY=%d", text, r.from)
	case r.from == 0:
		return text + ";BYDAY=-1" + day
	case r.from%7 == 1 && r.from < 28:
		return fmt.Sprintf("%s;BYDAY=%d%s", text, r.from/7+1, day)
	default:
		text += ";BYDAY=" + day + ";BYMONTHDAY="
		for i := range 7 {
			text += fmt.Sprintf("%d,", r.from+i)
		}
		return text[:len(text)-1]
	}
}

func dayCode(d time.Weekday) string {
	if d == anyDay {
		return ""
	}
	return "SUMOTUWETHFRSA"[2*d : 2*d+2]
}

func daysIn(m time.Month, year int) int { return time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// turn is a yearly change of offset.
type turn struct {
	rule
	at            int // seconds after midnight, by the clock before the change
	before, after int // offsets, seconds east of UTC
	name          string
}

// change is a change of offset that happens once.
type change struct {
	at            int64 // Unix
	before, after int   // offsets, seconds east of UTC
	name          string
}

// wall is what the clock before the change shows, as if it were UTC.
func (c change) wall() time.Time { return time.Unix(c.at+int64(c.before), 0).UTC() }

// changes lists those of a zone in [from, to).
func changes(loc *time.Location, from, to time.Time) []change {
	var out []change
	for t := from.In(loc); t.Before(to); {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(t) {
			// ZoneBounds answers so on 31 December of leap years (golang/go#81583), when no clock changes.
			t = t.Add(24 * time.Hour)
			continue
		}
		_, before := end.Add(-time.Second).Zone()
		name, after := end.Zone()
		if before != after && end.Before(to) {
			out = append(out, change{end.Unix(), before, after, name})
		}
		t = end
	}
	return out
}

// ruleYears is for how long a zone must keep to its rules to be described by them: after 28 years dates and weekdays
// have met in every way.
const ruleYears = 28

// describe tells how a zone goes on from the year before: no change at all, two turns a year, or (false) in some other
// way.
func describe(loc *time.Location, year int) ([]turn, bool) {
	first := year - 1
	all := changes(loc, yearStart(first), yearStart(first+ruleYears+1))
	if len(all) == 0 {
		return nil, true
	}
	if len(all) != 2*(ruleYears+1) {
		return nil, false
	}
	turns := make([]turn, 2)
	for i := range turns {
		var of []change
		for j := i; j < len(all); j += 2 {
			of = append(of, all[j])
		}
		t, ok := yearly(of, first)
		if !ok {
			return nil, false
		}
		turns[i] = t
	}
	return turns, turns[0].before == turns[1].after && turns[0].after == turns[1].before
}

// yearly is the turn that makes exactly these changes, one a year from the first year on.
func yearly(of []change, first int) (turn, bool) {
	w := of[0].wall()
	midnight := w.Truncate(24 * time.Hour)
	t := turn{at: int(w.Sub(midnight) / time.Second), before: of[0].before, after: of[0].after, name: of[0].name}
	from := 31
	for _, c := range of {
		from = min(from, c.wall().Day())
	}
	for _, r := range []rule{{w.Month(), w.Weekday(), 0}, {w.Month(), w.Weekday(), from}, {w.Month(), anyDay, from}} {
		t.rule = r
		fits := true
		for i, c := range of {
			fits = fits && c.before == t.before && c.after == t.after && t.wall(first+i).Equal(c.wall())
		}
		if fits {
			return t, true
		}
	}
	return turn{}, false
}

// wall is the turn in a year by the clock before it, as if that were UTC.
func (t turn) wall(year int) time.Time {
	d := t.date(year)
	return time.Date(d.Year, d.Month, d.Day, 0, 0, t.at, 0, time.UTC)
}

func yearStart(year int) time.Time { return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC) }

// offsetAt is a zone's offset in seconds east of UTC.
func offsetAt(loc *time.Location, t time.Time) int {
	_, off := t.In(loc).Zone()
	return off
}
