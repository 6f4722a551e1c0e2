package caldavtest

import (
	"net/http"
	"strings"
	"time"
)

// freeBusyQuery answers RFC 4791 section 7.10 for one calendar.
func (s *Server) freeBusyQuery(res resource, n *node) *reply {
	span := n.child(nsCalDAV, "time-range")
	if span == nil {
		return answer(http.StatusBadRequest)
	}
	from, to, ok := window(span)
	if !ok {
		return answer(http.StatusBadRequest)
	}
	p := answer(http.StatusOK).with("Content-Type", calendarType)
	p.body = s.freeBusy(res.user, []*calendar{res.cal}, from, to, nil)
	return p
}

// freeBusy is a VFREEBUSY of what the calendars hold in [from, to). about, if there is one, is the request answered.
func (s *Server) freeBusy(a *account, calendars []*calendar, from, to time.Time, about *component) []byte {
	fb := &component{name: "VFREEBUSY", lines: []*line{{name: "DTSTAMP", value: stamp(s.now())},
		{name: "DTSTART", value: stamp(from)}, {name: "DTEND", value: stamp(to)}}}
	cal := &component{name: "VCALENDAR", kids: []*component{fb}, lines: []*line{
		{name: "VERSION", value: "2.0"}, {name: "PRODID", value: "-//Holdfast//caldavtest//EN"}}}
	if about != nil {
		cal.setValue("METHOD", "REPLY")
		fb.setValue("UID", about.value("UID"))
		if l := about.get("ORGANIZER"); l != nil {
			fb.set(l)
		}
		fb.setValue("ATTENDEE", "mailto:"+a.Email)
	}
	for _, c := range calendars {
		for _, o := range c.sorted() {
			hits, err := zoning{reparse(o), a.zone}.instances(from, to)
			if err != nil {
				continue // a rule beyond us
			}
			for _, h := range hits {
				e := h.from
				if e.name != "VEVENT" || e.value("TRANSP") == "TRANSPARENT" || e.value("STATUS") == "CANCELLED" || answerIn(e, a) == "DECLINED" {
					continue
				}
				l := &line{name: "FREEBUSY", value: stamp(h.start) + "/" + stamp(h.end)}
				if e.value("STATUS") == "TENTATIVE" {
					l.setParam("FBTYPE", "BUSY-TENTATIVE")
				}
				fb.lines = append(fb.lines, l)
			}
		}
	}
	return cal.bytes()
}

// post answers a free-busy request to an outbox (RFC 6638 section 5), the one thing that can be posted.
func (s *Server) post(r *request, res resource) *reply {
	if res.cal == nil || res.cal.use != outbox || res.kind != collection {
		return answer(http.StatusMethodNotAllowed).with("Allow", allow)
	}
	m, err := parse(r.body)
	if err != nil {
		return refuse(http.StatusForbidden, "C:valid-calendar-data", "")
	}
	entries := m.entries()
	if len(entries) != 1 || entries[0].name != "VFREEBUSY" || m.value("METHOD") != "REQUEST" {
		return refuse(http.StatusForbidden, "C:valid-scheduling-message", "")
	}
	about := entries[0]
	if s.local(about.value("ORGANIZER")) != res.user {
		return refuse(http.StatusForbidden, "C:organizer-allowed", "")
	}
	from, to, err := zoning{m, res.user.zone}.span(about)
	if err != nil {
		return refuse(http.StatusForbidden, "C:valid-scheduling-message", "")
	}
	var b strings.Builder
	b.WriteString(prologue + "<C:schedule-response" + declarations + ">\n")
	for _, l := range about.all("ATTENDEE") {
		status, data := "", ""
		if a := s.local(l.value); a == nil {
			status = s.undeliverable(l.value) + ";Not reachable"
		} else {
			var cs []*calendar
			for _, c := range a.sortedCalendars() {
				if c.use == ordinary {
					cs = append(cs, c)
				}
			}
			status = "2.0;Success"
			data = element(nameData, escape(string(s.freeBusy(a, cs, from, to, about))))
		}
		b.WriteString("<C:response><C:recipient>" + hrefXML(l.value) + "</C:recipient><C:request-status>" + status +
			"</C:request-status>" + data + "</C:response>\n")
	}
	b.WriteString("</C:schedule-response>\n")
	p := answer(http.StatusOK).with("Content-Type", xmlType)
	p.body = []byte(b.String())
	return p
}
