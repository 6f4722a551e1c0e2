package reconcile

import (
	"maps"
	"reflect"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// check judges all pairs once every Full, as if nothing was known of the last round. Where that comes to something else
// it is taken from there on, and logged: there is a fault in what pairs are judged again for.
func (x *round) check(asks []plan.Ask) {
	if x.Reconciler.checked.IsZero() { // the first round judges all
		x.Reconciler.checked = x.now
	}
	if x.Full == 0 || x.now.Sub(x.Reconciler.checked) < x.Full || len(x.judge) >= len(x.office.desks) {
		return
	}
	x.Reconciler.checked = x.now
	y := &round{
		Reconciler: x.Reconciler,
		now:        x.now,
		mem:        x.mem,
		asked:      x.asked,
		roster:     x.roster,
		want:       slices.Clone(x.want),
		wantedOf:   x.wantedOf,
		people:     x.people,
		observed:   x.observed,
		read:       x.read,
		chosen:     x.chosen,
		noSlot:     x.noSlot,
		judging:    newJudging(),
		unsettled:  x.unsettled,
		openOf:     x.openOf,
		out:        Round{At: x.now, Outages: map[Subject]Outage{}},
	}
	y.gather(y.affected())
	y.diff(asks)
	y.detect()
	x.detect()
	mine, theirs := x.out.byPair(), y.out.byPair()
	both := maps.Clone(mine)
	maps.Copy(both, theirs)
	for _, p := range slices.SortedFunc(maps.Keys(both), series.Pair.Compare) {
		if !reflect.DeepEqual(mine[p], theirs[p]) || !alike(x.office.desks[p], y.office.desks[p]) {
			x.out.Otherwise = append(x.out.Otherwise, p)
		}
	}
	if len(x.out.Otherwise) == 0 {
		return
	}
	x.Log.Error().Int("pairs", len(x.out.Otherwise)).Stringer("first", x.out.Otherwise[0]).
		Msg("a full round judges otherwise than one that goes on from the last")
	x.judging, x.out.Views = y.judging, y.out.Views
	x.diff(asks)
}

// verdict is what a round says of a pair.
type verdict struct {
	there   bool // it has a view
	changes []plan.Change
	held    []plan.Held
	open    []drift.Flag
}

// byPair is what the round says of each pair.
func (r *Round) byPair() map[series.Pair]verdict {
	out := map[series.Pair]verdict{}
	at := func(p series.Pair, add func(*verdict)) {
		t := out[p]
		add(&t)
		out[p] = t
	}
	for _, v := range r.Views {
		at(v.Pair, func(t *verdict) { t.there = true })
	}
	for _, c := range r.Plan.Changes {
		at(c.Pair, func(t *verdict) { t.changes = append(t.changes, c) })
	}
	for _, h := range r.Plan.Held {
		at(h.Pair, func(t *verdict) { t.held = append(t.held, h) })
	}
	for _, f := range r.Open {
		at(f.Pair, func(t *verdict) { t.open = append(t.open, f) })
	}
	return out
}

// alike reports whether the same is planned for and found of a pair.
func alike(a, b *desk) bool {
	return a != nil && b != nil && reflect.DeepEqual(a.draft, b.draft) && reflect.DeepEqual(a.found, b.found) &&
		a.sums == b.sums
}
