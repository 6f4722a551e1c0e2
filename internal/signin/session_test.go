package signin

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/store"
)

// TestCookies: how the session's cookie is called and bound depends on the URL alone.
func TestCookies(t *testing.T) {
	for _, c := range []struct{ url, want, to string }{
		{"https://h.example.com", "__Host-holdfast=; Path=/; HttpOnly; Secure; SameSite=Lax", "/"},
		{"https://h.example.com/a/b", "__Secure-holdfast-acme=; Path=/a/b; HttpOnly; Secure; SameSite=Lax", "/a/b/"},
		{"http://127.0.0.1:8080", "holdfast=; Path=/; HttpOnly; SameSite=Lax", "/"},
		{"http://127.0.0.1:8080/one", "holdfast=; Path=/one; HttpOnly; SameSite=Lax", "/one/"},
	} {
		h := open(t, func(h *house, o *Options) { mails(h, o); o.URL = c.url })
		link, _, err := NewLink(t.Context(), h.journal, h.now, "", "mia")
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", link, nil)
		r.Header.Set("X-Forwarded-Proto", "http")
		w := httptest.NewRecorder()
		h.handler().ServeHTTP(w, r)
		got := w.Result().Cookies()
		if len(got) != 1 || len(got[0].Value) < 40 {
			t.Fatalf("%s: cookies %v: %d %s", c.url, got, w.Code, w.Body)
		}
		got[0].Value = ""
		if got[0].String() != c.want {
			t.Errorf("%s: %s, want %s", c.url, got[0], c.want)
		}
		if to := w.Header().Get("Location"); to != c.to {
			t.Errorf("%s: leads to %q", c.url, to)
		}

		r = httptest.NewRequest("POST", mailPath, strings.NewReader("address=mia@example.com"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w = httptest.NewRecorder()
		h.handler().ServeHTTP(w, r)
		name, rest, _ := strings.Cut(c.want, "=; ")
		path, rest, _ := strings.Cut(rest, "; ")
		other := w.Result().Cookies()[0]
		other.Value = ""
		if want := name + "-ask=; " + path + "; Max-Age=3600; " + rest; other.String() != want {
			t.Errorf("%s: %s, want %s", c.url, other, want)
		}
	}
}

// TestSessionsEnd: after 12 hours without anybody there, after 7 days in any case; what pages ask for by themselves
// keeps no session.
func TestSessionsEnd(t *testing.T) {
	h := open(t, shell)
	b := h.browser()
	b.linked("mia").is(t, 200, isMia)
	for range 7*2 + 1 {
		b.who(t, isMia)
		h.wait(11 * time.Hour)
	}
	b.who(t, isMia) // 165 hours
	h.wait(4 * time.Hour)
	b.who(t, isNobody)

	for name, header := range map[string][2]string{
		"a part":            {PartHeader, "1"},
		"a stream":          {"Accept", "text/event-stream"},
		"a script's":        {"Sec-Fetch-Mode", "cors"},
		"a picture":         {"Sec-Fetch-Mode", "no-cors"},
		"a person's (kept)": {"Sec-Fetch-Mode", "navigate"},
	} {
		b := h.browser()
		b.linked("mia")
		h.wait(11 * time.Hour)
		b.header.Set(header[0], header[1])
		b.who(t, isMia)
		b.header = http.Header{}
		h.wait(2 * time.Hour)
		want := isNobody
		if strings.HasSuffix(name, "(kept)") {
			want = isMia
		}
		t.Log(name)
		b.who(t, want)
	}
}

// TestNothingIsWritten: looking at pages writes to the journal every five minutes at most, and for strangers never.
func TestNothingIsWritten(t *testing.T) {
	h := open(t, shell)
	b := h.browser()
	b.linked("mia")
	was := writes(t, h)
	for range 10 {
		b.who(t, isMia)
		h.browser().who(t, isNobody)
	}
	if n := writes(t, h); n != was {
		t.Errorf("%d writes", n-was)
	}
	h.wait(extendEvery)
	b.who(t, isMia)
	if n := writes(t, h); n == was {
		t.Error("the session's new end is not written")
	}
}

// writes counts what has been committed to the journal since it was first called.
func writes(t *testing.T, h *house) (version int) {
	if h.watch == nil {
		db, err := store.OpenDB(h.path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		db.SetMaxOpenConns(1) // the number is a connection's own
		h.watch = db
	}
	if err := h.watch.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// TestOut: who is taken out of the roster, or has another address in it, is out at once, and so are their streams.
func TestOut(t *testing.T) {
	for name, change := range map[string]func(map[string]series.Person){
		"out of the roster": func(p map[string]series.Person) { delete(p, "mia") },
		"another address":   func(p map[string]series.Person) { p["mia"] = series.Person{ID: "mia", Email: "m@example.com"} },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, shell)
			b, raj := h.browser(), h.browser()
			b.linked("mia").is(t, 200, isMia)
			raj.linked("raj").is(t, 200, isRaj)
			h.change(change)
			b.who(t, isNobody)
			raj.who(t, isRaj)
			h.change(func(p map[string]series.Person) { p["mia"] = series.Person{ID: "mia", Email: "mia@example.com"} })
			b.who(t, isNobody) // the session is gone for good
		})
	}
}

// TestAdmins: an id or the first address makes an admin of a person; an address alone has no person.
func TestAdmins(t *testing.T) {
	h := open(t, func(_ *house, o *Options) { o.Admins = []string{"mia", "RAJ@example.com", "it@example.com"} })
	for who, want := range map[string]string{"mia": isMia, "raj": `"raj" admin=true`, "it@example.com": isIT} {
		b := h.browser()
		b.linked(who)
		b.who(t, want)
	}
	h.browser().linked("else@example.com").is(t, 403, "You cannot sign in")
	h.browser().linked("nobody").is(t, 403, "You cannot sign in")
	// An admin who becomes somebody of the roster signs in as that person.
	b := h.browser()
	b.linked("it@example.com")
	h.change(func(p map[string]series.Person) { p["ida"] = series.Person{ID: "ida", Email: "it@example.com"} })
	b.who(t, isNobody)
}

// TestAttackFixation: a token that somebody else knows is nobody's session after a sign-in.
func TestAttackFixation(t *testing.T) {
	h := open(t, shell)
	attacker, victim := h.browser(), h.browser()
	attacker.linked("raj")
	known := attacker.token()
	victim.header.Set("Cookie", "holdfast="+known)
	answer := victim.linked("mia")
	answer.is(t, 200, "") // it follows the redirect with the old cookie as well
	fresh := victim.token()
	if fresh == "" || fresh == known {
		t.Fatalf("the token is %q, was %q", fresh, known)
	}
	attacker.who(t, isNobody)
	victim.header.Del("Cookie")
	victim.who(t, isMia)

	made := strings.Repeat("A", 43)
	victim = h.browser()
	victim.header.Set("Cookie", "holdfast="+made)
	victim.linked("mia")
	if victim.token() == made {
		t.Error("a made-up token was taken")
	}
}

// TestStreams: a stream ends at once when somebody signs out of its session, and by the next sweep when that ends
// otherwise.
func TestStreams(t *testing.T) {
	h := open(t, shell)
	var over <-chan struct{}
	var release func()
	stream := h.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { over, release = h.Over(r) }))
	b := h.browser()
	begin := func() {
		t.Helper()
		b.linked("mia").is(t, 200, isMia)
		r := httptest.NewRequest("GET", "/live", nil)
		r.AddCookie(&http.Cookie{Name: "holdfast", Value: b.token()})
		stream.ServeHTTP(httptest.NewRecorder(), r)
		h.Sweep(t.Context())
		select {
		case <-over:
			t.Error("a good session's stream is over")
		default:
		}
	}
	roster := h.roster()
	for name, end := range map[string]func(){
		"signed out":        func() { b.post(OutPath).is(t, 200, "You are signed out") },
		"signed in anew":    func() { b.linked("raj") },
		"out of the roster": func() { h.change(func(p map[string]series.Person) { delete(p, "mia") }); h.Sweep(t.Context()) },
		"no admin":          func() { h.Admins = nil; h.Sweep(t.Context()) },
		"idle":              func() { h.wait(Idle); h.Sweep(t.Context()) },
		"ended elsewhere": func() {
			if _, err := h.journal.EndSessions(t.Context(), "mia"); err != nil {
				t.Fatal(err)
			}
			h.Sweep(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			begin()
			end()
			select {
			case <-over:
			default:
				t.Error("the stream is not over")
			}
			release()
			h.Admins = []string{"mia"}
			h.change(func(p map[string]series.Person) { maps.Copy(p, roster) })
		})
	}
	begin()
	release()
	release()
	if len(h.streams.at) != 0 {
		t.Error("what nobody waits for is kept")
	}
}
