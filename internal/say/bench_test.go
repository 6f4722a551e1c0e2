package say

import "testing"

// A list of pairs has for each a slot and a next meeting, and lists of flags have thousands.
func BenchmarkRow(b *testing.B) {
	r := at(now)
	for b.Loop() {
		r.Slot(booked)
		r.Next(on(0, 10*60))
	}
}

func BenchmarkFlag(b *testing.B) {
	r, f := at(now), flags()[0]
	for b.Loop() {
		r.Flag(f)
	}
}
