package slotting

// item is an unpinned report of the team that is swept.
type item struct {
	pair    int32
	base    int64    // the least cost of all it may have, none included
	none    int32    // what no slot costs more than that
	choices []choice // by start
}

// choice is an option with all that hangs on it: its price, and the teams below. cost is above the item's base.
type choice struct {
	start, at, end int16
	cost           int32
}

// block is a run of pinned 1:1s of the manager that overlap, usually one of them.
type block struct {
	from, to int16
	parts    []Window // by start
}

const (
	infinite = 1 << 29
	// dear is what a choice costs at most: sixteen of them stay below infinite.
	dear = 1 << 25
)

// sweep finds the best times of one manager's 1:1s, by running over the points of the week at which one may start or end.
// The state at a point is the set of reports that have met, how many 1:1s the day has seen, and how many of them run up to
// the point without a gap. The latter two are a plane; tables hold for each point and plane the costs by set.
type sweep struct {
	items  []item
	blocks []block
	mode   Mode
	perDay int // 1:1s a day that cost a spreading manager nothing
	rowMax int // saturation of the row; rows are not counted where they cannot get longer
	rows   int
	day    int32 // cost of a day, of a 1:1 too many in a row
	row    int32

	planes, sets int
	times        []int16
	floor        [quartersPerWeek + 1]int16 // by quarter the last point not after it
	moves        []move                     // by point, then by item
	first        []int32                    // by point its first move
	forced       []int32                    // by point the block that begins there, or -1
	reached      []bool                     // by point and plane: it can occur
	none         []int32                    // by set what the others cost without a slot
	back         []int32                    // by point, plane, set the least cost from there on
}

// move is a choice seen from its point.
type move struct {
	item  int32
	start int16
	to    int32 // point at which it ends
	cost  int32
}

// plan lays out the points, and the planes that can occur at them.
func (w *sweep) plan(reports int) {
	w.rows = 1
	if reports > w.rowMax {
		w.rows = w.rowMax + 1
	}
	days := 1
	switch w.mode {
	case Batch:
		days = 2
	case Spread:
		w.perDay = (reports + 4) / 5
		days = w.perDay + 1
	}
	w.planes, w.sets = days*w.rows, 1<<len(w.items)

	var points week
	points.put(0, 1)
	for i := range w.items {
		for _, c := range w.items[i].choices {
			points.put(int(c.at), int(c.at)+1)
			if c.end < quartersPerWeek {
				points.put(int(c.end), int(c.end)+1)
			}
		}
	}
	for _, b := range w.blocks {
		points.put(int(b.from), int(b.from)+1)
		if b.to < quartersPerWeek {
			points.put(int(b.to), int(b.to)+1)
		}
	}
	w.times = w.times[:0]
	for q := range quartersPerWeek {
		if points[q/64]>>(q%64)&1 != 0 {
			w.times = append(w.times, int16(q))
		}
		w.floor[q] = int16(len(w.times) - 1)
	}
	w.times = append(w.times, quartersPerWeek)
	w.floor[quartersPerWeek] = int16(len(w.times) - 1)

	w.moves = w.moves[:0]
	w.first = resize(w.first, len(w.times)+1)
	clear(w.first)
	for i := range w.items {
		for _, c := range w.items[i].choices {
			w.first[w.floor[c.at]+1]++
		}
	}
	for j := range w.times {
		w.first[j+1] += w.first[j]
	}
	w.moves = resize(w.moves, int(w.first[len(w.times)]))
	for i := range w.items {
		for _, c := range w.items[i].choices {
			j := w.floor[c.at]
			w.moves[w.first[j]] = move{int32(i), c.start, int32(w.floor[c.end]), c.cost}
			w.first[j]++
		}
	}
	copy(w.first[1:], w.first)
	w.first[0] = 0
	w.forced = resize(w.forced, len(w.times))
	for j := range w.forced {
		w.forced[j] = -1
	}
	for i, b := range w.blocks {
		w.forced[w.floor[b.from]] = int32(i)
	}
	w.reach()
}

// movesAt are the moves that begin at the point.
func (w *sweep) movesAt(j int) []move { return w.moves[w.first[j]:w.first[j+1]] }

func (w *sweep) reach() {
	w.reached = resize(w.reached, len(w.times)*w.planes)
	clear(w.reached)
	w.reached[0] = true
	for j := range len(w.times) - 1 {
		for p := range w.planes {
			if !w.reached[j*w.planes+p] {
				continue
			}
			if b := w.forced[j]; b >= 0 {
				to, _ := w.through(&w.blocks[b], p)
				w.reached[int(w.floor[w.blocks[b].to])*w.planes+to] = true
				continue
			}
			w.reached[(j+1)*w.planes+w.idle(p, j, j+1)] = true
			last := int32(-1)
			for _, m := range w.movesAt(j) {
				if m.to != last { // most of them end together
					last = m.to
					to, _ := w.meet(p, w.times[j], w.times[m.to])
					w.reached[int(last)*w.planes+to] = true
				}
			}
		}
	}
}

func dayOf(q int16) int16 { return q / quartersPerDay }

// idle is the plane after nothing from one point to a later one.
func (w *sweep) idle(plane, from, to int) int {
	if dayOf(w.times[from]) != dayOf(w.times[to]) {
		return 0
	}
	return plane - plane%w.rows
}

// meet is the plane after a 1:1, and what it costs for being one more of the day and of the row.
func (w *sweep) meet(plane int, at, end int16) (int, int32) {
	n, r := plane/w.rows, plane%w.rows
	var cost int32
	if r == w.rowMax {
		cost += w.row
	} else if w.rows > 1 {
		r++
	}
	switch {
	case w.mode == Batch && n == 0:
		n, cost = 1, cost+w.day
	case w.mode == Spread && n == w.perDay:
		cost += w.day
	case w.mode == Spread:
		n++
	}
	if dayOf(at) != dayOf(end) {
		n = 0
	}
	return n*w.rows + r, cost
}

// through is the plane after the block, and its cost.
func (w *sweep) through(b *block, plane int) (int, int32) {
	var cost int32
	now, today := b.from, dayOf(b.from)
	for _, part := range b.parts {
		at := int16(part.From)
		if at != now {
			plane -= plane % w.rows
		}
		if dayOf(at) != today {
			plane, today = plane%w.rows, dayOf(at)
		}
		var c int32
		plane, c = w.meet(plane, at, at)
		cost, now = cost+c, int16(part.To)
	}
	if now != b.to {
		plane -= plane % w.rows
	}
	if dayOf(b.to) != today {
		plane %= w.rows
	}
	return plane, cost
}

// backward fills in w.back.
func (w *sweep) backward() {
	w.closing()
	w.back = resize(w.back, len(w.times)*w.planes*w.sets)
	end := len(w.times) - 1
	for p := range w.planes {
		copy(w.rest(end, p), w.none)
	}
	for j := end - 1; j >= 0; j-- {
		for p := range w.planes {
			if !w.reached[j*w.planes+p] {
				continue
			}
			dst := w.rest(j, p)
			if b := w.forced[j]; b >= 0 {
				to, cost := w.through(&w.blocks[b], p)
				for a, c := range w.rest(int(w.floor[w.blocks[b].to]), to) {
					dst[a] = c + cost
				}
				continue
			}
			copy(dst, w.rest(j+1, w.idle(p, j, j+1)))
			for _, m := range w.movesAt(j) {
				to, cost := w.meet(p, w.times[j], w.times[m.to])
				pull(dst, w.rest(int(m.to), to), 1<<m.item, m.cost+cost)
			}
		}
	}
}

// rest are the costs by set from the point on.
func (w *sweep) rest(point, plane int) []int32 {
	return w.back[(point*w.planes+plane)*w.sets:][:w.sets]
}

// closing finds by set what it costs to leave the others without a slot. A batching manager's first day is free.
func (w *sweep) closing() {
	w.none = resize(w.none, w.sets)
	all := int32(0)
	for i := range w.items {
		all += w.items[i].none
	}
	w.none[0] = all
	for i := range w.items {
		for a := range 1 << i {
			w.none[1<<i|a] = w.none[a] - w.items[i].none
		}
	}
	if w.mode == Batch {
		for a := range w.none {
			if a > 0 || len(w.blocks) > 0 {
				w.none[a] -= w.day
			}
		}
	}
}

// pull lowers dst[a] to src[a with bit] + cost, for each set a without bit.
func pull(dst, src []int32, bit int, cost int32) {
	for base := 0; base < len(dst); base += 2 * bit {
		d, s := dst[base:base+bit], src[base+bit:base+2*bit]
		for x := range d {
			d[x] = min(d[x], s[x]+cost)
		}
	}
}

// push lowers dst[a with bit] to src[a] + cost, for each set a without bit.
func push(dst, src []int32, bit int, cost int32) {
	for base := 0; base < len(dst); base += 2 * bit {
		d, s := dst[base+bit:base+2*bit], src[base:base+bit]
		for x := range d {
			d[x] = min(d[x], s[x]+cost)
		}
	}
}

// best is the least cost of all, above the bases.
func (w *sweep) best() int64 { return int64(w.back[0]) }

// follow reads the slots of a best plan off w.back: the start of each item, or None. Of several it is that which has a 1:1
// the earliest, with the first item.
func (w *sweep) follow(slots []int) {
	for i := range slots {
		slots[i] = None
	}
	p, a := 0, 0
	for j := 0; j < len(w.times)-1; {
		if b := w.forced[j]; b >= 0 {
			p, _ = w.through(&w.blocks[b], p)
			j = int(w.floor[w.blocks[b].to])
			continue
		}
		now := w.rest(j, p)[a]
		next := j + 1
		to := w.idle(p, j, next)
		for _, m := range w.movesAt(j) {
			q, cost := w.meet(p, w.times[j], w.times[m.to])
			if a>>m.item&1 == 0 && w.rest(int(m.to), q)[a|1<<m.item]+m.cost+cost == now {
				slots[m.item] = int(m.start)
				a, next, to = a|1<<m.item, int(m.to), q
				break
			}
		}
		j, p = next, to
	}
}

// resize is s with n elements; those that it had are as they were.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}
