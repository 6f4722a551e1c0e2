package ical

import (
	"errors"
	"fmt"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// Days are the days from from to to, both included, on which a calendar has all-day events (RFC 5545 section 3.6.1),
// whether they take time or not: calendars of holidays say that nobody is busy. The error wraps ErrObject where the
// text cannot be read, and names the first day of an event whose rule cannot be expanded.
func Days(raw []byte, from, to series.Date) ([]series.Date, error) {
	o, err := Parse(raw, "UTC")
	if err != nil {
		return nil, err
	}
	var days []series.Date
	for _, c := range o.root.components("VEVENT") {
		// It is away, whatever it says of that itself and of who comes.
		c.put("X-MICROSOFT-CDO-BUSYSTATUS", line("X-MICROSOFT-CDO-BUSYSTATUS", "OOF"))
		for _, name := range []string{"TRANSP", "ATTENDEE", "ORGANIZER"} {
			c.put(name)
		}
	}
	start, end := series.Instant(from, 0, "UTC"), series.Instant(to.AddDays(1), 0, "UTC")
	for _, b := range o.Busy("", nil) {
		if !b.AllDay {
			continue
		}
		spans, approximate := recur.Expand(b, start, end)
		if approximate {
			return nil, fmt.Errorf("the rule of the event of %s cannot be read", series.DateOf(b.Start))
		}
		for _, s := range spans {
			for d := series.DateOf(s.Start); series.Instant(d, 0, "UTC").Before(s.End); d = d.AddDays(1) {
				if !d.Before(from) && !d.After(to) {
					days = append(days, d)
				}
				if len(days) > maxDays {
					return nil, errors.New("its events take more days than there can be")
				}
			}
		}
	}
	return days, nil
}

// maxDays bounds what Days lists, days that several events take counted each time.
const maxDays = 100_000
