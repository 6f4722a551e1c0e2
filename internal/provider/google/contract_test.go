package google_test

import (
	"testing"

	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

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
