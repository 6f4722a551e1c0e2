package see

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// What a group has at least of which a figure is shown.
const (
	leastPairs    = 5
	leastManagers = 3
)

// quarters is how many closed quarters have figures.
const quarters = 4

// Quarter is how 1:1s were kept in the ISO weeks whose Thursdays lie in a quarter that is over.
type Quarter struct {
	Year, Number int
	Groups       []Group // that may be shown, by name
	All          *Group  // everybody; nil: too few
	Hidden       bool    // there are groups that are not shown
}

// Group is what became of the weeks of a group's pairs: those that somebody leads who reports to the top, and all below
// them. Pairs with no week that counts are none.
type Group struct {
	Head     Party // who leads it; zero: everybody
	Pairs    int
	Managers int
	Kept     int // weeks
	Late     int // kept later in the week, or made up for
	Lost     int // not kept
}

// Rate is the share of weeks that were kept; nil where there were none.
func (g Group) Rate() *float64 {
	weeks := g.Kept + g.Late + g.Lost
	if weeks == 0 {
		return nil
	}
	rate := float64(g.Kept+g.Late) / float64(weeks)
	return &rate
}

// settled is how many days after its last week a quarter is over: by then its outcomes are final.
const settled = 7

// figures are those of the closed quarters, newest first, by the reporting lines of the rows. What a quarter shows is
// decided once: of somebody who goes from one group to another, both would tell what became of their weeks.
func (s *See) figures(ctx context.Context, now time.Time, pairs []series.Pair) ([]Quarter, error) {
	var out []Quarter
	today := series.DateOf(now.UTC())
	first := series.Date{Year: today.Year, Month: (today.Month-1)/3*3 + 1, Day: 1}
	for len(out) < quarters {
		last := first.AddDays(-1)
		first = series.Date{Year: last.Year, Month: last.Month - 2, Day: 1}
		from, to := first.AddDays(3).Week(), last.AddDays(-3).Week()
		if today.DaysSince(to.Monday()) < 7+settled {
			continue
		}
		kept, known, err := s.Journal.Quarter(ctx, first)
		if err != nil {
			return nil, err
		}
		if !known {
			tally, err := s.Journal.Tally(ctx, from, to)
			if err != nil {
				return nil, err
			}
			if len(tally) > 0 { // else it was before there was a record, and that may be yet to come
				kept = shown(grouped(pairs, tally))
				if err := s.Journal.KeepQuarter(ctx, first, kept); err != nil {
					return nil, err
				}
			}
		}
		q := Quarter{Year: first.Year, Number: int(first.Month+2) / 3, Hidden: kept.Hidden}
		for _, g := range kept.Groups {
			q.Groups = append(q.Groups, groupOf(s.party(g.Head, "", ""), g))
		}
		if kept.All != nil {
			all := groupOf(Party{}, *kept.All)
			q.All = &all
		}
		slices.SortStableFunc(q.Groups, func(a, b Group) int { return strings.Compare(a.Head.Name, b.Head.Name) })
		out = append(out, q)
	}
	return slices.DeleteFunc(out, func(q Quarter) bool { return q.All == nil }), nil
}

func groupOf(head Party, g drift.Group) Group {
	return Group{Head: head, Pairs: g.Pairs, Managers: g.Managers, Kept: g.Kept, Late: g.Late, Lost: g.Lost}
}

// grouped are the groups of the pairs, by who leads them, with what became of their weeks. Each pair is in one group;
// of somebody with several managers the first by id counts.
func grouped(pairs []series.Pair, tally map[series.Pair]map[drift.Result]int) []group {
	above := map[string]string{}
	for _, p := range pairs {
		if m, ok := above[p.Report]; !ok || p.Manager < m {
			above[p.Report] = p.Manager
		}
	}
	of := map[string]*group{}
	for _, p := range pairs {
		var g drift.Group
		for result, n := range tally[p] {
			switch {
			case !result.Counts():
			case result == drift.Kept:
				g.Kept += n
			case result.Kept():
				g.Late += n
			default:
				g.Lost += n
			}
		}
		if g.Kept+g.Late+g.Lost == 0 {
			continue
		}
		head := p.Manager
		for range len(above) { // reporting lines have no circles, and nothing here depends on it
			if up, ok := above[head]; !ok || above[up] == "" {
				break
			} else {
				head = up
			}
		}
		if of[head] == nil {
			of[head] = &group{Group: drift.Group{Head: head}, managers: map[string]bool{}}
		}
		g.Pairs = 1
		of[head].add(group{Group: g, managers: map[string]bool{p.Manager: true}})
	}
	var out []group
	for _, g := range of {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int { return strings.Compare(a.Head, b.Head) })
	return out
}

// group is a group with who its managers are.
type group struct {
	drift.Group
	managers map[string]bool
}

func (g *group) add(other group) {
	g.Pairs += other.Pairs
	g.Kept, g.Late, g.Lost = g.Kept+other.Kept, g.Late+other.Late, g.Lost+other.Lost
	for m := range other.managers {
		g.managers[m] = true
	}
	g.Managers = len(g.managers)
}

// large reports whether a figure of it may be shown.
func (g *group) large() bool { return g.Pairs >= leastPairs && g.Managers >= leastManagers }

func sum(groups []group) group {
	all := group{managers: map[string]bool{}}
	for _, g := range groups {
		all.add(g)
	}
	return all
}

// shown are the groups whose figures may be shown, by who leads them, and that of all. What is left when those are
// taken from all is nothing, or several groups that together are large: else the next smallest is hidden, too.
func shown(groups []group) (out drift.Quarter) {
	total := sum(groups)
	if !total.large() {
		return drift.Quarter{Hidden: len(groups) > 0}
	}
	bySize := slices.SortedStableFunc(slices.Values(groups), func(a, b group) int {
		large := map[bool]int{true: 1}
		return cmp.Or(cmp.Compare(large[a.large()], large[b.large()]), cmp.Compare(a.Pairs, b.Pairs))
	})
	n := 0 // the first so many are hidden
	for n < len(bySize) && !bySize[n].large() {
		n++
	}
	for rest := sum(bySize[:n]); n > 0 && n < len(bySize) && !rest.large(); n++ {
		rest.add(bySize[n])
	}
	for _, g := range bySize[n:] {
		out.Groups = append(out.Groups, g.Group)
	}
	slices.SortFunc(out.Groups, func(a, b drift.Group) int { return strings.Compare(a.Head, b.Head) })
	out.All, out.Hidden = &total.Group, n > 0
	return out
}
