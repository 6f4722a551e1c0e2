package store

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

func TestChannels(t *testing.T) {
	s := open(t, file(t), noon)
	a := provider.Channel{ID: "a", Owner: series.Person{ID: "mia", Email: "mia@example.com", Calendar: "google"}, Address: "https://holdfast.example.com/google/push",
		Token: sha256.Sum256([]byte("x")), Opened: noon}
	b := a
	b.ID, b.Owner.ID, b.Resource, b.Expires, b.Heard = "b", "raj", "r", noon.Add(time.Hour), noon.Add(time.Minute)
	for _, c := range []provider.Channel{b, {ID: "a"}, a} {
		must(t, s.SetChannel(t.Context(), c))
	}
	wants := func(person string, want ...provider.Channel) {
		t.Helper()
		got, err := s.Channels(t.Context(), person)
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	wants("", a, b)
	wants("mia", a)
	wants("lee")
	must(t, s.Rename(t.Context(), "raj", "raja"))
	b.Owner.ID = "raja"
	wants("raja", b)
	if got, ok, err := s.Channel(t.Context(), "b"); err != nil || !ok || cmp.Diff(b, got) != "" {
		t.Errorf("%v, %v, %s", ok, err, cmp.Diff(b, got))
	}
	must(t, s.DeleteChannel(t.Context(), "b"))
	must(t, s.DeleteChannel(t.Context(), "b"))
	if _, ok, err := s.Channel(t.Context(), "b"); err != nil || ok {
		t.Errorf("deleted, and yet: %v, %v", ok, err)
	}
	wants("", a)
}
