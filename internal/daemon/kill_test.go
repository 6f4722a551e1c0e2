package daemon

import (
	"bufio"
	"context"
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
)

// TestMain lets the test binary be the process that is killed: one round, as `holdfast sync` makes it.
func TestMain(m *testing.M) {
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
	os.Exit(m.Run())
}

// killer is a proxy before a calendar server that kills the round's process when its n-th request comes by: before the
// server sees it, or after it was carried out and before the answer.
type killer struct {
	next    http.Handler
	n       atomic.Int64 // requests until the kill; below 0: none
	after   bool
	ready   chan struct{} // closed once process is known
	process *os.Process
	writes  atomic.Int64
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		k.writes.Add(1)
	}
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

// office is a server with mia, raj and lee, and a folder with the settings for it.
func office(t *testing.T, k *killer) (config string, people map[string]caldavtest.Person) {
	people = map[string]caldavtest.Person{}
	base, calendar := "", ""
	if file := os.Getenv("HOLDFAST_TEST_RADICALE"); file != "" {
		values := keyValues(t, file)
		target, err := url.Parse(values["BASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		k.next, calendar = proxy, strings.TrimPrefix(values["DEFAULT_CALENDAR"], strings.TrimSuffix(values["BASE_URL"], "/"))
	} else {
		var users []caldavtest.User
		for _, u := range []string{"mia", "raj", "lee"} {
			users = append(users, caldavtest.User{Name: u, Password: u + "-pw", Email: u + "@example.test"})
		}
		k.next, calendar = caldavtest.New(caldavtest.Options{Users: users}), "/calendars/{user}/default/"
	}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	base = server.URL
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range []string{"mia", "raj", "lee"} {
		write(u, u+"-pw")
		people[u] = caldavtest.Person{Base: base, User: u, Password: u + "-pw", Email: u + "@example.test", Calendar: strings.ReplaceAll(calendar, "{user}", u)}
	}
	write("holdfast.yaml", fmt.Sprintf("org: %s\nroster: [roster.yaml]\ndatabase: sqlite:holdfast.db\ncalendars:\n  office:\n    caldav: {url: %s, username: \"{person.id}\", password_file: \"{person.id}\", calendar: %q}\n",
		"kill", base, strings.ReplaceAll(calendar, "{user}", "{person.id}")))
	write("roster.yaml", `people:
  mia: {name: Mia, email: mia@example.test, calendar: office, zone: Europe/Berlin}
  raj: {name: Raj, email: raj@example.test, calendar: office}
  lee: {name: Lee, email: lee@example.test, calendar: office}
one_on_ones:
  - manager: mia
    reports: [{report: raj, slot: Tue 10:00}, {report: lee, slot: Wed 10:00}]
`)
	return filepath.Join(dir, "holdfast.yaml"), people
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

// wipe empties everybody's calendar of what an earlier try left.
func wipe(t *testing.T, people map[string]caldavtest.Person) {
	for _, p := range people {
		events, err := p.Events(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := p.Delete(t.Context(), e.UID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A round that is killed at any of its requests, and made again, leaves each pair with one series and one copy, and then has
// nothing left to write (story 28).
func TestKilledAtAnyRequest(t *testing.T) {
	for _, after := range []bool{false, true} {
		finished := false
		for n := int64(1); !finished; n++ {
			k := &killer{after: after}
			config, people := office(t, k)
			wipe(t, people)
			finished = !runKilled(t, k, config, n)
			if err := runRound(k, config); err != nil {
				t.Fatalf("killed at request %d: the next round: %v", n, err)
			}
			for who, want := range map[string]int{"mia": 2, "raj": 1, "lee": 1} {
				events, err := people[who].Events(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(events) != want {
					t.Fatalf("killed at request %d (after: %v): %s has %d events, want %d", n, after, who, len(events), want)
				}
			}
			before := k.writes.Load()
			if err := runRound(k, config); err != nil {
				t.Fatal(err)
			}
			if wrote := k.writes.Load() - before; wrote != 0 {
				t.Fatalf("killed at request %d (after: %v): the second round wrote %d times", n, after, wrote)
			}
			if n > 500 {
				t.Fatal("the round never ended")
			}
		}
	}
}

func command(config string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOLDFAST_TEST_ROUND="+config, "GORACE=atexit_sleep_ms=0") // a -race build lingers else
	return cmd
}

// runKilled makes a round that is killed at its n-th request; it reports whether it was.
func runKilled(t *testing.T, k *killer, config string, n int64) bool {
	cmd := command(config)
	k.ready = make(chan struct{})
	k.n.Store(n)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k.process = cmd.Process
	close(k.ready)
	_ = cmd.Wait() // killed, or done
	return k.n.Swap(-1) <= 0
}

func runRound(k *killer, config string) error {
	k.n.Store(-1)
	if out, err := command(config).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
