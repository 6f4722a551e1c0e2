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
	Documents    map[series.Pair][]Finding    // what is wrong with the pairs' documents
	Undelivered  map[series.Pair]string       // what could not be delivered in several rounds, in words
	// Taste is what meeting at a time costs two people who are free; nil: nothing.
	Taste func(manager, report series.Person, start time.Time, length time.Duration) int
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
	out := Found{Pending: map[string]Pending{}, Unread: map[series.Pair]bool{}, Undone: map[string]string{}}
	in.Views = slices.Clone(in.Views)
	slices.SortStableFunc(in.Views, func(a, b series.View) int { return a.Pair.Compare(b.Pair) })
	taken := in.agenda()
	busy := map[string]timeTaken{}
	for i := range in.Views {
		d := &detector{in: &in, out: &out, v: &in.Views[i], taken: taken, busy: busy, mine: len(out.Outcomes)}
		d.run()
	}
	(&MakeUps{in: in, agenda: taken}).Fill(out.Flags)
	return out
}

// agenda is all that takes people's time as far as meetings are looked at, from this week on.
func (in *Input) agenda() *series.Agenda {
	return series.NewAgenda(in.Views, in.Busy, in.Now.AddDate(0, 0, -7), in.Now.AddDate(0, 0, 7*(in.HorizonWeeks+1)))
}

type detector struct {
	in    *Input
	out   *Found
	v     *series.View
	taken *series.Agenda
	busy  map[string]timeTaken // by person, as far as it was asked for
	mine  int                  // where the pair's outcomes begin
	over  collided
}

func (d *detector) run() {
	if d.v.Stale || d.v.Suspect || d.v.Missing() {
		d.out.Unread[d.v.Pair] = true
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
			d.flag(SlotUnfit, h.Mark.Generation, series.Date{}, h.Mark.Slot.String(), u.To.String(), ByUnknown, time.Time{})
			d.out.Flags[len(d.out.Flags)-1].Why = u.Why
		}
		d.copies(h)
	}
}

// span is the weeks to look at: from the first whose outcome is not final, or else the one of the last observation, to the
// horizon. Nothing is made up of weeks that were never seen.
func (d *detector) span() (from, now, to series.Week) {
	zone := d.zone()
	today, _ := series.WallClock(d.in.Now, zone)
	monday := today.Monday()
	since := monday
	if last, ok := d.in.Frozen[d.v.Pair]; ok {
		since = last.Monday().AddDays(7)
	} else if !d.v.Before.IsZero() {
		day, _ := series.WallClock(d.v.Before, zone)
		since = day.Monday()
	}
	if floor := monday.AddDays(-7 * keptWeeks); since.Before(floor) {
		since = floor
	}
	if since.After(monday) {
		since = monday
	}
	return since.Week(), monday.Week(), today.AddDays(7 * d.in.HorizonWeeks).Week()
}

// keptWeeks is how far back an outcome may be made up for.
const keptWeeks = 8

// zone is that of the pair's slot.
func (d *detector) zone() string {
	h := d.v.Head()
	if n := len(d.v.Gone); d.v.Lost() != nil || h == nil && n > 0 {
		h = &d.v.Gone[n-1].Last
	}
	if h == nil || h.Mark.Slot.IsZero() {
		return "UTC"
	}
	return h.Mark.Slot.Zone
}

// weeks judges the weeks of the series that are there, and of one that was deleted those that were over by then.
func (d *detector) weeks() {
	from, _, to := d.span()
	v := *d.v
	if g := d.v.Lost(); g != nil {
		v.Chain = append(slices.Clone(v.Chain), g.Last)
	}
	weeks := v.Weeks(from.Monday().AddDays(-7*keptWeeks).Week(), to)
	// Of those whose outcome is final only the ones count that were moved into what is not over yet.
	weeks = slices.DeleteFunc(weeks, func(w series.WeekMeeting) bool {
		return w.Date.Before(from.Monday()) && !d.lasts(w)
	})
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
	_, now, _ := d.span()
	day := w.Date
	if w.Meeting != nil && !w.Meeting.Cancelled {
		if on, _ := series.WallClock(w.Meeting.Start, w.Slot.Zone); on.After(day) {
			day = on
		}
	}
	return !day.Before(now.Monday())
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
	from, now, _ := d.span()
	v := *d.v
	for _, g := range v.Gone {
		if !g.Proven {
			v.Chain = append(slices.Clone(v.Chain), g.Last)
		}
	}
	for _, w := range v.Weeks(from, now) {
		monday := w.Date.Monday()
		if !monday.Before(now.Monday()) {
			continue
		}
		over := w.Booked.Add(w.Slot.Duration)
		if w.Meeting != nil && !w.Meeting.Cancelled && w.Meeting.End().After(over) {
			over = w.Meeting.End()
		}
		if !v.Before.Before(over) {
			d.week(w)
		} else {
			d.outcome(w.Date, UnknownWeek, ByUnknown, nil, now.Monday().DaysSince(monday) >= 14)
		}
	}
}

func (d *detector) outcome(day series.Date, r Result, by By, notice *time.Duration, final bool) {
	d.out.Outcomes = append(d.out.Outcomes, Outcome{Pair: d.v.Pair, Week: day.Week(), Occurrence: day, Result: r, By: by, Notice: notice, Final: final})
}

// flag adds a flag; booked is the start that the notice is counted to, zero for none.
func (d *detector) flag(kind Kind, generation int, day series.Date, from, to string, by By, booked time.Time) Flag {
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

func instant(t time.Time) string { return t.Format(time.RFC3339) }

// readSince reports whether the calendars were read since the week of the day ended: who drags a meeting on the last evening may
// do so after the last look.
func (d *detector) readSince(day series.Date) bool {
	read, _ := series.WallClock(d.v.At, d.zone())
	return day.Monday().Before(read.Monday())
}

// week judges one week's meeting.
func (d *detector) week(w series.WeekMeeting) {
	from, now, _ := d.span()
	over := w.Date.Monday().Before(now.Monday())
	kept, keptBy := Kept, ByUnknown
	if at := w.MadeUpAt(); !at.IsZero() {
		w.Booked, kept, keptBy = at, Recovered, ByHoldfast
	}
	m, at := w.Meeting, w.Booked
	moment := func(t time.Time) string { return instant(t.In(at.Location())) }
	known := func(kind Kind) (Flag, bool) {
		f, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: w.Date, Generation: w.Generation}).ID()]
		return f, ok
	}
	detailed := func(f Flag) Flag {
		f.Pair, f.Generation, f.Occurrence = d.v.Pair, w.Generation, w.Date
		if d.v.Wanted && d.lasts(w) {
			return d.detailed(f, w.Booked)
		}
		if f, ok := known(f.Kind); ok {
			return f
		}
		f.Notice = notice(w.Booked, d.v.Before, d.v.At)
		return f
	}
	// flag is the flag as it was known, or a new one; those of a week that is over are not flagged any more.
	flag := func(kind Kind, from, to string, by By) Flag {
		return detailed(Flag{Kind: kind, From: from, To: to, By: by})
	}
	// details flags what else is different about a meeting that takes place, or took place.
	details := func() { d.details(w, detailed, known) }
	final := over && (d.out.Unread[d.v.Pair] || d.readSince(w.Date))
	outcome := func(r Result, by By, notice *time.Duration) {
		if !w.Date.Before(from.Monday()) { // else it is final
			d.outcome(w.Date, r, by, notice, final)
		}
	}
	// What changed only after the meeting was over did not change the meeting: past tells that it was over when the calendar
	// was last read, so that what it says otherwise is known by now, or new and too late.
	past := func(end time.Time) bool { return !d.v.Before.IsZero() && !d.v.Before.Before(end) }
	end := w.Booked.Add(w.Slot.Duration)
	away := w.Skip != nil || d.v.Wanted && d.v.Away(w.Booked, w.Slot.Duration) != ""
	standIn, lookAlike := d.standIn(w.Date, w.Slot.Zone)
	gone := m == nil || m.Cancelled

	if gone && standIn != nil && !lookAlike {
		outcome(Recovered, ByUnknown, nil)
		return
	}
	if past(end) && !away {
		if f, ok := known(Cancelled); ok {
			detailed(f)
			outcome(cancelled(f), f.By, f.Notice)
			return
		}
		f, moved := known(Moved)
		to, err := time.Parse(time.RFC3339, f.To)
		if declined, ok := known(DeclinedKind); ok {
			if moved {
				detailed(f)
			}
			detailed(declined)
			outcome(DeclinedWeek, declined.By, declined.Notice)
			details()
			return
		}
		if moved && err == nil && past(to.Add(w.Slot.Duration)) {
			detailed(f)
			outcome(sameWeek(w, to), f.By, f.Notice)
			details()
			return
		}
		// A meeting that did not take place may still be moved to a later time.
		later := !gone && m.Overridden && m.Start.After(d.v.At)
		if !moved && !later && !w.Event.SlotTouched() {
			outcome(kept, keptBy, nil)
			details()
			return
		}
	}
	onSeries := m == nil || !m.Cancelled && m.Start.Equal(m.Original)
	if w.Event.SlotTouched() && onSeries && !d.since(SeriesMoved, w.Generation).Before(end) {
		outcome(Kept, ByUnknown, nil) // the series was moved only after this one
		details()
		return
	}
	switch {
	case gone && standIn != nil:
		f := detailed(Flag{Kind: Moved, From: moment(at), To: moment(standIn.Start), By: ByUnknown,
			Detail: "in an event that the report is not invited to"})
		outcome(sameWeek(w, standIn.Start), f.By, f.Notice)
		return
	case gone && away:
		outcome(Excused, ByUnknown, nil)
		return
	case m == nil && w.Event.SlotTouched():
		outcome(CancelledWeek, ByUnknown, nil) // it is the series that was moved
		return
	case gone:
		f := flag(Cancelled, moment(at), "", ByUnknown)
		outcome(cancelled(f), f.By, f.Notice)
		return
	}
	result, by, when := sameWeek(w, m.Start), ByUnknown, (*time.Duration)(nil)
	if kept == Recovered && m.Start.Equal(w.Booked) {
		result, by = kept, keptBy
	}
	if m.Overridden && !m.Start.Equal(w.Booked) && !m.Start.Equal(m.Original) {
		f := flag(Moved, moment(at), moment(m.Start), ByUnknown)
		by, when = f.By, f.Notice
	}
	if d.declined(m.Guests) {
		result, by, when = DeclinedWeek, ByReport, nil
		f, alone := known(DeclinedKind)
		switch {
		case away:
			result = Excused
		case alone && d.declined(w.Event.Guests):
			when = f.Notice
		case !d.declined(w.Event.Guests):
			when = flag(DeclinedKind, moment(at), "", ByReport).Notice
		case d.since(DeclinedKind, w.Generation).Before(end):
		default: // all were declined only after this one
			result, by = sameWeek(w, m.Start), ByUnknown
		}
	}
	outcome(result, by, when)
	details()
}

// since is when a difference of the whole series was first seen: now, if it is new.
func (d *detector) since(kind Kind, generation int) time.Time {
	days := []series.Date{{}}
	if h := d.v.Head(); h != nil {
		days = append(days, h.First()) // a part that was split off is moved from its first day on
	}
	for _, day := range days {
		if f, ok := d.in.Known[(Flag{Pair: d.v.Pair, Kind: kind, Occurrence: day, Generation: generation}).ID()]; ok {
			return f.Since
		}
	}
	return d.v.At
}

// details flags what is different about a meeting that takes place, beside its time. Of one that is over it opens
// nothing that matters only while it is to come.
func (d *detector) details(w series.WeekMeeting, detailed func(Flag) Flag, known func(Kind) (Flag, bool)) {
	m, e, want := w.Meeting, w.Event, &d.v.Want
	if m == nil || m.Cancelled || !d.v.Wanted {
		return
	}
	flag := func(kind Kind, from, to string, by By) { detailed(Flag{Kind: kind, From: from, To: to, By: by}) }
	toCome := func(kind Kind) bool {
		_, was := known(kind)
		return was || m.End().After(d.in.Now)
	}
	if m.Overridden {
		if m.Duration < w.Slot.Duration && m.Duration != e.Duration {
			flag(Shortened, w.Slot.Duration.String(), m.Duration.String(), ByUnknown)
		}
		if want.Place != "" && series.Digest(m.Place) != series.Digest(e.Place) && series.Digest(m.Place) != series.Digest(want.Place) {
			flag(PlaceChanged, "", "", ByUnknown)
		}
		if noRoom(m.Rooms) && !noRoom(e.Rooms) && toCome(RoomDeclined) {
			flag(RoomDeclined, "", "", ByUnknown)
		}
		if m.Free && !e.Free {
			flag(NotBusy, "", "", ByUnknown)
		}
		if d.strangers(m.Guests) > d.strangers(e.Guests) {
			flag(GuestAdded, "", "", ByUnknown)
		}
	}
	if others := d.over.single[booked{w.Generation, w.Date}]; len(others) > 0 && toCome(DoubleBooked) {
		from, to, what := clash(w, others)
		detailed(Flag{Kind: DoubleBooked, From: from, To: to, Detail: what, By: ByUnknown})
	}
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

func (d *detector) declined(guests []series.Guest) bool {
	return slices.ContainsFunc(guests, func(g series.Guest) bool {
		return g.Answer == series.Declined && d.v.Want.Report.Is(g.Address)
	})
}

// noRoom reports whether a room that was asked for said no.
func noRoom(rooms []series.Guest) bool {
	return slices.ContainsFunc(rooms, func(r series.Guest) bool { return r.Answer == series.Declined })
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
