package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"holdfast/internal/access"
	"holdfast/internal/series"
)

// accounts are those of a real provider.
type accounts map[string]*storage.User

func (a accounts) GetUserByID(id string) *storage.User { return a[id] }

func (a accounts) GetUserByUsername(name string) *storage.User {
	for _, u := range a {
		if u.Username == name {
			return u
		}
	}
	return nil
}

func (a accounts) ExampleClientID() string { return storage.ServiceUserID }

// certified starts a provider that others wrote, and that is certified: github.com/zitadel/oidc. It knows the house,
// and the accounts; up starts it, where it begins down.
func certified(t *testing.T, users accounts, more func(*Options)) (h *house, issuer string, up func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer = "http://" + listener.Addr().String()
	h = open(t, func(_ *house, o *Options) {
		o.OIDC = &OIDC{
			Issuer:   issuer,
			ClientID: "holdfast",
			Secret:   func() (string, error) { return "hunter2", nil },
			Claim:    "email",
		}
		if more != nil {
			more(o)
		}
	})
	clients := map[string]*storage.Client{
		"holdfast": storage.WebClient("holdfast", "hunter2", h.URL+BackPath),
	}
	server := &http.Server{Handler: exampleop.SetupServer(issuer, storage.NewStorageWithClients(users, clients),
		slog.New(slog.NewTextHandler(io.Discard, nil)), false)}
	var serving sync.WaitGroup
	up = sync.OnceFunc(func() { serving.Go(func() { _ = server.Serve(listener) }) })
	t.Cleanup(func() {
		listener.Close()
		server.Close()
		serving.Wait()
	})
	return h, issuer, up
}

func user(id, address string, verified bool) *storage.User {
	return &storage.User{ID: id, Username: id, Password: "pass", Email: address, EmailVerified: verified}
}

var hidden = regexp.MustCompile(`name="id" value="([^"]*)"`)

// logsIn does at the provider's page what a person does.
func (b *browser) logsIn(issuer, name string, from answer) answer {
	b.t.Helper()
	id := hidden.FindStringSubmatch(from.text)
	if id == nil {
		b.t.Fatalf("this is not the provider's page: %d %s\n%s", from.status, from.url, from.text)
	}
	return b.post(issuer+"/login/username", "id", id[1], "username", name, "password", "pass")
}

func (b *browser) byProvider(issuer, name string) answer {
	b.t.Helper()
	return b.logsIn(issuer, name, b.get(oidcPath+"?back=/me"))
}

func TestAtARealProvider(t *testing.T) {
	users := accounts{
		"1": user("1", "Mia@Example.com", true),
		"2": user("2", "raj@example.com", false),
		"3": user("3", "mia.chen@example.com", true),
		"4": user("4", "mia@example.com", true),
		"5": user("5", "nobody@example.com", true),
		"6": user("6", "it@example.com", true),
	}
	h, issuer, up := certified(t, users, nil)
	b := h.browser()
	up()
	b.get("/pairs/mia/raj").is(t, 200, "/signin/oidc?back=%2Fpairs%2Fmia%2Fraj Go on to 127.0.0.1")
	b.byProvider(issuer, "1").is(t, 200, "/me: "+isMia)
	b.who(t, isMia)
	h.browser().byProvider(issuer, "2").is(t, 403, "does not say that its address is verified")
	h.browser().byProvider(issuer, "3").is(t, 403, "is nobody's here") // an alias binds nobody
	h.browser().byProvider(issuer, "4").is(t, 403, "Another account signs in")
	if len(h.refused) != 1 || h.refused[0] != (access.Refused{Reason: access.AnotherAccount, Person: "mia"}) {
		t.Errorf("admins are told %v", h.refused)
	}
	h.browser().byProvider(issuer, "5").is(t, 403, "(nobody@example.com) is nobody's here")
	h.browser().byProvider(issuer, "6").is(t, 200, isIT)

	// The account is Mia's whatever address it has now; and another one gets in when an admin lets it.
	users["1"].Email, users["1"].EmailVerified = "raj@example.com", false
	h.browser().byProvider(issuer, "1").is(t, 200, isMia)
	if _, err := h.journal.Unbind(t.Context(), "mia"); err != nil {
		t.Fatal(err)
	}
	h.browser().byProvider(issuer, "4").is(t, 200, isMia)

	// Out here, and on to the provider's own way out.
	out := b.post(OutPath)
	out.is(t, 200, "You are signed out of Holdfast")
	to, _ := strings.CutPrefix(out.header.Get("Refresh"), "0; url=")
	if to != issuer+"/end_session?client_id=holdfast" {
		t.Errorf("leads on to %q", to)
	}
	b.get(to).is(t, 200, "")
	b.who(t, isNobody)
	if text := h.log.String(); strings.Contains(text, "example.com") || strings.Contains(text, "hunter2") {
		t.Errorf("the log has an address or a secret: %s", text)
	}
}

// TestChangedAddress: whose address in the roster has changed needs an account with the new one.
func TestChangedAddress(t *testing.T) {
	users := accounts{"1": user("1", "mia@example.com", true)}
	h, issuer, up := certified(t, users, nil)
	up()
	b := h.browser()
	b.byProvider(issuer, "1").is(t, 200, isMia)
	h.change(func(p map[string]series.Person) {
		p["mia"] = series.Person{ID: "mia", Email: "mia@new.example", Aliases: []string{"mia@example.com"}}
	})
	b.who(t, isNobody)
	h.browser().byProvider(issuer, "1").is(t, 403, "Your address in the roster has changed")
	users["1"].Email = "mia@new.example"
	h.browser().byProvider(issuer, "1").is(t, 200, isMia)
}

// TestProviderDown: it is asked when it is needed, and only then; what is wrong is over when it is back.
func TestProviderDown(t *testing.T) {
	h, issuer, up := certified(t, accounts{"1": user("1", "mia@example.com", true)}, func(o *Options) {
		o.OIDC.Client = &http.Client{Timeout: time.Second}
	})
	b := h.browser()
	b.get("/").is(t, 200, "Sign in")
	b.get(oidcPath).is(t, 502, "You cannot sign in now")
	up()
	b.byProvider(issuer, "1").is(t, 200, isMia)
}

// TestIssuerLetterByLetter: a slash more is another issuer.
func TestIssuerLetterByLetter(t *testing.T) {
	h, _, up := certified(t, accounts{}, func(o *Options) { o.OIDC.Issuer += "/" })
	up()
	h.browser().get(oidcPath).is(t, 502, "You cannot sign in now")
}

// TestAttackStates: the provider's answer is taken from the browser that was sent there, once, and in time.
func TestAttackStates(t *testing.T) {
	h, issuer, up := certified(t, accounts{
		"1": user("1", "mia@example.com", true), "2": user("2", "raj@example.com", true),
	}, nil)
	up()
	// answerFor begins a sign-in, and stops where the provider sends the browser back.
	answerFor := func(b *browser, name string) string {
		back := ""
		b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == BackPath {
				back = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.byProvider(issuer, name)
		b.CheckRedirect = nil
		return back
	}
	victim, attacker := h.browser(), h.browser()

	// An attacker's own answer, given to somebody else.
	theirs := answerFor(attacker, "2")
	victim.get(theirs).is(t, 400, "Begin again")
	victim.get(oidcPath) // who has begun one of their own
	victim.get(theirs).is(t, 400, "Begin again")
	victim.who(t, isNobody)
	// The failed try has ended that one, too.
	mine := answerFor(victim, "1")
	u, _ := url.Parse(mine)
	q := u.Query()
	q.Set("state", strings.Repeat("A", len(q.Get("state"))))
	victim.get(BackPath+"?"+q.Encode()).is(t, 400, "Begin again")
	victim.get(mine).is(t, 400, "Begin again")
	victim.who(t, isNobody)

	// A good answer, again: with the cookie kept it is the provider that refuses the code.
	mine = answerFor(victim, "1")
	kept := h.cookieOf(victim, flowCookie)
	victim.get(mine).is(t, 200, "/me: "+isMia)
	victim.get(mine).is(t, 400, "Begin again")
	attacker = h.browser()
	attacker.header.Set("Cookie", "holdfast"+flowCookie+"="+kept)
	attacker.get(mine).is(t, 502, "You cannot sign in now")
	attacker.header.Del("Cookie")
	attacker.who(t, isNobody)

	// An answer that comes too late, and one that says no.
	mine = answerFor(attacker, "2")
	h.wait(flowLifetime)
	attacker.get(mine).is(t, 400, "Begin again")
	f := flow{state: "s", nonce: "n", verifier: "v", until: h.now().Add(time.Hour)}
	attacker.header.Set("Cookie", "holdfast"+flowCookie+"="+f.String())
	attacker.get(BackPath+"?state=s&error=access_denied&error_description=<b>x").is(t, 403, "nobody was signed in")
}

// liar is a provider that says what it is told to.
type liar struct {
	issuer string
	key    *rsa.PrivateKey
	more   map[string]any // of the discovery document
	claims map[string]any // of the next ID token
	signed string         // the next ID token, in place of claims
	info   map[string]any // user info
	asked  url.Values     // with what the browser came
	auth   string         // how the client said who it is
}

func lies(t *testing.T, change func(*Options, *liar)) (*house, *liar) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{key: key}
	public := oidctest.PublicKey{PublicKey: key.Public(), KeyID: "k", Algorithm: oidc.RS256}
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{public}}
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux := http.NewServeMux()
	mux.Handle("/", keys)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		d := map[string]any{
			"issuer":                 l.issuer,
			"authorization_endpoint": l.issuer + "/auth",
			"token_endpoint":         l.issuer + "/token",
			"jwks_uri":               l.issuer + "/keys",
			"userinfo_endpoint":      l.issuer + "/info",
		}
		maps.Copy(d, l.more)
		answer(w, d)
	})
	mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) {
		l.asked = r.URL.Query()
		http.Redirect(w, r, l.asked.Get("redirect_uri")+"?code=c&state="+l.asked.Get("state"), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if _, _, basic := r.BasicAuth(); basic {
			l.auth = "basic"
		} else if r.FormValue("client_secret") != "" {
			l.auth = "post"
		}
		token := l.signed
		if token == "" {
			claims := map[string]any{"iss": l.issuer, "aud": "holdfast", "sub": "1", "exp": time.Now().Add(time.Hour).Unix(),
				"nonce": l.asked.Get("nonce"), "email": "mia@example.com", "email_verified": true}
			for name, v := range l.claims {
				if claims[name] = v; v == nil {
					delete(claims, name)
				}
			}
			text, _ := json.Marshal(claims)
			token = oidctest.SignIDToken(l.key, "k", oidc.RS256, string(text))
			l.signed = token
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	mux.HandleFunc("/info", func(w http.ResponseWriter, _ *http.Request) { answer(w, l.info) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	l.issuer = server.URL
	keys.SetIssuer(server.URL)
	return open(t, func(_ *house, o *Options) {
		o.OIDC = &OIDC{
			Issuer:   server.URL,
			ClientID: "holdfast",
			Secret:   func() (string, error) { return "hunter2", nil },
			Claim:    "email",
		}
		change(o, l)
	}), l
}

func asTheyAre(*Options, *liar) {}

// TestAttackTokens: an ID token signs in only who it is for, where it is for, when it is good, and once.
func TestAttackTokens(t *testing.T) {
	h, l := lies(t, asTheyAre)
	for name, claims := range map[string]map[string]any{
		"another audience":  {"aud": "else"},
		"no audience":       {"aud": nil},
		"for another party": {"aud": []string{"holdfast", "else"}, "azp": "else"},
		"expired":           {"exp": time.Now().Add(-time.Minute).Unix()},
		"not yet":           {"nbf": time.Now().Add(time.Hour).Unix()},
		"another nonce":     {"nonce": "else"},
		"no nonce":          {"nonce": nil},
		"another issuer":    {"iss": "https://login.example.com"},
		"a slash more":      {"iss": l.issuer + "/"},
	} {
		t.Run(name, func(t *testing.T) {
			l.claims, l.signed = claims, ""
			b := h.browser()
			b.get(oidcPath).is(t, 502, "You cannot sign in now")
			b.who(t, isNobody)
		})
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := `{"iss":"` + l.issuer + `","aud":"holdfast","sub":"1","exp":9999999999,` +
		`"email":"mia@example.com","email_verified":true}`
	for name, token := range map[string]string{
		"another key":  oidctest.SignIDToken(key, "k", oidc.RS256, claims),
		"no signature": "eyJhbGciOiJub25lIn0.e30.",
		"none":         " ",
	} {
		l.signed = token
		h.browser().get(oidcPath).is(t, 502, "You cannot sign in now")
		t.Log(name)
	}
	l.claims, l.signed = nil, ""
	h.browser().get(oidcPath).is(t, 200, isMia)
	// The same token again, in another sign-in: its nonce is that of the first.
	h.browser().get(oidcPath).is(t, 502, "You cannot sign in now")
}

// TestVerified: who vouches for an address, and what a claim of the settings means.
func TestVerified(t *testing.T) {
	for _, c := range []struct {
		name   string
		claim  string
		trust  bool
		claims map[string]any
		signs  bool
	}{
		{name: "true", claims: map[string]any{"email_verified": true}, signs: true},
		{name: "true as text", claims: map[string]any{"email_verified": "true"}, signs: true},
		{name: "false", claims: map[string]any{"email_verified": false}},
		{name: "false as text", claims: map[string]any{"email_verified": "false"}},
		{name: "false, trusted", trust: true, claims: map[string]any{"email_verified": false}},
		{name: "false, Entra", claims: map[string]any{"email_verified": false, "xms_edov": true}},
		{name: "null", claims: map[string]any{"email_verified": json.RawMessage("null")}},
		{name: "absent", claims: map[string]any{"email_verified": nil}},
		{name: "absent, trusted", trust: true, claims: map[string]any{"email_verified": nil}, signs: true},
		{name: "Entra", claims: map[string]any{"email_verified": nil, "xms_edov": true}, signs: true},
		{name: "Entra as text", claims: map[string]any{"email_verified": nil, "xms_edov": "1"}, signs: true},
		{name: "Entra, not", claims: map[string]any{"email_verified": nil, "xms_edov": false}},
		{name: "another claim", claim: "upn", trust: true, claims: map[string]any{"upn": "mia@example.com", "email": "x@y.z",
			"email_verified": nil}, signs: true},
		{name: "another claim, not trusted", claim: "upn", claims: map[string]any{"upn": "mia@example.com"}},
		{name: "no address", trust: true, claims: map[string]any{"email": ""}},
		{name: "a list", claims: map[string]any{"email": []string{"mia@example.com"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, l := lies(t, func(o *Options, _ *liar) {
				if o.OIDC.TrustEmail = c.trust; c.claim != "" {
					o.OIDC.Claim = c.claim
				}
			})
			l.claims = c.claims
			b := h.browser()
			b.get(oidcPath)
			want := isNobody
			if c.signs {
				want = isMia
			}
			b.who(t, want)
		})
	}
}

// TestAttackLetters: an address in letters that are taken for those of ASCII, as the sign of Kelvin for a k, is
// another.
func TestAttackLetters(t *testing.T) {
	h, l := lies(t, asTheyAre)
	h.change(func(p map[string]series.Person) { p["kim"] = series.Person{ID: "kim", Email: "kim@example.com"} })
	l.claims = map[string]any{"email": "\u212aim@example.com"}
	h.browser().get(oidcPath).is(t, 403, "is nobody's here")
	l.claims, l.signed = map[string]any{"email": "KIM@example.com"}, ""
	h.browser().get(oidcPath).is(t, 200, `"kim"`)
}

// TestUserInfo: it counts where the ID token has no address, and only if it is of the same account.
func TestUserInfo(t *testing.T) {
	h, l := lies(t, asTheyAre)
	l.claims = map[string]any{"email": nil, "email_verified": nil}
	l.info = map[string]any{"sub": "2", "email": "mia@example.com", "email_verified": true}
	h.browser().get(oidcPath).is(t, 502, "You cannot sign in now")
	l.signed, l.info["sub"] = "", "1"
	h.browser().get(oidcPath).is(t, 200, isMia)
}

// TestAsked: what the provider is asked, and how.
func TestAsked(t *testing.T) {
	h, l := lies(t, func(o *Options, _ *liar) { o.OIDC.Claim, o.OIDC.TrustEmail = "upn", true })
	l.claims = map[string]any{"upn": "mia@example.com"}
	l.more = map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_post"}}
	b := h.browser()
	b.get(oidcPath).is(t, 200, isMia)
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "holdfast", "redirect_uri": h.URL + "/signin/oidc/back",
		"scope": "openid email profile", "code_challenge_method": "S256", "prompt": "",
	} {
		if got := l.asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(l.asked.Get("code_challenge")) != 43 || len(l.asked.Get("state")) < 43 || len(l.asked.Get("nonce")) < 43 ||
		l.auth != "post" {
		t.Errorf("asked with %v, signed in by %s", l.asked, l.auth)
	}
	// It has no end of sessions: that is said, and the next time it asks which account to take.
	b.post(OutPath).is(t, 200, "Your account stays signed in")
	l.signed = ""
	b.get(oidcPath).is(t, 200, isMia)
	if got := l.asked.Get("prompt"); got != "select_account" {
		t.Errorf("prompt is %q", got)
	}
	b.get(OutPath)
	l.signed = ""
	b.get(oidcPath)
	if got := l.asked.Get("prompt"); got != "" {
		t.Errorf("prompt is still %q", got)
	}
	cookies := b.Jar.Cookies(must(url.Parse(h.URL)))
	if !slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == "holdfast" }) || len(cookies) != 1 {
		t.Errorf("cookies: %v", cookies)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestExamine: what an admin is told of a provider: how it writes itself, and whose clock is wrong.
func TestExamine(t *testing.T) {
	h, issuer, up := certified(t, accounts{}, nil)
	up()
	for _, c := range []struct {
		issuer, writes string
		ahead          time.Duration
	}{
		{issuer: issuer},
		{issuer: issuer + "/", writes: issuer},
		{issuer: issuer, ahead: -time.Hour},
	} {
		now := func() time.Time { return h.now().Add(-c.ahead) }
		x, err := Examine(t.Context(), OIDC{Issuer: c.issuer}, now)
		if err != nil || x.Issuer != c.writes || (x.Ahead-c.ahead).Abs() > time.Minute {
			t.Errorf("%+v: %+v %v", c, x, err)
		}
	}
	if _, err := Examine(t.Context(), OIDC{Issuer: issuer + "/elsewhere"}, h.now); err == nil {
		t.Error("where there is no provider one is found")
	}
}
