package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
