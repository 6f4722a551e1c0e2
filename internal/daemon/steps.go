package daemon

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"holdfast/internal/outbox"
	"holdfast/internal/series"
)

// turn is held by what runs, one at a time.
type turn chan struct{}

// polls makes the rounds that come by the clock, and asks for the daily cleaning, until Stop.
func (q *Queue) polls() {
	var pruned series.Date
	for reason := "start"; ; reason = "poll" {
		wait := q.o.Poll
		if q.o.Jitter != nil {
			wait += q.o.Jitter()
		}
		next, after := time.After(wait), q.begun.Load()
		q.direct(q.working, "a round", func(ctx context.Context) error { return q.round(ctx, after, reason) })
		if today := series.DateOf(q.o.Clock().UTC()); today != pruned {
			if err := q.put(q.running, pruneArgs{today}); err == nil {
				pruned = today
			} else if q.running.Err() == nil {
				q.o.Trouble(fmt.Errorf("ask for the daily cleaning: %w", err))
			}
		}
		select {
		case <-q.running.Done():
			return
		case <-next:
		}
	}
}

// watches looks after the push channels now and then, until Stop.
func (q *Queue) watches() {
	for {
		select {
		case <-q.running.Done():
			return
		case <-time.After(q.o.Watch):
		}
		q.direct(q.running, "looking after the push channels", q.watch)
	}
}

// notices asks for those to be sent that are due, until Stop.
func (q *Queue) notices() {
	for {
		due, next := q.steps.Notices(q.running)
		for _, j := range due {
			if err := q.put(q.running, sendArgs{j.Notice, j.Reader, j.Kind, j.Urgent}); err != nil && q.running.Err() == nil {
				q.o.Trouble(fmt.Errorf("ask for a notice to be sent: %w", err))
			}
		}
		var soon <-chan time.Time
		if !next.IsZero() {
			soon = time.After(max(next.Sub(q.o.Clock()), betweenLooks))
		}
		select {
		case <-q.running.Done():
			return
		case <-q.look:
		case <-soon:
		}
	}
}

// betweenLooks is the least time from one look for notices that are due to the next, where nothing has happened.
const betweenLooks = time.Second

// Look has notices looked for that are due.
func (q *Queue) Look() {
	select {
	case q.look <- struct{}{}:
	default: // it will be
	}
}

// send sends a notice, and again later where that is of use.
func (q *Queue) send(ctx context.Context, a sendArgs) error {
	defer q.Look()
	again := q.steps.Send(ctx, outbox.Job{Notice: a.Notice, Reader: a.Reader, Kind: a.What, Urgent: a.Urgent})
	if again > 0 {
		return river.JobSnooze(again)
	}
	return nil
}

// direct makes a step that is no job as River does one that is: it has an end, and the queue outlives a panic in it.
func (q *Queue) direct(ctx context.Context, what string, step func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	stuck := time.AfterFunc(jobTimeout+stopGrace, func() { q.o.Trouble(fmt.Errorf("%s does not end", what)) })
	defer stuck.Stop()
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%s: panic: %v", what, p)
			}
		}()
		return step(ctx)
	}()
	if q.running.Err() == nil {
		q.o.Trouble(err)
	}
}

// take waits for the turn. It reports false when Stop was called, which begins nothing more, or ctx has ended.
func (q *Queue) take(ctx context.Context, t turn) bool {
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return false
	case <-q.running.Done():
		return false
	}
	if q.running.Err() != nil {
		<-t
		return false
	}
	return true
}

// round makes a round that was asked for when so many had begun. If another has begun since, it was that one.
func (q *Queue) round(ctx context.Context, after int64, reason string) error {
	if !q.take(ctx, q.rounds) {
		return ctx.Err()
	}
	defer func() { <-q.rounds }()
	if !q.begun.CompareAndSwap(after, after+1) {
		return nil
	}
	return q.steps.Round(ctx, reason)
}

// Alone does something while no round is made.
func (q *Queue) Alone(ctx context.Context, do func(ctx context.Context) error) error {
	if !q.take(ctx, q.rounds) {
		return cmp.Or(ctx.Err(), context.Canceled)
	}
	defer func() { <-q.rounds }()
	return do(ctx)
}

// prune prunes, or is done after the next start.
func (q *Queue) prune(ctx context.Context) error {
	if !q.take(ctx, q.rounds) {
		return cmp.Or(ctx.Err(), river.JobSnooze(time.Minute))
	}
	defer func() { <-q.rounds }()
	return q.steps.Prune(ctx)
}

// watch looks after the push channels, until Stop: what is left is done after the next start.
func (q *Queue) watch(ctx context.Context) error {
	if !q.take(ctx, q.watching) {
		return ctx.Err()
	}
	defer func() { <-q.watching }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(q.running, cancel)()
	return q.steps.Watch(ctx)
}
