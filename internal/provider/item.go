package provider

import (
	"time"

	"holdfast/internal/series"
)

// Item is one object of a calendar as its provider reads it. Build decides what of it a snapshot may have: titles and
// people go no further than that.
type Item struct {
	ID      string // opaque, the same for the same object: the key of Snapshot.Objects
	Version string
	// Unreadable: the provider cannot make sense of the object. What was known of it stays.
	Unreadable bool

	// Event is the object as an event with a recurrence, or as one that bears our mark; with its Ref, under the mark that
	// it has of this org. Nil for all else.
	Event *series.Event
	Named Named // what the identity of Event says
	// Recurring is false for a single event that bears our mark.
	Recurring bool
	// Foreign: it bears the mark of another org.
	Foreign bool
	// RestOf is the id (Ref.ID) of the series that Event was split off from, where the server says so.
	RestOf string

	// Single is when an event without recurrence takes place, where people may meet at it; nil for all else.
	Single *Span
	// People are all addresses on the object, the organizer's first. One that cannot be read is series.Stranger.
	People []string
	Title  string // of a single event
	// ZoneDoubts are the zones by name of which the object has another clock in the coming year than the zone data in use.
	ZoneDoubts []string
	// Busy is the time that the object takes of the owner, under ID, or ID with a part of its own behind "#".
	Busy []series.Busy
}

// Span is when a single event takes place.
type Span struct {
	Start    time.Time
	Duration time.Duration
}

// Reading is what a provider has read of a calendar since the last snapshot.
type Reading struct {
	// Full: Members are all objects that the calendar lists, by Item.ID. Else it says what changed.
	Full    bool
	Members map[string]bool
	// Items are the objects read anew. All others that are listed, or not said to have changed, are as the last snapshot
	// has them, those among them that could not be read.
	Items []Item
	// Removed are the objects with a tombstone, by Item.ID.
	Removed map[string]bool
	// Owner are the addresses that the server has for the calendar's owner, lower case.
	Owner []string
}

// Presence is what a direct reading says of an object.
type Presence int

// The answers.
const (
	Present Presence = iota
	Absent           // it is not there, and nothing says that it was deleted
	Deleted          // the server says that it was deleted
	Unclear          // neither: what was known of it stays
)
