package series

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"
)

// Snapshot is all that is known of one person's calendar at one moment. Providers make it, the journal keeps it,
// decisions read it. Nothing in it tells what other events are about: no titles, guests or bodies.
type Snapshot struct {
	At       time.Time // when it was taken
	Cursor   string    // where to ask for what changed since; the provider's own
	Interest string    // hash of the Interest it was taken with
	FullAt   time.Time // when the last full listing was made

	// Owner are addresses that the server has for the calendar's owner and the roster does not, lower case, in order.
	Owner []string
	// Emptied: it shows nothing at all, or did so when series or copies of ours went missing from it that are still held
	// for that reason: an empty listing proves nothing, until a person says so.
	Emptied bool

	// Schedules: the server itself brings invitations and changes to attendees (RFC 6638).
	Schedules bool
	// Network is what calendars share between which invitations are brought whatever the settings call them; "" where the
	// server reaches only its own.
	Network string `json:",omitzero"`
	// Quiet: a write can be made without anything being delivered to attendees.
	Quiet bool
	// Singly: attendees get a message of its own for each meeting of a new series that differs from it.
	Singly bool `json:",omitzero"`

	Series     []Event     // recurring events with a mark of this org, organized by this person: live, ended and duplicates
	Copies     []Event     // this person's copies of series that another person organizes
	Candidates []Candidate // unmarked recurring events whose only people are a pair of the roster
	StandIns   []StandIn
	Busy       []Busy
	Gone       []Gone
	Objects    map[string]Object // every object of the calendar by opaque id: what a full listing is compared with
}

// For how long a snapshot has what is over.
const (
	// PastKept is how long single events of other people are kept after they took place.
	PastKept = 14 * 24 * time.Hour
	// GoneKept is how long a deletion is remembered where the roster has no such pair; one that it has is not forgotten,
	// else a series that a person deleted would be booked again.
	GoneKept = 365 * 24 * time.Hour
)

// Opaque is an id that says nothing of what it names.
func Opaque(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}

// rests is the unix time before which a reading that shows nothing new leaves s as it is: nothing of it is forgotten
// until then, and nothing looked for or worked out anew. 0: something is, at once.
func (s Snapshot) rests() int64 {
	until := int64(math.MaxInt64)
	by := func(t time.Time) { until = min(until, t.Unix()) }
	for _, e := range slices.Concat(s.Series, s.Copies) {
		if _, listed := s.Objects[Opaque(e.ID)]; !listed || !e.Rule.Plain {
			return 0
		}
	}
	for _, g := range s.Gone {
		if !g.Proven {
			return 0
		}
		by(g.Since.Add(GoneKept))
	}
	for _, x := range s.Candidates {
		if !x.Event.Rule.Until.IsZero() {
			by(x.Event.LastStart())
		}
	}
	for _, x := range s.StandIns {
		by(x.Start.Add(x.Duration + PastKept))
	}
	for _, x := range s.Busy {
		if !x.Recurs() {
			by(x.Start.Add(x.Duration + PastKept))
		}
	}
	return until
}

// Unread is s as one of which the next reading takes over nothing of other events: all is read anew.
func (s Snapshot) Unread() Snapshot {
	s.Interest = ""
	return s
}

// Without is s as if the person had never had a 1:1 with its owner. The objects stay known: they are not read anew
// until they change, or all is.
func (s Snapshot) Without(person string) Snapshot {
	of := func(p Pair) bool { return p.Has(person) }
	series := func(all []Event) []Event {
		return slices.DeleteFunc(slices.Clone(all), func(e Event) bool { return of(e.Mark.Pair) })
	}
	s.Series, s.Copies = series(s.Series), series(s.Copies)
	s.Candidates = slices.DeleteFunc(slices.Clone(s.Candidates), func(c Candidate) bool { return of(c.Pair) })
	s.StandIns = slices.DeleteFunc(slices.Clone(s.StandIns), func(x StandIn) bool { return of(x.Pair) })
	s.Gone = slices.DeleteFunc(slices.Clone(s.Gone), func(g Gone) bool { return of(g.Pair) })
	s.Objects = maps.Clone(s.Objects)
	for id, o := range s.Objects {
		if of(o.Pair) {
			o.Pair = Pair{}
			s.Objects[id] = o
		}
	}
	return s
}

// Ending are the series of ours that have an end, those that are gone among them: other events may follow on them.
func (s Snapshot) Ending() []Event {
	var out []Event
	add := func(e Event) {
		if !e.Rule.Until.IsZero() {
			out = append(out, e)
		}
	}
	for _, e := range s.Series {
		add(e)
	}
	for _, g := range s.Gone {
		if !g.Copy {
			add(g.Last)
		}
	}
	return out
}

// ZoneDoubts are those of all objects of the calendar, in order.
func (s Snapshot) ZoneDoubts() []string {
	zones := map[string]bool{}
	for _, o := range s.Objects {
		for _, z := range o.ZoneDoubts {
			zones[z] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// Object is one object of a calendar, known only as something that has a version.
type Object struct {
	Version string
	Pair    Pair `json:",omitzero"` // when it is a series or a copy of ours
	// ZoneDoubts are the zones by name whose clock of the coming year is another by the object than by the zone data in
	// use: one of the two is out of date.
	ZoneDoubts []string `json:",omitzero"`
}

// Candidate is a 1:1 that a pair has without us.
type Candidate struct {
	Pair  Pair
	Event Event
	// Foreign: it bears the mark of another org, and is that one's to keep.
	Foreign bool `json:",omitzero"`
}

// StandIn is a single event that may take the place of a lost occurrence: its only people are the pair, or it bears
// the series' title in a week in which the series has an occurrence taken out.
type StandIn struct {
	ID        string // opaque
	Pair      Pair
	Start     time.Time
	Duration  time.Duration
	LookAlike bool // it bears the series' title and has no people: what some clients make of a move
}

// Kind of time taken by another event.
type Kind string

// The kinds: hard collides, soft (tentative) does not, away is leave or out of office. What an all-day event means is a
// policy: of this kind is only one that is stated as busy and does not recur.
const (
	Hard       Kind = "hard"
	Soft       Kind = "soft"
	AwayKind   Kind = "away"
	AllDayKind Kind = "all-day"
)

// AllDay is a policy: what time of AllDayKind means where it covers a working day. An all-day event that recurs, or
// does not state that it is busy, is a note and means nothing.
type AllDay string

// The zero AllDay is AllDayFlag.
const (
	AllDayFlag   AllDay = "flag"   // a collision, for a person to see
	AllDayAway   AllDay = "away"   // leave
	AllDayIgnore AllDay = "ignore" // nothing
)

// Busy is time taken by an event that is none of ours. It carries the recurrence, expanded at decision time.
type Busy struct {
	ID       string // opaque
	Start    time.Time
	Duration time.Duration
	Zone     string
	AllDay   bool
	RRule    string // RFC 5545 section 3.3.10, "" for a single event; where there are more of them, one a line
	ExRule   string `json:",omitzero"` // rules of what is left out (RFC 2445 section 4.8.5.2), likewise
	RDates   []time.Time
	ExDates  []time.Time // and the original starts that have an override
	Kind     Kind
	// Except is time within it that is not taken: what a VAVAILABILITY calls available (RFC 7953).
	Except []Available `json:",omitzero"`
}

// Recurs reports whether it is more than a single event.
func (b Busy) Recurs() bool { return b.RRule != "" || len(b.RDates) > 0 }

// Available is time that is not taken, with its recurrence as in Busy.
type Available struct {
	Start    time.Time
	Duration time.Duration
	Zone     string
	RRule    string
	RDates   []time.Time
	ExDates  []time.Time
}

// Interval is time taken, from Start until End, as Busy expands to.
type Interval struct {
	Start, End time.Time
	Kind       Kind
	ID         string // of the Busy
}

// Gone is a series or copy of ours that a calendar no longer has.
type Gone struct {
	ID         string
	Pair       Pair
	Generation int
	Since      time.Time
	// Rounds counts the observations that missed it. Proven means a tombstone, or 404/410 to a direct GET in two of them.
	Rounds int
	Proven bool
	Copy   bool
	Last   Event // as it was last seen
	Ours   bool  // Holdfast removed it: it had never met
	// Emptied: it went when the calendar showed nothing at all. Only a person, or its coming back, says what became of it.
	Emptied bool
}

// Answer is an attendee's answer to one occurrence, or with a zero Original to the series.
type Answer struct {
	Original time.Time
	PartStat PartStat
}
