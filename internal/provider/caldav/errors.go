package caldav

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"holdfast/internal/provider"
)

// fail makes err the provider's error for op, with its kind and what a person can do about it. Errors that have a kind
// pass as they are.
func fail(op string, err error) error {
	if err == nil || errors.As(err, new(*provider.Error)) {
		return err
	}
	kind, hint, after := classify(err)
	return &provider.Error{Kind: kind, Op: op, Hint: hint, RetryAfter: after, Err: err}
}

func classify(err error) (provider.Kind, string, time.Duration) {
	var network *unreachable
	var bad *malformed
	status := statusErrorOf(err)
	switch {
	case errors.As(err, new(*notFound)):
		return provider.Permanent, "check url and calendar: name the calendar by its path where discovery does not lead there", 0
	case status != nil:
		return ofStatus(status)
	case errors.As(err, new(*passwordError)):
		return provider.Auth, "check password_file: it must exist and be readable", 0
	case errors.As(err, &bad):
		const hint = "check that url leads to a CalDAV server, not to a web page or a proxy"
		return provider.Permanent, cmp.Or(bad.hint, hint), 0
	case errors.As(err, &network):
		return provider.Transient, network.hint, 0
	case errors.Is(err, context.Canceled):
		return provider.Transient, "", 0
	}
	return provider.Transient, "check that the server runs and can be reached from here", 0
}

func ofStatus(e *statusError) (provider.Kind, string, time.Duration) {
	switch {
	case e.tls:
		return provider.Permanent, "url says http, and the server speaks TLS on that port: write https in url", 0
	case e.status == http.StatusUnauthorized && !e.sent:
		return provider.Auth, "the server led to another host, which is not given the password: set url to that host", 0
	case e.status == http.StatusUnauthorized:
		return provider.Auth, "the user name or password is refused: check username and password_file", 0
	case e.status == http.StatusForbidden:
		return provider.Auth, "the account may not do this: the calendar's owner, or the server's admin, " +
			"must share the calendar with it for reading and writing", 0
	case e.status == http.StatusNotFound, e.status == http.StatusGone:
		return provider.Permanent, "nothing is there, or the account may not see it: check calendar, " +
			"and that its owner shares it with the account", 0
	case e.status == http.StatusMethodNotAllowed:
		return provider.Permanent, "there is a web server at that address, and no CalDAV: check the path in url", 0
	case e.status == http.StatusConflict, e.status == http.StatusPreconditionFailed:
		return provider.Conflict, "", 0
	case e.status == http.StatusTooManyRequests:
		return provider.Transient, "the server asks for fewer requests: a longer poll in the settings helps", e.retryAfter
	case e.status == http.StatusServiceUnavailable:
		return provider.Transient, "the server is overloaded or being maintained: it is asked again by itself", e.retryAfter
	case e.status == http.StatusBadGateway, e.status == http.StatusGatewayTimeout:
		return provider.Transient, "a proxy answers, and the server behind it does not: check that it runs", e.retryAfter
	case e.status == http.StatusRequestTimeout, e.status == http.StatusTooEarly, e.status == http.StatusLocked:
		return provider.Transient, "", e.retryAfter
	case e.status >= 500:
		return provider.Transient, "the server fails: look into its own log", e.retryAfter
	case e.status == http.StatusRequestEntityTooLarge:
		return provider.Permanent, "the event is larger than the server takes", 0
	case e.status < 400:
		return provider.Permanent, "check that url leads to a CalDAV server, not to a web page", 0
	}
	return provider.Permanent, "", 0
}

// unreachable is a server that gave no answer at all. What it says is a cause, the same for everybody whom it
// strikes: no addresses, ports, or names.
type unreachable struct {
	cause, hint string
	err         error
}

func (e *unreachable) Error() string { return e.cause }
func (e *unreachable) Unwrap() error { return e.err }

// reached is err, of a request that got no answer, in words for a person.
func reached(err error) error {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		timeout   net.Error
	)
	because := func(cause, hint string) error { return &unreachable{cause, hint, err} }
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns) && dns.IsNotFound:
		return because("the server's name is not known to the DNS", "check the host name in url")
	case errors.As(err, &dns):
		return because("the DNS does not answer", "check this machine's network and its name servers")
	case errors.As(err, &authority) && selfSigned(authority.Cert):
		return because("the server's certificate is self-signed",
			"get the server a certificate that is signed, or name its own as ca_file in the settings")
	case errors.As(err, &authority):
		return because("the server's certificate is signed by an authority that is not known here",
			"name the authority's certificate, in PEM, as ca_file in the settings")
	case errors.As(err, &name):
		return because("the server's certificate is for another host name", "write the name in the certificate into url")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return because("the server's certificate has expired, or is not valid yet",
			"renew the certificate on the server; if it is new, check this machine's clock")
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return because("the server's certificate is refused", "have the server's admin look at the certificate")
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return because("the server speaks no TLS on this port",
			"url says https: check the port, or write http if nobody else is on the way")
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`): // an alert of TLS
		return because("the server speaks TLS on this port", "url says http: write https in url")
	case errors.As(err, &alert):
		return because("the server breaks off TLS",
			"the server wants another version of TLS, or a certificate of the client's")
	case errors.Is(err, syscall.ECONNREFUSED):
		return because("the connection is refused", "check that the server runs, and the port in url")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return because("no way leads to the server", "check this machine's network")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return because("the server does not answer in time", "check that the server runs and no firewall is between")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return because("the server closed the connection", "check that the server runs")
	case errors.As(err, &timeout), errors.As(err, new(*os.SyscallError)):
		return because("the network fails", "check that the server runs and can be reached from here")
	}
	// It would quote the text, which may be anybody's.
	return because("the answer is no HTTP", "check the port in url: another service is there")
}

func selfSigned(c *x509.Certificate) bool { return c != nil && bytes.Equal(c.RawIssuer, c.RawSubject) }

// conflict is the answer where somebody was faster.
func conflict(op, what string) error {
	return &provider.Error{Kind: provider.Conflict, Op: op, Err: errors.New(what)}
}

// permanent is an answer that no repeat changes.
func permanent(op, hint, format string, args ...any) error {
	return &provider.Error{Kind: provider.Permanent, Op: op, Hint: hint, Err: fmt.Errorf(format, args...)}
}
