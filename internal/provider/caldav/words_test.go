package caldav

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/providertest"
)

// certificate is one of those names, valid from..to, signed by itself or by another authority, which is given back.
func certificate(t *testing.T, name string, from, to time.Time, self bool) (tls.Certificate, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: to, DNSNames: []string{name}}
	leaf.Subject.CommonName = name
	if ip := net.ParseIP(name); ip != nil {
		leaf.DNSNames, leaf.IPAddresses = nil, []net.IP{ip}
	}
	authority.Subject.CommonName = "an authority"
	by := authority
	if self {
		by = leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, by, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := x509.ParseCertificate(ca)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, trusted
}

// Whatever may stand at the address, or nowhere near it, has words and a next step of its own.
func TestWordsForEveryTrouble(t *testing.T) {
	now := time.Now()
	says := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if k, v, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(k, v)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	quiet := log.New(io.Discard, "", 0)
	plain := func(h http.HandlerFunc) (string, http.RoundTripper) {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = quiet
		s.Start()
		t.Cleanup(s.Close)
		return s.URL, http.DefaultTransport
	}
	// secure is a server with such a certificate, and a client that trusts its authority if it is to.
	secure := func(name string, from, to time.Time, self, trust bool) (string, http.RoundTripper) {
		s := httptest.NewUnstartedServer(says(200, "", ""))
		own, authority := certificate(t, name, from, to, self)
		s.TLS, s.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{own}}, quiet
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := x509.NewCertPool()
		if trust {
			roots.AddCert(authority)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		t.Cleanup(transport.CloseIdleConnections)
		return s.URL, transport
	}
	const day = 24 * time.Hour
	good := func() (string, http.RoundTripper) {
		return secure("127.0.0.1", now.Add(-day), now.Add(day), false, true)
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, `<d:multistatus xmlns:d="DAV:"><d:response>`)
	}
	loop := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }
	login := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><form>Log in</form></html>")
	}
	closed := func() (string, http.RoundTripper) {
		return providertest.Refused(t), http.DefaultTransport
	}
	swap := func(scheme string, at func() (string, http.RoundTripper)) func() (string, http.RoundTripper) {
		return func() (string, http.RoundTripper) {
			address, transport := at()
			_, rest, _ := strings.Cut(address, "://")
			return scheme + "://" + rest, transport
		}
	}
	answers := func(h http.HandlerFunc) func() (string, http.RoundTripper) {
		return func() (string, http.RoundTripper) { return plain(h) }
	}
	for _, c := range []struct {
		name       string
		at         func() (string, http.RoundTripper)
		words      string
		hint       string
		kind       provider.Kind
		retryAfter time.Duration
	}{
		{
			name:  "https spoken to in http",
			at:    swap("http", good),
			words: "PROPFIND: the server closed the connection",
			kind:  provider.Transient,
			hint:  "check that the server runs; if it speaks TLS on this port, write https in url",
		},
		{
			name:  "https spoken to in http, and it says so",
			at:    answers(says(400, "", "<center>The plain HTTP request was sent to HTTPS port</center>")),
			words: "PROPFIND answered 400 Bad Request",
			hint:  "url says http, and the server speaks TLS on that port: write https in url",
		},
		{
			name:  "http spoken to in https",
			at:    swap("https", answers(says(200, "", ""))),
			words: "PROPFIND: the server speaks no TLS on this port",
			kind:  provider.Transient,
			hint:  "url says https: check the port, or write http if nobody else is on the way",
		},
		{
			name: "self-signed",
			at: func() (string, http.RoundTripper) {
				return secure("127.0.0.1", now.Add(-day), now.Add(day), true, false)
			},
			words: "PROPFIND: the server's certificate is self-signed",
			kind:  provider.Transient,
			hint:  "get the server a certificate that is signed, or name its own as ca_file in the settings",
		},
		{
			name: "unknown authority",
			at: func() (string, http.RoundTripper) {
				return secure("127.0.0.1", now.Add(-day), now.Add(day), false, false)
			},
			words: "PROPFIND: the server's certificate is signed by an authority that is not known here",
			kind:  provider.Transient,
			hint:  "name the authority's certificate, in PEM, as ca_file in the settings",
		},
		{
			name: "expired",
			at: func() (string, http.RoundTripper) {
				return secure("127.0.0.1", now.Add(-2*day), now.Add(-day), false, true)
			},
			words: "PROPFIND: the server's certificate has expired, or is not valid yet",
			kind:  provider.Transient,
			hint:  "renew the certificate on the server; if it is new, check this machine's clock",
		},
		{
			name: "another host",
			at: func() (string, http.RoundTripper) {
				return secure("dav.example.test", now.Add(-day), now.Add(day), false, true)
			},
			words: "PROPFIND: the server's certificate is for another host name",
			kind:  provider.Transient,
			hint:  "write the name in the certificate into url",
		},
		{
			name: "no such name",
			at: func() (string, http.RoundTripper) {
				lookup := func(string) error { return &net.DNSError{Err: "no such host", Name: "dav.invalid", IsNotFound: true} }
				return "http://dav.invalid", dials(lookup)
			},
			words: "PROPFIND: the server's name is not known to the DNS",
			kind:  provider.Transient,
			hint:  "check the host name in url",
		},
		{
			name:  "refused",
			at:    closed,
			words: "PROPFIND: the connection is refused",
			kind:  provider.Transient,
			hint:  "check that the server runs, and the port in url",
		},
		{
			name:  "login page",
			at:    answers(says(200, "Content-Type: text/html", "<html><form>Log in</form></html>")),
			words: "the server's answer is not understood: a web page, such as one to log in on",
			hint:  "check that url leads to a CalDAV server and that nothing in front of it wants a login of its own",
		},
		{
			name:  "redirect to a login page",
			at:    answers(login),
			words: "the server's answer is not understood: a web page, such as one to log in on",
			hint:  "check that url leads to a CalDAV server and that nothing in front of it wants a login of its own",
		},
		{
			name:  "redirect loop",
			at:    answers(loop),
			words: "the server's answer is not understood: too many redirects",
			hint:  "check that url leads to a CalDAV server, not to a web page or a proxy",
		},
		{
			name:  "401",
			at:    answers(says(401, "", "")),
			words: "PROPFIND answered 401 Unauthorized",
			kind:  provider.Auth,
			hint:  "the user name or password is refused: check username and password_file",
		},
		{
			name:  "403",
			at:    answers(says(403, "", "")),
			words: "PROPFIND answered 403 Forbidden",
			kind:  provider.Auth,
			hint: "the account may not do this: the calendar's owner, or the server's admin, " +
				"must share the calendar with it for reading and writing",
		},
		{
			name:  "404",
			at:    answers(says(404, "", "")),
			words: "PROPFIND answered 404 Not Found",
			hint: "nothing is there, or the account may not see it: check calendar, " +
				"and that its owner shares it with the account",
		},
		{
			name:  "405",
			at:    answers(says(405, "", "")),
			words: "PROPFIND answered 405 Method Not Allowed",
			hint:  "there is a web server at that address, and no CalDAV: check the path in url",
		},
		{
			name:       "429",
			at:         answers(says(429, "Retry-After: 17", "")),
			words:      "PROPFIND answered 429 Too Many Requests",
			kind:       provider.Transient,
			retryAfter: 17 * time.Second,
			hint:       "the server asks for fewer requests: a longer poll in the settings helps",
		},
		{
			name:  "500",
			at:    answers(says(500, "", "")),
			words: "PROPFIND answered 500 Internal Server Error",
			kind:  provider.Transient,
			hint:  "the server fails: look into its own log",
		},
		{
			name:  "502",
			at:    answers(says(502, "", "")),
			words: "PROPFIND answered 502 Bad Gateway",
			kind:  provider.Transient,
			hint:  "a proxy answers, and the server behind it does not: check that it runs",
		},
		{
			name:  "503",
			at:    answers(says(503, "", "")),
			words: "PROPFIND answered 503 Service Unavailable",
			kind:  provider.Transient,
			hint:  "the server is overloaded or being maintained: it is asked again by itself",
		},
		{
			name:  "empty",
			at:    answers(says(207, "", "")),
			words: "the server's answer is not understood: the multistatus does not parse",
			hint:  "check that url leads to a CalDAV server, not to a web page or a proxy",
		},
		{
			name:  "cut off",
			at:    answers(cut),
			words: "PROPFIND: reading the answer: the server closed the connection",
			kind:  provider.Transient,
			hint:  "check that the server runs",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, transport := c.at()
			o := server{base: address + "/", calendar: address + "/mia/cal/", configured: true}.options("mia")
			o.HTTP = &http.Client{Transport: transport}
			_, err := Open(o).Observe(t.Context(), noSnapshot, interestOf("mia"))
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.TrimPrefix(err.Error(), "observe: "); got != c.words {
				t.Errorf("said %q, want %q", got, c.words)
			}
			if got := provider.HintOf(err); got != c.hint {
				t.Errorf("hint %q, want %q", got, c.hint)
			}
			if provider.KindOf(err) != c.kind {
				t.Errorf("kind %v", provider.KindOf(err))
			}
			if e, ok := err.(*provider.Error); !ok || e.RetryAfter != c.retryAfter {
				t.Errorf("%+v", err)
			}
			if cause := provider.CauseOf(err); strings.Contains(cause, "127.0.0.1") || strings.Contains(cause, "PROPFIND") ||
				cause == "" {
				t.Errorf("cause %q", cause)
			}
		})
	}
}

// dials fails to dial so.
func dials(why func(address string) error) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: why(r.URL.Host)}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
