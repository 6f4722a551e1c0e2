package slotting

import "fmt"

// Solve makes the best plan. It depends on nothing but what the problem says: not on the order of people or pairs.
func Solve(p *Problem) (Solution, error) {
	if err := p.validate(); err != nil {
		return Solution{}, fmt.Errorf("choose slots: %w", err)
	}
	o := newOrg(p)
	var teams [workers]team
	var managers []int32
	for v := range o.teams {
		if len(o.teams[v]) > 0 {
			managers = append(managers, int32(v))
		}
	}
	each(managers, func(t *team, v int) { o.findOptions(v, &t.mine, &t.theirs) }, &teams)
	x := &run{o: o, scale: 1}
	x.solve(o.levels(), &teams)
	return o.solution(x.slots, &teams[0]), nil
}

func (o *org) solution(slots []int, t *team) Solution {
	s := Solution{Slots: make([]int, len(slots)), Reasons: make([]Reason, len(slots))}
	for i := range o.pairs {
		p := &o.pairs[i]
		s.Slots[p.given] = slots[i]
		if slots[i] == None {
			s.Reasons[p.given] = o.reason(p, &t.mine, &t.theirs)
		}
	}
	s.Terms, _ = Check(o.Problem, s.Slots)
	s.Bound, s.Proven = s.Cost(), true
	return s
}
