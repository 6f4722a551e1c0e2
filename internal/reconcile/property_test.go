package reconcile_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// TestSecondRoundIsEmpty: whatever admin and people do, one round does all there is to do.
func TestSecondRoundIsEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		l.randomPolicy()
		for _, p := range pairs {
			l.wish(p, l.slot().Line(), nil)
		}
		r, _ := l.holdfast()
		l.once(r)
		l.quiet(r)
		t.Repeat(map[string]func(*rapid.T){
			"admin":  func(*rapid.T) { l.administer() },
			"person": func(*rapid.T) { l.act(false) },
			"friend": func(*rapid.T) { l.act(false) },
			"wait":   func(*rapid.T) { l.wait() },
			"round":  func(*rapid.T) { l.settle(r) },
			"glance": func(*rapid.T) { l.glance(r) },
			"command": func(*rapid.T) {
				p, _ := series.ParsePair(rapid.SampledFrom(pairs).Draw(t, "pair"))
				ask := plan.Ask{Pair: p, Accept: rapid.Bool().Draw(t, "accept"), Force: true}
				if !ask.Accept && rapid.Bool().Draw(t, "one") {
					ask.Occurrence = l.day()
				}
				l.once(r, ask)
				l.settle(r)
			},
		})
	})
}

// TestPeoplesEditsStay: under the policy `flag`, nothing that a person did is undone or written over: only a missing
// link and a missing mark are put back, and away days are skipped.
func TestPeoplesEditsStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for _, p := range pairs {
			l.wish(p, l.slot().Line(), nil)
		}
		r, _ := l.holdfast()
		l.once(r)
		t.Repeat(map[string]func(*rapid.T){
			"person": func(*rapid.T) { l.act(false) },
			"friend": func(*rapid.T) { l.act(false) },
			"wait":   func(*rapid.T) { l.wait() },
			"round": func(*rapid.T) {
				before := l.edits()
				l.glance(r)
				after := l.edits()
				for uid, was := range before {
					is, there := after[uid]
					if !there {
						t.Fatalf("%s is gone\n%s", uid, l.did)
					}
					if d := gocmp.Diff(
						was.but(is).plain(),
						is.plain(),
						cmpopts.EquateEmpty(),
						cmpopts.IgnoreUnexported(edited{}),
					); d != "" {
						t.Fatalf("%s (-before +after):\n%s\n%s", uid, d, l.did)
					}
				}
				if len(after) > len(before) {
					t.Fatalf("%d series, before %d\n%s", len(after), len(before), l.did)
				}
			},
		})
	})
}

// edited is what people see of a series on its organizer's calendar.
type edited struct {
	Start     time.Time
	Slot      series.Slot
	Rule      series.Rule
	Title     string
	Place     string
	Link      string
	People    string
	Free      bool
	Cancelled bool
	Excluded  []string
	Overrides map[string]override
	Noted     bool

	skips []string
}

type override struct {
	Start     time.Time
	Duration  time.Duration
	Cancelled bool
	Place     string
	Link      string
	Free      bool
}

// edits are all marked series, and 1:1s that people made, by UID.
func (l *life) edits() map[string]edited {
	out := map[string]edited{}
	for id := range l.people {
		snap := l.see(id)
		for _, c := range snap.Candidates {
			if c.Event.Organizer == id+"@example.com" {
				snap.Series = append(snap.Series, c.Event)
			}
		}
		for _, e := range snap.Series {
			x := edited{
				Start:     e.Start,
				Slot:      e.Slot(),
				Rule:      e.Rule,
				Title:     e.Title,
				Place:     e.Place,
				Link:      e.Link,
				People:    e.People(),
				Free:      e.Free,
				Cancelled: e.Cancelled,
				Overrides: map[string]override{},
			}
			x.Noted, _ = l.world.Hands(id).Noted(e.ID, "a note")
			for _, t := range e.Excluded {
				x.Excluded = append(x.Excluded, t.UTC().String())
			}
			for _, o := range e.Overrides {
				x.Overrides[o.Original.UTC().String()] = override{o.Start.UTC(), o.Duration, o.Cancelled, o.Place, o.Link, o.Free}
			}
			for _, s := range e.Mark.Skips {
				x.skips = append(x.skips, e.Slot().On(s.Date).UTC().String())
			}
			out[e.UID] = x
		}
	}
	return out
}

// but is x with what a round may do to it.
func (x edited) but(is edited) edited {
	if x.Title == "" {
		x.Title = is.Title // of a 1:1 that was not ours
	}
	if x.Link == "" {
		x.Link = is.Link
	}
	x.Overrides = maps.Clone(x.Overrides)
	for at, o := range x.Overrides {
		if now, ok := is.Overrides[at]; o.Link == "" {
			if o.Link = x.Link; ok {
				o.Link = now.Link
			}
			x.Overrides[at] = o
		}
	}
	planned := func(at string) bool { return slices.Contains(is.skips, at) || slices.Contains(x.skips, at) }
	x.Excluded = slices.DeleteFunc(slices.Clone(x.Excluded), planned)
	for _, at := range is.Excluded {
		if planned(at) {
			x.Excluded = append(x.Excluded, at)
		}
	}
	slices.Sort(x.Excluded)
	return x
}

// plain is x without overrides that show what the series shows: they are there for their answers only.
func (x edited) plain() edited {
	x.Overrides = maps.Clone(x.Overrides)
	maps.DeleteFunc(x.Overrides, func(at string, o override) bool {
		return o.Start.String() == at && o == override{o.Start, x.Slot.Duration, false, x.Place, x.Link, x.Free}
	})
	return x
}

// TestFaults: whatever calls fail and whenever a round is cut off, with two daemons at work: once all is well again
// every pair has one series, on the roster's slot, and no week has lost its meeting.
func TestFaults(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for _, p := range pairs {
			l.wish(p, l.slot().Line(), nil)
		}
		a, ja := l.holdfast()
		b, jb := l.holdfast()
		kinds := []memory.Fault{
			memory.LostAnswer,
			memory.Raced,
			memory.Down,
			memory.Refused,
			memory.Broken,
			memory.CursorLost,
			memory.EmptyListing,
		}
		round := func(r *reconcile.Reconciler) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			// Calendars are read at the same time: what fails depends on whose call of what kind it is, not on the order of all.
			seed, writes := rapid.Uint64().Draw(t, "faults"), rapid.IntRange(0, 12).Draw(t, "writes until it is cut off")
			calls := map[memory.Call]int{}
			l.world.SetFaults(func(c memory.Call) memory.Fault {
				calls[c]++
				h := fnv.New64()
				fmt.Fprint(h, seed, c, calls[c])
				if c.Op != "observe" && c.Op != "read" {
					if writes--; writes < 0 {
						cancel()
						return memory.Down
					}
				}
				if n := h.Sum64() % uint64(3*len(kinds)); int(n) < len(kinds) {
					return kinds[n]
				}
				return memory.None
			})
			_, _ = r.Once(ctx)
			l.world.SetFaults(nil)
		}
		t.Repeat(map[string]func(*rapid.T){
			"person": func(*rapid.T) { l.act(true) },
			"wait":   func(*rapid.T) { l.wait() },
			"slot": func(*rapid.T) {
				l.wish(rapid.SampledFrom(pairs).Draw(t, "pair"), l.slot().Line(), func(s *series.Series) {
					s.Place = rapid.SampledFrom([]string{"Room Alder", "Room Birch"}).Draw(t, "place")
				})
			},
			"one":     func(*rapid.T) { round(a) },
			"another": func(*rapid.T) { round(b) },
		})
		for range 3 { // an absence is proven by the second look only
			l.once(a)
			l.once(b)
			// Whose first round was cut off does not know whether what the other has yet to book was deleted on purpose.
			ja.allow(l.now.Add(time.Hour))
			jb.allow(l.now.Add(time.Hour))
		}
		l.quiet(a)
		l.quiet(b)
		for _, w := range l.want {
			l.whole(w)
		}
	})
}

// whole checks that the pair has one series without end, and a meeting for every week in which it is due.
func (l *life) whole(w series.Series) {
	l.Helper()
	var events []series.Event
	endless := 0
	for _, e := range l.see(w.Pair.Manager).Series {
		if e.Mark.Pair == w.Pair {
			events = append(events, e)
			if e.Rule.Until.IsZero() {
				endless++
				if e.Mark.Line != w.Line || e.Place != w.Place && e.Place != "Lobby" {
					l.Fatalf("%s is booked as %q in %q, want %q in %q", w.Pair, e.Mark.Line, e.Place, w.Line, w.Place)
				}
			}
		}
	}
	if endless != 1 {
		l.Fatalf("%s has %d series without end", w.Pair, endless)
	}
	met := map[series.Week]int{}
	var last series.Event
	for _, e := range events {
		for _, m := range e.Meetings(l.now, l.now.AddDate(0, 0, 100)) {
			if day, _ := series.WallClock(m.Original, e.Zone); !m.Cancelled {
				met[day.Week()]++
			}
		}
		if e.Rule.Until.IsZero() {
			last = e
		}
	}
	from := series.DateOf(l.now).Monday().AddDays(7)
	if first := last.First(); len(events) == 1 && first.After(from) {
		from = first.Monday()
	}
	gap := 0
	for d := from; d.Before(from.AddDays(77)); d = d.AddDays(7) {
		if met[d.Week()] > 1 {
			l.Fatalf("%s has %d meetings in %s", w.Pair, met[d.Week()], d.Week())
		}
		if gap++; met[d.Week()] == 1 {
			gap = 0
		}
		if gap > 4 || gap > 0 && last.Rule.Every == 1 && !d.Before(last.First()) {
			l.Fatalf("%s has no meeting in %s", w.Pair, d.Week())
		}
	}
}
