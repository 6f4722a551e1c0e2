package daemon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/reconcile"
	"holdfast/internal/yamlpos"
)

const (
	// settle is how long a roster must have stood before it is obeyed where it ends or replaces what is booked.
	settle = time.Minute
	// Patience is for how long a round waits in vain for a calendar while there are others to go on with.
	Patience = time.Second
	// fullEvery is how often a round of Run judges all pairs, to compare.
	fullEvery = 24 * time.Hour
	// watchEvery is how often the roster's files are looked at for changes.
	watchEvery = 2 * time.Second
	// stopWithin is how long a round under way may take to end when the daemon stops.
	stopWithin = 8 * time.Second
)

// Run makes rounds until ctx ends: one at once, then every Poll with jitter, and one as soon as the roster's files
// change or wake says so. It tells systemd when it is ready and when it stops (sd_notify).
func (a *App) Run(ctx context.Context, wake <-chan struct{}) error {
	release, err := a.Store.Exclusive(ctx)
	if err != nil {
		return err
	}
	defer release()
	a.Reconciler.Settle, a.Reconciler.Patience, a.Reconciler.SourcesFor = settle, Patience, watchEvery
	var ahead sync.WaitGroup
	ahead.Go(func() {
		if err := a.Reconciler.Begin(ctx); err != nil {
			a.o.Log.Warn().Err(err).Msg("calendars cannot be read before the first round")
		}
	})
	defer ahead.Wait()
	poll := a.Poll()
	q, err := NewQueue(ctx, a.Settings.Database, a, QueueOptions{Poll: poll, Watch: channelsEvery, Clock: a.o.Clock,
		Trouble: func(err error) { a.trouble("queue", err) }, Jitter: func() time.Duration { return rand.N(poll/10 + 1) }})
	if err != nil {
		return err
	}
	a.Reconciler.Ready = func() { a.wake(ctx, q, "late") }
	a.look = q.Look
	a.push = a.pusher(func(reason string) { a.wake(ctx, q, reason) })
	a.arrange = func() {
		if err := q.Watch(ctx); ctx.Err() == nil {
			a.trouble("jobs", err)
		}
	}
	quiet, err := a.answer(ctx, q)
	if err != nil {
		return errors.Join(err, q.Stop(ctx))
	}
	a.metrics.JobsWaiting(q.Waiting)
	a.asked.Store("start", true) // whatever the first round is for
	if err := q.Start(ctx); err != nil {
		return errors.Join(err, quiet(ctx), q.Stop(ctx))
	}
	a.o.Log.Info().Str("org", a.Settings.Org).Dur("poll", poll).Msg("running")
	a.health.Ready()
	a.notify("READY=1")
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		reason := ""
		select {
		case <-ctx.Done():
		case <-wake:
			reason = "signal"
		case <-tick.C:
			if at := a.settles.Load(); a.Roster.Changed() || at != nil && !a.o.Clock().Before(*at) {
				a.settles.CompareAndSwap(at, nil)
				reason = "roster"
			}
		}
		if reason != "" {
			a.wake(ctx, q, reason)
		}
	}
	a.health.Stopping()
	a.hub.Close() // its streams would keep the server from ending
	a.notify("STOPPING=1")
	a.o.Log.Info().Msg("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(quiet(stop), q.Stop(stop))
}

// answer answers browsers, programs and those who watch, where the settings have that, until stop is called.
func (a *App) answer(ctx context.Context, q *Queue) (stop func(context.Context) error, err error) {
	watched, err := a.serveMetrics(ctx)
	if err != nil || a.Settings.URL == "" {
		return watched, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var behind sync.WaitGroup
	pages, err := a.pages(ctx, q, &behind)
	var served func(context.Context) error
	if err == nil {
		served, err = a.serve(ctx, a.push, pages)
	}
	end := func(stop context.Context) error {
		cancel()
		behind.Wait()
		return watched(stop)
	}
	if err != nil {
		return nil, errors.Join(err, end(ctx))
	}
	return func(stop context.Context) error { return errors.Join(served(stop), end(stop)) }, nil
}

// wake asks for a round. One that waits already is that round, whatever it was asked for.
func (a *App) wake(ctx context.Context, q *Queue, reason string) {
	a.asked.Store(reason, true)
	if err := q.Wake(ctx, reason); ctx.Err() == nil {
		a.trouble("jobs", err)
	}
}

// Round makes one round and logs what came of it.
func (a *App) Round(ctx context.Context, reason string) error {
	because := func(r string) bool {
		_, asked := a.asked.LoadAndDelete(r)
		return asked || reason == r
	}
	a.trouble("queue", nil)
	begin, signal, roster := because("start"), because("signal"), because("roster")
	start := a.o.Clock()
	if err := a.looks(ctx, begin || signal); err != nil {
		return err
	}
	r, err := a.Reconciler.Once(ctx)
	if ctx.Err() != nil && err != nil {
		return nil
	}
	a.note(ctx, r, reason, a.o.Clock().Sub(start), err)
	a.trouble("rounds", err)
	if err != nil {
		return nil // the next round sees the truth
	}
	a.logRound(r, reason, begin || signal, a.o.Clock().Sub(start))
	a.trouble("notices", a.told(ctx, r, begin || roster))
	if a.look != nil {
		a.look()
	}
	a.settles.Store(nil)
	if !r.Settles.IsZero() {
		a.settles.Store(&r.Settles)
	}
	if begin || roster {
		for _, w := range a.Warnings() {
			place := yamlpos.Pos{File: w.File, Line: w.Line, Column: w.Column}
			a.o.Log.Warn().Stringer("place", place).Msg("something in the files may not be meant: `holdfast check` says what")
		}
	}
	if (begin || roster) && a.arrange != nil {
		a.arrange()
	}
	if a.o.Round != nil {
		a.o.Round(r)
	}
	return nil
}

// logRound writes what came of a round. One that nobody asked for, and of which nothing came, is no news.
func (a *App) logRound(r reconcile.Round, reason string, asked bool, took time.Duration) {
	a.trouble("roster", r.Problems)
	for _, f := range r.Edges.Opened {
		a.o.Log.Info().
			Str("flag", f.ID()).
			Stringer("pair", f.Pair).
			Str("kind", string(f.Kind)).
			Stringer("occurrence", f.Occurrence).
			Msg("flag opened")
	}
	for _, f := range r.Edges.Closed {
		a.o.Log.Info().
			Str("flag", f.ID()).
			Stringer("pair", f.Pair).
			Str("kind", string(f.Kind)).
			Stringer("occurrence", f.Occurrence).
			Msg("flag closed")
	}
	level := zerolog.DebugLevel
	if asked || len(r.Applied)+r.Delivered+len(r.Sections)+len(r.Edges.Opened)+len(r.Edges.Closed) > 0 {
		level = zerolog.InfoLevel
	}
	a.o.Log.WithLevel(level).
		Str("reason", reason).
		Int("pairs", len(r.Views)).
		Int("applied", len(r.Applied)).
		Int("held", len(r.Plan.Held)).
		Int("mails", r.Mails).
		Int("flags", len(r.Open)).
		Int("errors", len(r.Failures)).
		Int("judged", r.Judged).
		Dur("took", took).
		Msg("round")
}

// Prune removes what is kept too long.
func (a *App) Prune(ctx context.Context) error {
	n, err := a.Store.Prune(ctx)
	if err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	a.o.Log.Info().Int64("removed", n).Msg("journal pruned")
	return nil
}

// notify tells the service manager, if there is one (sd_notify(3)).
func (a *App) notify(state string) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		a.o.Log.Warn().Err(err).Msg("the service manager cannot be told")
	}
}
