package holidays

import (
	"slices"
	"strings"
	"testing"

	"holdfast/internal/series"
)

func year(code string, y int) string {
	var out []string
	for _, d := range Days(code, series.Date{Year: y, Month: 1, Day: 1}, series.Date{Year: y, Month: 12, Day: 31}) {
		out = append(out, d.String()[5:])
	}
	return strings.Join(out, " ")
}

// The values are those of the countries' own lists: nothing here comes out of the table. Where a holiday on a weekend
// has a day in its stead, both are there.
func TestDays(t *testing.T) {
	for _, x := range []struct {
		code string
		year int
		want string
	}{
		{"US", 2026, "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"},
		{"US", 2027, "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31"},
		{"GB-ENG", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28"},
		{"DE-BE", 2026, "01-01 03-08 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"},
		{"DE-BY", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26"},
		{"DE-BY-A", 2026, "01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 08-08 08-15 10-03 11-01 12-25 12-26"},
		{"FR", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"},
		{"IN", 2026, "01-26 04-03 04-14 08-15 10-02 12-25"},
		{"SG", 2026, "01-01 02-17 02-18 03-21 04-03 05-01 05-27 05-31 06-01 08-09 08-10 11-08 11-09 12-25"},
		{"XX", 2026, ""},
	} {
		if got := year(x.code, x.year); got != x.want {
			t.Errorf("%s %d\n got %s\nwant %s", x.code, x.year, got, x.want)
		}
	}
}

// A holiday from noon, or from the sunset before, takes no working day but its own; one of several days takes them all.
func TestWholeDaysOnly(t *testing.T) {
	for _, x := range []struct{ code, day, want string }{
		{"CN", "03-08", "no"},     // half a day for women
		{"AU-QLD", "12-24", "no"}, // from 18:00
		{"TR", "03-08", "no"},     // the feast begins at sunset
		{"TR", "03-09", "yes"},
		{"TR", "03-11", "yes"},
		{"TR", "03-12", "no"}, // until noon
		{"AM", "01-02", "yes"},
	} {
		if got := slices.Contains(strings.Fields(year(x.code, 2027)), x.day); got != (x.want == "yes") {
			t.Errorf("%s %s: %v, want %s", x.code, x.day, got, x.want)
		}
	}
}

func TestEveryRegion(t *testing.T) {
	countries := map[string]bool{}
	first, last := Years()
	if first > 2025 || last < 2036 {
		t.Errorf("the table has %d to %d", first, last)
	}
	for _, code := range Codes() {
		country, _, _ := strings.Cut(code, "-")
		countries[country] = true
		if !Known(country) || !Known(code) {
			t.Errorf("%s has no country", code)
		}
		for y := first; y <= last; y++ {
			if n := len(strings.Fields(year(code, y))); n < 3 || n > 45 {
				t.Errorf("%s has %d holidays in %d", code, n, y)
			}
		}
	}
	if len(countries) != 207 {
		t.Errorf("%d countries", len(countries))
	}
	if got := year("US", last+1) + year("US", first-1); got != "" {
		t.Errorf("beyond the table: %s", got)
	}
}

func TestSuggest(t *testing.T) {
	for word, want := range map[string]string{
		"UK":      " (did you mean GB?)",
		"India":   " (did you mean IN?)",
		"Germany": " (did you mean DE?)",
		"Bayern":  " (did you mean DE-BY?)",
		"de_by":   " (did you mean DE-BY?)",
		"Inida":   " (did you mean IN?)",
		"DE-XX":   " (want DE, or a part of it: DE-BB, DE-BE, DE-BW, DE-BY, DE-HB, …)",
		"GB-XX":   " (want GB, or a part of it: GB-ALD, GB-ENG, GB-NIR, GB-SCT, GB-WLS)",
		"SG-01":   " (SG has no parts: want SG)",
		"XX":      "",
		"":        "",
		"nowhere": "",
	} {
		if got := Suggest(word); got != want {
			t.Errorf("%q\n got %s\nwant %s", word, got, want)
		}
	}
}
