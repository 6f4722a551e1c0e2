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
)

// observation is one reading of the calendar.
type observation struct {
	c    *Calendar
	r    reader
	in   provider.Interest
	last series.Packed
	at   time.Time

	was        series.Snapshot  // last, once something of it is needed
	ours       map[string]group // what last knows of series and copies, by id
	full       bool
	batch      map[string]group             // what the listing has, by id of series or single event
	dropped    map[string][]*calendar.Event // exceptions that the listing only says are no more, by id of the series
	tombstones map[string]bool
}

func (c *Calendar) observation(last series.Packed, in provider.Interest) *observation {
	return &observation{
		c:          c,
		r:          c.reader(in.Org, ""),
		in:         in,
		last:       last,
		at:         c.now(),
		ours:       map[string]group{},
		batch:      map[string]group{},
		dropped:    map[string][]*calendar.Event{},
		tombstones: map[string]bool{},
	}
}

// Observe is provider.Calendar's. An idle calendar costs one request.
func (c *Calendar) Observe(
	ctx context.Context, last series.Packed, in provider.Interest,
) (series.Packed, error) {
	s, err := c.observation(last, in).observe(ctx)
	return s, c.fail("observe", err)
}

func (o *observation) observe(ctx context.Context) (series.Packed, error) {
	s := series.Snapshot{
		At:        o.at,
		Interest:  o.in.Hash(),
		FullAt:    o.last.FullAt,
		Schedules: true,
		Network:   "google " + o.c.p.o.Endpoint,
		Quiet:     true,
		Singly:    true,
	}
	home, token, _ := strings.Cut(o.last.Cursor, " ")
	doubt := o.c.doubt.Swap(false)
	if doubt || home != o.home() || o.last.Interest() != s.Interest || s.At.Sub(o.last.FullAt) >= o.fullAfter() {
		token = ""
	}
	l, err := o.c.list(ctx, token)
	if token != "" && lostToken(err) {
		o.c.p.o.Log.Debug().Int("status", codeOf(err)).Msg("google: the sync token is lost, listing all")
		l, err = o.c.list(ctx, "")
	}
	if err != nil {
		return series.Packed{}, err
	}
	if o.full = l.full; o.full {
		s.FullAt = s.At
	}
	o.r = o.c.reader(o.in.Org, l.zone)
	o.r.owner = append(o.r.owner, o.in.Owner...)
	if o.full || len(l.items) > 0 || !o.last.Rests(o.at) {
		o.recall()
	}
	o.sortOut(l.items)
	groups, err := o.changed(ctx)
	if err != nil {
		return series.Packed{}, err
	}
	r := provider.Reading{Full: o.full, Members: map[string]bool{}, Removed: map[string]bool{}}
	for _, g := range groups {
		item := o.item(g)
		r.Items = append(r.Items, item)
		r.Members[item.ID] = true
	}
	for id := range o.tombstones {
		r.Removed[opaque(id)] = true
	}
	r.Owner = selves(l.items)
	built, err := provider.Build(ctx, s, o.last, o.in, r, o)
	if err != nil {
		return series.Packed{}, err
	}
	if built.Reread {
		return o.c.observation(o.last.Unread(), o.in).observe(ctx)
	}
	// A listing that shows nothing at all, or lacked what is there, is asked for again.
	if !built.Doubt && !(o.full && (len(l.items) == 0 || l.token == "")) {
		built.Cursor = o.home() + " " + l.token
	}
	o.c.p.o.Log.Debug().Bool("full", o.full).Int("read", len(o.batch)).Msg("observed")
	return built.Packed, nil
}

// Read is provider.Calendar's.
func (c *Calendar) Read(ctx context.Context, id string, in provider.Interest) (series.Event, error) {
	const op = "read"
	o := c.observation(series.Packed{}, in)
	is, item, err := o.Look(ctx, id)
	switch {
	case err != nil:
		return series.Event{}, c.fail(op, err)
	case is != provider.Present:
		return series.Event{}, &provider.Error{Kind: provider.NotFound, Op: op, Err: errVanished}
	case item.Event == nil:
		return series.Event{}, permanent(op, "open the event in Google Calendar and save it anew, or delete it",
			"event %s cannot be read", opaque(id))
	}
	return provider.Identified(*item, in, o.r.owner), nil
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

// lostToken reports whether Google does not take the token: it expired or rights changed (410), or it is none of
// Google's (400).
func lostToken(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusGone}, codeOf(err))
}

// recall reads what the last snapshot knows, and of our events what Google said.
func (o *observation) recall() {
	o.was = o.last.Snapshot()
	for _, e := range slices.Concat(o.was.Series, o.was.Copies) {
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
	if _, known := o.was.Objects[opaque(x.Id)]; known {
		return ""
	}
	base, _, ok := partOf(x.Id, o.r.zone)
	if _, known := o.was.Objects[opaque(base)]; ok && known {
		return base
	}
	return ""
}

// changed are the groups of which something is new, as they are now, and those of ours whose occurrences were worked
// out around the day they were read.
func (o *observation) changed(ctx context.Context) ([]group, error) {
	var out []group
	for _, id := range slices.Sorted(maps.Keys(o.batch)) {
		gs, err := o.now(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, gs...)
	}
	for _, e := range slices.Concat(o.was.Series, o.was.Copies) {
		g, known := o.ours[e.ID]
		if _, read := o.batch[e.ID]; known && !read && !e.Rule.Plain && !o.full && !o.tombstones[e.ID] {
			out = append(out, g)
		}
	}
	return out, nil
}

// now is the group of that id as it is now. Google sends the whole of a series with every change of it; of ours that is
// not relied on, and where only a part came of others they are read again. Occurrences whose series this calendar does
// not have are events of their own: their owner is invited to no more than those.
func (o *observation) now(ctx context.Context, id string) ([]group, error) {
	g := o.batch[id]
	known, ours := o.ours[id]
	_, seen := o.was.Objects[opaque(id)]
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
			o.tombstones[id] = true
			return nil, nil
		}
		return []group{now}, err
	}
	var alone []group
	for _, x := range g.exceptions {
		if x.Status == cancelled {
			o.tombstones[x.Id] = true
		} else {
			alone = append(alone, group{master: x})
		}
	}
	return alone, nil
}

// drop takes out of a series of ours the exceptions that the listing only says are no more. Most go with a change of
// the recurrence. Of one whose occurrence is still there, Google is asked whether that is cancelled or the series'
// own again.
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

// item is a group as the builder of snapshots takes it.
func (o *observation) item(g group) provider.Item {
	m := g.master
	out := provider.Item{
		ID:        opaque(m.Id),
		Version:   m.Etag,
		Recurring: g.recurring(),
		Foreign:   !markOf(m).IsZero() && markOf(m).Org != o.in.Org,
		People:    o.r.people(m),
		Title:     m.Summary,
		Busy:      o.r.busy(g),
	}
	if base, _, ok := strings.Cut(m.Id, "_R"); ok {
		out.RestOf = base
	}
	start, ok := momentOf(m.Start, o.r.zone)
	if !ok {
		return out
	}
	if e, err := o.r.event(g); err == nil && (isOrdinary(m) || named(m.Id).Key != "") {
		out.Event, out.Named = &e, named(m.Id)
	}
	if isOrdinary(m) && !out.Recurring {
		out.Single = &provider.Span{Start: start.Time, Duration: length(start, m.End)}
	}
	return out
}

// Look is provider.Source's.
func (o *observation) Look(ctx context.Context, id string) (provider.Presence, *provider.Item, error) {
	g, err := o.c.read(ctx, id)
	switch {
	case gone(err):
		return provider.Absent, nil, nil
	case err != nil:
		return provider.Unclear, nil, err
	case g.master.Status == cancelled:
		return provider.Deleted, nil, nil
	}
	item := o.item(g)
	return provider.Present, &item, nil
}

// Knows is provider.Source's.
func (o *observation) Knows(e series.Event) bool {
	_, err := parseRaw(e.Raw)
	return err == nil
}
