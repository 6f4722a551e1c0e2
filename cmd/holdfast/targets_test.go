package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// roles are the people of the roster, in the order in which a team of accounts plays them.
var roles = []string{"mia", "raj", "lee"}

// target is a calendar server with people who have a certain client.
type target struct {
	name   string
	silent bool // Holdfast can write without the other being told
	blind  bool // the service account is not shown what people set to free
	keeps  bool // copies keep changed meetings that their series has lost
	real   bool // it is not in memory
	open   func(*testscript.Env) (world, error)
}

// world is what one story needs of a calendar server.
type world struct {
	office string     // the settings of the calendar "office"
	team   []string   // the ids of those who play the roles
	people []account  // them
	sent   func() int // mails that the server has sent for Holdfast; nil where nobody counts them
	// delegate sets what Google's admin lets Holdfast do; nil elsewhere.
	delegate func(scopes ...string)
}

// dav is a CalDAV server and how Holdfast and the people use it.
type dav struct {
	service bool   // Holdfast has the service account svc, else each person's own
	client  string // script of the people's client; "" for caldavtest.Person
	server  func(*testscript.Env) (server, error)
}

// server is a CalDAV server.
type server struct {
	base     string
	calendar string // URL with {user}
	account  string // the same calendar's URL for the service account
	team     []string
}

// targets are the double of Google, the CalDAV server in memory, scheduling and not, and the real ones that the environment
// names (HOLDFAST_TEST_RADICALE and HOLDFAST_TEST_CYRUS, files of KEY=VALUE lines), each with each client.
func targets(t *testing.T) []target {
	out := []target{{name: "google", silent: true, open: workspace(t)}}
	for _, scheduling := range []bool{true, false} {
		name := map[bool]string{true: "scheduling", false: "plain"}[scheduling]
		out = append(out, target{name: name, silent: !scheduling, open: dav{service: !scheduling, server: inMemory(scheduling)}.world})
	}
	clients := os.Getenv("HOLDFAST_TEST_CLIENTS")
	if clients == "" {
		clients = filepath.Join("..", "..", ".ci", "clients")
	}
	clients, err := filepath.Abs(clients)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"radicale", "cyrus"} {
		variable := "HOLDFAST_TEST_" + strings.ToUpper(name)
		path := os.Getenv(variable)
		if path == "" {
			if os.Getenv("HOLDFAST_TEST_REQUIRE") != "" {
				t.Errorf("%s names no server", variable)
			}
			continue
		}
		open, err := real(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range []string{"evolution", "caldav"} {
			out = append(out, target{name: name + "-" + client, real: true, silent: name != "cyrus", keeps: name == "cyrus",
				open: dav{service: name == "radicale", client: filepath.Join(clients, client+".py"), server: open}.world})
		}
		if name == "cyrus" {
			out = append(out, target{name: name + "-service", real: true, blind: true, keeps: true,
				open: dav{service: true, client: filepath.Join(clients, "caldav.py"), server: open}.world})
		}
	}
	return out
}

// own is the client of the people in the tests: a test server that closes closes idle connections of the default one,
// and with them requests of tests beside its own.
var own = &http.Client{Timeout: time.Minute, Transport: http.DefaultTransport.(*http.Transport).Clone()}

// inMemory is a new caldavtest server for each story.
func inMemory(scheduling bool) func(*testscript.Env) (server, error) {
	return func(env *testscript.Env) (server, error) {
		o := caldavtest.Options{Scheduling: scheduling, Users: []caldavtest.User{{Name: "svc", Password: "svc-pw", Service: true}}}
		for _, name := range roles {
			o.Users = append(o.Users, caldavtest.User{Name: name, Password: name + "-pw", Email: name + "@example.test", Zone: zone})
		}
		h := httptest.NewServer(caldavtest.New(o))
		env.Defer(h.Close)
		calendar := h.URL + "/calendars/{user}/default/"
		return server{h.URL + "/", calendar, calendar, roles}, nil
	}
}

// real is the running server that the file describes. Its teams of accounts take turns.
func real(path string) (func(*testscript.Env) (server, error), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	keys := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		k, v, _ := strings.Cut(lines.Text(), "=")
		keys[k] = v
	}
	teams := make(chan []string, 8)
	for _, team := range strings.Fields(keys["STORY_TEAMS"]) {
		teams <- strings.Split(team, ",")
	}
	if len(teams) == 0 || keys["BASE_URL"] == "" {
		return nil, fmt.Errorf("%s names no STORY_TEAMS or no BASE_URL", path)
	}
	return func(env *testscript.Env) (server, error) {
		team := <-teams
		env.Defer(func() { teams <- team })
		return server{keys["BASE_URL"], keys["DEFAULT_CALENDAR"], keys["SERVICE_CALENDAR"], team}, nil
	}, nil
}

// world is the server with the team's calendars empty, and the passwords that Holdfast needs.
func (d dav) world(env *testscript.Env) (world, error) {
	srv, err := d.server(env)
	if err != nil {
		return world{}, err
	}
	base, err := url.Parse(srv.base)
	if err != nil {
		return world{}, err
	}
	host := base.Scheme + "://" + base.Host
	w := world{team: srv.team, office: fmt.Sprintf(`{caldav: {url: %q, username: "{person.id}", password_file: "secrets/{person.id}"}}`, srv.base)}
	if d.service {
		w.office = fmt.Sprintf(`{caldav: {url: %q, username: svc, password_file: secrets/svc, calendar: %q, headers: {Schedule-Address: "mailto:{person.email}"}}}`,
			srv.base, strings.ReplaceAll(srv.account, "{user}", "{person.id}"))
	}
	for _, login := range append([]string{"svc"}, srv.team...) {
		if err := secret(env, login, login+"-pw\n"); err != nil {
			return world{}, err
		}
	}
	var people []davAccount
	for _, login := range srv.team {
		a := davAccount{client: d.client, Person: caldavtest.Person{Base: host, User: login, Password: login + "-pw", Email: login + "@example.test",
			Calendar: strings.ReplaceAll(strings.TrimPrefix(srv.calendar, host), "{user}", login), HTTP: own}}
		people, w.people = append(people, a), append(w.people, a)
	}
	return w, wipe(people)
}

// story prepares a story with the files that it has not brought itself.
func (t target) story(env *testscript.Env) (*story, error) {
	w, err := t.open(env)
	if err != nil {
		return nil, err
	}
	now, _ := series.WallClock(clock.System(), zone)
	s := &story{world: w, people: map[string]account{}, monday: now.Monday()}
	values := map[string]string{"ORG": "story-" + strconv.FormatInt(clock.System().UnixNano(), 36), "OFFICE": w.office}
	for n := range 4 {
		values[fmt.Sprintf("WEEK%d", n)] = s.monday.AddDays(7 * n).String()
	}
	for i, role := range roles {
		s.people[role], values[strings.ToUpper(role)] = w.people[i], w.team[i]
	}
	s.pair = values["MIA"] + "/" + values["RAJ"]
	for _, role := range []string{"MIA", "RAJ", "LEE"} {
		env.Setenv(role, values[role])
	}
	env.Setenv("PAIR", s.pair)
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command of a -race build lingers for a second
	for _, name := range []string{"holdfast.yaml", "roster.yaml"} {
		if _, err := os.Stat(filepath.Join(env.WorkDir, name)); err == nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("testdata", "stories", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(env.WorkDir, name), text, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	files, err := filepath.Glob(filepath.Join(env.WorkDir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, []byte(os.Expand(string(text), func(k string) string { return values[k] })), 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func secret(env *testscript.Env, name, text string) error {
	dir := filepath.Join(env.WorkDir, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}

func (s *story) ctx() context.Context { return context.Background() }

// wipe empties all calendars, without a word to the others; a scheduling server may still leave a cancelled copy with
// one whose turn is over, so it goes round.
func wipe(people []davAccount) error {
	for range 3 {
		left := 0
		for _, a := range people {
			entries, err := a.Events(context.Background())
			if err != nil {
				return err
			}
			for _, e := range entries {
				left++
				r, err := http.NewRequest(http.MethodDelete, a.Base+e.Href, nil)
				if err != nil {
					return err
				}
				r.SetBasicAuth(a.User, a.Password)
				r.Header.Set("Schedule-Reply", "F") // RFC 6638 section 8.1
				resp, err := a.HTTP.Do(r)
				if err != nil {
					return err
				}
				resp.Body.Close()
			}
		}
		if left == 0 {
			return nil
		}
	}
	return errors.New("the calendars do not get empty")
}
