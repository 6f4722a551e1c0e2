package slotting

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/internal/series"
)

// praise tells what mattered for the slot that the wanted pair i gets, one of so many that it might have had, from the day on.
func (b *built) praise(i int, s Solution, possible int, from series.Date) []string {
	w, slot := b.want[i], b.slot(b.want[i], s.Slots[i])
	terms, _ := b.judge(b.Pairs[i], s.Slots[i])
	out := []string{fmt.Sprintf("the best for everyone of %d slots that are free and within the hours of both all year", possible)}
	switch {
	case possible == 1:
		out[0] = "the only slot that is free and within the hours of both all year"
	case !s.Proven:
		out[0] = fmt.Sprintf("a good one of %d slots that are free and within the hours of both all year, not proven the best: people with two managers, large teams or shared rooms are in the plan", possible)
	}
	for _, p := range []series.Person{w.Manager, w.Report} {
		if text := clocks(slot, p.Zone, from); text != "" {
			out = append(out, "for "+p.ID+" that is "+text)
		}
	}
	if n := terms.Collision / max(1, b.Weights.Collision); n > 0 {
		out = append(out, fmt.Sprintf("in the next %d weeks one of them is away or busy then %s", b.Weeks, times(n)))
	} else {
		out = append(out, fmt.Sprintf("in the next %d weeks nobody is away or busy then", b.Weeks))
	}
	for _, x := range []struct {
		cost int
		text string
	}{{terms.Avoid, "it is on a weekend"}, {terms.Edge, "it is the first or the last hour of somebody's week"}, {terms.Odd, "it is early or late in somebody's day"}} {
		if x.cost > 0 {
			out = append(out, x.text)
		}
	}
	return out
}

// clocks tells what time the slot is on the zone's clock, over a year: "14:30 or 15:30, as clocks change"; "" if it is always what
// the slot says.
func clocks(s series.Slot, zone string, from series.Date) string {
	own := series.ShortDay(s.Weekday) + " "
	var times []string
	for n := range 53 {
		day, at := series.WallClock(s.On(s.First(from).AddDays(7*n)), zone)
		if t := series.ShortDay(day.Weekday()) + " " + at.String(); !slices.Contains(times, t) {
			times = append(times, t)
		}
	}
	text := strings.ReplaceAll(strings.Join(times, " or "), own, "")
	if len(times) > 1 {
		return text + ", as clocks change"
	}
	if text == s.At.String() {
		return ""
	}
	return text
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
