package caldavtest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func syncBody(token, limit string) string {
	if limit != "" {
		limit = "<D:limit><D:nresults>" + limit + "</D:nresults></D:limit>"
	}
	return `<D:sync-collection xmlns:D="DAV:"><D:sync-token>` + token + `</D:sync-token><D:sync-level>1</D:sync-level>` + limit + `<D:prop><D:getetag/></D:prop></D:sync-collection>`
}

func tokenOf(a answered) string {
	_, rest, _ := strings.Cut(a.body, "<D:sync-token>")
	token, _, _ := strings.Cut(rest, "</D:sync-token>")
	return token
}

func TestSync(t *testing.T) {
	s := serve(t, false, Quirks{})
	sync := func(token, limit string) answered {
		return s.do("mia", "REPORT", cal, syncBody(token, limit), "Depth: 0")
	}
	for _, n := range []string{"a", "b", "c"} {
		s.want(s.do("mia", "PUT", cal+n+".ics", event(n)), 201)
	}
	first := s.want(sync("", ""), 207, "a.ics", "b.ics", "c.ics", "getetag")
	token := tokenOf(first)
	s.want(sync(token, ""), 207, "!.ics")
	s.want(s.do("mia", "PUT", cal+"a.ics", event("a")), 204) // the same bytes are no change
	s.want(sync(token, ""), 207, "!.ics")

	s.want(s.do("mia", "PUT", cal+"b.ics", event("b", "LOCATION:Oak")), 204)
	s.want(s.do("mia", "DELETE", cal+"c.ics", ""), 204)
	s.want(s.do("mia", "PUT", cal+"d@x y.ics", event("d")), 201)
	s.want(sync(token, ""), 207, "!a.ics", "b.ics", "d%40x%20y.ics", cal+"c.ics</D:href><D:status>HTTP/1.1 404")
	s.want(sync("", ""), 207, "!c.ics")

	part := s.want(sync("", "2"), 207, "a.ics", "b.ics", "!d%40x", "507 Insufficient Storage", "number-of-matches-within-limits")
	s.want(sync(tokenOf(part), "2"), 207, "!b.ics", "c.ics", "d%40x", "!507")

	s.want(sync("data:,other", ""), 403, "valid-sync-token")
	s.want(s.do("raj", "REPORT", "/calendars/raj/default/", syncBody(token, "")), 403, "valid-sync-token")
	s.ForgetTokens()
	s.want(sync(token, ""), 403, "valid-sync-token")

	s.SetQuirks(func(q *Quirks) { *q = Quirks{TokenUnknownIs500: true} })
	s.want(sync(token, ""), 500)
	s.SetQuirks(func(q *Quirks) { *q = Quirks{TokenUnknownIsFullListing: true} })
	s.want(sync(token, ""), 207, "a.ics", "b.ics", "!c.ics")
	s.SetQuirks(func(q *Quirks) { *q = Quirks{KeepTombstones: true, AtUnencodedInHref: true} })
	s.want(sync("", ""), 207, "c.ics</D:href><D:status>HTTP/1.1 404", "d@x%20y.ics")
	s.SetQuirks(func(q *Quirks) { *q = Quirks{MaxResults: 1} })
	s.want(sync("", ""), 207, "507")
	s.SetQuirks(func(q *Quirks) { *q = Quirks{EmptyListing: true} })
	s.want(sync("", ""), 207, "!.ics")
	s.want(s.do("mia", "PROPFIND", cal, "", "Depth: 1"), 207, "!.ics")
	s.want(s.do("mia", "GET", cal+"a.ics", ""), 200)
}

func TestMultiget(t *testing.T) {
	s := serve(t, false, Quirks{})
	s.want(s.do("mia", "PUT", cal+"a.ics", event("a", `X-ODD:<&>"`)), 201)
	body := `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>` +
		`<D:href>` + s.http.URL + cal + `a.ics</D:href><D:href>` + cal + `none.ics</D:href><D:href>/calendars/raj/default/x.ics</D:href></C:calendar-multiget>`
	a := s.want(s.do("mia", "REPORT", cal, body), 207, "404 Not Found")
	n, err := parseXML([]byte(a.body))
	if err != nil {
		t.Fatal(err)
	}
	got := n.kids[0].child(nsDAV, "propstat").child(nsDAV, "prop").child(nsCalDAV, "calendar-data").text
	if got != event("a", `X-ODD:<&>"`) {
		t.Errorf("calendar-data is not the object:\n%q", got)
	}
	s.SetQuirks(func(q *Quirks) { q.MultigetOmitsMissing = true })
	s.want(s.do("mia", "REPORT", cal, body), 207, "a.ics", "!404")
}

func TestQuery(t *testing.T) {
	s := serve(t, false, Quirks{})
	moved := strings.Replace(event("a", "EXDATE;TZID=Europe/Berlin:20261215T100000"), "END:VCALENDAR", lines("BEGIN:VEVENT", "UID:a", "DTSTAMP:20261101T000000Z",
		"RECURRENCE-ID;TZID=Europe/Berlin:20261208T100000", "DTSTART;TZID=Europe/Berlin:20261210T140000", "DTEND;TZID=Europe/Berlin:20261210T143000", "SUMMARY:moved", "END:VEVENT")+"END:VCALENDAR", 1)
	s.want(s.do("mia", "PUT", cal+"a.ics", moved), 201)
	s.want(s.do("mia", "PUT", cal+"b.ics", strings.Replace(event("b"), "RRULE:FREQ=WEEKLY;BYDAY=TU\r\n", "", 1)), 201)
	query := func(data, inner string) answered {
		return s.do("mia", "REPORT", cal, `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data>`+data+`</C:calendar-data></D:prop>`+
			`<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">`+inner+`</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`, "Depth: 1")
	}
	day := func(d string) string { return `<C:time-range start="` + d + `T000000Z" end="` + d + `T235959Z"/>` }
	s.want(query("", day("20261201")), 207, "a.ics", "b.ics")
	s.want(query("", day("20261208")), 207, "!.ics")
	s.want(query("", day("20261210")), 207, "a.ics", "!b.ics")
	s.want(query("", day("20261215")), 207, "!.ics")
	s.want(query("", day("20401204")), 207, "a.ics")
	s.want(query("", `<C:time-range start="20300101T000000Z"/>`), 207, "a.ics", "!b.ics")
	s.want(query("", `<C:prop-filter name="UID"><C:text-match collation="i;octet">b</C:text-match></C:prop-filter>`), 207, "b.ics", "!a.ics")
	s.want(query("", `<C:prop-filter name="RRULE"><C:is-not-defined/></C:prop-filter><C:prop-filter name="SUMMARY"><C:text-match>1:1</C:text-match></C:prop-filter>`), 207, "b.ics")
	s.want(query("", `<C:comp-filter name="VALARM"/>`), 207, "!.ics")
	s.want(query(`<C:expand start="20261201T000000Z" end="20261223T000000Z"/>`, day("20261201")), 207,
		"DTSTART:20261201T090000Z", "RECURRENCE-ID:20261208T090000Z", "DTSTART:20261210T130000Z", "DTSTART:20261222T090000Z", "!20261215", "!RRULE")
	s.want(s.do("mia", "REPORT", cal, `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20261207T000000Z" end="20261214T000000Z"/></C:free-busy-query>`, "Depth: 1"),
		200, "FREEBUSY:20261210T130000Z/20261210T133000Z", "!20261208")
	s.want(s.do("mia", "REPORT", cal, `<D:nonsense xmlns:D="DAV:"/>`), 403, "supported-report")
	s.want(s.do("mia", "REPORT", cal, `<D:open`), 400)
	s.want(s.do("svc", "REPORT", "/principals/", `<D:principal-property-search xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:property-search><D:prop><C:calendar-user-address-set/></D:prop>`+
		`<D:match>mailto:raj@</D:match></D:property-search><D:prop><C:calendar-home-set/></D:prop></D:principal-property-search>`), 207, "/calendars/raj/", "!/calendars/mia/")
}

// A client that only follows tokens, in pages of any size, sees at each end what the calendar holds.
func TestSyncFollowsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(Options{Users: users(), Now: func() time.Time { return noon }})
		do := func(method, path, body string) *reply {
			return s.handle(&request{Request: newRequest(method, path), body: []byte(body)})
		}
		have, token := map[string]string{}, ""
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name")
				if rapid.Bool().Draw(t, "delete") {
					do("DELETE", cal+name+".ics", "")
				} else {
					do("PUT", cal+name+".ics", event(name, "LOCATION:"+rapid.StringMatching("[a-c]").Draw(t, "place")))
				}
			}
			limit := strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "limit"))
			for more := true; more; {
				n, err := parseXML(do("REPORT", cal, syncBody(token, limit)).body)
				if err != nil {
					t.Fatal(err)
				}
				more = false
				for _, r := range n.kids {
					switch href, status := r.child(nsDAV, "href").value(), r.child(nsDAV, "status").value(); {
					case strings.Contains(status, "507"):
						more = true
					case strings.Contains(status, "404"):
						delete(have, href)
					case r.is(nsDAV, "response"):
						have[href] = r.child(nsDAV, "propstat").child(nsDAV, "prop").child(nsDAV, "getetag").value()
					}
				}
				token = n.child(nsDAV, "sync-token").value()
			}
			want := map[string]string{}
			for name, o := range s.accounts["mia"].calendars["default"].objects {
				want[cal+name] = `"` + o.etag + `"`
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Fatalf("after following %s:\n%s", token, diff)
			}
		}
	})
}
