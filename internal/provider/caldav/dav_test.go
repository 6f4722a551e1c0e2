package caldav

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/providertest"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"
)

// serve is a server that answers each request as answer says, and Options for it.
func serve(t *testing.T, answer http.HandlerFunc) (*httptest.Server, Options) {
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s, server{base: s.URL + "/"}.options("mia")
}

func mustURL(t *testing.T, s string) *url.URL {
	u, err := parseURL(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestRedirectKeepsMethodBodyAndPassword(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		var got []string
		s, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			user, password, _ := r.BasicAuth()
			got = append(got, strings.Join([]string{r.Method, r.URL.Path, string(body), user, password, r.Header.Get("If-Match")}, " "))
			if r.URL.Path == "/old" {
				w.Header().Set("Location", "/new")
				w.WriteHeader(status)
			}
		})
		c := newClient(o)
		c.trust(mustURL(t, s.URL))
		a, err := c.do(t.Context(), request{method: "PUT", url: mustURL(t, s.URL+"/old"), body: []byte("x"), header: map[string]string{"If-Match": `"1"`}})
		if err != nil || a.status != 200 || a.url.Path != "/new" {
			t.Fatalf("%d: %v, %v", status, a, err)
		}
		want := []string{`PUT /old x mia mia-pw "1"`, `PUT /new x mia mia-pw "1"`}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d: requests (-want +got):\n%s", status, d)
		}
	}
}

func TestPasswordStaysWithTheServer(t *testing.T) {
	var seen string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Authorization") + r.Header.Get("X-Secret")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(other.Close)
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", other.URL+"/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	o.Headers = map[string]string{"X-Secret": "s"}
	_, err := Open(o).calendar(t.Context())
	if seen != "" {
		t.Error("another host was given the password")
	}
	err = fail("observe", err)
	if provider.KindOf(err) != provider.Auth || !strings.Contains(provider.HintOf(err), "another host") {
		t.Errorf("error %v, hint %q", err, provider.HintOf(err))
	}
}

func TestRedirectLoopEnds(t *testing.T) {
	n := 0
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, "/again", http.StatusMovedPermanently)
	})
	o.Calendar = "/again"
	if _, err := Open(o).calendar(t.Context()); err == nil || n != maxRedirects+1 {
		t.Errorf("error %v after %d requests", err, n)
	}
}

func TestErrorsHaveKindAndHint(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		status     int
		retryAfter string
		body       string
		kind       provider.Kind
		hint       string
		after      time.Duration
	}{
		{status: 401, kind: provider.Auth, hint: "password is refused"},
		{status: 403, kind: provider.Auth, hint: "share"},
		{status: 404, kind: provider.Permanent, hint: "check calendar"},
		{status: 207, body: wrapped(404), kind: provider.Permanent, hint: "check calendar"},
		{status: 207, body: wrapped(403), kind: provider.Auth, hint: "share"},
		{status: 409, kind: provider.Conflict},
		{status: 412, kind: provider.Conflict},
		{status: 429, retryAfter: "17", kind: provider.Transient, after: 17 * time.Second},
		{status: 503, retryAfter: "Tue, 24 Nov 2026 09:00:00 GMT", kind: provider.Transient, after: day},
		{status: 503, retryAfter: "soon", kind: provider.Transient},
		{status: 500, kind: provider.Transient},
		{status: 507, kind: provider.Transient},
		{status: 200, body: "<html>", kind: provider.Permanent, hint: "CalDAV server"},
		{status: 207, body: "<html>", kind: provider.Permanent, hint: "CalDAV server"},
	} {
		_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if tc.retryAfter != "" {
				w.Header().Set("Retry-After", tc.retryAfter)
			}
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		})
		o.Calendar = "/mia/cal/"
		_, err := Open(o).calendar(t.Context())
		err = fail("observe", err)
		var e *provider.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.RetryAfter != tc.after || !strings.Contains(e.Hint, tc.hint) {
			t.Errorf("%d %s: got %+v", tc.status, tc.body, e)
		}
	}
}

// wrapped is a refusal as Xandikos words it.
func wrapped(status int) string {
	return `<ns0:multistatus xmlns:ns0="DAV:"><ns0:response><ns0:href>http%3A//127.0.0.1/x</ns0:href><ns0:status>HTTP/1.1 ` +
		strconv.Itoa(status) + " " +
		http.StatusText(status) + `</ns0:status></ns0:response></ns0:multistatus>`
}

func TestUnreachableIsTransient(t *testing.T) {
	address := providertest.Refused(t)
	_, err := Open(server{base: address + "/"}.options("mia")).calendar(t.Context())
	if provider.KindOf(fail("observe", err)) != provider.Transient {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), address) {
		t.Errorf("the error names the address: %v", err)
	}
}

func TestPasswordFileProblemIsForTheAdmin(t *testing.T) {
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	o.Password = func() (string, error) { return "", errors.New("no such file") }
	_, err := Open(o).calendar(t.Context())
	if err = fail("observe", err); provider.KindOf(err) != provider.Auth || !strings.Contains(provider.HintOf(err), "password_file") {
		t.Errorf("got %v, hint %q", err, provider.HintOf(err))
	}
}

func TestLogTellsNothingOfPeople(t *testing.T) {
	var log strings.Builder
	s, _ := mem(t, nil)
	o := s.options("mia")
	o.Log = zerolog.New(&log)
	c := Open(o)
	if _, err := c.Create(t.Context(), weeklySeries()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Observe(t.Context(), noSnapshot, interestOf("mia")); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"mia", "raj", "example.test", "Basic", "1:1", "docs.example"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	if !strings.Contains(log.String(), `"method":"PUT"`) {
		t.Error("the log does not tell of the write")
	}
}

func TestHrefsCompare(t *testing.T) {
	base := mustURL(t, "https://dav.example.com/cal/")
	for _, same := range [][]string{
		{"/cal/a@b.ics", "/cal/a%40b.ics", "https://dav.example.com/cal/a%40b.ics", "a@b.ics", "//cal/a@b.ics", "/cal/../cal/a@b.ics"},
		{"/cal/%c3%a4%20b.ics", "/cal/%C3%A4%20b.ics", "/cal/ä b.ics"},
	} {
		for _, h := range same {
			u, ok := resolve(base, h)
			if first, _ := resolve(base, same[0]); !ok || u.String() != first.String() {
				t.Errorf("%s is %v, want %v", h, u, first)
			}
		}
	}
	if a, _ := resolve(base, "/cal/a%2Fb.ics"); a.EscapedPath() != "/cal/a%2Fb.ics" {
		t.Errorf("an escaped slash became %s", a.EscapedPath())
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zA-Z0-9@ %/+;,=:äß日"<>#?&._~-]{1,20}`).Draw(t, "name")
		escaped, _ := resolve(base, "/cal/"+url.PathEscape(name))
		again, ok := resolve(base, escaped.EscapedPath())
		if !ok || again.String() != escaped.String() {
			t.Fatalf("%q: %v is not stable: %v", name, escaped, again)
		}
		if plain, err := url.PathUnescape(strings.TrimPrefix(escaped.EscapedPath(), "/cal/")); name != "." && name != ".." && (err != nil || plain != name) {
			t.Fatalf("%q became %q", name, plain)
		}
	})
}

func TestMultistatusOfAllKinds(t *testing.T) {
	latin := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/c/M\xfcller.ics</D:href>" +
		"<D:propstat><D:prop><D:getetag>&quot;x&quot;</D:getetag></D:prop><D:status>HTTP/1.1 200</D:status></D:propstat></D:response></D:multistatus>"
	ms, err := parseMultistatus(strings.NewReader(latin))
	if err != nil {
		t.Fatal(err)
	}
	rows := new(client).rows(ms, mustURL(t, "http://h/c/"))
	if len(rows) != 1 || rows[0].url.EscapedPath() != "/c/M%C3%BCller.ics" || rows[0].prop.ETag != `"x"` {
		t.Errorf("got %+v", rows)
	}
}

func TestETagForms(t *testing.T) {
	for in, want := range map[string]string{`"a"`: `"a"`, `W/"a"`: `"a"`, "a": `"a"`, "": ""} {
		if got := etag(in); got != want {
			t.Errorf("etag(%s) = %s, want %s", in, got, want)
		}
	}
}

// dns answers from a table; what is not in it does not exist.
type dns map[string][]*net.SRV

func (d dns) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if r, ok := d["_"+service+"._"+proto+"."+name]; ok {
		return "", r, nil
	}
	return "", nil, &net.DNSError{IsNotFound: true}
}

func (d dns) LookupTXT(context.Context, string) ([]string, error) { return []string{"path=/dav"}, nil }

func TestPlacesOfDiscovery(t *testing.T) {
	records := dns{"_caldavs._tcp.example.com": {{Target: "dav.example.com.", Port: 8443}}}
	for in, want := range map[string][]string{
		"example.com":                    {"https://dav.example.com:8443/dav", "https://example.com/.well-known/caldav", "https://example.com/"},
		"https://other.com/cloud/dav":    {"https://other.com/cloud/dav", "https://other.com/.well-known/caldav", "https://other.com/"},
		"http://127.0.0.1:5232/":         {"http://127.0.0.1:5232/.well-known/caldav", "http://127.0.0.1:5232/"},
		"https://example.com:8000/a%2Fb": {"https://example.com:8000/a%2Fb", "https://example.com:8000/.well-known/caldav", "https://example.com:8000/"},
	} {
		var got []string
		_, o := serve(t, nil)
		for _, u := range newClient(o).places(t.Context(), mustURL(t, in), records) {
			got = append(got, u.String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", in, d)
		}
	}
}
