package reconcile

import (
	"maps"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// What States counts is what Statuses says of each pair.
func TestStates(t *testing.T) {
	at := time.Date(2026, 12, 7, 12, 0, 0, 0, time.UTC)
	slot := series.Slot{Weekday: time.Tuesday, At: series.TimeOfDay(10 * 60), Duration: time.Hour, Every: 1, Zone: "UTC"}
	live := []series.Event{{Mark: series.Mark{Slot: slot}, Start: at, Zone: "UTC", Duration: time.Hour}}
	over := []series.Event{{Mark: series.Mark{Slot: slot}, Start: at, Zone: "UTC", Duration: time.Hour, Cancelled: true}}
	want, r := map[State]int{}, Round{At: at, Outages: map[Subject]Outage{}}
	for i, c := range []struct {
		state                   State
		view                    series.View
		flagged, held, unlisted bool
	}{
		{state: OnSlot, view: series.View{Wanted: true, Chain: live}},
		{state: Flagged, view: series.View{Wanted: true, Chain: live}, flagged: true},
		{state: Held, view: series.View{Wanted: true, Chain: live}, flagged: true, held: true},
		{state: Unbooked, view: series.View{Wanted: true, Chain: over}},
		{state: Unbooked, view: series.View{Wanted: true}},
		{state: Flagged, view: series.View{Wanted: true}, flagged: true},
		{state: Stale, view: series.View{Wanted: true, Chain: live, Stale: true}, held: true},
		{state: Stale, view: series.View{Wanted: true, Chain: live}, unlisted: true},
		{view: series.View{Chain: live}},
	} {
		v, p := c.view, series.Pair{Manager: "mia", Report: string(rune('a' + i))}
		v.Pair = p
		r.Views = append(r.Views, &v)
		if c.flagged {
			r.Open = append(r.Open, drift.Flag{Pair: p})
		}
		if c.held {
			r.Plan.Held = append(r.Plan.Held, plan.Held{Change: plan.Change{Pair: p}})
		}
		if c.unlisted {
			r.Outages[Subject{Matter: MatterListing, Pair: p}] = Outage{Kind: unseen}
		}
		if v.Wanted {
			want[c.state]++
		}
	}
	told := map[State]int{}
	for _, s := range r.Statuses(nil) {
		told[s.State]++
	}
	if got := r.States(); !maps.Equal(got, want) || !maps.Equal(told, want) {
		t.Errorf("counted %v, told %v, want %v", got, told, want)
	}
}
