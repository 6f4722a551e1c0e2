package ical

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"holdfast/internal/series"
)

var update = flag.Bool("update", false, "write what is read into testdata")

// TestRead reads the objects of testdata/read, each in a file with what it means to a person in Europe/Berlin.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no texts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			o, err := Parse(a.Files[0].Data, "Europe/Berlin")
			if err != nil {
				t.Fatal(err)
			}
			got := describe(o)
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "means", Data: []byte(got)})
				if err := os.WriteFile(f, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// describe tells an object in lines.
func describe(o *Object) string {
	var b strings.Builder
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Format("Mon 2006-01-02T15:04:05Z07:00")
	}
	zone := func(z string) string {
		if strings.HasPrefix(z, "tzif:") {
			return "custom"
		}
		return z
	}
	fmt.Fprintf(&b, "people %s\n", strings.Join(o.People(), " "))
	if start, duration, ok := o.Single(); ok {
		fmt.Fprintf(&b, "single %s %s\n", at(start.In(time.UTC)), duration)
	}
	e, err := o.Event("acme", testNow)
	if err != nil {
		fmt.Fprintf(&b, "event %v\n", err)
	} else {
		fmt.Fprintf(&b, "start %s %s %s\n", at(e.Start), zone(e.Zone), e.Duration)
		fmt.Fprintf(&b, "rule plain=%v every=%d until=%s", e.Rule.Plain, e.Rule.Every, at(e.Rule.Until))
		for _, s := range e.Rule.Starts[:min(len(e.Rule.Starts), 4)] {
			b.WriteString(" " + at(s))
		}
		fmt.Fprintf(&b, "\ntitle %q place %q link %q free=%v cancelled=%v\n", e.Title, e.Place, e.Link, e.Free, e.Cancelled)
		fmt.Fprintf(&b, "organizer %s guests %v\n", e.Organizer, e.Guests)
		if !e.Mark.IsZero() {
			fmt.Fprintf(&b, "mark %s %s %d %s %v touched", e.Mark.Org, e.Mark.Pair, e.Mark.Generation, e.Mark.Slot, e.Mark.Skips)
			for _, f := range series.Fields {
				if e.Touched(f) {
					fmt.Fprintf(&b, " %s", f)
				}
			}
			b.WriteString("\n")
		}
		for _, x := range e.Excluded {
			fmt.Fprintf(&b, "excluded %s\n", at(x))
		}
		for _, x := range e.Overrides {
			fmt.Fprintf(&b, "override %s now %s %s place %q link %q cancelled=%v free=%v %v\n", at(x.Original), at(x.Start), x.Duration, x.Place, x.Link, x.Cancelled, x.Free, x.Guests)
		}
	}
	for _, x := range o.Busy("id", []string{"raj@example.test"}) {
		fmt.Fprintf(&b, "busy %s %s %s %s allday=%v %q", x.Kind, at(x.Start), zone(x.Zone), x.Duration, x.AllDay, x.RRule)
		for _, list := range [][]time.Time{x.RDates, x.ExDates} {
			fmt.Fprintf(&b, " [")
			for _, d := range list {
				fmt.Fprintf(&b, " %s", at(d.In(x.Start.Location())))
			}
			fmt.Fprintf(&b, " ]")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("BEGIN:A\n", 17)
	for name, text := range map[string]string{
		"nothing": "", "blank": " \r\n\r\n", "words": "hello world", "cut off": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n",
		"crossed": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n", "no calendar": "BEGIN:VCARD\nEND:VCARD\n",
		"deep": "BEGIN:VCALENDAR\n" + deep,
	} {
		if _, err := Parse([]byte(text), "UTC"); err == nil {
			t.Errorf("%s was taken for an object", name)
		}
	}
}

// What go-ical panics on, or takes minutes for, is kept as text and read around (reference/libraries.md, section 3).
func TestParseReadsAroundHostileLines(t *testing.T) {
	for _, l := range []string{"X;A=b", `X;A="b"c:d`, `X;A="b:d`, "X;A:b=c", ";A=b:c", ":v", "X;=b:c", `X;A=b"c:d`, "X;A=" + strings.Repeat("p", 200_000) + ":v",
		"X;A=b,:c", "\x00\x01", "X:" + strings.Repeat("v", 500_000), "SUMMARY;LANGUAGE=:kept", "END", "X;A=\"b\"", "X;A=,"} {
		if l == "END" {
			continue
		}
		text := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261201T100000Z\r\n" + l + "\r\nSUMMARY:read\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
		o, err := Parse([]byte(text), "UTC")
		if err != nil || o.UID() != "1" || !slices.ContainsFunc(o.master().lines("SUMMARY"), func(n node) bool { return n.prop.Value == "read" }) {
			t.Errorf("%.40q: %v", l, err)
			continue
		}
		place := "Alder"
		b, err := o.Update(series.Patch{Place: &place}, testNow)
		if err != nil || !strings.Contains(string(b), "\r\n"+l+"\r\n") {
			t.Errorf("%.40q did not stay: %v", l, err)
		}
	}
}
