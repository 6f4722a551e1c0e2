// Package notify decides who hears what of a pair, or of the daemon, and when. It neither says it nor sends it: what is
// due is a Notice, and why the rest waits is a Waiting. It is pure: no I/O, no clock.
//
// All is decided for one reader at a time, from what stands now and from what that reader was told. The same Decide is
// asked again right before a notice is sent, so that a message is made from the state at that moment or not at all.
package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Reader is somebody, or a channel, that notices go to.
type Reader struct {
	// Person has zone, hours, days off and leave. Of an admins' channel it is a zone and an id that no person can have; no
	// hours means any time.
	Person series.Person
	// Channels are those that work, in the order in which the person wants them; none: nothing can be sent.
	Channels []string
	Digest   bool // wants the week ahead
	Prepare  bool // wants to be reminded the day before
	// Hears are the operational kinds that an admins' channel is told; it is told nothing else. Nil for a person, who is
	// told of their own pairs and nothing operational. An admin who is in the roster is two readers.
	Hears []Kind
	// Machine is told at once and always: a webhook has no night.
	Machine bool
}

// Input is what stands, for one reader. Matters of others in it are ignored.
type Input struct {
	Now    time.Time
	Reader Reader
	// Matters are all that are open, and those that closed after the reader was told of them.
	Matters []Matter
	// Meetings are those of the reader's pairs that begin within the next 15 days and take place.
	Meetings []Meeting
	// Told is what the reader was told, in the order in which it was recorded: of each matter that is given the last
	// row, all rows of the last two days, of each kind of notice the last one however old it is, those of digests and
	// reminders of the last 15 days, and one of each thread that may go on.
	Told []Told
}

// Meeting is a 1:1 that is to come.
type Meeting struct {
	Pair       series.Pair
	Occurrence series.Date // its name: the booked day
	Start      time.Time
}

func (m Meeting) key() string { return fmt.Sprintf("meeting|%s|%s", m.Pair, m.Occurrence) }

func (m Meeting) state() string { return m.Start.UTC().Format(time.RFC3339) }

// Told is a row of what a reader was told: one of a notice for each of its items.
type Told struct {
	Notice  string     // its id; "" of a baseline
	Kind    NoticeKind // "" of a baseline
	Urgent  bool
	Channel string
	At      time.Time
	Thread  string      // root id
	Pair    series.Pair // of the item; zero where it is of no pair
	Key     string      // of the matter or meeting; "" of a digest that has none
	State   string      // as Matter.State says it of the reader
}

// NoticeKind is what a notice is for.
type NoticeKind string

// The kinds of notice.
const (
	News    NoticeKind = "news"    // something opened, changed or closed
	Digest  NoticeKind = "digest"  // the week ahead
	Prepare NoticeKind = "prepare" // the day before
)

// Notice is a message that is due.
type Notice struct {
	// ID is the same for as long as it was not recorded as told: a repeat after a crash has it again.
	ID       string
	Reader   string // id of the person
	Kind     NoticeKind
	Urgent   bool // it goes before what is not
	Channels []string
	Items    []Item    // by pair, then as the matters were given; of a digest what differs
	Meetings []Meeting // of a digest those of the week, of a reminder what it is about; by start
	Thread   Thread
	Due      time.Time // since when; not before it
}

// Item is something that a notice says, cut to what its reader may see.
type Item struct {
	Event  Event
	Matter Matter
	State  string // as it is recorded
	// ID is the same for as long as the reader was not told that this is how it stands: where each item goes by itself, a
	// repeat has it again.
	ID string
}

// Event is what happened to a matter since the reader was last told of it.
type Event string

// The events.
const (
	Opened    Event = "opened"
	Changed   Event = "changed"
	Closed    Event = "closed"
	Unchanged Event = "unchanged" // in a digest only
)

// Thread is where a message belongs in the reader's mail or chat.
type Thread struct {
	Root  string      // for ever the same of reader, pair and week
	Pair  series.Pair // zero: of no pair
	Week  series.Week
	Reply bool // there was a message in it, which gave it its subject
}

// Reason is a rule by which something is not told, or not yet.
type Reason string

// The rules that make a matter wait.
const (
	Settling  Reason = "settling"          // it has not stood for long enough
	Horizon   Reason = "weeks-ahead"       // its meeting is more than four weeks ahead
	OffHours  Reason = "hours"             // outside the reader's working hours
	Night     Reason = "night"             // urgent, at night or on a day off
	Together  Reason = "together"          // with what is due within ten minutes
	DayLimit  Reason = "six-a-day"         // the reader had as many as there may be in a day
	PairLimit Reason = "one-in-four-hours" // the reader had one about the pair
	RushLimit Reason = "one-in-30-minutes" // the reader had an urgent one about the pair
)

// The rules by which a matter is not told of itself at all; a digest may have it.
const (
	OwnAct    Reason = "own-act"         // the reader's own calendar has it first
	Seen      Reason = "seen"            // the reader has acknowledged it
	Mailed    Reason = "calendar-mailed" // the calendar server mailed the reader about it
	OnLeave   Reason = "leave"           // it is about a time for which the reader is away
	Begins    Reason = "begins"          // the meeting begins before it may be told
	NoTime    Reason = "no-working-time" // the reader does not work within a year
	NoChannel Reason = "no-channel"      // the reader has no channel that works
)

// The reasons why a notice that was due is not sent after all; or one of those above, to be tried again at Next.
const (
	Gone Reason = "gone" // it is closed, or was told, by now
)

// Waiting is a matter that the reader was not told in its present state, and why.
type Waiting struct {
	Key     string
	Pair    series.Pair
	Because Reason
	Until   time.Time // when it is told if nothing changes; zero: not at all
}

// Decision is what is due to a reader, and what waits.
type Decision struct {
	Due     []Notice // at most one of each kind: urgent news first, a digest last
	Waiting []Waiting
	Next    time.Time // before it nothing more becomes due by time alone; zero: never
}

// Rows are what is recorded once the notice was handed over to the channel, or given up: until then it is due.
func (n Notice) Rows(channel string, at time.Time) []Told {
	row := func(p series.Pair, key, state string) Told {
		return Told{Notice: n.ID, Kind: n.Kind, Urgent: n.Urgent, Channel: channel, At: at, Thread: n.Thread.Root, Pair: p,
			Key: key, State: state}
	}
	var out []Told
	for _, i := range n.Items {
		out = append(out, row(i.Matter.Pair, i.Matter.Key, i.State))
	}
	if n.Kind == Prepare {
		for _, m := range n.Meetings {
			out = append(out, row(m.Pair, m.key(), m.state()))
		}
	}
	if len(out) == 0 {
		out = append(out, row(series.Pair{}, "", ""))
	}
	return out
}

// MessageID is that of the message that says the notice: the same for what says the same, so that it is known for a
// repeat, and another as soon as it says anything else, which a receiver that knows the first would drop.
func (n Notice) MessageID() string {
	parts := []string{n.ID}
	switch n.Kind {
	case News:
		parts = nil // of its items alone
		for _, i := range n.Items {
			parts = append(parts, i.ID)
		}
		if len(parts) == 1 {
			return parts[0]
		}
		slices.Sort(parts)
	case Prepare:
		for _, m := range n.Meetings {
			parts = append(parts, m.key(), m.state())
		}
	default: // what the digest of a week says is no matter
		return n.ID
	}
	return hash(parts...)
}

// Baseline is what is recorded of a reader at the first round on an empty journal: that all stands, and was not told.
func Baseline(r Reader, matters []Matter, at time.Time) []Told {
	var out []Told
	for _, m := range matters {
		if seen, ok := m.to(r); ok && len(r.Hears) == 0 {
			out = append(out, Told{At: at, Pair: m.Pair, Key: m.Key, State: seen.State()})
		}
	}
	return out
}

// Still is the notice as it is to be sent now, or why it is not. With a reason that makes matters wait it is to be
// tried again at the Next of the same Input.
func Still(in Input, n Notice) (Notice, Reason) {
	d := Decide(in)
	for _, due := range d.Due {
		if due.ID == n.ID {
			return due, ""
		}
	}
	for _, i := range n.Items {
		for _, w := range d.Waiting {
			if w.Key == i.Matter.Key {
				return Notice{}, w.Because
			}
		}
	}
	return Notice{}, Gone
}

// hash is an id of the parts.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:10])
}
