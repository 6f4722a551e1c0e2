package reconcile

import (
	"time"

	"holdfast/internal/series"
)

// States are how many pairs of the roster stand how: what of Statuses can be had without looking for anybody's next
// meeting.
func (r Round) States() map[State]int {
	out, flags, held := map[State]int{}, map[series.Pair]int{}, map[series.Pair]bool{}
	for _, f := range r.Open {
		flags[f.Pair]++
	}
	for _, h := range r.Plan.Held {
		held[h.Pair] = true
	}
	for _, v := range r.Views {
		if v.Wanted {
			out[stateOf(v, r.At, held[v.Pair], v.Stale).with(v.Pair, flags[v.Pair], r.Outages)]++
		}
	}
	return out
}

// stateOf is how the pair stands at the moment without its flags; held: one of its changes is.
func stateOf(v *series.View, at time.Time, held, stale bool) State {
	live, replaced := false, true
	for i := range v.Chain {
		e := &v.Chain[i]
		replaced = replaced && !v.GoesOnBeside(i, at)
		live = live || !e.Ended(at) && !e.Mark.Slot.IsZero()
	}
	switch {
	case stale:
		return Stale
	case !replaced, held:
		return Held
	case !live:
		return Unbooked
	}
	return OnSlot
}

// with is how the pair stands with so many flags open, and with what is out.
func (s State) with(p series.Pair, flags int, outages map[Subject]Outage) State {
	switch {
	case s == Stale, outages[Subject{Matter: MatterListing, Pair: p}].Kind == unseen:
		return Stale
	case s != Held && flags > 0:
		return Flagged
	}
	return s
}
