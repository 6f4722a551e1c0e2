package caldav

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiscoverRealServers(t *testing.T) {
	for _, s := range realServers(t) {
		t.Run(s.name, func(t *testing.T) {
			for _, user := range []string{"mia", "raj"} {
				cal, err := Open(s.options(user)).calendar(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.ReplaceAll(s.calendar, "{user}", user), cal.url.String()); diff != "" {
					t.Errorf("%s: want -, got +\n%s", user, diff)
				}
				t.Logf("%+v", cal)
			}
		})
	}
}
