package google

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

// Deliver is provider.Calendar's: the copy is a private one, made by an import under the organizer's UID. Nobody gets a
// mail of it.
func (c *Calendar) Deliver(ctx context.Context, ref series.Ref, organizers series.Event, attendee string) (series.Ref, error) {
	const op = "deliver"
	if _, err := time.LoadLocation(organizers.Zone); err != nil {
		return series.Ref{}, permanent(op, "move the series to a time zone with a name, such as Europe/Berlin",
			"organizer's event %s: Google knows no zone like its", opaque(organizers.ID))
	}
	w, err := c.copyOf(ctx, op, ref, organizers)
	if err != nil {
		return series.Ref{}, err
	}
	d := &delivery{edit: w, of: organizers, attendee: series.Address(attendee)}
	switch {
	case organizers.Cancelled && w == nil:
		return series.Ref{}, nil
	case organizers.Cancelled:
		if err := c.remove(ctx, w.e.Ref, false); err != nil && !gone(err) {
			return series.Ref{}, c.fail(op, err)
		}
		return series.Ref{}, nil
	case w == nil:
		return d.first(ctx, c)
	}
	return d.again(ctx)
}

// copyOf is the copy there is of the organizer's event, nil for none. A copy that was cancelled is confirmed again.
func (c *Calendar) copyOf(ctx context.Context, op string, ref series.Ref, organizers series.Event) (*edit, error) {
	if ref.ID == "" {
		all, err := c.byUID(ctx, organizers.UID)
		if err != nil {
			return nil, c.fail(op, err)
		}
		i := slices.IndexFunc(all, func(x *calendar.Event) bool { return x.RecurringEventId == "" && x.ICalUID == organizers.UID })
		if i < 0 {
			return nil, nil
		}
		if m := all[i]; m.Status == cancelled && !organizers.Cancelled {
			if all[i], err = c.patch(ctx, m.Id, m.Etag, &calendar.Event{Status: confirmed}, false); err != nil {
				return nil, c.fail(op, err)
			}
		}
		ref = series.Ref{ID: all[i].Id, Version: all[i].Etag}
	}
	return c.begin(ctx, op, ref)
}

// delivery brings the organizer's event to a copy.
type delivery struct {
	*edit    // of the copy; nil for a new one
	of       series.Event
	attendee string
}

// stored is the mark that the copy carries, with what is said to be delivered.
func (d *delivery) stored(delivered string) stored {
	return stored{Mark: d.of.Mark, derived: d.of.Derived, delivered: delivered}
}

// overrides reports whether there are occurrences to bring beside the series, each with a write of its own.
func (d *delivery) overrides() bool {
	return slices.ContainsFunc(d.of.Overrides, func(o series.Override) bool { return !o.Cancelled })
}

// begun is what is said to be delivered while there are occurrences left to write: whoever is cut off in between finds by it
// that the rest is to be brought, and that nobody else made the copy what it is.
func (d *delivery) begun(parts bool) string {
	if parts {
		return d.of.Delivery() + series.Unfinished
	}
	return d.of.Delivery()
}

// recurrence are the rule of the organizer's event and the occurrences that do not take place.
func (d *delivery) recurrence() []string {
	var out []string
	if d.of.Rule.Plain {
		out = append(out, ruleOf(d.of.Slot(), d.of.Rule.Until))
	} else {
		var starts []string
		for _, t := range d.of.Rule.Starts {
			starts = append(starts, t.UTC().Format(utcForm))
		}
		out = append(out, "RDATE:"+strings.Join(starts, ","))
	}
	var off []time.Time
	off = append(off, d.of.Excluded...)
	for _, o := range d.of.Overrides {
		if o.Cancelled {
			off = append(off, o.Original)
		}
	}
	slices.SortFunc(off, time.Time.Compare)
	for _, t := range slices.CompactFunc(off, time.Time.Equal) {
		out = append(out, exdate(t, d.of.Zone, false))
	}
	return out
}

// attendees are organizer and guests; the owner's answer is stat, the others' are the organizer's to know.
func (d *delivery) attendees(guests []series.Guest, stat series.PartStat) []*calendar.EventAttendee {
	out := []*calendar.EventAttendee{{Email: d.of.Organizer, ResponseStatus: answers[series.Accepted]}}
	for _, g := range d.once(guests, stat) {
		out = append(out, &calendar.EventAttendee{Email: g.Address, ResponseStatus: answers[g.Answer]})
	}
	return out
}

// once are the guests, each only once, as Google wants it: other calendars' programs may list one again. The owner's answer
// is stat.
func (d *delivery) once(guests []series.Guest, stat series.PartStat) []series.Guest {
	var out []series.Guest
	for _, g := range guests {
		if g.Address == d.attendee {
			g.Answer = stat
		}
		if !slices.ContainsFunc(out, func(o series.Guest) bool { return o.Address == g.Address }) {
			out = append(out, g)
		}
	}
	return out
}

// first imports the copy.
func (d *delivery) first(ctx context.Context, c *Calendar) (series.Ref, error) {
	e := &calendar.Event{
		ICalUID: d.of.UID, Status: confirmed, Summary: d.of.Title, Location: d.of.Place,
		Start: timed(d.of.Start, d.of.Zone), End: timed(d.of.Start.Add(d.of.Duration), d.of.Zone), Recurrence: d.recurrence(),
		Organizer: &calendar.EventOrganizer{Email: d.of.Organizer}, Attendees: d.attendees(d.of.Guests, answerIn(d.of.Guests, d.attendee)),
		Visibility: "private", Transparency: opaqueTime, ExtendedProperties: withMark(d.stored(d.begun(d.overrides()))),
	}
	if d.of.Link != "" {
		e.Description, e.Attachments = setLink(e, d.of.Link, "")
	}
	m, err := c.importCopy(ctx, e)
	if err != nil {
		return series.Ref{}, c.fail("deliver", err)
	}
	d.edit = &edit{c: c, op: "deliver", r: c.reader(d.of.Mark.Org, ""), g: group{master: m}, mark: d.stored(d.begun(d.overrides())), change: &calendar.Event{}}
	if d.e, err = d.r.event(d.g); err != nil {
		return series.Ref{}, permanent(d.op, "", "copy %s: %w", opaque(m.Id), err)
	}
	return d.occurrences(ctx, d.e)
}

// again brings a copy up to date. Its owner's answer stays, but where the time changed (RFC 5546 section 3.2.2.1), and so does
// all that is the owner's.
func (d *delivery) again(ctx context.Context) (series.Ref, error) {
	before, written := d.e, d.mark.Written[series.FieldLink]
	moved := !before.Start.Equal(d.of.Start) || before.Duration != d.of.Duration || before.Zone != d.of.Zone ||
		before.Slot() != d.of.Slot() || before.Rule.Plain != d.of.Rule.Plain
	stat := answerIn(before.Guests, d.attendee)
	if moved {
		stat = series.NeedsAction
		d.change.Start, d.change.End = d.times(d.of.Start, d.of.Duration)
		d.change.Start.TimeZone, d.change.End.TimeZone = d.of.Zone, d.of.Zone
		d.dirty = true
	}
	now := d.of
	now.Overrides = nil
	was := before
	was.Overrides = nil
	for _, o := range d.of.Overrides {
		if o.Cancelled {
			now.Excluded = append(slices.Clone(now.Excluded), o.Original)
		}
	}
	if was.Times() != now.Times() {
		d.recur(d.recurrence())
	}
	if d.e.Place != d.of.Place {
		d.change.Location = d.of.Place
		d.set("Location")
	}
	if linkOf(d.g.master, written) != d.of.Link && linked(d.change, d.g.master, d.of.Link, written) {
		d.dirty = true
	}
	if all := d.people(d.g.master, d.of.Guests, stat); all != nil {
		d.change.Attendees, d.dirty = all, true
	}
	d.mark = d.stored(d.begun(before.Delivered != d.of.Delivery() && (d.overrides() || len(d.g.exceptions) > 0)))
	d.remember()
	d.tell = false
	if _, err := d.store(ctx); err != nil {
		return series.Ref{}, err
	}
	return d.occurrences(ctx, before)
}

// people are the attendees that the copy e is to have, with the owner's answer; nil where it has them.
func (d *delivery) people(e *calendar.Event, guests []series.Guest, stat series.PartStat) []*calendar.EventAttendee {
	if slices.Equal(d.r.guests(e), d.once(guests, stat)) {
		return nil
	}
	return d.attendees(guests, stat)
}

// occurrences brings the overrides. before is the copy as it was.
func (d *delivery) occurrences(ctx context.Context, before series.Event) (series.Ref, error) {
	overridden := map[int64]bool{}
	for _, o := range d.of.Overrides {
		if o.Cancelled {
			continue
		}
		overridden[o.Original.Unix()] = true
		x, err := d.c.instance(ctx, d.g.master.Id, d.moment(o.Original))
		if err != nil {
			return series.Ref{}, d.fail(err)
		}
		if x == nil {
			return series.Ref{}, d.c.conflict(d.op, errBusy)
		}
		if change := d.bring(x, o, before); change != nil {
			if _, err := d.c.patch(ctx, x.Id, x.Etag, change, false); err != nil {
				return series.Ref{}, d.fail(err)
			}
		}
	}
	// What is left are exceptions that the owner's answers or edits made, or that the organizer took out again.
	ref, err := d.follow(ctx, false, func(e series.Event, x *calendar.Event, original time.Time) *calendar.Event {
		switch {
		case overridden[original.Unix()], !hits(e, original):
			return nil
		case slices.ContainsFunc(e.Excluded, original.Equal):
			if x.Status == cancelled {
				return nil
			}
			return &calendar.Event{Status: cancelled}
		}
		return d.bring(x, series.Override{Original: original, Start: original, Duration: e.Duration, Place: d.of.Place, Link: d.of.Link, Guests: d.of.Guests}, before)
	})
	if err != nil || d.mark.delivered == d.of.Delivery() {
		return ref, err
	}
	d.mark = d.stored(d.of.Delivery())
	d.remember()
	return d.store(ctx)
}

// bring is the change that makes the occurrence x what o says; nil if it does. The owner's answer is that to the occurrence as
// the copy had it, if it still is at that time.
func (d *delivery) bring(x *calendar.Event, o series.Override, before series.Event) *calendar.Event {
	stat, had := answerIn(before.Guests, d.attendee), series.Override{}
	for _, m := range before.Meetings(o.Original, o.Original.Add(time.Second)) {
		if m.Original.Equal(o.Original) && !m.Cancelled {
			had = m.Override
		}
	}
	stat = cmp.Or(answerIn(had.Guests, d.attendee), stat)
	if !had.Start.Equal(o.Start) || had.Duration != o.Duration {
		stat = series.NeedsAction
	}
	change, _ := d.occurrence(x, o, func(x *calendar.Event, _ bool) []*calendar.EventAttendee {
		return d.people(x, o.Guests, stat)
	})
	return change
}

// answerIn is the person's answer among the guests; "" for a stranger.
func answerIn(guests []series.Guest, address string) series.PartStat {
	for _, g := range guests {
		if g.Address == address {
			return g.Answer
		}
	}
	return ""
}
