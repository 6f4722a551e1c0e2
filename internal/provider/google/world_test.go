package google_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

var (
	mia = series.Person{ID: "mia", Name: "Mia Chen", Email: "mia@example.com", Aliases: []string{"mia.chen@example.com"}, Zone: "Europe/Berlin"}
	raj = series.Person{ID: "raj", Name: "Raj Patel", Email: "raj@example.com", Zone: "Asia/Kolkata"}
	lee = series.Person{ID: "lee", Name: "Lee Park", Email: "lee@example.com", Zone: "America/New_York"}
)

// begin is a Tuesday in Berlin's winter.
var begin = time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)

// world is a Google with people, and a clock that tests move.
type world struct {
	*googletest.Server
	t       testing.TB
	at      time.Time
	project *google.Project
}

func (w *world) now() time.Time { return w.at }

// open makes a world; change may change what Google is like.
func open(t testing.TB, change ...func(*googletest.Options)) *world {
	t.Helper()
	w := &world{t: t, at: begin}
	o := googletest.Options{Clock: w.now, Users: []googletest.User{
		{Email: mia.Email, Aliases: mia.Aliases, Name: mia.Name, Zone: mia.Zone},
		{Email: raj.Email, Name: raj.Name, Zone: raj.Zone},
		{Email: lee.Email, Name: lee.Name, Zone: lee.Zone},
		{Email: "alder@resource.example.com", Name: "Room Alder", Zone: mia.Zone, Room: true},
	}}
	for _, f := range change {
		f(&o)
	}
	w.Server = googletest.New(o)
	srv := httptest.NewServer(conditional(t, googletest.Strict(t, w.Server)))
	t.Cleanup(srv.Close)
	w.SetBase(srv.URL)
	w.project = google.New(google.Options{Endpoint: srv.URL + "/", Clock: w.now, Budget: google.Budget{Project: 1_000_000, User: 1_000_000}})
	return w
}

// conditional sees that Holdfast's own client changes and deletes events only in a version that it names, and replaces
// none.
func conditional(t testing.TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.UserAgent(), "google-api-go-client") {
			change := r.Method == http.MethodPatch || r.Method == http.MethodDelete
			if etag := r.Header.Get("If-Match"); r.Method == http.MethodPut || change && (etag == "" || etag == "*") {
				t.Errorf("%s of an event with If-Match %q", r.Method, etag)
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// transport is that of all clients of the tests: a test server that closes closes idle connections of the default one,
// and with them requests of tests beside its own.
var transport = http.DefaultTransport.(*http.Transport).Clone()

// bearer signs requests with one token.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return transport.RoundTrip(r)
}

// as is an HTTP client that is signed in as the person.
func (w *world) as(p series.Person) *http.Client {
	return &http.Client{Transport: bearer(w.Token(p.Email, "holdfast", google.Scope))}
}

// calendar is the person's, as Holdfast sees it.
func (w *world) calendar(p series.Person) *google.Calendar {
	w.t.Helper()
	c, err := w.project.Open(google.Account{Owner: p, HTTP: w.as(p)})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

var pair = series.Pair{Manager: mia.ID, Report: raj.ID}

// interest is what is looked for on the person's calendar.
func interest(p series.Person) provider.Interest {
	return provider.Interest{Org: "acme", Owner: p.Addresses(), Pairs: []provider.InterestPair{
		{Pair: pair, Manager: mia.Addresses(), Report: raj.Addresses(), Title: wish().Title}}}
}

var tuesdays = series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}

// wish is the series of the tests; it begins next week.
func wish() series.Series {
	return series.Series{Org: "acme", Pair: pair, Manager: mia, Report: raj, Slot: tuesdays, Line: tuesdays.Line(), Title: "1:1 Mia / Raj",
		Place: "Room Alder", Link: "https://docs.example.com/d/abc", Private: true, Generation: 1, First: series.Date{Year: 2026, Month: time.December, Day: 1}}
}

// day is the day of the n-th occurrence, from 0; start is when it begins.
func day(n int) series.Date { return wish().First.AddDays(7 * n) }
func start(n int) time.Time { return tuesdays.On(day(n)) }

// look observes the calendar from where last left off.
func (w *world) look(c provider.Calendar, p series.Person, last series.Snapshot) series.Snapshot {
	w.t.Helper()
	s, err := providertest.Observe(context.Background(), c, last, interest(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) ctx() context.Context { return context.Background() }

// send does something with an event on the person's calendar, as their own client does; path is "" or that of an event.
func (w *world) send(p series.Person, method, path, body string) error {
	r, err := http.NewRequest(method, w.Base()+"/calendar/v3/calendars/primary/events"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := w.as(p).Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(a.Body)
		return fmt.Errorf("%s: %s", a.Status, text)
	}
	return nil
}

// handled answers requests without a network.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	a := httptest.NewRecorder()
	if r = r.Clone(r.Context()); r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	h.ServeHTTP(a, r)
	return a.Result(), nil
}

// inside is an HTTP client that is signed in as the person and needs no network.
func (w *world) inside(p series.Person) *http.Client {
	token := w.Token(p.Email, "holdfast", google.Scope)
	return &http.Client{Transport: handled{http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		w.ServeHTTP(rw, r)
	})}}
}

// inProcess is the person's calendar without a network.
func (w *world) inProcess(p series.Person) *google.Calendar {
	c, err := w.project.Open(google.Account{Owner: p, HTTP: w.inside(p)})
	w.must(err)
	return c
}

// booked takes a series that was there for one that was booked: the answer of its Create was lost.
func booked(ref series.Ref, err error) (series.Ref, error) {
	if provider.KindOf(err) == provider.Exists {
		return ref, nil
	}
	return ref, err
}
