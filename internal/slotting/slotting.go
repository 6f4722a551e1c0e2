// Package slotting chooses the slots of pairs whose roster says `slot: auto`. It is pure.
package slotting

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Grid is the step between two starts that are tried.
const Grid = 30 // minutes

// Input is what slots are chosen from.
type Input struct {
	From   series.Date                  // the first day a meeting may be booked on
	Weeks  int                          // how many weeks of Busy count
	Want   []series.Series              // the pairs to place, Slot without weekday and time
	Booked map[string][]series.Slot     // slots that stand, by person id
	Busy   map[string][]series.Interval // time taken by other events, by person id
}

// Choose gives each pair the first slot of the week that is free for both, within both persons' hours in every week of
// the next year, or the reason why there is none. Pairs are placed in their order.
func Choose(in Input) (map[series.Pair]series.Slot, map[series.Pair]string) {
	slots, none := map[series.Pair]series.Slot{}, map[series.Pair]string{}
	booked := map[string][]series.Slot{}
	for id, s := range in.Booked {
		booked[id] = slices.Clone(s)
	}
	want := slices.Clone(in.Want)
	slices.SortFunc(want, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) })
	for _, w := range want {
		s, reason := first(in, w, booked)
		if reason != "" {
			none[w.Pair] = reason
			continue
		}
		slots[w.Pair] = s
		for _, id := range []string{w.Pair.Manager, w.Pair.Report} {
			booked[id] = append(booked[id], s)
		}
	}
	return slots, none
}

func first(in Input, w series.Series, booked map[string][]series.Slot) (series.Slot, string) {
	inHours := false
	for day := range 7 {
		for at := 0; at < 24*60; at += Grid {
			s := w.Slot
			s.Weekday, s.At = time.Weekday((day+1)%7), series.TimeOfDay(at)
			if !fitsHours(s, w, in.From) {
				continue
			}
			inHours = true
			if free(in, s, w, booked) {
				return s, ""
			}
		}
	}
	if !inHours {
		return series.Slot{}, fmt.Sprintf("the working hours of %s and %s never overlap for %s", w.Pair.Manager, w.Pair.Report, w.Slot.Duration)
	}
	return series.Slot{}, fmt.Sprintf("no slot is free for both %s and %s within their working hours", w.Pair.Manager, w.Pair.Report)
}

// fitsHours reports whether the slot lies in both persons' hours all year, whatever their clocks do.
func fitsHours(s series.Slot, w series.Series, from series.Date) bool {
	days := s.Dates(s.First(from), from, from.AddDays(364))
	return !slices.ContainsFunc([]series.Person{w.Manager, w.Report}, func(p series.Person) bool {
		return slices.ContainsFunc(days, func(d series.Date) bool {
			local, at := series.WallClock(s.On(d), p.Zone)
			return !p.Hours.Covers(local.Weekday(), at, s.Duration)
		})
	})
}

func free(in Input, s series.Slot, w series.Series, booked map[string][]series.Slot) bool {
	for _, d := range s.Dates(s.First(in.From), in.From, in.From.AddDays(7*in.Weeks)) {
		start := s.On(d)
		end := start.Add(s.Duration)
		for _, id := range []string{w.Pair.Manager, w.Pair.Report} {
			for _, b := range in.Busy[id] {
				if b.Kind == series.Hard && b.Start.Before(end) && start.Before(b.End) {
					return false
				}
			}
			for _, o := range booked[id] {
				for _, near := range []int{-1, 0, 1} {
					os := o.On(o.InWeek(d).AddDays(7 * near))
					if os.Before(end) && start.Before(os.Add(o.Duration)) {
						return false
					}
				}
			}
		}
	}
	return true
}
