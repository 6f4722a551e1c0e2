package plan

import (
	"fmt"
	"time"

	"holdfast/internal/series"
)

// taken refuses the command where one of the two has another 1:1 at one of the times (clash), unless it is forced.
func (p *pairPlan) taken(times []series.Interval) bool {
	if p.ask == nil || p.ask.Force || len(times) == 0 {
		return false
	}
	v, command := p.v, "restore"
	if p.ask.Accept {
		command = "accept"
	}
	start, because := p.clash(times)
	if because == "" {
		return false
	}
	p.refused = append(p.refused, Refusal{
		Pair:       v.Pair,
		Occurrence: p.ask.Occurrence,
		To:         start,
		Because:    because,
		Clash:      true,
		Command:    command,
	})
	return true
}

// clash is the first of the times at which one of the two has another 1:1, and which; "" for none. Of two series those
// meetings count that stand where the other has them: a single move passes.
func (p *pairPlan) clash(times []series.Interval) (start time.Time, because string) {
	if len(times) == 0 {
		return time.Time{}, ""
	}
	v := p.v
	agenda := series.NewAgenda(p.in.Views, nil, times[0].Start.AddDate(0, 0, -1), times[len(times)-1].End.AddDate(0, 0, 1))
	for _, t := range times {
		for _, who := range []series.Person{v.Want.Manager, v.Want.Report} {
			for b := range agenda.Booked(who.ID, t.Start, t.End) {
				if b.Pair == v.Pair || len(times) > 1 && !b.Start.Equal(b.Original) {
					continue
				}
				from, end := moment(b.Start, who.Zone), moment(b.End, who.Zone)
				until := end[len(end)-len("15:04"):]
				return t.Start, fmt.Sprintf("%s has another 1:1 from %s to %s", who.Name, from, until)
			}
		}
	}
	return time.Time{}, ""
}

// meetings are the times of the slot's meetings from first on that are to come within the horizon, and at least all of
// the weeks that series of every second and fourth week share.
func (p *pairPlan) meetings(s series.Slot, first series.Date) []series.Interval {
	var out []series.Interval
	until := p.today.AddDays(7 * max(p.in.Policy.HorizonWeeks, 9))
	for _, d := range s.Dates(first, maxDate(first, p.today), until) {
		if at := s.On(d); at.After(p.in.Now) {
			out = append(out, series.Interval{Start: at, End: at.Add(s.Duration)})
		}
	}
	return out
}
