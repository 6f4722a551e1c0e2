// Package see is what a person may see, as values: pages, API, events and feed show nothing of a pair, a person or the
// daemon that does not come from it. It reads what the last round left, by index for one pair or one person: no
// calendar, and nothing that a round holds.
//
// Of a pair only its two people see anything; an admin sees that things work, and figures of groups.
package see

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/clock"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
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
	// People are the ids of everybody of the last good roster, in order.
	People func() []string
	// AllDay is what all-day events mean, by the settings' policy.
	AllDay series.AllDay
	// Daemon is what runs, for admins; nil where none does.
	Daemon Daemon
	Clock  clock.Clock
}

// See tells what may be seen. Its methods may be called at once, beside whoever writes the journal.
type See struct {
	Options

	mu  sync.Mutex
	all *overview // the last one; nil: none yet
}

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

// Looked enters in the access log of the pairs that somebody looked at something about them.
func (s *See) Looked(ctx context.Context, who act.Actor, what access.What, pairs ...series.Pair) error {
	v := access.Visit{At: s.Clock(), Who: who.Person, From: access.From(who.From), What: what}
	return s.Journal.Visit(ctx, v, pairs...)
}

// in is the one who asks; ErrNotIn where they are not in the roster.
func (s *See) in(who act.Actor) (series.Person, error) {
	if p, ok := s.Person(who.Person); ok && who.Person != "" {
		return p, nil
	}
	return series.Person{}, ErrNotIn
}

// admin is ErrNotIn for who is none.
func (s *See) admin(who act.Actor) error {
	if who.Admin || who.From == act.Shell {
		return nil
	}
	return ErrNotIn
}

func (s *See) made(ctx context.Context) (Made, error) {
	out := Made{At: s.Clock()}
	first, err := s.Journal.FirstRound(ctx)
	if out.Round = first; s.Daemon == nil || first.IsZero() {
		return out, err
	}
	out.Problems, out.Round = len(s.Daemon.Problems()) > 0, out.At // one that has just begun knows of none
	for _, r := range s.Daemon.Rounds() {
		if out.Round = r.At; r.Err == "" {
			break
		}
	}
	return out, err
}

// party is what a person is called: as the roster has them, or else as the last round left it.
func (s *See) party(id, name, zone string) Party {
	if p, ok := s.Person(id); ok {
		return Party{id, p.Name, p.Zone}
	}
	if name == "" {
		name = id
	}
	if zone == "" {
		zone = "UTC"
	}
	return Party{id, name, zone}
}

// parties are manager and report.
func (s *See) parties(row *reconcile.StatusRow) [2]Party {
	return [2]Party{
		s.party(row.Pair.Manager, row.Names[0], row.Zones[0]),
		s.party(row.Pair.Report, row.Names[1], row.Zones[1]),
	}
}

// as is what the person is in the pair, and at which place of its two the other stands: in the shell the report's.
func as(p series.Pair, person string) (As, int) {
	switch person {
	case p.Manager:
		return Manager, 1
	case p.Report:
		return Report, 0
	}
	return "", 1
}

// left is what the last round left of what of names, with its flags by pair.
func (s *See) left(ctx context.Context, of string, now time.Time) (reconcile.Left, map[series.Pair][]reconcile.FlagRow,
	error) {
	left, err := s.Journal.Left(ctx, of, false)
	if err != nil {
		return left, nil, fmt.Errorf("what the last round left: %w", err)
	}
	stale, flags := map[series.Pair]bool{}, map[series.Pair][]reconcile.FlagRow{}
	for i := range left.Rows {
		stale[left.Rows[i].Pair] = left.Rows[i].State == reconcile.Stale
	}
	for _, f := range left.Flags {
		if f.Pass(now); stale[f.Pair] {
			f.Makeups = nil // nobody knows who is free
		}
		flags[f.Pair] = append(flags[f.Pair], f)
	}
	return left, flags, nil
}

// reasons are why a pair is stale, without what is for admins alone.
func (s *See) reasons(why []reconcile.Reason) (out []Reason) {
	for _, r := range why {
		out = append(out, Reason{Who: s.party(r.Person, "", ""), Since: r.Since, Kind: r.Kind, Cause: r.Cause})
	}
	return out
}

// drifts are flags without their states.
func drifts(rows []reconcile.FlagRow) []drift.Flag {
	out := make([]drift.Flag, len(rows))
	for i := range rows {
		out[i] = rows[i].Flag
	}
	return out
}
