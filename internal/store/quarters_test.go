package store

import (
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
)

// What is shown of a quarter is what was kept of it first; who leads a group and is forgotten leaves it unshown.
func TestQuarters(t *testing.T) {
	s, ctx, first := open(t, file(t), noon), t.Context(), day(1)
	want := drift.Quarter{
		Groups: []drift.Group{{Head: "eva", Pairs: 9, Managers: 3, Kept: 90, Late: 4, Lost: 6}, {Head: "ola", Pairs: 5}},
		All:    &drift.Group{Pairs: 14, Managers: 6, Kept: 120},
	}
	is := func(want drift.Quarter, known bool) {
		t.Helper()
		got, ok, err := s.Quarter(ctx, first)
		must(t, err)
		if d := diff.Diff(want, got); d != "" || ok != known {
			t.Errorf("kept %v: %s", ok, d)
		}
	}
	is(drift.Quarter{}, false)
	must(t, s.KeepQuarter(ctx, first, want))
	must(t, s.KeepQuarter(ctx, first, drift.Quarter{All: &drift.Group{Pairs: 15}}))
	is(want, true)
	_, err := s.Forget(ctx, "eva", false)
	must(t, err)
	is(drift.Quarter{Groups: want.Groups[1:], All: want.All, Hidden: true}, true)
	first = day(2)
	must(t, s.KeepQuarter(ctx, first, drift.Quarter{Hidden: true}))
	is(drift.Quarter{Hidden: true}, true)
}
