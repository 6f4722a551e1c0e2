package caldav

import (
	"net/url"
	"strings"
	"testing"

	"holdfast/internal/provider/providertest"
)

func TestContractOnRealServers(t *testing.T) {
	t.Parallel()
	for _, s := range realServers(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := s.fixture("acme") // found once, as by a daemon
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				s.empty(t, "mia", "raj", "lee")
				return f
			})
		})
	}
}

// TestContractWhereHoldfastDelivers is for `scheduling: holdfast` on a server that would deliver. It has people of its
// own, so that it need not wait for the others.
func TestContractWhereHoldfastDelivers(t *testing.T) {
	t.Parallel()
	for _, s := range realServers(t) {
		if !s.schedules {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := s.cast("acme", "dan", "eva", "leo")
			f.Schedules, f.KeepsOverrides = false, false
			f.Manager.Calendar, f.Report.Calendar = s.quiet("dan"), s.quiet("eva")
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				s.empty(t, "dan", "eva", "leo")
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
	inbox := map[string]string{"cyrus": "Inbox/", "davical": ".in/"}[s.name]
	for _, part := range [][]string{{"..", inbox}, {}} {
		if len(part) > 0 && inbox == "" {
			continue
		}
		for _, user := range users {
			calendar, err := url.Parse(strings.ReplaceAll(s.calendar, "{user}", user))
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(s.options(user))
			c.trust(calendar)
			s.clear(t, c, calendar.JoinPath(part...))
		}
	}
}

// clear deletes all objects of the collection at u.
func (s server) clear(t *testing.T, c *client, u *url.URL) {
	t.Helper()
	found := &collection{url: withPath(u, u.EscapedPath())}
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
