package google

import (
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// without is the recurrence with no EXDATE for the occurrence of e that starts at original. Lines that do not name it stay
// as they are.
func without(e series.Event, recurrence []string, original time.Time, wholeDays bool) []string {
	return eachTime(recurrence, "EXDATE", e.Zone, func(x moment) bool {
		t, _ := occurrence(e, x, wholeDays)
		return !t.Equal(original)
	})
}

// eachTime is the recurrence with only those times in its lines of that name that keep accepts, and those that cannot be read.
func eachTime(recurrence []string, name, zone string, keep func(moment) bool) []string {
	var out []string
	for _, line := range recurrence {
		p := parseLine(line)
		if p.name != name {
			out = append(out, line)
			continue
		}
		head, values, _ := strings.Cut(line, ":")
		all := strings.Split(values, ",")
		left := slices.DeleteFunc(slices.Clone(all), func(v string) bool {
			ms := property{tzid: p.tzid, value: strings.ToUpper(v)}.times(zone)
			return len(ms) == 1 && !keep(ms[0])
		})
		switch {
		case len(left) == len(all):
			out = append(out, line)
		case len(left) > 0:
			out = append(out, head+":"+strings.Join(left, ","))
		}
	}
	return out
}

// ended is the recurrence of e with no start after end, the last second of a day. An earlier end stands. UNTIL is of the
// type of the start, in UTC for one with a zone (RFC 5545 section 3.3.10).
func ended(e series.Event, recurrence []string, end time.Time, wholeDays bool) []string {
	until := end.UTC().Format(utcForm)
	if wholeDays {
		until = in(end, e.Zone).Format(dateForm)
	}
	var out []string
	for _, line := range recurrence {
		p := parseLine(line)
		last, bounded := ruleEnd(p.value, &e)
		if p.name != "RRULE" || bounded && !last.After(end) {
			out = append(out, line)
			continue
		}
		parts := slices.DeleteFunc(strings.Split(p.value, ";"), func(part string) bool {
			return part == "" || strings.HasPrefix(part, "UNTIL=") || strings.HasPrefix(part, "COUNT=")
		})
		out = append(out, "RRULE:"+strings.Join(append(parts, "UNTIL="+until), ";"))
	}
	return eachTime(out, "RDATE", e.Zone, func(x moment) bool { return !x.After(end) })
}

// moved is the recurrence of e in another slot, plain and without an end. The days that people took out or that are planned
// skips stay out; occurs tells which starts the slot has.
func moved(e series.Event, to series.SlotPatch, skips []series.Skip) []string {
	occurs := func(t time.Time) bool {
		d, _ := series.WallClock(t, to.Slot.Zone)
		return to.Slot.On(d).Equal(t) && !d.Before(to.First) && len(to.Slot.Dates(to.First, d, d)) == 1
	}
	var days []series.Date
	stays := map[int64]bool{} // originals that still are some, and whose overrides say what becomes of them
	for _, t := range e.Excluded {
		d, _ := series.WallClock(t, e.Zone)
		days = append(days, d)
	}
	for _, o := range e.Overrides {
		if occurs(o.Original) {
			stays[o.Original.Unix()] = true
		} else if o.Cancelled {
			d, _ := series.WallClock(o.Original, e.Zone)
			days = append(days, d)
		}
	}
	for _, s := range skips {
		// A day that somebody put back stays.
		if t, ok := startOn(e, s.Date); !ok || slices.ContainsFunc(e.Excluded, t.Equal) {
			days = append(days, s.Date)
		}
	}
	slices.SortFunc(days, series.Date.Compare)
	out := []string{ruleOf(to.Slot, time.Time{})}
	for _, d := range slices.Compact(days) {
		if t := to.Slot.On(d); occurs(t) && !stays[t.Unix()] {
			out = append(out, exdate(t, to.Slot.Zone, false))
		}
	}
	return out
}
