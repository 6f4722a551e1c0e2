package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// looked is what calendars say, as far as a round has looked at them.
type looked struct {
	of        map[string]observed          // by person
	read      map[string]bool              // people whose calendars were read in this round, or could not be
	interests map[string]provider.Interest // what they were searched for, where that is not what the journal has
	confirmed map[string]bool              // people whose confirmation was used
	late      map[string]bool              // people whose calendars are still being read
	unlisted  unlisted
	outages   map[Subject]Outage
	failures  []Failure
	busy      *busyTimes
}

// observed is series.Observed as it is kept throughout a round: those of everybody would be too much at once.
type observed struct {
	is, was       series.Packed
	stale, missed bool
}

func (o observed) looked() series.Looked {
	return series.Looked{At: o.is.At, Before: o.was.At, Missed: o.stale || o.missed}
}

func (o observed) unpacked() series.Observed {
	out := series.Observed{Snapshot: o.is.Snapshot(), Stale: o.stale, Missed: o.missed}
	if out.Last = out.Snapshot; !o.is.Same(o.was) {
		out.Last = o.was.Snapshot()
	}
	out.Last.At, out.Last.FullAt, out.Last.Cursor = o.was.At, o.was.FullAt, o.was.Cursor
	return out
}

// unpacked are the calendars of everybody.
func (l looked) unpacked() map[string]series.Observed {
	out := make(map[string]series.Observed, len(l.of))
	for id, o := range l.of {
		out[id] = o.unpacked()
	}
	return out
}

// unseen is what is said before any calendar is looked at.
func (g *given) unseen() looked {
	return looked{busy: g.busyTimes(), unlisted: unlisted{of: g.mem.Standing.Wrote}}
}

// remembered takes what is known of these people's calendars for what they say.
func (g *given) remembered(ids []string) looked {
	l := g.unseen()
	l.of, l.outages = make(map[string]observed, len(ids)), map[Subject]Outage{}
	for _, id := range ids {
		snap, ok := g.mem.Snapshots[id]
		_, broken := g.mem.Outages[CalendarOf(id)]
		l.of[id] = observed{is: snap, was: snap, stale: broken || !ok}
		maps.Copy(l.outages, emptied(id, snap))
	}
	return l
}

// after is what was looked at first, with what was looked at then.
func (l looked) after(first looked) looked {
	before := maps.Clone(first.outages)
	maps.DeleteFunc(before, func(s Subject, _ Outage) bool {
		now, again := l.of[s.Person]
		return s.Matter == MatterCalendar && again && !now.stale
	})
	l.of, l.read, l.late = merged(first.of, l.of), merged(first.read, l.read), merged(first.late, l.late)
	l.interests, l.confirmed = merged(first.interests, l.interests), merged(first.confirmed, l.confirmed)
	l.outages, l.failures = merged(before, l.outages), slices.Concat(first.failures, l.failures)
	return l
}

// merged are the entries of both; of those of one key, then's.
func merged[K comparable, V any](first, then map[K]V) map[K]V {
	out := make(map[K]V, max(len(first), len(then)))
	maps.Copy(out, first)
	maps.Copy(out, then)
	return out
}

// due are the people whose calendars are read now, and the others: what is known of those is taken for what they say.
func (r *Reconciler) due(g *given) (due, others []string) {
	behind := map[string]bool{} // whose listing does not show yet what was written
	for _, w := range g.mem.Standing.Wrote {
		behind[w.Person] = true
	}
	for _, id := range g.everybody() {
		p, last := g.people[id], g.mem.Snapshots[id]
		_, broken := g.mem.Outages[CalendarOf(id)]
		was := g.mem.People[id]
		other := was.Calendar != p.Calendar || was.Email != p.Email || was.Zone != p.Zone
		if r.Due == nil || g.asked() || broken || other || behind[id] || r.readings.under(id) || g.mem.Confirmed[id] ||
			last.At.IsZero() || last.At.After(g.now) || last.Interest() != g.interest(p).Hash() || r.Due(p, last) {
			due = append(due, id)
		} else {
			others = append(others, id)
		}
	}
	return due, others
}

// errand is what calendars are looked at for.
type errand struct {
	ids     []string // of people
	again   bool     // they were written to in this round: what was begun to be read before that is of no use
	patient bool     // none is left out because it takes long, also where nobody asked for it
}

// read reads the calendars of these people, and returns what is then known of all that were looked at. Those that are
// not read in time, while others are, are late: nothing is taken from them, and the round goes on.
func (r *Reconciler) read(ctx context.Context, g *given, cals *calendars, first looked, e errand) looked {
	got, interests := r.readAll(ctx, g, cals, first, e)
	l := looked{
		of:        make(map[string]observed, len(e.ids)),
		read:      make(map[string]bool, len(e.ids)),
		interests: interests,
		confirmed: map[string]bool{},
		late:      map[string]bool{},
		unlisted:  first.unlisted.clone(),
		outages:   map[Subject]Outage{},
		busy:      first.busy,
	}
	for _, id := range e.ids {
		a, was := got[id], g.mem.Snapshots[id]
		_, broken := g.mem.Outages[CalendarOf(id)]
		o := observed{is: a.snap, was: was, missed: broken || was.At.IsZero()}
		l.read[id] = true
		switch {
		case a.late:
			o.is, o.stale, l.late[id] = was, true, true
			maps.Copy(l.outages, g.slow(id, a))
		case a.err != nil:
			o.is, o.stale = was, true
			out := unread(id, a.err)
			l.outages[CalendarOf(id)] = out
			l.failures = append(l.failures, Failure{CalendarOf(id), a.err, out.Hint})
			r.Log.Debug().Str("person", id).Str("kind", out.Kind).Err(a.err).Msg("calendar cannot be read")
		default:
			before := was
			if e.again {
				before = first.of[id].is
			}
			if g.mem.Confirmed[id] {
				l.confirmed[id] = true
			}
			maps.Copy(l.outages, emptied(id, a.snap))
			var behind map[Subject]Outage
			o.is, behind = r.amend(ctx, g, cals, id, a.snap, before, l.unlisted)
			maps.Copy(l.outages, behind)
			if o.is.Same(was) { // one of two that are equal is enough
				o.is = was.With(o.is.At, o.is.FullAt, o.is.Cursor)
			}
		}
		l.of[id] = o
	}
	return l.after(first)
}

// amend adds to what was read what a round knows beside it, and brings up to date what listings do not show yet;
// before is what was known of the calendar. It returns what is wrong with the listing.
func (r *Reconciler) amend(ctx context.Context, g *given, cals *calendars, id string, is, before series.Packed,
	u unlisted) (series.Packed, map[Subject]Outage) {
	if !u.on(id) && len(u.ended) == 0 && is.Same(before) {
		return is, nil
	}
	s := is.Snapshot()
	r.Log.Debug().
		Str("person", id).
		Int("series", len(s.Series)).
		Int("copies", len(s.Copies)).
		Int("busy", len(s.Busy)).
		Int("gone", len(s.Gone)).
		Msg("calendar read")
	out := r.catchUp(ctx, g, cals, id, &s, u)
	s.Remember(before.Snapshot())
	s.Gone = u.own(s.Gone)
	return series.Pack(s), out
}

// slow is what is out when a calendar is still being read: nothing, until that takes longer than a slow server does.
func (g *given) slow(id string, a answer) map[Subject]Outage {
	o, was := g.mem.Outages[CalendarOf(id)]
	if !was && g.now.Sub(a.began) < slowness {
		return nil
	}
	if !was {
		o = unread(id, &provider.Error{
			Kind: provider.Transient,
			Op:   "observe",
			Hint: "check that the server runs and no firewall is between",
			Err:  provider.Reached(context.DeadlineExceeded),
		})
	}
	return map[Subject]Outage{CalendarOf(id): o}
}

// unread is the outage of a person's calendar that cannot be read.
func unread(id string, err error) Outage {
	return Outage{
		Kind:  provider.KindOf(err).String(),
		Cause: provider.CauseOf(err),
		Text:  fmt.Sprintf("the calendar of %s cannot be read: %v", id, err),
		Hint:  provider.HintOf(err),
	}
}

// emptied is the outage of a calendar that cannot be believed in all it says.
func emptied(id string, s series.Packed) map[Subject]Outage {
	if !s.Emptied() {
		return nil
	}
	return map[Subject]Outage{{Matter: MatterEmptied, Person: id}: {
		Kind:  "emptied",
		Cause: "it shows nothing at all, though there were series",
		Text: fmt.Sprintf(
			"the calendar of %s shows nothing at all, though there were series: nothing is taken for deleted",
			id,
		),
		Hint: "look at that calendar; `holdfast calendar confirm-empty " + id + "` says that it is empty",
	}}
}
