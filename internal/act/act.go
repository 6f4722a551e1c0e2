// Package act is what a person may do about 1:1s, and who may do what: commands, pages, links and API all act through
// it, so that they cannot differ.
package act

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// From is where somebody acts.
type From string

// The places.
const (
	Page  From = "page"
	Link  From = "link"
	API   From = "api"
	Shell From = "shell" // of who holds the settings, and may do everything
)

// Actor is who acts.
type Actor struct {
	Person string // the id in the roster; "" where it is nobody of it
	Admin  bool
	From   From
}

// InShell is who gives commands.
var InShell = Actor{From: Shell}

// Deed is what is done.
type Deed string

// The deeds.
const (
	Accept       Deed = "accept"        // take the slot that the calendar has, or that is proposed
	Restore      Deed = "restore"       // put the series back
	RestoreOne   Deed = "restore-one"   // put one meeting back
	Rebook       Deed = "rebook"        // make up for one meeting at another time of its week
	Undo         Deed = "undo"          // take a make-up back
	Invite       Deed = "invite"        // send the invitation again
	Acknowledge  Deed = "acknowledge"   // say that one has seen a flag
	Allow        Deed = "allow"         // let through what a brake holds, or take that back
	ConfirmEmpty Deed = "confirm-empty" // say that a calendar is empty
)

// Reason is why somebody may not do something.
type Reason string

// The reasons.
const (
	NotYours    Reason = "not-yours"     // who asks is neither of the two
	AdminsOnly  Reason = "admins-only"   // it is an admin's to decide
	MayAsk      Reason = "may-ask"       // it is the manager's to decide: the report may ask them
	NotProposed Reason = "not-proposed"  // a report takes one of the proposed times
	NotYourEdit Reason = "not-your-edit" // a report puts back what they changed themselves
	NotOpen     Reason = "not-open"      // there is no such flag, or it is closed
	Otherwise   Reason = "changed"       // it is not as it was shown
)

// Refused is the error of a deed that is not done.
type Refused struct {
	Deed
	Reason
	Now *drift.Flag // of Otherwise: what the flag says now; nil: it is closed
}

// Error is for the log; what a person is told is said by package say.
func (r *Refused) Error() string { return fmt.Sprintf("%s: %s", r.Deed, r.Reason) }

// Shown is the flag that somebody saw when they decided.
type Shown struct{ Flag, Digest string }

// ShownOf is the flag as it is shown.
func ShownOf(f drift.Flag) Shown { return Shown{f.ID(), f.Digest()} }

// Request asks for a deed that is done by a round.
type Request struct {
	Deed       Deed // Accept, Restore, RestoreOne, Rebook, Undo or Invite
	Pair       series.Pair
	Occurrence series.Date // of RestoreOne and Rebook
	To         plan.Time   // of Rebook; of Undo when the meeting is
	Before     plan.Before // of Undo
	Force      bool        // though somebody is not free then; in the shell only
	Shown      Shown       // what the deed is about; zero: whatever there is
}

func (q Request) ask() plan.Ask {
	ask := plan.Ask{Pair: q.Pair, Occurrence: q.Occurrence, Force: q.Force}
	switch q.Deed {
	case Accept:
		ask.Accept = true
	case Rebook:
		ask.To = &q.To
	case Undo:
		ask.To, ask.Undo = &q.To, &q.Before
	case Invite:
		ask.Invite = true
	}
	return ask
}

// Rounds are what makes them: one at a time.
type Rounds interface {
	Preview(ctx context.Context, asks ...plan.Ask) (reconcile.Round, error)
	Once(ctx context.Context, asks ...plan.Ask) (reconcile.Round, error)
	LookAtFlags(ctx context.Context, of string) (reconcile.Look, error)
}

// Journal is what it keeps.
type Journal interface {
	Allow(ctx context.Context, changes map[string]string, until time.Time) error
	Disallow(ctx context.Context, ids ...string) ([]string, error)
	ConfirmEmpty(ctx context.Context, person string) error
	Acknowledge(ctx context.Context, flagID string, at time.Time) (bool, error)
}

// Acts does what people ask for.
type Acts struct {
	Rounds  Rounds
	Journal Journal
	Clock   clock.Clock
}

// Do makes the round that the request asks for. Who must not is Refused, and so is what is not as it was shown; nothing
// is written then. What the round could not do is among its failures.
func (a Acts) Do(ctx context.Context, who Actor, q Request) (reconcile.Round, error) {
	if who.From != Shell {
		q.Force = false
	}
	// What depends on nothing but who asks needs no calendar; what is open is asked for only where that matters.
	switch reason := May(who, q, nil); {
	case reason != "" && !depends(reason):
		return reconcile.Round{}, &Refused{Deed: q.Deed, Reason: reason}
	case reason != "" || q.Shown != Shown{}:
		seen, err := a.Rounds.Preview(ctx)
		if err != nil {
			return seen, err
		}
		open := slices.DeleteFunc(seen.Open, func(f drift.Flag) bool { return f.Pair != q.Pair })
		if reason := May(who, q, open); reason != "" {
			return reconcile.Round{}, &Refused{Deed: q.Deed, Reason: reason}
		}
		if err := unchanged(q, open); err != nil {
			return reconcile.Round{}, err
		}
	}
	return a.Rounds.Once(ctx, q.ask())
}

// unchanged is Refused where the open flags are not as they were shown.
func unchanged(q Request, open []drift.Flag) error {
	if q.Shown == (Shown{}) {
		return nil
	}
	i := slices.IndexFunc(open, func(f drift.Flag) bool { return f.ID() == q.Shown.Flag })
	switch {
	case i < 0:
		return &Refused{Deed: q.Deed, Reason: Otherwise}
	case open[i].Digest() != q.Shown.Digest:
		return &Refused{Deed: q.Deed, Reason: Otherwise, Now: &open[i]}
	}
	return nil
}

// Acknowledge notes that the open flag of that id was seen.
func (a Acts) Acknowledge(ctx context.Context, who Actor, id string) error {
	if who.From != Shell {
		look, err := a.Rounds.LookAtFlags(ctx, who.Person)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(look.Flags, func(f reconcile.FlagRow) bool {
			return f.ID() == id && may(who, Acknowledge, f.Pair) == ""
		}) {
			return &Refused{Deed: Acknowledge, Reason: NotOpen} // that there is another's is nobody's business
		}
	}
	ok, err := a.Journal.Acknowledge(ctx, id, a.Clock())
	if err == nil && !ok {
		err = &Refused{Deed: Acknowledge, Reason: NotOpen}
	}
	return err
}

// allowance is how long what was allowed is let through.
const allowance = 24 * time.Hour

// Allow lets the changes through that still are as they were shown when the next round makes them: digests by id. It
// holds until the time that it returns.
func (a Acts) Allow(ctx context.Context, who Actor, changes map[string]string) (until time.Time, err error) {
	if reason := may(who, Allow, series.Pair{}); reason != "" {
		return time.Time{}, &Refused{Deed: Allow, Reason: reason}
	}
	until = a.Clock().Add(allowance)
	return until, a.Journal.Allow(ctx, changes, until)
}

// Withdraw holds again what was allowed and is not done yet; it returns the ids.
func (a Acts) Withdraw(ctx context.Context, who Actor) ([]string, error) {
	if reason := may(who, Allow, series.Pair{}); reason != "" {
		return nil, &Refused{Deed: Allow, Reason: reason}
	}
	return a.Journal.Disallow(ctx)
}

// ConfirmEmpty says that what is missing from the person's calendar counts as deleted when it is next read.
func (a Acts) ConfirmEmpty(ctx context.Context, who Actor, person string) error {
	if reason := may(who, ConfirmEmpty, series.Pair{}); reason != "" {
		return &Refused{Deed: ConfirmEmpty, Reason: reason}
	}
	return a.Journal.ConfirmEmpty(ctx, person)
}
