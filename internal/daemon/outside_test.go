package daemon

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/series"
	"holdfast/internal/signin"
)

// begun is an org that is booked, with everybody signed in and their tokens made.
func begun(t *testing.T) *walk {
	w := newWalk(t)
	w.pass(10*time.Minute, "start")
	for _, who := range w.viewers()[1:] {
		w.enter(who)
	}
	w.make()
	return w
}

// bearer asks the API.
func (w *walk) bearer(token, method, path, body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.ask("nobody", method, "/api/v1"+path, body, "Authorization", "Bearer "+token,
		"Content-Type", "application/json")
}

// TestOutOfTheRoster: who is taken out is out at once, by page, token and feed; an admin who is no admin any more, too.
func TestOutOfTheRoster(t *testing.T) {
	w := begun(t)
	for _, token := range []string{w.tokens["kim"], w.tokens["tom"]} {
		if rec := w.bearer(token, "GET", "/pairs", ""); rec.Code != http.StatusOK {
			t.Fatal(rec.Code, rec.Body)
		}
	}
	server := httptest.NewServer(w.page)
	defer server.Close()
	listen := func(path, header, value string) *bufio.Reader {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
		w.ok(err)
		r.Header.Set(header, value)
		answer, err := server.Client().Do(r)
		w.ok(err)
		t.Cleanup(func() { _ = answer.Body.Close() })
		lines := bufio.NewReader(answer.Body)
		for {
			line, err := lines.ReadString('\n')
			w.ok(err)
			if strings.HasPrefix(line, "event: open") {
				return lines
			}
		}
	}
	page := listen("/live", "Cookie", "__Host-holdfast="+w.cookies["kim"])
	program := listen("/api/v1/events", "Authorization", "Bearer "+w.tokens["kim"])
	revoked := listen("/api/v1/events", "Authorization", "Bearer "+w.tokens["max"])
	if rec := w.ask("max", "POST", "/me/tokens/revoke", "name=script"); rec.Code != http.StatusSeeOther {
		t.Fatal(rec.Code)
	}
	w.roster(walkPairs[:5]...)
	w.write("roster.yaml", strings.Replace(w.read("roster.yaml"), "  kim: ", "  zoe: ", 1))
	w.pass(10*time.Minute, "roster")
	w.a.hub.Publish(series.Pair{Manager: "max", Report: "kim"}, series.Pair{Manager: "max", Report: "tom"})
	for name, lines := range map[string]*bufio.Reader{"page": page, "program": program, "revoked": revoked} {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // it is over
			}
			if strings.HasPrefix(line, "event: change") || strings.HasPrefix(line, "event: pair") {
				t.Errorf("the stream of the %s goes on: %s", name, line)
				break
			}
		}
	}
	for _, path := range []string{"/", "/me", "/me/download", "/pairs/max/kim"} {
		if rec := w.ask("kim", "GET", path, ""); rec.Code != http.StatusSeeOther ||
			!strings.HasPrefix(rec.Header().Get("Location"), "/signin") {
			t.Errorf("kim gets %d by %s", rec.Code, path)
		}
	}
	if rec := w.bearer(w.tokens["kim"], "GET", "/pairs", ""); rec.Code != http.StatusUnauthorized {
		t.Errorf("the token: %d %s", rec.Code, rec.Body)
	}
	if rec := w.ask("nobody", "GET", w.feeds["kim"], ""); rec.Code != http.StatusGone {
		t.Errorf("the feed: %d", rec.Code)
	}
	if _, err := w.a.Store.Forget(t.Context(), "kim", true); err != nil {
		t.Fatal(err)
	}
	if rec := w.bearer(w.tokens["kim"], "GET", "/pairs", ""); rec.Code != http.StatusUnauthorized {
		t.Errorf("the token of who is forgotten: %d", rec.Code)
	}
	if rec := w.ask("nobody", "GET", w.feeds["kim"], ""); rec.Code != http.StatusNotFound {
		t.Errorf("the feed of who is forgotten: %d", rec.Code)
	}
	// Whoever gets the id later is somebody else.
	w.roster(walkPairs...)
	w.pass(10*time.Minute, "roster")
	if rec := w.ask("kim", "GET", "/me", ""); rec.Code != http.StatusSeeOther {
		t.Errorf("the session of who was forgotten: %d", rec.Code)
	}
	if rec := w.bearer(w.tokens["kim"], "GET", "/pairs", ""); rec.Code != http.StatusUnauthorized {
		t.Errorf("the token of who was forgotten: %d", rec.Code)
	}
}

// TestFromOutside: what somebody tries who has no account, or a page that a person of the org opens.
func TestFromOutside(t *testing.T) {
	w := begun(t)
	before := w.did()
	t.Run("methods", func(t *testing.T) {
		for _, who := range []string{"nobody", "tom", "mia"} {
			for _, path := range []string{"/", "/me", "/pairs/mia/roy", "/pairs/zoe/zac", "/admin", "/static/holdfast.css"} {
				for _, m := range []string{"OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "CONNECT", "get"} {
					rec := w.ask(who, m, path, "")
					if rec.Code < 400 || rec.Code >= 500 || strings.Contains(rec.Body.String(), "__Host") {
						t.Errorf("%s %s by %s: %d %s", m, path, who, rec.Code, rec.Body)
					}
					w.check(who, m+" "+path, strings.ReplaceAll(rec.Body.String(), "mia/roy", ""))
				}
			}
			get, head := w.ask(who, "GET", "/pairs/mia/roy", ""), w.ask(who, "HEAD", "/pairs/mia/roy", "")
			if get.Code != head.Code {
				t.Errorf("HEAD by %s: %d, GET %d", who, head.Code, get.Code)
			}
		}
		done := make(chan int)
		go func() { done <- w.ask("mia", "HEAD", "/live", "").Code }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("HEAD of a stream does not end")
		}
	})
	t.Run("from elsewhere", func(t *testing.T) {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Sec-Fetch-Site", "", "Origin", "https://evil.example.com"},
			{"Sec-Fetch-Site", "", "Origin", "null"},
			{"Sec-Fetch-Site", "", "Origin", "http://h.example.com"},
			{"Sec-Fetch-Site", "", "Origin", "https://h.example.com.evil.example.com"},
			{"Sec-Fetch-Site", "cross-site", "X-HTTP-Method-Override", "GET"},
			{"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"},
		} {
			for _, path := range []string{"/me/feed", "/me/tokens", "/me/wishes", "/pairs/mia/roy/invite", "/signout",
				"/signin/mail", "/admin/allow", "/stop/../me/feed", "/stop/..%2fme%2ffeed", "/act/x"} {
				rec := w.ask("mia", "POST", path, "name=x", headers...)
				led := rec.Code == http.StatusTemporaryRedirect && !strings.HasPrefix(path, "/me")
				if rec.Code != http.StatusForbidden && !led {
					t.Errorf("%v to %s: %d %s", headers, path, rec.Code, rec.Body)
				}
			}
		}
		if w.ask("mia", "GET", "/me", "").Code != http.StatusOK {
			t.Error("mia is signed out")
		}
		// The API reads no cookie.
		if rec := w.ask("mia", "GET", "/api/v1/pairs", ""); rec.Code != http.StatusUnauthorized {
			t.Errorf("the API with a cookie: %d", rec.Code)
		}
		if rec := w.ask("nobody", "GET", "/me", "", "Authorization", "Bearer "+w.tokens["mia"]); rec.Code == http.StatusOK {
			t.Error("a page by a token")
		}
		for _, name := range []string{"token", "access_token"} {
			rec := w.ask("nobody", "GET", "/api/v1/pairs?"+name+"="+w.tokens["mia"], "")
			if rec.Code != http.StatusUnauthorized {
				t.Errorf("a token in the address: %d", rec.Code)
			}
		}
	})
	t.Run("tokens of other roles", func(t *testing.T) {
		feed := strings.TrimSuffix(strings.TrimPrefix(w.feeds["mia"], "/calendar/"), ".ics")
		for _, path := range []string{"/pairs", "/flags", "/plan", "/events"} {
			for _, token := range []string{feed, "", "hfp_", w.tokens["mia"][:20], strings.ToUpper(w.tokens["mia"]),
				access.Digest(w.tokens["mia"]), w.cookies["mia"], "' OR 1=1 --"} {
				if rec := w.bearer(token, "GET", path, ""); rec.Code != http.StatusUnauthorized {
					t.Errorf("%.8s gets %d by %s", token, rec.Code, path)
				}
			}
		}
		for _, file := range []string{w.tokens["mia"], w.tokens["operate"], access.Digest(feed), strings.ToUpper(feed)} {
			if rec := w.ask("nobody", "GET", "/calendar/"+file+".ics", ""); rec.Code != http.StatusNotFound {
				t.Errorf("the feed of %.8s: %d", file, rec.Code)
			}
		}
		for path, status := range map[string]int{"/flags": 403, "/history": 403, "/people/mia": 403, "/plan": 200} {
			if rec := w.bearer(w.tokens["operate"], "GET", path, ""); rec.Code != status {
				t.Errorf("operation gets %d by %s", rec.Code, path)
			}
		}
		if rec := w.bearer(w.tokens["ada"], "GET", "/plan", ""); rec.Code != http.StatusForbidden {
			t.Errorf("an admin's own token gets %d by /plan", rec.Code)
		}
	})
	t.Run("a pair that never was, of one's own", func(t *testing.T) {
		for _, pair := range []string{"mia/zoe", "zoe/mia", "mia/tom", "mia/mia", "mia/eva"} {
			for _, d := range []string{"accept", "restore", "invite"} {
				rec := w.bearer(w.tokens["mia"], "POST", "/pairs/"+pair+"/"+d, "{}")
				if rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
					t.Errorf("%s of %s: %d %s", d, pair, rec.Code, rec.Body)
				}
				if rec := w.ask("mia", "POST", "/pairs/"+pair+"/"+d, ""); rec.Code != http.StatusNotFound {
					t.Errorf("%s of %s by a page: %d", d, pair, rec.Code)
				}
			}
		}
	})
	t.Run("kept by caches", func(t *testing.T) {
		for _, path := range []string{"/", "/pairs/mia/roy", "/me"} {
			mine := w.ask("mia", "GET", path, "")
			tag := mine.Header().Get("ETag")
			if tag == "" || !strings.Contains(mine.Header().Get("Cache-Control"), "private") ||
				!strings.Contains(strings.Join(mine.Header().Values("Vary"), ","), "Cookie") {
				t.Errorf("%s: %v", path, mine.Header())
			}
			for _, who := range []string{"nobody", "tom", "roy", "it"} {
				for _, match := range []string{tag, "W/" + tag, "*"} {
					if rec := w.ask(who, "GET", path, "", "If-None-Match", match); rec.Code == http.StatusNotModified {
						t.Errorf("%s by %s with mia's tag: %d", path, who, rec.Code)
					}
				}
			}
		}
		tag := w.ask("nobody", "GET", w.feeds["mia"], "").Header().Get("ETag")
		if rec := w.ask("nobody", "GET", w.feeds["tom"], "", "If-None-Match", tag); rec.Code != http.StatusOK {
			t.Errorf("tom's feed with mia's tag: %d", rec.Code)
		}
	})
	t.Run("host and proxies", func(t *testing.T) {
		for _, headers := range [][]string{
			{"Host", "evil.example.com"}, {"X-Forwarded-Host", "evil.example.com"}, {"X-Forwarded-Proto", "http"},
			{"Forwarded", "host=evil.example.com"}, {"X-Original-URL", "/admin"}, {"X-Rewrite-URL", "/admin"},
			{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-User", "mia"}, {"X-Remote-User", "mia"},
		} {
			for _, who := range []string{"nobody", "mia"} {
				for _, path := range []string{"/", "/me", "/signin", "/admin"} {
					plain, rec := w.ask(who, "GET", path, ""), w.ask(who, "GET", path, "", headers...)
					if rec.Code != plain.Code || rec.Body.String() != plain.Body.String() ||
						rec.Header().Get("Location") != plain.Header().Get("Location") {
						t.Errorf("%v changes %s for %s: %d", headers, path, who, rec.Code)
					}
				}
			}
		}
		for i := range 25 { // each says that it comes from elsewhere, and no proxy is trusted
			rec := w.ask("nobody", "POST", "/signin/mail", "address=nobody@example.com", "X-Forwarded-For",
				fmt.Sprintf("203.0.113.%d", i))
			if want := map[bool]int{true: 429, false: 303}[i >= 20]; rec.Code != want {
				t.Errorf("the %dth: %d", i, rec.Code)
			}
		}
	})
	t.Run("back from signing in", func(t *testing.T) {
		for _, to := range []string{"https://evil.example.com", "//evil.example.com", `/\evil.example.com`,
			"/%2fevil.example.com",
			"/\t/evil.example.com", "javascript:alert(1)", "/signout", "/..//evil.example.com", "/a\r\nSet-Cookie: a=b"} {
			for _, path := range []string{"/signin?back=", "/signin/code?back="} {
				for _, who := range []string{"nobody", "mia"} {
					rec := w.ask(who, "GET", path+url.QueryEscape(to), "", "Cookie", "__Host-holdfast-ask=hfa_x")
					at := rec.Header().Get("Location")
					if strings.Contains(at+rec.Body.String(), "evil") || strings.Contains(at, "signout") ||
						rec.Header().Get("Set-Cookie") == "a=b" {
						t.Errorf("%q by %s: %q %s", to, who, at, rec.Body)
					}
				}
			}
		}
	})
	t.Run("known and unknown addresses", func(t *testing.T) {
		w.set(w.now().Add(2 * time.Hour))
		shape := func(address string) string {
			rec := w.ask("nobody", "POST", "/signin/mail", "address="+url.QueryEscape(address))
			cookies := rec.Result().Cookies()
			code := w.ask("nobody", "POST", "/signin/code", "code=abcdefgh", "Cookie", cookies[0].Name+"="+cookies[0].Value)
			return fmt.Sprint(rec.Code, rec.Header().Get("Location"), len(cookies), cookies[0].Name, len(cookies[0].Value),
				rec.Body.Len(), code.Code, code.Body)
		}
		unknown := shape("stranger@example.com")
		for _, address := range []string{"canary-address-mia@example.com", "it@example.com", "MIA@example.com",
			"canary-address-mia@example.com\r\nBcc: x@example.com", "canary-address-m\u0131a@example.com"} {
			if got := shape(address); got != unknown {
				t.Errorf("%q is answered\n%s\nand a stranger\n%s", address, got, unknown)
			}
		}
	})
	t.Run("sessions of others' making", func(t *testing.T) {
		link, _, err := signin.NewLink(t.Context(), w.a.Store, w.now, "", "tom")
		w.ok(err)
		made := strings.Repeat("A", 43)
		rec := w.ask("nobody", "POST", link, "", "Cookie", "__Host-holdfast="+made)
		for _, c := range rec.Result().Cookies() {
			if c.Value == made || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" ||
				c.Path != "/" {
				t.Errorf("%+v", c)
			}
		}
		if rec := w.ask("nobody", "GET", "/me", "", "Cookie", "__Host-holdfast="+made); rec.Code != http.StatusSeeOther {
			t.Errorf("the session of somebody's making: %d", rec.Code)
		}
		// Who signs in over another's session has nothing of it, and the old one is over.
		old := w.cookies["lee"]
		link, _, err = signin.NewLink(t.Context(), w.a.Store, w.now, "", "roy")
		w.ok(err)
		w.ask("lee", "POST", link, "")
		if rec := w.ask("nobody", "GET", "/me", "", "Cookie", "__Host-holdfast="+old); rec.Code != http.StatusSeeOther {
			t.Errorf("the session before: %d", rec.Code)
		}
	})
	t.Run("large", func(t *testing.T) {
		for _, path := range []string{"/signin/mail", "/me/wishes", "/me/tokens", "/pairs/mia/roy/accept", "/admin/allow",
			"/api/v1/pairs/mia/roy/accept", "/signin/code", "/act/x"} {
			rec := w.ask("mia", "POST", path, "name="+strings.Repeat("x", 5<<20), "Authorization", "Bearer "+w.tokens["mia"],
				"Cookie", "__Host-holdfast-ask=x")
			if rec.Code < 400 || rec.Code >= 500 {
				t.Errorf("%s takes 5 MB: %d %s", path, rec.Code, rec.Body)
			}
		}
		wishes, err := w.a.Store.Wishes(t.Context(), "mia")
		if err != nil || wishes.Channels != nil || wishes.Digest != nil {
			t.Errorf("a form that cannot be read is taken: %+v, %v", wishes, err)
		}
		if rec := w.ask("mia", "POST", "/me/wishes", "digest=%zz"); rec.Code != http.StatusBadRequest {
			t.Errorf("a broken form: %d", rec.Code)
		}
	})
	if after := w.did(); after != before {
		t.Errorf("something was done:\n%s\nbefore:\n%s", after, before)
	}
}

// TestHeadersThatAreTooMany is of the server itself, which answers before any page does.
func TestHeadersThatAreTooMany(t *testing.T) {
	w := begun(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	w.ok(err)
	address := l.Addr().String()
	stop := w.a.listen(l, w.page)
	defer func() { w.ok(stop(t.Context())) }()
	for name, request := range map[string]string{
		"large":     "GET / HTTP/1.1\r\nHost: h.example.com\r\nX: " + strings.Repeat("x", 1<<16) + "\r\n\r\n",
		"no host":   "GET / HTTP/1.1\r\n\r\n",
		"two hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"smuggled": "POST /me/feed HTTP/1.1\r\nHost: h.example.com\r\nContent-Length: 5\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /me HTTP/1.1\r\n\r\n",
		"a line in a line": "GET /\x00me HTTP/1.1\r\nHost: h.example.com\r\n\r\n",
	} {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		w.ok(err)
		_, _ = c.Write([]byte(request))
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode < 300 || answer.StatusCode >= 500 {
			t.Errorf("%s: %v %v", name, answer, err)
		}
		_ = c.Close()
	}
}
