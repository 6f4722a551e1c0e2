package slotting_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/slotting"
)

// What another slot costs everybody is what the best plan costs in which the pair has it.
func TestExplainTellsThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyOrg(t, shape{pairs: 5, days: 2, hours: 8, zones: 3, rooms: 0})
		s := solve(t, p)
		pair := rapid.IntRange(0, len(p.Pairs)-1).Draw(t, "pair")
		if s.Slots[pair] == slotting.None {
			return
		}
		e, err := slotting.Compare(p, s.Slots, pair, 1000)
		if err != nil {
			t.Fatal(err)
		}
		q := *p
		q.Pairs = slices.Clone(p.Pairs)
		for i := range q.Pairs {
			if q.Pairs[i].Report == q.Pairs[pair].Manager { // the manager's own stays
				if s.Slots[i] == slotting.None {
					return // nor can it be pinned to having none
				}
				q.Pairs[i].Pinned = s.Slots[i]
			}
		}
		if len(e.Next) != e.Possible-1 || !slices.IsSortedFunc(e.Next, func(a, b slotting.Choice) int { return a.More - b.More }) {
			t.Fatalf("%+v", e)
		}
		for _, c := range append(e.Next, e.Chosen) {
			q.Pairs[pair].Pinned = c.Slot
			if more := solve(t, &q).Cost() - s.Cost(); more != c.More {
				t.Fatalf("slot %d instead of %d: %d more, not %d", c.Slot, e.Chosen.Slot, more, c.More)
			}
		}
	})
}

// Of a booked pair it tells what it would cost to move that pair alone; a slot that nobody would choose today has a price too.
func TestExplainBooked(t *testing.T) {
	p := &slotting.Problem{Grid: 2, Weeks: 4, RowMax: 3, Weights: slotting.DefaultWeights, Zones: [][]int{make([]int, 4)}}
	for _, id := range []string{"mia", "raj", "lee"} {
		p.People = append(p.People, slotting.Person{ID: id, Core: slotting.Window{From: 36, To: 68}, Work: []slotting.Window{{From: 36, To: 44}, {From: 132, To: 142}}})
	}
	p.People[1].Prefer = []slotting.Window{{From: 36, To: 44}}
	p.Pairs = []slotting.Pair{{Manager: 0, Report: 1, Duration: 4, Pinned: 31, Current: slotting.None, Leave: slotting.None, Room: slotting.None},
		{Manager: 0, Report: 2, Duration: 4, Pinned: 136, Current: slotting.None, Leave: slotting.None, Room: slotting.None}}
	e, err := slotting.Compare(p, []int{31, 136}, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	odd := slotting.Terms{Prefer: 4, Odd: 2 * 2 * 3 * 3}
	want := slotting.Explanation{Chosen: slotting.Choice{Slot: 31, Terms: odd}, Possible: 5, Against: "outside the hours of raj", Next: []slotting.Choice{
		{Slot: 40, More: -40}, {Slot: 132, Terms: slotting.Terms{Prefer: 4}, More: -36},
		{Slot: 36, Terms: slotting.Terms{Edge: 16}, More: -24}}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	if _, err := slotting.Compare(p, []int{slotting.None, 136}, 0, 3); err == nil {
		t.Error("a pair without a slot was explained")
	}
}
