package googletest

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// own are the parts of an event that each calendar has for itself (concepts/inviting-attendees-to-events).
var own = []string{"reminders", "transparency", "colorId", "eventLabelId"}

// shared is what of a body all its people have in common.
func shared(body object) object {
	out := clone(body)
	for _, k := range own {
		delete(out, k)
	}
	if props := sub(out, "extendedProperties"); props != nil {
		delete(props, "private")
		if len(props) == 0 {
			delete(out, "extendedProperties")
		}
	}
	return out
}

// withOwn is the shared part of body with what was's calendar has for itself.
func withOwn(body, was object) object {
	out := shared(body)
	for _, k := range own {
		if v, ok := was[k]; ok {
			out[k] = cloneAny(v)
		}
	}
	if private := sub(sub(was, "extendedProperties"), "private"); private != nil {
		out["extendedProperties"] = merge(sub(out, "extendedProperties"), object{"private": clone(private)})
	}
	return out
}

// invites reports whether the user is an attendee.
func invites(body object, u *User) bool {
	return slices.ContainsFunc(list(body, "attendees"), func(a any) bool { return u.is(text(a.(object), "email")) })
}

// people are the users that an event concerns: those on it or on one of its exceptions, and those with a copy.
func (s *Server) people(e *event) []*User {
	var out []*User
	for _, id := range sorted(s.cals) {
		cal := s.cals[id]
		if cal.secondary || id == e.cal.id {
			continue
		}
		on := invites(e.body, cal.owner) || cal.events[e.id] != nil && cal.events[e.id].home == e.cal.id
		for _, x := range e.exceptions {
			on = on || invites(x.body, cal.owner)
		}
		if on {
			out = append(out, cal.owner)
		}
	}
	return out
}

// share brings the organizer's event to its guests' calendars. What a guest changed in the copy is lost.
func (s *Server) share(e *event, w write) {
	for _, u := range s.people(e) {
		cal := s.cals[u.Email]
		c := cal.events[e.id]
		if !invites(e.body, u) {
			s.single(e, cal)
			if c != nil && !c.deleted && c.home == e.cal.id {
				c.deleted, c.deletedAt = true, s.now()
				s.touch(c, false)
			}
			continue
		}
		if c == nil {
			c = s.newEvent(cal, e.id, e.uid)
			c.created, c.hidden = e.created, u.AddInvitations == WhenAnswered
		}
		c.home, c.organizer, c.creator = e.cal.id, e.organizer, e.creator
		if s.renew(c, e, u) {
			s.touch(c, false)
		}
		if u.Room {
			s.later = append(s.later, task{s.now().Add(s.opt.Behavior.RoomDelay), func() { s.roomAnswers(c) }})
		} else {
			s.autoDecline(cal)
		}
	}
	s.settle()
}

// renew makes the copy say what the organizer's event says, and reports whether it said something else.
func (s *Server) renew(c, e *event, u *User) bool {
	was := []any{c.body, c.exceptions, c.deleted, c.sequence}
	old, deleted := c.exceptions, c.deleted
	c.body, c.sequence = withOwn(e.body, c.body), e.sequence
	c.deleted = e.deleted || c.deleted && c.byOwner
	if c.deleted && !deleted {
		c.deletedAt = s.now()
	}
	c.exceptions = map[string]*exception{}
	for k, x := range e.exceptions {
		y := &exception{original: x.original, cancelled: x.cancelled || !invites(x.body, u), sequence: x.sequence}
		before := c.body
		if o := old[k]; o != nil {
			before = o.body
			y.byOwner = o.byOwner && o.cancelled
			y.cancelled = y.cancelled || y.byOwner
		}
		y.body = withOwn(x.body, before)
		c.exceptions[k] = y
	}
	for k := range old {
		if c.exceptions[k] == nil && !c.deleted {
			c.dropped[k] = c.cal.changes + 1
		}
	}
	return !reflect.DeepEqual(was, []any{c.body, c.exceptions, c.deleted, c.sequence})
}

// single gives a guest of single occurrences these, without their series.
func (s *Server) single(e *event, cal *calendar) {
	for _, k := range sorted(e.exceptions) {
		x := e.exceptions[k]
		id := e.id + "_" + k
		c := cal.events[id]
		on := invites(x.body, cal.owner) && !x.cancelled && !e.deleted
		if c == nil && !on || c != nil && c.deleted && !on {
			continue
		}
		if c == nil {
			c = s.newEvent(cal, id, e.uid)
			c.created, c.home, c.organizer, c.creator, c.series, c.original = e.created, e.cal.id, e.organizer, e.creator, e.id, x.original
		}
		body := withOwn(x.body, c.body)
		if reflect.DeepEqual(body, c.body) && c.deleted == !on {
			continue
		}
		c.body, c.sequence, c.deleted, c.deletedAt = body, x.sequence, !on, s.now()
		s.touch(c, false)
	}
}

// answer is what an attendee says.
type answer struct {
	status, comment string
	guests          float64
}

func answerOf(a object) answer {
	n, _ := a["additionalGuests"].(float64)
	return answer{text(a, "responseStatus"), text(a, "comment"), n}
}

// reply is what an attendee's change of their copy does elsewhere: the answer goes to the organizer, guests too where
// they may invite others; all else stays in the copy.
func (s *Server) reply(o occurrence, was, next object, w write) {
	e := o.ev
	a, b := e.cal.self(was), e.cal.self(next)
	if b != nil && (a == nil || answerOf(a) != answerOf(b)) {
		e.hidden = false
		s.rsvp(e, o.key, e.cal.owner, answerOf(b), w)
	}
	home := s.homeOf(e)
	if home == nil || home.deleted {
		return
	}
	key := o.key
	if e.series != "" {
		key = e.original.suffix()
	}
	at, ok := home.same(key)
	if !ok {
		return
	}
	to := clone(at.body)
	if yes(home.body, "guestsCanModify") && s.opt.Behavior.GuestsModifyReach {
		to = withOwn(next, at.body)
		to["attendees"] = at.body["attendees"]
		to = merge(nil, to)
	}
	if value(home.body, "guestsCanInviteOthers", true) {
		for _, g := range list(next, "attendees") {
			if g := g.(object); find(to, text(g, "email")) == nil && find(was, text(g, "email")) == nil {
				to["attendees"] = append(slices.Clone(list(to, "attendees")), clone(g))
			}
		}
	}
	if !reflect.DeepEqual(to, at.body) {
		at.set(to, s.opt.Behavior)
		s.touch(home, false)
		s.log(home, key, w, "update", at.body, to)
		s.share(home, w)
	}
}

// same is the master or the occurrence of that key.
func (e *event) same(key string) (occurrence, bool) {
	if key == "" {
		return e.master(), true
	}
	return e.at(key)
}

func find(body object, address string) object {
	for _, a := range list(body, "attendees") {
		if strings.EqualFold(text(a.(object), "email"), address) {
			return a.(object)
		}
	}
	return nil
}

// homeOf is the organizer's event of a copy.
func (s *Server) homeOf(e *event) *event {
	cal := s.cals[e.home]
	if cal == nil {
		return nil
	}
	if e.series != "" {
		return cal.events[e.series]
	}
	return cal.events[e.id]
}

// rsvp brings a guest's answer to the organizer's event and from there to all copies.
func (s *Server) rsvp(copied *event, key string, u *User, a answer, w write) {
	s.log(copied, key, w, "answer", nil, nil)
	if copied.series != "" {
		key = copied.original.suffix()
	}
	home := s.homeOf(copied)
	if home == nil || home.deleted {
		return
	}
	if at, ok := home.same(key); ok && !at.dropped {
		s.answer(at, u, a)
	}
}

// answer records it on the organizer's event.
func (s *Server) answer(at occurrence, u *User, a answer) {
	next := clone(at.body)
	for _, g := range list(next, "attendees") {
		g := g.(object)
		if !u.is(text(g, "email")) {
			continue
		}
		g["responseStatus"] = a.status
		for k, v := range map[string]any{"comment": a.comment, "additionalGuests": a.guests} {
			if delete(g, k); v != "" && v != 0.0 {
				g[k] = v
			}
		}
	}
	if reflect.DeepEqual(next, at.body) {
		return
	}
	cancelled := at.cancelled && at.key != ""
	at.set(next, s.opt.Behavior)
	if cancelled {
		at.ev.exceptions[at.key].cancelled = true
	}
	s.touch(at.ev, false)
	s.shareAnswers(at.ev)
}

// shareAnswers brings the attendees, and nothing else, to all copies.
func (s *Server) shareAnswers(e *event) {
	for _, u := range s.people(e) {
		c := s.cals[u.Email].events[e.id]
		if c == nil || c.home != e.cal.id {
			s.single(e, s.cals[u.Email])
			continue
		}
		was := clone(c.body)
		changed := false
		c.body = clone(c.body)
		c.body["attendees"] = cloneAny(e.body["attendees"])
		changed = !reflect.DeepEqual(was, c.body)
		for k, x := range e.exceptions {
			y := c.exceptions[k]
			if y == nil {
				o, ok := c.at(k)
				if !ok || o.dropped {
					continue
				}
				y = &exception{original: x.original, body: clone(o.body), cancelled: x.cancelled, sequence: x.sequence}
				c.exceptions[k], changed = y, true
			}
			if !reflect.DeepEqual(y.body["attendees"], x.body["attendees"]) {
				y.body = clone(y.body)
				y.body["attendees"], changed = cloneAny(x.body["attendees"]), true
			}
		}
		if changed {
			s.touch(c, false)
		}
	}
}

// far is how far ahead rooms and out-of-office events look.
const far = 2 * 366 * 24 * time.Hour

// roomAnswers: a room takes what is free and declines the rest, occurrence by occurrence.
func (s *Server) roomAnswers(c *event) {
	if c.deleted || s.homeOf(c) == nil {
		return
	}
	until := s.now().Add(far)
	all := []occurrence{c.master()}
	if c.isSeries() {
		all = c.instances(until)
	}
	var blocks []occurrence // of what the room has said yes to
	for _, other := range c.cal.between(time.Time{}, until) {
		if a := c.cal.self(other.body); other.ev != c && a != nil && text(a, "responseStatus") == "accepted" {
			blocks = append(blocks, other)
		}
	}
	taken := slices.DeleteFunc(slices.Clone(all), func(o occurrence) bool {
		return o.cancelled || !slices.ContainsFunc(blocks, func(b occurrence) bool {
			return b.overlaps(o.start.instant(c.cal.zone), o.end.instant(c.cal.zone))
		})
	})
	w := write{method: "room", by: c.cal.id, sendUpdates: "none"}
	if len(taken) == len(all) {
		s.rsvp(c, "", c.cal.owner, answer{status: "declined"}, w)
		return
	}
	s.rsvp(c, "", c.cal.owner, answer{status: "accepted"}, w)
	for _, o := range all {
		declined := slices.ContainsFunc(taken, func(t occurrence) bool { return t.key == o.key })
		if o.key != "" && declined {
			s.rsvp(c, o.key, c.cal.owner, answer{status: "declined"}, w)
		} else if o.exception && !declined {
			s.rsvp(c, o.key, c.cal.owner, answer{status: "accepted"}, w)
		}
	}
}

// autoDecline declines what an out-of-office or focus-time event of the calendar's owner covers.
func (s *Server) autoDecline(cal *calendar) {
	if cal.secondary || cal.owner.Room || s.declining {
		return
	}
	s.declining = true
	defer func() { s.declining = false }()
	for _, e := range cal.sorted() {
		props := sub(e.body, "outOfOfficeProperties")
		if props == nil {
			props = sub(e.body, "focusTimeProperties")
		}
		mode := text(props, "autoDeclineMode")
		if e.deleted || mode == "" || mode == "declineNone" {
			continue
		}
		for _, block := range e.blocks(s.now().Add(far)) {
			for _, o := range cal.between(block.start.instant(cal.zone), block.end.instant(cal.zone)) {
				a := cal.self(o.body)
				fresh := o.ev.created.After(e.created)
				if a == nil || text(a, "responseStatus") == "declined" || mode == "declineOnlyNewConflictingInvitations" && !fresh {
					continue
				}
				s.rsvp(o.ev, o.key, cal.owner, answer{status: "declined", comment: text(props, "declineMessage")},
					write{method: "autoDecline", by: cal.owner.Email, sendUpdates: "all"})
			}
		}
	}
}

// blocks are the single event, or the occurrences of the series until the instant to.
func (e *event) blocks(to time.Time) []occurrence {
	if !e.isSeries() {
		return []occurrence{e.master()}
	}
	return slices.DeleteFunc(e.instances(to), func(o occurrence) bool { return o.cancelled })
}
