// Package see is what a person may see, as values: pages, API, events and feed show nothing of a pair, a person or the
// daemon that does not come from it. It reads what the last round left, by index for one pair or one person: no
// calendar, and nothing that a round holds.
//
// Of a pair only its two people see anything; an admin sees that things work, and figures of groups.
package see

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/clock"
	"holdfast/internal/series"
)

// The errors of who may not see something. That there is such a pair is nobody's business but its people's: both are
// shown as if there were no such page.
var (
	ErrNotYours = errors.New("there is no such pair, or it is not of the one who asks")
	ErrNotIn    = errors.New("who asks is not in the roster, or is no admin")
)

// Options are what a See needs.
type Options struct {
	Journal Journal
	// Person is somebody of the last good roster.
	Person func(id string) (series.Person, bool)
	// People are the ids of everybody of the last good roster.
	People func() []string
	// Daemon is what the running daemon knows; nil where none runs.
	Daemon Daemon
	Clock  clock.Clock
}

// See tells what may be seen. Its methods may be called at once, beside whoever writes the journal.
type See struct{ Options }

// New makes one.
func New(o Options) *See { return &See{Options: o} }

// Party is one of the two of a pair, or a reader.
type Party struct {
	ID   string // "" where it is nobody of the roster
	Name string
	Zone string // IANA; "UTC" where it is not known
}

// As is what somebody is in a pair.
type As string

// The two.
const (
	Manager As = "manager"
	Report  As = "report"
)

// Made is when something was seen, and how fresh it is.
type Made struct {
	At       time.Time // now, by the clock
	Round    time.Time // when the round was that left it; zero: none was made yet
	Problems bool      // the roster as it stands has problems: the last good one stays
}

// who is the reader, if they are of the roster.
func (s *See) who(who act.Actor) (Party, error) {
	if p, ok := s.Person(who.Person); ok && who.Person != "" {
		return Party{p.ID, p.Name, p.Zone}, nil
	}
	return Party{}, ErrNotIn
}

// Looked enters in the access log that somebody looked at a pair: what is "pair", "flags", "history" or such.
func (s *See) Looked(ctx context.Context, who act.Actor, p series.Pair, what string) error {
	return s.Journal.Looked(ctx, who, p, what, s.Clock())
}
