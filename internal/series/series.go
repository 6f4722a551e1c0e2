// Package series holds the words of Holdfast: people, pairs, slots, the series the roster wants and the events that
// calendars hold, and wall-clock arithmetic over them. It is pure: no I/O, no clock.
package series

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Pair is one manager and one report, by their roster ids.
type Pair struct{ Manager, Report string }

// ID is what a person's id looks like.
var ID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// ParsePair reads "mia/raj".
func ParsePair(s string) (Pair, error) {
	m, r, ok := strings.Cut(s, "/")
	if !ok || !ID.MatchString(m) || !ID.MatchString(r) {
		return Pair{}, fmt.Errorf("%q is not a pair like mia/raj", s)
	}
	return Pair{m, r}, nil
}

// String is "mia/raj", "" for no pair.
func (p Pair) String() string {
	if p == (Pair{}) {
		return ""
	}
	return p.Manager + "/" + p.Report
}

// MarshalText is String.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads "mia/raj"; empty text is no pair.
func (p *Pair) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*p = Pair{}
		return nil
	}
	v, err := ParsePair(string(b))
	if err == nil {
		*p = v
	}
	return err
}

// Compare orders pairs as their texts.
func (p Pair) Compare(q Pair) int {
	n := min(len(p.Manager), len(q.Manager))
	switch {
	case p == Pair{} || q == Pair{}:
		return strings.Compare(p.String(), q.String())
	case p.Manager[:n] != q.Manager[:n]:
		return strings.Compare(p.Manager[:n], q.Manager[:n])
	case n < len(q.Manager): // no id has a slash
		return cmp.Compare('/', q.Manager[n])
	case n < len(p.Manager):
		return cmp.Compare(p.Manager[n], '/')
	}
	return strings.Compare(p.Report, q.Report)
}

// Has reports whether the person of that id is one of the two.
func (p Pair) Has(id string) bool { return p.Manager == id || p.Report == id }

// Key is the pair's identity within an org, safe in a UID and in a Google event id: 26 characters of lower-case
// base32hex (RFC 4648 section 7). Two orgs, or two pairs, never share one.
func (p Pair) Key(org string) string {
	sum := sha256.Sum256([]byte(org + "\x00" + p.Manager + "\x00" + p.Report))
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// Person is somebody of the roster.
type Person struct {
	ID       string
	Name     string
	Email    string   // lower case
	Aliases  []string // other addresses, lower case
	Formerly []string // earlier ids
	Calendar string   // name of the settings' calendar; "" where Holdfast reaches none
	Zone     string   // IANA
	Hours    Hours
	Away     []Away // leave, and the holidays of the person's region
}

// Addresses are all mail addresses of the person, the first one first.
func (p Person) Addresses() []string { return append([]string{p.Email}, p.Aliases...) }

// Is reports whether addr is one of the person's addresses.
func (p Person) Is(addr string) bool { return slices.Contains(p.Addresses(), Address(addr)) }

// Address is a calendar user address as it is compared: lower case, without "mailto:".
func Address(s string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "mailto:")
}

// Window is a part of a day, From before To.
type Window struct{ From, To TimeOfDay }

// Hours are a person's working hours by weekday (Sunday is 0), as far as there are any; many people share one. No
// window at all means that any time will do.
type Hours [][]Window

// On are the windows of the day.
func (h Hours) On(day time.Weekday) []Window {
	if int(day) < len(h) {
		return h[day]
	}
	return nil
}

// Covers reports whether the whole of duration lies within one window of the day.
func (h Hours) Covers(day time.Weekday, at TimeOfDay, duration time.Duration) bool {
	end := at + TimeOfDay(duration/time.Minute)
	return h.Unset() || slices.ContainsFunc(h.On(day), func(w Window) bool { return w.From <= at && end <= w.To })
}

// Away is a run of days, both ends included, on which a person is not there.
type Away struct {
	From, To Date
	Why      string // Leave or Holiday
}

// Why somebody is not there, and a week is skipped: all that calendars, and the other of the pair, ever read of it.
const (
	Leave       = "leave"
	Holiday     = "holiday"
	OutOfOffice = "out of office"
)

// SkipReason is the reason of a skip as it stands on an event, in the words of Leave, Holiday and OutOfOffice. Whatever
// else stands there is leave: earlier versions wrote down what the roster's `why` said.
func SkipReason(text string) string {
	if text == Holiday || text == OutOfOffice {
		return text
	}
	return Leave
}

// Skip is a planned week without the meeting.
type Skip struct {
	Date Date   // original day, in the slot's zone
	Why  string // Leave, Holiday or OutOfOffice
}

// Series is what the roster wants of one pair's 1:1. With Generation and First set it is also what Create writes.
type Series struct {
	Org      string
	Pair     Pair
	Formerly []Pair // the pair under earlier ids, for marks written then
	Manager  Person
	Report   Person

	Slot    Slot   // Auto: Weekday and At are chosen, not given
	Auto    bool   // the roster says slot: auto
	Line    string // the roster's slot line, resolved; compared with the mark's
	Title   string
	Place   string // "" is not stated and so not owned
	Link    string // the prep link; "" is not stated and so not owned
	Doc     PrepDoc
	Private bool
	Starts  Date // no meeting before; zero: none given
	Ends    Date // last day; zero: none given

	Generation int
	First      Date   // the first occurrence
	Skips      []Skip // planned skips known at creation
	Carry      Carry  // what Create takes over from the series whose place this one takes
	// ClientDelivers means that Holdfast, not the server, brings the invitation to the report (RFC 6638 section 7.1).
	ClientDelivers bool
}

// PrepDoc is the document to be made for a pair, whose link then becomes Series.Link. Zero: none is made, the link is
// given or there is none.
type PrepDoc struct {
	Template string // Drive id of the document to copy
	Folder   string // Drive id of the folder for the copy; "" is the top of the manager's own Drive
	Section  string // what is put at its top before each meeting: "standard" or a text with fields in it; "" for nothing
}

// Patch names the fields that an Update writes, with their new values; nil fields stay as they are.
type Patch struct {
	Slot   *SlotPatch
	People *PeoplePatch
	Place  *string // "" removes it
	Link   *string // "" removes it; written on the master and on the overrides that had its link or none
	Busy   bool    // set the event to busy (master and overrides)
	Mark   *Mark   // written whole, but for Written: see Update
	// ClientDelivers, with the Mark of a series that had none: Series.ClientDelivers. Where a server would take it for a
	// cancellation to change that (RFC 6638 section 7.1), it is not changed.
	ClientDelivers bool
}

// SlotPatch moves the series: its first occurrence, and so all of them.
type SlotPatch struct {
	Slot  Slot
	First Date
}

// PeoplePatch sets the organizer and the other people.
type PeoplePatch struct {
	Organizer Person
	Guests    []Person
}
