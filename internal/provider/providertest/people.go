package providertest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/series"
)

const seen = "Observe tells what people did"

var people = []check{
	{"people/move-one", "an occurrence is named for ever by its original start", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.Move(e.ID, b.at(1), b.at(1).Add(50*time.Hour)))
		moved := b.sees("moved", e, func(x *series.Event) {
			x.Overrides = []series.Override{{Original: b.at(1), Start: b.at(1).Add(50 * time.Hour), Duration: time.Hour, Place: e.Place, Link: e.Link, Guests: e.Guests}}
		})
		if m := b.meeting(moved, b.at(1)); !m.Overridden || m.Cancelled {
			b.Errorf("meeting %+v", m)
		}
		b.must(b.Manager.Hands.Move(e.ID, b.at(1), b.at(2).Add(3*time.Hour)))
		b.sees("moved again", moved, func(x *series.Event) { x.Overrides[0].Start = b.at(2).Add(3 * time.Hour) })
		if moved.Times() == e.Times() {
			b.Error("a move does not show in Times")
		}
	}},
	{"people/shorten", seen, func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.Resize(e.ID, b.at(2), 30*time.Minute))
		if m := b.meeting(b.one(), b.at(2)); m.Duration != 30*time.Minute || !m.Start.Equal(b.at(2)) {
			b.Errorf("at %v for %v", m.Start, m.Duration)
		}
	}},
	{"people/cancel-and-put-back", seen, func(b *bench) {
		e, h := b.book(), b.Manager.Hands
		b.must(h.Cancel(e.ID, b.at(1)))
		b.must(h.CancelStatus(e.ID, b.at(2)))
		out := b.one()
		if len(out.Excluded) != 1 || !out.Excluded[0].Equal(b.at(1)) || len(out.Overrides) != 1 || !out.Overrides[0].Cancelled || len(live(out)) != len(live(e))-2 {
			b.Errorf("excluded %v, overrides %+v", out.Excluded, out.Overrides)
		}
		b.must(h.PutBack(e.ID, b.at(1)))
		b.must(h.PutBack(e.ID, b.at(2)))
		back := b.one()
		if len(back.Excluded) != 0 || len(live(back)) != len(live(e)) {
			b.Errorf("put back: %d out, %d meetings, want %d", len(back.Excluded), len(live(back)), len(live(e)))
		}
		if b.CancelledIsGone {
			return
		}
		b.must(h.CancelStatus(e.ID, time.Time{}))
		if now := b.one(); !now.Cancelled || len(live(now)) != 0 || !now.EndedByHand() {
			b.Errorf("all cancelled: %v, %d meetings", now.Cancelled, len(live(now)))
		}
		b.must(h.PutBack(e.ID, time.Time{}))
		b.sees("put back", back, func(*series.Event) {})
	}},
	{"people/place-link-guest-free", seen, func(b *bench) {
		e, h := b.book(), b.Manager.Hands
		b.must(h.Relocate(e.ID, b.at(1), "Garden"))
		b.must(h.SetLink(e.ID, b.at(1), ""))
		one := b.sees("one", e, func(x *series.Event) {
			x.Overrides = []series.Override{{Original: b.at(1), Start: b.at(1), Duration: time.Hour, Place: "Garden", Guests: e.Guests}}
		})
		b.must(h.Relocate(e.ID, time.Time{}, "Café; upstairs"))
		b.must(h.SetLink(e.ID, time.Time{}, ""))
		b.must(h.AddGuest(e.ID, b.Third.Email))
		b.must(h.SetFree(e.ID))
		guest := series.Guest{Address: series.Address(b.Third.Email), Answer: series.NeedsAction}
		now := b.sees("all", one, func(x *series.Event) {
			x.Place, x.Link, x.Free = "Café; upstairs", "", true
			x.Guests = append(x.Guests, guest)
			sortGuests(x.Guests)
			x.Overrides[0].Guests = x.Guests
		})
		for _, f := range []series.Field{series.FieldPlace, series.FieldLink, series.FieldPeople, series.FieldBusy} {
			if !now.Touched(f) {
				b.Errorf("%s is not told to be touched", f)
			}
		}
		b.must(h.SetLink(e.ID, time.Time{}, e.Link))
		if now = b.one(); now.Link != e.Link || now.Touched(series.FieldLink) {
			b.Errorf("link put back as %q", now.Link)
		}
	}},
	{"people/move-all", seen, func(b *bench) {
		e := b.book()
		to := series.Slot{Weekday: time.Thursday, At: 14*60 + 15, Duration: 45 * time.Minute, Every: 1, Zone: berlin}
		b.must(b.Manager.Hands.MoveAll(e.ID, to, b.day(0).AddDays(2)))
		now := b.sees("moved", e, func(x *series.Event) { x.Start, x.Duration = to.On(b.day(0).AddDays(2)), to.Duration })
		if now.Slot() != to || !now.SlotTouched() || now.Mark.Slot != tuesdays {
			b.Errorf("now on %s, touched %v, booked on %s", now.Slot().Line(), now.SlotTouched(), now.Mark.Slot.Line())
		}
		b.onSlot(now, to)
		to.Every = 2
		b.must(b.Manager.Hands.MoveAll(e.ID, to, b.day(0).AddDays(2)))
		b.onSlot(b.one(), to)
	}},
	{"people/split", "\"this and following\" gives two events of one mark, one after the other", func(b *bench) {
		e := b.book()
		id := got[string](b)(b.Manager.Hands.Split(e.ID, b.at(3), b.at(3).Add(25*time.Hour)))
		if n := len(b.see(b.Manager).Series); n != 2 {
			b.Fatalf("%d series, want 2", n)
		}
		old, next := b.byID(e.ID), b.byID(id)
		if !old.EndedByHand() || old.LastDay() != b.day(2) || !old.Derived || next.Derived || next.UID == old.UID {
			b.Errorf("old ends %v (by hand %v, derived %v); new derived %v", old.LastDay(), old.EndedByHand(), old.Derived, next.Derived)
		}
		if d := cmp.Diff(e.Mark, next.Mark, cmpopts.EquateEmpty()); d != "" || next.First() != b.day(3).AddDays(1) || !next.Start.After(old.Rule.Until) || !next.Rule.Until.IsZero() {
			b.Errorf("the new one begins %v, ends %v, mark (-old +new):\n%s", next.Start, next.Rule.Until, d)
		}
		b.again(b.Manager)
	}},
	{"people/duplicate", "duplicates are observed as two series with the same mark", func(b *bench) {
		e := b.lived()
		id := got[string](b)(b.Manager.Hands.Duplicate(e.ID))
		if n := len(b.see(b.Manager).Series); n != 2 {
			b.Fatalf("%d series, want 2", n)
		}
		twin := b.byID(id)
		if twin.UID == e.UID || twin.Derived {
			b.Errorf("the duplicate has UID %q, derived %v", twin.UID, twin.Derived)
		}
		b.same("the original", e, b.byID(e.ID))
		b.same("the duplicate", b.but(e, func(x *series.Event) { x.Ref, x.UID, x.Derived = twin.Ref, twin.UID, false }), twin)
		b.must(b.Manager.Hands.Delete(e.ID))
		b.see(b.Manager)
		if left := b.one(); left.ID != id {
			b.Errorf("left is %s", left.ID)
		}
	}},
	{"people/answers", seen, func(b *bench) {
		b.book()
		raj := series.Address(b.Report.Person.Email)
		said := func(gs []series.Guest) series.PartStat {
			i := slices.IndexFunc(gs, func(g series.Guest) bool { return g.Address == raj })
			if i < 0 {
				b.Fatal("the report is no guest")
			}
			return gs[i].Answer
		}
		c := b.copied()
		b.must(b.Report.Hands.Answer(c.ID, b.at(1), raj, series.Declined))
		e := b.answered(c)
		if m := b.meeting(e, b.at(1)); said(m.Guests) != series.Declined || said(e.Guests) == series.Declined || m.Cancelled || !m.Start.Equal(b.at(1)) {
			b.Errorf("declined one: %s, the series %s, cancelled %v, at %v", said(m.Guests), said(e.Guests), m.Cancelled, m.Start)
		}
		if e.Times() != c.Times() {
			b.Error("an answer shows in Times")
		}
		b.must(b.Report.Hands.Answer(c.ID, time.Time{}, raj, series.Declined))
		if e = b.answered(c); said(e.Guests) != series.Declined {
			b.Errorf("declined all: %s", said(e.Guests))
		}
		b.must(b.Report.Hands.Answer(c.ID, time.Time{}, raj, series.Accepted))
		if e = b.answered(c); said(e.Guests) != series.Accepted || said(b.meeting(e, b.at(1)).Guests) != series.Accepted {
			b.Errorf("accepted all: %s, the one declined before %s", said(e.Guests), said(b.meeting(e, b.at(1)).Guests))
		}
		b.again(b.Manager)
	}},
}
