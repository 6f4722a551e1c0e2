package slotting

import "slices"

// prices are what a quarter of a manager's week is worth to the team: Lagrange multipliers of "one 1:1 at a time". With any of
// them, the items' least priced costs less the prices of all quarters are no more than what a plan costs; so what a choice
// costs above its item's least bounds any plan with it from below. Choices too dear for the best plans are left out of the
// sweep, which loses none of these plans.
type prices struct {
	sum   [quartersPerWeek + 1]float64 // of the quarters before
	least []float64                    // by item the priced cost of its best choice, or of none
	bound float64                      // above the bases

	each  [quartersPerWeek]float64
	usage [quartersPerWeek]int16
	// by item and quarter, the least excess of the choices that end by then, that begin from then on
	before, after []float64
}

const eps = 1e-6 // for rounding; costs are whole

// find improves the prices, starting from nothing. best is what some plan costs above the bases.
func (p *prices) find(items []item, best float64) {
	rounds := 40
	if len(items) > 9 { // then a sweep costs more than better prices
		rounds = 40 * (len(items) - 8)
	}
	p.each = [quartersPerWeek]float64{}
	p.least = resize(p.least, len(items))
	lo, hi := quartersPerWeek, 0
	for i := range items {
		for _, c := range items[i].choices {
			lo, hi = min(lo, int(c.at)), max(hi, int(c.end))
		}
	}
	top := p.each
	topBound, step, stale := p.value(items, lo, hi), 1.0, 0
	bound := topBound
	for range rounds {
		norm := 0
		for q := lo; q < hi; q++ {
			if g := int(p.usage[q]) - 1; g > 0 || g < 0 && p.each[q] > 0 {
				norm += g * g
			}
		}
		if norm == 0 || best-bound < 0.5 {
			break
		}
		by := step * max(best-bound, 1) / float64(norm)
		for q := lo; q < hi; q++ {
			p.each[q] = max(0, p.each[q]+by*float64(p.usage[q]-1))
		}
		if bound = p.value(items, lo, hi); bound > topBound {
			topBound, top, stale = bound, p.each, 0
		} else if stale++; stale == 4 {
			step, stale = step/2, 0
		}
	}
	p.each = top
	p.bound = p.value(items, lo, hi)
}

// value is the bound that the prices give; it notes how many choices take each quarter.
func (p *prices) value(items []item, lo, hi int) float64 {
	for q := lo; q < hi; q++ {
		p.sum[q+1] = p.sum[q] + p.each[q]
		p.usage[q] = 0
	}
	for q := hi; q < quartersPerWeek; q++ {
		p.sum[q+1] = p.sum[q]
	}
	total := -p.sum[quartersPerWeek]
	for i := range items {
		least, which := float64(items[i].none), -1
		for x, c := range items[i].choices {
			if v := float64(c.cost) + p.sum[c.end] - p.sum[c.at]; v < least {
				least, which = v, x
			}
		}
		p.least[i] = least
		total += least
		if which >= 0 {
			for q := items[i].choices[which].at; q < items[i].choices[which].end; q++ {
				p.usage[q]++
			}
		}
	}
	return total
}

// excess is by how much a choice costs more than its item's best.
func (p *prices) excess(i int, c choice) float64 {
	return float64(c.cost) + p.sum[c.end] - p.sum[c.at] - p.least[i]
}

// tabulate prepares without.
func (p *prices) tabulate(items []item) {
	const n = quartersPerWeek + 1
	p.before, p.after = resize(p.before, len(items)*n), resize(p.after, len(items)*n)
	for i := range items {
		b, a := p.before[i*n:][:n], p.after[i*n:][:n]
		none := float64(items[i].none) - p.least[i]
		for q := range n {
			b[q], a[q] = none, none
		}
		for _, c := range items[i].choices {
			x := p.excess(i, c)
			b[c.end], a[c.at] = min(b[c.end], x), min(a[c.at], x)
		}
		for q := 1; q < n; q++ {
			b[q] = min(b[q], b[q-1])
		}
		for q := n - 2; q >= 0; q-- {
			a[q] = min(a[q], a[q+1])
		}
	}
}

// without is the least excess of item i when the spans are closed to it.
func (p *prices) without(i int, spans []Window) float64 {
	if len(spans) > 1 {
		return 0 // it may meet in between
	}
	const n = quartersPerWeek + 1
	return min(p.before[i*n+spans[0].From], p.after[i*n+spans[0].To])
}

// limits finds by item how much excess a choice may have and still be in a best plan around one of the footprints, or around
// none: costs are those of some plan for each, and free that of one without a footprint.
func (p *prices) limits(limits []float64, footprints [][]Window, costs []int64, free int64) {
	for i := range limits {
		limits[i] = float64(free) - p.bound
	}
	for s, spans := range footprints {
		room := float64(costs[s]) - p.bound - p.around(spans, len(limits))
		for i := range limits {
			limits[i] = max(limits[i], room+p.without(i, spans))
		}
	}
	for i := range limits {
		limits[i] += eps
	}
}

// around is the least that closing the spans adds to the bound.
func (p *prices) around(spans []Window, items int) float64 {
	c := 0.0
	for _, w := range spans {
		c += p.sum[w.To] - p.sum[w.From]
	}
	for i := range items {
		c += p.without(i, spans)
	}
	return c
}

// within are the items with those choices that keep tells to keep.
func within(dst []item, items []item, keep func(item int, c choice) bool) []item {
	dst = resize(dst, len(items))
	for i := range items {
		kept := dst[i].choices[:0]
		for _, c := range items[i].choices {
			if keep(i, c) {
				kept = append(kept, c)
			}
		}
		dst[i] = items[i]
		dst[i].choices = kept
	}
	return dst
}

// greedy is what a plan costs that takes the items one by one, those with the least choice first.
func greedy(items []item) float64 {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(items[a].choices) - len(items[b].choices) })
	var taken [quartersPerWeek]bool
	total := 0.0
	for _, i := range order {
		least, which := items[i].none, -1
		for x, c := range items[i].choices {
			if c.cost < least && !slices.Contains(taken[c.at:c.end], true) {
				least, which = c.cost, x
			}
		}
		total += float64(least)
		if which >= 0 {
			for q := items[i].choices[which].at; q < items[i].choices[which].end; q++ {
				taken[q] = true
			}
		}
	}
	return total
}
