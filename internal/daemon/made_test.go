package daemon

import (
	"errors"
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/yamlpos"
)

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
