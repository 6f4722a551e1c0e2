package google

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// edit is one write of a series: as it is, and what its master is to become.
type edit struct {
	c    *Calendar
	op   string
	r    reader
	g    group
	e    series.Event
	mark stored

	change *calendar.Event // of the master
	dirty  bool            // change says something
	tell   bool            // the guests are to hear of it
}

// begin reads the series that ref names. It is a conflict where it has another version.
func (c *Calendar) begin(ctx context.Context, op string, ref series.Ref) (*edit, error) {
	m, err := c.get(ctx, ref.ID)
	switch {
	case gone(err) || err == nil && m.Status == cancelled:
		return nil, c.conflict(op, errVanished)
	case err != nil:
		return nil, c.fail(op, err)
	case m.Etag != ref.Version:
		return nil, c.conflict(op, errChanged)
	}
	g, err := c.complete(ctx, m)
	if err != nil {
		return nil, c.fail(op, err)
	}
	if g.master.Etag != ref.Version {
		return nil, c.conflict(op, errChanged)
	}
	w := &edit{c: c, op: op, g: g, mark: markOf(g.master), change: &calendar.Event{}}
	w.r = c.reader(w.mark.Org, "")
	if w.e, err = w.r.event(g); err != nil {
		return nil, permanent(op, "open the event in Google Calendar and save it anew, or delete it", "event %s: %w", opaque(ref.ID), err)
	}
	return w, nil
}

// beginNow is begin for the version that there is now.
func (c *Calendar) beginNow(ctx context.Context, op, id string) (*edit, error) {
	m, err := c.get(ctx, id)
	if err != nil {
		return nil, c.fail(op, err)
	}
	return c.begin(ctx, op, series.Ref{ID: id, Version: m.Etag})
}

// set names a field of the master that change has.
func (w *edit) set(field string) {
	w.dirty = true
	w.change.ForceSendFields = append(w.change.ForceSendFields, field)
}

// recur writes the recurrence, if it is another.
func (w *edit) recur(lines []string) {
	if !slices.Equal(lines, w.g.master.Recurrence) {
		w.change.Recurrence = lines
		w.set("Recurrence")
		w.tell = true
	}
}

// remember writes the mark, if it is another.
func (w *edit) remember() {
	if w.mark.IsZero() {
		return // nothing remembers it
	}
	p := w.g.master.ExtendedProperties
	for key, text := range w.mark.properties() {
		if p == nil || p.Private[key] != text {
			w.change.ExtendedProperties = withMark(w.mark)
			w.dirty = true
		}
	}
}

// wrote notes the digest of a field; "" for one that is not owned.
func (w *edit) wrote(f series.Field, digest string) {
	written := maps.Clone(w.mark.Written)
	if written == nil {
		written = map[series.Field]string{}
	}
	if written[f] = digest; digest == "" {
		delete(written, f)
	}
	w.mark.Written = written
}

// store writes the master, unless there is nothing to write.
func (w *edit) store(ctx context.Context) (series.Ref, error) {
	if !w.dirty {
		return w.e.Ref, nil
	}
	after, err := w.c.patch(ctx, w.g.master.Id, w.g.master.Etag, w.change, w.tell && !w.mark.client)
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	w.g.master, w.change, w.dirty = after, &calendar.Event{}, false
	w.e.Version = after.Etag
	return series.Ref{ID: after.Id, Version: after.Etag}, nil
}

// fail is the error of a write: one of what is gone is a conflict.
func (w *edit) fail(err error) error {
	if gone(err) {
		return w.c.conflict(w.op, errVanished)
	}
	return w.c.fail(w.op, err)
}

// exception is that of the occurrence; nil if it has none.
func (w *edit) exception(original time.Time) *calendar.Event {
	for _, x := range w.g.exceptions {
		if t, ok := w.r.original(x); ok && t.Equal(original) {
			return x
		}
	}
	return nil
}

// part writes an exception. Google gives all parts of a series one version, and with each write of one another: those
// that had the version of this one get its new one.
func (w *edit) part(ctx context.Context, x, change *calendar.Event, tell bool) error {
	after, err := w.c.patch(ctx, x.Id, x.Etag, change, tell && !w.mark.client)
	if err != nil {
		return w.fail(err)
	}
	was := x.Etag
	for _, y := range w.g.exceptions {
		if y.Etag == was {
			y.Etag = after.Etag
		}
	}
	if w.g.master.Etag == was {
		w.g.master.Etag, w.e.Version = after.Etag, after.Etag
	}
	return nil
}

// followTries bounds how often a follow-up meets somebody who is faster.
const followTries = 5

// follow makes the exceptions of the series, read anew, what fix wants of each: nil where it is as it should be. Every
// write of a part gives all of the series a new version. It is a conflict where somebody changed the series meanwhile.
func (w *edit) follow(ctx context.Context, tell bool, fix func(e series.Event, x *calendar.Event, original time.Time) *calendar.Event) (series.Ref, error) {
	want, err := w.r.event(group{master: w.g.master})
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	for range followTries {
		if w.g, err = w.c.read(ctx, w.g.master.Id); err != nil {
			return series.Ref{}, w.fail(err)
		}
		e, err := w.r.event(w.g)
		if err != nil || e.Cancelled || !maps.Equal(e.Digests(), want.Digests()) {
			return series.Ref{}, w.c.conflict(w.op, errBusy)
		}
		done := true
		for _, id := range slices.Sorted(maps.Keys(w.g.exceptions)) {
			x := w.g.exceptions[id]
			original, ok := w.r.original(x)
			if !ok {
				continue
			}
			if change := fix(e, x, original.Time); change != nil {
				done = false
				if err = w.part(ctx, x, change, tell); err != nil {
					break
				}
			}
		}
		if err != nil && provider.KindOf(err) != provider.Conflict {
			return series.Ref{}, err
		}
		if done {
			return series.Ref{ID: w.g.master.Id, Version: w.g.master.Etag}, nil
		}
	}
	return series.Ref{}, w.c.conflict(w.op, errBusy)
}

// ghosts are the original starts of exceptions that say what the series says.
func (w *edit) ghosts() map[int64]bool {
	out := map[int64]bool{}
	for _, x := range w.g.exceptions {
		if original, ok := w.r.original(x); ok && x.Status != cancelled {
			out[original.Unix()] = true
		}
	}
	for _, o := range w.e.Overrides {
		delete(out, o.Original.Unix())
	}
	return out
}

// differs reports whether an exception is another than the occurrence of the series would be.
func (w *edit) differs(e series.Event, x *calendar.Event) bool {
	e.Overrides = nil
	w.r.readException(&e, x, w.mark.Written[series.FieldLink])
	return len(e.Overrides) > 0
}

// asSeries makes an exception say what the series says.
func (w *edit) asSeries(e series.Event, original time.Time) *calendar.Event {
	m := w.g.master
	start, end := w.times(original, e.Duration)
	return &calendar.Event{Status: confirmed, Start: start, End: end, Summary: m.Summary, Location: m.Location, Description: m.Description,
		Attachments: m.Attachments, Attendees: m.Attendees, Transparency: transparency(e.Free),
		ForceSendFields: []string{"Summary", "Location", "Description", "Attachments", "Attendees"}}
}

// moment is the original start of an occurrence, in the form of the series.
func (w *edit) moment(t time.Time) moment {
	return moment{Time: in(t, w.e.Zone), zone: w.e.Zone, date: w.g.wholeDays()}
}

// times are start and end of an occurrence, in the form of the series.
func (w *edit) times(start time.Time, duration time.Duration) (from, to *calendar.EventDateTime) {
	if w.g.wholeDays() {
		d, _ := series.WallClock(start, w.e.Zone)
		days := int((duration + 12*time.Hour) / (24 * time.Hour))
		return &calendar.EventDateTime{Date: d.String(), NullFields: []string{"DateTime", "TimeZone"}},
			&calendar.EventDateTime{Date: d.AddDays(max(days, 1)).String(), NullFields: []string{"DateTime", "TimeZone"}}
	}
	from, to = timed(start, w.e.Zone), timed(start.Add(duration), w.e.Zone)
	from.NullFields, to.NullFields = []string{"Date"}, []string{"Date"}
	return from, to
}

func transparency(free bool) string {
	if free {
		return transparent
	}
	return opaqueTime
}
