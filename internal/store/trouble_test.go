package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
)

// Whatever is wrong with the journal's file has words and a next step of its own.
func TestTroubleHasWords(t *testing.T) {
	commit := func(s *Store) error {
		raj := reconcile.Outage{Text: strings.Repeat("x", 1<<20)}
		return s.Commit(t.Context(), reconcile.Record{
			At:      noon,
			Outages: map[reconcile.Subject]reconcile.Outage{reconcile.CalendarOf("raj"): raj},
		})
	}
	for name, x := range map[string]struct {
		spoil      func(t *testing.T, path string, s *Store) error
		text, hint string
	}{
		"full": {func(t *testing.T, _ string, s *Store) error {
			s.db.SetMaxOpenConns(1)
			_, err := s.db.Exec(`PRAGMA max_page_count = 1`)
			must(t, err)
			return commit(s)
		}, "commit: the disk is full", "make room"},
		"read-only": {func(t *testing.T, _ string, s *Store) error {
			s.db.SetMaxOpenConns(1)
			_, err := s.db.Exec(`PRAGMA query_only = 1`)
			must(t, err)
			return commit(s)
		}, "commit: it cannot be written: the disk or the file is read-only", "make the file and its folder writable"},
		"gone": {func(t *testing.T, path string, s *Store) error {
			must(t, os.Remove(path))
			if _, err := s.Load(t.Context()); err == nil {
				t.Error("a journal that is gone was read")
			}
			return commit(s)
		}, "the journal's file is gone, or another one is in its place", "put it back, or start holdfast again"},
		"replaced": {func(t *testing.T, path string, s *Store) error {
			must(t, os.Rename(path, path+".old"))
			must(t, os.WriteFile(path, nil, 0o600))
			return commit(s)
		}, "the journal's file is gone, or another one is in its place", "put it back"},
		"no journal": {func(t *testing.T, _ string, _ *Store) error {
			path := filepath.Join(t.TempDir(), "roster.yaml")
			must(t, os.WriteFile(path, []byte(strings.Repeat("people: {}\n", 100)), 0o600))
			_, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{})
			return err
		}, "it is no journal, or damaged", "move it away"},
		"damaged": {func(t *testing.T, path string, s *Store) error {
			must(t, commit(s))
			_, err := s.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
			must(t, err)
			must(t, s.db.Close())
			data, err := os.ReadFile(path)
			must(t, err)
			for i := 4096; i < len(data); i++ {
				data[i] = 0xff
			}
			must(t, os.WriteFile(path, data, 0o600))
			again, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{})
			if err == nil {
				_, err = again.Load(t.Context())
			}
			return err
		}, "it is damaged", "move it away"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{})
			must(t, err)
			defer s.Close()
			err = x.spoil(t, path, s)
			if !errors.Is(err, ErrTrouble) || !strings.Contains(err.Error(), x.text) ||
				!strings.HasPrefix(provider.HintOf(err), x.hint) {
				t.Errorf("%v\nhint: %s", err, provider.HintOf(err))
			}
		})
	}
}

// Who only reads makes no journal, and reads the one that is there.
func TestReading(t *testing.T) {
	path := file(t)
	reader := func() *Store {
		t.Helper()
		s, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{Reading: true})
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	}
	if !load(t, reader()).Empty {
		t.Error("a journal that is not there is not empty")
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) > 0 {
		t.Errorf("made %v, %v", names, err)
	}
	must(t, open(t, path, noon).Commit(t.Context(), reconcile.Record{At: noon}))
	if load(t, reader()).Empty {
		t.Error("the journal that is there was not read")
	}
}
