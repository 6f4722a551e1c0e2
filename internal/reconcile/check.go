package reconcile

import (
	"reflect"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// check judges all pairs once every Full, as if nothing was known of the last round. Where that comes to something else
// it is what the round goes on with, and logged: there is a fault in what pairs are judged again for. It returns these
// pairs, too.
func (r *Reconciler) check(k known, o *office, d decided) (*office, decided, []series.Pair) {
	if r.checked.IsZero() { // the first round judges all
		r.checked = k.now
	}
	if r.Full == 0 || k.now.Sub(r.checked) < r.Full || len(d.judge) >= len(o.desks) {
		return o, d, nil
	}
	r.checked = k.now
	full := newOffice()
	a := full.affected(k)
	all := replan(k, full, decided{choice: d.choice, news: a.news}, full.gather(k, a.all))
	mine := byPair(o.views, d.plan, detect(k, o, d, k.mem.Tries, k.mem.Pending).open)
	theirs := byPair(full.views, all.plan, detect(k, full, all, k.mem.Tries, k.mem.Pending).open)
	both := pairs{}
	for _, v := range []map[series.Pair]verdict{mine, theirs} {
		for p := range v {
			both[p] = true
		}
	}
	var otherwise []series.Pair
	for _, p := range both.sorted() {
		if !reflect.DeepEqual(mine[p], theirs[p]) || !alike(o.desks[p], full.desks[p]) {
			otherwise = append(otherwise, p)
		}
	}
	if len(otherwise) == 0 {
		return o, d, nil
	}
	r.Log.Error().Int("pairs", len(otherwise)).Stringer("first", otherwise[0]).
		Msg("a full round judges otherwise than one that goes on from the last")
	return full, all, otherwise
}

// verdict is what a round says of a pair.
type verdict struct {
	there   bool // it has a view
	changes []plan.Change
	held    []plan.Held
	open    []drift.Flag
}

// byPair is what is said of each pair.
func byPair(views []*series.View, todo plan.Plan, open []drift.Flag) map[series.Pair]verdict {
	out := map[series.Pair]verdict{}
	at := func(p series.Pair, add func(*verdict)) {
		t := out[p]
		add(&t)
		out[p] = t
	}
	for _, v := range views {
		at(v.Pair, func(t *verdict) { t.there = true })
	}
	for _, c := range todo.Changes {
		at(c.Pair, func(t *verdict) { t.changes = append(t.changes, c) })
	}
	for _, h := range todo.Held {
		at(h.Pair, func(t *verdict) { t.held = append(t.held, h) })
	}
	for _, f := range open {
		at(f.Pair, func(t *verdict) { t.open = append(t.open, f) })
	}
	return out
}

// alike reports whether the same is planned for and found of a pair.
func alike(a, b *desk) bool {
	return a != nil && b != nil && reflect.DeepEqual(a.draft, b.draft) && reflect.DeepEqual(a.found, b.found) &&
		a.sums == b.sums
}
