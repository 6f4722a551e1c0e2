package roster

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/internal/holidays"
	"holdfast/internal/ical"
	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// FreeDays are the days beside leave on which somebody does not work. People who state the same share them.
type FreeDays struct {
	Regions []string      // whose public holidays count, as holidays.Codes has them
	Days    []series.Date // own days, and those of .ics files, by date
}

// Window is the time over which holidays are made known: from the year of 60 days ago to the end of the year of 400
// days ahead. So all that may be asked for is there, and the next year's come at once, in late November, with one mail
// for each series that they touch; a window that moved day by day would send one every few weeks.
func Window(today series.Date) (from, to series.Date) {
	from = series.Date{Year: today.AddDays(-60).Year, Month: 1, Day: 1}
	return from, series.Date{Year: today.AddDays(400).Year, Month: 12, Day: 31}
}

// between are the days from from to to, both included, by date.
func (f *FreeDays) between(from, to series.Date) []series.Away {
	var days []series.Date
	for _, r := range f.Regions {
		days = append(days, holidays.Days(r, from, to)...)
	}
	for _, d := range f.Days {
		if !d.Before(from) && !d.After(to) {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, series.Date.Compare)
	var out []series.Away
	for _, d := range slices.Compact(days) {
		out = append(out, series.Away{From: d, To: d, Why: series.Holiday})
	}
	return out
}

// freeDays reads what stands as holidays; nil where nothing does.
func (p *parser) freeDays(what string, list Holidays) *FreeDays {
	var key strings.Builder
	for _, t := range list {
		key.WriteString(t.File + "\x00" + t.V + "\x00")
	}
	if f, known := p.free[key.String()]; known {
		return f
	}
	before := len(p.Problems)
	var f FreeDays
	for _, t := range list {
		if t.V == "" {
			continue
		}
		if d, err := series.ParseDate(t.V); err == nil {
			f.Days = append(f.Days, d)
		} else if strings.EqualFold(filepath.Ext(t.V), ".ics") {
			f.Days = append(f.Days, p.calendarFile(what, t)...)
		} else if holidays.Known(t.V) {
			f.Regions = append(f.Regions, t.V)
		} else if t.V[0] >= '0' && t.V[0] <= '9' {
			p.Add(t.Pos, what, "holidays: %v", err)
		} else {
			p.Add(t.Pos, what, "unknown holiday region %q%s", t.V, cmp.Or(holidays.Suggest(t.V),
				" (want a code like DE or DE-BE, a day like 2026-12-24, or an .ics file)"))
		}
	}
	slices.SortFunc(f.Days, series.Date.Compare)
	f.Days = slices.Compact(f.Days)
	out := &f
	if f.Regions == nil && f.Days == nil {
		out = nil
	}
	if len(p.Problems) == before { // else it is told to everybody who states it
		p.free[key.String()] = out
	}
	return out
}

// calendarFile are the days of an .ics file beside the roster file that names it, for the years that the table of
// holidays has.
func (p *parser) calendarFile(what string, t yamlpos.Text) []series.Date {
	name := t.V
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(t.File), name)
	}
	data, err := p.read(name)
	if err != nil {
		p.Add(t.Pos, what, "holidays: cannot read %s: %v", name, err)
		return nil
	}
	first, last := holidays.Years()
	days, err := ical.Days(data, series.Date{Year: first, Month: 1, Day: 1}, series.Date{Year: last, Month: 12, Day: 31})
	switch {
	case err != nil:
		p.Add(t.Pos, what, "holidays: %s: %v", name, err)
	case len(days) == 0:
		p.Add(t.Pos, what, "holidays: %s has no all-day event from %d to %d", name, first, last)
	}
	return days
}
