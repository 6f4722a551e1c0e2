package caldav

import (
	"strings"
	"testing"

	"holdfast/internal/provider/caldav/caldavtest"

	"github.com/google/go-cmp/cmp"
)

// findings is what Doctor says, each as "ok check" or "FAIL check".
func findings(t *testing.T, o Options) []string {
	var out []string
	for _, f := range Open(o).Doctor(t.Context()) {
		word := "FAIL "
		if f.OK {
			word = "ok "
		}
		if f.Text == "" || !f.OK && f.Hint == "" {
			t.Errorf("%s says nothing: %+v", f.Check, f)
		}
		out = append(out, word+f.Check)
	}
	return out
}

func TestDoctor(t *testing.T) {
	s, _ := mem(t, func(o *caldavtest.Options) { o.Scheduling = true })
	fine := []string{"ok reach", "ok log in", "ok calendar", "ok read", "ok write", "ok invitations"}
	for name, tc := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"well":            {func(o *Options) {}, fine},
		"service account": {func(o *Options) { s.asService(o, "mia") }, fine},
		"wrong password": {func(o *Options) { o.Password = func() (string, error) { return "x", nil } },
			[]string{"FAIL log in"}},
		"no such calendar": {func(o *Options) { o.Calendar = "/calendars/mia/none/" }, []string{"FAIL calendar"}},
		"another's":        {func(o *Options) { o.Calendar = "/calendars/raj/default/" }, []string{"FAIL calendar"}},
		"nobody there":     {func(o *Options) { o.URL = "http://127.0.0.1:1/" }, []string{"FAIL reach"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := s.options("mia")
			tc.change(&o)
			if d := cmp.Diff(tc.want, findings(t, o)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	plain, _ := mem(t, nil)
	o := plain.options("mia")
	o.Scheduling = "server"
	if got := findings(t, o); got[len(got)-1] != "FAIL invitations" {
		t.Errorf("a server that does not schedule: %v", got)
	}
	got, err := Open(plain.options("mia")).Observe(t.Context(), noSnapshot, interestOf("mia"))
	if err != nil || len(got.Snapshot().Objects) != 0 {
		t.Errorf("the doctor left %d objects behind, %v", len(got.Snapshot().Objects), err)
	}
}

// asService makes o the service account's way to the user's calendar.
func (s server) asService(o *Options, user string) {
	o.Username, o.Password = "svc", func() (string, error) { return "svc-pw", nil }
	o.Calendar = strings.ReplaceAll(s.account, "{user}", user)
	o.Headers = map[string]string{"Schedule-Address": "mailto:" + person(user).Email}
}

func TestDoctorOnRealServers(t *testing.T) {
	for _, s := range realServers(t) {
		t.Run(s.name, func(t *testing.T) {
			s.empty(t, "mia")
			o := s.options("mia")
			s.asService(&o, "mia")
			fine := []string{"ok reach", "ok log in", "ok calendar", "ok read", "ok write", "ok invitations"}
			for _, o := range []Options{s.options("mia"), o} {
				if d := cmp.Diff(fine, findings(t, o)); d != "" {
					t.Errorf("%s (-want +got):\n%s", o.Username, d)
				}
			}
			o.Password = func() (string, error) { return "wrong", nil }
			if d := cmp.Diff([]string{"FAIL log in"}, findings(t, o)); d != "" {
				t.Errorf("wrong password (-want +got):\n%s", d)
			}
		})
	}
}
