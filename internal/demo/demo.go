// Package demo does the main job with nothing to set up: a calendar server or a stand-in for Google on loopback, a
// small company, the real daemon against it over HTTP, people who move, cancel, shorten and decline, and the messages
// that they get.
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
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"holdfast/internal/channel"
	"holdfast/internal/daemon"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// Options of a demo.
type Options struct {
	Once   bool // tell the story once and end
	Google bool // on the stand-in for Google, not on the calendar server
	Out    io.Writer
	// Command is how a shell starts the program: "holdfast".
	Command string
	Daemon  daemon.Options // clock and log; the demo fills in the rest
	// After is time.After, for the pauses between what people do. nil: they make none.
	After func(time.Duration) <-chan time.Time
}

// person is somebody of the sample company.
type person struct{ id, name, zone, hours string }

// first is what the others call them.
func (p person) first() string {
	first, _, _ := strings.Cut(p.name, " ")
	return first
}

// All of them are at work when the demo's clock begins; see begins.
var people = []person{
	{"mia", "Mia Chen", "Europe/Berlin", "09:00-17:30"},
	{"raj", "Raj Patel", "Asia/Kolkata", "11:00-20:00"},
	{"lee", "Lee Park", "Europe/Berlin", "09:00-17:30"},
	{"ana", "Ana Silva", "America/New_York", "08:00-17:00"},
	{"bo", "Bo Larsen", "America/New_York", "08:00-17:00"},
	{"kim", "Kim Novak", "Europe/London", "09:00-18:00"},
}

const rosterYAML = `defaults:
  title: "1:1 {manager.name} / {report.name}"
  prep_doc: https://docs.example.com/1on1/{manager.id}-{report.id}
people:
%sone_on_ones:
  - manager: mia
    reports:
      - {report: raj, slot: Tue 10:00, place: %s}
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
notify:
  mail: {smtp: smtp://127.0.0.1:25, from: Holdfast <holdfast@example.com>}  # the demo keeps what would be sent
web: {url: %[1]s, metrics_listen: off, admins: [it@example.com]}
calendars:
  office:%[2]s`

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
	open := onCalDAV
	if o.Google {
		open = onGoogle
	}
	o.Daemon.Listener, err = net.Listen("tcp", "127.0.0.1:0") // the daemon closes it
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	office := open("http://"+listener.Addr().String(), o.Daemon.Clock)
	ahead := newAhead(o.Daemon.Clock)
	o.Daemon.Clock = ahead.now
	d := &demo{
		Options: o,
		office:  office,
		ahead:   ahead,
		dir:     dir,
		rounds:  make(chan reconcile.Round),
		letters: make(chan letter),
		wake:    make(chan struct{}),
		ran:     make(chan error, 1),
		held:    map[series.Pair]string{},
		last:    map[string]letter{},
		unread:  map[string]int{},
	}
	server := &http.Server{Handler: d.office, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Close
	}()
	defer func() { err = errors.Join(err, server.Close()); <-served }()
	if err := d.files(); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Daemon.Config = filepath.Join(dir, "holdfast.yaml")
	o.Daemon.Round = func(r reconcile.Round) {
		select {
		case d.rounds <- r:
		case <-ctx.Done():
		}
	}
	o.Daemon.Senders = map[string]channel.Sender{"mail": &post{dir: d.outbox(), letters: d.letters, over: ctx.Done()}}
	o.Daemon.Pages = d.pages
	app, err := daemon.Open(ctx, o.Daemon)
	if err != nil {
		return err
	}
	go func() { d.ran <- app.Run(ctx, d.wake) }()
	err = d.tell(ctx)
	stopped := ctx.Err() != nil
	cancel()
	if !d.ended {
		err = errors.Join(err, <-d.ran)
	}
	err = errors.Join(err, app.Close())
	if stopped && errors.Is(err, context.Canceled) { // Ctrl-C is how a demo ends
		d.say("\nThat was the demo. Nothing of it is left on this machine.")
		err = nil
	}
	return err
}

// files writes what an admin would have written.
func (d *demo) files() error {
	for _, dir := range []string{filepath.Join(d.dir, "secrets"), d.outbox()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	for name, text := range d.secrets {
		if err := os.WriteFile(filepath.Join(d.dir, "secrets", name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	d.web = "http://" + d.Daemon.Listener.Addr().String()
	settings := fmt.Appendf(nil, settingsYAML, d.web, d.settings)
	return errors.Join(d.roster("Room Alder"), os.WriteFile(filepath.Join(d.dir, "holdfast.yaml"), settings, 0o600))
}

// roster writes the roster, with the place where Mia meets Raj.
func (d *demo) roster(place string) error {
	who := ""
	for _, p := range people {
		who += fmt.Sprintf("  %s: {name: %s, email: %s, calendar: office, zone: %s, hours: Mon-Fri %s}\n",
			p.id, p.name, email(p.id), p.zone, p.hours)
	}
	return os.WriteFile(filepath.Join(d.dir, "roster.yaml"), fmt.Appendf(nil, rosterYAML, who, place), 0o600)
}

// demo is one telling.
type demo struct {
	Options
	office
	ahead   *ahead
	dir     string
	web     string // the URL of the pages
	rounds  chan reconcile.Round
	letters chan letter
	wake    chan struct{}
	ran     chan error
	ended   bool                   // ran was read
	held    map[series.Pair]string // the change of the pair that was told as held
	last    map[string]letter      // the last mail of each person
	unread  map[string]int         // how many mails each got that the story has not waited for yet
	stirred bool                   // somebody else changed something
}

// outbox is where the mails are.
func (d *demo) outbox() string { return filepath.Join(d.dir, "outbox") }

var (
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	red    = lipgloss.NewStyle().Foreground(lipgloss.Color("1"))
	blue   = lipgloss.NewStyle().Foreground(lipgloss.Color("4"))
)

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// act tells what somebody does now.
func (d *demo) act(words string) {
	d.say("\n%s  %s", dim.Render(d.ahead.inBerlin()), words)
}

// tellRound tells what a round found and did.
func (d *demo) tellRound(r reconcile.Round) {
	line := func(style lipgloss.Style, word string, p series.Pair, text string) {
		d.say("          %s  %s: %s", style.Render(fmt.Sprintf("%-12s", word)), bold.Render(p.String()), text)
	}
	to := say.Reader{Now: r.At}
	for _, f := range r.Edges.Opened {
		line(yellow, "flag opened", f.Pair, to.Flag(f))
	}
	for _, f := range r.Edges.Changed {
		line(yellow, "flag changed", f.Pair, to.Flag(f))
	}
	for _, f := range r.Edges.Closed {
		line(green, "flag closed", f.Pair, to.Flag(f))
	}
	for _, c := range r.Applied {
		if !r.First {
			line(green, "written", c.Pair, firstWords(c.Why, string(c.Action)))
		}
	}
	for _, f := range r.Edges.Closed {
		delete(d.held, f.Pair)
	}
	for _, h := range r.Plan.Held {
		if d.held[h.Pair] != h.ID() {
			line(yellow, "held", h.Pair, h.Because)
		}
		d.held[h.Pair] = h.ID()
	}
	for _, f := range r.Failures {
		d.say("          %s  %v", red.Render("error       "), f.Err)
	}
}

func firstWords(why []string, other string) string {
	if len(why) == 0 {
		return other
	}
	return why[0]
}

// meeting is the pair's booking as its manager's calendar has it, and the start of the meeting so many weeks ahead.
type meeting struct {
	event string // as apps know it
	slot  series.Slot
	day   series.Date
}

func (m meeting) start() time.Time { return m.slot.On(m.day) }

func (m meeting) on(day time.Weekday, at string) time.Time {
	s := m.slot
	s.Weekday = day
	s.At, _ = series.ParseTimeOfDay(at)
	return s.On(s.InWeek(m.day))
}
