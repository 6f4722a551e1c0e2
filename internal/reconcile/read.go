package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

const (
	// maxWaves is how often others are begun beside those of which none gave an answer.
	maxWaves = 3
	// slowness is for how long a calendar may be read before it is an outage that it is not done.
	slowness = 10 * time.Second
)

// due are the people whose calendars are read now, and the others: what is known of those is taken for what they say.
func (r *Reconciler) due(g *given) (due, others []string) {
	if g.asked() && !g.mem.Empty {
		return g.dueForAsks()
	}
	behind := map[string]bool{} // whose listing does not show yet what was written
	for _, w := range g.mem.Standing.Wrote {
		behind[w.Person] = true
	}
	for _, id := range g.everybody() {
		p, last := g.people[id], g.mem.Snapshots[id]
		_, broken := g.mem.Outages[CalendarOf(id)]
		other := whoseIs(p) != whoseIs(g.mem.People[id])
		if r.Due == nil || broken || other || behind[id] || r.readings.under(id) || g.mem.Confirmed[id] ||
			last.At.IsZero() || last.At.After(g.now) || last.Interest() != g.interest(p).Hash() || r.Due(p, last) {
			due = append(due, id)
		} else {
			others = append(others, id)
		}
	}
	return due, others
}

// dueForAsks are due where somebody asked for something: the two people of each pair; those of whose calendar nothing
// is known and who have to do with one of these, for their 1:1s may be in the way; and those whose calendar is not the
// one that is known.
func (g *given) dueForAsks() (due, others []string) {
	asked := g.askedOf()
	near := map[string]bool{}
	add := func(p series.Pair) { near[p.Manager], near[p.Report] = true, true }
	for id := range asked {
		for _, i := range g.lines.of[id] {
			add(g.lines.all[i].Pair)
		}
		for _, p := range g.had[id] {
			add(p)
		}
	}
	for _, id := range g.everybody() {
		_, known := g.mem.Snapshots[id]
		if asked[id] || !known && near[id] || known && whoseIs(g.people[id]) != whoseIs(g.mem.People[id]) {
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

// readAll reads the calendars that the errand is for, some of each server at a time. Where others were read and nobody
// was for Patience, or for twice as long as the slowest of the others took, those that are left are late. interests are
// what they were searched for, where that is not what the journal has.
func (r *Reconciler) readAll(ctx context.Context, g *given, cals *calendars, first looked, e errand) (
	out map[string]answer, interests map[string]provider.Interest) {
	r.readings.takeOver()
	out, interests = map[string]answer{}, map[string]provider.Interest{}
	arrivals, jobs := make(chan *reading, len(e.ids)), make(chan func())
	defer close(jobs)
	queues, began := map[string][]string{}, map[string]*reading{}
	for _, id := range e.ids {
		server := g.people[id].Calendar
		queues[server] = append(queues[server], id)
	}
	fresh := map[string]int{} // begun by this call, by server
	begin := func(server string) {
		for fresh[server] < workers && len(queues[server]) > 0 {
			id := queues[server][0]
			queues[server] = queues[server][1:]
			in := g.interest(g.people[id]).Hashed()
			hash := in.Hash()
			if g.mem.Interests[id] != hash {
				interests[id] = in
			}
			x, old := r.reading(ctx, cals, g.people[id], in, hash, from(g, first, id, e.again), e.again, jobs, arrivals)
			if began[id] = x; !old {
				fresh[server]++
			}
		}
	}
	for server := range queues {
		begin(server)
	}
	awaited := g.askedOf()
	awaits := func(id string) bool { _, read := out[id]; return !read && (e.patient || awaited[id]) }
	patience, stopped, waves := r.Patience, ctx.Done(), 0
	if patience == 0 {
		stopped = nil // those under way end with ctx
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for len(out) < len(e.ids) {
		var quiet <-chan time.Time
		more := waves < maxWaves && len(out)+len(began) < len(e.ids)
		if r.Patience > 0 && (more || len(out)+len(first.of) > 0 && !slices.ContainsFunc(e.ids, awaits)) {
			timer.Reset(patience)
			quiet = timer.C
		}
		select {
		case a := <-arrivals:
			id := a.of.id
			r.readings.take(id, a)
			delete(began, id)
			out[id] = answer{snap: a.snap, err: a.err}
			patience = max(patience, 2*r.Clock().Sub(a.began))
			server := g.people[id].Calendar
			fresh[server] = max(0, fresh[server]-1)
			begin(server)
			r.Progress("reading calendars", len(out), len(e.ids))
			continue
		case <-stopped:
		case <-quiet:
			if more { // those under way may hang, and not all of the server's
				waves++
				clear(fresh)
				for server := range queues {
					begin(server)
				}
				continue
			}
		}
		for _, id := range e.ids {
			if _, read := out[id]; !read {
				out[id] = answer{late: true, began: g.now}
				if x := began[id]; x != nil {
					out[id] = answer{late: true, began: r.readings.pass(x)}
				}
			}
		}
	}
	return out, interests
}

// from is the snapshot that the reading of a calendar goes on from. A second look goes from where the first did: what
// is missing is missed once a round.
func from(g *given, first looked, id string, again bool) series.Packed {
	last, seen := g.mem.Snapshots[id]
	if again && !seen {
		return first.of[id].is
	}
	return last
}

// reading is the one of the person's calendar that is under way or done, as far as it looks for the right thing, or
// else, and again in any case, one that is begun. arrivals are told when it is done; jobs are as in begin.
func (r *Reconciler) reading(ctx context.Context, cals *calendars, p series.Person, in provider.Interest, hash string,
	last series.Packed, again bool, jobs chan func(), arrivals chan<- *reading) (x *reading, old bool) {
	r.readings.mu.Lock()
	defer r.readings.mu.Unlock()
	if x = r.readings.of[p.ID]; x != nil && !again && x.interest == hash && x.confirmed == in.Confirmed &&
		x.last.Equal(last.At) && x.of == whoseIs(p) {
		x.ready = r.Ready
		x.await(arrivals)
		return x, true
	}
	if r.Patience > 0 {
		ctx = r.readings.ctx
	}
	cal, err := cals.calendar(p)
	server := p.Calendar
	x = &reading{
		of:        whoseIs(p),
		interest:  hash,
		confirmed: in.Confirmed,
		last:      last.At,
		began:     r.Clock(),
		done:      make(chan struct{}),
		err:       err,
		ready:     r.Ready,
	}
	r.readings.begin(x, jobs, func(x *reading) { x.snap, x.err = look(ctx, cal, &cals.hung, server, last, in) })
	x.await(arrivals)
	return x, false
}
