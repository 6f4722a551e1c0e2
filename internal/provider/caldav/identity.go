package caldav

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// uid is the identity of a pair's series in a generation. With an org that is no word of a domain name it still is a
// UID (RFC 7986 section 5.3 asks for no more than that it is unique).
func uid(org string, p series.Pair, generation int) string {
	return fmt.Sprintf("holdfast-%s-%d@%s", p.Key(org), generation, org)
}

// named is the pair and generation that a UID of ours names. Only the pairs of in, under their ids of now and before,
// can be told from it.
func named(in provider.Interest, id string) (series.Pair, int, bool) {
	rest, ok := strings.CutPrefix(id, "holdfast-")
	rest, org, _ := strings.Cut(rest, "@")
	key, number, _ := strings.Cut(rest, "-")
	generation, err := strconv.Atoi(number)
	if !ok || org != in.Org || err != nil || generation < 1 {
		return series.Pair{}, 0, false
	}
	for _, p := range in.Pairs {
		for _, id := range append([]series.Pair{p.Pair}, p.Formerly...) {
			if id.Key(org) == key {
				return p.Pair, generation, true
			}
		}
	}
	return series.Pair{}, 0, false
}

// identify completes what the event tells of its identity: whether its UID is the one that Create makes, and the pair
// and generation where only the UID is left of the mark. It reports whether the event is ours.
func identify(in provider.Interest, e *series.Event) bool {
	pair, generation, derived := named(in, e.UID)
	if e.Mark.IsZero() && derived {
		e.Mark = series.Mark{Org: in.Org, Pair: pair, Generation: generation}
	}
	if e.Mark.IsZero() {
		return false
	}
	known := func(p provider.InterestPair) bool {
		return p.Pair == e.Mark.Pair || slices.Contains(p.Formerly, e.Mark.Pair)
	}
	if i := slices.IndexFunc(in.Pairs, known); derived && i >= 0 {
		e.Derived = in.Pairs[i].Pair == pair && generation == e.Mark.Generation
	} else {
		e.Derived = e.UID == uid(in.Org, e.Mark.Pair, e.Mark.Generation)
	}
	return true
}

// organizes reports whether the owner of the calendar holds e as its organizer, not as one who was invited. An event
// without organizer is the manager's own, and a stray one on any other calendar.
func organizes(in provider.Interest, e series.Event) bool {
	if e.Organizer != "" {
		return slices.Contains(in.Owner, e.Organizer)
	}
	for _, p := range in.Pairs {
		if p.Pair == e.Mark.Pair || slices.Contains(p.Formerly, e.Mark.Pair) {
			return !overlap(p.Report, in.Owner)
		}
	}
	return true
}

// two is the pair of in whose two people are all there are on an event; the calendar's owner is there without being named.
func two(in provider.Interest, people []string) (series.Pair, bool) {
	for _, p := range in.Pairs {
		manager, report := overlap(p.Manager, in.Owner), overlap(p.Report, in.Owner)
		strangers := false
		for _, a := range people {
			m, r := slices.Contains(p.Manager, a), slices.Contains(p.Report, a)
			manager, report, strangers = manager || m, report || r, strangers || !m && !r
		}
		if manager && report && !strangers && len(people) > 0 {
			return p.Pair, true
		}
	}
	return series.Pair{}, false
}

// titled is the pair whose series bears the title.
func titled(in provider.Interest, title string) (series.Pair, bool) {
	for _, p := range in.Pairs {
		if p.Title != "" && series.Digest(p.Title) == series.Digest(title) {
			return p.Pair, true
		}
	}
	return series.Pair{}, false
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
