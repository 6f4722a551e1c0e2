package slotting

import "slices"

// team is what one sweep needs, kept for the next one.
type team struct {
	sweep
	all         []item
	kept        []item
	f, side     front
	p           prices
	limits, now []float64
	costs       []int64
	slots       []int
	footprints  [][]Window
	mine        calendar
	theirs      calendar
	large       bool // it was too much for one sweep
	relaxed     bool // a team too large for one sweep is to cost no more than it must
}

// load sets up the team of v: its unpinned reports that may have a slot. It returns what the others cost, and every base.
func (t *team) load(x *run, v int) int64 {
	o := x.o
	w := &o.Weights
	t.rules(o, v, x.scale)
	total := int64(0)
	n := 0
	for _, i := range o.teams[v] {
		p := &o.pairs[i]
		if p.pinned() || p.extra {
			continue
		}
		none := x.scale*int64(p.none(w)) + x.none[i]
		if len(p.options) == 0 {
			total += none
			continue
		}
		t.all = resize(t.all, n+1)
		it := &t.all[n]
		n++
		t.fill(x, it, i)
		total += it.base
	}
	t.all = t.all[:n]
	t.blocks = o.blocks(t.blocks[:0], v, o.pin)
	return total
}

// fill makes the item of a pair.
func (t *team) fill(x *run, it *item, i int32) {
	p := &x.o.pairs[i]
	none := x.scale*int64(p.none(&x.o.Weights)) + x.none[i]
	it.pair, it.base = i, none
	for k := range p.options {
		it.base = min(it.base, x.cost(p, int(i), k))
	}
	it.none = int32(min(none-it.base, dear))
	it.choices = it.choices[:0]
	for k, op := range p.options {
		if x.barred != nil && x.barred[i] != nil && x.o.roomWeek(p, int(op.start)).touches(x.barred[i]) {
			continue
		}
		it.choices = append(it.choices, choice{op.start, op.at, op.end, int32(min(x.cost(p, int(i), k)-it.base, dear))})
	}
}

// rules are what the manager's team costs as a whole.
func (t *team) rules(o *org, v int, scale int64) {
	t.mode, t.rowMax = o.people[v].Mode, o.RowMax
	t.row, t.day = int32(scale)*int32(o.Weights.Row), int32(scale)*int32(o.Weights.Day)
}

// cost is what the pair's option costs with all that hangs on it.
func (x *run) cost(p *pair, i, option int) int64 {
	op := p.options[option]
	c := x.scale * int64(op.cost)
	if below := x.below[i]; below != nil {
		c += below[option]
	}
	if x.rent != nil && p.Room != None {
		rent := x.rent[p.Room]
		for _, w := range x.o.rented(p, int(op.start)) {
			c += rent[w.To] - rent[w.From]
		}
	}
	return c
}

func (o *org) pin(i int32) int { return o.pairs[i].Pinned }

// blocks are the 1:1s of the manager with those reports for whom slot tells one that stands.
func (o *org) blocks(out []block, v int, slot func(pair int32) int) []block {
	var parts []Window
	for _, i := range o.teams[v] {
		if s := slot(i); s != None {
			p := &o.pairs[i]
			s = (s + o.clocks(p, v)[0].by) % quartersPerWeek
			parts = append(parts, Window{s, s + p.Duration})
		}
	}
	return joined(out, parts)
}

// joined makes blocks of 1:1s that may overlap.
func joined(out []block, parts []Window) []block {
	slices.SortFunc(parts, compareWindows)
	for _, w := range parts {
		to := int16(min(w.To, quartersPerWeek))
		if n := len(out); n > 0 && int16(w.From) < out[n-1].to {
			out[n-1].to = max(out[n-1].to, to)
			out[n-1].parts = append(out[n-1].parts, w)
		} else {
			out = append(out, block{int16(w.From), to, []Window{w}})
		}
	}
	return out
}

// up finds what the team of v costs: for each slot of v's own 1:1, or as it is.
func (t *team) up(x *run, v int) {
	o := x.o
	own := o.own(v)
	t.footprints = t.footprints[:0]
	if own >= 0 {
		p := &o.pairs[own]
		for _, op := range p.options {
			t.footprints = append(t.footprints, spans(o.clocks(p, v), int(op.start), p.Duration))
		}
	}
	total := t.load(x, v)
	t.costs = resize(t.costs, len(t.footprints))
	free := t.settle(o, len(o.teams[v]), x.scale)
	if own < 0 {
		x.root[v] = total + free
	} else {
		x.none[own] = total + free
		x.below[own] = make([]int64, len(t.costs))
		for i, c := range t.costs {
			x.below[own][i] = total + c
		}
	}
	x.kept[v] = clone(t.kept)
	if t.large {
		x.large.Store(true)
	}
}

// slack is the first guess of how much the best plan around a footprint costs above its bound.
const slack = 10

// settle finds t.costs, and returns the cost without a footprint. t.slots are then those of t.kept, which has all
// choices that best plans take.
func (t *team) settle(o *org, reports int, scale int64) int64 {
	t.large = false
	if len(t.all) < 4 {
		t.kept = within(t.kept, t.all, func(int, choice) bool { return true })
		t.sweepKept(o, reports)
		return t.best()
	}
	t.p.find(t.all, greedy(t.all))
	t.p.tabulate(t.all)
	t.limits, t.now = resize(t.limits, len(t.all)), resize(t.now, len(t.all))
	// A first guess of the costs; where it is too low, the sweep's own are the second, and cannot be.
	guess := t.p.bound + float64(slack*scale)
	for s, spans := range t.footprints {
		t.costs[s] = int64(guess + t.p.around(spans, len(t.all)))
	}
	t.p.limits(t.limits, t.footprints, t.costs, int64(guess))
	for {
		t.kept = within(t.kept, t.all, func(i int, c choice) bool { return t.p.excess(i, c) <= t.limits[i] })
		if t.large = !t.sweepKept(o, reports); t.large {
			return t.settleLarge(o, reports)
		}
		free := t.best()
		t.p.limits(t.now, t.footprints, t.costs, free)
		enough := true
		for i := range t.now {
			enough = enough && t.now[i] <= t.limits[i]
		}
		if enough {
			return free
		}
		t.limits, t.now = t.now, t.limits
	}
}

const (
	maxItems = 15      // in one sweep
	maxCosts = 1 << 26 // in one table
	bigTable = 1 << 23 // of which there is one at a time
)

// sweepKept sweeps the kept choices, unless they are too many.
func (t *team) sweepKept(o *org, reports int) bool {
	t.items = t.kept
	t.plan(reports)
	size := len(t.times) * t.planes << min(len(t.items), maxItems+1)
	if len(t.items) > maxItems || size > maxCosts {
		return false
	}
	if size > bigTable {
		o.big.Lock()
		defer o.big.Unlock()
		defer t.shrink()
	}
	t.backward()
	if len(t.footprints) > 0 {
		t.around(&t.f, &t.side, t.footprints, t.costs)
	}
	t.slots = resize(t.slots, len(t.items))
	t.follow(t.slots)
	return true
}

// shrink gives large tables back.
func (t *team) shrink() { t.back, t.f.costs, t.side.costs = t.back[:1:1], nil, nil }

// down reads off the slots of v's team, v's own being chosen.
func (t *team) down(x *run, v int) {
	o := x.o
	var closed week
	if own := o.own(v); own >= 0 && x.slots[own] != None {
		o.footprint(&closed, &o.pairs[own], v, x.slots[own])
	}
	t.all = within(t.all, x.kept[v], func(_ int, c choice) bool {
		var w week
		w.put(int(c.at), int(c.end))
		return !w.touches(&closed)
	})
	x.kept[v] = nil
	t.rules(o, v, x.scale)
	t.blocks = o.blocks(t.blocks[:0], v, o.pin)
	t.footprints = t.footprints[:0]
	t.kept, t.all = t.all, t.kept
	if !t.sweepKept(o, len(o.teams[v])) {
		t.kept, t.all = t.all, t.kept
		t.settle(o, len(o.teams[v]), x.scale)
	}
	for i, slot := range t.slots {
		x.slots[t.kept[i].pair] = slot
	}
}

func clone(items []item) []item {
	out := slices.Clone(items)
	n := 0
	for _, it := range items {
		n += len(it.choices)
	}
	flat := make([]choice, 0, n)
	for i, it := range items {
		flat = append(flat, it.choices...)
		out[i].choices = flat[len(flat)-len(it.choices):]
	}
	return out
}
