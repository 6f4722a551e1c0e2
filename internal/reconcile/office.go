package reconcile

import (
	"hash/maphash"
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
	near     map[string][]series.Pair // the pairs that a person or a room has to do with, by keys of desks
	seen     map[string]seen          // calendars as they were last looked at, by person id
	doubts   map[string][]string      // Snapshot.ZoneDoubts, by person id, where there are any
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
		near:   map[string][]series.Pair{},
		seen:   map[string]seen{},
		doubts: map[string][]string{},
		again:  map[string]bool{},
		unfit:  map[series.Pair]drift.Unfit{},
		better: map[series.Pair]plan.Better{},
	}
}

// seen is a calendar as it was looked at.
type seen struct {
	is            series.Packed
	stale, missed bool
}

// desk is what was judged of a pair, and from what.
type desk struct {
	view  *series.View
	lean  bool // the view is a lean one (View.Lean): the pair is not judged from it
	keys  []string
	draft plan.Draft
	found drift.Found // without its outcomes, of which there is one for each week
	// sums are a digest of these outcomes. noticed: one of them says how much notice there was, and may change yet.
	sums    uint64
	noticed bool
	kept                          // what the journal had of the pair
	next    [clockHands]time.Time // when time alone may change what is judged: see hands
	again   bool                  // it is to be judged in the next round, whatever happens
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
	slices.Sort(out[2:])
	return out
}

// room begins the key of a room; no id has a space.
const room = "in "

func isRoom(key string) bool { return strings.HasPrefix(key, room) }

// put gives the pair's desk a view, nil to clear it away. If its 1:1s take other time than they did, it returns the
// keys of all to whom that matters.
func (o *office) put(p series.Pair, v *series.View) (keys []string) {
	d := o.desks[p]
	switch {
	case d == nil && v == nil:
		return nil
	case d == nil:
		d = &desk{}
		o.desks[p] = d
	case v != nil && sameBookings(d.view, v):
		d.view, d.lean, o.views = v, false, nil
		return nil
	}
	keys, o.views = d.keys, nil
	if v != nil && slices.Equal(keysOf(v), keys) {
		d.view, d.lean = v, false
		return keys
	}
	for _, k := range d.keys {
		o.near[k] = slices.DeleteFunc(o.near[k], func(q series.Pair) bool { return q == p })
		if len(o.near[k]) == 0 {
			delete(o.near, k)
		}
	}
	if v == nil {
		delete(o.desks, p)
		return keys
	}
	d.view, d.lean, d.keys = v, false, keysOf(v)
	for _, k := range d.keys {
		o.near[k] = append(o.near[k], p)
	}
	return append(slices.Clip(keys), d.keys...)
}

// sameBookings reports whether both views have the 1:1s at the same time and place (series.Bookings).
func sameBookings(a, b *series.View) bool {
	a, b = a.Lean(), b.Lean()
	return a.Wanted == b.Wanted && reflect.DeepEqual(a.Chain, b.Chain) && reflect.DeepEqual(a.Candidates, b.Candidates) &&
		reflect.DeepEqual(a.StandIns, b.StandIns) && a.Want.Place == b.Want.Place && a.Want.Slot == b.Want.Slot
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
			for _, p := range o.near[k] {
				all[p] = true
			}
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

// sit gives the round the office of the last one, as far as that is of any use. alone: what the round is about to write
// is only that of the pairs that somebody asked for, and nobody can go on from there.
func (x *round) sit(alone bool) {
	o := x.left
	x.left = nil
	if o != nil && !alone && !x.now.Before(o.at) && o.policy == x.Policy && o.zoneData == x.ZoneData {
		x.office = o
	}
}

// leave notes what the pairs were judged from, and when they are to be judged again, and gives the office back for the
// next round.
func (x *round) leave() {
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
			!v.Wanted && d.noticed
		for i, t := range x.hands(p) {
			d.next[i] = d.moment(t)
		}
		d.view, d.lean, x.office.views = v.Lean(), true, nil
	}
	x.office.at, x.office.again, x.office.policy, x.office.zoneData = x.now, x.others, x.Policy, x.ZoneData
	x.left = x.office
}

// outcomeSeed is that of all sums: they are compared within one process.
var outcomeSeed = maphash.MakeSeed()

// find notes what was found of the pair.
func (d *desk) find(f drift.Found) {
	var h maphash.Hash
	h.SetSeed(outcomeSeed)
	d.noticed = false
	for _, o := range f.Outcomes {
		notice := time.Duration(-1)
		if o.Notice != nil {
			notice, d.noticed = *o.Notice, d.noticed || !o.Final
		}
		o.Notice = nil
		maphash.WriteComparable(&h, o)
		maphash.WriteComparable(&h, notice)
	}
	d.sums, f.Outcomes = h.Sum64(), nil
	d.found = f
}
