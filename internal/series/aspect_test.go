package series

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What is recorded of an aspect says the same when it is read again.
func TestAspectsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slot := Slot{
			Weekday:  time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
			At:       TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "at")),
			Duration: time.Duration(rapid.IntRange(1, 480).Draw(t, "minutes")) * time.Minute,
			Every:    rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "every"),
			Zone:     rapid.SampledFrom([]string{"Europe/Berlin", "Asia/Kolkata", "UTC"}).Draw(t, "zone"),
		}
		day := Date{Year: 2026, Month: time.November, Day: 30}.AddDays(rapid.IntRange(0, 700).Draw(t, "day"))
		for _, want := range []Aspect{
			{}, AspectOf(slot.On(day)), AspectOf(slot.Duration), AspectOf(time.Duration(0)), AspectOf(slot), WholeSlot(slot),
			AspectOf(day),
		} {
			var got Aspect
			text, err := json.Marshal(want)
			if err == nil {
				err = json.Unmarshal(text, &got)
			}
			if err != nil || got.kind != want.kind || !got.Equal(want) || got.Words() != want.Words() ||
				got.Slot() != want.Slot() || got.IsZero() != want.IsZero() {
				t.Fatalf("%q came back as %q (%q), %v", want, got, got.Words(), err)
			}
			was, timed := want.Time()
			if is, ok := got.Time(); ok != timed || !is.Equal(was) {
				t.Fatalf("%q came back at %v", want, is)
			}
		}
	})
	if a, err := ParseAspect("soon"); err == nil || !a.IsZero() {
		t.Errorf("soon is %q", a)
	}
	for _, a := range []Aspect{AspectOf(time.Time{}), AspectOf(Slot{}), WholeSlot(Slot{}), AspectOf(Date{})} {
		if !a.IsZero() {
			t.Errorf("a zero value is %q", a)
		}
	}
}
