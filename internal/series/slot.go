package series

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
	if IsCustom(s.Zone) {
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
	if from.Before(first) {
		from = first
	}
	if to.Before(from) {
		return nil
	}
	return slices.AppendSeq(make([]Date, 0, to.DaysSince(from)/(7*max(s.Every, 1))+1), s.days(first, from, to))
}

// days are the Dates.
func (s Slot) days(first, from, to Date) iter.Seq[Date] {
	return func(yield func(Date) bool) {
		step := 7 * max(s.Every, 1)
		d := first
		if n := from.DaysSince(first); n > 0 {
			d = first.AddDays((n + step - 1) / step * step)
		}
		for ; !d.After(to) && yield(d); d = d.AddDays(step) {
		}
	}
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
