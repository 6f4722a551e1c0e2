package notify_test

import (
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/series"
)

// What will have stood for long enough only after the day's work is no reason to look for a digest then
// (TestLaws, seed 4827921462000185921).
func TestDigestOfWhatSettlesTooLate(t *testing.T) {
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	p, changed := series.Pair{Manager: "a", Report: "c"}, time.Date(2026, 3, 2, 19, 51, 0, 0, auckland)
	start := time.Date(2026, 3, 3, 2, 0, 0, 0, auckland)
	in := notify.Input{
		Now: changed.Add(time.Minute),
		Reader: notify.Reader{
			Person:   series.Person{ID: "c", Zone: "Pacific/Auckland"},
			Channels: []string{"mail"},
			Digest:   true,
		},
		Matters: []notify.Matter{{
			Kind:    notify.Difference,
			Key:     "x",
			Pair:    p,
			Flag:    drift.Flag{Pair: p, Kind: drift.Moved, Occurrence: series.DateOf(start)},
			In:      []string{"c"}, // they know it: a digest has it
			Old:     start,
			New:     start.Add(4 * time.Hour),
			Changed: changed,
		}},
	}
	if next := notify.Decide(in).Next; next.Before(time.Date(2026, 3, 9, 8, 0, 0, 0, auckland)) {
		t.Errorf("looked again on %s, after work", next.In(auckland))
	}
	in.Matters[0].Changed, in.Now = changed.Add(-time.Hour), changed
	if d := notify.Decide(in); len(d.Due) != 1 || d.Due[0].Kind != notify.Digest {
		t.Errorf("what has stood is in no digest: %+v", d)
	}
}
