package provider

import (
	"slices"

	"holdfast/internal/series"
)

// Owns reports whether the address, in lower case, is one of the calendar's owner.
func (in Interest) Owns(address string) bool { return slices.Contains(in.Owner, address) }

// Now is the pair under its ids of today; p itself where the roster does not know it.
func (in Interest) Now(p series.Pair) series.Pair {
	if x, ok := in.pair(p); ok {
		return x.Pair
	}
	return p
}

// Keyed is the pair that has the key (series.Pair.Key), by its ids of today or of earlier days.
func (in Interest) Keyed(key string) (series.Pair, bool) {
	for _, x := range in.Pairs {
		for _, p := range append([]series.Pair{x.Pair}, x.Formerly...) {
			if p.Key(in.Org) == key {
				return x.Pair, true
			}
		}
	}
	return series.Pair{}, false
}

// Two is the pair whose two people are all there are on an event with these people; the calendar's owner is there
// without being named.
func (in Interest) Two(people []string) (series.Pair, bool) {
	for _, x := range in.Pairs {
		manager, report := slices.ContainsFunc(x.Manager, in.Owns), slices.ContainsFunc(x.Report, in.Owns)
		strangers := false
		for _, a := range people {
			m, r := slices.Contains(x.Manager, a), slices.Contains(x.Report, a)
			manager, report, strangers = manager || m, report || r, strangers || !m && !r
		}
		if manager && report && !strangers && len(people) > 0 {
			return x.Pair, true
		}
	}
	return series.Pair{}, false
}

// Titled is the pair whose series bears the title.
func (in Interest) Titled(title string) (series.Pair, bool) {
	for _, x := range in.Pairs {
		if x.Title != "" && series.Digest(x.Title) == series.Digest(title) {
			return x.Pair, true
		}
	}
	return series.Pair{}, false
}

// Organizes reports whether the calendar's owner holds e as its organizer, not as one who was invited. A marked event
// without organizer is the manager's own, and a stray one on any other calendar.
func (in Interest) Organizes(e series.Event) bool {
	if e.Organizer != "" {
		return in.Owns(e.Organizer)
	}
	now := in.Now(e.Mark.Pair)
	return !slices.ContainsFunc(in.Pairs, func(x InterestPair) bool { return x.Pair == now && slices.ContainsFunc(x.Report, in.Owns) })
}
