package daemon

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
)

// TestMain lets the test binary be the process that is killed: one round, as `holdfast sync` makes it; or the calendar
// server, the readers or the watchers of a benchmark.
func TestMain(m *testing.M) {
	if what := os.Getenv(fleetEnv); what != "" {
		if err := serveFleet(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(readersEnv) != "" {
		if err := serveReaders(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(watchersEnv) != "" {
		if err := serveWatchers(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if config := os.Getenv(mailEnv); config != "" {
		if err := sendMails(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if config := os.Getenv("HOLDFAST_TEST_ROUND"); config != "" {
		app, err := Open(context.Background(), Options{Config: config, Clock: clock.System, Log: zerolog.Nop()})
		if err == nil {
			_, err = app.Reconciler.Once(context.Background())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Those that run side by side wait for servers, for Google's quota and for processes, not for the processor.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// long leaves a test out of a short run: it makes every round of a simulated day, which is 5 to 20 s of CPU time, and
// fewer rounds would not be what it counts.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out whole days of rounds: go test ./... has them, and so has .ci/run")
	}
}

// every is the step between the instants at which a fault is put: 1, in a short run n.
func every(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}

// killer is a proxy before a calendar server that kills the round's process when its n-th request comes by: before the
// server sees it, or after it was carried out and before the answer.
type killer struct {
	next    http.Handler
	n       atomic.Int64 // requests until the kill; below 0: none
	after   bool
	ready   chan struct{} // closed once process is known
	process *os.Process
	writes  func() int // that were carried out
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.n.Add(-1) != 0 {
		k.next.ServeHTTP(w, r)
		return
	}
	if k.after {
		k.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	<-k.ready
	_ = k.process.Kill()
	panic(http.ErrAbortHandler)
}

// office is a calendar server with dan, eva and leo, whom no other test uses, behind a killer.
type office struct {
	killer
	url    string
	config string // in a folder with all that Holdfast needs
	events func(who string) int
	mails  func() int // that were sent; nil where nobody counts them
}

var staff = []string{"dan", "eva", "leo"}

// offices are the kinds of server.
var offices = map[string]func(*testing.T, *office) (settings string){"caldav": onCalDAV, "google": onGoogle}

func open(t *testing.T, kind func(*testing.T, *office) string) *office {
	o := &office{}
	server := httptest.NewServer(&o.killer)
	t.Cleanup(server.Close)
	o.n.Store(-1)
	o.url, o.config = server.URL, filepath.Join(t.TempDir(), "holdfast.yaml")
	o.write(t, "holdfast.yaml", fmt.Sprintf("org: kill\nroster: [roster.yaml]\ndatabase: sqlite:holdfast.db\ncalendars: {office: %s}\n", kind(t, o)))
	o.write(t, "roster.yaml", `people:
  dan: {name: Dan, email: dan@example.test, calendar: office, zone: Europe/Berlin}
  eva: {name: Eva, email: eva@example.test, calendar: office}
  leo: {name: Leo, email: leo@example.test, calendar: office}
one_on_ones:
  - manager: dan
    reports: [{report: eva, slot: Tue 10:00}, {report: leo, slot: Wed 10:00}]
`)
	return o
}

func (o *office) write(t *testing.T, name, text string) {
	if err := os.WriteFile(filepath.Join(filepath.Dir(o.config), name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// onGoogle is the double, with a service account.
func onGoogle(t *testing.T, o *office) string {
	const account = "holdfast@project.iam.gserviceaccount.com"
	options := googletest.Options{Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{google.Scope}}}}
	for _, u := range staff {
		options.Users = append(options.Users, googletest.User{Email: u + "@example.test", Zone: "Europe/Berlin"})
	}
	s := googletest.New(options)
	s.SetBase(o.url)
	o.next, o.writes, o.mails = googletest.Strict(t, s), func() int { return len(s.Writes()) }, func() int { return len(s.Mails()) }
	o.events = func(who string) int { return len(s.Hands(who + "@example.test").Series()) }
	o.write(t, "key.json", string(s.ServiceAccountJSON(account)))
	return fmt.Sprintf("{google: {service_account_file: key.json, endpoint: %s}}", o.url)
}

// writing counts the requests that write.
type writing struct {
	http.Handler
	n atomic.Int64
}

func (c *writing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		c.n.Add(1)
	}
	c.Handler.ServeHTTP(w, r)
}

// onCalDAV is Radicale where the environment names one, else the server in memory.
func onCalDAV(t *testing.T, o *office) string {
	var server http.Handler
	calendar := "/calendars/{user}/default/"
	if file := os.Getenv("HOLDFAST_TEST_RADICALE"); file != "" {
		values := keyValues(t, file)
		target, err := url.Parse(values["BASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.Transport = own.Transport
		server, calendar = proxy, strings.TrimPrefix(values["DEFAULT_CALENDAR"], strings.TrimSuffix(values["BASE_URL"], "/"))
	} else {
		var users []caldavtest.User
		for _, u := range staff {
			users = append(users, caldavtest.User{Name: u, Password: u + "-pw", Email: u + "@example.test"})
		}
		server = caldavtest.New(caldavtest.Options{Users: users})
	}
	counted := &writing{Handler: server}
	o.next, o.writes = counted, func() int { return int(counted.n.Load()) }
	entries := func(who string) (caldavtest.Person, []caldavtest.Entry) {
		p := caldavtest.Person{Base: o.url, User: who, Password: who + "-pw", Email: who + "@example.test",
			HTTP: own, Calendar: strings.ReplaceAll(calendar, "{user}", who)}
		found, err := p.Events(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p, found
	}
	o.events = func(who string) int {
		_, found := entries(who)
		return len(found)
	}
	for _, u := range staff {
		o.write(t, u, u+"-pw")
		p, old := entries(u) // of an earlier try
		for _, e := range old {
			if err := p.Delete(t.Context(), e.UID); err != nil {
				t.Fatal(err)
			}
		}
	}
	return fmt.Sprintf("{caldav: {url: %s, username: \"{person.id}\", password_file: \"{person.id}\", calendar: %q}}", o.url, strings.ReplaceAll(calendar, "{user}", "{person.id}"))
}

func keyValues(t *testing.T, file string) map[string]string {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), "="); ok {
			out[k] = v
		}
	}
	return out
}

// A round that is killed at any of its requests, and made again, leaves each pair with one series, one copy and one
// invitation, and then has nothing left to write (story 28).
func TestKilledAtAnyRequest(t *testing.T) {
	t.Parallel()
	for name, kind := range offices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []bool{false, true} {
				finished := false
				for n := int64(1); !finished; n += int64(every(17)) {
					o := open(t, kind)
					o.after = after
					finished = !o.runKilled(t, n)
					o.run(t)
					for who, want := range map[string]int{"dan": 2, "eva": 1, "leo": 1} {
						if have := o.events(who); have != want {
							t.Fatalf("killed at request %d (after: %v): %s has %d events, want %d", n, after, who, have, want)
						}
					}
					if o.mails != nil && o.mails() != 2 {
						t.Fatalf("killed at request %d (after: %v): %d mails", n, after, o.mails())
					}
					before := o.writes()
					o.run(t)
					if wrote := o.writes() - before; wrote != 0 {
						t.Fatalf("killed at request %d (after: %v): the second round wrote %d times", n, after, wrote)
					}
					if n > 500 {
						t.Fatal("the round never ended")
					}
				}
			}
		})
	}
}

func command(config string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOLDFAST_TEST_ROUND="+config, "GORACE=atexit_sleep_ms=0") // a -race build lingers else
	return cmd
}

// runKilled makes a round that is killed at its n-th request; it reports whether it was.
func (o *office) runKilled(t *testing.T, n int64) bool {
	cmd := command(o.config)
	o.ready = make(chan struct{})
	o.n.Store(n)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o.process = cmd.Process
	close(o.ready)
	_ = cmd.Wait() // killed, or done
	return o.n.Swap(-1) <= 0
}

// run makes a round.
func (o *office) run(t *testing.T) {
	t.Helper()
	if out, err := command(o.config).CombinedOutput(); err != nil {
		t.Fatalf("a round: %v: %s", err, out)
	}
}
