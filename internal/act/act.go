// Package act is what a person may do about 1:1s, and who may do what: commands, pages, links and API all act through
// it, so that they cannot differ.
package act

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// From is where somebody acts.
type From = deed.From

// The places.
const (
	Page  = deed.Page
	Link  = deed.Link
	API   = deed.API
	Shell = deed.Shell // of who holds the settings, and may do everything
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
type Deed = deed.Kind

// The deeds.
const (
	Accept        = deed.Accept
	Restore       = deed.Restore
	RestoreOne    = deed.RestoreOne
	Rebook        = deed.Rebook
	Undo          = deed.Undo
	Invite        = deed.Invite
	AskAccept     = deed.AskAccept
	AskRestore    = deed.AskRestore
	Acknowledge   = deed.Acknowledge
	Unacknowledge = deed.Unacknowledge
	Allow         = deed.Allow
	Withdraw      = deed.Withdraw
	ConfirmEmpty  = deed.ConfirmEmpty
)

// Reason is why somebody may not do something.
type Reason string

// The reasons.
const (
	NotYours    Reason = "not-yours"     // who asks is neither of the two
	AdminsOnly  Reason = "admins-only"   // it is an admin's to decide
	MayAsk      Reason = "may-ask"       // it is the manager's to decide: the report may ask them
	NoNeed      Reason = "no-need"       // who asks for it may do it
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

// Is reports whether the flag is as it was shown to who acts: whole, or as far as they may see it. A digest of what
// they may not see would tell it to who tries all times.
func (s Shown) Is(f drift.Flag, who Actor) bool {
	return s.Digest == "" || s.Digest == f.Digest() || s.Digest == who.Sees(f).Digest()
}

// Sees is a flag of the actor's pair as far as they may see it; in the shell all of it.
func (a Actor) Sees(f drift.Flag) drift.Flag {
	if a.From == Shell {
		return f
	}
	return f.For(a.Person, f.Whose)
}

// Request asks for a deed about a pair.
type Request struct {
	Deed       Deed // Accept, Restore, RestoreOne, Rebook, Undo, Invite, AskAccept or AskRestore
	Pair       series.Pair
	Occurrence series.Date // of RestoreOne, Rebook and Undo
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
	// OnceIf makes one, of the calendars that the asks need; may is given the open flags of their pairs before anything is
	// written, and its error ends the round and is returned as it is.
	OnceIf(ctx context.Context, may func(open []drift.Flag) error, asks ...plan.Ask) (reconcile.Round, error)
	LookAtFlags(ctx context.Context, of string) (reconcile.Look, error)
}

// Journal is what it keeps.
type Journal interface {
	// BeginDeed records what somebody is about to do; it gives the deed its number. EndDeed records what came of it: its
	// Result, and its To, Was and Changes, which may not be known before.
	BeginDeed(ctx context.Context, d *deed.Deed) error
	EndDeed(ctx context.Context, d deed.Deed) error
	// Deeds are those about a pair ("mia/raj") that were begun at since or later, oldest first.
	Deeds(ctx context.Context, of string, since time.Time) ([]deed.Deed, error)
	// Acknowledge records that d.Who, and with "" each of the two, has seen the open flag d.Flag as it stands, and
	// Unacknowledge takes it back. With either goes the deed; of what is not there, or is closed, there is none.
	Acknowledge(ctx context.Context, d deed.Deed) (bool, error)
	Unacknowledge(ctx context.Context, d deed.Deed) (bool, error)
	Allow(ctx context.Context, changes map[string]string, until time.Time) error
	Disallow(ctx context.Context, ids ...string) ([]string, error)
	ConfirmEmpty(ctx context.Context, person string) error
	Matters(ctx context.Context) (map[string]notify.Matter, error)
	SetMatters(ctx context.Context, set []notify.Matter, forget []string) error
}

// Notes have people told of matters.
type Notes interface {
	Note(ctx context.Context, all ...notify.Matter) error
}

// Acts does what people ask for, and records it. What is refused for who asks, or for what was shown, leaves no record.
type Acts struct {
	Rounds  Rounds
	Journal Journal
	Notes   Notes // nil: nobody is told of what a report asks for before a daemon is started
	Clock   clock.Clock
}

// Result is what came of a request.
type Result struct {
	Came    deed.Result
	Round   reconcile.Round // that was made; zero where none was
	Applied []plan.Change   // of the pair, by that round
	Held    []plan.Held     // of the pair: what waits to be allowed
	Refused *Refused        // why it was not tried; nil: it was
	Why     say.NotDone     // why nothing was done, for say.Reader.NotDone; zero where something was
}

// Do does what the request asks for: it makes a round, or asks the manager. Who must not is Refused, and so is what is
// not as it was shown; nothing is written then. An error is of what does not work here; what of the round did not work
// is in the Result.
func (a Acts) Do(ctx context.Context, who Actor, q Request) (Result, error) {
	if q.Deed == AskAccept || q.Deed == AskRestore {
		return a.Ask(ctx, who, q)
	}
	if who.From != Shell {
		q.Force = false
	}
	// What depends on nothing but who asks needs no calendar.
	if reason := May(who, q, nil); reason != "" && !depends(reason) {
		return refused(q.Deed, reason, nil), nil
	}
	if q.Deed == Undo && (who.From == Page || who.From == API) {
		made, err := a.madeUp(ctx, q)
		switch {
		case err != nil:
			return Result{}, err
		case made == nil:
			return refused(q.Deed, Otherwise, nil), nil
		}
		q.Before = plan.Before{Start: made.Was} // what the request says of it would move the meeting anywhere
	}
	d, begun := a.deed(who, q), false
	r, err := a.Rounds.OnceIf(ctx, func(open []drift.Flag) error {
		if reason := May(who, q, open); reason != "" {
			return &Refused{Reason: reason}
		}
		if _, no := shown(who, q, open); no != nil {
			return no
		}
		err := a.Journal.BeginDeed(ctx, &d)
		begun = err == nil
		return err
	}, q.ask())
	if no := (*Refused)(nil); errors.As(err, &no) {
		return refused(q.Deed, no.Reason, no.Now), nil
	}
	if !begun {
		return Result{}, err
	}
	out := resultOf(r, q, err)
	if d.Result = out.Came; q.Deed == Rebook && len(out.Applied) > 0 {
		d.To, _ = out.Applied[0].To.Time() // who asked may have said no more than a weekday
		d.Was, _ = out.Applied[0].From.Time()
	}
	return out, a.end(ctx, d, err)
}

// madeUp is the deed that the request takes back; nil where it cannot be taken back, or not any more.
func (a Acts) madeUp(ctx context.Context, q Request) (*deed.Deed, error) {
	now := a.Clock()
	all, err := a.Journal.Deeds(ctx, q.Pair.String(), now.AddDate(0, 0, -2))
	if i := deed.Undoable(all, q.Occurrence, now); err == nil && i >= 0 && all[i].To.Equal(q.To.Instant) {
		return &all[i], nil
	}
	return nil, err
}

// record does it between the two writes of the record.
func (a Acts) record(ctx context.Context, d deed.Deed, do func(*deed.Deed) error) error {
	if err := a.Journal.BeginDeed(ctx, &d); err != nil {
		return err
	}
	err := do(&d)
	return a.end(ctx, d, err)
}

// end records what came of the deed, though who asked for it has gone. It returns err, or that it could not.
func (a Acts) end(ctx context.Context, d deed.Deed, err error) error {
	if err != nil && d.Result != deed.Done {
		d.Result = deed.Failed
	}
	if ended := a.Journal.EndDeed(context.WithoutCancel(ctx), d); err == nil {
		err = ended
	}
	return err
}

// deed is what the record has of the request.
func (a Acts) deed(who Actor, q Request) deed.Deed {
	d := deed.Deed{
		At:         a.Clock(),
		Who:        who.Person,
		Admin:      who.Admin,
		From:       who.From,
		Kind:       q.Deed,
		Pair:       q.Pair,
		Occurrence: q.Occurrence,
		Flag:       q.Shown.Flag,
	}
	if q.Deed == Rebook || q.Deed == Undo {
		d.To = q.To.Instant
	}
	return d
}

// Ask has the manager told, once for each state of the flag that was shown, that the report asks them to Accept or to
// Restore.
func (a Acts) Ask(ctx context.Context, who Actor, q Request) (Result, error) {
	if reason := may(who, q.Deed, q.Pair); reason != "" {
		return refused(q.Deed, reason, nil), nil
	}
	look, err := a.Rounds.LookAtFlags(ctx, q.Pair.String())
	if err != nil {
		return Result{}, err
	}
	var open []drift.Flag
	for _, f := range look.Flags {
		open = append(open, f.Flag)
	}
	about, no := shown(who, q, open)
	if no == nil && about.Pair != q.Pair {
		no = &Refused{Reason: NotOpen}
	}
	if no != nil {
		return refused(q.Deed, no.Reason, no.Now), nil
	}
	q.Occurrence = about.Occurrence
	before, err := a.Journal.Matters(ctx)
	if err != nil {
		return Result{}, err
	}
	d := a.deed(who, q)
	m := notify.Matter{
		Kind:    notify.Ask,
		Key:     "ask|" + q.Pair.String() + "|" + string(q.Deed) + "|" + about.Digest(),
		Pair:    q.Pair,
		Flag:    about,
		Says:    string(asksFor[q.Deed]),
		Changed: d.At,
		Owners:  []string{who.Person},
	}
	out := Result{Came: deed.Done}
	err = a.record(ctx, d, func(d *deed.Deed) error {
		was, asked := before[m.Key]
		asked = asked && !was.Closed
		if asked {
			out.Came, out.Why.Nothing = deed.Nothing, say.Nothing{Why: say.AskedBefore, Pair: q.Pair}
		}
		switch d.Result = out.Came; {
		case asked:
			return nil
		case a.Notes == nil:
			return a.Journal.SetMatters(ctx, []notify.Matter{m}, nil)
		}
		return a.Notes.Note(ctx, m)
	})
	return out, err
}

// asksFor is what the manager is asked to do.
var asksFor = map[Deed]say.Deed{AskAccept: say.Accept, AskRestore: say.Restore}

// shown is the open flag that was shown, zero where none was; or why it is not as it was shown.
func shown(who Actor, q Request, open []drift.Flag) (drift.Flag, *Refused) {
	if q.Shown == (Shown{}) {
		return drift.Flag{}, nil
	}
	i := slices.IndexFunc(open, func(f drift.Flag) bool { return f.ID() == q.Shown.Flag })
	switch {
	case i < 0:
		return drift.Flag{}, &Refused{Reason: Otherwise}
	case !q.Shown.Is(open[i], who):
		now := who.Sees(open[i])
		return drift.Flag{}, &Refused{Reason: Otherwise, Now: &now}
	}
	return open[i], nil
}

// Acknowledge notes that who acts has seen the open flag as it was shown; in the shell it is noted of both.
func (a Acts) Acknowledge(ctx context.Context, who Actor, s Shown) error {
	return a.acknowledge(ctx, who, s, Acknowledge, a.Journal.Acknowledge)
}

// Unacknowledge takes back what who acts has acknowledged; in the shell it is taken back of both.
func (a Acts) Unacknowledge(ctx context.Context, who Actor, s Shown) error {
	return a.acknowledge(ctx, who, s, Unacknowledge, a.Journal.Unacknowledge)
}

func (a Acts) acknowledge(ctx context.Context, who Actor, s Shown, k Deed,
	do func(context.Context, deed.Deed) (bool, error)) error {
	if who.From != Shell || s.Digest != "" {
		look, err := a.Rounds.LookAtFlags(ctx, who.Person)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(look.Flags, func(f reconcile.FlagRow) bool {
			return f.ID() == s.Flag && may(who, k, f.Pair) == ""
		})
		switch {
		case i < 0: // that there is another's is nobody's business
			return &Refused{Deed: k, Reason: NotOpen}
		case !s.Is(look.Flags[i].Flag, who):
			now := who.Sees(look.Flags[i].Flag)
			return &Refused{Deed: k, Reason: Otherwise, Now: &now}
		}
	}
	ok, err := do(ctx, deed.Deed{
		At:    a.Clock(),
		Who:   who.Person,
		Admin: who.Admin,
		From:  who.From,
		Kind:  k,
		Flag:  s.Flag,
	})
	if err == nil && !ok {
		err = &Refused{Deed: k, Reason: NotOpen}
	}
	return err
}

// allowance is how long what was allowed is let through.
const allowance = 24 * time.Hour

// Allow lets the changes through that still are as they were shown when the next round makes them: digests by id. It
// holds until the time that it returns.
func (a Acts) Allow(ctx context.Context, who Actor, changes map[string]string) (until time.Time, err error) {
	until = a.Clock().Add(allowance)
	d := deed.Deed{Kind: Allow, Changes: slices.Sorted(maps.Keys(changes))}
	return until, a.admin(ctx, who, d, func(d *deed.Deed) error {
		if len(changes) == 0 {
			d.Result = deed.Nothing
			return nil
		}
		return a.Journal.Allow(ctx, changes, until)
	})
}

// Withdraw holds again what was allowed and is not done yet, with no ids all of it; it returns the ids.
func (a Acts) Withdraw(ctx context.Context, who Actor, ids ...string) (gone []string, err error) {
	err = a.admin(ctx, who, deed.Deed{Kind: Withdraw, Changes: ids}, func(d *deed.Deed) (err error) {
		if gone, err = a.Journal.Disallow(ctx, ids...); len(gone) == 0 {
			d.Result = deed.Nothing
			return err
		}
		d.Changes = gone
		return nil
	})
	return gone, err
}

// ConfirmEmpty says that what is missing from the person's calendar counts as deleted when it is next read.
func (a Acts) ConfirmEmpty(ctx context.Context, who Actor, person string) error {
	return a.admin(ctx, who, deed.Deed{Kind: ConfirmEmpty, Of: person}, func(*deed.Deed) error {
		return a.Journal.ConfirmEmpty(ctx, person)
	})
}

// admin does what is an admin's to do: it is done, unless do says otherwise.
func (a Acts) admin(ctx context.Context, who Actor, d deed.Deed, do func(*deed.Deed) error) error {
	if reason := may(who, d.Kind, series.Pair{}); reason != "" {
		return &Refused{Deed: d.Kind, Reason: reason}
	}
	d.At, d.Who, d.Admin, d.From = a.Clock(), who.Person, who.Admin, who.From
	return a.record(ctx, d, func(d *deed.Deed) error {
		d.Result = deed.Done
		if err := do(d); err != nil {
			d.Result = deed.Failed
			return err
		}
		return nil
	})
}
