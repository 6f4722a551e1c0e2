package caldav

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"slices"
	"time"

	"holdfast/internal/ical"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// maxGenerations bounds the search for a free one.
const maxGenerations = 100

// Create is provider.Calendar's. The object's name is its UID, so that two daemons ask for the same place.
func (c *Calendar) Create(ctx context.Context, s series.Series) (series.Ref, error) {
	const op = "create"
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	s.Generation = max(s.Generation, 1)
	s.ClientDelivers = s.ClientDelivers || cal.schedules && !c.delivers(cal)
	if s.Carry.From, err = c.predecessor(ctx, cal, s.Carry.From); err != nil {
		return series.Ref{}, err
	}
	for range maxGenerations {
		ref, taken, err := c.createOne(ctx, cal, s)
		if !taken {
			return ref, fail(op, err)
		}
		s.Generation++
	}
	return series.Ref{}, permanent(op, "", "%d generations of pair %s are all over", maxGenerations, s.Pair)
}

// predecessor is the series that a new one takes over from as the server has it now, or where it is gone as it was.
func (c *Calendar) predecessor(ctx context.Context, cal *collection, from *series.Event) (*series.Event, error) {
	const op = "create"
	if from == nil {
		return nil, nil
	}
	x, err := c.c.get(ctx, cal.at(from.ID))
	switch {
	case gone(err):
		return from, nil
	case err != nil:
		return nil, fail(op, err)
	case x.etag != etag(from.Version):
		return nil, conflict(op, "the event has another version")
	}
	now := *from
	now.Raw = x.text
	return &now, nil
}

// createOne books s in its generation, or answers the one that is there alive. taken: it is there and over.
func (c *Calendar) createOne(ctx context.Context, cal *collection, s series.Series) (ref series.Ref, taken bool, err error) {
	const op = "create"
	id := uid(s.Org, s.Pair, s.Generation)
	u := cal.object(fileName(id))
	defer lock(u.EscapedPath())()
	// Not all servers heed If-None-Match: look first.
	x, err := c.c.get(ctx, u)
	if err == nil {
		return c.existing(ctx, u, x, s, id)
	}
	if !gone(err) {
		return series.Ref{}, false, err
	}
	text := ical.New(s, id, c.o.Clock())
	if cal.schedules {
		// OPAQUE is what no TRANSP means (RFC 5545 section 3.8.2.7). Cyrus 3.6 doubles one that it delivers with
		// every change, and then refuses whatever the attendee writes, answers too.
		text = bytes.Replace(text, []byte("TRANSP:OPAQUE\r\n"), nil, 1)
	}
	ref, err = c.store(ctx, op, u, "", text)
	if !refused(err) {
		return ref, false, err
	}
	x, lookErr := c.holder(ctx, cal, u, id, err)
	if x == nil || lookErr != nil {
		return series.Ref{}, false, err
	}
	ref, taken, err = c.existing(ctx, cal.at(x.path), x, s, id)
	if ref.ID != "" && !cal.member(cal.at(x.path)) {
		return series.Ref{}, false, permanent(op, "move it back to the person's main calendar", "the series of pair %s is in another calendar of the account", s.Pair)
	}
	return ref, taken, err
}

// existing judges the object at u that has the identity of s, and completes what it is to carry over.
func (c *Calendar) existing(ctx context.Context, u *url.URL, x *object, s series.Series, id string) (
	ref series.Ref, taken bool, err error,
) {
	const op = "create"
	o, err := ical.Parse([]byte(x.text), c.o.Zone)
	if err != nil || o.UID() != id {
		return series.Ref{}, false, permanent(op, "look at the calendar and delete the object, if nobody needs it",
			"object %s stands where the series of pair %s belongs and is no series", opaque(x.path), s.Pair)
	}
	e, err := o.Event(s.Org, c.o.Clock())
	if err != nil {
		return series.Ref{}, false, permanent(op, "", "event %s: %w", opaque(x.path), err)
	}
	if e.Organizer != "" && !c.o.owns(e.Organizer) {
		return series.Ref{}, false, permanent(op, "delete the invitation that bears the UID of a series, then sync again",
			"somebody else's event %s stands where the series of pair %s belongs", opaque(x.path), s.Pair)
	}
	if e.Ended(s.Slot.On(s.First)) {
		return series.Ref{}, true, nil
	}
	if s.Carry.From != nil && !e.Mark.IsZero() && e.Mark.Carried != s.Mark().Carried {
		text, err := o.Carry(s, c.o.Clock())
		if err != nil {
			return series.Ref{}, false, permanent(op, "", "event %s: %w", opaque(x.path), err)
		}
		ref, err = c.store(ctx, op, u, x.tag, text)
		return ref, false, err
	}
	ref, err = provider.Found(series.Ref{ID: x.path, Version: x.etag})
	return ref, false, err
}

// refused reports whether a PUT failed in a way that another object with the same path or UID explains: 412 by its
// path, 403 or 409 by its UID (RFC 4791 section 5.3.2.1, RFC 6638 section 3.2.4.1).
func refused(err error) bool { return slices.Contains([]int{403, 409, 412}, statusOf(err)) }

// holder is the object that stands in the way of a new one at u: at the same path, where the refusal says, or
// wherever the calendar has the UID. nil if there is none.
func (c *Calendar) holder(ctx context.Context, cal *collection, u *url.URL, id string, refusal error) (*object, error) {
	x, err := c.c.get(ctx, u)
	if !gone(err) {
		return x, err
	}
	if e := statusErrorOf(refusal); e != nil && e.href != "" {
		if at, ok := resolve(cal.url, e.href); ok && origin(at) == origin(cal.url) {
			if x, err := c.c.get(ctx, c.c.ours(at)); err == nil {
				return x, nil
			}
		}
	}
	found, err := c.c.search(ctx, cal, id)
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		if o, err := ical.Parse([]byte(x.text), c.o.Zone); err == nil && o.UID() == id {
			return &x, nil
		}
	}
	return nil, nil
}

// Revive is provider.Calendar's.
func (c *Calendar) Revive(ctx context.Context, e series.Event) (series.Ref, error) {
	const op = "revive"
	ref, there, err := c.add(ctx, op, e.ID, e.UID, []byte(e.Raw))
	if there != nil {
		return series.Ref{}, conflict(op, "the event is there again")
	}
	return ref, err
}

// Deliver is provider.Calendar's.
func (c *Calendar) Deliver(ctx context.Context, ref series.Ref, organizers series.Event, attendee string) (series.Ref, error) {
	const op = "deliver"
	theirs, err := ical.Parse([]byte(organizers.Raw), organizers.Zone)
	if err != nil { // the organizer's calendar is of another kind
		theirs, err = ical.Parse(ical.Of(organizers, c.o.Clock()), organizers.Zone)
	}
	if err == nil && organizers.Cancelled { // also one that was deleted, whose last text does not say so
		var off []byte
		if off, err = theirs.Cancel(c.o.Clock()); err == nil {
			theirs, err = ical.Parse(off, organizers.Zone)
		}
	}
	if err != nil {
		return series.Ref{}, permanent(op, "", "organizer's event %s: %w", opaque(organizers.ID), err)
	}
	change := func(mine *ical.Object, now time.Time) ([]byte, error) {
		return theirs.Deliver(mine, organizers, attendee, now)
	}
	if ref.ID != "" {
		return c.write(ctx, op, ref, change)
	}
	text, err := change(nil, c.o.Clock())
	if err != nil {
		return series.Ref{}, permanent(op, "", "organizer's event %s: %w", opaque(organizers.ID), err)
	}
	ref, there, err := c.add(ctx, op, "", organizers.UID, text)
	if there != nil {
		return c.write(ctx, op, series.Ref{ID: there.path, Version: there.etag}, change)
	}
	return ref, err
}

// Invite is provider.Calendar's. A server that heeds SCHEDULE-FORCE-SEND (RFC 6638 section 7.2) sends the REQUEST
// whatever changed; to others the new revision is one to be sent.
func (c *Calendar) Invite(ctx context.Context, ref series.Ref, attendee string) (series.Ref, error) {
	return c.write(ctx, "invite", ref, func(o *ical.Object, now time.Time) ([]byte, error) {
		return o.Invite(attendee, now)
	})
}

// add stores a new object at path, "" for one that its UID names. Where the calendar has one already, it stores
// nothing and answers that one.
func (c *Calendar) add(ctx context.Context, op, path, id string, text []byte) (series.Ref, *object, error) {
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, nil, fail(op, err)
	}
	u := cal.object(fileName(id))
	if path != "" {
		u = cal.at(path)
	}
	defer lock(u.EscapedPath())()
	x, err := c.c.get(ctx, u)
	if err == nil {
		return series.Ref{}, x, nil
	}
	if !gone(err) {
		return series.Ref{}, nil, fail(op, err)
	}
	ref, err := c.store(ctx, op, u, "", text)
	if refused(err) {
		if x, lookErr := c.holder(ctx, cal, u, id, err); x != nil && lookErr == nil {
			return series.Ref{}, x, nil
		}
	}
	return ref, nil, err
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9@._-]{1,180}$`)

// fileName is the name under which an object with that UID is stored.
func fileName(id string) string {
	if !plainName.MatchString(id) {
		id = "holdfast-copy-" + opaque(id)
	}
	return id + ".ics"
}

var _ provider.Calendar = (*Calendar)(nil)
