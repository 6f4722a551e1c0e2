package googletest

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/clock"
)

// The OAuth endpoints, below the base.
const (
	authPath   = "/o/oauth2/v2/auth"
	tokenPath  = "/token"
	revokePath = "/revoke"
)

// ServiceAccount is one with the scopes that the admin let it use as any user of the domain; none is no delegation.
type ServiceAccount struct {
	Email  string
	Scopes []string
}

// OAuthClient is an app that people consent to.
type OAuthClient struct {
	ID, Secret   string
	Web          bool     // else an installed app: loopback redirects
	RedirectURIs []string // of a web app
	// Testing: the consent screen is unpublished, and refresh tokens die after 7 days.
	Testing bool
}

// caller is who a request comes from.
type caller struct {
	email  string
	scopes map[string]bool
	payer  string // whose quota it is
	app    string // client or service account: what drive.file and appProperties are bound to
	bare   bool   // a service account as itself
	until  time.Time
	grant  string // the refresh token it came from
}

// tokens are all that were given.
type tokens struct {
	access  map[string]*caller
	refresh map[string]*grant
	codes   map[string]*grant
	consent func(ConsentAsked) Consent
	signs   clock.Clock // the one that assertions are checked against
}

// grant is a consent, as a code or a refresh token.
type grant struct {
	caller
	client      string
	redirect    string
	challenge   string
	offline     bool
	given, used time.Time
	dead        bool
}

func (t *tokens) init() {
	t.access, t.refresh, t.codes, t.signs = map[string]*caller{}, map[string]*grant{}, map[string]*grant{}, clock.System
}

// accountKey is the key of all service accounts: making one takes long.
var accountKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	return k
})

// CheckAssertionsBy makes now the clock that assertions are checked against. Clients sign by the machine's clock, so that
// is the default.
func (s *Server) CheckAssertionsBy(now clock.Clock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.signs = now
}

// Token is an access token of a user, as if given to app, for an hour. Scopes may be short: "calendar.events".
func (s *Server) Token(user, app string, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := caller{email: strings.ToLower(user), payer: strings.ToLower(user), app: app, scopes: scopeSet(scopes)}
	return s.giveAccess(c)
}

// RefreshToken is one that a user has consented to give to a client.
func (s *Server) RefreshToken(user, client string, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := grant{caller: caller{email: strings.ToLower(user), payer: strings.ToLower(user), app: client, scopes: scopeSet(scopes)}, client: client}
	return s.giveRefresh(g)
}

func scopeSet(scopes []string) map[string]bool {
	out := map[string]bool{}
	for _, sc := range scopes {
		if !strings.Contains(sc, ":") && sc != "openid" && sc != "email" && sc != "profile" {
			sc = scopeRoot + sc
		}
		out[sc] = true
	}
	return out
}

const accessLife = time.Hour

func (s *Server) giveAccess(c caller) string {
	t := "ya29." + s.newID()
	c.until = s.now().Add(accessLife)
	s.tokens.access[t] = &c
	return t
}

// perAccount is how many refresh tokens one account may have for one client; the oldest goes silently.
const perAccount = 100

func (s *Server) giveRefresh(g grant) string {
	g.given, g.used = s.now(), s.now()
	var same []*grant
	for _, k := range sorted(s.tokens.refresh) {
		if o := s.tokens.refresh[k]; o.client == g.client && o.email == g.email && !o.dead {
			same = append(same, o)
		}
	}
	if len(same) >= perAccount {
		slices.MinFunc(same, func(a, b *grant) int { return a.given.Compare(b.given) }).dead = true
	}
	t := "1//" + s.newID()
	s.tokens.refresh[t] = &g
	return t
}

// ExpireTokens makes every access token given so far expired.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.tokens.access {
		c.until = time.Time{}
	}
}

// Revoke ends all that the user gave to any client, as in the account's security settings.
func (s *Server) Revoke(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.tokens.refresh {
		g.dead = g.dead || g.email == strings.ToLower(user)
	}
	for _, c := range s.tokens.access {
		if c.email == strings.ToLower(user) {
			c.until = time.Time{}
		}
	}
}

// SetDelegation replaces the scopes that a service account may use as any user.
func (s *Server) SetDelegation(account string, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Delegation = slices.DeleteFunc(slices.Clone(s.opt.Delegation), func(a ServiceAccount) bool { return a.Email == account })
	s.opt.Delegation = append(s.opt.Delegation, ServiceAccount{account, scopes})
}

// authenticate finds the caller of a request.
func (s *Server) authenticate(r *request) (*caller, *problem) {
	t, ok := strings.CutPrefix(r.header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, &problem{code: 401, domain: "global", reason: "required", text: "Login Required.", locationType: "header", location: "Authorization"}
	}
	c := s.tokens.access[t]
	if c == nil || !s.now().Before(c.until) {
		return nil, &problem{code: 401, domain: "global", reason: "authError", text: "Invalid Credentials", locationType: "header", location: "Authorization"}
	}
	return c, nil
}

// allowed reports whether one of the token's scopes is one of the method's.
func (c *caller) allowed(m *method) bool {
	return slices.ContainsFunc(strings.Fields(m.scopes), func(sc string) bool { return c.scopes[scopeRoot+sc] })
}

func insufficient() *problem {
	p := forbidden("global", "insufficientPermissions", "Request had insufficient authentication scopes.")
	p.status = "PERMISSION_DENIED"
	return p
}

func oauthError(w http.ResponseWriter, code int, name, description string) {
	send(w, code, object{"error": name, "error_description": description})
}

func (s *Server) serveOAuth(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		oauthError(w, 400, "invalid_request", "Malformed request.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case authPath:
		s.consentPage(w, r)
		return
	case revokePath:
		s.revoke(w, r)
		return
	}
	if f := s.faults.next("oauth.token"); f != nil && f.Status != 0 {
		if f.Status >= 500 {
			http.Error(w, "Backend Error", f.Status)
			return
		}
		oauthError(w, f.Status, f.Reason, cmp.Or(f.Description, f.Reason))
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		s.assertion(w, r.PostForm.Get("assertion"))
	case "authorization_code", "refresh_token":
		s.exchange(w, r)
	default:
		oauthError(w, 400, "unsupported_grant_type", "Invalid grant_type: "+r.PostForm.Get("grant_type"))
	}
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	t := r.Form.Get("token")
	if c := s.tokens.access[t]; c != nil {
		c.until = time.Time{}
		if t = c.grant; t == "" {
			send(w, 200, object{})
			return
		}
	}
	g := s.tokens.refresh[t]
	if g == nil || g.dead {
		oauthError(w, 400, "invalid_token", "Token expired or revoked")
		return
	}
	g.dead = true
	for _, c := range s.tokens.access {
		if c.grant == t {
			c.until = time.Time{}
		}
	}
	send(w, 200, object{})
}

// assertion answers the JWT bearer grant of a service account (RFC 7523).
func (s *Server) assertion(w http.ResponseWriter, assertion string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		oauthError(w, 400, "invalid_grant", "Bad Request")
		return
	}
	var head struct{ Alg string }
	var claims struct {
		Iss, Sub, Aud, Scope string
		Iat, Exp             int64
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decode(parts[0], &head) || !decode(parts[1], &claims) || head.Alg != "RS256" {
		oauthError(w, 400, "invalid_grant", "Invalid JWT: could not be decoded.")
		return
	}
	i := slices.IndexFunc(s.opt.Delegation, func(a ServiceAccount) bool { return a.Email == claims.Iss })
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	now := s.tokens.signs()
	iat, exp := time.Unix(claims.Iat, 0), time.Unix(claims.Exp, 0)
	scopes := strings.Fields(claims.Scope)
	const skew = 5 * time.Minute
	switch {
	case i < 0:
		oauthError(w, 400, "invalid_grant", "Invalid grant: account not found")
		return
	case rsa.VerifyPKCS1v15(&accountKey().PublicKey, crypto.SHA256, sum[:], sig) != nil:
		oauthError(w, 400, "invalid_grant", "Invalid JWT Signature.")
		return
	case claims.Aud != s.base+tokenPath:
		oauthError(w, 400, "invalid_grant", "Invalid JWT: Failed audience check.")
		return
	case exp.Sub(iat) > time.Hour || iat.After(now.Add(skew)) || exp.Before(now.Add(-skew)):
		oauthError(w, 400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
		return
	case len(scopes) == 0:
		oauthError(w, 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
		return
	}
	account := s.opt.Delegation[i]
	c := caller{email: account.Email, payer: account.Email, app: account.Email, scopes: scopeSet(scopes), bare: true}
	if claims.Sub != "" && claims.Sub != account.Email {
		u := s.users[strings.ToLower(claims.Sub)]
		if u == nil || u.Room {
			oauthError(w, 400, "invalid_grant", "Invalid email or User ID")
			return
		}
		may := scopeSet(account.Scopes)
		if slices.ContainsFunc(scopes, func(sc string) bool { return !may[sc] }) {
			oauthError(w, 401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
			return
		}
		c.email, c.bare = u.Email, false
	} else if s.cals[account.Email] == nil {
		s.addUser(User{Email: account.Email})
	}
	send(w, 200, object{"access_token": s.giveAccess(c), "expires_in": int(accessLife / time.Second), "token_type": "Bearer"})
}

func decode(part string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, v) == nil
}
