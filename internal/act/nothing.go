package act

import (
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// Nothing is why a round that was asked for had nothing to do; ok is false where that is told by its failures.
func Nothing(r *reconcile.Round, q Request) (n say.Nothing, ok bool) {
	v := r.View(q.Pair)
	if v == nil || v.Stale || q.Deed == Rebook && len(r.Failures) > 0 {
		return say.Nothing{}, false
	}
	n = say.Nothing{Pair: q.Pair, Day: q.Occurrence}
	h := v.Head()
	if h == nil || h.Mark.Slot.IsZero() {
		n.Why = say.NoSeries
		return n, true
	}
	n.Slot = h.Mark.Slot
	proposed := func(f drift.Flag) bool { return f.Pair == q.Pair && f.Kind == drift.SlotUnfit && !f.To.IsZero() }
	anew := slices.ContainsFunc(r.Edges.Opened, proposed) || slices.ContainsFunc(r.Edges.Changed, proposed)
	switch {
	case q.Deed == Rebook:
		n.Why = say.ThatTime
	case q.Deed == Accept && anew:
		n.Why = say.NewProposal
	case q.Deed == Accept:
		n.Why = say.NothingNew
	case q.Occurrence.IsZero():
		n.Why = say.AsPut
	default:
		one(&n, v, r.At)
	}
	return n, true
}

// one is why the one meeting was not put back.
func one(n *say.Nothing, v *series.View, now time.Time) {
	week := v.Weeks(n.Day.Week(), n.Day.Week())
	i := slices.IndexFunc(week, func(w series.WeekMeeting) bool { return w.Date == n.Day })
	switch {
	case len(week) == 0:
		n.Why = say.NoWeek
		return
	case i < 0:
		n.Why, n.Booked = say.OtherDay, week[0].Date
		return
	}
	at, m := week[i].MadeUpAt(), week[i].Meeting
	switch {
	case week[i].Booked.After(now):
		n.Why = say.OneAsPut
	case !at.IsZero() && m != nil && !m.Cancelled && m.Start.Equal(at):
		n.Why, n.To = say.MadeUpFor, at
	default:
		n.Why = say.Over
	}
}
