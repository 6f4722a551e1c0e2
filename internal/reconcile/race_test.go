package reconcile_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// unready is a calendar in which creations fail, while they do.
type unready struct {
	provider.Calendar
	fails *creations
}

type creations struct {
	kind  provider.Kind
	tries int
}

func (c unready) Create(ctx context.Context, s series.Series) (series.Ref, error) {
	if c.fails == nil {
		return c.Calendar.Create(ctx, s)
	}
	c.fails.tries++
	return series.Ref{}, &provider.Error{Kind: c.fails.kind, Op: "create", Err: errors.New("no")}
}

// A replacement whose creation fails is left at that, and made whole by a later round without anybody's help: nobody is
// without a 1:1 meanwhile, whether the roster gives the pair another slot or the report another manager.
func TestReplacementWhoseCreationFails(t *testing.T) {
	for name, change := range map[string]func(x *org){
		"slot": func(x *org) { x.wish("mia/raj", "Thu 14:00 1h0m0s 1w Europe/Berlin", nil) },
		"manager": func(x *org) {
			x.wish("mia/raj", "none", nil)
			x.wish("ana/raj", "Wed 10:00 1h0m0s 1w Europe/Berlin", nil)
		},
	} {
		for why, test := range map[string]struct {
			kind   provider.Kind
			rounds int
			heals  time.Duration
		}{
			"a race was lost":       {provider.Conflict, 1, time.Minute},
			"the server was down":   {provider.Transient, 1, time.Minute},
			"and was for an hour":   {provider.Transient, 60, 7 * time.Hour},
			"it is refused at once": {provider.Permanent, 2, time.Minute},
		} {
			t.Run(name+"/"+why, func(t *testing.T) {
				x := newOrg(t, servers["delivers"])
				x.wish("mia/raj", tuesdays, nil)
				var fails *creations
				open := calendars(x)
				r := reconcile.New(reconcile.Options{Org: "acme", Roster: x.desired, Journal: newJournal(x.clock),
					Policy: x.policy, Clock: x.clock, Log: alarmed, Full: 1, Part: 2,
					Open: func(p series.Person) (provider.Calendar, error) {
						cal, err := open(p)
						return unready{cal, fails}, err
					}})
				x.once(r)
				x.now = x.now.AddDate(0, 0, 8) // it has met: it would be ended, not removed
				x.once(r)
				had := x.want
				change(x)
				wants := x.want
				fails = &creations{kind: test.kind}
				for range test.rounds {
					got := x.round(r)
					x.want = had // or nobody looks for it
					was := x.see("mia").Series
					x.want = wants
					if len(got.Applied) > 0 || len(was) != 1 || !was[0].LastDay().IsZero() {
						x.Fatalf("the old series is %+v\n%s", was, said(got))
					}
				}
				if fails.tries < min(test.rounds, 3) {
					x.Fatalf("%d tries in %d rounds", fails.tries, test.rounds)
				}
				fails = nil
				x.now = x.now.Add(test.heals)
				if got := x.once(r); len(got.Applied) != 2 {
					x.Fatalf("%s", said(got))
				}
				x.quiet(r)
				x.live(x.want[0].Pair.String())
			})
		}
	}
}
