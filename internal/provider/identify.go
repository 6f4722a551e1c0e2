package provider

import (
	"slices"

	"holdfast/internal/series"
)

// Named is what an event's identity (UID, or id at Google) says of itself where it is one that Create makes.
type Named struct {
	Key        string // of the pair: series.Pair.Key; "" where the identity is none of ours
	Generation int
}

// Identify completes what e says of its identity: pair and generation where only the identity is left of the mark, as
// on attendees' copies, and whether the identity is the one that Create makes of its mark. It reports whether e is
// ours: a mark counts only for a pair of in, under its ids of today or of earlier days. The mark of any other is
// dropped.
func (in Interest) Identify(e *series.Event, n Named) bool {
	pair, named := in.Keyed(n.Key)
	if e.Mark.IsZero() && named {
		e.Mark = series.Mark{Org: in.Org, Pair: pair, Generation: n.Generation}
	}
	now, ok := in.pair(e.Mark.Pair)
	if e.Mark.Org != in.Org || !ok {
		e.Mark, e.Derived = series.Mark{}, false
		return false
	}
	e.Derived = e.Derived || named && now.Pair == pair && n.Generation == e.Mark.Generation
	return true
}

// pair is the pair of in that p is, under any of its ids; false where there is none.
func (in Interest) pair(p series.Pair) (InterestPair, bool) {
	for _, x := range in.Pairs {
		if x.Pair == p || slices.Contains(x.Formerly, p) {
			return x, true
		}
	}
	return InterestPair{}, false
}
