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

func (u undelivered) Observe(ctx context.Context, last series.Packed, in provider.Interest) (series.Packed, error) {
	p, err := u.Calendar.Observe(ctx, last, in)
	s := p.Snapshot()
	s.Schedules = false
	return series.Pack(s), err
}

// The whole contract for a pair of whom one is on Google and the other elsewhere: Holdfast brings invitation and
// answers.
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

// A guest whom the organizer's program lists twice is one guest here, and the copy is then as it should be.
func TestDeliverGuestListedTwice(t *testing.T) {
	w := open(t)
	boss := mia
	boss.Email, boss.Aliases = "mia@elsewhere.test", nil
	m := memory.New(memory.Options{Clock: w.now})
	s := wish()
	s.Manager, s.ClientDelivers = boss, true
	ref, err := m.Join(boss).Create(w.ctx(), s)
	w.must(err)
	for range 2 {
		w.must(m.Hands(boss.ID).AddGuest(ref.ID, "zoe@elsewhere.test"))
	}
	in := interest(raj)
	in.Pairs[0].Manager = boss.Addresses()
	theirs := in
	theirs.Owner = boss.Addresses()
	e, err := providertest.Observe(w.ctx(), m.Calendar(boss.ID), series.Snapshot{}, theirs)
	w.must(err)
	if len(e.Series) != 1 || len(e.Series[0].Guests) != 3 {
		t.Fatalf("%d series", len(e.Series))
	}
	c := w.calendar(raj)
	_, err = c.Deliver(w.ctx(), series.Ref{}, e.Series[0], raj.Email)
	w.must(err)
	seen, err := providertest.Observe(w.ctx(), c, series.Snapshot{}, in)
	w.must(err)
	if len(seen.Copies) != 1 || len(seen.Copies[0].Guests) != 2 {
		t.Fatalf("%d copies", len(seen.Copies))
	}
	w.Reset()
	_, err = c.Deliver(w.ctx(), seen.Copies[0].Ref, e.Series[0], raj.Email)
	w.must(err)
	if n := len(w.Writes()); n != 0 {
		t.Errorf("%d writes more when all was done", n)
	}
}
