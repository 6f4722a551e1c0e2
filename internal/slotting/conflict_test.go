package slotting_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/slotting"
)

// onlyPlace makes it the one aim to place everybody.
func onlyPlace(p *slotting.Problem) *slotting.Problem {
	q := *p
	q.Weights = slotting.Weights{Unplaced: 1}
	q.People, q.Pairs = slices.Clone(p.People), slices.Clone(p.Pairs)
	return &q
}

// drop is the problem without the wish.
func drop(p *slotting.Problem, w slotting.Wish) *slotting.Problem {
	q := onlyPlace(p)
	x := &q.People[w.Person]
	switch w.Kind {
	case slotting.KeepHours:
		x.Work = []slotting.Window{{From: 0, To: 672}}
	case slotting.KeepEvents:
		x.Busy = nil
	case slotting.KeepPinned:
		q.Pairs = slices.DeleteFunc(q.Pairs, func(y slotting.Pair) bool {
			return y.Pinned != slotting.None && (y.Manager == w.Person || y.Report == w.Person)
		})
	case slotting.KeepRoom:
		q.Pairs[w.Pair].Room = slotting.None
	case slotting.Meet:
		q.Pairs = slices.Delete(q.Pairs, w.Pair, w.Pair+1)
	}
	return q
}

// only is the problem with none but these wishes of the pair, and these wishes as they are there.
func only(p *slotting.Problem, pair int, wishes []slotting.Wish) (*slotting.Problem, []slotting.Wish) {
	q := onlyPlace(p)
	if wishes[0].Kind != slotting.Meet {
		x := p.Pairs[pair]
		for _, w := range []slotting.Wish{{Kind: slotting.KeepHours}, {Kind: slotting.KeepEvents}, {Kind: slotting.KeepPinned}} {
			for _, w.Person = range []int{x.Manager, x.Report} {
				if !slices.Contains(wishes, w) {
					q = drop(q, w)
				}
			}
		}
		x.Room = slotting.None
		q.Pairs = slices.DeleteFunc(q.Pairs, func(y slotting.Pair) bool { return y.Pinned == slotting.None })
		q.Pairs = append(q.Pairs, x)
		return q, wishes
	}
	q.Pairs = nil
	at := map[int]int{}
	for i, x := range p.Pairs {
		meets := slices.Contains(wishes, slotting.Wish{Kind: slotting.Meet, Pair: i})
		if meets && !slices.Contains(wishes, slotting.Wish{Kind: slotting.KeepRoom, Pair: i}) {
			x.Room = slotting.None
		}
		if meets || x.Pinned != slotting.None {
			at[i] = len(q.Pairs)
			q.Pairs = append(q.Pairs, x)
		}
	}
	wishes = slices.Clone(wishes)
	for k := range wishes {
		wishes[k].Pair = at[wishes[k].Pair]
	}
	return q, wishes
}

// Wishes in conflict cannot all be had, even if there were no others, and can without any one of them. Where there is no conflict there is a plan for all.
func TestConflicts(t *testing.T) {
	for name, c := range map[string]shape{
		"pins":  {pairs: 4, days: 1, hours: 6, zones: 2, pins: true},
		"rooms": {pairs: 4, days: 1, hours: 6, zones: 1, rooms: 1},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyOrg(t, c)
				conflicts, err := slotting.Conflicts(p)
				if err != nil {
					t.Fatal(err)
				}
				if fits := bruteForce(onlyPlace(p)) == 0; fits != (len(conflicts) == 0) {
					t.Fatalf("fits %v: %+v", fits, conflicts)
				}
				for _, x := range conflicts {
					q, wishes := only(p, x.Pair, x.Wishes)
					if bruteForce(q) == 0 {
						t.Fatalf("no conflict: %+v", x)
					}
					for _, w := range wishes {
						if bruteForce(drop(q, w)) > 0 {
							t.Fatalf("%+v without %+v is a conflict still", x, w)
						}
					}
				}
			})
		})
	}
}

func TestConflictsInWords(t *testing.T) {
	p := func(hours ...slotting.Window) *slotting.Problem {
		p := &slotting.Problem{Grid: 2, Weeks: 4, RowMax: 3, Weights: slotting.DefaultWeights, Zones: [][]int{make([]int, 4)}}
		for i, h := range hours {
			p.People = append(p.People, slotting.Person{ID: string(rune('a' + i)), Core: slotting.Window{From: 36, To: 68}, Work: []slotting.Window{h}})
			if i > 0 {
				p.Pairs = append(p.Pairs, slotting.Pair{Manager: 0, Report: i, Duration: 4, Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None})
			}
		}
		return p
	}
	w := func(from, to int) slotting.Window { return slotting.Window{From: from, To: to} }
	hours := func(v int) slotting.Wish { return slotting.Wish{Kind: slotting.KeepHours, Person: v} }
	meet := func(i int) slotting.Wish { return slotting.Wish{Kind: slotting.Meet, Pair: i} }
	busy := p(w(36, 52), w(36, 44))
	busy.People[0].Busy = []slotting.Busy{{Start: 38, Length: 3, Mask: 15, Hard: true}}
	for name, c := range map[string]struct {
		p    *slotting.Problem
		want []slotting.Conflict
	}{
		"none":                        {p(w(36, 44), w(36, 44), w(36, 44)), nil},
		"hours that never overlap":    {p(w(36, 44), w(46, 54)), []slotting.Conflict{{Pair: 0, Wishes: []slotting.Wish{hours(0), hours(1)}}}},
		"too short a day":             {p(w(36, 54), w(36, 39)), []slotting.Conflict{{Pair: 0, Wishes: []slotting.Wish{hours(1)}}}},
		"more reports than time":      {p(w(36, 44), w(36, 44), w(36, 44), w(36, 44)), []slotting.Conflict{{Pair: 2, Wishes: []slotting.Wish{meet(0), meet(1), meet(2)}}}},
		"far more reports than time":  {p(w(36, 44), w(36, 44), w(36, 44), w(36, 44), w(36, 44)), []slotting.Conflict{{Pair: 2, Others: []int{3}, Wishes: []slotting.Wish{meet(0), meet(1), meet(2)}}}},
		"too many reports to try all": {p(slices.Repeat([]slotting.Window{w(36, 40)}, 21)...), []slotting.Conflict{{Pair: 2, Others: slices.Repeat([]int{3}, 18), Wishes: []slotting.Wish{meet(18), meet(19)}}}},
		"two of three want one hour":  {p(w(36, 72), w(36, 42), w(60, 72), w(38, 42)), []slotting.Conflict{{Pair: 2, Wishes: []slotting.Wish{meet(0), meet(2)}}}},
		"events in the hours of both": {busy, []slotting.Conflict{{Pair: 0, Wishes: []slotting.Wish{hours(1), {Kind: slotting.KeepEvents}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := slotting.Conflicts(c.p)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 1 && len(c.want) == 1 && got[0].Wishes[0].Kind == slotting.Meet {
				got[0].Pair = c.want[0].Pair // whichever is left over
				if d := got[0].Others; len(d) == len(c.want[0].Others) {
					got[0].Others = c.want[0].Others
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
