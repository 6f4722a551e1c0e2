package daemon

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/reconcile"
)

// slowTo is a server that lets the requests of some people, or their writes only, wait until it has seen a write of
// another.
type slowTo struct {
	http.Handler
	waits  func(user string) bool
	writes bool
	once   sync.Once
	wrote  chan struct{} // closed at the first write of somebody who need not wait
	left   chan string   // those who wait no longer
	mu     sync.Mutex
	puts   []string
}

func (s *slowTo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	if s.waits(user) && (r.Method == http.MethodPut || !s.writes) {
		body, err := io.ReadAll(r.Body) // else the server does not notice that the client has gone
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-s.wrote:
		case <-r.Context().Done():
			s.left <- user
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

// own is the client of the tests that run side by side: a test server that closes closes idle connections of the
// default one, and with them requests of tests beside its own.
var own = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}

// overTheWire sends all requests to a listener.
type overTheWire struct{ host string }

func (o overTheWire) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = o.host
	return own.Transport.RoundTrip(r)
}

// Calendars that are not answered for keep nobody waiting but their own pairs: the others are written, and only then do
// these requests get their answer. One round of a command takes both in, as do two of the daemon.
func TestHangingCalendar(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string][]string{
		"one":                         {"p00"},
		"a report":                    {"p01"},
		"as many as are read at once": {"p00", "p01", "p02", "p03", "p04", "p05", "p06", "p07"},
		"one, to write to":            {"p00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, s := slowBranch(t, waits)
			s.writes = name == "one, to write to"
			r, err := a.Reconciler.Complete(t.Context())
			if err != nil || len(r.Failures) > 0 || len(r.Late) > 0 || len(r.Applied) != 6 || len(r.Plan.Held) > 0 {
				t.Fatalf("%v, %d applied, failures %v, late %v", err, len(r.Applied), r.Failures, r.Late)
			}
			if first := s.puts[0]; slices.Contains(waits, first) {
				t.Errorf("%s wrote first", first)
			}
			onSlot(t, r)
			if r, err := a.Reconciler.Complete(t.Context()); err != nil || len(r.Applied) > 0 || len(r.Failures) > 0 {
				t.Errorf("%v, another round did %v, failures %v", err, r.Applied, r.Failures)
			}
		})
	}
}

// A write that is never answered keeps nobody waiting but its own pair. It is made as soon as it can be: by the next
// round, or by the server, which may come to it after all.
func TestHangingWrite(t *testing.T) {
	t.Parallel()
	a, s := slowBranch(t, []string{"p00"})
	s.writes = true
	s.once.Do(func() {}) // nothing lets them go on
	a.Reconciler.Patience = Patience / 10
	r, err := a.Reconciler.Complete(t.Context())
	if err != nil || len(r.Failures) != 1 || len(r.Applied) != 5 {
		t.Fatalf("%v, %d applied, failures %v", err, len(r.Applied), r.Failures)
	}
	f := r.Failures[0]
	told := strings.Contains(f.Err.Error(), "the server does not answer in time") && f.Hint != ""
	if f.Pair.Manager != "p00" || provider.KindOf(f.Err) != provider.Transient || !told {
		t.Errorf("%s: %v", f.Pair, f.Err)
	}
	<-s.left
	close(s.wrote)
	r, err = a.Reconciler.Complete(t.Context())
	if err != nil || len(r.Applied) > 1 || len(r.Failures) > 0 {
		t.Errorf("%v, then %v, failures %v", err, r.Applied, r.Failures)
	}
	onSlot(t, r)
}

func onSlot(t *testing.T, r reconcile.Round) {
	t.Helper()
	for _, st := range r.Statuses(nil) {
		if st.State != reconcile.OnSlot {
			t.Errorf("%s is %s", st.Pair, st.State)
		}
	}
}

// slowBranch is twelve people in six pairs whose server lets those of waits wait.
func slowBranch(t *testing.T, waits []string) (*App, *slowTo) {
	t.Helper()
	now := time.Date(2026, time.November, 30, 6, 0, 0, 0, time.UTC)
	_, a, _ := branch(t, 12, func() time.Time { return now })
	var users []caldavtest.User
	for i := range 12 {
		id := fmt.Sprintf("p%02d", i)
		users = append(users, caldavtest.User{
			Name:     id,
			Password: "pw",
			Email:    id + "@example.com",
			Zone:     "Europe/Berlin",
		})
	}
	o := caldavtest.Options{Users: users, Scheduling: true, Now: func() time.Time { return now }}
	s := &slowTo{
		Handler: caldavtest.New(o),
		wrote:   make(chan struct{}),
		left:    make(chan string, len(users)),
		waits:   func(user string) bool { return slices.Contains(waits, user) },
	}
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	a.http.Transport = overTheWire{strings.TrimPrefix(listener.URL, "http://")}
	a.Reconciler.Patience = Patience
	return a, s
}
