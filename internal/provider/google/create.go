package google

import (
	"context"
	"net/http"
	"slices"
	"time"

	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// maxGenerations bounds the search for a free one.
const maxGenerations = 100

// Create is provider.Calendar's. Of two that ask for one id Google lets one through.
func (c *Calendar) Create(ctx context.Context, s series.Series) (series.Ref, error) {
	const op = "create"
	s.Generation = max(s.Generation, 1)
	old, err := c.predecessor(ctx, s.Carry.From)
	if err != nil {
		return series.Ref{}, err
	}
	s.Carry.Overrides = append(slices.Clip(s.Carry.Overrides), c.noted(s, old)...)
	for range maxGenerations {
		e, err := c.insert(ctx, c.fresh(s, old), !s.ClientDelivers)
		switch {
		case err == nil && len(s.Carry.Overrides) == 0:
			return series.Ref{ID: e.Id, Version: e.Etag}, nil
		case err == nil:
			return c.carry(ctx, series.Ref{ID: e.Id, Version: e.Etag}, s, old)
		case codeOf(err) != http.StatusConflict:
			return series.Ref{}, c.fail(op, err)
		}
		there, alive, err := c.existing(ctx, s)
		if err != nil || alive {
			c.doubt.Store(true) // the last look did not show it
			if err == nil && s.Carry.From != nil && !there.Mark.IsZero() && there.Mark.Carried != s.Mark().Carried {
				return c.carry(ctx, there.Ref, s, old)
			}
			if err != nil {
				return series.Ref{}, c.fail(op, err)
			}
			return provider.Found(there.Ref)
		}
		s.Generation++
	}
	return series.Ref{}, permanent(op, "", "%d generations of pair %s are all over", maxGenerations, s.Pair)
}

// existing is the series that has the identity of s, and whether it goes on. An id that was deleted is never free
// again.
func (c *Calendar) existing(ctx context.Context, s series.Series) (series.Event, bool, error) {
	id := eventID(s.Org, s.Pair, s.Generation)
	g, err := c.read(ctx, id)
	if gone(err) { // which one answer does not prove, where the id is taken
		var all []*calendar.Event
		if all, err = c.byUID(ctx, id+"@google.com"); err == nil {
			i := slices.IndexFunc(all, func(x *calendar.Event) bool { return x.Id == id && x.Status != cancelled })
			if i < 0 {
				return series.Event{}, false, nil
			}
			g, err = c.complete(ctx, all[i])
		}
	}
	switch {
	case err != nil:
		return series.Event{}, false, err
	case g.master.Status == cancelled:
		return series.Event{}, false, nil
	}
	e, err := c.reader(s.Org, "").event(g)
	return e, err == nil && !e.Ended(s.Slot.On(s.First)), err
}

// fresh is the event that books s, with what people put on the old one. What s carries to single meetings is not in
// it, but for cancellations: as long as there is more, its mark does not say that it is complete.
func (c *Calendar) fresh(s series.Series, old group) *calendar.Event {
	start := s.Slot.On(s.First)
	mark := stored{Mark: s.Mark(), client: s.ClientDelivers}
	if len(s.Carry.Overrides) > 0 {
		mark.Carried = ""
	}
	report := invited(s.Report)
	if s.Carry.Answer != "" {
		report = answered(report, s.Carry.Answer)
	}
	e := &calendar.Event{
		Id:         eventID(s.Org, s.Pair, s.Generation),
		Summary:    s.Title,
		Location:   s.Place,
		Start:      timed(start, s.Slot.Zone),
		End:        timed(start.Add(s.Slot.Duration), s.Slot.Zone),
		Recurrence: []string{ruleOf(s.Slot, time.Time{})},
		Attendees: []*calendar.EventAttendee{
			{Email: series.Address(s.Manager.Email), DisplayName: s.Manager.Name, ResponseStatus: answers[series.Accepted]},
			report,
		},
		Transparency:          transparency(s.Carry.Free),
		ExtendedProperties:    withMark(mark),
		GuestsCanInviteOthers: googleapi.Bool(false),
		ForceSendFields:       []string{"GuestsCanModify"},
	}
	if s.Private {
		e.Visibility = "private"
	}
	if old.master != nil {
		inherit(e, old.master)
	}
	for _, g := range s.Carry.Guests {
		e.Attendees = append(e.Attendees, old.attendee(g))
	}
	e.Attendees = c.furnish(e.Attendees, "", s.Place)
	for _, t := range s.Out() {
		e.Recurrence = append(e.Recurrence, exdate(t, s.Slot.Zone, false))
	}
	if s.Link != "" || old.master != nil {
		e.Description, e.Attachments = setLink(e, s.Link, old.written())
	}
	if c.a.Meet || hasMeet(old.master) { // a conference must not be copied: the new series gets one of its own
		e.ConferenceData = meet(e.Id)
	}
	return e
}

// meet asks for a Google Meet conference under that id.
func meet(request string) *calendar.ConferenceData {
	return &calendar.ConferenceData{CreateRequest: &calendar.CreateConferenceRequest{
		RequestId:             request,
		ConferenceSolutionKey: &calendar.ConferenceSolutionKey{Type: "hangoutsMeet"},
	}}
}

// Revive is provider.Calendar's. A deleted event of Google's is cancelled, and can be confirmed again.
func (c *Calendar) Revive(ctx context.Context, e series.Event) (series.Ref, error) {
	const op = "revive"
	kept, err := parseRaw(e.Raw)
	if err != nil {
		return series.Ref{}, permanent(op, "", "event %s: %w", opaque(e.ID), err)
	}
	w := &edit{c: c, op: op, mark: markOf(kept.master), g: kept}
	w.r = c.reader(w.mark.Org, "")
	if w.e, err = w.r.event(kept); err != nil {
		return series.Ref{}, permanent(op, "", "event %s: %w", opaque(e.ID), err)
	}
	there, err := c.get(ctx, e.ID)
	switch {
	case err == nil && there.Status != cancelled:
		return series.Ref{}, c.conflict(op, errThere)
	case err == nil:
		_, err = c.patch(ctx, e.ID, there.Etag, revived(kept.master), !w.mark.client)
	case gone(err):
		w.g.master.Id, err = c.again(ctx, revived(kept.master), e.ID, w.mark)
	}
	if err != nil {
		return series.Ref{}, c.fail(op, err)
	}
	for _, x := range kept.exceptions {
		if err := w.reviveException(ctx, x); err != nil {
			return series.Ref{}, w.fail(err)
		}
	}
	m, err := c.get(ctx, w.g.master.Id)
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	return series.Ref{ID: m.Id, Version: m.Etag}, nil
}

// again makes an event that Google has forgotten, and returns its id. Google gives no id twice: then it is that of
// the next generation that is free, or that has what an earlier try has made.
func (c *Calendar) again(ctx context.Context, m *calendar.Event, id string, mark stored) (string, error) {
	m.ForceSendFields = nil
	for range maxGenerations {
		m.Id = id
		if _, err := c.insert(ctx, m, !mark.client); codeOf(err) != http.StatusConflict {
			return id, err
		}
		there, err := c.get(ctx, id)
		if err == nil && there.Status != cancelled || err != nil && !gone(err) {
			return id, err
		}
		mark.Generation++
		id = eventID(mark.Org, mark.Pair, mark.Generation)
		m.ExtendedProperties.Private[markKey] = mark.String()
	}
	return "", permanent("revive", "", "%d generations of pair %s are all over", maxGenerations, mark.Pair)
}

// revived is what of a kept event is written again.
func revived(m *calendar.Event) *calendar.Event {
	return &calendar.Event{Status: confirmed, Summary: m.Summary, Description: m.Description, Location: m.Location, Start: m.Start, End: m.End,
		Recurrence: m.Recurrence, Attendees: m.Attendees, Attachments: m.Attachments, Transparency: m.Transparency, Visibility: m.Visibility,
		ExtendedProperties: m.ExtendedProperties,
		ForceSendFields:    []string{"Summary", "Description", "Location", "Attendees", "Attachments"}}
}

// reviveException makes an occurrence of the revived series what it was.
func (w *edit) reviveException(ctx context.Context, was *calendar.Event) error {
	original, ok := w.r.original(was)
	if !ok {
		return nil
	}
	x, err := w.c.instance(ctx, w.g.master.Id, original)
	if err != nil || x == nil {
		return err
	}
	change := &calendar.Event{Status: cancelled}
	if was.Status != cancelled {
		change = revived(was)
		change.Recurrence, change.ExtendedProperties = nil, nil
	}
	same := x.Status == was.Status && (was.Status == cancelled || sameMeeting(x, was))
	if same {
		return nil
	}
	_, err = w.c.patch(ctx, x.Id, x.Etag, change, false)
	return err
}

// sameMeeting reports whether both say the same to those who come.
func sameMeeting(a, b *calendar.Event) bool {
	return sameTime(a.Start, b.Start) && sameTime(a.End, b.End) && a.Summary == b.Summary && a.Location == b.Location &&
		a.Description == b.Description && a.Transparency == b.Transparency && sameAttendees(a.Attendees, b.Attendees) &&
		slices.EqualFunc(a.Attachments, b.Attachments, func(x, y *calendar.EventAttachment) bool { return x.FileUrl == y.FileUrl })
}

func sameTime(a, b *calendar.EventDateTime) bool {
	x, ok1 := momentOf(a, "UTC")
	y, ok2 := momentOf(b, "UTC")
	return ok1 == ok2 && x.Equal(y.Time) && x.date == y.date
}
