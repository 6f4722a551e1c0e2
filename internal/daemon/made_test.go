package daemon

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/store"
	"holdfast/internal/yamlpos"
)

// A page says that nothing can be written down as long as rounds cannot be recorded, and for no other reason.
func TestUnwritable(t *testing.T) {
	a := &App{o: Options{Clock: time.Now}}
	for _, x := range []struct {
		err  error
		want bool
	}{{nil, false}, {errors.New("no good roster"), false}, {fmt.Errorf("commit: %w", store.ErrTrouble), true},
		{errors.New("no good roster"), true}, {nil, false}} {
		a.note(t.Context(), reconcile.Round{}, "poll", 0, x.err)
		if got := a.unwritable.Load(); got != x.want {
			t.Errorf("after %v: %v", x.err, got)
		}
	}
}

// Admins see what rounds did: of those that came by the clock and to nothing the last one of a row, and no more than
// so many in all.
func TestMade(t *testing.T) {
	var m made
	at := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	round := func(reason string, writes int, problems, err error) {
		at = at.Add(time.Minute)
		m.add(reconcile.Round{At: at, Applied: make([]plan.Change, writes), Problems: problems}, reason, time.Second, err)
	}
	round("start", 2, nil, nil)
	for range 5 {
		round("poll", 0, nil, nil)
	}
	last := at
	round("poll", 0, nil, errors.New("the disk is full"))
	round("act", 0, yamlpos.Problems{{File: "roster.yaml", Line: 3, Column: 1, What: "zone", Text: "is unknown"}}, nil)
	got := m.lines()
	if len(got) != 4 || got[0].Reason != "act" || got[1].Err != "the disk is full" || !got[2].At.Equal(last) ||
		got[3].Writes != 2 {
		t.Errorf("got %+v", got)
	}
	if got := m.problems(); got != "roster.yaml:3:1: zone: is unknown" {
		t.Errorf("problems: %q", got)
	}
	for range 2 * keptRounds {
		round("act", 0, nil, nil)
	}
	if got := m.lines(); len(got) != keptRounds || !got[0].At.Equal(at) || m.problems() != "" {
		t.Errorf("%d rounds are kept, the newest of %v; problems %q", len(got), got[0].At, m.problems())
	}
}
