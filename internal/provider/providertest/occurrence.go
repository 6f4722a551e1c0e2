package providertest

import (
	"cmp"
	"slices"
	"time"

	"holdfast/internal/series"
)

func sortGuests(g []series.Guest) {
	slices.SortFunc(g, func(a, b series.Guest) int { return cmp.Compare(a.Address, b.Address) })
}

const oneOccurrence = "SetOverride makes one occurrence what o says (times, place, link; guests stay, and answer anew to another time)"

// unanswered are the guests, asked again.
func unanswered(gs []series.Guest) []series.Guest {
	gs = slices.Clone(gs)
	for i := range gs {
		gs[i].Answer = series.NeedsAction
	}
	return gs
}

var occurrences = []check{
	{"skip/days", "Skip takes the days out of the series and records them in the mark, in one write of the master", func(b *bench) {
		e := b.lived()
		skips := []series.Skip{{Date: b.day(8), Why: series.Holiday}, {Date: b.day(5), Why: series.OutOfOffice}}
		b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, skips))
		now := b.sees("skipped", e, func(x *series.Event) {
			x.Mark.Skips = []series.Skip{x.Mark.Skips[0], skips[1], skips[0]}
			x.Excluded = []time.Time{b.at(2), b.at(3), b.at(5), b.at(8)}
		})
		if m := b.meeting(now, b.at(5)); !m.Excluded || !m.Cancelled {
			b.Errorf("the skipped day has %+v", m)
		}
		b.noted(e.ID)
		b.ref(b.Manager.Calendar.Skip(b.ctx, now.Ref, skips))
		b.sees("skipped again", now, func(*series.Event) {})
	}},
	{"skip/out-already", "a day that is already out is only recorded; an override of a skipped day goes", func(b *bench) {
		e := b.lived() // 1 moved, 3 cancelled by hand
		b.must(b.Manager.Hands.CancelStatus(e.ID, b.at(6)))
		b.ref(b.Manager.Calendar.Skip(b.ctx, b.one().Ref, []series.Skip{
			{Date: b.day(1), Why: "leave"}, {Date: b.day(3), Why: "leave"}, {Date: b.day(6), Why: "leave"}}))
		now := b.one()
		if n := len(now.Mark.Skips); n != 4 {
			b.Errorf("%d skips in the mark, want 4", n)
		}
		for _, n := range []int{1, 2, 3, 6} {
			if m := b.meeting(now, b.at(n)); !m.Cancelled {
				b.Errorf("the meeting of %v takes place on %v", b.day(n), m.Start)
			}
		}
		if m := b.meeting(now, b.at(6)); m.Excluded {
			b.Error("what a person cancelled was taken out once more")
		}
	}},
	{"skip/days-of-its-zone", "days are those of the series' own zone", func(b *bench) {
		s := b.wish()
		s.Slot = series.Slot{Weekday: time.Tuesday, At: 23*60 + 30, Duration: time.Hour, Every: 1, Zone: "America/New_York"}
		s.Line = s.Slot.Line()
		ref := b.ref(b.Manager.Calendar.Create(b.ctx, s))
		b.ref(b.Manager.Calendar.Skip(b.ctx, ref, []series.Skip{{Date: b.day(1), Why: "leave"}}))
		if e := b.one(); len(e.Excluded) != 1 || !e.Excluded[0].Equal(s.Slot.On(b.day(1))) {
			b.Errorf("excluded %v, want %v", e.Excluded, s.Slot.On(b.day(1)))
		}
	}},
	{"unskip", "Unskip puts the days back and forgets them in the mark; a day that is not out is only forgotten", func(b *bench) {
		e := b.book()
		ref := b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{
			{Date: b.day(2), Why: "leave"}, {Date: b.day(3), Why: "leave"}, {Date: b.day(4), Why: "leave"}}))
		b.must(b.Manager.Hands.PutBack(e.ID, b.at(3)))
		put := b.one()
		if m := b.meeting(put, b.at(3)); m.Cancelled || len(put.Mark.Skips) != 3 {
			b.Errorf("put back by hand: cancelled %v, %d skips in the mark", m.Cancelled, len(put.Mark.Skips))
		}
		if ref == put.Ref {
			b.Error("the version stayed the same though a person wrote")
		}
		b.ref(b.Manager.Calendar.Unskip(b.ctx, put.Ref, []series.Date{b.day(3), b.day(2)}))
		now := b.sees("unskipped", e, func(x *series.Event) {
			x.Mark.Skips = []series.Skip{{Date: b.day(4), Why: "leave"}}
			x.Excluded = []time.Time{b.at(4)}
		})
		b.ref(b.Manager.Calendar.Unskip(b.ctx, now.Ref, []series.Date{b.day(3), b.day(2)}))
		b.sees("unskipped again", now, func(*series.Event) {})
	}},
	{"override/restores-a-move", oneOccurrence, func(b *bench) {
		e := b.lived()
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, b.moved(1, 0)))
		now := b.sees("restored", e, func(x *series.Event) {
			x.Overrides[0].Start, x.Overrides[0].Guests = b.at(1), unanswered(x.Guests)
		})
		b.noted(e.ID)
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, now.Ref, b.moved(1, 0)))
		b.sees("restored again", now, func(*series.Event) {})
	}},
	{"override/makes-up", oneOccurrence, func(b *bench) {
		e := b.lived()
		o := b.moved(7, 26*time.Hour)
		o.Duration, o.Place = 30*time.Minute, "Lobby"
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, o))
		b.sees("overridden", e, func(x *series.Event) {
			o.Guests = unanswered(x.Guests)
			x.Overrides = append(x.Overrides, o)
		})
	}},
	{"override/remembers-a-make-up", "SetOverride of a make-up notes in the mark where it is; any other change leaves that, and what puts the occurrence back forgets it", func(b *bench) {
		e := b.book()
		m := b.Manager
		put := func(n int, by time.Duration, madeUp bool) {
			o := b.moved(n, by)
			o.MadeUp = madeUp
			b.ref(m.Calendar.SetOverride(b.ctx, b.one().Ref, o))
		}
		remembers := func(what string, want ...series.MadeUp) {
			if got := b.one().Mark.MadeUp; !slices.EqualFunc(got, want, func(x, y series.MadeUp) bool { return x.Original.Equal(y.Original) && x.Start.Equal(y.Start) }) {
				b.Errorf("%s: the mark has make-ups %v, want %v", what, got, want)
			}
		}
		first, second := series.MadeUp{Original: b.at(1), Start: b.at(1).Add(50 * time.Hour)}, series.MadeUp{Original: b.at(2), Start: b.at(2).Add(-time.Hour)}
		put(2, -time.Hour, true)
		put(1, 26*time.Hour, true)
		put(1, 50*time.Hour, true)
		put(4, time.Hour, false)
		remembers("made up for", first, second)
		b.must(m.Hands.Move(e.ID, b.at(1), b.at(1).Add(3*time.Hour)))
		b.must(m.Hands.Cancel(e.ID, b.at(2)))
		remembers("moved and cancelled by a person", first, second)
		put(1, 50*time.Hour, false)
		remembers("put back where it was made up", first, second)
		put(1, 0, false)
		remembers("put back into the series", second)
		b.ref(m.Calendar.ClearOverride(b.ctx, b.one().Ref, b.at(2)))
		remembers("cleared")
	}},
	{"override/heals-a-link", oneOccurrence, func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.SetLink(e.ID, b.at(1), ""))
		bare := b.sees("link removed from one", e, func(x *series.Event) { x.Overrides[0].Link = "" })
		o := bare.Overrides[0]
		o.Link = e.Link
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, bare.Ref, o))
		b.sees("healed", e, func(*series.Event) {})
	}},
	{"override/brings-back", "an occurrence taken out comes back", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.Cancel(e.ID, b.at(1)))
		b.must(b.Manager.Hands.CancelStatus(e.ID, b.at(2)))
		out := b.one()
		for _, n := range []int{1, 2} {
			if m := b.meeting(out, b.at(n)); !m.Cancelled {
				b.Fatalf("cancelled by hand, and yet on %v", m.Start)
			}
		}
		ref := b.ref(b.Manager.Calendar.SetOverride(b.ctx, out.Ref, b.moved(1, 0)))
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, ref, b.moved(2, 3*time.Hour)))
		now := b.one()
		if len(now.Excluded) > 0 {
			b.Errorf("still taken out: %v", now.Excluded)
		}
		for n, by := range map[int]time.Duration{1: 0, 2: 3 * time.Hour} {
			m := b.meeting(now, b.at(n))
			if m.Cancelled || !m.Start.Equal(b.at(n).Add(by)) || m.Place != e.Place || m.Link != e.Link || len(m.Guests) != 1 {
				b.Errorf("brought back: cancelled %v, at %v, place %q, link %q, %d guests", m.Cancelled, m.Start, m.Place, m.Link, len(m.Guests))
			}
		}
	}},
	{"override/cancels", "SetOverride makes one occurrence what o says: cancelled too", func(b *bench) {
		e := b.book()
		o := b.moved(2, 0)
		o.Cancelled = true
		b.ref(b.Manager.Calendar.SetOverride(b.ctx, e.Ref, o))
		now := b.one()
		if m := b.meeting(now, b.at(2)); !m.Cancelled {
			b.Error("the occurrence takes place")
		}
		if n := len(live(now)); n != len(live(e))-1 {
			b.Errorf("%d meetings, before %d", n, len(live(e)))
		}
	}},
	{"override/clear", "ClearOverride makes the occurrence the series' own again, whether it was overridden or taken out", func(b *bench) {
		e := b.book()
		h := b.Manager.Hands
		b.must(h.Move(e.ID, b.at(1), b.at(1).Add(time.Hour)))
		b.must(h.Cancel(e.ID, b.at(2)))
		b.must(h.CancelStatus(e.ID, b.at(3)))
		ref := b.one().Ref
		for _, n := range []int{1, 2, 3, 3} {
			ref = b.ref(b.Manager.Calendar.ClearOverride(b.ctx, ref, b.at(n)))
		}
		b.sees("cleared", e, func(*series.Event) {})
	}},
	{"override/clock-changes", "an occurrence is named by its original start, in every week of the year", func(b *bench) {
		e := b.book()
		var weeks []int
		for n := 1; len(weeks) < 4; n++ { // the last before and the first after a clock change
			_, before := b.at(n - 1).Zone()
			if _, after := b.at(n).Zone(); before != after {
				weeks = append(weeks, n-1, n)
			}
		}
		for _, n := range weeks {
			b.must(b.Manager.Hands.Move(e.ID, b.at(n), b.at(n).Add(24*time.Hour)))
			b.ref(b.Manager.Calendar.SetOverride(b.ctx, b.one().Ref, b.moved(n+2, time.Hour)))
		}
		now := b.one()
		if len(now.Overrides) != 8 {
			b.Fatalf("%d overrides, want 8", len(now.Overrides))
		}
		for _, n := range weeks {
			if m := b.meeting(now, b.at(n)); !m.Start.Equal(b.at(n).Add(24 * time.Hour)) {
				b.Errorf("week %d moved by hand to %v, want %v", n, m.Start, b.at(n).Add(24*time.Hour))
			}
			if m := b.meeting(now, b.at(n+2)); !m.Start.Equal(b.at(n + 2).Add(time.Hour)) {
				b.Errorf("week %d set to %v, want %v", n+2, m.Start, b.at(n+2).Add(time.Hour))
			}
		}
	}},
}
