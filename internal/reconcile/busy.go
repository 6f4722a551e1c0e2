package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// busyTimes expands calendars' busy times over what a round looks at, and keeps some.
type busyTimes struct {
	from, to time.Time
	allDay   series.AllDay
	of       map[string]expansion // by person id
	n        int                  // in all
}

// keptIntervals is how many busy times a round keeps, of whomever it expanded first. Those of everybody in a large org
// would take more memory than all the rest; what is not kept is expanded again.
const keptIntervals = 200_000

// expansion is what a snapshot's busy time expands to.
type expansion struct {
	from series.Packed
	busy []series.Interval
}

// busyTimes has expanded none yet: from a week ago to the horizon.
func (g *given) busyTimes() *busyTimes {
	from, to := g.window()
	return &busyTimes{from: from, to: to, allDay: g.policy.AllDay, of: map[string]expansion{}}
}

// busy are those of a person whose calendar this is; unpacked gives it where it has to be.
func (b *busyTimes) busy(id string, is series.Packed, unpacked func() series.Snapshot) []series.Interval {
	was, had := b.of[id]
	if had && was.from.Same(is) {
		return was.busy
	}
	out := allDay(expand(unpacked(), b.from, b.to), b.allDay)
	if n := b.n + len(out) - len(was.busy); n <= keptIntervals {
		b.of[id], b.n = expansion{is, out}, n
	}
	return out
}

// busyOf are the busy times of the people of the pairs, by person id.
func (l looked) busyOf(of pairs) map[string][]series.Interval {
	out := map[string][]series.Interval{}
	for p := range of {
		for _, id := range []string{p.Manager, p.Report} {
			o, known := l.of[id]
			if _, done := out[id]; !done && known {
				out[id] = l.busy.busy(id, o.is, o.is.Events)
			}
		}
	}
	return out
}

// allDay makes of all-day events what the policy says that they mean.
func allDay(busy []series.Interval, means series.AllDay) []series.Interval {
	isAllDay := func(i series.Interval) bool { return i.Kind == series.AllDayKind }
	switch means {
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
	out := make([]series.Interval, 0, len(s.Busy))
	for _, b := range s.Busy {
		got, _ := recur.Expand(b, from, to)
		out = append(out, got...)
	}
	slices.SortFunc(out, func(a, b series.Interval) int { return a.Start.Compare(b.Start) })
	return out
}

// Busy are the calendar's busy times that reach into from..to, by start, with what all-day events mean.
func Busy(s series.Snapshot, from, to time.Time, means series.AllDay) []series.Interval {
	all := allDay(expand(s, from.AddDate(0, 0, -7), to), means)
	return slices.DeleteFunc(all, func(i series.Interval) bool { return !i.Start.Before(to) || !from.Before(i.End) })
}
