package store

import (
	"strings"
	"testing"
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
)

// What was told is asked for of some, of all, and no further back than is wanted.
func TestNoticed(t *testing.T) {
	s := open(t, file(t), noon)
	for _, id := range []string{"mia", "raj"} {
		for _, ago := range []time.Duration{0, 48 * time.Hour} {
			at := noon.Add(-ago)
			told := notify.Told{Notice: id + ago.String(), Kind: notify.Digest, Channel: "mail", At: at}
			must(t, s.Record(t.Context(), id, []notify.Told{told}, ledger.Sent{}))
		}
		_, err := s.Unsent(t.Context(), ledger.Unsent{Notice: "n", Reader: id, At: noon, Why: "broken"})
		must(t, err)
	}
	wants := func(readers []string, since time.Time, want string) {
		t.Helper()
		got, err := s.Noticed(t.Context(), readers, since)
		must(t, err)
		var out []string
		for _, x := range got.Told {
			out = append(out, x.Notice)
		}
		for _, u := range got.Unsent {
			out = append(out, u.Reader+" "+u.Why)
		}
		if strings.Join(out, ", ") != want {
			t.Errorf("%q since %v: %q", readers, since, out)
		}
	}
	day := noon.Add(-24 * time.Hour)
	wants(nil, day, "mia0s, raj0s, mia broken, raj broken")
	wants([]string{"raj"}, day, "raj0s, raj broken")
	wants([]string{"raj"}, noon.Add(-72*time.Hour), "raj0s, raj48h0m0s, raj broken")
	wants([]string{}, day, "")
}
