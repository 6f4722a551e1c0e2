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

// life is an org in which the admin and the people do as they please.
type life struct {
	*org
	t *rapid.T
}

var pairs = []string{"mia/raj", "mia/lee", "lee/ana"}

func newLife(t *rapid.T) *life {
	server := rapid.SampledFrom(slices.Sorted(maps.Keys(servers))).Draw(t, "server")
	l := &life{newOrg(t, servers[server]), t}
	l.policy.MaxEndings.Count = 20
	return l
}

func (l *life) day() series.Date {
	return series.DateOf(l.now).AddDays(rapid.IntRange(-7, 50).Draw(l.t, "day"))
}

func (l *life) slot() series.Slot {
	s, err := series.ParseSlotLine(rapid.SampledFrom([]string{tuesdays, "Thu 14:00 1h0m0s 1w Europe/Berlin", "Fri 09:00 30m0s 2w Asia/Kolkata",
		"Mon 23:30 1h0m0s 1w America/New_York", "Wed 11:00 1h0m0s 4w Europe/Berlin", "Wed 11:00 1h0m0s 2w Europe/Berlin"}).Draw(l.t, "slot"))
	l.must(err)
	return s
}

// administer changes the roster.
func (l *life) administer() {
	pair := rapid.SampledFrom(pairs).Draw(l.t, "pair")
	id := rapid.SampledFrom([]string{"mia", "raj", "lee", "ana"}).Draw(l.t, "person")
	switch rapid.IntRange(0, 7).Draw(l.t, "change") {
	case 0:
		l.wish(pair, "none", nil)
	case 1:
		p := l.people[id]
		from := l.day()
		p.Away = []series.Away{{From: from, To: from.AddDays(rapid.IntRange(0, 20).Draw(l.t, "days")), Why: "leave"}}
		l.people[id] = p
	case 2:
		p := l.people[id]
		p.Away = nil
		l.people[id] = p
	case 3:
		p := l.people[id]
		from := series.TimeOfDay(60 * rapid.IntRange(0, 14).Draw(l.t, "hours"))
		p.Hours = weekdays(from, from+9*60)
		l.people[id] = p
	default:
		l.wish(pair, l.slot().Line(), func(s *series.Series) {
			s.Place = rapid.SampledFrom([]string{"", "Room Alder", "Room Birch"}).Draw(l.t, "place")
			s.Link = rapid.SampledFrom([]string{"", "https://docs.example.com/a", "https://docs.example.com/b"}).Draw(l.t, "link")
			if rapid.IntRange(0, 4).Draw(l.t, "dated") == 0 {
				s.Ends = l.day()
			}
			if rapid.IntRange(0, 4).Draw(l.t, "dated") == 0 {
				s.Starts = l.day()
			}
			s.Auto = s.Ends.IsZero() && rapid.IntRange(0, 5).Draw(l.t, "auto") == 0
			if s.Auto {
				s.Slot.Weekday, s.Slot.At = 0, 0
				s.Line = fmt.Sprintf("auto %s %dw manager", s.Slot.Duration, s.Slot.Every)
			}
		})
	}
}

// act is something that a person does to a series or copy in their calendar. gentle people take no meeting away.
func (l *life) act(gentle bool) {
	id := rapid.SampledFrom([]string{"mia", "raj", "lee", "ana"}).Draw(l.t, "person")
	h, snap := l.world.Hands(id), l.see(id)
	all := append(snap.Series, snap.Copies...)
	acts := map[string]func() error{
		"busy": func() error {
			rule := rapid.SampledFrom([]string{"", "FREQ=WEEKLY"}).Draw(l.t, "rule")
			s := l.slot()
			_, err := h.AddBusy(series.Busy{Start: s.On(s.First(l.day())), Duration: time.Hour, Zone: berlin, RRule: rule, Kind: series.Hard}, "x")
			return err
		},
	}
	if !gentle {
		acts["out of office"] = func() error {
			_, err := h.AddBusy(series.Busy{Start: series.Instant(l.day(), 0, berlin), Duration: 72 * time.Hour, AllDay: true, Zone: berlin, Kind: series.AwayKind}, "x")
			return err
		}
		acts["a 1:1 of their own"] = func() error {
			pair, _ := series.ParsePair(rapid.SampledFrom(pairs).Draw(l.t, "with"))
			s := l.slot()
			e := series.Event{Start: s.On(s.First(l.day())), Zone: s.Zone, Duration: s.Duration, Rule: series.Rule{Plain: rapid.Bool().Draw(l.t, "recurs"), Every: s.Every},
				Title: "1:1 " + pair.String(), Organizer: id + "@example.com"}
			if rapid.Bool().Draw(l.t, "people") {
				for _, other := range []string{pair.Manager, pair.Report} {
					if other != id {
						e.Guests = append(e.Guests, series.Guest{Address: other + "@example.com"})
					}
				}
			}
			_, err := h.Add(e)
			return err
		}
	}
	if len(all) > 0 {
		e := all[rapid.IntRange(0, len(all)-1).Draw(l.t, "event")]
		until := series.DateOf(l.now).AddDays(60)
		if last := e.LastDay(); !last.IsZero() && last.Before(until) {
			until = last
		}
		days := e.Slot().Dates(e.First(), series.DateOf(l.now), until)
		if len(days) == 0 {
			days = []series.Date{e.First()}
		}
		at := e.Slot().On(rapid.SampledFrom(days).Draw(l.t, "meeting"))
		which := rapid.SampledFrom([]time.Time{at, {}}).Draw(l.t, "one or all")
		by := time.Duration(rapid.IntRange(-60, 60).Draw(l.t, "hours")) * time.Hour
		acts["move"] = func() error { return h.Move(e.ID, at, at.Add(by)) }
		acts["resize"] = func() error { return h.Resize(e.ID, at, 30*time.Minute) }
		acts["put back"] = func() error { return h.PutBack(e.ID, at) }
		acts["relocate"] = func() error { return h.Relocate(e.ID, which, "Lobby") }
		acts["unlink"] = func() error { return h.SetLink(e.ID, which, "") }
		acts["link"] = func() error { return h.SetLink(e.ID, which, "https://elsewhere.example.com/") }
		acts["invite"] = func() error { return h.AddGuest(e.ID, "zoe@example.com") }
		acts["free"] = func() error { return h.SetFree(e.ID) }
		acts["note"] = func() error { return h.Note(e.ID, "a note") }
		acts["answer"] = func() error {
			return h.Answer(e.ID, which, id+"@example.com", rapid.SampledFrom([]series.PartStat{series.Accepted, series.Declined}).Draw(l.t, "answer"))
		}
		if !gentle {
			acts["cancel"] = func() error { return h.Cancel(e.ID, at) }
			acts["strike"] = func() error { return h.CancelStatus(e.ID, which) }
			acts["end"] = func() error { return h.EndAt(e.ID, at) }
			acts["delete"] = func() error { return h.Delete(e.ID) }
			acts["duplicate"] = func() error { _, err := h.Duplicate(e.ID); return err }
			acts["strip"] = func() error { return h.StripMark(e.ID) }
			acts["split"] = func() error { _, err := h.Split(e.ID, at, at.Add(max(by, -12*time.Hour))); return err }
			acts["move all"] = func() error {
				s := l.slot()
				return h.MoveAll(e.ID, s, s.InWeek(e.First()))
			}
		}
	}
	_ = acts[rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(l.t, "act")]() // what a server refuses is not done
}

func (l *life) wait() {
	l.now = l.now.Add(time.Duration(rapid.SampledFrom([]int{1, 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60}).Draw(l.t, "minutes")) * time.Minute)
}

func (l *life) randomPolicy() {
	l.policy.Moved = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore}).Draw(l.t, "moved")
	l.policy.SeriesMoved = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore, plan.PolicyAccept}).Draw(l.t, "series_moved")
	l.policy.SeriesEnded = rapid.SampledFrom([]string{plan.PolicyFlag, plan.PolicyRestore}).Draw(l.t, "series_ended")
}

// settle makes a round, and then one in which there is nothing to do. It makes one more before where an absence is proven
// only by the second look, where people made copies of series: one may follow on what a round has ended, and where a series
// was brought back: at Google it shows only then what a person did to single meetings before deleting it.
func (l *life) settle(r *reconcile.Reconciler) {
	l.Helper()
	out := l.once(r)
	again := slices.ContainsFunc(slices.Collect(maps.Values(out.Outages)), func(b reconcile.Outage) bool { return b.Kind == "missing" })
	for _, v := range out.Views {
		for _, g := range slices.Concat(v.Gone, v.GoneCopies) {
			again = again || !g.Proven
		}
		for _, e := range slices.Concat(v.Chain, v.Duplicates) {
			again = again || !e.Derived
		}
	}
	_, inMemory := l.world.(memoryWorld)
	for _, c := range out.Applied {
		again = again || slices.ContainsFunc(c.Steps, func(s plan.Step) bool { return s.Revive != nil && !inMemory })
	}
	if again {
		out = l.once(r)
	}
	for left := 3; l.undelivered(r, out) && left > 0; left-- {
		out = l.once(r)
	}
	l.quiet(r)
}

// undelivered reports whether a delivery did not show, and will be tried again. The one that may not is a change of a
// meeting after the day on which its report ended their copy: Google has no place for it.
func (l *life) undelivered(r *reconcile.Reconciler, out reconcile.Round) bool {
	l.Helper()
	pending := false
	for to, try := range r.Journal.(*journal).tries {
		pending = pending || try.Rounds < 3
		for _, v := range out.Views {
			for _, c := range v.Copies {
				if v.Pair == to.Pair && c.UID == to.UID && (c.LastDay().IsZero() || to.Calendar != v.Pair.Report) {
					l.Fatalf("%+v does not show\n%s", to, l.did)
				}
			}
		}
	}
	return pending
}

// glance makes a round that reads some of the calendars only.
func (l *life) glance(r *reconcile.Reconciler) {
	l.Helper()
	due := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(l.people)) {
		due[id] = rapid.Bool().Draw(l.t, id+" is due")
	}
	r.Due = func(p series.Person, _ series.Snapshot) bool { return due[p.ID] }
	defer func() { r.Due = nil }()
	l.once(r)
}

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

// TestPeoplesEditsStay: under the policy `flag`, nothing that a person did is undone or written over: only a missing link and
// a missing mark are put back, and away days are skipped.
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
					if d := gocmp.Diff(was.but(is).plain(), is.plain(), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(edited{})); d != "" {
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
			x := edited{Start: e.Start, Slot: e.Slot(), Rule: e.Rule, Title: e.Title, Place: e.Place, Link: e.Link, People: e.People(), Free: e.Free,
				Cancelled: e.Cancelled, Overrides: map[string]override{}}
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

// TestFaults: whatever calls fail and whenever a round is cut off, with two daemons at work: once all is well again every pair
// has one series, on the roster's slot, and no week has lost its meeting.
func TestFaults(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for _, p := range pairs {
			l.wish(p, l.slot().Line(), nil)
		}
		a, ja := l.holdfast()
		b, jb := l.holdfast()
		kinds := []memory.Fault{memory.LostAnswer, memory.Raced, memory.Down, memory.Refused, memory.Broken, memory.CursorLost, memory.EmptyListing}
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
