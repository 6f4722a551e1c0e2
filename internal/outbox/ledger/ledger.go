// Package ledger has what the journal keeps of notices.
package ledger

import (
	"time"

	"holdfast/internal/access"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/reconcile"
)

// Facts are what the journal has of a reader.
type Facts struct {
	Rows []reconcile.StatusRow // of the reader's pairs
	// Flags are those of the reader's pairs that are open, and those that closed after the reader was told of them.
	Flags    []Flag
	Outcomes []drift.Outcome // of the reader's pairs, of the last half year, by week
	Matters  []notify.Matter // that are no flags: of the reader's pairs or calendar, and all that are of no pair
	Told     []notify.Told   // as notify.Input has it
	Wishes   access.Wishes
	// Stood is when the first round was, as long as what stood then counts as told and is not recorded so; else zero.
	Stood     time.Time
	Unreached map[string]string // digest of the address under which a channel does not reach the reader, by channel
	Names     map[string]Name   // what chats call the reader, by channel
	Threads   []Thread
}

// Flag is a flag, and since when it is as it is.
type Flag struct {
	reconcile.FlagRow
	Changed time.Time
	Seen    []string // the ids of those who have acknowledged it as it is
}

// Name is what a chat calls the person of an address.
type Name struct{ Address, Name string } // the address as a digest

// Thread is a conversation of a reader on a channel.
type Thread struct {
	Channel, Root string
	Subject       string // of its first message
	Key           string // channel.Sent.ThreadKey
}

// Sent is what is kept of a message that a channel took. The zero Sent is of none.
type Sent struct {
	Channel string
	Thread  Thread // the zero Thread: of none
	Name    Name   // the zero Name: nothing new
}

// Unsent is a notice that was not handed over.
type Unsent struct {
	Notice, Reader string
	At             time.Time
	Why            string // a notify.Reason or the kind of a channel's error: one word
	Over           bool   // it is not tried any more
}

// Noticed is what became of notices, of all readers.
type Noticed struct {
	Told   []To // in the order in which it was recorded
	Unsent []Unsent
	Flags  map[string]reconcile.FlagRow // those that were told, by id
}

// To is a row of what a reader was told.
type To struct {
	Reader string
	notify.Told
}
