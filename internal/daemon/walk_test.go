package daemon

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/outbox"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
	"holdfast/internal/signin"
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

// ask is one request by a viewer, as a browser makes it.
func (w *walk) ask(who, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(method, "https://h.example.com/", strings.NewReader(body))
	raw, query, _ := strings.Cut(path, "?")
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		w.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.RequestURI = decoded, raw, query, path
	if c := w.cookies[who]; c != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-holdfast", Value: c})
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Cookie" {
			r.Header.Add("Cookie", headers[i+1])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.page.ServeHTTP(rec, r)
	w.guarded(method+" "+path, rec)
	return rec
}

// guarded has every answer say that nobody else keeps it, frames it or learns where it was.
func (w *walk) guarded(what string, rec *httptest.ResponseRecorder) {
	w.Helper()
	h := rec.Header()
	static := strings.Contains(what, " /static/")
	if c := h.Get("Cache-Control"); !static && !strings.Contains(c, "private") && !strings.Contains(c, "no-store") {
		w.Errorf("%s may be kept: %q", what, c)
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
		w.Errorf("%s is not guarded: %v", what, h)
	}
}

// enter signs the viewer in by a link from the shell.
func (w *walk) enter(who string) {
	w.Helper()
	id := who
	if who == "it" {
		id = walkOutside
	}
	link, _, err := signin.NewLink(w.Context(), w.a.Store, w.now, "", id)
	w.ok(err)
	rec := w.ask("nobody", "POST", link, "")
	for _, c := range rec.Result().Cookies() {
		if c.Name == "__Host-holdfast" {
			w.cookies[who] = c.Value
		}
	}
	if w.cookies[who] == "" {
		w.Fatalf("%s does not get in: %d %s", who, rec.Code, rec.Body)
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

// press presses the first button for the deed on the page.
func (w *walk) press(who, page, deed string) {
	w.Helper()
	if !w.pressed(who, page, deed) {
		w.Errorf("%s cannot %s on %s", who, deed, page)
	}
}

// pressAll presses all buttons for the deed, each of which goes with what it is about.
func (w *walk) pressAll(who, page, deed string) {
	w.Helper()
	w.press(who, page, deed)
	for w.pressed(who, page, deed) {
	}
}

func (w *walk) pressed(who, page, deed string) bool {
	w.Helper()
	body := w.ask(who, "GET", page, "").Body.String()
	for _, m := range forms.FindAllStringSubmatch(body, -1) {
		if !strings.HasSuffix(m[1], "/"+deed) {
			continue
		}
		form := url.Values{}
		for _, f := range fields.FindAllStringSubmatch(m[0], -1) {
			form.Add(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
		}
		rec := w.ask(who, "POST", m[1], form.Encode())
		if rec.Code != http.StatusSeeOther {
			w.Fatalf("%s by %s on %s: %d %s", deed, who, page, rec.Code, rec.Body)
		}
		return true
	}
	return false
}

// make has everybody make a token and a feed, and the operation a token.
func (w *walk) make() {
	w.Helper()
	for _, p := range walkPeople {
		token := w.ask(p.id, "POST", "/me/tokens", "name=script").Body.String()
		feed := w.ask(p.id, "POST", "/me/feed", "").Body.String()
		w.tokens[p.id] = regexp.MustCompile(`hfp_[a-z2-7]+`).FindString(token)
		w.feeds[p.id] = regexp.MustCompile(`/calendar/hff_[a-z2-7]+\.ics`).FindString(feed)
		if w.tokens[p.id] == "" || w.feeds[p.id] == "" {
			w.Fatalf("%s has no token: %s", p.id, token)
		}
	}
	t, text, digest := access.NewToken("ops", access.Operate, "", w.now(), time.Time{})
	w.ok(w.a.Store.AddToken(w.Context(), t, digest))
	w.tokens["operate"] = text
}

// guesses are all addresses that somebody could think of, with a GET.
func guesses() []string {
	out := []string{"/", "/me", "/me/download", "/me?week=2026-12-07", "/me?week=2026-12-14", "/admin", "/admin/plan",
		"/admin/pairs", "/admin/calendars", "/admin/pairs?q=roy", "/admin/pairs?state=flagged", "/signin", "/signout",
		"/signin/code", "/signin/link/hfs_nothing", "/robots.txt", "/healthz", "/readyz", "/metrics", "/act/x", "/stop/x",
		"/calendar/x.ics", "/calendar/hff_x.ics", "/static/", "/static/style.css", "/static/nothing", "/nothing",
		"/api/v1", "/api/v1/pairs", "/api/v1/openapi.json", "/api/v1/openapi.yaml", "/api/v1/nothing", "/holdfast.db",
		"/debug/pprof/", "/.git/config", "/pairs", "/pairs/", "/people/roy"}
	for _, p := range append(walkPairs, "roy/mia", "lee/roy", "mia/zoe", "zoe/roy", "MIA/ROY", "mia./roy", "mia/roy.") {
		out = append(out, "/pairs/"+p, "/pairs/"+p+"/", "/pairs/"+strings.Replace(p, "/", "%2f", 1), "/pairs/"+p+"/accept",
			"//pairs/"+p, "/pairs/x/../"+p, "/static/..%2fpairs/"+p, "/stop/..%2f..%2fpairs%2f"+p, "/%70airs/"+p,
			"/pairs/"+p+"?x=1", "/pairs/"+p+";x", "/pairs/"+p+"%00", "/api/v1/../../pairs/"+p)
	}
	return out
}

var leads = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// crawl follows everything that leads on from where one begins, and guesses at the rest.
func (w *walk) crawl(who string) {
	w.Helper()
	met := map[string]bool{}
	todo := guesses()
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if met[path] {
			continue
		}
		met[path] = true
		for _, headers := range [][]string{nil, {"Holdfast-Part", "1"}} {
			rec := w.ask(who, "GET", path, "", headers...)
			text := rec.Body.String()
			at := rec.Header().Get("Location")
			if rec.Code >= 500 {
				w.Errorf("%s gets %d by %s: %s", who, rec.Code, path, text)
			}
			if strings.Contains(text, "</script><i>") && strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
				w.Errorf("%s gets a name as markup by %s", who, path)
			}
			if m := secret.FindString(text); m != "" && !strings.Contains(path, m) {
				w.Errorf("%s gets a secret, %.9s…, by %s", who, m, path)
			}
			head := rec.Header().Clone()
			head.Del("Location")
			// Which pair one has typed comes back: where the address leads to, or a sign-in.
			decoded, _ := url.PathUnescape(path)
			if typed := aPair.FindString(decoded); typed != "" && rec.Code != http.StatusOK {
				text = strings.NewReplacer(typed, "", url.QueryEscape(typed), "").Replace(text)
			}
			w.check(who, path, text+fmt.Sprint(head))
			if strings.HasPrefix(at, "//") || strings.HasPrefix(at, `/\`) || at != "" && !strings.HasPrefix(at, "/") {
				w.Errorf("%s is led to %s by %s", who, at, path)
			}
			for _, m := range leads.FindAllStringSubmatch(text, -1) {
				to := html.UnescapeString(m[1])
				if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
					todo = append(todo, to)
				}
			}
		}
	}
}

// programs asks the API with each token, and for each feed.
func (w *walk) programs() {
	w.Helper()
	paths := []string{"/pairs", "/flags", "/history", "/plan", "/nothing", "/openapi.json"}
	for _, p := range append(walkPairs, "roy/mia", "zoe/roy") {
		paths = append(paths, "/pairs/"+p, "/flags?pair="+p, "/history?pair="+p, "/history?since=2026-01-01&pair="+p)
	}
	for _, p := range walkPeople {
		paths = append(paths, "/people/"+p.id, "/people/"+p.id+"?week=2026-W50")
	}
	for who, token := range w.tokens {
		for _, path := range paths {
			rec := w.ask("nobody", "GET", "/api/v1"+path, "", "Authorization", "Bearer "+token, "User-Agent", "script/1")
			if rec.Code >= 500 {
				w.Errorf("%s gets %d by %s: %s", who, rec.Code, path, rec.Body)
			}
			if id, ok := strings.CutPrefix(path, "/people/"); ok && !strings.HasPrefix(id, who) && rec.Code < 400 {
				w.Errorf("%s gets %d by %s", who, rec.Code, path)
			}
			w.check(who, "the API's "+path, rec.Body.String())
		}
	}
	for who, path := range w.feeds {
		rec := w.ask("nobody", "GET", path, "")
		if rec.Code != http.StatusOK {
			w.Errorf("%s's feed: %d", who, rec.Code)
		}
		w.check(who, "the feed", rec.Body.String())
	}
}

// messages looks at all that went out.
func (w *walk) messages() {
	w.Helper()
	for _, m := range w.mail.Arrived() {
		who := "it"
		if c := canary.FindStringSubmatch(m.To); c != nil {
			who = c[2]
		}
		w.check(who, "a mail", strings.Join([]string{m.To, m.Subject, m.Thread.Subject, m.Text, m.HTML, m.ReplyTo}, "\n"))
		if strings.Contains(m.HTML, "</script><i>") {
			w.Errorf("%s gets a name as markup in a mail", who)
		}
	}
	for _, text := range w.events {
		w.check("hook", "a webhook", text)
	}
	if len(w.mail.Arrived()) < 10 || len(w.events) < 5 {
		w.Errorf("%d mails, %d events", len(w.mail.Arrived()), len(w.events))
	}
}

// measured is what /metrics has.
func (w *walk) measured() string {
	rec := httptest.NewRecorder()
	w.a.metrics.Handler(&w.a.health).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(rec.Body.String(), "holdfast_") {
		w.Error("nothing is measured")
	}
	return rec.Body.String()
}

// kept looks through all that the journal keeps: what is nobody's to see is not in it.
func (w *walk) kept() {
	w.Helper()
	never := regexp.MustCompile(`(?i)canary-(?:event|body|where|guest|why|password|answer)-\w+`)
	for _, p := range walkPeople {
		all, err := w.a.Store.Kept(w.Context(), p.id)
		w.ok(err)
		if m := never.FindString(fmt.Sprint(all)); m != "" {
			w.Errorf("the journal has %s", m)
		}
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "holdfast.db*"))
	w.ok(err)
	for _, name := range files {
		text := w.read(filepath.Base(name))
		for _, re := range []*regexp.Regexp{never, secret} {
			if m := re.FindString(text); m != "" {
				w.Errorf("%s has %s", filepath.Base(name), m)
			}
		}
		for who, token := range w.tokens {
			if strings.Contains(text, token) || w.cookies[who] != "" && strings.Contains(text, w.cookies[who]) {
				w.Errorf("%s has a secret of %s", filepath.Base(name), who)
			}
		}
	}
}

// streams has everybody listen while a round changes one 1:1.
func (w *walk) streams() {
	w.Helper()
	server := httptest.NewServer(w.page)
	defer server.Close()
	type heard struct {
		who, path string
		text      *bytes.Buffer
		body      io.Closer
		done      chan struct{}
	}
	var all []heard
	open := func(who, path, header, value string) {
		w.Helper()
		r, err := http.NewRequestWithContext(w.Context(), "GET", server.URL+path, nil)
		w.ok(err)
		r.Header.Set(header, value)
		answer, err := server.Client().Do(r)
		w.ok(err)
		h := heard{who, path, &bytes.Buffer{}, answer.Body, make(chan struct{})}
		go func() {
			_, _ = io.Copy(h.text, answer.Body)
			close(h.done)
		}()
		all = append(all, h)
	}
	for _, who := range w.viewers() {
		for _, path := range []string{"/live", "/live?pair=mia/lee"} {
			open(who, path, "Cookie", "__Host-holdfast="+w.cookies[who])
		}
	}
	for who, token := range w.tokens {
		open(who, "/api/v1/events", "Authorization", "Bearer "+token)
	}
	uid, at := w.series("mia/lee", w.now().AddDate(0, 0, 14))
	w.ok(w.person("mia").Cancel(w.Context(), uid, at))
	w.pass(10*time.Minute, "poll")
	w.a.hub.Close()
	for _, h := range all {
		<-h.done
		_ = h.body.Close()
		text := h.text.String()
		w.check(h.who, h.path, text)
		hears := strings.Contains(text, "event: change") || strings.Contains(text, "event: pair")
		// Admins hear that there was a round, but not of which 1:1.
		rounds := (h.who == walkAdmin || h.who == "it") && h.path == "/live"
		if one := h.who == "mia" || h.who == "lee"; hears != (one || rounds) {
			w.Errorf("%s hears by %s: %q", h.who, h.path, text)
		}
	}
}

// posts are all addresses that take something, of a pair.
func posts(pair string) []string {
	var out []string
	for _, d := range []string{"accept", "restore", "restore-one", "rebook", "undo", "invite", "ask-accept", "ask-restore",
		"acknowledge", "unacknowledge", "allow", "nothing"} {
		out = append(out, "/pairs/"+pair+"/"+d)
	}
	return out
}

// refused has everybody try to do what is not theirs: nothing is done, and the answer is the same as about a pair that
// never was.
func (w *walk) refused() {
	w.Helper()
	flags, err := w.a.Store.Flags(w.Context(), false)
	w.ok(err)
	if len(flags) < 4 {
		w.Fatalf("%d flags are open", len(flags))
	}
	before := w.did()
	for _, pair := range walkPairs {
		form := url.Values{"occurrence": {"2026-12-15"}, "to": {"2026-12-17T14:00:00Z"}, "before": {"2026-12-15T09:00:00Z"}}
		for _, f := range flags {
			if f.Pair.String() == pair {
				form.Set("flag", f.ID())
				form.Set("digest", f.Digest())
			}
		}
		for _, who := range w.viewers() {
			if may(who, "place", pair[:3], pair[4:]) {
				continue
			}
			for i, path := range posts(pair) {
				rec := w.ask(who, "POST", path, form.Encode())
				none := w.ask(who, "POST", posts("zoe/zac")[i], form.Encode())
				if rec.Code < 300 || rec.Code != none.Code || rec.Body.String() != none.Body.String() ||
					rec.Code == http.StatusSeeOther && !strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
					w.Errorf("%s posts to %s: %d %s, and where there is none %d", who, path, rec.Code, rec.Body, none.Code)
				}
			}
		}
		for who, token := range w.tokens {
			if may(who, "place", pair[:3], pair[4:]) {
				continue
			}
			w.acts(act.Actor{Person: who, From: act.API}, series.Pair{Manager: pair[:3], Report: pair[4:]})
			w.acts(act.Actor{Person: who, Admin: true, From: act.Page}, series.Pair{Manager: pair[:3], Report: pair[4:]})
			for _, d := range []string{"accept", "restore", "rebook", "invite"} {
				body := `{"shown":{"flag":"` + form.Get("flag") + `","digest":"` + form.Get("digest") + `"}}`
				if d == "rebook" {
					body = `{"occurrence":"2026-12-15","to":"2026-12-17T14:00:00Z",` + body[1:]
				}
				post := func(pair string) *httptest.ResponseRecorder {
					return w.ask("nobody", "POST", "/api/v1/pairs/"+pair+"/"+d, body, "Authorization", "Bearer "+token,
						"Content-Type", "application/json")
				}
				rec, none := post(pair), post("zoe/zac")
				if rec.Code < 400 || rec.Code >= 500 || rec.Body.String() != none.Body.String() {
					w.Errorf("%s posts %s of %s: %d %s, and where there is none %s", who, d, pair, rec.Code, rec.Body, none.Body)
				}
			}
			for _, id := range []string{cmp.Or(form.Get("flag"), "nothing"), "none"} {
				rec := w.ask("nobody", "POST", "/api/v1/flags/"+id+"/ack", "{}", "Authorization", "Bearer "+token,
					"Content-Type", "application/json")
				if rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
					w.Errorf("%s acknowledges %q of %s: %d %s", who, id, pair, rec.Code, rec.Body)
				}
			}
		}
	}
	for _, who := range w.viewers() {
		for _, x := range [][2]string{{"/admin/allow", "change=a%20b"}, {"/admin/confirm-empty", "person=eva"}} {
			if may(who, "name", "none", "") {
				continue
			}
			if rec := w.ask(who, "POST", x[0], x[1]); rec.Code != http.StatusNotFound && rec.Code != http.StatusSeeOther ||
				rec.Code == http.StatusSeeOther && who != "nobody" {
				w.Errorf("%s posts to %s: %d %s", who, x[0], rec.Code, rec.Body)
			}
		}
	}
	for _, who := range []string{"nobody", "it"} {
		for _, path := range []string{"/me/wishes", "/me/feed", "/me/tokens", "/me/tokens/revoke"} {
			if rec := w.ask(who, "POST", path, "name=x"); rec.Code == http.StatusOK ||
				rec.Code == http.StatusSeeOther && !strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
				w.Errorf("%s posts to %s: %d", who, path, rec.Code)
			}
		}
	}
	if after := w.did(); after != before {
		w.Errorf("something was done:\n%s\nbefore:\n%s", after, before)
	}
}

// acts has somebody act though no page let them come so far.
func (w *walk) acts(who act.Actor, p series.Pair) {
	w.Helper()
	for _, d := range []act.Deed{act.Accept, act.Restore, act.RestoreOne, act.Rebook, act.Undo, act.Invite,
		act.AskAccept} {
		out, err := w.a.acts().Do(w.Context(), who, act.Request{Deed: d, Pair: p})
		if err != nil || out.Refused == nil || out.Refused.Reason != act.NotYours {
			w.Errorf("%v may %s of %s: %+v, %v", who, d, p, out.Refused, err)
		}
	}
}

// did is all that the journal has of what was done, and how often calendars were written.
func (w *walk) did() string {
	w.Helper()
	deeds, err := w.a.Store.Deeds(w.Context(), "", time.Time{})
	w.ok(err)
	flags, err := w.a.Store.Flags(w.Context(), true)
	w.ok(err)
	return fmt.Sprint(deeds, flags, w.dav.Writes())
}
