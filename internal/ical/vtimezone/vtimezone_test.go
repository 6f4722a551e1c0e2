package vtimezone

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/series"
)

var around = series.Date{Year: 2026, Month: time.November, Day: 24}

// allZones are the names of the database that this Go knows, older names too.
func allZones(t testing.TB) []string {
	var out []string
	for _, name := range strings.Fields(zoneNames) {
		if _, err := series.Location(name); err == nil {
			out = append(out, name)
		}
	}
	if len(out) < 590 {
		t.Fatalf("only %d zones", len(out))
	}
	return out
}

func location(t testing.TB, zone string) *time.Location {
	t.Helper()
	loc, err := series.Location(zone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// differs is the first moment, every six hours in [from, to), at which two zones show different clocks.
func differs(a, b *time.Location, from, to int) string {
	for at := yearStart(from); at.Before(yearStart(to)); at = at.Add(6 * time.Hour) {
		if offsetAt(a, at) != offsetAt(b, at) {
			return at.Format(time.RFC3339)
		}
	}
	return ""
}

func TestWriteHasTheClockOfEveryZone(t *testing.T) {
	lists := 0
	for _, zone := range allZones(t) {
		text := Write(zone, around)
		if zone == "UTC" {
			if text != "" {
				t.Errorf("UTC: %s", text)
			}
			continue
		}
		if n := strings.Count(text, "\r\n"); n != strings.Count(text, "\n") || n > 80 {
			t.Errorf("%s: %d lines", zone, n)
		}
		for l := range strings.SplitSeq(text, "\r\n") {
			if len(l) > 75 {
				t.Errorf("%s: line too long: %s", zone, l)
			}
		}
		c, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v\n%s", zone, err, text)
			continue
		}
		_, loc, err := c.spelledOut()
		if err != nil {
			t.Errorf("%s: %v", zone, err)
			continue
		}
		to := 2046
		if strings.Contains(text, "RDATE") {
			lists++
			to = 2030 // three years past the day's
		}
		if at := differs(loc, location(t, zone), 2025, to); at != "" {
			t.Errorf("%s: another clock at %s\n%s", zone, at, text)
		}
	}
	if lists < 3 || lists > 8 {
		t.Errorf("%d zones are lists", lists)
	}
}

func TestWritePassesTheLastDayOfLeapYears(t *testing.T) {
	got := changes(location(t, "Europe/Berlin"), time.Date(2028, 12, 30, 0, 0, 0, 0, time.UTC), yearStart(2030))
	if len(got) != 2 {
		t.Errorf("changes around 31 December 2028: %v", got)
	}
}

func TestWrite(t *testing.T) {
	for zone, want := range map[string]string{
		"Europe/Berlin": `BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:20250330T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20251026T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
`,
		"Asia/Kolkata": `BEGIN:VTIMEZONE
TZID:Asia/Kolkata
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
TZNAME:IST
END:STANDARD
END:VTIMEZONE
`,
		"Australia/Lord_Howe": `BEGIN:VTIMEZONE
TZID:Australia/Lord_Howe
BEGIN:STANDARD
DTSTART:20250406T020000
TZOFFSETFROM:+1100
TZOFFSETTO:+1030
TZNAME:+1030
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20251005T020000
TZOFFSETFROM:+1030
TZOFFSETTO:+1100
TZNAME:+11
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU
END:DAYLIGHT
END:VTIMEZONE
`,
		"Asia/Jerusalem": `BEGIN:VTIMEZONE
TZID:Asia/Jerusalem
BEGIN:DAYLIGHT
DTSTART:20250328T020000
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
TZNAME:IDT
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=FR;BYMONTHDAY=23,24,25,26,27,28,29
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20251026T020000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
TZNAME:IST
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
`,
		"Mars/Olympus": "",
	} {
		if diff := cmp.Diff(want, strings.ReplaceAll(Write(zone, around), "\r\n", "\n")); diff != "" {
			t.Errorf("%s:\n%s", zone, diff)
		}
	}
}

func TestTZIDOfACustomZoneIsPlainAndStable(t *testing.T) {
	zone := series.CustomZone(byRules(nil, 3600+17*60))
	id := TZID(zone)
	if id != TZID(zone) || id == TZID(series.CustomZone(byRules(nil, 3600))) || !strings.HasPrefix(id, "Custom/") || strings.ContainsAny(id, ":;,\" ") {
		t.Error(id)
	}
	if text := Write(zone, around); !strings.Contains(text, "TZID:"+id+"\r\n") || !strings.Contains(text, "TZOFFSETTO:+0117\r\n") {
		t.Error(text)
	}
}
