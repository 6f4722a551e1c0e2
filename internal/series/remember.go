package series

import (
	"iter"
	"maps"
	"slices"
)

// Had are by person the pairs of which a calendar has a series, its manager's, or a copy, its report's, or had one: the
// roster has them, or had, and what is booked for them is still to be ended. The snapshots are by person.
func Had(snapshots iter.Seq2[string, Packed]) map[string][]Pair {
	pairs := map[Pair]bool{}
	for id, s := range snapshots {
		for _, h := range s.heading().had {
			is := h.what == hadGone || h.what == hadSeries && h.pair.Manager == id || h.what == hadCopy && h.pair.Report == id
			pairs[h.pair] = pairs[h.pair] || is
		}
	}
	out := map[string][]Pair{}
	for _, p := range slices.SortedFunc(maps.Keys(pairs), Pair.Compare) {
		if pairs[p] {
			out[p.Manager] = append(out[p.Manager], p)
			out[p.Report] = append(out[p.Report], p)
		}
	}
	return out
}

// earlierKept is how many earlier versions of a series are remembered.
const earlierKept = 10

// Remember notes on each series what versions of it were seen before, given the snapshot before this one, of which s
// may share what it consists of.
func (s *Snapshot) Remember(last Snapshot) {
	was := map[string]*Event{}
	for i := range last.Series {
		was[last.Series[i].UID] = &last.Series[i]
	}
	own := false
	for i, e := range s.Series {
		old := was[e.UID]
		if old == nil {
			continue
		}
		earlier := old.Earlier
		if t := old.Times(); t != e.Times() {
			rest := slices.DeleteFunc(slices.Clone(old.Earlier), func(x string) bool { return x == t })
			earlier = append([]string{t}, rest...)[:min(earlierKept, len(rest)+1)]
		}
		if slices.Equal(earlier, e.Earlier) {
			continue
		}
		if !own {
			s.Series, own = slices.Clone(s.Series), true
		}
		s.Series[i].Earlier = earlier
	}
}
