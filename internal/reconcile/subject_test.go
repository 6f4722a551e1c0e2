package reconcile_test

import (
	"slices"
	"testing"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

func TestSubjects(t *testing.T) {
	pair := series.Pair{Manager: "mia", Report: "raj"}
	var all []reconcile.Subject
	for text, want := range map[string]reconcile.Subject{
		"mia":                              reconcile.CalendarOf("mia"),
		"video":                            reconcile.CalendarOf("video"),
		"mia/raj":                          reconcile.BookingOf(pair),
		"document mia/raj":                 reconcile.DocumentOf(pair),
		"listing mia/raj":                  {Matter: reconcile.MatterListing, Pair: pair},
		"emptied mia":                      {Matter: reconcile.MatterEmptied, Person: "mia"},
		"address mia":                      {Matter: reconcile.MatterAddress, Person: "mia"},
		"zones Asia/Kolkata Europe/Berlin": {Matter: reconcile.MatterZones, Name: "Asia/Kolkata Europe/Berlin"},
		"change 3f":                        {Matter: reconcile.MatterChange, Name: "3f"},
		"video ":                           {Matter: reconcile.MatterVideo},
	} {
		if got, ok := reconcile.ParseSubject(text); !ok || got != want || got.String() != text {
			t.Errorf("%q is %+v (%v), and that is %q", text, got, ok, got.String())
		}
		all = append(all, want)
	}
	for _, text := range []string{"", "Mia", "mia/", "emptied mia/raj", "listing mia", "change ", "moon mia"} {
		if got, ok := reconcile.ParseSubject(text); ok {
			t.Errorf("%q is %+v", text, got)
		}
	}
	slices.SortFunc(all, reconcile.Subject.Compare)
	for i := range all[1:] {
		if all[i].Compare(all[i+1]) >= 0 {
			t.Errorf("%v is not before %v", all[i], all[i+1])
		}
	}
}
