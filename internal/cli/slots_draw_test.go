package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// draw is the picture of a week without colours.
func draw(w reconcile.PersonWeek, width int) string {
	var out bytes.Buffer
	now := time.Date(2027, time.March, 8, 12, 0, 0, 0, time.UTC)
	a := &app{IO: IO{Out: &colorprofile.Writer{Forward: &out, Profile: colorprofile.NoTTY}, Clock: func() time.Time { return now }, Width: width}}
	a.weekText(w)
	return out.String()
}

func interval(t *testing.T, from, to string, kind series.Kind) series.Interval {
	t.Helper()
	a, err1 := time.Parse(time.RFC3339, from)
	b, err2 := time.Parse(time.RFC3339, to)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return series.Interval{Start: a, End: b, Kind: kind}
}

// On the night when clocks go forward an hour of the day is not there; what goes on is drawn on both sides of it.
func TestWeekWithoutAnHour(t *testing.T) {
	p := series.Person{ID: "ana", Name: "Ana Silva", Zone: "America/New_York", Calendar: "office"}
	p.Hours = series.Hours{time.Sunday: {{From: 60, To: 5 * 60}}}
	got := draw(reconcile.PersonWeek{Person: p, Monday: series.Date{Year: 2027, Month: time.March, Day: 8}, Seen: time.Unix(0, 0),
		Busy: []series.Interval{interval(t, "2027-03-14T01:30:00-05:00", "2027-03-14T03:30:00-04:00", series.Hard)}}, 80)
	want := `Ana Silva  2027-W10, Mon 8 Mar to Sun 14 Mar  America/New_York

      Mon 8       Tue 9       Wed 10      Thu 11      Fri 12      Sun 14
01:00 ··········· ··········· ··········· ··········· ···········
      ··········· ··········· ··········· ··········· ··········· ▒▒▒▒▒▒▒▒▒▒▒
02:00 ··········· ··········· ··········· ··········· ··········· ···········
      ··········· ··········· ··········· ··········· ··········· ···········
03:00 ··········· ··········· ··········· ··········· ··········· ▒▒▒▒▒▒▒▒▒▒▒
      ··········· ··········· ··········· ··········· ···········
04:00 ··········· ··········· ··········· ··········· ···········
      ··········· ··········· ··········· ··········· ···········

▒ busy   · not working   blank: free
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A terminal may be narrow, a day long, a 1:1 begin at any minute and go on over midnight, and two of them be at once.
func TestWeekNarrowAndLong(t *testing.T) {
	p := series.Person{ID: "ana", Name: "Ana Silva", Zone: "Asia/Kathmandu", Calendar: ""}
	book := func(pair series.Pair, from, to string) series.Booking {
		return series.Booking{Pair: pair, Interval: interval(t, from, to, series.Hard)}
	}
	got := draw(reconcile.PersonWeek{Person: p, Monday: series.Date{Year: 2027, Month: time.March, Day: 8},
		Booked: []series.Booking{
			book(series.Pair{Manager: "a-very-long-id", Report: "ana"}, "2027-03-08T09:00:00Z", "2027-03-08T10:00:00Z"),
			book(series.Pair{Manager: "ana", Report: "bo"}, "2027-03-09T17:15:00Z", "2027-03-09T19:15:00Z"),
			book(series.Pair{Manager: "ana", Report: "kim"}, "2027-03-10T03:15:00Z", "2027-03-10T04:15:00Z"),
			book(series.Pair{Manager: "ana", Report: "lee"}, "2027-03-10T03:15:00Z", "2027-03-10T04:15:00Z"),
		},
		Busy: []series.Interval{interval(t, "2027-03-11T00:00:00+05:45", "2027-03-12T00:00:00+05:45", series.AwayKind)}}, 46)
	want := `Ana Silva  2027-W10, Mon 8 Mar to Sun 14 Mar  Asia/Kathmandu

      Mon 8   Tue 9   Wed 10  Thu 11  Fri 12
00:00                 █ bo ██ / away/
01:00                         ///////
02:00                         ///////
03:00                         ///////
04:00                         ///////
05:00                         ///////
06:00                         ///////
07:00                         ///////
08:00                         ///////
09:00                 █ ! ki… ///////
10:00                         ///////
11:00                         ///////
12:00                         ///////
13:00                         ///////
14:00 █ a-ve…                 ///////
15:00 ███████                 ///////
16:00                         ///////
17:00                         ///////
18:00                         ///////
19:00                         ///////
20:00                         ///////
21:00                         ///////
22:00                         ///////
23:00         █ bo ██         ///////

█ 1:1   / away   blank: free
Holdfast reaches no calendar of ana: other events are not shown.
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
