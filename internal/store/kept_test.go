package store

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
)

// A flag keeps when it was first acknowledged, and forgets that, and when it was closed, when it opens again.
func TestFlagThatOpensAgain(t *testing.T) {
	s, ctx, f := open(t, file(t), noon), t.Context(), flag(mia, 1, "30m0s")
	row := func(state string, acked, closed time.Time) {
		t.Helper()
		got, err := query(ctx, s.db, func(r *sql.Rows) (x struct {
			state         string
			acked, closed sql.NullInt64
		}, err error) {
			return x, r.Scan(&x.state, &x.acked, &x.closed)
		}, `SELECT state, (SELECT min(at) FROM acknowledged WHERE flag = flags.id), closed FROM flags`)
		must(t, err)
		is := func(n sql.NullInt64, want time.Time) bool {
			return n.Valid == !want.IsZero() && (!n.Valid || instant(n.Int64).Equal(want))
		}
		if len(got) != 1 || got[0].state != state || !is(got[0].acked, acked) || !is(got[0].closed, closed) {
			t.Errorf("%+v, want %s, acknowledged %v, closed %v", got, state, acked, closed)
		}
	}
	opens := reconcile.Record{At: noon, Open: []drift.Flag{f}, Edges: drift.Edges{Opened: []drift.Flag{f}}}
	must(t, s.Commit(ctx, opens))
	for i := range 2 {
		_, err := s.Acknowledge(ctx, sees(f.ID(), noon.Add(time.Duration(i)*time.Hour)))
		must(t, err)
	}
	row("acknowledged", noon, time.Time{})
	must(t, s.Commit(ctx, reconcile.Record{At: noon.Add(time.Minute), Edges: drift.Edges{Closed: []drift.Flag{f}}}))
	row("closed", noon, noon.Add(time.Minute))
	must(t, s.Commit(ctx, opens))
	row("open", time.Time{}, time.Time{})
	_, err := s.Acknowledge(ctx, sees(f.ID(), noon.Add(2*time.Hour)))
	must(t, err)
	row("acknowledged", noon.Add(2*time.Hour), time.Time{})
}

// What is open now counts, whatever the edge that led to it said.
func TestOpenCountsBeforeItsEdges(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	for _, edges := range []drift.Edges{
		{Opened: []drift.Flag{flag(mia, 1, "45m0s")}}, {Changed: []drift.Flag{flag(mia, 1, "45m0s")}},
	} {
		must(t, s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{flag(mia, 1, "30m0s")}, Edges: edges}))
		if got := load(t, s).Open; len(got) != 1 || !got[0].To.Equal(aspect("30m0s")) {
			t.Errorf("open: %+v", got)
		}
	}
}

// A change whose answer was lost may have been made, and counts against the limits; one that was refused does not.
func TestRecentByHowItWent(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	for change, failure := range map[string]error{
		"made":     nil,
		"lost":     &provider.Error{Kind: provider.Transient, Err: errors.New("503")},
		"raced":    &provider.Error{Kind: provider.Conflict, Err: errors.New("412")},
		"refused":  &provider.Error{Kind: provider.Permanent, Err: errors.New("422")},
		"no login": &provider.Error{Kind: provider.Auth, Err: errors.New("401")},
	} {
		id, err := s.Begin(ctx, reconcile.Act{At: noon, Pair: mia, Action: plan.Create, Change: change}, nil)
		must(t, err)
		must(t, s.Done(ctx, id, noon, failure))
	}
	_, err := s.Begin(ctx, reconcile.Act{At: noon, Pair: mia, Action: plan.Create, Change: "under way"}, nil)
	must(t, err)
	got := load(t, s).Recent
	if len(got) != 3 || got[0].ID != "lost" || got[1].ID != "made" || got[2].ID != "under way" {
		t.Errorf("counted: %+v", got)
	}
}

// An allowance lapses at its time, not after it.
func TestAllowanceLapsesAtItsTime(t *testing.T) {
	path, until := file(t), noon.Add(time.Hour)
	must(t, open(t, path, noon).Allow(t.Context(), map[string]string{"c": "d"}, until))
	before, then := open(t, path, until.Add(-time.Microsecond)), open(t, path, until)
	if len(load(t, before).Allowed) != 1 || len(load(t, then).Allowed) != 0 {
		t.Errorf("just before %v, then %v", load(t, before).Allowed, load(t, then).Allowed)
	}
	for _, x := range []struct {
		s    *Store
		want int64
	}{{before, 0}, {then, 1}} {
		if n, err := x.s.Prune(t.Context()); err != nil || n != x.want {
			t.Errorf("removed %d, %v, want %d", n, err, x.want)
		}
	}
}
