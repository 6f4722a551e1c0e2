package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// StatusRow is how a pair stands as a round left it, for those who only look: as long as nothing but the time of the
// day goes on, what its Status is follows from it.
type StatusRow struct {
	Pair    series.Pair
	Slot    series.Slot
	Wanted  series.Slot
	Coming  []time.Time // starts of the next meetings
	More    bool        // there are others after them
	Zone    string      // that they are told in
	State   State       // without its flags
	PrepDoc string
	Linked  bool
	Place   string
	Names   [2]string
	Zones   [2]string
	Length  time.Duration
	MadeUp  []MadeUp
	First   series.Date   // the booked day from which on Slot is what is booked
	Last    series.Date   // the last booked day; zero: it goes on
	Skips   []series.Skip // planned ones of the next weeks
	Others  []Meeting     // of the next weeks those that are not as Slot and Skips have them, by day
	Held    []plan.Held
	Until   time.Time // from then on it stands otherwise; zero: not today
	Kept    *float64  // of all weeks that are recorded; the journal's to know
	Chain   []Link    // its series in the manager's calendar, oldest first, but for those that ended over a year ago
}

// Link is a series of a pair.
type Link struct {
	UID    string
	Before time.Time // from then on a later one has its place; zero: none has
}

// Meeting is a meeting that is booked for a day.
type Meeting struct {
	Date  series.Date // its name
	Slot  series.Slot // that it was booked on; zero: the row's
	Start time.Time   // in the slot's zone; zero: it does not take place
}

// AheadWeeks is how many weeks, with this one, a StatusRow has skips and meetings of; of meetings the last week, too.
const AheadWeeks = 10

// rowMeetings is how many coming meetings a StatusRow has.
const rowMeetings = 3

// Origin is what the status rows of the journal were made of. Where one of these is another by now, they are no use.
type Origin struct {
	Sources  string      // Desired.Sources
	More     string      // Desired.More
	Day      series.Date // in UTC
	ZoneData string
}

// Left is what a round left for those who only look: rows of pairs, with their open flags and all outages, as of one
// moment.
type Left struct {
	Origin  Origin
	Rows    []StatusRow
	Flags   []FlagRow
	Outages map[Subject]Outage
}

// heldOf are the held changes by pair, without what would be written.
func heldOf(all []plan.Held) map[series.Pair][]plan.Held {
	out := map[series.Pair][]plan.Held{}
	for _, h := range all {
		h.Steps = nil
		out[h.Pair] = append(out[h.Pair], h)
	}
	return out
}

// statusRow is how the pair stands at the moment.
func statusRow(v *series.View, at time.Time, held []plan.Held, stale bool) StatusRow {
	r := StatusRow{
		Pair:    v.Pair,
		Wanted:  v.Want.Slot,
		State:   OnSlot,
		PrepDoc: v.Want.Link,
		Linked:  v.Want.Doc.Template == "",
		Place:   v.Want.Place,
		Names:   [2]string{v.Want.Manager.Name, v.Want.Report.Name},
		Zones:   [2]string{v.Want.Manager.Zone, v.Want.Report.Zone},
		Length:  v.Want.Slot.Duration,
		Held:    held,
	}
	if v.Want.Auto {
		r.Wanted = series.Slot{}
	}
	if v.Head() != nil {
		r.Place = v.Head().Place
	}
	tomorrow := series.Ahead(at, 1)
	live, replaced, unusual := false, true, len(v.StandIns) > 0
	for i := range v.Chain {
		replaced = replaced && !v.GoesOnBeside(i, at)
		e := &v.Chain[i]
		unusual = unusual || len(e.Mark.MadeUp) > 0
		if !e.Ended(at.AddDate(-1, 0, 0)) {
			r.Chain = append(r.Chain, Link{e.UID, v.TakenOver(i)})
		}
		if e.Ended(at) {
			continue
		}
		if e.Ended(tomorrow) {
			r.Until = earliest(r.Until, e.LastStart().Add(1))
		}
		if e.Mark.Slot.IsZero() {
			continue
		}
		live = true
		r.Slot, r.Length = e.Mark.Slot, e.Mark.Slot.Duration
		r.First, r.Last = e.BookedFirst(r.Slot), e.LastDay()
		r.Coming = append(r.Coming, coming(v, i, at)...)
		for _, s := range e.Mark.Skips {
			if n := s.Date.DaysSince(series.DateOf(at.UTC())); n >= 0 && n < 7*AheadWeeks {
				r.Skips = append(r.Skips, s)
			}
		}
	}
	r.Zone = r.Slot.Zone
	if unusual {
		today := series.DateOf(at.UTC())
		for _, w := range v.Weeks(today.AddDays(-7).Week(), today.AddDays(7*12).Week()) {
			if m := w.Meeting; m == nil || m.Cancelled { // an event of their own may take its place
				if x := v.Beside(w.Date, w.Slot.Zone); x != nil && x.Start.After(at) {
					r.Coming, r.Zone = append(r.Coming, x.Start), cmp.Or(r.Zone, w.Slot.Zone)
				}
			}
			if at := w.MadeUpAt(); !at.IsZero() && w.Meeting != nil && !w.Meeting.Cancelled && w.Meeting.Start.Equal(at) {
				r.MadeUp = append(r.MadeUp, MadeUp{w.Date, at})
			}
		}
	}
	if !v.Plain(at) {
		r.Others = r.others(v, at)
	}
	slices.SortFunc(r.Coming, time.Time.Compare)
	if len(r.Coming) > rowMeetings {
		r.Coming, r.More = r.Coming[:rowMeetings:rowMeetings], true
	}
	switch {
	case stale:
		r.State = Stale
	case !replaced, len(held) > 0:
		r.State = Held
	case !live:
		r.State = Unbooked
	}
	return r
}

// Booked is when a meeting of the day begins by Slot and Skips; zero: none does.
func (r *StatusRow) Booked(d series.Date) time.Time {
	if r.Slot.IsZero() || !r.Last.IsZero() && d.After(r.Last) || len(r.Slot.Dates(r.First, d, d)) == 0 ||
		slices.ContainsFunc(r.Skips, func(s series.Skip) bool { return s.Date == d }) {
		return time.Time{}
	}
	return r.Slot.On(d)
}

// Meetings are those booked for the days from..to, as far ahead as the row knows them, by day, each with its slot.
func (r *StatusRow) Meetings(from, to series.Date) []Meeting {
	var out []Meeting
	if !r.Slot.IsZero() && !r.First.IsZero() {
		until := to
		if !r.Last.IsZero() && r.Last.Before(to) {
			until = r.Last
		}
		for _, d := range r.Slot.Dates(r.First, from, until) {
			out = append(out, Meeting{Date: d, Start: r.Booked(d)})
		}
	}
	for _, m := range r.Others {
		if at := slices.IndexFunc(out, func(x Meeting) bool { return x.Date == m.Date }); at >= 0 {
			out[at] = m
		} else if !m.Date.Before(from) && !m.Date.After(to) {
			out = append(out, m)
		}
	}
	for i := range out {
		if out[i].Slot.IsZero() {
			out[i].Slot = r.Slot
		}
	}
	slices.SortStableFunc(out, func(a, b Meeting) int { return a.Date.Compare(b.Date) })
	return out
}

// others is Others.
func (r *StatusRow) others(v *series.View, at time.Time) (out []Meeting) {
	today := series.DateOf(at.UTC())
	for _, w := range v.Weeks(today.AddDays(-7).Week(), today.AddDays(7*(AheadWeeks-1)).Week()) {
		m, beside := Meeting{Date: w.Date}, v.Beside(w.Date, w.Slot.Zone)
		switch {
		case w.Meeting != nil && !w.Meeting.Cancelled:
			m.Start = series.At(w.Meeting.Start, w.Slot.Zone)
		case beside != nil:
			m.Start = series.At(beside.Start, w.Slot.Zone)
		}
		if w.Slot != r.Slot {
			m.Slot = w.Slot
		}
		if !m.Start.Equal(r.Booked(m.Date)) || !m.Slot.IsZero() {
			out = append(out, m)
		}
	}
	return out
}

// coming are the starts after the moment of some next meetings of the i-th of the pair's chain.
func coming(v *series.View, i int, at time.Time) (out []time.Time) {
	e, taken, from := &v.Chain[i], v.TakenOver(i), at
	if e.Start.After(from) {
		from = e.Start
	}
	for _, to := range []time.Time{from.AddDate(0, 0, 7*(rowMeetings+2)), from.AddDate(1, 0, 0)} {
		out = nil
		for _, m := range e.Meetings(at.AddDate(0, 0, -7), to) {
			over := !taken.IsZero() && !m.Original.Before(taken)
			if !m.Cancelled && !over && m.Start.After(at) {
				out = append(out, m.Start)
			}
		}
		if len(out) > rowMeetings {
			break
		}
	}
	return out
}

// earliest is the earlier of a and b; a zero a is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// holds reports whether the row still says at now how the pair stands.
func (r *StatusRow) holds(now time.Time) bool {
	return (r.Until.IsZero() || now.Before(r.Until)) && (!r.More || r.Coming[len(r.Coming)-1].After(now))
}

// At is the Status at now, with so many flags open.
func (r *StatusRow) At(now time.Time, flags int, outages map[Subject]Outage) Status {
	s := Status{
		Pair:     r.Pair,
		Slot:     r.Slot,
		Wanted:   r.Wanted,
		State:    r.State,
		Flags:    flags,
		PrepDoc:  r.PrepDoc,
		Linked:   r.Linked,
		Place:    r.Place,
		Kept:     r.Kept,
		Person:   r.Names,
		Zone:     r.Zones,
		Duration: r.Length,
		Held:     r.Held,
	}
	for _, t := range r.Coming {
		if t.After(now) {
			s.Next = series.At(t, r.Zone)
			break
		}
	}
	for _, m := range r.MadeUp {
		if m.To.After(now) {
			s.MadeUp = append(s.MadeUp, m)
		}
	}
	switch {
	case r.State == Stale, outages[Subject{Matter: MatterListing, Pair: r.Pair}].Kind == unseen:
		s.State = Stale
		for _, id := range []string{r.Pair.Manager, r.Pair.Report} {
			if b, ok := outages[CalendarOf(id)]; ok {
				s.Why = append(s.Why, Reason{id, b})
			}
		}
	case r.State != Held && flags > 0:
		s.State = Flagged
	}
	return s
}

// Look is what is known of some pairs, for a person to see.
type Look struct {
	At       time.Time
	First    bool  // no round was made yet
	Problems error // why the roster as it stands is not used
	Statuses []Status
	Flags    []FlagRow // the open ones
	Outages  map[Subject]Outage
	Anew     bool // what the last round left was of no use, and all of this was found anew
}

// Look is what the last round left of the pairs that of names: one, those of a person, with "" all. Where settings,
// roster or the day are others since, or a person has decided something, it is what Recall gives, of all pairs.
func (r *Reconciler) Look(ctx context.Context, of string) (Look, error) {
	return r.look(ctx, of, false)
}

// LookAtFlags is Look, of pairs that have open flags.
func (r *Reconciler) LookAtFlags(ctx context.Context, of string) (Look, error) {
	return r.look(ctx, of, true)
}

func (r *Reconciler) look(ctx context.Context, of string, flagged bool) (Look, error) {
	out := Look{At: r.Clock()}
	left, err := r.Journal.Left(ctx, of, flagged)
	if err != nil {
		return Look{}, fmt.Errorf("read the journal: %w", err)
	}
	if out.Flags, out.Outages = left.Flags, left.Outages; r.holds(left, out.At) {
		open, known := map[series.Pair]int{}, map[series.Pair]bool{}
		for i := range out.Flags {
			open[out.Flags[i].Pair]++
		}
		for i := range left.Rows {
			row := &left.Rows[i]
			out.Statuses = append(out.Statuses, row.At(out.At, open[row.Pair], out.Outages))
			known[row.Pair] = row.State != Stale
		}
		for i := range out.Flags {
			f := &out.Flags[i]
			if f.Pass(out.At); !known[f.Pair] {
				f.Makeups = f.Makeups[:0] // nobody knows who is free
			}
		}
		return out, nil
	}
	all, err := r.Recall(ctx)
	if err != nil {
		return Look{}, err
	}
	outcomes, err := r.Journal.Outcomes(ctx, series.Pair{}, series.Date{})
	if err != nil {
		return Look{}, fmt.Errorf("read the journal: %w", err)
	}
	out = Look{
		At:       all.At,
		First:    all.First,
		Problems: all.Problems,
		Statuses: all.Statuses(outcomes),
		Outages:  all.Outages,
		Anew:     true,
	}
	if out.Flags, err = r.Journal.Flags(ctx, false); err != nil {
		return Look{}, fmt.Errorf("read the journal: %w", err)
	}
	SetMoments(out.Flags, all.Open)
	return out, nil
}

// SetMoments gives flags what is said at the moment of those of them that are open.
func SetMoments(flags []FlagRow, open []drift.Flag) {
	of := make(map[string]drift.Moment, len(open))
	for i := range open {
		of[open[i].ID()] = open[i].Moment
	}
	for i := range flags {
		flags[i].Moment = of[flags[i].ID()]
	}
}

// holds reports whether what was left still says how these pairs stand.
func (r *Reconciler) holds(left Left, now time.Time) bool {
	o := left.Origin
	if o == (Origin{}) || r.Sources == nil || o.Day != series.DateOf(now.UTC()) || o.ZoneData != r.ZoneData ||
		o.Sources != r.Sources(o.More) {
		return false
	}
	for i := range left.Rows {
		if !left.Rows[i].holds(now) {
			return false
		}
	}
	return true
}

// rowOrigin is what the round's status rows are made of. There are none where it was for some pairs only, or where
// there is no good roster: then what holds has to be found out.
func (g *given) rowOrigin() Origin {
	if g.asked() || g.origin.Sources == "" || g.problems != nil {
		return Origin{}
	}
	o := g.origin
	o.Day, o.ZoneData = series.DateOf(g.now.UTC()), g.zoneData
	return o
}

// statusRows are those of these views' pairs; nil where the roster has the pair no more.
func (k known) statusRows(views []*series.View, d decided, outages map[Subject]Outage) map[series.Pair]*StatusRow {
	out, held := make(map[series.Pair]*StatusRow, len(views)), heldOf(d.plan.Held)
	// What is held of a pair after a write, made or not, or another look at its calendars, is the next round's to say.
	unsaid := union(d.since)
	for i := range d.plan.Changes {
		unsaid[d.plan.Changes[i].Pair] = true
	}
	for _, v := range views {
		out[v.Pair] = nil
		if v.Wanted {
			row := statusRow(v, k.now, held[v.Pair], v.Stale && k.distrusted(v.Pair, outages))
			if unsaid[v.Pair] {
				row.Until = k.now
			}
			out[v.Pair] = &row
		}
	}
	return out
}

// distrusted reports whether a calendar of the pair cannot be read, or never was: one that is only late is as it was.
func (k known) distrusted(p series.Pair, outages map[Subject]Outage) bool {
	for _, id := range []string{p.Manager, p.Report} {
		_, seen := k.people[id]
		_, broken := outages[CalendarOf(id)]
		if seen && (broken || k.of[id].is.At.IsZero()) {
			return true
		}
	}
	return false
}
