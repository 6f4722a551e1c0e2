package reconcile

import (
	"context"
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
// slots and makes the plan. What is known has the slots from then on.
func decide(k known, o *office, was decided, a affected) (known, decided) {
	gathered := o.gather(k, a.all)
	was.judge, was.news = union(was.judge, gathered), union(was.news, a.news)
	was.choice = choose(k, o, was.judge)
	k.lines = k.lines.with(was.choice.slots)
	return k, replan(k, o, was, union(gathered, o.gather(k, was.choice.among)))
}

// replan makes the plan of what was chosen, now that these pairs have new views.
func replan(k known, o *office, was decided, gathered pairs) decided {
	d := judge(k, o, was, union(gathered, o.fit(k, was.choice, gathered)))
	d.plan, d.outages = diff(k, o, d.judge, d.choice)
	d.since = nil
	return d
}

// rejudge judges the pairs that are affected by what was done of the plan, or shows after it was made.
func rejudge(k known, o *office, was decided, a affected) decided {
	gathered := o.gather(k, a.all)
	was.news, was.since = union(was.news, a.news), union(was.since, gathered)
	return judge(k, o, was, union(gathered, o.fit(k, was.choice, gathered)))
}

// judge judges more pairs.
func judge(k known, o *office, was decided, more pairs) decided {
	was.judge = union(was.judge, more)
	o.fill(k, was.judge)
	return was
}

// relink plans anew with these links to documents.
func relink(k known, o *office, was decided, links map[series.Pair]string) (known, decided) {
	k.lines = k.lines.linked(links)
	other := pairs{}
	for p := range links {
		other[p] = true
	}
	return k, replan(k, o, was, o.gather(k, other))
}

// readFirst reads the calendars that the plan wants to write to and that were not read yet, and decides anew.
func (r *Reconciler) readFirst(ctx context.Context, k known, cals *calendars, o *office, d decided) (known, decided) {
	ids := k.unread(d.plan.Changes)
	if len(ids) == 0 {
		return k, d
	}
	k.looked = r.read(ctx, k.given, cals, k.looked, errand{ids: ids})
	return decide(k, o, d, o.moved(k, ids))
}

// readAgain reads calendars that were written to or are worth another look, and judges what they now say.
func (r *Reconciler) readAgain(ctx context.Context, k known, cals *calendars, o *office, d decided, ids []string) (
	known, decided) {
	if len(ids) == 0 {
		return k, d
	}
	k.looked = r.read(ctx, k.given, cals, k.looked, errand{ids: ids, again: true})
	return k, rejudge(k, o, d, o.moved(k, ids))
}

// unread are people whose calendars were not read in this round, and to whose series the changes are.
func (k known) unread(changes []plan.Change) []string {
	ids := map[string]bool{}
	for _, c := range changes {
		for _, id := range k.unreadOf(c.Calendar, c.Pair.Manager, c.Pair.Report) {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// unreadOf are those of these people whose calendars are observed, and were not read in this round.
func (k known) unreadOf(ids ...string) []string {
	return slices.DeleteFunc(ids, func(id string) bool {
		_, observed := k.people[id]
		return !observed || k.read[id]
	})
}
