package caldavtest

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const calendarXML = "Content-Type: text/calendar"

func TestObjectLife(t *testing.T) {
	s := serve(t, false, Quirks{})
	body := event("a")
	made := s.want(s.do("mia", "PUT", cal+"a.ics", body, calendarXML, "If-None-Match: *"), 201)
	tag := made.Get("ETag")
	if got := s.want(s.do("mia", "GET", cal+"a.ics", ""), 200); got.body != body || got.Get("ETag") != tag || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("GET differs from what was put: ETag %q, then %q\n%s", tag, got.Get("ETag"), got.body)
	}
	s.want(s.do("mia", "HEAD", cal+"a.ics", ""), 200)
	s.want(s.do("mia", "GET", cal+"a.ics", "", "If-None-Match: "+tag), 304)
	s.want(s.do("mia", "PUT", cal+"a.ics", body, "If-None-Match: *"), 412)
	changed := s.want(s.do("mia", "PUT", cal+"a.ics", event("a", "LOCATION:Oak"), "If-Match: "+tag), 204)
	s.want(s.do("mia", "PUT", cal+"a.ics", body, "If-Match: "+tag), 412)
	s.want(s.do("mia", "PUT", cal+"a.ics", body, "If-Match: W/"+changed.Get("ETag")), 412)
	s.want(s.do("mia", "DELETE", cal+"a.ics", "", "If-Match: "+tag), 412)
	s.want(s.do("mia", "DELETE", cal+"a.ics", "", "If-Match: "+changed.Get("ETag")), 204)
	s.want(s.do("mia", "GET", cal+"a.ics", ""), 404)
	s.want(s.do("mia", "PUT", cal+"a.ics", body, "If-Match: *"), 412)
	if a := s.want(s.do("mia", "PUT", cal+"a.ics", body, "Prefer: return=representation"), 201, "UID:a"); a.Get("ETag") != tag {
		t.Errorf("ETag %q of the same bytes, want %q", a.Get("ETag"), tag)
	}
	if n, w := s.Requests()["PUT"], s.Writes(); n != 7 || w != 9 {
		t.Errorf("counted %d PUT and %d writes, want 7 and 9", n, w)
	}
}

func TestOneOfManyWritersWins(t *testing.T) {
	s := serve(t, false, Quirks{})
	tag := s.want(s.do("mia", "PUT", cal+"a.ics", event("a")), 201).Get("ETag")
	var mu sync.Mutex
	got := map[int]int{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a := s.do("mia", "PUT", cal+"a.ics", event("a", "LOCATION:"+strings.Repeat("x", i+1)), "If-Match: "+tag)
			mu.Lock()
			defer mu.Unlock()
			got[a.status]++
		})
	}
	wg.Wait()
	if got[204] != 1 || got[412] != 7 {
		t.Errorf("statuses %v, want one 204 and seven 412", got)
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, false, Quirks{})
	s.want(s.do("mia", "PUT", cal+"a.ics", event("a")), 201)
	for name, c := range map[string]struct {
		path, body, header string
		status             int
		condition          string
	}{
		"no iCalendar":        {cal + "b.ics", "hello", "", 403, "valid-calendar-data"},
		"truncated":           {cal + "b.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "", 403, "valid-calendar-data"},
		"deep":                {cal + "b.ics", "BEGIN:VCALENDAR\r\n" + strings.Repeat("BEGIN:A\r\n", 1000), "", 403, "valid-calendar-data"},
		"broken parameter":    {cal + "b.ics", event("b", "X;A=b"), "", 403, "valid-calendar-data"},
		"quote in parameter":  {cal + "b.ics", event("b", `X;A="b"c:d`), "", 403, "valid-calendar-data"},
		"long parameter":      {cal + "b.ics", event("b", "X;A="+strings.Repeat("a", 20000)+":d"), "", 403, "valid-calendar-data"},
		"not UTF-8":           {cal + "b.ics", event("b", "LOCATION:\xff"), "", 403, "valid-calendar-data"},
		"method":              {cal + "b.ics", strings.Replace(event("b"), "VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST", 1), "", 403, "valid-calendar-object-resource"},
		"no UID":              {cal + "b.ics", strings.Replace(event("b"), "UID:b\r\n", "", 1), "", 403, "valid-calendar-object-resource"},
		"bad rule":            {cal + "b.ics", strings.Replace(event("b"), "WEEKLY", "FORTNIGHTLY", 1), "", 403, "valid-calendar-object-resource"},
		"rule without end":    {cal + "b.ics", strings.Replace(event("b"), "FREQ=WEEKLY;BYDAY=TU", "FREQ=HOURLY;INTERVAL=24;BYHOUR=3", 1), "", 403, "valid-calendar-object-resource"},
		"impossible weekday":  {cal + "b.ics", strings.Replace(event("b"), "FREQ=WEEKLY;BYDAY=TU", "FREQ=MONTHLY;BYDAY=-6SU", 1), "", 403, "valid-calendar-object-resource"},
		"bad date":            {cal + "b.ics", strings.Replace(event("b"), "20261201T10", "20261399T10", 1), "", 403, "valid-calendar-object-resource"},
		"ends before":         {cal + "b.ics", strings.Replace(event("b"), "20261201T11", "20261130T11", 1), "", 403, "valid-calendar-object-resource"},
		"task":                {cal + "b.ics", strings.ReplaceAll(event("b"), "VEVENT", "VTODO"), "", 403, "supported-calendar-component"},
		"JSON":                {cal + "b.ics", "{}", "Content-Type: application/json", 403, "supported-calendar-data"},
		"UID taken":           {cal + "b.ics", event("a"), "", 409, "no-uid-conflict"},
		"other UID":           {cal + "a.ics", event("b"), "", 409, "no-uid-conflict"},
		"no such calendar":    {"/calendars/mia/none/b.ics", event("b"), "", 409, ""},
		"somebody else's":     {"/calendars/raj/default/b.ics", event("b"), "", 403, "need-privileges"},
		"not in a collection": {"/calendars/mia/b.ics", event("b"), "", 409, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.header
			if h == "" {
				h = calendarXML
			}
			s.want(s.do("mia", "PUT", c.path, c.body, h), c.status, c.condition)
		})
	}
	small := New(Options{Users: users(), MaxSize: 100})
	if p := small.handle(&request{Request: newRequest("PUT", cal+"a.ics"), body: []byte(event("a"))}); p.status != 403 || p.condition != "C:max-resource-size" {
		t.Errorf("too large: %d %s", p.status, p.condition)
	}
}

func newRequest(method, path string) *http.Request {
	r, _ := http.NewRequest(method, path, nil)
	r.SetBasicAuth("mia", "mia-pw")
	return r
}

func TestCalendars(t *testing.T) {
	s := serve(t, false, Quirks{})
	body := `<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>Tea &amp; talk</D:displayname>` +
		`<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>`
	s.want(s.do("mia", "MKCALENDAR", "/calendars/mia/tea/", body), 201)
	s.want(s.do("mia", "MKCALENDAR", "/calendars/mia/tea/", body), 403, "resource-must-be-null")
	s.want(s.do("mia", "MKCOL", "/calendars/mia/plain/", ""), 403, "valid-resourcetype")
	s.want(s.do("mia", "MKCOL", "/calendars/mia/more", `<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>`), 201)
	s.want(s.do("mia", "PROPPATCH", "/calendars/mia/tea/", `<D:propertyupdate xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/" xmlns:o="urn:own"><D:set><D:prop>`+
		`<A:calendar-color>#112233</A:calendar-color><o:note>a<o:b>c</o:b></o:note></D:prop></D:set></D:propertyupdate>`), 207, "200 OK")
	s.want(s.do("mia", "PROPPATCH", "/calendars/mia/tea/", `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>X</D:displayname><D:getetag>1</D:getetag></D:prop></D:set></D:propertyupdate>`),
		207, "403 Forbidden", "424 Failed Dependency")
	s.want(s.do("mia", "PROPFIND", "/calendars/mia/tea/", "", "Depth: 0"), 207,
		"Tea &amp; talk", `<C:comp name="VTODO"/>`, "!VEVENT", "<A:calendar-color>#112233", `<x:note xmlns:x="urn:own">a<x:b xmlns:x="urn:own">c</x:b></x:note>`)
	s.want(s.do("mia", "DELETE", "/calendars/mia/tea/", ""), 204)
	s.want(s.do("mia", "PROPFIND", "/calendars/mia/tea/", "", "Depth: 0"), 404)
}

func TestFaults(t *testing.T) {
	drop := false
	s := serve(t, false, Quirks{Fail: func(r *http.Request) (int, time.Duration, bool) {
		if drop {
			return 0, 0, true
		}
		return 503, 90 * time.Second, false
	}})
	if a := s.want(s.do("mia", "PUT", cal+"a.ics", event("a")), 503); a.Get("Retry-After") != "90" {
		t.Errorf("Retry-After %q", a.Get("Retry-After"))
	}
	drop = true
	if a := s.do("mia", "PUT", cal+"a.ics", event("a")); a.status != 0 {
		t.Errorf("status %d of a dropped connection", a.status)
	}
	s.SetQuirks(func(q *Quirks) { q.Fail = nil })
	s.want(s.do("mia", "GET", cal+"a.ics", ""), 200, "UID:a")
}

func TestObjectQuirks(t *testing.T) {
	s := serve(t, false, Quirks{IgnoreIfNoneMatch: true, IgnoreIfMatch: true, NoETagOnPut: true})
	if a := s.want(s.do("mia", "PUT", cal+"a.ics", event("a")), 201); a.Get("ETag") != "" {
		t.Error("an ETag on PUT")
	}
	s.want(s.do("mia", "PUT", cal+"a.ics", event("a"), "If-None-Match: *"), 204)
	s.want(s.do("mia", "PUT", cal+"a.ics", event("a"), `If-Match: "old"`), 204)

	s.SetQuirks(func(q *Quirks) { *q = Quirks{RewriteOnPut: true, WeakETags: true} })
	tag := s.want(s.do("mia", "PUT", cal+"b.ics", event("b", "ATTENDEE;ROLE=CHAIR;CN=X:mailto:x@example.test")), 201).Get("ETag")
	if got := s.want(s.do("mia", "GET", cal+"b.ics", ""), 200, "CLASS:PUBLIC", "ATTENDEE;CN=X;ROLE=CHAIR:"); got.Get("ETag") != tag || !strings.HasPrefix(tag, "W/") {
		t.Errorf("ETags %q, %q", tag, got.Get("ETag"))
	}
	s.want(s.do("mia", "PUT", cal+"b.ics", event("b"), "If-Match: "+tag), 412)
	s.want(s.do("mia", "PUT", cal+"b.ics", event("b"), "If-Match: "+strings.TrimPrefix(tag, "W/")), 204)

	s.SetQuirks(func(q *Quirks) { *q = Quirks{WrapErrorsIn207: true} })
	s.want(s.do("mia", "PUT", cal+"c.ics", event("b")), 207, "409 Conflict", "no-uid-conflict")
	s.want(s.do("mia", "PROPFIND", "/calendars/mia/none/", ""), 207, "404 Not Found")
	s.want(s.do("mia", "PUT", cal+"b.ics", event("b"), "If-None-Match: *"), 412)

	s.SetQuirks(func(q *Quirks) { *q = Quirks{Redirect301ForOthers: true} })
	if a := s.want(s.do("svc", "PUT", "/calendars/raj/default/r.ics", event("r")), 301); a.Get("Location") != "/calendars/svc/raj.default/r.ics" {
		t.Errorf("Location %q", a.Get("Location"))
	}
	s.want(s.do("svc", "PUT", "/calendars/svc/raj.default/r.ics", event("r")), 201)
	s.want(s.do("svc", "PROPFIND", "/calendars/svc/raj.default/", "", "Depth: 1"), 207, "/calendars/svc/raj.default/r.ics")
	s.want(s.do("raj", "GET", "/calendars/raj/default/r.ics", ""), 200)
	s.want(s.do("mia", "GET", "/calendars/mia/raj.default/r.ics", ""), 404)

	s.SetQuirks(func(q *Quirks) { *q = Quirks{ClaimScheduling: true} })
	if a := s.want(s.do("mia", "OPTIONS", cal, ""), 200); !strings.Contains(a.Get("DAV"), "calendar-auto-schedule") {
		t.Errorf("DAV %q", a.Get("DAV"))
	}
}
