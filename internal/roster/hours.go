package roster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// defaultHours are those of people who state none.
const defaultHours = "Mon-Fri 09:00-17:00"

// anyHours is how a person says that any time will do.
const anyHours = "any"

// parseHours reads "Mon-Thu 09:00-12:30, 13:30-18:00, Fri 09:00-13:00": days (or ranges of days, several beside each
// other) and a window; a window without days is on those before it. "any" has no window at all.
func parseHours(text string) (series.Hours, error) {
	if text == anyHours {
		return nil, nil
	}
	h := make(series.Hours, 7)
	var days []time.Weekday
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			return h, fmt.Errorf("%q is not hours like %s", text, defaultHours)
		}
		named, span := words[:len(words)-1], words[len(words)-1]
		if len(named) > 0 {
			days = nil
		}
		for _, name := range named {
			ds, err := parseDays(name)
			if err != nil {
				return h, err
			}
			days = append(days, ds...)
		}
		w, err := parseWindow(span)
		if err != nil {
			return h, err
		}
		if len(days) == 0 {
			return h, fmt.Errorf("hours %s are on no day: want hours like %s", span, defaultHours)
		}
		for _, d := range days {
			h[d] = append(h[d], w)
		}
	}
	for d := range h {
		slices.SortFunc(h[d], func(a, b series.Window) int { return cmp.Compare(a.From, b.From) })
		for i := 1; i < len(h[d]); i++ {
			if h[d][i].From < h[d][i-1].To {
				return h, fmt.Errorf("two windows of %s overlap", series.ShortDay(time.Weekday(d)))
			}
		}
	}
	return h, nil
}

// parseDays reads "Tue" or "Sun-Thu".
func parseDays(s string) ([]time.Weekday, error) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	from, err1 := weekday(first)
	to, err2 := weekday(last)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, err
	}
	days := []time.Weekday{from}
	for d := from; d != to; {
		d = (d + 1) % 7
		days = append(days, d)
	}
	return days, nil
}

func parseWindow(s string) (series.Window, error) {
	from, to, _ := strings.Cut(s, "-")
	a, err1 := series.ParseTimeOfDay(from)
	b, err2 := series.ParseTimeOfDay(to)
	if err1 != nil || err2 != nil {
		return series.Window{}, fmt.Errorf("%q is not a time span like 09:00-17:00", s)
	}
	if a >= b {
		return series.Window{}, fmt.Errorf("%s ends before it begins", s)
	}
	return series.Window{From: a, To: b}, nil
}

var dayNames = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func weekday(s string) (time.Weekday, error) {
	d, err := series.ParseWeekday(s)
	if err != nil {
		return 0, fmt.Errorf("unknown weekday %q%s", s, suggestDay(s))
	}
	return d, nil
}

// parseDuration reads a multiple of 5 minutes, up to 8 hours.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration like 60m or 1h30m", s)
	case d <= 0 || d%(5*time.Minute) != 0 || d > 8*time.Hour:
		return 0, fmt.Errorf("duration %s: want a multiple of 5m, from 5m to 8h", s)
	}
	return d, nil
}

// parseSlot reads "auto" or "Tue 10:00".
func parseSlot(s string) (auto bool, day time.Weekday, at series.TimeOfDay, err error) {
	if strings.EqualFold(s, "auto") {
		return true, 0, 0, nil
	}
	words := strings.Fields(s)
	if len(words) != 2 {
		return false, 0, 0, fmt.Errorf(`%q is not a slot like "Tue 10:00", nor auto`, s)
	}
	day, err = weekday(words[0])
	if err != nil {
		return false, 0, 0, err
	}
	at, err = series.ParseTimeOfDay(words[1])
	if err != nil || at == 24*60 {
		return false, 0, 0, fmt.Errorf("%q is not a time like 10:00", words[1])
	}
	return false, day, at, nil
}

func suggestDay(s string) string { return yamlpos.Problems(nil).Suggest(s, dayNames) }
