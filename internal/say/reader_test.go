package say

import (
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

var en = Reader{}

func at(now time.Time) Reader { return Reader{Now: now} }

func moment(t *testing.T, text, zone string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRelative(t *testing.T) {
	for _, tc := range []struct{ now, then, want string }{
		{"2026-11-23 09:00:00", "2026-11-23 09:00:00", "just now"},
		{"2026-11-23 09:00:00", "2026-11-23 08:59:01", "just now"},
		{"2026-11-23 09:00:00", "2026-11-23 09:00:30", "now"},
		{"2026-11-23 09:00:00", "2026-11-23 08:59:00", "1 minute ago"},
		{"2026-11-23 09:00:00", "2026-11-23 09:59:59", "in 59 minutes"},
		{"2026-11-23 09:00:00", "2026-11-23 10:00:00", "in 1 hour"},
		{"2026-11-23 09:00:00", "2026-11-23 20:59:00", "in 11 hours"},
		{"2026-11-23 09:00:00", "2026-11-23 22:00:00", "today"},
		{"2026-11-23 22:00:00", "2026-11-24 01:00:00", "in 3 hours"},
		{"2026-11-23 01:00:00", "2026-11-24 23:00:00", "tomorrow"},
		{"2026-11-23 23:00:00", "2026-11-22 01:00:00", "yesterday"},
		{"2026-11-23 23:59:00", "2026-11-25 00:01:00", "in 2 days"}, // calendar days, though little more than one has passed
		{"2026-11-23 09:00:00", "2026-11-20 10:00:00", "3 days ago"},
		{"2026-11-23 09:00:00", "2026-12-24 09:00:00", "in 31 days"},
		{"2026-11-23 09:00:00", "2027-03-01 09:00:00", "in 3 months"},
		{"2026-11-23 09:00:00", "2024-01-01 09:00:00", "2 years ago"},
		{"2027-03-27 12:00:00", "2027-03-28 12:00:00", "tomorrow"}, // 23 hours, as the clocks change
		{"2026-10-24 12:00:00", "2026-10-25 12:00:00", "tomorrow"}, // 25 hours
	} {
		if got := at(moment(t, tc.now, "Europe/Berlin")).Relative(moment(t, tc.then, "Europe/Berlin")); got != tc.want {
			t.Errorf("at %s, %s is %q, want %q", tc.now, tc.then, got, tc.want)
		}
	}
	// The days are those of the meeting's zone: it is still Monday in New York, and the meeting is on Tuesday there.
	r := at(moment(t, "2026-11-24 05:00:00", "Europe/Berlin"))
	if got := r.Relative(moment(t, "2026-11-24 23:30:00", "America/New_York")); got != "tomorrow" {
		t.Errorf("over zones: %q", got)
	}
}

func TestWhen(t *testing.T) {
	now := moment(t, "2026-12-31 23:30:00", "UTC")
	for then, want := range map[string]string{
		"2027-01-01 10:00:00": "Fri 1 Jan 10:00",
		"2026-12-31 23:45:00": "Thu 31 Dec 2026 23:45",
	} {
		if got := at(now).When(moment(t, then, "Europe/Berlin")); got != want { // it is 2027 in Berlin
			t.Errorf("%s is %q, want %q", then, got, want)
		}
	}
}

func TestSmallWords(t *testing.T) {
	d := func(text string) *time.Duration {
		v, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	rate := 2.0 / 3
	for _, tc := range [][2]string{
		{en.Notice(nil), "-"}, {en.Notice(d("0s")), "none"}, {en.Notice(d("59s")), "none"},
		{en.Notice(d("1m")), "1 minute"}, {en.Notice(d("59m")), "59 minutes"},
		{en.Notice(d("26h30m")), "26 hours"}, {en.Notice(d("47h59m")), "47 hours"},
		{en.Notice(d("48h")), "2 days"}, {en.Notice(d("340h")), "14 days"},
		{en.Count(0, "mail"), "0 mails"}, {en.Count(1, "mail"), "1 mail"},
		{en.Count(2, "person"), "2 people"}, {en.Count(1, "person"), "1 person"},
		{en.Percent(nil), "-"}, {en.Percent(&rate), "67 %"},
		{en.List(nil), ""}, {en.List([]string{"a"}), "a"}, {en.List([]string{"a", "b"}), "a and b"},
		{en.List([]string{"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e and f"},
		{en.List(strings.Split("abcdefg", "")), "a, b, c, d, e and 2 others"},
		{en.Slot(series.Slot{Weekday: time.Tuesday, At: 600, Duration: 90 * time.Minute, Every: 2, Zone: "Asia/Kolkata"}),
			"Tue 10:00 Asia/Kolkata, 90 min, every 2 weeks"},
	} {
		if tc[0] != tc[1] {
			t.Errorf("%q, want %q", tc[0], tc[1])
		}
	}
}

// TestRemedies: of every flag it is told what can be done, and no command is offered that would do nothing about it.
func TestRemedies(t *testing.T) {
	pair := series.Pair{Manager: "mia", Report: "raj"}
	day := series.Date{Year: 2026, Month: 12, Day: 1}
	for kind, want := range map[drift.Kind][2]string{ // of one meeting, of the series
		drift.Moved:        {"restore mia/raj --occurrence 2026-12-01", ""},
		drift.Cancelled:    {"restore mia/raj --occurrence 2026-12-01", ""},
		drift.Shortened:    {"restore mia/raj --occurrence 2026-12-01", "restore mia/raj`"},
		drift.PlaceChanged: {"restore mia/raj --occurrence 2026-12-01", "restore mia/raj`"},
		drift.NotBusy:      {"restore mia/raj --occurrence 2026-12-01", "restore mia/raj`"},
		drift.LinkChanged:  {"somebody has to", "restore mia/raj`"},
		drift.GuestAdded:   {"somebody has to", "restore mia/raj`"},
		drift.GuestRemoved: {"somebody has to", "restore mia/raj`"},
		drift.DeclinedKind: {"only the report", "only the report"},
		drift.CopyDiffers:  {"only the report", "only the report"},
		drift.DoubleBooked: {"one of the two", "one of the two"},
		drift.Duplicate:    {"", "whoever made the copy"},
		drift.SeriesMoved:  {"accept mia/raj`", "accept mia/raj`"},
		drift.SeriesEnded:  {"", "restore mia/raj`"},
	} {
		for i, d := range []series.Date{day, {}} {
			if got := en.Hint(drift.Flag{Pair: pair, Kind: kind, Occurrence: d}, false); !strings.Contains(got, want[i]) {
				t.Errorf("%s %s: %q, want %q in it", kind, d, got, want[i])
			}
		}
	}
	for kind, want := range map[drift.Kind][2]string{ // of a document that Holdfast made, of one that the roster links to
		drift.DocMissing:    {"restore mia/raj` makes", "correct the link in the roster"},
		drift.DocUnreadable: {"the manager can share", "its owner can share"},
		drift.DocOvershared: {"the manager can stop", "its owner can stop"},
	} {
		for i, linked := range []bool{false, true} {
			got := en.Hint(drift.Flag{Pair: pair, Kind: kind}, linked)
			if !strings.Contains(got, want[i]) || linked && strings.Contains(got, "restore") {
				t.Errorf("%s, linked %t: %q, want %q in it", kind, linked, got, want[i])
			}
		}
	}
}
