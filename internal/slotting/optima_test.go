package slotting_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"holdfast/internal/slotting"
	"holdfast/internal/slotting/instance"
)

type optimum struct {
	Instance string
	Optimum  int
	Rooms    []int
	Unplaced int
	Terms    map[string]int
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

func read(t testing.TB, path string) *slotting.Problem {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := instance.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProvenOptima(t *testing.T) {
	for _, o := range optima(t) {
		t.Run(o.Instance, func(t *testing.T) {
			p := read(t, "testdata/"+o.Instance+".json.gz")
			s, err := slotting.Solve(p)
			if err != nil {
				t.Fatal(err)
			}
			_, broken := slotting.Check(p, s.Slots)
			fmt.Println(o.Instance, s.Cost(), o.Optimum, s.Bound, s.Proven, s.Terms, len(broken), broken[:min(5, len(broken))])
		})
	}
}
