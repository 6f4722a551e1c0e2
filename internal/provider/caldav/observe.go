package caldav

import (
	"context"
	"fmt"
	"maps"
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
	// doubtFor is how soon that is done where a listing was not true to what is there.
	doubtFor = time.Hour
)

// Observe is provider.Calendar's. An idle calendar costs one request.
func (c *Calendar) Observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	s, err := c.observe(ctx, last, in)
	if err != nil {
		c.lost(err)
		return series.Packed{}, fail("observe", err)
	}
	return s, nil
}

// observation is one reading of the calendar.
type observation struct {
	c    *Calendar
	cal  *collection
	in   provider.Interest
	last series.Packed
	at   time.Time
}

func (c *Calendar) observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Packed{}, err
	}
	o := &observation{c: c, cal: cal, in: in, last: last, at: c.o.Clock()}
	s := series.Snapshot{
		At:        o.at,
		Interest:  in.Hash(),
		FullAt:    last.FullAt,
		Schedules: c.delivers(cal),
		Quiet:     !c.delivers(cal),
	}
	home, token, _ := strings.Cut(last.Cursor, " ")
	if last.Interest() != s.Interest || home != opaque(cal.path()) || s.At.Sub(last.FullAt) >= fullEvery {
		token = ""
	}
	l, err := c.c.list(ctx, cal, token)
	if err != nil {
		return series.Packed{}, err
	}
	wanted := o.wanted(l)
	objects, err := c.c.fetch(ctx, cal, wanted)
	if err != nil {
		return series.Packed{}, err
	}
	if l.full {
		s.FullAt = s.At
	}
	unread := len(objects) < len(wanted)
	failed := 0
	for _, x := range objects {
		if x.why != "" {
			failed++
		}
	}
	if failed > 1 && failed == len(l.members) && l.full {
		return series.Packed{}, fmt.Errorf("none of the objects that are listed can be read: %s", objects[0].why)
	}
	if unread && !l.full {
		l.token = token // what could not be read is asked for again
	}
	s.Cursor = opaque(cal.path()) + " " + l.token
	r := provider.Reading{Full: l.full, Members: map[string]bool{}, Removed: map[string]bool{}, Owner: cal.owners}
	for path := range l.members {
		r.Members[opaque(path)] = true
	}
	for _, path := range l.removed {
		r.Removed[opaque(path)] = true
	}
	unparsed := 0
	for _, x := range objects {
		item := o.item(x, false)
		r.Items = append(r.Items, item)
		if item.Unreadable {
			unparsed++
		}
	}
	built, err := provider.Build(ctx, s, last, in, r, o)
	if err != nil {
		return series.Packed{}, err
	}
	if unread || failed > 0 || built.Doubt {
		built.FullAt = earliest(built.FullAt, s.At.Add(doubtFor-fullEvery))
	}
	if built.Reread {
		return c.observe(ctx, last.Unread(), in)
	}
	c.o.Log.Debug().Bool("full", l.full).Int("read", len(objects)).Int("unparsed", unparsed).Msg("observed")
	return built.Packed, nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Read is provider.Calendar's.
func (c *Calendar) Read(ctx context.Context, id string, in provider.Interest) (series.Event, error) {
	const op = "read"
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Event{}, fail(op, err)
	}
	x, err := c.c.get(ctx, cal.at(id))
	if gone(err) {
		return series.Event{}, &provider.Error{Kind: provider.NotFound, Op: op, Err: err}
	} else if err != nil {
		return series.Event{}, fail(op, err)
	}
	x.path = id
	o := &observation{c: c, cal: cal, in: in, at: c.o.Clock()}
	item := o.item(*x, true)
	if item.Event == nil {
		return series.Event{}, permanent(op, "open the event in a calendar app and save it anew, or delete it",
			"event %s cannot be read", opaque(id))
	}
	return provider.Identified(item, in, cal.owners), nil
}

// wanted are the members whose text must be read. A change list is believed as it is, since some servers give one ETag
// to two contents; in a full listing the ETag tells what is known already. Occurrences of rules that are not
// plain were worked out around the day they were read, and are so again.
func (o *observation) wanted(l *listing) []string {
	if !l.full || o.last.Interest() != o.in.Hash() {
		return slices.Collect(maps.Keys(l.members))
	}
	last, fading := o.last.Bare(), map[string]bool{}
	for _, e := range slices.Concat(last.Series, last.Copies) {
		fading[opaque(e.ID)] = !e.Rule.Plain
	}
	for _, x := range last.Candidates {
		fading[opaque(x.Event.ID)] = !x.Event.Rule.Plain
	}
	var out []string
	for path, version := range l.members {
		known, ok := last.Objects[opaque(path)]
		if !ok || known.Version != version || version == "" || fading[opaque(path)] {
			out = append(out, path)
		}
	}
	return out
}

// item is an object as the builder of snapshots takes it; asked: also an event that the builder does not look into.
func (o *observation) item(x object, asked bool) provider.Item {
	out := provider.Item{ID: opaque(x.path), Version: x.etag}
	p, err := ical.Parse([]byte(x.text), o.c.o.Zone)
	if err != nil {
		out.Unreadable = true
		return out
	}
	out.Recurring, out.Foreign = p.Recurring(), marked(x.text)
	out.People, out.Title = p.People(), p.Title()
	out.Busy, out.ZoneDoubts = p.Busy(out.ID, o.in.Owner), p.ZoneDoubts(series.DateOf(o.at.UTC()))
	out.Named = named(o.in.Org, p.UID())
	if asked || out.Recurring || p.Marked() || out.Named.Key != "" { // else one meeting of others
		if e, err := p.Event(o.in.Org, o.at); err == nil {
			e.Ref = series.Ref{ID: x.path, Version: x.etag}
			out.Event = &e
			out.Foreign = out.Foreign && e.Mark.IsZero() // that of this org is none of another's
		}
	}
	if start, duration, ok := p.Single(); ok && !out.Recurring {
		out.Single = &provider.Span{Start: start, Duration: duration}
	}
	return out
}

// marked reports whether an event bears the mark of any org.
func marked(text string) bool { return strings.Contains(text, "\nX-HOLDFAST-ORG") }

// Look is provider.Source's. What another answer than 404 or 410 leaves open stays as it was.
func (o *observation) Look(ctx context.Context, path string) (provider.Presence, *provider.Item, error) {
	x, err := o.c.c.get(ctx, o.cal.at(path))
	switch {
	case err == nil:
		x.path = path
		item := o.item(*x, false)
		return provider.Present, &item, nil
	case gone(err):
		return provider.Absent, nil, nil
	case statusOf(err) == 401, !answered(err):
		return provider.Unclear, nil, err
	}
	return provider.Unclear, nil, nil
}

// Knows is provider.Source's.
func (o *observation) Knows(e series.Event) bool {
	_, err := ical.Parse([]byte(e.Raw), "UTC")
	return err == nil
}
