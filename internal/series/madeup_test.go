package series

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What is noted of make-ups is read back, the latest of them, one for each meeting; and nothing that is written shares memory with
// what was there.
func TestMadeUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, want := Mark{Org: "acme"}, map[time.Time]time.Time{}
		at := func(name string) time.Time {
			return time.Date(2026, time.December, rapid.IntRange(1, 30).Draw(t, name), 9, 0, 0, 0, time.UTC)
		}
		for range rapid.IntRange(0, 40).Draw(t, "changes") {
			original, start := at("original"), at("start")
			before, was := m.MadeUp, slices.Clone(m.MadeUp)
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				m.Cleared(original)
				delete(want, original)
			case 1:
				m.Overridden(Override{Original: original, Start: start})
				if start.Equal(original) {
					delete(want, original)
				}
			case 2:
				m.Overridden(Override{Original: original, Start: start, MadeUp: true})
				if want[original] = start; start.Equal(original) {
					delete(want, original)
				}
			}
			if !slices.Equal(before, was) {
				t.Fatal("changed in place")
			}
			for len(want) > maxMadeUp {
				oldest := original
				for o := range want {
					if o.Before(oldest) {
						oldest = o
					}
				}
				delete(want, oldest)
			}
		}
		var texts []string
		for _, x := range m.MadeUp {
			texts = append(texts, x.String())
		}
		if back := ParseMadeUp(append(texts, "", "20261201T090000Z", "20261201T090000Z tomorrow")); !slices.Equal(back, m.MadeUp) {
			t.Fatalf("%v read back as %v", m.MadeUp, back)
		}
		if len(m.MadeUp) != len(want) {
			t.Fatalf("%v, want %v", m.MadeUp, want)
		}
		for original, start := range want {
			if !m.MadeUpTo(original).Equal(start) {
				t.Fatalf("%v, want %v", m.MadeUp, want)
			}
		}
	})
}
