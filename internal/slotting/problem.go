package slotting

import (
	"cmp"
	"fmt"
	"slices"
)

// Times are counted in quarters of an hour from Monday 00:00 of somebody's clock.
const (
	quartersPerDay  = 96
	quartersPerWeek = 7 * quartersPerDay
	// None is the slot of a pair that has none.
	None = -1
)

// Problem is an org whose weekly slots are to be chosen.
type Problem struct {
	Grid    int // quarters between two allowed starts
	Weeks   int // of the horizon, at most 64: what is known of the calendars
	RowMax  int // 1:1s in a row that cost a manager nothing
	Weights Weights
	// Zones are the clocks: by zone and week the offset from UTC in quarters. Weeks beyond Problem.Weeks stand for other
	// clock changes of the year: nothing is known of the calendars there, but hours count, and that nobody meets twice at once.
	Zones [][]int
	// Days are by week the days on which these offsets hold, as bits from Monday on; nil: all of them.
	Days   []uint8
	People []Person
	Pairs  []Pair
	Rooms  []Rooms
}

// Rooms are so many rooms that are as good as each other, on the clock of a zone.
type Rooms struct{ Zone, Count int }

// Weights are the costs of what nobody wants; slots.md numbers the terms.
type Weights struct{ Unplaced, Collision, PreferManager, PreferReport, Avoid, Edge, Odd, Row, Day, Move int }

// DefaultWeights place everyone before they move nobody before they please anybody.
var DefaultWeights = Weights{Unplaced: 100_000, Collision: 10, PreferManager: 6, PreferReport: 4, Avoid: 15, Edge: 8, Odd: 2, Row: 12, Day: 6, Move: 1000}

// Window is a run of quarters, To not included.
type Window struct{ From, To int }

func (w Window) touches(v Window) bool { return w.From < v.To && v.From < w.To }

// Mode is how a manager likes the 1:1s over the week.
type Mode int

// The modes: no matter, on few days, over all days.
const (
	Anyhow Mode = iota
	Batch
	Spread
)

// Person is one of the org. ID alone decides the order in which ties are broken.
type Person struct {
	ID            string
	Zone          int
	Work          []Window // of the local week
	Core          Window   // social hours, in quarters of the day
	Prefer, Avoid []Window // of the local week
	Busy          []Busy
	Mode          Mode
}

// Busy is time of the local week taken by another event, in the weeks whose bit is set in Mask.
type Busy struct {
	Start, Length int
	Mask          uint64
	Hard          bool // it cannot be met over; else it is a collision that costs
}

// Pair is a 1:1 to place. Slots are starts on the clock of Zone.
type Pair struct {
	Manager, Report int // in People
	Zone            int // whose clock anchors the slot
	Duration        int
	Pinned          int // the slot that stands, or None
	Current         int // the slot it has and may lose, or None
	Leave           int // a start that it must not have, or None
	Room            int // which of Problem.Rooms it needs one of, or None
}

// Terms are the costs of a plan by kind.
type Terms struct{ Unplaced, Collision, Prefer, Avoid, Edge, Odd, Move, Row, Day int }

// Sum is the whole cost.
func (t Terms) Sum() int {
	return t.Unplaced + t.Collision + t.Prefer + t.Avoid + t.Edge + t.Odd + t.Move + t.Row + t.Day
}

func (t *Terms) add(u Terms) {
	t.Unplaced += u.Unplaced
	t.Collision += u.Collision
	t.Prefer += u.Prefer
	t.Avoid += u.Avoid
	t.Edge += u.Edge
	t.Odd += u.Odd
	t.Move += u.Move
	t.Row += u.Row
	t.Day += u.Day
}

// Reason is why a pair has no slot.
type Reason int

// The reasons. Placed is none.
const (
	Placed  Reason = iota
	NoHours        // their working hours never overlap for so long in every week
	NoTime         // they do, but other events take all of it
	Taken          // other 1:1s take what is left
	NoRoom         // or have the rooms
)

// Solution is a plan.
type Solution struct {
	Slots   []int    // by pair: the start, or None
	Reasons []Reason // by pair
	Terms   Terms
	Bound   int  // no plan costs less
	Proven  bool // nor less than this one
}

// Cost is what the plan costs.
func (s Solution) Cost() int { return s.Terms.Sum() }

// validate finds what makes no sense. It names people by id and pairs by their ids.
func (p *Problem) validate() error {
	switch {
	case p.Grid < 1 || p.Grid > quartersPerDay:
		return fmt.Errorf("a grid of %d quarters", p.Grid)
	case p.Weeks < 1 || p.Weeks > 64:
		return fmt.Errorf("a horizon of %d weeks: 1 to 64", p.Weeks)
	case p.RowMax < 0 || p.RowMax > 15:
		return fmt.Errorf("%d 1:1s in a row: 0 to 15", p.RowMax)
	}
	if err := p.Weights.validate(); err != nil {
		return err
	}
	phases := p.Weeks
	for z, off := range p.Zones {
		if z == 0 {
			phases = len(off)
		}
		for _, x := range off {
			if x < -quartersPerWeek || x > quartersPerWeek {
				return fmt.Errorf("zone %d: an offset of %d", z, x)
			}
		}
		if len(off) < p.Weeks || len(off) != phases {
			return fmt.Errorf("zone %d has offsets for %d weeks of %d", z, len(off), max(p.Weeks, phases))
		}
	}
	if p.Days != nil && len(p.Days) != phases {
		return fmt.Errorf("days for %d weeks of %d", len(p.Days), phases)
	}
	for i, r := range p.Rooms {
		if r.Zone < 0 || r.Zone >= len(p.Zones) || r.Count < 0 {
			return fmt.Errorf("rooms %d: %d in zone %d", i, r.Count, r.Zone)
		}
	}
	ids := make(map[string]bool, len(p.People))
	for _, x := range p.People {
		if ids[x.ID] {
			return fmt.Errorf("two people %q", x.ID)
		}
		ids[x.ID] = true
		if err := x.validate(len(p.Zones)); err != nil {
			return fmt.Errorf("person %q: %w", x.ID, err)
		}
	}
	met := make(map[[2]int]bool, len(p.Pairs))
	for i, x := range p.Pairs {
		if x.Manager < 0 || x.Manager >= len(p.People) || x.Report < 0 || x.Report >= len(p.People) || x.Manager == x.Report {
			return fmt.Errorf("pair %d: no two people", i)
		}
		name := p.People[x.Manager].ID + "/" + p.People[x.Report].ID
		who := [2]int{x.Manager, x.Report}
		switch {
		case met[who]:
			return fmt.Errorf("two pairs %s", name)
		case x.Zone < 0 || x.Zone >= len(p.Zones):
			return fmt.Errorf("pair %s: no zone %d", name, x.Zone)
		case x.Duration < 1 || x.Duration > quartersPerDay:
			return fmt.Errorf("pair %s: a duration of %d quarters", name, x.Duration)
		case x.Pinned < None || x.Pinned >= quartersPerWeek || x.Current < None || x.Current >= quartersPerWeek, x.Leave < None, x.Leave >= quartersPerWeek:
			return fmt.Errorf("pair %s: a slot outside the week", name)
		case x.Room < None || x.Room >= len(p.Rooms):
			return fmt.Errorf("pair %s: no rooms %d", name, x.Room)
		}
		met[who] = true
	}
	return nil
}

// validate keeps what a slot costs well below dear, rooms and all.
func (w Weights) validate() error {
	for _, x := range []struct{ weight, most int }{{w.Unplaced, 1_000_000}, {w.Move, 1_000_000}, {w.Collision, 1000}, {w.PreferManager, 1000},
		{w.PreferReport, 1000}, {w.Avoid, 1000}, {w.Edge, 1000}, {w.Odd, 100}, {w.Row, 1000}, {w.Day, 1000}} {
		if x.weight < 0 || x.weight > x.most {
			return fmt.Errorf("a weight of %d: 0 to %d", x.weight, x.most)
		}
	}
	return nil
}

func (x Person) validate(zones int) error {
	switch {
	case x.Zone < 0 || x.Zone >= zones:
		return fmt.Errorf("no zone %d", x.Zone)
	case x.Core.From < 0 || x.Core.From > quartersPerDay || x.Core.To < 0 || x.Core.To > quartersPerDay:
		return fmt.Errorf("social hours from %d to %d", x.Core.From, x.Core.To)
	case x.Mode < Anyhow || x.Mode > Spread:
		return fmt.Errorf("no mode %d", x.Mode)
	}
	for _, w := range slices.Concat(x.Work, x.Prefer, x.Avoid) {
		if w.From < 0 || w.From >= w.To || w.To > quartersPerWeek {
			return fmt.Errorf("a window from %d to %d", w.From, w.To)
		}
	}
	for _, b := range x.Busy {
		if b.Start < 0 || b.Start >= quartersPerWeek || b.Length < 0 || b.Length > quartersPerWeek {
			return fmt.Errorf("busy from %d for %d", b.Start, b.Length)
		}
	}
	return nil
}

// byFrom sorts windows, without changing what was given.
func byFrom(ws []Window) []Window {
	if slices.IsSortedFunc(ws, compareWindows) {
		return ws
	}
	return slices.SortedFunc(slices.Values(ws), compareWindows)
}

func compareWindows(a, b Window) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}
