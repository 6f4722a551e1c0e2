package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// Explanation is why a pair has its slot, or would get it.
type Explanation struct {
	slotting.Reasoning
	Want   series.Series
	Booked bool      // it is on the calendar; else this is what the next round would book
	Seen   time.Time // as of when the journal has the calendars: they may have shown the same since
	Weeks  int       // how far ahead other events count
}

// recall is what is known; where nothing is known yet, what calendars say now.
func (r *Reconciler) recall(ctx context.Context) (known, error) {
	g, err := r.begin(ctx, nil, r.wanted)
	if err != nil {
		return known{}, err
	}
	k := known{given: g, lines: g.lines, docs: g.mem.Documents}
	if !g.mem.Empty {
		k.looked = g.remembered(g.everybody())
		return k, nil
	}
	k.looked = r.read(ctx, g, r.calendars(), g.unseen(), errand{ids: g.everybody(), patient: true})
	return k, ctx.Err()
}

// Explain tells why the pair has its slot or would get it, and what the n next best would cost everybody. Calendars are
// asked only where nothing is known of them yet.
func (r *Reconciler) Explain(ctx context.Context, pair series.Pair, n int) (Explanation, error) {
	k, err := r.recall(ctx)
	if err != nil {
		return Explanation{}, err
	}
	o := newOffice()
	o.gather(k, o.affected(k).all)
	at := slices.IndexFunc(o.views, func(v *series.View) bool { return v.Pair == pair && v.Wanted })
	if at < 0 {
		return Explanation{}, fmt.Errorf("the roster has no pair %s", pair)
	}
	v := o.views[at]
	out := Explanation{
		Want:   v.Want,
		Booked: v.Head() != nil && !v.Head().Ended(k.now),
		Seen:   v.At,
		Weeks:  k.policy.HorizonWeeks,
	}
	in := standing(k, o, pairs{pair: true})
	is := func(w series.Series) bool { return w.Pair == pair }
	if slices.ContainsFunc(in.Want, is) || slices.ContainsFunc(in.Stand, is) {
		out.Reasoning, err = slotting.Explain(in, pair, n)
		return out, err
	}
	switch {
	case v.Stale:
		return out, fmt.Errorf("a calendar of %s cannot be read", pair)
	case len(v.Candidates) > 0:
		return out, fmt.Errorf("%s already has a 1:1 of its own, whose slot is taken", pair)
	}
	return out, fmt.Errorf("%s gets no slot now: its series was ended, or is over", pair)
}

// PersonWeek is what a person's week looks like. It holds times, and of other events nothing else.
type PersonWeek struct {
	Person series.Person
	Monday series.Date
	Booked []series.Booking
	Busy   []series.Interval
	Seen   time.Time // as of when the journal has the calendar; zero: it was never read
	Stale  bool      // it could not be read since
}

// Week is the person's week from monday on, as it was last seen.
func (r *Reconciler) Week(ctx context.Context, person string, monday series.Date) (PersonWeek, error) {
	k, err := r.recall(ctx)
	if err != nil {
		return PersonWeek{}, err
	}
	out := PersonWeek{Monday: monday}
	for _, w := range k.lines.all {
		for _, p := range []series.Person{w.Manager, w.Report} {
			if p.ID == person {
				out.Person = p
			}
		}
	}
	if out.Person.ID == "" {
		return out, fmt.Errorf("%s has no 1:1 in the roster", person)
	}
	from, to := series.Instant(monday, 0, out.Person.Zone), series.Instant(monday.AddDays(7), 0, out.Person.Zone)
	seen := k.of[person]
	_, broken := k.mem.Outages[CalendarOf(person)]
	out.Seen, out.Stale = seen.is.At, seen.stale || broken
	out.Busy = Busy(seen.is.Events(), from, to, k.policy.AllDay)
	o := newOffice()
	o.gather(k, o.affected(k).all)
	for b := range series.NewAgenda(o.views, nil, from.AddDate(0, 0, -1), to).Booked(person, from, to) {
		out.Booked = append(out.Booked, *b)
	}
	slices.SortStableFunc(out.Booked, func(a, b series.Booking) int { return a.Start.Compare(b.Start) })
	return out, nil
}
