package series

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func date(text string) Date {
	d, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestWeeksOverYearEnds(t *testing.T) {
	for day, want := range map[string][2]string{
		"2026-12-01": {"2026-W49", "2026-11-30"},
		"2026-11-29": {"2026-W48", "2026-11-23"},
		"2026-12-31": {"2026-W53", "2026-12-28"},
		"2027-01-01": {"2026-W53", "2026-12-28"},
		"2027-01-03": {"2026-W53", "2026-12-28"},
		"2027-01-04": {"2027-W01", "2027-01-04"},
		"2024-12-30": {"2025-W01", "2024-12-30"},
		"2028-02-29": {"2028-W09", "2028-02-28"},
	} {
		d := date(day)
		if got := [2]string{d.Week().String(), d.Monday().String()}; got != want {
			t.Errorf("%s: %v, want %v", day, got, want)
		}
		if d.Week().Monday() != d.Monday() {
			t.Errorf("%s: the week begins on %s", day, d.Week().Monday())
		}
	}
}

func TestParseWeek(t *testing.T) {
	if w, err := ParseWeek("2026-W53"); err != nil || w != (Week{2026, 53}) {
		t.Error(w, err)
	}
	for _, text := range []string{"2027-W53", "2026-W00", "2026-W54", "2026-49", "W49", "", "2026-W-1"} {
		if w, err := ParseWeek(text); err == nil {
			t.Errorf("%q: %v", text, w)
		}
	}
}

func TestParseTimeOfDay(t *testing.T) {
	for text, want := range map[string]string{"9:05": "09:05", "00:00": "00:00", "24:00": "24:00", "23:59": "23:59"} {
		if got, err := ParseTimeOfDay(text); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "10:5", "10:60", "24:01", "25:00", "-0:30", "+9:30", "1:+5", "10:-1", "ten:00"} {
		if got, err := ParseTimeOfDay(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestDaysAreCalendarDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := date("2026-01-01").AddDays(rapid.IntRange(-400_000, 400_000).Draw(t, "day"))
		n := rapid.IntRange(-400_000, 400_000).Draw(t, "n")
		e := d.AddDays(n)
		switch {
		case e.DaysSince(d) != n:
			t.Fatal("DaysSince", e.DaysSince(d))
		case e.AddDays(-n) != d:
			t.Fatal("back at", e.AddDays(-n))
		case e.Compare(d) > 0 != (n > 0), e.Before(d) != (n < 0), e.After(d) != (n > 0):
			t.Fatal("Compare")
		case d.Monday().Weekday() != time.Monday || d.DaysSince(d.Monday()) < 0 || d.DaysSince(d.Monday()) > 6:
			t.Fatal("Monday", d.Monday())
		}
		if d.Year > 0 && d.Year < 10_000 {
			if back, err := ParseDate(d.String()); err != nil || back != d {
				t.Fatal(back, err)
			}
		}
		if w := d.Week(); w.Year > 999 && w.Year < 10_000 {
			if back, err := ParseWeek(w.String()); err != nil || back != w {
				t.Fatal(back, err)
			}
		}
	})
}
