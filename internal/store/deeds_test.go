package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// sees is that somebody, it is not known who, acknowledges the flag.
func sees(flag string, at time.Time) deed.Deed {
	return deed.Deed{At: at, From: deed.Shell, Kind: deed.Acknowledge, Flag: flag}
}

// Deeds come back as they were put, with what came of them, those about a pair or of a person, from a time on.
func TestDeeds(t *testing.T) {
	path := file(t)
	s, ctx := open(t, path, noon), t.Context()
	all := []deed.Deed{
		{
			At:         noon,
			Who:        "raj",
			From:       deed.Link,
			Kind:       deed.Rebook,
			Pair:       mia,
			Occurrence: series.Date{Year: 2026, Month: time.December, Day: 8},
			To:         noon.Add(time.Hour),
			Flag:       "f",
		},
		{At: noon, From: deed.Shell, Kind: deed.Accept, Pair: lee},
		{At: noon.Add(time.Hour), Who: "ana", Admin: true, From: deed.Page, Kind: deed.Allow, Changes: []string{"a", "b"}},
		{At: noon.Add(time.Hour), Admin: true, From: deed.API, Kind: deed.ConfirmEmpty, Of: "lee"},
	}
	for i := range all {
		must(t, s.BeginDeed(ctx, &all[i]))
		if all[i].ID != int64(i+1) {
			t.Errorf("number %d of the %d.", all[i].ID, i+1)
		}
	}
	all[0].Result, all[0].To = deed.Held, noon.Add(2*time.Hour)
	all[1].Result = deed.Done
	all[2].Result, all[2].Changes = deed.Failed, []string{"b"}
	for _, d := range all[:3] {
		must(t, s.EndDeed(ctx, d))
	}
	s = open(t, path, noon)
	for _, x := range []struct {
		of    string
		since time.Time
		want  []int
	}{
		{"", time.Time{}, []int{0, 1, 2, 3}},
		{"", noon.Add(time.Minute), []int{2, 3}},
		{"mia/raj", time.Time{}, []int{0}},
		{"raj/mia", time.Time{}, nil},
		{"mia", time.Time{}, []int{0, 1}},
		{"lee", time.Time{}, []int{1, 3}},
		{"ana", time.Time{}, []int{2}},
		{"mia/raj", noon.Add(time.Minute), nil},
	} {
		got, err := s.Deeds(ctx, x.of, x.since)
		must(t, err)
		var want []deed.Deed
		for _, i := range x.want {
			want = append(want, all[i])
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("of %q since %s (-want +got):\n%s", x.of, x.since, d)
		}
	}
	must(t, s.Rename(ctx, "lee", "li"))
	if got, err := s.Deeds(ctx, "li", time.Time{}); err != nil || len(got) != 2 || got[1].Of != "li" {
		t.Errorf("by the new id: %v, %v", got, err)
	}
	if got, err := s.Deeds(ctx, "lee", time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("by the old id: %v, %v", got, err)
	}
	integrity(t, s.db)
}

// Each of the two acknowledges for themselves, as the flag then stands, and takes back only that. In the shell it is
// for both.
func TestAcknowledgedByEach(t *testing.T) {
	s, ctx, f := open(t, file(t), noon), t.Context(), flag(mia, 1, "30m0s")
	other := flag(lee, 1, "30m0s")
	commit := func(f drift.Flag, e drift.Edges) {
		t.Helper()
		must(t, s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{f, other}, Edges: e}))
	}
	commit(f, drift.Edges{Opened: []drift.Flag{f, other}})
	act := func(kind deed.Kind, who string) bool {
		t.Helper()
		do := s.Acknowledge
		if kind == deed.Unacknowledge {
			do = s.Unacknowledge
		}
		is, err := do(ctx, deed.Deed{At: noon, Who: who, From: deed.Page, Kind: kind, Flag: f.ID()})
		must(t, err)
		return is
	}
	stands := func(state string, by, seen []string) {
		t.Helper()
		flags, err := s.Flags(ctx, true)
		must(t, err)
		i := slices.IndexFunc(flags, func(x reconcile.FlagRow) bool { return x.ID() == f.ID() })
		if got := flags[i]; got.State != state || !slices.Equal(got.Acknowledged, by) {
			t.Errorf("%s by %v, want %s by %v", got.State, got.Acknowledged, state, by)
		}
		facts, err := s.Facts(ctx, "raj", noon)
		must(t, err)
		if got := facts.Flags[0]; !slices.Equal(got.Seen, seen) {
			t.Errorf("seen as it stands by %v, want %v", got.Seen, seen)
		}
		if flags[1-i].State != "open" || flags[1-i].Acknowledged != nil {
			t.Errorf("the other flag is %+v", flags[1-i])
		}
	}
	stands("open", nil, nil)
	if act(deed.Unacknowledge, "raj") {
		t.Error("there was nothing to take back")
	}
	act(deed.Acknowledge, "raj")
	stands("acknowledged", []string{"raj"}, []string{"raj"})
	act(deed.Acknowledge, "mia")
	stands("acknowledged", []string{"mia", "raj"}, []string{"mia", "raj"})
	if !act(deed.Unacknowledge, "mia") {
		t.Error("hers was not taken back")
	}
	stands("acknowledged", []string{"raj"}, []string{"raj"})
	f.Detail = "another"
	commit(f, drift.Edges{Changed: []drift.Flag{f}})
	stands("acknowledged", []string{"raj"}, nil)
	act(deed.Acknowledge, "raj")
	stands("acknowledged", []string{"raj"}, []string{"raj"})
	act(deed.Acknowledge, "")
	stands("acknowledged", []string{"mia", "raj"}, []string{"mia", "raj"})
	act(deed.Acknowledge, "lee") // is neither of the two
	stands("acknowledged", []string{"mia", "raj"}, []string{"mia", "raj"})
	act(deed.Unacknowledge, "")
	stands("open", nil, nil)

	want := []deed.Result{deed.Done, deed.Done, deed.Done, deed.Done, deed.Done, deed.Nothing, deed.Done}
	var got []deed.Result
	deeds, err := s.Deeds(ctx, "mia/raj", time.Time{})
	must(t, err)
	for _, d := range deeds {
		got = append(got, d.Result)
		if d.Pair != mia || d.Occurrence != f.Occurrence || d.Flag != f.ID() {
			t.Errorf("recorded of another: %+v", d)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("came %q, want %q", got, want)
	}
	integrity(t, s.db)
}
