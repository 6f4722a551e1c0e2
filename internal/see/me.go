package see

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Me is what a person sees of themselves, beside what access keeps: wishes, tokens, the feed, everything kept.
type Me struct {
	Made
	Me       Party
	Email    string
	Calendar string    // name of the settings' calendar; "" where Holdfast reaches none
	Read     time.Time // when it was last read; zero: never
	Why      *Reason   // why it cannot be read; nil where it can
	Hours    series.Hours
	Away     []series.Away // leave and holidays to come, and those that last, by day
	Week     OwnWeek       // this one
}

// OwnWeek is a person's week: times, and of other events nothing else.
type OwnWeek struct {
	Monday series.Date
	Zone   string // the person's
	Hours  series.Hours
	Off    [7]string         // why the day is off, from Monday on: series.Leave or Holiday; "" where it is not
	Booked []Booked          // 1:1s that reach into the week, by start
	Busy   []series.Interval // other events, by start; without IDs
	Seen   time.Time         // when the calendar was read; zero: never
	Stale  bool              // it cannot be read since
}

// Booked is a 1:1 in a person's week.
type Booked struct {
	Pair       series.Pair
	As         As
	Other      Party
	Start, End time.Time // on the person's clock
	Place      string
	Flagged    bool
}

// Me is the page of the one who asks about themselves.
func (s *See) Me(ctx context.Context, who act.Actor) (Me, error) {
	me, err := s.in(who)
	if err != nil {
		return Me{}, err
	}
	out := Me{Me: Party{me.ID, me.Name, me.Zone}, Email: me.Email, Calendar: me.Calendar, Hours: me.Hours}
	if out.Made, err = s.made(ctx); err != nil {
		return Me{}, err
	}
	today, _ := series.WallClock(out.At, me.Zone)
	for _, a := range me.Away {
		if !a.To.Before(today) {
			out.Away = append(out.Away, a)
		}
	}
	slices.SortStableFunc(out.Away, func(a, b series.Away) int { return a.From.Compare(b.From) })
	var why *reconcile.Outage
	if out.Week, why, err = s.week(ctx, me, today.Monday(), out.At); err != nil {
		return Me{}, err
	}
	if out.Read = out.Week.Seen; why != nil {
		out.Why = &Reason{Who: out.Me, Since: why.Since, Kind: why.Kind, Cause: why.Cause}
	}
	return out, nil
}

// Week is a week of the one who asks: that of the day, but not before this one, nor further ahead than what is known.
func (s *See) Week(ctx context.Context, who act.Actor, day series.Date) (OwnWeek, error) {
	me, err := s.in(who)
	if err != nil {
		return OwnWeek{}, err
	}
	now := s.Clock()
	today, _ := series.WallClock(now, me.Zone)
	monday, first := day.Monday(), today.Monday()
	if last := first.AddDays(7 * (reconcile.AheadWeeks - 1)); monday.After(last) {
		monday = last
	}
	if monday.Before(first) {
		monday = first
	}
	out, _, err := s.week(ctx, me, monday, now)
	return out, err
}

// week is the person's from monday on, and why their calendar cannot be read; nil where it can.
func (s *See) week(ctx context.Context, me series.Person, monday series.Date, now time.Time) (OwnWeek,
	*reconcile.Outage, error) {
	out := OwnWeek{Monday: monday, Zone: me.Zone, Hours: me.Hours}
	for i := range out.Off {
		day := monday.AddDays(i)
		for _, a := range me.Away {
			if !day.Before(a.From) && !day.After(a.To) && out.Off[i] != series.Leave {
				out.Off[i] = a.Why
			}
		}
	}
	from, to := series.Instant(monday, 0, me.Zone), series.Instant(monday.AddDays(7), 0, me.Zone)
	snap, seen, err := s.Journal.Calendar(ctx, me.ID)
	if err != nil {
		return out, nil, err
	}
	if seen {
		out.Seen, out.Busy = snap.At, reconcile.Busy(snap, from, to, s.AllDay)
	}
	for i := range out.Busy {
		out.Busy[i].ID = ""
	}
	left, flagged, err := s.left(ctx, me.ID, now)
	if err != nil {
		return out, nil, err
	}
	var why *reconcile.Outage
	if o, broken := left.Outages[reconcile.CalendarOf(me.ID)]; broken {
		out.Stale, why = true, &o
	}
	for i := range left.Rows {
		out.Booked = append(out.Booked, s.booked(&left.Rows[i], me, from, to, drifts(flagged[left.Rows[i].Pair]))...)
	}
	slices.SortStableFunc(out.Booked, func(a, b Booked) int { return a.Start.Compare(b.Start) })
	return out, why, nil
}

// booked are the meetings of the row that reach into from..to, on the person's clock.
func (s *See) booked(row *reconcile.StatusRow, me series.Person, from, to time.Time, flags []drift.Flag) (
	out []Booked) {
	role, at := as(row.Pair, me.ID)
	first, last := series.DateOf(from.UTC()).AddDays(-8), series.DateOf(to.UTC()).AddDays(8) // one that was moved
	for _, m := range meetings(row, first, last) {
		end := m.Start.Add(row.Length)
		if m.Start.IsZero() || !m.Start.Before(to) || !from.Before(end) {
			continue
		}
		out = append(out, Booked{
			Pair:    row.Pair,
			As:      role,
			Other:   s.parties(row)[at],
			Start:   series.At(m.Start, me.Zone),
			End:     series.At(end, me.Zone),
			Place:   row.Place,
			Flagged: slices.ContainsFunc(flags, func(f drift.Flag) bool { return about(f, m.Date) }),
		})
	}
	return out
}
