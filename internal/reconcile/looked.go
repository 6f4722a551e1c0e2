package reconcile

import (
	"maps"
	"slices"

	"holdfast/internal/lineage"
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

// observed is lineage.Observed as it is kept throughout a round: those of everybody would be too much at once.
type observed struct {
	is, was       series.Packed
	stale, missed bool
}

func (o observed) looked() lineage.Looked {
	return lineage.Looked{At: o.is.At, Before: o.was.At, Missed: o.stale || o.missed}
}

// unpacked is it with the Raw of its events, or without those that no decision depends on.
func (o observed) unpacked(raw bool) lineage.Observed {
	unpack := func(p series.Packed) series.Snapshot {
		if raw || p.Gone() {
			return p.Snapshot()
		}
		return p.Events()
	}
	out := lineage.Observed{Snapshot: unpack(o.is), Stale: o.stale, Missed: o.missed}
	if out.Last = out.Snapshot; !o.is.Same(o.was) {
		out.Last = unpack(o.was)
	}
	out.Last.At, out.Last.FullAt, out.Last.Cursor = o.was.At, o.was.FullAt, o.was.Cursor
	return out
}

// unpacked are the calendars of everybody.
func (l looked) unpacked() map[string]lineage.Observed {
	out := make(map[string]lineage.Observed, len(l.of))
	for id, o := range l.of {
		out[id] = o.unpacked(false)
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
		if broken {
			l.outages[CalendarOf(id)] = g.mem.Outages[CalendarOf(id)]
		}
	}
	for _, w := range g.mem.Standing.Wrote {
		of := Subject{Matter: MatterListing, Pair: w.Pair}
		o, out := g.mem.Outages[of]
		if _, here := l.of[w.Person]; here && out {
			l.outages[of] = o
		}
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
