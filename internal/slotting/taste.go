package slotting

import (
	"time"

	"holdfast/internal/series"
)

// Taste says what one meeting costs the two by hours and liking alone, from a start on: prefer, avoid, edge and odd
// hours. Whether they are free is another matter.
func Taste(manager, report series.Person) func(start time.Time, length time.Duration) int {
	both := []series.Person{manager, report}
	p := Problem{
		Grid:    1,
		Weeks:   1,
		Weights: DefaultWeights,
		People:  []Person{person(manager, 0), person(report, 1)},
		Zones:   [][]int{{0}, {0}, {0}}, // the last is the clock of the meeting, which begins at 0 of it
	}
	return func(start time.Time, length time.Duration) int {
		for i, x := range both {
			d, at := series.WallClock(start, x.Zone)
			p.Zones[i][0] = (int(d.Weekday())+6)%7*quartersPerDay + int(at)/minutesPerQuarter
		}
		terms, _ := p.judge(
			Pair{
				Manager:  0,
				Report:   1,
				Zone:     2,
				Duration: quarters(0, series.Slot{Duration: length}),
				Pinned:   None,
				Current:  None,
				Room:     None,
			},
			0,
		)
		return terms.Sum()
	}
}
