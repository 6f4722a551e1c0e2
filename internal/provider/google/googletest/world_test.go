package googletest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	mia  = "mia@example.com"
	raj  = "raj@example.com"
	lee  = "lee@example.com"
	room = "alder@resource.example.com"
	out  = "guest@elsewhere.test"
)

// world is a double that is reached over HTTP, and a clock that tests move.
type world struct {
	*testing.T
	*Server
	at     time.Time
	tokens map[string]string
}

// now of every test, unless it moves the clock.
var begin = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{T: t, at: begin, tokens: map[string]string{}}
	o := Options{Clock: func() time.Time { return w.at }, Users: []User{
		{Email: mia, Aliases: []string{"mia.chen@example.com"}, Name: "Mia Chen", Zone: "Europe/Berlin"},
		{Email: raj, Name: "Raj Patel", Zone: "Asia/Kolkata"},
		{Email: lee, Name: "Lee Park", Zone: "America/New_York"},
		{Email: room, Name: "Room Alder", Zone: "Europe/Berlin", Room: true},
	}, Clients: []OAuthClient{{ID: "app", Secret: "hush"}},
		Delegation: []ServiceAccount{{"daemon@project.iam.example", []string{"calendar.events"}}}}
	for _, f := range change {
		f(&o)
	}
	w.Server = New(o)
	srv := httptest.NewServer(Strict(t, w.Server))
	t.Cleanup(srv.Close)
	w.SetBase(srv.URL)
	return w
}

// reply is an answer of the double.
type reply struct {
	*testing.T
	code   int
	header http.Header
	body   object
	what   string
}

// as is a token of the user with all that the tests need.
func (w *world) as(user string) string {
	if t := w.tokens[user]; t != "" {
		return t
	}
	return w.Token(user, "app", "calendar", "drive.file")
}

// loose lets the test send what is not declared.
func (w *world) loose() {
	srv := httptest.NewServer(w.Server)
	w.Cleanup(srv.Close)
	w.SetBase(srv.URL)
}

// call sends one request. path is below the base, with its parameters; header pairs follow the body.
func (w *world) call(user, verb, path string, body any, header ...string) reply {
	w.Helper()
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body) // plain values
	}
	r, err := http.NewRequestWithContext(w.Context(), verb, w.Base()+path, bytes.NewReader(b))
	if err != nil {
		w.Fatal(err)
	}
	if user != "" {
		r.Header.Set("Authorization", "Bearer "+w.as(user))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	a := reply{T: w.T, code: res.StatusCode, header: res.Header, what: verb + " " + path}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			w.Fatalf("%s answers %q", a.what, text)
		}
	}
	return a
}

// ok ends the test unless the request succeeded.
func (a reply) ok() object {
	a.Helper()
	if a.code > 299 {
		a.Fatalf("%s: %d %v", a.what, a.code, a.body)
	}
	return a.body
}

// wrong sees an error of that code and reason.
func (a reply) wrong(code int, reason string) object {
	a.Helper()
	var first object
	if all := list(sub(a.body, "error"), "errors"); len(all) > 0 {
		first = all[0].(object)
	}
	if a.code != code || text(first, "reason") != reason {
		a.Fatalf("%s: %d %v, want %d %s", a.what, a.code, a.body, code, reason)
	}
	return first
}

const cal = "/calendar/v3/calendars/primary/events"

// event is one of an hour on a Tuesday at ten in Berlin.
func single(more ...object) object {
	e := object{"summary": "Talk", "start": object{"dateTime": "2026-12-01T10:00:00", "timeZone": "Europe/Berlin"},
		"end": object{"dateTime": "2026-12-01T11:00:00", "timeZone": "Europe/Berlin"}}
	for _, m := range more {
		e = merge(e, m)
	}
	return e
}

// weekly is the series that begins then.
func weekly(more ...object) object {
	return single(append([]object{{"recurrence": []any{"RRULE:FREQ=WEEKLY;BYDAY=TU"}}}, more...)...)
}

func with(addresses ...string) object {
	all := []any{}
	for _, a := range addresses {
		all = append(all, object{"email": a})
	}
	return object{"attendees": all}
}

func (w *world) insert1(user string, e object, params ...string) object {
	w.Helper()
	return w.call(user, "POST", cal+query1(params), e).ok()
}

func query1(params []string) string {
	if len(params) == 0 {
		return ""
	}
	return "?" + strings.Join(params, "&")
}

func (w *world) get(user, id string) object {
	w.Helper()
	return w.call(user, "GET", cal+"/"+id, nil).ok()
}

// list reads all pages and returns the items with the token of the last page.
func (w *world) list(user string, params ...string) ([]object, string) {
	w.Helper()
	var items []object
	page := ""
	for {
		p := params
		if page != "" {
			p = append(p, "pageToken="+url.QueryEscape(page))
		}
		a := w.call(user, "GET", cal+query1(p), nil).ok()
		for _, it := range list(a, "items") {
			items = append(items, it.(object))
		}
		if page = text(a, "nextPageToken"); page == "" {
			return items, text(a, "nextSyncToken")
		}
		if text(a, "nextSyncToken") != "" {
			w.Fatal("a sync token on a page that is not the last")
		}
	}
}

// after is what changed since the token.
func (w *world) after(user, token string, params ...string) ([]object, string) {
	w.Helper()
	return w.list(user, append([]string{"syncToken=" + url.QueryEscape(token)}, params...)...)
}

// text is a raw answer, with its content type.
func (w *world) text(verb, path string) (kind, body string) {
	r, err := http.NewRequestWithContext(w.Context(), verb, w.Base()+path, nil)
	if err != nil {
		w.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+w.as(mia))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Error(err)
		return
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.Error(err)
	}
	return res.Header.Get("Content-Type"), string(b)
}
