package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// When a calendar was read is written by itself after a day, where the clock was set back, and where what it shows is
// to be listed anew soon; and only with what it shows.
func TestReadingsLag(t *testing.T) {
	for name, x := range map[string]struct {
		change  func(*series.Snapshot)
		written bool
	}{
		"read again":     {func(x *series.Snapshot) { x.At = x.At.Add(23 * time.Hour) }, false},
		"listed again":   {func(x *series.Snapshot) { x.FullAt = x.FullAt.Add(time.Hour) }, false},
		"another cursor": {func(x *series.Snapshot) { x.Cursor = "c2" }, false},
		"a day later":    {func(x *series.Snapshot) { x.At = x.At.Add(24 * time.Hour) }, true},
		"a day earlier":  {func(x *series.Snapshot) { x.At = x.At.Add(-24 * time.Hour) }, true},
		"in doubt":       {func(x *series.Snapshot) { x.FullAt = x.FullAt.Add(-time.Hour) }, true},
		"no cursor":      {func(x *series.Snapshot) { x.Cursor = "" }, true},
		"another show":   {func(x *series.Snapshot) { x.At, x.Quiet = x.At.Add(time.Minute), !x.Quiet }, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s := open(t, path, noon)
			was := whole()
			was.At, was.FullAt, was.Cursor = noon, noon, "c1"
			must(t, s.Commit(t.Context(), reconcile.Record{Snapshots: packed(map[string]series.Snapshot{"mia": was})}))
			was = load(t, s).Snapshots["mia"].Snapshot()
			is := was
			x.change(&is)
			must(t, s.Commit(t.Context(), reconcile.Record{Snapshots: packed(map[string]series.Snapshot{"mia": is})}))
			other := open(t, path, noon)
			must(t, other.ConfirmEmpty(t.Context(), "raj")) // all is read again
			if d := cmp.Diff(is, load(t, s).Snapshots["mia"].Snapshot()); d != "" {
				t.Error("the next round:", d)
			}
			if x.written {
				was = is
			}
			if d := cmp.Diff(was, load(t, other).Snapshots["mia"].Snapshot()); d != "" {
				t.Error("after a restart:", d)
			}
		})
	}
}

// What another process has written of a calendar counts, where it shows something else or was read later.
func TestReadingsOfAnotherProcess(t *testing.T) {
	for name, x := range map[string]struct {
		show  bool
		after time.Duration
		wins  bool
	}{
		"something else, before": {true, time.Minute, true},
		"the same, before":       {false, time.Minute, false},
		"the same, later":        {false, 3 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s, other := open(t, path, noon), open(t, path, noon)
			read := func(after time.Duration, quiet bool) reconcile.Record {
				x := series.Snapshot{At: noon.Add(after), Quiet: quiet}
				return reconcile.Record{At: noon, Snapshots: packed(map[string]series.Snapshot{"mia": x})}
			}
			mine, theirs := read(2*time.Minute, false), read(x.after, x.show)
			theirs.Timed = map[string]bool{"mia": true}
			must(t, s.Commit(t.Context(), read(0, false)))
			must(t, s.Commit(t.Context(), mine))
			must(t, other.Commit(t.Context(), theirs))
			want := mine.Snapshots
			if x.wins {
				want = theirs.Snapshots
			}
			if d := cmp.Diff(want, load(t, s).Snapshots, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
			must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Timed: theirs.Timed})) // it was not read in this round
			if d := cmp.Diff(want, load(t, other).Snapshots, cmpopts.EquateEmpty()); d != "" {
				t.Error("on disk: ", d)
			}
		})
	}
}

// What a round read whose commit failed is not gone on from.
func TestReadingsOfAFailedCommit(t *testing.T) {
	s := open(t, file(t), noon)
	must(t, s.Commit(t.Context(), reconcile.Record{Snapshots: packed(map[string]series.Snapshot{"mia": {At: noon}})}))
	want := load(t, s).Snapshots
	_, err := s.db.Exec(`CREATE TRIGGER no BEFORE INSERT ON people BEGIN SELECT RAISE(ABORT, 'no'); END`)
	must(t, err)
	r := reconcile.Record{Snapshots: packed(map[string]series.Snapshot{"mia": {At: noon.Add(time.Minute)}}),
		People: map[string]series.Person{"mia": {}}}
	if err := s.Commit(t.Context(), r); err == nil {
		t.Fatal("committed")
	}
	if d := cmp.Diff(want, load(t, s).Snapshots); d != "" {
		t.Error(d)
	}
	_, err = s.db.Exec(`DROP TRIGGER no`)
	must(t, err)
	must(t, s.Commit(t.Context(), r))
	if d := cmp.Diff(r.Snapshots, load(t, s).Snapshots, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}
