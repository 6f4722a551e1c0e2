package caldavtest

import (
	"slices"
	"time"
)

// answerTo is what an attendee says about one occurrence, or with a zero time about the series.
type answerTo struct {
	original time.Time
	partstat string
}

// respond tells the organizer what is new in an attendee's answers; new is nil when the copy is deleted. It reports
// whether new was edited (RFC 6638 section 3.2.2.3).
func (s *Server) respond(a *account, old, new *component) (edited bool) {
	copy := new
	if copy == nil {
		copy = old
	}
	by := copy.entries()[0].get("ORGANIZER")
	if by == nil || !serverDelivers(by) || !slices.ContainsFunc(copy.entries(), func(e *component) bool { return len(a.linesIn(e)) > 0 }) {
		return false
	}
	answers := answersOf(a, old, new)
	if len(answers) == 0 {
		return false
	}
	status := s.carry(a, s.local(by.value), copy.entries()[0].value("UID"), answers)
	if status == "" {
		status = s.undeliverable(by.value)
	}
	if new != nil {
		for _, e := range new.entries() {
			if l := e.get("ORGANIZER"); l != nil {
				l.setParam("SCHEDULE-STATUS", status)
			}
		}
	}
	return true
}

// answersOf are the answers that a change of the copy gives.
func answersOf(a *account, old, new *component) []answerTo {
	var out []answerTo
	if new == nil {
		z := zoning{old, a.zone}
		for _, e := range old.entries() {
			if e.value("STATUS") != "CANCELLED" && len(a.linesIn(e)) > 0 {
				out = append(out, answerTo{z.key(e), "DECLINED"})
			}
		}
		return out
	}
	z, was := zoning{new, a.zone}, zoning{&component{}, a.zone}
	if old != nil {
		was.cal = old
	}
	master, oldMaster := z.find(time.Time{}), was.find(time.Time{})
	series := "NEEDS-ACTION" // what the copy says about the series now
	if master != nil {
		series = answerIn(master, a)
	}
	for _, e := range z.cal.entries() {
		key, before := z.key(e), series
		if key.IsZero() || master == nil {
			before = "NEEDS-ACTION"
		}
		if o := was.find(key); o != nil {
			before = answerIn(o, a)
		}
		if now := answerIn(e, a); now != "" && now != before {
			out = append(out, answerTo{key, now})
		}
	}
	if master == nil || oldMaster == nil {
		return out
	}
	before := was.list(oldMaster, "EXDATE")
	gone := z.list(master, "EXDATE")
	for _, t := range gone {
		if !slices.ContainsFunc(before, t.Equal) && z.find(t) == nil {
			out = append(out, answerTo{t, "DECLINED"})
		}
	}
	_, overrides := old.events()
	for _, o := range overrides { // an override dropped: the series' answer holds again
		key := was.key(o)
		if z.find(key) == nil && !slices.ContainsFunc(gone, key.Equal) && answerIn(o, a) != series {
			out = append(out, answerTo{key, series})
		}
	}
	return out
}

// carry writes an attendee's answers into the organizer's object and a REPLY into the organizer's inbox, and returns
// the delivery status: "" when there is no such organizer.
func (s *Server) carry(a, organizer *account, uid string, answers []answerTo) string {
	if organizer == nil {
		return ""
	}
	c, o := organizer.copyOf(uid)
	if o == nil {
		return "5.1"
	}
	cal := reparse(o)
	if !s.isOrganizer(organizer, cal) {
		return "5.1"
	}
	z := zoning{cal, organizer.zone}
	reply := &component{name: "VCALENDAR", lines: []*line{{name: "VERSION", value: "2.0"}, {name: "PRODID", value: "-//Holdfast//caldavtest//EN"}}}
	for _, x := range answers {
		e := z.find(x.original)
		if e == nil {
			if e = z.occurrence(x.original); e == nil {
				continue // they answer to a meeting that the organizer does not have
			}
			if len(a.linesIn(e)) > 0 {
				cal.kids = append(cal.kids, e)
			}
		}
		for _, l := range a.linesIn(e) {
			l.setParam("PARTSTAT", x.partstat)
			l.setParam("SCHEDULE-STATUS", "2.0")
			if x.partstat != "NEEDS-ACTION" {
				l.setParam("RSVP", "")
			}
			reply.kids = append(reply.kids, replyTo(e, l))
		}
	}
	if len(reply.kids) == 0 {
		return "5.1"
	}
	s.store(c, o.name, cal.bytes(), uid) // the Schedule-Tag stays: RFC 6638 section 3.2.10
	s.message(organizer, "REPLY", reply)
	return "1.2"
}

// occurrence makes an override of one that the series has, nil if it has none at that time.
func (z zoning) occurrence(key time.Time) *component {
	master := z.find(time.Time{})
	if master == nil || slices.ContainsFunc(z.list(master, "EXDATE"), key.Equal) {
		return nil
	}
	if starts, err := z.starts(master, key, key); err != nil || len(starts) == 0 {
		return nil
	}
	return z.override(master, key)
}

// replyTo is the component of a REPLY (RFC 5546 section 3.2.3).
func replyTo(e *component, attendee *line) *component {
	out := &component{name: e.name}
	for _, l := range e.lines {
		switch l.name {
		case "UID", "ORGANIZER", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY":
			out.lines = append(out.lines, l)
		}
	}
	answer := *attendee
	answer.params = slices.Clone(attendee.params)
	answer.setParam("SCHEDULE-STATUS", "")
	out.lines = append(out.lines, &answer)
	return out.clone()
}
