package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"holdfast/internal/access"
	"holdfast/internal/clock"
	"holdfast/internal/say"
)

// OIDC is a provider of OpenID Connect, with what it knows Holdfast by. There BackPath below the URL is registered as
// redirect URI.
type OIDC struct {
	Issuer     string // letter by letter as its discovery document has it
	ClientID   string
	Secret     func() (string, error) // read at each sign-in
	Claim      string                 // that holds the person's address
	TrustEmail bool                   // take the claim where it does not say whether it is verified
	Client     *http.Client           // nil: one of its own, with a time limit
}

// flowLifetime is how long somebody may take at the provider, and patience how long the provider may take with us.
const (
	flowLifetime = 10 * time.Minute
	patience     = 15 * time.Second
)

// provider is the one of the settings. What it is like is asked of it when it is first needed: that it is down when
// Holdfast starts only delays sign-ins.
type provider struct {
	OIDC
	redirect string
	clock    clock.Clock

	known  atomic.Pointer[discovered] // nil: to be asked
	asking singleflight.Group
}

// discovered is what the discovery document says.
type discovered struct {
	*oidc.Provider
	endpoint   oauth2.Endpoint
	endSession string // "": it has none
}

func newProvider(o OIDC, redirect string, c clock.Clock) *provider {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: patience}
	}
	return &provider{OIDC: o, redirect: redirect, clock: c}
}

// host is what people are told of the provider.
func (p *provider) host() string {
	if u, err := url.Parse(p.Issuer); err == nil {
		return u.Hostname()
	}
	return p.Issuer
}

// discover asks the provider what it is like, until it has answered. Who comes meanwhile waits for the same answer.
func (p *provider) discover(ctx context.Context) (*discovered, error) {
	if d := p.known.Load(); d != nil {
		return d, nil
	}
	d, err, _ := p.asking.Do("", func() (any, error) { return p.ask(context.WithoutCancel(ctx)) })
	if err != nil {
		return nil, err
	}
	p.known.Store(d.(*discovered))
	return d.(*discovered), nil
}

func (p *provider) ask(ctx context.Context) (*discovered, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.Client), p.Issuer)
	if err != nil {
		return nil, brief{"discover " + p.Issuer, err}
	}
	var more struct {
		EndSession string   `json:"end_session_endpoint"`
		Auth       []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, fmt.Errorf("discover %s: %w", p.Issuer, err)
	}
	d := &discovered{Provider: found, endpoint: found.Endpoint(), endSession: more.EndSession}
	// To try both would spend the code on the wrong one at some providers. Basic is the default (OpenID Connect Discovery
	// 1.0 section 3).
	d.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(more.Auth) > 0 && !slices.Contains(more.Auth, "client_secret_basic") {
		d.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return d, nil
}

func (p *provider) config(d *discovered) (*oauth2.Config, error) {
	secret, err := p.Secret()
	if err != nil {
		return nil, err
	}
	scopes := []string{oidc.ScopeOpenID, "email"}
	if p.Claim != "email" {
		scopes = append(scopes, "profile")
	}
	return &oauth2.Config{
		ClientID:     p.ClientID,
		ClientSecret: secret,
		Endpoint:     d.endpoint,
		RedirectURL:  p.redirect,
		Scopes:       scopes,
	}, nil
}

// flow is a sign-in that has begun. It is in a cookie of the browser that began it, and nowhere else: an answer of the
// provider that any other browser brings is none. What the provider issues it for is good once.
type flow struct {
	state, nonce, verifier string
	back                   string
	until                  time.Time
}

func (f flow) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(url.Values{
		"state":    {f.state},
		"nonce":    {f.nonce},
		"verifier": {f.verifier},
		"back":     {f.back},
		"until":    {strconv.FormatInt(f.until.Unix(), 10)},
	}.Encode()))
}

// readFlow reads a cookie; false where it holds none.
func readFlow(cookie string) (flow, bool) {
	text, err := base64.RawURLEncoding.DecodeString(cookie)
	v, err2 := url.ParseQuery(string(text))
	until, err3 := strconv.ParseInt(v.Get("until"), 10, 64)
	f := flow{
		state:    v.Get("state"),
		nonce:    v.Get("nonce"),
		verifier: v.Get("verifier"),
		back:     v.Get("back"),
		until:    time.Unix(until, 0),
	}
	return f, errors.Join(err, err2, err3) == nil && f.state != "" && f.nonce != "" && f.verifier != ""
}

// toProvider begins a sign-in.
func (s *SignIn) toProvider(w http.ResponseWriter, r *http.Request) {
	d, err := s.provider.discover(r.Context())
	if err != nil {
		s.unreached(w, r, err)
		return
	}
	c, err := s.provider.config(d)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	f := flow{
		state:    oauth2.GenerateVerifier(),
		nonce:    oauth2.GenerateVerifier(),
		verifier: oauth2.GenerateVerifier(),
		back:     s.local(r.FormValue("back")),
		until:    s.Clock().Add(flowLifetime),
	}
	more := []oauth2.AuthCodeOption{oidc.Nonce(f.nonce), oauth2.S256ChallengeOption(f.verifier)}
	if s.cookie.get(r, outCookie) != "" {
		more = append(more, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	s.cookie.set(w, flowCookie, f.String(), flowLifetime)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, c.AuthCodeURL(f.state, more...), http.StatusSeeOther)
}

// fromProvider takes the provider's answer.
func (s *SignIn) fromProvider(w http.ResponseWriter, r *http.Request) {
	f, ok := readFlow(s.cookie.get(r, flowCookie))
	s.cookie.set(w, flowCookie, "", 0)
	q := r.URL.Query()
	switch {
	case !ok || !same(q.Get("state"), f.state) || !s.Clock().Before(f.until):
		s.Show(w, r, http.StatusBadRequest, s.again(say.Reader{}.SignInStale()))
		return
	case q.Has("error"):
		s.Log.Warn().Str("error", q.Get("error")[:min(len(q.Get("error")), 100)]).Msg("the provider signs nobody in")
		s.Show(w, r, http.StatusForbidden, s.again(say.Reader{}.SignInDenied(s.provider.host())))
		return
	}
	claim, err := s.provider.claim(r.Context(), f, q.Get("code"))
	if err != nil {
		s.provider.known.Store(nil) // it may have moved
		s.unreached(w, r, err)
		return
	}
	b, err := s.Journal.Bind(r.Context(), claim, s.roster())
	if refused := (*access.Refused)(nil); errors.As(err, &refused) {
		s.Log.Warn().Str("reason", string(refused.Reason)).Msg("an account signs nobody in")
		if refused.Reason == access.AnotherAccount && s.Refused != nil {
			s.Refused(r.Context(), *refused)
		}
		s.Show(w, r, http.StatusForbidden, s.again(say.Reader{}.SignInRefused(string(refused.Reason), claim.Address)))
		return
	} else if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.enter(w, r, b.Person, byOIDC, s.local(f.back))
}

// unreached says that the provider did not answer as it should.
func (s *SignIn) unreached(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error().Err(err).Msg("the provider of sign-ins does not answer as it should")
	s.Show(w, r, http.StatusBadGateway, s.again(say.Reader{}.SignInUnreached(s.provider.host())))
}

// claim is whom the provider says the code to be of.
func (p *provider) claim(ctx context.Context, f flow, code string) (access.Claim, error) {
	ctx = oidc.ClientContext(ctx, p.Client)
	d, err := p.discover(ctx)
	if err != nil {
		return access.Claim{}, err
	}
	c, err := p.config(d)
	if err != nil {
		return access.Claim{}, err
	}
	got, err := c.Exchange(ctx, code, oauth2.VerifierOption(f.verifier))
	if err != nil {
		return access.Claim{}, fmt.Errorf("exchange the code: %w", withoutBody(err))
	}
	raw, _ := got.Extra("id_token").(string)
	token, err := d.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.clock}).Verify(ctx, raw)
	if err != nil {
		return access.Claim{}, fmt.Errorf("ID token: %w", err)
	}
	if !same(token.Nonce, f.nonce) {
		return access.Claim{}, errors.New("ID token: it is not for this sign-in: another nonce")
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return access.Claim{}, fmt.Errorf("ID token: %w", err)
	}
	if azp, _ := claims["azp"].(string); azp != "" && azp != p.ClientID {
		return access.Claim{}, fmt.Errorf("ID token: it is for another client: azp %q", azp)
	}
	// With an access token, addresses are in the user info alone (OpenID Connect Core 1.0 section 5.4).
	if _, has := claims[p.Claim]; !has && d.UserInfoEndpoint() != "" {
		info, err := d.UserInfo(ctx, c.TokenSource(ctx, got))
		if err != nil {
			return access.Claim{}, fmt.Errorf("user info: %w", err)
		}
		if info.Subject != token.Subject {
			return access.Claim{}, errors.New("user info: it is of another account than the ID token")
		}
		if err := info.Claims(&claims); err != nil {
			return access.Claim{}, fmt.Errorf("user info: %w", err)
		}
	}
	address, _ := claims[p.Claim].(string)
	return access.Claim{
		Issuer:  p.Issuer, // Google writes its own in two ways
		Subject: token.Subject,
		Address: address,
		Trusted: p.trusted(claims),
	}, nil
}

// trusted reports whether somebody vouches for the address. Providers write booleans and strings; Entra has a claim of
// its own, and says nothing else. What email_verified says is said of the claim email.
func (p *provider) trusted(claims map[string]any) bool {
	isTrue := func(v any) bool { return v == true || v == "true" || v == "1" || v == float64(1) }
	verified, present := claims["email_verified"]
	switch {
	case present && !isTrue(verified):
		return false
	case p.Claim != "email":
		return p.TrustEmail
	}
	return present || p.TrustEmail || isTrue(claims["xms_edov"])
}

// brief is an error of which the first line is told and no more: what follows may be a whole page that the provider, or
// who stands before it, answered with.
type brief struct {
	op  string
	err error
}

func (b brief) Error() string {
	line, _, _ := strings.Cut(b.err.Error(), "\n")
	return b.op + ": " + strings.ToValidUTF8(line[:min(len(line), maxLine)], "")
}

func (b brief) Unwrap() error { return b.err }

const maxLine = 200

// withoutBody is the error without what the provider answered: that may hold what is nobody's business.
func withoutBody(err error) error {
	if x := (*oauth2.RetrieveError)(nil); errors.As(err, &x) {
		return fmt.Errorf("the provider answers %s: %q", x.Response.Status, x.ErrorCode)
	}
	return err
}

// roster is what bindings depend on: people by their first addresses, and admins who are only an address.
func (s *SignIn) roster() access.Roster {
	return access.Roster{
		Address: func(who string) string {
			if isAddress(who) {
				if _, ok := s.member(who, who); !ok {
					return ""
				}
				return who
			}
			return s.People()[who].Email
		},
		Person: func(address string) string {
			if p, ok := s.byAddress(address); ok {
				return p.ID
			}
			if isAddress(address) && s.isAdmin(address) {
				return lower(address)
			}
			return ""
		},
	}
}
