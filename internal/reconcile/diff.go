package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// diff makes the plan of the views: what was planned for pairs that are not judged was nothing.
func diff(k known, o *office, judge pairs, c choice) (plan.Plan, map[Subject]Outage) {
	in := plan.Input{
		Now:      k.now,
		Policy:   k.policy,
		Chosen:   c.why,
		NoSlot:   c.noSlot,
		Better:   o.accepted(k.mem.Open),
		Asks:     k.asks,
		Allowed:  k.allowed(),
		Held:     k.mem.Standing.Held,
		Recent:   k.mem.Recent,
		Settling: k.settling(),
		Stuck:    k.stuck(),
		Writes:   k.mem.Writes,
		Fresh:    k.mem.Empty && len(k.mem.Writes) == 0,
		Doubtful: k.doubtful(),
		Anybody:  plan.Anybody(o.views),
	}
	drafts := map[series.Pair]plan.Draft{}
	drafting, near := judge, o.around
	if k.asked() {
		drafting, near = pairs{}, o.about // rooms are looked at for a make-up
		for _, a := range k.asks {
			drafting[a.Pair] = judge[a.Pair]
		}
	}
	for part := range drafting.parts(k.part) {
		in.Only, in.Views = part, near(part)
		if k.asked() {
			in.Busy = k.busyOf(part)
		}
		maps.Copy(drafts, plan.Drafts(in))
		drafted := maps.Clone(part)
		maps.DeleteFunc(drafted, func(p series.Pair, _ bool) bool { return drafts[p].Empty() })
		if in.Only = o.spell(k, drafted); len(in.Only) > 0 {
			in.Views = near(in.Only)
			maps.Copy(drafts, plan.Drafts(in))
		}
	}
	o.plan(judge, drafts)
	in.Views = o.views
	out := plan.Assemble(in, drafts)
	return out, k.unsure(o.of(judge), out.Doubtful)
}

// unsure are the outages of pairs of which it is not known what became of their series; doubtful are those of the plan.
func (k known) unsure(judged []*series.View, doubtful []series.Pair) map[Subject]Outage {
	out := map[Subject]Outage{}
	for _, v := range judged {
		// What this plan did not look at stays doubtful.
		asked := slices.ContainsFunc(k.asks, func(a plan.Ask) bool { return a.Pair == v.Pair })
		if b, ok := k.mem.Outages[BookingOf(v.Pair)]; ok && b.Kind == doubted && v.Wanted && v.Head() == nil &&
			(v.Stale || k.asked() && !asked) {
			out[BookingOf(v.Pair)] = b
		}
	}
	for _, p := range doubtful {
		out[BookingOf(p)] = Outage{
			Kind:  doubted,
			Cause: "the journal is too new to know why there is no series",
			Text:  fmt.Sprintf("%s has no series, and the journal is too new to know why", p),
			Hint:  "`holdfast allow` books one",
		}
	}
	for _, v := range judged {
		if v.Wanted && !v.Stale && v.Missing() {
			out[BookingOf(v.Pair)] = Outage{
				Kind:  "missing",
				Cause: "the series is not there, and nothing says that somebody deleted it",
				Text: fmt.Sprintf(
					"the calendar of %s no longer has the series of %s, and nothing says that somebody deleted it",
					v.Pair.Manager,
					v.Pair,
				),
				Hint: "check that calendar; if the series is gone for good, the next round will say so",
			}
		}
	}
	return out
}

// doubted is the kind of Outage of a pair whose creation waits for `holdfast allow` since the journal was new.
const doubted = "doubtful"

// doubtful are the pairs of such outages.
func (g *given) doubtful() pairs {
	out := pairs{}
	for s, o := range g.mem.Outages {
		if s.Matter == MatterBooking && o.Kind == doubted {
			out[s.Pair] = true
		}
	}
	return out
}
