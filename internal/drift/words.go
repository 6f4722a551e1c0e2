package drift

import (
	"fmt"
)

// Words says what is different, for people: "Tue 8 Dec 2026 moved to Thu 10 Dec 15:00".
func (f Flag) Words() string {
	day := "the series"
	if !f.Occurrence.IsZero() {
		day = f.Occurrence.Long()
	}
	from, to := f.From.Words(), f.To.Words()
	s := ""
	switch f.Kind {
	case Moved:
		s = fmt.Sprintf("%s moved to %s", day, to)
	case Cancelled:
		s = day + " cancelled"
	case Shortened:
		s = fmt.Sprintf("%s shortened from %s to %s", day, from, to)
	case DeclinedKind:
		s = day + " declined"
	case PlaceChanged:
		s = day + " is somewhere else"
	case LinkChanged:
		s = day + " has another agenda link"
	case GuestAdded:
		s = "somebody else was added to " + day
	case GuestRemoved:
		s = "the report is no longer invited to " + day
	case RoomDeclined:
		s = "the room does not take " + day
	case NotBusy:
		s = day + " no longer keeps the time busy"
	case DoubleBooked:
		s = f.collision(day, to)
	case SeriesMoved:
		s = fmt.Sprintf("the series was moved from %s to %s", from, orElse(to, "a rule of its own"))
		if !f.Occurrence.IsZero() {
			s += ", from " + day + " on"
		}
	case SeriesEnded:
		s = "the series was deleted or ended"
	case CopyDiffers:
		s = fmt.Sprintf("the report's copy shows %s instead of %s", orElse(to, "nothing"), orElse(from, "nothing"))
	case Undelivered:
		s = "the series, or a change of it, does not reach the report"
	case Duplicate:
		s = "there is a second copy of the series"
	case DocMissing:
		s = "the pair's document is missing"
	case DocUnreadable:
		s = "the pair's document is not open to both"
	case DocOvershared:
		s = "the pair's document is shared with others"
	case SlotUnfit:
		s = fmt.Sprintf("%s does not work any more", from)
		if to != "" {
			s += ": " + to + " would"
		}
	default:
		s = string(f.Kind) + ": " + day
	}
	if f.Detail != "" && f.Kind != DoubleBooked {
		s += ": " + f.Detail
	}
	if f.By == ByManager || f.By == ByReport {
		s += " by the " + string(f.By)
	}
	return s
}

// shownDates is how many dates of a collision that repeats are told; the rest is counted.
const shownDates = 4

// collision says with what the day's meeting, or the series, collides.
func (f Flag) collision(day, to string) string {
	s := day + " collides with " + orElse(f.Detail, "another event")
	if to != "" {
		s += " at " + to
	}
	for i, d := range f.Dates {
		switch n := len(f.Dates) - i; {
		case i == 0:
			s += ": " + d.Short()
		case i == shownDates && n > 1:
			return s + fmt.Sprintf(" and %d more dates", n)
		case n == 1:
			s += " and " + d.Short()
		default:
			s += ", " + d.Short()
		}
	}
	return s
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
