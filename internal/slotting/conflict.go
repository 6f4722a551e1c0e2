package slotting

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// WishKind is what somebody wants that others' wishes may not allow.
type WishKind int

// The kinds of wishes.
const (
	KeepHours  WishKind = iota // a person's working hours
	KeepEvents                 // a person's other events that recur
	KeepPinned                 // a person's 1:1s that stand
	KeepRoom                   // a pair's room
	Meet                       // a pair's 1:1 itself
)

// Wish is one of a conflict.
type Wish struct {
	Kind   WishKind
	Person int // of the first three kinds
	Pair   int // of the others
}

// Conflict is why a pair cannot have a slot: wishes that cannot all be had, though every other one were given up, while without any
// one of these the rest could. Among a pair's own, and among the 1:1s of one team, no smaller set is in conflict. With rooms, and with people who have two managers, a conflict may be
// told where a better plan would find none.
type Conflict struct {
	Pair   int
	Others []int // pairs that have none for the same reason
	Wishes []Wish
}

// Conflicts tells whether all pairs can have a slot, and if not, why: one conflict for each that has none, each conflict once.
func Conflicts(p *Problem) ([]Conflict, error) {
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("find conflicts: %w", err)
	}
	q := *p
	q.Weights = Weights{Unplaced: 1}
	s := newSolver(&q)
	plan := s.solve()
	var out []Conflict
	shrunk := map[string][]Wish{}
	for i := range s.o.pairs {
		x := &s.o.pairs[i]
		if plan.Slots[x.given] != None {
			continue
		}
		c := Conflict{Pair: x.given, Wishes: s.alone(x)}
		if c.Wishes == nil {
			c.Wishes = s.inTeam(x)
		}
		if c.Wishes == nil {
			c.Wishes = s.among(int32(i), shrunk)
		}
		at := slices.IndexFunc(out, func(d Conflict) bool { return slices.Equal(c.Wishes, d.Wishes) })
		switch {
		case c.Wishes == nil:
		case at < 0:
			out = append(out, c)
		default:
			out[at].Others = append(out[at].Others, c.Pair)
		}
	}
	return out, nil
}

// alone is the smallest set of the two's own wishes by which no start is left; nil if some is.
func (s *solver) alone(p *pair) []Wish {
	if len(p.options) > 0 {
		return nil
	}
	o := s.o
	var wishes []Wish
	for _, k := range []WishKind{KeepHours, KeepEvents, KeepPinned} {
		for _, v := range []int{p.Pair.Manager, p.Report} {
			wishes = append(wishes, Wish{Kind: k, Person: o.given(v)})
		}
	}
	var against []uint // by start which of the wishes forbid it, as bits
	for start := 0; start < quartersPerWeek; start += o.Grid {
		var m uint
		for side, v := range []int{p.Manager, p.Report} {
			c := &s.teams[0].mine
			c.load(o.people[v])
			hours, events := c.against(o.clocks(p, v), start, p.Duration)
			for k, no := range []bool{hours, events, o.clash(p, v, start)} {
				if no {
					m |= 1 << (2*k + side)
				}
			}
		}
		against = append(against, m)
	}
	sets := make([]uint, 1<<len(wishes))
	for i := range sets {
		sets[i] = uint(i)
	}
	slices.SortStableFunc(sets, func(a, b uint) int { return cmp.Compare(bits.OnesCount(a), bits.OnesCount(b)) })
	for _, set := range sets {
		if !slices.ContainsFunc(against, func(m uint) bool { return m&set == 0 }) {
			return pick(wishes, uint64(set))
		}
	}
	return nil
}

// against reports whether hours, and whether events that recur, are against a meeting.
func (c *calendar) against(shifts []shift, start, length int) (hours, events bool) {
	for _, s := range shifts {
		if !s.on(start) {
			continue
		}
		a := (start + s.by) % quartersPerWeek
		hours = hours || int(c.work[a]) < a+length
		for q := a; q < a+length; q++ {
			events = events || c.hard[q%quartersPerWeek]&s.weeks != 0
		}
	}
	return hours, events
}

// given is the person's place in Problem.People.
func (o *org) given(v int) int {
	return slices.IndexFunc(o.People, func(x Person) bool { return x.ID == o.people[v].ID })
}

func pick[T any](all []T, set uint64) []T {
	var out []T
	for i, x := range all {
		if set>>i&1 != 0 {
			out = append(out, x)
		}
	}
	return out
}

// inTeam is the smallest set of 1:1s of the pair's manager, their own with whom they report to among them, that cannot all have a
// slot; nil if all can, or they are too many to tell.
func (s *solver) inTeam(p *pair) []Wish {
	o, t := s.o, &s.teams[0]
	t.kept = nil
	var wishes []Wish
	add := func(i int32, span func(op option) Window) {
		x := &o.pairs[i]
		if x.pinned() || len(x.options) == 0 {
			return
		}
		it := item{pair: i}
		for _, op := range x.options {
			w := span(op)
			it.choices = append(it.choices, choice{start: op.start, at: int16(w.From), end: int16(w.To)})
		}
		slices.SortFunc(it.choices, func(a, b choice) int { return cmp.Compare(a.at, b.at) })
		t.kept = append(t.kept, it)
		wishes = append(wishes, Wish{Kind: Meet, Pair: x.given})
	}
	for _, i := range o.teams[p.Manager] {
		add(i, func(op option) Window { return Window{int(op.at), int(op.end)} })
	}
	for _, i := range o.bosses[p.Manager] {
		x := &o.pairs[i]
		add(i, func(op option) Window {
			return spans(o.clocks(x, p.Manager), int(op.start), x.Duration)[0] // others only make a conflict worse
		})
	}
	if len(t.kept) > maxItems {
		return nil
	}
	t.items, t.blocks = t.kept, nil
	t.mode, t.rowMax, t.row, t.day = Anyhow, len(t.items), 0, 0
	t.plan(len(t.items))
	t.f.begin(&t.sweep, t.reachOf()+1)
	t.f.open(0, 0)[0] = 0
	for j := range len(t.times) - 1 {
		t.f.leave(j, nil)
	}
	best := -1
	for set, c := range t.f.at(len(t.times)-1, 0) {
		if c >= infinite && (best < 0 || bits.OnesCount(uint(set)) < bits.OnesCount(uint(best))) {
			best = set
		}
	}
	if best < 0 {
		return nil
	}
	return pick(wishes, uint64(best))
}

// among is a set of 1:1s, and rooms, that cannot all be had though they could without any one of them: first those of the pair's
// people, then those of the people whom these meet, and so on. shrunk remembers what was found: pairs of one team have the same.
func (s *solver) among(pair int32, shrunk map[string][]Wish) []Wish {
	o := s.o
	near := []int32{pair}
	for s.possible(near, nil) {
		wider := slices.Clone(near)
		for i := range o.pairs {
			x := &o.pairs[i]
			if !x.pinned() && len(x.options) > 0 && !slices.Contains(near, int32(i)) && slices.ContainsFunc(near, func(k int32) bool {
				y := &o.pairs[k]
				return x.Manager == y.Manager || x.Manager == y.Report || x.Report == y.Manager || x.Report == y.Report || x.Room != None && x.Room == y.Room
			}) {
				wider = append(wider, int32(i))
			}
		}
		if len(wider) == len(near) {
			return nil // all can: the plan was not the best
		}
		near = wider
	}
	slices.Sort(near)
	key := fmt.Sprint(near)
	if found, ok := shrunk[key]; ok {
		return found
	}
	for _, i := range slices.Clone(near) {
		if without := slices.DeleteFunc(slices.Clone(near), func(k int32) bool { return k == i }); !s.possible(without, nil) {
			near = without
		}
	}
	var wishes []Wish
	var roomless []int32
	for _, i := range near {
		wishes = append(wishes, Wish{Kind: Meet, Pair: o.pairs[i].given})
	}
	for _, i := range near {
		if o.pairs[i].Room == None {
			continue
		}
		if !s.possible(near, append(roomless, i)) {
			roomless = append(roomless, i) // the conflict is the same without the wish for a room
		} else {
			wishes = append(wishes, Wish{Kind: KeepRoom, Pair: o.pairs[i].given})
		}
	}
	shrunk[key] = wishes
	return wishes
}

// possible reports whether the pairs can all have a slot, beside those that stand, some of them without a room.
func (s *solver) possible(pairs, roomless []int32) bool {
	q := *s.o.Problem
	q.Weights = Weights{Unplaced: 1}
	q.Pairs = nil
	for i := range s.o.pairs {
		x := s.o.Pairs[s.o.pairs[i].given]
		if slices.Contains(roomless, int32(i)) {
			x.Room = None
		}
		if x.Pinned != None || slices.Contains(pairs, int32(i)) {
			q.Pairs = append(q.Pairs, x)
		}
	}
	return newSolver(&q).solve().Cost() == 0
}
