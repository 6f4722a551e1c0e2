package daemon

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/provider/caldav/caldavtest"
)

const (
	// fleetEnv makes the test binary a calendar server: pairs and the unix time that its clock shows.
	fleetEnv = "HOLDFAST_TEST_FLEET"
	// fleetPassword is everybody's: what reading a thousand files costs is no part of a round.
	fleetPassword = "fleet-pw"
)

// employ calls with everybody of an org of so many pairs, each manager before their reports; a manager's report is -1.
func employ(pairs int, each func(id string, manager, report int)) {
	for n := range pairs {
		if n%reports == 0 {
			each(fmt.Sprint("m", n/reports), n/reports, -1)
		}
		each(fmt.Sprint("r", n), n/reports, n)
	}
}

// fleet is the calendar server of an org: one caldavtest.Server for each manager and their reports, told apart by who
// logs in. Those of one whole org would spend their time on searching it for addresses, one request after another.
type fleet map[string]*caldavtest.Server

func (f fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	if s := f[user]; s != nil {
		s.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="calendars"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// newFleet makes the server. Everybody has ten single events and three weekly ones, none of them where a 1:1 is to be.
func newFleet(pairs int, now time.Time) (fleet, error) {
	f, team := fleet{}, (*caldavtest.Server)(nil)
	var err error
	employ(pairs, func(id string, _, report int) {
		if report < 0 {
			team = caldavtest.New(caldavtest.Options{Scheduling: true, Now: func() time.Time { return now }})
		}
		team.Join(caldavtest.User{Name: id, Password: fleetPassword, Email: id + "@example.com", Zone: "Europe/Berlin"})
		f[id] = team
		err = errors.Join(err, f.occupy(id, now))
	})
	return f, err
}

// occupy puts a person's other events into their calendar.
func (f fleet) occupy(id string, now time.Time) error {
	day := now.UTC().Truncate(24 * time.Hour)
	for n := range 13 {
		start, rule := day.AddDate(0, 0, 3*n+1).Add(14*time.Hour), ""
		if n >= 10 {
			start, rule = day.AddDate(0, 0, n-17).Add(15*time.Hour), "RRULE:FREQ=WEEKLY\r\n"
		}
		const stamp = "20060102T150405Z"
		text := fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//app//EN\r\nBEGIN:VEVENT\r\n"+
			"UID:%s-%d@example.com\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDURATION:PT45M\r\n%sSUMMARY:Something %[2]d\r\n"+
			"END:VEVENT\r\nEND:VCALENDAR\r\n", id, n, now.UTC().Format(stamp), start.Format(stamp), rule)
		w, path := httptest.NewRecorder(), fmt.Sprintf("/calendars/%s/default/other-%d.ics", id, n)
		r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(text))
		r.SetBasicAuth(id, fleetPassword)
		r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
		if f.ServeHTTP(w, r); w.Code != http.StatusCreated {
			return fmt.Errorf("PUT %s is answered %d: %s", path, w.Code, w.Body)
		}
	}
	return nil
}

// serveFleet is the process of a fleet: it prints its address and serves until its input ends.
func serveFleet(what string) error {
	var pairs int
	var now int64
	if _, err := fmt.Sscan(what, &pairs, &now); err != nil {
		return fmt.Errorf("%s=%q: %w", fleetEnv, what, err)
	}
	f, err := newFleet(pairs, time.Unix(now, 0))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server, served := &http.Server{Handler: f}, make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	err = errors.Join(err, server.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// startFleet starts a fleet's process and returns its address. It ends with the benchmark, or when stop is called.
func startFleet(b *testing.B, pairs int, now time.Time) (address string, stop func()) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), fmt.Sprintf("%s=%d %d", fleetEnv, pairs, now.Unix())), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error("the fleet: ", err)
		}
	})
	b.Cleanup(stop)
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal("the fleet gives no address: ", err)
	}
	return strings.TrimSpace(address), stop
}
