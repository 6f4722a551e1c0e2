package slotting

import (
	"fmt"
	"math"
)

// Solve makes the best plan. It depends on nothing but what the problem says: not on the order of people or pairs.
func Solve(p *Problem) (Solution, error) {
	if err := p.validate(); err != nil {
		return Solution{}, fmt.Errorf("choose slots: %w", err)
	}
	return newSolver(p).solve(), nil
}

// solver is one call of Solve.
type solver struct {
	o        *org
	teams    [workers]team
	levels   [][]int32
	managers []int32 // of unpinned pairs
	extras   bool    // some pairs are none of the forest

	constant int // what every plan costs beside what a run tells
}

// newSolver finds what each pair may have.
func newSolver(p *Problem) *solver {
	o := newOrg(p)
	s := &solver{o: o}
	for v := range o.teams {
		if len(o.movable(v)) > 0 {
			s.managers = append(s.managers, int32(v))
		}
	}
	each(s.managers, func(t *team, v int) { o.findOptions(v, &t.mine, &t.theirs) }, &s.teams)
	s.levels = o.levels()
	for i := range o.pairs {
		s.extras = s.extras || o.pairs[i].extra
	}
	return s
}

func (s *solver) solve() Solution {
	o := s.o
	x := &run{o: o, scale: 1}
	value := x.solve(s.levels, &s.teams)
	st := newState(o, x.slots)
	s.constant = s.cost(st) - int(value)
	bound := s.bound(x, value, 0)
	if wished := newState(o, st.slots); st.evict() || s.extras {
		st.improve(&s.teams[0], s.managers)
		if st.anyRoom() && s.cost(st) > bound {
			st, bound = s.share(wished, st, bound)
		}
	}
	return s.solution(st, bound)
}

// cost is what the plan costs in all.
func (s *solver) cost(st *state) int {
	t, _ := Check(s.o.Problem, st.plan())
	return t.Sum()
}

// bound is what any plan costs at least, given the value of a best one of the forest, and less the rent of all rooms, at the
// run's scale.
func (s *solver) bound(x *run, value, rent int64) int {
	if x.large.Load() {
		y := &run{o: x.o, scale: x.scale, rent: x.rent}
		value = y.relax(s.levels, &s.teams)
	}
	b := s.constant + int(math.Ceil(float64(value-rent)/float64(x.scale)))
	for i := range s.o.pairs {
		if p := &s.o.pairs[i]; p.extra {
			least := p.none(&s.o.Weights)
			b -= least
			if s.o.drifts(p) {
				continue // it might have more than its options
			}
			for _, op := range p.options {
				least = min(least, int(op.cost))
			}
			b += least
		}
	}
	return b
}

func (s *solver) solution(st *state, bound int) Solution {
	o, t := s.o, &s.teams[0]
	out := Solution{Slots: st.plan(), Reasons: make([]Reason, len(o.pairs)), Bound: bound}
	for i := range o.pairs {
		if p := &o.pairs[i]; st.slots[i] == None {
			if out.Reasons[p.given] = o.reason(p, &t.mine, &t.theirs); st.onlyRoom(i) {
				out.Reasons[p.given] = NoRoom
			}
		}
	}
	out.Terms, _ = Check(o.Problem, out.Slots)
	out.Proven = out.Bound == out.Cost()
	return out
}
