package google

import (
	"context"
	"crypto/rand"
	"fmt"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Doctor tries whatever the daemon will need: sign in as the person, read their calendar, write to it (an event of the year
// 2000 without people, which is deleted again). What cannot be tried since something before failed is left out.
func (c *Calendar) Doctor(ctx context.Context) []provider.Finding {
	var out []provider.Finding
	ok := func(check, format string, args ...any) {
		out = append(out, provider.Finding{Check: check, OK: true, Text: fmt.Sprintf(format, args...)})
	}
	bad := func(check string, err error) []provider.Finding {
		err = c.fail(check, err)
		return append(out, provider.Finding{Check: check, Text: err.Error(), Hint: provider.HintOf(err)})
	}
	if err := c.spend(ctx, 1); err != nil {
		return bad("reach", err)
	}
	page, err := c.api.Events.List(c.id).MaxResults(1).Fields("timeZone,accessRole").Context(ctx).Do(c.quotaUser())
	switch kind := provider.KindOf(c.fail("", err)); {
	case err != nil && kind == provider.Transient:
		return bad("reach", err)
	case err != nil && kind == provider.Auth:
		return bad("sign in", err)
	case err != nil:
		return bad("calendar", err)
	}
	ok("reach", "Google answers")
	ok("sign in", "as the person")
	ok("read", "as %s, in zone %s", page.AccessRole, page.TimeZone)
	if page.AccessRole != "owner" && page.AccessRole != "writer" {
		return append(out, provider.Finding{Check: "write", Text: "the calendar may be read only",
			Hint: "use the person's own calendar: whoever signs in must own it"})
	}
	if err := c.tryWrite(ctx); err != nil {
		return bad("write", err)
	}
	ok("write", "an event was stored and deleted")
	if c.noMeet.Load() {
		out = append(out, provider.Finding{
			Check: "video",
			Text:  "Google refuses to add a Meet conference to this person's events: their 1:1s are booked without",
			Hint:  "turn Google Meet on for them in the Google admin console, or take video: meet out of the settings",
		})
	} else if c.a.Meet {
		ok("video", "Google Meet")
	}
	ok("invitations", "Google delivers them")
	return out
}

// tryWrite stores an event that nobody is invited to and nobody will see, and deletes it.
func (c *Calendar) tryWrite(ctx context.Context) error {
	trial := &calendar.Event{
		Summary:      "Holdfast tries whether it may write here",
		Visibility:   "private",
		Transparency: transparent,
		Start:        &calendar.EventDateTime{DateTime: "2000-01-01T00:00:00Z"},
		End:          &calendar.EventDateTime{DateTime: "2000-01-01T00:01:00Z"},
	}
	if c.a.Meet {
		c.noMeet.Store(false)
		trial.ConferenceData = meet(rand.Text())
	}
	e, err := c.insert(ctx, trial, false)
	if err != nil {
		return err
	}
	return c.remove(ctx, series.Ref{ID: e.Id, Version: e.Etag}, false)
}
