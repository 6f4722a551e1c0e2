package slotting_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/slotting"
)

// shape is what drawn orgs may have.
type shape struct {
	pairs, days, hours, zones, rooms int
	matrix, pins                     bool
}

// anyOrg draws an org small enough for everything to be tried: few hours, so few slots, in up to six zones whose clocks
// change within the horizon.
func anyOrg(t *rapid.T, c shape) *slotting.Problem {
	draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
	p := &slotting.Problem{Grid: rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "grid"), Weeks: 12, RowMax: draw("row max", 0, 3), Weights: slotting.DefaultWeights,
		Zones: offsets(draw("zones", 1, c.zones), 12)}
	if rapid.Bool().Draw(t, "other weights") {
		p.Weights = slotting.Weights{Unplaced: draw("unplaced", 0, 200), Collision: draw("collision", 0, 9), PreferManager: draw("prefer", 0, 30),
			PreferReport: draw("prefer", 0, 30), Avoid: draw("avoid", 0, 30), Edge: draw("edge", 0, 30), Odd: draw("odd", 0, 9), Row: draw("row", 0, 90), Day: draw("day", 0, 90), Move: draw("move", 0, 100)}
	}
	for k := range c.rooms {
		p.Rooms = append(p.Rooms, slotting.Rooms{Zone: draw("site", 0, len(p.Zones)-1), Count: 1 + k})
	}
	n := draw("pairs", 1, c.pairs)
	for i := range n + 1 {
		p.People = append(p.People, anyPerson(t, fmt.Sprint("p", i), p, c))
	}
	for r := 1; r <= n; r++ {
		m := draw("manager", 0, r-1)
		x := slotting.Pair{Manager: m, Report: r, Zone: p.People[m].Zone, Duration: rapid.SampledFrom([]int{2, 4, 4, 3}).Draw(t, "duration"),
			Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None}
		if c.matrix && draw("matrix", 0, 2) == 0 {
			x.Manager = (r + draw("other", 1, n)) % (n + 1)
		}
		if c.pins {
			switch draw("pin", 0, 5) {
			case 0:
				x.Pinned = draw("pinned", 0, 671)
			case 1:
				x.Current = draw("current", 30, 100)
			}
		}
		if c.rooms > 0 {
			x.Room = draw("room", -1, c.rooms-1)
		}
		if c.matrix && slices.ContainsFunc(p.Pairs, func(y slotting.Pair) bool { return y.Manager == x.Manager && y.Report == x.Report }) {
			continue
		}
		p.Pairs = append(p.Pairs, x)
	}
	return p
}

func anyPerson(t *rapid.T, id string, p *slotting.Problem, c shape) slotting.Person {
	draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
	x := slotting.Person{ID: id, Zone: draw("zone", 0, len(p.Zones)-1), Core: slotting.Window{From: draw("core", 32, 44), To: draw("core", 48, 60)}, Mode: slotting.Mode(draw("mode", 0, 2))}
	// So that people of all zones meet: hours are about the same in UTC.
	from := 40 + p.Zones[x.Zone][6] + draw("from", -2, 2)
	for d := range draw("days", 1, c.days) {
		at := (96*d + from + 672) % 672
		if w := (slotting.Window{From: at, To: at + draw("hours", 3, c.hours)}); w.To <= 672 {
			x.Work = append(x.Work, w)
		}
	}
	for range draw("busy", 0, 3) {
		x.Busy = append(x.Busy, slotting.Busy{Start: (96*draw("day", 0, c.days-1) + from + draw("at", 0, c.hours) + 672) % 672, Length: draw("length", 1, 4),
			Mask: rapid.SampledFrom([]uint64{1<<12 - 1, 1365, 1, 1 << 11, 0xf0}).Draw(t, "weeks"), Hard: draw("hard", 0, 3) == 0})
	}
	window := func() slotting.Window {
		a := max(0, from+96*draw("day", 0, c.days-1)+draw("at", 0, c.hours))
		return slotting.Window{From: a, To: a + draw("long", 1, 8)}
	}
	for range draw("prefer", 0, 2) {
		x.Prefer = append(x.Prefer, window())
	}
	for range draw("avoid", 0, 1) {
		x.Avoid = append(x.Avoid, window())
	}
	return x
}

// bruteForce is the least cost of all plans.
func bruteForce(p *slotting.Problem) int {
	slots := make([]int, len(p.Pairs))
	for i := range slots {
		slots[i] = max(p.Pairs[i].Pinned, slotting.None)
	}
	allowed := make([][]int, len(p.Pairs))
	for i, x := range p.Pairs {
		alone := slices.Clone(slots)
		allowed[i] = []int{x.Pinned}
		for s := 0; s < 672 && x.Pinned == slotting.None; s++ {
			alone[i] = s
			if _, broken := slotting.Check(p, alone); len(broken) == 0 {
				allowed[i] = append(allowed[i], s)
			}
		}
	}
	best := 1 << 60
	var try func(i int)
	try = func(i int) {
		if i == len(slots) {
			if terms, broken := slotting.Check(p, slots); len(broken) == 0 {
				best = min(best, terms.Sum())
			}
			return
		}
		for _, s := range allowed[i] {
			slots[i] = s
			try(i + 1)
		}
	}
	try(0)
	return best
}

func TestBruteForce(t *testing.T) {
	for name, c := range map[string]shape{
		"one clock":  {pairs: 4, days: 2, hours: 7, zones: 1},
		"many zones": {pairs: 3, days: 2, hours: 14, zones: 6},
		"pins":       {pairs: 4, days: 2, hours: 8, zones: 3, pins: true},
		"rooms":      {pairs: 4, days: 1, hours: 9, zones: 2, rooms: 2},
		"matrix":     {pairs: 4, days: 1, hours: 9, zones: 2, pins: true, matrix: true},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyOrg(t, c)
				s, best := solve(t, p), bruteForce(p)
				if c.rooms == 0 && !c.matrix && s.Cost() != best || s.Cost() < best || s.Bound > best {
					t.Fatalf("costs %d %v, bound %d: the best is %d", s.Cost(), s.Slots, s.Bound, best)
				}
			})
		})
	}
}

// Pinned 1:1s that overlap, or run over midnight, count for rows and days as the definitions say.
func TestPinnedSideBySide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(t, name) }
		p := &slotting.Problem{Grid: 2, Weeks: 1, RowMax: draw("row", 0, 2), Weights: slotting.Weights{Unplaced: 1000, Row: 7, Day: 5}, Zones: [][]int{{0}}}
		for i := range 6 {
			p.People = append(p.People, slotting.Person{ID: fmt.Sprint("p", i), Work: []slotting.Window{{From: 80, To: 116}}, Core: slotting.Window{To: 96}, Mode: slotting.Mode(draw("mode", 0, 2))})
			if i > 0 {
				x := slotting.Pair{Report: i, Duration: 2 * draw("duration", 1, 3), Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None}
				if i > 1 {
					x.Pinned = draw("pinned", 82, 106)
				}
				p.Pairs = append(p.Pairs, x)
			}
		}
		if s, best := solve(t, p), bruteForce(p); s.Cost() != best {
			t.Fatalf("costs %d %v: the best is %d", s.Cost(), s.Slots, best)
		}
	})
}

// One of the two can only meet first, and the other has time after them: one room is enough, whatever a slot is worth.
func TestRoomForBoth(t *testing.T) {
	for _, w := range []slotting.Weights{{Unplaced: 1}, slotting.DefaultWeights} {
		p := &slotting.Problem{
			Grid:    1,
			Weeks:   12,
			Weights: w,
			Zones:   [][]int{make([]int, 12)},
			Rooms:   []slotting.Rooms{{Count: 1}},
		}
		for i, hours := range []slotting.Window{{From: 48, To: 53}, {From: 48, To: 53}, {From: 47, To: 50}, {From: 47, To: 50}} {
			p.People = append(p.People, slotting.Person{
				ID:   fmt.Sprint("p", i),
				Work: []slotting.Window{hours},
				Core: slotting.Window{From: 36, To: 68},
			})
		}
		for _, m := range []int{0, 2} {
			p.Pairs = append(p.Pairs, slotting.Pair{
				Manager:  m,
				Report:   m + 1,
				Duration: 3,
				Pinned:   slotting.None,
				Current:  slotting.None,
				Leave:    slotting.None,
			})
		}
		if s := solve(t, p); !slices.Equal(s.Slots, []int{50, 47}) {
			t.Errorf("%+v: slots %v", w, s.Slots)
		}
	}
}

// Three reports of whom any two fit, and of whom each has a slot that no other has: taken as columns, all would.
func TestOverlappingStarts(t *testing.T) {
	p := &slotting.Problem{Grid: 2, Weeks: 1, RowMax: 3, Weights: slotting.DefaultWeights, Zones: [][]int{{0}}}
	day := slotting.Window{From: 40, To: 40 + 14}
	p.People = append(p.People, slotting.Person{ID: "boss", Work: []slotting.Window{day}, Core: day})
	for i, starts := range [][2]int{{0, 2}, {1, 4}, {3, 5}} {
		x := slotting.Person{ID: fmt.Sprint("r", i), Core: day}
		for _, s := range starts {
			x.Work = append(x.Work, slotting.Window{From: 40 + 2*s, To: 44 + 2*s})
		}
		p.People = append(p.People, x)
		p.Pairs = append(p.Pairs, slotting.Pair{Manager: 0, Report: i + 1, Duration: 4, Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None})
	}
	s := solve(t, p)
	if s.Terms.Unplaced != p.Weights.Unplaced || !s.Proven {
		t.Errorf("%+v", s)
	}
	if i := slices.Index(s.Slots, slotting.None); s.Reasons[i] != slotting.Taken {
		t.Errorf("reason %d", s.Reasons[i])
	}
}

func anyTown(t *rapid.T) town {
	return town{seed: rapid.Uint64().Draw(t, "seed"), people: rapid.IntRange(2, 90).Draw(t, "people"), zones: rapid.IntRange(1, 6).Draw(t, "zones"),
		grid: rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "grid"), half: 0.3, pinned: rapid.SampledFrom([]float64{0, 0.5, 0.9}).Draw(t, "pinned")}
}

func TestHardRulesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyTown(t)
		c.rooms = rapid.IntRange(0, 3).Draw(t, "rooms") == 0
		p := c.problem()
		if rapid.Bool().Draw(t, "matrix") {
			for r := 2; r < len(p.People); r += 5 {
				m := (r + len(p.People)/2) % len(p.People)
				if m != r && !slices.ContainsFunc(p.Pairs, func(x slotting.Pair) bool { return x.Manager == m && x.Report == r }) {
					p.Pairs = append(p.Pairs, slotting.Pair{Manager: m, Report: r, Zone: p.People[r].Zone, Duration: 2, Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None})
				}
			}
		}
		solve(t, p)
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyTown(t)
		c.people, c.rooms = min(c.people, 40), rapid.Bool().Draw(t, "rooms")
		p := c.problem()
		r := rand.New(rand.NewPCG(c.seed, 2))
		q := *p
		people, pairs := r.Perm(len(p.People)), r.Perm(len(p.Pairs))
		q.People, q.Pairs = make([]slotting.Person, len(people)), make([]slotting.Pair, len(pairs))
		for i, k := range people {
			x := p.People[i]
			x.Busy = slices.Clone(x.Busy)
			r.Shuffle(len(x.Busy), func(a, b int) { x.Busy[a], x.Busy[b] = x.Busy[b], x.Busy[a] })
			q.People[k] = x
		}
		for i, k := range pairs {
			x := p.Pairs[i]
			x.Manager, x.Report = people[x.Manager], people[x.Report]
			q.Pairs[k] = x
		}
		a, b := solve(t, p), solve(t, &q)
		for i, k := range pairs {
			if a.Slots[i] != b.Slots[k] || a.Reasons[i] != b.Reasons[k] {
				t.Fatalf("pair %d: %d, and %d in another order", i, a.Slots[i], b.Slots[k])
			}
		}
		if a.Bound != b.Bound {
			t.Fatalf("bound %d, and %d in another order", a.Bound, b.Bound)
		}
	})
}

func TestLessWishedForCostsNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyTown(t)
		c.people = min(c.people, 60)
		p := c.problem()
		before := solve(t, p).Cost()
		for range 5 {
			x := &p.People[rapid.IntRange(0, len(p.People)-1).Draw(t, "person")]
			switch rapid.IntRange(0, 3).Draw(t, "wish") {
			case 0:
				x.Prefer = nil
			case 1:
				x.Avoid = nil
			case 2:
				x.Mode = slotting.Anyhow
			case 3:
				x.Busy = nil
			}
		}
		if after := solve(t, p).Cost(); after > before {
			t.Fatalf("%d with all wishes, %d with fewer", before, after)
		}
	})
}

func TestOneMoreMovesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyTown(t).problem()
		s := solve(t, p)
		for i := range p.Pairs {
			p.Pairs[i].Pinned = s.Slots[i]
		}
		p.Pairs = slices.DeleteFunc(p.Pairs, func(x slotting.Pair) bool { return x.Pinned == slotting.None })
		stood := slices.Clone(p.Pairs)
		joiner := p.People[len(p.People)-1]
		joiner.ID = "joiner"
		p.People = append(p.People, joiner)
		p.Pairs = append(p.Pairs, slotting.Pair{Manager: rapid.IntRange(0, len(p.People)-2).Draw(t, "manager"), Report: len(p.People) - 1, Duration: 4, Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None})
		after := solve(t, p)
		for i, x := range stood {
			if after.Slots[i] != x.Pinned {
				t.Fatalf("pair %d moved", i)
			}
		}
	})
}

// A team too large to be swept whole gets a plan that is near its bound, and says that it is not proven.
func TestLargeTeam(t *testing.T) {
	p := town{seed: 5, people: 32, zones: 2, grid: 2}.problem()
	for i := range p.Pairs {
		p.Pairs[i].Manager, p.Pairs[i].Zone = 0, p.People[0].Zone
	}
	p.People[0].Busy = p.People[0].Busy[:12]
	s := solve(t, p)
	if s.Terms.Unplaced > 0 || 100*(s.Cost()-s.Bound) > 5*s.Cost() {
		t.Errorf("costs %d %+v, bound %d", s.Cost(), s.Terms, s.Bound)
	}
}

func TestInvalid(t *testing.T) {
	good := func() *slotting.Problem { return town{seed: 1, people: 5, zones: 2, grid: 2}.problem() }
	for want, spoil := range map[string]func(p *slotting.Problem){
		"choose slots: a grid of 0 quarters":                   func(p *slotting.Problem) { p.Grid = 0 },
		"choose slots: a horizon of 65 weeks: 1 to 64":         func(p *slotting.Problem) { p.Weeks = 65 },
		"choose slots: -1 1:1s in a row: 0 to 15":              func(p *slotting.Problem) { p.RowMax = -1 },
		"choose slots: a weight of -3: 0 to 1000":              func(p *slotting.Problem) { p.Weights.Day = -3 },
		"choose slots: zone 1 has offsets for 3 weeks of 12":   func(p *slotting.Problem) { p.Zones[1] = p.Zones[1][:3] },
		`choose slots: two people "p000001"`:                   func(p *slotting.Problem) { p.People[2].ID = "p000001" },
		`choose slots: person "p000001": no zone 7`:            func(p *slotting.Problem) { p.People[1].Zone = 7 },
		`choose slots: person "p000001": a window from 9 to 9`: func(p *slotting.Problem) { p.People[1].Avoid = []slotting.Window{{From: 9, To: 9}} },
		`choose slots: person "p000001": busy from 900 for 1`:  func(p *slotting.Problem) { p.People[1].Busy = []slotting.Busy{{Start: 900, Length: 1}} },
		"choose slots: two pairs p000000/p000001":              func(p *slotting.Problem) { p.Pairs[1] = p.Pairs[0] },
		`choose slots: person "p000001": no mode 3`:            func(p *slotting.Problem) { p.People[1].Mode = 3 },
		"choose slots: pair 0: no two people":                  func(p *slotting.Problem) { p.Pairs[0].Report = 0 },
		"choose slots: pair p000000/p000001: no zone 3":        func(p *slotting.Problem) { p.Pairs[0].Zone = 3 },
		"choose slots: pair p000000/p000001: no rooms 0":       func(p *slotting.Problem) { p.Pairs[0].Room = 0 },
	} {
		p := good()
		spoil(p)
		_, err := slotting.Solve(p)
		if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
			t.Error(diff)
		}
	}
}
