package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/textfile"
	"holdfast/internal/yamlpos"
)

// Source reads the roster from its files, again and again, and keeps the last good one. It may be used by several
// goroutines.
type Source struct {
	dir       string
	patterns  []yamlpos.Text
	calendars map[string]bool

	mu   sync.Mutex
	more []string          // .ics files that the roster as last loaded names
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
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(s.look(s.more))
}

// load is Load for what was seen.
func (s *Source) load(now sight) (Roster, error) {
	if s.read && now.sum == s.seen {
		return s.good, s.err
	}
	s.read = true
	if s.err = now.problems.Err(); s.err != nil {
		// Without its people the rest would look wrong.
		s.seen = now.sum
		return s.good, s.err
	}
	more := map[string]file{}
	r, err := Parse(now.inputs, s.calendars, func(name string) ([]byte, error) {
		f, known := more[name]
		if !known {
			f.data, f.err = textfile.Read(name, maxCalendar)
			more[name] = f
		}
		return f.data, f.err
	})
	s.more = slices.Sorted(maps.Keys(more))
	s.seen = s.fingerprint(now.inputs, nil, more)
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
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.look(s.more)
	switch sum := seen.sum; {
	case !s.read:
	case sum == s.seen:
		s.next = sum // what was changed is changed back: a later change waits anew
	case sum != s.next:
		s.next, s.since = sum, now
		return s.good, s.err
	case now.Sub(s.since) < quiet:
		return s.good, s.err
	}
	return s.load(seen)
}

// Good is the last good roster that was loaded; false where there is none yet. No file is read.
func (s *Source) Good() (Roster, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good, s.good.People != nil
}

// Seen is a digest of the files as they were last loaded, and which .ics files the roster names, one a line.
func (s *Source) Seen() (digest, more string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.more))
	for i, name := range s.more {
		names[i] = s.short(name)
	}
	return hex.EncodeToString(s.seen[:]), strings.Join(names, "\n")
}

// Digest is that of the files as they are, for a roster that names more, as Seen has them. Nothing is parsed.
func (s *Source) Digest(more string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var named []string
	for name := range strings.FieldsFuncSeq(more, func(r rune) bool { return r == '\n' }) {
		named = append(named, filepath.Join(s.dir, name))
	}
	sum := s.look(named).sum
	return hex.EncodeToString(sum[:])
}

// Changed reports whether the files are others than Load last saw, by content.
func (s *Source) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.read || s.look(s.more).sum != s.seen
}

// file is one that was read, or why it was not.
type file struct {
	data []byte
	err  error
}

// sight is what a reading of the files finds.
type sight struct {
	inputs   []Input
	problems yamlpos.Problems
	sum      [sha256.Size]byte
}

// look reads all files, and these that the roster names.
func (s *Source) look(named []string) sight {
	inputs, problems := s.inputs()
	more := map[string]file{}
	for _, name := range named {
		data, err := textfile.Read(name, maxCalendar)
		more[name] = file{data, err}
	}
	return sight{inputs, problems, s.fingerprint(inputs, problems, more)}
}

// What a roster may be made of: far more than any is.
const (
	maxRoster   = 32 << 20 // octets of all its files
	maxCalendar = 8 << 20  // octets of an .ics file
	maxFiles    = 1000     // that a glob may match
	maxEntries  = 100_000  // of the folders that globs are looked for in
)

// inputs are the files that the patterns name, each once, in the order of the patterns. A pattern without a file and a
// file that cannot be read are problems of the settings.
func (s *Source) inputs() ([]Input, yamlpos.Problems) {
	var out []Input
	var problems yamlpos.Problems
	have := map[string]bool{}
	left := int64(maxRoster)
	for _, p := range s.patterns {
		full := p.V
		if !filepath.IsAbs(full) {
			full = filepath.Join(s.dir, full)
		}
		names := []string{full}
		// A name with a [ in it may be a file as it stands.
		if _, err := os.Stat(full); errors.Is(err, fs.ErrNotExist) {
			entries := maxEntries
			names, err = glob(full, &entries)
			switch {
			case err != nil:
				problems.Add(p.Pos, "roster", "%s: %v", full, err)
			case len(names) == 0:
				problems.Add(p.Pos, "roster", "no file %s", full)
			}
		}
		for _, name := range names {
			if have[name] {
				continue
			}
			have[name] = true
			data, err := textfile.Read(name, left)
			if err != nil {
				more := ""
				if errors.Is(err, textfile.ErrLarge) && left < maxRoster {
					more = ", for all files may have 32 MiB together"
				}
				problems.Add(p.Pos, "roster", "cannot read %s: %v%s", name, err, more)
				continue
			}
			left -= int64(len(data))
			out = append(out, Input{name, data})
		}
	}
	return slices.Clip(out), problems
}

// glob is filepath.Glob with bounds: on the files it finds, and on the entries of folders that may still be looked at.
func glob(pattern string, entries *int) ([]string, error) {
	dir, last := filepath.Split(pattern)
	dirs := []string{filepath.Clean(dir)}
	if strings.ContainsAny(dir, `*?[\\`) {
		var err error
		if dirs, err = glob(filepath.Clean(dir), entries); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		f, err := os.Open(dir)
		if err != nil {
			continue // as filepath.Glob does: nothing matches in it
		}
		names, err := f.Readdirnames(*entries + 1)
		_ = f.Close()
		if *entries -= len(names); *entries < 0 {
			return nil, fmt.Errorf("it would have to look at more than %d files", maxEntries)
		}
		if err != nil && err != io.EOF {
			continue
		}
		slices.Sort(names)
		for _, name := range names {
			if ok, err := filepath.Match(last, name); err == nil && ok {
				out = append(out, filepath.Join(dir, name))
			}
		}
		if len(out) > maxFiles {
			return nil, fmt.Errorf("it matches more than %d files", maxFiles)
		}
	}
	return out, nil
}

// short is the name of a file as it is from the roster's folder, wherever the program was started.
func (s *Source) short(name string) string {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return name
	}
	if name, err = filepath.Abs(name); err == nil {
		if short, err := filepath.Rel(dir, name); err == nil {
			return short
		}
	}
	return name
}

func (s *Source) fingerprint(inputs []Input, problems yamlpos.Problems, more map[string]file) (sum [sha256.Size]byte) {
	h := sha256.New()
	add := func(name string, data []byte) {
		fmt.Fprintf(h, "%q %d\n", s.short(name), len(data))
		h.Write(data)
	}
	for _, in := range inputs {
		add(in.Name, in.Data)
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		add(name, more[name].data)
		fmt.Fprintln(h, more[name].err)
	}
	fmt.Fprint(h, problems)
	h.Sum(sum[:0])
	return sum
}
