package reconcile

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// office is what a Reconciler keeps from one round to the next: what was judged of each pair, and from what. A round
// judges those pairs again of which something else is known by now; with an empty office it judges all, and comes to
// the same result.
type office struct {
	at       time.Time // of the round
	desks    map[series.Pair]*desk
	near     map[string]map[series.Pair]bool // the pairs that a person or a room has to do with, by keys of desks
	seen     map[string]seen                 // calendars as they were last looked at, by person id
	doubts   map[string][]string             // by person id, what zones their calendar has other clocks of (Snapshot.ZoneDoubts)
	policy   plan.Policy
	zoneData string
	again    map[string]bool // people whose calendars were others in the round before
	unfit    map[series.Pair]drift.Unfit
	better   map[series.Pair]plan.Better // what is proposed to the unfit ones
	views    []*series.View              // of all desks, by pair; nil: to be put together anew
}

func newOffice() *office {
	return &office{
		desks:  map[series.Pair]*desk{},
		near:   map[string]map[series.Pair]bool{},
		seen:   map[string]seen{},
		doubts: map[string][]string{},
		again:  map[string]bool{},
		unfit:  map[series.Pair]drift.Unfit{},
		better: map[series.Pair]plan.Better{},
	}
}

// seen is a calendar as it was looked at.
type seen struct {
	series.Snapshot
	Stale, Missed bool
}

// desk is what was judged of a pair, and from what.
type desk struct {
	view  *series.View
	keys  []string
	draft plan.Draft
	found drift.Found
	kept                        // what the journal had of the pair
	next  [clockHands]time.Time // when time alone may change what is judged: see hands
	again bool                  // it is to be judged in the next round, whatever happens
}

// kept is what the journal has of a pair, and its flags and outcomes depend on.
type kept struct {
	frozen   series.Week
	flags    []drift.Flag // that are open
	times    []string
	findings []drift.Finding
}

// The hands of the clock of a pair: what is judged of it depends on what moments each of them has passed.
const (
	handNow    = iota // the round's
	handRead          // when its calendars were read
	handBefore        // when they were read the time before
	clockHands
)

// hands are where they stand for the pair.
func (x *round) hands(p series.Pair) [clockHands]time.Time {
	read, before := series.Read(p, x.observed)
	return [clockHands]time.Time{x.now, read, before}
}

// all are the views of all pairs, by pair.
func (o *office) all() []*series.View {
	if o.views == nil {
		o.views = make([]*series.View, 0, len(o.desks))
		for _, d := range o.desks {
			o.views = append(o.views, d.view)
		}
		slices.SortFunc(o.views, func(a, b *series.View) int { return a.Pair.Compare(b.Pair) })
	}
	return o.views
}

// keysOf are what two 1:1s at one time cannot share, of all that the view has: ids of people, and rooms.
func keysOf(v *series.View) []string {
	places := map[string]bool{v.Want.Place: v.Wanted}
	for _, list := range [][]series.Event{v.Chain, v.Candidates} {
		for i := range list {
			places[list[i].Place] = true
			for _, o := range list[i].Overrides {
				places[o.Place] = true
			}
		}
	}
	out := []string{v.Pair.Manager, v.Pair.Report}
	for place, is := range places {
		if is && series.IsRoom(place) {
			out = append(out, room+series.Digest(place))
		}
	}
	return out
}

// room begins the key of a room; no id has a space.
const room = "in "

func isRoom(key string) bool { return strings.HasPrefix(key, room) }

// put gives the pair's desk a view, nil to clear it away. If its 1:1s take other time than they did, it returns the keys
// of all to whom that matters.
func (o *office) put(p series.Pair, v *series.View) (keys []string) {
	d := o.desks[p]
	switch {
	case d == nil && v == nil:
		return nil
	case d == nil:
		d = &desk{}
		o.desks[p] = d
	case v != nil && sameBookings(d.view, v):
		d.view, o.views = v, nil
		return nil
	}
	keys, o.views = d.keys, nil
	for _, k := range d.keys {
		if delete(o.near[k], p); len(o.near[k]) == 0 {
			delete(o.near, k)
		}
	}
	if v == nil {
		delete(o.desks, p)
		return keys
	}
	d.view, d.keys = v, keysOf(v)
	for _, k := range d.keys {
		if o.near[k] == nil {
			o.near[k] = map[series.Pair]bool{}
		}
		o.near[k][p] = true
	}
	return append(slices.Clip(keys), d.keys...)
}

// sameBookings reports whether both views have the 1:1s at the same time and place (series.Bookings).
func sameBookings(a, b *series.View) bool {
	return a.Wanted == b.Wanted && reflect.DeepEqual(a.Chain, b.Chain) && reflect.DeepEqual(a.Candidates, b.Candidates) &&
		reflect.DeepEqual(a.StandIns, b.StandIns) && a.Want.Place == b.Want.Place && a.Want.Slot == b.Want.Slot
}

// sit gives the round the office of the last one, as far as that is of any use. alone: what the round is about to write
// is only that of the pairs that somebody asked for, and nobody can go on from there.
func (x *round) sit(alone bool) {
	o := x.Reconciler.office
	x.Reconciler.office = nil
	if o != nil && !alone && !x.now.Before(o.at) && o.policy == x.Policy && o.zoneData == x.ZoneData {
		x.office = o
	}
}

// leave gives the office back, for the next round.
func (x *round) leave() {
	x.settle()
	x.office.at, x.office.again, x.office.policy, x.office.zoneData = x.now, x.others, x.Policy, x.ZoneData
	x.Reconciler.office = x.office
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
		for p := range o.near[k] {
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
					observed[id] = o
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
			x.involved(id, was.Snapshot, out)
			delete(o.seen, id)
			delete(o.doubts, id)
		}
	}
	for p, d := range o.desks {
		due := d.again || d.view.Wanted != wanted[p] || !d.kept.equal(x.kept(p))
		for i, at := range x.hands(p) {
			due = due || !at.Before(d.next[i])
		}
		if due {
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
	if !s.Snapshot.Same(s.Last) {
		x.others[id] = true
	}
	switch same := known && was.Stale == s.Stale && was.Missed == s.Missed && was.Same(s.Snapshot); {
	case !same:
		x.involved(id, was.Snapshot, to)
		if delete(o.doubts, id); len(s.Snapshot.Objects) > 0 {
			if doubts := s.Snapshot.ZoneDoubts(); len(doubts) > 0 {
				o.doubts[id] = doubts
			}
		}
	case !o.again[id]:
		return
	}
	delete(o.again, id)
	x.involved(id, s.Snapshot, to)
	o.seen[id] = seen{s.Snapshot, s.Stale, s.Missed}
}

// involved adds the pairs that a person's calendar may say anything of.
func (x *round) involved(id string, s series.Snapshot, to map[series.Pair]bool) {
	for _, i := range x.wantedOf[id] {
		to[x.want[i].Pair] = true
	}
	for p := range x.office.near[id] {
		to[p] = true
	}
	add := func(p series.Pair) {
		if p.Has(id) {
			to[p] = true
		}
	}
	for _, list := range [][]series.Event{s.Series, s.Copies} {
		for i := range list {
			add(list[i].Mark.Pair)
		}
	}
	for i := range s.Gone {
		add(s.Gone[i].Pair)
	}
}

// open are what pairs to judge in any case the journal knows of: where something is under way, or waits for a second
// look.
func open(mem Memory) map[series.Pair]bool {
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

// kept is what the journal has of the pair.
func (x *round) kept(p series.Pair) kept {
	return kept{x.mem.Frozen[p], x.openOf[p], x.mem.TimesSeen[p], x.mem.Documents[p].Findings}
}

func (k kept) equal(l kept) bool {
	return k.frozen == l.frozen && slices.Equal(k.times, l.times) && slices.Equal(k.findings, l.findings) &&
		(len(k.flags)+len(l.flags) == 0 || reflect.DeepEqual(k.flags, l.flags))
}

// around are the views of these pairs and of all that share people with them, by pair.
func (o *office) around(pairs map[series.Pair]bool) []*series.View {
	return o.sharing(pairs, func(key string) bool { return !isRoom(key) })
}

// about are the views of these pairs and of all that share people or rooms with them, by pair.
func (o *office) about(pairs map[series.Pair]bool) []*series.View {
	return o.sharing(pairs, func(string) bool { return true })
}

func (o *office) sharing(pairs map[series.Pair]bool, what func(key string) bool) []*series.View {
	if len(pairs) >= len(o.desks) {
		return o.all()
	}
	keys, all := map[string]bool{}, map[series.Pair]bool{}
	for p := range pairs {
		if d := o.desks[p]; d != nil {
			for _, k := range d.keys {
				keys[k] = true
			}
		}
	}
	for k := range keys {
		if what(k) {
			maps.Copy(all, o.near[k])
		}
	}
	return o.of(all)
}

// of are the views of these pairs, by pair.
func (o *office) of(pairs map[series.Pair]bool) []*series.View {
	out := make([]*series.View, 0, len(pairs))
	for _, p := range slices.SortedFunc(maps.Keys(pairs), series.Pair.Compare) {
		if d := o.desks[p]; d != nil {
			out = append(out, d.view)
		}
	}
	return out
}

// judged are the views of the pairs to judge, by pair.
func (x *round) judged() []*series.View { return x.office.of(x.judge) }

// settle notes what the pairs were judged from, and when they are to be judged again.
func (x *round) settle() {
	waiting := map[series.Pair]bool{}
	// The journal that was read knows nothing of these yet, and another process may have it otherwise.
	for _, f := range slices.Concat(x.out.Edges.Opened, x.out.Edges.Changed, x.out.Edges.Closed) {
		waiting[f.Pair] = true
	}
	for to := range x.tried {
		waiting[to.Pair] = true
	}
	judged := x.judged()
	for _, d := range append(plan.Deliveries(judged, nil, x.now), plan.Absent(judged, x.now)...) {
		waiting[d.Pair] = true
	}
	for _, v := range judged {
		p := v.Pair
		d := x.office.desks[p]
		d.kept = x.kept(p)
		d.again = !d.draft.Empty() || len(d.found.Unread)+len(d.found.Pending) > 0 || waiting[p] || x.out.Found.Unread[p] ||
			// No flag of a pair that the roster has no more keeps how much notice there was.
			!v.Wanted && slices.ContainsFunc(d.found.Outcomes, func(o drift.Outcome) bool { return o.Notice != nil && !o.Final })
		for i, t := range x.hands(p) {
			d.next[i] = d.moment(t)
		}
	}
}

// quarter is how far apart the times are at which a make-up can begin, on any zone's clock.
const quarter = 15 * time.Minute

// moment is the first one after t at which what is judged of the pair may change by time alone: when a meeting begins or
// ends, as it was booked or as it stands, a day before that, when a day begins in any of its zones.
func (d *desk) moment(t time.Time) time.Time {
	next := series.Ahead(t, 1)
	take := func(m time.Time) {
		for _, m := range []time.Time{m, m.Add(1)} { // some things are so until then, others until after it
			if m.After(t) && m.Before(next) {
				next = m
			}
		}
	}
	around := func(m time.Time, length time.Duration) {
		take(m)
		take(m.Add(length))
		take(m.Add(-24 * time.Hour)) // a length of time, as notice is
	}
	zones := map[string]bool{d.view.Want.Manager.Zone: true, d.view.Want.Report.Zone: true}
	slots := map[series.Slot]bool{d.view.Want.Slot: d.view.Wanted}
	event := func(e *series.Event) {
		zones[e.Zone] = true
		slots[e.Mark.Slot], slots[e.Slot()] = true, true
		for _, m := range e.Meetings(t.AddDate(0, 0, -2), t.AddDate(0, 0, 3)) {
			around(m.Start, m.Duration)
			around(m.Original, m.Duration)
			around(m.Original, e.Duration)
		}
		for _, m := range e.Mark.MadeUp {
			around(m.Start, e.Duration)
			around(m.Start, e.Mark.Slot.Duration)
		}
		take(e.Rule.Until)
	}
	v := d.view
	for _, list := range [][]series.Event{v.Chain, v.Duplicates, v.Candidates, v.Mine, v.Foreign, v.Copies} {
		for i := range list {
			event(&list[i])
		}
	}
	for _, list := range [][]series.Gone{v.Gone, v.GoneCopies} {
		for i := range list {
			event(&list[i].Last)
		}
	}
	for _, s := range v.StandIns {
		around(s.Start, s.Duration)
	}
	for _, f := range slices.Concat(d.found.Flags, d.flags) {
		if at, ok := f.To.Time(); ok {
			for slot := range slots {
				around(at, slot.Duration)
			}
		}
		if f.Makeups != nil {
			take(t.Truncate(quarter))
			take(t.Truncate(quarter).Add(quarter))
		}
	}
	for slot, is := range slots {
		if !is || slot.IsZero() {
			continue
		}
		zones[slot.Zone] = true
		day, _ := series.WallClock(t, slot.Zone)
		for n := -2; n <= 3; n++ {
			if on := day.AddDays(n); on.Weekday() == slot.Weekday {
				around(slot.On(on), slot.Duration)
			}
		}
	}
	for zone := range zones {
		if zone != "" {
			day, _ := series.WallClock(t, zone)
			take(series.Instant(day.AddDays(1), 0, zone))
		}
	}
	return next
}
