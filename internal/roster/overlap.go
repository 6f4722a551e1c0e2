package roster

import (
	"cmp"
	"slices"
	"time"

	"holdfast/internal/series"
)

// reference is the first day of the year over which slots are compared, when no start of theirs is later: fixed, so that
// a roster is right or wrong by its text alone.
var reference = series.Date{Year: 2026, Month: time.January, Day: 1}

// weeks are compared: a year, and one more so that its ends meet.
const weeks = 53

// booked is a pair's slot as one of its people sees it.
type booked struct {
	*Pair
	index  int // in the pairs, and in the parser's wishes
	minute int // of the week on UTC's clock, at the reference day
}

// checkOverlaps finds the slots of one person that overlap at some week of a year. Each slot is told once.
func (p *parser) checkOverlaps(pairs []Pair) {
	people := map[string][]booked{}
	for i := range pairs {
		x := &pairs[i]
		if x.Auto || !isZone(x.Slot.Zone) {
			continue
		}
		at := x.Slot.On(x.Slot.First(reference)).UTC()
		b := booked{x, i, (int(at.Weekday())*24+at.Hour())*60 + at.Minute()}
		people[x.Manager] = append(people[x.Manager], b)
		people[x.Report] = append(people[x.Report], b)
	}
	cache := calendarYears{}
	for _, id := range p.ids {
		slots := people[id]
		slices.SortStableFunc(slots, func(a, b booked) int { return cmp.Compare(a.minute, b.minute) })
		for i, a := range slots {
			for j := 1; j < len(slots); j++ {
				b := slots[(i+j)%len(slots)]
				ahead := b.minute - a.minute
				if ahead < 0 {
					ahead += 7 * 24 * 60
				}
				// Clocks change by two hours at most; what is further apart never meets.
				if time.Duration(ahead)*time.Minute > a.Slot.Duration+4*time.Hour {
					break
				}
				if cache.overlap(*a.Pair, *b.Pair) {
					late, early := a, b
					if late.index < early.index {
						late, early = early, late
					}
					w, other := p.pairs[late.index], p.pairs[early.index]
					hint := ""
					if anyWeek(*a.Pair) || anyWeek(*b.Pair) {
						hint = "; with starts both say which weeks they take"
					}
					p.Add(cmp.Or(w.Slot.Pos, w.at), "pair "+w.String(), "slot %s overlaps %s of pair %s (%s): %s would be in both%s",
						late.Slot, early.Slot, other, cmp.Or(other.Slot.Pos, other.at), id, hint)
					break
				}
			}
		}
	}
}

// calendarYears remembers the instants of slots: most pairs share few of them.
type calendarYears map[yearOf][]int64

type yearOf struct {
	day   time.Weekday
	at    series.TimeOfDay
	zone  string
	first series.Date
}

// starts are the Unix times of the slot in every week from the day on, one week before it included.
func (c calendarYears) starts(s series.Slot, from series.Date) (first series.Date, at []int64) {
	first = s.First(from.AddDays(-7))
	key := yearOf{s.Weekday, s.At, s.Zone, first}
	if c[key] == nil {
		var all []int64
		for w := range weeks + 2 {
			all = append(all, s.On(first.AddDays(7*w)).Unix())
		}
		c[key] = all
	}
	return first, c[key]
}

// overlap reports whether a and b, which share a person, meet at the same time in any week.
func (c calendarYears) overlap(a, b Pair) bool {
	from := reference
	for _, d := range []series.Date{a.Starts, b.Starts} {
		if d.After(from) {
			from = d
		}
	}
	dayA, startsA := c.starts(a.Slot, from)
	dayB, startsB := c.starts(b.Slot, from)
	for i, s := range startsA {
		if !meets(a, dayA.AddDays(7*i), from) {
			continue
		}
		for j := max(i-1, 0); j <= min(i+1, len(startsB)-1); j++ {
			t := startsB[j]
			if s < t+int64(b.Slot.Duration/time.Second) && t < s+int64(a.Slot.Duration/time.Second) && meets(b, dayB.AddDays(7*j), from) {
				return true
			}
		}
	}
	return false
}

// anyWeek reports whether the pair meets every few weeks and only its booking will tell which.
func anyWeek(p Pair) bool { return p.Slot.Every > 1 && p.Starts.IsZero() }

// meets reports whether the pair meets on that day, one of its weekday.
func meets(p Pair, d, from series.Date) bool {
	if d.Before(from) || !p.Ends.IsZero() && d.After(p.Ends) {
		return false
	}
	return p.Slot.Every <= 1 || anyWeek(p) || d.DaysSince(p.Slot.First(p.Starts))%(7*p.Slot.Every) == 0
}
