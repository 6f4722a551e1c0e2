package reconcile

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"holdfast/internal/series"
)

// pairs are some of them.
type pairs map[series.Pair]bool

// union are those that are in any.
func union(all ...pairs) pairs {
	out := pairs{}
	for _, p := range all {
		maps.Copy(out, p)
	}
	return out
}

// sorted are they in order.
func (p pairs) sorted() []series.Pair { return slices.SortedFunc(maps.Keys(p), series.Pair.Compare) }

// partSize is Options.Part where it is not given.
const partSize = 500

// parts are the pairs in order, some at a time, so that those of a manager are mostly together.
func (p pairs) parts(size int) iter.Seq[pairs] {
	return func(yield func(pairs) bool) {
		for part := range slices.Chunk(p.sorted(), cmp.Or(size, partSize)) {
			set := make(pairs, len(part))
			for _, p := range part {
				set[p] = true
			}
			if !yield(set) {
				return
			}
		}
	}
}
