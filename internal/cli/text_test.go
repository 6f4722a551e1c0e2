package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

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
		if got := relative(moment(t, tc.then, "Europe/Berlin"), moment(t, tc.now, "Europe/Berlin")); got != tc.want {
			t.Errorf("at %s, %s is %q, want %q", tc.now, tc.then, got, tc.want)
		}
	}
	// The days are those of the meeting's zone: it is still Monday in New York, and the meeting is on Tuesday there.
	if got := relative(moment(t, "2026-11-24 23:30:00", "America/New_York"), moment(t, "2026-11-24 05:00:00", "Europe/Berlin")); got != "tomorrow" {
		t.Errorf("over zones: %q", got)
	}
}

func TestWhen(t *testing.T) {
	now := moment(t, "2026-12-31 23:30:00", "UTC")
	for then, want := range map[string]string{"2027-01-01 10:00:00": "Fri 1 Jan 10:00", "2026-12-31 23:45:00": "Thu 31 Dec 2026 23:45"} {
		if got := when(moment(t, then, "Europe/Berlin"), now); got != want { // it is 2027 in Berlin
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
		{notice(nil), "-"}, {notice(d("0s")), "none"}, {notice(d("59s")), "none"}, {notice(d("1m")), "1 minute"}, {notice(d("59m")), "59 minutes"},
		{notice(d("26h30m")), "26 hours"}, {notice(d("47h59m")), "47 hours"}, {notice(d("48h")), "2 days"}, {notice(d("340h")), "14 days"},
		{count(0, "mail"), "0 mails"}, {count(1, "mail"), "1 mail"}, {count(2, "person"), "2 people"}, {count(1, "person"), "1 person"},
		{percent(nil), "-"}, {percent(&rate), "67 %"},
		{list(nil), ""}, {list([]string{"a"}), "a"}, {list([]string{"a", "b"}), "a and b"}, {list([]string{"a", "b", "c", "d", "e", "f"}), "a, b, c, d, e and f"},
		{list(strings.Split("abcdefg", "")), "a, b, c, d, e and 2 others"},
		{series.Slot{Weekday: time.Tuesday, At: 600, Duration: 90 * time.Minute, Every: 2, Zone: "Asia/Kolkata"}.Words(),
			"Tue 10:00 Asia/Kolkata, 90 min, every 2 weeks"},
	} {
		if tc[0] != tc[1] {
			t.Errorf("%q, want %q", tc[0], tc[1])
		}
	}
}

// plain is an app that writes to a buffer, as to a terminal of so many columns.
func plain(width int) (*app, *bytes.Buffer) {
	var out bytes.Buffer
	a := &app{IO: IO{Out: folder{&out, width}, Width: width}}
	if width == 0 {
		a.Out = &out
	}
	return a, &out
}

var escapes = strings.NewReplacer("\x1b[2m", "", "\x1b[m", "", "\x1b[0m", "")

func TestTable(t *testing.T) {
	rows := [][]string{{"mia/raj", "Tue 1 Dec 2026 moved to Thu 3 Dec 15:00", "8 days"}, {"mia/lee", "the series was deleted or ended", "-"}}
	for _, tc := range []struct {
		width int
		want  string
	}{
		{0, `
PAIR     WHAT                                     NOTICE
mia/raj  Tue 1 Dec 2026 moved to Thu 3 Dec 15:00  8 days
mia/lee  the series was deleted or ended          -
`},
		{40, `
PAIR     WHAT                     NOTICE
mia/raj  Tue 1 Dec 2026 moved to  8 days
         Thu 3 Dec 15:00
mia/lee  the series was deleted   -
         or ended
`},
	} {
		a, out := plain(tc.width)
		a.table([]string{"PAIR", "WHAT", "NOTICE"}, rows)
		if d := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), escapes.Replace(out.String())); d != "" {
			t.Errorf("width %d (-want +got):\n%s", tc.width, d)
		}
	}
}

func TestLongLinesGoOnBelow(t *testing.T) {
	a, out := plain(40)
	a.printf("short\n  ! a person moved it: `holdfast restore mia/raj --occurrence 2026-12-08` puts it back\nend")
	want := "short\n  ! a person moved it: `holdfast restore\n  mia/raj --occurrence 2026-12-08` puts\n  it back\nend"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestBar: nothing before the work is slow; then how far it is; nothing is left of it when something else is said.
func TestBar(t *testing.T) {
	var err bytes.Buffer
	a := &app{IO: IO{Err: &err, ErrWidth: 80}}
	a.progress()
	a.bar.timer.Stop() // the test is what makes it late
	a.bar.set("reading calendars", 1, 4)
	if err.Len() > 0 {
		t.Errorf("at once: %q", err.String())
	}
	a.bar.late = true
	a.bar.set("reading calendars", 2, 4)
	if want := "\r\x1b[Kreading calendars [###############...............] 2 of 4"; err.String() != want {
		t.Errorf("%q, want %q", err.String(), want)
	}
	a.errorf("holdfast: no\n")
	a.bar.set("reading calendars", 3, 4)
	if want := "\r\x1b[Kholdfast: no\n"; !strings.HasSuffix(err.String(), want) {
		t.Errorf("%q, want %q at the end", err.String(), want)
	}
	for _, io := range []IO{{Err: &err}, {Err: &err, ErrWidth: 80}} {
		a := &app{IO: io, verbose: io.ErrWidth > 0}
		if a.progress(); a.bar != nil {
			t.Errorf("a bar on %+v", io)
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
		drift.LinkChanged:  {"a person has to", "restore mia/raj`"},
		drift.GuestAdded:   {"a person has to", "restore mia/raj`"},
		drift.GuestRemoved: {"a person has to", "restore mia/raj`"},
		drift.DeclinedKind: {"only the report", "only the report"},
		drift.CopyDiffers:  {"only they", "only they"},
		drift.DoubleBooked: {"one of the two", "one of the two"},
		drift.Duplicate:    {"", "the copy should be deleted"},
		drift.SeriesMoved:  {"accept mia/raj`", "accept mia/raj`"},
		drift.SeriesEnded:  {"", "restore mia/raj`"},
	} {
		for i, d := range []series.Date{day, {}} {
			if got := remedy(drift.Flag{Pair: pair, Kind: kind, Occurrence: d}, false); !strings.Contains(got, want[i]) {
				t.Errorf("%s %s: %q, want %q in it", kind, d, got, want[i])
			}
		}
	}
	for kind, want := range map[drift.Kind][2]string{ // of a document that Holdfast made, of one that the roster links to
		drift.DocMissing:    {"restore mia/raj` makes", "correct the link in the roster"},
		drift.DocUnreadable: {"the manager shares", "its owner shares"},
		drift.DocOvershared: {"the manager takes", "its owner takes"},
	} {
		for i, linked := range []bool{false, true} {
			if got := remedy(drift.Flag{Pair: pair, Kind: kind}, linked); !strings.Contains(got, want[i]) || linked && strings.Contains(got, "restore") {
				t.Errorf("%s, linked %t: %q, want %q in it", kind, linked, got, want[i])
			}
		}
	}
}
