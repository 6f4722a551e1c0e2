package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// polite is a calendar that is not asked again at once after it failed: it waits as long as the server wishes
// (Retry-After), or ever longer with jitter, up to a quarter of an hour. Until then the answer is the last failure.
type polite struct {
	provider.Calendar
	now  clock.Clock
	read func(took time.Duration, err error)

	mu    sync.Mutex
	until time.Time
	err   error
	steps *backoff.ExponentialBackOff
}

// polite has the person's calendar asked so, and each reading counted.
func (a *App) polite(cal provider.Calendar, p series.Person) *polite {
	return &polite{Calendar: cal, now: a.o.Clock, read: func(took time.Duration, err error) {
		a.metrics.Read(p.Calendar, took, err)
	}}
}

// longest is how long a server's own wish is obeyed: a slip of its clock must not make it unread for a year.
const longest = time.Hour

// Observe is the calendar's, or its last failure.
func (p *polite) Observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	p.mu.Lock()
	err, wait := p.err, p.now().Before(p.until)
	p.mu.Unlock()
	if err != nil && wait {
		return series.Packed{}, err
	}
	start := p.now()
	snap, err := p.Calendar.Observe(ctx, last, in)
	p.read(p.now().Sub(start), err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err = err; err == nil {
		p.steps = nil
		return snap, nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		p.err = nil // we gave up, not the server
		return snap, err
	}
	if p.steps == nil {
		p.steps = backoff.NewExponentialBackOff()
		p.steps.InitialInterval, p.steps.MaxInterval = 2*time.Second, 15*time.Minute
	}
	p.until = p.now().Add(max(p.steps.NextBackOff(), min(retryAfter(err), longest)))
	return snap, err
}

func retryAfter(err error) time.Duration {
	var e *provider.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
