package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// TestIncrementalIsFull: whatever admin, people, servers and the clock do, a round that goes on from the last one
// comes to what a full one does (alarmed); and one after a restart to the same, whether the journal has when each
// calendar was read, or only what it has to have of that. What it leaves to look at is what planning anew finds. Some
// pairs share people, some only a room.
func TestIncrementalIsFull(t *testing.T) {
	t.Parallel()
	rounded, useful := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		server := rapid.SampledFrom([]string{"delivers", "delivers, quiet", "holdfast delivers"}).Draw(t, "server")
		l := &life{newOrg(t, servers[server]), t, pairs}
		l.randomPolicy()
		l.policy.AllDay = rapid.SampledFrom([]series.AllDay{series.AllDayFlag, series.AllDayAway}).Draw(t, "all_day")
		for _, id := range []string{"kim", "ben", "tom", "eve"} {
			l.hire(series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: l.world.Home(id), Zone: berlin})
		}
		l.pairs = append(pairs[:len(pairs):len(pairs)], "kim/ben", "tom/eve")
		for _, p := range l.pairs {
			l.wish(p, l.slot().Line(), nil)
		}
		r, j := l.holdfast()
		faulty, fault, rounds := "", memory.None, false
		l.world.SetFaults(func(c memory.Call) memory.Fault {
			if rounds && c.Person == faulty {
				return fault
			}
			return memory.None
		})
		round := func() {
			rounds = true
			out, err := r.Once(context.Background()) // what cannot be read or written is told
			rounds = false
			if rounded++; err == nil && l.looks(j, &out) {
				useful++
			}
		}
		round()
		due := map[string]bool{}
		r.Due = func(p series.Person, _ series.Packed) bool { return !due["some"] || due[p.ID] }
		t.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { round() },
			"admin":  func(*rapid.T) { l.administer() },
			"person": func(*rapid.T) { l.act(false) },
			"gentle": func(*rapid.T) { l.act(true) },
			"days":   func(*rapid.T) { l.wait() },
			"minutes": func(*rapid.T) {
				l.now = l.now.Add(time.Duration(rapid.IntRange(1, 36*12).Draw(t, "five minutes")) * 5 * time.Minute)
				l.looks(j, nil)
			},
			"some": func(*rapid.T) {
				due["some"] = rapid.Bool().Draw(t, "some")
				for id := range l.people {
					due[id] = rapid.Bool().Draw(t, id+" is due")
				}
			},
			"fault": func(*rapid.T) {
				faulty = l.anybody()
				fault = rapid.SampledFrom([]memory.Fault{memory.None, memory.None, memory.LostAnswer, memory.Raced,
					memory.Down, memory.Refused, memory.CursorLost, memory.EmptyListing}).Draw(t, "fault")
			},
			"ask": func(*rapid.T) {
				switch rapid.IntRange(0, 3).Draw(t, "since the last round") {
				case 0:
					l.administer()
				case 1:
					l.act(false)
				case 2:
					l.wait()
				}
				p, _ := series.ParsePair(rapid.SampledFrom(l.pairs).Draw(t, "pair"))
				ask := plan.Ask{Pair: p, Accept: rapid.Bool().Draw(t, "accept"), Force: true}
				if !ask.Accept && rapid.Bool().Draw(t, "one") {
					ask.Occurrence = l.day()
				}
				var refusal error
				if rapid.Bool().Draw(t, "refused") {
					refusal = context.Canceled
				}
				rounds = true
				_, err := r.OnceIf(context.Background(), func([]drift.Flag) error { return refusal }, ask)
				rounds = false
				if refusal != nil && err != refusal {
					t.Fatal("the round was made all the same: ", err)
				}
				l.looks(j, nil)
			},
			"allow":   func(*rapid.T) { j.allow(l.now.Add(time.Hour)) },
			"restart": func(*rapid.T) { r = l.with(j) },
			"restart, and read before the roster is": func(t *rapid.T) {
				r = l.with(j)
				rounds = true
				if err := r.Begin(context.Background()); err != nil {
					t.Fatal(err)
				}
				rounds = false
			},
			"kill": func(*rapid.T) {
				want, got := l.preview(l.with(j)), l.preview(l.with(j.behind()))
				if d := cmp.Diff(want, got, cmp.AllowUnexported(drift.Flag{}), cmpopts.EquateEmpty()); d != "" {
					t.Fatal("with a journal that is behind: ", d)
				}
			},
		})
	})
	if useful < rounded/2 {
		t.Errorf("of %d rounds %d left what is of use", rounded, useful)
	}
}

// preview is what a round of a new process would find and do.
func (l *life) preview(r *reconcile.Reconciler) any {
	out, err := r.Preview(context.Background())
	l.must(err)
	return struct {
		Found drift.Found
		Did   string
	}{out.Found, said(out)}
}

// Whether anybody has a series when the journal is new is asked of all pairs, not of those that are judged together.
func TestDoubtsOfAPairByItself(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	for _, id := range []string{"kim", "ben"} {
		x.hire(series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: x.world.Home(id), Zone: berlin})
	}
	x.wish("mia/raj", tuesdays, nil)
	x.wish("kim/ben", tuesdays, nil)
	r, _ := x.holdfast()
	x.once(r)
	x.must(x.world.Hands("kim").Delete(x.live("kim/ben").ID))
	r, _ = x.holdfast()
	r.Part = 1
	if out := x.once(r); len(out.Plan.Doubtful) != 1 || len(out.Applied) > 0 {
		t.Errorf("doubtful %v\n%s", out.Plan.Doubtful, said(out))
	}
}
