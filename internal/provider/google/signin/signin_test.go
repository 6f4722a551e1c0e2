package signin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/google/signin"
	"holdfast/internal/series"
)

var mia = series.Person{ID: "mia", Name: "Mia Chen", Email: "mia@example.com", Aliases: []string{"mia.chen@example.com"}}

const (
	account = "daemon@project.iam.example"
	events  = "https://www.googleapis.com/auth/calendar.events.owned"
	files   = "https://www.googleapis.com/auth/drive.file"
)

var secret = []byte(strings.Repeat("k", 44))

// world is a Google, and a clock that tests move.
type world struct {
	*googletest.Server
	*testing.T
	at  time.Time
	dir signin.Dir
}

func open(t *testing.T, change ...func(*googletest.Options)) *world {
	t.Helper()
	w := &world{T: t, at: time.Now(), dir: signin.Dir(filepath.Join(t.TempDir(), "tokens"))}
	o := googletest.Options{Clock: func() time.Time { return w.at },
		Users:      []googletest.User{{Email: mia.Email, Aliases: mia.Aliases}, {Email: "raj@example.com"}},
		Clients:    []googletest.OAuthClient{{ID: "app", Secret: "hush"}},
		Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{"calendar.events.owned"}}}}
	for _, f := range change {
		f(&o)
	}
	w.Server = googletest.New(o)
	srv := httptest.NewServer(w.Server)
	t.Cleanup(srv.Close)
	w.SetBase(srv.URL)
	return w
}

func (w *world) service(scopes ...string) *signin.ServiceAccount {
	w.Helper()
	a, err := signin.NewServiceAccount(w.ServiceAccountJSON(account), scopes, nil)
	w.must(err)
	return a
}

func (w *world) vault() *signin.Vault {
	w.Helper()
	v, err := signin.NewVault(secret, w.dir)
	w.must(err)
	return v
}

func (w *world) app(base *http.Client, scopes ...string) *signin.App {
	w.Helper()
	a, err := signin.NewApp(w.ClientJSON("app"), scopes, w.vault(), base)
	w.must(err)
	return a
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%v (%s)", err, provider.HintOf(err))
	}
}

// wants sees that err is of that kind and that its hint says what to do.
func (w *world) wants(err error, kind provider.Kind, hint string) {
	w.Helper()
	if err == nil || provider.KindOf(err) != kind || !strings.Contains(provider.HintOf(err), hint) {
		w.Errorf("got %v of kind %d with hint %q, want kind %d and %q", err, provider.KindOf(err), provider.HintOf(err), kind, hint)
	}
}

// reads lists the calendar's events by the client.
func (w *world) reads(c *http.Client) error {
	a, err := c.Get(w.Base() + "/calendar/v3/calendars/primary/events")
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		w.Errorf("the calendar answers %s", a.Status)
	}
	return nil
}

func TestServiceAccount(t *testing.T) {
	w := open(t)
	c := w.service(events).Client(mia)
	w.must(w.reads(c))
	w.must(w.reads(c))
	w.ExpireTokens() // before their time
	w.must(w.reads(c))
	if id := w.service(events).ClientID(); id == "" {
		t.Error("no client id for the admin console")
	}
}

// What a body asks for is asked again with it, when the token was refused.
func TestRefusedTokenKeepsTheBody(t *testing.T) {
	w := open(t)
	c := w.service(events).Client(mia)
	w.must(w.reads(c))
	w.ExpireTokens()
	event := `{"start":{"dateTime":"2026-12-01T10:00:00Z"},"end":{"dateTime":"2026-12-01T11:00:00Z"},"summary":"x"}`
	a, err := c.Post(w.Base()+"/calendar/v3/calendars/primary/events", "application/json", strings.NewReader(event))
	w.must(err)
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(a.Body)
		t.Errorf("%s: %s", a.Status, b)
	}
}

func TestServiceAccountErrors(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.wants(w.service(events, files).Check(ctx, mia), provider.Auth, "Domain-wide delegation) give client 100000000000000000001 exactly these scopes, and wait some minutes: "+events+","+files)
	w.wants(w.service(events).Check(ctx, series.Person{ID: "ann", Email: "ann@example.com"}), provider.Auth, "email of person ann")
	for _, off := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		w.CheckAssertionsBy(func() time.Time { return time.Now().Add(off) })
		w.wants(w.service(events).Check(ctx, mia), provider.Auth, "clock")
	}
	for _, off := range []time.Duration{2 * time.Minute, -2 * time.Minute} {
		w.CheckAssertionsBy(func() time.Time { return time.Now().Add(off) })
		w.must(w.service(events).Check(ctx, mia))
	}
	w.FailNth("oauth.token", 1, googletest.Fault{Status: 503})
	w.wants(w.service(events).Check(ctx, mia), provider.Transient, "")
	stranger, err := signin.NewServiceAccount(w.ServiceAccountJSON("other@project.iam.example"), []string{events}, nil)
	w.must(err)
	w.wants(stranger.Check(ctx, mia), provider.Auth, "service account itself")
	w.wants(w.reads(stranger.Client(mia)), provider.Auth, "service account itself")
}

func TestFilesThatAreNone(t *testing.T) {
	w := open(t)
	for _, text := range []string{"", "{}", "[1]", `{"type":"service_account"}`, `{"type":"authorized_user","client_email":"x"}`, string(w.ClientJSON("app"))} {
		_, err := signin.NewServiceAccount([]byte(text), nil, nil)
		w.wants(err, provider.Auth, "JSON key of a service account")
	}
	for _, text := range []string{"", "{}", "[1]", `{"installed":{}}`, `{"web":{"client_id":"x"}}`, string(w.ServiceAccountJSON(account))} {
		_, err := signin.NewApp([]byte(text), nil, nil, nil)
		w.wants(err, provider.Auth, "Desktop app")
	}
}

func TestProjectOf(t *testing.T) {
	w := open(t)
	for text, want := range map[string]string{string(w.ServiceAccountJSON(account)): "googletest", string(w.ClientJSON("app")): "googletest", "{}": "", "x": ""} {
		if got := signin.ProjectOf([]byte(text)); got != want {
			t.Errorf("%.60s is of project %q, want %q", text, got, want)
		}
	}
}

// browser opens the address and follows where it leads, on this machine only.
func browser(t *testing.T) func(string) {
	return func(address string) {
		go func() {
			a, err := http.Get(address)
			if err != nil {
				t.Error(err)
				return
			}
			_ = a.Body.Close()
		}()
	}
}

func TestConnect(t *testing.T) {
	w := open(t)
	app := w.app(nil, events)
	w.wants(w.reads(app.Client(mia)), provider.Auth, "holdfast auth google mia")
	var asked googletest.ConsentAsked
	w.OnConsent(func(a googletest.ConsentAsked) googletest.Consent {
		asked = a
		return googletest.Consent{User: a.LoginHint}
	})
	w.must(app.Connect(t.Context(), mia, browser(t)))
	if !asked.Offline || asked.LoginHint != mia.Email {
		t.Errorf("asked %+v", asked)
	}
	w.must(app.Connected(t.Context(), mia))
	w.must(w.reads(w.app(nil, events).Client(mia))) // another process
}

func TestConnectIgnoresStrangers(t *testing.T) {
	w := open(t)
	w.must(w.app(nil, events).Connect(t.Context(), mia, func(address string) {
		u, err := url.Parse(address)
		w.must(err)
		back := u.Query().Get("redirect_uri")
		go func() {
			for _, q := range []string{"?code=4/x&state=guess", "?code=4/x", "", "favicon.ico"} {
				a, err := http.Get(back + q)
				if err != nil {
					t.Error(err)
					return
				}
				_ = a.Body.Close()
				if a.StatusCode < 400 {
					t.Errorf("%q is answered %s", q, a.Status)
				}
			}
			browser(t)(address)
		}()
	}))
}

func TestConnectAsksInTheSafeWay(t *testing.T) {
	w := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := w.app(nil, events).Connect(ctx, mia, func(address string) {
		u, err := url.Parse(address)
		w.must(err)
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) < 43 || len(q.Get("state")) < 32 ||
			q.Get("access_type") != "offline" || !strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") ||
			!strings.HasPrefix(address, w.AuthURI()) {
			t.Errorf("asks by %s", address)
		}
		cancel()
	})
	if err == nil {
		t.Error("connected without a browser")
	}
}

func TestConsentWithheld(t *testing.T) {
	for name, c := range map[string]struct {
		consent googletest.Consent
		hint    string
	}{
		"denied":       {googletest.Consent{User: mia.Email, Deny: true}, "agree"},
		"box unticked": {googletest.Consent{User: mia.Email, But: []string{files}}, "leave all boxes ticked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.OnConsent(func(googletest.ConsentAsked) googletest.Consent { return c.consent })
			app := w.app(nil, events, files)
			w.wants(app.Connect(t.Context(), mia, browser(t)), provider.Auth, c.hint)
			w.wants(app.Connected(t.Context(), mia), provider.Auth, "holdfast auth google mia")
		})
	}
}

// identified adds an ID token to the answers of the token endpoint.
type identified string

func (e identified) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || a.StatusCode != 200 {
		return a, err
	}
	defer a.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(a.Body).Decode(&body); err != nil {
		return nil, err
	}
	body["id_token"] = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"email":"`+string(e)+`"}`)) + ".c2ln"
	b, err := json.Marshal(body)
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return a, err
}

func TestAnotherAccount(t *testing.T) {
	w := open(t)
	app := w.app(&http.Client{Transport: identified("raj@example.com")}, events)
	w.wants(app.Connect(t.Context(), mia, browser(t)), provider.Auth, "with the account of mia@example.com")
	w.wants(app.Connected(t.Context(), mia), provider.Auth, "holdfast auth google mia")
	alias := w.app(&http.Client{Transport: identified(mia.Aliases[0])}, events)
	w.must(alias.Connect(t.Context(), mia, browser(t)))
}

// ends is where a browser on another machine ends up: at an address that nothing answers.
func ends(w *world, address string) string {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := c.Get(address)
	w.must(err)
	defer a.Body.Close()
	return a.Header.Get("Location")
}

func TestConnectByHand(t *testing.T) {
	w := open(t)
	app := w.app(nil, events)
	var address string
	show := func(a string) { address = a }
	w.must(app.ConnectByHand(t.Context(), mia, show, func() (string, error) { return " " + ends(w, address) + "\n", nil }))
	w.must(w.reads(app.Client(mia)))
	w.wants(app.ConnectByHand(t.Context(), mia, show, func() (string, error) { return "https://accounts.google.com/x", nil }), provider.Auth, "whole address")
	old := ends(w, address)
	w.wants(app.ConnectByHand(t.Context(), mia, show, func() (string, error) { return old, nil }), provider.Auth, "holdfast auth google mia")
}

// Google's own page of an error sends nobody back; pasted, its text or its address tells all the same.
func TestPastedRefusals(t *testing.T) {
	w := open(t)
	app := w.app(nil, events)
	inside := base64.RawURLEncoding.EncodeToString([]byte("\n\x15admin_policy_enforced\x12\x00"))
	for page, hint := range map[string]string{
		"Error 400: admin_policy_enforced\n":                                                      "App access control",
		"https://accounts.google.com/signin/oauth/error/v2?authError=" + inside + "&flowName=x\n": "App access control",
		"Error 403: org_internal":                                                                 "own organization",
		"https://accounts.google.com/x?authError=":                                                "whole address",
	} {
		err := app.ConnectByHand(t.Context(), mia, func(string) {}, func() (string, error) { return page, nil })
		w.wants(err, provider.Auth, hint)
	}
}

func TestDeadConsents(t *testing.T) {
	connect := func(w *world) *signin.App {
		app := w.app(nil, events)
		w.must(app.Connect(w.Context(), mia, browser(w.T)))
		return app
	}
	t.Run("withdrawn", func(t *testing.T) {
		w := open(t)
		c := connect(w).Client(mia)
		w.must(w.reads(c))
		w.Revoke(mia.Email)
		w.wants(w.reads(c), provider.Auth, "consent was withdrawn")
	})
	t.Run("testing", func(t *testing.T) {
		w := open(t, func(o *googletest.Options) { o.Clients[0].Testing = true })
		app := connect(w)
		w.at = w.at.Add(8 * 24 * time.Hour)
		w.wants(app.Connected(t.Context(), mia), provider.Auth, "publish it")
	})
	t.Run("server in trouble", func(t *testing.T) {
		w := open(t)
		app := connect(w)
		for _, f := range []googletest.Fault{{Status: 500}, {Status: 503}, {Status: 429, Reason: "rate_limit_exceeded"}} {
			w.FailNth("oauth.token", 1, f)
			w.wants(app.Connected(t.Context(), mia), provider.Transient, "")
		}
		w.must(app.Connected(t.Context(), mia))
	})
	t.Run("told in words", func(t *testing.T) {
		w := open(t)
		app := connect(w)
		for code, hint := range map[string]string{"admin_policy_enforced": "App access control", "invalid_client": "oauth_client_file",
			"deleted_client": "oauth_client_file", "org_internal": "own organization", "something_new": "holdfast auth google mia"} {
			w.FailNth("oauth.token", 1, googletest.Fault{Status: 400, Reason: code})
			w.wants(app.Connected(t.Context(), mia), provider.Auth, hint)
		}
	})
}

func TestVault(t *testing.T) {
	w := open(t)
	w.must(w.app(nil, events).Connect(t.Context(), mia, browser(t)))
	path := filepath.Join(string(w.dir), "mia.token")
	info, err := os.Stat(path)
	w.must(err)
	sealed, err := os.ReadFile(path)
	w.must(err)
	if info.Mode().Perm() != 0o600 || bytes.Contains(sealed, []byte("1//")) {
		t.Errorf("mode %v, %d bytes kept", info.Mode(), len(sealed))
	}
	with := func(secret []byte, person series.Person, client string) error {
		v, err := signin.NewVault(secret, w.dir)
		w.must(err)
		file := bytes.ReplaceAll(w.ClientJSON("app"), []byte(`"app"`), []byte(`"`+client+`"`))
		app, err := signin.NewApp(file, []string{events}, v, nil)
		w.must(err)
		return app.Connected(t.Context(), person)
	}
	w.must(with(secret, mia, "app"))
	w.wants(with([]byte(strings.Repeat("x", 44)), mia, "app"), provider.Auth, "put back the key")
	w.wants(with(secret, mia, "another"), provider.Auth, "put back the key")
	w.must(w.dir.SetToken(t.Context(), "raj", sealed)) // one person's stands for nobody else's
	w.wants(with(secret, series.Person{ID: "raj", Email: "raj@example.com"}, "app"), provider.Auth, "put back the key")
	for i := range sealed {
		spoilt := bytes.Clone(sealed)
		spoilt[i] ^= 1
		w.must(w.dir.SetToken(t.Context(), "mia", spoilt))
		if err := with(secret, mia, "app"); provider.KindOf(err) != provider.Auth || err == nil {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	w.must(w.dir.SetToken(t.Context(), "mia", sealed[:5]))
	w.wants(with(secret, mia, "app"), provider.Auth, "holdfast auth google mia")
	w.must(w.vault().Forget(t.Context(), "mia"))
	w.must(w.vault().Forget(t.Context(), "mia"))
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("forgotten, and yet: %v", err)
	}
	_, err = signin.NewVault([]byte("short"), w.dir)
	w.wants(err, provider.Auth, "openssl rand")
	for _, person := range []string{"../mia", "a/b", ""} {
		if _, err := w.dir.Token(t.Context(), person); err == nil || os.IsNotExist(err) {
			t.Errorf("%q names a file: %v", person, err)
		}
	}
	err = filepath.WalkDir(string(w.dir), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(p, ".token") {
			t.Errorf("left behind: %s", p)
		}
		return err
	})
	w.must(err)
}
