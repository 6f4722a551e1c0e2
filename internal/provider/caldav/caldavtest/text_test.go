package caldavtest

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Text that was read and written says the same, no line is longer than 75 octets, and no character is torn.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOfN(rapid.RuneFrom([]rune("aä😀,;:\\\"\t")), 0, 300, -1).Draw(t, "value")
		cal := &component{name: "VCALENDAR", kids: []*component{{name: "VEVENT", lines: []*line{{name: "SUMMARY", value: quote(value),
			params: []param{{"X-P", `"a;b:c"`}, {"LANGUAGE", "de"}}}}}}}
		text := cal.bytes()
		for l := range strings.SplitSeq(string(text), "\r\n") {
			if len(l) > 75 {
				t.Fatalf("%d octets in a line", len(l))
			}
		}
		back, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		l := back.kids[0].get("SUMMARY")
		if unescape(l.value) != value || l.param("X-P") != "a;b:c" || l.param("LANGUAGE") != "de" {
			t.Fatalf("%q became %q", value, unescape(l.value))
		}
	})
}

func TestZones(t *testing.T) {
	cal, err := parse([]byte(lines("BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Ours", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "END:STANDARD",
		"END:VTIMEZONE", "BEGIN:VTIMEZONE", "TZID:Theirs", "X-LIC-LOCATION:Europe/Berlin", "END:VTIMEZONE", "END:VCALENDAR")))
	if err != nil {
		t.Fatal(err)
	}
	z := zoning{cal, berlin}
	for tzid, want := range map[string]string{
		"Europe/Berlin": "2026-07-01T08:00:00Z",
		"/freeassociation.sourceforge.net/Europe/London": "2026-07-01T09:00:00Z",
		"Theirs":  "2026-07-01T08:00:00Z",
		"Ours":    "2026-07-01T04:30:00Z",
		"Unknown": "2026-07-01T08:00:00Z", // floating
		"":        "2026-07-01T08:00:00Z",
		"Local":   "2026-07-01T08:00:00Z",
	} {
		got, _, err := z.parse("20260701T100000", tzid)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("TZID %q: %v, %v, want %s", tzid, got.UTC(), err, want)
		}
	}
}

func TestInstancesAcrossClockChange(t *testing.T) {
	cal, err := parse([]byte(strings.NewReplacer("20261201", "20261020", "RRULE:FREQ=WEEKLY;BYDAY=TU", "RRULE:FREQ=WEEKLY;UNTIL=20261103").Replace(event("a"))))
	if err != nil {
		t.Fatal(err)
	}
	hits, err := zoning{cal, time.UTC}.instances(noon.AddDate(0, -2, 0), noon.AddDate(0, 2, 0))
	var got []string
	for _, h := range hits {
		got = append(got, h.start.UTC().Format("0102T15"))
	}
	if text := strings.Join(got, " "); err != nil || text != "1020T08 1027T09 1103T09" {
		t.Errorf("instances %s (%v)", text, err)
	}
}

// Whatever is put, the server neither panics nor forgets how to read what it has accepted.
func FuzzPut(f *testing.F) {
	f.Add(event("a"))
	f.Add(event("a", "EXDATE;VALUE=DATE:20261208", "RDATE;VALUE=PERIOD:20261209T100000Z/PT1H", "DURATION:-P1DT"))
	f.Add(strings.Replace(event("a"), "WEEKLY;BYDAY=TU", "MONTHLY;BYDAY=5TU;BYSETPOS=-1;COUNT=9", 1))
	f.Add(event("a", "ORGANIZER:mailto:mia@example.test", "ATTENDEE;PARTSTAT=\"X:mailto:raj@example.test", "ATTENDEE:mailto:raj@example.test"))
	f.Fuzz(func(t *testing.T, text string) {
		s := New(Options{Users: users(), Scheduling: true, Now: func() time.Time { return noon }})
		r := newRequest("PUT", cal+"a.ics")
		if p := s.handle(&request{Request: r, body: []byte(text)}); p.status >= 500 {
			t.Fatalf("status %d", p.status)
		}
		q := newRequest("REPORT", cal)
		body := `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">` +
			`<C:comp-filter name="VEVENT"><C:time-range start="20261201T000000Z" end="20270101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`
		if p := s.handle(&request{Request: q, body: []byte(body)}); p.status != 207 {
			t.Fatalf("status %d", p.status)
		}
		s.handle(&request{Request: newRequest("DELETE", cal+"a.ics")})
	})
}
