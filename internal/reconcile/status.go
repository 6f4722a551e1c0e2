package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// State of a pair: the first that holds of these.
type State string

// The states, in the order in which they hold.
const (
	Stale    State = "stale"
	Held     State = "held"
	Flagged  State = "flagged"
	Unbooked State = "unbooked"
	OnSlot   State = "on-slot"
)

// Status is how a pair stands.
type Status struct {
	Pair     series.Pair
	Slot     series.Slot // zero: none booked
	Next     time.Time   // the next meeting as the calendar has it, in the slot's zone; zero: none
	State    State
	Flags    int
	PrepDoc  string
	Kept     *float64
	Person   [2]string // names of manager and report
	Duration time.Duration
	// MadeUp are the coming meetings that stand where Holdfast made up for them.
	MadeUp []MadeUp
	// Why are the outages for which the pair is stale: none where its calendars were never read.
	Why []Reason
}

// MadeUp is a meeting that stands at another time of its week, at a person's command.
type MadeUp struct {
	Occurrence series.Date
	To         time.Time // in the slot's zone
}

// Reason is why a person's calendar is not up to date.
type Reason struct {
	Person string
	Outage
}

// lastWanted is what the journal knows to be booked, as the wish of a roster that has problems; the problems
// themselves where it knows of nothing.
func (r *Reconciler) lastWanted(mem Memory, problems error) (Desired, error) {
	latest := map[series.Pair]series.Event{}
	for _, snap := range mem.Snapshots {
		for _, e := range snap.Series {
			if p := e.Mark.Pair; !e.Ended(r.Clock()) && e.Mark.Generation >= latest[p].Mark.Generation {
				latest[p] = e
			}
		}
	}
	if len(latest) == 0 {
		return Desired{}, problems
	}
	d := Desired{People: mem.People, Problems: problems}
	for p, e := range latest {
		d.Series = append(d.Series, series.Series{
			Org: r.Org, Pair: p, Manager: mem.People[p.Manager], Report: mem.People[p.Report],
			Slot: e.Mark.Slot, Line: e.Mark.Line, Title: e.Title, Place: e.Place, Link: e.Link})
	}
	slices.SortFunc(d.Series, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) })
	return d, nil
}

// View is the pair's, nil where nothing is known of it.
func (r *Round) View(p series.Pair) *series.View {
	at, ok := slices.BinarySearchFunc(r.Views, p, func(v *series.View, p series.Pair) int { return v.Pair.Compare(p) })
	if !ok {
		return nil
	}
	return r.Views[at]
}

// Statuses tells how every pair of the roster stands, by pair. outcomes are the recorded ones.
func (r Round) Statuses(outcomes []drift.Outcome) []Status {
	byPair := map[series.Pair][]drift.Outcome{}
	for _, o := range outcomes {
		byPair[o.Pair] = append(byPair[o.Pair], o)
	}
	flags, held := map[series.Pair]int{}, map[series.Pair]bool{}
	for _, f := range r.Open {
		flags[f.Pair]++
	}
	for _, h := range r.Plan.Held {
		held[h.Pair] = true
	}
	var out []Status
	for _, v := range r.Views {
		if !v.Wanted {
			continue
		}
		s := Status{Pair: v.Pair, State: OnSlot, PrepDoc: v.Want.Link, Kept: drift.KeptRate(byPair[v.Pair]), Duration: v.Want.Slot.Duration,
			Person: [2]string{v.Want.Manager.Name, v.Want.Report.Name}}
		live, replaced := false, true
		for i := range v.Chain {
			replaced = replaced && !v.GoesOnBeside(i, r.At)
			e := &v.Chain[i]
			if e.Ended(r.At) || e.Mark.Slot.IsZero() {
				continue
			}
			live = true
			s.Slot, s.Duration = e.Mark.Slot, e.Mark.Slot.Duration
			from := r.At
			if e.Start.After(from) {
				from = e.Start
			}
			for _, m := range e.Meetings(r.At.AddDate(0, 0, -7), from.AddDate(1, 0, 0)) {
				over := !v.TakenOver(i).IsZero() && !m.Original.Before(v.TakenOver(i))
				if !m.Cancelled && !over && m.Start.After(r.At) && (s.Next.IsZero() || m.Start.Before(s.Next)) {
					s.Next = m.Start
				}
			}
		}
		if loc, err := series.Location(s.Slot.Zone); err == nil && !s.Next.IsZero() {
			s.Next = s.Next.In(loc)
		}
		today := series.DateOf(r.At.UTC())
		for _, w := range v.Weeks(today.AddDays(-7).Week(), today.AddDays(7*12).Week()) {
			if m := w.Meeting; m == nil || m.Cancelled { // an event of their own may take its place
				x := v.Beside(w.Date, w.Slot.Zone)
				if x != nil && x.Start.After(r.At) && (s.Next.IsZero() || x.Start.Before(s.Next)) {
					s.Next = series.At(x.Start, w.Slot.Zone)
				}
			}
			if at := w.MadeUpAt(); at.After(r.At) && w.Meeting != nil && !w.Meeting.Cancelled && w.Meeting.Start.Equal(at) {
				s.MadeUp = append(s.MadeUp, MadeUp{w.Date, at})
			}
		}
		s.Flags = flags[v.Pair]
		switch {
		case v.Stale || r.Outages[Subject{Matter: MatterListing, Pair: v.Pair}].Kind == unseen:
			s.State = Stale
			for _, id := range []string{v.Pair.Manager, v.Pair.Report} {
				if b, ok := r.Outages[CalendarOf(id)]; ok {
					s.Why = append(s.Why, Reason{id, b})
				}
			}
		case !replaced, held[v.Pair]:
			s.State = Held
		case s.Flags > 0:
			s.State = Flagged
		case !live:
			s.State = Unbooked
		}
		out = append(out, s)
	}
	return out
}
