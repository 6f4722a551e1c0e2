package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/rs/zerolog"

	"holdfast/internal/series"
	"holdfast/internal/signin"
)

// TestSigningIn: the pages of signing in beside all others, with a form that leads back to where somebody wanted to go.
func TestSigningIn(t *testing.T) {
	const at = "https://example.com/one"
	show, err := ShowSignIn(at, zerolog.New(zerolog.NewTestWriter(t)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := signin.New(signin.Options{
		URL:      at,
		Org:      "acme",
		Sessions: memstore.NewWithCleanupInterval(0),
		People:   func() map[string]series.Person { return nil },
		Mail:     func(context.Context, signin.Recipient, string, string, time.Time) error { return nil },
		Show:     show,
		Clock:    func() time.Time { return now },
		Log:      zerolog.New(zerolog.NewTestWriter(t)),
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := Handler(Options{URL: at, Clock: func() time.Time { return now }, SignIn: s})
	if err != nil {
		t.Fatal(err)
	}
	asked := get(h, "/one/pairs/mia/raj")
	to, err := url.Parse(asked.Header().Get("Location"))
	if err != nil || asked.Code != http.StatusSeeOther || to.Path != "/one/signin" {
		t.Fatalf("%d to %v, %v", asked.Code, to, err)
	}
	page := get(h, to.String())
	for _, want := range []string{`action="/one/signin/mail"`, `name="back" value="/pairs/mia/raj"`, `type="email"`,
		`href="/one/static/holdfast.css"`} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("no %s on the page: %s", want, page.Body)
		}
	}
	if page.Code != http.StatusOK || page.Header().Get("Cache-Control") != "no-store" ||
		forbidden.MatchString(page.Body.String()) {
		t.Errorf("%d %v", page.Code, page.Header())
	}
	if w := get(h, "/one/act/token"); w.Code != http.StatusSeeOther { // there are no links
		t.Errorf("%d", w.Code)
	}
}
