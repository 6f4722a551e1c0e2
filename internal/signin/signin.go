// Package signin finds out who looks at the pages, and keeps it for a while: sessions, sign-in by OpenID Connect, by a
// link that is mailed with a code beside it, or by a link from the shell; and sign-out. It writes no HTML.
package signin

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/clock"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// Journal is what it keeps, beside sessions. The methods are as package store has them.
type Journal interface {
	// AskSignIn keeps the link, and ends the person's older ones of its kind. It reports false, and keeps nothing, where
	// too many were mailed to the person within the hour.
	AskSignIn(ctx context.Context, x access.SignIn) (bool, error)
	// SignIn is the link whose secret has the digest; false where there is none that is good now.
	SignIn(ctx context.Context, digest string) (access.SignIn, bool, error)
	// UseSignIn uses it up. Of two at once only one finds it good.
	UseSignIn(ctx context.Context, digest string) (access.SignIn, bool, error)
	// GuessCode tries a code from the browser whose secret has the digest ask.
	GuessCode(ctx context.Context, ask, code string) (access.SignIn, bool, error)
	// Bind is whom the claim signs in; what is new about it is kept. The error may be *access.Refused.
	Bind(ctx context.Context, c access.Claim, r access.Roster) (access.Binding, error)
}

// Options are what a SignIn needs.
type Options struct {
	URL      string // how browsers reach it, without a slash at the end (settings' web.url)
	Org      string
	Proxies  []netip.Prefix // whose X-Forwarded-For is believed
	Admins   []string       // ids of the roster, and addresses
	OIDC     *OIDC          // nil: nobody signs in so
	Journal  Journal
	Sessions scs.Store // a scs.CtxStore, best; it must tell the time by Clock
	// People are those of the roster that counts now, by id. It is asked with every request.
	People func() map[string]series.Person
	// Mail sends the link and the code to somebody who has asked for them; nil: nobody signs in so. Only Run calls it.
	Mail func(ctx context.Context, to Recipient, link, code string, until time.Time) error
	// Refused hears of an account that claims a person who is bound to another one: it is for the admins.
	Refused func(ctx context.Context, r access.Refused)
	// Show answers with a page.
	Show  func(w http.ResponseWriter, r *http.Request, status int, p Page)
	Clock clock.Clock
	Log   zerolog.Logger
}

// Recipient is to whom a sign-in link is mailed: somebody of the roster, or an admin who is only an address.
type Recipient struct {
	Person  string // "" of an admin who is not in the roster
	Name    string
	Address string
	Zone    string // "" of an admin who is not in the roster
}

// Page is what there is to show. Its texts are complete.
type Page struct {
	say.Page
	// Press is the address that the form is posted to; "": there is no form. Beside its button the form has Field, and
	// the hidden field "back" with Back where that is not "".
	Press string
	Field *Field
	Back  string
	Links []Link
}

// Field is a field of a form. It is required.
type Field struct {
	Name         string
	Label        string
	Type         string // "email" or "text"
	Autocomplete string
}

// Link leads on, with a GET.
type Link struct{ Text, To string }

// The addresses, below the URL's path.
const (
	Path     = "/signin"
	OutPath  = "/signout"
	linkPath = "/signin/link/"
	mailPath = "/signin/mail"
	codePath = "/signin/code"
	oidcPath = "/signin/oidc"
	// BackPath is where the provider sends browsers back to.
	BackPath = "/signin/oidc/back"
)

// SignIn knows who looks at the pages.
type SignIn struct {
	Options
	base     string // of the URL's path, without a slash at the end
	cookie   cookies
	sessions *scs.SessionManager
	provider *provider // nil: nobody signs in by OpenID Connect
	asked    chan asked
	sources  limiter
	streams  streams
}

// New makes a SignIn. The error is of Options that do not fit together.
func New(o Options) (*SignIn, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("sign-in: web.url %q: %w", o.URL, err)
	}
	s := &SignIn{
		Options: o,
		base:    u.Path,
		cookie:  cookiesFor(u, o.Org),
		asked:   make(chan asked, maxWaiting),
		sources: limiter{most: asksAnHour, keys: maxSources},
	}
	if o.OIDC != nil {
		s.provider = newProvider(*o.OIDC, o.URL+BackPath, o.Clock)
	}
	s.sessions = s.manager()
	return s, nil
}

// Mount answers the addresses of signing in and out. What stands before it takes the path of the URL away, refuses
// POSTs of other origins, and limits bodies.
func (s *SignIn) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, s.begin)
	mux.HandleFunc("GET "+linkPath+"{token}", s.link)
	mux.HandleFunc("POST "+linkPath+"{token}", s.useLink)
	mux.HandleFunc("GET "+OutPath, s.askOut)
	mux.HandleFunc("POST "+OutPath, s.out)
	if s.Mail != nil {
		mux.HandleFunc("POST "+mailPath, s.askMail)
		mux.HandleFunc("GET "+codePath, s.askCode)
		mux.HandleFunc("POST "+codePath, s.code)
	}
	if s.provider != nil {
		mux.HandleFunc("GET "+oidcPath, s.toProvider)
		mux.HandleFunc("GET "+BackPath, s.fromProvider)
	}
}

// Ask sends a browser that is not signed in to the page where people do, and back from there.
func (s *SignIn) Ask(w http.ResponseWriter, r *http.Request) {
	back := ""
	if r.Method == http.MethodGet {
		back = r.URL.RequestURI()
	}
	s.redirect(w, r, Path+query("back", back))
}

// redirect leads on to an address below the URL's path, with a GET.
func (s *SignIn) redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.base+to, http.StatusSeeOther)
}

// query is ?name=value; "" where there is no value.
func query(name, value string) string {
	if value == "" {
		return ""
	}
	return "?" + url.Values{name: {value}}.Encode()
}

// begin shows how to sign in.
func (s *SignIn) begin(w http.ResponseWriter, r *http.Request) {
	back := s.local(r.FormValue("back"))
	if _, ok := s.Who(r); ok {
		s.redirect(w, r, home(back))
		return
	}
	s.Show(w, r, http.StatusOK, s.ways(back))
}

// ways is the page with all ways to sign in.
func (s *SignIn) ways(back string) Page {
	switch {
	case s.provider != nil:
		return Page{
			Page:  say.Reader{}.SignInBy(s.provider.host()),
			Links: []Link{{say.Reader{}.SignInGo(s.provider.host()), s.base + oidcPath + query("back", back)}},
		}
	case s.Mail != nil:
		return Page{
			Page:  say.Reader{}.SignInByMail(),
			Press: s.base + mailPath,
			Field: &Field{
				Name:         "address",
				Label:        say.Reader{}.SignInAddress(),
				Type:         "email",
				Autocomplete: "email",
			},
			Back: back,
		}
	}
	return Page{Page: say.Reader{}.SignInByShell()}
}

// again is a page that leads back to the ways to sign in.
func (s *SignIn) again(p say.Page) Page {
	return Page{Page: p, Links: []Link{{say.Reader{}.SignInAgain(), s.base + Path}}}
}

// trouble says that something failed here; what it was is for the log.
func (s *SignIn) trouble(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error().Err(err).Msg("a sign-in failed")
	s.Show(w, r, http.StatusInternalServerError, s.again(say.Reader{}.LinkFailed()))
}
