package notify_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/series"
)

var (
	raj = notify.Reader{
		Person: series.Person{ID: "raj", Zone: zone, Hours: series.Hours{
			time.Monday:  {{From: 9 * 60, To: 17 * 60}},
			time.Tuesday: {{From: 9 * 60, To: 17 * 60}},
		}},
		Channels: []string{"mail"},
	}
	monday = at(series.Date{Year: 2026, Month: time.December, Day: 7}, 10*60, zone)
)

func cancelled(occurrence series.Date) notify.Matter {
	f := drift.Flag{Pair: series.Pair{Manager: "mia", Report: "raj"}, Kind: drift.Cancelled, Occurrence: occurrence}
	return notify.Matter{Kind: notify.Difference, Key: f.ID(), Pair: f.Pair, Flag: f, In: []string{"mia"},
		Old: at(occurrence, 10*60, zone), Changed: monday}
}

// What a sender learns who asks again right before sending.
func TestStill(t *testing.T) {
	next := cancelled(series.Date{Year: 2026, Month: time.December, Day: 15})
	due := notify.Input{Now: monday.Add(10 * time.Minute), Reader: raj, Matters: []notify.Matter{next}}
	n := notify.Decide(due).Due[0]
	closed, unsettled, more := next, next, cancelled(series.Date{Year: 2026, Month: time.December, Day: 22})
	closed.Closed, unsettled.Flag.Detail, unsettled.Changed = true, "changed", monday.Add(5*time.Minute)
	for _, test := range []struct {
		what    string
		now     time.Time
		matters []notify.Matter
		told    []notify.Told
		items   int
		why     notify.Reason
	}{
		{"as it was", due.Now, due.Matters, nil, 1, ""},
		{"more is due", due.Now.Add(time.Minute), []notify.Matter{next, more}, nil, 2, ""},
		{"it closed", due.Now, []notify.Matter{closed}, nil, 0, notify.Gone},
		{"it was told", due.Now, due.Matters, n.Rows("mail", due.Now), 0, notify.Gone},
		{"it changed", due.Now, []notify.Matter{unsettled}, nil, 0, notify.Settling},
		{"the day is over", monday.Add(8 * time.Hour), due.Matters, nil, 0, notify.OffHours},
		{"the next day", monday.Add(24 * time.Hour), due.Matters, nil, 1, ""},
		{"the meeting is over", monday.AddDate(0, 0, 9), due.Matters, nil, 0, notify.Begins},
	} {
		got, why := notify.Still(notify.Input{Now: test.now, Reader: raj, Matters: test.matters, Told: test.told}, n)
		if len(got.Items) != test.items || why != test.why || test.items > 0 && got.ID != n.ID {
			t.Errorf("%s: %d items, %q, want %d, %q", test.what, len(got.Items), why, test.items, test.why)
		}
	}
}

// A digest that has nothing that differs is recorded all the same, and so is a reminder.
func TestRows(t *testing.T) {
	in := notify.Input{Now: monday.Add(-10 * time.Minute), Reader: raj, Meetings: []notify.Meeting{{
		Pair: series.Pair{Manager: "mia", Report: "raj"}, Occurrence: series.DateOf(monday.AddDate(0, 0, 1)),
		Start: monday.AddDate(0, 0, 1),
	}}}
	in.Reader.Digest, in.Reader.Prepare = true, true
	due := notify.Decide(in).Due
	var got []string
	for _, n := range due {
		in.Told = append(in.Told, n.Rows("mail", in.Now)...)
	}
	for _, r := range in.Told {
		got = append(got, fmt.Sprintf("%s %q %q", r.Kind, r.Key, r.State))
	}
	want := []string{`prepare "meeting|mia/raj|2026-12-08" "2026-12-08T09:00:00Z"`, `digest "" ""`}
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if again := notify.Decide(in).Due; len(again) > 0 {
		t.Errorf("due again: %+v", again)
	}
}

// A run is of the last six weeks that count, and a record that begins within it does not say when it began.
func TestLost(t *testing.T) {
	p := series.Pair{Manager: "mia", Report: "raj"}
	first := series.Week{Year: 2026, Number: 40}.Monday()
	of := map[rune]drift.Result{'k': drift.Kept, 'l': drift.KeptLate, 'r': drift.Recovered, 'c': drift.CancelledWeek,
		's': drift.Slipped, 'd': drift.DeclinedWeek, 'e': drift.Excused, 'u': drift.UnknownWeek}
	for _, test := range []struct{ weeks, want string }{
		{"", "none"},
		{"cc", "none"},
		{"csd", "[2026-W40 2026-W41 2026-W42] 0001-01-01"},
		{"klrkcsd", "[2026-W44 2026-W45 2026-W46] 2026-11-09"},
		{"kkkkkcecuc", "[2026-W45 2026-W47 2026-W49] 2026-11-23"},
		{"ckkkkcc", "none"},
		{"ccckkkk", "none"},
		{"ccckkk", "[2026-W40 2026-W41 2026-W42] 0001-01-01"},
		{"kkkkccC", "none"}, // that week is not over
	} {
		var outcomes []drift.Outcome
		for i, c := range test.weeks {
			final := c != 'C'
			if !final {
				c = 'c'
			}
			outcomes = append(outcomes, drift.Outcome{Week: first.AddDays(7 * i).Week(), Result: of[c], Final: final})
		}
		got := "none"
		if m, weeks, ok := notify.Lost(p, outcomes, monday); ok {
			got = fmt.Sprint(weeks, " ", m.Began.Format(time.DateOnly))
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.weeks, got, test.want)
		}
	}
}

// All readers of 10,000 pairs, one after the other: what a round costs that changes something for everybody.
func BenchmarkDecide(b *testing.B) {
	var ins []notify.Input
	for i := range 20_000 {
		m := cancelled(series.Date{Year: 2026, Month: time.December, Day: 15})
		m.Key = fmt.Sprint(i)
		in := notify.Input{Now: monday.Add(time.Duration(i%30) * time.Minute), Reader: raj, Matters: []notify.Matter{m}}
		in.Reader.Digest, in.Reader.Prepare = true, true
		for k := range 10 {
			in.Told = append(in.Told, notify.Told{Notice: fmt.Sprint(k), Kind: notify.News, Key: fmt.Sprint(k), State: "s",
				At: monday.AddDate(0, 0, k-10)})
		}
		ins = append(ins, in)
	}
	for b.Loop() {
		for _, in := range ins {
			notify.Decide(in)
		}
	}
}
