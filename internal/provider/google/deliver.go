package google

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
	"holdfast/internal/tzdata"
)

// Deliver is provider.Calendar's: the copy is a private one, made by an import under the organizer's UID. Nobody gets a
// mail of it.
func (c *Calendar) Deliver(ctx context.Context, ref series.Ref, organizers series.Event, attendee string) (series.Ref, error) {
	const op = "deliver"
	if _, err := tzdata.Location(organizers.Zone); err != nil {
		return series.Ref{}, permanent(op, "move the series to a time zone with a name, such as Europe/Berlin",
			"organizer's event %s: Google knows no zone like its", opaque(organizers.ID))
	}
	w, err := c.copyOf(ctx, op, ref, organizers)
	if err != nil {
		return series.Ref{}, err
	}
	d := &delivery{edit: w, of: organizers, attendee: series.Address(attendee), organizers: organizers}
	switch {
	case organizers.Cancelled && w == nil:
		return series.Ref{}, nil
	case organizers.Cancelled:
		if err := c.remove(ctx, w.e.Ref, false); err != nil && !gone(err) {
			return series.Ref{}, c.fail(op, err)
		}
		return series.Ref{}, nil
	case w == nil:
		d.of = organizers
		d.of.Delivered = organizers.Delivery(c.now())
		return d.first(ctx, c)
	}
	d.of = organizers.For(w.e, c.now())
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
		switch m := all[i]; {
		case m.Status == cancelled && organizers.Cancelled:
			return nil, nil
		case m.Status == cancelled:
			if all[i], err = c.patch(ctx, m.Id, m.Etag, &calendar.Event{Status: confirmed}, false); err != nil {
				return nil, c.fail(op, err)
			}
		}
		ref = series.Ref{ID: all[i].Id, Version: all[i].Etag}
	}
	return c.begin(ctx, op, ref)
}

// delivery writes the organizer's event to a copy.
type delivery struct {
	*edit      // of the copy; nil for a new one
	organizers series.Event
	of         series.Event // what the copy is to say
	attendee   string
}

// stored is the mark that the copy carries, with what is said to be delivered.
func (d *delivery) stored(delivered string) stored {
	return stored{Mark: d.of.Mark, derived: d.of.Derived, delivered: delivered}
}

// begun is what is said to be delivered to the copy, as it is now, while there are occurrences left to write.
func (d *delivery) begun(is series.Event, parts bool, now time.Time) string {
	if !parts || d.of.Shows(is, now) {
		return d.of.Delivered
	}
	return d.organizers.Begun(is, d.of, now)
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

// once are the guests, each only once, as Google wants it: other calendars' programs may list one again. The owner's
// answer is stat.
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
	bare := d.of
	bare.Overrides = slices.DeleteFunc(slices.Clone(d.of.Overrides), func(o series.Override) bool { return !o.Cancelled })
	mark := d.stored(d.begun(bare, len(bare.Overrides) < len(d.of.Overrides), c.now()))
	e := &calendar.Event{
		ICalUID: d.of.UID, Status: confirmed, Summary: d.of.Title, Location: d.of.Place,
		Start: timed(d.of.Start, d.of.Zone), End: timed(d.of.Start.Add(d.of.Duration), d.of.Zone), Recurrence: d.recurrence(),
		Organizer: &calendar.EventOrganizer{Email: d.of.Organizer}, Attendees: d.attendees(d.of.Guests, answerIn(d.of.Guests, d.attendee)),
		Visibility: "private", Transparency: opaqueTime, ExtendedProperties: withMark(mark),
	}
	if d.of.Link != "" {
		e.Description, e.Attachments = setLink(e, d.of.Link, "")
	}
	m, err := c.importCopy(ctx, e)
	if err != nil {
		return series.Ref{}, c.fail("deliver", err)
	}
	d.edit = &edit{
		c:      c,
		op:     "deliver",
		r:      c.reader(d.of.Mark.Org, ""),
		g:      group{master: m},
		mark:   mark,
		change: &calendar.Event{},
	}
	if d.e, err = d.r.event(d.g); err != nil {
		return series.Ref{}, permanent(d.op, "", "copy %s: %w", opaque(m.Id), err)
	}
	return d.occurrences(ctx, d.e)
}

// again updates a copy. Its owner's answer stays, but where the time changed (RFC 5546 section 3.2.2.1), and so does
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
	is, was := d.of, before
	is.Overrides, was.Overrides = nil, nil
	for _, o := range d.of.Overrides {
		if o.Cancelled {
			is.Excluded = append(slices.Clone(is.Excluded), o.Original)
		}
	}
	if was.Times() != is.Times() {
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
	d.mark = d.stored(d.begun(before, len(d.of.Overrides)+len(d.g.exceptions) > 0, d.c.now()))
	d.remember()
	d.tell = false
	if err := d.storeWhole(ctx); err != nil {
		return series.Ref{}, err
	}
	return d.occurrences(ctx, before)
}

// storeWhole is store, where Google's answer shows what was sent.
func (d *delivery) storeWhole(ctx context.Context) error {
	sent := d.change
	if _, err := d.store(ctx); err != nil {
		return err
	}
	return d.shown(sent, d.g.master)
}

// shown is the error where Google answered a change with success and left the event as it was: it does so with one
// that is not the account's to change.
func (d *delivery) shown(sent, got *calendar.Event) error {
	differs := func(a, b *calendar.EventDateTime) bool {
		x, ok := momentOf(a, d.r.zone)
		y, _ := momentOf(b, d.r.zone)
		return ok && !x.Equal(y.Time)
	}
	what := ""
	switch {
	case sent.Status != "" && sent.Status != got.Status:
		what = "the status"
	case got.Status == cancelled: // which may come with nothing of what it was
	case differs(sent.Start, got.Start), differs(sent.End, got.End):
		what = "the time"
	case slices.Contains(sent.ForceSendFields, "Location") && series.Digest(sent.Location) != series.Digest(got.Location):
		what = "the place"
	case sent.Recurrence != nil && len(sent.Recurrence) != len(got.Recurrence):
		what = "the recurrence"
	case sent.ExtendedProperties != nil && markOf(got).delivered != markOf(sent).delivered:
		what = "the mark"
	default:
		return nil
	}
	return permanent(d.op, "see whether the account may change this event: its organizer can, and who made a private copy",
		"copy %s: Google answered with success and left %s as it was", opaque(got.Id), what)
}

// people are the attendees that the copy e is to have, with the owner's answer; nil where it has them.
func (d *delivery) people(e *calendar.Event, guests []series.Guest, stat series.PartStat) []*calendar.EventAttendee {
	if slices.Equal(d.r.guests(e), d.once(guests, stat)) {
		return nil
	}
	return d.attendees(guests, stat)
}

// occurrences writes the overrides. before is the copy as it was.
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
		if change := d.occurrenceOf(x, o, before); change != nil {
			if d.edited(x, o, before) {
				return series.Ref{}, d.c.conflict(d.op, errBusy)
			}
			got, err := d.c.patch(ctx, x.Id, x.Etag, change, false)
			if err == nil {
				err = d.shown(change, got)
			}
			if err != nil {
				return series.Ref{}, d.fail(err)
			}
		}
	}
	// What is left are exceptions that the owner's answers or edits made, or that the organizer took out again.
	raced := false // the owner changed one of them meanwhile
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
		plain := series.Override{
			Original: original,
			Start:    original,
			Duration: e.Duration,
			Place:    d.of.Place,
			Link:     d.of.Link,
			Guests:   d.of.Guests,
		}
		change := d.occurrenceOf(x, plain, before)
		if change != nil && d.edited(x, plain, before) {
			raced = true
			return nil
		}
		return change
	})
	if raced {
		return series.Ref{}, d.c.conflict(d.op, errBusy)
	}
	if err != nil || d.mark.delivered == d.of.Delivered {
		return ref, err
	}
	d.mark = d.stored(d.of.Delivered)
	d.remember()
	if err := d.storeWhole(ctx); err != nil {
		return series.Ref{}, err
	}
	return d.e.Ref, nil
}

// edited reports whether the copy's owner changed the occurrence x since the copy was read as before.
func (d *delivery) edited(x *calendar.Event, o series.Override, before series.Event) bool {
	had, ok := heldAt(before, o.Original)
	switch {
	case !ok || before.Slot() != d.of.Slot():
		return false
	case x.Status == cancelled:
		return true
	}
	start, _ := momentOf(x.Start, d.r.zone)
	is := length(start, x.End)
	return !(start.Equal(had.Start) && is == had.Duration || start.Equal(o.Start) && is == o.Duration)
}

// heldAt is the occurrence as the event has it, if it takes place.
func heldAt(e series.Event, original time.Time) (series.Override, bool) {
	for _, m := range e.Meetings(original, original.Add(time.Second)) {
		if m.Original.Equal(original) && !m.Cancelled {
			return m.Override, true
		}
	}
	return series.Override{}, false
}

// occurrenceOf is the change that makes the occurrence x what o says; nil if it does. The owner's answer is that to the
// occurrence as the copy had it, if it still is at that time.
func (d *delivery) occurrenceOf(x *calendar.Event, o series.Override, before series.Event) *calendar.Event {
	had, _ := heldAt(before, o.Original)
	stat := cmp.Or(answerIn(had.Guests, d.attendee), answerIn(before.Guests, d.attendee))
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
