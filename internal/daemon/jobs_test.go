package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// steps tells of each round as it begins, and keeps it running until it is let go.
type steps struct {
	began  chan string
	goOn   chan error
	prunes int
}

func newSteps() *steps { return &steps{began: make(chan string), goOn: make(chan error)} }

func (s *steps) Round(ctx context.Context, reason string) error {
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

func (s *steps) Prune(context.Context) error { s.prunes++; return nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func queue(t testing.TB, path string, s Steps) *Queue {
	t.Helper()
	start := time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)
	born := time.Now()
	q, err := NewQueue(t.Context(), path, s, QueueOptions{Poll: time.Minute, Jitter: func() time.Duration { return time.Second },
		Clock: func() time.Time { return start.Add(time.Since(born)) }, Log: zerolog.New(zerolog.NewTestWriter(t))})
	must(t, err)
	return q
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "holdfast.db") }

// The bubble of synctest ends only when every goroutine has: each of these tests sees that Stop leaves none.

func TestWakesBeforeARoundAreOne(t *testing.T) {
	path := file(t)
	synctest.Test(t, func(t *testing.T) {
		s := newSteps()
		q := queue(t, path, s)
		must(t, q.Start(t.Context()))
		var got []string
		got = append(got, <-s.began)
		for _, reason := range []string{"push", "signal", "push"} { // while the first one runs
			must(t, q.Wake(t.Context(), reason))
		}
		s.goOn <- nil
		got = append(got, <-s.began)
		s.goOn <- errors.New("a calendar is down")
		got = append(got, <-s.began)
		s.goOn <- nil
		if d := cmp.Diff([]string{"start", "push", "poll"}, got); d != "" {
			t.Error(d)
		}
		must(t, q.Stop(t.Context()))
		must(t, q.Stop(t.Context()))
	})
}
