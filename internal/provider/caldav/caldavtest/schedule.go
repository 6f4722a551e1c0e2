package caldavtest

import (
	"slices"
	"strconv"
	"strings"
)

// Scheduling as RFC 6638 section 3 describes it, all of it within the request that causes it. An attendee may change
// the times of their copy: that stays in the copy, as Cyrus and SOGo have it, until the organizer next sends news.

// schedules reports whether the write of r to an owner's calendar delivers anything.
func (s *Server) schedules(r *request, owner *account) bool {
	if s.quirks.Redirect301ForOthers && r.me != owner { // Cyrus wants to be told on whose behalf
		return s.scheduling && slices.Contains(owner.addresses(), address(r.Header.Get("Schedule-Address")))
	}
	return s.scheduling
}

// save stores an object that has passed all checks, after bringing it to the others it concerns.
func (s *Server) save(r *request, res resource, cal *component, uid string, data []byte) *object {
	if !s.schedules(r, res.user) {
		return s.store(res.cal, r.path[3], data, uid)
	}
	var old *component
	if res.obj != nil {
		old = reparse(res.obj)
	}
	organized, organizes := old != nil && s.isOrganizer(res.user, old), s.isOrganizer(res.user, cal)
	changed := false
	switch {
	case organizes:
		if !organized {
			old = nil
		}
		if old != nil && r.Header.Get("If-Schedule-Tag-Match") != "" {
			changed = s.keepAnswers(res.user, old, cal)
		}
		changed = s.invite(res.user, old, cal) || changed
	case organized: // handed over to another organizer: our guests hear that ours is off
		s.invite(res.user, old, nil)
	default:
		changed = s.respond(res.user, old, cal)
	}
	if changed {
		data = cal.bytes()
	}
	o := s.store(res.cal, r.path[3], data, uid)
	if cal.entries()[0].get("ORGANIZER") != nil {
		o.scheduleTag = s.newTag()
	}
	return o
}

// erase removes an object: the organizer's is a cancellation, an attendee's a refusal unless Schedule-Reply: F.
func (s *Server) erase(r *request, res resource) {
	deaf := s.quirks.Redirect301ForOthers && r.me != res.user // Cyrus never delivers this for another
	if s.schedules(r, res.user) && res.cal.use == ordinary && !deaf {
		switch old := reparse(res.obj); {
		case s.isOrganizer(res.user, old):
			s.invite(res.user, old, nil)
		case !strings.EqualFold(r.Header.Get("Schedule-Reply"), "F"):
			s.respond(res.user, old, nil)
		}
	}
	res.cal.drop(res.obj)
}

func (s *Server) newTag() string { return `"s` + strconv.FormatInt(s.next(), 10) + `"` }

// reparse reads what is stored, and so was accepted before.
func reparse(o *object) *component {
	c, err := parse(o.data)
	if err != nil {
		panic("caldavtest: stored object: " + err.Error())
	}
	return c
}

// local is the account that a calendar user address belongs to, nil for none.
func (s *Server) local(addr string) *account {
	addr = address(addr)
	for _, a := range s.order {
		if slices.Contains(a.addresses(), addr) || addr == s.principal(a) {
			return a
		}
	}
	return nil
}

// isOrganizer reports whether the account organizes the object.
func (s *Server) isOrganizer(a *account, cal *component) bool {
	o := cal.entries()[0].value("ORGANIZER")
	return o != "" && s.local(o) == a
}

// serverDelivers reports whether the SCHEDULE-AGENT of an ORGANIZER or ATTENDEE is the server (RFC 6638 section 7.1).
func serverDelivers(l *line) bool {
	agent := l.param("SCHEDULE-AGENT")
	return agent == "" || strings.EqualFold(agent, "SERVER")
}

// undeliverable is the SCHEDULE-STATUS for an address that is nobody's here: no such user, or no way to deliver.
func (s *Server) undeliverable(addr string) string {
	_, domain, _ := strings.Cut(address(addr), "@")
	for _, a := range s.order {
		if _, d, _ := strings.Cut(address(a.Email), "@"); d == domain {
			return "3.7"
		}
	}
	return "5.1"
}

// invite tells the attendees what is new in the organizer's object; new is nil when it is deleted. Answers to a time
// that has changed are reset, and each attendee told gets a SCHEDULE-STATUS. It reports whether new was edited.
func (s *Server) invite(organizer *account, old, new *component) (edited bool) {
	if old != nil && new != nil {
		edited = s.resetAnswers(organizer, old, new)
	}
	var guests []string
	for _, c := range []*component{new, old} {
		if c == nil {
			continue
		}
		for _, e := range c.entries() {
			for _, l := range e.all("ATTENDEE") {
				if a := address(l.value); s.local(a) != organizer && !slices.Contains(guests, a) {
					guests = append(guests, a)
				}
			}
		}
	}
	for _, guest := range guests {
		before, now := s.view(organizer, old, guest), s.view(organizer, new, guest)
		switch {
		case now == nil && before != nil && (new == nil || !invited(new, guest)):
			s.withdraw(organizer, guest, before)
		case now != nil && (before == nil || news(before) != news(now)):
			status := s.bring(organizer, guest, before, now)
			for _, e := range new.entries() {
				for _, l := range attendees(e, guest) {
					l.setParam("SCHEDULE-STATUS", status)
					edited = true
				}
			}
		}
	}
	return edited
}

// bring puts the organizer's news into a guest's calendar and inbox.
func (s *Server) bring(organizer *account, guest string, before, now *component) (status string) {
	a := s.local(guest)
	if a == nil {
		return s.undeliverable(guest)
	}
	uid := now.entries()[0].value("UID")
	c, o := a.copyOf(uid)
	fresh := now.clone()
	if o == nil {
		c = a.calendars["default"]
	} else {
		have := reparse(o)
		if by := have.entries()[0].value("ORGANIZER"); by != "" && s.local(by) != organizer {
			return "3.8" // another organizer's: no authority (RFC 5546 section 3.6)
		}
		s.keepOwn(a, have, before, fresh)
	}
	name := fileName(uid)
	if o != nil {
		name = o.name
	} else if c.objects[name] != nil {
		name = strconv.FormatInt(s.next(), 10) + "-" + name
	}
	s.store(c, name, fresh.bytes(), uid).scheduleTag = s.newTag()
	s.message(a, "REQUEST", now)
	return "1.2"
}

// withdraw takes a guest's copy away.
func (s *Server) withdraw(organizer *account, guest string, before *component) {
	a := s.local(guest)
	if a == nil {
		return
	}
	if c, o := a.copyOf(before.entries()[0].value("UID")); o != nil {
		have := reparse(o)
		if s.local(have.entries()[0].value("ORGANIZER")) != organizer {
			return
		}
		if s.quirks.CancelKeepsCopy {
			for _, e := range have.entries() {
				e.setValue("STATUS", "CANCELLED")
			}
			s.store(c, o.name, have.bytes(), o.uid).scheduleTag = s.newTag()
		} else {
			c.drop(o)
		}
	}
	s.message(a, "CANCEL", before)
}

// copyOf is the account's own object of that UID and the calendar it is in.
func (a *account) copyOf(uid string) (*calendar, *object) {
	for _, c := range a.sortedCalendars() {
		if o := c.byUID(uid); o != nil && c.use == ordinary {
			return c, o
		}
	}
	return nil, nil
}

// message puts an iTIP message (RFC 5546) into the account's inbox.
func (s *Server) message(to *account, method string, about *component) {
	m := about.clone()
	m.setValue("METHOD", method)
	for _, e := range m.entries() {
		e.setValue("DTSTAMP", stamp(s.now()))
		if method == "CANCEL" {
			e.setValue("STATUS", "CANCELLED")
		}
	}
	uid := m.entries()[0].value("UID")
	s.store(to.calendars["inbox"], strconv.FormatInt(s.next(), 10)+"-"+fileName(uid), m.bytes(), uid)
}

// fileName is a UID as the last segment of a path.
func fileName(uid string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\?#%`, r) {
			return '_'
		}
		return r
	}, uid) + ".ics"
}

// keepOwn carries over what an attendee's copy holds of their own: answers to times that stay, alarms, free or busy,
// colours, categories and properties that the organizer never sent (RFC 6638 section 3.2.2.1).
func (s *Server) keepOwn(a *account, have, before, fresh *component) {
	z, zh := zoning{fresh, a.zone}, zoning{have, a.zone}
	for _, e := range fresh.entries() {
		key := z.key(e)
		mine := zh.nearest(key)
		if mine == nil {
			continue
		}
		if before != nil && !changedTime(zoning{before, a.zone}, z, e) {
			if answer := answerIn(mine, a); answer != "" {
				for _, l := range a.linesIn(e) {
					l.setParam("PARTSTAT", answer)
				}
			}
		}
		for _, k := range mine.kids {
			if k.name == "VALARM" {
				e.kids = append(e.kids, k.clone())
			}
		}
		var theirs *component
		if before != nil {
			theirs = zoning{before, a.zone}.nearest(key)
		}
		if v := mine.value("TRANSP"); v != "" && theirs != nil && v != theirs.value("TRANSP") {
			e.setValue("TRANSP", v)
		}
		for _, l := range mine.lines {
			own := strings.HasPrefix(l.name, "X-") || l.name == "COLOR" || l.name == "CATEGORIES"
			if own && e.get(l.name) == nil && (theirs == nil || theirs.get(l.name) == nil) {
				e.lines = append(e.lines, l)
			}
		}
	}
}

// resetAnswers sets the guests' PARTSTAT to NEEDS-ACTION wherever the organizer has changed the time (RFC 6638
// section 3.2.8).
func (s *Server) resetAnswers(organizer *account, old, new *component) (edited bool) {
	z := zoning{new, organizer.zone}
	for _, e := range new.entries() {
		if !changedTime(zoning{old, organizer.zone}, z, e) {
			continue
		}
		for _, l := range e.all("ATTENDEE") {
			if s.local(l.value) != organizer && serverDelivers(l) && invited(old, address(l.value)) && l.param("PARTSTAT") != "NEEDS-ACTION" {
				l.setParam("PARTSTAT", "NEEDS-ACTION")
				edited = true
			}
		}
	}
	return edited
}

// keepAnswers brings answers that arrived meanwhile into an organizer's write that was made without knowing them and
// is conditional on the Schedule-Tag only (RFC 6638 section 3.2.10).
func (s *Server) keepAnswers(organizer *account, old, new *component) (edited bool) {
	zo, zn := zoning{old, organizer.zone}, zoning{new, organizer.zone}
	for _, e := range new.entries() {
		was := zo.nearest(zn.key(e))
		if was == nil || changedTime(zo, zn, e) {
			continue
		}
		for _, l := range e.all("ATTENDEE") {
			for _, w := range attendees(was, address(l.value)) {
				if s.local(l.value) != organizer && w.param("PARTSTAT") != l.param("PARTSTAT") {
					l.setParam("PARTSTAT", w.param("PARTSTAT"))
					edited = true
				}
			}
		}
	}
	oldMaster, overrides := old.events()
	newMaster, _ := new.events()
	for _, o := range overrides {
		key := zo.key(o)
		if newMaster == nil || oldMaster == nil || zn.find(key) != nil || slices.ContainsFunc(zn.list(newMaster, "EXDATE"), key.Equal) {
			continue
		}
		if bare := zo.override(oldMaster, key); newsOf(bare) == newsOf(o) { // nothing but an answer
			fresh := zn.override(newMaster, key)
			for _, l := range fresh.all("ATTENDEE") {
				for _, w := range attendees(o, address(l.value)) {
					l.setParam("PARTSTAT", w.param("PARTSTAT"))
				}
			}
			new.kids = append(new.kids, fresh)
			edited = true
		}
	}
	return edited
}
