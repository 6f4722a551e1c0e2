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

// choice is what was chosen for the pairs whose slot Holdfast chooses.
type choice struct {
	among  pairs // those that had none
	slots  map[series.Pair]series.Slot
	why    map[series.Pair][]string // what mattered for the slot
	noSlot map[series.Pair]string   // why there is none
}

// choose chooses the slots of those of the pairs whose slot Holdfast chooses and that have none yet.
func choose(k known, o *office, judge pairs) choice {
	c := choice{among: pairs{}, slots: map[series.Pair]series.Slot{}, why: map[series.Pair][]string{}}
	for _, v := range o.of(judge) {
		if v.Wanted && v.Want.Auto && v.Head() == nil {
			c.among[v.Pair] = true
		}
	}
	if len(c.among) == 0 {
		return c
	}
	chosen, none := slotting.Choose(standing(k, o, c.among))
	c.noSlot = none
	for p, s := range chosen {
		if k.lines.has(p) {
			c.slots[p], c.why[p] = s.Slot, s.Why
		}
	}
	return c
}

// standing is what slots are chosen among: the auto pairs that have none, and all that stands in their way. Busy times
// are those of the people who have to do with them, or with these pairs.
func standing(k known, o *office, of pairs) slotting.Input {
	today := series.DateOf(k.now.UTC())
	in := slotting.Input{
		From:   today.AddDays(1),
		Weeks:  k.policy.HorizonWeeks,
		Booked: map[string][]series.Slot{},
	}
	for _, v := range o.views {
		w, h := v.Want, v.Head()
		stands := !w.Auto
		switch {
		case !v.Wanted || !w.Ends.IsZero() && w.Ends.Before(today.AddDays(-1)):
			// It ends with this plan, and if the report gets another manager, only together with that creation.
			in.Booked[v.Pair.Manager] = append(in.Booked[v.Pair.Manager], held(v, k.now)...)
			continue
		case h == nil && w.Auto && v.Lost() == nil && !v.Stale && len(v.Candidates) == 0:
			in.Want = append(in.Want, w)
			continue
		case h == nil || h.Mark.Slot.IsZero() || h.Ended(k.now) && h.EndedByHand():
		case w.Auto: // day and time stay when the length changes
			w.Slot.Weekday, w.Slot.At, w.Slot.Zone = h.Mark.Slot.Weekday, h.Mark.Slot.At, h.Mark.Slot.Zone
			stands = true
		case w.Line == h.Mark.Line:
			w.Slot = h.Mark.Slot
		}
		if stands {
			in.Stand = append(in.Stand, w)
		}
		for _, s := range held(v, k.now) {
			if !stands || s != w.Slot {
				in.Booked[v.Pair.Manager] = append(in.Booked[v.Pair.Manager], s)
				in.Booked[v.Pair.Report] = append(in.Booked[v.Pair.Report], s)
			}
		}
	}
	near := union(of)
	for _, w := range in.Want {
		near[w.Pair] = true
	}
	in.Busy = reckoned(k, o, near)
	return in
}

// reckoned are the busy times of all who meet somebody of these pairs, or use their rooms, for the choice of slots: of
// an event whose rule nobody can read, its time of every week.
func reckoned(k known, o *office, of pairs) map[string][]series.Interval {
	from, to := k.window()
	near := pairs{}
	for _, v := range o.about(of) {
		near[v.Pair] = true
	}
	out := k.busyOf(near)
	for id := range out {
		for _, b := range k.of[id].is.Events().Busy {
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

// fit finds the booked slots that do not work any more, of pairs that have new views, and proposes the best others. A
// proposal that was made stays while it works. Each pair gets its own: whichever are accepted, and whenever, they do
// not get in each other's way. It returns the pairs to which something else is proposed: they are to be judged, too.
func (o *office) fit(k known, c choice, fresh pairs) pairs {
	anew := false
	for part := range fresh.parts(k.part) {
		found := drift.FindUnfit(drift.Input{
			Now:          k.now,
			HorizonWeeks: k.policy.HorizonWeeks,
			Only:         part,
			Views:        o.around(part),
			Busy:         k.busyOf(part),
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
	unfit := pairs{}
	for p := range o.unfit {
		unfit[p] = true
	}
	if !anew && !slices.ContainsFunc(o.about(unfit), func(v *series.View) bool { return fresh[v.Pair] }) {
		return nil
	}
	was := maps.Clone(o.unfit)
	o.propose(k, c, unfit)
	out := pairs{}
	for p, u := range o.unfit { // what is proposed to one may have been proposed to another
		if u.To != was[p].To {
			out[p] = true
		}
	}
	return out
}

// propose finds the best slots for the unfit pairs.
func (o *office) propose(k known, c choice, unfit pairs) {
	clear(o.better)
	if len(unfit) == 0 {
		return
	}
	in := standing(k, o, unfit)
	for _, w := range in.Want {
		if _, chosen := c.slots[w.Pair]; chosen {
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
		w.Slot.Zone = k.lines.anchor(w.Pair)
		in.Want, in.Stand = []series.Series{w}, nil
		others := map[int]bool{i: true}
		for _, key := range keys(w) {
			for _, k := range near[key] {
				if !others[k] {
					others[k], in.Stand = true, append(in.Stand, stand[k])
				}
			}
		}
		in.Keep = map[series.Pair]series.Slot{w.Pair: k.proposed(w.Pair)}
		in.Leave = map[series.Pair]series.Slot{w.Pair: stand[i].Slot}
		slots, _ := slotting.Choose(in)
		best, ok := slots[w.Pair]
		if !ok {
			continue
		}
		u.To = best.Slot
		o.unfit[w.Pair], o.better[w.Pair] = u, plan.Better{Slot: best.Slot, Why: best.Why}
		for _, id := range []string{w.Pair.Manager, w.Pair.Report} {
			in.Booked[id] = append(in.Booked[id], best.Slot)
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

// proposed is the slot that was proposed to the pair, as far as the journal remembers; zero: none.
func (g *given) proposed(p series.Pair) series.Slot {
	for _, f := range g.openOf[p] {
		if f.Kind == drift.SlotUnfit {
			return f.To.Slot()
		}
	}
	return series.Slot{}
}

// accepted is what `accept` may move pairs to: what their open flags say, no other slot.
func (o *office) accepted(open []drift.Flag) map[series.Pair]plan.Better {
	out := map[series.Pair]plan.Better{}
	for _, f := range open {
		if b, ok := o.better[f.Pair]; ok && f.Kind == drift.SlotUnfit && f.To.Equal(series.AspectOf(b.Slot)) {
			out[f.Pair] = b
		}
	}
	return out
}
