package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

func TestActs(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	begin := func(p series.Pair, at time.Time) int64 {
		t.Helper()
		id, err := s.Begin(
			ctx,
			reconcile.Act{At: at, Pair: p, Action: plan.Create, Why: []string{"nothing is booked yet"}, Mails: 1},
			nil,
		)
		must(t, err)
		return id
	}
	must(t, s.Done(ctx, begin(mia, noon), noon, nil))
	begin(mia, noon) // its process was killed
	must(t, s.Done(ctx, begin(mia, noon), noon, &provider.Error{Kind: provider.Conflict, Err: errors.New("changed")}))
	must(t, s.Done(ctx, begin(lee, noon.Add(-13*time.Hour)), noon, nil)) // yesterday
	// A conflict may have been found after the write: it counts.
	if d := cmp.Diff(map[series.Pair]int{mia: 3}, load(t, s).Writes); d != "" {
		t.Error(d)
	}
}

func TestVersions(t *testing.T) {
	s := open(t, file(t), noon)
	ctx := t.Context()
	event := func(n int) series.Event {
		return series.Event{
			Ref:      series.Ref{ID: "x.ics"},
			Zone:     "Europe/Berlin",
			Start:    noon.AddDate(0, 0, n),
			Duration: time.Hour,
			Rule:     series.Rule{Plain: true, Every: 1},
			Raw:      "BEGIN:VCALENDAR\r\nX-NOTE:Ü\r\nEND:VCALENDAR\r\n",
		}
	}
	begin := func(p series.Pair, at time.Time, e series.Event) {
		t.Helper()
		_, err := s.Begin(ctx, reconcile.Act{At: at, Pair: p, Action: plan.Update}, &e)
		must(t, err)
	}
	begin(lee, noon.AddDate(0, 0, -91), event(0))
	for n := range 12 {
		begin(mia, noon, event(n))
		begin(mia, noon, event(n)) // the write failed, and is tried again
	}
	got, err := s.Versions(ctx, mia)
	must(t, err)
	var want []reconcile.Version
	var times []string
	for n := 11; n >= 2; n-- {
		want = append(want, reconcile.Version{At: noon, Event: event(n)})
		times = append(times, event(n).Times())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[series.Pair][]string{mia: times}, load(t, s).TimesSeen); d != "" {
		t.Error(d)
	}
	if got, err := s.Versions(ctx, lee); err != nil || len(got) != 0 {
		t.Errorf("after 91 days: %v, %v", got, err)
	}
}

func TestAllowances(t *testing.T) {
	path := file(t)
	s, later := open(t, path, noon), open(t, path, noon.Add(24*time.Hour))
	ctx := t.Context()
	check := func(s *Store, want map[string]reconcile.Allowance) {
		t.Helper()
		if d := cmp.Diff(want, load(t, s).Allowed); d != "" {
			t.Error(d)
		}
	}
	until := noon.Add(24 * time.Hour)
	must(t, s.Allow(ctx, map[string]string{"c1": "aa", "c2": "bb"}, until))
	must(t, s.Allow(ctx, map[string]string{"c2": "cc", "c3": "dd"}, until))
	check(s, map[string]reconcile.Allowance{"c1": {Digest: "aa", Until: until}, "c2": {Digest: "cc", Until: until},
		"c3": {Digest: "dd", Until: until}})
	check(later, map[string]reconcile.Allowance{})
	began := func(err error) {
		t.Helper()
		id, e := s.Begin(ctx, reconcile.Act{At: noon, Pair: mia, Action: plan.End, Change: "c1", Allowed: true}, nil)
		must(t, e)
		must(t, s.Done(ctx, id, noon, err))
	}
	began(&provider.Error{Kind: provider.Conflict, Err: errors.New("changed")})
	check(s, map[string]reconcile.Allowance{"c1": {Digest: "aa", Until: until}, "c2": {Digest: "cc", Until: until},
		"c3": {Digest: "dd", Until: until}})
	for _, err := range []error{&provider.Error{Kind: provider.Exists, Err: errors.New("there")}, nil} {
		must(t, s.Allow(ctx, map[string]string{"c1": "aa"}, until))
		began(err)
		check(s, map[string]reconcile.Allowance{"c2": {Digest: "cc", Until: until}, "c3": {Digest: "dd", Until: until}})
	}
	for _, x := range []struct{ ids, want []string }{{[]string{"c1", "c3"}, []string{"c3"}}, {nil, []string{"c2"}}, {nil,
		nil}} {
		if got, err := s.Disallow(ctx, x.ids...); err != nil || !slices.Equal(got, x.want) {
			t.Errorf("took back %v, %v, want %v", got, err, x.want)
		}
	}
	check(s, map[string]reconcile.Allowance{})
}

// What counts against the limits: what was done or may have been within the last hour, each change once, and none
// that was allowed.
func TestRecent(t *testing.T) {
	s := open(t, file(t), noon)
	for i, x := range []struct {
		change  string
		ago     time.Duration
		mails   int
		allowed bool
		err     error
	}{
		{change: "done", mails: 1},
		{change: "tried", ago: time.Minute, mails: 2, err: &provider.Error{Kind: provider.Transient,
			Err: errors.New("down")}},
		{change: "tried", mails: 2},
		{change: "lost", err: &provider.Error{Kind: provider.Conflict, Err: errors.New("changed")}},
		{change: "refused", err: &provider.Error{Kind: provider.Auth, Err: errors.New("no")}},
		{change: "found", err: &provider.Error{Kind: provider.Exists, Err: errors.New("there")}},
		{change: "allowed", allowed: true},
		{change: "old", ago: time.Hour},
		{change: "new", ago: time.Hour - time.Second},
	} {
		id, err := s.Begin(t.Context(), reconcile.Act{At: noon.Add(-x.ago), Pair: mia, Action: plan.Create, Change: x.change,
			Counts: plan.Creation,
			Mails:  x.mails, Allowed: x.allowed}, nil)
		must(t, err)
		if i > 0 { // the first one's process was killed
			must(t, s.Done(t.Context(), id, noon, x.err))
		}
	}
	want := []plan.Recent{{ID: "done", Pair: mia, Counts: plan.Creation, Mails: 1}, {ID: "new", Pair: mia,
		Counts: plan.Creation},
		{ID: "tried", Pair: mia, Counts: plan.Creation, Mails: 2}}
	m := load(t, s)
	if d := cmp.Diff(want, m.Recent); d != "" {
		t.Error(d)
	}
	if m.Writes[mia] != 2 { // since one was allowed
		t.Errorf("%d writes", m.Writes[mia])
	}
}
