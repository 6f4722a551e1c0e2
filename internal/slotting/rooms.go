package slotting

import (
	"cmp"
	"math"
	"slices"
)

const (
	roomScale  = 16 // a room's price for a quarter is a whole number of these parts of a cost
	roomRounds = 45
	roomGap    = 0.0015 // of the bound: a plan so near is not improved any more
)

// share finds a plan and a bound where rooms are short: it lets the rooms at prices that rise where too many want one, which
// tells what any plan costs at least, and mends what still does not fit. wished is the plan were there rooms for all.
func (s *solver) share(wished, best *state, bound int) (*state, int) {
	o := s.o
	least := s.cost(best)
	price := make([][quartersPerWeek]float64, len(o.Rooms))
	step, stale := 1.0, 0
	used := wished.used
	for round := range roomRounds {
		norm := 0
		for k, r := range o.Rooms {
			for q, n := range used[k] {
				if g := n - r.Count; g > 0 || g < 0 && price[k][q] > 0 {
					norm += g * g
				}
			}
		}
		if norm == 0 || float64(least-bound) <= roomGap*float64(bound) {
			break
		}
		by := step * float64(max(least-bound, 1)) / float64(norm)
		for k, r := range o.Rooms {
			for q, n := range used[k] {
				price[k][q] = max(0, price[k][q]+by*float64(n-r.Count))
			}
		}
		x, rent := s.let(price)
		value := x.solve(s.levels, &s.teams)
		if b := s.bound(x, value, rent); b > bound {
			bound, stale = b, 0
		} else if stale++; stale == 4 {
			step, stale = step/2, 0
		}
		st := newState(o, x.slots)
		used = slices.Clone(st.used)
		if round%9 == 8 || !st.short() {
			if st = s.polish(s.settleRooms(x, st)); s.cost(st) < least {
				best, least = st, s.cost(st)
			}
		}
	}
	return best, bound
}

// settleRooms bars pairs from the rooms at the times at which too many want one, those first whom it costs the least, and
// solves again, until all fit or it has gone on for long enough; who then is without a room has no slot.
func (s *solver) settleRooms(x *run, st *state) *state {
	if x.barred == nil {
		x = &run{o: x.o, scale: x.scale, rent: x.rent, below: x.below, none: x.none, barred: make([]*week, len(s.o.pairs))}
	}
	for range roomRounds {
		some := false
		for k, r := range s.o.Rooms {
			for q, n := range st.used[k] {
				if n > r.Count {
					some = x.bar(st, k, q, n-r.Count) || some
				}
			}
		}
		if !some {
			break
		}
		x.solve(s.levels, &s.teams)
		st = newState(s.o, x.slots)
	}
	st.evict()
	return st
}

// polish improves a plan that fits, first team by team, then solving again with the full rooms barred to all but those who
// have them.
func (s *solver) polish(st *state) *state {
	for {
		st.improve(&s.teams[0], s.managers)
		x := &run{o: s.o, scale: 1, barred: make([]*week, len(s.o.pairs))}
		for i := range s.o.pairs {
			p := &s.o.pairs[i]
			if p.pinned() || p.Room == None {
				continue
			}
			x.barred[i] = &week{}
			st.book(i, -1)
			for q, n := range st.used[p.Room] {
				if n >= s.o.Rooms[p.Room].Count {
					x.barred[i].put(q, q+1)
				}
			}
			st.book(i, 1)
		}
		x.solve(s.levels, &s.teams)
		y := s.settleRooms(x, newState(s.o, x.slots))
		if s.cost(y) >= s.cost(st) {
			return st
		}
		st = y
	}
}

// short reports whether more rooms are in use than there are.
func (s *state) short() bool {
	for k, r := range s.o.Rooms {
		if slices.Max(s.used[k][:]) > r.Count {
			return true
		}
	}
	return false
}

// bar bars n pairs from the rooms at that quarter.
func (x *run) bar(st *state, room, quarter, n int) bool {
	type wish struct {
		pair int
		cost int64 // of doing without
	}
	var wishes []wish
	var now week
	now.put(quarter, quarter+1)
	for i := range x.o.pairs {
		p := &x.o.pairs[i]
		if p.Room != room || p.pinned() || st.slots[i] == None || !x.o.roomWeek(p, st.slots[i]).touches(&now) {
			continue
		}
		if x.barred[i] != nil && x.barred[i].touches(x.o.roomWeek(p, st.slots[i])) {
			n-- // it leaves because of another quarter
			continue
		}
		have, other := int64(math.MaxInt64), x.scale*int64(p.none(&x.o.Weights))+x.none[i]
		for k, op := range p.options {
			if w := x.o.roomWeek(p, int(op.start)); !w.touches(&now) && (x.barred[i] == nil || !w.touches(x.barred[i])) {
				other = min(other, x.cost(p, i, k))
			} else if int(op.start) == st.slots[i] {
				have = x.cost(p, i, k)
			}
		}
		wishes = append(wishes, wish{i, other - have})
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(a.cost, b.cost) })
	for _, w := range wishes[:max(0, min(n, len(wishes)))] {
		if x.barred[w.pair] == nil {
			x.barred[w.pair] = &week{}
		}
		x.barred[w.pair].put(quarter, quarter+1)
	}
	return n > 0 && len(wishes) > 0
}

// roomWeek is what a slot at start takes of a room.
func (o *org) roomWeek(p *pair, start int) *week {
	var w week
	put(&w, o.shifts[p.Zone][o.Rooms[p.Room].Zone], start, p.Duration)
	return &w
}

// anyRoom reports whether a pair that is to be placed needs a room.
func (s *state) anyRoom() bool {
	return slices.ContainsFunc(s.o.pairs, func(p pair) bool { return p.Room != None && !p.pinned() })
}

// onlyRoom reports whether the pair has no slot for want of a room.
func (s *state) onlyRoom(i int) bool {
	p := &s.o.pairs[i]
	mine, theirs := s.taken(p.Manager, nil), s.taken(p.Report, nil)
	return slices.ContainsFunc(p.options, func(op option) bool {
		var m, r week
		m.put(int(op.at), int(op.end))
		s.o.footprint(&r, p, p.Report, int(op.start))
		return !m.touches(mine) && !r.touches(theirs)
	})
}

// let is a run in which rooms have these prices, and what all rooms together cost in it, those that pinned pairs have left out.
func (s *solver) let(price [][quartersPerWeek]float64) (*run, int64) {
	o := s.o
	x := &run{o: o, scale: roomScale, rent: make([][]int64, len(price))}
	left := make([][quartersPerWeek]int, len(price))
	for k, r := range o.Rooms {
		for q := range left[k] {
			left[k][q] = r.Count
		}
	}
	for i := range o.pairs {
		if p := &o.pairs[i]; p.pinned() && p.Room != None {
			for _, w := range o.rented(p, p.Pinned) {
				for q := w.From; q < w.To; q++ {
					left[p.Room][q]--
				}
			}
		}
	}
	total := int64(0)
	for k := range o.Rooms {
		x.rent[k] = make([]int64, quartersPerWeek+1)
		for q := range quartersPerWeek {
			p := int64(price[k][q] * roomScale)
			x.rent[k][q+1] = x.rent[k][q] + p
			total += p * int64(max(0, left[k][q]))
		}
	}
	return x, total
}

// rented is what a slot at start takes of the pair's room in the first week. Prices of that week alone make a bound:
// what a slot takes in one week or another, as clocks change, two pairs may share.
func (o *org) rented(p *pair, start int) []Window {
	first := o.shifts[p.Zone][o.Rooms[p.Room].Zone][:1]
	if !first[0].on(start) {
		return nil
	}
	return spans(first, start, p.Duration)
}
