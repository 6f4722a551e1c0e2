package provider

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Source is what Build asks a provider for.
type Source interface {
	// Look reads one object directly, by Ref.ID. The item is that of a present one.
	Look(ctx context.Context, id string) (Presence, *Item, error)
	// Knows reports whether an event that a snapshot has came from this kind of calendar: whoever has moved to another one
	// has deleted nothing.
	Knows(e series.Event) bool
}

// Built is a snapshot with what its making has shown of the reading.
type Built struct {
	series.Packed
	// Doubt: the listing lacked what is there, or shows nothing of what was. The next one is to be a full one.
	Doubt bool
	// Reread: a series of ours was cut, or has other people, and may say something else of an event that was not read. All
	// is to be read anew, as after a change of the interest.
	Reread bool
}

// Build makes a snapshot of a reading: the one place that decides what is ours, a copy, gone, a stranger's, a candidate
// or a stand-in. s has what is known of the calendar as such: At, Interest, FullAt, Schedules, Network, Quiet.
//
//   - Ours is what bears the mark of this org, or an identity made of it, for a pair of in: a series in its manager's
//     calendar, a copy in its report's. A mark anywhere else is a stranger's text.
//   - What follows a series of ours that ends, with its people or split off from it, is a candidate of its pair, whichever
//     of the two was read first, and after ours is gone.
//   - What cannot be read is as it was known before, and never absent.
//   - A tombstone is an answer; an absence is one when a direct reading finds nothing in two observations. While the
//     calendar shows nothing at all neither an absence nor two deletions at once prove anything.
//   - What is gone stays gone until the event is back.
//
// A calendar at rest of which nothing was read is handed back as it is, and costs next to nothing.
func Build(ctx context.Context, s series.Snapshot, last series.Packed, in Interest, r Reading, src Source,
) (Built, error) {
	b := &builder{s: s, in: in, r: r, src: src}
	if b.owner(last.Owner()); b.unchanged(last) {
		return Built{Packed: last.With(s.At, s.FullAt, s.Cursor)}, nil
	}
	b.last, b.anew = last.Snapshot(), last.Interest() != s.Interest
	b.s.Objects, b.read, b.others = map[string]series.Object{}, map[string]bool{}, map[string]Item{}
	b.carry()
	b.take(r.Items)
	if err := b.missing(ctx); err != nil {
		return Built{}, err
	}
	reread := b.judge()
	b.finish()
	out := Built{Packed: series.Pack(b.s), Doubt: b.doubt, Reread: reread}
	if out.Same(last) { // one of two that are equal is enough
		out.Packed = last.With(s.At, s.FullAt, s.Cursor)
	}
	return out, nil
}

// builder is a snapshot in the making.
type builder struct {
	in   Interest // with all addresses of the owner
	r    Reading
	src  Source
	last series.Snapshot
	s    series.Snapshot

	anew   bool            // nothing that last says of others' objects may be carried over
	read   map[string]bool // by Item.ID
	others map[string]Item // by Item.ID, those of read that are none of ours
	ending []series.Event  // series.Snapshot.Ending of s
	doubt  bool
}

// owner adds to the owner's addresses those that the server has, those that it said before among them: events that are
// not read again say nothing anew. That of another of the roster is not believed: the settings name the wrong
// calendar then.
func (b *builder) owner(before []string) {
	roster := b.in.Owner
	another := func(a string) bool {
		return slices.ContainsFunc(b.in.Pairs, func(x InterestPair) bool {
			return slices.ContainsFunc([][]string{x.Manager, x.Report}, func(side []string) bool {
				return slices.Contains(side, a) && !slices.ContainsFunc(side, b.in.Owns)
			})
		})
	}
	for _, a := range slices.Concat(before, b.r.Owner) {
		if a != "" && !slices.Contains(roster, a) && !slices.Contains(b.s.Owner, a) && !another(a) {
			b.s.Owner = append(b.s.Owner, a)
		}
	}
	slices.Sort(b.s.Owner)
	b.in.Owner = slices.Concat(roster, b.s.Owner)
}

// canonical gives the owner the one address that the roster has first, wherever the server has another for them. The
// roster's own are left as they are: that an event has an old one is for the plan to know.
func (b *builder) canonical(e *series.Event) {
	if len(b.s.Owner) == 0 || len(b.in.Owner) == len(b.s.Owner) {
		return
	}
	main := b.in.Owner[0]
	one := func(a string) string {
		if slices.Contains(b.s.Owner, a) {
			return main
		}
		return a
	}
	guests := func(gs []series.Guest) []series.Guest {
		if !slices.ContainsFunc(gs, func(g series.Guest) bool { return slices.Contains(b.s.Owner, g.Address) }) {
			return gs
		}
		gs = slices.Clone(gs)
		for i := range gs {
			gs[i].Address = one(gs[i].Address)
		}
		slices.SortFunc(gs, func(x, y series.Guest) int { return cmp.Compare(x.Address, y.Address) })
		return gs
	}
	e.Organizer, e.Guests = one(e.Organizer), guests(e.Guests)
	e.Overrides = slices.Clone(e.Overrides)
	for i := range e.Overrides {
		e.Overrides[i].Guests = guests(e.Overrides[i].Guests)
	}
}

// unchanged reports whether the snapshot would say what the last one says: nothing was read, nothing is asked for, and
// nothing is forgotten.
func (b *builder) unchanged(last series.Packed) bool {
	return last.Rests(b.s.At) && last.Like(b.s) && slices.Equal(b.s.Owner, last.Owner()) &&
		!b.in.Confirmed && !b.r.Full && len(b.r.Items)+len(b.r.Removed) == 0
}

// carry takes over from the last snapshot what was not read anew and is still listed.
func (b *builder) carry() {
	readable := map[string]bool{} // read anew, and so to be replaced
	for _, x := range b.r.Items {
		readable[x.ID] = !x.Unreadable
	}
	kept := func(id string) bool {
		if b.r.Full && !b.r.Members[id] || b.r.Removed[id] {
			return false
		}
		return !readable[id]
	}
	for id, x := range b.last.Objects {
		if kept(id) {
			b.s.Objects[id] = x
		}
	}
	event := func(e series.Event) bool { return kept(series.Opaque(e.ID)) }
	ours := func(e series.Event) bool {
		_, ok := b.in.pair(e.Mark.Pair)
		return event(e) && ok
	}
	b.s.Series = keep(b.last.Series, ours)
	b.s.Copies = keep(b.last.Copies, ours)
	if b.anew {
		return // what was of no interest, or of another, is read again
	}
	b.s.Candidates = keep(b.last.Candidates, func(x series.Candidate) bool { return event(x.Event) })
	b.s.StandIns = keep(b.last.StandIns, func(x series.StandIn) bool { return kept(x.ID) })
	b.s.Busy = keep(b.last.Busy, func(x series.Busy) bool { return kept(objectOf(x)) })
}

// keep is what of xs ok accepts; nil if that is nothing.
func keep[T any](xs []T, ok func(T) bool) []T {
	var out []T
	for i, x := range xs {
		if ok(x) {
			if out == nil {
				out = make([]T, 0, len(xs)-i)
			}
			out = append(out, x)
		}
	}
	return out
}

// objectOf is the id of the object that x is a part of.
func objectOf(x series.Busy) string {
	id, _, _ := strings.Cut(x.ID, "#")
	return id
}

// take sorts items into ours and others.
func (b *builder) take(items []Item) {
	for _, x := range items {
		b.read[x.ID] = true
		switch {
		case x.Unreadable:
			was := b.s.Objects[x.ID]
			was.Version = x.Version
			b.s.Objects[x.ID] = was
		case !b.takeOurs(x):
			b.others[x.ID] = x
		}
	}
}

// judge says of the others what they are, which ours say in part. It reports whether ours say something else than
// before of an event that was not read.
func (b *builder) judge() (reread bool) {
	b.ending = b.s.Ending()
	for _, x := range b.others {
		b.takeOther(x)
	}
	if b.anew {
		return false
	}
	before := b.last.Ending()
	changed := slices.Concat(lacking(b.ending, before), lacking(before, b.ending))
	after := func(id string, start time.Time) bool {
		return !b.read[id] && slices.ContainsFunc(changed, func(e series.Event) bool { return start.After(e.Rule.Until) })
	}
	return slices.ContainsFunc(b.s.Candidates, func(x series.Candidate) bool {
		return after(series.Opaque(x.Event.ID), x.Event.Start)
	}) || slices.ContainsFunc(b.s.Busy, func(x series.Busy) bool {
		return x.Recurs() && after(objectOf(x), x.Start)
	})
}

// lacking are those of xs of which ys have none with the same people and the same end.
func lacking(xs, ys []series.Event) []series.Event {
	return keep(xs, func(x series.Event) bool {
		return !slices.ContainsFunc(ys, func(y series.Event) bool {
			return x.ID == y.ID && x.Rule.Until.Equal(y.Rule.Until) && x.People() == y.People()
		})
	})
}

// takeOurs adds x if it is a series or a copy of ours.
func (b *builder) takeOurs(x Item) bool {
	o := series.Object{Version: x.Version, ZoneDoubts: x.ZoneDoubts}
	b.s.Objects[x.ID] = o
	if x.Event == nil {
		return false
	}
	e := *x.Event
	b.canonical(&e)
	if !b.in.Identify(&e, x.Named) || !x.Recurring && !e.Derived {
		return false
	}
	pair, _ := b.in.pair(e.Mark.Pair)
	manages := slices.ContainsFunc(pair.Manager, b.in.Owns)
	reports := slices.ContainsFunc(pair.Report, b.in.Owns)
	switch organizes := b.in.Organizes(e); {
	// Under the identity that Create makes it is ours whatever became of its organizer: it is there, and not booked anew.
	case manages && (organizes || e.Derived):
		b.s.Series = append(b.s.Series, e)
	case reports && !organizes:
		b.s.Copies = append(b.s.Copies, e)
	default:
		return false
	}
	o.Pair = e.Mark.Pair
	b.s.Objects[x.ID] = o
	return true
}

// takeOther adds what may be told of an event that is not ours. Its texts stay here.
func (b *builder) takeOther(x Item) {
	switch {
	case x.Event != nil && x.Recurring:
		e := *x.Event
		b.canonical(&e)
		foreign := x.Foreign || !e.Mark.IsZero() && e.Mark.Org != b.in.Org
		if pair, ok := b.in.Two(x.People); ok && foreign && !e.Cancelled { // only that it is there, and when
			b.s.Candidates = append(b.s.Candidates, series.Candidate{
				Pair:    pair,
				Event:   series.Event{Ref: e.Ref, UID: e.UID, Start: e.Start, Zone: e.Zone, Duration: e.Duration, Rule: e.Rule},
				Foreign: true,
			})
		}
		if pair, ok := b.candidate(e, x); ok {
			e.Title, e.Raw, e.Mark, e.Derived = "", "", series.Mark{}, false
			b.s.Candidates = append(b.s.Candidates, series.Candidate{Pair: pair, Event: e})
			return
		}
	case x.Single != nil:
		in := series.StandIn{ID: x.ID, Start: x.Single.Start, Duration: x.Single.Duration}
		var ok bool
		if in.Pair, ok = b.in.Two(x.People); ok {
			b.s.StandIns = append(b.s.StandIns, in)
			return
		}
		stranger := func(a string) bool { return !b.in.Owns(a) }
		if in.Pair, ok = b.in.Titled(x.Title); ok && !slices.ContainsFunc(x.People, stranger) {
			in.LookAlike = true
			b.s.StandIns = append(b.s.StandIns, in)
		}
	}
	b.s.Busy = append(b.s.Busy, x.Busy...)
}

// candidate is the pair that has e as its own 1:1, or as what a client made of the rest of ours.
func (b *builder) candidate(e series.Event, x Item) (series.Pair, bool) {
	if x.Foreign || !x.Event.Mark.IsZero() || e.Cancelled || slices.Contains(x.People, series.Stranger) {
		return series.Pair{}, false
	}
	if pair, ok := b.in.Two(x.People); ok {
		return pair, true
	}
	for _, s := range b.ending {
		rest := x.RestOf == s.ID || e.People() == s.People()
		if e.Start.After(s.Rule.Until) && rest {
			return s.Mark.Pair, true
		}
	}
	return series.Pair{}, false
}

// finish drops what nobody asks about any more and puts all into the one order that full and incremental readings
// share.
func (b *builder) finish() {
	s := &b.s
	s.StandIns = keep(s.StandIns, b.keepsStandIn)
	s.Busy = keep(s.Busy, b.keepsBusy)
	s.Candidates = keep(s.Candidates, b.keepsCandidate)

	byID := func(x, y series.Event) int { return cmp.Compare(x.ID, y.ID) }
	slices.SortFunc(s.Series, byID)
	slices.SortFunc(s.Copies, byID)
	slices.SortFunc(s.Candidates, func(x, y series.Candidate) int { return byID(x.Event, y.Event) })
	slices.SortFunc(s.StandIns, func(x, y series.StandIn) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortStableFunc(s.Busy, func(x, y series.Busy) int {
		return cmp.Or(cmp.Compare(x.ID, y.ID), x.Start.Compare(y.Start))
	})
	slices.SortFunc(s.Gone, func(x, y series.Gone) int { return cmp.Compare(x.ID, y.ID) })
}

// recent reports whether what ended then is still of interest.
func (b *builder) recent(end time.Time) bool { return end.After(b.s.At.Add(-series.PastKept)) }

func (b *builder) keepsStandIn(x series.StandIn) bool { return b.recent(x.Start.Add(x.Duration)) }

func (b *builder) keepsBusy(x series.Busy) bool {
	return x.Recurs() || b.recent(x.Start.Add(x.Duration))
}

func (b *builder) keepsCandidate(x series.Candidate) bool { return !x.Event.Ended(b.s.At) }

// Identified is one event that was read directly, as a snapshot would have it; owner are the addresses that the
// server has for the calendar's owner.
func Identified(x Item, in Interest, owner []string) series.Event {
	b := &builder{in: in, r: Reading{Owner: owner}}
	b.owner(nil)
	e := *x.Event
	b.canonical(&e)
	b.in.Identify(&e, x.Named)
	return e
}
