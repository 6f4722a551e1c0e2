package daemon

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/outbox"
	"holdfast/internal/provider/caldav/caldavtest"
)

// walkPeople are who is in the org of the walk. Each has the other events of a minute past the hour of their own.
var walkPeople = []struct {
	id     string
	minute int
}{{"eva", 37}, {"mia", 23}, {"max", 43}, {"roy", 17}, {"lee", 53}, {"tom", 47}, {"kim", 27}, {"ada", 33}}

// walkPairs are who meets whom: eva manages those who manage; ada is an admin as well.
var walkPairs = []string{"eva/mia", "eva/max", "mia/roy", "mia/lee", "max/tom", "max/kim", "max/ada"}

// The admins: one is in the roster, one is not.
const (
	walkOutside = "it@example.com"
	walkAdmin   = "ada"
)

// walk is an org whose every secret is a word of its own, and what each viewer has come to see of it.
type walk struct {
	*testing.T
	a       *App
	q       *Queue
	moment  atomic.Pointer[time.Time] // streams read it while time passes
	dir     string
	dav     *caldavtest.Server
	out     string // whose calendar is out
	mail    *memory.Channel
	hook    *httptest.Server
	events  []string // that went to the webhook
	page    http.Handler
	log     bytes.Buffer
	cookies map[string]string // sessions by viewer
	tokens  map[string]string // of the API, by viewer
	feeds   map[string]string // addresses by viewer
	seen    map[string]int    // how often each kind of canary was seen by somebody who may
}

const walkRoster = `
defaults: {holidays: []}
people:
%sone_on_ones:
%s`

// roster writes the roster with these pairs.
func (w *walk) roster(pairs ...string) {
	w.Helper()
	var people, ones strings.Builder
	for _, p := range walkPeople {
		fmt.Fprintf(&people, "  %s: {name: '%[1]s </script><i>\"canary-name-%[1]s', email: canary-address-%[1]s@example.com,"+
			" calendar: office, zone: Europe/Berlin,\n    away: [{from: 2026-12-24, to: 2026-12-25, why: canary-why-%[1]s}]}\n",
			p.id)
	}
	for _, p := range pairs {
		m, r, _ := strings.Cut(p, "/")
		n := slices.Index(walkPairs, p)
		fmt.Fprintf(&ones, "  - {manager: %s, reports: [{report: %s, slot: %s %02d:00, place: canary-place-%[1]s-%[2]s,\n"+
			"      title: 'canary-title-%[1]s-%[2]s', prep_doc: 'https://docs.example.com/canary-doc-%[1]s-%[2]s'}]}\n",
			m, r, []string{"Tue", "Wed", "Thu"}[n%3], 10+n%4)
	}
	w.write("roster.yaml", fmt.Sprintf(walkRoster, people.String(), ones.String()))
}

func (w *walk) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// RoundTrip is the way to the calendar server, on which one calendar may be out.
func (w *walk) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.out != "" && strings.Contains(r.URL.Path, "/"+w.out+"/") {
		rec := httptest.NewRecorder()
		rec.WriteHeader(http.StatusInternalServerError)
		_, _ = rec.WriteString("no such thing: canary-answer-" + w.out)
		return rec.Result(), nil
	}
	return handled{w.dav}.RoundTrip(r)
}

func newWalk(t *testing.T) *walk {
	w := &walk{
		T:       t,
		dir:     t.TempDir(),
		mail:    memory.New(),
		cookies: map[string]string{"nobody": ""},
		tokens:  map[string]string{},
		feeds:   map[string]string{},
		seen:    map[string]int{},
	}
	w.set(time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC))
	w.hook = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.events = append(w.events, fmt.Sprint(r.Header)+string(body)) // one is sent at a time
	}))
	t.Cleanup(w.hook.Close)
	clock := w.now
	var users []caldavtest.User
	for _, p := range walkPeople {
		users = append(users, caldavtest.User{
			Name:     p.id,
			Password: "canary-password-dav",
			Email:    "canary-address-" + p.id + "@example.com",
			Zone:     "Europe/Berlin",
		})
	}
	w.dav = caldavtest.New(caldavtest.Options{Users: users, Scheduling: true, Now: clock})
	w.roster(walkPairs...)
	w.write("password", "canary-password-dav")
	w.write("smtp", "canary-password-smtp")
	w.write("hook", "whsec_Y2FuYXJ5LXBhc3N3b3JkLWhvb2stY2FuYXJ5")
	w.write("holdfast.yaml", `{org: acme, roster: [roster.yaml], database: "sqlite:holdfast.db",
		policy: {max_creations: {count: 100, percent: 100}, max_endings: {count: 1, percent: 1}},
		calendars: {office: {caldav: {url: "http://dav.test/", username: "{person.id}", password_file: password,
			calendar: "/calendars/{person.id}/default/"}}},
		notify: {mail: {smtp: "smtps://127.0.0.1:25", username: u, password_file: smtp, from: holdfast@example.com},
			admins: [`+walkOutside+`],
			webhooks: [{url: "`+w.hook.URL+`/canary-password-url", secret_file: hook,
				kinds: [outage, held, round, state]}]},
		web: {url: "https://h.example.com", admins: [`+walkOutside+`, `+walkAdmin+`], sign_in: mail}}`)
	var err error
	w.a, err = Open(t.Context(), Options{
		Config:  filepath.Join(w.dir, "holdfast.yaml"),
		Clock:   clock,
		Senders: map[string]channel.Sender{mail: w.mail},
		Log:     zerolog.New(zerolog.SyncWriter(&w.log)).Level(zerolog.TraceLevel),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.a.Close() })
	w.a.http.Transport = w
	w.q, err = NewQueue(t.Context(), w.a.Settings.Database, w.a, QueueOptions{
		Poll:  time.Hour,
		Watch: time.Hour,
		Clock: clock,
		Trouble: func(err error) {
			if err != nil {
				t.Error(err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.a.look = w.q.Look
	t.Cleanup(func() {
		if err := w.q.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var behind sync.WaitGroup
	t.Cleanup(func() { cancel(); behind.Wait() })
	if w.page, err = w.a.pages(ctx, w.q, &behind); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *walk) now() time.Time { return *w.moment.Load() }

func (w *walk) set(t time.Time) { w.moment.Store(&t) }

// pass lets so much time pass, in rounds of five minutes, and has sent what is due.
func (w *walk) pass(d time.Duration, reason string) {
	w.Helper()
	for end := w.now().Add(d); w.now().Before(end); w.set(w.now().Add(5 * time.Minute)) {
		if err := w.a.Round(w.Context(), reason); err != nil {
			w.Fatal(err)
		}
		var due []outbox.Job
		due, _ = w.a.Notices(w.Context())
		for _, j := range due {
			w.a.Send(w.Context(), j)
		}
	}
}

// person is who edits their own calendar.
func (w *walk) person(id string) caldavtest.Person {
	return caldavtest.Person{
		Base:     "http://dav.test",
		User:     id,
		Password: "canary-password-dav",
		Email:    "canary-address-" + id + "@example.com",
		HTTP:     &http.Client{Transport: w},
		Now:      w.now,
	}
}

// other puts an event of their own into somebody's calendar.
func (w *walk) other(id, name string, start time.Time, more string) {
	w.Helper()
	text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a person//app//EN\r\nBEGIN:VEVENT\r\nUID:canary-uid-" + id + "-" +
		name + "\r\nDTSTAMP:20261130T090000Z\r\nDTSTART:" + start.UTC().Format("20060102T150405Z") +
		"\r\nDURATION:PT1H\r\nSUMMARY:canary-event-" + id + "\r\nDESCRIPTION:canary-body-" + id +
		"\r\nLOCATION:canary-where-" + id + "\r\nORGANIZER:mailto:canary-address-" + id + "@example.com" +
		"\r\nATTENDEE;CN=canary-guest-" + id + ":mailto:canary-guest-" + id + "@example.net\r\n" + more +
		"END:VEVENT\r\nEND:VCALENDAR\r\n"
	r := httptest.NewRequest("PUT", "/calendars/"+id+"/default/"+name+".ics", strings.NewReader(text))
	r.SetBasicAuth(id, "canary-password-dav")
	r.Header.Set("Content-Type", "text/calendar")
	rec := httptest.NewRecorder()
	if w.dav.ServeHTTP(rec, r); rec.Code != http.StatusCreated {
		w.Fatal(rec.Code, rec.Body)
	}
}

// series is the UID of the pair's series in its manager's calendar, and when its meetings of the week of the day are.
func (w *walk) series(pair string, week time.Time) (uid string, at time.Time) {
	w.Helper()
	m, r, _ := strings.Cut(pair, "/")
	all, err := w.person(m).Events(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range all {
		if strings.Contains(e.Text, "canary-place-"+m+"-"+r) {
			at := e.Start
			for at.Before(week) {
				at = at.AddDate(0, 0, 7)
			}
			return e.UID, at
		}
	}
	w.Fatalf("%s is not booked", pair)
	return "", time.Time{}
}

func (w *walk) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// viewers are all who look by pages.
func (w *walk) viewers() []string {
	out := []string{"nobody", "it"}
	for _, p := range walkPeople {
		out = append(out, p.id)
	}
	return out
}

var (
	canary = regexp.MustCompile(`(?i)canary-(\w+)-(\w+)(?:-(\w+))?`)
	secret = regexp.MustCompile(`hf[pofsa]_[a-z2-7]{8,}|/(?:act|stop)/[\w-]{10,}`)
	clocks = regexp.MustCompile(`\b[0-2]\d:([0-5]\d)\b`)
	ids    = "(?:eva|mia|max|roy|lee|tom|kim|ada)"
	slots  = regexp.MustCompile(`\b\d\d:\d\d Europe/Berlin`)
	aPair  = regexp.MustCompile(`\b` + ids + `/` + ids + `\b`)
)

// may is who may see what of whom: the table that the walk is held to. Whoever is not named in it sees nothing.
func may(viewer, what, whose, with string) bool {
	admin := viewer == "it" || viewer == walkAdmin || viewer == "operate"
	pair := func(p string) bool { m, r, _ := strings.Cut(p, "/"); return viewer == m || viewer == r }
	meets := slices.ContainsFunc(walkPairs, func(p string) bool {
		return pair(p) && strings.Contains("/"+p+"/", "/"+whose+"/")
	})
	switch what {
	case "place", "title", "doc":
		return pair(whose + "/" + with)
	case "name":
		return admin || viewer == whose || meets
	case "address": // their calendars have it
		return viewer == whose || meets
	case "minute":
		return viewer == whose
	case "slot": // of somebody
		return viewer == walkAdmin || slices.ContainsFunc(walkPairs, pair)
	case "pair":
		return admin || viewer == "log" || viewer == "hook" || pair(whose+"/"+with)
	}
	return false
}

// check looks for what the viewer must not see in a text that reached them.
func (w *walk) check(viewer, where, text string) {
	w.Helper()
	plain := strings.NewReplacer("\r\n ", "", `\u003c`, "<", `\u003e`, ">", `\"`, `"`, "%2F", "/")
	text = html.UnescapeString(plain.Replace(text))
	see := func(at []int, what, whose, with string) {
		w.Helper()
		if may(viewer, what, whose, with) {
			w.seen[what]++
			return
		}
		around := text[max(0, at[0]-150):min(len(text), at[1]+100)]
		w.Errorf("%s sees %s of %s %s by %s: …%s…", viewer, what, whose, with, where, around)
	}
	for _, m := range canary.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return strings.ToLower(text[m[2*i]:m[2*i+1]])
		}
		see(m[:2], part(1), part(2), part(3))
	}
	for _, m := range aPair.FindAllStringIndex(text, -1) {
		manager, report, _ := strings.Cut(text[m[0]:m[1]], "/")
		see(m, "pair", manager, report)
	}
	for _, m := range slots.FindAllStringIndex(text, -1) {
		see(m, "slot", "anybody", "")
	}
	for _, m := range clocks.FindAllStringSubmatchIndex(text, -1) {
		for _, p := range walkPeople {
			if text[m[2]:m[3]] == fmt.Sprint(p.minute) {
				see(m[:2], "minute", p.id, "")
			}
		}
	}
}

// TestWalk tells a story in which something of everything happens, and has everybody look everywhere.
func TestWalk(t *testing.T) {
	w := newWalk(t)
	w.story()
	for _, who := range w.viewers() {
		w.crawl(who)
	}
	w.programs()
	w.messages()
	w.streams()
	w.refused()
	for _, text := range []struct{ viewer, where, text string }{
		{"log", "the log", w.log.String()},
		{"metrics", "metrics", w.measured()},
	} {
		w.check(text.viewer, text.where, text.text)
		if m := secret.FindString(text.text); m != "" {
			t.Errorf("a secret, %.8s…, is in %s", m, text.where)
		}
	}
	for who, session := range w.cookies {
		if session != "" && strings.Contains(w.log.String(), session) {
			t.Errorf("the session of %s is in the log", who)
		}
	}
	for _, what := range []string{"place", "title", "doc", "name", "address", "minute", "slot", "pair"} {
		if w.seen[what] == 0 {
			t.Errorf("nobody has seen a %s: the walk looks at nothing", what)
		}
	}
	w.kept()
}

// story books, and then everybody does what people do.
func (w *walk) story() {
	w.Helper()
	for _, p := range walkPeople {
		for d := range 3 {
			w.other(p.id, fmt.Sprint("own", d), time.Date(2026, 12, 7+d, 7, p.minute, 0, 0, time.UTC), "")
		}
	}
	w.pass(30*time.Minute, "start")
	for _, who := range w.viewers()[1:] {
		w.enter(who)
	}
	w.make()
	next, then := w.now().AddDate(0, 0, 7), w.now().AddDate(0, 0, 14)

	uid, at := w.series("mia/roy", next)
	w.ok(w.person("mia").Cancel(w.Context(), uid, at))
	uid, at = w.series("mia/lee", next)
	w.ok(w.person("mia").Move(w.Context(), uid, at, at.Add(3*time.Hour)))
	uid, at = w.series("eva/mia", next)
	w.ok(w.person("mia").Decline(w.Context(), uid, at))
	uid, at = w.series("max/tom", next)
	w.ok(w.person("max").Relocate(w.Context(), uid, at, "canary-place-max-tom, upstairs"))
	uid, at = w.series("max/ada", next)
	w.ok(w.person("max").MoveAll(w.Context(), uid, at, at.Add(2*time.Hour)))
	// Something of mia's own falls on a meeting with roy, and something of roy's that repeats on others of theirs.
	_, at = w.series("mia/roy", then)
	w.other("mia", "collides", at.Add(23*time.Minute), "")
	_, at = w.series("mia/roy", then.AddDate(0, 0, 7))
	w.other("roy", "collides", at.Add(17*time.Minute), "RRULE:FREQ=WEEKLY;COUNT=4\r\n")
	_, at = w.series("eva/max", then)
	w.other("eva", "collides", at.Add(-23*time.Minute), "")
	w.pass(time.Hour, "poll")

	w.out = "kim"
	w.pass(time.Hour, "poll")
	w.out = "eva"
	w.roster("eva/mia", "eva/max", "mia/roy", "mia/lee", "max/ada") // two endings wait to be allowed
	w.pass(30*time.Minute, "roster")
	good := w.read("roster.yaml") // and a broken one: what is wrong is told to admins
	spoilt := strings.NewReplacer("why: canary", "why: [canary", "}]}", "]}]}", "place: ", "place: []")
	w.write("roster.yaml", spoilt.Replace(good))
	w.pass(10*time.Minute, "roster")
	w.write("roster.yaml", strings.Replace(good, "2026-12-25, why:", "2026-12-20, why:", 3))
	w.pass(10*time.Minute, "roster")
	broken := w.ask("it", "GET", "/admin", "").Body.String()
	w.check("it", "/admin of a broken roster", broken)
	if !strings.Contains(broken, "roster.yaml:") {
		w.Error("an admin is not told of the broken roster")
	}
	w.write("roster.yaml", good)
	w.pass(10*time.Minute, "roster")

	// What people do about it on the pages.
	w.press("roy", "/pairs/mia/roy", "rebook")
	for _, p := range [][2]string{{"mia", "/pairs/mia/roy"}, {"roy", "/pairs/mia/roy"}, {"eva", "/pairs/eva/max"},
		{"max", "/pairs/eva/max"}, {"mia", "/pairs/eva/mia"}} {
		w.pressAll(p[0], p[1], "acknowledge")
	}
	w.press("ada", "/pairs/max/ada", "ask-accept")
	w.press("lee", "/pairs/mia/lee", "acknowledge")
	w.press("mia", "/pairs/mia/lee", "restore-one")
	w.pass(time.Hour, "poll")
	w.set(w.now().AddDate(0, 0, 7).Truncate(24 * time.Hour).Add(6 * time.Hour))
	w.pass(3*time.Hour, "poll")
	for _, who := range w.viewers()[1:] {
		w.enter(who)
	}
}

func (w *walk) read(name string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	w.ok(err)
	return string(text)
}

var (
	forms  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)".*?</form>`)
	fields = regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`)
)
