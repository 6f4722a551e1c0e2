// Package series holds the words of Holdfast: people, pairs, slots, the series the roster wants and the events that
// calendars hold, and wall-clock arithmetic over them. It is pure: no I/O, no clock.
package series

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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

// Compare orders pairs by manager, then report.
func (p Pair) Compare(q Pair) int { return strings.Compare(p.String(), q.String()) }

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

// Hours are a person's working hours by weekday (Sunday is 0). No window at all means that any time will do.
type Hours [7][]Window

// Covers reports whether the whole of duration lies within one window of the day.
func (h Hours) Covers(day time.Weekday, at TimeOfDay, duration time.Duration) bool {
	unset := true
	for _, w := range h {
		unset = unset && len(w) == 0
	}
	end := at + TimeOfDay(duration/time.Minute)
	return unset || slices.ContainsFunc(h[day], func(w Window) bool { return w.From <= at && end <= w.To })
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

// Slot is a pair's place in the week: every so many weeks, at a wall-clock time of Zone.
type Slot struct {
	Weekday  time.Weekday
	At       TimeOfDay
	Duration time.Duration
	Every    int    // weeks
	Zone     string // the zone whose clock anchors the slot
}

// IsZero reports whether s is no slot.
func (s Slot) IsZero() bool { return s == Slot{} }

// String is the short form for people: "Tue 10:00 Europe/Berlin".
func (s Slot) String() string {
	if s.IsZero() {
		return ""
	}
	return ShortDay(s.Weekday) + " " + s.At.String() + " " + s.zoneName()
}

// Words is the whole slot for people: "Tue 10:00 Europe/Berlin, 90 min, every 2 weeks".
func (s Slot) Words() string {
	if s.IsZero() {
		return ""
	}
	text := s.String() + ", " + Length(s.Duration)
	if s.Every > 1 {
		text += fmt.Sprintf(", every %d weeks", s.Every)
	}
	return text
}

// Length is a length of time for people: "1 h", "90 min".
func Length(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

func (s Slot) zoneName() string {
	if strings.HasPrefix(s.Zone, tzifPrefix) {
		return "custom zone"
	}
	return s.Zone
}

// ParseSlot reads what String writes: a slot without length and weeks.
func ParseSlot(text string) (Slot, error) {
	f := strings.Fields(text)
	if len(f) != 3 {
		return Slot{}, fmt.Errorf("slot %q: want day, time, zone", text)
	}
	day, err1 := ParseWeekday(f[0])
	at, err2 := ParseTimeOfDay(f[1])
	_, err3 := Location(f[2])
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return Slot{}, fmt.Errorf("slot %q: %w", text, err)
		}
	}
	return Slot{Weekday: day, At: at, Zone: f[2]}, nil
}

// Line is the whole slot on one line of plain characters: "Tue 10:00 1h0m0s 1w Europe/Berlin".
func (s Slot) Line() string {
	return fmt.Sprintf("%s %s %s %dw %s", ShortDay(s.Weekday), s.At, s.Duration, s.Every, s.Zone)
}

// maxEvery bounds the weeks between two meetings: slot lines come from calendars, where anybody may have written.
const maxEvery = 52

// ParseSlotLine reads what Line writes.
func ParseSlotLine(line string) (Slot, error) {
	f := strings.Fields(line)
	if len(f) != 5 {
		return Slot{}, fmt.Errorf("slot line %q: want day, time, duration, weeks, zone", line)
	}
	day, err1 := ParseWeekday(f[0])
	at, err2 := ParseTimeOfDay(f[1])
	dur, err3 := time.ParseDuration(f[2])
	every, err4 := strconv.Atoi(strings.TrimSuffix(f[3], "w"))
	_, err5 := Location(f[4])
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return Slot{}, fmt.Errorf("slot line %q: %w", line, err)
		}
	}
	if every < 1 || every > maxEvery || dur <= 0 || dur > 24*time.Hour {
		return Slot{}, fmt.Errorf("slot line %q: want 1 to %d weeks and up to 24 hours", line, maxEvery)
	}
	return Slot{day, at, dur, every, f[4]}, nil
}

// On is the instant at which the slot's meeting begins on day d, whatever weekday d is.
func (s Slot) On(d Date) time.Time { return Instant(d, s.At, s.Zone) }

// First is the first of the slot's weekdays on or after d.
func (s Slot) First(d Date) Date { return d.AddDays((int(s.Weekday) - int(d.Weekday()) + 7) % 7) }

// Dates are the slot's days from first (one of them) that lie in [from, to], every Every weeks.
func (s Slot) Dates(first, from, to Date) []Date {
	step := 7 * max(s.Every, 1)
	d := first
	if n := from.DaysSince(first); n > 0 {
		d = first.AddDays((n + step - 1) / step * step)
	}
	var out []Date
	for ; !d.After(to); d = d.AddDays(step) {
		out = append(out, d)
	}
	return out
}

// Same reports whether both slots put their meetings at the same instants for a year from the day first: equal but for
// zones that have the same clocks.
func (s Slot) Same(t Slot, first Date) bool {
	if s == t {
		return true
	}
	if s.Duration != t.Duration || s.Every != t.Every {
		return false
	}
	a := s.First(first)
	for w := range 53 {
		d := a.AddDays(7 * w)
		start := s.On(d)
		day, at := WallClock(start, t.Zone)
		if day.Weekday() != t.Weekday || at != t.At {
			// A gap moves both clocks; compare what the other slot makes of that day.
			if !t.On(day).Equal(start) || day.Weekday() != t.Weekday {
				return false
			}
		}
	}
	return true
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

// Mark is the mark that Create puts on a series.
func (s Series) Mark() Mark {
	m := Mark{
		Org:        s.Org,
		Pair:       s.Pair,
		Generation: s.Generation,
		Slot:       s.Slot,
		Line:       s.Line,
		Skips:      s.Skips,
		Written:    s.Digests(),
	}
	s.Carry.note(&m)
	return m
}

// Digests are those of the fields as the roster states them. FieldSlot is that of s.Slot.
func (s Series) Digests() map[Field]string {
	m := map[Field]string{
		FieldSlot:   DigestSlot(s.Slot),
		FieldPeople: DigestPeople(s.Manager.Email, []string{s.Report.Email}),
		FieldBusy:   Digest("busy"),
		FieldTitle:  Digest(s.Title),
	}
	if s.Place != "" {
		m[FieldPlace] = Digest(s.Place)
	}
	if s.Link != "" {
		m[FieldLink] = Digest(s.Link)
	}
	if s.Slot.Every > 1 && !s.First.IsZero() {
		m[FieldPhase] = digestPhase(s.First, s.Slot.Every)
	}
	return m
}

// Field is a part of an event that Holdfast owns.
type Field string

// The owned fields. FieldSlot is start, duration, rule and zone together.
const (
	FieldSlot   Field = "slot"
	FieldPeople Field = "people"
	FieldPlace  Field = "place"
	FieldLink   Field = "link"
	FieldBusy   Field = "busy"
	// FieldEnd is the last day, written by End alone: an end without its digest is a person's.
	FieldEnd Field = "end"
	// FieldPhase tells in which weeks a series of every second or fourth week has its meetings. It goes with FieldSlot.
	FieldPhase Field = "phase"
)

// FieldTitle is not owned, and no write of an event that is there touches it: the digest, of the title that Create
// gave the series, tells whether a person gave it another.
const FieldTitle Field = "title"

// Fields are those of which a mark may have a digest: the owned ones in their order, and the title.
var Fields = []Field{FieldSlot, FieldPeople, FieldPlace, FieldLink, FieldBusy, FieldEnd, FieldPhase, FieldTitle}

// Mark is what makes an event ours, carried by the event itself.
type Mark struct {
	Org        string
	Pair       Pair
	Generation int
	Slot       Slot             // as booked or accepted
	Line       string           // the roster's slot line as last obeyed
	Skips      []Skip           // our planned skips
	MadeUp     []MadeUp         // by Original: the latest make-ups we booked
	Written    map[Field]string // digest of each owned field as we last wrote it
	// Carried is the Changes of the series whose place this one took, once all of it that was to go with it is here;
	// "" before that, and where there was none.
	Carried string
}

// MadeUp is where Holdfast put a meeting, at a person's command.
type MadeUp struct {
	Original time.Time // the start it had in the series; UTC
	Start    time.Time // UTC
}

const (
	// maxMadeUp bounds a mark: no more weeks of one series than these are made up for and not yet over and judged.
	maxMadeUp  = 12
	madeUpForm = "20060102T150405Z"
)

// String is what ParseMadeUp reads: both times as in iCalendar, apart by a space.
func (x MadeUp) String() string {
	return x.Original.UTC().Format(madeUpForm) + " " + x.Start.UTC().Format(madeUpForm)
}

// ParseMadeUp reads make-ups; what cannot be read is left out.
func ParseMadeUp(texts []string) []MadeUp {
	var m Mark
	for _, text := range texts {
		from, to, _ := strings.Cut(text, " ")
		original, err1 := time.Parse(madeUpForm, from)
		start, err2 := time.Parse(madeUpForm, to)
		if err1 == nil && err2 == nil {
			m.setMadeUp(original, start)
		}
	}
	return m.MadeUp
}

// MadeUpTo is where the meeting of that original start was put; zero if it was not made up for.
func (m Mark) MadeUpTo(original time.Time) time.Time {
	if i := m.madeUp(original); i >= 0 {
		return m.MadeUp[i].Start
	}
	return time.Time{}
}

// Overridden notes what SetOverride makes of an occurrence: a make-up is remembered, one that is back where the
// series has it is forgotten, and any other change leaves what is known. False where the mark stays as it was.
func (m *Mark) Overridden(o Override) bool {
	switch {
	case o.Start.Equal(o.Original):
		return m.setMadeUp(o.Original, time.Time{})
	case o.MadeUp:
		return m.setMadeUp(o.Original, o.Start)
	}
	return false
}

// Cleared notes that an occurrence is the series' own again. False where the mark stays as it was.
func (m *Mark) Cleared(original time.Time) bool { return m.setMadeUp(original, time.Time{}) }

func (m Mark) madeUp(original time.Time) int {
	return slices.IndexFunc(m.MadeUp, func(x MadeUp) bool { return x.Original.Equal(original) })
}

// setMadeUp remembers where a meeting was put, or with a zero start forgets it; what it changes is a copy.
func (m *Mark) setMadeUp(original, start time.Time) bool {
	if m.MadeUpTo(original).Equal(start) {
		return false
	}
	var out []MadeUp
	for _, x := range m.MadeUp {
		if !x.Original.Equal(original) {
			out = append(out, x)
		}
	}
	if !start.IsZero() {
		out = append(out, MadeUp{original.UTC().Truncate(time.Second), start.UTC().Truncate(time.Second)})
		slices.SortFunc(out, func(a, b MadeUp) int { return a.Original.Compare(b.Original) })
		out = out[max(0, len(out)-maxMadeUp):]
	}
	m.MadeUp = out
	return true
}

// IsZero reports whether there is no mark.
func (m Mark) IsZero() bool { return m.Org == "" }

// Digest is a short digest of a field's meaning: white space folded.
func Digest(s string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(s), " ")))
	return hex.EncodeToString(sum[:6])
}

// DigestSlot is the digest of start, duration, rule and zone.
func DigestSlot(s Slot) string { return Digest(s.Line()) }

// digestPhase is the digest of which of every so many weeks the day lies in, counted from the week of 1 January 1970.
func digestPhase(d Date, every int) string {
	weeks := d.Monday().DaysSince(Date{1970, time.January, 1}.Monday()) / 7
	return Digest(strconv.Itoa(weeks%every) + " of " + strconv.Itoa(every))
}

// DigestPeople is the digest of the organizer and the set of other addresses.
func DigestPeople(organizer string, guests []string) string {
	organizer = Address(organizer)
	var all []string
	for _, g := range guests {
		if g = Address(g); g != organizer {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return Digest(organizer + " " + strings.Join(slices.Compact(all), " "))
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
