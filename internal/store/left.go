package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Left is what the last round left of the pairs that of names: one ("mia/raj"), those of a person, with "" all; with
// flagged, of those of them that have open flags.
func (s *Store) Left(ctx context.Context, of string, flagged bool) (reconcile.Left, error) {
	left := reconcile.Left{Outages: map[reconcile.Subject]reconcile.Outage{}}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return left, s.fail("left", err)
	}
	defer tx.Rollback() // nothing was written
	those, names := named(of)
	rowsOf, open := those, openFlags
	if of != "" {
		open = `+` + open // not by that index: the flags of one person are fewer than the open ones of all
	}
	if flagged {
		rowsOf += ` AND ` + pairKey + ` IN (SELECT manager, report FROM flags WHERE ` + openFlags + `)`
	}
	l := loader{memory: memory{Memory: reconcile.Memory{Outages: left.Outages}}, tx: tx}
	var rows []statusData
	err = errors.Join(
		eachRow(ctx, tx, l.origin, originColumns),
		eachRow(ctx, tx, l.outage, outageColumns),
		func() (err error) {
			left.Flags, err = query(ctx, tx, scanFlag,
				flagColumns+` WHERE `+open+` AND `+those+` ORDER BY `+flagOrder, names...)
			return err
		}(),
		func() (err error) {
			rows, err = query(ctx, tx, scanStatus,
				`SELECT manager, report, data, kept FROM statuses WHERE `+rowsOf+` ORDER BY manager, report`, names...)
			return err
		}(),
	)
	if left.Origin = l.Origin; err == nil {
		left.Rows, err = decodeStatuses(rows)
	}
	if err != nil {
		return left, s.fail("left", err)
	}
	return left, nil
}

// decodeStatuses decodes rows side by side: it is most of what looking at a large org costs.
func decodeStatuses(rows []statusData) ([]reconcile.StatusRow, error) {
	out := make([]reconcile.StatusRow, len(rows))
	var all errgroup.Group
	size := len(rows)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(rows); from += size {
		all.Go(func() (err error) {
			for i := from; err == nil && i < min(from+size, len(rows)); i++ {
				out[i], err = rows[i].row()
			}
			return err
		})
	}
	return out, all.Wait()
}

// named is the condition that a row is of what of names: a pair ("mia/raj"), a person, with "" everybody.
func named(of string) (condition string, args []any) {
	manager, report, pair := strings.Cut(of, "/")
	switch {
	case pair:
		return `manager = ? AND report = ?`, []any{manager, report}
	case of != "":
		return `(manager = ? OR report = ?)`, []any{of, of}
	}
	return `TRUE`, nil
}

// statusData is a row of the table of statuses.
type statusData struct {
	pair series.Pair
	data string
	kept sql.NullFloat64
}

func scanStatus(r *sql.Rows) (d statusData, err error) {
	err = r.Scan(&d.pair.Manager, &d.pair.Report, &d.data, &d.kept)
	return d, err
}

// statusJSON is a reconcile.StatusRow in JSON (see encodeStatus).
type statusJSON struct {
	Pair    series.Pair `json:"-"`
	Slot    series.Slot
	Wanted  series.Slot
	Coming  []time.Time
	More    bool `json:",omitzero"`
	Zone    string
	State   reconcile.State
	PrepDoc string `json:",omitzero"`
	Linked  bool   `json:",omitzero"`
	Place   string `json:",omitzero"`
	Names   [2]string
	Zones   [2]string
	Length  time.Duration
	MadeUp  []reconcile.MadeUp  `json:",omitzero"`
	First   series.Date         `json:",omitzero"`
	Last    series.Date         `json:",omitzero"`
	Skips   []series.Skip       `json:",omitzero"`
	Others  []reconcile.Meeting `json:",omitzero"`
	Held    []plan.Held         `json:",omitzero"`
	Until   time.Time           `json:",omitzero"`
	Kept    *float64            `json:"-"`
	Chain   []reconcile.Link    `json:",omitzero"`
}

// momentJSON is a drift.Moment as it is on disk.
type momentJSON struct {
	Dates   []series.Date `json:",omitzero"`
	Makeups []time.Time   `json:",omitzero"`
	Whose   []string      `json:",omitzero"`
	Other   drift.Other   `json:",omitzero"`
	Why     []string      `json:",omitzero"`
}

func (d statusData) row() (reconcile.StatusRow, error) {
	x, err := decodeStatus(d.data)
	if err != nil {
		return reconcile.StatusRow{}, fmt.Errorf("status of %s: %w", d.pair, err)
	}
	if x.Pair = d.pair; d.kept.Valid {
		x.Kept = &d.kept.Float64
	}
	return x, nil
}

const (
	originColumns = `SELECT sources, more, day, zone_data FROM origin`
	outageColumns = `SELECT subject, since, kind, cause, text, hint FROM outages`
)

func (l *loader) origin(r *sql.Rows) error {
	var day string
	o := &l.Origin
	if err := r.Scan(&o.Sources, &o.More, &day, &o.ZoneData); err != nil {
		return err
	}
	return o.Day.UnmarshalText([]byte(day))
}

// putStatuses comes after putOutcomes, whose pairs it gives their kept rate.
func (s *Store) putStatuses(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	none := reconcile.Origin{}
	switch {
	case r.Origin == none && s.memory.Origin == none:
		return nil
	case r.Origin == none:
		return s.unfound(ctx, tx)
	case r.Origin != s.memory.Origin:
		s.touch("origin")
		o := r.Origin
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO origin (one, sources, more, day, zone_data)
			VALUES (1, ?, ?, ?, ?)`, o.Sources, o.More, o.Day.String(), o.ZoneData); err != nil {
			return err
		}
	}
	those, names := `TRUE`, []any{}
	if r.Origin == s.memory.Origin {
		if len(r.Statuses) == 0 {
			return nil
		}
		those, names = among(pairKey), []any{list(maps.Keys(r.Statuses))}
	}
	rows, err := query(ctx, tx, scanStatus, `SELECT manager, report, data, kept FROM statuses WHERE `+those, names...)
	if err != nil {
		return err
	}
	have := map[series.Pair]string{}
	for _, d := range rows {
		have[d.pair] = d.data
	}
	var changed, gone []series.Pair
	is := map[series.Pair]string{}
	for _, p := range slices.SortedFunc(maps.Keys(r.Statuses), series.Pair.Compare) {
		if r.Statuses[p] == nil {
			continue
		}
		data, err := encodeStatus(*r.Statuses[p])
		if err != nil {
			return fmt.Errorf("status of %s: %w", p, err)
		}
		if is[p] = data; have[p] != is[p] {
			changed = append(changed, p)
		}
	}
	for p := range have {
		if _, still := is[p]; !still {
			gone = append(gone, p)
		}
	}
	if err := execEach(ctx, tx, `DELETE FROM statuses WHERE manager = ? AND report = ?`, gone, pairRow); err != nil {
		return err
	}
	if err := execEach(ctx, tx, `INSERT INTO statuses (manager, report, data) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET data = excluded.data`, changed,
		func(p series.Pair) []any { return append(pairRow(p), is[p]) }); err != nil {
		return err
	}
	return rate(ctx, tx, slices.DeleteFunc(changed, func(p series.Pair) bool { return have[p] != "" }))
}

func pairRow(p series.Pair) []any { return []any{p.Manager, p.Report} }

// rate gives the status rows of these pairs their kept rate.
func rate(ctx context.Context, tx *sql.Tx, pairs []series.Pair) error {
	if len(pairs) == 0 {
		return nil
	}
	rows, err := query(ctx, tx, scanOutcome, outcomeColumns+` WHERE final = 1 AND `+among(pairKey),
		list(slices.Values(pairs)))
	if err != nil {
		return err
	}
	of := byPair(rows)
	return execEach(ctx, tx, `UPDATE statuses SET kept = ? WHERE manager = ? AND report = ?`, pairs,
		func(p series.Pair) []any { return append([]any{drift.KeptRate(of[p])}, pairRow(p)...) })
}

// unfound makes the status rows no use: something was decided that they do not know.
func (s *Store) unfound(ctx context.Context, tx *sql.Tx) error {
	s.touch("origin")
	_, err := tx.ExecContext(ctx, `DELETE FROM origin`)
	return err
}

// putMoments comes after putFlags.
func (s *Store) putMoments(ctx context.Context, tx *sql.Tx, r reconcile.Record) error {
	if len(r.Moments) == 0 {
		return nil
	}
	is := map[string]string{}
	for id, m := range r.Moments {
		data, err := json.Marshal(momentJSON(m))
		if err != nil {
			return fmt.Errorf("moment of flag %s: %w", id, err)
		}
		is[id] = string(data)
	}
	var changed []string
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var id, was string
		err := rows.Scan(&id, &was)
		if is[id] != was {
			changed = append(changed, id)
		}
		return err
	}, `SELECT id, moment FROM flags WHERE `+among("id"), list(maps.Keys(is)))
	if err != nil || len(changed) == 0 {
		return err
	}
	return execEach(ctx, tx, `UPDATE flags SET moment = ? WHERE id = ?`, changed,
		func(id string) []any { return []any{is[id], id} })
}
