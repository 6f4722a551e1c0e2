package caldav

import (
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/providertest"
)

func (s server) fixture(org string) providertest.Fixture {
	actor := func(id string) providertest.Actor {
		o := s.options(id)
		o.Org = org
		return providertest.Actor{Person: person(id), Calendar: Open(o), Hands: s.hands(id)}
	}
	return providertest.Fixture{Manager: actor("mia"), Report: actor("raj"), Third: person("lee"), Org: org,
		Schedules: s.schedules, Clock: clock.Clock(func() time.Time { return testNow })}
}

func TestContractInMemory(t *testing.T) {
	for name, change := range map[string]func(*caldavtest.Options){
		"plain":      nil,
		"scheduling": func(o *caldavtest.Options) { o.Scheduling = true },
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				s, _ := mem(t, change)
				return s.fixture("acme")
			})
		})
	}
}
