package reconcile

import (
	"maps"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// detected is what a round found.
type detected struct {
	found   drift.Found
	judged  []*series.View // whose pairs were judged, by pair
	edges   drift.Edges
	open    []drift.Flag // all that are open now
	settles time.Time    // Round.Settles
}

// detect finds flags and outcomes of the pairs that are judged. tries are the deliveries that did not show so far,
// pending the differences in copies that wait for another look.
func detect(k known, o *office, d decided, tries map[plan.Target]plan.Try, pending map[string]Pending) detected {
	seen := maps.Clone(pending) // but for what waits for another look
	maps.DeleteFunc(seen, func(_ string, p Pending) bool { return len(k.unreadOf(p.Pair.Manager, p.Pair.Report)) > 0 })
	found := map[series.Pair]drift.Found{}
	for part := range d.judge.parts(k.part) {
		in := k.driftInput(o, part, o.around(part))
		in.Pending, in.Undelivered = seen, undelivered(o.of(part), tries, k.now)
		maps.Copy(found, drift.Each(in))
	}
	lost := pairs{}
	for p, f := range found {
		if slices.ContainsFunc(f.Flags, func(f drift.Flag) bool { return f.Lost() || f.Kind == drift.DoubleBooked }) {
			lost[p] = true
		}
	}
	for part := range lost.parts(k.part) {
		makeUps := k.makeUps(o, part)
		for p := range part {
			makeUps.Fill(found[p].Flags)
		}
	}
	out := detected{judged: o.of(d.judge)}
	all := make([]drift.Found, 0, len(out.judged))
	for _, v := range out.judged {
		o.desks[v.Pair].find(found[v.Pair])
		all = append(all, found[v.Pair])
	}
	out.found = drift.Join(all)
	// What a roster that was just saved does not have any more may be back in a moment.
	for _, h := range d.plan.Held {
		if !h.Waits {
			continue
		}
		out.settles = k.roster.Since.Add(k.settle)
		if !k.lines.has(h.Pair) {
			out.found.Unread[h.Pair] = true
		}
	}
	out.edges = out.found.Edges(slices.DeleteFunc(slices.Clone(k.mem.Open), func(f drift.Flag) bool {
		return !d.judge[f.Pair] && o.desks[f.Pair] != nil
	}))
	for _, v := range o.views {
		out.open = append(out.open, o.desks[v.Pair].found.Flags...)
	}
	for _, f := range k.mem.Open {
		if out.found.Unread[f.Pair] {
			out.open = append(out.open, f)
		}
	}
	return out
}

// driftInput is what is found of these pairs in: but for what waits for another look or could not be delivered. The
// views are of all that share people with them.
func (k known) driftInput(o *office, of pairs, views []*series.View) drift.Input {
	open, unfit := map[string]drift.Flag{}, map[series.Pair]drift.Unfit{}
	for p := range of {
		for _, f := range k.openOf[p] {
			open[f.ID()] = f
		}
		if u, ok := o.unfit[p]; ok {
			unfit[p] = u
		}
	}
	return drift.Input{
		Now:          k.now,
		HorizonWeeks: k.policy.HorizonWeeks,
		Only:         of,
		Views:        views,
		Busy:         k.busyOf(of),
		Known:        open,
		Frozen:       k.mem.Frozen,
		Behind:       k.mem.TimesSeen,
		Documents:    k.findings(o.of(of)),
		Taste:        slotting.Taste,
		Unfit:        unfit,
	}
}

// makeUps finds times at which meetings of these pairs could be made up for.
func (k known) makeUps(o *office, of pairs) *drift.MakeUps {
	return drift.NewMakeUps(k.driftInput(o, of, o.about(of)))
}

// pending are the people whose copies are worth a second look at once, and the managers whose series those may only
// have followed and that were not read yet.
func (d detected) pending(k known) []string {
	ids := map[string]bool{}
	for _, p := range d.found.Pending {
		if k.asked() && !k.askedFor(p.Pair) {
			continue // the next round looks
		}
		ids[p.Pair.Report] = true
		for _, id := range k.unreadOf(p.Pair.Manager) {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
