package reconcile

import (
	"iter"
	"maps"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/lineage"
	"holdfast/internal/series"
)

// gather gives the pairs new views, and all those whose 1:1s may be in the way of theirs. It returns all that got one:
// they are to be judged.
func (o *office) gather(k known, of pairs) pairs {
	keys := map[string]bool{}
	for p, v := range viewsOf(k, of, false) {
		for _, key := range o.put(p, v) {
			keys[key] = true
		}
	}
	beside := pairs{}
	for key := range keys {
		for _, p := range o.near[key] {
			// A room is in the way of nothing but what is looked for anew.
			_, unfit := o.unfit[p]
			lost := func(f drift.Flag) bool { return f.Makeups != nil }
			if !isRoom(key) || unfit || slices.ContainsFunc(o.desks[p].found.Flags, lost) {
				beside[p] = true
			}
		}
	}
	maps.DeleteFunc(beside, func(p series.Pair, _ bool) bool { return of[p] })
	for p, v := range viewsOf(k, beside, false) {
		o.put(p, v)
	}
	return union(of, beside)
}

// fill gives a whole view to those of the pairs that have only a lean one: nothing about them is known anew.
func (o *office) fill(k known, of pairs) {
	lean := pairs{}
	for p := range of {
		if d := o.desks[p]; d != nil && d.lean {
			lean[p] = true
		}
	}
	for p, v := range viewsOf(k, lean, false) {
		o.put(p, v)
	}
}

// spell gives the views of the pairs the Raw of all events: something is to be written, and perhaps of what these say.
// It returns those that got a new one.
func (o *office) spell(k known, of pairs) pairs {
	bare := pairs{}
	for p := range of {
		if d := o.desks[p]; d != nil && !d.spelt && len(d.view.Chain)+len(d.view.Copies)+len(d.view.Gone) > 0 {
			bare[p] = true
		}
	}
	for p, v := range viewsOf(k, bare, true) {
		o.put(p, v)
		o.desks[p].spelt = true
	}
	return bare
}

// viewsOf are new views of these pairs, in order; nil for those of which there is nothing (any more). Without raw they
// lack the Raw of events.
func viewsOf(k known, of pairs, raw bool) iter.Seq2[series.Pair, *series.View] {
	return func(yield func(series.Pair, *series.View) bool) {
		for part := range of.parts(k.part) {
			views := gathered(k, part, raw)
			for _, p := range part.sorted() {
				if !yield(p, views[p]) {
					return
				}
			}
		}
	}
}

// gathered are the views of these pairs.
func gathered(k known, part pairs, raw bool) map[series.Pair]*series.View {
	places, observed, done := map[int]bool{}, map[string]lineage.Observed{}, map[string]bool{}
	for p := range part {
		for _, id := range []string{p.Manager, p.Report} {
			if done[id] {
				continue
			}
			done[id] = true
			for _, i := range k.lines.of[id] {
				places[i] = true
			}
			if o, ok := k.of[id]; ok {
				x := o.unpacked(raw)
				x.Busy = k.busy.busy(id, o.is, func() series.Snapshot { return x.Snapshot })
				observed[id] = x
			}
		}
	}
	want := make([]series.Series, 0, len(places))
	for _, i := range slices.Sorted(maps.Keys(places)) {
		want = append(want, k.line(i))
	}
	out := map[series.Pair]*series.View{}
	for _, v := range lineage.Gather(want, observed) {
		if part[v.Pair] {
			out[v.Pair] = v
		}
	}
	return out
}
