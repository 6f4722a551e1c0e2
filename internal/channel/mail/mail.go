// Package mail sends messages by SMTP.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
)

// Security is how the connection is kept from others.
type Security int

// The kinds of Security.
const (
	STARTTLS Security = iota // begins in the clear; a server that does not offer TLS then is refused
	Implicit                 // TLS from the first byte
	None                     // for a relay on this machine
)

// Options are those of one relay.
type Options struct {
	Address  string // host:port
	Security Security
	Roots    *x509.CertPool // nil: those of the machine
	From     mail.Address
	Bounces  string // envelope sender; "" for the address of From

	// Username and Password sign in; without Username nobody does.
	Username string
	Password func() (string, error) // asked at each sign-in
	// Token is asked for in the place of Password, and signs in by XOAUTH2.
	Token func(context.Context) (string, error)

	Clock clock.Clock
	// Timeout is that of one message, the connection included; 0 for two minutes.
	Timeout time.Duration
}

// Sender sends one message at a time over one connection, which it keeps for the next for a while.
type Sender struct {
	o    Options
	host string
	turn chan struct{} // holds a value while somebody uses what is below

	conn net.Conn
	smtp *smtp.Client
	idle *time.Timer
}

// keep is how long a connection waits for the next message.
const keep = 15 * time.Second

// New connects to nothing yet.
func New(o Options) *Sender {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Bounces == "" {
		o.Bounces = o.From.Address
	}
	host, _, _ := net.SplitHostPort(o.Address)
	return &Sender{o: o, host: host, turn: make(chan struct{}, 1)}
}

// Send is channel.Sender's.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return channel.Sent{}, &channel.Error{Kind: channel.BadAddress, Op: "mail: address",
			Hint: "write it anew in the roster", Err: errors.New("it is no mail address")}
	}
	data, err := s.compose(m, to, s.o.Clock())
	if err != nil {
		return channel.Sent{}, &channel.Error{Kind: channel.BadAddress, Op: "mail: write the message", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	if err := s.lock(ctx); err != nil {
		return channel.Sent{}, s.failed(ctx, stepWait, err)
	}
	defer s.unlock()
	return channel.Sent{}, s.deliver(ctx, to.Address, data)
}

// Close ends the connection.
func (s *Sender) Close() {
	s.turn <- struct{}{}
	defer s.unlock()
	s.hangUp()
}

func (s *Sender) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Sender) unlock() { <-s.turn }

// deliver sends over the connection that is there, or a new one.
func (s *Sender) deliver(ctx context.Context, to string, data []byte) error {
	kept := s.smtp != nil
	if s.idle != nil {
		s.idle.Stop()
	}
	for {
		if s.smtp == nil {
			if err := s.connect(ctx); err != nil {
				return err
			}
		}
		stop := s.breakOff(ctx)
		step, err := s.transact(to, data)
		stop()
		refused := replyOf(err)
		if err != nil && refused == nil || refused != nil && refused.Code == 421 {
			s.drop() // the server has, or nobody knows where it is
		}
		if kept && step == stepFrom && s.smtp == nil && ctx.Err() == nil {
			kept = false // it waited too long, or has carried as many as the server allows
			continue
		}
		if s.smtp != nil {
			s.idle = time.AfterFunc(keep, s.rest)
		}
		return s.failed(ctx, step, err)
	}
}

// rest ends a connection that nobody uses.
func (s *Sender) rest() {
	select {
	case s.turn <- struct{}{}:
		s.hangUp()
		s.unlock()
	default: // somebody does: their message winds the timer up again
	}
}

// The steps of a delivery that tell what a refusal means.
const (
	stepWait    = "wait for the mail before"
	stepConnect = "connect"
	stepTLS     = "TLS"
	stepSignIn  = "sign in"
	stepFrom    = "sender"
	stepTo      = "recipient"
	stepData    = "message"
)

// transact is one mail transaction of RFC 5321 section 3.3, and the step that failed.
func (s *Sender) transact(to string, data []byte) (step string, err error) {
	if err := s.smtp.Mail(s.o.Bounces); err != nil {
		return stepFrom, s.reset(err)
	}
	if err := s.smtp.Rcpt(to); err != nil {
		return stepTo, s.reset(err)
	}
	w, err := s.smtp.Data()
	if err != nil {
		return stepData, s.reset(err)
	}
	if _, err := w.Write(data); err != nil {
		return stepData, err // not closed: that would send the half of it
	}
	return stepData, w.Close()
}

// reset leaves the connection fit for the next message after a refusal.
func (s *Sender) reset(err error) error {
	if replyOf(err) != nil && s.smtp.Reset() != nil {
		s.drop()
	}
	return err
}

// breakOff closes the connection when ctx ends before stop is called.
func (s *Sender) breakOff(ctx context.Context) (stop func() bool) {
	conn := s.conn
	return context.AfterFunc(ctx, func() { _ = conn.Close() })
}

// connect opens a connection, and signs in.
func (s *Sender) connect(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.o.Address)
	if err != nil {
		return s.failed(ctx, stepConnect, err)
	}
	s.conn = conn
	stop := s.breakOff(ctx)
	defer stop()
	step, err := s.open(ctx, conn)
	if err != nil {
		s.drop()
	}
	return s.failed(ctx, step, err)
}

func (s *Sender) open(ctx context.Context, conn net.Conn) (step string, err error) {
	config := &tls.Config{ServerName: s.host, RootCAs: s.o.Roots, MinVersion: tls.VersionTLS12}
	if s.o.Security == Implicit {
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return stepTLS, err
		}
		conn = secure
	}
	if s.smtp, err = smtp.NewClient(conn, s.host); err != nil {
		return stepConnect, err
	}
	if err := s.smtp.Hello(helo(s.o.From.Address)); err != nil {
		return stepConnect, err
	}
	if s.o.Security == STARTTLS {
		if offered, _ := s.smtp.Extension("STARTTLS"); !offered {
			return stepTLS, errNoTLS
		}
		if err := s.smtp.StartTLS(config); err != nil {
			return stepTLS, err
		}
	}
	auth, err := s.auth(ctx)
	if err == nil && auth != nil {
		err = s.smtp.Auth(auth)
	}
	return stepSignIn, err
}

// auth is how to sign in by what the server offers; nil to do without.
func (s *Sender) auth(ctx context.Context) (smtp.Auth, error) {
	if s.o.Username == "" {
		return nil, nil
	}
	_, list := s.smtp.Extension("AUTH")
	offers := func(name string) bool { return strings.Contains(" "+list+" ", " "+name+" ") }
	if s.o.Token != nil {
		if !offers("XOAUTH2") {
			return nil, errNoAuth
		}
		token, err := s.o.Token(ctx)
		return smtp.XOAuth2Auth(s.o.Username, token), err
	}
	password, err := s.o.Password()
	if err != nil {
		return nil, &unreadable{err}
	}
	// That the password may go out is settled: there is TLS, or the relay is this machine.
	switch {
	case offers("PLAIN"):
		return smtp.PlainAuth("", s.o.Username, password, s.host, true), nil
	case offers("LOGIN"):
		return smtp.LoginAuth(s.o.Username, password, s.host, true), nil
	case offers("SCRAM-SHA-256"):
		return smtp.ScramSHA256Auth(s.o.Username, password), nil
	case offers("CRAM-MD5"):
		return smtp.CRAMMD5Auth(s.o.Username, password), nil
	}
	return nil, errNoAuth
}

// helo is how this machine calls itself: the domain it sends for, which gives nothing away of its network.
func helo(from string) string { return from[strings.LastIndexByte(from, '@')+1:] }

// hangUp ends the connection politely. Never within a message: what it says would end that.
func (s *Sender) hangUp() {
	if s.smtp != nil && s.smtp.UpdateDeadline(time.Second) == nil {
		_ = s.smtp.Quit()
	}
	s.drop()
}

// drop ends the connection, if there is one.
func (s *Sender) drop() {
	if s.idle != nil {
		s.idle.Stop()
	}
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.conn, s.smtp = nil, nil
}
