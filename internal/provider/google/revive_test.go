package google_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// What Google has forgotten comes back as the next generation, since it gives no id twice, with all that it had; also where the
// answer to the first try is lost. People are told once.
func TestRevivedAfterItIsForgotten(t *testing.T) {
	for n := range 4 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := open(t)
			c := w.calendar(mia)
			last, e := w.booked()
			w.must(w.Hands(mia.Email).Move(e.ID, start(8), start(8).Add(time.Hour)))
			w.must(w.Hands(mia.Email).Note(e.ID, "bring the numbers"))
			e = w.look(c, mia, last).Series[0]
			w.must(w.Hands(mia.Email).Delete(e.ID))
			w.at = w.at.Add(40 * 24 * time.Hour)
			c = w.calendar(mia) // signed in anew
			w.Reset()
			w.FailNth("", n, googletest.Fault{DropAfterCommit: true})
			ref, err := c.Revive(w.ctx(), e)
			if err != nil {
				ref, err = c.Revive(w.ctx(), e)
			}
			w.must(err)
			w.SetFaults(googletest.Faults{})
			s := w.look(c, mia, series.Snapshot{})
			if len(s.Series) != 1 || s.Series[0].Ref != ref || w.mailed() != 1 {
				t.Fatalf("%d series, answered %v, %d mails", len(s.Series), ref, w.mailed())
			}
			now := s.Series[0]
			if m := now.Mark; m.Generation != e.Mark.Generation+1 || m.Pair != e.Mark.Pair || !now.Derived || now.Times() != e.Times() || len(now.Overrides) != len(e.Overrides) {
				t.Errorf("generation %d of %s, %s instead of %s", m.Generation, m.Pair, now.Times(), e.Times())
			}
			if strings.Count(now.Raw, "bring the numbers") < 2 { // in the description and in a property of their own
				t.Error("a person's note is lost")
			}
		})
	}
}
