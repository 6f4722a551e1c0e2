package google

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"

	"holdfast/internal/series"
)

// predecessor is the series that a new one takes over from, as Google has it now or where it is gone as it was;
// without a master where there is none, or where what was kept of it is another calendar's.
func (c *Calendar) predecessor(ctx context.Context, from *series.Event) (group, error) {
	const op = "create"
	if from == nil {
		return group{}, nil
	}
	g, err := c.whole(ctx, from.ID)
	switch {
	case err == nil && g.master.Status == cancelled && g.master.Start != nil:
		return g, nil // deleted, and yet all there
	case gone(err) || err == nil && g.master.Status == cancelled:
		g, _ = parseRaw(from.Raw) // nothing of it may be left
		return g, nil
	case err != nil:
		return group{}, c.fail(op, err)
	case g.master.Etag != from.Version:
		return group{}, c.conflict(op, errChanged)
	}
	return g, nil
}

// inherit gives e what people own of the event whose place it takes.
func inherit(e, old *calendar.Event) {
	e.Description, e.Attachments, e.Visibility = old.Description, old.Attachments, old.Visibility
	e.Reminders, e.ColorId, e.Source = old.Reminders, old.ColorId, old.Source
	if r := e.Reminders; r != nil && !r.UseDefault {
		r.ForceSendFields = []string{"UseDefault"} // no reminder at all is a choice, too
	}
	if old.GuestsCanModify {
		e.GuestsCanModify = true
	}
	if old.GuestsCanInviteOthers == nil { // true is not sent
		e.GuestsCanInviteOthers = googleapi.Bool(true)
	}
	e.GuestsCanSeeOtherGuests = old.GuestsCanSeeOtherGuests
	if p := old.ExtendedProperties; p != nil {
		private := maps.Clone(p.Private)
		delete(private, videoKey)
		maps.Copy(private, e.ExtendedProperties.Private)
		e.ExtendedProperties = &calendar.EventExtendedProperties{Private: private, Shared: p.Shared}
	}
}

// hasMeet reports whether the event has a Google Meet conference.
func hasMeet(e *calendar.Event) bool {
	return e != nil && e.ConferenceData != nil && e.ConferenceData.ConferenceSolution != nil &&
		e.ConferenceData.ConferenceSolution.Key != nil && e.ConferenceData.ConferenceSolution.Key.Type == "hangoutsMeet"
}

// refusedVideo reports whether the event was to have a video conference, was refused it, and has none since.
func refusedVideo(e *calendar.Event) bool {
	p, d := e.ExtendedProperties, e.ConferenceData
	said := p != nil && p.Private[videoKey] == videoRefused
	failed := d != nil && d.CreateRequest != nil && d.CreateRequest.Status != nil &&
		d.CreateRequest.Status.StatusCode == "failure" // taken first, and refused later
	return (said || failed) && e.HangoutLink == ""
}

// written is the digest of the link that the group last had from Holdfast.
func (g group) written() string {
	if g.master == nil {
		return ""
	}
	return markOf(g.master).Written[series.FieldLink]
}

// attendee invites somebody as the group does.
func (g group) attendee(x series.Guest) *calendar.EventAttendee {
	if g.master != nil {
		for _, a := range g.master.Attendees {
			if series.Address(a.Email) == x.Address {
				return answered(&calendar.EventAttendee{Email: a.Email, DisplayName: a.DisplayName, Optional: a.Optional}, x.Answer)
			}
		}
	}
	return answered(invited(series.Person{Email: x.Address}), x.Answer)
}

// carry gives the new series at ref what is still to be carried over to single meetings: those that it has as its own
// become what s.Carry says. Each is a write, and guests are told of those that are at other times or places; the mark
// says last that all is there.
func (c *Calendar) carry(ctx context.Context, ref series.Ref, s series.Series, old group) (series.Ref, error) {
	w, err := c.begin(ctx, "create", ref)
	if err != nil {
		return series.Ref{}, err
	}
	own := func(t time.Time) bool {
		return hits(w.e, t) && !slices.ContainsFunc(w.e.Excluded, t.Equal) &&
			!slices.ContainsFunc(w.e.Overrides, func(o series.Override) bool { return o.Original.Equal(t) })
	}
	lines := slices.Clone(w.g.master.Recurrence)
	for _, t := range s.Carry.Excluded {
		if own(t) {
			lines = append(lines, exdate(t, w.e.Zone, w.g.wholeDays()))
		}
	}
	w.recur(lines)
	var left []series.Carried
	for _, v := range s.Carry.Overrides {
		if own(v.Original) {
			left = append(left, v)
			w.mark.Overridden(v.Override) // before anybody hears of it: no make-up is taken for a person's move
		}
	}
	if len(left) == 0 {
		w.mark.Carried = s.Mark().Carried
	}
	w.remember()
	if ref, err = w.store(ctx); err != nil || len(left) == 0 {
		return ref, err
	}
	for _, v := range left {
		if err := w.carryOne(ctx, v, old); err != nil {
			return series.Ref{}, err
		}
	}
	if w, err = c.beginNow(ctx, "create", ref.ID); err != nil {
		return series.Ref{}, err
	}
	w.mark.Carried = s.Mark().Carried
	w.remember()
	return w.store(ctx)
}

// noted are the meetings to come of old that differ in nothing but what people wrote on them, as the new series is to
// have them. A series.Event does not have those: they are at its time and place.
func (c *Calendar) noted(s series.Series, old group) []series.Carried {
	if old.master == nil {
		return nil
	}
	report := series.Guest{Address: series.Address(s.Report.Email), Answer: cmp.Or(s.Carry.Answer, series.NeedsAction)}
	r := c.reader(s.Org, "")
	var out []series.Carried
	for _, id := range slices.Sorted(maps.Keys(old.exceptions)) {
		y := old.exceptions[id]
		at, ok := r.original(y)
		known := slices.ContainsFunc(s.Carry.Overrides, func(v series.Carried) bool { return v.Was.Equal(at.Time) })
		m := old.master
		same := y.Summary == m.Summary && y.Description == m.Description && y.ColorId == m.ColorId &&
			sameFiles(y.Attachments, m.Attachments)
		if !ok || known || same || y.Status == cancelled || at.Before(c.now()) {
			continue
		}
		day, _ := series.WallClock(at.Time, s.Carry.From.Zone)
		day = s.Slot.InWeek(day)
		out = append(out, series.Carried{
			Was: at.Time,
			Override: series.Override{
				Original: s.Slot.On(day),
				Start:    s.Slot.On(day),
				Duration: s.Slot.Duration,
				Place:    s.Place,
				Link:     s.Link,
				Free:     s.Carry.Free,
				Guests:   append([]series.Guest{report}, s.Carry.Guests...),
			},
		})
	}
	return out
}

// carryOne makes one meeting what v says, with what people put on that of the old series.
func (w *edit) carryOne(ctx context.Context, v series.Carried, old group) error {
	x, err := w.c.instance(ctx, w.g.master.Id, w.moment(v.Original))
	if err != nil {
		return w.fail(err)
	}
	if x == nil {
		return w.c.conflict(w.op, errBusy)
	}
	var was *calendar.Event
	for _, y := range old.exceptions {
		if at, ok := w.r.original(y); ok && at.Equal(v.Was) && y.Status != cancelled {
			was = y
		}
	}
	change, tell := w.occurrence(x, v.Override, func(x *calendar.Event, _ bool) []*calendar.EventAttendee {
		guest := func(a *calendar.EventAttendee) bool { return w.r.isGuest(x, a) }
		people := slices.DeleteFunc(slices.Clone(x.Attendees), guest)
		for _, g := range v.Guests {
			i := slices.IndexFunc(x.Attendees, func(a *calendar.EventAttendee) bool {
				return series.Address(a.Email) == g.Address
			})
			switch {
			case i >= 0:
				people = append(people, answered(x.Attendees[i], g.Answer))
			case was != nil:
				people = append(people, group{master: was}.attendee(g))
			default:
				people = append(people, old.attendee(g))
			}
		}
		if sameAttendees(people, x.Attendees) {
			return nil
		}
		return people
	})
	if change == nil {
		change = &calendar.Event{}
	}
	if v.Free != (x.Transparency == transparent) {
		change.Transparency = transparency(v.Free)
	}
	if was != nil && was.Summary != old.master.Summary {
		change.Summary = was.Summary
	}
	if was != nil && (was.Description != old.master.Description || !sameFiles(was.Attachments, old.master.Attachments)) {
		change.Description, change.Attachments = setLink(was, v.Link, old.written())
		change.ForceSendFields = append(change.ForceSendFields, "Description", "Attachments")
	}
	if was != nil && was.ColorId != old.master.ColorId {
		change.ColorId = was.ColorId
	}
	if reflect.DeepEqual(change, &calendar.Event{}) {
		return nil
	}
	if _, err := w.c.patch(ctx, x.Id, x.Etag, change, tell && !w.mark.client); err != nil {
		return w.fail(err)
	}
	return nil
}

func sameFiles(a, b []*calendar.EventAttachment) bool {
	return slices.EqualFunc(a, b, func(x, y *calendar.EventAttachment) bool { return x.FileUrl == y.FileUrl })
}
