package reconcile

import (
	"encoding/json"
	"hash/maphash"
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
	again    map[string]bool          // people whose calendars were others in the round before
	had      map[string][]series.Pair // series.Had of what was seen; nil: it is not known
	settled  time.Time                // when the calendars were last settled: see settle
	cleared  []series.Pair            // whose desks this round cleared away
	unfit    map[series.Pair]drift.Unfit
	better   map[series.Pair]plan.Better // what is proposed to the unfit ones
	views    []*series.View              // of all desks, by pair
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
	spelt bool // it has the Raw of events
	keys  []string
	draft plan.Draft
	found drift.Found // without its outcomes, of which there is one for each week
	// sums are a digest of these outcomes. noticed: one of them says how much notice there was, and may change yet.
	sums    uint64
	noticed bool
	shown   shown
	kept                          // what the journal had of the pair
	next    [clockHands]time.Time // when time alone may change what is judged: see hands
	again   bool                  // it is to be judged in the next round, whatever happens
}

// shown are digests of what people see of a pair, as it was last left.
type shown struct{ row, rest uint64 }

// place is where the pair's view is among all, or would be.
func (o *office) place(p series.Pair) (at int, there bool) {
	return slices.BinarySearchFunc(o.views, p, func(v *series.View, p series.Pair) int { return v.Pair.Compare(p) })
}

// show gives the desk the view.
func (o *office) show(d *desk, v *series.View, lean bool) {
	d.view, d.lean, d.spelt = v, lean, false
	if at, there := o.place(v.Pair); there {
		o.views[at] = v
	} else {
		o.views = slices.Insert(o.views, at, v)
	}
}

// clear clears the pair's desk away.
func (o *office) clear(p series.Pair) {
	delete(o.desks, p)
	o.cleared = append(o.cleared, p)
	if at, there := o.place(p); there {
		o.views = slices.Delete(o.views, at, at+1)
	}
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
		o.show(d, v, false)
		return nil
	}
	keys = d.keys
	if v != nil && slices.Equal(keysOf(v), keys) {
		o.show(d, v, false)
		return keys
	}
	for _, k := range d.keys {
		o.near[k] = slices.DeleteFunc(o.near[k], func(q series.Pair) bool { return q == p })
		if len(o.near[k]) == 0 {
			delete(o.near, k)
		}
	}
	if v == nil {
		o.clear(p)
		return keys
	}
	o.show(d, v, false)
	d.keys = keysOf(v)
	for _, k := range d.keys {
		o.near[k] = append(o.near[k], p)
	}
	return append(slices.Clip(keys), d.keys...)
}

// sameBookings reports whether both views have the 1:1s at the same time and place (series.Bookings).
func sameBookings(a, b *series.View) bool {
	bare := func(list []series.Event) []series.Event {
		list = slices.Clone(list)
		for i := range list {
			list[i].Raw = ""
		}
		return list
	}
	return a.Wanted == b.Wanted && a.Want.Place == b.Want.Place && a.Want.Slot == b.Want.Slot &&
		reflect.DeepEqual(bare(a.Chain), bare(b.Chain)) &&
		reflect.DeepEqual(bare(a.Candidates), bare(b.Candidates)) && reflect.DeepEqual(a.StandIns, b.StandIns)
}

// around are the views of these pairs and of all that share people with them, by pair.
func (o *office) around(of pairs) []*series.View {
	return o.sharing(of, func(key string) bool { return !isRoom(key) })
}

// about are the views of these pairs and of all that share people or rooms with them, by pair.
func (o *office) about(of pairs) []*series.View {
	return o.sharing(of, func(string) bool { return true })
}

func (o *office) sharing(of pairs, what func(key string) bool) []*series.View {
	if len(of) >= len(o.desks) {
		return o.views
	}
	keys, all := map[string]bool{}, pairs{}
	for p := range of {
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
func (o *office) of(some pairs) []*series.View {
	out := make([]*series.View, 0, len(some))
	for _, p := range some.sorted() {
		if d := o.desks[p]; d != nil {
			out = append(out, d.view)
		}
	}
	return out
}

// office is that of the last round, as far as that is of any use, else an empty one.
func (r *Reconciler) office(g *given) *office {
	o := r.left
	r.left = nil
	if o == nil || g.now.Before(o.at) || o.policy != g.policy || o.zoneData != g.zoneData {
		return newOffice()
	}
	return o
}

// leave notes what the pairs were judged from, and when they are to be judged again. Those that wait are judged in the
// next round, whatever happens, and so are all where somebody asked: nothing was planned but that. It returns what the
// next round goes on from.
func (o *office) leave(k known, judged []*series.View, waiting pairs) *office {
	for _, v := range series.Lean(judged) {
		p := v.Pair
		d := o.desks[p]
		d.kept = k.kept(p)
		d.again = k.asked() || !d.draft.Empty() || len(d.found.Unread)+len(d.found.Pending) > 0 || waiting[p] ||
			// No flag of a pair that the roster has no more keeps how much notice there was.
			!v.Wanted && d.noticed
		for n, t := range k.hands(p) {
			d.next[n] = d.moment(t) // of the whole view
		}
		o.show(d, v, true)
	}
	o.cleared = nil
	o.at, o.policy, o.zoneData, o.again = k.now, k.policy, k.zoneData, map[string]bool{}
	for id, s := range k.of {
		if !s.is.Same(s.was) {
			o.again[id] = true
		}
	}
	if o.had = nil; len(o.again) == 0 && !o.settled.Equal(k.now) {
		o.had = k.had
	}
	return o
}

// saw reports whether these are the calendars as they were last looked at.
func (o *office) saw(snapshots map[string]series.Packed) bool {
	for id, s := range snapshots {
		if was, looked := o.seen[id]; !looked || !was.is.Same(s) {
			return false
		}
	}
	return len(snapshots) == len(o.seen)
}

// settle settles the calendars when all pairs get new views: only then does nothing hold on to them as they were.
func (o *office) settle(k known, a affected) {
	if len(a.all) < len(o.desks) || len(o.desks) == 0 {
		return
	}
	o.settled = k.now
	series.Settle(func(yield func(series.Packed) bool) {
		for id, s := range k.of {
			if !yield(s.is) || !yield(s.was) || !yield(o.seen[id].is) || !yield(k.mem.Snapshots[id]) {
				return
			}
		}
	})
}

// plan notes what is planned for these pairs: for those without a draft, nothing.
func (o *office) plan(judged pairs, drafts map[series.Pair]plan.Draft) {
	for p := range judged {
		if d := o.desks[p]; d != nil {
			d.draft = drafts[p]
		}
	}
}

// outcomeSeed is that of all sums: they are compared within one process.
var outcomeSeed = maphash.MakeSeed()

// changed notes what is left for people to see, and returns the pairs of which that is something else than was left, in
// order. All are in the first round of a process: it does not know what was.
func (o *office) changed(rec Record, judged []*series.View) []series.Pair {
	out := pairs{}
	for _, p := range o.cleared {
		out[p] = true
	}
	now := map[series.Pair]shown{}
	for p, row := range rec.Statuses {
		if d := o.desks[p]; d != nil {
			seen := StatusRow{}
			if row != nil {
				seen = *row
			}
			seen.Until = time.Time{} // nobody sees that
			now[p] = shown{digestOf(seen), d.shown.rest}
		}
	}
	for _, v := range judged {
		d := o.desks[v.Pair]
		is, ok := now[v.Pair]
		if !ok {
			is = d.shown
		}
		is.rest = digestOf(struct {
			Flags    []drift.Flag
			Outcomes uint64
		}{d.found.Flags, d.sums})
		now[v.Pair] = is
	}
	for p, is := range now {
		if d := o.desks[p]; is != d.shown {
			d.shown, out[p] = is, true
		}
	}
	return out.sorted()
}

// digestOf is one of texts, numbers and times, to compare within one process.
func digestOf(v any) uint64 {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it has nothing else
	}
	return maphash.Bytes(outcomeSeed, b)
}

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
