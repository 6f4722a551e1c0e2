package see

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/outbox"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Pair is all that the two of a pair see of it.
type Pair struct {
	Made
	Pair    series.Pair
	As      As       // what the reader is in it; "" in the shell
	Parties [2]Party // manager and report
	Slot    series.Slot
	Wanted  series.Slot // zero: Holdfast chooses it
	Length  time.Duration
	Place   string
	Agenda  string // link to the document; "" where there is none
	Linked  bool   // the roster gives the link
	Next    *Coming
	State   reconcile.State
	Why     []Reason    // of stale
	Flags   []Flag      // the open ones, by meeting; those of the series first
	Held    []plan.Held // without Steps; what is not about the two is left out
	Weeks   []Week      // the last 26, oldest first
	Kept    *float64    // share of Counted
	Counted int         // weeks of all of the record that count
	Coming  []Coming    // the next ten weeks that have a meeting booked
	Lost    []Week      // of the last half year not kept, or late, newest first
	Told    []Told      // newest first
	Deeds   []Deed      // newest first
	Looked  []Look      // newest first
	May     []act.Deed  // what the reader may do that is about no flag
}

// Other is the one who is not the reader; in the shell the report.
func (p *Pair) Other() Party {
	if p.As == Report {
		return p.Parties[0]
	}
	return p.Parties[1]
}

// Coming is a meeting to come, or a week without.
type Coming struct {
	Date   series.Date // the booked day
	Booked time.Time   // by the slot, in its zone
	Start  time.Time   // as the calendar has it, in the slot's zone; zero: it does not take place
	OnSlot bool        // it takes place as booked
	MadeUp bool        // it stands where Holdfast made up for it, at a person's command
	Skip   string      // why it is skipped: series.Leave, Holiday or OutOfOffice; "" where it is not
	Flags  []string    // ids of the open flags about it, those that repeat on its day with them
	Clocks [2]Clock    // of manager and report
}

// Clock is what one's clock shows at the start, or where there is none at the booked one.
type Clock struct {
	Date    series.Date
	At      series.TimeOfDay
	Shifted bool // another time of day than the week before, though the slot is the same: clocks change in between
}

// Reason is why a calendar is not up to date.
type Reason struct {
	Who   Party
	Since time.Time
	Kind  string // as reconcile.Outage has it
	Cause string // words that are the same for everybody whom that strikes
}

// Told is something that one of the two was told about the pair.
type Told struct {
	Who Party
	outbox.Entry
}

// Deed is something that somebody did about the pair.
type Deed struct {
	At         time.Time
	Who        Party // zero: an admin who is not in the roster, or in the shell
	Admin      bool
	From       act.From
	Deed       act.Deed
	Occurrence series.Date
	To         series.Aspect
	Flag       string // id
	Kind       drift.Kind
}

// Look is that somebody looked at the pair; looks within the hour are one.
type Look struct {
	At   time.Time
	Who  Party // zero: in the shell
	From act.From
	What string
}

// Pair is the page of a pair, for its two, whether in the roster still or not; ErrNotYours for everybody else but the
// shell.
func (s *See) Pair(ctx context.Context, who act.Actor, p series.Pair) (Pair, error) {
	return Pair{}, errors.ErrUnsupported
}
