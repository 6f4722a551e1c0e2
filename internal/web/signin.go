package web

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/rs/zerolog"

	"holdfast/internal/signin"
)

// ShowSignIn makes what shows the pages of signing in and out (signin.Options' Show), for pages at that URL.
func ShowSignIn(at string, log zerolog.Logger) (func(http.ResponseWriter, *http.Request, int, signin.Page), error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, fmt.Errorf("web.url: %w", err)
	}
	h := &handler{Options: Options{URL: at, Log: log}, base: u.Path}
	return func(w http.ResponseWriter, r *http.Request, status int, p signin.Page) {
		body := askPage{Page: p.Page, Press: p.Press}
		if p.Back != "" {
			body.Hidden = []field{{"back", p.Back}}
		}
		if f := p.Field; f != nil {
			body.Field = &input{f.Name, f.Label, f.Type, f.Autocomplete}
		}
		for i, l := range p.Links {
			body.Links = append(body.Links, place{l.Text, l.To, i == 0 && p.Press == ""})
		}
		h.show(w, r, status, "ask", frame{Title: p.Title, Narrow: true, Body: body})
	}, nil
}
