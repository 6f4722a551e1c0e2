package cli

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/series"
)

// A pair's clock changes count from its first 1:1 to its last, booked or not.
func TestForecastOfPairsThatStartAndEnd(t *testing.T) {
	date := func(text string) (d series.Date) {
		if err := d.UnmarshalText([]byte(text)); text != "" && err != nil {
			t.Fatal(err)
		}
		return d
	}
	slot, err := series.ParseSlotLine("Tue 10:00 1h 1w Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		starts, ends, booked, until string
		want                        string
	}{
		{"", "", "", "", " 2027-03-30 2027-11-02"},
		{"2027-03-30", "", "", "", " 2027-11-02"}, // no 1:1 yet on the clock of before
		{"", "2027-11-01", "", "", " 2027-03-30"},
		{"2027-06-01", "2027-10-26", "", "", ""},
		{"2027-02-01", "2027-11-01", "2027-02-02", "", " 2027-03-30"},
		{"", "", "2026-12-01", "2027-03-29", ""}, // somebody ended it
	} {
		v := series.View{Pair: series.Pair{Manager: "mia", Report: "raj"}, Wanted: true, Want: series.Series{Slot: slot, Starts: date(c.starts), Ends: date(c.ends),
			Manager: series.Person{ID: "mia", Zone: "Europe/Berlin"}, Report: series.Person{ID: "raj", Zone: "Asia/Kolkata"}}}
		if c.booked != "" {
			start := slot.On(date(c.booked))
			v.Chain = []series.Event{{Start: start, Duration: slot.Duration, Zone: slot.Zone, Mark: series.Mark{Slot: slot}, Rule: series.Rule{Every: 1, Plain: true}}}
			if c.until != "" {
				v.Chain[0].Rule.Until = slot.On(date(c.until))
			}
		}
		got := ""
		for _, x := range forecast([]*series.View{&v}, moment(t, "2026-11-23 09:00:00", "UTC"), 12) {
			got += " " + x.Date
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(fmt.Sprintf("%+v: ", c) + diff)
		}
	}
}
