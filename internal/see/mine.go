package see

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Mine is a person's 1:1s.
type Mine struct {
	Made
	Me       Party
	Needs    []Need // what needs the reader, the soonest first
	Reports  []Row  // with the people they manage, by name
	Managers []Row  // with their manager, or managers
	ThisWeek int    // 1:1s of the reader's week, by their clock, that take place
}

// Need is something that the reader has not seen yet, or not decided.
type Need struct {
	Pair  series.Pair
	As    As // what the reader is in the pair
	Other Party
	Flag
}

// Flag is an open difference, cut to what its reader may see.
type Flag struct {
	drift.Flag
	Shown act.Shown // what an act about it is conditional on
	// Booked is when the meeting was to begin by its slot, Now when it does, in the slot's zone; each zero where there is
	// none, or where the flag is of the series.
	Booked, Now  time.Time
	Acknowledged bool       // by the reader
	May          []act.Deed // what the reader may do about it; Rebook: at one of Makeups, and the manager at any time
	Own          bool       // it is in the reader's calendar, who is not sent a message about it
}

// Row is a 1:1 as the list of a person's has it.
type Row struct {
	Pair  series.Pair
	As    As // what the reader is in it
	Other Party
	Slot  series.Slot // as booked; zero: none
	// Wanted is the roster's; zero: Holdfast chooses it.
	Wanted series.Slot
	Length time.Duration
	Agenda string    // link to the document; "" where there is none
	Next   time.Time // the next meeting, in the slot's zone; zero: none
	State  reconcile.State
	Flags  int    // open ones
	Needs  int    // of them those that the reader has not acknowledged
	Weeks  []Week // the last twelve, oldest first
	Kept   *float64
}

// Week is one week of a pair's record.
type Week struct {
	Week       series.Week
	Occurrence series.Date // the booked day; zero: no meeting was booked for the week
	Result     drift.Result
	By         drift.By
	Notice     *time.Duration // nil: not known
	To         time.Time      // when it took place, or was to, instead, in the slot's zone; zero: not known, or no matter
	Final      bool           // the week is over
}

// Mine is the page of the one who asks; ErrNotIn where they are not in the roster.
func (s *See) Mine(ctx context.Context, who act.Actor) (Mine, error) {
	return Mine{}, errors.ErrUnsupported
}
