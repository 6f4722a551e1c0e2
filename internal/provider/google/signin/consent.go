package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"holdfast/internal/series"
)

// identity are the scopes that tell whose account was signed in with.
var identity = []string{"openid", "email"}

// consent is one person's way to the consent screen and back (RFC 8252), with PKCE (RFC 7636).
type consent struct {
	app      *App
	config   oauth2.Config
	person   series.Person
	state    string
	verifier string
}

func (a *App) begin(p series.Person, redirect string) *consent {
	c := &consent{app: a, config: a.config, person: p, state: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier()}
	c.config.RedirectURL = redirect
	c.config.Scopes = append(slices.Clone(identity), a.config.Scopes...)
	return c
}

// url leads to the consent screen. Asking for consent anew makes Google give a refresh token again.
func (c *consent) url() string {
	return c.config.AuthCodeURL(c.state, oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(c.verifier),
		oauth2.SetAuthURLParam("prompt", "consent"), oauth2.SetAuthURLParam("login_hint", c.person.Email))
}

// errStranger is for an answer that does not belong to the question.
var errStranger = errors.New("the answer is not to this sign-in: its state is another")

// finish takes what Google sent the person back with, and keeps the consent.
func (c *consent) finish(ctx context.Context, q url.Values) error {
	w := c.app.who(c.person.ID)
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 {
		return needed(w.again, "%w", errStranger)
	}
	if code := q.Get("error"); code != "" {
		hint := w.hint(code, q.Get("error_description"))
		if hint == "" {
			hint = w.again
		}
		return needed(hint, "Google answers %s", printable(code, 80))
	}
	t, err := c.config.Exchange(over(ctx, c.app.http), q.Get("code"), oauth2.VerifierOption(c.verifier))
	if err != nil {
		return explain(err, w)
	}
	granted, _ := t.Extra("scope").(string)
	var missing []string
	for _, s := range c.app.config.Scopes {
		if !slices.Contains(strings.Fields(granted), s) {
			missing = append(missing, s)
		}
	}
	if granted != "" && len(missing) > 0 { // none told means all that was asked (RFC 6749 section 5.1)
		return needed(w.again+", and leave all boxes ticked", "%s did not grant %s", c.person.ID, strings.Join(missing, " "))
	}
	if email := emailOf(t); email != "" && !c.person.Is(email) {
		return needed(w.again+", with the account of "+c.person.Email, "another account was signed in with than %s's", c.person.ID)
	}
	if t.RefreshToken == "" {
		return needed(w.again+" once more", "Google gave no lasting sign-in")
	}
	return c.app.vault.keep(ctx, c.person.ID, c.app.config.ClientID, t.RefreshToken)
}

// emailOf is the address of the account, as its ID token tells; "" where there is none. It came straight from the token
// server, so that its signature need not be checked (OpenID Connect Core section 3.1.3.7).
func emailOf(t *oauth2.Token) string {
	text, _ := t.Extra("id_token").(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct {
		Email string `json:"email"`
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Email
}

// printable is a text from outside, fit for a terminal: its first n characters.
func printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), n)]
}

// Connect gets the person's consent in a browser on this machine. show is given the address to open; Google sends the
// browser back to a port that is open for as long as this takes.
func (a *App) Connect(ctx context.Context, p series.Person, show func(address string)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("wait for the browser: %w", err)
	}
	c := a.begin(p, "http://"+l.Addr().String()+"/")
	done := make(chan error, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/" || q.Get("code") == "" && q.Get("error") == "" {
			http.NotFound(w, r)
			return
		}
		err := c.finish(r.Context(), q)
		if errors.Is(err, errStranger) { // somebody else's: the person may still come
			http.Error(w, "This is not the sign-in that was asked for.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintln(w, "That did not work. The terminal tells why.")
		} else {
			_, _ = fmt.Fprintln(w, "Connected. You can close this window.")
		}
		select {
		case done <- err:
		default: // the browser asked twice
		}
	})}
	go func() { _ = server.Serve(l) }() // ends with Shutdown
	show(c.url())
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(bye))
}

// refused is the error that Google's own page told, where it sends nobody back; "" for none. Its address carries it in base64,
// among other things.
func refused(page string) string {
	if u, err := url.Parse(strings.TrimSpace(page)); err == nil {
		b, _ := base64.RawURLEncoding.DecodeString(strings.TrimRight(u.Query().Get("authError"), "="))
		page += string(b)
	}
	for _, code := range []string{"admin_policy_enforced", "org_internal", "invalid_client", "deleted_client", "disabled_client"} {
		if strings.Contains(page, code) {
			return code
		}
	}
	return ""
}

// handRedirect is where Google sends the browser of somebody who is on another machine. Nothing need be there: the address
// that the browser shows then is all that is wanted.
const handRedirect = "http://127.0.0.1/"

// ConnectByHand is Connect for a machine without a browser: the person opens the address that show is given wherever they
// like, and paste is the address at which their browser ends up.
func (a *App) ConnectByHand(ctx context.Context, p series.Person, show func(address string), paste func() (string, error)) error {
	c := a.begin(p, handRedirect)
	show(c.url())
	text, err := paste()
	if err != nil {
		return fmt.Errorf("read the address: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || !strings.HasPrefix(u.String(), handRedirect) {
		if code := refused(text); code != "" {
			return needed(a.who(p.ID).hint(code, ""), "Google answers %s", code)
		}
		return needed("paste the whole address that the browser shows at the end, from "+handRedirect+" on", "that is not the address that Google sends people back to")
	}
	return c.finish(ctx, u.Query())
}
