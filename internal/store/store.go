// Package store is the journal on SQLite.
//
// What is on disk, all of it in one file with mode 0600: snapshots (our own series whole; of other events only times
// and opaque ids, and of candidates for adoption no title and no object as served), earlier versions of our own series,
// flags, outcomes, acts, deeds and notices (roster ids, times, slots and counts), how each pair stands as the last
// round left it (names, slots, times and places of its 1:1s, the link to its document), the people of the roster as
// last seen, what their calendars are searched for, the errors of calendars that cannot be read, push channels with a
// digest of what their messages prove themselves by, of the documents made for pairs the links and what is wrong with
// who may edit and see them, how people want to be told, the accounts that sign them in, who is signed in, sign-in
// links and tokens with digests of their secrets, who looked at what about a pair, and of what feeds say digests and when it
// last changed. Losing the file loses history, never correctness. What of all that is about a person is exported and
// forgotten table by table (see holdings).
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	sqlite3 "modernc.org/sqlite/lib"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
)

//go:embed migrations/*.sql
var migrations embed.FS

// memoryPath is the path of a database that lives in the process alone.
const memoryPath = ":memory:"

// Options say how long things are kept.
type Options struct {
	// Reading: the journal is only read. One that does not exist is not made: an empty one in memory takes its place.
	Reading bool

	// KeepDays is for how many calendar days Prune keeps closed flags, outcomes, acts, deeds and notices; 0 means 730.
	KeepDays int
}

// Store is the journal. It is safe for concurrent use, and several processes may have the same file open.
type Store struct {
	db   *sql.DB
	path string
	file os.FileInfo // as it was opened; nil: in memory
	now  clock.Clock
	keep int // days

	mu     sync.Mutex // held by what reads into the memory, and by every write
	memory memory

	read atomic.Pointer[map[string]time.Time] // what Readings last gave of what is not on disk
}

var _ reconcile.Journal = (*Store)(nil)

// Open opens the journal that dsn names, and makes or upgrades it as needed: "sqlite:PATH", or "sqlite::memory:" for
// one that ends with the process. A file that a newer program has written is refused.
func Open(ctx context.Context, dsn string, now clock.Clock, o Options) (*Store, error) {
	scheme, path, _ := strings.Cut(dsn, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return nil, errors.New("database: PostgreSQL is not supported by this version; use sqlite:PATH")
	case scheme != "sqlite" || path == "":
		return nil, errors.New("database: want sqlite:PATH") // not the text itself: it may hold a password
	}
	if o.Reading {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			path = memoryPath
		}
	}
	db, err := OpenDB(path)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, path: path, now: now, keep: o.KeepDays}
	if s.keep == 0 {
		s.keep = 730
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if path != memoryPath {
		if s.file, err = os.Stat(path); err != nil {
			return nil, errors.Join(s.fail("open", err), db.Close())
		}
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// OpenDB opens the SQLite file with the settings that every user of it needs: a file for its owner only, a write-ahead
// log, transactions that take the write lock when they begin (but for read-only ones) and wait for it.
func OpenDB(path string) (*sql.DB, error) {
	if path != memoryPath {
		// SQLite gives its -wal and -shm files the mode of the database itself.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = errors.Join(f.Chmod(0o600), f.Close())
		}
		if err != nil {
			return nil, &provider.Error{Kind: provider.Permanent, Op: "database", Err: err,
				Hint: causes[sqlite3.SQLITE_CANTOPEN].hint}
		}
	}
	db, err := openKept(uri(path, "immediate"))
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if path == memoryPath {
		db.SetMaxOpenConns(1) // each connection would have a database of its own
	}
	return db, nil
}

func uri(path, lock string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: q.Encode()}).String()
}

// migrate brings the schema to what this program knows.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err == nil && have > known {
		return s.trouble(fmt.Errorf("it was written by a newer Holdfast (schema %d, this one knows %d)", have, known),
			"install that version, or move the file away: a new one costs history, never a meeting")
	}
	// Two processes may open a new file at once: one fails on what the other has just made, and finds it when it looks
	// again.
	for range 3 {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
	}
	return s.fail("upgrade", err)
}

// Exclusive makes this process the only daemon on the file, until release is called or the process ends in any way. Other
// processes may still read and write the journal; a second Exclusive fails at once.
func (s *Store) Exclusive(ctx context.Context) (release func() error, err error) {
	if s.path == memoryPath {
		return func() error { return nil }, nil
	}
	// The lock is an exclusive transaction on an empty database beside the journal: the system drops it with the process.
	side := s.path + "-daemon"
	f, err := os.OpenFile(side, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(side), RawQuery: "_txlock=exclusive&_pragma=journal_mode(MEMORY)"}).String())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", side, err)
	}
	// Not ctx: its end would roll back and so let go.
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: another holdfast run is at work on it; stop that one first: %w", s.path, err), db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}

// micro is t as it is on disk.
func micro(t time.Time) int64 { return t.UnixMicro() }

// instant is the time that micro wrote, in UTC.
func instant(n int64) time.Time { return time.UnixMicro(n).UTC() }

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// eachRow calls scan for every row of the query.
func eachRow(ctx context.Context, db querier, scan func(*sql.Rows) error, q string, args ...any) error {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// query is what scan makes of every row.
func query[T any](ctx context.Context, db querier, scan func(*sql.Rows) (T, error), q string, args ...any) (out []T, err error) {
	err = eachRow(ctx, db, func(r *sql.Rows) error {
		v, err := scan(r)
		out = append(out, v)
		return err
	}, q, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// inTx runs f in one transaction that raises the revision: all of it or nothing. f tells touch what it writes. op names
// it in errors.
func (s *Store) inTx(ctx context.Context, op string, f func(*sql.Tx) error) error {
	if err := s.vanished(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(ctx, locked, f); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// How a transaction begins. The driver takes the write lock for one that is not read-only, and leaves it to the first
// write of one that is.
var (
	locked   = &sql.TxOptions{}
	unlocked = &sql.TxOptions{ReadOnly: true}
)

// write runs f in one transaction that raises the revision; one that begins unlocked does so only if f wrote something,
// which the database knows best.
func (s *Store) write(ctx context.Context, how *sql.TxOptions, f func(*sql.Tx) error) error {
	var revision, before, after int64
	tx, err := s.db.BeginTx(ctx, how)
	if err == nil {
		defer tx.Rollback() // does nothing after Commit
		const changes = `SELECT total_changes()`
		err = tx.QueryRowContext(ctx, changes).Scan(&before)
		if err == nil {
			err = f(tx)
		}
		if err == nil {
			err = tx.QueryRowContext(ctx, changes).Scan(&after)
		}
		if err == nil && how == unlocked && after == before {
			return nil
		}
		if err == nil {
			err = tx.QueryRowContext(ctx, `UPDATE revision SET n = n + 1 RETURNING n`).Scan(&revision)
		}
		if err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		s.forget()
		s.memory.readings.late = nil // those of a round that came to nothing count for nothing
		return err
	}
	if s.memory.revision == revision-1 { // else somebody else has written, too
		s.memory.revision = revision
	}
	return nil
}
