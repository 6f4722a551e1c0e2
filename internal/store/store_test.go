package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

var (
	noon = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
	mia  = series.Pair{Manager: "mia", Report: "raj"}
	lee  = series.Pair{Manager: "mia", Report: "lee"}
)

// at is a clock that stands still.
func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// open opens the file, and closes it with the test.
func open(t testing.TB, path string, now time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+path, at(now), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s *Store) reconcile.Memory {
	t.Helper()
	m, err := s.Load(t.Context())
	must(t, err)
	return m
}

func flag(p series.Pair, day int, to string) drift.Flag {
	notice := 26 * time.Hour
	return drift.Flag{
		Pair:       p,
		Generation: 1,
		Kind:       drift.Moved,
		Occurrence: series.Date{Year: 2026, Month: time.December, Day: day},
		From:       aspect("2026-12-01T10:00:00+01:00"),
		To:         aspect(to),
		By:         drift.ByReport,
		Notice:     &notice,
		Since:      noon,
	}
}

func aspect(text string) series.Aspect {
	a, err := series.ParseAspect(text)
	if err != nil {
		panic(err)
	}
	return a
}

func outcome(p series.Pair, d series.Date, r drift.Result, final bool) drift.Outcome {
	return drift.Outcome{Pair: p, Week: d.Week(), Occurrence: d, Result: r, By: drift.ByUnknown, Final: final}
}

func day(d int) series.Date { return series.Date{Year: 2026, Month: time.December, Day: d} }

func TestFlags(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	a, b := flag(mia, 1, "2026-12-03T10:00:00+01:00"), flag(lee, 1, "2026-12-02T10:00:00+01:00")
	states := func(want ...string) {
		t.Helper()
		rows, err := s.Flags(ctx, true)
		must(t, err)
		var got []string
		for _, f := range rows {
			got = append(got, f.Pair.Report+" "+f.State+" "+f.To.String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	must(
		t,
		s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{a, b}, Edges: drift.Edges{Opened: []drift.Flag{a, b}}}),
	)
	if d := cmp.Diff([]drift.Flag{b, a}, load(t, s).Open); d != "" {
		t.Error(d)
	}
	for range 2 {
		if ok, err := s.Acknowledge(ctx, sees(a.ID(), noon)); err != nil || !ok {
			t.Errorf("acknowledge: %v, %v", ok, err)
		}
	}
	if ok, err := s.Acknowledge(ctx, sees("no such flag", noon)); err != nil || ok {
		t.Errorf("acknowledge of nothing: %v, %v", ok, err)
	}
	a.To = aspect("2026-12-04T10:00:00+01:00")
	must(t, s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{a}, Edges: drift.Edges{Changed: []drift.Flag{a}}}))
	states("lee open "+b.To.String(), "raj acknowledged "+a.To.String()) // the calendar of b was not read: it stays
	must(t, s.Commit(ctx, reconcile.Record{At: noon.Add(time.Hour), Edges: drift.Edges{Closed: []drift.Flag{a}}}))
	states("lee open "+b.To.String(), "raj closed "+a.To.String())
	if ok, err := s.Acknowledge(ctx, sees(a.ID(), noon)); err != nil || ok {
		t.Errorf("acknowledge of a closed one: %v, %v", ok, err)
	}
	rows, err := s.Flags(ctx, false)
	must(t, err)
	if len(rows) != 1 || rows[0].Flag.ID() != b.ID() {
		t.Errorf("open: %v", rows)
	}
	rows, err = s.Flags(ctx, true)
	must(t, err)
	if !rows[1].Closed.Equal(noon.Add(time.Hour)) {
		t.Errorf("closed at %v", rows[1].Closed)
	}
	a.Since = noon.Add(2 * time.Hour)
	must(
		t,
		s.Commit(ctx, reconcile.Record{At: a.Since, Open: []drift.Flag{a, b}, Edges: drift.Edges{Opened: []drift.Flag{a}}}),
	)
	states("lee open "+b.To.String(), "raj open "+a.To.String())
	if got := load(t, s).Open[1].Since; !got.Equal(a.Since) {
		t.Errorf("opened again since %v", got)
	}
	edges, err := query(
		ctx,
		s.db,
		func(r *sql.Rows) (e string, err error) { return e, r.Scan(&e) },
		`SELECT edge FROM edges WHERE flag = ? ORDER BY n`,
		a.ID(),
	)
	must(t, err)
	if d := cmp.Diff([]string{"opened", "changed", "closed", "opened"}, edges); d != "" {
		t.Error(d)
	}
}

func TestOutcomes(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	commit := func(o ...drift.Outcome) { t.Helper(); must(t, s.Commit(ctx, reconcile.Record{At: noon, Outcomes: o})) }
	check := func(p series.Pair, since series.Date, want ...drift.Outcome) {
		t.Helper()
		got, err := s.Outcomes(ctx, p, since)
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	first, second := outcome(mia, day(1), drift.Kept, true), outcome(mia, day(8), drift.CancelledWeek, false)
	commit(first, second, outcome(lee, day(2), drift.Excused, true))
	check(mia, series.Date{}, first, second)
	check(mia, day(8), second)
	check(series.Pair{}, day(1), outcome(lee, day(2), drift.Excused, true), first, second)

	// A final one never changes; another day of the same week takes the place of one that is not final.
	third := outcome(mia, day(9), drift.KeptLate, true)
	commit(outcome(mia, day(1), drift.Slipped, true), third)
	check(mia, series.Date{}, first, third)
	// One of a week to come was frozen by a clock that ran ahead: it hides no week from the record.
	if d := cmp.Diff(map[series.Pair]series.Week{mia: day(1).Week(), lee: day(2).Week()}, load(t, s).Frozen); d != "" {
		t.Error(d)
	}
}

// standing is what stands after a round that saw that roster.
func standing(roster string) reconcile.Standing {
	return reconcile.Standing{Roster: reconcile.RosterSeen{Digest: roster, Since: noon},
		Held: map[string]plan.Hold{"c1": {Pair: mia, Digest: "aa", Because: "6 endings within an hour, the limit is 5"}}}
}

// What a person confirmed counts until a round has used it.
func TestConfirmed(t *testing.T) {
	s := open(t, file(t), noon)
	for range 2 {
		must(t, s.ConfirmEmpty(t.Context(), "mia"))
	}
	must(t, s.ConfirmEmpty(t.Context(), "raj"))
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Confirmed: []string{"raj"}}))
	if d := cmp.Diff(map[string]bool{"mia": true}, load(t, s).Confirmed); d != "" {
		t.Error(d)
	}
}

func TestRename(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	f, o := flag(mia, 1, "30m0s"), outcome(mia, day(1), drift.Kept, true)
	must(
		t,
		s.Commit(
			ctx,
			reconcile.Record{
				At:        noon,
				Open:      []drift.Flag{f},
				Edges:     drift.Edges{Opened: []drift.Flag{f}},
				Outcomes:  []drift.Outcome{o},
				Snapshots: packed(map[string]series.Snapshot{"raj": {At: noon}}),
				People:    map[string]series.Person{"raj": {ID: "raj"}},
			},
		),
	)
	if ok, err := s.Acknowledge(ctx, sees(f.ID(), noon)); err != nil || !ok {
		t.Fatal(ok, err)
	}
	doc := reconcile.Document{Link: "https://docs.example.com/d", Looked: noon, State: "{}"}
	must(t, s.KeepDocument(ctx, mia, doc))
	for range 2 {
		must(t, s.Rename(ctx, "raj", "rajesh"))
	}
	f.Pair.Report, o.Pair.Report = "rajesh", "rajesh"
	rows, err := s.Flags(ctx, true)
	must(t, err)
	if d := cmp.Diff([]reconcile.FlagRow{
		{Flag: f, State: "acknowledged", Acknowledged: []string{"mia", "rajesh"}},
	}, rows); d != "" {
		t.Error(d)
	}
	if ok, err := s.Acknowledge(ctx, sees(f.ID(), noon)); err != nil || !ok {
		t.Errorf("by its new id: %v, %v", ok, err)
	}
	got, err := s.Outcomes(ctx, o.Pair, series.Date{})
	must(t, err)
	if d := cmp.Diff([]drift.Outcome{o}, got); d != "" {
		t.Error(d)
	}
	m := load(t, s)
	if _, ok := m.Snapshots["rajesh"]; !ok || len(m.People) != 1 {
		t.Errorf("snapshots %v, people %v", m.Snapshots, m.People)
	}
	if d := cmp.Diff(map[series.Pair]reconcile.Document{o.Pair: doc}, m.Documents); d != "" {
		t.Error(d)
	}
}

func TestPrune(t *testing.T) {
	path := file(t)
	s := open(t, path, noon)
	ctx := t.Context()
	kept, gone := flag(mia, 1, "30m0s"), flag(mia, 2, "45m0s")
	must(
		t,
		s.Commit(
			ctx,
			reconcile.Record{
				At:       noon,
				Open:     []drift.Flag{kept},
				Edges:    drift.Edges{Opened: []drift.Flag{kept, gone}, Closed: []drift.Flag{gone}},
				Outcomes: []drift.Outcome{outcome(mia, day(1), drift.Kept, true)},
			},
		),
	)
	id, err := s.Begin(
		ctx,
		reconcile.Act{At: noon, Pair: mia, Action: plan.Update},
		&series.Event{Start: noon, Zone: "UTC"},
	)
	must(t, err)
	must(t, s.Done(ctx, id, noon, nil))
	must(t, s.Record(ctx, "mia", []notify.Told{{Notice: "n1", At: noon, Key: kept.ID()}}, ledger.Sent{}))
	must(t, s.Record(ctx, "ops", []notify.Told{{Notice: "n2", At: noon, Key: "outage|office"}}, ledger.Sent{}))
	must(t, s.Allow(ctx, map[string]string{"c1": "aa"}, noon.Add(time.Hour)))
	must(t, s.BeginDeed(ctx, &deed.Deed{At: noon, Kind: deed.Accept, Pair: mia}))
	must(t, s.SetMatters(ctx, []notify.Matter{{Key: "ask|x", Kind: notify.Ask, Changed: noon},
		{Key: "outage|x", Kind: notify.Outage, Changed: noon}}, nil))
	for _, x := range []struct {
		after int // days
		want  int64
	}{{0, 0}, {730, 2}, {731, 4}, {738, 1}, {2000, 0}} {
		if n, err := open(t, path, noon.AddDate(0, 0, x.after)).Prune(ctx); err != nil || n != x.want {
			t.Errorf("%d days later: removed %d, %v, want %d", x.after, n, err, x.want)
		}
	}
	if rows, err := s.Flags(ctx, true); err != nil || len(rows) != 1 || rows[0].Flag.ID() != kept.ID() {
		t.Errorf("flags left: %v, %v", rows, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:pw@db/x":     "database: PostgreSQL is not supported by this version; use sqlite:PATH",
		"mysql://u:pw@db":          "database: want sqlite:PATH",
		"holdfast.db":              "database: want sqlite:PATH",
		"sqlite:":                  "database: want sqlite:PATH",
		"sqlite:/no/such/dir/x.db": "database: open /no/such/dir/x.db: no such file or directory",
	} {
		_, err := Open(t.Context(), dsn, at(noon), Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", dsn, err, want)
		}
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#%20.db")
	must(t, os.WriteFile(path, nil, 0o644))
	s := open(t, path, noon)
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon}))
	release, err := s.Exclusive(t.Context())
	must(t, err)
	defer release()
	for _, suffix := range []string{"", "-wal", "-shm", "-daemon"} {
		i, err := os.Stat(path + suffix)
		if err != nil {
			t.Error(err)
		} else if i.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %o", suffix, i.Mode().Perm())
		}
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 4 {
		t.Errorf("files: %v, %v", names, err)
	}
}

func TestNothingIsLeftOfAnUncommittedRound(t *testing.T) {
	path := file(t)
	s := open(t, path, noon)
	before := reconcile.Record{At: noon, Standing: standing("aa"),
		Snapshots: packed(map[string]series.Snapshot{"mia": whole()}),
		People:    map[string]series.Person{"mia": {ID: "mia"}}}
	must(t, s.Commit(t.Context(), before))
	want := load(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	other := reconcile.Record{At: noon.Add(time.Hour), Standing: standing("bb"),
		Snapshots: packed(map[string]series.Snapshot{"mia": {}})}
	if err := s.inTx(ctx, "commit", func(tx *sql.Tx) error {
		defer cancel()
		return s.commit(ctx, tx, other)
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	for range 2 {
		for _, s := range []*Store{s, open(t, path, noon)} {
			if d := cmp.Diff(want, load(t, s)); d != "" {
				t.Error(d)
			}
		}
		// waits until the lock is free
		must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Standing: before.Standing, People: before.People}))
	}
}

// Whoever deletes the file starts anew, also when the write-ahead log was left lying there.
func TestDeletedFile(t *testing.T) {
	path := file(t)
	s := open(t, path, noon)
	if !load(t, s).Empty {
		t.Error("a new journal is not empty")
	}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon}))
	if load(t, s).Empty {
		t.Error("the journal is empty after a round")
	}
	must(t, os.Remove(path))
	s = open(t, path, noon)
	if !load(t, s).Empty {
		t.Error("the journal is not empty after its file was deleted")
	}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon}))
	integrity(t, s.db)
}

func TestInMemory(t *testing.T) {
	s := open(t, ":memory:", noon)
	is := map[string]series.Snapshot{"mia": whole()}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Snapshots: packed(is)}))
	if m := load(t, s); m.Empty || len(m.Snapshots) != 1 {
		t.Errorf("empty %v, %d snapshots", m.Empty, len(m.Snapshots))
	}
	release, err := s.Exclusive(t.Context())
	must(t, err)
	must(t, release())
}

// Who is renamed and renamed back has one record, whatever was recorded under either id meanwhile; also where a
// daemon on an older roster writes under the old id once more.
func TestRenameAndBack(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	round := func(report string) drift.Flag {
		t.Helper()
		p := series.Pair{Manager: "mia", Report: report}
		f, closed := flag(p, 1, "30m0s"), flag(p, 8, "45m0s")
		must(t, s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{f},
			Edges:     drift.Edges{Opened: []drift.Flag{f, closed}, Closed: []drift.Flag{closed}},
			Outcomes:  []drift.Outcome{outcome(p, day(1), drift.Kept, true)},
			Snapshots: packed(map[string]series.Snapshot{report: {At: noon}}),
			People:    map[string]series.Person{report: {ID: report}},
			Outages:   map[reconcile.Subject]reconcile.Outage{reconcile.CalendarOf(report): {Since: noon}}}))
		must(t, s.Record(ctx, "mia", []notify.Told{{Notice: "n1", At: noon, Pair: p, Key: f.ID()}}, ledger.Sent{}))
		_, err := s.Begin(ctx, reconcile.Act{At: noon, Pair: p, Action: plan.Update}, &series.Event{Start: noon, Zone: "UTC"})
		must(t, err)
		must(t, s.KeepDocument(ctx, p, reconcile.Document{Link: "https://docs.example.com/" + report, State: "{}"}))
		return f
	}
	for _, ids := range [][2]string{{"raj", "rajp"}, {"rajp", "raj"}, {"raj", "rajp"}} {
		round(ids[0])
		round(ids[1])
		round(ids[0])
		must(t, s.Rename(ctx, ids[0], ids[1]))
		f := round(ids[1])
		m := load(t, s)
		if len(m.People) != 1 || len(m.Open) != 1 || m.Open[0].ID() != f.ID() || len(m.Snapshots) != 1 ||
			len(m.Outages) != 1 ||
			len(m.Documents) != 1 {
			t.Errorf("after %v: people %v, open %v, %d snapshots, %d documents", ids, m.People, m.Open, len(m.Snapshots),
				len(m.Documents))
		}
		integrity(t, s.db)
	}
}

// A round that found nothing new writes nothing, whoever is writing meanwhile. Of readings only those are written by
// which something is judged, with the calendars that show something else.
func TestNothingNew(t *testing.T) {
	path := file(t)
	s := open(t, path, noon)
	s.db.SetMaxOpenConns(1)
	r := org(1000)
	must(t, s.Commit(t.Context(), r))
	r.Snapshots = maps.Clone(load(t, s).Snapshots)
	for id, x := range r.Snapshots {
		x.At, x.Cursor = noon.Add(time.Minute), "https://dav.example.com/sync/2"
		r.Snapshots[id] = x
	}
	writes := func(want int) {
		t.Helper()
		var before, after int
		must(t, s.db.QueryRowContext(t.Context(), `SELECT total_changes()`).Scan(&before))
		must(t, s.Commit(t.Context(), r))
		must(t, s.db.QueryRowContext(t.Context(), `SELECT total_changes()`).Scan(&after))
		if after-before != want {
			t.Errorf("%d rows were written, want %d", after-before, want)
		}
		if d := cmp.Diff(r.Snapshots["m0"], load(t, s).Snapshots["m0"]); d != "" {
			t.Error("the next round does not go on from this one:", d)
		}
	}
	other, err := open(t, path, noon).db.BeginTx(t.Context(), nil)
	must(t, err)
	writes(0)
	must(t, other.Rollback())
	r.Open[0].Detail, r.Outcomes[9].Result = "y", drift.Slipped
	delete(r.People, r.Open[1].Pair.Report)
	writes(1 + 1 + 2 + 1) // an outcome takes the place of another; and the revision
	r.Timed = map[string]bool{"m0": true, "nobody": true}
	x := r.Snapshots["m1"].Snapshot()
	x.Quiet = true
	r.Snapshots["m1"] = series.Pack(x)
	writes(1 + 1 + 1 + 1)
	r.Timed = nil
	writes(0)
}
