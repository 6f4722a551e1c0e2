package draw

import (
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var all = []Mark{Kept, Late, Made, Lost, Off, Unknown, None}

// titles are those of the marks; the test fails where the picture is no XML, or has what pages forbid.
func titles(t interface {
	Helper()
	Fatalf(string, ...any)
}, picture template.HTML) []string {
	t.Helper()
	var out []string
	in := xml.NewDecoder(strings.NewReader(string(picture)))
	inTitle := false
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if inTitle = x.Name.Local == "title"; inTitle {
				out = append(out, "")
			}
			for _, a := range x.Attr {
				if n := a.Name.Local; n == "style" || n == "fill" || n == "stroke" || strings.HasPrefix(n, "on") {
					t.Fatalf("%s has the attribute %s", x.Name.Local, n)
				}
			}
		case xml.CharData:
			if inTitle {
				out[len(out)-1] += string(x)
			}
		case xml.EndElement:
			inTitle = false
		}
	}
}

// text is what somebody may be called.
var text = rapid.StringMatching(`[a-z<>&"' ]{1,12}`)

// TestRecord: as many marks as weeks, each with its title, in pictures of thirteen.
func TestRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weeks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Week {
			return Week{rapid.SampledFrom(all).Draw(t, "mark"), text.Draw(t, "title"), text.Draw(t, "label")}
		}), 1, 60).Draw(t, "weeks")
		var got []string
		pictures := Record(text.Draw(t, "of all"), weeks)
		for _, p := range pictures {
			got = append(got, titles(t, p)...)
		}
		small := titles(t, Strip(text.Draw(t, "of all"), weeks))
		if len(pictures) != (len(weeks)+12)/13 || len(got) != len(weeks) || len(small) != len(weeks) {
			t.Fatalf("%d weeks in %d pictures: %d and %d marks", len(weeks), len(pictures), len(got), len(small))
		}
		for i, w := range weeks {
			if got[i] != w.Title || small[i] != w.Title {
				t.Fatalf("%q and %q, want %q", got[i], small[i], w.Title)
			}
		}
	})
}

// TestShapes: no mark is told by its colour alone.
func TestShapes(t *testing.T) {
	class := regexp.MustCompile(` class="[a-z]+"`)
	seen := map[string]Mark{}
	for _, m := range all {
		shape := class.ReplaceAllString(string(Sign(m)), "")
		if other, ok := seen[shape]; ok {
			t.Errorf("%s looks like %s", m, other)
		}
		seen[shape] = m
	}
}

var widths = regexp.MustCompile(` width="([0-9.]+)"`)

// TestBar: the parts fill the bar, each by its share; nothing is drawn of nothing.
func TestBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []Part
		there, sum := 0, 0.0
		for _, m := range all {
			n := rapid.IntRange(0, 1000).Draw(t, "n")
			if parts = append(parts, Part{m, n, "x"}); n > 0 {
				there++
			}
		}
		bar := Bar("all", parts)
		for _, w := range widths.FindAllStringSubmatch(string(bar), -1) {
			x, err := strconv.ParseFloat(w[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += x
		}
		if n := len(titles(t, bar)); n != there {
			t.Fatalf("%d parts drawn of %d", n, there)
		}
		if there > 0 && math.Abs(sum+float64(there-1)-200) > .1 {
			t.Fatalf("%g wide", sum)
		}
	})
}

// TestDay: what is outside the hours that are drawn is cut, or left out.
func TestDay(t *testing.T) {
	day := Day("Tue", 8, 18, []Span{
		{Hours, 9, 17, ""}, {Busy, 6, 7, "before"}, {Busy, 7, 9, "in part"}, {Met, 10, 10.5, "10:00 <Raj>"},
		{Leave, 0, 24, "leave"},
	})
	if got := strings.Join(titles(t, day), "|"); got != "in part|10:00 <Raj>|leave" {
		t.Errorf("%s", got)
	}
	for _, want := range []string{`class="busy" x="0" y="3" width="12"`, `class="met" x="24" y="3" width="6"`,
		`class="leave" x="0" y="0" width="120"`, `viewBox="0 0 120 24" preserveAspectRatio="none"`} {
		if !strings.Contains(string(day), want) {
			t.Errorf("no %s in %s", want, day)
		}
	}
}

// TestTrack: a meeting that is not where it was booked has a line from there.
func TestTrack(t *testing.T) {
	if at := string(Track(Coming{Kept, 1.4, 1.4, "Tue"})); strings.Contains(at, "moved") {
		t.Errorf("a line at %s", at)
	}
	moved := Track(Coming{Late, 3.5, 1.5, "moved"})
	if !strings.Contains(string(moved), `class="moved" d="M24 9 H56"`) || strings.Join(titles(t, moved), "") != "moved" {
		t.Errorf("%s", moved)
	}
}
