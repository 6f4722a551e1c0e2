package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
)

// toldKeys are the keys of what the reader was told, as Facts has it.
func toldKeys(t *testing.T, s *Store, reader string, now time.Time) (keys []string) {
	t.Helper()
	f, err := s.Facts(t.Context(), reader, now)
	must(t, err)
	for _, x := range f.Told {
		keys = append(keys, x.Notice+" "+x.Key)
	}
	return keys
}

// A flag that closed is known until its end was told, to whom it was told and to nobody else.
func TestFactsOfClosedFlags(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	f := flag(mia, 1, "30m0s")
	must(t, s.Commit(ctx, reconcile.Record{At: noon, Open: []drift.Flag{f}, Edges: drift.Edges{Opened: []drift.Flag{f}}}))
	must(t, s.Record(ctx, "raj", []notify.Told{{Notice: "n1", Kind: notify.News, At: noon, Key: f.ID(), State: "x"}},
		ledger.Sent{}))
	must(t, s.Commit(ctx, reconcile.Record{At: noon, Edges: drift.Edges{Closed: []drift.Flag{f}}}))
	flags := func(reader string, want int) {
		t.Helper()
		got, err := s.Facts(ctx, reader, noon.AddDate(1, 0, 0))
		must(t, err)
		if len(got.Flags) != want {
			t.Errorf("%s: %+v", reader, got.Flags)
		}
	}
	flags("raj", 1)
	flags("mia", 0)
	must(t, s.Record(ctx, "raj", []notify.Told{{Notice: "n2", Kind: notify.News, At: noon, Key: f.ID(), State: "closed"}},
		ledger.Sent{}))
	flags("raj", 0)
}

// Of what was told long ago the last of each matter, kind and thread is known; pruning leaves the last of each kind,
// from which ids go on, and those of what still stands.
func TestLastTold(t *testing.T) {
	path := file(t)
	s, ctx := open(t, path, noon), t.Context()
	must(t, s.SetMatters(ctx, []notify.Matter{{Key: "outage|x", Kind: notify.Outage}}, nil))
	for i, x := range []notify.Told{
		{Kind: notify.News, Key: "outage|x", Thread: "a"},
		{Kind: notify.News, Key: "k1", Thread: "b"},
		{Kind: notify.Digest, Thread: "c"},
		{Kind: notify.News, Key: "k2", Thread: "a"},
		{Kind: notify.News, Key: "k1", Thread: "a"},
	} {
		x.Notice, x.At = fmt.Sprint("n", i), noon
		must(t, s.Record(ctx, "raj", []notify.Told{x}, ledger.Sent{}))
	}
	late := noon.AddDate(3, 0, 0)
	if d := cmp.Diff([]string{"n0 outage|x", "n1 k1", "n2 ", "n3 k2", "n4 k1"}, toldKeys(t, s, "raj", late)); d != "" {
		t.Error(d)
	}
	_, err := open(t, path, late).Prune(ctx)
	must(t, err)
	if d := cmp.Diff([]string{"n0 outage|x", "n2 ", "n4 k1"}, toldKeys(t, s, "raj", late)); d != "" {
		t.Error(d)
	}
}

// Who is renamed keeps what they were told, and the troubles of reaching them.
func TestRenameNotices(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	p := mia.String()
	must(t, s.SetMatters(ctx, []notify.Matter{
		{Key: "unreached|raj", Kind: notify.Unreached, Says: "raj"},
		{Key: "outage|office|auth|refused", Kind: notify.Outage, Owners: []string{"raja", "raj", "lee"}},
		{Key: "state|" + p, Kind: notify.State, Pair: mia},
	}, nil))
	must(t, s.Record(ctx, "raj", []notify.Told{{Notice: "n1", At: noon, Pair: mia, Key: "lost|" + p}}, ledger.Sent{}))
	must(t, s.Record(ctx, "admins:x", []notify.Told{{Notice: "n2", At: noon, Key: "unreached|raj"}}, ledger.Sent{}))
	for range 2 {
		must(t, s.Rename(ctx, "raj", "rajesh"))
	}
	got, err := s.Matters(ctx)
	must(t, err)
	if _, ok := got["unreached|rajesh"]; !ok || got["state|mia/rajesh"].Pair.Report != "rajesh" || len(got) != 3 {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff([]string{"raja", "rajesh", "lee"}, got["outage|office|auth|refused"].Owners); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"n1 lost|mia/rajesh"}, toldKeys(t, s, "rajesh", noon)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"n2 unreached|rajesh"}, toldKeys(t, s, "admins:x", noon)); d != "" {
		t.Error(d)
	}
}

// A notice is unsent since its first try, over a night too; not since one of days ago, nor since a time to come.
func TestUnsentSince(t *testing.T) {
	s := open(t, file(t), noon)
	for _, x := range []struct{ at, since time.Duration }{{0, 0}, {time.Hour, 0}, {16 * time.Hour, 0},
		{50 * time.Hour, 50 * time.Hour}, {51 * time.Hour, 50 * time.Hour}, {-time.Hour, -time.Hour}} {
		since, err := s.Unsent(t.Context(), ledger.Unsent{Notice: "n", Reader: "raj", At: noon.Add(x.at), Why: "transient"})
		must(t, err)
		if !since.Equal(noon.Add(x.since)) {
			t.Errorf("at %v since %v", x.at, since.Sub(noon))
		}
	}
}

// A link is used once, by whichever of two comes first.
func TestUseLink(t *testing.T) {
	s, ctx := open(t, file(t), noon), t.Context()
	for i, want := range []bool{false, true, true} {
		if before, err := s.LinkUsed(ctx, "d"); err != nil || before != want {
			t.Errorf("%d: known as used: %v, %v", i, before, err)
		}
		if used, err := s.UseLink(ctx, "d", noon); err != nil || used != want {
			t.Errorf("%d: used %v, %v", i, used, err)
		}
	}
}
