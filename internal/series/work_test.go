package series

import (
	"fmt"
	"testing"
	"time"
)

func TestWork(t *testing.T) {
	day := func(n int) Date { return Date{2026, time.December, n} } // the 7th is a Monday
	away := []Away{{day(8), day(9), Leave}, {day(10), day(10), Holiday}}
	hours := Person{Away: away, Hours: Hours{time.Monday: {{9 * 60, 12 * 60}}, time.Tuesday: {{9 * 60, 12 * 60}}}}
	free := Person{Away: away}
	for _, test := range []struct {
		who     Person
		day     Date
		want    string
		onLeave bool
	}{
		{hours, day(7), "[{09:00 12:00}]", false},
		{hours, day(8), "[]", true},
		{hours, day(11), "[]", false},
		{free, day(7), "[{08:00 20:00}]", false},
		{free, day(9), "[]", true},
		{free, day(10), "[]", false},
		{free, day(12), "[{08:00 20:00}]", false},
	} {
		got := fmt.Sprint(test.who.Work(test.day, Window{8 * 60, 20 * 60}))
		if got != test.want || test.who.OnLeave(test.day) != test.onLeave {
			t.Errorf("%s: %s, on leave %v", test.day, got, test.who.OnLeave(test.day))
		}
	}
}
