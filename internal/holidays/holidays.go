// Package holidays knows the public holidays of the world: 207 countries, and states and cities that have their own, as
// the npm package date-holidays lists them (see gen and LICENSE). Only whole days count, and only days: what they are
// called nobody needs to know.
package holidays

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

//go:embed days.txt.gz
var packed []byte

// table is days.txt.gz, whose format gen/gen.js says.
type table struct {
	version     string
	first, last int // years
	codes       []string
	regions     map[string]region
}

type region struct {
	name   string
	always string   // days of every year, as MMDD
	years  []string // those of each year, from first
}

var load = sync.OnceValue(func() table {
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // it is compiled in
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		panic(err)
	}
	head, body, _ := strings.Cut(string(text), "\n")
	t := table{regions: map[string]region{}}
	if _, err := fmt.Sscan(head, &t.version, &t.first, &t.last); err != nil {
		panic(err)
	}
	for line := range strings.Lines(body) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		t.regions[f[0]] = region{f[1], f[2], f[3:]}
	}
	t.codes = slices.Sorted(maps.Keys(t.regions))
	return t
})

// Codes are all regions, sorted: ISO 3166-1 codes of countries, and below them those of their parts, such as DE-BY
// (mostly ISO 3166-2) and DE-BY-A.
func Codes() []string { return load().codes }

// Known reports whether there is such a region.
func Known(code string) bool {
	_, ok := load().regions[code]
	return ok
}

// Years are the first and the last year that the table has.
func Years() (first, last int) { return load().first, load().last }

// Days are the public holidays of a region from from to to, both included, by date. An unknown region has none, and
// nothing is known outside of Years.
func Days(code string, from, to series.Date) []series.Date {
	t := load()
	r := t.regions[code]
	var out []series.Date
	for year := max(from.Year, t.first); year <= min(to.Year, t.last) && r.years != nil; year++ {
		for days := range slices.Chunk([]byte(r.always+r.years[year-t.first]), 4) {
			n := func(b []byte) int { return int(b[0]-'0')*10 + int(b[1]-'0') }
			d := series.Date{Year: year, Month: time.Month(n(days)), Day: n(days[2:])}
			if !d.Before(from) && !d.After(to) {
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, series.Date.Compare)
	return out
}

// aliases are codes that many people take for ISO's.
var aliases = map[string]string{"UK": "GB", "EL": "GR", "USA": "US", "UAE": "AE"}

// Suggest is ` (did you mean x?)` with the code that an unknown one, or the name of a country or region, may have
// meant; "" if none is near.
func Suggest(word string) string {
	t := load()
	say := func(code string) string { return " (did you mean " + code + "?)" }
	code := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(word), "_", "-"))
	if c, ok := aliases[code]; ok {
		return say(c)
	}
	var names []string
	named := map[string]string{}
	for _, c := range t.codes {
		if strings.ToUpper(c) == code {
			return say(c)
		}
		if name := t.regions[c].name; named[name] == "" { // a country comes before its parts
			names, named[name] = append(names, name), c
		}
	}
	if len(word) > 3 && !strings.Contains(word, "-") {
		if name := yamlpos.Nearest(word, names); name != "" {
			return say(named[name])
		}
	}
	// Of a country without such a part, the parts that it has.
	country, _, part := strings.Cut(code, "-")
	if !part || !Known(country) {
		return ""
	}
	var parts []string
	for _, c := range t.codes {
		if strings.HasPrefix(c, country+"-") && strings.Count(c, "-") == 1 {
			parts = append(parts, c)
		}
	}
	switch {
	case parts == nil:
		return " (" + country + " has no parts: want " + country + ")"
	case len(parts) > 6:
		parts = append(parts[:5], "…")
	}
	return " (want " + country + ", or a part of it: " + strings.Join(parts, ", ") + ")"
}
