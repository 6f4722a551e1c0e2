package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// After takes what a round left: what is operational is noted, and whom it may concern is looked at next. What the
// first round found is told to admins alone, whoever made it, and however often that was begun.
func (o *Outbox) After(ctx context.Context, r reconcile.Round) error {
	err := o.after(ctx, r)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.all = true // the next round does not have what this one found
	}
	return err
}

// stood is Journal's, which is not asked again once it is zero.
func (o *Outbox) stood(ctx context.Context) (time.Time, error) {
	o.mu.Lock()
	based := o.based
	o.mu.Unlock()
	if based {
		return time.Time{}, nil
	}
	at, err := o.Journal.Stood(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.based = err == nil && at.IsZero()
	return at, err
}

func (o *Outbox) after(ctx context.Context, r reconcile.Round) error {
	before, err := o.Journal.Matters(ctx)
	if err != nil {
		return err
	}
	readers, err := o.Readers(r.At)
	if err != nil {
		return err
	}
	stood, err := o.stood(ctx)
	if err != nil {
		return err
	}
	first := !stood.IsZero()
	now := o.Operational(r)
	if hears(readers, notify.Round) {
		now = append(now, round(r)...)
	}
	if hears(readers, notify.State) {
		now = append(now, states(r)...)
	}
	if first {
		now = append(now, notify.Matter{Kind: notify.FirstRound, Key: "first",
			Says: fmt.Sprintf("%d %d", len(r.Views), len(r.Open))})
	}
	set := append(changes(before, now, r.At), left(before, readers, r.At)...)
	set = append(set, settled(before, r.Edges, r.At)...)
	if first {
		if err := o.baseline(ctx, r, now, readers); err != nil {
			return err
		}
	}
	pairs := map[series.Pair]bool{}
	for _, f := range slices.Concat(r.Edges.Opened, r.Edges.Changed, r.Edges.Closed) {
		pairs[f.Pair] = true
	}
	for _, c := range r.Applied {
		pairs[c.Pair] = true
	}
	o.look(r.At, people(pairs)...)
	o.mu.Lock()
	last := o.last
	o.last = r.At
	if half := r.At.Truncate(lookEvery); !half.Equal(o.looked) {
		o.looked, o.all = half, true
	}
	o.mu.Unlock()
	// A test by hand, which another process sends, may have found that a channel reaches somebody again.
	var mended []notify.Matter
	for _, m := range before {
		if m.Kind == notify.Unreached && m.Closed && m.Changed.After(last) {
			mended = append(mended, m)
		}
	}
	if err := errors.Join(o.concern(mended), o.Note(ctx, set...)); err != nil || !first {
		return err
	}
	return o.Journal.SetBaseline(ctx)
}

// lookEvery is how often all readers are looked at, whatever happens: a week ends, a leave begins.
const lookEvery = 12 * time.Hour

// people are those of the pairs.
func people(pairs map[series.Pair]bool) (ids []string) {
	for p := range pairs {
		ids = append(ids, p.Manager, p.Report)
	}
	return ids
}

// Note records the matters, and has those looked at whom they may concern.
func (o *Outbox) Note(ctx context.Context, all ...notify.Matter) error {
	if len(all) == 0 {
		return nil
	}
	if err := o.Journal.SetMatters(ctx, all, nil); err != nil {
		return err
	}
	return o.concern(all)
}

// concern has those looked at whom the matters may concern.
func (o *Outbox) concern(all []notify.Matter) error {
	if len(all) == 0 {
		return nil
	}
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return err
	}
	for id, r := range readers {
		if len(r.Hears) > 0 {
			o.look(now, id)
		}
	}
	pairs := map[series.Pair]bool{}
	for _, m := range all {
		pairs[m.Pair] = true
		o.look(now, m.Owners...)
		if m.Kind == notify.Unreached {
			o.look(now, m.Says)
		}
	}
	delete(pairs, series.Pair{})
	o.look(now, people(pairs)...)
	return nil
}

// hears reports whether any of the readers is told matters of the kind.
func hears(readers map[string]Reader, k notify.Kind) bool {
	for _, r := range readers {
		if slices.Contains(r.Hears, k) {
			return true
		}
	}
	return false
}

// left are the troubles of those who are no readers any more: they are over.
func left(before map[string]notify.Matter, readers map[string]Reader, at time.Time) (out []notify.Matter) {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		m := before[key]
		of, is := strings.CutPrefix(key, troubles[m.Kind])
		if is && troubles[m.Kind] != "" && !m.Closed && readers[of].Person.ID == "" {
			m.Closed, m.Changed = true, at
			out = append(out, m)
		}
	}
	return out
}

// settled are the asks about differences that are others now, or are closed: they are over.
func settled(before map[string]notify.Matter, edges drift.Edges, at time.Time) (out []notify.Matter) {
	of := map[string]bool{}
	for _, f := range slices.Concat(edges.Changed, edges.Closed) {
		of[f.ID()] = true
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if m := before[key]; m.Kind == notify.Ask && !m.Closed && of[m.Flag.ID()] {
			m.Closed, m.Changed = true, at
			out = append(out, m)
		}
	}
	return out
}

// look has the readers looked at.
func (o *Outbox) look(at time.Time, ids ...string) {
	for _, id := range ids {
		o.again(id, at)
	}
}

// LookAtAll has all readers looked at: what they want, or who they are, is other than it was.
func (o *Outbox) LookAtAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = true
}

// baseline records what stood when the first round was made as known to all whom it concerns.
func (o *Outbox) baseline(ctx context.Context, r reconcile.Round, now []notify.Matter,
	readers map[string]Reader) error {
	ids := map[string]bool{}
	for _, f := range r.Open {
		ids[f.Pair.Manager], ids[f.Pair.Report] = true, true
	}
	for _, m := range now {
		for _, id := range m.Owners {
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		f, err := o.Journal.Facts(ctx, id, r.At)
		if err != nil {
			return err
		}
		x, at := readers[id].Reader, f.Stood
		f.Matters, f.Stood = append(f.Matters, now...), time.Time{}
		if told := known(x, input(r.At, x, f).Matters, at); len(told) > 0 {
			if err := o.Journal.Record(ctx, id, told, ledger.Sent{}); err != nil {
				return err
			}
		}
	}
	return nil
}
