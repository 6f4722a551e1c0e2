package drift

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// booking is a 1:1 of somebody, for telling that two of them collide.
type booking struct {
	pair series.Pair
	put  bool // it is where the roster put it: the roster sees to it that two such do not collide
	series.Interval
}

// oneOnOnes are the coming meetings of everybody's pairs, with what they have beside their series.
func oneOnOnes(in Input) map[string][]booking {
	out := map[string][]booking{}
	to := in.Now.AddDate(0, 0, 7*(in.HorizonWeeks+1))
	for i := range in.Views {
		v := &in.Views[i]
		if !v.Wanted {
			continue
		}
		take := func(start, end time.Time, put bool) {
			b := booking{v.Pair, put, series.Interval{Start: start, End: end, Kind: series.Hard}}
			out[v.Pair.Manager] = append(out[v.Pair.Manager], b)
			out[v.Pair.Report] = append(out[v.Pair.Report], b)
		}
		events := v.Candidates
		if h := v.Head(); h != nil {
			events = append(slices.Clip(events), *h)
		}
		for k, e := range events {
			on := k == len(v.Candidates) && onSlot(v, &e)
			for _, m := range e.Meetings(in.Now, to) {
				if !m.Cancelled {
					take(m.Start, m.End(), on && m.Start.Equal(m.Original))
				}
			}
		}
		for _, x := range v.StandIns {
			if !x.LookAlike { // that one is among the busy times already
				take(x.Start, x.Start.Add(x.Duration), false)
			}
		}
	}
	return out
}

// onSlot reports whether the series stands on the slot that the roster chose with all others in view.
func onSlot(v *series.View, e *series.Event) bool {
	return !e.SlotTouched() && (v.Want.Auto || e.Mark.Slot.Same(v.Want.Slot, e.First()))
}

// timeTaken are a person's other events by start, with the length of the longest: none that began longer before a moment
// reaches it.
type timeTaken struct {
	events  []series.Interval
	longest time.Duration
}

func (d *detector) timeTaken(person string) timeTaken {
	t, ok := d.busy[person]
	if ok {
		return t
	}
	byStart := func(a, b series.Interval) int { return a.Start.Compare(b.Start) }
	if t.events = d.in.Busy[person]; !slices.IsSortedFunc(t.events, byStart) {
		t.events = slices.SortedStableFunc(slices.Values(t.events), byStart)
	}
	for i := range t.events {
		t.longest = max(t.longest, t.events[i].End.Sub(t.events[i].Start))
	}
	d.busy[person] = t
	return t
}

// collision is the start of the first that takes the person's time during the meeting. put: the meeting is where the roster
// put it.
func (d *detector) collision(person string, m *series.Meeting, put bool) (first time.Time, found bool) {
	end := m.End()
	look := func(i *series.Interval) {
		if i.Kind == series.Hard && i.Start.Before(end) && m.Start.Before(i.End) && (!found || i.Start.Before(first)) {
			first, found = i.Start, true
		}
	}
	t := d.timeTaken(person)
	from, _ := slices.BinarySearchFunc(t.events, m.Start.Add(-t.longest), func(i series.Interval, at time.Time) int { return i.Start.Compare(at) })
	for i := from; i < len(t.events) && t.events[i].Start.Before(end); i++ {
		look(&t.events[i])
	}
	ones := d.taken[person]
	for i := range ones {
		if b := &ones[i]; b.pair != d.v.Pair && !(put && b.put) {
			look(&b.Interval)
		}
	}
	return first, found
}
