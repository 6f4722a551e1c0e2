package memory

import (
	"context"
	"errors"
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
func (c *Calendar) Observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	built, err := c.observe(ctx, last, in)
	if err == nil && built.Reread {
		built, err = c.observe(ctx, last.Unread(), in)
	}
	return built.Packed, err
}

func (c *Calendar) observe(ctx context.Context, last series.Packed, in provider.Interest) (provider.Built, error) {
	const op = "observe"
	fault, err := c.enter(ctx, op)
	if err != nil {
		return provider.Built{}, err
	}
	if fault == LostAnswer {
		return provider.Built{}, fail(provider.Transient, op, errLost)
	}
	s := series.Snapshot{
		At:        c.world.opts.Clock(),
		Cursor:    c.cursor(),
		Interest:  in.Hash(),
		FullAt:    last.FullAt,
		Schedules: c.world.opts.Schedules,
		Quiet:     c.world.opts.Quiet,
	}
	there := c.objects
	if fault == Vanished {
		there = nil
	}
	r := provider.Reading{Members: map[string]bool{}, Removed: map[string]bool{}, Owner: c.addresses()}
	since, err := strconv.Atoi(strings.TrimPrefix(last.Cursor, c.cursorPrefix()))
	r.Full = err != nil || since > c.world.version || last.Interest() != s.Interest ||
		fault == CursorLost || fault == EmptyListing || fault == Vanished
	listed := there
	if fault == EmptyListing {
		listed = nil
	}
	if r.Full {
		s.FullAt = s.At
	}
	for _, id := range slices.Sorted(maps.Keys(listed)) {
		r.Members[series.Opaque(id)] = true
		if r.Full || listed[id].seq > since {
			r.Items = append(r.Items, item(id, listed[id]))
		}
	}
	for id, at := range c.tombstones {
		if !r.Full && at > since {
			r.Removed[series.Opaque(id)] = true
		}
	}
	built, err := provider.Build(ctx, s, last, in, r, source{there})
	if built.Doubt || r.Full && len(listed) == 0 {
		built.Cursor = "" // a listing that lacks what is there, or shows nothing, is asked for again
	}
	return built, err
}

// Read is provider.Calendar's.
func (c *Calendar) Read(ctx context.Context, id string, in provider.Interest) (series.Event, error) {
	const op = "read"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if _, err := c.enter(ctx, op); err != nil {
		return series.Event{}, err
	}
	x := c.objects[id]
	if x == nil || x.busy != nil {
		return series.Event{}, fail(provider.NotFound, op, errors.New("the event is not there"))
	}
	return provider.Identified(item(id, x), in, c.addresses()), nil
}

// addresses are those that the server has for the owner.
func (c *Calendar) addresses() []string {
	var out []string
	for _, a := range c.owner.Addresses() {
		out = append(out, series.Address(a))
	}
	return out
}

// cursor is good for this calendar only.
func (c *Calendar) cursor() string { return c.cursorPrefix() + strconv.Itoa(c.world.version) }

func (c *Calendar) cursorPrefix() string { return "memory:" + c.owner.ID + ":" }

// source is what direct readings find.
type source struct{ there map[string]*object }

// Look is provider.Source's.
func (s source) Look(_ context.Context, id string) (provider.Presence, *provider.Item, error) {
	x := s.there[id]
	if x == nil {
		return provider.Absent, nil, nil
	}
	found := item(id, x)
	return provider.Present, &found, nil
}

// Knows is provider.Source's.
func (source) Knows(series.Event) bool { return true }

// item is an object as the builder of snapshots takes it.
func item(id string, x *object) provider.Item {
	out := provider.Item{ID: series.Opaque(id), Version: x.event.Version, Recurring: !x.single}
	if x.busy != nil {
		b := cloneBusy(*x.busy)
		b.ID = out.ID
		out.Busy = []series.Busy{b}
		return out
	}
	e := x.served()
	out.Named, out.People, out.Title = named(e.UID), people(e), e.Title
	out.Busy = busy(out.ID, e, x.single)
	if x.single {
		out.Single = &provider.Span{Start: e.Start, Duration: e.Duration}
	}
	out.Event = &e
	return out
}

func cloneBusy(b series.Busy) series.Busy {
	b.RDates, b.ExDates = slices.Clone(b.RDates), slices.Clone(b.ExDates)
	return b
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

// busy is the time that an event takes, and nothing else of it.
func busy(id string, e series.Event, single bool) []series.Busy {
	if e.Cancelled {
		return nil
	}
	var out []series.Busy
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
			out = append(out, series.Busy{ID: id, Start: v.Start, Duration: v.Duration, Zone: e.Zone, Kind: series.Hard})
		}
	}
	if !e.Free {
		slices.SortFunc(b.ExDates, time.Time.Compare)
		out = append(out, b)
	}
	return out
}
