package series

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRuns(t *testing.T) {
	at := func(minutes ...int) (out []Interval) {
		for i := 0; i < len(minutes); i += 2 {
			begin := time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC)
			out = append(out, Interval{Start: begin.Add(time.Duration(minutes[i]) * time.Minute), End: begin.Add(time.Duration(minutes[i+1]) * time.Minute)})
		}
		return out
	}
	for _, c := range []struct{ all, want []Interval }{
		{nil, nil},
		{at(0, 30, 60, 90), at(0, 30, 60, 90)},
		{at(60, 90, 0, 30, 30, 45), at(0, 45, 60, 90)},
		{at(0, 120, 30, 60, 100, 130), at(0, 130)},
	} {
		if d := cmp.Diff(c.want, Runs(c.all)); d != "" {
			t.Error(d)
		}
	}
}

// Two 1:1s meet in one room by what it is called, however that is spelt; a link or no place is no room.
func TestAgendaRooms(t *testing.T) {
	start := time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC)
	hour := func(h int) Interval {
		return Interval{Start: start.Add(time.Duration(h) * time.Hour), End: start.Add(time.Duration(h+1) * time.Hour)}
	}
	other := Pair{"lee", "ana"}
	a := Agenda{booked: map[string][]ones{"lee": {{longest: time.Hour, all: []Booking{
		{Pair: other, Place: "Room  Alder", Interval: hour(0)},
		{Pair: other, Place: "https://meet.example.com/x", Interval: hour(1)},
	}}}}}
	v := &View{Pair: Pair{"mia", "raj"}, Want: Series{Manager: Person{ID: "mia", Zone: "UTC"}, Report: Person{ID: "raj", Zone: "UTC"}}}
	for _, c := range []struct {
		place string
		hour  int
		want  int
	}{{"Room Alder", 0, 1}, {"Room Alder", 1, 0}, {"Room Birch", 0, 0}, {"", 0, 0}, {"https://meet.example.com/x", 1, 0}} {
		got := a.Clashes(v, time.Time{}, hour(c.hour).Start.Add(30*time.Minute), 20*time.Minute, c.place)
		if len(got) != c.want || c.want == 1 && (got[0].Kind != RoomTaken || !got[0].From.Equal(start)) {
			t.Errorf("%q in hour %d: %+v", c.place, c.hour, got)
		}
	}
}
