package googletest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"holdfast/internal/clock"
)

const daemon = "daemon@project.iam.example"

// raw calls with a token of the test's own.
func (w *world) raw(token, verb, path string, body any) reply {
	w.Helper()
	return w.call("", verb, path, body, "Authorization", "Bearer "+token)
}

func TestB01TokensHaveUserScopesAndEnd(t *testing.T) {
	w := open(t)
	w.insert1(mia, single())
	token := w.Token(raj, "app", "calendar.events")
	if items := list(w.raw(token, "GET", cal, nil).ok(), "items"); len(items) != 0 {
		t.Errorf("raj's primary calendar has %d events of mia's", len(items))
	}
	w.at = w.at.Add(time.Hour)
	e := w.raw(token, "GET", cal, nil).wrong(401, "authError")
	if e["domain"] != "global" || e["message"] != "Invalid Credentials" || e["locationType"] != "header" || e["location"] != "Authorization" {
		t.Errorf("401 says %v", e)
	}
	w.raw("nonsense", "GET", cal, nil).wrong(401, "authError")
	w.call("", "GET", cal, nil).wrong(401, "required")
	token = w.Token(raj, "app", "calendar.events")
	w.ExpireTokens()
	w.raw(token, "GET", cal, nil).wrong(401, "authError")
}

func TestB02ScopesOfTheMethod(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, single())
	read := w.Token(mia, "app", "calendar.events.owned.readonly")
	w.raw(read, "GET", cal+"/"+text(e, "id"), nil).ok()
	w.raw(read, "PATCH", cal+"/"+text(e, "id"), object{"summary": "x"}).wrong(403, "insufficientPermissions")
	w.raw(read, "GET", "/calendar/v3/users/me/calendarList", nil).wrong(403, "insufficientPermissions")
	w.raw(w.Token(mia, "app", "drive.file"), "GET", cal, nil).wrong(403, "insufficientPermissions")
	w.raw(w.Token(mia, "app", "calendar.readonly"), "GET", "/calendar/v3/users/me/settings/timezone", nil).ok()
	// A scope for the user's own calendars is none for those of others.
	w.Share(raj, mia, "writer")
	theirs := "/calendar/v3/calendars/" + raj + "/events"
	w.raw(w.Token(mia, "app", "calendar.events"), "POST", theirs, single()).ok()
	w.raw(w.Token(mia, "app", "calendar.events.owned"), "POST", theirs, single()).wrong(403, "insufficientPermissions")
	w.raw(w.Token(mia, "app", "calendar.events.freebusy"), "GET", theirs, nil).ok()
}

// signed is a source of tokens of the service account as a user.
func (w *world) signed(user string, change ...func(*jwt.Config)) error {
	var file struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
		Token string `json:"token_uri"`
	}
	if err := json.Unmarshal(w.ServiceAccountJSON(daemon), &file); err != nil {
		w.Fatal(err)
	}
	c := &jwt.Config{Email: file.Email, PrivateKey: []byte(file.Key), TokenURL: file.Token, Subject: user, Scopes: []string{scopeRoot + "calendar.events"}}
	for _, f := range change {
		f(c)
	}
	tok, err := c.TokenSource(w.Context()).Token()
	if err == nil {
		w.tokens[user] = tok.AccessToken
	}
	return err
}

func (w *world) refused(err error, status int, name, description string) {
	w.Helper()
	var e *oauth2.RetrieveError
	if !errors.As(err, &e) || e.Response.StatusCode != status || !strings.Contains(string(e.Body), `"`+name+`"`) || !strings.Contains(string(e.Body), description) {
		w.Errorf("%v, want %d %s: %s", err, status, name, description)
	}
}

func TestB03ServiceAccount(t *testing.T) {
	w := open(t)
	if err := w.signed(mia); err != nil {
		t.Fatal(err)
	}
	w.call(mia, "POST", cal, single(with(raj))).ok()
	if text(w.call(mia, "GET", cal, nil).ok(), "summary") != mia {
		t.Error("primary is not mia's calendar")
	}
	w.refused(w.signed("nobody@example.com"), 400, "invalid_grant", "Invalid email or User ID")
	w.refused(w.signed(mia, func(c *jwt.Config) { c.Scopes = append(c.Scopes, scopeRoot+"drive") }), 401, "unauthorized_client", "")
	w.refused(w.signed(mia, func(c *jwt.Config) { c.Email = "other@project.iam.example" }), 400, "invalid_grant", "account not found")
	w.refused(w.signed(mia, func(c *jwt.Config) { c.Audience = "https://elsewhere.test/token" }), 400, "invalid_grant", "audience")
	w.refused(w.signed(mia, func(c *jwt.Config) { c.Expires = 3 * time.Hour }), 400, "invalid_grant", "short-lived")
	w.CheckAssertionsBy(func() time.Time { return clock.System().Add(2 * time.Minute) })
	if err := w.signed(mia); err != nil {
		t.Errorf("two minutes off: %v", err)
	}
	w.CheckAssertionsBy(func() time.Time { return clock.System().Add(3 * time.Hour) })
	w.refused(w.signed(mia), 400, "invalid_grant", "reasonable timeframe")
	w.CheckAssertionsBy(clock.System)
	w.SetDelegation(daemon) // taken away by the admin
	w.refused(w.signed(mia), 401, "unauthorized_client", "")
	if err := w.signed(""); err != nil {
		t.Fatal(err)
	}
	bare := w.tokens[""]
	w.raw(bare, "POST", cal, single()).ok()
	w.raw(bare, "POST", cal, single(with(raj))).wrong(403, "forbiddenForServiceAccounts")
	w.raw(bare, "GET", "/calendar/v3/calendars/"+mia+"/events", nil).wrong(404, "notFound")
}

// app is what an installed app knows of itself, from its file.
func (w *world) app(id string) *oauth2.Config {
	var file map[string]struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Auth   string `json:"auth_uri"`
		Token  string `json:"token_uri"`
	}
	if err := json.Unmarshal(w.ClientJSON(id), &file); err != nil {
		w.Fatal(err)
	}
	for _, f := range file {
		return &oauth2.Config{ClientID: f.ID, ClientSecret: f.Secret, Endpoint: oauth2.Endpoint{AuthURL: f.Auth, TokenURL: f.Token, AuthStyle: oauth2.AuthStyleInParams},
			RedirectURL: "http://127.0.0.1:1/callback", Scopes: []string{scopeRoot + "calendar.events", scopeRoot + "drive.file"}}
	}
	return nil
}

// visit goes to the consent screen and returns where it leads.
func (w *world) visit(u string) (url.Values, int) {
	w.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(w.Context(), "GET", u, nil)
	if err != nil {
		w.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		return nil, res.StatusCode
	}
	return to.Query(), res.StatusCode
}

func TestB04ConsentAndRefresh(t *testing.T) {
	w := open(t, func(o *Options) {
		o.Clients = []OAuthClient{{ID: "app", Secret: "hush"}, {ID: "trial", Secret: "hush", Testing: true},
			{ID: "site", Secret: "hush", Web: true, RedirectURIs: []string{"https://app.test/back"}}}
	})
	ctx := context.Background()
	c := w.app("app")
	verifier := oauth2.GenerateVerifier()
	consent := func(c *oauth2.Config, opts ...oauth2.AuthCodeOption) url.Values {
		q, _ := w.visit(c.AuthCodeURL("state-1", append(opts, oauth2.SetAuthURLParam("login_hint", raj))...))
		return q
	}
	q := consent(c, oauth2.S256ChallengeOption(verifier))
	if q.Get("state") != "state-1" || q.Get("code") == "" {
		t.Fatalf("led to %v", q)
	}
	_, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption("wrong"))
	w.refused(err, 400, "invalid_grant", "verifier")
	_, err = c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	w.refused(err, 400, "invalid_grant", "") // burnt by the first try
	q = consent(c, oauth2.S256ChallengeOption(verifier))
	tok, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil || tok.RefreshToken == "" {
		t.Fatal(err, "refresh token", tok)
	}
	_, err = c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	w.refused(err, 400, "invalid_grant", "") // replayed

	refresh := func(c *oauth2.Config, token string) error {
		t, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
		if err == nil {
			w.tokens[raj] = t.AccessToken
		}
		return err
	}
	if err := refresh(c, tok.RefreshToken); err != nil {
		t.Fatal(err)
	}
	w.call(raj, "GET", cal, nil).ok()
	// A server in trouble, a client unknown, and a token revoked are three things.
	w.FailNth("oauth.token", 1, Fault{Status: 503})
	if err := refresh(c, tok.RefreshToken); err == nil || strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("503: %v", err)
	}
	w.SetFaults(Faults{})
	other := *c
	other.ClientSecret = "wrong"
	w.refused(refresh(&other, tok.RefreshToken), 401, "invalid_client", "")
	if err := refresh(c, tok.RefreshToken); err != nil {
		t.Fatal(err)
	}
	w.Revoke(raj)
	w.refused(refresh(c, tok.RefreshToken), 400, "invalid_grant", "expired or revoked")
	w.call(raj, "GET", cal, nil).wrong(401, "authError")

	// Refresh tokens of an app in testing end after seven days, unused ones of others after six months.
	long, short := w.RefreshToken(raj, "app", "calendar.events"), w.RefreshToken(raj, "trial", "calendar.events")
	w.at = w.at.Add(7 * 24 * time.Hour)
	w.refused(refresh(w.app("trial"), short), 400, "invalid_grant", "")
	if err := refresh(c, long); err != nil {
		t.Error(err)
	}
	w.at = w.at.Add(184 * 24 * time.Hour)
	w.refused(refresh(c, long), 400, "invalid_grant", "")

	// More than a hundred: the oldest ends.
	first := w.RefreshToken(lee, "app", "calendar.events")
	for range perAccount {
		w.at = w.at.Add(time.Second)
		w.RefreshToken(lee, "app", "calendar.events")
	}
	w.refused(refresh(c, first), 400, "invalid_grant", "")
}

func TestB04WhatPeopleDoAtTheConsentScreen(t *testing.T) {
	w := open(t, func(o *Options) {
		o.Clients = []OAuthClient{{ID: "app", Secret: "hush"}, {ID: "site", Secret: "hush", Web: true, RedirectURIs: []string{"https://app.test/back"}}}
	})
	c := w.app("app")
	w.OnConsent(func(ConsentAsked) Consent { return Consent{User: raj, But: []string{scopeRoot + "drive.file"}} })
	q, _ := w.visit(c.AuthCodeURL("s"))
	tok, err := c.Exchange(context.Background(), q.Get("code"))
	if err != nil || tok.Extra("scope") != scopeRoot+"calendar.events" {
		t.Errorf("%v, granted %v", err, tok.Extra("scope"))
	}
	w.raw(tok.AccessToken, "GET", "/drive/v3/files", nil).wrong(403, "insufficientPermissions")
	w.OnConsent(func(ConsentAsked) Consent { return Consent{User: raj, Deny: true} })
	if q, _ = w.visit(c.AuthCodeURL("s")); q.Get("error") != "access_denied" || q.Get("state") != "s" {
		t.Errorf("denied: %v", q)
	}
	w.OnConsent(func(ConsentAsked) Consent { return Consent{User: raj, AdminPolicy: true} })
	if _, code := w.visit(c.AuthCodeURL("s")); code != 400 {
		t.Errorf("admin policy: %d", code)
	}
	w.OnConsent(nil)
	for what, change := range map[string]func(*oauth2.Config){
		"another host":   func(c *oauth2.Config) { c.RedirectURL = "https://evil.test/" },
		"copy and paste": func(c *oauth2.Config) { c.RedirectURL = "urn:ietf:wg:oauth:2.0:oob" },
		"unknown client": func(c *oauth2.Config) { c.ClientID = "nobody" },
		"no scopes":      func(c *oauth2.Config) { c.Scopes = nil },
	} {
		x := *c
		change(&x)
		if q, code := w.visit(x.AuthCodeURL("s")); code < 400 || q != nil {
			t.Errorf("%s: %d %v", what, code, q)
		}
	}
	// A web app gets a refresh token for offline access on the first consent, and later only when it asks again.
	site := w.app("site")
	site.RedirectURL = "https://app.test/back"
	for i, want := range []bool{false, true, false, true} {
		opts := [][]oauth2.AuthCodeOption{nil, {oauth2.AccessTypeOffline}, {oauth2.AccessTypeOffline}, {oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("prompt", "consent")}}[i]
		q, _ := w.visit(site.AuthCodeURL("s", opts...))
		tok, err := site.Exchange(context.Background(), q.Get("code"))
		if err != nil || (tok.RefreshToken != "") != want {
			t.Errorf("consent %d: %v, refresh token %v, want %v", i, err, tok.RefreshToken != "", want)
		}
	}
}

func TestB04RevokeEndpoint(t *testing.T) {
	w := open(t)
	refresh := w.RefreshToken(raj, "app", "calendar.events")
	tok, err := w.app("app").TokenSource(context.Background(), &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		t.Fatal(err)
	}
	post := func(token string) int {
		res, err := http.PostForm(w.Base()+revokePath, url.Values{"token": {token}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if post("nonsense") != 400 || post(refresh) != 200 || post(refresh) != 400 {
		t.Error("revoke answers otherwise")
	}
	w.raw(tok.AccessToken, "GET", cal, nil).wrong(401, "authError")
}
