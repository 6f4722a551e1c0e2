// Package demo does the main job with nothing to set up: a calendar server on loopback, a small company, the real daemon
// against it over HTTP, and people who move, cancel, shorten and decline.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Options of a demo.
type Options struct {
	Once  bool // tell the story once and end
	Out   io.Writer
	Clock clock.Clock
	Log   zerolog.Logger
}

// person is somebody of the sample company. Everybody's password is their name and "-demo".
type person struct{ id, name, zone, city string }

var people = []person{
	{"mia", "Mia Chen", "Europe/Berlin", "Berlin"},
	{"raj", "Raj Patel", "Asia/Kolkata", "Pune"},
	{"lee", "Lee Park", "Europe/Berlin", "Berlin"},
	{"ana", "Ana Silva", "America/New_York", "New York"},
	{"bo", "Bo Larsen", "America/New_York", "New York"},
	{"kim", "Kim Novak", "Europe/London", "London"},
}

const rosterYAML = `defaults:
  title: "1:1 {manager.name} / {report.name}"
  prep_doc: https://docs.example.com/1on1/{manager.id}-{report.id}
people:
%sone_on_ones:
  - manager: mia
    reports:
      - {report: raj, slot: Tue 10:00, place: Room Alder}
      - {report: lee, slot: Tue 14:00, duration: 30m, place: Room Birch}
      - {report: ana, slot: Wed 15:00}
  - manager: ana
    reports:
      - {report: bo, slot: Thu 10:00, place: Room 5th Ave}
      - kim
`

const settingsYAML = `org: demo
roster: [roster.yaml]
database: sqlite:holdfast.db
calendars:
  office:
    caldav:
      url: %s
      username: "{person.id}"
      password_file: secrets/{person.id}
      poll: 1s
`

// Run runs the demo until it is told, with Once, or until ctx ends. It leaves nothing behind.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "holdfast-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	server := &http.Server{Handler: calendars(o.Clock), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Close
	}()
	defer func() { err = errors.Join(err, server.Close()); <-served }()
	if err := files(dir, base); err != nil {
		return err
	}

	rounds := make(chan reconcile.Round)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	app, err := daemon.Open(ctx, daemon.Options{Config: filepath.Join(dir, "holdfast.yaml"), Clock: o.Clock, Log: o.Log, Round: func(r reconcile.Round) {
		select {
		case rounds <- r:
		case <-ctx.Done():
		}
	}})
	if err != nil {
		return err
	}
	wake := make(chan struct{})
	ran := make(chan error, 1)
	go func() { ran <- app.Run(ctx, wake) }()
	d := &demo{Options: o, base: base, rounds: rounds, wake: wake, ran: ran}
	err = d.tell(ctx)
	stopped := ctx.Err() != nil
	cancel()
	if !d.ended {
		err = errors.Join(err, <-ran)
	}
	err = errors.Join(err, app.Close())
	if stopped && errors.Is(err, context.Canceled) {
		return nil // Ctrl-C is how a demo ends
	}
	return err
}

func calendars(now clock.Clock) *caldavtest.Server {
	var users []caldavtest.User
	for _, p := range people {
		users = append(users, caldavtest.User{Name: p.id, Password: p.id + "-demo", Email: p.id + "@example.com", DisplayName: p.name, Zone: p.zone})
	}
	return caldavtest.New(caldavtest.Options{Users: users, Scheduling: true, Now: now})
}

// files writes what an admin would have written.
func files(dir, base string) error {
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		return err
	}
	who := ""
	for _, p := range people {
		who += fmt.Sprintf("  %s: {name: %s, email: %s@example.com, calendar: office, zone: %s}\n", p.id, p.name, p.id, p.zone)
		if err := os.WriteFile(filepath.Join(dir, "secrets", p.id), []byte(p.id+"-demo\n"), 0o600); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "roster.yaml"), fmt.Appendf(nil, rosterYAML, who), 0o600),
		os.WriteFile(filepath.Join(dir, "holdfast.yaml"), fmt.Appendf(nil, settingsYAML, base), 0o600))
}

// demo is one telling.
type demo struct {
	Options
	base   string
	rounds <-chan reconcile.Round
	wake   chan<- struct{}
	ran    <-chan error
	ended  bool // ran was read
	flags  map[string]drift.Flag
}

var (
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
)

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// round waits for the next round and tells what it opened, changed and closed.
func (d *demo) round(ctx context.Context) (reconcile.Round, error) {
	select {
	case r := <-d.rounds:
		d.tellRound(r)
		return r, nil
	case err := <-d.ran:
		d.ended = true
		return reconcile.Round{}, err
	case <-ctx.Done():
		return reconcile.Round{}, ctx.Err()
	}
}

func (d *demo) tellRound(r reconcile.Round) {
	for _, f := range r.Edges.Opened {
		d.say("  %s %s: %s", yellow.Render("flag opened "), bold.Render(f.Pair.String()), f.Words())
	}
	for _, f := range r.Edges.Changed {
		d.say("  %s %s: %s", yellow.Render("flag changed"), bold.Render(f.Pair.String()), f.Words())
	}
	for _, f := range r.Edges.Closed {
		d.say("  %s %s: %s", green.Render("flag closed "), bold.Render(f.Pair.String()), f.Words())
	}
	for _, c := range r.Applied {
		if !r.First {
			d.say("  %s %s: %s", green.Render("written     "), bold.Render(c.Pair.String()), firstWords(c.Why, string(c.Action)))
		}
	}
	for _, f := range r.Failures {
		d.say("  error        %v", f.Err)
	}
}

func firstWords(why []string, other string) string {
	if len(why) == 0 {
		return other
	}
	return why[0]
}

// until makes rounds until one has what is asked for, or so many have passed.
func (d *demo) until(ctx context.Context, enough func(reconcile.Round) bool) error {
	for range maxRounds {
		select {
		case d.wake <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case r := <-d.rounds:
			d.tellRound(r)
			if enough(r) {
				return nil
			}
			continue
		}
		r, err := d.round(ctx)
		if err != nil {
			return err
		}
		if enough(r) {
			return nil
		}
	}
	return errors.New("the daemon did not notice; this is a fault of the demo")
}

// maxRounds is how many rounds the daemon may take to notice something.
const maxRounds = 20

func (d *demo) person(id string) caldavtest.Person {
	return caldavtest.Person{Base: d.base, User: id, Password: id + "-demo", Email: id + "@example.com", Now: d.Clock}
}

// meeting is the pair's booking as its manager's calendar has it, and the start of the meeting so many weeks ahead.
type meeting struct {
	uid  string
	slot series.Slot
	day  series.Date
}

func (m meeting) start() time.Time { return m.slot.On(m.day) }

func (m meeting) on(day time.Weekday, at string) time.Time {
	s := m.slot
	s.Weekday = day
	s.At, _ = series.ParseTimeOfDay(at)
	return s.On(s.InWeek(m.day))
}
