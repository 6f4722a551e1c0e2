// Package deed is what people do by Holdfast: the words for it, and the record that is kept of it. It is pure.
package deed

import (
	"time"

	"holdfast/internal/series"
)

// From is where somebody acts.
type From string

// The places.
const (
	Page  From = "page"
	Link  From = "link"  // of a message
	API   From = "api"   // by a token
	Shell From = "shell" // of who holds the settings
)

// Kind is what is done.
type Kind string

// The kinds.
const (
	Accept        Kind = "accept"        // take the slot that the calendar has, or that is proposed
	Restore       Kind = "restore"       // put the series back
	RestoreOne    Kind = "restore-one"   // put one meeting back
	Rebook        Kind = "rebook"        // make up for one meeting at another time of its week
	Undo          Kind = "undo"          // take a make-up back
	Invite        Kind = "invite"        // send the invitation again
	AskAccept     Kind = "ask-accept"    // the report asks the manager to Accept
	AskRestore    Kind = "ask-restore"   // the report asks the manager to Restore
	Acknowledge   Kind = "acknowledge"   // say that one has seen a flag
	Unacknowledge Kind = "unacknowledge" // take that back
	Allow         Kind = "allow"         // let through what a brake holds
	Withdraw      Kind = "withdraw"      // hold again what was allowed
	ConfirmEmpty  Kind = "confirm-empty" // say that a calendar is empty
)

// Result is what came of it.
type Result string

// The results.
const (
	Unknown Result = ""        // it was begun: whether it was done is not known
	Done    Result = "done"    // it was done
	Nothing Result = "nothing" // there was nothing to do
	Held    Result = "held"    // what it asks for waits to be allowed
	Refused Result = "refused" // it cannot be done so, or may not be by who asked
	Failed  Result = "failed"  // it was tried, and did not work
)

// Deed is one thing that somebody did, as the record has it: no title, no place, no link.
type Deed struct {
	ID    int64 // in the order in which they were begun, from 1 on
	At    time.Time
	Who   string // the id of who did it in the roster; "" where it is nobody of it, or not known, as in the shell
	Admin bool   // who did it acted as an admin
	From  From
	Kind  Kind
	// Pair is whose 1:1 it is about. It is zero of Allow, Withdraw and ConfirmEmpty, which are an admin's.
	Pair       series.Pair
	Occurrence series.Date // the booked day of the one meeting that it is about; zero: the series
	To         time.Time   // of Rebook the new time, of Undo the one that was taken back; else zero
	Was        time.Time   // of Rebook when it was to begin before; zero: it was cancelled
	Flag       string      // the id of the flag that it is about; "": none
	Of         string      // of ConfirmEmpty: the id of whose calendar it is
	Changes    []string    // of Allow and Withdraw: the ids of the changes
	Result     Result
}

// Undoable is which of the deeds, oldest first, is the make-up for that meeting which can be taken back now; -1: none.
// The last one that was done can, for a day and until the meeting begins.
func Undoable(all []Deed, day series.Date, now time.Time) int {
	for i := len(all) - 1; i >= 0; i-- {
		d := all[i]
		if d.Occurrence != day || d.Result != Done || d.Kind != Rebook && d.Kind != Undo {
			continue
		}
		if d.Kind == Undo || now.Sub(d.At) >= undoable || !now.Before(d.To) {
			return -1
		}
		return i
	}
	return -1
}

// undoable is how long what was done can be taken back.
const undoable = 24 * time.Hour
