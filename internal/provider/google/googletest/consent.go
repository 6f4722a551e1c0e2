package googletest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ConsentAsked is what an app asks of a person on the consent screen.
type ConsentAsked struct {
	Client, LoginHint string
	Scopes            []string
	Offline           bool
}

// Consent is what the person does there.
type Consent struct {
	User string   // who is signed in
	Deny bool     // clicks Cancel
	But  []string // scopes left unticked
	// AdminPolicy: the organization blocks the app (error 400: admin_policy_enforced).
	AdminPolicy bool
}

// OnConsent makes f the person at the consent screen. By default whoever login_hint names, else the first user, agrees to
// everything.
func (s *Server) OnConsent(f func(ConsentAsked) Consent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.consent = f
}

// consentPage answers the authorization endpoint: with a redirect, as if somebody had clicked at once.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c := s.client(q.Get("client_id"))
	page := func(code int, name string) { http.Error(w, "Error "+http.StatusText(code)+": "+name, code) }
	back, err := url.Parse(q.Get("redirect_uri"))
	scopes := strings.Fields(q.Get("scope"))
	method := q.Get("code_challenge_method")
	switch {
	case c == nil:
		page(401, "invalid_client")
		return
	case err != nil || !c.redirects(back):
		page(400, "redirect_uri_mismatch")
		return
	case q.Get("response_type") != "code" || len(scopes) == 0 || method != "" && method != "S256" && method != "plain":
		page(400, "invalid_request")
		return
	}
	asked := ConsentAsked{Client: c.ID, LoginHint: q.Get("login_hint"), Scopes: scopes, Offline: q.Get("access_type") == "offline" || !c.Web}
	done := Consent{User: asked.LoginHint}
	if done.User == "" && len(s.opt.Users) > 0 {
		done.User = s.opt.Users[0].Email
	}
	if s.tokens.consent != nil {
		done = s.tokens.consent(asked)
	}
	if done.AdminPolicy {
		page(400, "admin_policy_enforced")
		return
	}
	to := back.Query()
	if st := q.Get("state"); st != "" {
		to.Set("state", st)
	}
	u := s.users[strings.ToLower(done.User)]
	if done.Deny || u == nil {
		to.Set("error", "access_denied")
	} else {
		granted := slices.DeleteFunc(scopes, func(sc string) bool { return slices.Contains(done.But, sc) })
		g := &grant{caller: caller{email: u.Email, payer: u.Email, app: c.ID, scopes: scopeSet(granted)}, client: c.ID, redirect: q.Get("redirect_uri"), given: s.now()}
		g.offline = asked.Offline && (!c.Web || q.Get("prompt") == "consent" || !s.consented(u.Email, c.ID))
		if g.challenge = q.Get("code_challenge"); g.challenge != "" && method != "S256" {
			g.challenge = s256(g.challenge)
		}
		code := "4/" + s.newID()
		s.tokens.codes[code] = g
		to.Set("code", code)
		to.Set("scope", strings.Join(granted, " "))
	}
	back.RawQuery = to.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *Server) consented(user, client string) bool {
	for _, g := range s.tokens.refresh {
		if g.email == user && g.client == client && !g.dead {
			return true
		}
	}
	return false
}

func (s *Server) client(id string) *OAuthClient {
	i := slices.IndexFunc(s.opt.Clients, func(c OAuthClient) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &s.opt.Clients[i]
}

// redirects: an installed app may use any port of the loopback; there is no copy and paste of codes any more.
func (c *OAuthClient) redirects(to *url.URL) bool {
	if c.Web {
		return slices.Contains(c.RedirectURIs, to.String())
	}
	ip := net.ParseIP(to.Hostname())
	return to.Scheme == "http" && (to.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// exchange answers the grants of an app: a code, or a refresh token.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) {
	f := r.PostForm
	id, secret := f.Get("client_id"), f.Get("client_secret")
	if u, p, ok := r.BasicAuth(); ok {
		id, secret = u, p
	}
	c := s.client(id)
	if c == nil || subtle.ConstantTimeCompare([]byte(secret), []byte(c.Secret)) != 1 {
		oauthError(w, 401, "invalid_client", "The OAuth client was not found.")
		return
	}
	if f.Get("grant_type") == "refresh_token" {
		s.refresh(w, c, f.Get("refresh_token"))
		return
	}
	g := s.tokens.codes[f.Get("code")]
	delete(s.tokens.codes, f.Get("code")) // good for one try
	switch {
	case g == nil || g.client != c.ID || s.now().Sub(g.given) > 10*time.Minute:
		oauthError(w, 400, "invalid_grant", "Malformed auth code.")
		return
	case g.redirect != f.Get("redirect_uri"):
		oauthError(w, 400, "redirect_uri_mismatch", "Bad Request")
		return
	case g.challenge != "" && g.challenge != s256(f.Get("code_verifier")):
		oauthError(w, 400, "invalid_grant", "Invalid code verifier.")
		return
	}
	out := object{}
	if g.offline {
		g.grant = s.giveRefresh(*g)
		out["refresh_token"] = g.grant
	}
	s.answerToken(w, g.caller, out)
}

// refreshLives are how long a refresh token lives: unused, and of an app whose consent screen is in testing.
const (
	unusedLife  = 183 * 24 * time.Hour
	testingLife = 7 * 24 * time.Hour
)

func (s *Server) refresh(w http.ResponseWriter, c *OAuthClient, token string) {
	g := s.tokens.refresh[token]
	if g == nil || g.dead || g.client != c.ID || s.now().Sub(g.used) > unusedLife || c.Testing && s.now().Sub(g.given) >= testingLife {
		oauthError(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	g.used = s.now()
	of := g.caller
	of.grant = token
	s.answerToken(w, of, object{})
}

func (s *Server) answerToken(w http.ResponseWriter, c caller, out object) {
	out["access_token"], out["expires_in"], out["token_type"] = s.giveAccess(c), int(accessLife/time.Second), "Bearer"
	out["scope"] = strings.Join(slices.Sorted(maps.Keys(c.scopes)), " ")
	send(w, 200, out)
}

// ServiceAccountJSON is the key file of a service account, with this server's token_uri.
func (s *Server) ServiceAccountJSON(account string) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(accountKey())
	if err != nil {
		panic(err) // of a key just made
	}
	return mustJSON(object{"type": "service_account", "project_id": "googletest", "private_key_id": "key-1", "client_email": account,
		"client_id": "100000000000000000001", "auth_uri": s.AuthURI(), "token_uri": s.TokenURI(),
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
}

// ClientJSON is the client file of an app, with this server's auth_uri and token_uri.
func (s *Server) ClientJSON(id string) []byte {
	s.mu.Lock()
	c := s.client(id)
	s.mu.Unlock()
	kind, back := "installed", []string{"http://localhost"}
	if c.Web {
		kind, back = "web", c.RedirectURIs
	}
	return mustJSON(object{kind: object{"client_id": c.ID, "project_id": "googletest", "auth_uri": s.AuthURI(), "token_uri": s.TokenURI(),
		"client_secret": c.Secret, "redirect_uris": back}})
}

func mustJSON(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // plain values only
	}
	return b
}
