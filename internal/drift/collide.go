package drift

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

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
	ones := d.taken.Booked(person)
	for i := range ones {
		if b := &ones[i]; b.Pair != d.v.Pair && !(put && b.Put) {
			look(&b.Interval)
		}
	}
	return first, found
}
