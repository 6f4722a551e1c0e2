// Package outbox hands notices over: it has package notify decide what is due, has each made at the moment of sending,
// gives it to the reader's channel, and then records that it was told. After a crash the same is decided again: a
// message may be repeated under its id, none is lost.
package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Reader is somebody whom notices go to, a person or an admins' channel, and where.
type Reader struct {
	// Reader has all channels that the person wants by the roster, in order of preference; empty and not nil: none.
	notify.Reader
	Addresses map[string]string // on each of the channels; on one without, the reader cannot be reached
	// Hours are when a channel may be used, on the reader's clock; without, or zero, at any time that the rules allow.
	Hours map[string]series.Window
}

// Letter is a notice in words.
type Letter struct {
	Subject string // of the first message of its thread
	Text    string
	HTML    string // "" for none
	ReplyTo string // mail address; "" for none
	Stop    string // URL that ends messages of this kind; "" for none
}

// Options are what an Outbox needs.
type Options struct {
	Journal Journal
	// Readers are all, by id: people of the roster, and admins' channels.
	Readers func(now time.Time) (map[string]Reader, error)
	// Senders are the channels, by the names in Reader.Channels.
	Senders map[string]channel.Sender
	// Write says the notice to its reader, with what the journal has of both.
	Write func(ctx context.Context, now time.Time, n notify.Notice, r Reader, f ledger.Facts) (Letter, error)
	// Operational is what a round has for admins, but for its counts and the states of pairs.
	Operational func(reconcile.Round) []notify.Matter
	Clock       clock.Clock
	Log         zerolog.Logger
}

// Outbox hands notices over. Its methods may be called side by side.
type Outbox struct {
	Options
	mu   sync.Mutex
	next map[string]time.Time // by reader, when something may become due
	all  bool                 // all readers are to be looked at
	// looked is the half day in which that was last asked for.
	looked time.Time
	last   time.Time // when the last round was
	// based: what stood at first is recorded as known.
	based bool
	// unrecorded is what was handed over, by reader, and could not be recorded: it is not to be handed over again.
	unrecorded map[string][]handed
	// doubted: whether the journal can be written to is not known, or the last try failed.
	doubted bool
}

// handed is what a channel took.
type handed struct {
	told []notify.Told
	sent ledger.Sent
}

// New makes an Outbox.
func New(o Options) *Outbox {
	return &Outbox{
		Options:    o,
		next:       map[string]time.Time{},
		all:        true,
		unrecorded: map[string][]handed{},
		doubted:    true,
	}
}

// Job is a notice to be sent.
type Job struct {
	Notice, Reader string
	Kind           notify.NoticeKind
	Urgent         bool
}
