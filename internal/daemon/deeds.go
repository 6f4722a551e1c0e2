package daemon

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// asked does what people ask for on pages and by the API, while no round is made.
type asked struct {
	a *App
	q *Queue
}

// changed says at once that the pair's page is another, and has those told whom it concerns.
func (x asked) changed(pairs ...series.Pair) {
	x.a.hub.Publish(pairs...)
	x.q.Look()
}

// Do is act.Acts'.
func (x asked) Do(ctx context.Context, who act.Actor, r act.Request) (out act.Result, err error) {
	err = x.q.Alone(ctx, func(ctx context.Context) (err error) {
		out, err = x.a.acts().Do(ctx, who, r)
		return err
	})
	if out.Came != "" {
		x.changed(r.Pair)
	}
	if out.Round.At.IsZero() || err != nil {
		return out, err
	}
	return out, x.q.Wake(ctx, "act") // what stands of the pair is for a round of all to say
}

// Acknowledge is act.Acts'.
func (x asked) Acknowledge(ctx context.Context, who act.Actor, s act.Shown) error {
	return x.seen(ctx, who, s, x.a.acts().Acknowledge)
}

// Unacknowledge is act.Acts'.
func (x asked) Unacknowledge(ctx context.Context, who act.Actor, s act.Shown) error {
	return x.seen(ctx, who, s, x.a.acts().Unacknowledge)
}

func (x asked) seen(ctx context.Context, who act.Actor, s act.Shown,
	do func(context.Context, act.Actor, act.Shown) error) error {
	if err := do(ctx, who, s); err != nil {
		return err
	}
	look, err := x.a.Reconciler.LookAsLeft(ctx, who.Person)
	for _, f := range look.Flags {
		if f.ID() == s.Flag {
			x.changed(f.Pair)
		}
	}
	return err
}

// Allow is act.Acts'. What is let through is written by a round that begins at once.
func (x asked) Allow(ctx context.Context, who act.Actor, changes map[string]string) (until time.Time, err error) {
	until, err = x.a.acts().Allow(ctx, who, changes)
	if err == nil {
		err = x.q.Wake(ctx, "act")
	}
	return until, err
}

// ConfirmEmpty is act.Acts'.
func (x asked) ConfirmEmpty(ctx context.Context, who act.Actor, person string) error {
	err := x.a.acts().ConfirmEmpty(ctx, who, person)
	if err == nil {
		err = x.q.Wake(ctx, "act")
	}
	return err
}

// acts does what people ask for while the daemon runs; who calls it sees to it that no round is made meanwhile.
func (a *App) acts() act.Acts {
	out := act.Acts{Rounds: telling{a.Reconciler, a}, Journal: a.Store, Clock: a.o.Clock}
	if a.messages != nil {
		out.Notes = a.messages
	}
	return out
}

// telling makes rounds that are told of as those are which come by the clock.
type telling struct {
	*reconcile.Reconciler
	a *App
}

// OnceIf is act.Rounds'.
func (t telling) OnceIf(ctx context.Context, may func([]drift.Flag) error, asks ...plan.Ask) (reconcile.Round, error) {
	start := t.a.o.Clock()
	r, err := t.Reconciler.OnceIf(ctx, may, asks...)
	if no := (*act.Refused)(nil); errors.As(err, &no) {
		return r, err // there was none
	}
	t.a.note(ctx, r, "act", t.a.o.Clock().Sub(start), err)
	if err != nil {
		return r, err
	}
	if err := t.a.told(ctx, r, false); err != nil {
		return r, err
	}
	if t.a.o.Round != nil {
		t.a.o.Round(r)
	}
	return r, nil
}

// note has a round counted, listed and shown.
func (a *App) note(ctx context.Context, r reconcile.Round, reason string, took time.Duration, err error) {
	if err != nil {
		r.At = a.o.Clock() // there is no more of it
	}
	if broken := errors.Is(err, store.ErrTrouble); broken || err == nil {
		a.unwritable.Store(broken)
		a.metrics.Journal(err)
	}
	a.metrics.Round(r, reason, took, err)
	a.made.add(r, reason, took, err)
	if a.sweep != nil {
		if seen, _ := a.Roster.Seen(); seen != a.swept {
			a.swept = seen
			a.sweep(ctx) // who is out of the roster hears nothing of what this round changed
		}
	}
	if err == nil {
		a.hub.Publish(r.Changed...)
	}
}
