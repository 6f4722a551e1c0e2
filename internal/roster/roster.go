// Package roster reads the admin's YAML: people, pairs and what each 1:1 should be. It hands over only valid values,
// or all problems with their places.
package roster

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/internal/holidays"
	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// Roster is all the admin wants. It is shared: nobody writes to it.
type Roster struct {
	People []Person // by id
	Pairs  []Pair   // by manager and report
	// Notices are how each person is told, by id.
	Notices map[string]Notices

	warnings yamlpos.Problems
}

// Person is somebody of the roster. Away holds leave only; Series adds the free days.
type Person struct {
	series.Person
	Free *FreeDays // nil for none
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

// Warnings are what works and yet may not be what is meant, or not for long: on the day today.
func (r Roster) Warnings(today series.Date) yamlpos.Problems {
	out := slices.Clone(r.warnings)
	_, to := Window(today)
	_, last := holidays.Years()
	i := slices.IndexFunc(r.People, func(p Person) bool { return p.Free != nil && p.Free.Regions != nil })
	if i >= 0 && to.Year > last {
		out.Add(r.People[i].At, "person "+r.People[i].ID, "holidays are known up to the end of %d: from then on no public "+
			"holiday is skipped, here and for everybody, until a newer Holdfast is installed", last)
	}
	return out
}

// Persons are the people by id, with their leave, and with free also the free days from from to to.
func (r Roster) Persons(from, to series.Date, free bool) map[string]series.Person {
	people := make(map[string]series.Person, len(r.People))
	known := map[*FreeDays][]series.Away{}
	for _, p := range r.People {
		if free && p.Free != nil {
			days, ok := known[p.Free]
			if !ok {
				days = p.Free.between(from, to)
				known[p.Free] = days
			}
			p.Away = slices.Concat(p.Away, days)
			slices.SortStableFunc(p.Away, func(a, b series.Away) int { return a.From.Compare(b.From) })
		}
		people[p.ID] = p.Person
	}
	return people
}

// Series are the series that the roster wants, by pair. With free, the free days of each person from from to to count
// as away, with Why series.Holiday.
func (r Roster) Series(org string, from, to series.Date, free bool) []series.Series {
	people := r.Persons(from, to, free)
	out := make([]series.Series, len(r.Pairs))
	for i, p := range r.Pairs {
		out[i] = series.Series{Org: org, Pair: p.Pair, Formerly: p.Formerly, Manager: people[p.Manager], Report: people[p.Report],
			Slot: p.Slot, Auto: p.Auto, Line: p.Line(), Title: p.Title, Place: p.Place, Link: p.Link, Doc: p.Doc, Private: p.Private,
			Starts: p.Starts, Ends: p.Ends}
	}
	return out
}
