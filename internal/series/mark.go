package series

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
	var space [256]byte
	text := space[:0]
	for word := range strings.FieldsSeq(s) {
		if len(text) > 0 {
			text = append(text, ' ')
		}
		text = append(text, word...)
	}
	return digest(sha256.Sum256(text))
}

func digest(sum [sha256.Size]byte) string {
	var text [12]byte
	hex.Encode(text[:], sum[:len(text)/2])
	return string(text[:])
}

// DigestOf is the Digest of all these lines.
func DigestOf(lines iter.Seq[[]byte]) string {
	h, apart := sha256.New(), false
	for line := range lines {
		for word := range bytes.FieldsSeq(line) {
			if apart {
				h.Write([]byte{' '})
			}
			h.Write(word)
			apart = true
		}
	}
	return digest([sha256.Size]byte(h.Sum(nil)))
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

const (
	// maxMadeUp bounds a mark: no more weeks of one series than these are made up for and not yet over and judged.
	maxMadeUp  = 12
	madeUpForm = "20060102T150405Z"
)
