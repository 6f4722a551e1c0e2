package google

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

// What the events of other people take: all lines of their recurrence count, and whole days only where they
// say so.
func TestBusyOf(t *testing.T) {
	r := reader{org: "acme", owner: []string{"mia@example.com"}, zone: "America/New_York"}
	days := func(change func(*calendar.Event)) *calendar.Event {
		e := &calendar.Event{
			Id:           "e",
			Transparency: opaqueTime,
			Start:        &calendar.EventDateTime{Date: "2026-12-07"},
			End:          &calendar.EventDateTime{Date: "2026-12-08"},
		}
		change(e)
		return e
	}
	for name, c := range map[string]struct {
		change func(*calendar.Event)
		want   string
	}{
		"stated":       {func(*calendar.Event) {}, "all-day"},
		"not stated":   {func(e *calendar.Event) { e.Transparency = "" }, ""},
		"free":         {func(e *calendar.Event) { e.Transparency = transparent }, ""},
		"recurring":    {func(e *calendar.Event) { e.Recurrence = []string{"RRULE:FREQ=WEEKLY"} }, ""},
		"an exception": {func(e *calendar.Event) { e.RecurringEventId = "x" }, ""},
		"a workplace":  {func(e *calendar.Event) { e.EventType = workingLocation }, ""},
		"out of office": {func(e *calendar.Event) {
			e.EventType, e.Transparency = outOfOffice, ""
			e.Recurrence = []string{
				"RRULE:FREQ=DAILY;COUNT=4", "RRULE:FREQ=YEARLY", "EXRULE:FREQ=MONTHLY",
				"EXDATE:20261208T000000Z", "EXDATE:20261210T040000Z", "RDATE:20261224T000000Z",
			}
		}, "away FREQ=DAILY;COUNT=4,FREQ=YEARLY FREQ=MONTHLY 08 09 24"},
	} {
		got := ""
		for _, b := range r.busy(group{master: days(c.change)}) {
			got += string(b.Kind)
			if b.RRule != "" {
				got += " " + strings.ReplaceAll(b.RRule+" "+b.ExRule, "\n", ",")
			}
			for _, at := range append(b.ExDates, b.RDates...) {
				got += fmt.Sprintf(" %02d", series.At(at, r.zone).Day())
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
