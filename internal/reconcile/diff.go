package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// decided is what a round is to do, and what it knows by having decided that.
type decided struct {
	judge   pairs // that are judged in this round: they have whole views
	news    pairs // those of them of which something new was known (affected)
	since   pairs // those that got new views since the plan was made
	choice  choice
	plan    plan.Plan
	outages map[Subject]Outage // of pairs of which it is not known what became of their series
}

// decide judges the pairs that are affected, beside those that were judged already: it gathers their views, chooses
// slots and makes the plan. The roster's lines have the slots from then on.
func (k known) decide(o *office, was decided, a affected) (known, decided) {
	gathered := o.gather(k, a.all)
	was.judge, was.news = union(was.judge, gathered), union(was.news, a.news)
	was.choice = choose(k, o, was.judge)
	k.lines = k.lines.with(was.choice.slots)
	return k, k.replan(o, was, union(gathered, o.gather(k, was.choice.among)))
}

// replan makes the plan of what was chosen, now that pairs have new views.
func (k known) replan(o *office, was decided, gathered pairs) decided {
	d := k.also(o, was, union(gathered, o.fit(k, was.choice, gathered)))
	d.plan, d.outages = diff(k, o, d.judge, d.choice)
	return d
}

// also judges these pairs, too.
func (k known) also(o *office, was decided, more pairs) decided {
	was.judge = union(was.judge, more)
	o.fill(k, was.judge)
	return was
}

// rejudge judges the pairs that are affected since the plan was made.
func (k known) rejudge(o *office, was decided, a affected) decided {
	gathered := o.gather(k, a.all)
	was.news, was.since = union(was.news, a.news), union(was.since, gathered)
	return k.also(o, was, union(gathered, o.fit(k, was.choice, gathered)))
}

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
	for part := range judge.parts(k.part) {
		in.Only, in.Views = part, o.around(part)
		if k.asked() {
			in.Views, in.Busy = o.views, k.busyOf(part)
		}
		maps.Copy(drafts, plan.Drafts(in))
	}
	for p := range judge {
		if d := o.desks[p]; d != nil {
			d.draft = drafts[p]
		}
	}
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

// unread are people whose calendars were not read in this round, and to whose series the plan wants to write.
func (k known) unread(changes []plan.Change) []string {
	ids := map[string]bool{}
	for _, c := range changes {
		for _, id := range []string{c.Calendar, c.Pair.Manager, c.Pair.Report} {
			if _, known := k.people[id]; known && !k.read[id] {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
