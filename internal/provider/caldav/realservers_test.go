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
				s.empty(t, "mia", "raj", "lee")
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
				s.empty(t, "mia", "raj", "lee")
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

// empty deletes everything in the users' calendars, first the messages that a scheduling server left for them:
// DAViCal delivers what people's own clients write, and refuses to delete it while its message lies there.
func (s server) empty(t *testing.T, users ...string) {
	t.Helper()
	for _, box := range []string{"Inbox", "calendar"} {
		for _, user := range users {
			o := s.options(user)
			c := newClient(o)
			found, err := c.discover(t.Context(), o.withDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if box == "Inbox" {
				if s.name != "cyrus" && s.name != "davical" {
					continue
				}
				path := strings.NewReplacer("/Default/", "/Inbox/", "/calendar/", "/.in/").Replace(found.path())
				inbox, _ := resolve(found.url, path)
				found = &collection{url: inbox}
			}
			l, err := c.listAll(t.Context(), found)
			if err != nil {
				t.Fatal(err)
			}
			for path := range l.members {
				r := request{method: "DELETE", url: found.at(path), header: map[string]string{"Schedule-Reply": "F"}}
				if _, err := c.do(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
