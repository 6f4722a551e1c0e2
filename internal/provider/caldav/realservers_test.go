package caldav

import (
	"strings"
	"testing"

	"holdfast/internal/provider/providertest"
)

func TestContractOnRealServers(t *testing.T) {
	for _, s := range realServers(t) {
		t.Run(s.name, func(t *testing.T) {
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				for _, user := range []string{"mia", "raj", "lee"} {
					s.empty(t, user)
				}
				return s.fixture("acme")
			})
		})
	}
}

// TestContractWhereHoldfastDelivers is for `scheduling: holdfast` on a server that would deliver.
func TestContractWhereHoldfastDelivers(t *testing.T) {
	for _, s := range realServers(t) {
		if !s.schedules {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				for _, user := range []string{"mia", "raj", "lee"} {
					s.empty(t, user)
				}
				f := s.fixture("acme")
				f.Schedules, f.KeepsOverrides = false, false
				f.Manager.Calendar, f.Report.Calendar = s.quiet("mia"), s.quiet("raj")
				return f
			})
		})
	}
}

// quiet is the user's calendar under the setting that Holdfast delivers.
func (s server) quiet(user string) *Calendar {
	o := s.options(user)
	o.Scheduling = "holdfast"
	return Open(o)
}

// empty deletes everything in the user's calendar, and the messages that a scheduling server left.
func (s server) empty(t *testing.T, user string) {
	t.Helper()
	o := s.options(user)
	c := newClient(o)
	found, err := c.discover(t.Context(), o.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	boxes := []*collection{found}
	if s.schedules {
		inbox, _ := resolve(found.url, strings.Replace(found.path(), "/Default/", "/Inbox/", 1))
		boxes = append(boxes, &collection{url: inbox})
	}
	for _, box := range boxes {
		l, err := c.listAll(t.Context(), box)
		if err != nil {
			t.Fatal(err)
		}
		for path := range l.members {
			if _, err := c.do(t.Context(), request{method: "DELETE", url: box.at(path), header: map[string]string{"Schedule-Reply": "F"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
