package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// maxDeliveries is how often a day one pair's copies are written: more is a fight with the server or another program.
const maxDeliveries = 24

// deliveries is how often each pair's copies were written on a day, by calendar and pair.
type deliveries struct {
	day series.Date
	of  map[string]int
}

// more counts one, and reports whether it is one too many.
func (d *deliveries) more(today series.Date, calendar string, p series.Pair) bool {
	if d.of == nil || today != d.day {
		*d = deliveries{today, map[string]int{}}
	}
	key := calendar + " " + p.String()
	d.of[key]++
	return d.of[key] > maxDeliveries
}

// attempt is a delivery of this round.
type attempt struct {
	what   string // plan.Delivery.What
	counts bool   // towards giving up
}

// delivered is what became of a round's deliveries.
type delivered struct {
	tried    map[plan.Target]attempt
	n        int             // how many were made
	to       map[string]bool // people whose calendars were written
	failures []Failure
}

// after is what became of these and of others before.
func (d delivered) after(first delivered) delivered {
	d.tried, d.n = merged(first.tried, d.tried), first.n+d.n
	d.failures = slices.Concat(first.failures, d.failures)
	return d
}

// deliverAll makes the deliveries that are due, and those that follow: what an attendee answered may let the next one
// through. Where somebody asked they are those of their pairs.
func (r *Reconciler) deliverAll(ctx context.Context, k known, cals *calendars, o *office, d decided) (
	sent delivered, now known, then decided) {
	for range 3 {
		due := pairs{}
		for _, x := range plan.Deliveries(o.of(d.judge), k.asks, k.now) {
			if !k.asked() || k.askedFor(x.Pair) {
				due[x.Pair] = true
			}
		}
		o.spell(k, due)
		if sent = r.deliver(ctx, k.given, cals, o.of(due), sent); len(sent.to) == 0 {
			break
		}
		k, d = r.readAgain(ctx, k, cals, o, d, slices.Sorted(maps.Keys(sent.to)))
	}
	return sent, k, d
}

// deliver makes the deliveries of a scheduling agent that are due for these pairs. What was tried in this round is not
// tried again, nor what did not show in several rounds, unless somebody asked for it.
func (r *Reconciler) deliver(ctx context.Context, g *given, cals *calendars, views []*series.View,
	first delivered) delivered {
	out := delivered{tried: map[plan.Target]attempt{}, to: map[string]bool{}}
	var due []plan.Delivery
	for _, d := range plan.Deliveries(views, g.asks, g.now) {
		to := d.Target()
		invited := slices.ContainsFunc(g.asks, func(a plan.Ask) bool { return a.Invite && a.Pair == d.Pair })
		if first.tried[to].what == d.What || d.Failed(g.mem.Tries) && !invited {
			continue
		}
		out.tried[to] = attempt{d.What, true}
		if r.deliveries.more(series.DateOf(g.now.UTC()), d.Calendar, d.Pair) {
			r.Log.Debug().Stringer("pair", d.Pair).Msg("too many deliveries today: something undoes them")
			continue
		}
		out.to[d.Calendar] = true
		due = append(due, d)
	}
	keys := make([][]string, len(due))
	for i, d := range due {
		keys[i] = []string{d.Calendar}
	}
	lanes := lanesOf(keys, func(i int) string { return g.people[due[i].Calendar].Calendar })
	errs := r.inLanes(ctx, lanes, func(ctx context.Context, i int) error {
		cal, err := cals.calendar(g.people[due[i].Calendar])
		if err != nil {
			return err
		}
		return deliverOne(ctx, cal, due[i])
	})
	for i, d := range due {
		err := errs[i]
		switch kind := provider.KindOf(err); {
		case err == nil:
			out.n++
		case kind == provider.Transient:
			out.tried[d.Target()] = attempt{d.What, false} // it passes
			fallthrough
		case kind != provider.Conflict:
			failure := fmt.Errorf("deliver the invitation of %s: %w", d.Pair, err)
			out.failures = append(out.failures, Failure{BookingOf(d.Pair), failure, provider.HintOf(err)})
		}
		r.Log.Debug().Stringer("pair", d.Pair).Str("calendar", d.Calendar).Int("delivery", i).Err(err).Msg("delivered")
	}
	return out.after(first)
}

// deliverOne makes one delivery on the calendar.
func deliverOne(ctx context.Context, cal provider.Calendar, d plan.Delivery) error {
	var err error
	if d.Event != nil {
		_, err = cal.Deliver(ctx, d.Ref, *d.Event, d.Attendee)
	} else {
		_, err = cal.Answer(ctx, d.Ref, d.Attendee, d.Answers)
	}
	return err
}

// tries are the deliveries that do not show after they were tried in this round and before, and copies that no server
// delivered.
func (k known) tries(judged []*series.View, tried map[plan.Target]attempt) map[plan.Target]plan.Try {
	out := map[plan.Target]plan.Try{}
	for _, v := range judged {
		for to, t := range k.mem.Tries {
			if to.Pair == v.Pair && (v.Stale || v.Suspect || v.Missing()) {
				out[to] = t // nothing is known of it now
			}
		}
	}
	for _, d := range append(plan.Deliveries(judged, nil, k.now), plan.Absent(judged, k.now)...) {
		to := d.Target()
		t := k.mem.Tries[to]
		if t.What != d.What {
			t = plan.Try{What: d.What}
		}
		if tried[to] == (attempt{d.What, true}) || d.Event == nil && d.Answers == nil && k.read[d.Calendar] {
			t.Rounds++
		}
		if t.Rounds > 0 {
			out[to] = t
		}
	}
	return out
}

// undelivered are those of the pairs of which a delivery was tried in vain, with what it was in words.
func undelivered(views []*series.View, tries map[plan.Target]plan.Try, now time.Time) map[series.Pair]string {
	out := map[series.Pair]string{}
	if len(tries) == 0 {
		return out
	}
	for _, d := range append(plan.Deliveries(views, nil, now), plan.Absent(views, now)...) {
		if d.Failed(tries) {
			out[d.Pair] = d.Words()
		}
	}
	return out
}
