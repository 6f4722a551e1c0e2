package slotting_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/slotting"
	"holdfast/internal/slotting/instance"
)

// optimum is what independent solvers proved of an instance.
type optimum struct {
	Instance    string
	Optimum     int
	Lower_bound int
	Rooms       []int
	Unplaced    int
	Terms       slotting.Terms
}

func optima(t testing.TB) []optimum {
	t.Helper()
	b, err := os.ReadFile("testdata/optima.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []optimum
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t testing.TB, name string) *slotting.Problem {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json.gz")
	if err != nil {
		t.Fatal(err)
	}
	p, err := instance.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// solve makes a plan that breaks no hard rule and is what it says it is.
func solve(t fataler, p *slotting.Problem) slotting.Solution {
	t.Helper()
	s, err := slotting.Solve(p)
	if err != nil {
		t.Fatal(err)
	}
	terms, broken := slotting.Check(p, s.Slots)
	if len(broken) > 0 {
		t.Fatalf("broken: %v", broken)
	}
	if diff := cmp.Diff(terms, s.Terms); diff != "" {
		t.Fatal(diff)
	}
	if s.Bound > s.Cost() || s.Proven != (s.Bound == s.Cost()) {
		t.Fatalf("costs %d, bound %d, proven %v", s.Cost(), s.Bound, s.Proven)
	}
	for i, slot := range s.Slots {
		if (slot == slotting.None) != (s.Reasons[i] != slotting.Placed) {
			t.Fatalf("pair %d: slot %d, reason %d", i, slot, s.Reasons[i])
		}
	}
	return s
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func TestProvenOptima(t *testing.T) {
	for _, o := range optima(t) {
		t.Run(o.Instance, func(t *testing.T) {
			s := solve(t, read(t, o.Instance))
			if s.Terms.Unplaced != slotting.DefaultWeights.Unplaced*o.Unplaced {
				t.Errorf("%d for pairs without a slot, want %d of them", s.Terms.Unplaced, o.Unplaced)
			}
			if len(o.Rooms) > 0 {
				if s.Bound > o.Optimum || s.Cost() < o.Lower_bound || 1000*(s.Cost()-s.Bound) > 3*s.Bound {
					t.Errorf("costs %d, bound %d: the optimum is %d", s.Cost(), s.Bound, o.Optimum)
				}
				return
			}
			if s.Cost() != o.Optimum || !s.Proven {
				t.Errorf("costs %d, bound %d: the optimum is %d", s.Cost(), s.Bound, o.Optimum)
			}
		})
	}
}
