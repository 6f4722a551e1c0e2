package google

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"

	"holdfast/internal/series"
)

// Whom Google tells of a write (parameter sendUpdates). Guests with a Google calendar see every write; this is about
// mails.
const (
	tellAll  = "all"
	tellNone = "none"
)

// mails says whom to tell.
func mails(tell bool) string {
	if tell {
		return tellAll
	}
	return tellNone
}

// pageSize is the most that Google puts on a page.
const pageSize = 2500

// parts are what is asked for of every event. Of a conference only whether it came about is; reminders are never
// looked at.
const parts = "id,etag,status,created,summary,description,location,start,end,originalStartTime,recurringEventId,recurrence," +
	"transparency,visibility,iCalUID,sequence,eventType,attachments,organizer(email,self)," +
	"attendees(email,displayName,organizer,self,resource,optional,responseStatus,comment,additionalGuests)," +
	"extendedProperties/private,hangoutLink,conferenceData/createRequest/status/statusCode"

// wholeParts is parts with all else that people put on an event.
const wholeParts = parts + ",extendedProperties/shared,reminders,colorId,source," +
	"guestsCanInviteOthers,guestsCanModify,guestsCanSeeOtherGuests,conferenceData/conferenceSolution/key/type"

// Tokens of pages and of changes come only where they are named.
const (
	parted = googleapi.Field(parts)
	listed = googleapi.Field("nextPageToken,nextSyncToken,timeZone,items(" + parts + ")")
)

// listing is what a calendar says it has, or what changed in it.
type listing struct {
	full  bool // items is all there is, not just what changed
	items []*calendar.Event
	token string // to go on from
	zone  string // of the calendar
}

// list asks what changed since token, "" for all there is, and walks the pages to their end: only the last one has the
// token, and some before it may be empty. The parameters are the same with and without token, as Google wants it.
func (c *Calendar) list(ctx context.Context, token string) (*listing, error) {
	out := &listing{full: token == ""}
	call := c.api.Events.List(c.id).MaxResults(pageSize).Fields(listed).Context(ctx)
	if token != "" {
		call.SyncToken(token)
	}
	for {
		if err := c.spend(ctx, 1); err != nil {
			return nil, err
		}
		page, err := call.Do(c.quotaUser())
		if err != nil {
			return nil, err
		}
		if out.items = append(out.items, page.Items...); len(out.items) > maxItems {
			return nil, tooLarge("there are more than %d events", maxItems)
		}
		out.zone = page.TimeZone
		if page.NextPageToken == "" {
			out.token = page.NextSyncToken
			return out, nil
		}
		call.PageToken(page.NextPageToken)
	}
}

// byUID are all events with that UID: a series with the occurrences that differ from it, cancelled ones too.
func (c *Calendar) byUID(ctx context.Context, uid string) ([]*calendar.Event, error) {
	return c.partsOf(ctx, uid, listed)
}

// partsOf is byUID with those fields of a listing.
func (c *Calendar) partsOf(ctx context.Context, uid string, fields googleapi.Field) ([]*calendar.Event, error) {
	call := c.api.Events.List(c.id).ICalUID(uid).ShowDeleted(true).MaxResults(pageSize).Fields(fields).Context(ctx)
	var out []*calendar.Event
	for {
		if err := c.spend(ctx, 1); err != nil {
			return nil, err
		}
		page, err := call.Do(c.quotaUser())
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if page.NextPageToken == "" {
			return out, nil
		}
		call.PageToken(page.NextPageToken)
	}
}

// get reads one event. A deleted one is answered as cancelled, or with 404 or 410.
func (c *Calendar) get(ctx context.Context, id string) (*calendar.Event, error) {
	if err := c.spend(ctx, 1); err != nil {
		return nil, err
	}
	return c.api.Events.Get(c.id, id).Fields(parted).Context(ctx).Do(c.quotaUser())
}

// read reads a series with the occurrences that differ from it.
func (c *Calendar) read(ctx context.Context, id string) (group, error) {
	m, err := c.get(ctx, id)
	if err != nil {
		return group{}, err
	}
	return c.complete(ctx, m)
}

// errPartial is for a listing that lacks what is known to be there.
var errPartial = errors.New("the listing is not complete")

// complete is the series of m with the occurrences that differ from it.
func (c *Calendar) complete(ctx context.Context, m *calendar.Event) (group, error) {
	g := group{master: m, exceptions: map[string]*calendar.Event{}}
	if len(m.Recurrence) == 0 {
		return g, nil
	}
	all, err := c.byUID(ctx, m.ICalUID)
	if err != nil {
		return group{}, err
	}
	return g.with(all)
}

// whole is a series with the occurrences that differ from it, and all that people put on them.
func (c *Calendar) whole(ctx context.Context, id string) (group, error) {
	if err := c.spend(ctx, 1); err != nil {
		return group{}, err
	}
	m, err := c.api.Events.Get(c.id, id).Fields(wholeParts).Context(ctx).Do(c.quotaUser())
	if err != nil {
		return group{}, err
	}
	all, err := c.partsOf(ctx, m.ICalUID, "nextPageToken,items("+wholeParts+")")
	if err != nil {
		return group{}, err
	}
	return group{master: m, exceptions: map[string]*calendar.Event{}}.with(all)
}

// with is the group as a listing of its UID has it.
func (g group) with(all []*calendar.Event) (group, error) {
	m, listed := g.master, false
	for _, x := range all {
		if x.Id == m.Id {
			listed, g.master = true, x // as new as its exceptions
		}
		if x.RecurringEventId == m.Id {
			g.exceptions[x.Id] = x
		}
	}
	if !listed && m.Status != cancelled {
		return group{}, errPartial
	}
	return g, nil
}

// instance is one occurrence of a series, whether it differs or not; nil if the series has none there. Its id tells
// series and original start, but for series that were split off, where Google is asked for it.
func (c *Calendar) instance(ctx context.Context, id string, original moment) (*calendar.Event, error) {
	form, key := time.RFC3339, original.UTC().Format(utcForm)
	if original.date {
		form, key = time.DateOnly, original.Format(dateForm)
	}
	x, err := c.get(ctx, id+"_"+key)
	if err == nil && x.RecurringEventId == id || err != nil && !gone(err) {
		return x, err
	}
	call := c.api.Events.Instances(c.id, id).OriginalStart(original.Format(form)).ShowDeleted(true).MaxResults(pageSize).Fields("nextPageToken,items(" + parts + ")").Context(ctx)
	for {
		if err := c.spend(ctx, 1); err != nil {
			return nil, err
		}
		page, err := call.Do(c.quotaUser())
		if err != nil {
			return nil, err
		}
		for _, x := range page.Items {
			if at, ok := momentOf(x.OriginalStartTime, original.zone); ok && at.Equal(original.Time) {
				return x, nil
			}
		}
		if page.NextPageToken == "" {
			return nil, nil
		}
		call.PageToken(page.NextPageToken)
	}
}

// patch changes the named fields of an event that has that etag.
func (c *Calendar) patch(ctx context.Context, id, etag string, change *calendar.Event, tell bool) (*calendar.Event, error) {
	if err := c.spend(ctx, patchCost); err != nil {
		return nil, err
	}
	call := c.api.Events.Patch(c.id, id, change).SendUpdates(mails(tell)).SupportsAttachments(true).Context(ctx)
	call.Header().Set("If-Match", etag)
	return call.Do(c.quotaUser())
}

// insert makes an event. Its id makes a repeat safe. Where the person's account may not have the video conference that
// it asks for, it is made without: Google refuses the whole event then, with "Invalid conference type value.".
func (c *Calendar) insert(ctx context.Context, e *calendar.Event, tell bool) (*calendar.Event, error) {
	made, err := c.insertAsIs(ctx, e, tell)
	if e.ConferenceData == nil || codeOf(err) != http.StatusBadRequest {
		return made, err
	}
	without := *e
	without.ConferenceData = nil
	private := map[string]string{videoKey: videoRefused}
	if e.ExtendedProperties != nil {
		maps.Copy(private, e.ExtendedProperties.Private)
	}
	without.ExtendedProperties = &calendar.EventExtendedProperties{Private: private}
	if e.ExtendedProperties != nil {
		without.ExtendedProperties.Shared = e.ExtendedProperties.Shared
	}
	made, again := c.insertAsIs(ctx, &without, tell)
	if again != nil {
		return nil, err
	}
	c.noMeet.Store(true)
	return made, nil
}

func (c *Calendar) insertAsIs(ctx context.Context, e *calendar.Event, tell bool) (*calendar.Event, error) {
	if err := c.spend(ctx, 1); err != nil {
		return nil, err
	}
	return c.api.Events.Insert(c.id, e).SendUpdates(mails(tell)).SupportsAttachments(true).ConferenceDataVersion(1).Context(ctx).Do(c.quotaUser())
}

// importCopy makes a private copy of an event that somebody organizes elsewhere.
func (c *Calendar) importCopy(ctx context.Context, e *calendar.Event) (*calendar.Event, error) {
	if err := c.spend(ctx, 1); err != nil {
		return nil, err
	}
	return c.api.Events.Import(c.id, e).SupportsAttachments(true).Context(ctx).Do(c.quotaUser())
}

// remove deletes an event that has that etag.
func (c *Calendar) remove(ctx context.Context, ref series.Ref, tell bool) error {
	if err := c.spend(ctx, 1); err != nil {
		return err
	}
	call := c.api.Events.Delete(c.id, ref.ID).SendUpdates(mails(tell)).Context(ctx)
	call.Header().Set("If-Match", ref.Version)
	return call.Do(c.quotaUser())
}
