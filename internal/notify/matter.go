package notify

import (
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Kind of matter.
type Kind string

// The kinds of matter that are of a pair: its two hear them.
const (
	Difference Kind = "difference" // a flag
	LostWeeks  Kind = "lost-weeks" // 3 of the last 6 countable weeks were not kept
	Ask        Kind = "ask"        // the report asks the manager to accept or restore
	Acted      Kind = "acted"      // something was done by a link, and can be undone
)

// Test is a message that somebody asked for to see whether it arrives. It passes the same gate as all others.
const Test Kind = "test"

// The operational kinds: admins hear them.
const (
	Outage     Kind = "outage"    // what cannot be reached, by cause
	Held       Kind = "held"      // a change that waits to be allowed
	Brake      Kind = "brake"     // a limit was reached
	Roster     Kind = "roster"    // what is wrong with the roster
	Unreached  Kind = "unreached" // a person without a channel that works
	Failed     Kind = "failed"    // notices that could not be sent
	Account    Kind = "account"   // an account was refused that claims to be a person's
	FirstRound Kind = "first"     // what stood when the journal was empty, counted
	Round      Kind = "round"     // a round ended; for webhooks
	State      Kind = "state"     // a pair's state; for webhooks
)

// Operational are the kinds that an admins' mail address or chat is told.
var Operational = []Kind{Outage, Held, Brake, Roster, Unreached, Failed, Account, FirstRound}

// Kinds are those that a webhook is told which asks for one of the names of the settings: outage, held, round, state.
func Kinds(name string) []Kind {
	if name == string(Held) {
		return []Kind{Held, Brake}
	}
	return []Kind{Kind(name)}
}

// Matter is one thing that may be told.
type Matter struct {
	Kind Kind
	Key  string      // stable for as long as it is the same thing; drift.Flag.ID of a Difference, the act of an Acted
	Pair series.Pair // zero where it is of no pair
	Flag drift.Flag  // of a Difference; of an Ask what it is about
	// Says is what else would be said, or its digest; what it says otherwise is a change.
	Says string
	// In are the people in whose calendars it was first seen as it stands now. Of a collision they are those whose other
	// events it is with.
	In []string
	// Mailed are the people whom the calendar server sent a mail about it, as it stands now.
	Mailed []string
	// Seen are the people who have acknowledged it as it now stands.
	Seen []string
	// Old and New are when the meeting that it is about was booked and where it now stands, each zero where there is none.
	// Of a whole series it is the next meeting; of what is about no meeting both are zero.
	Old, New time.Time
	Until    time.Time // when there is no point in it any more, where that is not the meeting's begin; zero: never
	Began    time.Time // of LostWeeks: when the run can have begun at the earliest; zero: not known
	Changed  time.Time // since when it stands as it does, or is closed
	Closed   bool
	// Owners are the people whose calendars an Outage is of, and who themselves can mend it; of a Test, who is to get it.
	Owners []string
}

// State is a digest of what would be said of it. That of a matter cut to what a reader may see is the reader's.
func (m Matter) State() string {
	if m.Closed {
		return "closed"
	}
	f := m.Flag
	return hash(f.From.String(), f.To.String(), f.Detail, string(f.By), m.Says)
}

// once reports whether it is told once and then no more, whatever becomes of it.
func (m Matter) once() bool {
	return slices.Contains([]Kind{LostWeeks, Ask, Acted, Account, FirstRound, Test}, m.Kind)
}

// whole reports whether it is of the series or of no meeting: it outlasts the next one's begin.
func (m Matter) whole() bool { return m.Flag.Occurrence.IsZero() }

// first is the earlier of the old and the new start; zero where it is about no meeting.
func (m Matter) first() time.Time {
	if m.Old.IsZero() || !m.New.IsZero() && m.New.Before(m.Old) {
		return m.New
	}
	return m.Old
}

// begins is when the meeting begins, or would have begun.
func (m Matter) begins() time.Time {
	if m.New.IsZero() {
		return m.Old
	}
	return m.New
}

// over is from when on there is no point in telling it; zero: there always is.
func (m Matter) over() time.Time {
	if !m.Until.IsZero() || m.whole() {
		return m.Until
	}
	return m.begins()
}

// to is the matter as the reader may see it; false where it is nothing to them.
func (m Matter) to(r Reader) (Matter, bool) {
	id := r.Person.ID
	switch {
	case m.Kind == Test:
		return m, slices.Contains(m.Owners, id)
	case len(r.Hears) > 0:
		if m.Kind != Held && m.Kind != State {
			m.Pair = series.Pair{}
		}
		m.Flag, m.In, m.Mailed, m.Seen, m.Old, m.New = drift.Flag{}, nil, nil, nil, time.Time{}, time.Time{}
		return m, slices.Contains(r.Hears, m.Kind) && !slices.Contains([]Kind{Difference, LostWeeks, Ask, Acted}, m.Kind)
	case m.Kind == Outage:
		m.Pair, m.Flag = series.Pair{}, drift.Flag{}
		return m, slices.Contains(m.Owners, id)
	case m.Kind == Ask && m.Pair.Manager != id:
		return m, false
	case m.Kind != Difference && m.Kind != LostWeeks && m.Kind != Ask && m.Kind != Acted:
		return m, false
	}
	m.Flag = m.Flag.For(id, m.In)
	m.Flag.Makeups = m.Flag.Makeups[:min(len(m.Flag.Makeups), namedTimes)]
	return m, m.Pair.Has(id)
}

// namedTimes are how many proposed times a message names: more would make a free/busy list.
const namedTimes = 3

// nobodys are the differences that are no person's act, whatever calendar shows them first.
var nobodys = []drift.Kind{drift.RoomDeclined, drift.Undelivered, drift.SlotUnfit, drift.DocMissing,
	drift.DocUnreadable, drift.DocOvershared}

// own reports whether it is the reader's own act: proven, or else first seen in their calendar alone.
func (m Matter) own(reader string) bool {
	switch {
	case m.Kind != Difference || slices.Contains(nobodys, m.Flag.Kind):
		return false
	case m.Closed && m.Flag.Kind != drift.DeclinedKind: // who opened it did not need to close it
	case m.Flag.By == drift.ByManager:
		return m.Pair.Manager == reader
	case m.Flag.By == drift.ByReport:
		return m.Pair.Report == reader
	}
	return len(m.In) == 1 && m.In[0] == reader
}

// mailed reports whether the calendar server's mail is enough: by now, or at all.
func (m Matter) mailed(r Reader) bool {
	if m.Kind != Difference || !slices.Contains(m.Mailed, r.Person.ID) {
		return false
	}
	if m.Flag.Kind == drift.DeclinedKind && m.Pair.Manager == r.Person.ID {
		return !m.whole()
	}
	adds := m.whole() || len(m.Flag.Makeups) > 0
	return !adds || r.Digest && !m.urgent(m.Changed)
}
