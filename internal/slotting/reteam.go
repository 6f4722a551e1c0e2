package slotting

import "slices"

// state is a plan that is being improved, one team after the other.
type state struct {
	o     *org
	slots []int
	used  [][quartersPerWeek]int // of each kind the rooms taken
}

func newState(o *org, slots []int) *state {
	s := &state{o: o, slots: slices.Clone(slots), used: make([][quartersPerWeek]int, len(o.Rooms))}
	for i := range s.slots {
		s.book(i, 1)
	}
	return s
}

// book counts n rooms more for the slot of the pair.
func (s *state) book(i, n int) {
	p := &s.o.pairs[i]
	if p.Room == None || s.slots[i] == None {
		return
	}
	for _, w := range s.o.roomSpans(p, s.slots[i]) {
		for q := w.From; q < w.To; q++ {
			s.used[p.Room][q] += n
		}
	}
}

// crowded reports whether at that slot of the pair there are more than n of its rooms in use.
func (s *state) crowded(p *pair, slot, n int) bool {
	return p.Room != None && slices.ContainsFunc(s.o.roomSpans(p, slot), func(w Window) bool {
		return slices.Max(s.used[p.Room][w.From:w.To]) > n
	})
}

func (s *state) set(i, slot int) {
	s.book(i, -1)
	s.slots[i] = slot
	s.book(i, 1)
}

// full reports whether the option lacks a room.
func (s *state) full(p *pair, op option) bool {
	return p.Room != None && s.crowded(p, int(op.start), s.o.Rooms[p.Room].Count-1)
}

// taken is what the person's 1:1s take of their week, those of the pairs left out.
func (s *state) taken(v int, out []int32) *week {
	var w week
	for _, i := range slices.Concat(s.o.teams[v], s.o.bosses[v]) {
		if s.slots[i] != None && !slices.Contains(out, i) {
			s.o.footprint(&w, &s.o.pairs[i], v, s.slots[i])
		}
	}
	return &w
}

// movable are the pairs of the manager that may get another slot.
func (o *org) movable(v int) []int32 {
	var out []int32
	for _, i := range o.teams[v] {
		if !o.pairs[i].pinned() {
			out = append(out, i)
		}
	}
	return out
}

// reteam gives the pairs, all of manager v, the best slots that everything else leaves them.
func (t *team) reteam(s *state, v int, pairs []int32) {
	o := s.o
	for _, i := range pairs {
		s.book(int(i), -1)
	}
	closed := s.taken(v, pairs)
	t.all = t.all[:0]
	for _, i := range pairs {
		p := &o.pairs[i]
		theirs := s.taken(p.Report, []int32{i})
		t.all = resize(t.all, len(t.all)+1)
		it := &t.all[len(t.all)-1]
		it.pair, it.choices = i, it.choices[:0]
		least := p.none(&o.Weights)
		for _, op := range p.options {
			var mine, other week
			mine.put(int(op.at), int(op.end))
			o.footprint(&other, p, p.Report, int(op.start))
			if !mine.touches(closed) && !other.touches(theirs) && !s.full(p, op) {
				it.choices = append(it.choices, choice(op))
				least = min(least, int(op.cost))
			}
		}
		it.base, it.none = int64(least), int32(p.none(&o.Weights)-least)
		for k := range it.choices {
			it.choices[k].cost -= int32(least)
		}
	}
	t.rules(o, v, 1)
	t.blocks = o.blocks(t.blocks[:0], v, func(i int32) int {
		if slices.Contains(pairs, i) {
			return None
		}
		return s.slots[i]
	})
	t.footprints = t.footprints[:0]
	t.settle(o, len(o.teams[v]), 1)
	for k, slot := range t.slots {
		i := int(t.kept[k].pair)
		s.slots[i] = slot
		s.book(i, 1)
	}
}

// improve re-teams the managers, over and over until that brings nothing.
func (s *state) improve(t *team, managers []int32) {
	for range maxPasses {
		before := slices.Clone(s.slots)
		for _, v := range managers {
			t.reteam(s, int(v), s.o.movable(int(v)))
		}
		if slices.Equal(before, s.slots) {
			return
		}
	}
}

const maxPasses = 8

// evict takes their slots from pairs that meet in rooms which are not there: of those in a full one, the last. It reports
// whether there were any.
func (s *state) evict() bool {
	some := false
	for i := len(s.slots) - 1; i >= 0; i-- {
		p := &s.o.pairs[i]
		if p.Room != None && !p.pinned() && s.slots[i] != None && s.crowded(p, s.slots[i], s.o.Rooms[p.Room].Count) {
			s.set(i, None)
			some = true
		}
	}
	return some
}

// plan is the slots in the order of the problem.
func (s *state) plan() []int {
	out := make([]int, len(s.slots))
	for i := range s.slots {
		out[s.o.pairs[i].given] = s.slots[i]
	}
	return out
}
