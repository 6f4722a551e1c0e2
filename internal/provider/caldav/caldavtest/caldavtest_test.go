package caldavtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func users() []User {
	return []User{
		{Name: "mia", Password: "mia-pw", Email: "mia@example.test", DisplayName: "Mia Chen", Zone: "Europe/Berlin"},
		{Name: "raj", Password: "raj-pw", Email: "raj@example.test", DisplayName: "Raj Patel", Zone: "Asia/Kolkata"},
		{Name: "lee", Password: "lee-pw", Email: "lee@example.test", DisplayName: "Lee Park"},
		{Name: "svc", Password: "svc-pw", Email: "svc@example.test", Service: true},
	}
}

// site is a server behind a listener.
type site struct {
	*Server
	http *httptest.Server
	t    *testing.T
}

func serve(t *testing.T, scheduling bool, q Quirks) *site {
	t.Helper()
	s := New(Options{Users: users(), Scheduling: scheduling, Now: func() time.Time { return noon }, Quirks: q})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return &site{s, h, t}
}

// answered is a response read whole.
type answered struct {
	status int
	http.Header
	body string
}

// do sends one request as user; headers are "Name: value".
func (s *site) do(user, method, path, body string, headers ...string) answered {
	s.t.Helper()
	r, err := http.NewRequest(method, s.http.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, user+"-pw")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		return answered{body: err.Error()}
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.Header, string(b)}
}

// want fails unless the answer has the status and its body holds all of the parts; a part with "!" must not be there.
func (s *site) want(a answered, status int, parts ...string) answered {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d, want %d\n%s", a.status, status, a.body)
	}
	for _, p := range parts {
		absent, not := strings.CutPrefix(p, "!")
		if not && strings.Contains(a.body, absent) || !not && !strings.Contains(a.body, p) {
			s.t.Fatalf("want %q in\n%s", p, a.body)
		}
	}
	return a
}

// lines joins content lines as they travel.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// event is an object with one weekly event on Tuesdays at 10:00 in Berlin; extra lines go into the master.
func event(uid string, extra ...string) string {
	l := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//t//EN", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z",
		"DTSTART;TZID=Europe/Berlin:20261201T100000", "DTEND;TZID=Europe/Berlin:20261201T110000", "RRULE:FREQ=WEEKLY;BYDAY=TU", "SUMMARY:1:1"}, extra...)
	return lines(append(l, "END:VEVENT", "END:VCALENDAR")...)
}

const cal = "/calendars/mia/default/"

func propfind(names string) string {
	return `<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"><d:prop>` + names + `</d:prop></d:propfind>`
}

func TestDiscovery(t *testing.T) {
	s := serve(t, true, Quirks{})
	if a := s.want(s.do("", "PROPFIND", "/.well-known/caldav", ""), 301); a.Get("Location") != "/" {
		t.Errorf("Location %q", a.Get("Location"))
	}
	if a := s.want(s.do("", "PROPFIND", "/", ""), 401); !strings.HasPrefix(a.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("WWW-Authenticate %q", a.Get("WWW-Authenticate"))
	}
	s.want(s.do("mia", "PROPFIND", "/", propfind("<d:current-user-principal/>"), "Depth: 0"), 207, "<D:href>/principals/mia/</D:href>")
	s.want(s.do("mia", "PROPFIND", "/principals/mia", propfind("<c:calendar-home-set/><c:calendar-user-address-set/><c:schedule-inbox-URL/><d:nonsense/>"), "Depth: 0"), 207,
		"/calendars/mia/", "mailto:mia@example.test", "/calendars/mia/inbox/", "404 Not Found")
	a := s.want(s.do("mia", "PROPFIND", "/calendars/mia/", propfind("<d:resourcetype/><s:getctag/><d:sync-token/>"), "Depth: 1"), 207,
		cal, "<C:calendar/>", "<C:schedule-inbox/>", "data:,")
	if !strings.Contains(a.Get("DAV"), "calendar-auto-schedule") {
		t.Errorf("DAV %q", a.Get("DAV"))
	}
	s.want(s.do("mia", "PROPFIND", "/calendars/raj/", "", "Depth: 1"), 403, "need-privileges")
	s.want(s.do("svc", "PROPFIND", "/calendars/", "", "Depth: 1"), 207, "/calendars/raj/", "/calendars/mia/")
}
