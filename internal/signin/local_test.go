package signin

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAttackOpenRedirect: a sign-in leads to pages of ours alone.
func TestAttackOpenRedirect(t *testing.T) {
	for to, want := range map[string]bool{
		"/":                       true,
		"/pairs/mia/raj":          true,
		"/pairs/m-1/r_2?week=3&x": true,
		"/me?q=a%20b":             true,

		"":                             false,
		"me":                           false,
		"//evil.example":               false,
		"///evil.example":              false,
		"/\\evil.example":              false,
		"\\/evil.example":              false,
		"/%2f%2fevil.example":          false,
		"/%2Fevil.example":             false,
		"/%5cevil.example":             false,
		"%2f%2fevil.example":           false,
		"https:evil.example":           false,
		"https://evil.example":         false,
		"http:/evil.example":           false,
		"javascript:alert(1)":          false,
		"/\r\nLocation: https://evil":  false,
		"/x\nSet-Cookie: a=b":          false,
		"/\t/evil.example":             false,
		" /me":                         false,
		"/me ":                         false,
		"/@evil.example:80":            false,
		"/a//evil.example":             false,
		"/../..//evil.example":         false,
		"/./me":                        false,
		"/me#//evil.example":           false,
		"/me?x=//evil.example":         false,
		"/ме":                          false,
		"/signin":                      false,
		"/signin/oidc?x":               false,
		"/signout":                     false,
		"/" + strings.Repeat("a", 500): false,
	} {
		if got := (&SignIn{}).local(to); (got != "") != want || want && got != to {
			t.Errorf("%q: %q", to, got)
		}
	}
	h := open(t, mails)
	b := h.browser()
	b.get("/signin?back=//evil.example").is(t, 200, "back=\n")
	b.asks("mia@example.com")
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if a := b.post(codePath, "code", (<-h.letters).code, "back", "//evil.example"); a.header.Get("Location") != "/" {
		t.Errorf("leads to %q", a.header.Get("Location"))
	}
}

// TestLocal: whatever is taken leads a browser to the same host, and is what net/url reads of it.
func TestLocal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{
			"/", "\\", "//", "%2f", "%5c", ".", "..", "?", "#", "@", ":", "evil.example", "me", "\n", "\t", " ", "https",
		}
		to := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 6).Draw(t, "parts"), "")
		got := (&SignIn{}).local(to)
		if got == "" {
			return
		}
		base, _ := url.Parse("https://h.example.com/one/")
		u, err := base.Parse(got)
		if err != nil || u.Host != "h.example.com" || u.Scheme != "https" || strings.Contains(u.Path, "//") ||
			u.EscapedPath() != u.Path {
			t.Fatalf("%q leads to %v (%v)", to, u, err)
		}
	})
}

// TestSource: who asks is told by trusted proxies alone.
func TestSource(t *testing.T) {
	trusted := prefixes("10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32")
	for _, c := range []struct {
		remote string
		xff    []string
		want   string
	}{
		{"192.0.2.1:1", nil, "192.0.2.1"},
		{"192.0.2.1:1", []string{"198.51.100.1"}, "192.0.2.1"},
		{"127.0.0.1:1", nil, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"127.0.0.1:1", []string{"203.0.113.9, 198.51.100.1, 10.1.2.3"}, "198.51.100.1"},
		{"127.0.0.1:1", []string{"203.0.113.9", "198.51.100.1", "10.1.2.3"}, "198.51.100.1"},
		{"127.0.0.1:1", []string{"203.0.113.9, invented, 10.1.2.3"}, "10.1.2.3"},
		{"[::ffff:127.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"[2001:db8::1]:1", []string{"2001:db9::7"}, "2001:db9::7"},
		{"10.0.0.1:1", []string{"10.0.0.2, 10.0.0.3"}, "10.0.0.2"},
		{"@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.xff
		if got := Source(r, trusted).String(); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.remote, c.xff, got, c.want)
		}
	}
}

// TestLimiter: so many within an hour, of any that the last was in; and it grows to its bound and no further.
func TestLimiter(t *testing.T) {
	l := limiter{most: 2, keys: 3}
	now := time.Unix(0, 0)
	take := func(address string, after time.Duration, want bool) {
		t.Helper()
		if got := l.take(netip.MustParseAddr(address), now.Add(after)); got != want {
			t.Errorf("%s after %s: %t", address, after, got)
		}
	}
	take("192.0.2.1", 0, true)
	take("192.0.2.1", 30*time.Minute, true)
	take("192.0.2.1", 59*time.Minute, false)
	take("192.0.2.1", time.Hour, true)
	take("192.0.2.1", time.Hour, false)
	take("2001:db8::1", time.Hour, true)
	take("2001:db8::2", time.Hour, true)
	take("2001:db8::3", time.Hour, false) // all of one network
	take("192.0.2.2", time.Hour, true)
	take("192.0.2.3", time.Hour, false) // no more room
	take("192.0.2.3", 3*time.Hour, true)
	if len(l.of) != 1 {
		t.Errorf("%d sources are kept", len(l.of))
	}
}
