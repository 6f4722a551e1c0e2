package ical

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// What is written of an event reads back as that event, and is delivered as if its organizer were on CalDAV.
func TestOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := drawNoisy(t, drawSeries(t))
		if rapid.Bool().Draw(t, "ends") {
			b, _, err := source.End(event(source).First().AddDays(7*rapid.IntRange(0, 40).Draw(t, "weeks")), later1)
			if err != nil {
				t.Fatal(err)
			}
			source = mustParse(b)
		}
		e := event(source)
		e.Free = false // a copy is its owner's to set
		o := mustParse(Of(e, later1))
		got := event(o)
		for _, x := range e.Overrides {
			if x.Cancelled {
				e.Excluded = append(e.Excluded, x.Original)
			}
		}
		slices.SortFunc(e.Excluded, time.Time.Compare)
		e.Overrides = slices.DeleteFunc(slices.Clone(e.Overrides), func(x series.Override) bool { return x.Cancelled })
		if d := cmp.Diff(e, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(series.Event{}, "Raw", "Ref", "Derived"), cmpopts.IgnoreFields(series.Override{}, "Free")); d != "" {
			t.Fatalf("read again (-want +got):\n%s\n%s", d, o.raw)
		}
		if got.Delivery(later1) != e.Delivery(later1) {
			t.Fatal("another delivery")
		}
		copy := deliver(t, o, nil)
		if c := event(copy); c.Delivered != e.Delivery(later1) || !e.DeliveredTo(c, later1) {
			t.Fatalf("delivered:\n%s", copy.raw)
		}
		if again := deliver(t, mustParse(Of(e, later1)), copy); again.raw != copy.raw {
			t.Fatalf("delivered again it changes:\n%s", cmp.Diff(copy.raw, again.raw))
		}
		for _, c := range copy.events() {
			if agent := c.get("ORGANIZER").Params.Get("SCHEDULE-AGENT"); agent != "CLIENT" {
				t.Fatalf("the server would answer the organizer by itself:\n%s", copy.raw)
			}
		}
	})
}
