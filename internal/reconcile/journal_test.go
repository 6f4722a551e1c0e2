package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// journal is a journal in memory. What it gives back has been text in between, as with one on disk: instants keep their
// offset and nothing else of their zone.
type journal struct {
	now      func() time.Time
	fail     func(op string) error // nil: nothing fails
	empty    bool
	snaps    map[string][]byte
	taken    map[string]taken // of snaps
	kept     map[string]taken // of taken, those that a journal has to keep
	people   map[string]series.Person
	flags    map[string]reconcile.FlagRow
	outcomes map[string]drift.Outcome // by pair and week
	pending  map[string]reconcile.Pending
	tries    map[plan.Target]plan.Try
	outages  map[reconcile.Subject]reconcile.Outage
	docs     map[series.Pair]reconcile.Document
	acts     []act
	versions []version
	allowed  map[string]reconcile.Allowance
	standing reconcile.Standing
	left     map[series.Pair][]byte // status rows
	origin   reconcile.Origin
	moments  map[string][]byte
	interest map[string]provider.Interest
	certain  map[string]bool // confirmed to be empty
	edges    []drift.Edges   // of every commit
}

// taken is when a snapshot was taken, and where to go on from: what changes with each reading.
type taken struct {
	at, full time.Time
	cursor   string
}

type act struct {
	reconcile.Act
	done bool
	err  error
}

type version struct {
	pair  series.Pair
	at    time.Time
	event series.Event
}

func newJournal(now func() time.Time) *journal {
	return &journal{
		now:      now,
		empty:    true,
		snaps:    map[string][]byte{},
		taken:    map[string]taken{},
		kept:     map[string]taken{},
		people:   map[string]series.Person{},
		flags:    map[string]reconcile.FlagRow{},
		outcomes: map[string]drift.Outcome{},
		pending:  map[string]reconcile.Pending{},
		outages:  map[reconcile.Subject]reconcile.Outage{},
		docs:     map[series.Pair]reconcile.Document{},
		allowed:  map[string]reconcile.Allowance{},
		certain:  map[string]bool{},
		left:     map[series.Pair][]byte{},
		moments:  map[string][]byte{},
		interest: map[string]provider.Interest{},
	}
}

// behind is what a journal has that keeps of when calendars were read no more than it has to.
func (j *journal) behind() *journal {
	k := *j
	k.taken = j.kept
	return &k
}

func (j *journal) failing(op string) error {
	if j.fail == nil {
		return nil
	}
	return j.fail(op)
}

// Load is reconcile.Journal's.
func (j *journal) Load(context.Context) (reconcile.Memory, error) {
	if err := j.failing("load"); err != nil {
		return reconcile.Memory{}, err
	}
	m := reconcile.Memory{
		Empty:     j.empty,
		Snapshots: map[string]series.Packed{},
		People:    maps.Clone(j.people),
		Frozen:    map[series.Pair]series.Week{},
		Pending:   maps.Clone(j.pending),
		Tries:     maps.Clone(j.tries),
		Writes:    map[series.Pair]int{},
		Outages:   maps.Clone(j.outages),
		Documents: maps.Clone(j.docs),
		TimesSeen: map[series.Pair][]string{},
		Standing:  j.standing,
		Origin:    j.origin,
		Interests: map[string]string{},
		Allowed:   map[string]reconcile.Allowance{},
		Confirmed: maps.Clone(j.certain),
	}
	for id, b := range j.snaps {
		var s series.Snapshot
		if err := json.Unmarshal(b, &s); err != nil {
			return m, err
		}
		m.Snapshots[id] = series.Pack(s).With(j.taken[id].at, j.taken[id].full, j.taken[id].cursor)
	}
	for id, in := range j.interest {
		m.Interests[id] = in.Hash()
	}
	for _, id := range slices.Sorted(maps.Keys(j.flags)) {
		if f := j.flags[id]; f.State != "closed" {
			f.Moment = drift.Moment{}
			m.Open = append(m.Open, f.Flag)
		}
	}
	for _, o := range j.outcomes {
		if last, ok := m.Frozen[o.Pair]; o.Final && (!ok || last.Monday().Before(o.Week.Monday())) {
			m.Frozen[o.Pair] = o.Week
		}
	}
	today := series.DateOf(j.now().UTC())
	for _, a := range j.acts {
		if series.DateOf(a.At.UTC()) == today && a.err == nil {
			m.Writes[a.Pair]++
		}
	}
	for _, v := range j.versions {
		m.TimesSeen[v.pair] = append(m.TimesSeen[v.pair], v.event.Times())
	}
	for id, a := range j.allowed {
		if a.Until.After(j.now()) {
			m.Allowed[id] = a
		}
	}
	counted := map[string]bool{}
	for _, a := range j.acts {
		if a.err == nil && !a.Allowed && j.now().Sub(a.At) < plan.BrakeWindow && !counted[a.Change] {
			counted[a.Change] = true
			m.Recent = append(m.Recent, plan.Recent{ID: a.Change, Pair: a.Pair, Counts: a.Counts, Mails: a.Mails})
		}
	}
	return m, nil
}

// KeepDocument is reconcile.Journal's.
func (j *journal) KeepDocument(_ context.Context, p series.Pair, d reconcile.Document) error {
	if d.State == "" {
		delete(j.docs, p)
	} else {
		j.docs[p] = d
	}
	return j.failing("document")
}

// Begin is reconcile.Journal's.
func (j *journal) Begin(_ context.Context, a reconcile.Act, e *series.Event) (int64, error) {
	if err := j.failing("begin"); err != nil {
		return 0, err
	}
	if e != nil {
		j.versions = append(j.versions, version{a.Pair, a.At, *e})
	}
	j.acts = append(j.acts, act{Act: a})
	return int64(len(j.acts) - 1), nil
}

// Done is reconcile.Journal's.
func (j *journal) Done(_ context.Context, id int64, _ time.Time, err error) error {
	if err := j.failing("done"); err != nil {
		return err
	}
	if j.acts[id].done, j.acts[id].err = true, err; err == nil {
		delete(j.allowed, j.acts[id].Change)
	}
	return nil
}

// Commit is reconcile.Journal's.
func (j *journal) Commit(_ context.Context, r reconcile.Record) error {
	if err := j.failing("commit"); err != nil {
		return err
	}
	for id, p := range r.Snapshots {
		s := p.Snapshot()
		j.taken[id] = taken{s.At.UTC(), s.FullAt.UTC(), s.Cursor}
		s.At, s.FullAt, s.Cursor = time.Time{}, time.Time{}, ""
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if !bytes.Equal(b, j.snaps[id]) {
			j.snaps[id], j.kept[id] = b, j.taken[id]
		}
	}
	for id := range r.Timed {
		j.kept[id] = j.taken[id]
	}
	for id, in := range r.Interests {
		in.Confirmed = false
		j.interest[id] = in
	}
	for _, id := range r.Forget {
		delete(j.snaps, id)
		delete(j.interest, id)
	}
	for _, f := range slices.Concat(r.Edges.Opened, r.Edges.Changed, r.Open) {
		row := j.flags[f.ID()]
		if row.Flag = f; row.State != "acknowledged" {
			row.State = "open"
		}
		j.flags[f.ID()] = row
	}
	for _, f := range r.Edges.Closed {
		j.flags[f.ID()] = reconcile.FlagRow{Flag: f, State: "closed", Closed: r.At}
	}
	for _, o := range r.Outcomes {
		if key := o.Pair.String() + o.Week.String(); !j.outcomes[key].Final {
			j.outcomes[key] = o
		}
	}
	j.empty, j.people, j.pending, j.tries = false, r.People, r.Pending, r.Tries
	j.outages, j.standing = r.Outages, r.Standing
	for _, p := range r.Confirmed {
		delete(j.certain, p)
	}
	if r.Origin != j.origin {
		clear(j.left)
	}
	j.origin = r.Origin
	for p, row := range r.Statuses {
		if delete(j.left, p); row != nil {
			b, err := json.Marshal(row)
			if err != nil {
				return err
			}
			j.left[p] = b
		}
	}
	for id, m := range r.Moments {
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		j.moments[id] = b
	}
	j.edges = append(j.edges, r.Edges)
	return nil
}

// Allow is reconcile.Journal's.
func (j *journal) Allow(_ context.Context, changes map[string]string, until time.Time) error {
	j.origin = reconcile.Origin{}
	for id, digest := range changes {
		j.allowed[id] = reconcile.Allowance{Digest: digest, Until: until}
	}
	return nil
}

// allow lets all through that brakes hold.
func (j *journal) allow(until time.Time) {
	j.origin = reconcile.Origin{}
	for id, h := range j.standing.Held {
		j.allowed[id] = reconcile.Allowance{Digest: h.Digest, Until: until}
	}
}

// Disallow is reconcile.Journal's.
func (j *journal) Disallow(_ context.Context, ids ...string) ([]string, error) {
	j.origin = reconcile.Origin{}
	for _, id := range ids {
		delete(j.allowed, id)
	}
	return ids, nil
}

// ConfirmEmpty is reconcile.Journal's.
func (j *journal) ConfirmEmpty(_ context.Context, person string) error {
	j.certain[person], j.origin = true, reconcile.Origin{}
	return nil
}

// Rename is reconcile.Journal's.
func (j *journal) Rename(_ context.Context, old, id string) error {
	now := func(p series.Pair) series.Pair {
		if p.Manager == old {
			p.Manager = id
		}
		if p.Report == old {
			p.Report = id
		}
		return p
	}
	j.snaps[id], j.taken[id], j.people[id] = j.snaps[old], j.taken[old], j.people[old]
	delete(j.snaps, old)
	delete(j.people, old)
	flags, outcomes := j.flags, j.outcomes
	j.flags, j.outcomes = map[string]reconcile.FlagRow{}, map[string]drift.Outcome{}
	for _, f := range flags {
		f.Pair = now(f.Pair)
		j.flags[f.ID()] = f
	}
	for _, o := range outcomes {
		o.Pair = now(o.Pair)
		j.outcomes[o.Pair.String()+o.Week.String()] = o
	}
	for i := range j.acts {
		j.acts[i].Pair = now(j.acts[i].Pair)
	}
	return nil
}

// Flags is reconcile.Journal's.
func (j *journal) Flags(_ context.Context, all bool) ([]reconcile.FlagRow, error) {
	var out []reconcile.FlagRow
	for _, id := range slices.Sorted(maps.Keys(j.flags)) {
		if f := j.flags[id]; all || f.State != "closed" {
			if f.Moment = (drift.Moment{}); j.moments[id] != nil {
				if err := json.Unmarshal(j.moments[id], &f.Moment); err != nil {
					return nil, err
				}
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// Known is reconcile.Journal's.
func (j *journal) Known(ctx context.Context, yield func(series.Person, series.Snapshot, provider.Interest) bool) error {
	m, err := j.Load(ctx)
	for _, id := range slices.Sorted(maps.Keys(j.interest)) {
		p, in := m.People[id], j.interest[id]
		in.Confirmed = m.Confirmed[id]
		if last, ok := m.Snapshots[id]; ok && !yield(p, last.Snapshot(), in) {
			return nil
		}
	}
	return err
}

// Left is reconcile.Journal's.
func (j *journal) Left(ctx context.Context, of string, flagged bool) (reconcile.Left, error) {
	out := reconcile.Left{Origin: j.origin, Outages: maps.Clone(j.outages)}
	is := func(p series.Pair) bool { return of == "" || p.String() == of || p.Has(of) }
	var err error
	if out.Flags, err = j.Flags(ctx, false); err != nil {
		return out, err
	}
	out.Flags = slices.DeleteFunc(out.Flags, func(f reconcile.FlagRow) bool { return !is(f.Pair) })
	for _, p := range slices.SortedFunc(maps.Keys(j.left), series.Pair.Compare) {
		of := func(f reconcile.FlagRow) bool { return f.Pair == p }
		if !is(p) || flagged && !slices.ContainsFunc(out.Flags, of) {
			continue
		}
		row := reconcile.StatusRow{}
		if err := json.Unmarshal(j.left[p], &row); err != nil {
			return out, err
		}
		var all []drift.Outcome
		for _, o := range j.outcomes {
			if o.Pair == p {
				all = append(all, o)
			}
		}
		row.Pair, row.Kept = p, drift.KeptRate(all)
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// Outcomes is reconcile.Journal's.
func (j *journal) Outcomes(_ context.Context, pair series.Pair, since series.Date) ([]drift.Outcome, error) {
	var out []drift.Outcome
	for _, key := range slices.Sorted(maps.Keys(j.outcomes)) {
		if o := j.outcomes[key]; (pair == series.Pair{} || o.Pair == pair) && !o.Occurrence.Before(since) {
			out = append(out, o)
		}
	}
	return out, nil
}

var errNotHere = errors.New("a round needs no such thing")

// Versions is reconcile.Journal's.
func (j *journal) Versions(context.Context, series.Pair) ([]reconcile.Version, error) {
	return nil, errNotHere
}

var _ reconcile.Journal = (*journal)(nil)
