package series_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/series"
	"holdfast/internal/series/seriestest"
)

// A snapshot comes back as it was packed, whatever it has: each field of each type is filled in here.
func TestPackedSnapshotsComeBackWhole(t *testing.T) {
	filled := seriestest.Filled[series.Snapshot]()
	for name, s := range map[string]series.Snapshot{"filled": filled, "zero": {}, "empty": {
		Owner: []string{}, Series: []series.Event{}, Objects: map[string]series.Object{},
	}} {
		p := series.Pack(s)
		if d := cmp.Diff(s, p.Snapshot()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if !p.Same(series.Pack(p.Snapshot())) {
			t.Errorf("%s: packed again it is another", name)
		}
		bare := s
		bare.Series, bare.Copies = slices.Clone(s.Series), slices.Clone(s.Copies)
		bare.Candidates, bare.Gone = slices.Clone(s.Candidates), slices.Clone(s.Gone)
		for i := range bare.Series {
			bare.Series[i].Raw, bare.Copies[i].Raw, bare.Candidates[i].Event.Raw, bare.Gone[i].Last.Raw = "", "", "", ""
		}
		if d := cmp.Diff(bare, p.Bare()); d != "" {
			t.Errorf("%s, bare: %s", name, d)
		}
		bare.Objects = nil
		if d := cmp.Diff(bare, p.Events()); d != "" {
			t.Errorf("%s, events: %s", name, d)
		}
		if p.Interest() != s.Interest || !slices.Equal(p.ZoneDoubts(), s.ZoneDoubts()) ||
			p.Network() != s.Network || p.Schedules() != s.Schedules ||
			p.Emptied() != s.Emptied || !reflect.DeepEqual(p.Owner(), s.Owner) ||
			!p.Like(s) || p.Unread().Snapshot().Interest != "" {
			t.Errorf("%s: packed it tells something else", name)
		}
	}
	if (series.Packed{}).Same(series.Pack(filled)) || !(series.Packed{}).Same(series.Pack(series.Snapshot{})) {
		t.Error("nothing is not what a zero snapshot is")
	}
}

// A reading has another said of it as a whole wherever the server or the settings say something else.
func TestPackedSnapshotsAreLikeOthers(t *testing.T) {
	for i, change := range []func(*series.Snapshot){
		func(s *series.Snapshot) { s.Interest = "other" },
		func(s *series.Snapshot) { s.Network = "other" },
		func(s *series.Snapshot) { s.Schedules = true },
		func(s *series.Snapshot) { s.Quiet = true },
		func(s *series.Snapshot) { s.Singly = true },
	} {
		var s series.Snapshot
		if change(&s); series.Pack(series.Snapshot{}).Like(s) || !series.Pack(s).Like(s) {
			t.Errorf("change %d is not seen", i)
		}
	}
}

// Two snapshots that differ in anything are not the same.
func TestPackedSnapshotsDiffer(t *testing.T) {
	base := series.Snapshot{Series: []series.Event{{UID: "a", Raw: "text"}}, Busy: []series.Busy{{ID: "b"}}}
	for i, change := range []func(*series.Snapshot){
		func(s *series.Snapshot) { s.Series[0].Raw = "tex" },
		func(s *series.Snapshot) { s.Series[0].UID = "b" },
		func(s *series.Snapshot) { s.Busy[0].Duration = -1 },
		func(s *series.Snapshot) { s.Busy[0].ExDates = []time.Time{{}} },
		func(s *series.Snapshot) { s.Quiet = true },
		func(s *series.Snapshot) { s.Owner = []string{"mia@example.com"} },
		func(s *series.Snapshot) { s.Interest = "other" },
	} {
		s := series.Pack(base).Snapshot()
		if change(&s); series.Pack(s).Same(series.Pack(base)) {
			t.Errorf("change %d is not seen", i)
		}
	}
	later := base
	later.At, later.FullAt, later.Cursor = time.Unix(1, 0), time.Unix(1, 0), "on"
	if p := series.Pack(later); !p.Same(series.Pack(base)) || p.With(base.At, base.FullAt, base.Cursor).Cursor != "" {
		t.Error("when it was taken makes it another")
	}
}

// Settled, snapshots say what they said, and stay the same as others that are not.
func TestSettle(t *testing.T) {
	var some, others []series.Packed
	for i := range 200 {
		s := series.Snapshot{Cursor: fmt.Sprint(i), Owner: []string{fmt.Sprintf("m%d@example.com", i)}}
		s.Series = []series.Event{{UID: fmt.Sprint("uid ", i), Raw: strings.Repeat(fmt.Sprintf("text %d ", i), 200)}}
		some, others = append(some, series.Pack(s)), append(others, series.Pack(s))
	}
	series.Settle(slices.Values(slices.Concat(some, some[:3], []series.Packed{{}})))
	for i, p := range some {
		if d := cmp.Diff(others[i].Snapshot(), p.Snapshot()); d != "" || !p.Equal(others[i]) {
			t.Fatalf("%d: %s", i, d)
		}
	}
	series.Settle(slices.Values(some[:1]))
	if p := some[0]; !p.Same(others[0]) || p.Same(some[1]) {
		t.Error("settled alone it is another")
	}
}
