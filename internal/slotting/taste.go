package slotting

import (
	"time"

	"holdfast/internal/series"
)

// Taste is what one meeting from start on costs the two by hours and liking alone: prefer, avoid, edge and odd hours. Whether
// they are free is another matter.
func Taste(manager, report series.Person, start time.Time, length time.Duration) int {
	p := Problem{Grid: 1, Weeks: 1, Weights: DefaultWeights}
	for i, x := range []series.Person{manager, report} {
		d, at := series.WallClock(start, x.Zone)
		p.People = append(p.People, person(x, i))
		p.Zones = append(p.Zones, []int{(int(d.Weekday())+6)%7*quartersPerDay + int(at)/minutesPerQuarter})
	}
	p.Zones = append(p.Zones, []int{0}) // the clock of the meeting, which begins at 0 of it
	terms, _ := p.judge(Pair{Manager: 0, Report: 1, Zone: 2, Duration: quarters(0, series.Slot{Duration: length}), Pinned: None, Current: None, Room: None}, 0)
	return terms.Sum()
}
