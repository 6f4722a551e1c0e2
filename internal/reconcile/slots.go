package reconcile

import (
	"maps"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/ical/recur"
	"holdfast/internal/plan"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// chooseSlots fills in the slots of auto pairs that have none yet, notes why others get none, and returns those for
// which it looked.
func (x *round) chooseSlots() map[series.Pair]bool {
	x.chosen, x.noSlot = map[series.Pair][]string{}, nil
	pairs := map[series.Pair]bool{}
	for _, v := range x.judged() {
		if v.Wanted && v.Want.Auto && v.Head() == nil {
			pairs[v.Pair] = true
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	slots, none := slotting.Choose(x.standing(pairs))
	x.noSlot = none
	for i := range x.want {
		if c, ok := slots[x.want[i].Pair]; ok {
			x.want[i].Slot, x.chosen[x.want[i].Pair] = c.Slot, c.Why
		}
	}
	return pairs
}

// standing is what slots are chosen among: the auto pairs that have none, and all that stands in their way. Busy times
// are those of the people who have to do with them, or with these pairs.
func (x *round) standing(pairs map[series.Pair]bool) slotting.Input {
	today := series.DateOf(x.now.UTC())
	in := slotting.Input{
		From:   today.AddDays(1),
		Weeks:  x.Policy.HorizonWeeks,
		Booked: map[string][]series.Slot{},
	}
	for _, v := range x.out.Views {
		w, h := v.Want, v.Head()
		stands := !w.Auto
		switch {
		case !v.Wanted || !w.Ends.IsZero() && w.Ends.Before(today.AddDays(-1)):
			// It ends with this plan, and if the report gets another manager, only together with that creation.
			in.Booked[v.Pair.Manager] = append(in.Booked[v.Pair.Manager], held(v, x.now)...)
			continue
		case h == nil && w.Auto && v.Lost() == nil && !v.Stale && len(v.Candidates) == 0:
			in.Want = append(in.Want, w)
			continue
		case h == nil || h.Mark.Slot.IsZero() || h.Ended(x.now) && h.EndedByHand():
		case w.Auto: // day and time stay when the length changes
			w.Slot.Weekday, w.Slot.At, w.Slot.Zone = h.Mark.Slot.Weekday, h.Mark.Slot.At, h.Mark.Slot.Zone
			stands = true
		case w.Line == h.Mark.Line:
			w.Slot = h.Mark.Slot
		}
		if stands {
			in.Stand = append(in.Stand, w)
		}
		for _, s := range held(v, x.now) {
			if !stands || s != w.Slot {
				in.Booked[v.Pair.Manager] = append(in.Booked[v.Pair.Manager], s)
				in.Booked[v.Pair.Report] = append(in.Booked[v.Pair.Report], s)
			}
		}
	}
	near := maps.Clone(pairs)
	for _, w := range in.Want {
		near[w.Pair] = true
	}
	in.Busy = x.reckoned(near)
	return in
}

// reckoned are the busy times of all who meet somebody of these pairs, or use their rooms, for the choice of slots: of
// an event whose rule nobody can read, its time of every week.
func (x *round) reckoned(pairs map[series.Pair]bool) map[string][]series.Interval {
	from, to := x.window()
	near := map[series.Pair]bool{}
	for _, v := range x.office.about(pairs) {
		near[v.Pair] = true
	}
	out := x.busyOf(near)
	for id := range out {
		for _, b := range x.observed[id].is.Bare().Busy {
			if recur.Unknown(b) {
				out[id] = slices.Concat(out[id], recur.Weekly(b, from, to))
			}
		}
	}
	return out
}

// held are the slots that the pair's 1:1s have on the calendars, wherever people put them.
func held(v *series.View, now time.Time) []series.Slot {
	var out []series.Slot
	for _, e := range slices.Concat(v.Chain, v.Candidates, v.Mine) {
		if s := e.Slot(); !s.IsZero() && !e.Ended(now) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// findUnfit finds the booked slots that do not work any more, and proposes the best others. A proposal that was made stays
// while it works. Each pair gets its own: whichever are accepted, and whenever, they do not get in each other's way.
func (x *round) findUnfit() {
	o, fresh, anew := x.office, x.fresh, false
	x.fresh = map[series.Pair]bool{}
	for part := range x.parts(fresh) {
		found := drift.FindUnfit(drift.Input{
			Now:          x.now,
			HorizonWeeks: x.Policy.HorizonWeeks,
			Only:         part,
			Views:        o.around(part),
			Busy:         x.busyOf(part),
		})
		for p := range part {
			_, was := o.unfit[p]
			delete(o.unfit, p)
			if u, is := found[p]; is {
				o.unfit[p] = u
			}
			anew = anew || was
		}
	}
	unfit := map[series.Pair]bool{}
	for p := range o.unfit {
		unfit[p] = true
	}
	anew = anew || slices.ContainsFunc(o.about(unfit), func(v *series.View) bool { return fresh[v.Pair] })
	if anew {
		x.propose(unfit)
	}
}

// propose finds the best slots for the unfit pairs.
func (x *round) propose(unfit map[series.Pair]bool) {
	o, was := x.office, maps.Clone(x.office.unfit)
	clear(o.better)
	if len(unfit) == 0 {
		return
	}
	in := x.standing(unfit)
	for _, w := range in.Want {
		if _, ok := x.chosen[w.Pair]; ok {
			in.Stand = append(in.Stand, w) // as soon as it is booked
		}
	}
	stand, near := in.Stand, map[string][]int{} // by person id and by place those of stand
	for i, w := range stand {
		for _, key := range keys(w) {
			near[key] = append(near[key], i)
		}
	}
	for i, w := range stand {
		u, is := o.unfit[w.Pair]
		if !is {
			continue
		}
		u.To = series.Slot{}
		o.unfit[w.Pair] = u
		w.Slot.Zone = x.anchor(w.Pair)
		in.Want, in.Stand = []series.Series{w}, nil
		others := map[int]bool{i: true}
		for _, key := range keys(w) {
			for _, k := range near[key] {
				if !others[k] {
					others[k], in.Stand = true, append(in.Stand, stand[k])
				}
			}
		}
		in.Keep, in.Leave = map[series.Pair]series.Slot{w.Pair: x.proposed(w.Pair)}, map[series.Pair]series.Slot{w.Pair: stand[i].Slot}
		slots, _ := slotting.Choose(in)
		c, ok := slots[w.Pair]
		if !ok {
			continue
		}
		u.To = c.Slot
		o.unfit[w.Pair], o.better[w.Pair] = u, plan.Better{Slot: c.Slot, Why: c.Why}
		for _, id := range []string{w.Pair.Manager, w.Pair.Report} {
			in.Booked[id] = append(in.Booked[id], c.Slot)
		}
	}
	for p, u := range o.unfit { // what is proposed to one may have been proposed to another
		if u.To != was[p].To {
			x.judge[p] = true
		}
	}
}

// keys are what two 1:1s at the same time cannot share: ids of people, and the place.
func keys(w series.Series) []string {
	out := []string{w.Pair.Manager, w.Pair.Report}
	if series.IsRoom(w.Place) {
		out = append(out, "in "+w.Place)
	}
	return out
}

// anchor is the zone whose clock the roster wants the pair's slot on.
func (x *round) anchor(p series.Pair) string {
	i := slices.IndexFunc(x.want, func(w series.Series) bool { return w.Pair == p })
	return x.want[i].Slot.Zone
}

// proposed is the slot that was proposed to the pair, as far as the journal remembers; zero: none.
func (x *round) proposed(p series.Pair) series.Slot {
	for _, f := range x.mem.Open {
		if f.Kind == drift.SlotUnfit && f.Pair == p {
			return f.To.Slot()
		}
	}
	return series.Slot{}
}

// accepted is what `accept` may move pairs to: what their open flags say, no other slot.
func (x *round) accepted() map[series.Pair]plan.Better {
	out := map[series.Pair]plan.Better{}
	for _, f := range x.mem.Open {
		if b, ok := x.office.better[f.Pair]; ok && f.Kind == drift.SlotUnfit && f.To.Equal(series.AspectOf(b.Slot)) {
			out[f.Pair] = b
		}
	}
	return out
}
