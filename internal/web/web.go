// Package web answers people's browsers: what manager, report and admin see and do, and the pages of the links in
// messages. What it shows comes from package see, what it does goes through package act, what it says is package say's.
// All of it works without scripts.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/clock"
	"holdfast/internal/link"
	"holdfast/internal/live"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

// SignIn knows who asks. It is signin.SignIn.
type SignIn interface {
	// Wrap loads the session of each request, and saves it.
	Wrap(next http.Handler) http.Handler
	// Who is whose session the request is in.
	Who(r *http.Request) (act.Actor, bool)
	// Ask sends a browser that is not signed in to where people do, and back from there.
	Ask(w http.ResponseWriter, r *http.Request)
	// Mount answers its own addresses.
	Mount(mux *http.ServeMux)
	// Over is closed when the request's session is; release is called when nobody waits for that any more.
	Over(r *http.Request) (over <-chan struct{}, release func())
}

// See is what there is to see. It is see.See.
type See interface {
	Mine(ctx context.Context, who act.Actor) (see.Mine, error)
	Pair(ctx context.Context, who act.Actor, p series.Pair) (see.Pair, error)
	Me(ctx context.Context, who act.Actor) (see.Me, error)
	Week(ctx context.Context, who act.Actor, monday series.Date) (see.OwnWeek, error)
	Admin(ctx context.Context, who act.Actor) (see.Admin, error)
	AdminPlan(ctx context.Context, who act.Actor) (see.Planned, error)
	AdminPairs(ctx context.Context, who act.Actor) ([]see.PairState, error)
	AdminCalendars(ctx context.Context, who act.Actor) ([]see.Calendar, error)
	Looked(ctx context.Context, who act.Actor, what access.What, pairs ...series.Pair) error
}

// Options are what a handler needs.
type Options struct {
	URL   string // how browsers reach it, without a slash at the end (settings' web.url)
	Acts  Acts   // what links do; nil: no message has one
	Keys  func() (link.Keys, error)
	Clock clock.Clock
	Log   zerolog.Logger

	// SignIn knows who asks; nil: there are the pages of links alone, and nothing of what follows is needed.
	SignIn   SignIn
	See      See
	Deeds    Deeds
	Own      Own
	Told     func(person string) Told   // how the roster has the person told
	Channels []string                   // names of those by which people can be told
	Zone     func(person string) string // of somebody of the roster; "" where it is not known
	Changes  Changes
	// Unwritable reports whether the journal cannot be written; nil: it always can.
	Unwritable func() bool
	// More are handlers at addresses of others below the URL, by pattern: the API, the feed, health, the demo's outbox.
	// They answer whoever asks, and see to it themselves who may.
	More map[string]http.Handler
	// Count counts the requests that a mux answers, by their routes; it stands directly around it. It may be nil.
	Count func(http.Handler) http.Handler
}

// Changes tells what rounds change. It is live.Hub.
type Changes interface {
	Subscribe(person string, admin bool) (events <-chan live.Event, cancel func())
}

// The addresses, below the URL's path.
const (
	ActPath    = "/act/"
	StopPath   = "/stop/"
	staticPath = "/static/"
)

//go:embed pages static
var files embed.FS

// headers stand on every answer. A page is nobody's but the reader's, and loads nothing from elsewhere.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Robots-Tag":                 "noindex",
	"Cache-Control":                "no-store",
}

const (
	smallBody = 1 << 13
	largeBody = 1 << 22 // of what allows thousands of changes
)

// Handler answers at addresses below the URL, whether what stands before it takes the URL's path away or not. A GET
// changes nothing: mail filters and previews of chats open everything.
func Handler(o Options) (http.Handler, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("web.url: %w", err)
	}
	h := &handler{Options: o, base: u.Path}
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("web.url: %w", err)
	}
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.message(w, r, http.StatusForbidden, "elsewhere")
	})
	guard.SetDenyHandler(elsewhere)
	mux := http.NewServeMux()
	h.links(mux)
	h.static(mux)
	if h.SignIn != nil {
		h.SignIn.Mount(mux)
		h.routes(mux)
	}
	count := o.Count
	if count == nil {
		count = func(h http.Handler) http.Handler { return h }
	}
	inner := count(h.whole(mux))
	all := inner
	if h.SignIn != nil {
		all = h.SignIn.Wrap(all)
	}
	all = guard.Handler(strict(u.Scheme+"://"+u.Host, all, elsewhere))
	outer := http.NewServeMux()
	// A mail program's POST to stop messages comes from no page of ours (RFC 8058 section 3.2).
	outer.Handle(StopPath, inner)
	for pattern, handler := range o.More {
		outer.Handle(pattern, count(handler))
	}
	outer.Handle("/", all)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if below, ok := strings.CutPrefix(r.URL.Path, h.base); ok && strings.HasPrefix(below, "/") {
			r.URL.Path, r.URL.RawPath = below, ""
		}
		limit := int64(smallBody)
		if strings.HasPrefix(r.URL.Path, "/admin/") || !h.ours(r.URL.Path) {
			limit = largeBody
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		outer.ServeHTTP(w, r)
	}), nil
}

// strict refuses what the guard lets through of browsers that are too old to say where a request is from: a page of our
// host by another scheme, which whoever is on the way can make.
func strict(ours string, next, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := r.Header.Get("Origin")
		if r.Method == http.MethodPost && r.Header.Get("Sec-Fetch-Site") == "" && from != "" && from != ours {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

type handler struct {
	Options
	base  string // of the URL, without a slash at the end
	seats live.Seats
}

// ours reports whether the address is none of More's.
func (h *handler) ours(path string) bool {
	for pattern := range h.More {
		if _, p, ok := strings.Cut(pattern, " "); ok {
			pattern = p
		}
		if strings.HasPrefix(path, pattern) {
			return false
		}
	}
	return true
}

// static answers with the files that pages load.
func (h *handler) static(mux *http.ServeMux) {
	below, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // they are part of the program
	}
	server := http.StripPrefix(staticPath, http.FileServerFS(below))
	mux.HandleFunc("GET "+staticPath+"{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		server.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		// Google fetches calendars only where this allows it.
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "User-agent: *\nAllow: %s/calendar/\nDisallow: /\n", h.base)
	})
}

// routes are the addresses of those who are signed in.
func (h *handler) routes(mux *http.ServeMux) {
	h.seats.Each = streamsEach
	get := func(pattern string, f http.HandlerFunc) { mux.Handle("GET "+pattern, h.signedIn(f)) }
	post := func(pattern string, f http.HandlerFunc) { mux.Handle("POST "+pattern, h.signedIn(f)) }
	get("/{$}", h.mine)
	get("/pairs/{manager}/{report}", h.pair)
	get("/me", h.me)
	get("/me/download", h.download)
	get("/admin", h.admin)
	get("/admin/plan", h.adminPlan)
	get("/admin/pairs", h.adminPairs)
	get("/admin/calendars", h.adminCalendars)
	get("/live", h.stream)
	post("/pairs/{manager}/{report}/{deed}", h.act)
	post("/admin/allow", h.allow)
	post("/admin/confirm-empty", h.confirmEmpty)
	post("/me/wishes", h.person(h.setWishes))
	post("/me/feed", h.person(h.makeFeed))
	post("/me/tokens", h.person(h.makeToken))
	post("/me/tokens/revoke", h.person(h.revokeToken))
	get("/", func(w http.ResponseWriter, r *http.Request) { h.message(w, r, http.StatusNotFound, "none") })
}

// signedIn keeps out who is not. What a page's script asks for it must not take for the part that it asked for.
func (h *handler) signedIn(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, ok := h.SignIn.Who(r); {
		case ok:
			next(w, r)
		case r.Header.Get(partHeader) != "" || r.URL.Path == "/live":
			http.Error(w, say.Reader{}.Word("live.out"), http.StatusUnauthorized)
		default:
			h.SignIn.Ask(w, r)
		}
	})
}

// person keeps out who is nobody of the roster: what belongs to nobody there is an admin's of the whole.
func (h *handler) person(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if who, _ := h.who(r); who.Person == "" {
			h.fail(w, r, see.ErrNotIn)
			return
		}
		next(w, r)
	}
}

// whole answers though a page panics: what it was is for the log.
func (h *handler) whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			h.Log.Error().Str("page", r.Pattern).Bytes("stack", debug.Stack()).Msg("a page panicked")
			h.message(w, r, http.StatusInternalServerError, "failed")
		}()
		next.ServeHTTP(w, r)
	})
}

// fail says that there is no such page, or that something failed here; what it was is for the log.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, see.ErrNotYours), errors.Is(err, see.ErrNotIn):
		h.message(w, r, http.StatusNotFound, "none")
	case r.Context().Err() != nil: // nobody waits for it
	default:
		h.Log.Error().Err(err).Str("page", r.Pattern).Msg("a page cannot be made")
		h.message(w, r, http.StatusInternalServerError, "failed")
	}
}
