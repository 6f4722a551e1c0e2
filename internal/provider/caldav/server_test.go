package caldav

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/caldav/caldavtest/hands"
	"holdfast/internal/series"

	"github.com/rs/zerolog"
)

// server is a CalDAV server with the users mia, raj, lee and svc.
type server struct {
	name      string
	base      string
	calendar  string // with {user}
	account   string // the same calendar's for the service account
	schedules bool
	service   bool // Holdfast has the service account

	configured bool // the calendar is named in the settings
}

// realServers are those that the environment names: HOLDFAST_TEST_<NAME> is a file of KEY=VALUE lines.
func realServers(t *testing.T) []server {
	var out []server
	for _, name := range []string{"RADICALE", "CYRUS", "DAVICAL"} {
		path := os.Getenv("HOLDFAST_TEST_" + name)
		if path == "" {
			if os.Getenv("HOLDFAST_TEST_REQUIRE") != "" {
				t.Errorf("HOLDFAST_TEST_%s names no file", name)
			}
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s := server{name: strings.ToLower(name)}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			switch k, v, _ := strings.Cut(lines.Text(), "="); k {
			case "BASE_URL":
				s.base = v
			case "DEFAULT_CALENDAR":
				s.calendar = v
			case "SERVICE_CALENDAR":
				s.account = v
			}
		}
		if s.base == "" || s.calendar == "" {
			t.Fatalf("%s: no BASE_URL or no DEFAULT_CALENDAR", path)
		}
		s.schedules = name == "CYRUS" // what DAViCal has of it is not used
		out = append(out, s)
	}
	if len(out) == 0 && !t.Failed() {
		t.Skip("no real CalDAV server: .ci/servers starts them, HOLDFAST_TEST_RADICALE, _CYRUS and _DAVICAL name " +
			"their files, and .ci/run fails without them")
	}
	return out
}

func person(id string) series.Person {
	return series.Person{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Email: id + "@example.test", Zone: "Europe/Berlin"}
}

var testNow = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// own is the client of the tests: a test server that closes closes idle connections of the default one, and with them
// requests of tests beside its own.
var own = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}

// options are those of the user's own calendar, found by discovery.
func (s server) options(user string) Options {
	calendar := ""
	if s.configured {
		calendar = strings.ReplaceAll(s.calendar, "{user}", user)
	}
	return Options{URL: s.base, Calendar: calendar, Username: user, HTTP: own,
		Password:  func() (string, error) { return user + "-pw", nil },
		Addresses: person(user).Addresses(), Zone: person(user).Zone, Org: "acme",
		Clock: func() time.Time { return testNow }, Log: zerolog.Nop()}
}

// mem starts the server in memory.
func mem(t *testing.T, change func(*caldavtest.Options)) (server, *caldavtest.Server) {
	return memBehind(t, change, func(h http.Handler) http.Handler { return h })
}

// memBehind starts it behind something that stands between it and its clients.
func memBehind(t *testing.T, change func(*caldavtest.Options), proxy func(http.Handler) http.Handler) (server, *caldavtest.Server) {
	o := caldavtest.Options{Now: func() time.Time { return testNow }}
	for _, id := range []string{"mia", "raj", "lee", "svc"} {
		o.Users = append(o.Users, caldavtest.User{Name: id, Password: id + "-pw", Email: id + "@example.test", Zone: "Europe/Berlin", Service: id == "svc"})
	}
	if change != nil {
		change(&o)
	}
	s := caldavtest.New(o)
	h := httptest.NewServer(proxy(s))
	t.Cleanup(h.Close)
	calendar := h.URL + "/calendars/{user}/default/"
	return server{name: "memory", base: h.URL + "/", calendar: calendar, account: calendar, schedules: o.Scheduling}, s
}

func plain(t *testing.T, change func(*caldavtest.Options)) server {
	s, _ := mem(t, change)
	return s
}

func scheduling(t *testing.T, change func(*caldavtest.Options)) server {
	return plain(t, func(o *caldavtest.Options) {
		o.Scheduling = true
		change(o)
	})
}

// likeCyrus gives Holdfast a service account, which reaches others' calendars as on Cyrus.
func likeCyrus(t *testing.T, change func(*caldavtest.Options)) server {
	s := scheduling(t, func(o *caldavtest.Options) {
		o.Quirks = caldavtest.Quirks{NoETagOnPut: true, AtUnencodedInHref: true, CancelKeepsCopy: true, Redirect301ForOthers: true}
		change(o)
	})
	s.service, s.account = true, strings.Replace(s.calendar, "{user}/default/", "svc/{user}.default/", 1)
	return s
}

func (s server) hands(id string) hands.Hands {
	calendar := strings.ReplaceAll(s.calendar, "{user}", id)
	h := hands.Hands{
		Calendar: calendar,
		User:     id,
		Password: id + "-pw",
		Email:    person(id).Email,
		HTTP:     own,
	}
	if s.name == "davical" {
		h.Agent = []string{"CLIENT"} // it refuses a second guest that it would deliver to, on a series with an override
	}
	return h
}
