package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Unreachable is a server that gave no answer at all.
type Unreachable struct {
	cause  string
	Hint   string // for a person, in the words of a settings file that has the server's url
	Closed bool   // it closed the connection without an answer
	err    error
}

func (e *Unreachable) Error() string { return e.cause }

// Unwrap is what the network said.
func (e *Unreachable) Unwrap() error { return e.err }

// Cause is why, as CauseOf has it.
func (e *Unreachable) Cause() string { return e.cause }

// Reached is err, of a request that got no answer, in words for a person.
func Reached(err error) error {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		timeout   net.Error
	)
	because := func(cause, hint string) error { return &Unreachable{cause: cause, Hint: hint, err: err} }
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
		return &Unreachable{
			cause:  "the server closed the connection",
			Hint:   "check that the server runs",
			Closed: true,
			err:    err,
		}
	case errors.As(err, &timeout), errors.As(err, new(*os.SyscallError)):
		return because("the network fails", "check that the server runs and can be reached from here")
	}
	// It would quote the text, which may be anybody's.
	return because("the answer is no HTTP", "check the port in url: another service is there")
}

func selfSigned(c *x509.Certificate) bool { return c != nil && bytes.Equal(c.RawIssuer, c.RawSubject) }
