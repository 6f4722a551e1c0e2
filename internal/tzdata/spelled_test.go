package tzdata

import (
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"
)

// Spelled out, each zone shows at each moment what it showed before: around every clock change, and at others of four
// centuries.
func TestSpelledOut(t *testing.T) {
	c := chosen()
	from, to := time.Date(1790, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	r := rand.New(rand.NewPCG(1, 2))
	zones := 0
	err := fs.WalkDir(c.compiled.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(c.compiled.files, name)
		if err != nil {
			return err
		}
		want, err := time.LoadLocationFromTZData(name, data)
		if err != nil {
			return err
		}
		got, err := SpelledOut(name, data)
		if err != nil {
			return err
		}
		zones++
		same := func(x time.Time) bool {
			a, b := x.In(want), x.In(got)
			name, offset := a.Zone()
			name2, offset2 := b.Zone()
			if name != name2 || offset != offset2 || a.IsDST() != b.IsDST() {
				t.Errorf("%s at %s: %s, want %s", got, x.UTC(), b, a)
				return false
			}
			return true
		}
		for range 500 {
			if !same(time.Unix(from+r.Int64N(to-from), 0)) {
				return nil
			}
		}
		for x := time.Unix(from, 0).In(got); ; {
			if _, x = x.ZoneBounds(); x.IsZero() || x.Year() > lastYear {
				return nil
			}
			if !same(x) || !same(x.Add(-time.Second)) {
				return nil
			}
		}
	})
	if err != nil || zones < 400 {
		t.Errorf("%d zones, %v", zones, err)
	}
}

func BenchmarkOffset(b *testing.B) {
	const name = "Europe/Berlin"
	data, err := fs.ReadFile(chosen().compiled.files, name)
	if err != nil {
		b.Fatal(err)
	}
	compact, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		b.Fatal(err)
	}
	spelled, err := SpelledOut(name, data)
	if err != nil {
		b.Fatal(err)
	}
	for what, loc := range map[string]*time.Location{"compact": compact, "spelled out": spelled} {
		b.Run(what, func(b *testing.B) {
			t := time.Date(2027, 3, 1, 9, 0, 0, 0, loc)
			for b.Loop() {
				t.Zone()
			}
		})
	}
}
