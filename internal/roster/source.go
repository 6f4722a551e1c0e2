package roster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"holdfast/internal/yamlpos"
)

// Source reads the roster from its files, again and again, and keeps the last good one. It may be used by several
// goroutines.
type Source struct {
	dir       string
	patterns  []yamlpos.Text
	calendars map[string]bool

	mu   sync.Mutex
	seen [sha256.Size]byte // fingerprint of the files as last loaded
	good Roster
	err  error // what Load answered to seen
	read bool  // something was loaded

	next  [sha256.Size]byte // fingerprint of a change that Steady waits out
	since time.Time         // when it was first seen
}

// NewSource names the roster's files: names and globs (path/filepath.Match) relative to dir, with their places in the
// settings, and the calendars that people may have, true for those at Google.
func NewSource(dir string, patterns []yamlpos.Text, calendars map[string]bool) *Source {
	return &Source{dir: dir, patterns: patterns, calendars: calendars}
}

// Load reads the files as they are now. Where something is wrong, it returns the last good roster (empty if there was
// none) together with yamlpos.Problems. Files that did not change are not parsed again.
func (s *Source) Load() (Roster, error) {
	inputs, problems := s.inputs()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := fingerprint(inputs, problems)
	if s.read && now == s.seen {
		return s.good, s.err
	}
	s.seen, s.read = now, true
	if s.err = problems.Err(); s.err != nil {
		// Without its people the rest would look wrong.
		return s.good, s.err
	}
	r, err := Parse(inputs, s.calendars)
	if s.err = err; err == nil {
		s.good = r
	}
	return s.good, s.err
}

// quiet is how long a change must have stood before Steady obeys it.
const quiet = 2 * time.Second

// Steady is Load for a daemon: a change is obeyed once the files were found the same twice, some seconds apart. A file
// caught half-written, or one of several while it is being replaced, may well be good YAML with people missing.
func (s *Source) Steady(now time.Time) (Roster, error) {
	sum := fingerprint(s.inputs())
	s.mu.Lock()
	if sum == s.seen {
		s.next = sum // what was changed is changed back: a later change waits anew
	}
	if s.read && sum != s.seen && (sum != s.next || now.Sub(s.since) < quiet) {
		defer s.mu.Unlock()
		if sum != s.next {
			s.next, s.since = sum, now
		}
		return s.good, s.err
	}
	s.mu.Unlock()
	return s.Load()
}

// Good is the last good roster that was loaded; false where there is none yet. No file is read.
func (s *Source) Good() (Roster, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good, s.good.People != nil
}

// Changed reports whether the files are others than Load last saw, by content.
func (s *Source) Changed() bool {
	now := fingerprint(s.inputs())
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.read || now != s.seen
}

// inputs are the files that the patterns name, each once, in the order of the patterns. A pattern without a file and a
// file that cannot be read are problems of the settings.
func (s *Source) inputs() ([]Input, yamlpos.Problems) {
	var out []Input
	var problems yamlpos.Problems
	have := map[string]bool{}
	for _, p := range s.patterns {
		full := p.V
		if !filepath.IsAbs(full) {
			full = filepath.Join(s.dir, full)
		}
		names := []string{full}
		// A name with a [ in it may be a file as it stands.
		if _, err := os.Stat(full); errors.Is(err, fs.ErrNotExist) {
			if names, err = filepath.Glob(full); err != nil || len(names) == 0 {
				problems.Add(p.Pos, "roster", "no file %s", full)
			}
		}
		for _, name := range names {
			if have[name] {
				continue
			}
			have[name] = true
			data, err := os.ReadFile(name)
			if err != nil {
				problems.Add(p.Pos, "roster", "cannot read %s: %v", name, cause(err))
				continue
			}
			out = append(out, Input{name, data})
		}
	}
	return slices.Clip(out), problems
}

// cause is err without the operation and path that the message has already.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func fingerprint(inputs []Input, problems yamlpos.Problems) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, in := range inputs {
		fmt.Fprintf(h, "%q %d\n", in.Name, len(in.Data))
		h.Write(in.Data)
	}
	fmt.Fprint(h, problems)
	h.Sum(sum[:0])
	return sum
}
