package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Time is when a person wants a meeting to be made up for: an instant, a time of a day, or with neither a day nor an instant a
// time of a weekday of the meeting's own week. Clocks are those of the slot's zone; a time that its day does not have moves on as
// series.Instant says.
type Time struct {
	Instant time.Time
	Date    series.Date
	Weekday time.Weekday
	At      series.TimeOfDay
}

// in is the moment meant, for a meeting of that slot in the week of the day.
func (t Time) in(s series.Slot, day series.Date) time.Time {
	switch {
	case !t.Instant.IsZero():
		return series.At(t.Instant, s.Zone)
	case !t.Date.IsZero():
		return series.Instant(t.Date, t.At, s.Zone)
	}
	return series.Instant(day.Monday().AddDays((int(t.Weekday)+6)%7), t.At, s.Zone)
}

// Refusal is a command that cannot be done.
type Refusal struct {
	Pair       series.Pair
	Occurrence series.Date // zero: the invitation cannot be delivered again
	To         time.Time   // zero: it did not come to that
	Because    string      // one or more sentences without a full stop, in words
	Clash      bool        // only because somebody is not free then
	Command    string      // "accept" or "restore"; "" is rebook, or invite
}

// makeUp plans what a person asked for: one meeting at another time of its week, and nothing else.
func (p *pairPlan) makeUp() {
	v, day := p.v, p.ask.Occurrence
	refuse := func(format string, args ...any) {
		p.refused = append(p.refused, Refusal{Pair: v.Pair, Occurrence: day, Because: fmt.Sprintf(format, args...)})
	}
	h := v.Head()
	switch {
	case v.Missing():
		refuse("the calendar no longer has the series, and nothing says that somebody deleted it")
		return
	case h == nil || h.Cancelled:
		refuse("%s has no series on the calendar", v.Pair)
		return
	case h.Mark.Slot.IsZero():
		refuse("the series lost its mark, and where it was booked is not known")
		return
	}
	week := v.Weeks(day.Week(), day.Week())
	at := slices.IndexFunc(week, func(w series.WeekMeeting) bool { return w.Date == day })
	switch {
	case at < 0 && len(week) > 0:
		refuse("no 1:1 of %s is booked on %s; that week's is booked on %s", v.Pair, day.Long(), week[0].Date.Long())
		return
	case at < 0:
		refuse("no 1:1 of %s is booked in the week of %s", v.Pair, day.Long())
		return
	case week[at].Meeting == nil || week[at].Event.Cancelled:
		refuse("the series has no meeting left in the week of %s: a person moved or ended it", day.Long())
		return
	}
	w := week[at]
	to := p.ask.To.in(w.Slot, day)
	refuse = func(format string, args ...any) {
		p.refused = append(p.refused, Refusal{Pair: v.Pair, Occurrence: day, To: to, Because: fmt.Sprintf(format, args...)})
	}
	is, _ := series.WallClock(to, w.Slot.Zone)
	o := w.MakeUp(to)
	switch monday := day.Monday(); {
	case is.Monday() != monday:
		refuse("a meeting is made up for in its own week, Mon %s to Sun %s: with another, the week would still go without",
			monday.Short(), monday.AddDays(6).Short())
		return
	case !to.After(p.in.Now):
		refuse("that is over")
		return
	case p.ask.Undo != nil:
		p.undo(w, to, refuse)
		return
	case !w.Meeting.Cancelled && w.Meeting.Start.Equal(to):
		return // it is there already
	}
	if x := v.Beside(day, w.Slot.Zone); x != nil {
		refuse("the two meet on %s, in an event of their own: delete that first", moment(x.Start, w.Slot.Zone))
		return
	}
	zone := w.Slot.Zone
	agenda := series.NewAgenda(p.in.Views, p.in.Busy, series.Instant(day.Monday().AddDays(-1), 0, zone), series.Instant(day.Monday().AddDays(8), 0, zone))
	clashes := inWords(agenda.Clashes(v, o.Original, to, o.Duration, o.Place), to, zone)
	if len(clashes) > 0 && !p.ask.Force {
		p.refused = append(p.refused, Refusal{
			Pair:       v.Pair,
			Occurrence: day,
			To:         to,
			Because:    strings.Join(clashes, "; "),
			Clash:      true,
		})
		return
	}
	c := Change{
		Generation: w.Generation,
		Occurrence: day,
		To:         series.AspectOf(to),
		Mails:      1,
		Why:        []string{day.Long() + " is made up for, at a person's command"},
		Steps:      []Step{{Ref: w.Event.Ref, SetOverride: &o}},
	}
	if !w.Meeting.Cancelled {
		c.From = series.AspectOf(w.Meeting.Start.In(w.Booked.Location()))
	}
	for _, x := range clashes {
		c.Why = append(c.Why, "although "+x)
	}
	// Without its mark the event could not remember the make-up.
	if v.Unmarked && w.Event.UID == h.UID {
		p.adoptPart(h)
	}
	n := len(p.changes)
	p.do(Rebook, c)
	if slices.Contains(v.MarkLost, w.Event.UID) {
		p.healMark(w.Event, w.Event.Mark, n)
	}
}

// undo plans that the meeting, which was made up for at to, is as it was before again.
func (p *pairPlan) undo(w series.WeekMeeting, to time.Time, refuse func(format string, args ...any)) {
	m, before := w.Meeting, p.ask.Undo.Start
	o := series.Override{Original: m.Original, Start: before, Duration: m.Duration, Place: m.Place, Link: m.Link}
	c := Change{
		Generation: w.Generation,
		Occurrence: w.Date,
		From:       series.AspectOf(to),
		Mails:      1,
		Why:        []string{"the make-up for " + w.Date.Long() + " is taken back, at a person's command"},
	}
	switch {
	case m.Cancelled || !m.Start.Equal(to):
		refuse("the meeting does not stand at %s any more", moment(to, w.Slot.Zone))
		return
	case before.IsZero():
		o.Start, o.Cancelled = m.Original, true
	case !before.After(p.in.Now):
		refuse("the time that it had before, %s, is over", moment(before, w.Slot.Zone))
		return
	default:
		c.To = series.AspectOf(series.At(before, w.Slot.Zone))
	}
	c.Steps = []Step{{Ref: w.Event.Ref, SetOverride: &o}}
	p.do(Rebook, c)
}

// inWords tells people what keeps a pair from meeting at start: times only, on the zone's clock.
func inWords(clashes []series.Clash, start time.Time, zone string) []string {
	clock := func(t time.Time) string {
		d, at := series.WallClock(t, zone)
		if first, _ := series.WallClock(start, zone); d == first {
			return at.String()
		}
		return moment(t, zone)
	}
	var out []string
	for _, c := range clashes {
		who := cmp.Or(c.Person.Name, c.Person.ID)
		text := ""
		switch c.Kind {
		case series.OffHours:
			text = "it is not within the working hours of " + who
			if d, at := series.WallClock(start, c.Person.Zone); !sameClock(start, zone, c.Person.Zone) {
				text += fmt.Sprintf(" (%s %s there)", series.ShortDay(d.Weekday()), at)
			}
		case series.IsAway:
			text = fmt.Sprintf("%s is away: %s", who, c.Why)
		case series.OtherEvent:
			text = fmt.Sprintf("%s has something else from %s to %s", who, clock(c.From), clock(c.To))
		case series.OtherOneOne:
			text = fmt.Sprintf("%s has another 1:1 from %s to %s", who, clock(c.From), clock(c.To))
		case series.RoomTaken:
			text = fmt.Sprintf("another 1:1 has the place from %s to %s", clock(c.From), clock(c.To))
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// sameClock reports whether the clocks of both zones show the same at t.
func sameClock(t time.Time, a, b string) bool {
	_, x := series.At(t, a).Zone()
	_, y := series.At(t, b).Zone()
	return x == y
}
