package providertest

import (
	"slices"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// copied is the report's copy of the manager's only series, brought up to date where the server does not.
func (b *bench) copied() series.Event {
	b.Helper()
	e := b.one()
	if !b.Schedules {
		ref := series.Ref{}
		for _, c := range b.see(b.Report).Copies {
			if c.UID == e.UID {
				ref = c.Ref
			}
		}
		b.ref(b.Report.Calendar.Deliver(b.ctx, ref, e, b.Report.Person.Email))
	}
	return b.copyOf(e)
}

// copyOf is the report's copy of e as it is.
func (b *bench) copyOf(e series.Event) series.Event {
	b.Helper()
	var found []series.Event
	for _, c := range b.see(b.Report).Copies {
		if c.UID == e.UID {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		b.Fatalf("%d copies of the series on the report's calendar, want 1", len(found))
	}
	return found[0]
}

// answered is the manager's only series after the answers that the report's copy shows came back to it.
func (b *bench) answered(c series.Event) series.Event {
	b.Helper()
	if b.Schedules {
		return b.one()
	}
	c = b.copyOf(c)
	e := b.one()
	raj := series.Address(b.Report.Person.Email)
	answers := []provider.Answer{}
	add := func(original time.Time, gs []series.Guest) {
		for _, g := range gs {
			if g.Address == raj {
				answers = append(answers, provider.Answer{Original: original, PartStat: g.Answer})
			}
		}
	}
	add(time.Time{}, c.Guests)
	for _, o := range c.Overrides {
		add(o.Original, o.Guests)
	}
	ref := b.ref(b.Manager.Calendar.Answer(b.ctx, e.Ref, raj, answers))
	now := b.one()
	if now.Ref != ref {
		b.Errorf("Answer answered %v, Observe finds it as %v", ref, now.Ref)
	}
	return now
}

// follows sees that the report's copy shows the calendar that the organizer's event shows.
func (b *bench) follows(what string) series.Event {
	b.Helper()
	c, e := b.copied(), b.one()
	if b.KeepsOverrides {
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o series.Override) bool {
			return !slices.ContainsFunc(e.Overrides, func(x series.Override) bool { return x.Original.Equal(o.Original) })
		})
	}
	if c.Times() != e.Times() || c.Place != e.Place || c.Cancelled != e.Cancelled {
		b.Fatalf("%s: the copy differs: %s from %v until %v, out %v, overrides %+v\norganizer's: %s from %v until %v, out %v, overrides %+v", what,
			c.Slot().Line(), c.Start, c.Rule.Until, c.Excluded, c.Overrides, e.Slot().Line(), e.Start, e.Rule.Until, e.Excluded, e.Overrides)
	}
	return c
}

const sayTheSame = "the report's copy says what the organizer's event says: times, place, people"

var copies = []check{
	{"copy/arrives", sayTheSame, func(b *bench) {
		e := b.book()
		c := b.follows("created")
		if c.Mark.Pair != b.pair() || c.Mark.Generation != 1 || c.Mark.Org != b.Org || !c.Derived && !b.Mixed || c.Title != e.Title ||
			c.Organizer != e.Organizer || c.People() != e.People() || c.Free || c.Raw == "" {
			b.Errorf("copy of %v, generation %d, derived %v, organizer and people as sent %v", c.Mark.Pair, c.Mark.Generation, c.Derived, c.People() == e.People())
		}
		if b.Schedules != (c.Delivered == "") || !b.Schedules && (c.Delivered != e.Delivery() || !c.Untouched()) {
			b.Errorf("delivered by us: %q, the organizer's %q, untouched %v", c.Delivered, e.Delivery(), c.Untouched())
		}
		s := b.see(b.Report)
		if len(s.Series)+len(s.Candidates)+len(s.StandIns)+len(s.Busy) != 0 {
			b.Errorf("the copy is also told as %d series, %d candidates, %d stand-ins, %d busy", len(s.Series), len(s.Candidates), len(s.StandIns), len(s.Busy))
		}
		b.again(b.Report)
	}},
	{"copy/follows", sayTheSame, func(b *bench) {
		e, c := b.book(), b.Manager.Calendar
		b.follows("created")
		ref := b.ref(c.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(2), Why: "leave"}}))
		b.follows("skipped")
		ref = b.ref(c.SetOverride(b.ctx, ref, b.moved(4, 26*time.Hour)))
		b.follows("overridden")
		ref = b.ref(c.Unskip(b.ctx, ref, []series.Date{b.day(2)}))
		ref = b.ref(c.ClearOverride(b.ctx, ref, b.at(4)))
		b.follows("cleared")
		ref = b.ref(c.Update(b.ctx, ref, series.Patch{Place: ptr("Room Birch")}))
		b.follows("elsewhere")
		to := series.Slot{Weekday: time.Wednesday, At: 9 * 60, Duration: 30 * time.Minute, Every: 1, Zone: berlin}
		b.ref(c.Update(b.ctx, ref, series.Patch{Slot: &series.SlotPatch{Slot: to, First: b.day(0).AddDays(1)}}))
		b.follows("moved")
		b.must(b.Manager.Hands.Move(e.ID, to.On(b.day(5).AddDays(1)), to.On(b.day(5).AddDays(2))))
		b.follows("moved by hand")
		b.ref(c.End(b.ctx, b.one().Ref, b.day(8)))
		b.follows("ended")
	}},
	{"copy/of-a-candidate", "an adopted series has a copy like any other, by its mark or by its people", func(b *bench) {
		id := b.ownOneOnOne()
		s := b.see(b.Report)
		if len(s.Series)+len(s.Copies) != 0 {
			b.Errorf("unmarked: %d series, %d copies on the report's calendar", len(s.Series), len(s.Copies))
		}
		if b.Schedules && (len(s.Candidates) != 1 || s.Candidates[0].Pair != b.pair()) {
			b.Errorf("%d candidates on the report's calendar", len(s.Candidates))
		}
		if c := b.see(b.Manager).Candidates; len(c) != 1 || c[0].Event.ID != id {
			b.Errorf("%d candidates on the manager's calendar", len(c))
		}
	}},
	{"copy/owners-answer-stays", "the owner's answer, reminders and own properties stay", func(b *bench) {
		b.book()
		raj := b.Report.Person.Email
		c := b.copied()
		b.must(b.Report.Hands.Note(c.ID, note))
		b.must(b.Report.Hands.Answer(c.ID, time.Time{}, raj, series.Accepted))
		b.must(b.Report.Hands.Answer(c.ID, b.at(3), raj, series.Declined))
		b.ref(b.Manager.Calendar.Update(b.ctx, b.one().Ref, series.Patch{Place: ptr("Room Birch")}))
		c = b.follows("elsewhere")
		answer := func(gs []series.Guest) series.PartStat {
			i := slices.IndexFunc(gs, func(g series.Guest) bool { return g.Address == series.Address(raj) })
			if i < 0 {
				b.Fatal("the owner is no guest of the copy")
			}
			return gs[i].Answer
		}
		if all, one := answer(c.Guests), answer(b.meeting(c, b.at(3)).Guests); all != series.Accepted || one != series.Declined {
			b.Errorf("answers in the copy: %s, and %s to the one declined", all, one)
		}
		if ok := got[bool](b)(b.Report.Hands.Noted(c.ID, note)); !ok && !b.Schedules { // what a server keeps is its own affair
			b.Error("what the owner wrote into the copy is gone")
		}
	}},
	{"copy/moved-only-there", "a move that the report makes in their own copy stays there, until the next delivery", func(b *bench) {
		e := b.book()
		c := b.copied()
		b.must(b.Report.Hands.Move(c.ID, b.at(1), b.at(1).Add(24*time.Hour)))
		c = b.copyOf(e)
		if now := b.one(); now.Times() != e.Times() || c.Times() == e.Times() {
			b.Errorf("the organizer's changed: %v, the copy changed: %v", now.Times() != e.Times(), c.Times() != e.Times())
		}
		if m := b.meeting(c, b.at(1)); !m.Start.Equal(b.at(1).Add(24 * time.Hour)) {
			b.Errorf("in the copy at %v", m.Start)
		}
		if !b.Schedules {
			if c.Untouched() {
				b.Error("the copy is told to be as it was delivered")
			}
			b.follows("delivered anew")
		}
	}},
	{"copy/delivered-twice", "where the calendar already has an object of that UID, that one is made the copy", func(b *bench) {
		if b.Schedules {
			return // the server's business
		}
		e := b.book()
		b.must(b.Report.Hands.Note(b.copied().ID, note))
		old := b.copyOf(e)
		b.ref(b.Report.Calendar.Deliver(b.ctx, series.Ref{}, e, b.Report.Person.Email))
		c := b.copyOf(e)
		b.same("delivered twice", old, c)
		if ok := got[bool](b)(b.Report.Hands.Noted(c.ID, note)); !ok {
			b.Error("what the owner wrote into the copy is gone")
		}
		b.must(b.Report.Hands.Note(c.ID, "one more word"))
		_, err := b.Report.Calendar.Deliver(b.ctx, old.Ref, e, b.Report.Person.Email)
		b.wantKind(err, provider.Conflict, "Deliver to another version")
	}},
	{"copy/deleted", "a deleted copy is told as gone, and as a copy", func(b *bench) {
		e := b.book()
		c := b.copied()
		b.must(b.Report.Hands.Delete(c.ID))
		b.gone(b.Report, c, true)
		if g := b.gone(b.Report, c, true); !g.Proven {
			b.Errorf("not proven after %d rounds", g.Rounds)
		}
		if now := b.one(); now.Times() != e.Times() {
			b.Error("deleting the copy changed the organizer's times")
		}
	}},
	{"copy/of-the-uninvited", "a server that schedules tells those who are no longer invited", func(b *bench) {
		if !b.Schedules {
			return // Holdfast delivers to those who are
		}
		e := b.book()
		b.copied()
		b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{People: &series.PeoplePatch{Organizer: b.Manager.Person, Guests: []series.Person{b.Third}}}))
		for _, c := range b.see(b.Report).Copies {
			if len(live(c)) > 0 {
				b.Error("the copy still has meetings")
			}
		}
	}},
	{"copy/of-a-deleted-series", "a server that schedules tells attendees that a series is off", func(b *bench) {
		e := b.book()
		b.copied()
		b.must(b.Manager.Hands.Delete(e.ID))
		if !b.Schedules {
			off := b.but(e, func(x *series.Event) { x.Cancelled = true })
			b.ref(b.Report.Calendar.Deliver(b.ctx, b.copyOf(e).Ref, off, b.Report.Person.Email))
		}
		for _, c := range b.see(b.Report).Copies {
			if len(live(c)) > 0 {
				b.Error("the copy still has meetings")
			}
		}
	}},
}
