package daemon

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/outbox"
	"holdfast/internal/store"
)

// steps are what a test makes of rounds; it does nothing else.
type steps func(ctx context.Context, reason string) error

func (s steps) Round(ctx context.Context, reason string) error { return s(ctx, reason) }
func (s steps) Prune(context.Context) error                    { return nil }
func (s steps) Watch(context.Context) error                    { return nil }

func (s steps) Notices(context.Context) (due []outbox.Job, next time.Time) { return nil, time.Time{} }
func (s steps) Send(context.Context, outbox.Job) time.Duration             { return 0 }

// A round that comes by the clock is as one that was asked for: a wake while it runs leads to one more, however many
// there are, and one before it begins to none.
func TestWakesAndPolls(t *testing.T) {
	inBubble(t, jobsFile(t), func(t *testing.T, q *Queue, s *heldSteps) {
		wake := func() {
			if err := q.Wake(t.Context(), "push"); err != nil {
				t.Error(err)
			}
		}
		got := []string{s.next(), <-s.began} // the poll runs
		wake()
		<-time.After(time.Second)
		wake()
		s.goOn <- nil
		got = append(got, <-s.began)   // the wake's
		<-time.After(90 * time.Second) // meanwhile a poll is due
		wake()
		<-time.After(time.Second)
		s.goOn <- nil
		got = append(got, s.next())
		select {
		case more := <-s.began:
			got = append(got, more)
			s.goOn <- nil
		case <-time.After(15 * time.Second): // before the next poll
		}
		if d := diff.Diff([]string{"start", "poll", "push", "poll"}, got[:4]); d != "" || len(got) > 4 {
			t.Error(got, d)
		}
	})
}

// Rounds by the clock and those asked for never run beside each other; one asked for while another ran always comes.
func TestOneAtATime(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		var running, rounds atomic.Int32
		s := steps(func(context.Context, string) error {
			if running.Add(1) > 1 {
				t.Error("two at once")
			}
			<-time.After(7 * time.Second)
			rounds.Add(1)
			running.Add(-1)
			return nil
		})
		q, err := NewQueue(t.Context(), path, s, QueueOptions{Poll: 11 * time.Second, Watch: time.Hour, Clock: oneDay,
			Trouble: func(err error) {
				if err != nil {
					t.Error(err)
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		startQueue(t, q)
		for n := range 60 {
			<-time.After(time.Duration(n%13) * time.Second)
			before := rounds.Load() + running.Load()
			if err := q.Wake(t.Context(), "push"); err != nil {
				t.Error(err)
			}
			<-time.After(15 * time.Second)
			if rounds.Load() <= before {
				t.Errorf("no round has come of wake %d", n)
			}
		}
		stopQueue(t, q)
	})
}

// A round that comes by the clock and panics, or goes on for ever, is told of as trouble, and the next one comes.
func TestPollsThatFail(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		n, began := 0, make(chan int)
		s := steps(func(ctx context.Context, _ string) error {
			if n++; n == 2 {
				panic("a bug")
			} else if n == 3 {
				<-ctx.Done()
				return ctx.Err()
			}
			began <- n
			return nil
		})
		var told []string
		q, err := NewQueue(t.Context(), path, s, QueueOptions{Poll: time.Minute, Watch: time.Hour, Clock: oneDay,
			Trouble: func(err error) {
				if err != nil {
					told = append(told, err.Error())
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		startQueue(t, q)
		got := []int{<-began, <-began}
		stopQueue(t, q)
		if d := diff.Diff([]int{1, 4}, got); d != "" {
			t.Error(d)
		}
		if d := diff.Diff([]string{"a round: panic: a bug", "context deadline exceeded"}, told); d != "" {
			t.Error(d)
		}
	})
}

// Jobs that are done do not stay for ever, though River runs for seconds at a time only.
func TestOldJobsGo(t *testing.T) {
	path := jobsFile(t)
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, path, &busySteps{}, oneDay)
		startQueue(t, q)
		for range 2 * 24 {
			if err := q.Wake(t.Context(), "push"); err != nil {
				t.Error(err)
			}
			<-time.After(time.Hour)
		}
		left := 0
		if err := q.db.QueryRow(`SELECT count(*) FROM river_job`).Scan(&left); err != nil || left > 26 || left < 24 {
			t.Errorf("%d jobs of two days are left, %v", left, err)
		}
		stopQueue(t, q)
	})
}

// writes has the database count what is written to each of its tables from now on; of "" there is one if anything was
// committed at all.
func writes(t *testing.T, path string) (since func() map[string]int) {
	t.Helper()
	db, err := store.OpenDB(path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // what others have committed is known to a connection
	t.Cleanup(func() { _ = db.Close() })
	rows := func(q string, row func(name string, n int)) {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			row(name, n)
		}
		if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	count := `CREATE TABLE writes (name TEXT);`
	rows(`SELECT name, 0 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`, func(name string, _ int) {
		for _, verb := range []string{"INSERT", "UPDATE", "DELETE"} {
			count += fmt.Sprintf(
				"CREATE TRIGGER %[1]s_%[2]s AFTER %[2]s ON %[1]s BEGIN INSERT INTO writes VALUES ('%[1]s'); END;",
				name, verb)
		}
	})
	if _, err := db.ExecContext(t.Context(), count); err != nil {
		t.Fatal(err)
	}
	version := 0
	rows(`SELECT '', data_version FROM pragma_data_version`, func(_ string, n int) { version = n })
	return func() map[string]int {
		t.Helper()
		out := map[string]int{}
		rows(`SELECT name, count(*) FROM writes GROUP BY name`, func(name string, n int) { out[name] = n })
		rows(`SELECT '', data_version FROM pragma_data_version`, func(_ string, n int) {
			if n != version {
				out[""] = 1
			}
		})
		return out
	}
}
