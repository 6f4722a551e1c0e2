// Package web answers people's browsers: for now, the pages of the links in messages.
package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/link"
	"holdfast/internal/say"
)

// Page is the page of a link. Press is the link that its button presses: "act/" or "stop/" and a token.
type Page struct {
	say.Page
	Press string
}

// Acts are what links do. Neither method is called with an act that is over or none of ours.
type Acts interface {
	// Page is what the page of the link says. It changes nothing.
	Page(ctx context.Context, token string, a link.Act) (Page, error)
	// Do does what the link is for, once: repeating it is what Page says of a used link.
	Do(ctx context.Context, token string, a link.Act) (Page, error)
}

// Options are what a handler needs.
type Options struct {
	URL   string // how browsers reach it, without a slash at the end (settings' web.url)
	Acts  Acts
	Keys  func() (link.Keys, error)
	Clock clock.Clock
	Log   zerolog.Logger
}

// The addresses, below the URL's path.
const (
	ActPath  = "/act/"
	StopPath = "/stop/"
	styles   = "/static/holdfast.css"
)

//go:embed pages/*.html static/*
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

// headers stand on every answer. A page is nobody's but the reader's, and loads nothing from elsewhere.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
		"base-uri 'none'",
	"Referrer-Policy":        "same-origin",
	"X-Content-Type-Options": "nosniff",
	"X-Robots-Tag":           "noindex",
	"Cache-Control":          "no-store",
}

// Handler answers at addresses below the URL, whether what stands before it takes the URL's path away or not. A GET
// changes nothing: mail filters and previews of chats open everything.
func Handler(o Options) (http.Handler, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("web.url: %w", err)
	}
	h := &handler{Options: o, base: u.Path}
	// A mail program's POST to stop messages comes from no page of ours (RFC 8058 section 3.2).
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("web.url: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ActPath+"{token}", h.show)
	mux.HandleFunc("GET "+StopPath+"{token}", h.show)
	mux.Handle("POST "+ActPath+"{token}", guard.Handler(http.HandlerFunc(h.press)))
	mux.HandleFunc("POST "+StopPath+"{token}", h.press)
	mux.HandleFunc("GET "+styles, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeFileFS(w, r, files, strings.TrimPrefix(styles, "/"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if below, ok := strings.CutPrefix(r.URL.Path, h.base); ok && strings.HasPrefix(below, "/") {
			r.URL.Path, r.URL.RawPath = below, ""
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<12)
		mux.ServeHTTP(w, r)
	}), nil
}

type handler struct {
	Options
	base string // of the URL, without a slash at the end
}

func (h *handler) show(w http.ResponseWriter, r *http.Request) { h.answer(w, r, h.Acts.Page) }

func (h *handler) press(w http.ResponseWriter, r *http.Request) { h.answer(w, r, h.Acts.Do) }

// answer opens the link of the request and shows the page that is made of it.
func (h *handler) answer(w http.ResponseWriter, r *http.Request,
	page func(context.Context, string, link.Act) (Page, error)) {
	token := r.PathValue("token")
	keys, err := h.Keys()
	if err != nil {
		h.trouble(w, err)
		return
	}
	act, err := keys.Open(token, h.Clock())
	switch stop := strings.HasPrefix(r.URL.Path, StopPath); {
	case errors.Is(err, link.ErrOver):
		h.write(w, http.StatusGone, Page{Page: say.Reader{}.LinkOver()})
	case err != nil || stop != (act.Do == link.Stop || act.Do == link.Resume):
		h.write(w, http.StatusNotFound, Page{Page: say.Reader{}.NoLink()})
	default:
		p, err := page(r.Context(), token, act)
		if err != nil {
			h.trouble(w, err)
			return
		}
		h.write(w, http.StatusOK, p)
	}
}

// trouble says that something failed here; what it was is for the log.
func (h *handler) trouble(w http.ResponseWriter, err error) {
	h.Log.Error().Err(err).Msg("a page cannot be made")
	h.write(w, http.StatusInternalServerError, Page{Page: say.Reader{}.LinkFailed()})
}

func (h *handler) write(w http.ResponseWriter, status int, p Page) {
	p.Press = h.base + "/" + p.Press
	var text bytes.Buffer
	err := pages.ExecuteTemplate(&text, "act.html", struct {
		Page
		Styles string
	}{p, h.base + styles})
	if err != nil {
		h.Log.Error().Err(err).Msg("a page cannot be made")
		http.Error(w, "That did not work", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}
