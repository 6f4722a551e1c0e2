package drift

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Unfit is what became of a booked slot that does not work any more.
type Unfit struct {
	Why []string    // in words
	To  series.Slot // the best one instead; zero: there is none. Who finds the unfit ones does not know it
}

// inRow is how many meetings in a row something is over before the slot counts as unfit; a pair that meets too seldom to have so
// many within the horizon needs all of them, and two at least.
const inRow = 3

// FindUnfit finds the pairs whose booked slot stopped working: something else is over three meetings in a row; or, where
// Holdfast chose it, it is outside the hours of one of the two at some time of the next 12 months, since hours, a zone or a
// clock changed. A slot that the roster itself states is not measured by hours: who wrote it knows them. Series that people moved
// or ended, and those that the roster is about to move, have no booked slot to speak of.
func FindUnfit(in Input) map[series.Pair]Unfit {
	f := unfitFinder{
		detector: detector{in: &in, out: &Found{}, taken: in.agenda(), busy: map[string]timeTaken{}},
		clocks:   map[clock][]clockRun{}, out: map[series.Pair]Unfit{},
	}
	for i := range in.Views {
		if f.v = in.Views[i]; (in.Only == nil || in.Only[f.v.Pair]) && f.stands() {
			f.judge()
		}
	}
	return f.out
}

type unfitFinder struct {
	detector
	clocks map[clock][]clockRun
	out    map[series.Pair]Unfit
}

// stands reports whether the pair has a series that stands where it was booked and is to stay there.
func (f *unfitFinder) stands() bool {
	v, h := f.v, f.v.Head()
	if !v.Wanted || v.Stale || v.Suspect || v.Missing() || v.Unmarked || h == nil || h.Mark.Slot.IsZero() || h.SlotTouched() || h.EndedByHand() || h.Ended(f.in.Now) {
		return false
	}
	w, booked := &v.Want, h.Mark.Slot
	if w.Auto {
		return w.Slot.Duration == booked.Duration && w.Slot.Every == booked.Every
	}
	return w.Line == h.Mark.Line || w.Slot.Same(booked, h.First())
}

func (f *unfitFinder) judge() {
	h := f.v.Head()
	slot := h.Mark.Slot
	today := f.today(slot.Zone)
	until := today.AddDays(366)
	for _, end := range []series.Date{h.LastDay(), f.v.Want.Ends} {
		if !end.IsZero() && end.Before(until) {
			until = end
		}
	}
	if !until.After(today.Monday().AddDays(13)) {
		return // it ends before another could take its place
	}
	first := h.BookedFirst(slot)
	seen := series.DateOf(f.ahead()).AddDays(1)
	if until.Before(seen) {
		seen = until
	}
	why := f.row(h, slot.Dates(first, today, seen))
	if f.v.Want.Auto {
		why = append(why, f.offHours(slot, slot.Dates(first, today, until))...)
	}
	if len(why) > 0 {
		f.out[f.v.Pair] = Unfit{Why: why}
	}
}

// ahead is until when meetings in a row are looked at.
func (f *unfitFinder) ahead() time.Time { return series.Ahead(f.in.Now, 7*(f.in.HorizonWeeks+1)) }

// row looks for meetings in a row with something over them. Those that are planned to be skipped neither count nor break it.
func (f *unfitFinder) row(h *series.Event, days []series.Date) (why []string) {
	slot := h.Mark.Slot
	end := f.ahead()
	seen, n, most, since, who := 0, 0, 0, series.Date{}, []string(nil)
	for _, d := range days {
		start := slot.On(d)
		if !start.Before(end) {
			break
		}
		if !start.After(f.in.Now) || f.v.Away(start, slot.Duration) != "" {
			continue
		}
		seen++
		m := series.Meeting{Override: series.Override{Original: start, Start: start, Duration: slot.Duration}}
		hit := false
		for _, id := range []string{f.v.Pair.Manager, f.v.Pair.Report} {
			if slices.ContainsFunc(f.collisions(id, &m), func(o other) bool { return o.Kind == series.Hard }) {
				if n == 0 && !hit {
					since, who = d, nil
				}
				if hit = true; !slices.Contains(who, id) {
					who = append(who, id)
				}
			}
		}
		if n++; !hit {
			n = 0
		}
		if n > most {
			most, why = n, []string{fmt.Sprintf("something else of %s is over %d meetings in a row, from %s on", strings.Join(who, " and "), n, since.Long())}
		}
	}
	need := inRow
	if slot.Every > 1 {
		need = max(2, min(need, seen))
	}
	if most < need {
		return nil
	}
	return why
}

// offHours tells who of the two has the slot outside their hours.
func (f *unfitFinder) offHours(slot series.Slot, days []series.Date) []string {
	var out []string
	if len(days) == 0 {
		return nil
	}
	for _, p := range []series.Person{f.v.Want.Manager, f.v.Want.Report} {
		for n, r := range f.runs(clock{slot, days[0], days[len(days)-1], p.Zone}, days) {
			if p.Hours.Covers(r.day, r.at, slot.Duration) {
				continue
			}
			text := fmt.Sprintf("it is %s %s for %s, outside their hours", series.ShortDay(r.day), r.at, p.ID)
			if n > 0 {
				text = "from " + r.from.Long() + " on " + text
			}
			out = append(out, text)
			break
		}
	}
	return out
}

// clock is what another zone's clock shows at the times of a slot.
type clock struct {
	slot        series.Slot
	first, last series.Date
	zone        string
}

// clockRun is a run of meetings at the same time on it.
type clockRun struct {
	from series.Date
	day  time.Weekday
	at   series.TimeOfDay
}

// runs remembers them: many pairs share slot and zone.
func (f *unfitFinder) runs(c clock, days []series.Date) []clockRun {
	if all, ok := f.clocks[c]; ok {
		return all
	}
	var all []clockRun
	for _, d := range days {
		day, at := series.WallClock(c.slot.On(d), c.zone)
		if n := len(all); n == 0 || all[n-1].day != day.Weekday() || all[n-1].at != at {
			all = append(all, clockRun{d, day.Weekday(), at})
		}
	}
	f.clocks[c] = all
	return all
}
