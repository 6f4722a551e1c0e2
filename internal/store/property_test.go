package store

import (
	"errors"
	"maps"
	"slices"
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

// Whatever is put, by two processes in turn and with restarts between, Load gives back what a plain map would.
func TestLoadGivesBackWhatWasPut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := noon
		clock := func() time.Time { return now }
		path := file(t)
		reopen := func() *Store {
			s, err := Open(t.Context(), "sqlite:"+path, clock, Options{})
			must(t, err)
			return s
		}
		stores := []*Store{reopen(), reopen()}
		defer func() {
			for _, s := range stores {
				must(t, s.Close())
			}
		}()
		want := reconcile.Memory{
			Empty:     true,
			Snapshots: map[string]series.Packed{},
			Interests: map[string]string{},
			People:    map[string]series.Person{},
			Frozen:    map[series.Pair]series.Week{},
			Pending:   map[string]reconcile.Pending{},
			Tries:     map[plan.Target]plan.Try{},
			Outages:   map[reconcile.Subject]reconcile.Outage{},
			Documents: map[series.Pair]reconcile.Document{},
			TimesSeen: map[series.Pair][]string{},
		}
		open := map[string]drift.Flag{}
		allowed := map[string]reconcile.Allowance{}
		rows, moments := map[series.Pair]reconcile.StatusRow{}, map[string]drift.Moment{}
		type act struct {
			pair series.Pair
			at   time.Time
		}
		acts := map[int64]act{} // but for those that failed
		committed := history{}

		rt.Repeat(map[string]func(*rapid.T){
			"restart": func(rt *rapid.T) {
				must(t, stores[0].Close())
				stores[0] = reopen()
			},
			"wait": func(rt *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 10*60).Draw(rt, "minutes")) * time.Minute)
			},
			"commit": func(rt *rapid.T) {
				r := draw(rt, now)
				must(t, oneOf(rt, stores).Commit(t.Context(), r))
				want.Empty, want.Standing, want.People = false, r.Standing, r.People
				want.Pending, want.Tries, want.Outages = r.Pending, r.Tries, r.Outages
				maps.Copy(want.Snapshots, r.Snapshots)
				for id, in := range r.Interests {
					want.Interests[id] = in.Hash()
				}
				committed.add(r)
				for _, p := range r.Forget {
					delete(want.Snapshots, p)
					delete(want.Interests, p)
				}
				for _, f := range r.Open {
					open[f.ID()] = f
				}
				for id, m := range r.Moments {
					if _, is := open[id]; is {
						moments[id] = m
					}
				}
				if r.Origin != want.Origin {
					clear(rows)
				}
				want.Origin = r.Origin
				for p, row := range r.Statuses {
					if delete(rows, p); row != nil {
						rows[p] = *row
					}
				}
				for _, f := range r.Edges.Closed {
					delete(open, f.ID())
				}
				for _, o := range r.Outcomes {
					if past := series.DateOf(noon.AddDate(0, 0, 7)).
						Week(); o.Final && o.Week.String() < past.String() &&
						want.Frozen[o.Pair].String() < o.Week.String() {
						want.Frozen[o.Pair] = o.Week
					}
				}
			},
			"document": func(rt *rapid.T) {
				p, d := drawPair(rt), reconcile.Document{}
				if rapid.Bool().Draw(rt, "has one") {
					d = reconcile.Document{
						Link:     "https://docs.example.com/d",
						Looked:   now,
						Findings: []drift.Finding{{Kind: drift.DocMissing, Detail: rapid.String().Draw(rt, "detail")}},
						State:    "{}",
					}
				}
				if d.State == "" {
					delete(want.Documents, p)
				} else {
					want.Documents[p] = d
				}
				must(t, oneOf(rt, stores).KeepDocument(t.Context(), p, d))
			},
			"begin": func(rt *rapid.T) {
				p := drawPair(rt)
				e := series.Event{Start: noon.AddDate(0, 0, rapid.IntRange(0, 3).Draw(rt, "start")), Zone: "Europe/Berlin"}
				id, err := oneOf(rt, stores).Begin(t.Context(), reconcile.Act{At: now, Pair: p, Action: plan.Update}, &e)
				must(t, err)
				acts[id] = act{p, now}
				if seen := want.TimesSeen[p]; len(seen) == 0 || seen[0] != e.Times() {
					seen = append([]string{e.Times()}, seen...)
					want.TimesSeen[p] = seen[:min(len(seen), versionsKept)]
				}
			},
			"done": func(rt *rapid.T) {
				if len(acts) == 0 {
					return // none is under way
				}
				id := rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(rt, "act")
				var failure error
				if rapid.Bool().Draw(rt, "fails") {
					failure = &provider.Error{Kind: provider.Transient, Err: errors.New("down")}
					delete(acts, id)
				}
				must(t, oneOf(rt, stores).Done(t.Context(), id, now, failure))
			},
			"allow": func(rt *rapid.T) {
				id := rapid.SampledFrom([]string{"c1", "c2"}).Draw(rt, "change")
				a := reconcile.Allowance{Digest: rapid.SampledFrom([]string{"aa", "bb"}).Draw(rt, "digest"),
					Until: now.Add(24 * time.Hour)}
				allowed[id], want.Origin = a, reconcile.Origin{}
				must(t, oneOf(rt, stores).Allow(t.Context(), map[string]string{id: a.Digest}, a.Until))
			},
			"acknowledge": func(rt *rapid.T) {
				f := drawFlag(rt, noon)
				ok, err := oneOf(rt, stores).Acknowledge(t.Context(), sees(f.ID(), now))
				must(t, err)
				if _, is := open[f.ID()]; is != ok {
					rt.Errorf("acknowledge said %v of a flag whose being open is %v", ok, is)
				}
			},
			"": func(rt *rapid.T) {
				want.Open = slices.Collect(maps.Values(open))
				want.Writes = map[series.Pair]int{}
				for _, a := range acts {
					if series.DateOf(a.at) == series.DateOf(now) {
						want.Writes[a.pair]++
					}
				}
				got := load(t, oneOf(rt, stores))
				want.Allowed = map[string]reconcile.Allowance{}
				for id, a := range allowed {
					if a.Until.After(now) {
						want.Allowed[id] = a
					}
				}
				known := map[string]string{}
				must(t, oneOf(rt, stores).Known(t.Context(), func(p series.Person, last series.Snapshot,
					in provider.Interest) bool {
					committed.check(rt, reconcile.Memory{Snapshots: map[string]series.Packed{p.ID: series.Pack(last)}})
					if d := cmp.Diff(want.Snapshots[p.ID], series.Pack(last), sameShow, cmpopts.EquateEmpty()); d != "" {
						rt.Error(d)
					}
					known[p.ID] = in.Hash()
					return true
				}))
				for id, hash := range known {
					if hash != want.Interests[id] {
						rt.Errorf("what %s was searched for is not known", id)
					}
				}
				for id := range want.Interests {
					_, person := want.People[id]
					_, snapshot := want.Snapshots[id]
					if _, is := known[id]; is != (person && snapshot) {
						rt.Errorf("whether %s is known is %v", id, is)
					}
				}
				left := leftAsItIs(t, oneOf(rt, stores))
				if want.Origin == (reconcile.Origin{}) {
					left.Rows = nil // they are no use
					clear(rows)
				}
				for _, row := range left.Rows {
					row.Kept = nil
					if d := cmp.Diff(rows[row.Pair], row); d != "" {
						rt.Error(d)
					}
				}
				if left.Origin != want.Origin || len(left.Rows) != len(rows) || len(left.Flags) != len(open) {
					rt.Errorf("left by %+v: %d rows, %d flags; want %+v, %d, %d", left.Origin, len(left.Rows),
						len(left.Flags), want.Origin, len(rows), len(open))
				}
				for _, f := range left.Flags {
					if d := cmp.Diff(moments[f.ID()], f.Moment); d != "" {
						rt.Error(d)
					}
				}
				committed.check(rt, got)
				if d := cmp.Diff(
					want,
					got,
					sameShow,
					cmpopts.EquateEmpty(),
					cmpopts.SortSlices(func(a, b drift.Flag) bool { return a.ID() < b.ID() }),
				); d != "" {
					rt.Error(d)
				}
			},
		})
	})
}

// leftAsItIs is all that is left, with rates that are those of the recorded outcomes.
func leftAsItIs(t *testing.T, s *Store) reconcile.Left {
	t.Helper()
	left, err := s.Left(t.Context(), "", false)
	must(t, err)
	all, err := s.Outcomes(t.Context(), series.Pair{}, series.Date{})
	must(t, err)
	of := byPair(all)
	for _, row := range left.Rows {
		if d := cmp.Diff(drift.KeptRate(of[row.Pair]), row.Kept); d != "" {
			t.Errorf("kept rate of %s: %s", row.Pair, d)
		}
	}
	return left
}

// sameShow is for snapshots: of when they were taken what is on disk may be behind.
var sameShow = cmp.Comparer(series.Packed.Same)

// history is all that was ever committed of each calendar.
type history map[string][]series.Packed

func (h history) add(r reconcile.Record) {
	for p, x := range r.Snapshots {
		h[p] = append(h[p], x)
	}
}

// check says that each calendar shows what was committed together.
func (h history) check(t *rapid.T, m reconcile.Memory) {
	t.Helper()
	for p, got := range m.Snapshots {
		if !slices.ContainsFunc(h[p], func(x series.Packed) bool { return x.Equal(got) }) {
			t.Fatalf("%s was never committed so: %+v", p, got.Snapshot())
		}
	}
}

func oneOf(t *rapid.T, stores []*Store) *Store { return rapid.SampledFrom(stores).Draw(t, "store") }

func drawPair(t *rapid.T) series.Pair {
	return rapid.SampledFrom([]series.Pair{mia, lee}).Draw(t, "pair")
}

func drawSubject(t *rapid.T) reconcile.Subject {
	return rapid.SampledFrom([]reconcile.Subject{
		reconcile.CalendarOf("mia"),
		reconcile.BookingOf(lee),
		reconcile.DocumentOf(lee),
		{Matter: reconcile.MatterEmptied, Person: "raj"},
		{Matter: reconcile.MatterZones, Name: "Asia/Kolkata Europe/Berlin"},
		{Matter: reconcile.MatterVideo},
	}).Draw(t, "subject")
}

func drawFlag(t *rapid.T, since time.Time) drift.Flag {
	f := drift.Flag{
		Pair:       drawPair(t),
		Generation: 1,
		Kind:       drift.Moved,
		Occurrence: day(rapid.SampledFrom([]int{1, 8}).Draw(t, "day")),
		Since:      since,
		To:         aspect(rapid.SampledFrom([]string{"", "30m0s", "2026-12-02T10:00:00+01:00"}).Draw(t, "to")),
		Detail:     rapid.SampledFrom([]string{"", "a group can see it"}).Draw(t, "detail"),
		By:         drift.ByUnknown,
	}
	if rapid.Bool().Draw(t, "notice") {
		n := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "of"))
		f.Notice = &n
	}
	return f
}

// draw is what some round leaves behind.
func draw(t *rapid.T, now time.Time) reconcile.Record {
	person := rapid.SampledFrom([]string{"mia", "raj", "lee"})
	r := reconcile.Record{At: now, Standing: standing(rapid.SampledFrom([]string{"", "aa", "bb"}).Draw(t, "standing")),
		Forget: rapid.SliceOfN(person, 0, 1).Draw(t, "forget")}
	r.Timed = rapid.MapOfN(person, rapid.Bool(), 0, 2).Draw(t, "timed")
	r.Snapshots = rapid.MapOfN(person, rapid.Custom(func(t *rapid.T) series.Packed {
		s := series.Snapshot{At: now, Cursor: rapid.String().Draw(t, "cursor"), Quiet: rapid.Bool().Draw(t, "quiet")}
		for range rapid.SampledFrom([]int{0, 1, 40}).Draw(t, "busy") { // short and long: plain and compressed
			s.Busy = append(s.Busy, series.Busy{ID: "b", Start: noon, Duration: time.Hour, Zone: "UTC", Kind: series.Hard})
		}
		return series.Pack(s)
	}), 0, 2).Draw(t, "snapshots")
	r.Interests = rapid.MapOfN(person, rapid.Custom(func(t *rapid.T) provider.Interest {
		return provider.Interest{Org: "acme", Owner: []string{rapid.String().Draw(t, "owner")}}
	}), 0, 2).Draw(t, "interests")
	r.People = rapid.MapOfN(person, rapid.Custom(func(t *rapid.T) series.Person {
		return series.Person{
			Name: rapid.String().Draw(t, "name"),
			Zone: "Europe/Berlin",
			Away: []series.Away{{From: day(1), To: day(2), Why: "leave"}},
		}
	}), 0, 3).Draw(t, "people")
	for id, p := range r.People {
		p.ID = id
		r.People[id] = p
	}
	r.Pending = rapid.MapOfN(rapid.SampledFrom([]string{"f1", "f2"}), rapid.Custom(func(t *rapid.T) reconcile.Pending {
		return reconcile.Pending{Times: rapid.String().Draw(t, "times"), By: drift.ByReport, Since: now}
	}), 0, 2).Draw(t, "pending")
	r.Tries = rapid.MapOfN(rapid.Custom(func(t *rapid.T) plan.Target {
		return plan.Target{Pair: drawPair(t), Calendar: person.Draw(t, "calendar"), UID: rapid.String().Draw(t, "uid")}
	}), rapid.Custom(func(t *rapid.T) plan.Try {
		return plan.Try{What: rapid.String().Draw(t, "what"), Rounds: rapid.IntRange(1, 4).Draw(t, "rounds")}
	}), 0, 3).Draw(t, "tries")
	r.Outages = rapid.MapOfN(rapid.Custom(drawSubject), rapid.Custom(func(t *rapid.T) reconcile.Outage {
		return reconcile.Outage{
			Since: now,
			Kind:  "auth",
			Cause: rapid.String().Draw(t, "cause"),
			Text:  rapid.String().Draw(t, "text"),
		}
	}), 0, 1).Draw(t, "outages")
	closed := map[string]bool{}
	for range rapid.IntRange(0, 2).Draw(t, "closes") {
		f := drawFlag(t, noon)
		closed[f.ID()] = true
		r.Edges.Closed = append(r.Edges.Closed, f)
	}
	for range rapid.IntRange(0, 3).Draw(t, "opens") {
		if f := drawFlag(t, noon); !closed[f.ID()] {
			r.Open, r.Edges.Opened = append(r.Open, f), append(r.Edges.Opened, f)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "outcomes") {
		d := day(rapid.SampledFrom([]int{1, 8, 15}).Draw(t, "of"))
		result := rapid.SampledFrom([]drift.Result{drift.Kept, drift.Slipped}).Draw(t, "result")
		r.Outcomes = append(r.Outcomes, outcome(drawPair(t), d, result, rapid.Bool().Draw(t, "final")))
	}
	r.Moments = map[string]drift.Moment{}
	for _, f := range r.Open {
		r.Moments[f.ID()] = drift.Moment{Why: rapid.SliceOfN(rapid.String(), 1, 2).Draw(t, "why")}
	}
	r.Origin.Sources = rapid.SampledFrom([]string{"", "aa", "aa", "bb"}).Draw(t, "sources")
	if r.Origin.Sources == "" {
		return r
	}
	r.Statuses = map[series.Pair]*reconcile.StatusRow{}
	for range rapid.IntRange(0, 2).Draw(t, "statuses") {
		p := drawPair(t)
		if r.Statuses[p] = nil; rapid.Bool().Draw(t, "stands") {
			r.Statuses[p] = &reconcile.StatusRow{
				Pair:   p,
				State:  reconcile.OnSlot,
				Coming: []time.Time{noon.AddDate(0, 0, rapid.IntRange(1, 3).Draw(t, "coming"))},
				Place:  rapid.String().Draw(t, "place"),
			}
		}
	}
	return r
}
