package reconcile

import (
	"context"
	"fmt"
	"sync"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Begin reads the calendars that the journal knows of, each from where the last round left it and for what that looked
// for, until all are read, the first round takes over, or ctx ends: a roster of thousands takes seconds to be
// understood. Nothing is decided or written. A round takes what it would have read itself, and reads the others anew.
func (r *Reconciler) Begin(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	defer close(done)
	if !r.readings.ahead(func() { stop(); <-done }) {
		return nil
	}
	var hung sync.Map
	free, begun := map[string]chan struct{}{}, []*reading{}
	err := r.Journal.Known(ctx, func(p series.Person, last series.Snapshot, in provider.Interest) bool {
		server := p.Calendar
		if free[server] == nil {
			free[server] = make(chan struct{}, workers)
		}
		slots := free[server]
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		cal, err := r.Open(p)
		if err != nil {
			<-slots
			return true // the round will say so
		}
		r.readings.mu.Lock()
		defer r.readings.mu.Unlock()
		begun = append(begun, r.readings.begin(&reading{
			interest:  in.Hash(),
			confirmed: in.Confirmed,
			of:        whoseIs(p),
			last:      last.At,
			began:     r.Clock(),
			done:      make(chan struct{}),
		}, nil, func(x *reading) {
			x.snap, x.err = look(r.readings.ctx, cal, &hung, server, series.Pack(last), in)
			<-slots
		}))
		return true
	})
	for _, x := range begun {
		select {
		case <-x.done:
		case <-ctx.Done():
			return nil
		}
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// ahead notes how Begin is ended, unless a round reads already.
func (r *readings) ahead(end func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = end
	return !r.took
}

// takeOver ends Begin for good. What it began goes on.
func (r *readings) takeOver() {
	r.mu.Lock()
	over := r.over
	r.took, r.over = true, nil
	r.mu.Unlock()
	if over != nil {
		over()
	}
}
