package series

import (
	"fmt"
	"time"
)

// Aspect is one thing about a meeting or a series, as a flag or a change says that it was or is: a time, a length, a
// slot, a last day, or nothing, which is the zero Aspect.
type Aspect struct {
	kind   aspectKind
	at     time.Time
	length time.Duration
	slot   Slot
	day    Date
}

type aspectKind int

const (
	nothing aspectKind = iota
	aTime
	aLength
	aSlot
	aWholeSlot // with its length and how often it is
	aDay
)

// AspectOf is x as an Aspect; a zero time, slot or day is nothing. Of a slot it has the time of the week and its zone.
func AspectOf[T time.Time | time.Duration | Slot | Date](x T) Aspect {
	switch x := any(x).(type) {
	case time.Time:
		if !x.IsZero() {
			return Aspect{kind: aTime, at: x}
		}
	case time.Duration:
		return Aspect{kind: aLength, length: x}
	case Slot:
		if !x.IsZero() {
			return Aspect{kind: aSlot, slot: Slot{Weekday: x.Weekday, At: x.At, Zone: x.Zone}}
		}
	case Date:
		if !x.IsZero() {
			return Aspect{kind: aDay, day: x}
		}
	}
	return Aspect{}
}

// WholeSlot is all of the slot as an Aspect.
func WholeSlot(s Slot) Aspect {
	if s.IsZero() {
		return Aspect{}
	}
	return Aspect{kind: aWholeSlot, slot: s}
}

// ParseAspect reads what String writes.
func ParseAspect(text string) (Aspect, error) {
	if text == "" {
		return Aspect{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return AspectOf(t), nil
	}
	if d, err := ParseDate(text); err == nil {
		return AspectOf(d), nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return AspectOf(d), nil
	}
	if s, err := ParseSlotLine(text); err == nil {
		return WholeSlot(s), nil
	}
	if s, err := ParseSlot(text); err == nil {
		return AspectOf(s), nil
	}
	return Aspect{}, fmt.Errorf("%q is no time, length, slot or day", text)
}

// MarshalText is String.
func (a Aspect) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseAspect.
func (a *Aspect) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAspect(string(text))
	return err
}

// IsZero reports whether it is nothing.
func (a Aspect) IsZero() bool { return a.kind == nothing }

// Equal reports whether both say the same.
func (a Aspect) Equal(b Aspect) bool { return a.String() == b.String() }

// Time is the time that it is, in the slot's zone or at its offset; false where it is none.
func (a Aspect) Time() (time.Time, bool) { return a.at, a.kind == aTime }

// Length is the length that it is; false where it is none.
func (a Aspect) Length() (time.Duration, bool) { return a.length, a.kind == aLength }

// Day is the day that it is; false where it is none.
func (a Aspect) Day() (Date, bool) { return a.day, a.kind == aDay }

// Slot is the slot that it is, perhaps without length and weeks; zero where it is none.
func (a Aspect) Slot() Slot { return a.slot }

// String is how it is recorded: a time as in RFC 3339, a length as Go writes one, a slot as Slot.String or, all of it,
// as Slot.Line, a day as YYYY-MM-DD, nothing as "".
func (a Aspect) String() string {
	switch a.kind {
	case aTime:
		return a.at.Format(time.RFC3339)
	case aLength:
		return a.length.String()
	case aSlot:
		return a.slot.String()
	case aWholeSlot:
		return a.slot.Line()
	case aDay:
		return a.day.String()
	}
	return ""
}

// Words are it for people: "Thu 10 Dec 15:00", "30 min", "Tue 10:00 Europe/Berlin", "until Thu 10 Dec 2026".
func (a Aspect) Words() string {
	switch a.kind {
	case aTime:
		return a.at.Format("Mon 2 Jan 15:04")
	case aLength:
		return Length(a.length)
	case aWholeSlot:
		return a.slot.Words()
	case aDay:
		return "until " + a.day.Long()
	}
	return a.String()
}
