package googletest

import "reflect"

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
