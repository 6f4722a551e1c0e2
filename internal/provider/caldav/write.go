package caldav

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"holdfast/internal/ical"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Update is provider.Calendar's.
func (c *Calendar) Update(ctx context.Context, ref series.Ref, p series.Patch) (series.Ref, error) {
	return c.write(ctx, "update", ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.Update(p, now) })
}

// Skip is provider.Calendar's.
func (c *Calendar) Skip(ctx context.Context, ref series.Ref, skips []series.Skip) (series.Ref, error) {
	return c.write(ctx, "skip", ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.Skip(skips, now) })
}

// Unskip is provider.Calendar's.
func (c *Calendar) Unskip(ctx context.Context, ref series.Ref, days []series.Date) (series.Ref, error) {
	return c.write(ctx, "unskip", ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.Unskip(days, now) })
}

// SetOverride is provider.Calendar's.
func (c *Calendar) SetOverride(ctx context.Context, ref series.Ref, v series.Override) (series.Ref, error) {
	return c.write(ctx, "set override", ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.SetOverride(v, now) })
}

// ClearOverride is provider.Calendar's. Cyrus takes no override out of an attendee's copy that the organizer's event no
// longer has, but it delivers one that says what the series says: where a server delivers, that is written first.
func (c *Calendar) ClearOverride(ctx context.Context, ref series.Ref, original time.Time) (series.Ref, error) {
	const op = "clear override"
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	if c.delivers(cal) {
		ref, err = c.write(ctx, op, ref, func(o *ical.Object, now time.Time) ([]byte, error) {
			e, err := o.Event(c.o.Org, now)
			if err != nil || !slices.ContainsFunc(e.Overrides, func(v series.Override) bool { return v.Original.Equal(original) }) {
				return []byte(o.Raw()), err
			}
			return o.SetOverride(series.Override{Original: original, Start: original, Duration: e.Duration, Place: e.Place, Link: e.Link}, now)
		})
		if err != nil {
			return series.Ref{}, err
		}
	}
	return c.write(ctx, op, ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.ClearOverride(original, now) })
}

// Answer is provider.Calendar's.
func (c *Calendar) Answer(ctx context.Context, ref series.Ref, attendee string, answers []provider.Answer) (series.Ref, error) {
	return c.write(ctx, "answer", ref, func(o *ical.Object, now time.Time) ([]byte, error) { return o.Answer(attendee, answers, now) })
}

// End is provider.Calendar's. Cyrus delivers on behalf of the owner what a service account PUTs with
// Schedule-Address, but nothing when it DELETEs (3.6.1, seen): the copies would stay. So what never took place first
// loses its guests, which cancels it at each of them (RFC 6638 section 3.2.1.3), and then goes; a server that does
// deliver the DELETE finds nobody left to tell. Cut off in between, the series still stands with its mark, and ending
// it again finishes without a message.
func (c *Calendar) End(ctx context.Context, ref series.Ref, last series.Date) (series.Ref, error) {
	const op = "end"
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	dismissed := false
	ref, err = c.write(ctx, op, ref, func(o *ical.Object, now time.Time) ([]byte, error) {
		text, empty, err := o.End(last, now) // nil where it never took place: then the object goes
		if dismissed = empty && c.delivers(cal) && c.onBehalf(cal); dismissed {
			return o.Dismiss(now)
		}
		return text, err
	})
	if err != nil || !dismissed {
		return ref, err
	}
	return c.write(ctx, op, ref, func(*ical.Object, time.Time) ([]byte, error) { return nil, nil })
}

// write changes the object that ref names: read afresh, compare the version, change, store on condition, read back.
// A change to the same text is not stored; one to nil deletes the object.
func (c *Calendar) write(ctx context.Context, op string, ref series.Ref, change func(*ical.Object, time.Time) ([]byte, error)) (series.Ref, error) {
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	defer lock(ref.ID)()
	u := cal.at(ref.ID)
	was, err := c.c.get(ctx, u)
	switch {
	case gone(err) && op == "end":
		return series.Ref{}, nil // there is nothing left to end
	case gone(err):
		return series.Ref{}, conflict(op, "the event is not there any more")
	case err != nil:
		return series.Ref{}, fail(op, err)
	case was.etag != etag(ref.Version):
		return series.Ref{}, conflict(op, "the event has another version")
	}
	o, err := ical.Parse([]byte(was.text), c.o.Zone)
	if err != nil {
		return series.Ref{}, permanent(op, "open the event in a calendar app and save it anew, or delete it", "event %s: %w", opaque(ref.ID), err)
	}
	text, err := change(o, c.o.Clock())
	if err == nil && text != nil {
		text = c.unscheduled(cal, text) // as it would be stored, to be compared with what is
	}
	switch {
	case errors.Is(err, ical.ErrTooLarge):
		return series.Ref{}, permanent(op, "take off it what is attached, or shorten its notes",
			"event %s: %w", opaque(ref.ID), err)
	case err != nil:
		return series.Ref{}, permanent(op, "", "event %s: %w", opaque(ref.ID), err)
	case text == nil:
		// A deletion is delivered as well.
		if quiet := c.unscheduled(cal, []byte(was.text)); string(quiet) != was.text {
			stored, err := c.store(ctx, op, u, was.tag, quiet)
			if err == nil {
				was, err = c.c.get(ctx, u)
			}
			if err != nil {
				return series.Ref{}, fail(op, err)
			}
			if was.etag != stored.Version {
				return series.Ref{}, conflict(op, "the event was changed while it was written")
			}
		}
		if err := c.c.remove(ctx, u, was.tag); err != nil && !gone(err) {
			return series.Ref{}, fail(op, err)
		}
		return series.Ref{}, nil
	case string(text) == was.text:
		return series.Ref{ID: ref.ID, Version: was.etag}, nil
	}
	return c.store(ctx, op, u, was.tag, text)
}

// store puts text on the condition that the object has that version ("": that there is none), and reads back what the
// server made of it: an ETag in the answer does not say that it stored what it was sent.
func (c *Calendar) store(ctx context.Context, op string, u *url.URL, version string, text []byte) (series.Ref, error) {
	cal, err := c.calendar(ctx)
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	text = c.unscheduled(cal, text)
	answered, err := c.c.put(ctx, u, version, string(text))
	if err != nil {
		c.lost(err)
		return series.Ref{}, fail(op, err)
	}
	got, err := c.c.get(ctx, u)
	if gone(err) {
		return series.Ref{}, conflict(op, "the event was deleted while it was written")
	}
	if err != nil {
		return series.Ref{}, fail(op, err)
	}
	if err := c.sameMeaning(string(text), got.text); err != nil {
		if answered != "" && answered != got.etag {
			return series.Ref{}, conflict(op, "the event was changed while it was written")
		}
		return series.Ref{}, permanent(op, "the server changes what it stores: another program may own this calendar, or the account may not set all fields",
			"event %s: the server stored something else than it was sent: %w", opaque(got.path), err)
	}
	return series.Ref{ID: u.EscapedPath(), Version: got.etag}, nil
}
