package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"holdfast/internal/ical"
)

// Several that say the same thing at once say it once.
func TestStampsAtOnce(t *testing.T) {
	at := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	s, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "journal"), func() time.Time { return at },
		Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, says := range []string{"1", "2", "3"} {
		at = at.Add(time.Minute)
		var all errgroup.Group
		for range 8 {
			all.Go(func() error {
				_, err := s.Stamps(context.Background(), map[string]string{"a": says}, at)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Stamps(context.Background(), map[string]string{"a": "3"}, at)
	if want := (ical.Stamp{At: at, Sequence: 2}); err != nil || got["a"] != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// A stamp stands until something else is said under its UID, and never goes back, though clocks of machines differ.
func TestStamps(t *testing.T) {
	at := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	s, err := Open(context.Background(), "sqlite::memory:", func() time.Time { return at }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, x := range []struct {
		says  map[string]string
		after time.Duration
		want  map[string]ical.Stamp
	}{
		{map[string]string{"a": "1"}, 0, map[string]ical.Stamp{"a": {At: at}}},
		{map[string]string{"a": "1", "b": "1"}, time.Hour,
			map[string]ical.Stamp{"a": {At: at}, "b": {At: at.Add(time.Hour)}}},
		{map[string]string{"a": "2", "b": "1"}, 2 * time.Hour,
			map[string]ical.Stamp{"a": {At: at.Add(2 * time.Hour), Sequence: 1}, "b": {At: at.Add(time.Hour)}}},
		{map[string]string{"a": "1"}, time.Hour,
			map[string]ical.Stamp{"a": {At: at.Add(2*time.Hour + time.Second), Sequence: 2}}},
		{nil, 0, map[string]ical.Stamp{}},
	} {
		got, err := s.Stamps(context.Background(), x.says, at.Add(x.after))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(x.want, got); d != "" {
			t.Errorf("%d (-want +got):\n%s", i, d)
		}
	}
}
