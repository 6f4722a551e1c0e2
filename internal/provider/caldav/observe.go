package caldav

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/internal/ical"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const (
	// fullEvery is how often everything is listed though the cursor still works: some servers answer a token that they
	// do not know with all members and no removals, which looks like a change of nothing.
	fullEvery = 24 * time.Hour
	// pastKept is how long single events of other people are kept after they took place.
	pastKept = 14 * 24 * time.Hour
	// goneKept is how long a deletion is remembered where the roster has no such pair; one that it has is not forgotten,
	// else a series that a person deleted would be booked again.
	goneKept = 365 * 24 * time.Hour
)

// Observe is provider.Calendar's. An idle calendar costs one request.
func (c *Calendar) Observe(ctx context.Context, last series.Snapshot, in provider.Interest) (series.Snapshot, error) {
	s, err := c.observe(ctx, last, in)
	if err != nil {
		c.lost(err)
		return series.Snapshot{}, fail("observe", err)
	}
	return s, nil
}

// observation is a snapshot in the making.
type observation struct {
	c    *Calendar
	cal  *collection
	in   provider.Interest
	last series.Snapshot
	s    series.Snapshot

	anew     bool            // nothing that last says of an object may be carried over
	read     map[string]bool // ids of objects whose text this observation has seen
	unparsed int
}

func (c *Calendar) observe(ctx context.Context, last series.Snapshot, in provider.Interest) (series.Snapshot, error) {
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Snapshot{}, err
	}
	o := &observation{c: c, cal: cal, in: in, last: last, read: map[string]bool{}, s: series.Snapshot{
		At: c.o.Clock(), Interest: in.Hash(), FullAt: last.FullAt, Schedules: c.delivers(cal), Quiet: !c.delivers(cal),
		Objects: map[string]series.Object{},
	}}
	o.anew = last.Interest != o.s.Interest
	home, token, _ := strings.Cut(last.Cursor, " ")
	if o.anew || home != opaque(cal.path()) || o.s.At.Sub(last.FullAt) >= fullEvery {
		token = ""
	}
	l, err := c.c.list(ctx, cal, token)
	if err != nil {
		return series.Snapshot{}, err
	}
	o.s.Cursor = opaque(cal.path()) + " " + l.token
	if l.full {
		o.s.FullAt = o.s.At
	}
	objects, err := c.c.fetch(ctx, cal, o.wanted(l))
	if err != nil {
		return series.Snapshot{}, err
	}
	o.carry(l)
	o.take(objects)
	if err := o.missing(ctx, l); err != nil {
		return series.Snapshot{}, err
	}
	if err := o.stillGone(ctx, l); err != nil {
		return series.Snapshot{}, err
	}
	o.finish()
	c.o.Log.Debug().Bool("full", l.full).Int("objects", len(o.s.Objects)).Int("read", len(o.read)).Int("unparsed", o.unparsed).
		Int("series", len(o.s.Series)).Int("copies", len(o.s.Copies)).Int("gone", len(o.s.Gone)).Msg("observed")
	return o.s, nil
}

// wanted are the members whose text must be read. A change list is believed as it is, since some servers give one ETag
// to two contents; in a full listing the ETag tells what is known already. Occurrences of rules that are not
// plain were worked out around the day they were read, and are so again.
func (o *observation) wanted(l *listing) []string {
	fading := map[string]bool{}
	for _, e := range slices.Concat(o.last.Series, o.last.Copies) {
		fading[opaque(e.ID)] = !e.Rule.Plain
	}
	for _, x := range o.last.Candidates {
		fading[opaque(x.Event.ID)] = !x.Event.Rule.Plain
	}
	var out []string
	for path, version := range l.members {
		known, ok := o.last.Objects[opaque(path)]
		if !l.full || o.anew || !ok || known.Version != version || version == "" || fading[opaque(path)] {
			out = append(out, path)
		}
	}
	return out
}

// carry takes over from the last snapshot what did not change.
func (o *observation) carry(l *listing) {
	kept := map[string]bool{}
	if l.full {
		for path := range l.members {
			kept[opaque(path)] = true
		}
	} else {
		for id := range o.last.Objects {
			kept[id] = true
		}
		for _, path := range l.removed {
			delete(kept, opaque(path))
		}
	}
	for id, x := range o.last.Objects {
		if kept[id] {
			o.s.Objects[id] = x
		}
	}
	ours := func(e series.Event) bool { return kept[opaque(e.ID)] }
	o.s.Series = keep(o.last.Series, ours)
	o.s.Copies = keep(o.last.Copies, ours)
	if o.anew {
		return // what was of no interest, or of another, is read again
	}
	o.s.Candidates = keep(o.last.Candidates, func(x series.Candidate) bool { return ours(x.Event) })
	o.s.StandIns = keep(o.last.StandIns, func(x series.StandIn) bool { return kept[x.ID] })
	o.s.Busy = keep(o.last.Busy, func(b series.Busy) bool { return kept[objectOf(b)] })
}

// keep is what of xs ok accepts; nil if that is nothing.
func keep[T any](xs []T, ok func(T) bool) []T {
	var out []T
	for _, x := range xs {
		if ok(x) {
			out = append(out, x)
		}
	}
	return out
}

// forget takes out what the snapshot says of the objects.
func (o *observation) forget(ids map[string]bool) {
	other := func(e series.Event) bool { return !ids[opaque(e.ID)] }
	o.s.Series = keep(o.s.Series, other)
	o.s.Copies = keep(o.s.Copies, other)
	o.s.Candidates = keep(o.s.Candidates, func(x series.Candidate) bool { return other(x.Event) })
	o.s.StandIns = keep(o.s.StandIns, func(x series.StandIn) bool { return !ids[x.ID] })
	o.s.Busy = keep(o.s.Busy, func(b series.Busy) bool { return !ids[objectOf(b)] })
}

// parsed is an object that could be read as iCalendar.
type parsed struct {
	object
	ical *ical.Object
}

// take sorts objects into the snapshot: ours first, since what others are is told by them.
func (o *observation) take(objects []object) {
	var all, others []parsed
	known := map[string]bool{}
	for _, x := range objects {
		id := opaque(x.path)
		o.read[id] = true
		was := o.s.Objects[id].Pair
		p, err := ical.Parse([]byte(x.text), o.c.o.Owner.Zone)
		switch {
		case err == nil:
			all = append(all, parsed{x, p})
			o.s.Objects[id] = series.Object{Version: x.etag}
		default:
			// What cannot be read takes no time. A series of ours keeps its last readable state: that a client spoilt
			// the text does not mean that somebody ended it.
			o.unparsed++
			o.s.Objects[id] = series.Object{Version: x.etag, Pair: was}
		}
		known[id] = err == nil || was == series.Pair{}
	}
	o.forget(known)
	for _, x := range all {
		if !o.takeOurs(x) {
			others = append(others, x)
		}
	}
	for _, x := range others {
		o.takeOther(x)
	}
}

// takeOurs adds x if it is a series or a copy of ours.
func (o *observation) takeOurs(x parsed) bool {
	e, err := x.ical.Event(o.in.Org, o.s.At)
	if err != nil || !identify(o.in, &e) || !x.ical.Recurring() && !e.Derived {
		return false
	}
	e.Ref = series.Ref{ID: x.path, Version: x.etag}
	if organizes(o.in, e) {
		o.s.Series = append(o.s.Series, e)
	} else {
		o.s.Copies = append(o.s.Copies, e)
	}
	o.s.Objects[opaque(x.path)] = series.Object{Version: x.etag, Pair: e.Mark.Pair}
	return true
}

// takeOther adds what may be told of an event that is not ours. Its texts stay here.
func (o *observation) takeOther(x parsed) {
	id := opaque(x.path)
	if x.ical.Recurring() {
		if e, err := x.ical.Event(o.in.Org, o.s.At); err == nil && !marked(x.text) && !e.Cancelled {
			if pair, ok := o.candidate(e, x.ical.People()); ok {
				e.Ref, e.Title, e.Raw = series.Ref{ID: x.path, Version: x.etag}, "", ""
				o.s.Candidates = append(o.s.Candidates, series.Candidate{Pair: pair, Event: e})
				return
			}
		}
	} else if start, duration, ok := x.ical.Single(); ok {
		pair, ok := two(o.in, x.ical.People())
		if ok {
			o.s.StandIns = append(o.s.StandIns, series.StandIn{ID: id, Pair: pair, Start: start, Duration: duration})
			return
		}
		if pair, ok = titled(o.in, x.ical.Title()); ok && !slices.ContainsFunc(x.ical.People(), o.stranger) {
			o.s.StandIns = append(o.s.StandIns, series.StandIn{ID: id, Pair: pair, Start: start, Duration: duration, LookAlike: true})
		}
	}
	o.s.Busy = append(o.s.Busy, x.ical.Busy(id, o.in.Owner)...)
}

// objectOf is the id of the object that b is a part of.
func objectOf(b series.Busy) string {
	id, _, _ := strings.Cut(b.ID, "#")
	return id
}

// marked reports whether an event bears the mark of any org.
func marked(text string) bool { return strings.Contains(text, "\nX-HOLDFAST-ORG") }

func (o *observation) stranger(address string) bool { return !slices.Contains(o.in.Owner, address) }

// candidate is the pair that has e as its own 1:1, or as what a client made of the rest of ours.
func (o *observation) candidate(e series.Event, people []string) (series.Pair, bool) {
	if pair, ok := two(o.in, people); ok {
		return pair, true
	}
	for _, s := range o.s.Series {
		if !s.Rule.Until.IsZero() && e.Start.After(s.Rule.Until) && e.People() == s.People() {
			return s.Mark.Pair, true
		}
	}
	return series.Pair{}, false
}

// missing looks at what was ours and is not there any more. A tombstone is an answer; an absence is only a question,
// which a GET answers. What another answer than 404 or 410 leaves open stays as it was.
func (o *observation) missing(ctx context.Context, l *listing) error {
	look := func(e series.Event, copied bool) error {
		if _, there := o.s.Objects[opaque(e.ID)]; there {
			return nil
		}
		if _, err := ical.Parse([]byte(e.Raw), "UTC"); copied && err != nil {
			return nil // the person had another calendar then: nobody threw the copy away
		}
		g := series.Gone{ID: e.ID, Pair: e.Mark.Pair, Generation: e.Mark.Generation, Since: o.s.At, Rounds: 1, Copy: copied, Last: e}
		if slices.Contains(l.removed, e.ID) {
			g.Proven = true
			o.s.Gone = append(o.s.Gone, g)
			return nil
		}
		is, err := o.ask(ctx, e.ID)
		switch {
		case err != nil:
			return err
		case is == absent:
			o.s.Gone = append(o.s.Gone, g)
		case is == unclear && copied:
			o.s.Copies = append(o.s.Copies, e)
			o.s.Objects[opaque(e.ID)] = o.last.Objects[opaque(e.ID)]
		case is == unclear:
			o.s.Series = append(o.s.Series, e)
			o.s.Objects[opaque(e.ID)] = o.last.Objects[opaque(e.ID)]
		}
		return nil
	}
	for _, e := range o.last.Series {
		if err := look(e, false); err != nil {
			return err
		}
	}
	for _, e := range o.last.Copies {
		if err := look(e, true); err != nil {
			return err
		}
	}
	return nil
}

// stillGone carries on what was missing before, until the event is back.
func (o *observation) stillGone(ctx context.Context, l *listing) error {
	for _, g := range o.last.Gone {
		wanted := slices.ContainsFunc(o.in.Pairs, func(p provider.InterestPair) bool {
			return p.Pair == g.Pair || slices.Contains(p.Formerly, g.Pair)
		})
		if o.s.At.Sub(g.Since) > goneKept && (g.Copy || !wanted) {
			continue
		}
		if !g.Proven {
			is, err := absent, error(nil)
			if !slices.Contains(l.removed, g.ID) {
				is, err = o.ask(ctx, g.ID)
			}
			if err != nil {
				return err
			}
			if is == absent {
				g.Rounds++
				g.Proven = true
			}
		}
		o.s.Gone = append(o.s.Gone, g)
	}
	// An event that is there, at its place or at another, is not gone.
	back := map[string]bool{}
	for _, e := range slices.Concat(o.s.Series, o.s.Copies) {
		back[e.UID] = true
	}
	o.s.Gone = keep(o.s.Gone, func(g series.Gone) bool { return !back[g.Last.UID] })
	return nil
}

// presence is what a direct look tells of an object.
type presence int

const (
	present presence = iota // and it is in the snapshot now
	absent
	unclear
)

// ask looks directly at an object that the listing does not show.
func (o *observation) ask(ctx context.Context, path string) (presence, error) {
	if o.read[opaque(path)] {
		return present, nil
	}
	x, err := o.c.c.get(ctx, o.cal.at(path))
	switch {
	case err == nil:
		x.path = path
		o.take([]object{*x})
		return present, nil
	case gone(err):
		return absent, nil
	case statusOf(err) == 401, !answered(err):
		return unclear, err
	}
	return unclear, nil
}

// finish drops what nobody asks about any more and puts all into the one order that full and incremental looks share.
func (o *observation) finish() {
	recent := func(end time.Time) bool { return end.After(o.s.At.Add(-pastKept)) }
	o.s.StandIns = keep(o.s.StandIns, func(x series.StandIn) bool { return recent(x.Start.Add(x.Duration)) })
	o.s.Busy = keep(o.s.Busy, func(b series.Busy) bool {
		return b.RRule != "" || len(b.RDates) > 0 || recent(b.Start.Add(b.Duration))
	})
	o.s.Candidates = keep(o.s.Candidates, func(x series.Candidate) bool { return !x.Event.Ended(o.s.At) })

	byID := func(a, b series.Event) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(o.s.Series, byID)
	slices.SortFunc(o.s.Copies, byID)
	slices.SortFunc(o.s.Candidates, func(a, b series.Candidate) int { return byID(a.Event, b.Event) })
	slices.SortFunc(o.s.StandIns, func(a, b series.StandIn) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(o.s.Busy, func(a, b series.Busy) int { return cmp.Or(cmp.Compare(a.ID, b.ID), a.Start.Compare(b.Start)) })
	slices.SortFunc(o.s.Gone, func(a, b series.Gone) int { return cmp.Compare(a.ID, b.ID) })
}
