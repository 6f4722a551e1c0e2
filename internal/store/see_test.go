package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// A person's weeks are the outcomes of their pairs that the roster has.
func TestWeeks(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	var all []drift.Outcome
	notice := 26 * time.Hour
	pairs := []series.Pair{
		{Manager: "mia", Report: "raj"},
		{Manager: "eva", Report: "mia"},
		{Manager: "eva", Report: "raj"},
		{Manager: "mia", Report: "gone"},
	}
	rows := map[series.Pair]*reconcile.StatusRow{}
	for i, p := range pairs {
		for w := range 4 {
			o := outcome(p, day(1).AddDays(7*w), []drift.Result{drift.Kept, drift.DeclinedWeek}[w%2], w < 2)
			if w == i {
				o.Notice, o.By = &notice, drift.ByReport
			}
			all = append(all, o)
		}
		if p.Report != "gone" {
			rows[p] = &reconcile.StatusRow{Pair: p}
		}
	}
	must(t, s.Commit(ctx, reconcile.Record{
		At:       noon,
		Outcomes: all,
		Statuses: rows,
		Origin:   reconcile.Origin{Sources: "x"},
	}))
	got, err := s.Weeks(ctx, "mia", day(8).Week())
	must(t, err)
	want := map[series.Pair][]drift.Outcome{}
	for _, p := range pairs[:2] {
		want[p], err = s.Outcomes(ctx, p, day(8))
		must(t, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n, err := s.Counted(ctx, pairs[0]); n != 2 || err != nil {
		t.Errorf("%d weeks count, %v", n, err)
	}
	tally, err := s.Tally(ctx, day(1).Week(), day(8).Week())
	must(t, err)
	if d := cmp.Diff(map[drift.Result]int{drift.Kept: 1, drift.DeclinedWeek: 1}, tally[pairs[3]]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What was read last and is not on disk is told, also while a round writes.
func TestReadingsWhileARoundWrites(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	snap := series.Snapshot{At: noon, FullAt: noon}
	commit := func(at time.Time) {
		snap.At = at
		must(t, s.Commit(ctx, reconcile.Record{At: at, Snapshots: packed(map[string]series.Snapshot{"mia": snap})}))
	}
	read := func(person string) time.Time {
		t.Helper()
		got, err := s.Readings(ctx, person)
		must(t, err)
		return got["mia"]
	}
	commit(noon)
	load(t, s)
	later := noon.Add(time.Minute)
	commit(later)
	if got := read(""); !got.Equal(later) {
		t.Errorf("read at %v", got)
	}
	s.mu.Lock() // as a round has it
	defer s.mu.Unlock()
	for _, person := range []string{"", "mia"} {
		if got := read(person); !got.Equal(later) {
			t.Errorf("of %q: read at %v", person, got)
		}
	}
}
