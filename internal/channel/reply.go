package channel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/internal/provider"
)

// longest is the longest wait that a server is believed.
const longest = 24 * time.Hour

// RetryAfter reads the header of RFC 9110 section 10.2.3; 0 where there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	wait := time.Duration(0)
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longest)
}

// Unreached is the error of a request that got no answer: Transient, but for a certificate that is refused. The URL,
// which may hold a secret, is left out.
func Unreached(op string, err error) *Error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	e := &Error{Op: op, Err: provider.Reached(err)}
	if x := (*provider.Unreachable)(nil); errors.As(e.Err, &x) {
		e.Hint = x.Hint
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		e.Kind = Broken
	}
	return e
}

// Refused is what follows from an HTTP answer that is none of 2xx, where the service says no more.
func Refused(op string, status int, h http.Header, now time.Time) *Error {
	e := &Error{Op: op, Err: fmt.Errorf("answered %d %s", status, http.StatusText(status))}
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		e.RetryAfter = RetryAfter(h, now)
	default:
		e.Kind = Broken
	}
	return e
}

// HTTP is a client as channels want it: bounded in time, and it follows no redirect, which would carry a secret to
// another server.
func HTTP() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
