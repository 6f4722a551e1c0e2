package store

import (
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"holdfast/internal/provider"
)

// causes are why a journal cannot be used, by SQLite's primary result code, and what to do next.
var causes = map[int]struct{ text, hint string }{
	sqlite3.SQLITE_FULL: {"the disk is full",
		"make room: nothing is lost, the next round does again what this one could not record"},
	sqlite3.SQLITE_READONLY: {"it cannot be written: the disk or the file is read-only",
		"make the file and its folder writable"},
	sqlite3.SQLITE_CANTOPEN: {"it cannot be opened or made",
		"the folder must be there, and writable for the account that runs holdfast"},
	sqlite3.SQLITE_PERM: {"the account that runs holdfast may not use it",
		"make the file and its folder that account's own"},
	sqlite3.SQLITE_IOERR:   {"the disk answers with errors", "look at the disk, and at what the system's log says of it"},
	sqlite3.SQLITE_BUSY:    {"another process keeps it locked", "see which holdfast is at work on it, and try again"},
	sqlite3.SQLITE_CORRUPT: {"it is damaged", moveAway},
	sqlite3.SQLITE_NOTADB:  {"it is no journal, or damaged", moveAway},
}

const moveAway = "move it away, or put a backup in its place: a new one costs history, never a meeting"

// fail says what is wrong with the journal itself, where that is known, and what to do next.
func (s *Store) fail(op string, err error) error {
	if gone := s.vanished(); gone != nil {
		return gone
	}
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		if c, ok := causes[e.Code()&0xff]; ok {
			return s.trouble(fmt.Errorf("%s: %s: %w", op, c.text, err), c.hint)
		}
	}
	return fmt.Errorf("journal: %s: %w", op, err)
}

// isBusy reports whether the file could not be written because somebody else is at it, or was since it was read.
func isBusy(err error) bool {
	e := (*sqlite.Error)(nil)
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// ErrTrouble is what errors are that say that the journal itself does not work.
var ErrTrouble = errors.New("the journal does not work")

type troubled struct{ error }

func (t troubled) Unwrap() error        { return t.error }
func (t troubled) Is(target error) bool { return target == ErrTrouble }

func (s *Store) trouble(err error, hint string) error {
	return &provider.Error{Kind: provider.Permanent, Op: "database " + s.path, Err: troubled{err}, Hint: hint}
}

// vanished is the error of a file that is gone or was put in another's place since it was opened: what is written to
// it now, nobody finds again.
func (s *Store) vanished() error {
	if s.file == nil {
		return nil
	}
	if now, err := os.Stat(s.path); err == nil && os.SameFile(now, s.file) {
		return nil
	}
	return s.trouble(errors.New("the journal's file is gone, or another one is in its place"),
		"put it back, or start holdfast again: a new journal costs history, never a meeting")
}
