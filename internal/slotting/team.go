package slotting

import (
	"cmp"
	"slices"
)

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
}

// load sets up the team of v: its unpinned reports that may have a slot. It returns what the others cost, and every base.
func (t *team) load(x *run, v int) int64 {
	o := x.o
	w := &o.Weights
	t.blocks = t.blocks[:0]
	t.mode, t.rowMax = o.people[v].Mode, o.RowMax
	t.row, t.day = int32(x.scale)*int32(w.Row), int32(x.scale)*int32(w.Day)
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
		it.pair, it.base = i, none
		for k := range p.options {
			it.base = min(it.base, x.cost(p, int(i), k))
		}
		it.none = int32(min(none-it.base, dear))
		it.choices = it.choices[:0]
		for k, op := range p.options {
			it.choices = append(it.choices, choice{op.start, op.at, op.end, int32(min(x.cost(p, int(i), k)-it.base, dear))})
		}
		total += it.base
	}
	t.all = t.all[:n]
	t.blocks = o.blocks(t.blocks, v)
	return total
}

// cost is what the pair's option costs with all that hangs on it.
func (x *run) cost(p *pair, i, option int) int64 {
	op := p.options[option]
	c := x.scale * int64(op.cost)
	if below := x.below[i]; below != nil {
		c += below[option]
	}
	if x.rent != nil && p.NeedsRoom {
		if rent := x.rent[x.o.people[p.Manager].Zone]; rent != nil {
			c += rent[op.end] - rent[op.at]
		}
	}
	return c
}

// blocks are the pinned 1:1s of the manager with reports.
func (o *org) blocks(out []block, v int) []block {
	var parts []Window
	for _, i := range o.teams[v] {
		if p := &o.pairs[i]; p.pinned() {
			s := (p.Pinned + o.clocks(p, v)[0].by) % quartersPerWeek
			parts = append(parts, Window{s, s + p.Duration})
		}
	}
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
			t.footprints = append(t.footprints, o.spans(p, v, int(op.start)))
		}
	}
	total := t.load(x, v)
	t.costs = resize(t.costs, len(t.footprints))
	free := t.settle(len(o.teams[v]))
	if own < 0 {
		x.root[v] = total + free
	} else {
		x.none[own] = total + free
		x.below[own] = make([]int64, len(t.costs))
		for i, c := range t.costs {
			x.below[own][i] = total + c
		}
	}
	x.kept[v] = clone(t.items)
	if x.done != nil {
		x.done(v)
	}
}

// spans is what the pair takes of the person's week, slot at start.
func (o *org) spans(p *pair, v, start int) []Window {
	clocks := o.clocks(p, v)
	if len(clocks) == 1 {
		if s := (start + clocks[0].by) % quartersPerWeek; s+p.Duration <= quartersPerWeek {
			return []Window{{s, s + p.Duration}}
		}
	}
	var w week
	o.footprint(&w, p, v, start)
	return w.spans()
}

// settle finds t.costs, and returns the cost without a footprint. t.items are left with the choices that matter.
func (t *team) settle(reports int) int64 {
	t.items = t.all
	if len(t.all) < 4 {
		return t.sweepAll(reports)
	}
	t.p.find(t.all, greedy(t.all))
	t.p.tabulate(t.all)
	t.limits, t.now = resize(t.limits, len(t.all)), resize(t.now, len(t.all))
	// A first guess of the costs; where it is too low, the sweep's own are the second, and cannot be.
	for s, spans := range t.footprints {
		c := t.p.bound + slack
		for _, w := range spans {
			c += t.p.sum[w.To] - t.p.sum[w.From]
		}
		for i := range t.all {
			c += t.p.without(i, spans)
		}
		t.costs[s] = int64(c)
	}
	t.p.limits(t.limits, t.footprints, t.costs, int64(t.p.bound+slack))
	for {
		t.kept = t.p.within(t.kept, t.all, t.limits)
		t.items = t.kept
		free := t.sweepAll(reports)
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

var slack = 10.0

func (t *team) sweepAll(reports int) int64 {
	t.plan(reports)
	t.backward()
	if len(t.footprints) > 0 {
		t.around(&t.f, &t.side, t.footprints, t.costs)
	}
	return t.best()
}

// down reads off the slots of v's team, v's own being chosen.
func (t *team) down(x *run, v int) {
	o := x.o
	var closed week
	if own := o.own(v); own >= 0 && x.slots[own] != None {
		o.footprint(&closed, &o.pairs[own], v, x.slots[own])
	}
	t.items = t.items[:0]
	for _, it := range x.kept[v] {
		it.choices = slices.DeleteFunc(it.choices, func(c choice) bool {
			var w week
			w.put(int(c.at), int(c.end))
			return w.touches(&closed)
		})
		t.items = append(t.items, it)
	}
	x.kept[v] = nil
	t.mode, t.rowMax = o.people[v].Mode, o.RowMax
	t.row, t.day = int32(x.scale)*int32(o.Weights.Row), int32(x.scale)*int32(o.Weights.Day)
	t.blocks = o.blocks(t.blocks[:0], v)
	t.plan(len(o.teams[v]))
	t.backward()
	t.slots = resize(t.slots, len(t.items))
	t.follow(t.slots)
	for i, it := range t.items {
		x.slots[it.pair] = t.slots[i]
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

var _ = cmp.Compare[int]
