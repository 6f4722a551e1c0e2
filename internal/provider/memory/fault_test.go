package memory_test

import (
	"context"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

var tuesdays = series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}

var first = series.Date{Year: 2026, Month: time.December, Day: 1}

// at is the start of the n-th meeting.
func at(n int) time.Time { return tuesdays.On(first.AddDays(7 * n)) }

func wish() series.Series {
	return series.Series{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Manager: mia, Report: raj,
		Slot: tuesdays, Line: tuesdays.Line(), Title: "1:1", Place: "Room Alder", Link: "https://docs.example.com/d/abc", Generation: 1, First: first}
}

func interest(owner series.Person) provider.Interest {
	return provider.Interest{Org: "acme", Owner: owner.Addresses(), Pairs: []provider.InterestPair{
		{Pair: wish().Pair, Manager: mia.Addresses(), Report: raj.Addresses(), Title: "1:1"}}}
}

// town is a world with mia and raj in it.
func town(schedules bool) (*memory.World, *memory.Calendar, *memory.Calendar) {
	w := memory.New(memory.Options{Clock: still, Schedules: schedules})
	return w, w.Join(mia), w.Join(raj)
}

func observe(t interface{ Fatalf(string, ...any) }, c *memory.Calendar, owner series.Person, last series.Snapshot) series.Snapshot {
	s, err := providertest.Observe(context.Background(), c, last, interest(owner))
	if err != nil {
		t.Fatalf("observe: %v", err)
	}
	return s
}

func book(t *testing.T, c *memory.Calendar) series.Ref {
	t.Helper()
	ref, err := c.Create(t.Context(), wish())
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func once(w *memory.World, f memory.Fault) { w.FailNth(1, f, nil) }

func TestLostAnswer(t *testing.T) {
	w, c, _ := town(true)
	once(w, memory.LostAnswer)
	if _, err := c.Create(t.Context(), wish()); provider.KindOf(err) != provider.Transient {
		t.Fatalf("lost answer: %v", err)
	}
	if n := w.Counts(); n != (memory.Counts{Writes: 1, Mails: 1}) {
		t.Errorf("after a lost answer: %+v", n)
	}
	ref, err := c.Create(t.Context(), wish())
	if provider.KindOf(err) != provider.Exists {
		t.Fatalf("retried: %v", err)
	}
	s := observe(t, c, mia, series.Snapshot{})
	if len(s.Series) != 1 || s.Series[0].Ref != ref || w.Counts().Writes != 1 {
		t.Errorf("retried: %d series, %d writes", len(s.Series), w.Counts().Writes)
	}
	skip := []series.Skip{{Date: first, Why: "leave"}}
	once(w, memory.LostAnswer)
	if _, err := c.Skip(t.Context(), ref, skip); provider.KindOf(err) != provider.Transient {
		t.Errorf("lost answer: %v", err)
	}
	if _, err := c.Skip(t.Context(), ref, skip); provider.KindOf(err) != provider.Conflict {
		t.Errorf("repeated with the old ref: %v", err)
	}
	once(w, memory.LostAnswer)
	if _, err := providertest.Observe(t.Context(), c, s, interest(mia)); provider.KindOf(err) != provider.Transient {
		t.Errorf("lost answer: %v", err)
	}
}

func TestErrorsOnDemand(t *testing.T) {
	for fault, kind := range map[memory.Fault]provider.Kind{memory.Down: provider.Transient, memory.Refused: provider.Auth,
		memory.Broken: provider.Permanent, memory.Raced: provider.Conflict} {
		w, c, _ := town(true)
		ref := book(t, c)
		w.FailNth(2, fault, func(call memory.Call) bool { return call == memory.Call{Person: "mia", Op: "update"} })
		place := "Room Birch"
		if now, err := c.Update(t.Context(), ref, series.Patch{Place: &place}); err != nil {
			t.Errorf("fault %d came too soon: %v", fault, err)
		} else {
			ref = now
		}
		place = "Room Cedar"
		if _, err := c.Update(t.Context(), ref, series.Patch{Place: &place}); err == nil || provider.KindOf(err) != kind {
			t.Errorf("fault %d: %v, want kind %d", fault, err, kind)
		}
		e := observe(t, c, mia, series.Snapshot{}).Series[0]
		if e.Place != "Room Birch" || w.Counts().Writes != 2 {
			t.Errorf("fault %d: place %q after %d writes", fault, e.Place, w.Counts().Writes)
		}
		if _, err := c.Update(t.Context(), e.Ref, series.Patch{Place: &place}); err != nil {
			t.Errorf("fault %d stayed: %v", fault, err)
		}
	}
}

func TestAuthOfOnePerson(t *testing.T) {
	w, c, r := town(true)
	w.SetFaults(func(call memory.Call) memory.Fault {
		if call.Person == "raj" {
			return memory.Refused
		}
		return memory.None
	})
	book(t, c)
	_, err := r.Observe(t.Context(), series.Packed{}, interest(raj))
	if provider.KindOf(err) != provider.Auth || provider.HintOf(err) == "" {
		t.Errorf("raj: %v, hint %q", err, provider.HintOf(err))
	}
	w.SetFaults(nil)
	if n := len(observe(t, r, raj, series.Snapshot{}).Copies); n != 1 {
		t.Errorf("%d copies", n)
	}
}

func TestListings(t *testing.T) {
	w, c, _ := town(false)
	ref := book(t, c)
	if _, err := w.Hands("mia").AddBusy(series.Busy{Start: at(0).Add(72 * time.Hour), Duration: time.Hour, Zone: "UTC", Kind: series.Hard}, "x"); err != nil {
		t.Fatal(err)
	}
	last := observe(t, c, mia, series.Snapshot{})

	once(w, memory.EmptyListing)
	s := observe(t, c, mia, last)
	if len(s.Series) != 1 || len(s.Gone) != 0 || len(s.Objects) != 1 {
		t.Errorf("empty listing: %d series, %d gone, %d objects", len(s.Series), len(s.Gone), len(s.Objects))
	}
	if s = observe(t, c, mia, s); len(s.Series) != 1 || len(s.Busy) != 1 || len(s.Objects) != 2 {
		t.Errorf("after it: %d series, %d busy, %d objects", len(s.Series), len(s.Busy), len(s.Objects))
	}

	w.SetFaults(func(memory.Call) memory.Fault { return memory.Vanished })
	for round := range 4 {
		if s = observe(t, c, mia, s); len(s.Series) != 0 || len(s.Gone) != 1 || s.Gone[0].Proven || s.Gone[0].Rounds != round+1 {
			t.Fatalf("nothing there, round %d: %d series, gone %+v", round+1, len(s.Series), s.Gone)
		}
	}
	w.SetFaults(nil)
	if s = observe(t, c, mia, s); len(s.Series) != 1 || len(s.Gone) != 0 || s.Series[0].Ref != ref || len(s.Busy) != 1 {
		t.Errorf("there again: %d series, %d gone, %d busy", len(s.Series), len(s.Gone), len(s.Busy))
	}

	if err := w.Hands("mia").Delete(ref.ID); err != nil {
		t.Fatal(err)
	}
	if g := observe(t, c, mia, s).Gone; len(g) != 1 || !g[0].Proven || g[0].Rounds != 1 {
		t.Errorf("a tombstone proves at once: %+v", g)
	}
	once(w, memory.CursorLost)
	s = observe(t, c, mia, s)
	if g := s.Gone; len(g) != 1 || g[0].Proven || g[0].Rounds != 1 {
		t.Errorf("one look without a tombstone proves nothing: %+v", g)
	}
	s = observe(t, c, mia, s)
	if g := s.Gone; len(g) != 1 || !g[0].Proven || g[0].Rounds != 2 {
		t.Errorf("two looks prove it: %+v", g)
	}
}

func TestSlowCopies(t *testing.T) {
	w, c, r := town(true)
	w.SetSlowCopies(true)
	ref := book(t, c)
	copies := func() []series.Event { return observe(t, r, raj, series.Snapshot{}).Copies }
	if n := len(copies()); n != 0 {
		t.Fatalf("%d copies before the first arrived", n)
	}
	before := observe(t, c, mia, series.Snapshot{}).Series[0]
	if _, err := c.Skip(t.Context(), ref, []series.Skip{{Date: first, Why: "leave"}}); err != nil {
		t.Fatal(err)
	}
	after := observe(t, c, mia, series.Snapshot{}).Series[0]
	if cs := copies(); len(cs) != 1 || cs[0].Times() != before.Times() || after.Times() == before.Times() {
		t.Errorf("the copy is not one version behind")
	}
	w.SetSlowCopies(false)
	if cs := copies(); len(cs) != 1 || cs[0].Times() != after.Times() {
		t.Errorf("the copy is still behind")
	}
}

func TestCounts(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		w := memory.New(memory.Options{Clock: still, Schedules: true, Quiet: quiet})
		c := w.Join(mia)
		w.Join(raj)
		ref := book(t, c)
		link, place := "https://docs.example.com/d/new", "Room Birch"
		steps := []struct {
			patch series.Patch
			mails int
		}{{series.Patch{Place: &place}, 1}, {series.Patch{Link: &link}, 1}, {series.Patch{Link: &link, Place: &place, Busy: true}, 0}}
		if quiet {
			steps[1].mails = 0
		}
		for i, step := range steps {
			was := w.Counts()
			var err error
			if ref, err = c.Update(t.Context(), ref, step.patch); err != nil {
				t.Fatal(err)
			}
			writes := 1
			if i == 2 {
				writes = 0 // it says so already
			}
			if n := w.Counts(); n.Mails-was.Mails != step.mails || n.Writes-was.Writes != writes {
				t.Errorf("quiet %v, step %d: %d mails and %d writes, want %d and %d", quiet, i, n.Mails-was.Mails, n.Writes-was.Writes, step.mails, writes)
			}
		}
		was := w.Counts()
		if err := w.Hands("mia").Move(ref.ID, at(1), at(1).Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		observe(t, c, mia, series.Snapshot{})
		if w.Counts() != was {
			t.Errorf("people's hands and looks count: %+v, before %+v", w.Counts(), was)
		}
	}
}
