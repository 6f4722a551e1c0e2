package providertest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// copied is the report's copy of the manager's only series, delivered to where the server does not.
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

const mergedThreeWays = "each field of each occurrence of a copy is what was changed last; an end always arrives"

var copies = []check{
	{"copy/arrives", sayTheSame, func(b *bench) {
		e := b.book()
		c := b.follows("created")
		if c.Mark.Pair != b.pair() || c.Mark.Generation != 1 || c.Mark.Org != b.Org || !c.Derived && !b.Mixed || c.Title != e.Title ||
			c.Organizer != e.Organizer || c.People() != e.People() || c.Free || c.Raw == "" {
			b.Errorf("copy of %v, generation %d, derived %v, organizer and people as sent %v", c.Mark.Pair, c.Mark.Generation, c.Derived, c.People() == e.People())
		}
		given := e.Delivery(b.Clock())
		if b.Schedules != (c.Delivered == "") || !b.Schedules && (c.Delivered != given || !e.DeliveredTo(c, b.Clock())) {
			b.Errorf("delivered by us: %q, the organizer's %q", c.Delivered, given)
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
	{"copy/moved-only-there", "what the report moves in the copy stays there", func(b *bench) {
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
			if w := e.For(c, b.Clock()); w.Times() != c.Times() || !e.DeliveredTo(c, b.Clock()) {
				b.Error("the move is to be written over")
			}
			b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, b.moved(1, 2*time.Hour)))
			b.follows("changed by the organizer, too")
		}
	}},
	{"copy/merged", mergedThreeWays, func(b *bench) {
		if b.Schedules {
			return // the server's business
		}
		e := b.book()
		c := b.copied()
		b.must(b.Report.Hands.Move(c.ID, b.at(1), b.at(1).Add(24*time.Hour)))
		b.must(b.Report.Hands.Resize(c.ID, b.at(2), 30*time.Minute))
		ref := b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, b.moved(2, 26*time.Hour)))
		ref = b.ref(b.Manager.Calendar.SetOverride(b.ctx, ref, b.moved(3, 2*time.Hour)))
		ref = b.ref(b.Manager.Calendar.Update(b.ctx, ref, series.Patch{Place: ptr("Room Birch")}))
		ref = b.ref(b.Manager.Calendar.Skip(b.ctx, ref, []series.Skip{{Date: b.day(5), Why: "leave"}}))
		b.ref(b.Manager.Calendar.End(b.ctx, ref, b.day(8)))
		c = b.copied()
		for n, by := range []time.Duration{0, 24 * time.Hour, 26 * time.Hour, 2 * time.Hour, 0} {
			want := b.at(n).Add(by)
			if m := b.meeting(c, b.at(n)); !m.Start.Equal(want) || m.Cancelled || m.Place != "Room Birch" {
				b.Errorf("meeting %d is at %v in %q, cancelled %v", n, m.Start, m.Place, m.Cancelled)
			}
		}
		if d := b.meeting(c, b.at(2)).Duration; d != 30*time.Minute {
			b.Errorf("the meeting that the report shortened and the manager moved takes %v", d)
		}
		if !b.meeting(c, b.at(5)).Cancelled || c.LastDay() != b.day(8) {
			b.Errorf("the skipped meeting is out: %v; last day %s", b.meeting(c, b.at(5)).Cancelled, c.LastDay())
		}
		if !b.one().DeliveredTo(c, b.Clock()) {
			b.Error("something is still to be delivered")
		}
		b.copied()
		if again := b.copyOf(e); again.Ref != c.Ref {
			b.Error("delivered again, it is another version")
		}
	}},
	{"copy/merged-after-the-series-moved", mergedThreeWays, func(b *bench) {
		if b.Schedules {
			return
		}
		e := b.book()
		c := b.copied()
		b.must(b.Report.Hands.Move(c.ID, b.at(1), b.at(1).Add(24*time.Hour)))
		b.copied()
		to := series.Slot{Weekday: time.Wednesday, At: 9 * 60, Duration: time.Hour, Every: 1, Zone: berlin}
		patch := series.Patch{Slot: &series.SlotPatch{Slot: to, First: b.day(0).AddDays(1)}}
		b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, patch))
		b.follows("moved as a whole")
	}},
	{"copy/moved-whole", mergedThreeWays, func(b *bench) {
		if b.Schedules {
			return
		}
		e := b.book()
		c := b.copied()
		own := series.Slot{Weekday: time.Thursday, At: 11 * 60, Duration: time.Hour, Every: 1, Zone: berlin}
		b.must(b.Report.Hands.MoveAll(c.ID, own, b.day(0).AddDays(2)))
		ref := b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, b.moved(2, 3*time.Hour)))
		ref = b.ref(b.Manager.Calendar.Skip(b.ctx, ref, []series.Skip{{Date: b.day(3), Why: "leave"}}))
		b.ref(b.Manager.Calendar.End(b.ctx, ref, b.day(6)))
		c = b.copied()
		at := func(n int) time.Time { return own.On(b.day(n).AddDays(2)) }
		if m := b.meeting(c, at(1)); c.Slot() != own || !m.Start.Equal(at(1)) || m.Cancelled {
			b.Errorf("the report's own slot is %s", c.Slot().Line())
		}
		if m := b.meeting(c, at(2)); !m.Start.Equal(b.at(2).Add(3 * time.Hour)) {
			b.Errorf("the meeting that the manager moved is at %v", m.Start)
		}
		if !b.meeting(c, at(3)).Cancelled || c.LastDay().After(b.day(7)) || c.LastDay().IsZero() {
			b.Errorf("the skipped meeting is out: %v; last day %s", b.meeting(c, at(3)).Cancelled, c.LastDay())
		}
		if !b.one().DeliveredTo(c, b.Clock()) {
			b.Error("something is still to be delivered")
		}
	}},
	{"copy/removed-stays-out", "what the report took out stays out until its time changes", func(b *bench) {
		if b.Schedules {
			return
		}
		e := b.book()
		c := b.copied()
		b.must(b.Report.Hands.Cancel(c.ID, b.at(1)))
		b.must(b.Report.Hands.Cancel(c.ID, b.at(3)))
		raj := b.Report.Person.Email
		declined := []provider.Answer{
			{Original: b.at(1), PartStat: series.Declined},
			{Original: b.at(3), PartStat: series.Declined},
		}
		ref := b.ref(b.Manager.Calendar.Answer(b.ctx, e.Ref, raj, declined))
		ref = b.ref(b.Manager.Calendar.Update(b.ctx, ref, series.Patch{Place: ptr("Room Birch")}))
		c = b.copied()
		if !b.meeting(c, b.at(1)).Cancelled || !b.meeting(c, b.at(3)).Cancelled || c.Place != "Room Birch" {
			b.Errorf("after a change of place, in %q, it is back", c.Place)
		}
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, ref, b.moved(3, 2*time.Hour)))
		c = b.copied()
		m := b.meeting(c, b.at(3))
		if !b.meeting(c, b.at(1)).Cancelled || m.Cancelled || !m.Start.Equal(b.at(3).Add(2*time.Hour)) {
			b.Errorf("the one that was moved is at %v, cancelled %v", m.Start, m.Cancelled)
		}
		for _, g := range m.Guests {
			if g.Address == series.Address(raj) && g.Answer != series.NeedsAction {
				b.Errorf("at its new time it is answered with %s", g.Answer)
			}
		}
		b.ref(b.Manager.Calendar.ClearOverride(b.ctx, b.one().Ref, b.at(3)))
		if m := b.meeting(b.copied(), b.at(3)); m.Cancelled || !m.Start.Equal(b.at(3)) {
			b.Errorf("put back by the manager it is at %v, cancelled %v", m.Start, m.Cancelled)
		}
	}},
	{"copy/put-back-only-there", "what only the report put back in the copy stays", func(b *bench) {
		if b.Schedules {
			return
		}
		e := b.book()
		ref := b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(2), Why: "leave"}}))
		c := b.follows("skipped")
		b.must(b.Report.Hands.PutBack(c.ID, b.at(2)))
		b.ref(b.Manager.Calendar.Update(b.ctx, ref, series.Patch{Place: ptr("Room Birch")}))
		if c = b.copied(); b.meeting(c, b.at(2)).Cancelled || c.Place != "Room Birch" {
			b.Errorf("in %q, cancelled %v", c.Place, b.meeting(c, b.at(2)).Cancelled)
		}
	}},
	{"copy/converges", mergedThreeWays, func(b *bench) {
		steps := 40
		if b.Slow || testing.Short() {
			steps = 8
		}
		if !b.Schedules {
			b.converge(rand.New(rand.NewPCG(20261128, 1)), steps)
		}
	}},
	{"invite", "the guest is asked anew, and nothing else of the series changes", func(b *bench) {
		e := b.book()
		b.copied()
		raj := series.Address(b.Report.Person.Email)
		b.ref(b.Manager.Calendar.Answer(b.ctx, b.one().Ref, raj, []provider.Answer{{PartStat: series.Accepted}}))
		ref := b.ref(b.Manager.Calendar.Invite(b.ctx, b.one().Ref, raj))
		now := b.sees("invited again", e, func(*series.Event) {})
		if now.Ref != ref || now.Ref == e.Ref {
			b.Errorf("Invite answered %v, Observe finds it as %v, before %v", ref, now.Ref, e.Ref)
		}
		_, err := b.Manager.Calendar.Invite(b.ctx, e.Ref, raj)
		b.wantKind(err, provider.Conflict, "Invite to another version")
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
