package reconcile

import (
	"slices"

	"holdfast/internal/series"
)

// lines are what the roster wants of each pair, with what a round adds to that.
type lines struct {
	all   []series.Series             // as the roster has them
	of    map[string][]int            // by person, the places in all of the pairs that they are of
	links map[series.Pair]string      // to the documents that are made, of pairs that are to have one
	slots map[series.Pair]series.Slot // that were chosen
}

// linesOf are the roster's, with the addresses that people have beside those that the roster gives.
func linesOf(all []series.Series, other map[string][]string) lines {
	l := lines{all: all, of: make(map[string][]int, len(all))}
	if len(other) > 0 {
		l.all = slices.Clone(all)
	}
	for i := range l.all {
		w := &l.all[i]
		if len(other) > 0 {
			w.Manager, w.Report = under(w.Manager, other), under(w.Report, other)
		}
		l.of[w.Pair.Manager] = append(l.of[w.Pair.Manager], i)
		l.of[w.Pair.Report] = append(l.of[w.Pair.Report], i)
	}
	return l
}

// linked are the lines with these links, too.
func (l lines) linked(links map[series.Pair]string) lines {
	l.links = merged(l.links, links)
	return l
}

// with are the lines with these slots for the pairs whose slot Holdfast chooses.
func (l lines) with(slots map[series.Pair]series.Slot) lines {
	l.slots = slots
	return l
}

// at is the i-th of them. Who delivers its invitation is left open.
func (l lines) at(i int) series.Series {
	w := l.all[i]
	if link, is := l.links[w.Pair]; is {
		w.Link = link
	}
	if slot, is := l.slots[w.Pair]; is {
		w.Slot = slot
	}
	return w
}

// has reports whether the roster has the pair.
func (l lines) has(p series.Pair) bool {
	return slices.ContainsFunc(l.of[p.Manager], func(i int) bool { return l.all[i].Pair == p })
}

// anchor is the zone on whose clock the roster wants the pair's slot.
func (l lines) anchor(p series.Pair) string {
	for _, i := range l.of[p.Manager] {
		if l.all[i].Pair == p {
			return l.all[i].Slot.Zone
		}
	}
	return ""
}
