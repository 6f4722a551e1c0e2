package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/access"
)

// holding is what a table has of persons.
type holding struct {
	table string
	of    string // which rows are of the person ?1; "": the table has nothing of persons
	// hides are columns that are not exported: secrets, digests, what only the program reads. shows are all that are, ""
	// for the others.
	hides []string
	shows string
	// cuts are columns that are empty where the condition holds: what is the other's of a pair, as drift.Flag.For has it.
	cuts  map[string]string
	stays bool // what is of a pair stays with the other one
}

const (
	ofPair   = `manager = ?1 OR report = ?1`
	ofPerson = `person = ?1`
	ofReader = `reader = ?1`
	ofFlag   = `flag IN (SELECT id FROM flags WHERE ` + ofPair + `)`
	// notTheirs are the flags of collisions with what is in the other's calendar alone.
	notTheirs = `(SELECT id FROM flags WHERE kind = 'double-booked'
		AND NOT EXISTS (SELECT 1 FROM json_each(moment, '$.Whose') WHERE value = ?1))`
	notFirst = `kind = 'double-booked' AND coalesce(moment ->> '$.Whose[0]', '') <> ?1`
)

// holdings are all tables of the journal, the queue's of jobs among them, in the order in which a person is shown them.
var holdings = []holding{
	{table: "people", of: `id = ?1`},
	{table: "wishes", of: ofPerson},
	{table: "bindings", of: ofPerson},
	{table: "sessions", of: ofPerson, hides: []string{"digest", "data"}},
	{table: "sign_ins", of: ofPerson, hides: []string{"digest", "ask", "code"}},
	{table: "tokens", of: ofPerson, hides: []string{"digest"}},
	{table: "statuses", of: ofPair},
	{table: "outcomes", of: ofPair, stays: true},
	{table: "flags", of: ofPair, stays: true, cuts: map[string]string{"to_text": `id IN ` + notTheirs,
		"detail": `id IN ` + notTheirs, "moment": notFirst}},
	{table: "edges", of: ofFlag, stays: true, cuts: map[string]string{"to_text": `flag IN ` + notTheirs}},
	{table: "quarters", of: `head = ?1`, hides: []string{"hidden"}},
	{table: "acknowledged", of: ofPerson + ` OR ` + ofFlag, cuts: map[string]string{"seen": `flag IN ` + notTheirs}},
	{table: "deeds", of: ofPair + ` OR who = ?1 OR person = ?1`},
	{table: "acts", of: ofPair},
	{table: "visits", of: ofPair + ` OR who = ?1`},
	{table: "told", of: ofReader + ` OR ` + ofPair, stays: true, hides: []string{"state"}},
	{table: "matters", hides: []string{"owners"}, // they are others, too
		cuts: map[string]string{"data": `data ->> '$.Flag.Kind' = 'double-booked'`},
		of:   ofPair + ` OR key GLOB '*|' || ?1 OR instr(' ' || owners || ' ', ' ' || ?1 || ' ')`},
	{table: "unsent", of: ofReader},
	{table: "river_job", of: `args ->> '$.Reader' = ?1`, shows: `created_at, kind, json(args) AS args, state`},
	{table: "threads", of: ofReader + ` OR root IN (SELECT thread FROM told WHERE ` + ofPair + `)`},
	{table: "chat_names", of: ofReader, hides: []string{"address"}},
	{table: "unreached", of: ofReader, hides: []string{"address"}},
	{table: "documents", of: ofPair},
	{table: "snapshots", of: ofPerson, hides: []string{"digest", "format"}},
	{table: "readings", of: ofPerson},
	{table: "interests", of: ofPerson, hides: []string{"hash"}},
	{table: "versions", of: ofPair, hides: []string{"digest", "times"}},
	{table: "tries", of: ofPair + ` OR calendar = ?1`},
	{table: "outages", of: `subject = ?1 OR subject GLOB '* ' || ?1 OR subject GLOB '*/' || ?1
		OR subject GLOB ?1 || '/*' OR subject GLOB '* ' || ?1 || '/*'`},
	{table: "confirmed", of: ofPerson},
	{table: "channels", of: ofPerson, hides: []string{"token"}},
	// What brakes hold and what was just written, of all: Forget cuts it.
	{table: "standing"},
	// Digests, or the ids that are made of them: nothing leads from them to a person.
	{table: "pending"}, {table: "allowances"}, {table: "used_links"}, {table: "published"}, {table: "origin"},
	// Counts and versions.
	{table: "rounds"}, {table: "revision"}, {table: "goose_db_version"}, {table: "sqlite_sequence"},
	{table: "river_client"}, {table: "river_client_queue"}, {table: "river_leader"}, {table: "river_migration"},
	{table: "river_notification"}, {table: "river_queue"},
}

// tables are those that the file has: those of jobs are there once a daemon ran.
func tables(ctx context.Context, db querier) ([]string, error) {
	return query(ctx, db, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) },
		`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
}

// held are the holdings that have something of persons, as far as the file has them.
func held(ctx context.Context, db querier) ([]holding, error) {
	have, err := tables(ctx, db)
	return slices.DeleteFunc(slices.Clone(holdings), func(h holding) bool {
		return h.of == "" || !slices.Contains(have, h.table)
	}), err
}

// Kept is all that the journal has of the person, and of their pairs what both may see; secrets not.
func (s *Store) Kept(ctx context.Context, person string) (access.Kept, error) {
	out := access.Kept{Person: person, At: s.now().UTC()}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return out, s.fail("kept of "+person, err)
	}
	defer tx.Rollback() // nothing was written
	all, err := held(ctx, tx)
	for _, h := range all {
		t, failed := keptIn(ctx, tx, h, person)
		if err = errors.Join(err, failed); len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	if err != nil {
		return access.Kept{}, s.fail("kept of "+person, err)
	}
	return out, nil
}

func keptIn(ctx context.Context, tx *sql.Tx, h holding, person string) (access.Table, error) {
	t := access.Table{Name: h.table}
	what := cmp.Or(h.shows, "*")
	for _, name := range slices.Sorted(maps.Keys(h.cuts)) {
		what += `, (` + h.cuts[name] + `) AS "` + cut + name + `"`
	}
	err := eachRow(ctx, tx, func(r *sql.Rows) error {
		names, err := r.Columns()
		if err != nil {
			return err
		}
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err := r.Scan(to...); err != nil {
			return err
		}
		var columns, row []string
		for i, name := range names {
			if slices.Contains(h.hides, name) || strings.HasPrefix(name, cut) {
				continue
			}
			if k := slices.Index(names, cut+name); k >= 0 && values[k] == int64(1) {
				values[i] = nil
			}
			text, err := asText(name, values[i])
			if err == nil && h.table == "statuses" && name == "data" {
				text, err = statusText(text)
			}
			if err != nil {
				return fmt.Errorf("%s.%s: %w", h.table, name, err)
			}
			columns, row = append(columns, name), append(row, text)
		}
		t.Columns, t.Rows = columns, append(t.Rows, row)
		return nil
	}, `SELECT `+what+` FROM `+h.table+` WHERE `+h.of, person)
	return t, err
}

// cut is before the name of a column in that of whether it is cut.
const cut = "cut "

// instants are the columns that hold a time where they hold a number.
var instants = []string{"at", "since", "made", "expires", "used", "until", "closed", "changed", "done",
	"opened", "heard", "full_at", "to_time", "was_time"}

// asText is the value of a column as access.Table has it.
func asText(column string, value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case int64:
		switch {
		case column == "closed" && v <= 1: // of a matter: whether
			return fmt.Sprint(v), nil
		case slices.Contains(instants, column) && (v == 0 || instant(v).IsZero()):
			return "", nil
		case slices.Contains(instants, column):
			return instant(v).Format(time.RFC3339), nil
		case column == "notice":
			return time.Duration(v).String(), nil
		}
	case time.Time:
		return v.UTC().Format(time.RFC3339), nil
	case []byte:
		var text json.RawMessage
		err := unpack(v, &text)
		return string(text), err
	}
	return fmt.Sprint(value), nil
}

// statusText is a status row for a person to read, without what is held: that may be so for others' 1:1s.
func statusText(data string) (string, error) {
	r, err := decodeStatus(data)
	if err != nil {
		return "", err
	}
	r.Held = nil
	text, err := json.Marshal(statusJSON(r))
	return string(text), err
}
