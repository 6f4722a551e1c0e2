package daemon

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"holdfast/internal/clock"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// Steps is the work that the queue runs, one step at a time.
type Steps interface {
	// Round makes one whole round; reason is why it was asked for, in one word. An error is logged and not retried: the
	// next round sees the truth.
	Round(ctx context.Context, reason string) error
	// Prune removes what is kept too long; it is called once a day (UTC).
	Prune(ctx context.Context) error
	// Watch keeps push channels at calendar servers; it is called every QueueOptions.Watch and when Queue.Watch asks, and
	// may run beside a round.
	Watch(ctx context.Context) error
}

// QueueOptions say when rounds are due.
type QueueOptions struct {
	Poll   time.Duration        // from one round to the next, more than 0
	Jitter func() time.Duration // added to each Poll; nil: none
	Watch  time.Duration        // from one Watch to the next, more than 0
	Clock  clock.Clock
	// Trouble takes how the queue fares: an error, or nil when it did as it was asked.
	Trouble func(error)
}

// Limits of jobs. A round has its own limits on every call it makes; these end one that hangs all the same.
const (
	jobTimeout = 30 * time.Minute
	stuckAfter = time.Hour
	// stopGrace is how long a round that was cancelled may take to notice.
	stopGrace = 3 * time.Second
)

// Insert wakes the workers of its process; jobs are polled for in case that fails.
const (
	fetchCooldown = 10 * time.Millisecond
	fetchPoll     = 2 * time.Second
)

// alone is River's driver for SQLite without its listener, which reads a table 20 times a second and writes to it with
// each job: all jobs come from this process, whose workers River then wakes itself.
type alone struct{ *riversqlite.Driver }

// SupportsListener is riverdriver.Driver's.
func (alone) SupportsListener() bool { return false }

// SupportsListenNotify is riverdriver.Driver's.
func (alone) SupportsListenNotify() bool { return false }

// Queue runs rounds as jobs on the database: when they are due, when woken, never two at once. It has a connection of
// its own to the journal's file. Only one process may have a Queue on the file (store.Exclusive).
type Queue struct {
	db      *sql.DB
	client  *river.Client[*sql.Tx]
	o       QueueOptions
	started atomic.Int64 // id of the round that began last
	ticks   sync.WaitGroup
	running context.Context    // of the ticks
	stop    context.CancelFunc // of running
}

// roundArgs is a round that is due. There may be one that runs and one that waits: After is the round that had begun
// when this one was asked for, so that all wakes since then are one job, and that the running one is another.
type roundArgs struct {
	After  int64 `river:"unique"`
	Reason string
}

// Kind is the job's name in the database.
func (roundArgs) Kind() string { return "round" }

// InsertOpts make it unique until it has ended.
func (roundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateRetryable,
	}}}
}

// pruneArgs is the day's cleaning.
type pruneArgs struct {
	Day series.Date
}

// Kind is the job's name in the database.
func (pruneArgs) Kind() string { return "prune" }

// InsertOpts make it unique for the day, whatever became of it.
func (pruneArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// watchArgs is keeping the push channels. It is unique until it has ended, and has a queue of its own: no round waits
// for it.
type watchArgs struct{}

// Kind is the job's name in the database.
func (watchArgs) Kind() string { return "watch" }

// InsertOpts make it unique until it has ended.
func (watchArgs) InsertOpts() river.InsertOpts {
	o := roundArgs{}.InsertOpts()
	o.Queue, o.UniqueOpts.ByArgs = watchQueue, false
	return o
}

const watchQueue = "watch"

type roundWorker struct {
	river.WorkerDefaults[roundArgs]
	q     *Queue
	steps Steps
}

// Work makes the round.
func (w *roundWorker) Work(ctx context.Context, job *river.Job[roundArgs]) error {
	w.q.started.Store(job.ID) // before anything is read: a later wake is not answered by this round
	return w.steps.Round(ctx, job.Args.Reason)
}

type pruneWorker struct {
	river.WorkerDefaults[pruneArgs]
	steps Steps
}

// Work prunes.
func (w *pruneWorker) Work(ctx context.Context, _ *river.Job[pruneArgs]) error {
	return w.steps.Prune(ctx)
}

type watchWorker struct {
	river.WorkerDefaults[watchArgs]
	q     *Queue
	steps Steps
}

// Work keeps the push channels, until Stop: what is left is done after the next start.
func (w *watchWorker) Work(ctx context.Context, _ *river.Job[watchArgs]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.q.running, cancel)()
	return w.steps.Watch(ctx)
}

// NewQueue makes the queue's tables in the SQLite file as needed. Nothing runs before Start; Stop gives back what it
// holds in any case.
func NewQueue(ctx context.Context, path string, steps Steps, o QueueOptions) (*Queue, error) {
	db, err := store.OpenDB(path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // as riversqlite wants it
	q := &Queue{db: db, o: o}
	q.running, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.setUp(ctx, steps); err != nil {
		return nil, errors.Join(fmt.Errorf("jobs on %s: %w", path, err), db.Close())
	}
	return q, nil
}

func (q *Queue) setUp(ctx context.Context, steps Steps) error {
	driver := alone{riversqlite.New(q.db)}
	logger := slog.New(queueLog{q.o.Trouble})
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	workers := river.NewWorkers()
	if err := errors.Join(river.AddWorkerSafely(workers, &roundWorker{q: q, steps: steps}),
		river.AddWorkerSafely(workers, &pruneWorker{steps: steps}),
		river.AddWorkerSafely(workers, &watchWorker{q: q, steps: steps})); err != nil {
		return err
	}
	q.client, err = river.NewClient(driver, &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}, watchQueue: {MaxWorkers: 1}},
		Workers:              workers,
		Logger:               logger,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: stuckAfter,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPoll,
	})
	return err
}

// Start asks for a first round at once, and then for one every Poll plus Jitter until Stop. What a killed process left
// behind is dropped: the first round does it anew. ctx is for starting only.
func (q *Queue) Start(ctx context.Context) error {
	if _, err := q.db.ExecContext(ctx, `DELETE FROM river_job WHERE finalized_at IS NULL`); err != nil {
		return fmt.Errorf("jobs: drop what was left: %w", err)
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	if err := q.Wake(ctx, "start"); err != nil {
		return err
	}
	q.ticks.Go(func() { q.tick(q.running) })
	q.ticks.Go(func() { q.watches(q.running) })
	return nil
}

// watches asks for the push channels to be kept now and then, until ctx ends.
func (q *Queue) watches(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(q.o.Watch):
		}
		if err := q.Watch(ctx); ctx.Err() == nil {
			q.o.Trouble(err)
		}
	}
}

// tick asks for work when it is due, until ctx ends.
func (q *Queue) tick(ctx context.Context) {
	var pruned series.Date
	for {
		if today := series.DateOf(q.o.Clock().UTC()); today != pruned {
			if _, err := q.client.Insert(ctx, pruneArgs{today}, nil); err == nil {
				pruned = today
			} else if ctx.Err() == nil {
				q.o.Trouble(fmt.Errorf("ask for the daily cleaning: %w", err))
			}
		}
		wait := q.o.Poll
		if q.o.Jitter != nil {
			wait += q.o.Jitter()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if err := q.Wake(ctx, "poll"); ctx.Err() == nil {
			q.o.Trouble(err)
		}
	}
}

// Wake asks for a round as soon as may be. Many wakes before it begins are one round, with the first one's reason; a
// wake while a round runs leads to one more.
func (q *Queue) Wake(ctx context.Context, reason string) error {
	if _, err := q.client.Insert(ctx, roundArgs{After: q.started.Load(), Reason: reason}, nil); err != nil {
		return fmt.Errorf("jobs: wake: %w", err)
	}
	return nil
}

// Watch asks for the push channels to be looked after as soon as may be.
func (q *Queue) Watch(ctx context.Context) error {
	if _, err := q.client.Insert(ctx, watchArgs{}, nil); err != nil {
		return fmt.Errorf("jobs: watch: %w", err)
	}
	return nil
}

// Stop begins nothing more and waits for what runs. When ctx ends before, the running step is cancelled and Stop
// returns an error. Repeating it is fine.
func (q *Queue) Stop(ctx context.Context) error {
	q.stop()
	q.ticks.Wait()
	err := q.client.Stop(ctx)
	if err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		err = errors.Join(fmt.Errorf("jobs: a round did not end in time: %w", err), q.client.StopAndCancel(last))
	}
	return errors.Join(err, q.db.Close())
}
