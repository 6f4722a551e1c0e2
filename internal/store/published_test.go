package store

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/ical"
)

// Where another process says the same meanwhile, it is said once.
func TestStampsAtOnce(t *testing.T) {
	ctx, at := context.Background(), time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	s, err := Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "journal"), func() time.Time { return at }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := s.db.BeginTx(ctx, nil) // has the write lock
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan map[string]ical.Stamp)
	go func() {
		stamps, _ := s.Stamps(ctx, map[string]string{"a": "1"}, at.Add(time.Hour))
		got <- stamps
	}()
	for s.mu.TryLock() { // until it has looked, and waits to write
		s.mu.Unlock()
		runtime.Gosched()
	}
	if _, err = other.Exec(`INSERT INTO published VALUES (?, '1', 0, ?)`, digest([]byte("a")), micro(at)); err == nil {
		err = other.Commit()
	}
	if want := (ical.Stamp{At: at}); err != nil || (<-got)["a"] != want {
		t.Errorf("not what the other said: %v", err)
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
