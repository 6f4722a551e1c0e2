package reconcile

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// judging is which pairs a round judges, and what it knows of the others.
type judging struct {
	office    *office
	expanded  expanded
	judge     map[series.Pair]bool // those that are judged in this round
	fresh     map[series.Pair]bool // of judge: those of which it is not known whether their slots are fit
	unplanned map[series.Pair]bool // those that got new views since they were planned for
	timed     map[series.Pair]bool // those that are judged for something new, and not because they always are
	others    map[string]bool      // people whose calendars are others than they were
	begun     bool                 // views were gathered
	looked    []string             // people whose calendars were read since then
}

// newJudging judges all pairs.
func newJudging() judging {
	return judging{
		office:    newOffice(),
		expanded:  expanded{of: map[string]expansion{}},
		judge:     map[series.Pair]bool{},
		fresh:     map[series.Pair]bool{},
		unplanned: map[series.Pair]bool{},
		timed:     map[series.Pair]bool{},
		others:    map[string]bool{},
	}
}

// gather gives the pairs new views, and all those whose 1:1s may be in the way of theirs, and notes them as those to be
// judged in this round.
func (x *round) gather(pairs map[series.Pair]bool) {
	o := x.office
	keys := map[string]bool{}
	for p, v := range x.viewsOf(pairs) {
		for _, k := range o.put(p, v) {
			keys[k] = true
		}
	}
	beside := map[series.Pair]bool{}
	for k := range keys {
		for _, p := range o.near[k] {
			// A room is in the way of nothing but what is looked for anew.
			_, unfit := o.unfit[p]
			lost := func(f drift.Flag) bool { return f.Makeups != nil }
			if !isRoom(k) || unfit || slices.ContainsFunc(o.desks[p].found.Flags, lost) {
				beside[p] = true
			}
		}
	}
	maps.DeleteFunc(beside, func(p series.Pair, _ bool) bool { return pairs[p] })
	for p, v := range x.viewsOf(beside) {
		o.put(p, v)
	}
	for _, list := range []map[series.Pair]bool{pairs, beside} {
		maps.Copy(x.judge, list)
		maps.Copy(x.fresh, list)
		maps.Copy(x.unplanned, list)
	}
	x.out.Views = o.all()
}

// partSize is Options.Part where it is not given.
const partSize = 500

// parts are the pairs, some at a time, those of a manager together.
func (x *round) parts(pairs map[series.Pair]bool) iter.Seq[map[series.Pair]bool] {
	return func(yield func(map[series.Pair]bool) bool) {
		for part := range slices.Chunk(slices.SortedFunc(maps.Keys(pairs), series.Pair.Compare), cmp.Or(x.Part, partSize)) {
			set := make(map[series.Pair]bool, len(part))
			for _, p := range part {
				set[p] = true
			}
			if !yield(set) {
				return
			}
		}
	}
}

// viewsOf are new views of these pairs, nil for those of which there is nothing (any more).
func (x *round) viewsOf(pairs map[series.Pair]bool) map[series.Pair]*series.View {
	out := make(map[series.Pair]*series.View, len(pairs))
	for part := range x.parts(pairs) {
		lines, observed := map[int]bool{}, map[string]series.Observed{}
		for p := range part {
			out[p] = nil
			for _, id := range []string{p.Manager, p.Report} {
				for _, i := range x.wantedOf[id] {
					lines[i] = true
				}
				if o, ok := x.observed[id]; ok {
					observed[id] = o.unpacked()
				}
			}
		}
		for id, busy := range x.busyOf(part) {
			o := observed[id]
			o.Busy = busy
			observed[id] = o
		}
		want := make([]series.Series, 0, len(lines))
		for _, i := range slices.Sorted(maps.Keys(lines)) {
			want = append(want, x.want[i])
		}
		for _, v := range series.Gather(want, observed) {
			if part[v.Pair] {
				out[v.Pair] = v
			}
		}
	}
	return out
}

// affected are the pairs of which something else is known than when they were judged: the roster's line, a calendar,
// what the journal has, or the time. Asked again in a round, it is those of calendars that were read since.
func (x *round) affected() map[series.Pair]bool {
	o, out := x.office, map[series.Pair]bool{}
	if x.begun {
		for _, id := range x.looked {
			x.see(id, out)
		}
		x.looked = nil
		maps.Copy(x.timed, out)
		return out
	}
	x.begun, x.looked = true, nil
	wanted := make(map[series.Pair]bool, len(x.want))
	for i := range x.want {
		w := &x.want[i]
		wanted[w.Pair] = true
		if d := o.desks[w.Pair]; d == nil || !d.view.Wanted || !reflect.DeepEqual(&d.view.Want, w) {
			out[w.Pair] = true
		}
	}
	for id := range x.observed {
		x.see(id, out)
	}
	for id, was := range o.seen {
		if _, still := x.observed[id]; !still {
			x.involved(id, was.is, out)
			delete(o.seen, id)
			delete(o.doubts, id)
		}
	}
	for p, d := range o.desks {
		due := d.view.Wanted != wanted[p] || !d.kept.equal(x.kept(p))
		for i, at := range x.hands(p) {
			due = due || !at.Before(d.next[i])
		}
		if due {
			out[p] = true
		}
	}
	maps.Copy(x.timed, out)
	for p, d := range o.desks {
		if d.again {
			out[p] = true
		}
	}
	maps.Copy(out, x.unsettled)
	return out
}

// see adds the pairs of the person if their calendar is another than it was, or was another in the round before: then
// what it was before that is another now.
func (x *round) see(id string, to map[series.Pair]bool) {
	o, s := x.office, x.observed[id]
	was, known := o.seen[id]
	if !s.is.Same(s.was) {
		x.others[id] = true
	}
	switch same := known && was.stale == s.stale && was.missed == s.missed && was.is.Same(s.is); {
	case !same:
		x.involved(id, was.is, to)
		if doubts := s.is.ZoneDoubts(); len(doubts) > 0 {
			o.doubts[id] = doubts
		} else {
			delete(o.doubts, id)
		}
	case !o.again[id]:
		return
	}
	delete(o.again, id)
	x.involved(id, s.is, to)
	o.seen[id] = seen{s.is, s.stale, s.missed}
}

// involved adds the pairs that a person's calendar may say anything of.
func (x *round) involved(id string, s series.Packed, to map[series.Pair]bool) {
	for _, i := range x.wantedOf[id] {
		to[x.want[i].Pair] = true
	}
	for _, p := range x.office.near[id] {
		to[p] = true
	}
	for p := range s.Pairs() {
		if p.Has(id) {
			to[p] = true
		}
	}
}

// underWay are the pairs that are judged in any case, as the journal has them: something is not done, or waits for a
// second look.
func underWay(mem Memory) map[series.Pair]bool {
	out := map[series.Pair]bool{}
	for _, p := range mem.Pending {
		out[p.Pair] = true
	}
	for to := range mem.Tries {
		out[to.Pair] = true
	}
	for _, h := range mem.Standing.Held {
		out[h.Pair] = true
	}
	for _, f := range mem.Standing.Failing {
		out[f.Pair] = true
	}
	for _, w := range mem.Standing.Wrote {
		out[w.Pair] = true
	}
	for s := range mem.Outages {
		out[s.Pair] = true
	}
	delete(out, series.Pair{})
	return out
}

// fill gives a whole view to those of the pairs to judge that have only a lean one: nothing about them is known anew.
func (x *round) fill() {
	lean := map[series.Pair]bool{}
	for p := range x.judge {
		if d := x.office.desks[p]; d != nil && d.lean {
			lean[p] = true
		}
	}
	for p, v := range x.viewsOf(lean) {
		x.office.put(p, v)
	}
	if len(lean) > 0 {
		x.out.Views = x.office.all()
	}
}

// judged are the views of the pairs to judge, by pair.
func (x *round) judged() []*series.View { return x.office.of(x.judge) }

// kept is what the journal has of a pair, and its flags and outcomes depend on.
type kept struct {
	frozen   series.Week
	flags    []drift.Flag // that are open
	times    []string
	findings []drift.Finding
}

// kept is what the journal has of the pair.
func (x *round) kept(p series.Pair) kept {
	return kept{x.mem.Frozen[p], x.openOf[p], x.mem.TimesSeen[p], x.mem.Documents[p].Findings}
}

func (k kept) equal(l kept) bool {
	return k.frozen == l.frozen && slices.Equal(k.times, l.times) && slices.Equal(k.findings, l.findings) &&
		(len(k.flags)+len(l.flags) == 0 || reflect.DeepEqual(k.flags, l.flags))
}
