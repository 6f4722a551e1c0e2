package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// reading is when a calendar was read, and where to read on.
type reading struct {
	at, full time.Time
	cursor   string
}

// readings are when calendars were read, by person. Most find what the last one found, and are not written down: what
// is on disk is then as true as it was, and older. A process that was killed goes on from there as from a longer
// absence: it asks for more changes than it has to, and finds the same.
type readings struct {
	kept map[string]reading     // as on disk
	late map[string]lateReading // those since then that are not
}

// lateReading is one that found the snapshot of that digest.
type lateReading struct {
	reading
	digest string
}

// longest is how long what is on disk may lag behind: most servers take a cursor for some weeks.
const longest = 24 * time.Hour

// take notes a reading that found the snapshot of the digest.
func (r *readings) take(person, digest string, now reading) {
	if r.late == nil {
		r.late = map[string]lateReading{}
	}
	r.late[person] = lateReading{now, digest}
}

// of is the last reading, as far as it found what is on disk. There the person's snapshot of that digest has the one
// given.
func (r *readings) of(person, digest string, kept reading) reading {
	if r.stands(person, digest, kept) {
		return r.late[person].reading
	}
	return kept
}

func (r *readings) stands(person, digest string, kept reading) bool {
	l, ok := r.late[person]
	return ok && l.digest == digest && !l.at.Before(kept.at)
}

// leave forgets those that do not stand any more, as another process has written of the calendar.
func (r *readings) leave(digests map[string]string) {
	maps.DeleteFunc(r.late, func(p string, _ lateReading) bool { return !r.stands(p, digests[p], r.kept[p]) })
}

// due reports whether the late reading is to be written by itself: the last one is too old; the clock was set back; or
// it doubts what it found, and so asks for all anew soon, which a restart must not forget.
func (r *readings) due(person string) bool {
	l, late := r.late[person]
	kept := r.kept[person]
	lag := l.at.Sub(kept.at)
	return late && (lag < 0 || lag >= longest || l.full.Before(kept.full) || (l.cursor == "") != (kept.cursor == ""))
}

// putReadings writes those of the people to keep, and those that are due.
func (s *Store) putReadings(ctx context.Context, tx *sql.Tx, keep map[string]bool) error {
	r := &s.memory.readings
	people := slices.DeleteFunc(slices.Sorted(maps.Keys(r.late)), func(p string) bool { return !keep[p] && !r.due(p) })
	for _, p := range people {
		r.kept[p] = r.late[p].reading
	}
	if err := execEach(ctx, tx, `INSERT OR REPLACE INTO readings (person, at, full_at, cursor) VALUES (?, ?, ?, ?)`,
		people, func(p string) []any {
			return []any{p, micro(r.kept[p].at), micro(r.kept[p].full), r.kept[p].cursor}
		}); err != nil {
		return err
	}
	for _, p := range people {
		delete(r.late, p)
	}
	return nil
}
