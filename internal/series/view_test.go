package series

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var miaRaj = Pair{"mia", "raj"}

// marked is a series of the pair as it was booked.
func marked(line, first string, change func(*Event)) Event {
	e := event(line, first)
	w := Series{Org: "acme", Pair: miaRaj, Generation: 1, Slot: e.Slot(), Line: line, First: date(first)}
	e.Mark, e.UID, e.Derived = w.Mark(), line+first, true
	if change != nil {
		change(&e)
	}
	return e
}

const tue = "Tue 10:00 1h0m0s 1w Europe/Berlin"

// weeks shows each booked day, and the day of its meeting; "-" for none.
func weeks(v *View, from, to string) string {
	var out []string
	for _, w := range v.Weeks(date(from).Week(), date(to).Week()) {
		text := fmt.Sprintf("%d:%s", w.Generation, w.Date.String()[5:])
		switch m := w.Meeting; {
		case m == nil:
			text += ">-"
		case m.Cancelled:
			text += ">gone"
		case !m.Start.Equal(w.Booked):
			text += ">" + m.Start.Format("01-02")
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestWeeks(t *testing.T) {
	moved := func(line, first string) func(*Event) {
		return func(e *Event) {
			s := slot(line)
			e.Start, e.Zone, e.Duration, e.Rule.Every = s.On(date(first)), s.Zone, s.Duration, s.Every
		}
	}
	until := func(day string) func(*Event) { return func(e *Event) { e.Rule.Until = on(*e, day) } }
	fortnight := "Tue 10:00 1h0m0s 2w Europe/Berlin"
	next := func(e Event) Event { e.Mark.Generation = 2; return e }
	for _, test := range []struct {
		name   string
		series []Event
		want   string
	}{
		{"weekly", []Event{marked(tue, "2026-12-01", nil)}, "1:12-01 1:12-08 1:12-15 1:12-22"},
		{"moved to another day", []Event{marked(tue, "2026-12-01", moved("Thu 09:00 1h0m0s 1w Europe/Berlin", "2026-12-03"))}, "1:12-01>12-03 1:12-08>12-10 1:12-15>12-17 1:12-22>12-24"},
		{"moved to the day before", []Event{marked(tue, "2026-12-01", moved("Mon 09:00 1h0m0s 1w Europe/Berlin", "2026-11-30"))}, "1:12-01>11-30 1:12-08>12-07 1:12-15>12-14 1:12-22>12-21"},
		{"every second week", []Event{marked(fortnight, "2026-12-01", nil)}, "1:12-01 1:12-15"},
		{"every second week, moved to another day", []Event{marked(fortnight, "2026-12-01", moved("Fri 10:00 1h0m0s 2w Europe/Berlin", "2026-12-04"))}, "1:12-01>12-04 1:12-15>12-18"},
		{"every second week, moved to the weeks between", []Event{marked(fortnight, "2026-12-08", moved(fortnight, "2026-12-01"))}, "1:12-08>12-15 1:12-22>12-29"},
		{"made every second week", []Event{marked(tue, "2026-12-01", moved(fortnight, "2026-12-01"))}, "1:12-01 1:12-08>- 1:12-15 1:12-22>-"},
		{"ended", []Event{marked(tue, "2026-12-01", until("2026-12-08"))}, "1:12-01 1:12-08"},
		{"replaced", []Event{marked(tue, "2026-12-01", until("2026-12-08")), next(marked("Fri 09:00 1h0m0s 1w Europe/Berlin", "2026-12-18", nil))}, "1:12-01 1:12-08 2:12-18 2:12-25"},
		{"replaced, the old one not ended", []Event{marked(tue, "2026-12-01", nil), next(marked("Fri 09:00 1h0m0s 1w Europe/Berlin", "2026-12-18", nil))}, "1:12-01 1:12-08 2:12-18 2:12-25"},
		{"cancelled whole", []Event{marked(tue, "2026-12-01", func(e *Event) { e.Cancelled = true })}, "1:12-01>gone 1:12-08>gone 1:12-15>gone 1:12-22>gone"},
	} {
		if got := weeks(&View{Chain: test.series}, "2026-12-01", "2026-12-22"); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// Days of leave are those of each one's own zone.
func TestAway(t *testing.T) {
	day := Away{From: date("2026-12-08"), To: date("2026-12-08"), Why: "leave"}
	v := View{Want: Series{Manager: Person{Zone: ny}, Report: Person{Zone: kolkata, Away: []Away{day}}},
		Out: []Interval{{Start: slot(tue).On(date("2026-12-15")), End: slot(tue).On(date("2026-12-15")).Add(time.Hour), Kind: AwayKind}}}
	for _, test := range []struct{ start, want string }{
		{"2026-12-07T18:29:00Z", ""},
		{"2026-12-07T18:30:00Z", "leave"},
		{"2026-12-08T18:29:00Z", "leave"},
		{"2026-12-08T18:30:00Z", ""},
		{"2026-12-15T08:00:00Z", ""},
		{"2026-12-15T08:30:00Z", "out of office"},
		{"2026-12-15T10:00:00Z", ""},
	} {
		start, err := time.Parse(time.RFC3339, test.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Away(start, time.Hour); got != test.want {
			t.Errorf("%s: %q, want %q", test.start, got, test.want)
		}
	}
}

func TestRemember(t *testing.T) {
	v := make([]Snapshot, 4)
	for i := range v {
		v[i].Series = []Event{marked(tue, "2026-12-01", func(e *Event) { e.Excluded = []time.Time{on(*e, "2026-12-08").AddDate(0, 0, 7*i)} })}
	}
	v[1].Remember(v[0])
	v[2].Remember(v[1])
	same := Snapshot{Series: []Event{marked(tue, "2026-12-01", func(e *Event) { e.Excluded = v[2].Series[0].Excluded })}}
	same.Remember(v[2])
	back := Snapshot{Series: []Event{marked(tue, "2026-12-01", func(e *Event) { e.Excluded = v[0].Series[0].Excluded })}}
	back.Remember(same)
	times := func(i int) string { return v[i].Series[0].Times() }
	for name, test := range map[string]struct{ got, want []string }{
		"one before": {v[1].Series[0].Earlier, []string{times(0)}},
		"two before": {v[2].Series[0].Earlier, []string{times(1), times(0)}},
		"no change":  {same.Series[0].Earlier, []string{times(1), times(0)}},
		"and back":   {back.Series[0].Earlier, []string{times(2), times(1), times(0)}},
	} {
		if fmt.Sprint(test.got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
}

// A lean view says of the pair's meetings what the whole one does, holds on to no texts, and leaves the whole one as it
// is.
func TestLean(t *testing.T) {
	raw := func(e *Event) { e.Raw = "text" }
	ended := marked(tue, "2026-12-01", func(e *Event) { raw(e); e.Rule.Until = on(*e, "2026-12-15") })
	next := marked(tue, "2026-12-22", func(e *Event) { raw(e); e.Mark.Generation = 2 })
	v := &View{Pair: miaRaj, Wanted: true, Chain: []Event{ended, next}, Gone: []Gone{{ID: "g", Pair: miaRaj, Last: ended}},
		Copies: []Event{next}, LastCopies: []Event{next}}
	before := fmt.Sprintf("%+v", v)
	l := Lean([]*View{v})[0]
	from, to := ended.Start, ended.Start.AddDate(0, 2, 0)
	if got, want := fmt.Sprint(l.bookings(from, to)), fmt.Sprint(v.bookings(from, to)); got != want {
		t.Errorf("booked are %s, want %s", got, want)
	}
	got := fmt.Sprintf("%+v", l)
	if strings.Contains(got, "text") || len(l.Copies)+len(l.LastCopies) > 0 || len(l.Gone) != 1 {
		t.Errorf("it still has %s", got)
	}
	if after := fmt.Sprintf("%+v", v); after != before {
		t.Errorf("the whole one is %s, was %s", after, before)
	}
}
