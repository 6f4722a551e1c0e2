// Package plan decides what to write: the roster's wishes and what calendars say go in, changes with their reasons come
// out, and those that a brake or a policy keeps for a person to allow. It is pure.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"holdfast/internal/series"
)

// Action is the kind of a change, as people are told it.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	End     Action = "end"
	Adopt   Action = "adopt"
	Skip    Action = "skip"
	Heal    Action = "heal"
	Restore Action = "restore"
	Rebook  Action = "rebook"
)

// Change is one write the plan asks for (a replacement is two: a create and an end of one Group).
type Change struct {
	Pair       series.Pair
	Action     Action
	Generation int
	Occurrence series.Date   // zero: the series
	From, To   series.Aspect // nothing where there is nothing
	Why        []string      // reasons in words
	Mails      int           // messages that people will get by it
	Group      string        // changes of one group are made all or none
	Calendar   string        // the person whose calendar is written
	Steps      []Step        // done in order; each works on the result of the one before
	Counts     Count         // what it counts as against the limits
	Allowed    bool          // a person let it through: it counts as nothing

	fromToday bool // an end after the day it is made on

	first bool // made before all others: a lost mark is written
}

// ID names the change: the same change in the next plan has the same one. An end has it whatever day it is made after.
func (c Change) ID() string {
	to := c.To.String()
	if c.Action == End {
		to = ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%d|%s|%s|%s", c.Pair, c.Action, c.Generation, c.Occurrence, c.From, to))
	return hex.EncodeToString(sum[:5])
}

// Digest tells whether a change is still what a person saw: where it leads, and whom it mails. That an end comes a
// day later because it is made a day later is no difference.
func (c Change) Digest() string {
	to := c.To.String()
	if c.fromToday {
		to = "today"
	}
	return series.Digest(fmt.Sprintf("%s %s|%s|%d", c.ID(), c.From, to, c.Mails))
}

// What is a digest of the change and of the versions of the events that it writes: as long as it stays, trying again
// is the same.
func (c Change) What() string {
	text := c.Digest()
	for _, s := range c.Steps {
		text += "|" + s.Ref.ID + " " + s.Ref.Version
	}
	return series.Digest(text)
}

// Count is what a change counts as against the limits.
type Count string

// The counts. A replacement is an ending, too, but for the rule about half of all pairs.
const (
	Creation    Count = "creation"
	Ending      Count = "ending"      // of a pair's 1:1, also where the report gets another manager
	Replacement Count = "replacement" // of a pair's own slot or length
)

// Recent is a change that was made, or begun, within the BrakeWindow.
type Recent struct {
	ID     string
	Pair   series.Pair
	Counts Count
	Mails  int
}

// BrakeWindow is the time over which limits count.
const BrakeWindow = time.Hour

// Held is a change kept for a person to allow.
type Held struct {
	Change
	Because string
	Brake   bool // a limit holds it: `allow` lets it through. Else a person must accept or restore.
	Changed bool // another form of it was allowed
	Stuck   bool // it failed too often to be tried again by itself
	Waits   bool // only until the roster has stood for a while: nobody need do anything
	Others  bool // Because tells when one of the two has another 1:1
}

// Hold is what is remembered of a change that a brake holds: it stays held until a person allows it.
type Hold struct {
	Pair    series.Pair
	Digest  string // Change.Digest
	Because string
	Stuck   bool // it failed too often
	Action  Action
	Mails   int
}

// Stuck is a change that failed too often to be tried once more, unless it is another by now or a person allows it.
type Stuck struct {
	What    string // Change.What
	Because string
}

// Plan is what a round is about to do, in the order in which it does it.
type Plan struct {
	Changes []Change
	Held    []Held
	Mails   int
	// Doubtful are the pairs whose creation is held because nothing is known of what became of their series: the next
	// Input is to name them again.
	Doubtful []series.Pair
	// Refused are the commands that cannot be done.
	Refused []Refusal
}

// Braked are the changes that brakes hold, by id: what `allow` covers.
func (p Plan) Braked() map[string]Hold {
	out := map[string]Hold{}
	for _, h := range p.Held {
		if h.Brake {
			out[h.ID()] = Hold{h.Pair, h.Digest(), h.Because, h.Stuck, h.Action, h.Mails}
		}
	}
	return out
}

// Step is one call of the calendar contract. Exactly one field beside Ref is set. Without a Ref, as after a Create,
// it is about the event of the step before. The event may have a later version by then, from another change of the
// plan.
type Step struct {
	Ref           series.Ref
	Create        *series.Series
	Update        *series.Patch
	Skip          []series.Skip
	Unskip        []series.Date
	SetOverride   *series.Override
	ClearOverride *time.Time
	End           *series.Date
	Revive        *series.Event
	Invite        string // the address of the guest whom the server is to send the invitation again
}

// Later is the step on the versions that the changes made before it left: now tells the present Ref of an event by its
// id, if one of them wrote it.
func (s Step) Later(now func(id string) (series.Ref, bool)) Step {
	if ref, ok := now(s.Ref.ID); ok && s.Ref.ID != "" {
		s.Ref = ref
	}
	if s.Create == nil || s.Create.Carry.From == nil {
		return s
	}
	if ref, ok := now(s.Create.Carry.From.ID); ok {
		w, from := *s.Create, *s.Create.Carry.From
		from.Ref, w.Carry.From = ref, &from
		s.Create = &w
	}
	return s
}

// Ask is a person's command for one pair.
type Ask struct {
	Pair       series.Pair
	Accept     bool        // take the slot the calendar now has; else put back
	Occurrence series.Date // of a put-back: only this one
	To         *Time       // make up for the Occurrence at that time, and nothing else
	Force      bool        // though somebody is not free then
	Invite     bool        // deliver the invitation again, and nothing else
	Undo       *Before     // take the make-up of the Occurrence at To back
}

// Before is how a meeting was before it was made up for.
type Before struct {
	Start time.Time // zero: it was cancelled
}
