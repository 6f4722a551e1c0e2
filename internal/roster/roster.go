// Package roster reads the admin's YAML: people, pairs and what each 1:1 should be. It hands over only valid values,
// or all problems with their places.
package roster

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// Roster is all the admin wants. It is shared: nobody writes to it.
type Roster struct {
	People []Person // by id
	Pairs  []Pair   // by manager and report
}

// Person is somebody of the roster. Away holds leave only; Series adds the holidays of the region.
type Person struct {
	series.Person
	Region string // of public holidays, such as "DE-BE"; "" for none
	// At and HoursAt are where the person, and their hours, stand in the files; HoursAt is At where no hours are given.
	At, HoursAt yamlpos.Pos
}

// Pair is one 1:1 with all its wishes resolved.
type Pair struct {
	series.Pair
	Formerly []series.Pair // under earlier ids
	Auto     bool          // slot: auto; Slot then has no weekday and time
	Slot     series.Slot
	ZoneAs   string // the slot's zone as written: manager, report, or an IANA name
	Title    string
	Private  bool
	Place    string         // "" for none
	Link     string         // the prep link, "" for none
	Doc      series.PrepDoc // the document to be made instead
	Starts   series.Date    // zero: none given
	Ends     series.Date    // zero: none given
	// At, SlotAt and PlaceAt are where the pair, and its slot and place, stand in the files; At where they are not given.
	At, SlotAt, PlaceAt yamlpos.Pos
}

// Line is the roster's slot line, which the mark keeps: a change of it asks for another slot.
func (p Pair) Line() string {
	if p.Auto {
		return fmt.Sprintf("auto %s %dw %s", p.Slot.Duration, p.Slot.Every, p.ZoneAs)
	}
	return p.Slot.Line()
}

// Person finds somebody by id.
func (r Roster) Person(id string) (Person, bool) {
	i, ok := slices.BinarySearchFunc(r.People, id, func(p Person, id string) int { return strings.Compare(p.ID, id) })
	if !ok {
		return Person{}, false
	}
	return r.People[i], true
}

// Pair finds a pair.
func (r Roster) Pair(p series.Pair) (Pair, bool) {
	i, ok := slices.BinarySearchFunc(r.Pairs, p, func(x Pair, p series.Pair) int { return x.Compare(p) })
	if !ok {
		return Pair{}, false
	}
	return r.Pairs[i], true
}

// Series are the series that the roster wants, by pair. With holidays, the public holidays of each person's region from
// from to to count as away, with Why "holiday".
func (r Roster) Series(org string, from, to series.Date, holidays bool) []series.Series {
	people := make(map[string]series.Person, len(r.People))
	regions := map[string][]series.Away{}
	for _, p := range r.People {
		if holidays && p.Region != "" {
			days, ok := regions[p.Region]
			if !ok {
				days = Holidays(p.Region, from, to)
				regions[p.Region] = days
			}
			p.Away = slices.Concat(p.Away, days)
			slices.SortStableFunc(p.Away, func(a, b series.Away) int { return a.From.Compare(b.From) })
		}
		people[p.ID] = p.Person
	}
	out := make([]series.Series, len(r.Pairs))
	for i, p := range r.Pairs {
		out[i] = series.Series{Org: org, Pair: p.Pair, Formerly: p.Formerly, Manager: people[p.Manager], Report: people[p.Report],
			Slot: p.Slot, Auto: p.Auto, Line: p.Line(), Title: p.Title, Place: p.Place, Link: p.Link, Doc: p.Doc, Private: p.Private,
			Starts: p.Starts, Ends: p.Ends}
	}
	return out
}
