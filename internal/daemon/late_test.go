package daemon

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/reconcile"
)

// slowTo is a server that lets the requests of some people wait until it has seen a write of another.
type slowTo struct {
	http.Handler
	waits func(user string) bool
	once  sync.Once
	wrote chan struct{} // closed at the first write of somebody who need not wait
	mu    sync.Mutex
	puts  []string
}

func (s *slowTo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	if s.waits(user) {
		select {
		case <-s.wrote:
		case <-r.Context().Done():
			return
		}
	}
	s.Handler.ServeHTTP(w, r)
	if r.Method == http.MethodPut {
		s.mu.Lock()
		s.puts = append(s.puts, user)
		s.mu.Unlock()
		if !s.waits(user) {
			s.once.Do(func() { close(s.wrote) })
		}
	}
}

// overTheWire sends all requests to a listener.
type overTheWire struct{ host string }

func (o overTheWire) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = o.host
	return http.DefaultTransport.RoundTrip(r)
}

// Calendars that are not answered for keep nobody waiting but their own pairs: the others are written, and only then do
// these requests get their answer. One round of a command takes both in, as do two of the daemon.
func TestHangingCalendar(t *testing.T) {
	for name, waits := range map[string][]string{
		"one":                         {"p00"},
		"a report":                    {"p01"},
		"as many as are read at once": {"p00", "p01", "p02", "p03", "p04", "p05", "p06", "p07"},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, time.November, 30, 6, 0, 0, 0, time.UTC)
			_, a, _ := branch(t, 12, func() time.Time { return now })
			var users []caldavtest.User
			for i := range 12 {
				id := fmt.Sprintf("p%02d", i)
				users = append(users, caldavtest.User{Name: id, Password: "pw", Email: id + "@example.com", Zone: "Europe/Berlin"})
			}
			s := &slowTo{Handler: caldavtest.New(caldavtest.Options{Users: users, Scheduling: true,
				Now: func() time.Time { return now }}), wrote: make(chan struct{}),
				waits: func(user string) bool { return slices.Contains(waits, user) }}
			listener := httptest.NewServer(s)
			t.Cleanup(listener.Close)
			a.http.Transport = overTheWire{strings.TrimPrefix(listener.URL, "http://")}
			a.Reconciler.Patience = Patience
			r, err := a.Reconciler.Complete(t.Context())
			if err != nil || len(r.Failures) > 0 || len(r.Late) > 0 || len(r.Applied) != 6 || len(r.Plan.Held) > 0 {
				t.Fatalf("%v, %d applied, failures %v, late %v", err, len(r.Applied), r.Failures, r.Late)
			}
			if first := s.puts[0]; slices.Contains(waits, first) {
				t.Errorf("%s wrote first", first)
			}
			for _, st := range r.Statuses(nil) {
				if st.State != reconcile.OnSlot {
					t.Errorf("%s is %s", st.Pair, st.State)
				}
			}
			if r, err := a.Reconciler.Complete(t.Context()); err != nil || len(r.Applied) > 0 || len(r.Failures) > 0 {
				t.Errorf("%v, another round did %v, failures %v", err, r.Applied, r.Failures)
			}
		})
	}
}
