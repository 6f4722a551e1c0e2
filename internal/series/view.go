package series

import (
	"maps"
	"slices"
	"time"
)

// View is what the roster wants of one pair and what the calendars say about it, at one moment.
type View struct {
	Pair   Pair
	Want   Series // meaningless unless Wanted
	Wanted bool   // the roster has the pair

	// Chain is the pair's lineage on the organizer's calendar, oldest first: generations, and the successors that
	// people split off. Duplicates are not in it.
	Chain      []Event
	Duplicates []Event
	Gone       []Gone  // series of the pair that the organizer's calendar no longer has, oldest generation first
	Candidates []Event // recurring 1:1s that the pair has without us
	// Unmarked: the last of Chain is a successor whose client dropped the mark; it carries that of its predecessor here.
	Unmarked bool
	// MarkLost are the UIDs of those of Chain that lost their mark; they carry the one that the roster's values make here.
	MarkLost []string

	Foreign    []Event // 1:1s of the pair that bear the mark of another org
	Mine       []Event // recurring 1:1s of the pair without a mark in the report's calendar
	Copies     []Event // the report's, of any of the chain
	LastCopies []Event // as they were in the observation before this one
	GoneCopies []Gone
	StandIns   []StandIn
	Out        []Interval // when one of the two is out of office, as their calendars say

	// Stale: one of the two calendars could not be read, so that nothing may be decided.
	Stale bool
	// OnlyCopyStale: it is the report's alone. Who left the company may have no account any more, and their 1:1 must end.
	OnlyCopyStale bool
	// Suspect: a calendar lists so much less than before that it is not believed.
	Suspect bool
	// ServerDelivers: the organizer's server brings invitations and changes to the report.
	ServerDelivers bool
	// HasCopy: the report's calendar is one that Holdfast reads, so that a copy can be seen or written there.
	HasCopy bool
	// MayHide: the report's calendar may show no invitation until it is answered, as people can have it at Google.
	MayHide bool
	// Quiet: the organizer's calendar can be written without anything being delivered.
	Quiet bool
	// Singly is the organizer's Snapshot.Singly.
	Singly bool

	At     time.Time // when the manager's calendar was read, or the report's where that was not to be had for longer
	Before time.Time // when it was read the time before, likewise; zero: never
}

// leanBlock is how many lean views lie in one piece of memory.
const leanBlock = 64

// Lean are views as far as they matter to other pairs, and to whoever asks how a pair stands: without the copies, and
// without the texts of events, which are much the larger part. They share nothing with the whole ones but texts: what
// stays for long lies together, and not among what is thrown away.
func Lean(views []*View) []*View {
	out := make([]*View, len(views))
	for from := 0; from < len(views); from += leanBlock {
		to := min(from+leanBlock, len(views))
		block := make([]View, to-from)
		for i := range block {
			block[i] = views[from+i].lean()
			out[from+i] = &block[i]
		}
	}
	return out
}

func (v *View) lean() View {
	l := *v
	l.Copies, l.LastCopies, l.GoneCopies = nil, nil, nil
	for _, list := range []*[]Event{&l.Chain, &l.Duplicates, &l.Candidates, &l.Foreign, &l.Mine} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i] = (*list)[i].lean()
		}
	}
	l.Gone = slices.Clone(l.Gone)
	for i := range l.Gone {
		l.Gone[i].Last = l.Gone[i].Last.lean()
	}
	l.MarkLost, l.StandIns, l.Out = slices.Clone(l.MarkLost), slices.Clone(l.StandIns), slices.Clone(l.Out)
	return l
}

// lean is e without its Raw, and sharing nothing with it but texts.
func (e Event) lean() Event {
	e.Raw = ""
	e.Mark.Skips, e.Mark.MadeUp = slices.Clone(e.Mark.Skips), slices.Clone(e.Mark.MadeUp)
	e.Mark.Written = maps.Clone(e.Mark.Written)
	e.Rule.Starts, e.Excluded = slices.Clone(e.Rule.Starts), slices.Clone(e.Excluded)
	e.Guests, e.Rooms, e.Earlier = slices.Clone(e.Guests), slices.Clone(e.Rooms), slices.Clone(e.Earlier)
	e.Overrides = slices.Clone(e.Overrides)
	for i := range e.Overrides {
		o := &e.Overrides[i]
		o.Guests, o.Rooms = slices.Clone(o.Guests), slices.Clone(o.Rooms)
	}
	return e
}

// Head is the series that holds the pair's slot now or was the last to do so; nil if there never was one.
func (v *View) Head() *Event {
	if len(v.Chain) == 0 {
		return nil
	}
	return &v.Chain[len(v.Chain)-1]
}

// TakenOver is from when on a later generation has the place of the i-th of Chain, whether that has ended or still goes
// on beside it; zero where none has.
func (v *View) TakenOver(i int) time.Time {
	for k := i + 1; k < len(v.Chain); k++ {
		if e := &v.Chain[k]; e.Mark.Generation > v.Chain[i].Mark.Generation {
			return Instant(e.First().Monday(), 0, e.Zone)
		}
	}
	return time.Time{}
}

// GoesOnBeside reports whether the i-th of Chain still has meetings to come when a later generation has its place: the
// replacement is not finished.
func (v *View) GoesOnBeside(i int, now time.Time) bool {
	from := v.TakenOver(i)
	return !from.IsZero() && !v.Chain[i].Ended(from) && !v.Chain[i].Ended(now)
}

// Plain reports whether all meetings from the moment on are those of one series, as it was booked.
func (v *View) Plain(now time.Time) bool {
	live := 0
	for i := range v.Chain {
		e := &v.Chain[i]
		if e.Ended(now) {
			continue
		}
		if live++; len(e.Overrides)+len(e.Excluded)+len(e.Mark.Skips) > 0 || e.SlotTouched() {
			return false
		}
	}
	return live < 2 && len(v.StandIns) == 0
}

// Generation is the highest that was ever seen, 0 for none.
func (v *View) Generation() int {
	n := 0
	for _, e := range slices.Concat(v.Chain, v.Duplicates) {
		n = max(n, e.Mark.Generation)
	}
	for _, g := range v.Gone {
		n = max(n, g.Generation)
	}
	return n
}

// Lost is the series of the latest generation when it is proven gone and nothing took its place, else nil. One that
// Holdfast removed itself is not lost, nor is one that the roster ends before it began.
func (v *View) Lost() *Gone {
	if len(v.Gone) == 0 {
		return nil
	}
	g := &v.Gone[len(v.Gone)-1]
	last := g.Last.LastDay()
	switch ends := v.Want.Ends; {
	case !g.Proven, g.Ours, v.Head() != nil && v.Head().Mark.Generation >= g.Generation:
		return nil
	case v.Wanted && !ends.IsZero() && (g.Last.First().After(ends) || !last.IsZero() && !last.Before(ends)):
		return nil
	}
	return g
}

// Missing reports whether the series that would be the Head is absent without proof that somebody removed it.
func (v *View) Missing() bool {
	h := v.Head()
	return slices.ContainsFunc(v.Gone, func(g Gone) bool {
		switch {
		case g.Proven || g.Ours:
			return false
		case h == nil || h.Mark.Generation < g.Generation:
			return true
		}
		return h.Mark.Generation == g.Generation &&
			(g.Last.Derived && !h.Derived || !h.Rule.Until.IsZero() && g.Last.Start.After(h.LastOriginal()))
	})
}

// LastOriginal is the original start of the last meeting of a series with an end. UNTIL itself is no measure: who moves
// "this and following" to an earlier time has the new part begin before it.
func (e Event) LastOriginal() time.Time {
	if e.Rule.Plain {
		return e.Slot().On(e.LastDay())
	}
	return e.Rule.Until
}

// EndedByHand reports whether the event has an end that Holdfast did not write.
func (e Event) EndedByHand() bool {
	return e.Cancelled || !e.Rule.Until.IsZero() && e.Mark.Written[FieldEnd] != e.digest(FieldEnd)
}

// SlotTouched reports whether a person moved the series: it stands elsewhere than where it was booked, or in other
// weeks.
func (e Event) SlotTouched() bool {
	return !e.Rule.Plain || !e.Slot().Same(e.Mark.Slot, e.First()) || e.phaseTouched()
}

// phaseTouched reports whether a series of every second or fourth week stands in other weeks than those it was booked
// in.
func (e Event) phaseTouched() bool {
	written := e.Mark.Written[FieldPhase]
	return written != "" && e.Rule.Every > 1 && e.Rule.Every == e.Mark.Slot.Every && written != digestPhase(e.First(), e.Rule.Every)
}

// Moved tells where a series that a person moved was booked and where it stands: the slots, all of them where they read
// the same, or the first meetings where only the weeks are others.
func (e Event) Moved() (from, to Aspect) {
	was, is := e.Mark.Slot, e.Slot()
	switch {
	case was.String() != is.String():
		return AspectOf(was), AspectOf(is)
	case was != is:
		return WholeSlot(was), WholeSlot(is)
	}
	return AspectOf(was.On(e.BookedFirst(was))), AspectOf(e.Start.In(location(is.Zone)))
}

// BookedFirst is the day of the event's first meeting if it stood on the slot, in the weeks it was booked in.
func (e Event) BookedFirst(s Slot) Date {
	d := s.InWeek(e.First())
	if written := e.Mark.Written[FieldPhase]; written != "" && s.Every == e.Mark.Slot.Every {
		for range s.Every - 1 {
			if digestPhase(d, s.Every) == written {
				break
			}
			d = d.AddDays(7)
		}
	}
	return d
}

// OwnLink is the event's link if it is the one that Holdfast wrote, else "".
func (e Event) OwnLink() string {
	if e.Mark.Written[FieldLink] != Digest(e.Link) {
		return ""
	}
	return e.Link
}

// Touched reports whether the field is other than Holdfast last wrote it.
func (e Event) Touched(f Field) bool {
	if f == FieldSlot {
		return e.SlotTouched()
	}
	return e.Mark.Written[f] != "" && e.Mark.Written[f] != e.digest(f)
}

// WeekMeeting is one week's meeting of a pair: where it was booked, and what the calendar has.
type WeekMeeting struct {
	Generation int
	Date       Date      // the booked day: the occurrence's name
	Booked     time.Time // the booked start
	Slot       Slot      // as booked
	Meeting    *Meeting  // nil: the series has none for that week
	Skip       *Skip     // it is planned to be skipped
	Event      *Event    // of Chain
}

// MadeUpAt is where Holdfast made up for the meeting; zero if it did not, or if the meeting is back where its series
// has it.
func (w WeekMeeting) MadeUpAt() time.Time {
	original := w.Booked
	if m := w.Meeting; m != nil {
		if original = m.Original; !m.Cancelled && m.Start.Equal(original) {
			return time.Time{}
		}
	}
	at := w.Event.Mark.MadeUpTo(original)
	if at.IsZero() {
		return at
	}
	return at.In(w.Booked.Location())
}

// Beside is an event of their own in which the two meet in the week of the day; nil for none.
func (v *View) Beside(day Date, zone string) *StandIn {
	for i := range v.StandIns {
		if d, _ := WallClock(v.StandIns[i].Start, zone); d.Monday() == day.Monday() {
			return &v.StandIns[i]
		}
	}
	return nil
}

// MakeUp is the override that makes up for the meeting at another time and leaves the rest of it as it is. There must
// be a Meeting.
func (w WeekMeeting) MakeUp(start time.Time) Override {
	m := w.Meeting
	if m.Cancelled {
		return Override{Original: m.Original, Start: start, Duration: w.Slot.Duration, Place: w.Event.Place, Link: w.Event.Link, MadeUp: true}
	}
	return Override{Original: m.Original, Start: start, Duration: m.Duration, Place: m.Place, Link: m.Link, MadeUp: true}
}

// Weeks are the pair's meetings booked in the ISO weeks from and to, both included, by date. Each of Chain has the
// weeks from its first one to that before the next one's first.
func (v *View) Weeks(from, to Week) []WeekMeeting {
	var out []WeekMeeting
	for i := range v.Chain {
		e, until := &v.Chain[i], to.Monday().AddDays(6)
		slot := e.Mark.Slot
		if slot.IsZero() {
			continue
		}
		if i+1 < len(v.Chain) {
			until = minDate(until, v.Chain[i+1].First().Monday().AddDays(-1))
		}
		if last := e.LastDay(); !last.IsZero() {
			until = minDate(until, last.Monday().AddDays(6))
		}
		meetings := e.Meetings(slot.On(from.Monday().AddDays(-7)), slot.On(to.Monday().AddDays(7*(slot.Every+1))))
		dates := slot.Dates(e.BookedFirst(slot), from.Monday(), until)
		out = slices.Grow(out, len(dates))
		for _, d := range dates {
			w := WeekMeeting{Generation: e.Mark.Generation, Date: d, Booked: slot.On(d), Slot: slot, Event: e, Meeting: e.meetingOf(meetings, d)}
			for k := range e.Mark.Skips {
				if day := e.Mark.Skips[k].Date; day == d || w.Meeting != nil && DateOf(w.Meeting.Original.In(location(e.Zone))) == day {
					w.Skip = &e.Mark.Skips[k]
				}
			}
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b WeekMeeting) int { return a.Date.Compare(b.Date) })
	return out
}

// meetingOf is the one of the meetings that was booked for the day; of a series that was moved, the one of that week,
// or of those up to the next one that was booked.
func (e *Event) meetingOf(meetings []Meeting, d Date) *Meeting {
	slot := e.Mark.Slot
	span := 7
	if e.Rule.Plain && e.Rule.Every == slot.Every {
		span *= slot.Every
	}
	var found *Meeting
	for k := range meetings {
		od, _ := WallClock(meetings[k].Original, slot.Zone)
		if od == d {
			return &meetings[k]
		}
		if n := od.DaysSince(d.Monday()); found == nil && n >= 0 && n < span && e.SlotTouched() {
			found = &meetings[k]
		}
	}
	return found
}

func minDate(a, b Date) Date {
	if b.Before(a) {
		return b
	}
	return a
}

func inWeek(monday Date, day time.Weekday) Date { return monday.AddDays((int(day) + 6) % 7) }

// InWeek is the slot's day in the ISO week of d.
func (s Slot) InWeek(d Date) Date { return inWeek(d.Monday(), s.Weekday) }

// Away tells why one of the two is not there for a meeting at that time, each on the days of their own zone; "" if both
// are.
func (v *View) Away(start time.Time, length time.Duration) string {
	if why := v.Want.AwayAt(start); why != "" {
		return why
	}
	if slices.ContainsFunc(v.Out, func(i Interval) bool { return i.Start.Before(start.Add(length)) && start.Before(i.End) }) {
		return OutOfOffice
	}
	return ""
}

// AwayAt tells what leave or holiday one of the pair has at that time, each on the days of their own zone; "" for none.
func (s Series) AwayAt(t time.Time) string {
	for _, p := range []Person{s.Manager, s.Report} {
		d, _ := WallClock(t, p.Zone)
		if a := p.awayOn(d); a != nil {
			return a.Why
		}
	}
	return ""
}
