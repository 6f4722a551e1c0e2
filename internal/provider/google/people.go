package google

import (
	"context"
	"slices"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// invite makes p's guests the guests of the series. The organizer stays: on Google it is the calendar's owner. Rooms
// stay.
func (w *edit) invite(p series.PeoplePatch) {
	all := w.change.Attendees // asked again already, for another slot
	if all == nil {
		all = w.g.master.Attendees
	}
	if now := w.r.attendees(w.g.master, all, p.Guests); !sameAttendees(now, all) {
		w.change.Attendees = now
		w.set("Attendees")
		w.tell = true
	}
	var guests []string
	for _, g := range p.Guests {
		guests = append(guests, g.Email)
	}
	w.wrote(series.FieldPeople, series.DigestPeople(p.Organizer.Email, guests))
}

// attendees are those of m after guests are made its guests. Who was there under any address keeps their answer.
func (r reader) attendees(
	m *calendar.Event,
	all []*calendar.EventAttendee,
	guests []series.Person,
) []*calendar.EventAttendee {
	var out []*calendar.EventAttendee
	have := map[string]bool{}
	for _, a := range all {
		if !r.isGuest(m, a) {
			out = append(out, a)
			continue
		}
		i := slices.IndexFunc(guests, func(g series.Person) bool { return g.Is(a.Email) })
		if i < 0 || have[guests[i].Email] {
			continue
		}
		have[guests[i].Email] = true
		if want := series.Address(guests[i].Email); series.Address(a.Email) != want {
			a = &calendar.EventAttendee{
				Email:          want,
				DisplayName:    a.DisplayName,
				ResponseStatus: a.ResponseStatus,
				Optional:       a.Optional,
			}
		}
		out = append(out, a)
	}
	for _, g := range guests {
		if !have[g.Email] {
			have[g.Email] = true
			out = append(out, invited(g))
		}
	}
	return out
}

// furnish is all with the room of one place instead of that of another. Rooms that are of neither stay.
func (c *Calendar) furnish(all []*calendar.EventAttendee, from, to string) []*calendar.EventAttendee {
	was, want := series.Address(c.a.Rooms[from]), series.Address(c.a.Rooms[to])
	if was == want {
		return all
	}
	out := slices.DeleteFunc(slices.Clone(all), func(a *calendar.EventAttendee) bool {
		return a.Resource && (series.Address(a.Email) == was || series.Address(a.Email) == want)
	})
	if want != "" {
		i := slices.IndexFunc(all, func(a *calendar.EventAttendee) bool { return series.Address(a.Email) == want })
		if i >= 0 {
			return append(out, all[i])
		}
		out = append(
			out,
			&calendar.EventAttendee{Email: want, DisplayName: to, Resource: true, ResponseStatus: answers[series.NeedsAction]},
		)
	}
	return out
}

// relocate puts into change, one of e, what makes the meeting take place elsewhere.
func (w *edit) relocate(change, e *calendar.Event, place string) {
	change.Location = place
	change.ForceSendFields = append(change.ForceSendFields, "Location")
	if !w.r.own(w.r.organizer(w.g.master)) {
		return // rooms are the organizer's to ask for
	}
	all := change.Attendees
	if all == nil {
		all = e.Attendees
	}
	if now := w.c.furnish(all, e.Location, place); !sameAttendees(now, all) {
		change.Attendees = now
		change.ForceSendFields = append(change.ForceSendFields, "Attendees")
	}
}

// invited is the attendee that a person becomes.
func invited(p series.Person) *calendar.EventAttendee {
	return &calendar.EventAttendee{
		Email:          series.Address(p.Email),
		DisplayName:    p.Name,
		ResponseStatus: answers[series.NeedsAction],
	}
}

// isGuest reports whether a is a person other than the organizer.
func (r reader) isGuest(m *calendar.Event, a *calendar.EventAttendee) bool {
	organizer, address := r.organizer(m), r.address(a.Email, a.Self)
	return !a.Resource && !a.Organizer && address != "" && address != organizer && !(r.own(organizer) && r.own(address))
}

// invitedTo are the attendees of the exception x when the guests of its series become p's: it is added to and taken
// from as the series is. Who was taken out of this one alone stays out, who was added to it alone stays in.
func (r reader) invitedTo(x, was *calendar.Event, p series.PeoplePatch) []*calendar.EventAttendee {
	on := func(m *calendar.Event, g series.Person) bool {
		return slices.ContainsFunc(r.guests(m), func(y series.Guest) bool { return g.Is(y.Address) })
	}
	var guests []series.Person
	for _, g := range p.Guests {
		if on(x, g) || !on(was, g) {
			guests = append(guests, g)
		}
	}
	for _, y := range r.guests(x) {
		ofSeries := slices.ContainsFunc(r.guests(was), func(z series.Guest) bool { return z.Address == y.Address })
		if !ofSeries && !slices.ContainsFunc(guests, func(g series.Person) bool { return g.Is(y.Address) }) {
			guests = append(guests, series.Person{Email: y.Address})
		}
	}
	return r.attendees(x, x.Attendees, guests)
}

// sameAttendees reports whether both name the same people with the same answers.
func sameAttendees(a, b []*calendar.EventAttendee) bool {
	return slices.EqualFunc(a, b, func(x, y *calendar.EventAttendee) bool {
		return series.Address(x.Email) == series.Address(y.Email) && x.ResponseStatus == y.ResponseStatus
	})
}

// unanswered are the attendees, asked again. The organizer and rooms are not.
func (r reader) unanswered(m *calendar.Event, all []*calendar.EventAttendee) []*calendar.EventAttendee {
	var out []*calendar.EventAttendee
	for _, a := range all {
		if r.isGuest(m, a) {
			a = answered(a, series.NeedsAction)
		}
		out = append(out, a)
	}
	return out
}

// answered is the attendee with that answer.
func answered(a *calendar.EventAttendee, stat series.PartStat) *calendar.EventAttendee {
	b := *a
	b.ResponseStatus = answers[stat]
	return &b
}

// withAnswer are the attendees with the person's answer; nil where they are not invited, or it is no other than it was.
func withAnswer(all []*calendar.EventAttendee, attendee string, stat series.PartStat) []*calendar.EventAttendee {
	i := slices.IndexFunc(
		all,
		func(a *calendar.EventAttendee) bool { return series.Address(a.Email) == series.Address(attendee) },
	)
	if i < 0 || answerOf(all[i].ResponseStatus) == stat {
		return nil
	}
	all = slices.Clone(all)
	all[i] = answered(all[i], stat)
	return all
}

// Answer is provider.Calendar's. Nobody is told: who answered knows.
func (c *Calendar) Answer(
	ctx context.Context,
	ref series.Ref,
	attendee string,
	given []provider.Answer,
) (series.Ref, error) {
	w, err := c.begin(ctx, "answer", ref)
	if err != nil {
		return series.Ref{}, err
	}
	wrote := false
	for _, a := range given {
		if a.Original.IsZero() {
			if all := withAnswer(w.g.master.Attendees, attendee, a.PartStat); all != nil {
				w.change.Attendees, w.dirty = all, true
			}
		}
	}
	if ref, err = w.store(ctx); err != nil {
		return series.Ref{}, err
	}
	for _, a := range given {
		if a.Original.IsZero() {
			continue
		}
		x, err := c.instance(ctx, ref.ID, w.moment(a.Original))
		if err != nil {
			return series.Ref{}, w.fail(err)
		}
		if x == nil || x.Status == cancelled {
			continue
		}
		if all := withAnswer(x.Attendees, attendee, a.PartStat); all != nil {
			if _, err := c.patch(ctx, x.Id, x.Etag, &calendar.Event{Attendees: all}, false); err != nil {
				return series.Ref{}, w.fail(err)
			}
			wrote = true
		}
	}
	if !wrote {
		return ref, nil
	}
	m, err := c.get(ctx, ref.ID)
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	return series.Ref{ID: m.Id, Version: m.Etag}, nil
}

// Invite is provider.Calendar's. Google mails the guest, whose answer is asked for anew. Whether a calendar from which
// they removed the event shows it again is Google's affair: where it does not, what is undelivered stays so.
func (c *Calendar) Invite(ctx context.Context, ref series.Ref, attendee string) (series.Ref, error) {
	w, err := c.begin(ctx, "invite", ref)
	if err != nil {
		return series.Ref{}, err
	}
	w.change.Attendees = w.g.master.Attendees
	if all := withAnswer(w.g.master.Attendees, attendee, series.NeedsAction); all != nil {
		w.change.Attendees = all
	}
	w.change.Sequence = w.g.master.Sequence + 1
	w.set("Attendees")
	w.tell = true
	return w.store(ctx)
}

// selves are the addresses under which Google says that people of these events are the calendar's owner (self).
func selves(events []*calendar.Event) []string {
	var out []string
	add := func(address string) {
		if a := series.Address(address); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, e := range events {
		if e.Organizer != nil && e.Organizer.Self {
			add(e.Organizer.Email)
		}
		for _, a := range e.Attendees {
			if a.Self {
				add(a.Email)
			}
		}
	}
	return out
}
