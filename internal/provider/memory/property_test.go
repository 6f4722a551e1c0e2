package memory_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// life is a world in which two daemons write, people do as they please, and calls fail.
type life struct {
	*rapid.T
	w       *memory.World
	faulty  bool         // calls may fail
	fault   memory.Fault // of the last call
	persons map[string]series.Person
	last    map[string]series.Snapshot // by daemon and person
	texts   map[string]string          // the same as they were when observed
}

func newLife(t *rapid.T) *life {
	l := &life{T: t, persons: map[string]series.Person{"mia": mia, "raj": raj}, last: map[string]series.Snapshot{}, texts: map[string]string{}}
	l.w = memory.New(memory.Options{Clock: still, Schedules: rapid.Bool().Draw(t, "schedules"), Quiet: rapid.Bool().Draw(t, "quiet")})
	l.w.Join(mia)
	l.w.Join(raj)
	faults := rapid.SampledFrom([]memory.Fault{memory.None, memory.None, memory.None, memory.LostAnswer, memory.Raced, memory.Down,
		memory.Refused, memory.Broken, memory.CursorLost, memory.EmptyListing, memory.Vanished})
	l.w.SetFaults(func(memory.Call) memory.Fault {
		if l.fault = memory.None; l.faulty {
			l.fault = faults.Draw(t, "fault")
		}
		return l.fault
	})
	return l
}

// truth is all of a calendar as it is now.
func (l *life) truth(person string) series.Snapshot { return l.anew(person, series.Snapshot{}) }

// anew is all of a calendar as it is now to somebody who has last seen that.
func (l *life) anew(person string, last series.Snapshot) series.Snapshot {
	was := l.faulty
	l.faulty = false
	defer func() { l.faulty = was }()
	return observe(l, l.w.Calendar(person), l.persons[person], last.Unread())
}

func (l *life) person() string { return rapid.SampledFrom([]string{"mia", "raj"}).Draw(l.T, "person") }

func (l *life) daemon() string { return rapid.SampledFrom([]string{"a:", "b:"}).Draw(l.T, "daemon") }

func (l *life) week() int { return rapid.IntRange(0, 8).Draw(l.T, "week") }

// any is one of the series or copies on the person's calendar, as the daemon last saw it, or else as it is.
func (l *life) any(daemon, person string) (series.Event, bool) {
	s := l.truth(person)
	if daemon != "" {
		s = l.last[daemon+person]
	}
	all := append(append([]series.Event{}, s.Series...), s.Copies...)
	if len(all) == 0 {
		return series.Event{}, false
	}
	return rapid.SampledFrom(all).Draw(l.T, "event"), true
}

var unordered = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(series.Snapshot{}, "At", "Cursor", "FullAt", "Gone", "Emptied"),
}

// observe is a look of one daemon: complete, or an error.
func (l *life) observe() {
	person := l.person()
	key := l.daemon() + person
	l.faulty = true
	s, err := providertest.Observe(context.Background(), l.w.Calendar(person), l.last[key], interest(l.persons[person]))
	l.faulty = false
	fault := l.fault
	if err != nil {
		return
	}
	last := l.last[key]
	l.last[key], l.texts[key] = s, text(l, s)
	if fault == memory.EmptyListing || fault == memory.Vanished {
		return // what is seen is less than what is there
	}
	there := l.anew(person, last)
	for _, g := range s.Gone {
		if _, is := there.Objects[series.Opaque(g.ID)]; is {
			l.Fatalf("%s is told to be gone and is there (proven %v)", g.ID, g.Proven)
		}
	}
	if d := cmp.Diff(there, s, unordered); d != "" {
		l.Fatalf("fault %d: a look differs from what is there (-is +seen):\n%s", fault, d)
	}
	for id, o := range last.Objects {
		missed := func(g series.Gone) bool { return series.Opaque(g.ID) == id }
		if _, is := s.Objects[id]; o.Pair != (series.Pair{}) && !is && !slices.ContainsFunc(s.Gone, missed) {
			l.Fatalf("%s was there, is not, and is not told to be gone", id)
		}
	}
}

func text(l *life, s series.Snapshot) string {
	b, err := json.Marshal(s)
	if err != nil {
		l.Fatalf("%v", err)
	}
	return string(b)
}

// write is one call of a daemon on what it last saw.
func (l *life) write() {
	ctx, daemon, person := context.Background(), l.daemon(), l.person()
	c := l.w.Calendar(person)
	e, known := l.any(daemon, person)
	n, m := l.week(), l.week()
	day := first.AddDays(7 * n)
	place, link := rapid.SampledFrom([]string{"", "Garden"}).Draw(l.T, "place"), "https://docs.example.com/d/new"
	calls := map[string]func() (series.Ref, error){
		"create":  func() (series.Ref, error) { return c.Create(ctx, wish()) },
		"deliver": func() (series.Ref, error) { return l.deliver(daemon, e.Ref) },
	}
	if known {
		calls["update"] = func() (series.Ref, error) {
			return c.Update(ctx, e.Ref, series.Patch{Place: &place, Link: &link, Busy: n%2 == 0})
		}
		calls["move"] = func() (series.Ref, error) {
			return c.Update(ctx, e.Ref, series.Patch{Slot: &series.SlotPatch{Slot: tuesdays, First: first}})
		}
		calls["skip"] = func() (series.Ref, error) { return c.Skip(ctx, e.Ref, []series.Skip{{Date: day, Why: "leave"}}) }
		calls["unskip"] = func() (series.Ref, error) { return c.Unskip(ctx, e.Ref, []series.Date{day}) }
		calls["set"] = func() (series.Ref, error) {
			return c.SetOverride(ctx, e.Ref, series.Override{Original: at(n), Start: at(m), Duration: time.Hour, Link: link})
		}
		calls["clear"] = func() (series.Ref, error) { return c.ClearOverride(ctx, e.Ref, at(n)) }
		calls["end"] = func() (series.Ref, error) { return c.End(ctx, e.Ref, day.AddDays(m-7)) }
		calls["revive"] = func() (series.Ref, error) { return c.Revive(ctx, e) }
		calls["answer"] = func() (series.Ref, error) {
			return c.Answer(ctx, e.Ref, raj.Email, []provider.Answer{{PartStat: series.Accepted}, {Original: at(n), PartStat: series.Declined}})
		}
	}
	name := rapid.SampledFrom(sorted(calls)).Draw(l.T, "call")
	before, was := l.truth(person), l.w.Counts()
	l.fault, l.faulty = memory.None, true
	ref, err := calls[name]()
	l.faulty = false
	fault := l.fault
	after, is := l.truth(person), l.w.Counts()
	if name == "deliver" {
		return // it may be of the other calendar
	}
	if err != nil && fault != memory.LostAnswer {
		same := cmp.Options{unordered}
		if fault == memory.Raced {
			same = append(same, versions)
		}
		if d := cmp.Diff(before, after, same...); d != "" || was != is {
			l.Fatalf("%s failed (%v) and wrote: %+v, before %+v\n%s", name, err, is, was, d)
		}
		return
	}
	if is.Writes+is.Deliveries-was.Writes-was.Deliveries > 1 {
		l.Fatalf("%s: more than one write", name)
	}
	o, there := after.Objects[series.Opaque(ref.ID)]
	if err == nil && ref.ID != "" && (!there || o.Version != ref.Version) {
		l.Fatalf("%s answered %v, there is version %q", name, ref, o.Version)
	}
}

var versions = cmp.Options{cmpopts.IgnoreFields(series.Ref{}, "Version"), cmpopts.IgnoreFields(series.Object{}, "Version"),
	cmpopts.IgnoreFields(series.Event{}, "Raw")}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// deliver brings raj's copy what the daemon saw on mia's calendar.
func (l *life) deliver(daemon string, ref series.Ref) (series.Ref, error) {
	all := l.last[daemon+"mia"].Series
	if len(all) == 0 {
		return series.Ref{}, nil
	}
	for _, c := range l.last[daemon+"raj"].Copies {
		if c.UID == all[0].UID {
			ref = c.Ref
		}
	}
	return l.w.Calendar("raj").Deliver(context.Background(), ref, all[0], raj.Email)
}

// act is what a person does.
func (l *life) act() {
	person := l.person()
	h := l.w.Hands(person)
	e, ok := l.any("", person)
	n, by := l.week(), time.Duration(rapid.IntRange(-100, 100).Draw(l.T, "hours"))*time.Hour
	acts := map[string]func() error{
		"add": func() error {
			_, err := h.Add(series.Event{Start: at(n).Add(by), Zone: "Europe/Berlin", Duration: time.Hour, Rule: series.Rule{Plain: n%2 == 0, Every: 1},
				Title: "1:1", Organizer: mia.Email, Guests: []series.Guest{{Address: raj.Email}}})
			return err
		},
		"busy": func() error {
			_, err := h.AddBusy(series.Busy{Start: at(n).Add(by), Duration: time.Hour, Zone: "UTC", Kind: series.Soft}, "x")
			return err
		},
	}
	if ok {
		acts["move"] = func() error { return h.Move(e.ID, at(n), at(n).Add(by)) }
		acts["resize"] = func() error { return h.Resize(e.ID, at(n), time.Minute) }
		acts["move all"] = func() error { return h.MoveAll(e.ID, tuesdays, first.AddDays(7*n)) }
		acts["split"] = func() error { _, err := h.Split(e.ID, at(n), at(n).Add(by)); return err }
		acts["cancel"] = func() error { return h.Cancel(e.ID, at(n)) }
		acts["cancel by status"] = func() error { return h.CancelStatus(e.ID, at(n)) }
		acts["put back"] = func() error { return h.PutBack(e.ID, at(n)) }
		acts["decline"] = func() error { return h.Answer(e.ID, at(n), raj.Email, series.Declined) }
		acts["decline all"] = func() error { return h.Answer(e.ID, time.Time{}, raj.Email, series.Declined) }
		acts["relocate"] = func() error { return h.Relocate(e.ID, at(n), "Lobby") }
		acts["unlink"] = func() error { return h.SetLink(e.ID, time.Time{}, "") }
		acts["invite"] = func() error { return h.AddGuest(e.ID, lee.Email) }
		acts["free"] = func() error { return h.SetFree(e.ID) }
		acts["strip"] = func() error { return h.StripMark(e.ID) }
		acts["end"] = func() error { return h.EndAt(e.ID, at(n)) }
		acts["duplicate"] = func() error { _, err := h.Duplicate(e.ID); return err }
		acts["delete"] = func() error { return h.Delete(e.ID) }
	}
	if err := acts[rapid.SampledFrom(sorted(acts)).Draw(l.T, "act")](); err != nil {
		l.Fatalf("%v", err)
	}
}

// check: what was handed out is not changed by what came later.
func (l *life) check() {
	for key, s := range l.last {
		if now := text(l, s); now != l.texts[key] {
			l.Fatalf("the snapshot of %s changed after it was handed out (-then +now):\n%s", key, cmp.Diff(l.texts[key], now))
		}
	}
}

func TestLooksAreCompleteOrErrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		t.Repeat(map[string]func(*rapid.T){
			"observe": func(*rapid.T) { l.observe() },
			"write":   func(*rapid.T) { l.write() },
			"act":     func(*rapid.T) { l.act() },
			"slow":    func(*rapid.T) { l.w.SetSlowCopies(rapid.Bool().Draw(l.T, "slow")) },
		})
		l.check()
	})
}

// TestCreateNeverMakesTwo: whatever fails and whatever people end, delete or copy, at most one live event is of
// Create's making.
func TestCreateNeverMakesTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		c, h := l.w.Calendar("mia"), l.w.Hands("mia")
		create := func(*rapid.T) {
			l.faulty = true
			ref, err := c.Create(context.Background(), wish())
			l.faulty = false
			alive := func(e series.Event) bool { return e.Ref == ref && !e.Ended(at(0)) }
			if err == nil && !slices.ContainsFunc(l.truth("mia").Series, alive) {
				t.Fatalf("created %v, which is not there or ended", ref)
			}
		}
		end := func(*rapid.T) {
			e, ok := l.any("", "mia")
			if !ok {
				return
			}
			var err error
			switch rapid.IntRange(0, 5).Draw(t, "end") {
			case 0:
				err = h.Delete(e.ID)
			case 1:
				err = h.CancelStatus(e.ID, time.Time{})
			case 2:
				err = h.EndAt(e.ID, at(-1))
			case 3:
				_, err = h.Duplicate(e.ID)
			case 4:
				err = h.StripMark(e.ID)
			case 5:
				_, err = c.End(context.Background(), e.Ref, first.AddDays(-1))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){"create": create, "again": create, "end": end, "": func(*rapid.T) {
			n := 0
			for _, e := range l.truth("mia").Series {
				if e.Derived && !e.Ended(at(0)) {
					n++
				}
			}
			if n > 1 {
				t.Fatalf("%d live series of Create's making", n)
			}
		}})
	})
}
