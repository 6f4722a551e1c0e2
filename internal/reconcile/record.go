package reconcile

import (
	"maps"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// remains is what stands from a round to the next, beside what it found.
type remains struct {
	Standing
	tries   map[plan.Target]plan.Try // deliveries that did not show
	outages map[Subject]Outage
}

// record is what the round leaves behind.
func record(k known, o *office, d decided, f detected, r remains) Record {
	rec := Record{
		At:        k.now,
		Snapshots: map[string]series.Packed{},
		Interests: k.interests,
		People:    k.people,
		Edges:     f.edges,
		Open:      f.open,
		Outcomes:  f.found.Outcomes,
		Pending:   f.found.Pending,
		Tries:     r.tries,
		Outages:   r.outages,
		Standing:  r.Standing,
		Moments:   map[string]drift.Moment{},
		Confirmed: slices.Sorted(maps.Keys(k.confirmed)),
		Timed:     map[string]bool{},
		Origin:    k.rowOrigin(),
	}
	for p := range d.news {
		rec.Timed[p.Manager], rec.Timed[p.Report] = true, true
	}
	if rec.Origin == k.mem.Origin {
		anew := d.judge
		if k.asked() {
			anew = k.rowsAnew()
		}
		rec.Statuses = k.statusRows(o.of(anew), d, r.outages)
		for p := range anew {
			if o.desks[p] == nil {
				rec.Statuses[p] = nil
			}
		}
	} else if rec.Origin != (Origin{}) {
		rec.Statuses = k.statusRows(o.views, d, r.outages)
	}
	for _, f := range f.found.Flags {
		rec.Moments[f.ID()] = f.Moment
	}
	for id, o := range k.of {
		if !o.stale && k.read[id] {
			rec.Snapshots[id] = o.is
		}
	}
	for id := range k.mem.Snapshots {
		if _, still := k.people[id]; !still {
			rec.Forget = append(rec.Forget, id)
		}
	}
	slices.Sort(rec.Forget)
	return rec
}

// rowsAnew are the pairs whose status rows a round that was asked for leaves anew: of the others it says no more than
// the last round did, and does not know what is held of them.
func (k known) rowsAnew() pairs {
	out := pairs{}
	for _, a := range k.asks {
		out[a.Pair] = true
	}
	for id := range k.read {
		s := k.of[id]
		if _, broken := k.mem.Outages[CalendarOf(id)]; broken != s.stale || !s.is.Same(s.was) {
			for _, i := range k.lines.of[id] {
				out[k.lines.all[i].Pair] = true
			}
		}
	}
	return out
}

// standing is what stands after these changes were made of the plan.
func (k known) standing(d decided, judged []*series.View, done applied) Standing {
	undecided := k.undecided(judged)
	return Standing{
		Held:    k.held(d.plan, undecided, done.changes),
		Roster:  k.roster,
		Wrote:   k.unlisted.standing(k.people),
		Failing: k.failing(d.plan, undecided, done),
	}
}

// waiting are the pairs that the next round judges, whatever happens.
func (f detected) waiting(k known, tried map[plan.Target]attempt) pairs {
	out := union(f.found.Unread)
	// The journal that was read knows nothing of these yet, and another process may have it otherwise.
	for _, f := range slices.Concat(f.edges.Opened, f.edges.Changed, f.edges.Closed) {
		out[f.Pair] = true
	}
	for to := range tried {
		out[to.Pair] = true
	}
	for _, d := range append(plan.Deliveries(f.judged, nil, k.now), plan.Absent(f.judged, k.now)...) {
		out[d.Pair] = true
	}
	return out
}
