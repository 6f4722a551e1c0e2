package caldav

import (
	"flag"
	"runtime/debug"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/providertest"
)

// TestMain lets the collector wait: of the worlds that each test makes and leaves there is nothing worth keeping memory
// small for, and collecting them is a third of the processor time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	// Those on real servers wait for them.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	m.Run()
}

func (s server) fixture(org string) providertest.Fixture { return s.cast(org, "mia", "raj", "lee") }

// cast is the fixture with these in the roles.
func (s server) cast(org, manager, report, third string) providertest.Fixture {
	actor := func(id string) providertest.Actor {
		o := s.options(id)
		o.Org = org
		return providertest.Actor{Person: person(id), Calendar: Open(o), Hands: s.hands(id)}
	}
	return providertest.Fixture{
		Manager:        actor(manager),
		Report:         actor(report),
		Third:          person(third),
		Org:            org,
		Schedules:      s.schedules,
		KeepsOverrides: s.name == "cyrus",
		KnowsOwner:     s.name == "memory",
		Slow:           s.name != "memory",
		Clock:          clock.Clock(func() time.Time { return testNow }),
	}
}

// TestContractInMemory holds against a good server, with and without scheduling, and against the bad habits of real
// ones.
func TestContractInMemory(t *testing.T) {
	t.Parallel()
	habits := func(change func(*caldavtest.Quirks)) func(*caldavtest.Options) {
		return func(o *caldavtest.Options) { change(&o.Quirks) }
	}
	for name, change := range map[string]func(*caldavtest.Options){
		"plain":      nil,
		"scheduling": func(o *caldavtest.Options) { o.Scheduling = true },
		"like Xandikos": habits(func(q *caldavtest.Quirks) {
			q.TokenUnknownIs500, q.WrapErrorsIn207, q.RewriteOnPut = true, true, true
		}),
		"like DAViCal": habits(func(q *caldavtest.Quirks) {
			q.TokenUnknownIsFullListing, q.MultigetOmitsMissing, q.IgnoreIfMatch = true, true, true
		}),
		"like SOGo": habits(func(q *caldavtest.Quirks) {
			q.IgnoreIfNoneMatch, q.IgnoreIfMatch, q.AtUnencodedInHref, q.TokenUnknownIsFullListing, q.RewriteOnPut = true, true, true, true, true
		}),
		"like Cyrus": func(o *caldavtest.Options) {
			o.Scheduling = true
			o.Quirks = caldavtest.Quirks{NoETagOnPut: true, AtUnencodedInHref: true, CancelKeepsCopy: true, MaxResults: 1}
		},
		"like Radicale":  habits(func(q *caldavtest.Quirks) { q.KeepTombstones, q.RewriteOnPut = true, true }),
		"behind a proxy": habits(func(q *caldavtest.Quirks) { q.WeakETags = true }),
	} {
		if testing.Short() && name != "plain" && name != "scheduling" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				s, _ := mem(t, change)
				return s.fixture("acme")
			})
		})
	}
}
