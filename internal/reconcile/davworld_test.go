package reconcile_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/caldav/caldavtest/hands"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// davWorld is a CalDAV server that delivers nothing, without a network. Faults are those of single requests.
type davWorld struct {
	*caldavtest.Server
	now    clock.Clock
	people map[string]series.Person

	mu     sync.Mutex // held by a request, so that a fault hits it alone
	faults func(memory.Call) memory.Fault
	writes int // of Holdfast
}

func onCalDAV(q caldavtest.Quirks) func(clock.Clock) world {
	return func(now clock.Clock) world {
		return &davWorld{
			Server: caldavtest.New(caldavtest.Options{Now: now, Quirks: q}),
			now:    now,
			people: map[string]series.Person{},
		}
	}
}

const davURL = "http://dav.example.com"

func davCalendar(person string) string {
	return davURL + "/calendars/" + url.PathEscape(person) + "/default/"
}

func (w *davWorld) Home(string) string { return "dav" }

func (w *davWorld) Join(p series.Person) {
	w.people[p.ID] = p
	w.Server.Join(caldavtest.User{
		Name:        p.ID,
		Password:    "pw",
		Email:       p.Email,
		Aliases:     p.Aliases,
		DisplayName: p.Name,
		Zone:        p.Zone,
	})
}

func (w *davWorld) Calendar(person string) provider.Calendar {
	p, ok := w.people[person]
	if !ok {
		return nil
	}
	return caldav.Open(caldav.Options{
		HTTP:      &http.Client{Transport: davCaller{w, person}},
		URL:       davURL,
		Calendar:  davCalendar(person),
		Username:  person,
		Password:  func() (string, error) { return "pw", nil },
		Addresses: p.Addresses(),
		Zone:      p.Zone,
		Org:       "acme",
		Clock:     w.now,
		Log:       zerolog.Nop(),
	})
}

func (w *davWorld) Hands(person string) providertest.Hands {
	return hands.Hands{
		Calendar: davCalendar(person),
		User:     person,
		Password: "pw",
		Email:    w.people[person].Email,
		HTTP:     &http.Client{Transport: roundTripper(w.serve)},
	}
}

func (w *davWorld) SetFaults(f func(memory.Call) memory.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = f
}

func (w *davWorld) Counts() memory.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return memory.Counts{Writes: w.writes}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// serve answers as the server does.
func (w *davWorld) serve(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	a := httptest.NewRecorder()
	w.ServeHTTP(a, r)
	return a.Result(), nil
}

// davCaller makes the requests of a person's calendar.
type davCaller struct {
	w      *davWorld
	person string
}

// RoundTrip makes a request, as its fault has it. All that reads is "observe", whatever it is read for.
func (c davCaller) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := c.w
	w.mu.Lock()
	defer w.mu.Unlock()
	op := "observe"
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		op = strings.ToLower(r.Method)
	}
	fault := memory.None
	if w.faults != nil {
		fault = w.faults(memory.Call{Person: c.person, Op: op})
	}
	refused := func(status int) (*http.Response, error) {
		a := httptest.NewRecorder()
		http.Error(a, fmt.Sprint(status), status)
		return a.Result(), nil
	}
	switch fault {
	case memory.Down:
		return refused(http.StatusServiceUnavailable)
	case memory.Refused:
		return refused(http.StatusUnauthorized)
	case memory.Broken:
		return refused(http.StatusForbidden)
	case memory.Raced:
		if r.Header.Get("If-Match") != "" {
			return refused(http.StatusPreconditionFailed)
		}
	case memory.CursorLost:
		w.ForgetTokens()
	case memory.EmptyListing, memory.Vanished:
		if r.Method == http.MethodGet && fault == memory.Vanished {
			return refused(http.StatusNotFound)
		}
		w.ForgetTokens()
		w.SetQuirks(func(q *caldavtest.Quirks) { q.EmptyListing = true })
		defer w.SetQuirks(func(q *caldavtest.Quirks) { q.EmptyListing = false })
	}
	a, err := w.serve(r)
	if err == nil && op != "observe" && slices.Contains([]int{200, 201, 204}, a.StatusCode) {
		w.writes++
	}
	if fault == memory.LostAnswer {
		return nil, io.ErrUnexpectedEOF
	}
	return a, err
}
