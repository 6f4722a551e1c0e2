package roster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"

	"pgregory.net/rapid"
)

// Whatever a few slots of one manager are, Parse complains exactly if two meetings overlap in the year of reference.
func TestOverlapsAreThoseOfTheYear(t *testing.T) {
	zoneNames := []string{"Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"}
	rapid.Check(t, func(t *rapid.T) {
		var slots []series.Slot
		var file strings.Builder
		file.WriteString("people:\n  m: {name: M, email: m@example.com, calendar: office, zone: UTC}\n")
		n := rapid.IntRange(2, 5).Draw(t, "n")
		for i := range n {
			fmt.Fprintf(&file, "  r%d: {name: R, email: r%d@example.com}\n", i, i)
		}
		file.WriteString("one_on_ones:\n- manager: m\n  reports:\n")
		for i := range n {
			s := series.Slot{
				Weekday:  rapid.SampledFrom([]time.Weekday{time.Wednesday, time.Thursday, time.Sunday}).Draw(t, "day"),
				At:       series.TimeOfDay(30 * rapid.IntRange(0, 47).Draw(t, "at")),
				Duration: time.Duration(rapid.SampledFrom([]int{5, 30, 60, 480}).Draw(t, "minutes")) * time.Minute,
				Every:    rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "every"),
				Zone:     rapid.SampledFrom(zoneNames).Draw(t, "zone"),
			}
			slots = append(slots, s)
			// Weeks are counted from the same day for all.
			fmt.Fprintf(&file, "  - {report: r%d, slot: %s %s, duration: %s, every: %dw, zone: %s, starts: %s}\n",
				i, series.ShortDay(s.Weekday), s.At, s.Duration, s.Every, s.Zone, reference)
		}
		type meeting struct{ from, to time.Time }
		var all [][]meeting
		for _, s := range slots {
			var ms []meeting
			for _, d := range s.Dates(s.First(reference), reference, reference.AddDays(7*weeks-1)) {
				ms = append(ms, meeting{s.On(d), s.On(d).Add(s.Duration)})
			}
			all = append(all, ms)
		}
		want := false
		for i := range all {
			for _, ms := range all[:i] {
				for _, a := range all[i] {
					for _, b := range ms {
						want = want || a.from.Before(b.to) && b.from.Before(a.to)
					}
				}
			}
		}
		_, err := Parse([]Input{{"roster.yaml", []byte(file.String())}}, calendars, nothing)
		if err != nil && !strings.Contains(err.Error(), "overlaps") {
			t.Fatal(err)
		}
		if got := err != nil; got != want {
			t.Fatalf("overlap: %v, want %v\n%s%v", got, want, file.String(), err)
		}
	})
}
