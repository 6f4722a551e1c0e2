package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/link"
	"holdfast/internal/say"
)

var monday = time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)

// pressed are Acts that count how often something was done.
type pressed struct {
	n   int
	err error
}

func (p *pressed) Page(context.Context, string, link.Act) (Page, error) {
	return Page{Page: say.Page{Title: "Book Thu <10> Dec?", Button: "Book it"}, Press: "act/token"}, p.err
}

func (p *pressed) Do(context.Context, string, link.Act) (Page, error) {
	p.n++
	return Page{Page: say.Page{Title: "Booked", Done: true}}, p.err
}

func TestLinks(t *testing.T) {
	keys, err := link.Load(filepath.Join(t.TempDir(), "keys"), monday)
	if err != nil {
		t.Fatal(err)
	}
	rebook := keys.Token(link.Act{Do: link.Rebook, Reader: "mia", Until: monday.Add(time.Hour)})
	over := keys.Token(link.Act{Do: link.Rebook, Reader: "mia", Until: monday})
	stop := keys.Token(link.Act{Do: link.Stop, Reader: "mia", Flag: "digest"})
	for _, test := range []struct {
		name, method, path, origin string
		broken                     bool
		status, done               int
		has                        string
	}{
		{name: "opened", method: "GET", path: "/act/" + rebook, status: 200, has: "Book Thu &lt;10&gt; Dec?"},
		{name: "looked at", method: "HEAD", path: "/act/" + rebook, status: 200},
		{name: "pressed", method: "POST", path: "/act/" + rebook, status: 200, done: 1, has: "Booked"},
		{name: "pressed on the page", method: "POST", path: "/act/" + rebook, origin: "https://example.com", status: 200,
			done: 1},
		{name: "below the path", method: "POST", path: "/holdfast/act/" + rebook, status: 200, done: 1},
		{name: "from elsewhere", method: "POST", path: "/act/" + rebook, origin: "https://evil.example", status: 403},
		{name: "over", method: "POST", path: "/act/" + over, status: 410, has: "over"},
		{name: "forged", method: "POST", path: "/act/" + rebook[1:], status: 404, has: "no such link"},
		{name: "stop as act", method: "POST", path: "/act/" + stop, status: 404},
		{name: "act as stop", method: "POST", path: "/stop/" + rebook, status: 404},
		{name: "stop opened", method: "GET", path: "/stop/" + stop, status: 200},
		{name: "stopped by a mail program", method: "POST", path: "/stop/" + stop, origin: "null", status: 200, done: 1},
		{name: "other address", method: "GET", path: "/", status: 404},
		{name: "other method", method: "PUT", path: "/act/" + rebook, status: 405},
		{name: "style", method: "GET", path: "/holdfast/static/holdfast.css", status: 200, has: "--accent"},
		{name: "failing", method: "GET", path: "/act/" + rebook, broken: true, status: 500, has: "Nothing is lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			acts := &pressed{}
			if test.broken {
				acts.err = errors.New("the journal: secret cause")
			}
			var log strings.Builder
			h, err := Handler(Options{
				URL:   "https://example.com/holdfast",
				Acts:  acts,
				Keys:  func() (link.Keys, error) { return keys, nil },
				Clock: func() time.Time { return monday },
				Log:   zerolog.New(&log),
			})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(test.method, "https://holdfast:8080"+test.path, nil)
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || acts.n != test.done || !strings.Contains(w.Body.String(), test.has) {
				t.Errorf("%d, done %d times: %s", w.Code, acts.n, w.Body)
			}
			if w.Header().Get("Referrer-Policy") != "same-origin" {
				t.Errorf("headers are missing: %v", w.Header())
			}
			if strings.Contains(w.Body.String(), "secret") || strings.Contains(log.String(), rebook) {
				t.Errorf("the cause is on the page, or the token in the log: %s %s", w.Body, &log)
			}
			if w.Code != http.StatusOK && w.Code < 500 && log.Len() > 0 {
				t.Errorf("logged: %s", &log)
			}
		})
	}
}
