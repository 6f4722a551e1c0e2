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
	Calendar Matter = ""         // Person: their calendar, that it can be read
	Emptied  Matter = "emptied"  // Person: their calendar, that it shows anything
	Address  Matter = "address"  // Person: the address that their calendar is under
	Booking  Matter = "booking"  // Pair: its 1:1
	Listing  Matter = "listing"  // Pair: its series in the listing of the manager's calendar
	Agenda   Matter = "document" // Pair: its document
	Writing  Matter = "change"   // Name: the id of a change
	Zones    Matter = "zones"    // Name: time zones
	Video    Matter = "video"    // nothing: it is of all who are refused a video conference
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
func BookingOf(p series.Pair) Subject { return Subject{Matter: Booking, Pair: p} }

// AgendaOf is the pair's document.
func AgendaOf(p series.Pair) Subject { return Subject{Matter: Agenda, Pair: p} }

// String is what ParseSubject reads: "mia", "mia/raj", "listing mia/raj", "zones Europe/Berlin".
func (s Subject) String() string {
	of := cmp.Or(s.Person, s.Pair.String(), s.Name)
	if s.Matter == Calendar || s.Matter == Booking {
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
	case Emptied, Address:
		return Subject{Matter: m, Person: of}, series.ID.MatchString(of)
	case Listing, Agenda:
		p, err := series.ParsePair(of)
		return Subject{Matter: m, Pair: p}, err == nil
	case Writing, Zones:
		return Subject{Matter: m, Name: of}, of != ""
	case Video:
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
