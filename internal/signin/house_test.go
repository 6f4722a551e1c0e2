package signin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/clock"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// house is a SignIn with a real journal, behind a real socket. Its pages are texts.
type house struct {
	*SignIn
	t       testing.TB
	url     string
	journal *store.Store
	path    string  // of the journal
	watch   *sql.DB // see writes
	log     *strings.Builder
	letters chan letter // what was mailed

	mu      sync.Mutex
	later   time.Duration // than the machine's clock
	people  map[string]series.Person
	refused []access.Refused
}

// letter is a mail.
type letter struct {
	Recipient
	link, code string
}

// open makes a house of Mia, Raj, and an admin who is only an address.
func open(t testing.TB, change func(*house, *Options)) *house {
	h := &house{t: t, log: &strings.Builder{}, letters: make(chan letter, 100), people: map[string]series.Person{
		"mia": {ID: "mia", Name: "Mia Chen", Email: "mia@example.com", Aliases: []string{"mia.chen@example.com"}},
		"raj": {ID: "raj", Name: "Raj Patel", Email: "raj@example.com"},
	}}
	h.path = filepath.Join(t.TempDir(), "journal.db")
	journal, err := store.Open(t.Context(), "sqlite:"+h.path, h.now, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	h.journal = journal
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	o := Options{
		URL:      server.URL,
		Org:      "acme",
		Admins:   []string{"mia", "it@example.com"},
		Journal:  journal,
		Sessions: journal.Sessions(Whose),
		People:   h.roster,
		Refused:  func(_ context.Context, r access.Refused) { h.refused = append(h.refused, r) },
		Show:     show,
		Clock:    h.now,
		Log:      zerolog.New(&locked{w: h.log}),
	}
	change(h, &o)
	if h.SignIn, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	handler = h.handler()
	return h
}

// shell is a change of the options: links from the shell are the only way.
func shell(*house, *Options) {}

// mails is a change of the options: links are mailed.
func mails(h *house, o *Options) {
	o.Mail = func(_ context.Context, to Recipient, link, code string, _ time.Time) error {
		h.letters <- letter{to, link, code}
		return nil
	}
}

// handler has the guard that the pages have, and says at every other address who asks.
func (h *house) handler() http.Handler {
	mux := http.NewServeMux()
	h.Mount(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		who, ok := h.Who(r)
		if !ok {
			h.Ask(w, r)
			return
		}
		fmt.Fprintf(w, "%s: %q admin=%t", r.URL.RequestURI(), who.Person, who.Admin)
	})
	u, err := url.Parse(h.URL)
	guard := http.NewCrossOriginProtection()
	if err := errors.Join(err, guard.AddTrustedOrigin(u.Scheme+"://"+u.Host)); err != nil {
		h.t.Fatal(err)
	}
	return guard.Handler(h.Wrap(mux))
}

// locked is a writer for many.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func show(w http.ResponseWriter, _ *http.Request, status int, p Page) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s\n%s\n", p.Title, strings.Join(p.Lines, "\n"))
	if p.Press != "" {
		fmt.Fprintf(w, "form %s back=%s\n", p.Press, p.Back)
	}
	for _, l := range p.Links {
		fmt.Fprintf(w, "link %s %s\n", l.To, l.Text)
	}
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return clock.System().Add(h.later)
}

// wait lets time go by.
func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.later += d
}

func (h *house) roster() map[string]series.Person {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.people
}

// change makes the roster another one.
func (h *house) change(f func(map[string]series.Person)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	people := map[string]series.Person{}
	for id, p := range h.people {
		people[id] = p
	}
	f(people)
	h.people = people
}

// browser is somebody's.
type browser struct {
	*house
	http.Client
	header http.Header
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{house: h, Client: http.Client{Jar: jar}, header: http.Header{}}
}

// answer is what a browser is shown in the end.
type answer struct {
	status int
	text   string
	url    *url.URL
	header http.Header
}

func (b *browser) do(method, to string, form url.Values) answer {
	b.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.house.url + to
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	if host := b.header.Get("Host"); host != "" {
		r.Host = host
	}
	a, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{a.StatusCode, html.UnescapeString(string(body)), a.Request.URL, a.Header}
}

func (b *browser) get(to string) answer { b.t.Helper(); return b.do("GET", to, nil) }

func (b *browser) post(to string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for p := range slices.Chunk(pairs, 2) {
		form.Set(p[0], p[1])
	}
	return b.do("POST", to, form)
}

// is makes sure of what the browser is shown.
func (a answer) is(t *testing.T, status int, text string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.text, text) {
		t.Errorf("%s: %d, want %d and %q:\n%s", a.url, a.status, status, text, a.text)
	}
}

// who is whom the pages take the browser for.
func (b *browser) who(t *testing.T, want string) {
	t.Helper()
	got := b.get("/").text
	if _, who, ok := strings.Cut(got, ": "); ok && strings.HasPrefix(got, "/: ") {
		got = who
	} else {
		got = "nobody"
	}
	if got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
}

const (
	isMia    = `"mia" admin=true`
	isRaj    = `"raj" admin=false`
	isIT     = `"" admin=true`
	isNobody = "nobody"
)

// token is the session's of the browser; "" where it has none.
func (b *browser) token() string {
	u, _ := url.Parse(b.house.url)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "holdfast" {
			return c.Value
		}
	}
	return ""
}

// linked signs in by a link from the shell.
func (b *browser) linked(who string) answer {
	b.t.Helper()
	link, _, err := NewLink(b.t.Context(), b.journal, b.now, b.house.url, who)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post(link)
}

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}
