package ical

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFoldIsUndoneAndKeepsCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := "X:" + strings.NewReplacer("\r", "", "\n", "").Replace(rapid.OneOf(rapid.String(), text()).Draw(t, "s"))
		folded := fold(s)
		if got := unfold(folded); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		for _, l := range strings.Split(strings.TrimSuffix(folded, crlf), crlf) {
			if len(l) > 75 || utf8.ValidString(s) && !utf8.ValidString(l) {
				t.Fatalf("%d octets: %q", len(l), l)
			}
		}
	})
}

func TestTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text().Draw(t, "s")
		if got := unescape(escape(s)); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if p := Plain(s); strings.ContainsAny(p, ";,\\\"\n\r") || Plain(p) != p {
			t.Fatalf("%q is not plain: %q", s, p)
		}
	})
}

// Lines of ours carry what they were given, and nothing a name or title contains becomes a line or a parameter.
func TestHostileTextMakesNoLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSeries(t)
		any := rapid.OneOf(text(), rapid.String())
		s.Title, s.Place, s.Manager.Name, s.Report.Name = any.Draw(t, "title"), any.Draw(t, "place"), any.Draw(t, "m"), any.Draw(t, "r")
		s.Link, s.Line, s.Org = any.Draw(t, "link"), any.Draw(t, "line"), any.Draw(t, "org")
		s.Report.Email = any.Draw(t, "email")
		o, err := Parse(New(s, any.Draw(t, "uid"), testNow), "Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(o.root.components("VEVENT")); n != 1 || o.tail != "" {
			t.Fatalf("%d events, %q after them", n, o.tail)
		}
		c := o.master()
		attendees := 2
		for _, n := range c.nodes {
			if n.name == "" || n.comp != nil {
				t.Fatalf("a line that is not ours: %q", n.raw)
			}
			switch n.name {
			case "ATTENDEE":
				attendees--
				for p := range n.prop.Params {
					if !strings.Contains(" CN ROLE PARTSTAT RSVP SCHEDULE-AGENT ", " "+p+" ") {
						t.Fatalf("a parameter that is not ours: %q", n.raw)
					}
				}
			case "X-HOLDFAST-LINE", "X-HOLDFAST-ORG":
				if strings.ContainsAny(n.prop.Value, `;,\"`) {
					t.Fatalf("not plain: %q", n.raw)
				}
			}
		}
		if attendees != 0 || len(c.lines("SUMMARY")) != 1 || len(c.lines("LOCATION")) > 1 {
			t.Fatalf("lines were injected:\n%s", o.raw)
		}
		if got := c.textValue("SUMMARY"); got != unescape(escape(s.Title)) {
			t.Fatalf("title %q came back as %q", s.Title, got)
		}
	})
}
