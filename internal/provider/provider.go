// Package provider is the calendar contract: what Holdfast asks of any calendar, and the kinds of error it may answer.
package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/internal/series"
)

// Calendar is one person's calendar.
//
// Every write is conditional on Ref.Version. Where the event has another version the answer is an error of kind
// Conflict and nothing is written. A write returns the Ref under which a read now finds the event. Repeating a write
// whose answer was lost either succeeds or conflicts; it never does the thing twice.
type Calendar interface {
	// Observe reads the calendar: complete, or an error. With last it asks only for what changed; an expired cursor or
	// another Interest leads to a full listing inside. It carries over what did not change, counts absences in Gone,
	// and returns series exactly as Create was given them (canonical form is the provider's duty). A calendar at rest is
	// handed back as it was packed.
	Observe(ctx context.Context, last series.Packed, in Interest) (series.Packed, error)

	// Read is one direct reading of the event of that id (Ref.ID), complete and as Observe would have it. An event that is
	// not there, or is deleted for good, is an error of kind NotFound.
	Read(ctx context.Context, id string, in Interest) (series.Event, error)

	// Create books s with its mark. Identity comes from org, pair and generation: where it exists and is alive, that one
	// is returned, with an error of kind Exists where nothing was written; where it is ended, cancelled or deleted, the
	// next free generation is taken.
	//
	// What s.Carry has goes with it, in the one write where the format can; else Mark.Carried is written last, so
	// that who is cut off in between is known to have more to do. Carry.From is read at that moment: with another
	// version than its Ref it is a Conflict and nothing is booked, and where it is gone its Raw serves. Where the
	// series exists and its mark has another Carried, the carrying is done again: cancelled and overridden as s.Carry
	// says are those meetings which the series still has as its own, all else of it stays, and the mark notes it.
	Create(ctx context.Context, s series.Series) (series.Ref, error)

	// Update writes the fields named in p and refreshes only their digests in the mark (Mark.Written of p.Mark is
	// used only for fields it names). A new place is also that of the overrides that stood where the series stood, a new
	// link that of those that had the series' link or none. All else stays byte for byte.
	Update(ctx context.Context, ref series.Ref, p series.Patch) (series.Ref, error)

	// Skip takes the days out of the series and records them in the mark, in one write of the master. A day that is
	// already out is only recorded. Days are those of the series' own zone.
	Skip(ctx context.Context, ref series.Ref, skips []series.Skip) (series.Ref, error)

	// Unskip puts the days back and forgets them in the mark. A day that is not out is only forgotten.
	Unskip(ctx context.Context, ref series.Ref, days []series.Date) (series.Ref, error)

	// SetOverride makes one occurrence what o says (times, place, link; guests stay): restored, made up or healed. An
	// occurrence taken out comes back. The mark notes a make-up (o.MadeUp) before guests hear of it, and forgets it
	// where the occurrence is back where its series has it.
	SetOverride(ctx context.Context, ref series.Ref, o series.Override) (series.Ref, error)

	// ClearOverride makes the occurrence that starts at original the series' own again, whether it was overridden or
	// taken out.
	ClearOverride(ctx context.Context, ref series.Ref, original time.Time) (series.Ref, error)

	// End lets no meeting happen after the last day: the rule ends there and overrides that were or are later go. The
	// past stays. The mark's digest of FieldEnd is that of the last day that is left (Event.LastDay), so that an end of
	// ours is told from a person's. A series whose first occurrence is later is removed. Repeating it is fine.
	End(ctx context.Context, ref series.Ref, last series.Date) (series.Ref, error)

	// Revive brings back a deleted series from its Raw. Where it exists again, the answer is a Conflict.
	Revive(ctx context.Context, e series.Event) (series.Ref, error)

	// Deliver makes this calendar's copy of a series that another person organizes say what the organizer's event
	// says, as a scheduling server would (RFC 6638 section 3.2): times, place, link, people, but for what the owner
	// changed in the copy and the organizer did not change after that (organizers.For the copy). ref is the copy's, zero
	// for none yet. The owner's answer, reminders and own properties stay. attendee is the owner's address. The copy then
	// carries Delivered = organizers.Delivery(now). A cancelled organizers' event cancels the copy. Where the calendar
	// already has an object of that UID, that one is made the copy.
	Deliver(ctx context.Context, ref series.Ref, organizers series.Event, attendee string) (series.Ref, error)

	// Invite has the server send the guest of that address the invitation to the series once more: they are asked anew,
	// and the event is a new revision (RFC 5546 section 2.1.4), which a server that delivers sends as a REQUEST.
	Invite(ctx context.Context, ref series.Ref, attendee string) (series.Ref, error)

	// Answer records an attendee's answers on the organizer's event, as a scheduling server does on a REPLY
	// (RFC 5546 section 3.2.3).
	Answer(ctx context.Context, ref series.Ref, attendee string, answers []Answer) (series.Ref, error)
}

// Answer is an attendee's answer to one occurrence, or with a zero Original to the series.
type Answer = series.Answer

// Interest is what Observe searches for, beyond busy time: the pairs that the calendar's owner is in, of the roster and
// those that it had while their series are still known. A mark for any other pair counts for nothing.
type Interest struct {
	Org   string
	Owner []string // the owner's addresses by the roster, lower case, the main one first
	Pairs []InterestPair
	// Confirmed: a person said that what is missing from a calendar that shows nothing counts as deleted, this once.
	Confirmed bool
	// ZoneData is the release of the zone database that times are read by: under another one all is read anew.
	ZoneData string

	hash string // see Hashed
}

// InterestPair is one pair with the addresses of both, and its ids of earlier days.
type InterestPair struct {
	Pair     series.Pair
	Formerly []series.Pair
	Manager  []string
	Report   []string
	Title    string // the title the roster gives its series: what look-alikes bear
}

// Found is the answer of a Create that found the series there.
func Found(ref series.Ref) (series.Ref, error) {
	return ref, &Error{Kind: Exists, Op: "create", Err: errors.New("the series is there already")}
}

// Hashed is in with its Hash worked out, for those who ask for it more than once. It stays as it is from then on.
func (in Interest) Hashed() Interest {
	in.hash = in.Hash()
	return in
}

// Hash tells whether two Interests look for the same.
func (in Interest) Hash() string {
	if in.hash != "" {
		return in.hash
	}
	in.Confirmed = false     // it is about one reading, and changes nothing of what is searched for
	b, _ := json.Marshal(in) // strings only: cannot fail
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Kind is what may be done about an error.
type Kind int

// The kinds. Anything that is none of the others is Permanent.
const (
	Permanent Kind = iota
	Conflict       // somebody was faster: look again
	Auth           // not let in, or not allowed: somebody must act
	Transient      // try again later
	NotFound       // of Read: the event is not there
	Exists         // of Create: the series was there, and stays as it is
)

// String is the kind as the journal, the log and JSON name it.
func (k Kind) String() string {
	switch k {
	case Conflict:
		return "conflict"
	case Auth:
		return "auth"
	case Transient:
		return "transient"
	case NotFound:
		return "not-found"
	case Exists:
		return "exists"
	}
	return "permanent"
}

// Error is a failure of a calendar.
type Error struct {
	Kind       Kind
	Op         string        // what was tried: "observe", "create", …
	Hint       string        // for a person: what to do next; may be empty
	RetryAfter time.Duration // Transient: the server's wish, 0 if it stated none
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err; Permanent where it has none.
func KindOf(err error) Kind {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return Permanent
}

// HintOf is what a person can do about err, "" if nothing is known.
func HintOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
