package googletest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// view is how an answer is to look.
type view struct {
	role         string
	email        string // of the caller
	zone         string // the timeZone parameter
	maxAttendees int
	bare         bool // of what is deleted nothing but the id
}

// viewOf reads a request's parameters that shape its answer.
func viewOf(c *caller, r *request, role string) (view, *problem) {
	v := view{role: role, email: c.email, zone: r.query.Get("timeZone")}
	if v.zone != "" {
		if _, ok := location(v.zone); !ok {
			return v, invalid("timeZone")
		}
	}
	if m := r.query.Get("maxAttendees"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 {
			return v, invalid("maxAttendees")
		}
		v.maxAttendees = n
	}
	return v, nil
}

func (e *event) etag() string { return fmt.Sprintf(`"%d"`, e.stamp*2) }

// render is o as the calendar of its event tells it.
func (o occurrence) render(v view) object {
	e := o.ev
	id := object{"kind": "calendar#event", "etag": e.etag(), "id": o.id()}
	switch {
	case o.dropped, e.moved, o.cancelled && o.key == "" && v.bare:
		id["status"] = "cancelled"
		return id
	case o.cancelled && o.key != "":
		id["status"], id["recurringEventId"] = "cancelled", e.id
		id["originalStartTime"] = o.original.render(v.zone, e.cal.zone)
		return id
	}
	if v.role == "freeBusyReader" || v.role == "reader" && isPrivate(o.body) {
		id["status"], id["visibility"] = "confirmed", "private"
		id["start"], id["end"] = o.start.render(v.zone, e.cal.zone), o.end.render(v.zone, e.cal.zone)
		if o.key == "" && e.isSeries() {
			id["recurrence"] = e.body["recurrence"]
		}
		return id
	}
	out := clone(o.body)
	for k, def := range map[string]string{"transparency": "opaque", "visibility": "default"} {
		if text(out, k) == def {
			delete(out, k)
		}
	}
	for k, def := range map[string]bool{"guestsCanInviteOthers": true, "guestsCanSeeOtherGuests": true, "guestsCanModify": false} {
		if x, ok := out[k]; ok && x == def {
			delete(out, k)
		}
	}
	for k, d := range map[string]any{"status": "confirmed", "eventType": "default", "reminders": object{"useDefault": true}} {
		if _, ok := out[k]; !ok {
			out[k] = d
		}
	}
	if o.cancelled {
		out["status"] = "cancelled"
	}
	for k, x := range map[string]any{"kind": id["kind"], "etag": id["etag"], "id": id["id"], "iCalUID": e.uid, "sequence": o.sequence,
		"created": milli(e.created), "updated": milli(e.updated), "creator": e.who(e.creator), "organizer": e.who(e.organizer),
		"htmlLink": "https://www.google.com/calendar/event?eid=" + o.id(),
		"start":    o.start.render(v.zone, e.cal.zone), "end": o.end.render(v.zone, e.cal.zone)} {
		out[k] = x
	}
	if o.key != "" || e.series != "" {
		out["recurringEventId"], out["originalStartTime"] = e.id, o.original.render(v.zone, e.cal.zone)
		if e.series != "" {
			out["recurringEventId"] = e.series
		}
	}
	e.renderGuests(out, v)
	for _, a := range list(out, "attachments") {
		if id := fileOf(text(a.(object), "fileUrl")); id != "" {
			a.(object)["fileId"] = id
		}
	}
	if u := meetLink(out); u != "" {
		out["hangoutLink"] = u
	}
	return out
}

func isPrivate(body object) bool {
	return text(body, "visibility") == "private" || text(body, "visibility") == "confidential"
}

func meetLink(body object) string {
	for _, p := range list(sub(body, "conferenceData"), "entryPoints") {
		if text(p.(object), "entryPointType") == "video" {
			return text(p.(object), "uri")
		}
	}
	return ""
}

// who tells an organizer or creator; self is about the calendar in the request, and missing on secondary ones.
func (e *event) who(p person) object {
	out := object{"email": p.email}
	if p.name != "" {
		out["displayName"] = p.name
	}
	if !e.cal.secondary && e.cal.owner.is(p.email) {
		out["self"] = true
	}
	return out
}

func (e *event) renderGuests(out object, v view) {
	all := list(out, "attendees")
	for _, a := range all {
		a := a.(object)
		if text(a, "email") == e.organizer.email {
			a["organizer"] = true
		}
		if !e.cal.secondary && e.cal.owner.is(text(a, "email")) {
			a["self"] = true
		}
	}
	if v.maxAttendees > 0 && len(all) > v.maxAttendees {
		out["attendeesOmitted"] = true
		kept := []any{}
		if a := e.cal.self(out); a != nil {
			kept = append(kept, a)
		}
		out["attendees"] = kept
	}
}

// render tells m on the clock of the calendar, or of the zone that was asked for; then its own zone is lost.
func (m moment) render(asked, calendars string) object {
	if m.allDay {
		return object{"date": m.t.Format(time.DateOnly)}
	}
	zone, on := m.zone, calendars
	if asked != "" {
		zone, on = asked, asked
	}
	loc, ok := location(on)
	if !ok {
		loc = time.UTC
	}
	return object{"dateTime": m.t.In(loc).Format(time.RFC3339), "timeZone": zone}
}

// is reports whether address is one of the user's.
func (u *User) is(address string) bool {
	if u == nil {
		return false
	}
	for _, a := range append([]string{u.Email}, u.Aliases...) {
		if strings.EqualFold(a, address) {
			return true
		}
	}
	return false
}

var fileID = regexp.MustCompile(`^https://(?:docs|drive)\.google\.com/(?:[a-z]+/d/|file/d/|open\?id=)([A-Za-z0-9_-]+)`)

// fileOf is the Drive id in an attachment's link, "" for a link elsewhere.
func fileOf(url string) string {
	if m := fileID.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	return ""
}
