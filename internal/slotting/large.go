package slotting

import (
	"cmp"
	"math"
	"slices"
)

// windowItems is how many items of a team too large for one sweep are swept at a time, while the others stay.
const windowItems = 10

// large is a team of so many unpinned reports that one sweep cannot hold it. It gets a good plan, and the prices tell how far
// from the best it is at most.
type large struct {
	*team
	o       *org
	reports int
	items   []item
	chosen  []int // by item its choice, or None
	pinned  []block
}

// settleLarge does what settle does, as well as it can. A team that is relaxed gets its bounds instead.
func (t *team) settleLarge(o *org, reports int) int64 {
	if t.relaxed {
		for s, spans := range t.footprints {
			t.costs[s] = int64(math.Ceil(t.p.bound + t.p.around(spans, len(t.all)) - eps))
		}
		return int64(math.Ceil(t.p.bound - eps))
	}
	l := &large{team: t, o: o, reports: reports, items: clone(t.all), chosen: make([]int, len(t.all)), pinned: slices.Clone(t.blocks)}
	for i := range l.chosen {
		l.chosen[i] = None
	}
	footprints, costs := t.footprints, slices.Clone(t.costs)
	t.footprints = nil
	cost := int64(math.MaxInt64)
	for stale := 0; stale < 2; stale++ {
		for mix := range 3 {
			for _, free := range l.windows(mix) {
				if c := l.sweep(free); c < cost {
					cost, stale = c, 0
				}
			}
		}
	}
	for s := range costs {
		costs[s] = infinite
	}
	for _, free := range l.windows(0) {
		held := l.held(free)
		var which []int
		t.footprints = nil
		for s, spans := range footprints {
			var w week
			for _, x := range spans {
				w.put(x.From, x.To)
			}
			if !w.touches(held) {
				which, t.footprints = append(which, s), append(t.footprints, spans)
			}
		}
		t.costs = resize(t.costs, len(which))
		l.sweep(free)
		for k, s := range which {
			costs[s] = min(costs[s], t.costs[k]+l.frozen(free))
		}
	}
	t.footprints, t.costs, t.blocks, t.kept, t.items = footprints, costs, l.pinned, l.items, l.items
	t.slots = resize(t.slots, len(l.items))
	for i, c := range l.chosen {
		if t.slots[i] = c; c != None {
			t.slots[i] = int(l.items[i].choices[c].start)
		}
	}
	return cost
}

// windows are runs of items that are swept together: those without a slot, and then neighbours in time; mixed, others.
func (l *large) windows(mix int) [][]int {
	order := make([]int, len(l.items))
	for i := range order {
		order[i] = i
	}
	at := func(i int) int {
		if c := l.chosen[i]; c != None {
			return int(l.items[i].choices[c].at) + 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at(a), at(b)) })
	if mix > 0 { // every second, or every third of them side by side
		place := make([]int, len(order))
		for k, i := range order {
			place[i] = k % (mix + 1)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
	}
	var out [][]int
	for from := 0; ; from += windowItems / 2 {
		out = append(out, slices.Sorted(slices.Values(order[from:min(from+windowItems, len(order))])))
		if from+windowItems >= len(order) {
			return out
		}
	}
}

// held is the time of the items that are not free.
func (l *large) held(free []int) *week {
	var w week
	for i, c := range l.chosen {
		if c != None && !slices.Contains(free, i) {
			w.put(int(l.items[i].choices[c].at), int(l.items[i].choices[c].end))
		}
	}
	return &w
}

// frozen is what the items cost that are not free, row and day left out.
func (l *large) frozen(free []int) int64 {
	total := int64(0)
	for i, c := range l.chosen {
		switch {
		case slices.Contains(free, i):
		case c == None:
			total += int64(l.items[i].none)
		default:
			total += int64(l.items[i].choices[c].cost)
		}
	}
	return total
}

// sweep gives the free items the best that the others leave them, and returns the cost of all.
func (l *large) sweep(free []int) int64 {
	held := l.held(free)
	sub := make([]item, len(free))
	for k, i := range free {
		sub[k] = l.items[i]
	}
	l.kept = within(l.kept, sub, func(_ int, c choice) bool {
		var w week
		w.put(int(c.at), int(c.end))
		return !w.touches(held)
	})
	var parts []Window
	for _, b := range l.pinned {
		parts = append(parts, b.parts...)
	}
	for i, c := range l.chosen {
		if c != None && !slices.Contains(free, i) {
			parts = append(parts, Window{int(l.items[i].choices[c].at), int(l.items[i].choices[c].end)})
		}
	}
	l.blocks = joined(l.blocks[:0], parts)
	l.sweepKept(l.o, l.reports)
	for k, i := range free {
		l.chosen[i] = slices.IndexFunc(l.items[i].choices, func(c choice) bool { return int(c.start) == l.slots[k] })
	}
	return l.best() + l.frozen(free)
}
