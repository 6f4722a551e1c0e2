package slotting

import "slices"

const (
	roomScale  = 16 // a room's price for a quarter is a whole number of these parts of a cost
	roomRounds = 45
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
		if norm == 0 || least <= bound {
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
		if round%3 == 0 || round == roomRounds-1 {
			st.evict()
			if st.improve(&s.teams[0], s.managers); s.cost(st) < least {
				best, least = st, s.cost(st)
			}
		}
	}
	return best, bound
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
	x := &run{o: s.o, scale: roomScale, rent: make([][]int64, len(price))}
	pins := make([]int, len(s.o.pairs))
	for i := range pins {
		pins[i] = s.o.pairs[i].Pinned
	}
	used := newState(s.o, pins).used
	total := int64(0)
	for k, r := range s.o.Rooms {
		x.rent[k] = make([]int64, quartersPerWeek+1)
		for q := range quartersPerWeek {
			p := int64(price[k][q] * roomScale)
			x.rent[k][q+1] = x.rent[k][q] + p
			total += p * int64(max(0, r.Count-used[k][q]))
		}
	}
	return x, total
}
