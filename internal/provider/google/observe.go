package google

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const (
	// fullEvery is how often everything is listed though the cursor still works, give or take fullSpread so that the
	// calendars of an org do not all do so at once.
	fullEvery, fullSpread = 24 * time.Hour, 6 * time.Hour
	// pastKept is how long single events of other people are kept after they took place.
	pastKept = 14 * 24 * time.Hour
	// goneKept is how long a deletion is remembered.
	goneKept = 365 * 24 * time.Hour
)

// observation is a snapshot in the making.
type observation struct {
	c    *Calendar
	r    reader
	in   provider.Interest
	last series.Snapshot
	s    series.Snapshot

	ours       map[string]group // what last knows of series and copies, by id
	full       bool
	batch      map[string]group             // what the listing has, by id of series or single event
	dropped    map[string][]*calendar.Event // exceptions that the listing only says are no more, by id of the series
	tombstones map[string]bool
}

// Observe is provider.Calendar's. An idle calendar costs one request.
func (c *Calendar) Observe(ctx context.Context, last series.Snapshot, in provider.Interest) (series.Snapshot, error) {
	o := &observation{c: c, in: in, last: last, ours: map[string]group{}, batch: map[string]group{},
		dropped: map[string][]*calendar.Event{}, tombstones: map[string]bool{}}
	o.s = series.Snapshot{At: c.now(), Interest: in.Hash(), FullAt: last.FullAt, Schedules: true, Network: "google " + c.p.o.Endpoint, Quiet: true, Objects: map[string]series.Object{}}
	if err := o.observe(ctx); err != nil {
		return series.Snapshot{}, c.fail("observe", err)
	}
	c.p.o.Log.Debug().Bool("full", o.full).Int("objects", len(o.s.Objects)).Int("read", len(o.batch)).
		Int("series", len(o.s.Series)).Int("copies", len(o.s.Copies)).Int("gone", len(o.s.Gone)).Msg("observed")
	return o.s, nil
}

func (o *observation) observe(ctx context.Context) error {
	home, token, _ := strings.Cut(o.last.Cursor, " ")
	doubt := o.c.doubt.Swap(false)
	if doubt || home != o.home() || o.last.Interest != o.s.Interest || o.s.At.Sub(o.last.FullAt) >= o.fullAfter() {
		token = ""
	}
	l, err := o.c.list(ctx, token)
	if token != "" && lostToken(err) {
		o.c.p.o.Log.Debug().Int("status", codeOf(err)).Msg("google: the sync token is lost, listing all")
		l, err = o.c.list(ctx, "")
	}
	if err != nil {
		return err
	}
	o.full = l.full
	o.s.Cursor = o.home() + " " + l.token
	if o.full {
		o.s.FullAt = o.s.At
		if len(l.items) == 0 || l.token == "" {
			o.s.Cursor = "" // nothing at all: ask again before it is believed
		}
	}
	o.r = o.c.reader(o.in.Org, l.zone)
	o.r.owner = append(o.r.owner, o.in.Owner...)
	o.recall()
	o.sortOut(l.items)
	o.carry()
	if err := o.take(ctx); err != nil {
		return err
	}
	if err := o.missing(ctx); err != nil {
		return err
	}
	if err := o.stillGone(ctx); err != nil {
		return err
	}
	o.finish()
	return nil
}

// home names the calendar that a cursor is good for.
func (o *observation) home() string { return opaque(o.c.id + "\x00" + o.c.user) }

// fullAfter is when the next full listing is due after the last: the same for the same moment and calendar, and another
// for each.
func (o *observation) fullAfter() time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(o.c.user + o.last.FullAt.UTC().String()))
	return fullEvery - fullSpread + time.Duration(h.Sum64()%uint64(2*fullSpread))
}

// lostToken reports whether Google does not take the token: it expired or rights changed (410), or it is none of Google's (400).
func lostToken(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusGone}, codeOf(err))
}

// recall reads what the last snapshot knows of our events.
func (o *observation) recall() {
	for _, e := range slices.Concat(o.last.Series, o.last.Copies) {
		if g, err := parseRaw(e.Raw); err == nil {
			g.master.Etag = e.Version
			o.ours[e.ID] = g
		}
	}
}

// sortOut puts the items of the listing together with what they are parts of. An item that came twice counts as it came
// last.
func (o *observation) sortOut(items []*calendar.Event) {
	of := func(id string) group {
		g, ok := o.batch[id]
		if !ok {
			g = group{exceptions: map[string]*calendar.Event{}}
		}
		return g
	}
	for _, x := range items {
		switch base := o.base(x); {
		case x.RecurringEventId != "":
			of(x.RecurringEventId).put(o.batch, x.RecurringEventId, x)
		case base != "":
			o.dropped[base] = append(o.dropped[base], x)
			of(base).put(o.batch, base, nil)
		case x.Status == cancelled:
			o.tombstones[x.Id] = true
			delete(o.batch, x.Id)
		default:
			delete(o.tombstones, x.Id)
			g := of(x.Id)
			g.master = x
			o.batch[x.Id] = g
		}
	}
	for id := range o.tombstones {
		delete(o.batch, id)
	}
}

// put adds an exception to the group and the group to the batch.
func (g group) put(batch map[string]group, id string, x *calendar.Event) {
	if x != nil {
		g.exceptions[x.Id] = x
	}
	batch[id] = g
}

// base is the series that a cancelled item without recurringEventId was an exception of; "" for any other item. A
// cancelled exception may come with nothing but its id.
func (o *observation) base(x *calendar.Event) string {
	if x.Status != cancelled || x.RecurringEventId != "" {
		return ""
	}
	for id, g := range o.ours {
		if g.exceptions[x.Id] != nil {
			return id
		}
	}
	if _, known := o.last.Objects[opaque(x.Id)]; known {
		return ""
	}
	base, _, ok := partOf(x.Id, o.r.zone)
	if _, known := o.last.Objects[opaque(base)]; ok && known {
		return base
	}
	return ""
}

// carry takes over from the last snapshot what did not change.
func (o *observation) carry() {
	if o.full {
		return
	}
	maps.Copy(o.s.Objects, o.last.Objects)
	o.s.Series, o.s.Copies = slices.Clone(o.last.Series), slices.Clone(o.last.Copies)
	o.s.Candidates, o.s.StandIns, o.s.Busy = slices.Clone(o.last.Candidates), slices.Clone(o.last.StandIns), slices.Clone(o.last.Busy)
	for id := range o.tombstones {
		o.forget(opaque(id))
	}
	// Occurrences of rules that are not plain were worked out around the day they were read.
	for _, es := range [][]series.Event{o.s.Series, o.s.Copies} {
		for i, e := range es {
			if g, ok := o.ours[e.ID]; ok && !e.Rule.Plain {
				if now, err := o.r.event(g); err == nil {
					es[i].Rule = now.Rule
				}
			}
		}
	}
}

// forget takes out what the snapshot says of an object.
func (o *observation) forget(id string) {
	if _, known := o.s.Objects[id]; !known {
		return
	}
	is := func(e series.Event) bool { return opaque(e.ID) == id }
	o.s.Series = slices.DeleteFunc(o.s.Series, is)
	o.s.Copies = slices.DeleteFunc(o.s.Copies, is)
	o.s.Candidates = slices.DeleteFunc(o.s.Candidates, func(x series.Candidate) bool { return is(x.Event) })
	o.s.StandIns = slices.DeleteFunc(o.s.StandIns, func(x series.StandIn) bool { return x.ID == id })
	o.s.Busy = slices.DeleteFunc(o.s.Busy, func(b series.Busy) bool { return objectOf(b) == id })
	delete(o.s.Objects, id)
}

// objectOf is the id of the object that b is a part of.
func objectOf(b series.Busy) string {
	id, _, _ := strings.Cut(b.ID, "#")
	return id
}

// take sorts what changed into the snapshot: ours first, since what others are is told by them.
func (o *observation) take(ctx context.Context) error {
	var others []group
	for _, id := range slices.Sorted(maps.Keys(o.batch)) {
		gs, err := o.changed(ctx, id)
		if err != nil {
			return err
		}
		for _, g := range gs {
			if !o.takeOurs(g) {
				others = append(others, g)
			}
		}
	}
	for _, g := range others {
		o.takeOther(g)
	}
	return nil
}

// changed is the group of that id as it is now. Google sends the whole of a series with every change of it; of ours that is
// not relied on, and where only a part came of others they are read again. Occurrences whose series this calendar does
// not have are events of their own: their owner is invited to no more than those.
func (o *observation) changed(ctx context.Context, id string) ([]group, error) {
	g := o.batch[id]
	known, ours := o.ours[id]
	_, seen := o.last.Objects[opaque(id)]
	switch {
	case o.full && g.master != nil:
		return []group{g}, nil
	case o.full && ours:
		return nil, nil // the listing lacks its series: missing looks for it
	case ours:
		now := group{master: cmp.Or(g.master, known.master), exceptions: maps.Clone(known.exceptions)}
		maps.Copy(now.exceptions, g.exceptions)
		if g.master == nil {
			m, err := o.c.get(ctx, id) // for its version
			if err != nil && !gone(err) {
				return nil, err
			}
			if err != nil || m.Status == cancelled {
				o.tombstones[id] = true
				o.forget(opaque(id))
				return nil, nil
			}
			now.master = m
		}
		return []group{now}, o.drop(ctx, now)
	case g.master != nil:
		return []group{g}, nil
	case seen && !o.full:
		now, err := o.c.read(ctx, id)
		if gone(err) || err == nil && now.master.Status == cancelled {
			o.forget(opaque(id))
			return nil, nil
		}
		return []group{now}, err
	}
	var alone []group
	for _, x := range g.exceptions {
		if x.Status == cancelled {
			o.forget(opaque(x.Id))
		} else {
			alone = append(alone, group{master: x})
		}
	}
	return alone, nil
}

// drop takes out of a series of ours the exceptions that the listing only says are no more. Most go with a change of the
// recurrence. Of one whose occurrence is still there, Google is asked whether that is cancelled or the series' own again.
func (o *observation) drop(ctx context.Context, g group) error {
	e, err := o.r.event(group{master: g.master})
	for _, x := range o.dropped[g.master.Id] {
		was := cmp.Or(g.exceptions[x.Id], x)
		delete(g.exceptions, x.Id)
		original, ok := o.r.original(was)
		if err != nil || !ok || !hits(e, original.Time) {
			continue
		}
		now, err := o.c.get(ctx, x.Id)
		if err != nil && !gone(err) {
			return err
		}
		if err == nil && now.Status == cancelled && now.RecurringEventId == g.master.Id {
			g.exceptions[x.Id] = now
		}
	}
	return nil
}

// takeOurs adds g if it is a series or a copy of ours.
func (o *observation) takeOurs(g group) bool {
	id := opaque(g.master.Id)
	o.forget(id)
	o.s.Objects[id] = series.Object{Version: g.master.Etag}
	e, err := o.r.event(g)
	if err != nil || !identify(o.in, &e) || !g.recurring() && !e.Derived {
		return false
	}
	if o.in.Organizes(e) {
		o.s.Series = append(o.s.Series, e)
	} else {
		o.s.Copies = append(o.s.Copies, e)
	}
	o.s.Objects[id] = series.Object{Version: e.Version, Pair: e.Mark.Pair}
	return true
}

// takeOther adds what may be told of an event that is not ours. Its texts stay here.
func (o *observation) takeOther(g group) {
	m := g.master
	id := opaque(m.Id)
	people := o.r.people(m)
	switch start, ok := momentOf(m.Start, o.r.zone); {
	case !ok || !isOrdinary(m):
	case g.recurring():
		e, err := o.r.event(g)
		if pair, ok := o.candidate(e, people, m); err == nil && ok && markOf(m).IsZero() {
			e.Title, e.Raw = "", ""
			o.s.Candidates = append(o.s.Candidates, series.Candidate{Pair: pair, Event: e})
			return
		}
	default:
		x := series.StandIn{ID: id, Start: start.Time, Duration: length(start, m.End)}
		var ok bool
		if x.Pair, ok = o.in.Two(people); ok {
			o.s.StandIns = append(o.s.StandIns, x)
			return
		}
		if x.Pair, ok = o.in.Titled(m.Summary); ok && !slices.ContainsFunc(people, func(a string) bool { return !o.in.Owns(a) }) {
			x.LookAlike = true
			o.s.StandIns = append(o.s.StandIns, x)
		}
	}
	o.s.Busy = append(o.s.Busy, o.r.busy(g)...)
}

// candidate is the pair that has e as its own 1:1, or as the rest of ours that "this and following" made: that one has the
// people or the id of what it was split from.
func (o *observation) candidate(e series.Event, people []string, m *calendar.Event) (series.Pair, bool) {
	if pair, ok := o.in.Two(people); ok {
		return pair, true
	}
	for _, s := range o.s.Series {
		rest := strings.HasPrefix(m.Id, s.ID+"_R") || e.People() == s.People()
		if !s.Rule.Until.IsZero() && e.Start.After(s.Rule.Until) && rest {
			return s.Mark.Pair, true
		}
	}
	return series.Pair{}, false
}

// finish drops what nobody asks about any more and puts all into the one order that full and incremental looks share.
func (o *observation) finish() {
	past := func(end time.Time) bool { return !end.After(o.s.At.Add(-pastKept)) }
	o.s.StandIns = slices.DeleteFunc(o.s.StandIns, func(x series.StandIn) bool { return past(x.Start.Add(x.Duration)) })
	o.s.Busy = slices.DeleteFunc(o.s.Busy, func(b series.Busy) bool {
		return b.RRule == "" && len(b.RDates) == 0 && past(b.Start.Add(b.Duration))
	})
	o.s.Candidates = slices.DeleteFunc(o.s.Candidates, func(x series.Candidate) bool { return x.Event.Ended(o.s.At) })

	byID := func(a, b series.Event) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(o.s.Series, byID)
	slices.SortFunc(o.s.Copies, byID)
	slices.SortFunc(o.s.Candidates, func(a, b series.Candidate) int { return byID(a.Event, b.Event) })
	slices.SortFunc(o.s.StandIns, func(a, b series.StandIn) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(o.s.Busy, func(a, b series.Busy) int { return cmp.Or(cmp.Compare(a.ID, b.ID), a.Start.Compare(b.Start)) })
	slices.SortFunc(o.s.Gone, func(a, b series.Gone) int { return cmp.Compare(a.ID, b.ID) })
}
