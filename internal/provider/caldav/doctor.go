package caldav

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"

	"holdfast/internal/provider"
)

// Doctor tries whatever the daemon will need: reach the server, log in, find the calendar, read it, write to it (an
// event of the year 2000 without people, which is deleted again), and looks at who delivers invitations. What cannot be
// tried since something before failed is left out.
func (c *Calendar) Doctor(ctx context.Context) []provider.Finding {
	var out []provider.Finding
	ok := func(check, format string, args ...any) {
		out = append(out, provider.Finding{Check: check, OK: true, Text: fmt.Sprintf(format, args...)})
	}
	bad := func(check string, err error) []provider.Finding {
		err = fail(check, err)
		return append(out, provider.Finding{Check: check, Text: err.Error(), Hint: provider.HintOf(err)})
	}
	cal, err := c.calendar(ctx)
	if err != nil {
		switch kind, _, _ := classify(err); {
		case kind == provider.Transient:
			return bad("reach", err)
		case statusOf(err) == http.StatusUnauthorized, errors.As(err, new(*passwordError)):
			return bad("log in", err)
		}
		return bad("calendar", err)
	}
	ok("reach", "the server answers")
	ok("log in", "the password is taken")
	ok("calendar", "found at %s", cal.url.Path)

	l, err := c.c.list(ctx, cal, "")
	if err != nil {
		return bad("read", err)
	}
	objects, err := c.c.fetch(ctx, cal, slices.Collect(maps.Keys(l.members)))
	if err != nil {
		return bad("read", err)
	}
	how := "the server says what changed"
	if !cal.sync {
		how = "the server cannot say what changed, so every reading lists them all"
	}
	unread := slices.DeleteFunc(objects, func(x object) bool { return x.why == "" })
	f := provider.Finding{Check: "read", OK: true, Text: fmt.Sprintf("%d objects; %s", len(l.members), how)}
	if len(unread) > 0 {
		f.Text += fmt.Sprintf("; %d cannot be read and are left out, such as %s: %s",
			len(unread), path.Base(unread[0].path), unread[0].why)
		f.Note = true
		f.Hint = "open it in a calendar app and save it anew, or delete it: Holdfast does not see what it holds"
	}
	out = append(out, f)

	if err := c.tryWrite(ctx, cal); err != nil {
		out = bad("write", err)
	} else {
		ok("write", "an event was stored, read back and deleted")
	}
	return append(out, c.invitations(cal))
}

// tryWrite stores an event that nobody is invited to and nobody will see, and deletes it.
func (c *Calendar) tryWrite(ctx context.Context, cal *collection) error {
	id := "holdfast-doctor-" + opaque(cal.path()+c.o.Org) + "@" + c.o.Org
	u := cal.object(fileName(id))
	defer lock(u.EscapedPath())()
	if left, err := c.c.get(ctx, u); err == nil { // of an earlier try that was cut off
		if err := c.c.remove(ctx, u, left.tag); err != nil {
			return err
		}
	}
	text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Holdfast//Holdfast 1//EN\r\nBEGIN:VEVENT\r\nUID:" + id +
		"\r\nDTSTAMP:" + c.o.Clock().UTC().Format("20060102T150405Z") +
		"\r\nDTSTART:20000101T000000Z\r\nDTEND:20000101T000100Z\r\nSUMMARY:Holdfast tries whether it may write here\r\n" +
		"CLASS:PRIVATE\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if _, err := c.store(ctx, "write", u, "", []byte(text)); err != nil {
		return err
	}
	stored, err := c.c.get(ctx, u)
	if err != nil {
		return err
	}
	return c.c.remove(ctx, u, stored.tag)
}

// invitations says who delivers invitations to the others.
func (c *Calendar) invitations(cal *collection) provider.Finding {
	f := provider.Finding{Check: "invitations", OK: true, Text: "Holdfast delivers them: the server does not"}
	switch {
	case c.o.Scheduling == "server" && !cal.schedules:
		f.OK, f.Text = false, "the server delivers none, and the settings say that it does"
		f.Hint = "set scheduling to auto or holdfast"
	case cal.davical && c.delivers(cal):
		f.OK, f.Text = false, "the settings leave them to the server, and DAViCal loses changes and refuses deletions"
		f.Hint = "set scheduling to auto or holdfast"
	case cal.davical && c.o.Scheduling != "holdfast":
		f.Text = "Holdfast delivers them: DAViCal would lose changes"
	case cal.schedules && !c.delivers(cal):
		f.Text = "Holdfast delivers them: the settings say so"
	case cal.schedules:
		f.Text = "the server delivers them"
		_, named := c.o.Headers["Schedule-Address"]
		if !named && !slices.ContainsFunc(cal.addresses, c.o.owns) {
			f.Text += "; the account is not the person's own"
			f.Hint = `some servers deliver nothing that another account wrote: on Cyrus set headers: {Schedule-Address: "mailto:{person.email}"}`
		}
	}
	return f
}
