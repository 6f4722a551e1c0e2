package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
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

// other takes a person's time during a meeting.
type other struct {
	person string
	pair   series.Pair // whose 1:1 it is; zero: it is an event
	series.Interval
}

// what tells the same other on different dates.
func (o other) what() string { return o.person + " " + o.pair.String() + " " + o.ID }

// collisions are all that take the person's time during the meeting, by start.
func (d *detector) collisions(person string, m *series.Meeting) []other {
	var out []other
	end := m.End()
	take := func(p series.Pair, i *series.Interval) {
		if (i.Kind == series.Hard || i.Kind == series.AllDayKind) && i.Start.Before(end) && m.Start.Before(i.End) {
			out = append(out, other{person, p, *i})
		}
	}
	t := d.timeTaken(person)
	from, _ := slices.BinarySearchFunc(t.events, m.Start.Add(-t.longest), func(i series.Interval, at time.Time) int {
		return i.Start.Compare(at)
	})
	for i := from; i < len(t.events) && t.events[i].Start.Before(end); i++ {
		take(series.Pair{}, &t.events[i])
	}
	for b := range d.taken.Booked(person, m.Start, end) {
		if b.Pair != d.v.Pair {
			take(b.Pair, &b.Interval)
		}
	}
	slices.SortStableFunc(out, func(a, b other) int {
		return cmp.Or(a.Start.Compare(b.Start), a.pair.Compare(b.pair), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// booked names a meeting of the pair: the day that it was booked for, in a generation.
type booked struct {
	generation int
	day        series.Date
}

// hit is something over a meeting. steady: the meeting is to come, and where its series has it.
type hit struct {
	at     booked
	steady bool
	other
}

// collided is what the pair's meetings collide with.
type collided struct {
	single  map[booked][]other // on one date, or with a meeting that a person moved
	repeats []repeated         // of each generation at most one
}

// repeated is the flag of a collision that repeats, and what is over its dates.
type repeated struct {
	Flag
	others []other
}

// collide finds what is over the meetings, which are ordered by date.
func (d *detector) collide(weeks []series.WeekMeeting) collided {
	var hits []hit
	slots := map[int]series.Slot{} // by generation
	for _, w := range weeks {
		if w.Meeting == nil || w.Meeting.Cancelled {
			continue
		}
		slots[w.Generation] = w.Event.Slot()
		steady := w.Meeting.Start.Equal(w.Meeting.Original) && w.Meeting.End().After(d.in.Now)
		for _, id := range []string{d.v.Pair.Manager, d.v.Pair.Report} {
			for _, o := range d.collisions(id, w.Meeting) {
				hits = append(hits, hit{booked{w.Generation, w.Date}, steady, o})
			}
		}
	}
	out := collided{single: map[booked][]other{}}
	for _, g := range slices.Sorted(maps.Keys(slots)) {
		of := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.at.generation != g })
		f := Flag{Pair: d.v.Pair, Kind: DoubleBooked, Generation: g, From: series.AspectOf(slots[g]), By: ByUnknown}
		again, once := d.again(f, slots[g].Zone, of)
		for _, h := range once {
			out.single[h.at] = append(out.single[h.at], h.other)
		}
		if len(again) > 0 {
			r := repeated{Flag: f}
			for _, h := range again {
				r.others, r.Dates = append(r.others, h.other), append(r.Dates, h.at.day)
			}
			r.Dates = slices.Compact(r.Dates)
			r.To = most(r.others, slots[g].Zone)
			r.others = slices.DeleteFunc(r.others, func(o other) bool { return !o.slot(slots[g].Zone).Equal(r.To) })
			r.Detail = inWords(r.others)
			out.repeats = append(out.repeats, r)
		}
	}
	return out
}

// again parts the hits of a generation into what is over several of its dates and the rest. With the former go those
// at the same time of the week on one date only: it may be the last of those that the flag was opened for.
func (d *detector) again(f Flag, zone string, hits []hit) (again, once []hit) {
	dates := map[string]map[series.Date]bool{}
	for _, h := range hits {
		if h.steady && dates[h.what()] == nil {
			dates[h.what()] = map[series.Date]bool{}
		}
		if h.steady {
			dates[h.what()][h.at.day] = true
		}
	}
	var others []other
	for _, h := range hits {
		if h.steady && len(dates[h.what()]) > 1 {
			others = append(others, h.other)
		}
	}
	known, flagged := d.in.Known[f.ID()]
	at := known.To
	if len(others) > 0 {
		at = most(others, zone)
	}
	for _, h := range hits {
		if h.steady && (len(dates[h.what()]) > 1 || (flagged || len(others) > 0) && h.slot(zone).Equal(at)) {
			again = append(again, h)
		} else {
			once = append(once, h)
		}
	}
	return again, once
}

// slot is when the other takes place each week, on the zone's clock; nothing of whole days.
func (o other) slot(zone string) series.Aspect {
	if o.Kind == series.AllDayKind {
		return none
	}
	day, at := series.WallClock(o.Start, zone)
	return series.AspectOf(series.Slot{Weekday: day.Weekday(), At: at, Zone: zone})
}

// most is the time of the week that most of the others have.
func most(all []other, zone string) series.Aspect {
	n := map[series.Aspect]int{}
	for _, o := range all {
		n[o.slot(zone)]++
	}
	often := slices.MaxFunc(all, func(a, b other) int { return cmp.Compare(n[a.slot(zone)], n[b.slot(zone)]) })
	return often.slot(zone)
}

// kind is what the other is.
func (o other) kind() Other {
	switch {
	case o.pair != series.Pair{}:
		return OneOnOne
	case o.Kind == series.AllDayKind:
		return AllDay
	}
	return AnEvent
}

// whose tells what the first of the others is, and whose time it and its like take.
func whose(all []other) (who []string, what Other) {
	what = all[0].kind()
	for _, o := range all {
		if o.kind() == what && !slices.Contains(who, o.person) {
			who = append(who, o.person)
		}
	}
	return who, what
}

// inWords is that as the journal has it: "another 1:1 of mia", "another event of mia and raj".
func inWords(all []other) string {
	who, what := whose(all)
	words := map[Other]string{AnEvent: "another event", OneOnOne: "another 1:1", AllDay: "an all-day event"}
	return words[what] + " of " + strings.Join(who, " and ")
}

// first are those of the others that begin with the first.
func first(all []other) []other {
	return slices.DeleteFunc(slices.Clone(all), func(o other) bool { return !o.Start.Equal(all[0].Start) })
}

// clash is the flag of one meeting's collision: with the first of the others of the first of the two whom it concerns.
func clash(w series.WeekMeeting, all []other) (from, to series.Aspect, words string) {
	if all[0].Kind != series.AllDayKind {
		to = series.AspectOf(all[0].Start.In(w.Booked.Location()))
	}
	return series.AspectOf(w.Meeting.Start.In(w.Booked.Location())), to, inWords(first(all))
}
