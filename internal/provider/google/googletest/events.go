package googletest

import (
	"reflect"
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
	e.created = e.updated
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

func (s *Server) eventsPatch(c *caller, r *request) (any, *problem) {
	cal, v, w, p := s.writable(c, r)
	if p != nil {
		return nil, p
	}
	w.put = r.method.id == "calendar.events.update"
	o, p := s.edit(cal, r.path["eventId"], r.body, w)
	if p != nil {
		return nil, p
	}
	return s.answered(o, v, r)
}

// edit patches, or with w.put replaces, an event or an occurrence.
func (s *Server) edit(cal *calendar, id string, in object, w write) (occurrence, *problem) {
	o, p := cal.find(id)
	if p != nil {
		return o, p
	}
	e := o.ev
	if o.dropped || e.hidden && !w.hand || e.moved || e.deleted && s.vanished(e) {
		return o, notFound()
	}
	if p := w.matches(e); p != nil {
		return o, p
	}
	patch, p := eventShape.read(w.gates(in), "")
	if p != nil {
		return o, p
	}
	strip(patch)
	if o.key != "" {
		delete(patch, "recurrence")
	}
	next := merge(clone(o.body), patch)
	if w.put {
		next = merge(nil, patch)
		if !w.conference {
			next["conferenceData"] = o.body["conferenceData"]
		}
		next = merge(nil, next)
	}
	if p := s.mayEdit(e, o.body, next, patch, w); p != nil {
		return o, p
	}
	status := text(next, "status")
	delete(next, "status")
	if status == "tentative" {
		next["status"] = status
	}
	if status == "cancelled" && !o.cancelled {
		s.remove(o, w)
		return cal.refind(o), nil
	}
	if p := s.check(next, cal.zone); p != nil {
		return o, p
	}
	if was := text(o.body, "eventType"); was != text(next, "eventType") && text(next, "eventType") != "" && !(was == "" && text(next, "eventType") == "default") {
		return o, bad("eventTypeRestriction", "The event type cannot be changed.")
	}
	back := o.cancelled && (status == "confirmed" || w.put)
	if back {
		s.bringBack(o)
	} else if reflect.DeepEqual(o.body, next) && !s.opt.Behavior.NoopMovesETag {
		return o, nil
	}
	s.apply(o, next, w, back)
	return cal.refind(o), nil
}

// refind is o as it is now.
func (c *calendar) refind(o occurrence) occurrence {
	now, p := c.find(o.id())
	if p != nil { // the rule has it no more
		now = occurrence{ev: o.ev, key: o.key, cancelled: true, dropped: true}
	}
	return now
}

// mayEdit keeps attendees from what only the organizer may set.
func (s *Server) mayEdit(e *event, was, next, patch object, w write) *problem {
	if !e.isCopy() || w.hand {
		return nil
	}
	for k, def := range map[string]bool{"guestsCanInviteOthers": true, "guestsCanSeeOtherGuests": true, "guestsCanModify": false} {
		_, says := patch[k]
		if value(next, k, def) != value(was, k, def) || w.put && !says {
			return forbidden("calendar", "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer of the event.")
		}
	}
	if _, props := patch["extendedProperties"]; props && len(patch) == 1 && s.opt.Behavior.CopiesRefuseMarks {
		return forbidden("calendar", "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer of the event.")
	}
	return nil
}

func value(o object, key string, def bool) bool {
	if v, ok := o[key].(bool); ok {
		return v
	}
	return def
}

// apply stores next and brings it to whom it concerns. back: it was cancelled before.
func (s *Server) apply(o occurrence, next object, w write, back bool) {
	e, was := o.ev, o.body
	s.startConference(e, next)
	o.set(next, s.opt.Behavior)
	s.touch(e, onlyReminders(was, next))
	switch {
	case e.isCopy():
		s.reply(o, was, next, w)
	case back || !reflect.DeepEqual(shared(was), shared(next)):
		s.log(e, o.key, w, "update", was, next)
		s.share(e, w)
	default:
		s.log(e, o.key, w, "update", nil, nil)
	}
	s.autoDecline(e.cal)
}

// onlyReminders: reminders do not move updated.
func onlyReminders(was, next object) bool {
	a, b := clone(was), clone(next)
	delete(a, "reminders")
	delete(b, "reminders")
	return reflect.DeepEqual(a, b) && !reflect.DeepEqual(was, next)
}

func (s *Server) bringBack(o occurrence) {
	if o.key == "" {
		o.ev.deleted, o.ev.byOwner = false, false
		return
	}
	x := o.ev.exceptions[o.key]
	x.cancelled, x.byOwner = false, false
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

func (s *Server) eventsImport(c *caller, r *request) (any, *problem) {
	cal, v, w, p := s.writable(c, r)
	if p != nil {
		return nil, p
	}
	uid := text(r.body, "iCalUID")
	if uid == "" {
		return nil, required("Missing iCalUID.")
	}
	body, p := eventShape.read(w.gates(r.body), "")
	if p != nil {
		return nil, p
	}
	body = merge(nil, body)
	who := sub(body, "organizer")
	organizer := person{strings.ToLower(text(who, "email")), text(who, "displayName")}
	if organizer.email == "" {
		organizer = person{cal.id, cal.summary}
	}
	id := foreignID(uid)
	if e := cal.events[id]; e != nil {
		o, p := s.edit(cal, id, merge(r.body, object{"status": "confirmed"}), w)
		if p != nil {
			return nil, p
		}
		return s.answered(o, v, r)
	}
	w.sendUpdates = "none" // an import never mails
	e, p := s.store(cal, id, uid, organizer, body, w)
	if p != nil {
		return nil, p
	}
	e.home = organizer.email
	return s.answered(e.master(), v, r)
}

// foreignID is the id of an event whose UID is not Google's.
func foreignID(uid string) string {
	if id, ok := strings.CutSuffix(uid, "@google.com"); ok && checkID(id) == nil {
		return id
	}
	return "_" + base32hex.EncodeToString([]byte(uid))
}

func (s *Server) eventsMove(c *caller, r *request) (any, *problem) {
	cal, v, w, p := s.writable(c, r)
	if p != nil {
		return nil, p
	}
	to, role, p := s.calendarOf(c, r.query.Get("destination"))
	if p != nil {
		return nil, p
	}
	o, p := cal.find(r.path["eventId"])
	if p != nil {
		return nil, p
	}
	e := o.ev
	switch {
	case ranks[role] < ranks["writer"]:
		return nil, forbidden("calendar", "requiredAccessLevel", "You need to have writer access to this calendar.")
	case o.key != "" || e.isCopy() || text(e.body, "eventType") != "" && text(e.body, "eventType") != "default":
		return nil, forbidden("calendar", "cannotChangeOrganizer", "Cannot change the organizer of this event.")
	}
	if p := w.matches(e); p != nil {
		return nil, p
	}
	delete(to.events, e.id) // a copy of the new organizer becomes the event itself
	n := s.newEvent(to, e.id, e.uid)
	n.creator, n.body, n.created, n.sequence = e.creator, clone(e.body), e.created, e.sequence
	n.organizer = person{to.id, to.summary}
	for k, x := range e.exceptions {
		y := *x
		y.body = clone(x.body)
		n.exceptions[k] = &y
	}
	e.deleted, e.deletedAt, e.moved = true, s.now(), true
	s.touch(e, false)
	s.touch(n, false)
	s.log(n, "", w, "update", n.body, n.body)
	s.share(n, w)
	moved := n.master()
	moved.cancelled = true
	return s.answered(moved, v, r)
}

// instant reads an RFC 3339 parameter; milliseconds are ignored.
func (r *request) instant(name string) (time.Time, *problem) {
	v := r.query.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, invalid(name)
	}
	return t.Truncate(time.Second), nil
}
