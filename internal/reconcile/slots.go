package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// chooseSlots fills in the slots of auto pairs that have none yet. It tells what mattered for them, and why others get none.
func (x *round) chooseSlots() (why map[series.Pair][]string, none map[series.Pair]string) {
	slots, none := slotting.Choose(x.standing(series.Gather(x.want, x.observed)))
	why = map[series.Pair][]string{}
	for i := range x.want {
		if c, ok := slots[x.want[i].Pair]; ok {
			x.want[i].Slot, why[x.want[i].Pair] = c.Slot, c.Why
		}
	}
	return why, none
}

// standing is what slots are chosen among: the auto pairs that have none, and all that stands in their way.
func (x *round) standing(views []series.View) slotting.Input {
	today := series.DateOf(x.now.UTC())
	in := slotting.Input{From: today.AddDays(1), Weeks: x.Policy.HorizonWeeks, Booked: map[string][]series.Slot{}, Busy: x.intervals()}
	for _, v := range views {
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
	return in
}

// held are the slots that the pair's 1:1s have on the calendars, wherever people put them.
func held(v series.View, now time.Time) []series.Slot {
	var out []series.Slot
	for _, e := range slices.Concat(v.Chain, v.Candidates, v.Mine) {
		if s := e.Slot(); !s.IsZero() && !e.Ended(now) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
