package roster

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what Parse answers into testdata")

// calendars are the names that rosters in testdata may use; one of them is at Google.
var calendars = map[string]bool{"office": true, "branch": false}

// Each file in testdata holds roster files and what Parse answers: all problems, or the roster.
func TestParse(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var inputs []Input
			last := len(a.Files) - 1
			others := map[string][]byte{}
			for _, f := range a.Files[:last] {
				if others[f.Name] = f.Data; strings.HasSuffix(f.Name, ".yaml") {
					inputs = append(inputs, Input{f.Name, f.Data})
				}
			}
			r, err := Parse(inputs, calendars, func(name string) ([]byte, error) {
				data, ok := others[name]
				if !ok {
					return nil, fs.ErrNotExist
				}
				return data, nil
			})
			got := show(r)
			if err != nil {
				checkProblems(t, err)
				got = err.Error() + "\n"
			}
			if *update {
				a.Files[last] = txtar.File{Name: "want", Data: []byte(got)}
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(a.Files[last].Data), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

var placed = regexp.MustCompile(`^[^:]+:[1-9]\d*:[1-9]\d*: .`)

// checkProblems makes sure that every problem has its place, and that they are in order.
func checkProblems(t *testing.T, err error) {
	t.Helper()
	var ps yamlpos.Problems
	if !errors.As(err, &ps) || len(ps) == 0 {
		t.Fatalf("%v (%T) is no list of problems", err, err)
	}
	for i, p := range ps {
		if !placed.MatchString(p.Error()) || strings.Contains(p.Error(), "\n") {
			t.Errorf("%q has no place", p.Error())
		}
		if i > 0 && p.File == ps[i-1].File && p.Line < ps[i-1].Line {
			t.Errorf("%q comes after %q", p.Error(), ps[i-1].Error())
		}
	}
}

// show prints a roster, in the year around Christmas 2026, as its series are.
func show(r Roster) string {
	var b strings.Builder
	all := r.Series("acme", series.Date{Year: 2026, Month: 12, Day: 20}, series.Date{Year: 2027, Month: 1, Day: 7}, true)
	for _, p := range r.People {
		fmt.Fprintf(&b, "person %s %q %v calendar=%q zone=%s", p.ID, p.Name, p.Addresses(), p.Calendar, p.Zone)
		if len(p.Formerly) > 0 {
			fmt.Fprintf(&b, " formerly=%v", p.Formerly)
		}
		b.WriteByte('\n')
		if n := r.Notices[p.ID]; n.Via != nil || n.Digest+n.Prepare != Unsaid || n.Slack != "" {
			var via []string
			for _, v := range n.Via {
				if via = append(via, v.Channel); v.Hours != (series.Window{}) {
					via = append(via, v.Hours.From.String()+"-"+v.Hours.To.String())
				}
			}
			choice := []string{"unsaid", "on", "off"}
			fmt.Fprintf(&b, "  notices %q digest=%s prepare=%s slack=%s\n", via, choice[n.Digest], choice[n.Prepare], n.Slack)
		}
		if usual, _ := parseHours(defaultHours); !cmp.Equal(p.Hours, usual) {
			fmt.Fprintf(&b, "  hours %s\n", showHours(p.Hours))
		}
		away := p.Away
		for _, s := range all {
			for _, x := range []series.Person{s.Manager, s.Report} {
				if x.ID == p.ID {
					away = x.Away
				}
			}
		}
		for _, a := range away {
			fmt.Fprintf(&b, "  away %s..%s %s\n", a.From, a.To, a.Why)
		}
	}
	for _, s := range all {
		fmt.Fprintf(&b, "pair %s %q\n  %q private=%v", s.Pair, s.Line, s.Title, s.Private)
		for _, x := range []struct{ name, value string }{{"place", s.Place}, {"link", s.Link}, {"template", s.Doc.Template}, {"folder", s.Doc.Folder}, {"section", strings.ReplaceAll(s.Doc.Section, "\n", "|")}, {"starts", s.Starts.String()}, {"ends", s.Ends.String()}} {
			if x.value != "" {
				fmt.Fprintf(&b, " %s=%s", x.name, x.value)
			}
		}
		if len(s.Formerly) > 0 {
			fmt.Fprintf(&b, " formerly=%v", s.Formerly)
		}
		b.WriteByte('\n')
	}
	for _, w := range r.Warnings(series.Date{Year: 2026, Month: 12, Day: 20}) {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func showHours(h series.Hours) string {
	var words []string
	for i := range 7 {
		for _, w := range h.On(time.Weekday((i + 1) % 7)) {
			words = append(words, fmt.Sprintf("%s %s-%s", dayNames[i], w.From, w.To))
		}
	}
	return strings.Join(words, " ")
}

// A channel that the settings lack is told once for each line that wants it.
func TestUnserved(t *testing.T) {
	r, err := Parse([]Input{{"roster.yaml", []byte(`defaults: {notices: [mail, slack], zone: UTC}
people:
  mia: {name: Mia, email: mia@example.com}
  raj: {name: Raj, email: raj@example.com}
  lee: {name: Lee, email: lee@example.com, notices: {google-chat: any}}
`)}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Unserved(func(channel string) bool { return channel == "mail" }).Err()
	want := "roster.yaml:1:28: person mia: notices: the settings have no notify.slack: nobody is told by it\n" +
		"roster.yaml:5:67: person lee: notices: the settings have no notify.google_chat: nobody is told by it"
	if got == nil || got.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", got, want)
	}
}

func TestEveryZoneLoads(t *testing.T) {
	if !slices.IsSorted(zones) || len(zones) < 500 {
		t.Fatalf("%d zones, sorted: %v", len(zones), slices.IsSorted(zones))
	}
	for _, z := range zones {
		if _, err := series.Location(z); err != nil {
			t.Error(err)
		}
	}
	for _, z := range []string{"", "Local", "localtime", "posix/Europe/Berlin", "right/Europe/Berlin", "../zoneinfo/UTC", "tzif:/x", "europe/berlin"} {
		if isZone(z) {
			t.Errorf("%q is taken for a zone", z)
		}
	}
}

func TestParseHours(t *testing.T) {
	for text, want := range map[string]string{
		"Mon-Fri 09:00-17:30": "Mon 09:00-17:30 Tue 09:00-17:30 Wed 09:00-17:30 Thu 09:00-17:30 Fri 09:00-17:30",
		"Sat-Mon 9:00-12:00":  "Mon 09:00-12:00 Sat 09:00-12:00 Sun 09:00-12:00",
		"Tue Thu 13:00-17:00, 9:00-12:00, Friday 00:00-24:00": "Tue 09:00-12:00 Tue 13:00-17:00 Thu 09:00-12:00 Thu 13:00-17:00 Fri 00:00-24:00",
		"any":                            "",
		"":                               `error: "" is not hours like Mon-Fri 09:00-17:00`,
		"09:00-17:00":                    "error: hours 09:00-17:00 are on no day: want hours like Mon-Fri 09:00-17:00",
		"Mon-Fry 09:00-17:00":            `error: unknown weekday "Fry" (did you mean Fri?)`,
		"Mon 17:00-09:00":                "error: 17:00-09:00 ends before it begins",
		"Mon":                            `error: "Mon" is not a time span like 09:00-17:00`,
		"Mon 9-17":                       `error: "9-17" is not a time span like 09:00-17:00`,
		"Mon 09:00-12:00, 11:00-13:00":   "error: two windows of Mon overlap",
		"Mon-Tue 09:00-12:00,, Wed 9-10": `error: "Mon-Tue 09:00-12:00,, Wed 9-10" is not hours like Mon-Fri 09:00-17:00`,
	} {
		h, err := parseHours(text)
		got := showHours(h)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}
