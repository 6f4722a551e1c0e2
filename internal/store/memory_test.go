package store

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Whatever two processes write in turn, and however the clock moves, each Load of a Store that has read and written
// before gives what one that remembers nothing gives; and it stays as it was given. Only of when calendars were read it
// may know more: it gives what it committed last, unless another has committed since.
func TestLoadGivesWhatTheJournalHolds(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		now := noon
		path := file(t)
		var stores []*Store
		for range 2 {
			s, err := Open(ctx, "sqlite:"+path, func() time.Time { return now }, Options{KeepDays: 10})
			must(t, err)
			defer func() { must(t, s.Close()) }()
			stores = append(stores, s)
		}
		type given struct{ want, got reconcile.Memory }
		var before given
		check := func(x given) {
			if d := cmp.Diff(x.want, x.got, sameShow); d != "" {
				rt.Fatal(d)
			}
		}
		act, committed := int64(0), history{}
		last := map[string]*Store{} // who committed it
		commit := func(s *Store, r reconcile.Record) {
			must(t, s.Commit(ctx, r))
			committed.add(r)
			maps.DeleteFunc(last, func(_ string, of *Store) bool { return of != s })
			for p := range r.Snapshots {
				last[p] = s
			}
		}
		change := rapid.SampledFrom([]string{"", "c1", "c2"})
		person := rapid.SampledFrom([]string{"mia", "raj", "lee"})
		rt.Repeat(map[string]func(*rapid.T){
			"wait": func(rt *rapid.T) {
				now = now.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 13 * time.Hour, 7 * 24 * time.Hour,
					91 * 24 * time.Hour, -24 * time.Hour}).Draw(rt, "for"))
			},
			"commit": func(rt *rapid.T) { commit(oneOf(rt, stores), draw(rt, now)) },
			"next round": func(rt *rapid.T) {
				s := oneOf(rt, stores)
				r, m := draw(rt, now), load(t, s)
				for id, x := range m.Snapshots {
					x.At, x.Cursor = now, x.Cursor+"+"
					r.Snapshots[id] = x
				}
				r.Open = append(r.Open, m.Open...)
				for _, was := range []func(){
					func() { r.Forget = nil },
					func() { r.People = maps.Clone(m.People) },
					func() { r.Pending = m.Pending },
					func() { r.Tries = m.Tries },
					func() { r.Outages = m.Outages },
					func() { r.Standing = m.Standing },
					func() { r.Outcomes = s.memory.outcomes },
				} {
					if rapid.Bool().Draw(rt, "as it was") {
						was()
					}
				}
				r.Confirmed = rapid.SliceOfN(person, 0, 1).Draw(rt, "used up")
				commit(s, r)
			},
			"failing commit": func(rt *rapid.T) {
				s, failure := oneOf(rt, stores), errors.New("failed")
				if err := s.inTx(ctx, "commit", func(tx *sql.Tx) error {
					return errors.Join(s.commit(ctx, tx, draw(rt, now)), failure)
				}); !errors.Is(err, failure) {
					rt.Fatal(err)
				}
				maps.DeleteFunc(last, func(_ string, of *Store) bool { return of == s })
			},
			"begin": func(rt *rapid.T) {
				e := series.Event{Start: noon.AddDate(0, 0, rapid.IntRange(0, 15).Draw(rt, "start")), Zone: "UTC"}
				id, err := oneOf(rt, stores).Begin(ctx, reconcile.Act{At: now, Pair: drawPair(rt), Action: plan.Update,
					Change: change.Draw(rt, "change"), Allowed: rapid.Bool().Draw(rt, "allowed")}, &e)
				must(t, err)
				act = id
			},
			"done": func(rt *rapid.T) {
				kind := rapid.SampledFrom([]provider.Kind{provider.Transient, provider.Conflict, provider.Exists}).Draw(rt, "kind")
				failure := error(&provider.Error{Kind: kind, Err: errors.New("failed")})
				if rapid.Bool().Draw(rt, "works") {
					failure = nil
				}
				must(t, oneOf(rt, stores).Done(ctx, act, now, failure))
			},
			"allow": func(rt *rapid.T) {
				until := now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 24 * time.Hour}).Draw(rt, "for"))
				must(t, oneOf(rt, stores).Allow(ctx, map[string]string{change.Draw(rt, "change"): "aa"}, until))
			},
			"disallow": func(rt *rapid.T) {
				_, err := oneOf(rt, stores).Disallow(ctx, change.Draw(rt, "change"))
				must(t, err)
			},
			"document": func(rt *rapid.T) {
				d := reconcile.Document{State: rapid.SampledFrom([]string{"", "{}", `{"a":1}`}).Draw(rt, "state")}
				must(t, oneOf(rt, stores).KeepDocument(ctx, drawPair(rt), d))
			},
			"acknowledge": func(rt *rapid.T) {
				_, err := oneOf(rt, stores).Acknowledge(ctx, sees(drawFlag(rt, noon).ID(), now))
				must(t, err)
			},
			"confirm": func(rt *rapid.T) {
				must(t, oneOf(rt, stores).ConfirmEmpty(ctx, person.Draw(rt, "person")))
			},
			"channel": func(rt *rapid.T) {
				must(t, oneOf(rt, stores).SetChannel(ctx, provider.Channel{ID: "a"}))
			},
			"rename": func(rt *rapid.T) {
				from, to := person.Draw(rt, "old"), person.Draw(rt, "new")
				must(t, oneOf(rt, stores).Rename(ctx, from, to))
				committed[to] = append(committed[to], committed[from]...)
				delete(last, from)
				delete(last, to)
			},
			"prune": func(rt *rapid.T) {
				_, err := oneOf(rt, stores).Prune(ctx)
				must(t, err)
			},
			"": func(rt *rapid.T) {
				s := oneOf(rt, stores)
				fresh := &Store{db: s.db, path: s.path, now: s.now}
				x := given{want: load(t, fresh), got: load(t, s)}
				check(x)
				check(before)
				committed.check(rt, x.want)
				committed.check(rt, x.got)
				for p, got := range x.got.Snapshots {
					if n := len(committed[p]); last[p] == s && !cmp.Equal(committed[p][n-1], got, cmpopts.EquateEmpty()) {
						rt.Fatalf("%s is as of %v, cursor %q, and was committed so at %v, cursor %q", p, got.At, got.Cursor,
							committed[p][n-1].At, committed[p][n-1].Cursor)
					}
				}
				before = x
				m := load(t, s) // a round writes to these
				m.Documents[mia] = reconcile.Document{State: "written to"}
				m.Outages[reconcile.CalendarOf("mia")] = reconcile.Outage{Text: "written to"}
			},
		})
	})
}

// Outcomes that another process has replaced are not taken for those that were committed before.
func TestOutcomesOfAnotherProcess(t *testing.T) {
	path := file(t)
	s, other := open(t, path, noon), open(t, path, noon)
	for _, x := range []struct {
		s *Store
		drift.Result
	}{{s, drift.Kept}, {other, drift.Slipped}, {s, drift.Kept}} {
		want := []drift.Outcome{outcome(mia, day(1), x.Result, false)}
		must(t, x.s.Commit(t.Context(), reconcile.Record{At: noon, Outcomes: want}))
		got, err := s.Outcomes(t.Context(), mia, day(1))
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

// What another version of the program had said to be out goes with the next round.
func TestStrangeOutage(t *testing.T) {
	s := open(t, file(t), noon)
	_, err := s.db.Exec(`INSERT INTO outages (subject, since, kind, text, hint) VALUES ('!', 0, '', '', '')`)
	must(t, err)
	if m := load(t, s); len(m.Outages) > 0 {
		t.Errorf("out: %v", m.Outages)
	}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon}))
	var left int
	must(t, s.db.QueryRow(`SELECT count(*) FROM outages`).Scan(&left))
	if left > 0 {
		t.Errorf("%d are left", left)
	}
}

// A Load that fails half way leaves nothing half read behind, whoever wrote what it could not read.
func TestLoadThatFails(t *testing.T) {
	for _, own := range []bool{true, false} {
		path, now := file(t), noon
		s, other := open(t, path, noon), open(t, path, noon)
		s.now = func() time.Time { return now }
		r := reconcile.Record{At: noon, Snapshots: packed(map[string]series.Snapshot{"mia": whole()}),
			People: map[string]series.Person{"mia": {ID: "mia"}}}
		must(t, s.Commit(t.Context(), r))
		must(t, s.Allow(t.Context(), map[string]string{"c": "d"}, noon.Add(time.Hour)))
		load(t, s)
		r.Snapshots["mia"], r.People["mia"] = series.Packed{At: noon}, series.Person{ID: "mia", Name: "Mia"}
		if own {
			other = s
		}
		must(t, other.Commit(t.Context(), r))
		now = noon.Add(time.Hour)
		swap := func(with string) {
			t.Helper()
			_, err := s.db.Exec(`UPDATE people SET data = ?`, with)
			must(t, err)
		}
		swap(`{`)
		if _, err := s.Load(t.Context()); err == nil {
			t.Error("a person that cannot be read was read")
		}
		swap(`{}`)
		if d := cmp.Diff(load(t, open(t, path, now)), load(t, s)); d != "" {
			t.Error(d)
		}
	}
}

// What Load gave may be read while other rounds of the same Store load and commit.
func TestLoadsAreReadWhileOthersWrite(t *testing.T) {
	s := open(t, file(t), noon)
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			for i := range 20 {
				m, err := s.Load(t.Context())
				if err == nil {
					_ = fmt.Sprint(m)
					m.Documents[mia] = reconcile.Document{Link: "written to"}
					f := flag(mia, 1+n, "30m0s")
					f.Detail = fmt.Sprint(i)
					err = s.Commit(t.Context(), reconcile.Record{At: noon, Open: []drift.Flag{f},
						Snapshots: packed(map[string]series.Snapshot{"mia": {At: noon.Add(time.Duration(i)), Interest: fmt.Sprint(n)}}),
						Outcomes:  []drift.Outcome{outcome(mia, day(1+7*n), drift.Kept, true)}})
				}
				if err == nil {
					err = s.KeepDocument(t.Context(), lee, reconcile.Document{Link: fmt.Sprint(i)})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
