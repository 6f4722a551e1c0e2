package slotting

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Explanation is why a pair has its slot: what it costs, and what others would.
type Explanation struct {
	Chosen   Choice
	Next     []Choice // the best other ones, the best first
	Possible int      // how many starts there are that nothing hard is against, the chosen one among them
	Against  string   // the hard rule that the chosen one breaks all the same: "outside the hours of raj"; "": none
}

// Choice is a slot that a pair may have.
type Choice struct {
	Slot  int
	Terms Terms // what it costs the two
	More  int   // what everybody together would pay more than for the chosen one, others of the team and the teams below having moved
}

// Compare sets the pair's slot in a plan beside the next best ones, at most n of them. Pinned pairs other than this one, and the
// manager's own 1:1, stay where they are. The pair must have a slot.
func Compare(p *Problem, slots []int, pair, n int) (Explanation, error) {
	if err := p.validate(); err != nil {
		return Explanation{}, fmt.Errorf("compare slots: %w", err)
	}
	if pair < 0 || pair >= len(p.Pairs) || len(slots) != len(p.Pairs) || slots[pair] == None {
		return Explanation{}, fmt.Errorf("compare slots: pair %d has none", pair)
	}
	q := *p
	q.Pairs = slices.Clone(p.Pairs)
	q.Pairs[pair].Pinned = None
	s := newSolver(&q)
	costs := s.compare(slots, pair)
	chosen, ok := costs[slots[pair]]
	if !ok && len(costs) > 0 { // pinned 1:1s are in its way, and so it has no price
		chosen = slices.Min(slices.Collect(maps.Values(costs)))
	}
	choice := func(slot, more int) Choice {
		t, _ := q.judge(q.Pairs[pair], slot)
		return Choice{slot, t, more}
	}
	out := Explanation{Chosen: choice(slots[pair], 0), Possible: len(costs)}
	if _, out.Against = q.judge(q.Pairs[pair], slots[pair]); out.Against == offGrid {
		out.Against = "" // a slot that stands may be
	}
	for slot, c := range costs {
		if slot != slots[pair] {
			out.Next = append(out.Next, choice(slot, int(c-chosen)))
		}
	}
	slices.SortFunc(out.Next, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(a.More, b.More), cmp.Compare(a.Terms.Sum(), b.Terms.Sum()), cmp.Compare(a.Slot, b.Slot))
	})
	out.Next = out.Next[:min(n, len(out.Next))]
	return out, nil
}

// compare finds what the pair's starts cost everybody, but for what is the same for all.
func (s *solver) compare(slots []int, pair int) map[int]int64 {
	o, t := s.o, &s.teams[0]
	which, own := 0, make([]int, len(slots))
	for i := range o.pairs {
		if own[i] = slots[o.pairs[i].given]; o.pairs[i].given == pair {
			which = i
		}
	}
	p := &o.pairs[which]
	o.keep(p, own[which])
	st := newState(o, own)
	x := &run{o: o, scale: 1}
	x.climb(s.levels, &s.teams)

	free := []int32{int32(which)}
	if !p.extra {
		free = slices.DeleteFunc(o.movable(p.Manager), func(i int32) bool { return o.pairs[i].extra || len(o.pairs[i].options) == 0 })
	}
	if !t.open(x, st, p, free) {
		free = []int32{int32(which)}
		t.open(x, st, p, free)
	}
	t.backward()
	item := slices.Index(free, int32(which))
	costs := map[int]int64{}
	for start, c := range t.choose(&t.f, item) {
		costs[start] = int64(c) + t.items[item].base
	}
	return costs
}

// keep makes the slot one that the pair may have, though something else than a pinned 1:1 be against it.
func (o *org) keep(p *pair, slot int) {
	at, _ := slices.BinarySearchFunc(p.options, slot, func(op option, s int) int { return cmp.Compare(int(op.start), s) })
	if at < len(p.options) && int(p.options[at].start) == slot || o.clash(p, p.Manager, slot) || o.clash(p, p.Report, slot) {
		return
	}
	terms, _ := o.judge(o.Pairs[p.given], slot)
	all := spans(o.clocks(p, p.Manager), slot, p.Duration)
	p.options = slices.Insert(p.options, at, option{int16(slot), int16(all[0].From), int16(all[len(all)-1].To), int32(terms.Sum())})
}

// open lays out a sweep of the free pairs of p's manager, for whom everything else stands but the teams below them. It reports
// whether that is possible in one sweep.
func (t *team) open(x *run, st *state, p *pair, free []int32) bool {
	o := x.o
	t.load(x, p.Manager)
	if p.extra {
		t.all = resize(t.all, 1)
		t.fill(x, &t.all[0], free[0])
	}
	t.all = slices.DeleteFunc(t.all, func(it item) bool { return !slices.Contains(free, it.pair) })
	for _, i := range free {
		st.book(int(i), -1)
		defer st.book(int(i), 1)
	}
	closed := st.taken(p.Manager, free)
	t.kept = within(t.kept, t.all, func(k int, c choice) bool {
		i := t.all[k].pair
		q := &o.pairs[i]
		// Below them the tree moves along; the pairs beyond it stay.
		theirs := st.taken(q.Report, append(o.tree(q.Report), i))
		var mine, other week
		mine.put(int(c.at), int(c.end))
		o.footprint(&other, q, q.Report, int(c.start))
		return !mine.touches(closed) && !other.touches(theirs) && !st.full(q, option{start: c.start})
	})
	t.items = t.kept
	t.blocks = o.blocks(t.blocks[:0], p.Manager, func(i int32) int {
		if slices.Contains(free, i) {
			return None
		}
		return st.slots[i]
	})
	t.plan(len(o.teams[p.Manager]))
	return len(free) <= maxItems && len(t.times)*t.planes<<len(free) <= maxCosts
}

// tree are the unpinned pairs of the manager that the tree has.
func (o *org) tree(v int) []int32 {
	return slices.DeleteFunc(o.movable(v), func(i int32) bool { return o.pairs[i].extra })
}

// choose is by start of the item the least cost of a plan in which it has that. back must be filled in.
func (w *sweep) choose(f *front, item int) map[int]int32 {
	costs := map[int]int32{}
	f.begin(w, w.reachOf()+1)
	f.open(0, 0)[0] = 0
	for j := range len(w.times) - 1 {
		for _, m := range w.movesAt(j) {
			if int(m.item) != item {
				continue
			}
			best := int32(infinite)
			for p := range w.planes {
				if !*f.live(j, p) {
					continue
				}
				to, cost := w.meet(p, w.times[j], w.times[m.to])
				have, rest := f.at(j, p), w.rest(int(m.to), to)
				for a := range have {
					if a>>item&1 == 0 {
						best = min(best, have[a]+m.cost+cost+rest[a|1<<item])
					}
				}
			}
			if best < infinite {
				costs[int(m.start)] = best
			}
		}
		f.leave(j, nil)
	}
	return costs
}
