package providertest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

var ending = []check{
	{"end/keeps-the-past", "the rule ends there and overrides that were or are later go; the past stays", func(b *bench) {
		s := b.wish()
		s.First = b.day(-4)
		b.ref(b.Manager.Calendar.Create(b.ctx, s))
		e, h := b.one(), b.Manager.Hands
		b.must(h.Move(e.ID, b.at(-3), b.at(-3).Add(3*time.Hour)))
		b.must(h.Cancel(e.ID, b.at(-2)))
		b.must(h.Move(e.ID, b.at(1), b.at(1).Add(50*time.Hour)))  // the last week's, but later than the last day
		b.must(h.Move(e.ID, b.at(3), b.at(0).Add(50*time.Hour)))  // a later week's, before the last day
		b.must(h.Move(e.ID, b.at(5), b.at(5).Add(-50*time.Hour))) // later, and later still
		b.must(h.Cancel(e.ID, b.at(7)))
		b.must(h.Note(e.ID, note))
		e = b.one()
		before := live(e)
		ref := b.ref(b.Manager.Calendar.End(b.ctx, e.Ref, b.day(1)))
		now := b.one()
		if now.Ref != ref {
			b.Errorf("End answered %v, Observe finds it as %v", ref, now.Ref)
		}
		end := series.Instant(b.day(2), 0, berlin)
		want := slices.DeleteFunc(before, func(m series.Meeting) bool {
			return !m.Original.Before(end) || !m.Start.Before(tuesdays.On(b.day(1).AddDays(1)))
		})
		if d := cmp.Diff(want, live(now), cmpopts.EquateEmpty()); d != "" {
			b.Errorf("meetings that are left (-want +got):\n%s", d)
		}
		if now.LastDay() != b.day(1) || now.EndedByHand() || now.Mark.Written[series.FieldEnd] != series.Digest(b.day(1).String()) {
			b.Errorf("last day %v, by hand %v, digest %q", now.LastDay(), now.EndedByHand(), now.Mark.Written[series.FieldEnd])
		}
		if slices.ContainsFunc(now.Excluded, func(t time.Time) bool { return t.After(end) }) {
			b.Errorf("taken out of what is over: %v", now.Excluded)
		}
		b.noted(e.ID)
		b.ref(b.Manager.Calendar.End(b.ctx, now.Ref, b.day(1)))
		b.sees("ended again", now, func(*series.Event) {})
	}},
	{"end/between-meetings", "the mark's digest of the end is that of the last day that is left", func(b *bench) {
		e := b.book()
		b.ref(b.Manager.Calendar.End(b.ctx, e.Ref, b.day(3).AddDays(4)))
		now := b.one()
		if now.LastDay() != b.day(3) || now.EndedByHand() || len(live(now)) != 4 {
			b.Errorf("last day %v, by hand %v, %d meetings", now.LastDay(), now.EndedByHand(), len(live(now)))
		}
	}},
	{"end/sooner-and-later", "End lets no meeting happen after the last day: it shortens, it never lengthens", func(b *bench) {
		e := b.book()
		ref := b.ref(b.Manager.Calendar.End(b.ctx, e.Ref, b.day(6)))
		ref = b.ref(b.Manager.Calendar.End(b.ctx, ref, b.day(4)))
		b.ref(b.Manager.Calendar.End(b.ctx, ref, b.day(9)))
		if now := b.one(); now.LastDay() != b.day(4) || now.EndedByHand() || len(live(now)) != 5 {
			b.Errorf("last day %v, by hand %v, %d meetings", now.LastDay(), now.EndedByHand(), len(live(now)))
		}
	}},
	{"end/by-a-person", "an end of ours is told from a person's", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.EndAt(e.ID, b.at(4)))
		now := b.one()
		if !now.EndedByHand() || now.LastDay() != b.day(4) {
			b.Errorf("by hand %v, last day %v", now.EndedByHand(), now.LastDay())
		}
		b.ref(b.Manager.Calendar.End(b.ctx, now.Ref, b.day(4)))
		if now = b.one(); now.EndedByHand() || now.LastDay() != b.day(4) {
			b.Errorf("ended by us too: by hand %v, last day %v", now.EndedByHand(), now.LastDay())
		}
	}},
	{"end/never-met", "a series whose first occurrence is later is removed; repeating it is fine", func(b *bench) {
		e := b.book()
		b.ref(b.Manager.Calendar.End(b.ctx, e.Ref, b.day(-1)))
		b.none()
		if _, err := b.Manager.Calendar.End(b.ctx, e.Ref, b.day(-1)); err != nil && provider.KindOf(err) != provider.Conflict {
			b.Errorf("removed again: %v", err)
		}
		if b.Schedules {
			for _, c := range b.see(b.Report).Copies {
				if !c.Cancelled && len(live(c)) > 0 {
					b.Error("the report's copy still has meetings")
				}
			}
		}
	}},
	{"revive", "Revive brings back a deleted series from its Raw; where it exists again, the answer is a Conflict", func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.Delete(e.ID))
		gone := b.none().Gone
		if len(gone) != 1 || gone[0].Last.Raw == "" {
			b.Fatalf("%d gone", len(gone))
		}
		ref := b.ref(b.Manager.Calendar.Revive(b.ctx, gone[0].Last))
		now := b.sees("revived", e, func(*series.Event) {})
		if now.Ref != ref {
			b.Errorf("Revive answered %v, Observe finds it as %v", ref, now.Ref)
		}
		b.noted(e.ID)
		if n := len(b.see(b.Manager).Gone); n != 0 {
			b.Errorf("%d still gone", n)
		}
		_, err := b.Manager.Calendar.Revive(b.ctx, gone[0].Last)
		b.wantKind(err, provider.Conflict, "Revive of what is there")
		b.sees("revived twice", now, func(*series.Event) {})
	}},
}
