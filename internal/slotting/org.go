package slotting

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// week is a set of quarters of the week.
type week [(quartersPerWeek + 63) / 64]uint64

// put adds [from, to), which may run over the end of the week.
func (w *week) put(from, to int) {
	for q := from; q < to; q++ {
		x := q % quartersPerWeek
		w[x/64] |= 1 << (x % 64)
	}
}

func (w *week) touches(v *week) bool {
	for i := range w {
		if w[i]&v[i] != 0 {
			return true
		}
	}
	return false
}

// spans are the runs of the set, in order.
func (w *week) spans() []Window {
	var out []Window
	for i, x := range w {
		for x != 0 {
			from := bits.TrailingZeros64(x)
			n := bits.TrailingZeros64(^(x >> from))
			q := 64*i + from
			if k := len(out); k > 0 && out[k-1].To == q {
				out[k-1].To = q + n
			} else {
				out = append(out, Window{q, q + n})
			}
			if from+n == 64 {
				break
			}
			x &^= (1<<n - 1) << from
		}
	}
	return out
}

// shift is by how much one clock is ahead of another, in which weeks of the horizon (none of them if only later), and on
// which days.
type shift struct {
	by    int
	weeks uint64
	days  uint8
}

// on reports whether the shift holds for a slot at start.
func (s shift) on(start int) bool { return s.days>>(start/quartersPerDay)&1 != 0 }

// option is a start that a pair may have: nothing hard is against it.
type option struct {
	start, at, end int16 // on the anchor's clock; on the manager's, from and to
	cost           int32
}

// pair is a Pair and what it may have.
type pair struct {
	Pair
	given   int // its place in Problem.Pairs
	extra   bool
	options []option
}

func (p *pair) pinned() bool { return p.Pinned != None }

// none is what the pair costs without a slot.
func (p *pair) none(w *Weights) int {
	if p.Current != None {
		return w.Unplaced + w.Move
	}
	return w.Unplaced
}

// org is a Problem in an order that depends on the ids alone. People are numbered by id, pairs by their people.
type org struct {
	*Problem
	people []*Person
	pairs  []pair
	teams  [][]int32   // by person the pairs in which they manage
	bosses [][]int32   // and those in which they report
	shifts [][][]shift // by anchor's and person's zone
	taken  []*week     // by person what pinned pairs take; nil: nothing
	big    sync.Mutex  // held while one of the big tables is in use
}

func newOrg(p *Problem) *org {
	o := &org{Problem: p, people: make([]*Person, len(p.People)), pairs: make([]pair, len(p.Pairs)),
		teams: make([][]int32, len(p.People)), bosses: make([][]int32, len(p.People)), taken: make([]*week, len(p.People))}
	order := make([]int, len(p.People))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(p.People[a].ID, p.People[b].ID) })
	rank := make([]int, len(p.People))
	for r, i := range order {
		rank[i], o.people[r] = r, &p.People[i]
	}
	for i, x := range p.Pairs {
		x.Manager, x.Report = rank[x.Manager], rank[x.Report]
		o.pairs[i] = pair{Pair: x, given: i}
	}
	slices.SortFunc(o.pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.Report, b.Report), cmp.Compare(a.Pinned, b.Pinned), cmp.Compare(a.Duration, b.Duration))
	})
	o.findShifts()
	for i := range o.pairs {
		x := &o.pairs[i]
		o.teams[x.Manager] = append(o.teams[x.Manager], int32(i))
		o.bosses[x.Report] = append(o.bosses[x.Report], int32(i))
		if x.pinned() {
			for _, v := range []int{x.Manager, x.Report} {
				if o.taken[v] == nil {
					o.taken[v] = &week{}
				}
				o.footprint(o.taken[v], x, v, x.Pinned)
			}
		}
	}
	o.findForest()
	return o
}

// findShifts compares all clocks. Equal shifts of different weeks are one.
func (o *org) findShifts() {
	o.shifts = make([][][]shift, len(o.Zones))
	for a, anchor := range o.Zones {
		o.shifts[a] = make([][]shift, len(o.Zones))
		for z, zone := range o.Zones {
			var all []shift
			for w := range zone {
				by := ((zone[w]-anchor[w])%quartersPerWeek + quartersPerWeek) % quartersPerWeek
				i := slices.IndexFunc(all, func(s shift) bool { return s.by == by })
				if i < 0 {
					i, all = len(all), append(all, shift{by: by})
				}
				if w < o.Weeks {
					all[i].weeks |= 1 << w
				}
				all[i].days |= o.days(w)
			}
			o.shifts[a][z] = all
		}
	}
}

// days are those on which the offsets of the week hold.
func (p *Problem) days(week int) uint8 {
	if p.Days == nil {
		return 1<<7 - 1
	}
	return p.Days[week]
}

// clocks are the shifts from the pair's clock to the person's.
func (o *org) clocks(p *pair, person int) []shift { return o.shifts[p.Zone][o.people[person].Zone] }

// footprint adds to w all the quarters of the person's week that the pair takes in one week or another.
func (o *org) footprint(w *week, p *pair, person, start int) {
	put(w, o.clocks(p, person), start, p.Duration)
}

func put(w *week, clocks []shift, start, length int) {
	for _, s := range clocks {
		if s.on(start) {
			w.put(start+s.by, start+s.by+length)
		}
	}
}

// spans are the runs of quarters that a slot at start takes on the clock that the shifts lead to.
func spans(clocks []shift, start, length int) []Window {
	if len(clocks) == 1 {
		if s := (start + clocks[0].by) % quartersPerWeek; s+length <= quartersPerWeek {
			return []Window{{s, s + length}}
		}
	}
	var w week
	put(&w, clocks, start, length)
	return w.spans()
}

// roomSpans are those that the pair takes of a room.
func (o *org) roomSpans(p *pair, start int) []Window {
	return spans(o.shifts[p.Zone][o.Rooms[p.Room].Zone], start, p.Duration)
}

// drifts reports whether the pair's clock and its manager's change apart: its meetings are then now here, now there in
// the manager's week, of which options take all that lies between.
func (o *org) drifts(p *pair) bool { return len(o.clocks(p, p.Manager)) > 1 }

// findForest marks pairs as extra so that the other unpinned ones make a forest in which nobody has two managers, and
// every meeting one place in the week of its manager.
func (o *org) findForest() {
	root := make([]int32, len(o.people))
	for i := range root {
		root[i] = int32(i)
	}
	find := func(v int) int32 {
		x := int32(v)
		for root[x] != x {
			root[x] = root[root[x]]
			x = root[x]
		}
		return x
	}
	managed := make([]bool, len(o.people))
	for i := range o.pairs {
		p := &o.pairs[i]
		if p.pinned() {
			continue
		}
		a, b := find(p.Manager), find(p.Report)
		if p.extra = managed[p.Report] || a == b || o.drifts(p); !p.extra {
			managed[p.Report], root[b] = true, a
		}
	}
}
