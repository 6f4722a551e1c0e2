package reconcile_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/provider/memory"
)

// Story 28: a round is killed before or just after any of its calls, and another one finds everything as if nothing had
// happened. What is there in the end is what is there without the kill.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for name, server := range servers {
		for what, task := range tasks {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				begin := func() (*org, *journal) {
					x := newOrg(t, server)
					x.wish("mia/raj", tuesdays, nil)
					r, j := x.holdfast()
					x.once(r)
					x.now = x.now.AddDate(0, 0, 8) // the first meeting is over
					x.once(r)
					task(x)
					return x, j
				}
				x, j := begin()
				x.once(x.with(j))
				want := shown(x)
				everyKill(t, begin, func(x *org, _ int) string { return cmp.Diff(want, shown(x)) })
			})
		}
	}
}

// everyKill kills a round at each of its calls, before it and after it, lets others follow, and sees what differs then
// from how it is without the kill.
func everyKill(t *testing.T, begin func() (*org, *journal), differs func(x *org, mails int) string) {
	t.Helper()
	for n, over := 1, false; !over; n += every(9) {
		for _, lost := range []bool{false, true} {
			x, j := begin()
			before := x.world.Counts().Mails
			over = !killed(x, j, n, lost)
			r := x.with(j)
			x.once(r)
			x.once(r)
			x.quiet(r)
			if d := differs(x, x.world.Counts().Mails-before); d != "" {
				t.Fatalf("killed at call %d, its answer lost %v (-as if nothing had happened +now):\n%s", n, lost, d)
			}
		}
	}
}

// killed makes a round that ends at its n-th call of a calendar or of the journal: before it is done, or when it is
// done and nobody hears of it. It reports whether there was such a call.
func killed(x *org, j *journal, n int, lost bool) (was bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	calls := 0
	die := func() bool {
		calls++
		was = was || calls >= n
		return calls >= n
	}
	x.world.SetFaults(func(memory.Call) memory.Fault {
		if !die() {
			return memory.None
		}
		cancel()
		if lost && calls == n {
			return memory.LostAnswer
		}
		return memory.Down
	})
	j.fail = func(string) error {
		if die() {
			cancel()
			return errors.New("killed")
		}
		return nil
	}
	_, _ = x.with(j).Once(ctx) // whatever it says, nobody hears it
	x.world.SetFaults(nil)
	j.fail = nil
	return was
}

// shown is what people see in their calendars.
func shown(x *org) map[string][]string {
	out := map[string][]string{}
	for id := range x.people {
		snap := x.see(id)
		for _, e := range append(snap.Series, snap.Copies...) {
			for _, m := range e.Meetings(x.now, x.now.AddDate(0, 0, 70)) {
				if !m.Cancelled {
					out[id] = append(out[id], e.Mark.Pair.String()+" "+m.Start.UTC().Format(time.RFC3339)+" "+m.Place+" "+m.Link)
				}
			}
		}
	}
	return out
}
