package caldavtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// get answers GET and HEAD of an object; a collection has no representation but for a line of help at the root.
func (s *Server) get(r *request, res resource) *reply {
	switch {
	case res.kind == nothing:
		return answer(http.StatusNotFound)
	case res.kind == root:
		p := answer(http.StatusOK).with("Content-Type", "text/plain; charset=utf-8")
		p.body = []byte("A CalDAV server. Point a calendar app at this address.\n")
		return p
	case res.kind != member:
		return answer(http.StatusMethodNotAllowed).with("Allow", allow)
	}
	if m := r.Header.Get("If-None-Match"); m == "*" || m != "" && matches(m, res.obj.etag, true) {
		return s.tagged(answer(http.StatusNotModified), res.obj)
	}
	return s.whole(http.StatusOK, res.obj)
}

// tagged adds the object's validators.
func (s *Server) tagged(p *reply, o *object) *reply {
	return p.with("ETag", s.entityTag(o)).with("Schedule-Tag", o.scheduleTag)
}

// whole answers with the object itself.
func (s *Server) whole(status int, o *object) *reply {
	p := s.tagged(answer(status), o).with("Content-Type", calendarType).with("Last-Modified", o.modified.Format(http.TimeFormat))
	p.body = o.data
	return p
}

// matches compares a list of entity tags with one (RFC 9110 section 13.1). Only the weak comparison lets W/ match.
func matches(list, tag string, weak bool) bool {
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == `"`+tag+`"` {
			return true
		}
	}
	return false
}

// conditions checks If-Match, If-None-Match and If-Schedule-Tag-Match (RFC 6638 section 8.3) before a write.
func (s *Server) conditions(r *request, o *object) *reply {
	if m := r.Header.Get("If-Match"); m != "" && !s.quirks.IgnoreIfMatch && (o == nil || m != "*" && !matches(m, o.etag, false)) {
		return answer(http.StatusPreconditionFailed)
	}
	if m := r.Header.Get("If-None-Match"); m != "" && !s.quirks.IgnoreIfNoneMatch && o != nil && (m == "*" || matches(m, o.etag, true)) {
		return answer(http.StatusPreconditionFailed)
	}
	if m := r.Header.Get("If-Schedule-Tag-Match"); m != "" && s.scheduling && (o == nil || m != o.scheduleTag) {
		return answer(http.StatusPreconditionFailed)
	}
	return nil
}

// put stores an object (RFC 4791 section 5.3.2) and delivers what it means to others.
func (s *Server) put(r *request, res resource) *reply {
	switch {
	case len(r.path) != 4 && res.kind != nothing:
		return answer(http.StatusMethodNotAllowed).with("Allow", allow)
	case res.cal == nil || len(r.path) != 4:
		return answer(http.StatusConflict)
	case res.cal.use != ordinary:
		return refuse(http.StatusForbidden, "D:need-privileges", "")
	}
	if p := s.conditions(r, res.obj); p != nil {
		return p
	}
	cal, uid, refusal := s.check(r, res)
	if refusal != nil {
		return refusal
	}
	data := r.body
	if s.quirks.RewriteOnPut {
		rewrite(cal)
		data = cal.bytes()
	}
	status := http.StatusCreated
	if res.obj != nil {
		status = http.StatusNoContent
	}
	sent := string(data)
	o := s.save(r, res, cal, uid, data)
	if strings.Contains(r.Header.Get("Prefer"), "return=representation") { // RFC 7240, as Cyrus does
		return s.whole(map[int]int{http.StatusCreated: http.StatusCreated, http.StatusNoContent: http.StatusOK}[status], o).with("Preference-Applied", "return=representation")
	}
	p := answer(status).with("Schedule-Tag", o.scheduleTag)
	if string(o.data) == sent && !s.quirks.NoETagOnPut { // RFC 4791 section 5.3.4
		p.with("ETag", s.entityTag(o))
	}
	return p
}

// check reads an object that is about to be stored, or refuses it.
func (s *Server) check(r *request, res resource) (*component, string, *reply) {
	bad := func(condition, why string) (*component, string, *reply) {
		return nil, "", refuse(http.StatusForbidden, condition, escape(why))
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind = strings.TrimSpace(kind); kind != "" && !strings.EqualFold(kind, "text/calendar") {
		return bad("C:supported-calendar-data", kind)
	}
	if len(r.body) > s.maxSize {
		return bad("C:max-resource-size", fmt.Sprint(s.maxSize))
	}
	cal, err := parse(r.body)
	if err == nil {
		err = acceptable(r.body)
	}
	if err != nil {
		return bad("C:valid-calendar-data", err.Error())
	}
	uid, err := coherent(zoning{cal, res.user.zone})
	if err != nil {
		return bad("C:valid-calendar-object-resource", err.Error())
	}
	if k := cal.entries()[0].name; !slices.Contains(res.cal.kinds, k) {
		return bad("C:supported-calendar-component", k)
	}
	if other := res.cal.byUID(uid); other != nil && other != res.obj || res.obj != nil && res.obj.uid != uid {
		if other == nil {
			other = res.obj
		}
		at := append(slices.Clone(res.path[:3]), other.name)
		return nil, "", refuse(http.StatusConflict, "C:no-uid-conflict", hrefXML(s.href(at, false)))
	}
	if s.scheduling && cal.entries()[0].get("ORGANIZER") != nil {
		// RFC 6638 section 3.2.4.1: one scheduling object of a UID per user, whatever the calendar
		for _, c := range res.user.sortedCalendars() {
			if other := c.byUID(uid); c != res.cal && c.use == ordinary && other != nil && other.scheduleTag != "" {
				return nil, "", refuse(http.StatusForbidden, "C:unique-scheduling-object-resource",
					hrefXML(s.href([]string{"calendars", res.user.Name, c.name, other.name}, false)))
			}
		}
	}
	return cal, uid, nil
}

// coherent checks that the object holds one event (or task) and its overrides (RFC 4791 section 4.1) with times that
// can be read, and returns its UID.
func coherent(z zoning) (string, error) {
	if z.cal.get("METHOD") != nil {
		return "", fmt.Errorf("METHOD is for messages")
	}
	entries := z.cal.entries()
	if len(entries) == 0 {
		return "", fmt.Errorf("nothing but zones")
	}
	uid := entries[0].value("UID")
	seen := map[int64]bool{}
	for _, e := range entries {
		if e.value("UID") == "" || e.value("UID") != uid || e.name != entries[0].name {
			return "", fmt.Errorf("more than one object, or no UID")
		}
		if e.name == "VEVENT" || e.get("DTSTART") != nil {
			start, _, err := z.span(e)
			if err != nil {
				return "", err
			}
			for _, l := range e.all("RRULE") {
				if _, err := z.rule(l, start); err != nil {
					return "", err
				}
			}
		}
		var key int64 // the master
		if l := e.get("RECURRENCE-ID"); l != nil {
			t, _, err := z.at(l)
			if err != nil {
				return "", fmt.Errorf("RECURRENCE-ID: %w", err)
			}
			key = t.Unix()
		}
		if seen[key] {
			return "", fmt.Errorf("the same RECURRENCE-ID twice")
		}
		seen[key] = true
	}
	return uid, nil
}

// remove answers DELETE of an object or a calendar.
func (s *Server) remove(r *request, res resource) *reply {
	switch {
	case res.kind == nothing:
		if r.Header.Get("If-Match") != "" {
			return answer(http.StatusPreconditionFailed)
		}
		return answer(http.StatusNotFound)
	case res.kind == member:
		if p := s.conditions(r, res.obj); p != nil {
			return p
		}
		s.erase(r, res)
	case res.kind == collection && res.cal.use == ordinary && !(s.scheduling && res.cal.name == "default"):
		for _, o := range res.cal.sorted() {
			s.erase(r, resource{kind: member, path: append(slices.Clone(res.path), o.name), user: res.user, cal: res.cal, obj: o})
		}
		delete(res.user.calendars, res.cal.name)
	case res.kind == collection && res.cal.name == "default":
		return refuse(http.StatusForbidden, "C:default-calendar-needed", "")
	default:
		return answer(http.StatusForbidden)
	}
	return answer(http.StatusNoContent)
}
