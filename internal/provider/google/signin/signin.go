// Package signin lets Holdfast act for people at Google: as a service account that the admin gave the whole domain to, or with
// the consent that each person gives once. What it cannot do it tells in words, with what to do next.
package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"golang.org/x/oauth2"
)

// fetch gets a new access token.
type fetch func(context.Context) (*oauth2.Token, error)

// signed adds an access token to requests, and keeps it for as long as it lasts. A token that is refused though it should
// last is replaced, once a request.
type signed struct {
	base  http.RoundTripper
	fetch fetch

	mu    sync.Mutex
	token *oauth2.Token
}

// client is an HTTP client whose requests fetch signs; base is what they go over, nil for http.DefaultClient.
func client(base *http.Client, f fetch) *http.Client {
	if base == nil {
		base = http.DefaultClient
	}
	c := *base
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	c.Transport = &signed{base: transport, fetch: f}
	return &c
}

// get is the token of now, and whether it was kept from an earlier request.
func (s *signed) get(ctx context.Context, refused string) (token string, kept bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token.Valid() && s.token.AccessToken != refused {
		return s.token.AccessToken, true, nil
	}
	t, err := s.fetch(ctx)
	if err != nil {
		return "", false, err
	}
	s.token = t
	return t.AccessToken, false, nil
}

// RoundTrip is http.RoundTripper's.
func (s *signed) RoundTrip(r *http.Request) (*http.Response, error) {
	token, kept, err := s.get(r.Context(), "")
	if err != nil {
		return nil, err
	}
	a, err := s.send(r, token)
	if err != nil || a.StatusCode != http.StatusUnauthorized || !kept || r.Body != nil && r.GetBody == nil {
		return a, err
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return a, nil
		}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 1<<16)) // so that the connection can be used again
	_ = a.Body.Close()
	if token, _, err = s.get(r.Context(), token); err != nil {
		return nil, err
	}
	return s.send(again, token)
}

func (s *signed) send(r *http.Request, token string) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return s.base.RoundTrip(r)
}

// over makes the token calls of package oauth2 go through base.
func over(ctx context.Context, base *http.Client) context.Context {
	if base == nil {
		return ctx
	}
	return context.WithValue(ctx, oauth2.HTTPClient, base)
}

// ProjectOf is the id of the Google project that a key or client file is of; "" where it does not say.
func ProjectOf(file []byte) string {
	type project struct {
		ID string `json:"project_id"`
	}
	var f struct {
		project
		Installed, Web project
	}
	_ = json.Unmarshal(file, &f) // what is none of either says nothing
	return cmp.Or(f.ID, f.Installed.ID, f.Web.ID)
}
