package say

import (
	"testing"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

func TestHours(t *testing.T) {
	day := []series.Window{{From: 9 * 60, To: 17 * 60}}
	split := []series.Window{{From: 8 * 60, To: 12 * 60}, {From: 13 * 60, To: 15 * 60}}
	for want, h := range map[string]series.Hours{
		"":                    nil,
		"Mon–Fri 09:00–17:00": {nil, day, day, day, day, day, nil},
		"Mon–Sun 09:00–17:00": {day, day, day, day, day, day, day},
		"Sun 09:00–17:00":     {day, nil, nil, nil, nil, nil, nil},
		"Mon–Tue 09:00–17:00; Thu 08:00–12:00, 13:00–15:00": {nil, day, day, nil, split, nil, nil},
	} {
		if got := (Reader{}).Hours(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDifference: the page of a 1:1 names the other of the two anyway.
func TestDifference(t *testing.T) {
	f := flagOf(drift.Cancelled, true)
	r := Reader{Zone: "Europe/Berlin", Now: now}
	for as, want := range map[Role]string{Manager: "Tue 8 Dec was cancelled.", Report: "Tue 8 Dec was cancelled."} {
		if got := r.Difference(withRaj, as, f); got != want {
			t.Errorf("%s: %q, want %q", as, got, want)
		}
	}
	f = flagOf(drift.CopyDiffers, false)
	if got := r.Difference(withRaj, Manager, f); got == r.Difference(withRaj, Report, f) {
		t.Errorf("both read %q, of the calendar of one", got)
	}
}
