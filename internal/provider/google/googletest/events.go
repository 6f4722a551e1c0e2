package googletest

import (
	"slices"
	"strings"
	"time"
)

// write is how a change is made, and by whom.
type write struct {
	method      string
	by          string // address
	hand        bool   // a person's own client
	sendUpdates string
	ifMatch     string
	put         bool
	attachments bool // supportsAttachments
	conference  bool // conferenceDataVersion=1
	labels      bool // eventLabelVersion=1
}

func writeOf(c *caller, r *request) (write, *problem) {
	w := write{method: r.method.id, by: c.email, sendUpdates: r.query.Get("sendUpdates"), ifMatch: r.header.Get("If-Match"),
		attachments: r.query.Get("supportsAttachments") == "true", conference: r.query.Get("conferenceDataVersion") == "1",
		labels: r.query.Get("eventLabelVersion") == "1"}
	if w.sendUpdates == "" && r.query.Get("sendNotifications") == "true" {
		w.sendUpdates = "all"
	}
	if !slices.Contains([]string{"", "all", "externalOnly", "none"}, w.sendUpdates) {
		return w, invalid("sendUpdates")
	}
	return w, nil
}

// matches is whether the condition of a write holds.
func (w write) matches(e *event) *problem {
	if w.ifMatch == "" || w.ifMatch == "*" || w.ifMatch == e.etag() {
		return nil
	}
	return &problem{code: 412, domain: "global", reason: "conditionNotMet", text: "Precondition Failed", locationType: "header", location: "If-Match"}
}

// writable is the calendar of a request that writes.
func (s *Server) writable(c *caller, r *request) (*calendar, view, write, *problem) {
	cal, role, p := s.calendarOf(c, r.path["calendarId"])
	if p != nil {
		return nil, view{}, write{}, p
	}
	if ranks[role] < ranks["writerWithoutPrivateAccess"] {
		return nil, view{}, write{}, forbidden("calendar", "requiredAccessLevel", "You need to have writer access to this calendar.")
	}
	v, p := viewOf(c, r, role)
	if p != nil {
		return nil, v, write{}, p
	}
	w, p := writeOf(c, r)
	if p == nil && c.bare && len(list(r.body, "attendees")) > 0 {
		p = forbidden("calendar", "forbiddenForServiceAccounts", "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.")
	}
	return cal, v, w, p
}

// answered is what a read or write of one event answers, with its etag.
func (s *Server) answered(o occurrence, v view, r *request) (any, *problem) {
	r.etag = o.ev.etag()
	return o.render(v), nil
}

func (s *Server) eventsGet(c *caller, r *request) (any, *problem) {
	cal, role, p := s.calendarOf(c, r.path["calendarId"])
	if p != nil {
		return nil, p
	}
	if ranks[role] < ranks["reader"] && role != "freeBusyReader" {
		return nil, notFound()
	}
	o, p := cal.find(r.path["eventId"])
	if p == nil && (o.ev.hidden || o.ev.deleted && s.vanished(o.ev)) {
		p = notFound()
	}
	if p != nil {
		return nil, p
	}
	v, p := viewOf(c, r, role)
	if p != nil {
		return nil, p
	}
	s.readConference(o.ev)
	if m := r.header.Get("If-None-Match"); m != "" && m == o.ev.etag() {
		return nil, &problem{code: 304}
	}
	return s.answered(o, v, r)
}

func (s *Server) eventsInsert(c *caller, r *request) (any, *problem) {
	cal, v, w, p := s.writable(c, r)
	if p != nil {
		return nil, p
	}
	e, p := s.insert(cal, r.body, w)
	if p != nil {
		return nil, p
	}
	return s.answered(e.master(), v, r)
}

// insert makes an event. An id once taken is taken for ever.
func (s *Server) insert(cal *calendar, in object, w write) (*event, *problem) {
	body, p := eventShape.read(w.gates(in), "")
	if p != nil {
		return nil, p
	}
	body = merge(nil, body) // nulls say nothing here
	id, uid := text(body, "id"), text(body, "iCalUID")
	if id == "" {
		id = s.newID()
	} else if p := checkID(id); p != nil {
		return nil, p
	}
	if uid == "" {
		uid = id + "@google.com"
	}
	if cal.events[id] != nil {
		return nil, &problem{code: 409, domain: "global", reason: "duplicate", text: "The requested identifier already exists."}
	}
	owner := person{cal.id, cal.summary}
	if !cal.secondary {
		owner = person{cal.owner.Email, cal.owner.Name}
	}
	return s.store(cal, id, uid, owner, body, w)
}

func (s *Server) store(cal *calendar, id, uid string, organizer person, body object, w write) (*event, *problem) {
	strip(body)
	if p := s.check(body, cal.zone); p != nil {
		return nil, p
	}
	if p := checkType(body, cal); p != nil {
		return nil, p
	}
	if s.opt.Behavior.NoMeet && sub(sub(body, "conferenceData"), "createRequest") != nil {
		return nil, &problem{code: 400, domain: "global", reason: "invalid", text: "Invalid conference type value."}
	}
	if text(body, "status") != "tentative" {
		delete(body, "status")
	}
	if t := text(body, "eventType"); t == "outOfOffice" {
		body["transparency"] = "opaque"
	}
	e := s.newEvent(cal, id, uid)
	e.organizer, e.creator, e.body = organizer, person{w.by, s.nameOf(w.by)}, body
	s.startConference(e, nil)
	s.touch(e, false)
	e.created = e.updated.Truncate(time.Second)
	s.log(e, "", w, "invite", nil, body)
	s.share(e, w)
	s.autoDecline(cal)
	return e, nil
}

func (s *Server) newEvent(cal *calendar, id, uid string) *event {
	e := &event{cal: cal, id: id, uid: uid, home: cal.id, num: s.unique(), exceptions: map[string]*exception{}, dropped: map[string]int64{}}
	cal.events[id] = e
	return e
}

// strip removes what is no part of a stored body.
func strip(body object) {
	for _, k := range []string{"id", "iCalUID", "organizer", "sequence"} {
		delete(body, k)
	}
}

// gates drops, silently, what the request did not say that it supports.
func (w write) gates(in object) object {
	out := object{}
	for k, v := range in {
		if k == "attachments" && !w.attachments || k == "conferenceData" && !w.conference ||
			k == "eventLabelId" && !w.labels || k == "colorId" && w.labels {
			continue
		}
		out[k] = v
	}
	return out
}

func (s *Server) eventsDelete(c *caller, r *request) (any, *problem) {
	cal, _, w, p := s.writable(c, r)
	if p != nil {
		return nil, p
	}
	return nil, s.erase(cal, r.path["eventId"], w)
}

func (s *Server) erase(cal *calendar, id string, w write) *problem {
	o, p := cal.find(id)
	if p == nil && o.ev.hidden {
		p = notFound()
	}
	if p != nil {
		return p
	}
	if o.cancelled {
		return &problem{code: 410, domain: "global", reason: "deleted", text: "Resource has been deleted"}
	}
	if p := w.matches(o.ev); p != nil {
		return p
	}
	s.remove(o, w)
	return nil
}

// remove deletes an event, or takes an occurrence out of its series. A copy goes alone: its owner declines. Without mail
// the guests' copies stay as they are.
func (s *Server) remove(o occurrence, w write) {
	e := o.ev
	if o.key == "" {
		e.deleted, e.deletedAt, e.byOwner = true, s.now(), e.isCopy()
	} else {
		o.cancel(e.isCopy())
	}
	s.touch(e, false)
	if e.isCopy() {
		if a := e.cal.self(o.body); a != nil {
			s.rsvp(e, o.key, e.cal.owner, answer{status: "declined"}, w)
		}
		return
	}
	s.log(e, o.key, w, "cancel", o.body, nil)
	if w.sendUpdates == "all" || w.sendUpdates == "externalOnly" {
		s.share(e, w)
	}
}

// vanished: a deleted event that is no longer told of.
func (s *Server) vanished(e *event) bool {
	return s.now().Sub(e.deletedAt) > s.opt.Behavior.TombstoneLife
}

func (s *Server) nameOf(address string) string {
	if u := s.users[strings.ToLower(address)]; u != nil {
		return u.Name
	}
	return ""
}
