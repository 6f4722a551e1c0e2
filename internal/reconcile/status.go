package reconcile

import (
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
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
	Wanted   series.Slot // by the roster; zero: Holdfast chooses it
	Next     time.Time   // the next meeting as the calendar has it, in the slot's zone; zero: none
	State    State
	Flags    int
	PrepDoc  string
	Linked   bool // the roster gives the link to the document, so that none is made
	Place    string
	Kept     *float64
	Person   [2]string // names of manager and report
	Zone     [2]string // theirs
	Duration time.Duration
	// MadeUp are the coming meetings that stand where Holdfast made up for them.
	MadeUp []MadeUp
	// Held are changes of the pair that wait for a person, without what would be written.
	Held []plan.Held
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

// lastWanted is what the roster wants. Where there is no good one, it is what the journal knows to be booked, with the
// roster's problems; the problems themselves where it knows of nothing.
func (r *Reconciler) lastWanted(mem Memory, now time.Time) (Desired, error) {
	d, problems := r.Roster(now)
	if problems == nil {
		return d, nil
	}
	latest := map[series.Pair]series.Event{}
	for _, snap := range mem.Snapshots {
		for _, e := range snap.Events().Series {
			if p := e.Mark.Pair; !e.Ended(now) && e.Mark.Generation >= latest[p].Mark.Generation {
				latest[p] = e
			}
		}
	}
	if len(latest) == 0 {
		return Desired{}, problems
	}
	d = Desired{People: mem.People, Problems: problems}
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
	flags, held := map[series.Pair]int{}, heldOf(r.Plan.Held)
	for _, f := range r.Open {
		flags[f.Pair]++
	}
	var out []Status
	for _, v := range r.Views {
		if !v.Wanted {
			continue
		}
		row := statusRow(v, r.At, held[v.Pair], v.Stale)
		row.Kept = drift.KeptRate(byPair[v.Pair])
		out = append(out, row.At(r.At, flags[v.Pair], r.Outages))
	}
	return out
}
