package drift

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// Input is what Detect compares. The same input gives the same result.
type Input struct {
	Now          time.Time
	HorizonWeeks int // how far ahead meetings are looked at
	Views        []series.View
	Busy         map[string][]series.Interval // time taken by other events, by person id
	Known        map[string]Flag              // open flags by id: they keep their Since, Notice and By
	Frozen       map[series.Pair]series.Week  // the last week whose outcome is final
	Pending      map[string]Pending           // by flag id
	Behind       map[series.Pair][]string     // Event.Times of earlier versions, which a late copy may still show
}

// Pending is a difference in a copy that waits for a second observation.
type Pending struct {
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
}

// Detect finds the flags and outcomes of all pairs, ordered by pair and day.
func Detect(in Input) Found {
	out := Found{Pending: map[string]Pending{}, Unread: map[series.Pair]bool{}}
	taken := oneOnOnes(in)
	for i := range in.Views {
		d := &detector{in: &in, out: &out, v: &in.Views[i], taken: taken}
		d.run()
	}
	return out
}

// booking is a 1:1 of somebody, for telling that two of them collide.
type booking struct {
	pair series.Pair
	series.Interval
}

// oneOnOnes are the coming meetings of everybody's pairs that stand elsewhere than booked: those on their slots do not
// collide, the roster sees to it.
func oneOnOnes(in Input) map[string][]booking {
	out := map[string][]booking{}
	for _, v := range in.Views {
		h := v.Head()
		if h == nil || !v.Wanted {
			continue
		}
		moved := h.SlotTouched()
		for _, m := range h.Meetings(in.Now, in.Now.AddDate(0, 0, 7*in.HorizonWeeks)) {
			if !m.Cancelled && (moved || !m.Start.Equal(m.Original)) {
				b := booking{v.Pair, series.Interval{Start: m.Start, End: m.End(), Kind: series.Hard}}
				out[v.Pair.Manager] = append(out[v.Pair.Manager], b)
				out[v.Pair.Report] = append(out[v.Pair.Report], b)
			}
		}
	}
	return out
}

type detector struct {
	in    *Input
	out   *Found
	v     *series.View
	taken map[string][]booking
}

func (d *detector) run() {
	if d.v.Stale {
		d.out.Unread[d.v.Pair] = true
		d.unknown()
		return
	}
	for _, w := range d.weeks() {
		d.week(w)
	}
	if !d.v.Wanted {
		return
	}
	d.lost()
	if h := d.v.Head(); h != nil && !h.Mark.Slot.IsZero() {
		d.wholeSeries(h)
		d.copies(h)
	}
}

// span is the weeks to look at: from the first whose outcome is not final to the horizon.
func (d *detector) span(zone string) (from, now, to series.Week) {
	today, _ := series.WallClock(d.in.Now, zone)
	now = today.Week()
	from = now
	if last, ok := d.in.Frozen[d.v.Pair]; ok {
		if next := last.Monday().AddDays(7); next.Before(now.Monday()) {
			from = next.Week()
		}
		if floor := now.Monday().AddDays(-7 * 8); from.Monday().Before(floor) {
			from = floor.Week()
		}
	}
	return from, now, today.AddDays(7 * d.in.HorizonWeeks).Week()
}

// chain is the pair's lineage, with a series that is gone at its end.
func (d *detector) chain() []series.Event {
	if g := d.v.Lost(); g != nil && !g.Last.Mark.Slot.IsZero() {
		return append(slices.Clone(d.v.Chain), g.Last)
	}
	return d.v.Chain
}

func (d *detector) zone() string {
	c := d.chain()
	if len(c) == 0 || c[len(c)-1].Mark.Slot.IsZero() {
		return "UTC"
	}
	return c[len(c)-1].Mark.Slot.Zone
}

func (d *detector) weeks() []series.WeekMeeting {
	from, _, to := d.span(d.zone())
	return d.v.Weeks(from, to)
}

// unknown records that nothing is known of weeks that ended while a calendar could not be read. It is final only a
// week later: until then the calendar may come back and tell.
func (d *detector) unknown() {
	from, now, _ := d.span(d.zone())
	for _, w := range d.v.Weeks(from, now) {
		if w.Date.Week().Monday().Before(now.Monday()) {
			d.outcome(w.Date, UnknownWeek, ByUnknown, nil, now.Monday().DaysSince(w.Date.Monday()) >= 14)
		}
	}
}

func (d *detector) outcome(day series.Date, r Result, by By, notice *time.Duration, final bool) {
	d.out.Outcomes = append(d.out.Outcomes, Outcome{Pair: d.v.Pair, Week: day.Week(), Occurrence: day, Result: r, By: by, Notice: notice, Final: final})
}

// flag adds a flag; booked is the start that the notice is counted to, zero for none.
func (d *detector) flag(kind Kind, generation int, day series.Date, from, to string, by By, booked time.Time) Flag {
	f := Flag{Pair: d.v.Pair, Generation: generation, Kind: kind, Occurrence: day, From: from, To: to, By: by, Since: d.v.At}
	if old, ok := d.in.Known[f.ID()]; ok {
		f.Since, f.Notice = old.Since, old.Notice
		if by == ByUnknown {
			f.By = old.By
		}
	} else if !booked.IsZero() {
		f.Notice = notice(booked, d.v.Before, d.v.At)
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

func instant(t time.Time) string { return t.Format(time.RFC3339) }

// week judges one week's meeting.
func (d *detector) week(w series.WeekMeeting) {
	_, now, _ := d.span(w.Slot.Zone)
	over := w.Date.Monday().Before(now.Monday())
	m, at := w.Meeting, w.Booked.In(w.Booked.Location())
	away := w.Skip != nil || d.v.Wanted && d.v.Away(w.Booked, w.Slot.Duration) != ""
	flag := func(kind Kind, from, to string, by By) Flag {
		f := Flag{}
		if d.v.Wanted && !over {
			f = d.flag(kind, w.Generation, w.Date, from, to, by, w.Booked)
		} else if old, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: w.Date, Generation: w.Generation}).ID()]; ok {
			f = old
		} else {
			f.Notice = notice(w.Booked, d.v.Before, d.v.At)
		}
		return f
	}
	known := func(kind Kind) bool {
		_, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: w.Date, Generation: w.Generation}).ID()]
		return ok
	}
	// What changed only after the meeting was over did not change the meeting.
	past := !d.v.Before.IsZero() && !d.v.Before.Before(w.Booked.Add(w.Slot.Duration))

	switch {
	case m == nil || m.Cancelled:
		if past && !known(Cancelled) && !known(Moved) && !away {
			d.outcome(w.Date, Kept, ByUnknown, nil, over)
			return
		}
		standIn, lookAlike := d.standIn(w.Date, w.Slot.Zone)
		switch {
		case standIn != nil && lookAlike:
			f := flag(Moved, instant(at), instant(standIn.Start.In(at.Location())), ByUnknown)
			d.outcome(w.Date, sameWeek(w, standIn.Start), f.By, f.Notice, over)
		case standIn != nil:
			d.outcome(w.Date, Recovered, ByUnknown, nil, over)
		case away:
			d.outcome(w.Date, Excused, ByUnknown, nil, over)
		default:
			f := flag(Cancelled, instant(at), "", ByUnknown)
			d.outcome(w.Date, cancelled(f), orUnknown(f.By), f.Notice, over)
		}
		return
	case d.declined(m.Guests):
		if away {
			d.outcome(w.Date, Excused, ByReport, nil, over)
			return
		}
		f := Flag{By: ByReport}
		if !d.declined(w.Event.Guests) {
			f = flag(DeclinedKind, instant(at), "", ByReport)
		}
		d.outcome(w.Date, DeclinedWeek, ByReport, f.Notice, over)
	case m.Overridden && !m.Start.Equal(w.Booked) && !m.Start.Equal(m.Original):
		if past && !known(Moved) {
			d.outcome(w.Date, Kept, ByUnknown, nil, over)
			break
		}
		f := flag(Moved, instant(at), instant(m.Start.In(at.Location())), ByUnknown)
		d.outcome(w.Date, sameWeek(w, m.Start), orUnknown(f.By), f.Notice, over)
	default:
		d.outcome(w.Date, sameWeek(w, m.Start), ByUnknown, nil, over)
	}
	if over || !d.v.Wanted {
		return
	}
	d.details(w, flag)
}

// details flags what is different about a meeting that takes place.
func (d *detector) details(w series.WeekMeeting, flag func(Kind, string, string, By) Flag) {
	m, e, want := w.Meeting, w.Event, &d.v.Want
	if m.Overridden {
		if m.Duration < w.Slot.Duration && m.Duration != e.Duration {
			flag(Shortened, w.Slot.Duration.String(), m.Duration.String(), ByUnknown)
		}
		if want.Place != "" && series.Digest(m.Place) != series.Digest(e.Place) && series.Digest(m.Place) != series.Digest(want.Place) {
			flag(PlaceChanged, "", "", ByUnknown)
		}
		if m.Free && !e.Free {
			flag(NotBusy, "", "", ByUnknown)
		}
		if d.strangers(m.Guests) > d.strangers(e.Guests) {
			flag(GuestAdded, "", "", ByUnknown)
		}
	}
	if !m.End().After(d.in.Now) {
		return
	}
	for _, id := range []string{d.v.Pair.Manager, d.v.Pair.Report} {
		if other := d.collision(id, m); other != nil {
			flag(DoubleBooked, instant(m.Start.In(w.Booked.Location())), instant(other.Start.In(w.Booked.Location())), ByUnknown)
			return
		}
	}
}

func (d *detector) collision(person string, m *series.Meeting) *series.Interval {
	hits := func(i series.Interval) bool {
		return i.Kind == series.Hard && i.Start.Before(m.End()) && m.Start.Before(i.End)
	}
	for _, i := range d.in.Busy[person] {
		if hits(i) {
			return &i
		}
	}
	for _, b := range d.taken[person] {
		if b.pair != d.v.Pair && hits(b.Interval) {
			return &b.Interval
		}
	}
	return nil
}

// standIn finds an event that takes the place of the meeting booked on the day.
func (d *detector) standIn(day series.Date, zone string) (s *series.StandIn, lookAlike bool) {
	for i := range d.v.StandIns {
		x := &d.v.StandIns[i]
		if on, _ := series.WallClock(x.Start, zone); on.Monday() == day.Monday() && (s == nil || lookAlike && !x.LookAlike) {
			s, lookAlike = x, x.LookAlike
		}
	}
	return s, lookAlike
}

// sameWeek is the result of a meeting that takes place at start.
func sameWeek(w series.WeekMeeting, start time.Time) Result {
	day, _ := series.WallClock(start, w.Slot.Zone)
	switch {
	case day.Monday() != w.Date.Monday():
		return Slipped
	case day.After(w.Date):
		return KeptLate
	}
	return Kept
}

func cancelled(f Flag) Result {
	if f.Notice != nil && *f.Notice < lateNotice {
		return LateCancelled
	}
	return CancelledWeek
}

func orUnknown(b By) By {
	if b == "" {
		return ByUnknown
	}
	return b
}

func (d *detector) declined(guests []series.Guest) bool {
	return slices.ContainsFunc(guests, func(g series.Guest) bool {
		return g.Answer == series.Declined && d.v.Want.Report.Is(g.Address)
	})
}

// strangers counts the guests that are neither of the two.
func (d *detector) strangers(guests []series.Guest) int {
	n := 0
	for _, g := range guests {
		if !d.v.Want.Report.Is(g.Address) && !d.v.Want.Manager.Is(g.Address) {
			n++
		}
	}
	return n
}
