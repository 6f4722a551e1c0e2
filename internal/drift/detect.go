package drift

import (
	"maps"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Input is what Detect compares. The same input gives the same result.
type Input struct {
	Now          time.Time
	HorizonWeeks int // how far ahead meetings are looked at
	Views        []*series.View
	// Only are the pairs to find anything of, nil for all: the other Views are what they share people and rooms with.
	Only        map[series.Pair]bool
	Busy        map[string][]series.Interval // time taken by other events, by person id
	Known       map[string]Flag              // open flags by id: they keep their Since, Notice and By
	Frozen      map[series.Pair]series.Week  // the last week whose outcome is final
	Pending     map[string]Pending           // by flag id
	Behind      map[series.Pair][]string     // Event.Times of earlier versions, which a late copy may still show
	Documents   map[series.Pair][]Finding    // what is wrong with the pairs' documents
	Undelivered map[series.Pair]string       // what could not be delivered in several rounds, in words
	// Taste is what meeting at a time costs two people who are free; nil: nothing.
	Taste func(manager, report series.Person) func(start time.Time, length time.Duration) int
	Unfit map[series.Pair]Unfit // booked slots that do not work any more
}

// Pending is a difference in a copy that waits for a second observation.
type Pending struct {
	Pair  series.Pair
	Times string // of the copy
	By    By
	Since time.Time
}

// Found is what Detect finds.
type Found struct {
	Flags    []Flag
	Outcomes []Outcome
	Pending  map[string]Pending
	Unread   map[series.Pair]bool // nothing could be said of these
	Undone   map[string]string    // by id of a flag that is not there any more: what became of the difference, in words
}

// Detect finds the flags and outcomes of all pairs, ordered by pair and day.
func Detect(in Input) Found {
	found := Each(in)
	all := make([]Found, 0, len(found))
	for _, p := range slices.SortedFunc(maps.Keys(found), series.Pair.Compare) {
		all = append(all, found[p])
	}
	out := Join(all)
	NewMakeUps(in).Fill(out.Flags)
	return out
}

// Each finds them of each pair by itself, and no make-ups.
func Each(in Input) map[series.Pair]Found {
	taken, busy := in.agenda(), map[string]timeTaken{}
	all := map[series.Pair]Found{}
	for i := range in.Views {
		v := in.Views[i]
		if in.Only != nil && !in.Only[v.Pair] {
			continue
		}
		var out Found
		newDetector(&in, v, taken, busy, &out).run()
		all[v.Pair] = out
	}
	return all
}

// Join is what was found of several pairs, in their order.
func Join(all []Found) Found {
	flags, outcomes := 0, 0
	for _, f := range all {
		flags, outcomes = flags+len(f.Flags), outcomes+len(f.Outcomes)
	}
	out := Found{
		Flags: slices.Grow([]Flag(nil), flags), Outcomes: slices.Grow([]Outcome(nil), outcomes),
		Pending: map[string]Pending{}, Unread: map[series.Pair]bool{}, Undone: map[string]string{},
	}
	for _, f := range all {
		out.Flags, out.Outcomes = append(out.Flags, f.Flags...), append(out.Outcomes, f.Outcomes...)
		maps.Copy(out.Pending, f.Pending)
		maps.Copy(out.Unread, f.Unread)
		maps.Copy(out.Undone, f.Undone)
	}
	return out
}

// agenda is all that takes people's time as far as meetings are looked at, from this week on.
func (in *Input) agenda() *series.Agenda {
	return series.NewAgenda(in.Views, in.Busy, series.Ahead(in.Now, -7), series.Ahead(in.Now, 7*(in.HorizonWeeks+1)+1))
}

type detector struct {
	in    *Input
	out   *Found
	v     *series.View
	taken *series.Agenda
	busy  map[string]timeTaken // by person, as far as it was asked for
	over  collided

	zone          string      // of the pair's slot
	from, now, to series.Date // Mondays of the weeks to look at, and of this one: see span
}

func newDetector(in *Input, v *series.View, taken *series.Agenda, busy map[string]timeTaken, out *Found) *detector {
	d := &detector{in: in, out: out, v: v, taken: taken, busy: busy, zone: zoneOf(v)}
	d.from, d.now, d.to = d.span()
	return d
}

func (d *detector) run() {
	if d.v.Stale || d.v.Suspect || d.v.Missing() {
		d.out.Unread = map[series.Pair]bool{d.v.Pair: true}
		d.unknown()
		return
	}
	d.weeks()
	if !d.v.Wanted {
		return
	}
	for _, f := range d.in.Documents[d.v.Pair] {
		d.detailed(Flag{Pair: d.v.Pair, Kind: f.Kind, Detail: f.Detail, By: ByUnknown}, time.Time{})
	}
	d.lost()
	if h := d.v.Head(); h != nil && !h.Mark.Slot.IsZero() {
		d.wholeSeries(h)
		if u, ok := d.in.Unfit[d.v.Pair]; ok {
			from, to := series.AspectOf(h.Mark.Slot), series.AspectOf(u.To)
			d.flag(SlotUnfit, h.Mark.Generation, series.Date{}, from, to, ByUnknown, time.Time{})
			d.out.Flags[len(d.out.Flags)-1].Why = u.Why
		}
		d.copies(h)
	}
}

// span is the weeks to look at: from the first whose outcome is not final, or else the one of the last observation, to the
// horizon. Nothing is made up of weeks that were never seen.
func (d *detector) span() (from, now, to series.Date) {
	today, _ := series.WallClock(d.in.Now, d.zone)
	monday := today.Monday()
	since := monday
	if last, ok := d.in.Frozen[d.v.Pair]; ok {
		since = last.Monday().AddDays(7)
	} else if !d.v.Before.IsZero() {
		day, _ := series.WallClock(d.v.Before, d.zone)
		since = day.Monday()
	}
	if floor := monday.AddDays(-7 * keptWeeks); since.Before(floor) {
		since = floor
	}
	if since.After(monday) {
		since = monday
	}
	return since, monday, today.AddDays(7 * d.in.HorizonWeeks).Monday()
}

// keptWeeks is how far back an outcome may be made up for.
const keptWeeks = 8

// zoneOf is that of the pair's slot.
func zoneOf(v *series.View) string {
	h := v.Head()
	if n := len(v.Gone); v.Lost() != nil || h == nil && n > 0 {
		h = &v.Gone[n-1].Last
	}
	if h == nil || h.Mark.Slot.IsZero() {
		return "UTC"
	}
	return h.Mark.Slot.Zone
}

// weeks judges the weeks of the series that are there, and of one that was deleted those that were over by then.
func (d *detector) weeks() {
	v := *d.v
	if g := d.v.Lost(); g != nil {
		v.Chain = append(slices.Clone(v.Chain), g.Last)
	}
	// Of those whose outcome is final only the ones count that were moved into what is not over yet.
	since := d.from
	if slices.ContainsFunc(v.Chain, func(e series.Event) bool { return len(e.Overrides) > 0 || e.SlotTouched() }) {
		since = since.AddDays(-7 * keptWeeks)
	}
	weeks := slices.DeleteFunc(v.Weeks(since.Week(), d.to.Week()), func(w series.WeekMeeting) bool {
		return w.Date.Before(d.from) && !d.lasts(w)
	})
	d.out.Outcomes = slices.Grow(d.out.Outcomes, len(weeks))
	if v.Wanted {
		d.over = d.collide(weeks)
	}
	for _, w := range weeks {
		if e := v.Head(); w.Event.UID != e.UID || !d.endedBefore(e, w.Booked.Add(w.Slot.Duration)) {
			d.week(w)
		}
	}
	for _, f := range d.over.repeats {
		d.detailed(f.Flag, time.Time{})
	}
}

// lasts reports whether the flags of a meeting stand: until both the week that it was booked for is over and the one
// that it takes place in.
func (d *detector) lasts(w series.WeekMeeting) bool {
	day := w.Date
	if w.Meeting != nil && !w.Meeting.Cancelled {
		if on, _ := series.WallClock(w.Meeting.Start, w.Slot.Zone); on.After(day) {
			day = on
		}
	}
	return !day.Before(d.now)
}

// endedBefore reports whether the series was deleted or cancelled by then.
func (d *detector) endedBefore(e *series.Event, t time.Time) bool {
	if g := d.v.Lost(); g != nil && g.Last.UID == e.UID {
		return t.After(g.Since)
	}
	return e.Cancelled && t.After(d.since(SeriesEnded, e.Mark.Generation))
}

// unknown judges weeks that are over although the calendars tell nothing now. What was read when the meeting was over is
// known. Of the rest nothing is, and that is final only a week later: until then the calendar may come back and tell.
func (d *detector) unknown() {
	v := *d.v
	for _, g := range v.Gone {
		if !g.Proven {
			v.Chain = append(slices.Clone(v.Chain), g.Last)
		}
	}
	for _, w := range v.Weeks(d.from.Week(), d.now.Week()) {
		monday := w.Date.Monday()
		if !monday.Before(d.now) {
			continue
		}
		over := w.Booked.Add(w.Slot.Duration)
		if w.Meeting != nil && !w.Meeting.Cancelled && w.Meeting.End().After(over) {
			over = w.Meeting.End()
		}
		if !v.Before.Before(over) {
			d.week(w)
		} else {
			d.outcome(w.Date, UnknownWeek, ByUnknown, nil, d.now.DaysSince(monday) >= 14)
		}
	}
}

func (d *detector) outcome(day series.Date, r Result, by By, notice *time.Duration, final bool) {
	d.out.Outcomes = append(d.out.Outcomes, Outcome{Pair: d.v.Pair, Week: day.Week(), Occurrence: day, Result: r, By: by, Notice: notice, Final: final})
}

// flag adds a flag; booked is the start that the notice is counted to, zero for none.
func (d *detector) flag(
	kind Kind, generation int, day series.Date, from, to series.Aspect, by By, booked time.Time,
) Flag {
	return d.detailed(Flag{Pair: d.v.Pair, Generation: generation, Kind: kind, Occurrence: day, From: from, To: to, By: by}, booked)
}

// detailed is flag for one that is filled in but for Since and Notice.
func (d *detector) detailed(f Flag, booked time.Time) Flag {
	f.Since = d.v.At
	if old, ok := d.in.Known[f.ID()]; ok {
		f.Since, f.Notice = old.Since, old.Notice
		if f.By == ByUnknown {
			f.By = old.By
		}
	} else if !booked.IsZero() {
		f.Notice = notice(booked, d.v.Before, d.v.At)
	}
	if d.out.Unread[d.v.Pair] {
		return f // those that are open stay as they are
	}
	d.out.Flags = append(d.out.Flags, f)
	return f
}

// notice is how long before the booked start a change was first seen; nil where that is not known: on the first
// observation, and when the change may have come on either side of the 24 h that count as late.
func notice(booked, before, at time.Time) *time.Duration {
	late := booked.Add(-lateNotice)
	if before.IsZero() || before.Before(late) && at.After(late) {
		return nil
	}
	n := max(booked.Sub(at), 0).Round(time.Second)
	return &n
}

// lateNotice is the notice under which a cancellation is late.
const lateNotice = 24 * time.Hour

// readSince reports whether the calendars were read since the week of the day ended: who drags a meeting on the last
// evening may do so after the last reading.
func (d *detector) readSince(day series.Date) bool {
	read, _ := series.WallClock(d.v.At, d.zone)
	return day.Monday().Before(read.Monday())
}
