package act

import (
	"slices"
	"time"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// resultOf is what came of a round that was made for the request; err is why it came to no end.
func resultOf(r reconcile.Round, q Request, err error) Result {
	out := Result{Round: r}
	for _, c := range r.Applied {
		if c.Pair == q.Pair && (q.Deed != Rebook && q.Deed != Undo || c.Action == plan.Rebook) {
			out.Applied = append(out.Applied, c)
		}
	}
	refused, failed := 0, 0
	for _, x := range r.Plan.Refused {
		if x.Pair == q.Pair {
			refused++
			out.Why.Because = append(out.Why.Because, x.Because)
		}
	}
	for _, f := range r.Failures {
		if f.Pair == q.Pair || f.Pair == (series.Pair{}) && (f.Person == "" || q.Pair.Has(f.Person)) {
			failed++
			out.Why.Because = append(out.Why.Because, f.Err.Error())
		}
	}
	for _, h := range r.Plan.Held {
		if h.Pair == q.Pair {
			out.Held = append(out.Held, h)
			out.Why.Because = append(out.Why.Because, h.Because)
		}
	}
	nothing, known := nothing(&r, q)
	switch delivered := q.Deed == Invite && r.Delivered > 0; {
	case len(out.Applied) > 0 || delivered && failed == 0:
		out.Came, out.Why = deed.Done, say.NotDone{}
	case err != nil:
		out.Came = deed.Failed
	case refused > 0:
		out.Came = deed.Refused
	case failed > 0:
		out.Came = deed.Failed
	case len(out.Held) > 0:
		out.Came = deed.Held
	default:
		out.Came = deed.Nothing
		if known && q.Deed != Invite {
			out.Why.Nothing = nothing
		}
	}
	return out
}

// refused is what comes of a request that is not tried.
func refused(d Deed, reason Reason, now *drift.Flag) Result {
	return Result{
		Came:    deed.Refused,
		Refused: &Refused{Deed: d, Reason: reason, Now: now},
		Why:     say.NotDone{Reason: string(reason)},
	}
}

// nothing is why a round that was asked for had nothing to do; ok is false where that is told by its failures.
func nothing(r *reconcile.Round, q Request) (n say.Nothing, ok bool) {
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
