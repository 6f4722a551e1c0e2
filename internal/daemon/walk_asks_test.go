package daemon

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/signin"
)

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
