package reconcile

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/series"
)

// Matter is what it is about somebody or something that is out or failed.
type Matter string

// The matters, and what their subjects have.
const (
	MatterCalendar Matter = ""         // Person: their calendar, that it can be read
	MatterEmptied  Matter = "emptied"  // Person: their calendar, that it shows anything
	MatterAddress  Matter = "address"  // Person: the address that their calendar is under
	MatterBooking  Matter = "booking"  // Pair: its 1:1
	MatterListing  Matter = "listing"  // Pair: its series in the listing of the manager's calendar
	MatterDocument Matter = "document" // Pair: its document
	MatterChange   Matter = "change"   // Name: the id of a change
	MatterZones    Matter = "zones"    // Name: time zones
	MatterVideo    Matter = "video"    // nothing: it is of all who are refused a video conference
)

// Subject is what an Outage or a Failure is of.
type Subject struct {
	Matter Matter
	Person string
	Pair   series.Pair
	Name   string
}

// CalendarOf is the person's calendar.
func CalendarOf(person string) Subject { return Subject{Person: person} }

// BookingOf is the pair's 1:1.
func BookingOf(p series.Pair) Subject { return Subject{Matter: MatterBooking, Pair: p} }

// DocumentOf is the pair's document.
func DocumentOf(p series.Pair) Subject { return Subject{Matter: MatterDocument, Pair: p} }

// String is what ParseSubject reads: "mia", "mia/raj", "listing mia/raj", "zones Europe/Berlin".
func (s Subject) String() string {
	of := cmp.Or(s.Person, s.Pair.String(), s.Name)
	if s.Matter == MatterCalendar || s.Matter == MatterBooking {
		return of
	}
	return string(s.Matter) + " " + of // a person may have a matter's name for an id
}

// ParseSubject reads what String writes. ok is false for what another version wrote.
func ParseSubject(text string) (s Subject, ok bool) {
	matter, of, spaced := strings.Cut(text, " ")
	if !spaced {
		if p, err := series.ParsePair(text); err == nil {
			return BookingOf(p), true
		}
		return CalendarOf(text), series.ID.MatchString(text)
	}
	switch m := Matter(matter); m {
	case MatterEmptied, MatterAddress:
		return Subject{Matter: m, Person: of}, series.ID.MatchString(of)
	case MatterListing, MatterDocument:
		p, err := series.ParsePair(of)
		return Subject{Matter: m, Pair: p}, err == nil
	case MatterChange, MatterZones:
		return Subject{Matter: m, Name: of}, of != ""
	case MatterVideo:
		return Subject{Matter: m}, true
	}
	return Subject{}, false
}

// Compare orders subjects by matter, and within one by whom it is of.
func (s Subject) Compare(t Subject) int {
	return cmp.Or(cmp.Compare(s.Matter, t.Matter), cmp.Compare(s.Person, t.Person), s.Pair.Compare(t.Pair),
		cmp.Compare(s.Name, t.Name))
}

// Subjects are those of the outages, in order.
func Subjects(outages map[Subject]Outage) []Subject {
	return slices.SortedFunc(maps.Keys(outages), Subject.Compare)
}
