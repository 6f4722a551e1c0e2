package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/clock"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/store"
)

// noNotices are steps that have none.
type noNotices struct{}

func (noNotices) Notices(context.Context) (due []outbox.Job, next time.Time) { return nil, time.Time{} }
func (noNotices) Send(context.Context, outbox.Job) time.Duration             { return 0 }

// heldSteps tells of each step as it begins, and keeps it running until it is let go.
type heldSteps struct {
	noNotices
	began  chan string
	goOn   chan error
	prunes bool // tells of the cleaning, too
}

func newHeldSteps() *heldSteps { return &heldSteps{began: make(chan string), goOn: make(chan error)} }

func (s *heldSteps) Round(ctx context.Context, reason string) error {
	select {
	case s.began <- reason:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.goOn:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *heldSteps) Prune(ctx context.Context) error {
	if !s.prunes {
		return nil
	}
	return s.Round(ctx, "prune")
}

func (s *heldSteps) Watch(context.Context) error { return nil }

// next lets the step that begins next end at once, and is its reason.
func (s *heldSteps) next() string {
	reason := <-s.began
	s.goOn <- nil
	return reason
}

// newQueue has a poll of a minute and a second, and looks after the push channels every five minutes.
func newQueue(t testing.TB, path string, s Steps, now func() time.Time) *Queue {
	t.Helper()
	q, err := NewQueue(t.Context(), path, s, QueueOptions{Poll: time.Minute, Watch: 5 * time.Minute, Jitter: func() time.Duration { return time.Second },
		Clock: now, Trouble: func(err error) {
			if err != nil {
				t.Log(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func startQueue(t testing.TB, q *Queue) {
	t.Helper()
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func stopQueue(t testing.TB, q *Queue) {
	t.Helper()
	for range 2 {
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// inBubble runs a queue in a bubble of synctest, where an hour takes as long as what is done in it. A bubble ends only
// when every goroutine in it has: each of these tests sees that Stop leaves none.
func inBubble(t *testing.T, path string, do func(t *testing.T, q *Queue, s *heldSteps)) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldSteps()
		q := newQueue(t, path, s, oneDay)
		startQueue(t, q)
		do(t, q, s)
		stopQueue(t, q)
	})
}

func oneDay() time.Time { return time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC) }

func jobsFile(t testing.TB) string { return filepath.Join(t.TempDir(), "holdfast.db") }

func TestWakesBeforeARoundAreOne(t *testing.T) {
	inBubble(t, jobsFile(t), func(t *testing.T, q *Queue, s *heldSteps) {
		var got []string
		got = append(got, <-s.began)
		for _, reason := range []string{"push", "signal", "push"} { // while the first one runs
			if err := q.Wake(t.Context(), reason); err != nil {
				t.Error(err)
			}
		}
		s.goOn <- nil
		got = append(got, <-s.began)
		s.goOn <- errors.New("a calendar is down")
		woken := time.Now()
		got = append(got, s.next(), s.next())
		if d := diff.Diff([]string{"start", "push", "poll", "poll"}, got); d != "" {
			t.Error(d)
		}
		if took := time.Since(woken); took < 2*time.Minute || took > 2*time.Minute+4*time.Second {
			t.Errorf("two polls took %v", took)
		}
	})
}

// A process that was killed leaves its round as running: the next one begins at once all the same.
func TestQueueAfterAKill(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		s := newHeldSteps()
		killed := newQueue(t, path, s, oneDay)
		startQueue(t, killed)
		<-s.began
		if err := killed.Wake(t.Context(), "push"); err != nil {
			t.Error(err)
		}

		again := newHeldSteps()
		q := newQueue(t, path, again, oneDay)
		startQueue(t, q)
		began := time.Now()
		if got := again.next(); got != "start" {
			t.Errorf("the first round is for %q", got)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the first round came after %v", took)
		}
		stopQueue(t, q)

		stopped := make(chan struct{})
		go func() {
			stopQueue(t, killed)
			close(stopped)
		}()
		synctest.Wait()
		s.goOn <- nil
		<-stopped
	})
}

// stopping has a queue with a round under way: one that comes by the clock, and one that was asked for.
func stopping(t *testing.T, do func(t *testing.T, q *Queue, s *heldSteps)) {
	for name, asked := range map[string]bool{"by the clock": false, "asked for": true} {
		path := jobsFile(t)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHeldSteps()
				q := newQueue(t, path, s, oneDay)
				startQueue(t, q)
				if asked {
					s.next()
					if err := q.Wake(t.Context(), "push"); err != nil {
						t.Error(err)
					}
				}
				<-s.began
				do(t, q, s)
			})
		})
	}
}

func TestStopWaitsForTheRound(t *testing.T) {
	stopping(t, func(t *testing.T, q *Queue, s *heldSteps) {
		if err := q.Wake(t.Context(), "push"); err != nil { // it is not begun any more
			t.Error(err)
		}
		var stopped atomic.Bool
		done := make(chan struct{})
		go func() {
			stopQueue(t, q)
			stopped.Store(true)
			close(done)
		}()
		synctest.Wait()
		if stopped.Load() {
			t.Error("Stop did not wait for the round")
		}
		s.goOn <- nil
		<-done
	})
}

func TestStopHasAnEnd(t *testing.T) {
	stopping(t, func(t *testing.T, q *Queue, s *heldSteps) { // it never ends by itself
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
	})
}

func TestStopBeforeStart(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) { stopQueue(t, newQueue(t, path, newHeldSteps(), oneDay)) })
}

func TestPruneOnceADay(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		var today atomic.Int64 // days since 1970
		now := func() time.Time { return time.Unix(today.Load()*24*60*60, 0) }
		today.Store(20000)
		s := newHeldSteps()
		s.prunes = true
		var got []string
		for range 2 { // the second process finds that day's done
			q := newQueue(t, path, s, now)
			startQueue(t, q)
			for range 3 {
				got = append(got, s.next())
			}
			stopQueue(t, q)
		}
		today.Add(1)
		q := newQueue(t, path, s, now)
		startQueue(t, q)
		got = append(got, s.next(), s.next())
		stopQueue(t, q)
		if d := diff.Diff([]string{"start", "prune", "poll", "start", "poll", "poll", "start", "prune"}, got); d != "" {
			t.Error(d)
		}
	})
}

// The journal and the queue have one file, and each its own connections.
func TestQueueBesideTheJournal(t *testing.T) {
	path := jobsFile(t)
	journal, err := store.Open(t.Context(), "sqlite:"+path, oneDay, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	inBubble(t, path, func(t *testing.T, q *Queue, s *heldSteps) {
		for n := range 20 {
			<-s.began
			if err := journal.Allow(t.Context(), map[string]string{string(rune('a' + n)): "aa"}, oneDay()); err != nil {
				t.Error(err)
			}
			if err := q.Wake(t.Context(), "push"); err != nil {
				t.Error(err)
			}
			s.goOn <- nil
		}
		<-s.began
		s.goOn <- nil
	})
}

// busySteps ends at once, but for Watch, which goes on until it is told to stop.
type busySteps struct {
	noNotices
	watched atomic.Int32
}

func (s *busySteps) Round(context.Context, string) error { return nil }
func (s *busySteps) Prune(context.Context) error         { return nil }
func (s *busySteps) Watch(ctx context.Context) error {
	if s.watched.Add(1) > 2 {
		<-ctx.Done()
	}
	return nil
}

// The push channels are kept now and then and when asked, and Stop does not wait for it.
func TestWatchNowAndThen(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		s := &busySteps{}
		q := newQueue(t, path, s, oneDay)
		startQueue(t, q)
		if err := q.Watch(t.Context()); err != nil {
			t.Error(err)
		}
		<-time.After(6 * time.Minute)
		if n := s.watched.Load(); n != 2 {
			t.Errorf("watched %d times in six minutes", n)
		}
		if err := q.Watch(t.Context()); err != nil {
			t.Error(err)
		}
		<-time.After(time.Minute)
		stopped := time.Now()
		stopQueue(t, q)
		if took := time.Since(stopped); took > time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

// A wake is a round at once, not at the next poll for jobs.
func TestWakeIsPrompt(t *testing.T) {
	inBubble(t, jobsFile(t), func(t *testing.T, q *Queue, s *heldSteps) {
		s.next()
		<-time.After(30*time.Second + 700*time.Millisecond)
		woken := time.Now()
		if err := q.Wake(t.Context(), "push"); err != nil {
			t.Error(err)
		}
		if got := s.next(); got != "push" || time.Since(woken) > 100*time.Millisecond {
			t.Errorf("the round for %q began after %v", got, time.Since(woken))
		}
	})
}

// sendSteps have one notice that is due, which is taken at the third try.
type sendSteps struct {
	busySteps
	mu    sync.Mutex
	tries []time.Time
}

var digest = outbox.Job{Notice: "n1", Reader: "mia", Kind: notify.Digest}

func (s *sendSteps) Notices(context.Context) (due []outbox.Job, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tries) == 3 {
		return nil, time.Time{}
	}
	return []outbox.Job{digest}, time.Time{}
}

func (s *sendSteps) Send(_ context.Context, j outbox.Job) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries = append(s.tries, clock.System()); len(s.tries) == 3 || j != digest {
		return 0
	}
	return time.Minute
}

// A notice is one job until it is done with, however often it is found to be due, and is tried again when it is to be.
func TestNoticeIsTriedAgain(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		s := &sendSteps{}
		q := newQueue(t, path, s, oneDay)
		startQueue(t, q)
		for range 20 {
			<-time.After(30 * time.Second)
			q.Look()
		}
		stopQueue(t, q)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.tries) != 3 || s.tries[1].Sub(s.tries[0]) < 50*time.Second || s.tries[2].Sub(s.tries[0]) > 4*time.Minute {
			t.Errorf("tried at %v", s.tries)
		}
	})
}
