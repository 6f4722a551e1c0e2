package providertest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

var creating = []check{
	{"create/returns-what-was-given", "Observe returns series exactly as Create was given them", func(b *bench) {
		s := b.wish()
		s.Skips = []series.Skip{{Date: b.day(2), Why: "leave"}, {Date: b.day(5), Why: "holiday"}}
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		snap := b.see(b.Manager)
		e := b.one()
		if e.Ref != ref {
			b.Errorf("Create answered %v, Observe finds it as %v", ref, e.Ref)
		}
		if e.UID == "" || !e.Start.Equal(b.at(0)) || e.First() != s.First {
			b.Errorf("UID %q, starts %v on %v, want %v on %v", e.UID, e.Start, e.First(), b.at(0), s.First)
		}
		b.same("created", series.Event{
			Ref:       e.Ref,
			UID:       e.UID,
			Derived:   true,
			Mark:      s.Mark(),
			Start:     b.at(0),
			Zone:      berlin,
			Duration:  time.Hour,
			Rule:      series.Rule{Plain: true, Every: 1},
			Title:     s.Title,
			Place:     s.Place,
			Link:      s.Link,
			Organizer: series.Address(s.Manager.Email),
			Guests:    []series.Guest{{Address: series.Address(s.Report.Email), Answer: series.NeedsAction}},
			Excluded:  []time.Time{b.at(2), b.at(5)},
		}, e)
		if d := cmp.Diff(s.Digests(), e.Digests()); d != "" {
			b.Errorf("digests of what is there are not those of what was wanted (-want +got):\n%s", d)
		}
		if e.Raw == "" {
			b.Error("nothing kept to bring it back from")
		}
		if !slices.ContainsFunc(
			slices.Collect(maps.Values(snap.Objects)),
			func(o series.Object) bool { return o.Pair == b.pair() },
		) {
			b.Error("no object is told to be the pair's")
		}
		if len(snap.Busy)+len(snap.Candidates)+len(snap.StandIns)+len(snap.Copies)+len(snap.Gone) > 0 {
			b.Errorf("a series of ours is also told as something else: %d busy, %d candidates, %d stand-ins, %d copies, %d gone",
				len(snap.Busy), len(snap.Candidates), len(snap.StandIns), len(snap.Copies), len(snap.Gone))
		}
		b.again(b.Manager)
	}},
	{"create/unstated", "a field that the roster does not state is not owned", func(b *bench) {
		s := b.wish()
		s.Place, s.Link, s.Private = "", "", false
		b.ref(b.Manager.Calendar.Create(b.ctx, s))
		e := b.one()
		if d := cmp.Diff(s.Mark(), e.Mark, cmpopts.EquateEmpty()); d != "" || e.Place != "" || e.Link != "" {
			b.Errorf("place %q, link %q, mark (-want +got):\n%s", e.Place, e.Link, d)
		}
	}},
	{
		"create/any-slot",
		"a slot is weekday, local time, duration, every n weeks and the zone whose clock anchors it",
		func(b *bench) {
			for i, slot := range []series.Slot{
				{Weekday: time.Monday, At: 23*60 + 30, Duration: time.Hour, Every: 2, Zone: "America/New_York"},
				{Weekday: time.Sunday, At: 2*60 + 15, Duration: 25 * time.Minute, Every: 1, Zone: "Australia/Lord_Howe"},
				{Weekday: time.Friday, At: 0, Duration: 90 * time.Minute, Every: 4, Zone: "Asia/Kolkata"},
				{Weekday: time.Sunday, At: 1*60 + 30, Duration: 30 * time.Minute, Every: 1, Zone: "Europe/London"},
				{Weekday: time.Wednesday, At: 9 * 60, Duration: 45 * time.Minute, Every: 1, Zone: "UTC"},
			} {
				s := b.wish()
				s.Slot, s.Line, s.Generation = slot, slot.Line(), i+1
				s.First = slot.First(b.today().AddDays(7))
				ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
				e := b.byID(ref.ID)
				if e.Slot() != slot || e.First() != s.First || !e.Rule.Plain {
					b.Errorf("created %v from %v, observed %v from %v", slot.Line(), s.First, e.Slot().Line(), e.First())
				}
				b.onSlot(e, slot)
			}
		},
	},
	{"create/clock-changes", "slot arithmetic is wall clock in the anchor zone, whoever looks", func(b *bench) {
		b.Report.Person.Zone = "America/New_York"
		b.book()
		b.onSlot(b.one(), tuesdays)
		b.onSlot(b.copied(), tuesdays)
	}},
	{
		"create/twice-is-one",
		"identity comes from org, pair and generation: where it exists and is alive, that one is returned as found",
		func(b *bench) {
			s := b.wish()
			first := b.ref(b.Manager.Calendar.Create(b.ctx, s))
			e := b.one()
			s.First, s.Place = s.First.AddDays(7), "elsewhere"
			if again := b.there(b.Manager.Calendar.Create(b.ctx, s)); again != first {
				b.Errorf("created again as %v, first as %v", again, first)
			}
			b.sees("created twice", e, func(*series.Event) {})
		},
	},
	{"create/moved-is-alive", "what a person made of a series is not booked over", func(b *bench) {
		e := b.book()
		b.must(
			b.Manager.Hands.MoveAll(
				e.ID,
				series.Slot{Weekday: time.Thursday, At: 14 * 60, Duration: time.Hour, Every: 1, Zone: berlin},
				b.day(0).AddDays(2),
			),
		)
		if ref := b.there(b.Manager.Calendar.Create(b.ctx, b.wish())); ref.ID != e.ID {
			b.Errorf("created %s beside %s", ref.ID, e.ID)
		}
		b.one()
	}},
	{"create/after-an-end", "where it is ended, the next free generation is taken", func(b *bench) {
		s := b.wish()
		s.First = b.day(-4)
		b.ref(b.Manager.Calendar.Create(b.ctx, s))
		old := b.one()
		b.ref(b.Manager.Calendar.End(b.ctx, old.Ref, b.day(-3)))
		b.nextGeneration()
	}},
	{"create/after-a-cancellation", "where it is cancelled, the next free generation is taken", func(b *bench) {
		if b.CancelledIsGone {
			return // create/after-a-deletion
		}
		old := b.book()
		b.must(b.Manager.Hands.CancelStatus(old.ID, time.Time{}))
		b.nextGeneration()
	}},
	{
		"create/after-a-deletion",
		"where it is deleted, the next free generation is taken, if the calendar knows of it",
		func(b *bench) {
			old := b.book()
			b.must(b.Manager.Hands.Delete(old.ID))
			b.none()
			first := b.ref(b.Manager.Calendar.Create(b.ctx, b.wish()))
			if again := b.there(b.Manager.Calendar.Create(b.ctx, b.wish())); again != first {
				b.Errorf("created again as %v, first as %v", again, first)
			}
			if e := b.one(); e.Mark.Generation > 2 || !e.Derived || len(live(e)) == 0 {
				b.Errorf("generation %d, derived %v, %d meetings", e.Mark.Generation, e.Derived, len(live(e)))
			}
		},
	},
	{
		"create/pairs-and-generations-are-apart",
		"two orgs, two pairs or two generations never share an identity",
		func(b *bench) {
			s := b.wish()
			ids := map[string]bool{b.ref(b.Manager.Calendar.Create(b.ctx, s)).ID: true}
			s.Generation = 2
			ids[b.ref(b.Manager.Calendar.Create(b.ctx, s)).ID] = true
			s.Pair.Report = b.Third.ID
			third := provider.InterestPair{
				Pair:    s.Pair,
				Manager: b.interest(b.Manager).Owner,
				Report:  []string{series.Address(b.Third.Email)},
			}
			b.also = append(b.also, third)
			s.Report = b.Third
			ids[b.ref(b.Manager.Calendar.Create(b.ctx, s)).ID] = true
			s.Org = b.Org + "x"
			ids[b.ref(b.Manager.Calendar.Create(b.ctx, s)).ID] = true
			if snap := b.see(b.Manager); len(ids) != 4 || len(snap.Series) != 3 {
				b.Errorf("four identities became %d objects, %d of them series of ours (want 3)", len(ids), len(snap.Series))
			}
		},
	},
	{"create/carries-what-people-own", "what people put on a series goes with its successor", func(b *bench) {
		b.book()
		b.must(b.Manager.Hands.Note(b.one().ID, "her own words"))
		b.must(b.Manager.Hands.AddGuest(b.one().ID, "kim@elsewhere.example"))
		b.must(b.Manager.Hands.SetFree(b.one().ID))
		old := b.one()
		s := b.successor(old)
		s.Title, s.Link, s.Private = "her own title", "https://docs.example.com/d/other", false
		s.Carry.Free, s.Carry.Answer = true, series.Accepted
		s.Carry.Guests = []series.Guest{{Address: "kim@elsewhere.example", Answer: series.Tentative}}
		s.Carry.Written = map[series.Field]string{series.FieldTitle: "", series.FieldPlace: series.Digest("as it was")}
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		e := b.byID(ref.ID)
		if noted := got[bool](b)(b.Manager.Hands.Noted(ref.ID, "her own words")); !noted {
			b.Error("what she wrote is not on the new series")
		}
		report := series.Guest{Address: series.Address(s.Report.Email), Answer: series.Accepted}
		want := append(slices.Clone(s.Carry.Guests), report)
		slices.SortFunc(want, func(a, b series.Guest) int { return strings.Compare(a.Address, b.Address) })
		if d := cmp.Diff(want, e.Guests); d != "" || !e.Free || e.Title != s.Title || e.Link != s.Link || e.Place != s.Place {
			b.Errorf("free %v, title %q, link %q, place %q, guests (-want +got):\n%s", e.Free, e.Title, e.Link, e.Place, d)
		}
		if d := cmp.Diff(s.Mark(), e.Mark, cmpopts.EquateEmpty()); d != "" || e.Mark.Carried == "" {
			b.Errorf("mark (-want +got):\n%s", d)
		}
		if strings.Contains(e.Raw, old.Link) {
			b.Error("the new series has the old agenda link, too")
		}
		b.same("the old series", old, b.byID(old.ID))
	}},
	{"create/carries-single-meetings", "changes of single meetings are carried over", func(b *bench) {
		old := b.book()
		s := b.successor(old)
		s.Skips = []series.Skip{{Date: s.First.AddDays(35), Why: "leave"}, {Date: s.First.AddDays(42), Why: "leave"}}
		s.Carry.PutBack = []series.Date{s.First.AddDays(35)}
		at := func(n int) time.Time { return s.Slot.On(s.First.AddDays(7 * n)) }
		here := func(answer series.PartStat) []series.Guest {
			return []series.Guest{{Address: series.Address(s.Report.Email), Answer: answer}}
		}
		s.Carry.Excluded = []time.Time{at(1)}
		moved := series.Override{
			Original: at(2),
			Start:    at(2).Add(27 * time.Hour),
			Duration: 30 * time.Minute,
			Place:    "Lobby",
			Link:     s.Link,
			Guests:   here(series.Accepted),
		}
		declined := series.Override{
			Original: at(3),
			Start:    at(3),
			Duration: s.Slot.Duration,
			Place:    s.Place,
			Link:     s.Link,
			Guests:   here(series.Declined),
		}
		made := moved
		made.Original, made.Start, made.MadeUp = at(4), at(4).Add(24*time.Hour), true
		for _, o := range []series.Override{moved, declined, made} {
			s.Carry.Overrides = append(s.Carry.Overrides, series.Carried{Override: o})
		}
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		e := b.byID(ref.ID)
		if e.Ref != ref {
			b.Errorf("Create answered %v, Observe finds it as %v", ref, e.Ref)
		}
		made.MadeUp = false
		if d := cmp.Diff([]series.Override{moved, declined, made}, e.Overrides, cmpopts.EquateEmpty()); d != "" {
			b.Errorf("overrides (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]time.Time{at(1), at(6)}, e.Excluded); d != "" {
			b.Errorf("excluded (-want +got):\n%s", d)
		}
		d := cmp.Diff(s.Mark(), e.Mark, cmpopts.EquateEmpty())
		if d != "" || e.Mark.Carried != old.Changes() || e.Mark.MadeUpTo(at(4)).IsZero() {
			b.Errorf("mark (-want +got):\n%s", d)
		}
		if again := b.there(b.Manager.Calendar.Create(b.ctx, s)); again != ref {
			b.Errorf("created again as %v, first as %v", again, ref)
		}
	}},
	{"create/carries-on", "what is not carried over yet is, but people's edits of the new series stay", func(b *bench) {
		b.book()
		s := b.successor(b.one())
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		at := func(n int) time.Time { return s.Slot.On(s.First.AddDays(7 * n)) }
		b.must(b.Manager.Hands.Move(ref.ID, at(1), at(1).Add(time.Hour)))
		b.must(b.Manager.Hands.Cancel(b.generation(1).ID, b.at(4)))
		old := b.generation(1)
		s.Carry.From = &old
		move := func(n int) series.Carried {
			return series.Carried{Override: series.Override{
				Original: at(n),
				Start:    at(n).Add(2 * time.Hour),
				Duration: s.Slot.Duration,
				Place:    s.Place,
				Link:     s.Link,
				Guests:   []series.Guest{{Address: series.Address(s.Report.Email), Answer: series.NeedsAction}},
			}}
		}
		s.Carry.Overrides, s.Carry.Excluded = []series.Carried{move(1), move(2)}, []time.Time{at(3)}
		if again := b.ref(b.Manager.Calendar.Create(b.ctx, s)); again.ID != ref.ID {
			b.Errorf("created again as %v, first as %v", again, ref)
		}
		e := b.byID(ref.ID)
		if len(e.Overrides) != 2 || !e.Overrides[0].Start.Equal(at(1).Add(time.Hour)) ||
			!e.Overrides[1].Start.Equal(at(2).Add(2*time.Hour)) {
			b.Errorf("overrides %v", e.Overrides)
		}
		if len(e.Excluded) != 1 || !e.Excluded[0].Equal(at(3)) || e.Mark.Carried != old.Changes() {
			b.Errorf("excluded %v, carried %q, want %q", e.Excluded, e.Mark.Carried, old.Changes())
		}
	}},
	{"create/from-another-version", "where the old series changed since it was read, nothing is booked", func(b *bench) {
		old := b.book()
		b.must(b.Manager.Hands.Relocate(old.ID, time.Time{}, "Lobby"))
		_, err := b.Manager.Calendar.Create(b.ctx, b.successor(old))
		b.wantKind(err, provider.Conflict, "from an old version")
		b.one()
	}},
	{"create/from-what-is-gone", "what people put on a series that was deleted goes with the next one", func(b *bench) {
		b.book()
		b.must(b.Manager.Hands.Note(b.one().ID, "her own words"))
		old := b.one()
		b.must(b.Manager.Hands.Delete(old.ID))
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, b.successor(old)))
		if noted := got[bool](b)(b.Manager.Hands.Noted(ref.ID, "her own words")); !noted {
			b.Error("what she wrote is not on the new series")
		}
	}},
}

// successor is a series that takes the place of the old one: on Wednesdays, from the third week on.
func (b *bench) successor(old series.Event) series.Series {
	s := b.wish()
	s.Generation = 2
	s.Slot.Weekday, s.Slot.At = time.Wednesday, 15*60
	s.Line = s.Slot.Line()
	s.First = b.day(2).AddDays(1)
	s.Carry.From = &old
	return s
}

// generation is the manager's series of that generation.
func (b *bench) generation(generation int) series.Event {
	b.Helper()
	all := b.see(b.Manager).Series
	i := slices.IndexFunc(all, func(e series.Event) bool { return e.Mark.Generation == generation })
	if i < 0 {
		b.Fatalf("no series of generation %d", generation)
	}
	return all[i]
}

// nextGeneration sees that Create now books anew, once, and lets the old one be.
func (b *bench) nextGeneration() {
	b.Helper()
	old := b.one()
	ref := b.ref(b.Manager.Calendar.Create(b.ctx, b.wish()))
	if again := b.there(b.Manager.Calendar.Create(b.ctx, b.wish())); again != ref {
		b.Errorf("created again as %v, first as %v", again, ref)
	}
	snap := b.see(b.Manager)
	if len(snap.Series) != 2 {
		b.Fatalf("%d series, want the old and the new", len(snap.Series))
	}
	e := b.byID(ref.ID)
	want := b.wish()
	want.Generation = 2
	if d := cmp.Diff(want.Mark(), e.Mark, cmpopts.EquateEmpty()); d != "" || !e.Derived {
		b.Errorf("derived %v, mark (-want +got):\n%s", e.Derived, d)
	}
	b.same("the old series", old, b.byID(old.ID))
}

// byID is the manager's series of that id.
func (b *bench) byID(id string) series.Event {
	b.Helper()
	for _, e := range b.see(b.Manager).Series {
		if e.ID == id {
			return e
		}
	}
	b.Fatalf("no series %s", id)
	return series.Event{}
}

// onSlot sees that a year of meetings, with both clock changes of wherever, begins when the slot's clock says.
func (b *bench) onSlot(e series.Event, slot series.Slot) {
	b.Helper()
	first := e.First()
	var want, have []time.Time
	for _, d := range slot.Dates(first, first, first.AddDays(370)) {
		want = append(want, slot.On(d))
	}
	for _, m := range e.Meetings(e.Start, slot.On(first.AddDays(371))) {
		have = append(have, m.Start)
	}
	if d := cmp.Diff(want, have); d != "" {
		b.Errorf("%s: meetings (-want +got):\n%s", slot.Line(), d)
	}
}
