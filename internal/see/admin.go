package see

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Daemon is what runs, for admins.
type Daemon interface {
	Rounds() []RoundLine                      // the last ones, newest first
	Queue(ctx context.Context) (Queue, error) // what waits to be done
	Problems() []string                       // why the roster as it stands is not used, each with file:line; nil: it is
	// Unreached are the ids of people who want messages by a channel that there is, and whom none reaches.
	Unreached(ctx context.Context) ([]string, error)
}

// RoundLine is a round that was made.
type RoundLine struct {
	At                                    time.Time
	Took                                  time.Duration
	Reason                                string // why it was made: "time", "push", "asked", ...
	Pairs, Judged, Read, Writes, Mails    int
	Held, Opened, Changed, Closed, Failed int
	Err                                   string // why it came to nothing; ""
}

// Queue is how many jobs there are of each kind.
type Queue struct {
	Waiting, Running, Retried map[string]int
	Oldest                    time.Time // since when one waits that is due; zero: none
}

// Admin is how things are, with nothing about how two people meet.
type Admin struct {
	Made
	Pairs, People, Calendars int
	States                   map[reconcile.State]int
	Brakes                   []Brake  // what limits hold, to be allowed
	Held                     []Waits  // what waits for one of the two, as far as it is known: kinds and pairs
	Outages                  []Outage // by cause, those that strike most first
	Problems                 []string // of the roster, each with file:line
	Rounds                   []RoundLine
	Queue                    Queue
	Failed                   []ledger.Unsent // notices that no channel took; Notice is left out
	Unreached                []Party         // people without a channel that works
	Figures                  Figures
}

// Brake is a limit that holds changes.
type Brake struct {
	Action  plan.Action
	Because string
	Changes []Change
	Mails   int
}

// Change is a change as admins see it: no times, no slots.
type Change struct {
	ID, Digest string // what allowing it is conditional on
	Pair       series.Pair
	Action     plan.Action
	Mails      int
	Why        []string // as far as it is of the roster and of no meeting
	Changed    bool     // another form of it was allowed
	Stuck      bool     // it failed too often
}

// Waits is a change that one of a pair's two has to decide.
type Waits struct {
	Pair   series.Pair
	Action plan.Action
}

// Outage is what is out, by cause.
type Outage struct {
	Where  string // settings' calendar; "" where it is of none
	Kind   string
	Cause  string
	Hint   string
	Since  time.Time
	People []Party       // whose calendars
	Pairs  []series.Pair // that are stale for it, or whose document or listing it is
	Names  []string      // of what is neither
}

// Planned is what the next round would write, as the last one left it.
type Planned struct {
	Made
	Held   []Change
	Counts map[plan.Action]int
	Mails  int
}

// PairState is a pair as admins see it.
type PairState struct {
	Pair    series.Pair
	Parties [2]Party
	State   reconcile.State // what differs where it is flagged is the two people's
	Why     []Reason
}

// Calendar is a person's, as admins see it.
type Calendar struct {
	Who     Party
	Server  string    // name in the settings; "" none
	Read    time.Time // zero: never
	Push    time.Time // until when the server tells of changes; zero: it does not
	Outage  *Outage   // nil: it can be read
	Emptied bool
}

// Admin is /admin; ErrNotIn for who is none.
func (s *See) Admin(ctx context.Context, who act.Actor) (Admin, error) {
	return Admin{}, errors.ErrUnsupported
}

// AdminPlan is what would be written, in kinds and counts.
func (s *See) AdminPlan(ctx context.Context, who act.Actor) (Planned, error) {
	return Planned{}, errors.ErrUnsupported
}

// AdminPairs are the states of all pairs, by pair.
func (s *See) AdminPairs(ctx context.Context, who act.Actor) ([]PairState, error) {
	return nil, errors.ErrUnsupported
}

// AdminCalendars are everybody's calendars, by person.
func (s *See) AdminCalendars(ctx context.Context, who act.Actor) ([]Calendar, error) {
	return nil, errors.ErrUnsupported
}
