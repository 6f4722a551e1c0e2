package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Observe is provider.Calendar's.
func (c *Calendar) Observe(ctx context.Context, last series.Snapshot, in provider.Interest) (series.Snapshot, error) {
	const op = "observe"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Snapshot{}, err
	}
	if fault == LostAnswer {
		return series.Snapshot{}, fail(provider.Transient, op, errLost)
	}
	o := &observation{in: in, last: last, there: c.objects, s: series.Snapshot{
		At: c.world.opts.Clock(), Cursor: c.cursor(), Interest: in.Hash(), FullAt: last.FullAt,
		Schedules: c.world.opts.Schedules, Quiet: c.world.opts.Quiet, Objects: map[string]series.Object{},
	}}
	if fault == Vanished {
		o.there = nil
	}
	since, err := strconv.Atoi(strings.TrimPrefix(last.Cursor, c.cursorPrefix()))
	full := err != nil || since > c.world.version || last.Interest != o.s.Interest ||
		fault == CursorLost || fault == EmptyListing || fault == Vanished
	if full {
		o.s.FullAt = o.s.At
		listed := o.there
		if fault == EmptyListing {
			listed = nil
		}
		o.list(listed)
	} else {
		o.follow(c.tombstones, since)
	}
	o.lookAgain()
	o.sort()
	return o.s, nil
}

// cursor is good for this calendar only.
func (c *Calendar) cursor() string { return c.cursorPrefix() + strconv.Itoa(c.world.version) }

func (c *Calendar) cursorPrefix() string { return "memory:" + c.owner.ID + ":" }

// observation is a snapshot in the making.
type observation struct {
	in    provider.Interest
	last  series.Snapshot
	there map[string]*object // what a direct look finds
	s     series.Snapshot
}

// list fills the snapshot from a full listing. What was ours and is not listed is looked at directly. A listing that
// lacked it all the same, or that shows nothing at all, is asked for again the next time.
func (o *observation) list(listed map[string]*object) {
	if len(listed) == 0 {
		o.s.Cursor = ""
	}
	for _, id := range slices.Sorted(maps.Keys(listed)) {
		o.add(id, listed[id])
	}
	for id, was := range o.last.Objects {
		if listed[id] != nil || was.Pair == (series.Pair{}) {
			continue
		}
		if x := o.there[id]; x != nil {
			o.s.Cursor = ""
			o.add(id, x)
		} else {
			o.gone(id, false)
		}
	}
}

// follow fills the snapshot from the last one and from what changed since.
func (o *observation) follow(tombstones map[string]int, since int) {
	touched := map[string]bool{}
	for id, x := range o.there {
		touched[id] = x.seq > since
	}
	for id, at := range tombstones {
		touched[id] = at > since
	}
	for id, x := range o.last.Objects {
		if !touched[id] {
			o.s.Objects[id] = x
		}
	}
	o.s.Series = keep(o.last.Series, func(e series.Event) bool { return !touched[e.ID] }, clone)
	o.s.Copies = keep(o.last.Copies, func(e series.Event) bool { return !touched[e.ID] }, clone)
	o.s.Candidates = keep(o.last.Candidates, func(x series.Candidate) bool { return !touched[x.Event.ID] },
		func(x series.Candidate) series.Candidate {
			return series.Candidate{Pair: x.Pair, Event: clone(x.Event)}
		})
	o.s.StandIns = keep(o.last.StandIns, func(x series.StandIn) bool { return !touched[x.ID] }, nil)
	o.s.Busy = keep(o.last.Busy, func(b series.Busy) bool { return !touched[b.ID] }, cloneBusy)
	for _, id := range slices.Sorted(maps.Keys(touched)) {
		switch x := o.there[id]; {
		case !touched[id]:
		case x != nil:
			o.add(id, x)
		case o.last.Objects[id].Pair != series.Pair{}:
			o.gone(id, true)
		}
	}
}

// keep is what of xs ok accepts, each copied.
func keep[T any](xs []T, ok func(T) bool, copied func(T) T) []T {
	var out []T
	for _, x := range xs {
		if ok(x) {
			if copied != nil {
				x = copied(x)
			}
			out = append(out, x)
		}
	}
	return out
}

func cloneBusy(b series.Busy) series.Busy {
	b.RDates, b.ExDates = slices.Clone(b.RDates), slices.Clone(b.ExDates)
	return b
}

// gone notes that a series or copy of ours is no longer there.
func (o *observation) gone(id string, tombstone bool) {
	g := series.Gone{ID: id, Pair: o.last.Objects[id].Pair, Since: o.s.At, Rounds: 1, Proven: tombstone}
	is := func(e series.Event) bool { return e.ID == id }
	if i := slices.IndexFunc(o.last.Series, is); i >= 0 {
		g.Last = clone(o.last.Series[i])
	} else if i := slices.IndexFunc(o.last.Copies, is); i >= 0 {
		g.Last, g.Copy = clone(o.last.Copies[i]), true
	}
	g.Generation = g.Last.Mark.Generation
	o.s.Gone = append(o.s.Gone, g)
}

// lookAgain carries on what was missing before: found it is no longer gone, missed twice it is proven. A calendar with
// nothing in it at all proves nothing.
func (o *observation) lookAgain() {
	for _, g := range o.last.Gone {
		if x := o.there[g.ID]; x != nil {
			if _, listed := o.s.Objects[g.ID]; !listed {
				o.add(g.ID, x)
			}
			continue
		}
		g.Last = clone(g.Last)
		if !g.Proven {
			g.Rounds++
			g.Proven = len(o.there) > 0
		}
		o.s.Gone = append(o.s.Gone, g)
	}
}

// add sorts one object into the snapshot.
func (o *observation) add(id string, x *object) {
	e := x.served()
	o.identify(&e)
	obj := series.Object{Version: e.Version}
	people := people(e)
	switch p, ours := o.pair(people); {
	case x.busy != nil:
		b := cloneBusy(*x.busy)
		b.ID = id
		o.s.Busy = append(o.s.Busy, b)
	case !x.single && e.Mark.Org == o.in.Org:
		obj.Pair = e.Mark.Pair
		if o.organizes(e) {
			o.s.Series = append(o.s.Series, e)
		} else {
			o.s.Copies = append(o.s.Copies, e)
		}
	case !x.single && e.Mark.IsZero() && ours && !e.Cancelled:
		e.Title, e.Raw = "", ""
		o.s.Candidates = append(o.s.Candidates, series.Candidate{Pair: p, Event: e})
	case x.single && ours:
		o.s.StandIns = append(o.s.StandIns, series.StandIn{ID: id, Pair: p, Start: e.Start, Duration: e.Duration})
	default:
		if p := o.titled(e.Title); x.single && p != (series.Pair{}) && !slices.ContainsFunc(people, o.stranger) {
			o.s.StandIns = append(o.s.StandIns, series.StandIn{ID: id, Pair: p, Start: e.Start, Duration: e.Duration, LookAlike: true})
		}
		o.busy(id, e, x.single)
	}
	o.s.Objects[id] = obj
}

// people are all addresses on the event.
func people(e series.Event) []string {
	var out []string
	if e.Organizer != "" {
		out = append(out, e.Organizer)
	}
	for _, g := range e.Guests {
		out = append(out, g.Address)
	}
	return out
}

func (o *observation) own(address string) bool { return slices.Contains(o.in.Owner, address) }

func (o *observation) stranger(address string) bool { return !o.own(address) }

// identify tells whether the UID is the one that Create makes, and restores what it tells of a mark that is lost.
func (o *observation) identify(e *series.Event) {
	rest, _ := strings.CutPrefix(e.UID, "holdfast-")
	_, rest, _ = strings.Cut(rest, "-")
	number, _, _ := strings.Cut(rest, "@")
	generation, _ := strconv.Atoi(number)
	for _, p := range o.in.Pairs {
		for _, id := range append([]series.Pair{p.Pair}, p.Formerly...) {
			if e.UID != identity(o.in.Org, id, generation) {
				continue
			}
			if e.Mark.IsZero() {
				e.Mark = series.Mark{Org: o.in.Org, Pair: p.Pair, Generation: generation}
			}
			e.Derived = e.Mark.Generation == generation && (e.Mark.Pair == p.Pair || slices.Contains(p.Formerly, e.Mark.Pair))
			return
		}
	}
	e.Derived = !e.Mark.IsZero() && e.UID == identity(e.Mark.Org, e.Mark.Pair, e.Mark.Generation)
}

// organizes reports whether the calendar's owner holds the event as its organizer. One without an organizer is the
// manager's own.
func (o *observation) organizes(e series.Event) bool {
	if e.Organizer != "" {
		return !o.stranger(e.Organizer)
	}
	return !slices.ContainsFunc(o.in.Pairs, func(p provider.InterestPair) bool {
		return (p.Pair == e.Mark.Pair || slices.Contains(p.Formerly, e.Mark.Pair)) && slices.ContainsFunc(p.Report, o.own)
	})
}

// pair is the pair whose two these people are, and nobody else. The owner is there without being named.
func (o *observation) pair(people []string) (series.Pair, bool) {
	for _, p := range o.in.Pairs {
		manager, report := slices.ContainsFunc(p.Manager, o.own), slices.ContainsFunc(p.Report, o.own)
		others := len(people) == 0
		for _, a := range people {
			m, r := slices.Contains(p.Manager, a), slices.Contains(p.Report, a)
			manager, report, others = manager || m, report || r, others || !m && !r
		}
		if manager && report && !others {
			return p.Pair, true
		}
	}
	return series.Pair{}, false
}

// titled is the pair whose series bears the title; zero if none does.
func (o *observation) titled(title string) series.Pair {
	for _, p := range o.in.Pairs {
		if p.Title != "" && series.Digest(p.Title) == series.Digest(title) {
			return p.Pair
		}
	}
	return series.Pair{}
}

// busy tells the time that an event takes, and nothing else of it.
func (o *observation) busy(id string, e series.Event, single bool) {
	if e.Cancelled {
		return
	}
	b := series.Busy{ID: id, Start: e.Start, Duration: e.Duration, Zone: e.Zone, Kind: series.Hard}
	if !single {
		b.RRule = fmt.Sprintf("FREQ=WEEKLY;INTERVAL=%d", e.Rule.Every)
		if !e.Rule.Until.IsZero() {
			b.RRule += ";UNTIL=" + e.Rule.Until.UTC().Format("20060102T150405Z")
		}
		b.ExDates = slices.Clone(e.Excluded)
	}
	for _, v := range e.Overrides {
		b.ExDates = append(b.ExDates, v.Original)
		if !v.Cancelled && !v.Free {
			o.s.Busy = append(o.s.Busy, series.Busy{ID: id, Start: v.Start, Duration: v.Duration, Zone: e.Zone, Kind: series.Hard})
		}
	}
	if !e.Free {
		slices.SortFunc(b.ExDates, time.Time.Compare)
		o.s.Busy = append(o.s.Busy, b)
	}
}

// sort puts the snapshot into the one order that an incremental and a full look share, without what is over.
func (o *observation) sort() {
	o.s.Candidates = slices.DeleteFunc(o.s.Candidates, func(x series.Candidate) bool { return x.Event.Ended(o.s.At) })
	byID := func(a, b series.Event) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(o.s.Series, byID)
	slices.SortFunc(o.s.Copies, byID)
	slices.SortFunc(o.s.Candidates, func(a, b series.Candidate) int { return byID(a.Event, b.Event) })
	slices.SortFunc(o.s.StandIns, func(a, b series.StandIn) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(o.s.Busy, func(a, b series.Busy) int { return cmp.Or(cmp.Compare(a.ID, b.ID), a.Start.Compare(b.Start)) })
	slices.SortFunc(o.s.Gone, func(a, b series.Gone) int { return cmp.Compare(a.ID, b.ID) })
}
