package google_test

import (
	"context"
	"testing"

	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// undelivered is a calendar as a pair has it whose other half is on another kind of calendar: no server brings anything
// from one to the other.
type undelivered struct{ provider.Calendar }

func (u undelivered) Observe(ctx context.Context, last series.Snapshot, in provider.Interest) (series.Snapshot, error) {
	s, err := u.Calendar.Observe(ctx, last, in)
	s.Schedules = false
	return s, err
}

// The whole contract for a pair of whom one is on Google and the other elsewhere: Holdfast brings invitation and answers.
func TestMixedPairs(t *testing.T) {
	actors := func(w *world) (onGoogle, elsewhere func(series.Person) providertest.Actor) {
		m := memory.New(memory.Options{Clock: w.now, Quiet: true})
		return func(p series.Person) providertest.Actor {
				return providertest.Actor{Person: p, Calendar: undelivered{w.calendar(p)}, Hands: w.Hands(p.Email)}
			}, func(p series.Person) providertest.Actor {
				return providertest.Actor{Person: p, Calendar: m.Join(p), Hands: m.Hands(p.ID)}
			}
	}
	outside := raj
	outside.Email = "raj@elsewhere.test"
	t.Run("manager-on-google", func(t *testing.T) {
		providertest.Run(t, func(t *testing.T) providertest.Fixture {
			w := open(t)
			onGoogle, elsewhere := actors(w)
			t.Cleanup(func() {
				if n := len(w.Mails()); n > 0 {
					t.Errorf("%d mails by Google, though Holdfast brings the invitation: %+v", n, w.Mails())
				}
			})
			return providertest.Fixture{Manager: onGoogle(mia), Report: elsewhere(outside), Third: lee, CancelledIsGone: true, Mixed: true, Clock: w.now}
		})
	})
	t.Run("report-on-google", func(t *testing.T) {
		providertest.Run(t, func(t *testing.T) providertest.Fixture {
			w := open(t)
			onGoogle, elsewhere := actors(w)
			boss := mia
			boss.Email, boss.Aliases = "mia@elsewhere.test", nil
			return providertest.Fixture{Manager: elsewhere(boss), Report: onGoogle(raj), Third: lee, Mixed: true, Clock: w.now}
		})
	})
}
