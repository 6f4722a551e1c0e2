package main

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
)

type sessionKey struct{}

// session is what a terminal session has beside its files.
type session struct {
	*testscript.TestScript
	t      *testing.T
	server *httptest.Server
	google *googletest.Server
	files  []string // at Google, the last one made being last
	mails  *relay
	now    atomic.Pointer[clock.Clock]
}

func act(do func(*session, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := ts.Value(sessionKey{}).(*session)
		s.TestScript = ts
		if neg {
			ts.Fatalf("no ! here")
		}
		ts.Check(do(s, args))
	}
}

func (s *session) end() {
	s.stop()
	if s.mails != nil {
		s.mails.stop()
	}
}

func (s *session) stop() {
	if s.server != nil {
		s.server.Close()
	}
}

func (s *session) time() time.Time { return (*s.now.Load())() }

func (s *session) setClock(setenv func(k, v string), args ...string) error {
	text := args[0]
	if len(args) > 1 {
		text += " " + clock.System().Format(time.RFC3339Nano)
	}
	now, err := clockOf(text)
	s.now.Store(&now)
	setenv(clockVariable, text)
	return err
}

func (s *session) clock(args []string) error { return s.setClock(s.Setenv, args...) }

func (s *session) calendars(args []string) error {
	s.stop()
	if slices.Contains(args, "-stop") {
		return nil
	}
	o := caldavtest.Options{
		Scheduling: !slices.Contains(args, "plain"),
		Now:        s.time,
		Users:      []caldavtest.User{{Name: "holdfast", Password: "service-pw", Service: true}},
	}
	for _, name := range []string{"mia", "raj", "lee", "ana"} {
		o.Users = append(
			o.Users,
			caldavtest.User{Name: name, Password: name + "-pw", Email: name + "@example.com", Zone: "Europe/Berlin"},
		)
	}
	s.server = &httptest.Server{
		Listener: providertest.Listen(s.t),
		Config:   &http.Server{Handler: caldavtest.New(o)},
	}
	if slices.Contains(args, "private") {
		return s.private()
	}
	s.server.Start()
	s.Setenv("CALENDARS", s.server.URL)
	return nil
}

// private starts the server with a certificate of an authority that nobody knows; its own is then in ca.pem.
func (s *session) private() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	sign := func(parent *x509.Certificate, name string, ca bool) (*x509.Certificate, error) {
		c := &x509.Certificate{
			SerialNumber:          big.NewInt(1),
			Subject:               pkix.Name{CommonName: name},
			NotBefore:             clock.System().Add(-time.Hour),
			NotAfter:              clock.System().Add(time.Hour),
			IsCA:                  ca,
			BasicConstraintsValid: true,
			IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		der, err := x509.CreateCertificate(rand.Reader, c, cmp.Or(parent, c), &key.PublicKey, key)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(der)
	}
	authority, err := sign(nil, "The company", true)
	if err != nil {
		return err
	}
	servers, err := sign(authority, "The calendar server", false)
	if err != nil {
		return err
	}
	s.server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{servers.Raw}, PrivateKey: key}}}
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	s.server.StartTLS()
	s.Setenv("CALENDARS", s.server.URL)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})
	return os.WriteFile(s.MkAbs("ca.pem"), text, 0o600)
}

// robot is the service account of sessions.
const robot = "holdfast@project.iam.gserviceaccount.com"

func (s *session) workspace(args []string) error {
	o := googletest.Options{
		Clock:   s.time,
		Users:   []googletest.User{{Email: "admin@example.com", Name: "Admin"}},
		Clients: []googletest.OAuthClient{{ID: "desktop", Secret: "s"}},
		Delegation: []googletest.ServiceAccount{{Email: robot,
			Scopes: []string{"calendar.events.owned"}}},
	}
	for _, name := range []string{"mia", "raj", "lee", "ana"} {
		o.Users = append(o.Users, googletest.User{Email: name + "@example.com", Name: name, Zone: "Europe/Berlin"})
	}
	o.Behavior.NoMeet = slices.Contains(args, "nomeet")
	s.google = googletest.New(o)
	s.server = httptest.NewServer(googletest.Strict(s.t, s.google))
	s.google.SetBase(s.server.URL)
	folder := s.google.AddFile(
		googletest.NewFile{Owner: "admin@example.com", Name: "Templates", MIME: googletest.FolderMIME},
	)
	s.google.Grant(folder, "domain", "example.com", "reader")
	s.Setenv(
		"TEMPLATE",
		s.google.AddFile(
			googletest.NewFile{Owner: "admin@example.com", Name: "1:1", Text: "= Our 1:1\nHow we meet.\n", Parent: folder},
		),
	)
	s.files = s.google.Files()
	s.Setenv("GOOGLE", s.server.URL)
	if err := os.MkdirAll(s.MkAbs("secrets"), 0o700); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(s.MkAbs("secrets/google.json"), s.google.ServiceAccountJSON(robot), 0o600),
		os.WriteFile(s.MkAbs("secrets/oauth.json"), s.google.ClientJSON("desktop"), 0o600))
}

func (s *session) document(args []string) error {
	args = append(args, "")
	verb, arg, g := args[0], args[1], s.google
	for _, id := range g.Files() {
		if !slices.Contains(s.files, id) {
			s.files = append(s.files, id)
		}
	}
	id := s.files[len(s.files)-1]
	kind := "user"
	if arg == "anyone" {
		kind = "anyone"
	}
	switch verb {
	case "share":
		g.Grant(id, kind, arg, "reader")
	case "unshare":
		g.Grant(id, kind, arg, "")
	case "trash", "untrash":
		g.Trash(id, verb == "trash")
	case "fill":
		g.SetDoc(id, strings.Replace(g.Doc(id), "[ ] \n", strings.Join(args[1:], "\n"), 1))
	case "grant":
		g.SetDelegation(robot, strings.Split(arg, ",")...)
	case "save":
		return os.WriteFile(s.MkAbs(arg), []byte(g.Doc(id)), 0o600)
	default:
		return fmt.Errorf("document %q?", verb)
	}
	return nil
}

func (s *session) expand(args []string) error {
	for _, name := range args {
		text := os.Expand(s.ReadFile(name), s.Getenv)
		if err := os.WriteFile(s.MkAbs(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) code(args []string) error {
	code, exit := 0, (*exec.ExitError)(nil)
	err := s.Exec(args[1], args[2:]...)
	if errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	if err == nil && strconv.Itoa(code) != args[0] {
		err = fmt.Errorf("exit code %d, want %s", code, args[0])
	}
	return err
}

// patience is how long until waits for what is sure to come.
const patience = time.Minute

func (s *session) until(args []string) error {
	again, end := time.NewTicker(100*time.Millisecond), time.After(patience)
	defer again.Stop()
	for {
		if err := s.Exec(args[1], args[2:]...); err == nil && strings.Contains(s.ReadFile("stdout"), args[0]) {
			return nil
		}
		select {
		case <-again.C:
		case <-end:
			return fmt.Errorf("%s never printed %q", args[1], args[0])
		}
	}
}

func (s *session) person(args []string) error {
	if len(args) < 3 {
		return errors.New("person WHO VERB WITH [ARG...]")
	}
	who := davAccount{
		Person: caldavtest.Person{
			Base:     s.server.URL,
			User:     args[0],
			Password: args[0] + "-pw",
			Email:    args[0] + "@example.com",
			Now:      s.time,
			HTTP:     own,
		},
	}
	if args[1] == "put" {
		return s.put(who, args[2])
	}
	verb, with, rest := args[1], args[2]+"@example.com", args[3:]
	x := edit{verb: verb, zone: time.UTC, all: true}
	moment := func(text string) (at time.Time) {
		if at, _ = time.ParseInLocation(wall, text, x.zone); at.IsZero() {
			s.Fatalf("%q is not a time like %s", text, wall)
		}
		return at
	}
	if verb == "addevent" || verb == "addseries" {
		berlin, err := time.LoadLocation(zone)
		if err != nil || len(rest) != 3 {
			return fmt.Errorf("%s WITH TIME LENGTH TITLE", verb)
		}
		x.zone = berlin
		length, err := time.ParseDuration(rest[1])
		if err != nil {
			return err
		}
		var guests []string
		if with != "-@example.com" {
			guests = []string{with}
		}
		start := moment(rest[0])
		if verb == "addevent" {
			_, err = who.AddEvent(context.Background(), rest[2], start, start.Add(length), guests...)
		} else {
			_, err = who.AddSeries(context.Background(), rest[2], "FREQ=WEEKLY", start, start.Add(length), guests...)
		}
		return err
	}
	entries, err := who.Events(context.Background())
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(
		entries,
		func(e caldavtest.Entry) bool { return e.Answers[with] == "" && e.Organizer != with },
	)
	if len(entries) == 0 {
		return fmt.Errorf("%s has no series with %s", args[0], args[2])
	}
	e := entries[len(entries)-1]
	x.id, x.zone = e.UID, e.Start.Location()
	if len(rest) > 0 && rest[0] != "all" {
		x.original, x.all = moment(rest[0]+e.Start.Format("T15:04")), false
	}
	if len(rest) > 1 {
		switch x.value = rest[1]; verb {
		case "move", "moveall":
			x.to = moment(x.value)
		case "shorten":
			if x.length, err = time.ParseDuration(x.value); err != nil {
				return err
			}
		}
	}
	return who.do(context.Background(), x)
}

// put stores an object in the person's calendar, whatever it is.
func (s *session) put(who davAccount, name string) error {
	body := strings.ReplaceAll(s.ReadFile(name), "\n", "\r\n")
	r, err := http.NewRequest(
		http.MethodPut,
		who.Base+"/calendars/"+who.User+"/default/"+filepath.Base(name),
		strings.NewReader(body),
	)
	if err != nil {
		return err
	}
	r.SetBasicAuth(who.User, who.Password)
	r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	resp, err := own.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("put %s: %s", name, resp.Status)
	}
	return nil
}
