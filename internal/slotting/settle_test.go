package slotting

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// star draws a boss, a manager and the manager's reports.
func star(t *rapid.T, reports int) *Problem {
	draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
	p := &Problem{Grid: draw("grid", 1, 2), Weeks: 4, RowMax: draw("row", 1, 3), Weights: DefaultWeights, Zones: [][]int{{4, 4, 8, 8}, {-20, -16, -16, -16}}}
	for i := range reports + 2 {
		x := Person{ID: fmt.Sprintf("%02d", i), Core: Window{36, 64}, Mode: Mode(draw("mode", 0, 2))}
		if i == 0 {
			x.Zone = draw("zone", 0, 1)
		}
		from := 36 + x.Zone*-24
		for d := range 2 {
			x.Work = append(x.Work, Window{96*d + from, 96*d + from + 24})
			x.Prefer = append(x.Prefer, Window{96*d + from + draw("prefer", 0, 16), 96*d + from + 24})
		}
		for range draw("busy", 0, 5) {
			x.Busy = append(x.Busy, Busy{96*draw("day", 0, 1) + from + draw("at", 0, 24), draw("long", 1, 6), uint64(draw("weeks", 1, 15)), draw("hard", 0, 4) == 0})
		}
		p.People = append(p.People, x)
		if i > 0 {
			p.Pairs = append(p.Pairs, Pair{Manager: min(i-1, 1), Report: i, Zone: p.People[min(i-1, 1)].Zone, Duration: 2 * draw("duration", 1, 2), Pinned: None, Current: None, Leave: None, Room: None})
		}
	}
	return p
}

// What prices leave out of a sweep makes no difference, for any slot of the manager's own 1:1.
func TestPricesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSolver(star(t, rapid.IntRange(4, 8).Draw(t, "reports")))
		sweep := func(settle func(team *team) int64) (found []any) {
			team := &s.teams[0]
			x := &run{o: s.o, scale: 1, below: make([][]int64, len(s.o.pairs)), none: make([]int64, len(s.o.pairs))}
			p := &s.o.pairs[0]
			team.footprints = nil
			for _, op := range p.options {
				team.footprints = append(team.footprints, spans(s.o.clocks(p, 1), int(op.start), p.Duration))
			}
			team.costs = make([]int64, len(team.footprints))
			team.load(x, 1)
			best := settle(team)
			return append(found, best, append([]int64{}, team.costs...), append([]int{}, team.slots...))
		}
		whole := sweep(func(team *team) int64 {
			team.kept = within(nil, team.all, func(int, choice) bool { return true })
			team.sweepKept(s.o, len(s.o.teams[1]))
			return team.best()
		})
		if diff := cmp.Diff(whole, sweep(func(team *team) int64 { return team.settle(s.o, len(s.o.teams[1]), 1) })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A team swept in windows costs no less than the best, and its bound no more.
func TestLargeTeamsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSolver(star(t, rapid.IntRange(5, 13).Draw(t, "reports")))
		team := &s.teams[0]
		x := &run{o: s.o, scale: 1, below: make([][]int64, len(s.o.pairs)), none: make([]int64, len(s.o.pairs))}
		team.footprints = nil
		team.load(x, 1)
		best := team.settle(s.o, len(s.o.teams[1]), 1)
		if len(team.all) < 4 {
			return
		}
		if windows := team.settleLarge(s.o, len(s.o.teams[1])); windows < best {
			t.Fatalf("%d in windows, %d at best", windows, best)
		}
		team.relaxed = true
		if bound := team.settleLarge(s.o, len(s.o.teams[1])); bound > best {
			t.Fatalf("bound %d, %d at best", bound, best)
		}
	})
}

// What the tree program says that a plan costs is what it costs, but for the pinned pairs' own terms.
func TestValueIsTheCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := star(t, rapid.IntRange(1, 8).Draw(t, "reports"))
		pinned := 0
		for i := range p.Pairs {
			if rapid.Bool().Draw(t, "pinned") {
				x := &p.Pairs[i]
				x.Pinned = rapid.IntRange(76, 108).Draw(t, "slot")
				terms, _ := p.judge(*x, x.Pinned)
				pinned += terms.Sum()
			}
		}
		s := newSolver(p)
		s.solve()
		// A team of pinned pairs only is none of the program's.
		if len(s.o.movable(1)) > 0 && s.constant != pinned {
			t.Fatalf("the plan costs %d more than the program says, pinned pairs %d", s.constant, pinned)
		}
	})
}
