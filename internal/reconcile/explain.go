package reconcile

import (
	"context"
	"fmt"
	"maps"
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

// recall is a round of what is known; where nothing is known yet, of what calendars say now.
func (r *Reconciler) recall(ctx context.Context) (*round, error) {
	x, err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	if x.mem.Empty {
		x.observe(ctx, slices.Sorted(maps.Keys(x.people)), false)
		return x, ctx.Err()
	}
	x.remembered()
	return x, nil
}

// Explain tells why the pair has its slot or would get it, and what the n next best would cost everybody. Calendars are
// asked only where nothing is known of them yet.
func (r *Reconciler) Explain(ctx context.Context, pair series.Pair, n int) (Explanation, error) {
	x, err := r.recall(ctx)
	if err != nil {
		return Explanation{}, err
	}
	x.gather(x.affected())
	views := x.out.Views
	at := slices.IndexFunc(views, func(v *series.View) bool { return v.Pair == pair && v.Wanted })
	if at < 0 {
		return Explanation{}, fmt.Errorf("the roster has no pair %s", pair)
	}
	v := views[at]
	out := Explanation{Want: v.Want, Booked: v.Head() != nil && !v.Head().Ended(x.now), Seen: v.At, Weeks: x.Policy.HorizonWeeks}
	in := x.standing(map[series.Pair]bool{pair: true})
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
	x, err := r.recall(ctx)
	if err != nil {
		return PersonWeek{}, err
	}
	out := PersonWeek{Monday: monday}
	for _, w := range x.want {
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
	here := func(i series.Interval) bool { return i.Start.Before(to) && from.Before(i.End) }
	o := x.observed[person]
	_, broken := x.mem.Outages[CalendarOf(person)]
	out.Seen, out.Stale = o.is.At, o.stale || broken
	for _, i := range x.allDay(expand(o.is.Bare(), from.AddDate(0, 0, -7), to)) {
		if here(i) {
			out.Busy = append(out.Busy, i)
		}
	}
	x.gather(x.affected())
	for _, b := range series.Bookings(x.out.Views, from.AddDate(0, 0, -1), to)[person] {
		if here(b.Interval) {
			out.Booked = append(out.Booked, b)
		}
	}
	slices.SortStableFunc(out.Booked, func(a, b series.Booking) int { return a.Start.Compare(b.Start) })
	return out, nil
}
