package series

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ny, london, lordHowe, kolkata = "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"

// slot reads "Tue 10:00 1h 1w Europe/Berlin".
func slot(text string) Slot {
	s, err := ParseSlotLine(text)
	if err != nil {
		panic(err)
	}
	return s
}

func clock(t testing.TB, text string) TimeOfDay {
	t.Helper()
	at, err := ParseTimeOfDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Both clock changes of a year: before, at, inside and after the gap; before, inside and after the overlap.
func TestInstant(t *testing.T) {
	tests := []struct{ zone, day, at, want string }{
		{ny, "2026-03-08", "01:59", "2026-03-08T01:59:00-05:00"},
		{ny, "2026-03-08", "02:00", "2026-03-08T03:00:00-04:00"},
		{ny, "2026-03-08", "02:30", "2026-03-08T03:30:00-04:00"},
		{ny, "2026-03-08", "03:00", "2026-03-08T03:00:00-04:00"},
		{ny, "2026-11-01", "00:59", "2026-11-01T00:59:00-04:00"},
		{ny, "2026-11-01", "01:00", "2026-11-01T01:00:00-04:00"},
		{ny, "2026-11-01", "01:30", "2026-11-01T01:30:00-04:00"},
		{ny, "2026-11-01", "02:00", "2026-11-01T02:00:00-05:00"},
		{london, "2026-03-29", "00:59", "2026-03-29T00:59:00Z"},
		{london, "2026-03-29", "01:00", "2026-03-29T02:00:00+01:00"},
		{london, "2026-03-29", "01:30", "2026-03-29T02:30:00+01:00"},
		{london, "2026-03-29", "02:00", "2026-03-29T02:00:00+01:00"},
		{london, "2026-10-25", "01:00", "2026-10-25T01:00:00+01:00"},
		{london, "2026-10-25", "01:59", "2026-10-25T01:59:00+01:00"},
		{london, "2026-10-25", "02:00", "2026-10-25T02:00:00Z"},
		{lordHowe, "2026-10-04", "01:59", "2026-10-04T01:59:00+10:30"},
		{lordHowe, "2026-10-04", "02:00", "2026-10-04T02:30:00+11:00"},
		{lordHowe, "2026-10-04", "02:15", "2026-10-04T02:45:00+11:00"},
		{lordHowe, "2026-10-04", "02:30", "2026-10-04T02:30:00+11:00"},
		{lordHowe, "2026-04-05", "01:29", "2026-04-05T01:29:00+11:00"},
		{lordHowe, "2026-04-05", "01:30", "2026-04-05T01:30:00+11:00"},
		{lordHowe, "2026-04-05", "01:59", "2026-04-05T01:59:00+11:00"},
		{lordHowe, "2026-04-05", "02:00", "2026-04-05T02:00:00+10:30"},
		{kolkata, "2026-03-29", "02:30", "2026-03-29T02:30:00+05:30"},
		{kolkata, "2026-10-25", "02:30", "2026-10-25T02:30:00+05:30"},
		{london, "2026-10-24", "24:00", "2026-10-25T00:00:00+01:00"},
		{"Pacific/Apia", "2011-12-30", "10:00", "2011-12-31T10:00:00+14:00"}, // a day that did not exist
		{"Africa/Cairo", "2026-04-24", "00:00", "2026-04-24T01:00:00+03:00"}, // a midnight that does not
		{"UTC", "2026-04-24", "00:00", "2026-04-24T00:00:00Z"},
		{"Mars/Olympus", "2026-04-24", "00:00", "2026-04-24T00:00:00Z"},
	}
	for _, test := range tests {
		got := Instant(date(test.day), clock(t, test.at), test.zone)
		if text := got.Format(time.RFC3339); text != test.want {
			t.Errorf("%s %s %s: %s, want %s", test.zone, test.day, test.at, text, test.want)
		}
	}
}

var someZones = []string{ny, london, lordHowe, kolkata, "America/Los_Angeles", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "Antarctica/Troll", "Europe/Dublin", "UTC"}

// Where a time exists the zone's clock shows it at its Instant, and no earlier moment does; where it does not, the clock
// shows it moved on by the gap.
func TestInstantInvertsWallClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(someZones).Draw(t, "zone")
		d := date("2024-01-01").AddDays(rapid.IntRange(0, 3000).Draw(t, "day"))
		at := TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "at"))
		start := Instant(d, at, zone)
		day, shown := WallClock(start, zone)
		if day == d && shown == at {
			for _, earlier := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
				if day, shown := WallClock(start.Add(-earlier), zone); day == d && shown == at {
					t.Fatalf("%s is the second %s", start, at)
				}
			}
			return
		}
		gap := time.Duration(day.DaysSince(d))*24*time.Hour + time.Duration(shown-at)*time.Minute
		if gap <= 0 || gap > 2*time.Hour {
			t.Fatalf("%s %s became %s", d, at, start)
		}
		_, before := start.Add(-gap).Zone()
		if _, after := start.Zone(); time.Duration(after-before)*time.Second != gap {
			t.Fatalf("%s: moved by %s", start, gap)
		}
	})
}

func TestLocation(t *testing.T) {
	for _, name := range []string{"", "Local", "local", "Mars/Olympus", "tzif:", "tzif:!", "../etc/passwd"} {
		if loc, err := Location(name); err == nil {
			t.Errorf("%q: %s", name, loc)
		}
	}
	a, err1 := Location(london)
	b, err2 := Location(london)
	if err1 != nil || err2 != nil || a != b {
		t.Error(err1, err2)
	}
}

func TestSlotDates(t *testing.T) {
	tests := []struct{ every, first, from, to, want string }{
		{"1w", "2026-12-01", "2026-12-01", "2026-12-15", "2026-12-01 2026-12-08 2026-12-15"},
		{"1w", "2026-12-01", "2026-11-01", "2026-12-07", "2026-12-01"},
		{"1w", "2026-12-01", "2026-12-09", "2026-12-14", ""},
		{"2w", "2026-12-01", "2026-12-02", "2027-01-12", "2026-12-15 2026-12-29 2027-01-12"},
		{"4w", "2026-12-01", "2026-12-30", "2027-03-01", "2027-01-26 2027-02-23"},
		{"4w", "2026-12-01", "2026-12-29", "2026-12-29", "2026-12-29"},
	}
	for _, test := range tests {
		s := slot("Tue 10:00 1h " + test.every + " " + london)
		var got []string
		for _, d := range s.Dates(date(test.first), date(test.from), date(test.to)) {
			got = append(got, d.String())
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%v: %s", test, text)
		}
	}
}

func TestSlotFirst(t *testing.T) {
	s := slot("Tue 10:00 1h 1w " + london)
	for day, want := range map[string]string{"2026-12-01": "2026-12-01", "2026-12-02": "2026-12-08", "2026-11-30": "2026-12-01", "2026-12-30": "2027-01-05"} {
		if got := s.First(date(day)); got != date(want) {
			t.Errorf("%s: %s", day, got)
		}
	}
}

func TestSlotSame(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"Tue 10:00 1h 1w Europe/Berlin", "Tue 10:00 1h 1w Europe/Berlin", true},
		{"Tue 10:00 1h 1w Europe/Berlin", "Tue 10:00 1h 1w Europe/Madrid", true},
		{"Tue 10:00 1h 1w Asia/Kolkata", "Tue 10:00 1h 1w Asia/Calcutta", true},
		{"Tue 10:00 1h 1w Asia/Kolkata", "Tue 04:30 1h 1w UTC", true},
		{"Tue 01:00 1h 1w Asia/Kolkata", "Mon 19:30 1h 1w UTC", true},
		{"Tue 10:00 1h 1w Europe/London", "Tue 10:00 1h 1w UTC", false},
		{"Tue 10:00 1h 1w Europe/London", "Tue 11:00 1h 1w Europe/Berlin", true},
		{"Tue 10:00 1h 1w Europe/London", "Tue 05:00 1h 1w America/New_York", false},
		{"Tue 10:00 1h 1w Europe/Berlin", "Tue 10:00 1h 2w Europe/Berlin", false},
		{"Tue 10:00 1h 1w Europe/Berlin", "Tue 10:00 30m 1w Europe/Berlin", false},
		{"Tue 10:00 1h 1w Europe/Berlin", "Wed 10:00 1h 1w Europe/Berlin", false},
		{"Sun 02:30 1h 1w Europe/Berlin", "Sun 02:30 1h 1w Europe/Madrid", true}, // in the gap
		{"Sun 02:30 1h 1w Europe/Berlin", "Sun 03:30 1h 1w Europe/Berlin", false},
		{"Tue 10:00 1h 1w Australia/Sydney", "Tue 10:00 1h 1w Australia/Brisbane", false},
	}
	for _, test := range tests {
		a, b := slot(test.a), slot(test.b)
		if a.Same(b, date("2026-12-01")) != test.want || b.Same(a, date("2026-12-01")) != test.want {
			t.Errorf("%s, %s: want %v", a.Line(), b.Line(), test.want)
		}
	}
}

func anySlot(t *rapid.T) Slot {
	return Slot{
		Weekday:  time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
		At:       TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "at")),
		Duration: time.Duration(rapid.IntRange(1, 24*60).Draw(t, "minutes")) * time.Minute,
		Every:    rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "every"),
		Zone:     rapid.SampledFrom(someZones).Draw(t, "zone"),
	}
}

func TestSlotLineRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySlot(t)
		if got, err := ParseSlotLine(s.Line()); err != nil || got != s {
			t.Fatalf("%q: %v, %v", s.Line(), got, err)
		}
	})
	for _, line := range []string{"", "Tue 10:00 1h0m0s 1w", "Tue 10:00 1h0m0s 1w Mars/Olympus", "Day 10:00 1h0m0s 1w UTC", "Tue 10 1h0m0s 1w UTC", "Tue 10:00 1 1w UTC", "Tue 10:00 1h xw UTC"} {
		if s, err := ParseSlotLine(line); err == nil {
			t.Errorf("%q: %v", line, s)
		}
	}
}

func TestHoursCover(t *testing.T) {
	h := make(Hours, 7)
	h[time.Monday] = []Window{{clock(t, "09:00"), clock(t, "12:00")}, {clock(t, "13:00"), clock(t, "24:00")}}
	tests := []struct {
		day     time.Weekday
		at      string
		minutes int
		want    bool
	}{
		{time.Monday, "09:00", 180, true},
		{time.Monday, "08:59", 30, false},
		{time.Monday, "11:30", 31, false},
		{time.Monday, "11:30", 120, false}, // over lunch
		{time.Monday, "13:00", 60, true},
		{time.Monday, "23:00", 60, true},
		{time.Monday, "23:00", 61, false},
		{time.Tuesday, "10:00", 30, false},
	}
	for _, test := range tests {
		duration := time.Duration(test.minutes) * time.Minute
		if got := h.Covers(test.day, clock(t, test.at), duration); got != test.want {
			t.Errorf("%s %s %s: %v", test.day, test.at, duration, got)
		}
		if !(Hours{}).Covers(test.day, clock(t, test.at), duration) {
			t.Error("no windows: any time must do")
		}
	}
}

func ExampleSlot_String() {
	fmt.Println(slot("tuesday 9:00 90m 2w Europe/Berlin"))
	fmt.Println(slot("tuesday 9:00 90m 2w Europe/Berlin").Line())
	// Output:
	// Tue 09:00 Europe/Berlin
	// Tue 09:00 1h30m0s 2w Europe/Berlin
}
