package slotting

import "math/bits"

// calendar is one person's week, quarter by quarter, ready for many questions.
type calendar struct {
	person     *Person
	hard, soft [quartersPerWeek]uint64 // the weeks in which it is taken
	work, like [quartersPerWeek]int16  // the end of the window it is in; 0: in none
	avoid      [quartersPerWeek]bool
	first      int // of the work of the week
	last       int
}

func (c *calendar) load(p *Person) {
	*c = calendar{person: p}
	for _, b := range p.Busy {
		days := &c.soft
		if b.Hard {
			days = &c.hard
		}
		for q := b.Start; q < b.Start+b.Length; q++ {
			days[q%quartersPerWeek] |= b.Mask
		}
	}
	fill(&c.work, p.Work)
	fill(&c.like, p.Prefer)
	for _, w := range p.Avoid {
		for q := w.From; q < w.To; q++ {
			c.avoid[q] = true
		}
	}
	c.first, c.last = edges(p.Work)
}

func fill(ends *[quartersPerWeek]int16, ws []Window) {
	for _, w := range ws {
		for q := w.From; q < w.To; q++ {
			ends[q] = max(ends[q], int16(w.To))
		}
	}
}

// edges are when the working week begins and ends; without working time, nowhere.
func edges(work []Window) (first, last int) {
	if len(work) == 0 {
		return -quartersPerWeek, 3 * quartersPerWeek
	}
	ws := byFrom(work)
	return ws[0].From, ws[len(ws)-1].To
}

// fit is what a start is for a person.
type fit int

const (
	fits fit = iota
	offHours
	overHard
)

// cost is what a meeting at start, on a clock that the shifts lead from, costs the person; prefer is the weight of their
// liking.
func (c *calendar) cost(o *org, shifts []shift, start, length, prefer int) (int, fit) {
	w := &o.Weights
	total, odd := 0, 0
	disliked, avoided, edge := false, false, false
	for _, s := range shifts {
		if !s.on(start) {
			continue
		}
		a := start + s.by
		if a >= quartersPerWeek {
			a -= quartersPerWeek
		}
		b := a + length
		if int(c.work[a]) < b {
			return 0, offHours
		}
		var hard, soft uint64
		for q := a; q < b; q++ {
			hard |= c.hard[q]
			soft |= c.soft[q]
			avoided = avoided || c.avoid[q]
		}
		if hard&s.weeks != 0 {
			return 0, overHard
		}
		total += w.Collision * bits.OnesCount64(soft&s.weeks)
		disliked = disliked || int(c.like[a]) < b
		edge = edge || a < c.first+4 && b > c.first || a < c.last && b > c.last-4
		odd = max(odd, c.person.oddHours(a, b))
	}
	if disliked && len(c.person.Prefer) > 0 {
		total += prefer
	}
	if avoided {
		total += w.Avoid
	}
	if edge {
		total += w.Edge
	}
	return total + w.Odd*odd*odd, fits
}

// oddHours are the half-hours, rounded up, of [a, b) outside the social hours of the day.
func (p *Person) oddHours(a, b int) int {
	day := a - a%quartersPerDay
	return (max(0, day+p.Core.From-a)+1)/2 + (max(0, b-day-p.Core.To)+1)/2
}

// findOptions fills in what each unpinned pair of the manager may have.
func (o *org) findOptions(manager int, mine, theirs *calendar) {
	loaded := false
	for _, i := range o.teams[manager] {
		p := &o.pairs[i]
		if p.pinned() {
			continue
		}
		if !loaded {
			mine.load(o.people[manager])
			loaded = true
		}
		theirs.load(o.people[p.Report])
		p.options = o.options(p, mine, theirs)
	}
}

func (o *org) options(p *pair, mine, theirs *calendar) []option {
	var out []option
	ms, rs := o.clocks(p, p.Manager), o.clocks(p, p.Report)
	for s := 0; s < quartersPerWeek; s += o.Grid {
		a, why := mine.cost(o, ms, s, p.Duration, o.Weights.PreferManager)
		if why != fits || s == p.Leave {
			continue
		}
		b, why := theirs.cost(o, rs, s, p.Duration, o.Weights.PreferReport)
		if why != fits || o.clash(p, p.Manager, s) || o.clash(p, p.Report, s) {
			continue
		}
		at, end := s, s+p.Duration
		if len(ms) > 1 || ms[0].by != 0 {
			// The whole stretch counts as taken, and may not run over the end of the week.
			all := spans(ms, s, p.Duration)
			if at, end = all[0].From, all[len(all)-1].To; end-at > quartersPerDay {
				continue
			}
		}
		cost := a + b
		if p.Current != None && p.Current != s {
			cost += o.Weights.Move
		}
		if out == nil {
			out = make([]option, 0, 64)
		}
		out = append(out, option{int16(s), int16(at), int16(end), int32(cost)})
	}
	return out
}

// clash reports whether a pinned pair of the person takes some of the time.
func (o *org) clash(p *pair, person, start int) bool {
	if o.taken[person] == nil {
		return false
	}
	var w week
	o.footprint(&w, p, person, start)
	return w.touches(o.taken[person])
}

// reason tells why the pair has no slot.
func (o *org) reason(p *pair, mine, theirs *calendar) Reason {
	if len(p.options) > 0 {
		return Taken
	}
	mine.load(o.people[p.Manager])
	theirs.load(o.people[p.Report])
	why := NoHours
	for s := 0; s < quartersPerWeek; s += o.Grid {
		_, a := mine.cost(o, o.clocks(p, p.Manager), s, p.Duration, 0)
		_, b := theirs.cost(o, o.clocks(p, p.Report), s, p.Duration, 0)
		switch {
		case a == fits && b == fits:
			return Taken
		case a != offHours && b != offHours:
			why = NoTime
		}
	}
	return why
}
