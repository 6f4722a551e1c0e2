package plan_test

import (
	"testing"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// To a report whose pair left the roster only the end of what Holdfast delivered is delivered: neither what they moved
// beyond it, nor anything that Holdfast did not deliver, or that has not ended.
func TestLastDelivery(t *testing.T) {
	now := time.Date(2026, time.December, 8, 7, 0, 0, 0, time.UTC)
	slot := series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}
	on := func(day int) time.Time { return slot.On(series.Date{Year: 2026, Month: time.December, Day: day}) }
	booked := series.Event{
		Ref: series.Ref{ID: "mia's", Version: "1"}, UID: "u", Start: on(1), Zone: slot.Zone, Duration: time.Hour,
		Rule: series.Rule{Plain: true, Every: 1}, Organizer: "mia@example.com",
		Guests: []series.Guest{{Address: "raj@example.com", Answer: series.Accepted}},
	}
	ended := booked
	ended.Rule.Until = on(8)
	delivered := booked
	delivered.Ref, delivered.Delivered = series.Ref{ID: "raj's", Version: "1"}, booked.Delivery(now)
	edited, foreign, stopped := delivered, delivered, delivered
	edited.Overrides = []series.Override{
		{Original: on(8), Start: on(8).AddDate(0, 0, 2), Duration: time.Hour},
		{Original: on(22), Start: on(23), Duration: time.Hour},
	}
	edited.Excluded = []time.Time{on(15)}
	foreign.Delivered = ""
	stopped.Rule.Until = on(22)
	for name, test := range map[string]struct {
		organizers, copied series.Event
		due                bool
	}{
		"ended":                              {ended, delivered, true},
		"ended, and the report edited":       {ended, edited, true},
		"ended, and delivered by the server": {ended, foreign, false},
		"not ended, and edited":              {booked, edited, false},
		"not ended, but by the report":       {booked, stopped, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := plan.Deliveries([]*series.View{{
				Pair: series.Pair{Manager: "mia", Report: "raj"}, HasCopy: true,
				Chain: []series.Event{test.organizers}, Copies: []series.Event{test.copied},
			}}, nil, now)
			switch {
			case !test.due && len(got) == 0:
			case !test.due, len(got) != 1, got[0].Ref.ID != "raj's", got[0].Attendee != "raj@example.com":
				t.Fatalf("%+v", got)
			default:
				e := got[0].Event
				if !e.Rule.Until.Equal(on(8)) || len(e.Overrides)+len(e.Excluded) > 0 || e.Cancelled {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}
