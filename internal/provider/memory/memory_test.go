package memory_test

import (
	"testing"
	"time"

	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

var (
	mia = series.Person{ID: "mia", Name: "Mia Chen", Email: "mia@example.com", Aliases: []string{"mia.chen@example.com"}, Zone: "Europe/Berlin"}
	raj = series.Person{ID: "raj", Name: "Raj Patel", Email: "raj@example.com", Zone: "America/New_York"}
	lee = series.Person{ID: "lee", Name: "Lee Park", Email: "lee@example.com", Zone: "Asia/Kolkata"}
)

// now is a Sunday in Berlin's winter.
var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func still() time.Time { return now }

func TestContract(t *testing.T) {
	for name, opts := range map[string]memory.Options{
		"scheduling":       {Schedules: true},
		"scheduling-quiet": {Schedules: true, Quiet: true},
		"plain":            {Quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, func(*testing.T) providertest.Fixture {
				opts.Clock = still
				w := memory.New(opts)
				actor := func(p series.Person) providertest.Actor {
					return providertest.Actor{Person: p, Calendar: w.Join(p), Hands: w.Hands(p.ID)}
				}
				return providertest.Fixture{
					Manager:    actor(mia),
					Report:     actor(raj),
					Third:      lee,
					Schedules:  opts.Schedules,
					KnowsOwner: true,
					Clock:      still,
				}
			})
		})
	}
}
