package feed

import (
	"fmt"
	"testing"
	"time"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// A series goes up to where the next has its place, one that this leaves nothing of is not there; an event of their own
// is there once, though both calendars have it.
func TestEvents(t *testing.T) {
	p := series.Pair{Manager: "mia", Report: "raj"}
	monday := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	week := func(n int) time.Time { return monday.AddDate(0, 0, 7*n) }
	of := func(uid string, start time.Time) series.Event {
		return series.Event{
			UID:       uid,
			Title:     "1:1",
			Zone:      "UTC",
			Start:     start,
			Duration:  time.Hour,
			Rule:      series.Rule{Plain: true, Every: 1},
			Overrides: []series.Override{{Original: start, Start: start, Duration: time.Hour}},
		}
	}
	beside := series.StandIn{ID: "x", Pair: p, Start: week(4), Duration: time.Hour}
	other := series.StandIn{ID: "y", Pair: series.Pair{Manager: "mia", Report: "ana"}, Start: week(3), Duration: time.Hour}
	calendars := map[string]series.Snapshot{
		"mia": {
			Series:     []series.Event{of("unlisted", week(0)), of("two", week(2)), of("one", week(0))},
			Candidates: []series.Candidate{{Pair: p, Event: series.Event{UID: "taken", Start: week(5), Zone: "UTC"}}},
			StandIns:   []series.StandIn{beside, other},
		},
		"raj": {StandIns: []series.StandIn{beside}},
	}
	row := reconcile.StatusRow{
		Pair:    p,
		Names:   [2]string{"Mia", "Raj"},
		PrepDoc: "https://docs.example.com/raj",
		Coming:  []time.Time{week(3), week(4)},
		Zone:    "UTC",
		Chain: []reconcile.Link{
			{UID: "one", Before: week(2)},
			{UID: "two", Before: week(2)},
			{UID: "gone"},
			{UID: "taken"},
		},
	}
	var got []string
	for _, e := range events(&row, calendars) {
		if len(e.UID) > 10 {
			e.UID = "beside"
		}
		got = append(got, fmt.Sprint(e.UID, " ", e.Title, " ", e.Link != "", " ", e.Rule.Until.Sub(monday).Hours()/24 > 13))
		for _, o := range e.Overrides {
			if o.Link != e.Link {
				t.Errorf("%s: an override has the link %q", e.UID, o.Link)
			}
		}
	}
	want := "[one 1:1 true true taken Mia / Raj true false beside Mia / Raj true false]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if until := events(&row, calendars)[0].Rule.Until; until != week(2).Add(-time.Second) {
		t.Errorf("it goes up to %v", until)
	}
	if calendars["mia"].Series[2].Overrides[0].Link != "" {
		t.Error("the snapshot was written to")
	}
}
