package roster

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/series"

	"golang.org/x/tools/txtar"
)

// nothing is a folder without files.
func nothing(string) ([]byte, error) { return nil, fs.ErrNotExist }

// Whatever the text: problems with places, or a roster with nothing but valid values.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range a.Files[:len(a.Files)-1] {
			f.Add(x.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse([]Input{{"roster.yaml", data}}, calendars, nothing)
		if err != nil {
			checkProblems(t, err)
			return
		}
		for _, s := range r.Series("acme", series.Date{Year: 2026, Month: 1, Day: 1}, series.Date{Year: 2027, Month: 1, Day: 1}, true) {
			if s.Manager.Email == "" || s.Report.Email == "" || s.Manager.Calendar == "" || s.Title == "" || s.Slot.Duration <= 0 || s.Slot.Every <= 0 {
				t.Errorf("%+v", s)
			}
			if _, err := series.ParseSlotLine(s.Line); !s.Auto && err != nil {
				t.Error(err)
			}
			if s.Link != "" && !strings.HasPrefix(s.Link, "https://") {
				t.Errorf("link of %s", s.Pair)
			}
			for _, p := range []series.Person{s.Manager, s.Report} {
				if _, err := series.Location(p.Zone); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// large is a roster of so many pairs, most with a slot: managers of eight, in four zones.
func large(pairs int) []byte {
	var b strings.Builder
	b.WriteString("defaults: {prep_doc: \"https://docs.example.com/{manager.id}-{report.id}\"}\npeople:\n")
	for i := range pairs + 1 {
		zone := []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London"}[i/100%4]
		fmt.Fprintf(&b, "  p%d: {name: Person %d, email: p%d@example.com, aliases: [person.%d@example.com], calendar: office, zone: %s, hours: Mon-Fri 09:00-17:30, holidays: DE-BE}\n", i, i, i, i, zone)
	}
	b.WriteString("one_on_ones:\n")
	for i := range pairs {
		// A level meets its managers in the morning and its reports in the afternoon, or the other way round.
		half, up := 8, i
		for up >= 8 {
			up = up/8 - 1
			half = 21 - half
		}
		if i%8 == 0 {
			fmt.Fprintf(&b, "  - manager: p%d\n    reports:\n", i/8)
		}
		fmt.Fprintf(&b, "      - {report: p%d, slot: %s %d:00, zone: Europe/Berlin, duration: 30m, place: Room %d, starts: 2026-12-01}\n",
			i+1, []string{"Mon", "Tue", "Wed", "Thu", "Fri"}[i%8%5], half+i%8/5, i%30)
	}
	return []byte(b.String())
}

// Limit: 50,000 pairs in 5 s.
func BenchmarkParse(b *testing.B) {
	data := large(50_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse([]Input{{"roster.yaml", data}}, calendars, nothing); err != nil {
			b.Fatal(err.Error()[:200])
		}
	}
}
