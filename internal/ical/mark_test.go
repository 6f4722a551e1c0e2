package ical

import (
	"fmt"
	"testing"
	"time"
)

// Marks of earlier versions tell why somebody is on leave: that is read no further, and not written again.
func TestMarkReadsReasonsAsLeave(t *testing.T) {
	o, err := Parse([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n"+
		"DTSTART:20261201T090000Z\r\nDTEND:20261201T100000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\n"+
		"X-HOLDFAST-ORG:acme\r\nX-HOLDFAST-PAIR:mia/raj\r\nX-HOLDFAST-GENERATION:1\r\n"+
		"X-HOLDFAST-SKIPS:2026-12-22 knee surgery|2026-12-29 holiday|2027-01-05\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	e, err := o.Event("acme", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	want := "[{2026-12-22 leave} {2026-12-29 holiday} {2027-01-05 leave}]"
	if got := fmt.Sprint(e.Mark.Skips); err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}
