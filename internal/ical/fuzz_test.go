package ical

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// seeds are objects as programs write them.
func seeds() [][]byte {
	files, _ := filepath.Glob("testdata/read/*.txt")
	out := [][]byte{New(mia(), "uid-1", testNow)}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		out = append(out, txtar.Parse(b).Files[0].Data)
	}
	return out
}

// FuzzObject: no text makes the package panic, and what was read can be changed and read again.
func FuzzObject(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Add([]byte("BEGIN:VCALENDAR\nX;A=b\nX;A=\"b\"c:d\nBEGIN:VEVENT\nDTSTART:20261201T100000Z\nEND:VEVENT\nEND:VCALENDAR"))
	f.Fuzz(func(t *testing.T, data []byte) { exercise(t, data) })
}

// The same for objects whose lines are mixed with those of others.
func TestScrambledObjects(t *testing.T) {
	all := seeds()
	var lines []string
	for _, s := range all {
		lines = append(lines, strings.SplitAfter(string(s), "\n")...)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		text := strings.SplitAfter(string(all[r.IntN(len(all))]), "\n")
		for range 1 + r.IntN(8) {
			i := r.IntN(len(text))
			other := lines[r.IntN(len(lines))]
			switch r.IntN(5) {
			case 0:
				text = slices.Insert(text, i, other)
			case 1:
				text[i] = other
			case 2:
				text = slices.Delete(text, i, min(i+1, len(text)-1))
			case 3: // another property's value
				name, _, _ := strings.Cut(text[i], ":")
				_, value, _ := strings.Cut(other, ":")
				text[i] = name + ":" + value
			case 4: // another property's parameters
				_, value, _ := strings.Cut(text[i], ":")
				name, _, _ := strings.Cut(other, ":")
				text[i] = name + ":" + value
			}
		}
		exercise(t, []byte(strings.Join(text, "")))
	})
}

// exercise does to the text all that the package can do.
func exercise(t interface{ Fatalf(string, ...any) }, data []byte) {
	s := mia()
	own := mustParse(New(s, "uid-1", testNow))
	o, err := Parse(data, "Europe/Berlin")
	if err != nil {
		return
	}
	o.UID()
	o.Title()
	o.People()
	o.Single()
	o.Busy("id", []string{raj})
	e, err := o.Event("acme", testNow)
	if err != nil {
		return
	}
	if o.Recurring() {
		e.Meetings(testNow, testNow.AddDate(0, 2, 0))
	}
	at := e.Start
	if len(e.Overrides) > 0 {
		at = e.Overrides[0].Original
	}
	day := series.DateOf(at)
	place, link := "Room, Alder", "https://docs.example.test/d/new"
	slot := series.SlotPatch{Slot: s.Slot, First: s.First}
	for name, patch := range map[string]func() ([]byte, error){
		"update": func() ([]byte, error) {
			return o.Update(series.Patch{Place: &place, Link: &link, Busy: true, Slot: &slot,
				People: &series.PeoplePatch{Organizer: s.Manager, Guests: []series.Person{s.Report}}}, later1)
		},
		"skip":   func() ([]byte, error) { return o.Skip([]series.Skip{{Date: day, Why: "leave"}}, later1) },
		"unskip": func() ([]byte, error) { return o.Unskip([]series.Date{day}, later1) },
		"override": func() ([]byte, error) {
			b, err := o.SetOverride(series.Override{Original: at, Start: at.Add(time.Hour), Duration: time.Hour}, later1)
			if err != nil {
				return []byte(o.Raw()), nil // no such occurrence
			}
			return b, nil
		},
		"clear": func() ([]byte, error) { return o.ClearOverride(at, later1) },
		"end": func() ([]byte, error) {
			b, empty, err := o.End(day.AddDays(7), later1)
			if empty {
				b = []byte(o.Raw())
			}
			return b, err
		},
		"answer": func() ([]byte, error) {
			return o.Answer(raj, []series.Answer{{Original: at, PartStat: series.Declined}}, later1)
		},
		"deliver": func() ([]byte, error) { return o.Deliver(nil, event(o), raj, later1) },
		"delivered": func() ([]byte, error) {
			b, err := own.Deliver(o, event(own), raj, later1)
			if err != nil {
				return []byte(o.Raw()), nil // another series
			}
			return b, nil
		},
	} {
		b, err := patch()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := Parse(b, "Europe/Berlin")
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", name, err)
		}
		if _, err := again.Event("acme", testNow); err != nil {
			t.Fatalf("%s is no event any more: %v\n%s\n%s", name, err, data, b)
		}
	}
}
