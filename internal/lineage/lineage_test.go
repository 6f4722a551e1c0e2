package lineage

import (
	"testing"
	"time"

	"holdfast/internal/series"
)

var miaRaj = series.Pair{Manager: "mia", Report: "raj"}

// marked is a series of the pair as it was booked.
func marked(first string, change func(*series.Event)) series.Event {
	slot, err := series.ParseSlotLine("Tue 10:00 1h0m0s 1w Europe/Berlin")
	if err != nil {
		panic(err)
	}
	w := series.Series{Org: "acme", Pair: miaRaj, Generation: 1, Slot: slot, Line: slot.Line(), First: date(first)}
	e := series.Event{Mark: w.Mark(), UID: first, Derived: true, Start: slot.On(w.First), Zone: slot.Zone,
		Duration: slot.Duration, Rule: series.Rule{Plain: true, Every: slot.Every}, Place: "Alder"}
	if change != nil {
		change(&e)
	}
	return e
}

func date(text string) series.Date {
	d, err := series.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// view is what Gather makes of mia's calendar.
func view(t *testing.T, s series.Snapshot) *series.View {
	t.Helper()
	want := []series.Series{{
		Org:     "acme",
		Pair:    miaRaj,
		Manager: series.Person{ID: "mia", Email: "mia@example.com"},
		Report:  series.Person{ID: "raj", Email: "raj@example.com"},
	}}
	vs := Gather(want, map[string]Observed{"mia": {Snapshot: s}})
	if len(vs) != 1 {
		t.Fatalf("%d views", len(vs))
	}
	return vs[0]
}

func TestGatherLinks(t *testing.T) {
	type events = []series.Event
	type gone = []series.Gone
	until := func(t func(*series.Event) time.Time) func(*series.Event) {
		return func(e *series.Event) { e.Rule.Until = t(e).Add(-time.Second) }
	}
	original := marked("2026-12-01", nil)
	ended := marked("2026-12-01", until(func(e *series.Event) time.Time { return e.Slot().On(date("2026-12-15")) }))
	neverMet := marked("2026-12-01", until(func(e *series.Event) time.Time { return e.Start }))
	cancelled := marked("2026-12-01", func(e *series.Event) { e.Cancelled = true })
	other := func(from string) series.Event {
		return marked(from, func(e *series.Event) { e.Derived, e.UID = false, "other" })
	}
	early := other("2026-12-15")
	early.Start = early.Start.Add(-3 * time.Hour)
	for _, test := range []struct {
		name              string
		series            events
		gone              gone
		chain, duplicates int
		missing, lost     bool
	}{
		{"one", events{original}, nil, 1, 0, false, false},
		{"a duplicate", events{other("2026-12-01"), original}, nil, 1, 1, false, false},
		{"a successor", events{other("2026-12-15"), ended}, nil, 2, 0, false, false},
		{"a successor that begins before UNTIL, after the last meeting", events{ended, early}, nil, 2, 0, false, false},
		{"a successor of one that never met, and moved to before it", events{neverMet, other("2026-11-24")}, nil,
			2, 0, false, false},
		{"a replacement", events{other("2026-12-01")}, nil, 1, 0, false, false},
		{"a replacement of a cancelled one", events{other("2026-12-01"), cancelled}, nil, 2, 0, false, false},
		{"what is left of one that we removed", events{other("2026-12-01")}, gone{{Generation: 1, Ours: true}},
			0, 1, false, false},
		{"deleted", nil, gone{{Generation: 1, Proven: true, Last: original}}, 0, 0, false, true},
		{"absent without proof", nil, gone{{Generation: 1, Last: original}}, 0, 0, true, false},
		{"removed by us", nil, gone{{Generation: 1, Proven: true, Ours: true, Last: original}}, 0, 0, false, false},
		{"the original absent, a duplicate there", events{other("2026-12-01")}, gone{{Generation: 1, Last: original}},
			1, 0, true, false},
		{"the duplicate absent", events{original}, gone{{Generation: 1, Last: other("2026-12-01")}}, 1, 0, false, false},
		{"the successor absent", events{ended}, gone{{Generation: 1, Last: other("2026-12-15")}}, 1, 0, true, false},
	} {
		for i := range test.gone {
			test.gone[i].Pair = miaRaj
		}
		v := view(t, series.Snapshot{Series: test.series, Gone: test.gone})
		if len(v.Chain) != test.chain || len(v.Duplicates) != test.duplicates || v.Missing() != test.missing ||
			(v.Lost() != nil) != test.lost {
			t.Errorf("%s: chain of %d, %d duplicates, missing %v, lost %v",
				test.name, len(v.Chain), len(v.Duplicates), v.Missing(), v.Lost() != nil)
		}
	}
}
