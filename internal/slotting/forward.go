package slotting

// front is the costs by plane and set of having come to a point, for a window of points that moves on.
type front struct {
	w     *sweep
	size  int // points in the window
	costs []int32
	alive []bool // by point and plane
}

func (f *front) begin(w *sweep, size int) {
	f.w, f.size = w, size
	f.costs = resize(f.costs, size*w.planes*w.sets)
	f.alive = resize(f.alive, size*w.planes)
	clear(f.alive)
}

func (f *front) at(point, plane int) []int32 {
	return f.costs[(point%f.size*f.w.planes+plane)*f.w.sets:][:f.w.sets]
}

func (f *front) live(point, plane int) *bool { return &f.alive[point%f.size*f.w.planes+plane] }

// open is at, without costs as yet if nothing led there.
func (f *front) open(point, plane int) []int32 {
	dst, live := f.at(point, plane), f.live(point, plane)
	if !*live {
		*live = true
		for a := range dst {
			dst[a] = infinite
		}
	}
	return dst
}

func lower(dst, src []int32, cost int32) {
	src = src[:len(dst)]
	for a := range dst {
		dst[a] = min(dst[a], src[a]+cost)
	}
}

// leave goes on from the point by every move that keeps out of the blocked quarters, and forgets it.
func (f *front) leave(j int, blocked *week) {
	w := f.w
	for p := range w.planes {
		if !*f.live(j, p) {
			continue
		}
		src := f.at(j, p)
		if b := w.forced[j]; b >= 0 {
			to, cost := w.through(&w.blocks[b], p)
			lower(f.open(int(w.floor[w.blocks[b].to]), to), src, cost)
			continue
		}
		if q := w.idle(p, j, j+1); *f.live(j+1, q) {
			lower(f.at(j+1, q), src, 0)
		} else {
			*f.live(j+1, q) = true
			copy(f.at(j+1, q), src)
		}
		for _, m := range w.movesAt(j) {
			if blocked != nil {
				var x week
				if x.put(int(w.times[j]), int(w.times[m.to])); x.touches(blocked) {
					continue
				}
			}
			to, cost := w.meet(p, w.times[j], w.times[m.to])
			push(f.open(int(m.to), to), src, 1<<m.item, m.cost+cost)
		}
	}
	for p := range w.planes {
		*f.live(j, p) = false
	}
}

// reachOf is by how many points a move goes on at most.
func (w *sweep) reachOf() int {
	far := 1
	for j := range w.times {
		for _, m := range w.movesAt(j) {
			far = max(far, int(m.to)-j)
		}
		if b := w.forced[j]; b >= 0 {
			far = max(far, int(w.floor[w.blocks[b].to])-j)
		}
	}
	return far
}

// around finds for each of the footprints (spans in order, clear of the blocks) the least cost of a plan that keeps out
// of it. back must be filled in.
func (w *sweep) around(f, side *front, footprints [][]Window, costs []int64) {
	byPoint := make([][]int32, len(w.times))
	for i, spans := range footprints {
		j := w.floor[spans[0].From]
		byPoint[j] = append(byPoint[j], int32(i))
	}
	f.begin(w, w.reachOf()+1)
	f.open(0, 0)[0] = 0
	for j := range len(w.times) - 1 {
		for _, i := range byPoint[j] {
			costs[i] = w.pass(f, side, j, footprints[i])
		}
		f.leave(j, nil)
	}
}

// pass is the least cost of coming to the point as f has it, keeping out of the spans that follow, and going on as back has
// it.
func (w *sweep) pass(f, side *front, j int, spans []Window) int64 {
	end := spans[len(spans)-1].To
	to := int(w.floor[end])
	if int(w.times[to]) < end {
		to++
	}
	if len(spans) > 1 {
		var blocked week
		for _, s := range spans {
			blocked.put(s.From, s.To)
		}
		side.begin(w, to-j+1)
		for p := range w.planes {
			if *f.live(j, p) {
				copy(side.open(j, p), f.at(j, p))
			}
		}
		for x := j; x < to; x++ {
			side.leave(x, &blocked)
		}
		f, j = side, to
	}
	best := int32(infinite)
	for p := range w.planes {
		if !*f.live(j, p) {
			continue
		}
		q := p
		if j < to {
			q = w.idle(p, j, to)
		}
		have, rest := f.at(j, p), w.rest(to, q)
		rest = rest[:len(have)]
		for a := range have {
			best = min(best, have[a]+rest[a])
		}
	}
	return int64(best)
}
