package googletest

import "strings"

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
