package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// busy expands a calendar's busy time from a week ago to the horizon.
func (x *round) busy(s series.Snapshot) []series.Interval {
	from, to := x.window()
	return x.allDay(expand(s, from, to))
}

// window is the time over which busy times are expanded.
func (x *round) window() (from, to time.Time) {
	return series.Ahead(x.now, -7), series.Ahead(x.now, 7*(x.Policy.HorizonWeeks+1)+1)
}

// allDay makes of all-day events what the policy says that they mean.
func (x *round) allDay(busy []series.Interval) []series.Interval {
	isAllDay := func(i series.Interval) bool { return i.Kind == series.AllDayKind }
	switch x.Policy.AllDay {
	case series.AllDayIgnore:
		return slices.DeleteFunc(busy, isAllDay)
	case series.AllDayAway:
		for i := range busy {
			if isAllDay(busy[i]) {
				busy[i].Kind = series.AwayKind
			}
		}
	}
	return busy
}

// expand is a calendar's busy time that begins from..to.
func expand(s series.Snapshot, from, to time.Time) []series.Interval {
	var out []series.Interval
	for _, b := range s.Busy {
		got, _ := recur.Expand(b, from, to)
		out = append(out, got...)
	}
	slices.SortFunc(out, func(a, b series.Interval) int { return a.Start.Compare(b.Start) })
	return out
}

// keptIntervals is how many busy times a round keeps, of whomever it expanded first. Those of everybody in a large org
// would take more memory than all the rest; what is not kept is expanded again.
const keptIntervals = 200_000

// expanded are the busy times that a round keeps.
type expanded struct {
	of map[string]expansion // by person id
	n  int                  // in all
}

// expansion is what a snapshot's busy time expands to.
type expansion struct {
	from series.Packed
	busy []series.Interval
}

// busyOf are the busy times of the people of the pairs, by person id.
func (x *round) busyOf(pairs map[series.Pair]bool) map[string][]series.Interval {
	out := map[string][]series.Interval{}
	for p := range pairs {
		for _, id := range []string{p.Manager, p.Report} {
			o, known := x.observed[id]
			if _, done := out[id]; done || !known {
				continue
			}
			was, had := x.expanded.of[id]
			if had && was.from.Same(o.is) {
				out[id] = was.busy
				continue
			}
			out[id] = x.busy(o.is.Bare())
			if n := x.expanded.n + len(out[id]) - len(was.busy); n <= keptIntervals {
				x.expanded.of[id], x.expanded.n = expansion{o.is, out[id]}, n
			}
		}
	}
	return out
}
