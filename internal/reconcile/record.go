package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// detect finds flags and outcomes in what was last observed.
func (x *round) detect() {
	x.findUnfit()
	x.fill()
	found := map[series.Pair]drift.Found{}
	for part := range x.parts(x.judge) {
		maps.Copy(found, drift.Each(x.driftInput(part)))
	}
	lost := map[series.Pair]bool{}
	for p, f := range found {
		lost[p] = slices.ContainsFunc(f.Flags, func(f drift.Flag) bool {
			return f.Lost() || f.Kind == drift.DoubleBooked
		})
	}
	maps.DeleteFunc(lost, func(_ series.Pair, is bool) bool { return !is })
	for part := range x.parts(lost) {
		makeUps := drift.NewMakeUps(x.makeUpInput(part))
		for p := range part {
			makeUps.Fill(found[p].Flags)
		}
	}
	var all []drift.Found
	for _, v := range x.judged() {
		x.office.desks[v.Pair].find(found[v.Pair])
		all = append(all, found[v.Pair])
	}
	x.out.Found, x.out.Judged = drift.Join(all), len(all)
	// What a roster that was just saved does not have any more may be back in a moment.
	for _, h := range x.out.Plan.Held {
		if !h.Waits {
			continue
		}
		x.out.Settles = x.roster.Since.Add(x.Settle)
		if !slices.ContainsFunc(x.want, func(w series.Series) bool { return w.Pair == h.Pair }) {
			x.out.Found.Unread[h.Pair] = true
		}
	}
	x.out.Edges = x.out.Found.Edges(slices.DeleteFunc(slices.Clone(x.mem.Open), func(f drift.Flag) bool {
		return !x.judge[f.Pair] && x.office.desks[f.Pair] != nil
	}))
	x.out.Open = nil
	for _, v := range x.out.Views {
		x.out.Open = append(x.out.Open, x.office.desks[v.Pair].found.Flags...)
	}
	for _, f := range x.mem.Open {
		if x.out.Found.Unread[f.Pair] {
			x.out.Open = append(x.out.Open, f)
		}
	}
}

// driftInput is what flags and make-ups of these pairs are found in.
func (x *round) driftInput(pairs map[series.Pair]bool) drift.Input {
	known, unfit := map[string]drift.Flag{}, map[series.Pair]drift.Unfit{}
	for p := range pairs {
		for _, f := range x.openOf[p] {
			known[f.ID()] = f
		}
		if u, ok := x.office.unfit[p]; ok {
			unfit[p] = u
		}
	}
	seen := maps.Clone(x.mem.Pending)
	maps.DeleteFunc(seen, func(_ string, p Pending) bool { return !x.read[p.Pair.Report] }) // it waits for another look
	return drift.Input{Now: x.now, HorizonWeeks: x.Policy.HorizonWeeks,
		Only: pairs, Views: x.office.around(pairs), Busy: x.busyOf(pairs), Known: known, Frozen: x.mem.Frozen,
		Pending: seen, Behind: x.mem.TimesSeen, Documents: x.findings(), Undelivered: x.undelivered(pairs),
		Taste: slotting.Taste, Unfit: unfit}
}

// makeUpInput is what times at which meetings of these pairs could be made up for are found in.
func (x *round) makeUpInput(pairs map[series.Pair]bool) drift.Input {
	in := x.driftInput(pairs)
	in.Views = x.office.about(pairs)
	return in
}

// pending are the people whose copies are worth a second look at once, and the managers whose series those may only
// have followed: they were not read yet.
func (x *round) pending() []string {
	ids := map[string]bool{}
	for _, p := range x.out.Found.Pending {
		ids[p.Pair.Report] = true
		if !x.read[p.Pair.Manager] {
			ids[p.Pair.Manager] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

func (x *round) record(ctx context.Context) error {
	rec := Record{
		At:        x.now,
		Snapshots: map[string]series.Packed{},
		Interests: x.interests,
		People:    x.people,
		Edges:     x.out.Edges,
		Open:      x.out.Open,
		Outcomes:  x.out.Found.Outcomes,
		Pending:   x.out.Found.Pending,
		Tries:     x.mem.Tries,
		Outages:   x.out.Outages,
		Standing:  Standing{Held: x.held(), Roster: x.roster, Wrote: x.wrote, Failing: x.stillFailing()},
		Moments:   map[string]drift.Moment{},
		Confirmed: x.confirmed,
		Timed:     map[string]bool{},
	}
	for p := range x.timed {
		rec.Timed[p.Manager], rec.Timed[p.Report] = true, true
	}
	if rec.Origin = x.origin(); rec.Origin == x.mem.Origin {
		rec.Statuses = x.statusRows(x.judged())
		for p := range x.judge {
			if x.office.desks[p] == nil {
				rec.Statuses[p] = nil
			}
		}
	} else if rec.Origin != (Origin{}) {
		rec.Statuses = x.statusRows(x.out.Views)
	}
	for _, f := range x.out.Found.Flags {
		rec.Moments[f.ID()] = f.Moment
	}
	for id, o := range x.observed {
		if !o.stale && x.read[id] {
			rec.Snapshots[id] = o.is
		}
	}
	for id := range x.mem.Snapshots {
		if _, still := x.people[id]; !still {
			rec.Forget = append(rec.Forget, id)
		}
	}
	slices.Sort(rec.Forget)
	maps.DeleteFunc(x.wrote, func(_ string, w Wrote) bool { return x.people[w.Person].ID == "" })
	if err := x.Journal.Commit(ctx, rec); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	x.logOutages()
	return nil
}
