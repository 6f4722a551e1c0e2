package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// observable are the people whose calendars are read: those of the roster, and those removed from it who still
// have series of ours.
func (x *round) observable(d Desired) map[string]series.Person {
	out := map[string]series.Person{}
	for id, p := range d.People {
		if p.Calendar != "" {
			out[id] = p
		}
	}
	for id, p := range x.mem.People {
		if _, known := d.People[id]; known || p.Calendar == "" {
			continue
		}
		s := x.mem.Snapshots[id].Bare()
		left := slices.ContainsFunc(slices.Concat(s.Series, s.Copies), func(e series.Event) bool { return !e.Ended(x.now) })
		if left {
			out[id] = p
		}
	}
	return out
}

// interest is what a person's calendar is searched for.
func (x *round) interest(p series.Person) provider.Interest {
	in := provider.Interest{Org: x.Org, Owner: p.Addresses(), Confirmed: x.mem.Confirmed[p.ID],
		ZoneData: x.ZoneData}
	for _, i := range x.wantedOf[p.ID] {
		w := &x.want[i]
		in.Pairs = append(in.Pairs, provider.InterestPair{
			Pair:     w.Pair,
			Formerly: w.Formerly,
			Manager:  w.Manager.Addresses(),
			Report:   w.Report.Addresses(),
			Title:    w.Title,
		})
	}
	for _, pair := range x.had[p.ID] {
		same := func(y provider.InterestPair) bool { return y.Pair == pair }
		if in.Now(pair) != pair || slices.ContainsFunc(in.Pairs, same) {
			continue
		}
		in.Pairs = append(in.Pairs, provider.InterestPair{
			Pair:    pair,
			Manager: x.addresses(pair.Manager),
			Report:  x.addresses(pair.Report),
		})
	}
	return in
}

// addresses are those of somebody whom the roster has or had.
func (x *round) addresses(id string) []string {
	if p, ok := x.people[id]; ok {
		return p.Addresses()
	}
	if p, ok := x.mem.People[id]; ok {
		return p.Addresses()
	}
	return nil
}

// due are those of these people whose calendars are read now. What is known of the others is taken for what they are.
func (x *round) due(ids []string) []string {
	behind := map[string]bool{} // whose listing does not show yet what was written
	for _, w := range x.wrote {
		behind[w.Person] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		p, last := x.people[id], x.mem.Snapshots[id]
		_, broken := x.mem.Outages[CalendarOf(id)]
		was := x.mem.People[id]
		other := was.Calendar != p.Calendar || was.Email != p.Email || was.Zone != p.Zone
		if broken || other || behind[id] || x.readings.under(id) || x.mem.Confirmed[id] || last.At.IsZero() ||
			last.At.After(x.now) || last.Interest() != x.interest(p).Hash() || x.Due(p, last) {
			return false
		}
		x.observed[id] = observed{is: last, was: last}
		x.doubts(id, last)
		return true
	})
}

// unread are people whose calendars were not read in this round, and to whose series the plan wants to write.
func (x *round) unread() []string {
	ids := map[string]bool{}
	for _, c := range x.out.Plan.Changes {
		for _, id := range []string{c.Calendar, c.Pair.Manager, c.Pair.Report} {
			if _, known := x.people[id]; known && !x.read[id] {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// observe reads the calendars of these people. Again means a second look within the round: what Observed.Last is stays.
// Those that are not read in time, while others are, are late: nothing is taken from them, and the round goes on.
func (x *round) observe(ctx context.Context, ids []string, again bool) {
	got := x.readAll(ctx, ids, again)
	for _, id := range ids {
		a := got[id]
		o := observed{is: a.snap, was: x.mem.Snapshots[id]}
		_, broken := x.mem.Outages[CalendarOf(id)]
		o.missed = broken || o.was.At.IsZero()
		x.read[id] = true
		if a.late {
			o.is, o.stale = o.was, true
			x.late(id, a)
		} else if a.err != nil {
			o.is, o.stale = o.was, true
			x.broken(id, a.err)
		} else {
			delete(x.out.Outages, CalendarOf(id))
			before := o.was
			if again {
				before = x.observed[id].is
			}
			x.doubts(id, o.is)
			o.is = x.amend(ctx, id, o.is, before)
			if o.is.Same(o.was) { // one of two that are equal is enough
				o.is = o.was.With(o.is.At, o.is.FullAt, o.is.Cursor)
			}
		}
		x.observed[id] = o
	}
	x.looked = append(x.looked, ids...)
}

// amend adds to what was read what a round knows beside it; before is what was known of it.
func (x *round) amend(ctx context.Context, id string, is, before series.Packed) series.Packed {
	written := false
	for _, w := range x.wrote {
		written = written || w.Person == id
	}
	if !written && len(x.ended) == 0 && is.Same(before) {
		return is
	}
	s := is.Snapshot()
	x.Log.Debug().
		Str("person", id).
		Int("series", len(s.Series)).
		Int("copies", len(s.Copies)).
		Int("busy", len(s.Busy)).
		Int("gone", len(s.Gone)).
		Msg("calendar read")
	x.catchUp(ctx, id, &s)
	s.Remember(before.Snapshot())
	s.Gone = x.own(s.Gone)
	return series.Pack(s)
}

// late notes that a calendar is still being read. It is out when that takes longer than a slow server does.
func (x *round) late(id string, a answer) {
	if !slices.Contains(x.out.Late, id) {
		x.out.Late = append(x.out.Late, id)
	}
	o, was := x.mem.Outages[CalendarOf(id)]
	if !was && x.now.Sub(a.began) < slowness {
		return
	}
	if !was {
		o = unread(id, &provider.Error{
			Kind: provider.Transient,
			Op:   "observe",
			Hint: "check that the server runs and no firewall is between",
			Err:  provider.Reached(context.DeadlineExceeded),
		})
	}
	x.alarm(CalendarOf(id), o)
}

// calendar opens the calendar of a person, once in a round.
func (x *round) calendar(id string) (provider.Calendar, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c, ok := x.calendars[id]; ok {
		return c, nil
	}
	c, err := x.Open(x.people[id])
	if err == nil {
		x.calendars[id] = c
	}
	return c, err
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

func (x *round) broken(id string, err error) {
	o := unread(id, err)
	x.alarm(CalendarOf(id), o)
	x.out.Failures = append(x.out.Failures, Failure{CalendarOf(id), err, o.Hint})
	x.Log.Debug().Str("person", id).Str("kind", o.Kind).Err(err).Msg("calendar cannot be read")
}

// doubts raises the alarms about a calendar that was read and cannot be believed in all it says, and uses up what a
// person confirmed.
func (x *round) doubts(person string, s series.Packed) {
	if x.mem.Confirmed[person] && !slices.Contains(x.confirmed, person) {
		x.confirmed = append(x.confirmed, person)
	}
	if s.Emptied() {
		x.alarm(Subject{Matter: MatterEmptied, Person: person}, Outage{
			Kind:  "emptied",
			Cause: "it shows nothing at all, though there were series",
			Text: fmt.Sprintf(
				"the calendar of %s shows nothing at all, though there were series: nothing is taken for deleted",
				person,
			),
			Hint: "look at that calendar; `holdfast calendar confirm-empty " + person + "` says that it is empty",
		})
	}
}

// zoneDoubts raises the one alarm about zones of which calendars have other clocks than the zone data in use. It is a
// new one when the zones are others.
func (x *round) zoneDoubts() {
	zones := map[string]bool{}
	var people []string
	for _, id := range slices.Sorted(maps.Keys(x.office.doubts)) {
		for _, z := range x.office.doubts[id] {
			zones[z] = true
		}
		people = append(people, id)
	}
	if len(people) == 0 {
		return
	}
	all, who := slices.Sorted(maps.Keys(zones)), "the calendar of "+people[0]+" has"
	if len(people) > 1 {
		who = "the calendars of " + some(people) + " have"
	}
	x.alarm(Subject{Matter: MatterZones, Name: strings.Join(all, " ")}, Outage{Kind: "zones",
		Cause: "other clocks for " + some(all) + " in the coming year than the zone data in use",
		Text: fmt.Sprintf("%s other clocks for %s in the coming year than the zone data in use, %s",
			who, some(all), x.ZoneData),
		Hint: "one of the two is out of date: `holdfast doctor` names both"})
}

// refusedVideo raises the one alarm about series that were to have a video conference and were refused it.
func (x *round) refusedVideo() {
	var pairs []string
	for _, v := range x.out.Views {
		if h := v.Head(); v.Wanted && h != nil && h.NoVideo && !h.Ended(x.now) {
			pairs = append(pairs, v.Pair.String())
		}
	}
	if len(pairs) > 0 {
		x.alarm(Subject{Matter: MatterVideo}, Outage{
			Kind:  "video",
			Cause: "an account may not have the video conference that is wanted",
			Text:  "Google refused the video conference of the 1:1s that it booked without: " + some(pairs),
			Hint: "turn Google Meet on for their managers in the Google admin console and add it to the series, or take " +
				"video: meet out of the settings",
		})
	}
}

// some are the first few of a list.
func some(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// know adds to everybody the addresses that their own calendars say are theirs, and tells of those that the roster
// lacks.
func (x *round) know() {
	other := map[string][]string{}
	for id, p := range x.people {
		for _, a := range x.mem.Snapshots[id].Owner() {
			if !p.Is(a) && !slices.Contains(other[id], a) {
				other[id] = append(other[id], a)
			}
		}
		if len(other[id]) == 0 {
			continue
		}
		p.Aliases = append(slices.Clip(p.Aliases), other[id]...)
		x.people[id] = p
		x.alarm(Subject{Matter: MatterAddress, Person: id}, Outage{
			Kind:  "address",
			Cause: "it is under another address than the roster's",
			Text:  fmt.Sprintf("the calendar of %s is under another address than the roster's", id),
			Hint:  "put it into the roster: `aliases:` at " + id + "; `holdfast doctor` shows it",
		})
	}
	x.want = slices.Clone(x.want)
	for i := range x.want {
		for _, p := range []*series.Person{&x.want[i].Manager, &x.want[i].Report} {
			p.Aliases = append(slices.Clip(p.Aliases), other[p.ID]...)
		}
	}
}
