package see

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// lines draws reporting lines, and what became of the pairs' weeks.
func lines(t *rapid.T) (pairs []series.Pair, tally map[series.Pair]map[drift.Result]int) {
	tally = map[series.Pair]map[drift.Result]int{}
	results := []drift.Result{drift.Kept, drift.KeptLate, drift.Recovered, drift.CancelledWeek, drift.Excused,
		drift.UnknownWeek}
	for i := range rapid.IntRange(1, 40).Draw(t, "people") {
		if i == 0 {
			continue
		}
		above := rapid.IntRange(0, min(i-1, 12)).Draw(t, "manager")
		p := series.Pair{Manager: fmt.Sprint("p", above), Report: fmt.Sprint("p", i)}
		pairs, tally[p] = append(pairs, p), map[drift.Result]int{}
		for range rapid.IntRange(0, 3).Draw(t, "weeks") {
			tally[p][rapid.SampledFrom(results).Draw(t, "result")]++
		}
	}
	return pairs, tally
}

// Every figure that can be made of those shown, by adding and taking away, is of five pairs with three managers or
// more: the least of them is what is left when all groups are taken from the whole. A group alone is never
// what is left.
func TestNothingSmallCanBeComputed(t *testing.T) {
	hidden, rest := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		pairs, tally := lines(t)
		groups := grouped(pairs, tally)
		kept := shown(groups)
		out, all, some := kept.Groups, kept.All, kept.Hidden
		for _, g := range out {
			if g.Pairs < 5 || g.Managers < 3 {
				t.Fatalf("shown: %+v", g)
			}
		}
		if all == nil {
			if len(out) > 0 {
				t.Fatal("groups without a whole")
			}
			return
		}
		if all.Pairs < 5 || all.Managers < 3 {
			t.Fatalf("all: %+v", *all)
		}
		left := slices.DeleteFunc(slices.Clone(groups), func(g group) bool {
			return slices.ContainsFunc(out, func(o drift.Group) bool { return o.Head == g.Head })
		})
		if len(left) > 0 != some || len(left)+len(out) != len(groups) {
			t.Fatalf("%d of %d groups are hidden: %v", len(left), len(groups), some)
		}
		if len(left) == 0 || len(out) == 0 {
			return
		}
		hidden++
		managers, n := map[string]bool{}, 0
		for _, g := range left {
			n += g.Pairs
			maps.Copy(managers, g.managers)
		}
		if len(left) < 2 || n < 5 || len(managers) < 3 {
			t.Fatalf("%d groups of %d pairs with %d managers are what is left", len(left), n, len(managers))
		}
		rest++
	})
	if hidden == 0 || rest == 0 {
		t.Error("nothing was hidden beside what was shown")
	}
}

// Every pair with a week that counts is in exactly one group, and in the sums once.
func TestGroupsPartTheOrg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs, tally := lines(t)
		want := drift.Group{}
		for _, p := range pairs {
			n := 0
			for r, weeks := range tally[p] {
				switch {
				case r == drift.Kept:
					want.Kept += weeks
				case r == drift.KeptLate || r == drift.Recovered:
					want.Late += weeks
				case r == drift.CancelledWeek:
					want.Lost += weeks
				default:
					continue
				}
				n += weeks
			}
			if n > 0 {
				want.Pairs++
			}
		}
		got := sum(grouped(pairs, tally)).Group
		got.Managers, want.Managers = 0, 0
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// Groups are named for those who report to the top, who is a group of their own.
func TestGroupsAreAreas(t *testing.T) {
	tally, pairs := map[series.Pair]map[drift.Result]int{}, []series.Pair{}
	for _, text := range []string{"top/ann", "top/bob", "ann/cy", "cy/dee", "dee/eve", "bob/fay", "solo/gus"} {
		p, err := series.ParsePair(text)
		if err != nil {
			t.Fatal(err)
		}
		pairs, tally[p] = append(pairs, p), map[drift.Result]int{drift.Kept: 1}
	}
	got := map[string]int{}
	for _, g := range grouped(pairs, tally) {
		got[g.Head] = g.Pairs
	}
	if want := map[string]int{"top": 2, "ann": 3, "bob": 1, "solo": 1}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
