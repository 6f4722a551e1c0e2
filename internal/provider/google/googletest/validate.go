package googletest

import (
	"slices"
	"strings"
	"time"
)

// enums are the values that Google names in the descriptions of these fields.
var enums = map[string][]string{
	"status":       {"confirmed", "tentative", "cancelled"},
	"transparency": {"opaque", "transparent"},
	"visibility":   {"default", "public", "private", "confidential"},
	"eventType":    {"birthday", "default", "focusTime", "outOfOffice", "workingLocation"},
}

var answers = []string{"needsAction", "declined", "tentative", "accepted"}

// readMoment reads a start or end as a client writes it.
func readMoment(o object, zone string) (moment, bool) {
	if day := text(o, "date"); day != "" {
		t, err := time.Parse(time.DateOnly, day)
		return moment{t: t, allDay: true}, err == nil && text(o, "dateTime") == ""
	}
	if z := text(o, "timeZone"); z != "" {
		zone = z
	}
	loc, ok := location(zone)
	if !ok {
		return moment{}, false
	}
	v := text(o, "dateTime")
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return moment{t: t.In(loc), zone: zone}, true
	}
	t, err := time.Parse("2006-01-02T15:04:05", v)
	return moment{t: wall(t, loc), zone: zone}, err == nil
}

// object is m as it is stored, and told to those who are in its zone.
func (m moment) object() object {
	if m.allDay {
		return object{"date": m.t.Format(time.DateOnly)}
	}
	return object{"dateTime": m.local().Format(time.RFC3339), "timeZone": m.zone}
}

// suffix is what an occurrence that starts at m adds to its series' id.
func (m moment) suffix() string {
	if m.allDay {
		return m.t.Format("20060102")
	}
	return m.t.UTC().Format("20060102T150405Z")
}

// check sees that body may be an event, and brings it into the form that is stored. zone is the calendar's.
func (s *Server) check(body object, zone string) *problem {
	if sub(body, "start") == nil {
		return required("Missing start time.")
	}
	if sub(body, "end") == nil {
		return required("Missing end time.")
	}
	series := len(list(body, "recurrence")) > 0
	for _, side := range []string{"start", "end"} {
		o := sub(body, side)
		if text(o, "date") == "" && text(o, "dateTime") == "" {
			return required("Missing " + side + " time.")
		}
		if z := text(o, "timeZone"); z != "" {
			if _, ok := location(z); !ok {
				return bad("invalid", "Invalid time zone definition for "+side+" time.")
			}
		} else if series && text(o, "date") == "" {
			return required("Missing time zone definition for " + side + " time.")
		}
	}
	start, ok := readMoment(sub(body, "start"), zone)
	if !ok {
		return bad("invalid", "Invalid start time.")
	}
	end, ok := readMoment(sub(body, "end"), zone)
	if !ok || start.allDay != end.allDay {
		return bad("invalid", "Start and end times must either both be date or both be dateTime.")
	}
	if end.t.Before(start.t) || start.allDay && end.t.Equal(start.t) {
		return &problem{code: 400, domain: "calendar", reason: "timeRangeEmpty", text: "The specified time range is empty."}
	}
	body["start"], body["end"] = start.object(), end.object()
	if series {
		if _, ok := readRecurrence(texts(body, "recurrence"), start); !ok {
			return bad("invalid", "Invalid recurrence rule.")
		}
	}
	return s.checkParts(body)
}

func (s *Server) checkParts(body object) *problem {
	for _, f := range sorted(enums) {
		if v := text(body, f); v != "" && !slices.Contains(enums[f], v) {
			return bad("invalid", "Invalid value for: "+f)
		}
	}
	if len(list(body, "attachments")) > 25 {
		return bad("invalid", "Too many attachments.")
	}
	for _, a := range list(body, "attachments") {
		if u := text(a.(object), "fileUrl"); !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
			return required("Missing file URL of an attachment.")
		}
	}
	seen := map[string]bool{}
	for _, a := range list(body, "attendees") {
		a := a.(object)
		mail := strings.ToLower(text(a, "email"))
		if mail == "" {
			return required("Missing attendee email.")
		}
		if !strings.Contains(mail, "@") || seen[mail] {
			return bad("invalid", "Invalid attendee email.")
		}
		seen[mail] = true
		if text(a, "responseStatus") == "" {
			a["responseStatus"] = "needsAction"
		}
		if !slices.Contains(answers, text(a, "responseStatus")) {
			return bad("invalid", "Invalid value for: attendees.responseStatus")
		}
	}
	tidyProperties(body)
	return nil
}

// tidyProperties drops keys that are too long and cuts values that are, both silently (guides/extended-properties).
func tidyProperties(body object) {
	for _, kind := range []string{"private", "shared"} {
		for k, v := range sub(sub(body, "extendedProperties"), kind) {
			if v, ok := v.(string); !ok || len(k) > 44 {
				delete(sub(sub(body, "extendedProperties"), kind), k)
			} else if len(v) > 1024 {
				sub(sub(body, "extendedProperties"), kind)[k] = v[:1024]
			}
		}
	}
}

// checkID sees that a client's id is base32hex of 5 to 1024 characters.
func checkID(id string) *problem {
	if len(id) < 5 || len(id) > 1024 || strings.Trim(id, "abcdefghijklmnopqrstuv0123456789") != "" {
		return bad("invalid", "Invalid resource id value.")
	}
	return nil
}

// checkType sees that an event of a special type has what that type needs.
func checkType(body object, cal *calendar) *problem {
	kind := text(body, "eventType")
	if kind == "" || kind == "default" {
		return nil
	}
	if cal.secondary {
		return &problem{code: 400, domain: "calendar", reason: "malformedOutOfOfficeEvent", text: "Events of this type can be created only on primary calendars."}
	}
	if kind == "birthday" && len(sub(sub(body, "extendedProperties"), "private")) > 0 {
		return bad("invalid", "Private extended properties are not allowed on birthdays.")
	}
	if kind == "workingLocation" && text(body, "transparency") != "transparent" {
		return bad("invalid", "Working location events must be transparent.")
	}
	return nil
}
