package slotting_test

import (
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

func TestTaste(t *testing.T) {
	hours := make(series.Hours, 7)
	for d := time.Monday; d <= time.Friday; d++ {
		hours[d] = []series.Window{{From: 8 * 60, To: 18 * 60}}
	}
	mia, raj := series.Person{ID: "mia", Zone: "Europe/Berlin", Hours: hours}, series.Person{ID: "raj", Zone: "Asia/Kolkata", Hours: hours}
	free := series.Person{ID: "free", Zone: "Europe/Berlin"}
	for _, c := range []struct {
		a, b  series.Person
		start string // in Berlin
		want  int
	}{
		{mia, raj, "2026-12-02T09:00:00+01:00", 0},
		{mia, mia, "2026-11-30T08:30:00+01:00", 2*8 + 2*2}, // the first hour of the week, half an hour before the social ones begin
		{mia, mia, "2026-12-02T08:00:00+01:00", 2 * 2 * 4}, // all of it before
		{mia, raj, "2026-12-02T12:30:00+01:00", 2 * 1},     // 17:00 to 18:00 there, half an hour after the social ones
		{free, free, "2026-12-05T10:00:00+01:00", 2 * 15},  // a Saturday
	} {
		start, err := time.Parse(time.RFC3339, c.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := slotting.Taste(c.a, c.b)(start, time.Hour); got != c.want {
			t.Errorf("%s and %s at %s: %d, want %d", c.a.ID, c.b.ID, c.start, got, c.want)
		}
	}
}
