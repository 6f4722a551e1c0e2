package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/provider/caldav/caldavtest"
)

// unsteady is a server that answers some requests so and some otherwise once it is out.
type unsteady struct {
	http.RoundTripper
	out atomic.Bool
	n   atomic.Int64
}

// RoundTrip refuses the connection, from a port that is another each time, is unavailable, or does not answer in time.
func (u *unsteady) RoundTrip(r *http.Request) (*http.Response, error) {
	if !u.out.Load() {
		return u.RoundTripper.RoundTrip(r)
	}
	n := int(u.n.Add(1))
	here := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 30_000 + n%30_000}
	there := &net.TCPAddr{IP: net.IPv4(10, 9, 8, 7), Port: 443}
	switch n % 3 {
	case 0:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Source: here, Addr: there,
			Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case 1:
		return nil, &net.OpError{Op: "read", Net: "tcp", Source: here, Addr: there, Err: os.ErrDeadlineExceeded}
	}
	return handled{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, fmt.Sprintf("from %v", here), http.StatusServiceUnavailable)
	})}.RoundTrip(r)
}

// branch is a company of so many people, two to a pair, on one server, and the program for it with its log.
func branch(t *testing.T, people int, now func() time.Time) (*unsteady, *App, *bytes.Buffer) {
	return branchThat(t, people, now, "", nil)
}

// branchThat is branch with more settings, and with what people are told by.
func branchThat(t *testing.T, people int, now func() time.Time, settings string, senders map[string]channel.Sender) (
	*unsteady, *App, *bytes.Buffer) {
	var users []caldavtest.User
	var roster, ones bytes.Buffer
	for i := range people {
		id := fmt.Sprintf("p%02d", i)
		users = append(users, caldavtest.User{Name: id, Password: "pw", Email: id + "@example.com", Zone: "Europe/Berlin"})
		fmt.Fprintf(&roster, "  %s: {name: %[1]s, email: %[1]s@example.com, calendar: office, zone: Europe/Berlin}\n", id)
		if i%2 == 1 {
			fmt.Fprintf(&ones, "  - {manager: p%02d, reports: [{report: %s, slot: Tue 10:00}]}\n", i-1, id)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"roster.yaml": "people:\n" + roster.String() + "one_on_ones:\n" + ones.String(),
		"password":    "pw",
		"holdfast.yaml": `{org: acme, roster: [roster.yaml], database: "sqlite:holdfast.db",
			policy: {max_creations: {count: 100, percent: 100}},
			calendars: {office: {caldav: {url: "http://dav.test/", username: "{person.id}", password_file: password,
				calendar: "/calendars/{person.id}/default/"}}}` + settings + `}`, // else its host is looked up
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	a, err := Open(t.Context(), Options{Config: filepath.Join(dir, "holdfast.yaml"), Clock: now, Senders: senders,
		Log: zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.InfoLevel)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	u := &unsteady{RoundTripper: handled{caldavtest.New(caldavtest.Options{Users: users, Scheduling: true, Now: now})}}
	a.http.Transport = u
	return u, a, &log
}

// A server that is out for half a day, in several ways at once, is a few lines in the log of the day: that each cause
// began, and that it ended.
func TestOutageOfADay(t *testing.T) {
	long(t)
	now := time.Date(2026, time.November, 30, 6, 0, 0, 0, time.UTC)
	u, a, log := branch(t, 52, func() time.Time { return now })
	reason := "start"
	for hour := 0.0; hour < 24; hour += 1. / 12 {
		u.out.Store(hour >= 1 && hour < 13)
		if err := a.Round(t.Context(), reason); err != nil {
			t.Fatal(err)
		}
		now, reason = now.Add(5*time.Minute), "poll"
	}
	text := log.String()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) >= 100 {
		t.Errorf("%d lines, the last:\n%s", len(lines), strings.Join(lines[len(lines)-30:], "\n"))
	}
	for _, private := range []string{"10.1.2.3", "10.9.8.7", "@example.com", "dav.test"} {
		if strings.Contains(text, private) {
			t.Errorf("the log has %s:\n%s", private, text)
		}
	}
	struck := map[string][]string{}
	for _, line := range lines {
		var l struct {
			Message, Where, Cause string
			Count                 int
			First                 []string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if event, ok := strings.CutPrefix(l.Message, "outage "); ok {
			struck[l.Cause] = append(struck[l.Cause], event)
			if l.Where != "office" || l.Count == 0 || len(l.First) == 0 || len(l.First) > 3 {
				t.Errorf("%s", line)
			}
		}
	}
	for _, cause := range []string{"the connection is refused", "the server does not answer in time",
		"the server answered 503 Service Unavailable"} {
		if e := struck[cause]; len(e) < 2 || e[0] != "began" && e[0] != "changed" || e[len(e)-1] != "ended" {
			t.Errorf("%s: %v", cause, e)
		}
		delete(struck, cause)
	}
	if len(struck) > 0 {
		t.Errorf("also %v", struck)
	}
}

// A roster that cannot be used, and a journal that cannot be written, are told of when they begin, when they are so for
// another reason, and when they end, however many rounds there are in between.
func TestOutagesOfTheDaemon(t *testing.T) {
	now := time.Date(2026, time.November, 30, 6, 0, 0, 0, time.UTC)
	_, a, log := branch(t, 2, func() time.Time { return now })
	rounds := func(n int) {
		for range n {
			if err := a.Round(t.Context(), "poll"); err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Minute)
		}
	}
	said := func() (out []string) {
		for line := range strings.Lines(log.String()) {
			if i := strings.Index(line, `"message":"outage `); i > 0 {
				out = append(out, strings.TrimSuffix(line[i+len(`"message":"outage `):], "\"}\n"))
			}
		}
		log.Reset()
		return out
	}
	expect := func(want ...string) {
		t.Helper()
		if got := said(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	roster := filepath.Join(a.Settings.Dir, "roster.yaml")
	good, err := os.ReadFile(roster)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(roster, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rounds(5)
	expect()
	write("people: [mia]\n")
	rounds(5)
	expect("began")
	write(string(good) + "\nmore: true\n")
	rounds(5)
	expect("changed")
	write(string(good))
	rounds(5)
	expect("ended")
	for range 5 {
		a.trouble("queue", errors.New("database or disk is full"))
	}
	expect("began")
	rounds(2)
	expect("ended")
}
