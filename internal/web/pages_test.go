package web

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/act"
)

var (
	update = flag.Bool("update", false, "rewrite the pages in testdata")
	serve  = flag.String("serve", "", "serve the pages of the tests at this address until killed: ?as=mia|raj|admin on "+
		"any, /poke?place=X, /poke?in=1 and /poke change something while a page is open")
)

// samples are pages as somebody sees them.
var samples = []struct {
	name, path string
	who        act.Actor
}{
	{"mine", "/", asMia},
	{"mine-report", "/", asRaj},
	{"pair", "/pairs/mia/raj", asMia},
	{"pair-report", "/pairs/mia/raj", asRaj},
	{"me", "/me", asMia},
	{"me-next", "/me?week=2026-12-07", asMia},
	{"admin", "/admin", asAdmin},
	{"plan", "/admin/plan", asAdmin},
	{"pairs", "/admin/pairs", asAdmin},
	{"calendars", "/admin/calendars", asAdmin},
	{"none", "/pairs/mia/lee", asMia},
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://example.com"+path, nil))
	return w
}

// TestPagesAsSeen: every page as it is sent. The files can be opened in a browser.
func TestPagesAsSeen(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			w := get(open(t, &org{who: s.who, signedIn: true}, "https://example.com"), s.path)
			// The stylesheet is beside the files, too.
			got := strings.ReplaceAll(w.Body.String(), `"/static/`, `"../static/`)
			name := filepath.Join("testdata", s.name+".html")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("(-update rewrites it; -want +got):\n%s", d)
			}
		})
	}
}

// forbidden is what the pages' own policy refuses, or what loads something from elsewhere.
var forbidden = regexp.MustCompile(`(?i) style=| on[a-z]+=|<style|<script>|javascript:| fill="| stroke="|` +
	`src="https?:|<link[^>]*https?:|@import|url\(`)

func TestNothingInline(t *testing.T) {
	for _, s := range samples {
		w := get(open(t, &org{who: s.who, signedIn: true}, "https://example.com"), s.path)
		if m := forbidden.FindString(w.Body.String()); m != "" {
			t.Errorf("%s has %q", s.path, m)
		}
	}
	for _, name := range []string{"static/holdfast.css", "static/live.js"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`@import|url\(|eval\(|innerHTML`).Find(b); m != nil {
			t.Errorf("%s has %q", name, m)
		}
	}
}

var ids = regexp.MustCompile(` id="([^"]*)"`)

func TestIDsAreOnce(t *testing.T) {
	for _, s := range samples {
		seen := map[string]bool{}
		w := get(open(t, &org{who: s.who, signedIn: true}, "https://example.com"), s.path)
		for _, m := range ids.FindAllStringSubmatch(w.Body.String(), -1) {
			if seen[m[1]] {
				t.Errorf("%s has the id %q twice", s.path, m[1])
			}
			seen[m[1]] = true
		}
	}
}

// TestServe serves the pages of the tests to a browser.
func TestServe(t *testing.T) {
	if *serve == "" {
		return
	}
	o := &org{who: asMia, signedIn: true}
	h := open(t, o, "http://"+*serve)
	people := map[string]act.Actor{"mia": asMia, "raj": asRaj, "admin": asAdmin}
	t.Fatal(http.ListenAndServe(*serve, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who, ok := people[r.URL.Query().Get("as")]; ok {
			o.who = who
		}
		switch q := r.URL.Query(); { // something changes while a page is open
		case r.URL.Path != "/poke":
			h.ServeHTTP(w, r)
			return
		case q.Get("place") != "":
			o.place = q.Get("place")
		default:
			o.signedIn = q.Get("in") != ""
		}
		o.hub.Publish(miaRaj)
	})))
}
