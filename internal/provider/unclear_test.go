package provider_test

import (
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// A copy that is not listed and of which a direct reading says neither yes nor no, as with 403, is a copy as before:
// not gone, and nobody's series.
func TestUnclearAnswerKeepsTheCopy(t *testing.T) {
	in := interest()
	in.Owner = []string{"raj@example.com"}
	last := build(t, noon, series.Snapshot{}, in, nil, item("a", nil), dentist())
	s := build(t, noon.Add(time.Minute), last.Snapshot, in, answers{"a": provider.Unclear}, dentist())
	if len(s.Copies) != 1 || len(s.Series) != 0 || len(s.Gone) != 0 || s.Objects[series.Opaque("a")].Version != "1" {
		t.Errorf("%d copies, %d series, gone %+v, objects %v", len(s.Copies), len(s.Series), s.Gone, s.Objects)
	}
}
