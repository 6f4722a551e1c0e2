package caldav

import (
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

var noSnapshot series.Packed

// weeklySeries is what the roster wants of mia and raj.
func weeklySeries() series.Series {
	slot := series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}
	return series.Series{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Manager: person("mia"), Report: person("raj"),
		Slot: slot, Line: slot.Line(), Title: "1:1 Mia / Raj", Place: "Room Alder", Link: "https://docs.example.com/d/abc",
		Generation: 1, First: series.Date{Year: 2026, Month: 12, Day: 1}}
}

func interestOf(user string) provider.Interest {
	return provider.Interest{Org: "acme", Owner: []string{user + "@example.test"}, Pairs: []provider.InterestPair{{
		Pair: series.Pair{Manager: "mia", Report: "raj"}, Manager: []string{"mia@example.test"}, Report: []string{"raj@example.test"}, Title: "1:1 Mia / Raj"}}}
}
