package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// memory is what the journal held at a revision. Load gives parts of it away: maps and slices are replaced by others,
// never written to once they are whole.
type memory struct {
	reconcile.Memory
	revision int64             // 0: none, all is to be read
	digests  map[string]string // of the snapshots, by person
	readings readings
	standing string          // as it is on disk
	strange  []string        // subjects of outages that this program does not know
	outcomes []drift.Outcome // as last committed

	asked map[string][]any        // what each query was last made with
	stale map[string]map[any]bool // persons or pairs of whom rows were written since, by table
}

// touch notes that rows of the table were written, of these persons or pairs where its part of the memory has a key.
func (s *Store) touch(table string, keys ...any) {
	if s.memory.revision == 0 {
		return // all is read anyway
	}
	if s.memory.stale[table] == nil {
		s.memory.stale[table] = map[any]bool{}
	}
	for _, k := range keys {
		s.memory.stale[table][k] = true
	}
}

// forget has all read again.
func (s *Store) forget() { s.memory.revision = 0 }

// refresh brings the memory to what the journal holds, as tx sees it: all is read where somebody else has written, else
// what this Store has written, and what depends on the time.
func (s *Store) refresh(ctx context.Context, tx *sql.Tx) error {
	l := loader{memory: s.memory, was: s.memory, tx: tx}
	err := tx.QueryRowContext(ctx, `SELECT n FROM revision`).Scan(&l.revision)
	if l.revision != s.memory.revision {
		l.asked, l.outcomes = map[string][]any{}, nil
	}
	if err == nil {
		err = l.load(ctx, s.now().UTC())
	}
	if err != nil {
		s.forget()
		return err
	}
	l.stale = map[string]map[any]bool{}
	s.memory = l.memory
	return nil
}

// loader brings a memory up to date.
type loader struct {
	memory
	was memory // with the snapshots that were decoded before
	tx  *sql.Tx
}

// part makes the query, unless it would give what it gave last: nothing of the table was written, and the args are the
// same. Its %s stands for a condition: where the part has a key, a person's column or a pair's, that the key is among
// those of what was written. Before the first row, reset hears which keys go, nil for all.
func (l *loader) part(ctx context.Context, table, key string, reset func(keys map[any]bool),
	scan func(*sql.Rows) error, q string, args ...any,
) error {
	last, asked := l.asked[q]
	stale, written := l.stale[table]
	same := asked && slices.Equal(last, args)
	if same && !written {
		return nil
	}
	l.asked[q] = args
	condition := "TRUE"
	if same && key != "" {
		condition, args = among(key), append(slices.Clip(args), list(maps.Keys(stale)))
	} else {
		stale = nil
	}
	reset(stale)
	return eachRow(ctx, l.tx, scan, fmt.Sprintf(q, condition), args...)
}

// without is the reset of a part that is a map.
func without[K comparable, V any](m *map[K]V) func(keys map[any]bool) {
	return func(keys map[any]bool) {
		if keys == nil {
			*m = map[K]V{}
			return
		}
		*m = maps.Clone(*m)
		for k := range keys {
			delete(*m, k.(K))
		}
	}
}

// pairKey are the columns of a pair.
const pairKey = "(manager, report)"

// among is the condition that the key is in a list.
func among(key string) string {
	if key == pairKey {
		return key + ` IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`
	}
	return key + ` IN (SELECT value FROM json_each(?))`
}

// list are the keys as among takes them.
func list[K any](keys iter.Seq[K]) string {
	var out []any
	for k := range keys {
		if p, ok := any(k).(series.Pair); ok {
			out = append(out, [2]string{p.Manager, p.Report})
		} else {
			out = append(out, k)
		}
	}
	data, err := json.Marshal(out)
	if err != nil {
		panic(err) // texts only
	}
	return string(data)
}
