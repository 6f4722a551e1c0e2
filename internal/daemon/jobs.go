package daemon

import (
	"cmp"
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
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
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
	// Notices are those to be sent now, and when there may be others; zero: not by time alone.
	Notices(ctx context.Context) (now []outbox.Job, next time.Time)
	// Send hands a notice over, unless it is not due any more. It may run beside all else. Again is when to try once more;
	// 0: it is done with.
	Send(ctx context.Context, j outbox.Job) (again time.Duration)
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

// Limits of steps. A round has its own limits on every call it makes; these end one that hangs all the same.
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
	// linger is how long River goes on when all jobs are done: more may come, and it deletes old ones within that time.
	linger = 5 * time.Second
)

// alone is River's driver for SQLite without its listener, which reads a table 20 times a second and writes to it with
// each job: all jobs come from this process, whose workers River then wakes itself.
type alone struct{ *riversqlite.Driver }

// SupportsListener is riverdriver.Driver's.
func (alone) SupportsListener() bool { return false }

// SupportsListenNotify is riverdriver.Driver's.
func (alone) SupportsListenNotify() bool { return false }

// Queue makes rounds: when they are due, when woken, never two at once. What is asked for is a job on the database.
// What comes by the clock is none: a job is several writes. It has a connection of its own to the journal's file. Only
// one process may have a Queue on the file (store.Exclusive).
//
// River runs while there are jobs, and some seconds longer. With nothing to do it would wake up 20 times a second,
// write every five seconds that it leads, and take half a percent of a core.
type Queue struct {
	db       *sql.DB
	client   *river.Client[*sql.Tx]
	steps    Steps
	o        QueueOptions
	rounds   turn         // of rounds and of the daily cleaning
	watching turn         // of Watch
	begun    atomic.Int64 // how many rounds have
	ticks    sync.WaitGroup
	running  context.Context    // of the ticks
	stop     context.CancelFunc // of running
	working  context.Context    // of the rounds that the ticks make
	cut      context.CancelFunc // of working

	jobs  atomic.Int32 // that run
	asked chan struct{}
	look  chan struct{} // for notices that are due
	mu    sync.Mutex    // held by what asks for jobs
	open  bool          // Start was called
	up    bool          // River runs
}

// roundArgs is a round that is asked for. There may be one that runs and one that waits: After is how many rounds had
// begun when this one was asked for, so that all wakes since then are one job, and that the running one is another.
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

// sendArgs is a notice to be sent. It is unique until it has ended; that it was sent is the outbox's to know.
type sendArgs struct {
	Notice string `river:"unique"`
	Reader string
	What   notify.NoticeKind
	Urgent bool
}

// Kind is the job's name in the database.
func (sendArgs) Kind() string { return "send" }

// InsertOpts let what is urgent go first, and digests last.
func (a sendArgs) InsertOpts() river.InsertOpts {
	o := roundArgs{}.InsertOpts()
	o.Queue, o.Priority = sendQueue, priorities[a.What]
	if a.Urgent {
		o.Priority = 1
	}
	return o
}

var priorities = map[notify.NoticeKind]int{notify.News: 2, notify.Prepare: 3, notify.Digest: 4}

const (
	sendQueue = "send"
	// senders is how many notices are under way at once.
	senders = 4
	// sendTimeout ends the sending of one that hangs.
	sendTimeout = 2 * time.Minute
)

// sender sends notices.
type sender struct {
	worker[sendArgs]
}

// Timeout is river.Worker's.
func (*sender) Timeout(*river.Job[sendArgs]) time.Duration { return sendTimeout }

// worker does the jobs of one kind.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	q    *Queue
	work func(context.Context, T) error
}

// Work is river.Worker's.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	w.q.jobs.Add(1)
	defer w.q.jobs.Add(-1)
	return w.work(ctx, job.Args)
}

// NewQueue makes the queue's tables in the SQLite file as needed. Nothing runs before Start; Stop gives back what it
// holds in any case.
func NewQueue(ctx context.Context, path string, steps Steps, o QueueOptions) (*Queue, error) {
	db, err := store.OpenDB(path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // as riversqlite wants it
	q := &Queue{db: db, steps: steps, o: o, rounds: make(turn, 1), watching: make(turn, 1), asked: make(chan struct{}, 1),
		look: make(chan struct{}, 1)}
	q.running, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	q.working, q.cut = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.setUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("jobs on %s: %w", path, err), db.Close())
	}
	return q, nil
}

func (q *Queue) setUp(ctx context.Context) error {
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
	if err := errors.Join(
		river.AddWorkerSafely(workers, &worker[roundArgs]{q: q, work: func(ctx context.Context, a roundArgs) error {
			return q.round(ctx, a.After, a.Reason)
		}}),
		river.AddWorkerSafely(workers, &worker[pruneArgs]{q: q, work: func(ctx context.Context, _ pruneArgs) error {
			return q.prune(ctx)
		}}),
		river.AddWorkerSafely(workers, &worker[watchArgs]{q: q, work: func(ctx context.Context, _ watchArgs) error {
			return q.watch(ctx)
		}}),
		river.AddWorkerSafely(workers, &sender{worker[sendArgs]{q: q, work: q.send}}),
	); err != nil {
		return err
	}
	q.client, err = river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: 1},
			watchQueue:         {MaxWorkers: 1},
			sendQueue:          {MaxWorkers: senders},
		},
		Workers:              workers,
		Logger:               logger,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: stuckAfter,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPoll,
	})
	return err
}

// Start makes a first round at once, and then one every Poll plus Jitter until Stop. What a killed process left behind
// is dropped: the first round does it anew, and what notices are due is decided anew. ctx is for starting only.
func (q *Queue) Start(ctx context.Context) error {
	if _, err := q.db.ExecContext(ctx, `DELETE FROM river_job WHERE finalized_at IS NULL`); err != nil {
		return fmt.Errorf("jobs: drop what was left: %w", err)
	}
	q.mu.Lock()
	q.open = true
	q.mu.Unlock()
	q.ticks.Go(q.polls)
	q.ticks.Go(q.watches)
	q.ticks.Go(q.notices)
	q.ticks.Go(q.rests)
	return nil
}

// put asks for a job, and has River run.
func (q *Queue) put(ctx context.Context, job river.JobArgs) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, err := q.client.Insert(ctx, job, nil); err != nil || !q.open || q.running.Err() != nil {
		return err
	}
	if !q.up {
		if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		q.up = true
	}
	select {
	case q.asked <- struct{}{}:
	default: // that River is to go on is known
	}
	return nil
}

// rests has River end when there are no jobs, until Stop.
func (q *Queue) rests() {
	for resting := true; ; {
		var quiet <-chan time.Time
		if !resting {
			quiet = time.After(linger)
		}
		select {
		case <-q.running.Done():
			return
		case <-q.asked:
			resting = false
		case <-quiet:
			resting = q.rest(q.running)
		}
	}
}

// rest ends River and reports true, unless there are jobs that are not done.
func (q *Queue) rest(ctx context.Context) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := 0
	err := q.db.QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE finalized_at IS NULL`).Scan(&left)
	if err == nil && left == 0 && q.jobs.Load() == 0 {
		err = q.client.Stop(ctx)
		q.up = err != nil
	}
	return err == nil && !q.up
}

// Wake asks for a round as soon as may be. Many wakes before it begins are one round, with the first one's reason; a
// wake while a round runs leads to one more.
func (q *Queue) Wake(ctx context.Context, reason string) error {
	if err := q.put(ctx, roundArgs{After: q.begun.Load(), Reason: reason}); err != nil {
		return fmt.Errorf("jobs: wake: %w", err)
	}
	return nil
}

// Watch asks for the push channels to be looked after as soon as may be.
func (q *Queue) Watch(ctx context.Context) error {
	if err := q.put(ctx, watchArgs{}); err != nil {
		return fmt.Errorf("jobs: watch: %w", err)
	}
	return nil
}

// Stop begins nothing more and waits for what runs. When ctx ends before, the running step is cancelled and Stop
// returns an error. Repeating it is fine.
func (q *Queue) Stop(ctx context.Context) error {
	q.stop()
	defer q.cut()
	err := q.ended(ctx, q.client.Stop)
	if err != nil {
		q.cut()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		err = errors.Join(fmt.Errorf("jobs: a round did not end in time: %w", err), q.ended(last, q.client.StopAndCancel))
	}
	return errors.Join(err, q.db.Close())
}

// ended waits for the ticks, and for River as it is stopped so.
func (q *Queue) ended(ctx context.Context, stop func(context.Context) error) error {
	ticks := make(chan struct{})
	go func() {
		q.ticks.Wait()
		close(ticks)
	}()
	q.mu.Lock() // whatever was starting River is done
	up := q.up
	q.mu.Unlock()
	var err error
	if up {
		err = stop(ctx)
	}
	select {
	case <-ticks:
		return err
	case <-ctx.Done():
		return cmp.Or(err, ctx.Err())
	}
}
