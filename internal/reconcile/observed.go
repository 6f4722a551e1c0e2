package reconcile

import "holdfast/internal/series"

// observed is series.Observed as it is kept throughout a round: those of everybody would be too much at once.
type observed struct {
	is, was       series.Packed
	stale, missed bool
}

func (o observed) looked() series.Looked {
	return series.Looked{At: o.is.At, Before: o.was.At, Missed: o.stale || o.missed}
}

func (o observed) unpacked() series.Observed {
	out := series.Observed{Snapshot: o.is.Snapshot(), Stale: o.stale, Missed: o.missed}
	if out.Last = out.Snapshot; !o.is.Same(o.was) {
		out.Last = o.was.Snapshot()
	}
	out.Last.At, out.Last.FullAt, out.Last.Cursor = o.was.At, o.was.FullAt, o.was.Cursor
	return out
}

// unpacked are the calendars of everybody.
func (x *round) unpacked() map[string]series.Observed {
	out := make(map[string]series.Observed, len(x.observed))
	for id, o := range x.observed {
		out[id] = o.unpacked()
	}
	return out
}
