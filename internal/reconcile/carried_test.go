package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What people put on a series goes with the one that takes its place, wherever a round is killed on the way and
// whatever the roster changes: slot, length or frequency. Nobody is mailed more for it than without the kill.
func TestReplacedWithoutLoss(t *testing.T) {
	t.Parallel()
	for name, server := range servers {
		for _, line := range []string{
			"Wed 15:00 1h0m0s 1w Europe/Berlin",
			"Tue 10:00 30m0s 1w Europe/Berlin",
			"Tue 10:00 1h0m0s 2w Europe/Berlin",
		} {
			t.Run(name+"/"+line, func(t *testing.T) {
				t.Parallel()
				begin := func() (*org, *journal) {
					x := newOrg(t, server)
					x.wish("mia/raj", tuesdays, nil)
					r, j := x.holdfast()
					x.once(r)
					if strings.HasPrefix(line, "Wed") { // else it has not met yet, and is removed
						x.now = x.now.AddDate(0, 0, 8)
						x.once(r)
					}
					e, h := x.see("mia").Series[0], x.world.Hands("mia")
					at := func(week int) time.Time { return e.Slot().On(e.First().AddDays(7 * week)) }
					x.must(h.Retitle(e.ID, time.Time{}, "Coffee"))
					x.must(h.Note(e.ID, "bring the numbers"))
					x.must(h.Cancel(e.ID, at(4)))
					x.must(h.Move(e.ID, at(2), at(2).Add(26*time.Hour)))
					x.once(r)
					x.wish("mia/raj", line, nil)
					return x, j
				}
				x, j := begin()
				before := x.world.Counts().Mails
				x.once(x.with(j))
				want, mails := carried(x), x.world.Counts().Mails-before
				if len(want) != 3 || !strings.HasSuffix(want[0], "Coffee noted true") {
					t.Fatalf("carried over: %q", want)
				}
				everyKill(t, begin, func(x *org, got int) string {
					if got > mails {
						return fmt.Sprintf("%d mails, else %d", got, mails)
					}
					return cmp.Diff(want, carried(x))
				})
			})
		}
	}
}

// carried is what the live series of mia's show of what people put there.
func carried(x *org) []string {
	var out []string
	for _, e := range x.see("mia").Series {
		if e.Ended(x.now.AddDate(0, 0, 10)) {
			continue
		}
		noted, err := x.world.Hands("mia").Noted(e.ID, "bring the numbers")
		x.must(err)
		out = append(out, fmt.Sprintf("%s %s noted %v", e.Slot().Line(), e.Title, noted))
		for _, t := range e.Excluded {
			out = append(out, "without "+t.UTC().Format(time.RFC3339))
		}
		for _, o := range e.Overrides {
			out = append(out, fmt.Sprintf("%s now %s for %s", o.Original.UTC(), o.Start.UTC(), o.Duration))
		}
	}
	return out
}
