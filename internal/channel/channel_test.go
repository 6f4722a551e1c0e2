package channel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	for _, id := range []string{"n1", "0c1d-2", strings.Repeat("x", 60)} {
		if got := Token(id); got != id {
			t.Errorf("%s became %s", id, got)
		}
	}
	for _, id := range []string{"", "a b", "a@b", "a\r\nB: c", "-x", strings.Repeat("x", 61), "é"} {
		if got := Token(id); !plainID.MatchString(got) || got == Token(id+"2") {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"30":                            30 * time.Second,
		"-30":                           0,
		"soon":                          0,
		"99999999":                      longest,
		"Tue, 01 Dec 2026 09:01:00 GMT": time.Minute,
		"Tue, 01 Dec 2026 08:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestUnreached(t *testing.T) {
	for _, x := range []struct {
		err  error
		kind Kind
		says string
	}{
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, Broken, "certificate"},
		{context.DeadlineExceeded, Transient, "in time"},
		{errors.New("https://example.com/secret is odd"), Transient, ""},
	} {
		e := Unreached("hook: post", &url.Error{Op: "Post", URL: "https://example.com/secret", Err: x.err})
		if e.Kind != x.kind || !strings.Contains(e.Error(), x.says) || strings.Contains(e.Error(), "secret") {
			t.Errorf("%v is %s, want %s", e, e.Kind, x.kind)
		}
	}
}

func TestRefused(t *testing.T) {
	for status, want := range map[int]Kind{429: Transient, 503: Transient, 401: Broken, 404: Broken, 302: Broken} {
		e := Refused("hook: post", status, http.Header{"Retry-After": {"7"}}, time.Time{})
		if e.Kind != want || want == Transient && e.RetryAfter != 7*time.Second {
			t.Errorf("%d: %v is %s, wait %s", status, e, e.Kind, e.RetryAfter)
		}
	}
}
