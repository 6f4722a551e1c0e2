package prepdoc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/prepdoc"
	"holdfast/internal/provider"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

const (
	mia   = "mia@example.com"
	raj   = "raj@example.com"
	ada   = "ada@example.com"
	admin = "admin@example.com"
)

// world is Google with an admin's template, one pair, and a daemon's memory of its document.
type world struct {
	*testing.T
	*googletest.Server
	docs     *prepdoc.Docs
	at       atomic.Int64 // Unix time; the double may still be busy with a request that was dropped
	template string
	want     prepdoc.Want
	state    prepdoc.State
	log      bytes.Buffer
	signIn   error
	before   func(*http.Request) // called before each request is sent
	said     []string            // every error
}

const templateText = `= Our 1:1
What we want from these meetings.
`

func open(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, before: func(*http.Request) {}}
	w.at.Store(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC).Unix())
	w.Server = googletest.New(googletest.Options{Clock: w.now, Users: []googletest.User{
		{Email: mia, Aliases: []string{"mia.chen@example.com"}, Name: "Mia Chen"}, {Email: raj, Name: "Raj Patel"}, {Email: ada, Name: "Ada"}, {Email: admin, Name: "Admin"}}})
	srv := httptest.NewServer(googletest.Strict(t, w.Server))
	t.Cleanup(srv.Close)
	w.SetBase(srv.URL)
	folder := w.AddFile(googletest.NewFile{Owner: admin, Name: "Templates", MIME: googletest.FolderMIME})
	w.Grant(folder, "domain", "example.com", "writer")
	w.template = w.AddFile(googletest.NewFile{Owner: admin, Name: "1:1", Text: templateText, Parent: folder, Apps: []string{"app"}})
	w.docs = prepdoc.New(prepdoc.Options{Clients: w, Endpoint: srv.URL, Log: zerolog.New(&w.log)})
	w.want = prepdoc.Want{Series: series.Series{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Title: "1:1 Mia Chen / Raj Patel",
		Manager: series.Person{ID: "mia", Name: "Mia Chen", Email: mia}, Report: series.Person{ID: "raj", Name: "Raj Patel", Email: raj},
		Slot: series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"},
		Doc:  series.PrepDoc{Template: w.template}}}
	return w
}

const day = 24 * time.Hour

func (w *world) now() time.Time { return time.Unix(w.at.Load(), 0).UTC() }

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.at.Add(int64(d / time.Second)) }

// ClientFor acts as the person, with a token of the hour.
func (w *world) ClientFor(_ context.Context, p series.Person) (*http.Client, error) {
	if w.signIn != nil {
		return nil, w.signIn
	}
	return &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		w.before(r)
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+w.Token(p.Email, "app", "drive.file"))
		return http.DefaultTransport.RoundTrip(r)
	})}, nil
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// try tends the document once.
func (w *world) try() error {
	w.Helper()
	var err error
	w.state, err = w.docs.Tend(w.Context(), w.now(), w.want, w.state)
	for e := err; e != nil; e = errors.Unwrap(e) {
		w.said = append(w.said, e.Error())
	}
	if err != nil {
		w.said = append(w.said, provider.HintOf(err))
	}
	return err
}

// tend tends the document, which must not fail, and tells which methods were called.
func (w *world) tend() string {
	w.Helper()
	w.Reset()
	if err := w.try(); err != nil {
		w.Fatal(err)
	}
	return w.called()
}

func (w *world) called() string {
	var out []string
	for _, r := range w.Requests() {
		out = append(out, r.Method[strings.Index(r.Method, ".")+1:])
	}
	return strings.Join(out, " ")
}

// wrote tells which of the methods called would change something.
func (w *world) wrote() string {
	var out []string
	for _, m := range strings.Fields(w.called()) {
		if _, verb, _ := strings.Cut(m, "."); !slices.Contains([]string{"get", "list"}, verb) {
			out = append(out, m)
		}
	}
	return strings.Join(out, " ")
}

// found are the findings in words.
func (w *world) found() string {
	var out []string
	for _, f := range w.state.Findings {
		out = append(out, f.Kind+": "+f.Detail)
	}
	return strings.Join(out, "; ")
}

func (w *world) finds(want string) {
	w.Helper()
	if got := w.found(); got != want {
		w.Errorf("found %q, want %q", got, want)
	}
}

// made are the documents beside the admin's.
func (w *world) made() []string {
	var out []string
	for _, id := range w.Files() {
		if f := w.file(id); f["mimeType"] == googletest.DocMIME && id != w.template {
			out = append(out, id)
		}
	}
	return out
}

// next makes a section due for the meeting on the day, which begins at 10:00 in Berlin.
func (w *world) next(on string) {
	w.Helper()
	d, err := series.ParseDate(on)
	if err != nil {
		w.Fatal(err)
	}
	w.want.Series.Doc.Section = "standard"
	w.want.Next = prepdoc.Occurrence{Date: d, Day: d, Start: series.Instant(d, 600, "Europe/Berlin")}
}

// file is what Drive tells the file's owner about it, to any app.
func (w *world) file(id string) map[string]any {
	w.Helper()
	return w.get("/drive/v3/files/"+id+"?supportsAllDrives=true&fields=*", admin, mia, ada)
}

// rows are who may do what with a file: "writer raj@example.com", sorted.
func (w *world) rows(id string) []string {
	w.Helper()
	var out []string
	for _, p := range w.get("/drive/v3/files/"+id+"/permissions?supportsAllDrives=true&fields=*", mia, ada)["permissions"].([]any) {
		p := p.(map[string]any)
		who, _ := p["emailAddress"].(string)
		out = append(out, strings.TrimSpace(p["role"].(string)+" "+who))
	}
	slices.Sort(out)
	return out
}

// get reads as the first of the users who may.
func (w *world) get(path string, users ...string) map[string]any {
	w.Helper()
	for _, u := range users {
		r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.Base()+path, nil)
		if err != nil {
			w.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.Token(u, "any", "drive"))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			w.Fatal(err)
		}
		var out map[string]any
		err = json.NewDecoder(resp.Body).Decode(&out)
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			return out
		}
	}
	w.Fatal("nobody may read ", path)
	return nil
}
