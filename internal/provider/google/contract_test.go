package google_test

import (
	"runtime/debug"
	"testing"

	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// TestMain lets the collector wait: of the worlds that each test makes and leaves there is nothing worth keeping memory
// small for, and collecting them is a third of the processor time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

func TestContract(t *testing.T) {
	for name, behavior := range map[string]googletest.Behavior{
		"likely": {},
		"pages":  {PageRows: 2},
		"noop":   {NoopMovesETag: true, AnswerRaisesSequence: true, CopiesRefuseMarks: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				w := open(t, func(o *googletest.Options) { o.Behavior = behavior })
				actor := func(p series.Person) providertest.Actor {
					return providertest.Actor{Person: p, Calendar: w.calendar(p), Hands: w.Hands(p.Email)}
				}
				return providertest.Fixture{
					Manager:         actor(mia),
					Report:          actor(raj),
					Third:           lee,
					Schedules:       true,
					CancelledIsGone: true,
					KnowsOwner:      true,
					Clock:           w.now,
				}
			})
		})
	}
}
