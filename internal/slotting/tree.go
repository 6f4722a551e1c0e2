package slotting

import (
	"sync"
	"sync/atomic"
)

// run is one pass of the tree program over the unpinned pairs of an org: upwards it finds for each person and each slot of
// their own 1:1 the least cost of all 1:1s below them, downwards it reads the slots off. slots.md has the proof.
type run struct {
	o      *org
	scale  int64       // costs here are so many times those of the org
	rent   [][]int64   // of each kind of room the price of one, summed over the quarters before; nil: none
	barred []*week     // by pair when it may not have a room; nil: whenever
	below  [][]int64   // by pair and option: what the report's own team costs then
	none   []int64     // by pair: and without a slot
	root   []int64     // by person: what the team costs whose manager has no unpinned 1:1 of their own
	kept   [][]item    // by person: the team, and the choices that best plans may take
	slots  []int       // by pair
	large  atomic.Bool // some team was too large to be swept whole
}

// own is the unpinned pair in which the person reports, if it may have a slot; else -1.
func (o *org) own(v int) int {
	for _, i := range o.bosses[v] {
		if p := &o.pairs[i]; !p.pinned() && !p.extra && len(p.options) > 0 {
			return int(i)
		}
	}
	return -1
}

// workers is how many teams are swept at a time.
const workers = 4

// each calls do for all the people, several at a time.
func each(people []int32, do func(t *team, v int), teams *[workers]team) {
	if len(people) < 2 {
		for _, v := range people {
			do(&teams[0], int(v))
		}
		return
	}
	var wg sync.WaitGroup
	var next atomic.Int32
	for i := range min(workers, len(people)) {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(people) {
					return
				}
				do(&teams[i], int(people[n]))
			}
		})
	}
	wg.Wait()
}

// levels are the managers of unpinned pairs, those first below whom there are none.
func (o *org) levels() [][]int32 {
	height := make([]int, len(o.people))
	var up func(v int) int
	up = func(v int) int {
		if height[v] > 0 {
			return height[v]
		}
		for _, i := range o.teams[v] {
			if p := &o.pairs[i]; !p.pinned() && !p.extra {
				height[v] = max(height[v], 1+up(p.Report))
			}
		}
		return height[v]
	}
	var out [][]int32
	for v := range o.people {
		h := up(v)
		for len(out) < h {
			out = append(out, nil)
		}
		if h > 0 {
			out[h-1] = append(out[h-1], int32(v))
		}
	}
	return out
}

// solve makes a best plan of the forest and returns what its unpinned pairs cost, and the row and day of their teams.
func (x *run) solve(levels [][]int32, teams *[workers]team) int64 {
	total := x.climb(levels, teams)
	x.slots = make([]int, len(x.o.pairs))
	for i := range x.slots {
		x.slots[i] = x.o.pairs[i].Pinned
	}
	for i := len(levels) - 1; i >= 0; i-- {
		each(levels[i], func(t *team, v int) { t.down(x, v) }, teams)
	}
	return total
}

// relax is what no plan of the forest is cheaper than, where teams are too large to be swept whole.
func (x *run) relax(levels [][]int32, teams *[workers]team) int64 {
	for i := range teams {
		teams[i].relaxed = true
		defer func() { teams[i].relaxed = false }()
	}
	return x.climb(levels, teams)
}

func (x *run) climb(levels [][]int32, teams *[workers]team) int64 {
	o := x.o
	x.below, x.none = make([][]int64, len(o.pairs)), make([]int64, len(o.pairs))
	x.root, x.kept = make([]int64, len(o.people)), make([][]item, len(o.people))
	for _, l := range levels {
		each(l, func(t *team, v int) { t.up(x, v) }, teams)
	}
	total := int64(0)
	for _, c := range x.root {
		total += c
	}
	return total
}
