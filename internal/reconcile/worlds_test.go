package reconcile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// world is a calendar server and its people.
type world interface {
	// Home is the name, in the settings, of the server that has the person's calendar.
	Home(person string) string
	// Join gives a person an empty calendar, found by the id.
	Join(series.Person)
	// Calendar is the person's as a process has it that just began; nil for somebody who has none.
	Calendar(person string) provider.Calendar
	Hands(person string) providertest.Hands
	// SetFaults asks f about each call of a calendar, or each request that calls make, from now on; nil ends all faults.
	SetFaults(f func(memory.Call) memory.Fault)
	// Counts are the writes so far, and what came of them.
	Counts() memory.Counts
}

// servers are the kinds of calendar server.
var servers = map[string]func(clock.Clock) world{
	"delivers":          inMemory(memory.Options{Schedules: true}),
	"delivers, quiet":   inMemory(memory.Options{Schedules: true, Quiet: true}),
	"holdfast delivers": inMemory(memory.Options{Quiet: true}),
	"google":            onGoogle(googletest.Options{}),
	"google, otherwise": onGoogle(googletest.Options{Behavior: googletest.Behavior{SplitDropsPrivate: true, DuplicateDropsPrivate: true,
		ExceptionsFollow: true, NoopMovesETag: true, AnswerRaisesSequence: true, CopiesRefuseMarks: true, PageRows: 2}}),
	"some at google": mixed(memory.Options{Schedules: true}),
	"caldav":         onCalDAV(caldavtest.Quirks{KeepTombstones: true, RewriteOnPut: true}),
}

type memoryWorld struct{ *memory.World }

func inMemory(o memory.Options) func(clock.Clock) world {
	return func(now clock.Clock) world {
		o := o // worlds are made side by side
		o.Clock = now
		return memoryWorld{memory.New(o)}
	}
}

func (w memoryWorld) Home(string) string { return "office" }

func (w memoryWorld) Join(p series.Person) { w.World.Join(p) }

func (w memoryWorld) Calendar(person string) provider.Calendar {
	if c := w.World.Calendar(person); c != nil {
		return c
	}
	return nil
}

func (w memoryWorld) Hands(person string) providertest.Hands { return w.World.Hands(person) }

// googleWorld is the double of Google, without a network. Faults are those of single requests.
type googleWorld struct {
	*googletest.Server
	project *google.Project
	people  map[string]series.Person

	mu     sync.Mutex
	faults func(memory.Call) memory.Fault
}

func onGoogle(o googletest.Options) func(clock.Clock) world {
	return func(now clock.Clock) world {
		o := o
		o.Clock, o.Domain = now, "example.com"
		return &googleWorld{Server: googletest.New(o), people: map[string]series.Person{},
			project: google.New(google.Options{Endpoint: "http://double", Clock: now, Budget: google.Budget{Project: 100_000_000, User: 100_000_000}})}
	}
}

func (w *googleWorld) Home(string) string { return "google" }

func (w *googleWorld) Join(p series.Person) {
	w.people[p.ID] = p
	w.AddUser(googletest.User{Email: p.Email, Aliases: p.Aliases, Name: p.Name, Zone: p.Zone})
}

func (w *googleWorld) Calendar(person string) provider.Calendar {
	p, ok := w.people[person]
	if !ok {
		return nil
	}
	c, err := w.project.Open(google.Account{Owner: p, HTTP: &http.Client{Transport: caller{w, p}}})
	if err != nil {
		panic(err) // of options that are always the same
	}
	return c
}

func (w *googleWorld) Hands(person string) providertest.Hands {
	return w.Server.Hands(w.people[person].Email)
}

func (w *googleWorld) SetFaults(f func(memory.Call) memory.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = f
}

func (w *googleWorld) Counts() memory.Counts {
	return memory.Counts{Writes: len(w.Writes()), Mails: len(w.Mails())}
}

func (w *googleWorld) fault(c memory.Call) memory.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults == nil {
		return memory.None
	}
	return w.faults(c)
}

// caller makes the requests of a person's calendar.
type caller struct {
	w *googleWorld
	p series.Person
}

// RoundTrip makes a request, as its fault has it. All that reads is "observe", whatever it is read for.
func (c caller) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	op := "observe"
	if r.Method != http.MethodGet {
		op = strings.ToLower(r.Method)
	}
	q := r.URL.Query()
	lists := strings.HasSuffix(r.URL.Path, "/events") && op == "observe" && !q.Has("iCalUID")
	fault := c.w.fault(memory.Call{Person: c.p.ID, Op: op})
	switch fault {
	case memory.Down:
		return refused(http.StatusServiceUnavailable, "backendError"), nil
	case memory.Refused:
		return refused(http.StatusUnauthorized, "authError"), nil
	case memory.Broken:
		return refused(http.StatusForbidden, "forbiddenForNonOrganizer"), nil
	case memory.Raced:
		if r.Header.Get("If-Match") != "" {
			return refused(http.StatusPreconditionFailed, "conditionNotMet"), nil
		}
	case memory.CursorLost, memory.EmptyListing, memory.Vanished:
		switch {
		case q.Has("syncToken"):
			return refused(http.StatusGone, "fullSyncRequired"), nil
		case op == "observe" && !lists && fault == memory.Vanished:
			return refused(http.StatusNotFound, "notFound"), nil
		}
	}
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	r.Header.Set("Authorization", "Bearer "+c.w.Token(c.p.Email, "holdfast", google.Scope))
	a := httptest.NewRecorder()
	c.w.ServeHTTP(a, r)
	switch {
	case fault == memory.LostAnswer:
		return nil, io.ErrUnexpectedEOF
	case lists && (fault == memory.EmptyListing || fault == memory.Vanished):
		var page map[string]any
		if err := json.Unmarshal(a.Body.Bytes(), &page); err != nil {
			return nil, err
		}
		page["items"] = []any{}
		body, err := json.Marshal(page)
		if err != nil {
			return nil, err
		}
		return answer(http.StatusOK, string(body)), nil
	}
	return a.Result(), nil
}

func answer(code int, body string) *http.Response {
	a := httptest.NewRecorder()
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(code)
	_, _ = a.WriteString(body)
	return a.Result()
}

func refused(code int, reason string) *http.Response {
	return answer(code, fmt.Sprintf(`{"error":{"code":%d,"errors":[{"domain":"global","reason":%q}]}}`, code, reason))
}

// calendars opens those of the world as one process does, which keeps what it has opened.
func calendars(x *org) func(series.Person) (provider.Calendar, error) {
	open := map[string]provider.Calendar{}
	return func(p series.Person) (provider.Calendar, error) {
		if open[p.ID] == nil {
			if open[p.ID] = x.calendar(p.ID); open[p.ID] == nil {
				return nil, errors.New("no such calendar")
			}
		}
		return open[p.ID], nil
	}
}

// mixedWorld has raj and lee at Google and the others in memory: managers and reports on either side.
type mixedWorld struct{ office, google world }

func mixed(o memory.Options) func(clock.Clock) world {
	return func(now clock.Clock) world {
		return mixedWorld{inMemory(o)(now), onGoogle(googletest.Options{})(now)}
	}
}

func (w mixedWorld) of(person string) world {
	if person == "raj" || person == "lee" {
		return w.google
	}
	return w.office
}

func (w mixedWorld) Home(person string) string                { return w.of(person).Home(person) }
func (w mixedWorld) Join(p series.Person)                     { w.of(p.ID).Join(p) }
func (w mixedWorld) Calendar(person string) provider.Calendar { return w.of(person).Calendar(person) }
func (w mixedWorld) Hands(person string) providertest.Hands   { return w.of(person).Hands(person) }

func (w mixedWorld) SetFaults(f func(memory.Call) memory.Fault) {
	var mu sync.Mutex
	one := func(c memory.Call) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		return f(c)
	}
	if f == nil {
		one = nil
	}
	w.office.SetFaults(one)
	w.google.SetFaults(one)
}

func (w mixedWorld) Counts() memory.Counts {
	a, b := w.office.Counts(), w.google.Counts()
	return memory.Counts{Writes: a.Writes + b.Writes, Deliveries: a.Deliveries + b.Deliveries, Mails: a.Mails + b.Mails}
}
