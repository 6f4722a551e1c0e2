package see

import (
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// How much of a record is drawn, in weeks with this one.
const (
	rowWeeks  = 12
	pairWeeks = 26
)

// Week is one week of a pair's record.
type Week struct {
	Week       series.Week
	Occurrence series.Date // the booked day; zero: no meeting was booked for the week, or it is still to come
	Result     drift.Result
	By         drift.By
	Notice     *time.Duration // nil: not known
	To         time.Time      // when it took place, or was to, instead, in the slot's zone; zero: not known, or no matter
	Final      bool           // the week is over
}

// firstWeek is the first of so many that end with today's.
func firstWeek(today series.Date, n int) series.Week { return today.AddDays(-7 * (n - 1)).Week() }

// weeks are the last n up to today's, the oldest first. Of two meetings of a week that stands which counts, or else the
// later. A meeting of this week that is to come as it was booked is none yet.
func weeks(outcomes []drift.Outcome, today series.Date, n int) []Week {
	out := make([]Week, n)
	first := firstWeek(today, n).Monday()
	for i := range out {
		out[i].Week = first.AddDays(7 * i).Week()
	}
	for _, o := range outcomes {
		i := o.Week.Monday().DaysSince(first) / 7
		if o.Week.Monday().Before(first) || i >= n || !o.Final && o.Result == drift.Kept && !o.Occurrence.Before(today) {
			continue
		}
		w := &out[i]
		if w.Occurrence.IsZero() || o.Result.Counts() || !w.Result.Counts() {
			w.Occurrence, w.Result, w.By, w.Notice, w.Final = o.Occurrence, o.Result, o.By, o.Notice, o.Final
		}
	}
	return out
}

// instead tells the weeks when their meetings took place, or were to, as flags have it.
func instead(all []Week, flags []reconcile.FlagRow, zone string) {
	to := map[series.Date]time.Time{}
	for i := range flags {
		f := &flags[i]
		if t, ok := f.To.Time(); ok && f.Kind == drift.Moved && !f.Occurrence.IsZero() {
			to[f.Occurrence] = t
		}
	}
	for i := range all {
		w := &all[i]
		if t, ok := to[w.Occurrence]; ok && w.Result != drift.Kept {
			w.To = series.At(t, zone)
		}
	}
}

// lost are the weeks that were not kept as booked, the newest first.
func lost(all []Week) (out []Week) {
	for i := len(all) - 1; i >= 0; i-- {
		if w := all[i]; w.Result != "" && w.Result.Counts() && w.Result != drift.Kept {
			out = append(out, w)
		}
	}
	return out
}
