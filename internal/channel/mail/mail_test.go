package mail

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
)

var update = flag.Bool("update", false, "write what was sent into testdata")

// A real mail server, reached in every way that the settings have.
func TestConformance(t *testing.T) {
	r := realRelay(t)
	signIn := func(o *Options) {
		o.Username, o.Password = r.env["USERNAME"], func() (string, error) { return r.env["PASSWORD"], nil }
	}
	for name, change := range map[string]func(*Options){
		"STARTTLS by password": signIn,
		"STARTTLS by token": func(o *Options) {
			o.Username, o.Token = "holdfast", func(context.Context) (string, error) { return r.env["TOKEN"], nil }
		},
		"TLS by password": func(o *Options) {
			signIn(o)
			o.Address, o.Security = r.env["TLS_ADDRESS"], Implicit
		},
		"relay here": func(o *Options) { o.Security, o.Roots = None, nil },
	} {
		t.Run(name, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.World {
				o := r.options()
				change(&o)
				s := New(o)
				t.Cleanup(s.Close)
				w := channeltest.World{
					Sender:  s,
					To:      "mia@example.test",
					Nobody:  "nobody@example.test",
					Secrets: []string{r.env["PASSWORD"], r.env["TOKEN"]},
					Known:   true,
					Arrived: func() (out []channeltest.Got) {
						for _, a := range r.arrivedFrom(t, o.Bounces) {
							out = append(out, channeltest.Got{
								ID:     a.header.Get("Message-Id"),
								To:     a.to,
								Text:   a.text,
								Thread: a.header.Get("References"),
							})
						}
						return out
					},
				}
				w.Busy = func(m *channel.Message) time.Duration {
					m.To = newcomer(o)
					return 0
				}
				if o.Username != "" {
					w.Lock = func() {
						s.o.Password = func() (string, error) { return "other", nil }
						if s.o.Token != nil {
							s.o.Token = func(context.Context) (string, error) { return "other", nil }
						}
					}
				}
				return w
			})
		})
	}
}

// newcomer is somebody whose mail the relay takes at the second time only: of a host name that it has not seen.
func newcomer(o Options) string { return "later@" + strings.ReplaceAll(o.Bounces, "@", ".") }

// Each file in testdata is a message, and what a mail server has of it.
func TestGolden(t *testing.T) {
	r := realRelay(t)
	for name, m := range map[string]channel.Message{
		"first": {
			ID: "n1", To: "mia@example.test", Subject: "cancelled: 1:1 with Raj, Tue 15 December",
			Text:    "Tue 15 Dec with Raj was cancelled; Thu 14:00 is free for both of you.\n",
			HTML:    "<p>Tue 15 Dec with Raj was cancelled; Thu 14:00 is free for both of you.</p>\n",
			Thread:  channel.Thread{Root: "r-mia-raj-2026-W51", Subject: "cancelled: 1:1 with Raj, Tue 15 December"},
			ReplyTo: "Raj Patel <raj@example.test>",
		},
		"reply": {
			ID: "n2", To: "mia@example.test", Subject: "moved: 1:1 with Raj, Thu 17 December",
			Text: "Thu 17 Dec 14:00 with Raj is booked.\n", HTML: "<p>Thu 17 Dec 14:00 with Raj is booked.</p>\n",
			Thread: channel.Thread{
				Root: "r-mia-raj-2026-W51", Subject: "cancelled: 1:1 with Raj, Tue 15 December", Reply: true,
			},
			ReplyTo: "Raj Patel <raj@example.test>",
		},
		"digest": {
			ID: "digest mia 2026-W51", To: "zoë.müller@example.test",
			Subject: "Your 1:1s this week: Raj, Łukasz, 田中さん, مريم, " +
				"and everybody else whom you meet from Monday to Friday",
			Text:   "Mon 10:00 Łukasz\n" + strings.Repeat("long ", 30) + "\n.\nFrom then on = free\n",
			Thread: channel.Thread{Root: "digest mia 2026-W51"}, // it is its own root
			Stop:   "https://holdfast.example.com/stop/" + strings.Repeat("0123456789abcdef", 8),
		},
		"injection": {
			ID: "n4\r\nBcc: eve@example.test", To: "mia@example.test", Subject: "moved\r\nBcc: eve@example.test\r\n\r\nbody",
			Text:    "text\n",
			ReplyTo: `"Raj\" <eve@example.test>, " <raj@example.test>`,
			Stop:    "https://holdfast.example.com/stop/x>\r\nBcc: <eve@example.test",
			Thread: channel.Thread{
				Root: "r\r\nBcc: eve@example.test", Subject: "moved\nBcc: eve@example.test", Reply: true,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := r.options()
			s := New(o)
			defer s.Close()
			if _, err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := r.arrivedFrom(t, o.Bounces)
			if len(got) != 1 {
				t.Fatalf("%d mails", len(got))
			}
			if got[0].header.Get("Bcc") != "" || got[0].text != m.Text || got[0].html != m.HTML {
				t.Errorf("%q %q %q", got[0].header, got[0].text, got[0].html)
			}
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got[0].raw), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got[0].raw); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// refusal sends one message, and wants it refused.
func refusal(t *testing.T, o Options, to string) *channel.Error {
	t.Helper()
	s := New(o)
	defer s.Close()
	_, err := s.Send(t.Context(), channel.Message{ID: "n1", To: to, Subject: "cancelled: 1:1 with Raj", Text: "text\n"})
	var e *channel.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: got %v", to, err)
	}
	return e
}

// want compares an error with its text and a part of its hint.
func want(t *testing.T, e *channel.Error, kind channel.Kind, text, hint string) {
	t.Helper()
	if e.Kind != kind || e.Error() != text || !strings.Contains(e.Hint, hint) || hint == "" && e.Hint != "" {
		t.Errorf("got %s %q, hint %q\nwant %s %q, hint %q", e.Kind, e, e.Hint, kind, text, hint)
	}
}

func TestRefusals(t *testing.T) {
	r := realRelay(t)
	o := r.options()
	for _, x := range []struct {
		to   string
		kind channel.Kind
		text string
		hint string
		said string
	}{
		{
			to: "nobody@example.test", kind: channel.BadAddress, text: "mail: recipient: answered 550 5.1.1",
			hint: "roster", said: "<nobody@example.test>: no such user here",
		},
		{
			to: "full@example.test", kind: channel.BadAddress, text: "mail: recipient: answered 552 5.2.2",
			hint: "full", said: "5.2.2 the mailbox is full",
		},
		{
			to: newcomer(o), kind: channel.Transient, text: "mail: recipient: answered 451 4.7.1",
			said: "greylisted",
		},
		{
			to: "blocked@example.test", kind: channel.BadAddress, text: "mail: message: answered 554 5.7.1",
			hint: "takes no such mail", said: "looks like spam: cancelled: 1:1 with Raj",
		},
		{
			to: "elsewhere@example.test", kind: channel.Broken, text: "mail: recipient: answered 550 5.7.1",
			hint: "only to its own people", said: "Relaying denied",
		},
		{
			to: "mia", kind: channel.BadAddress, text: "mail: address: it is no mail address",
			hint: "roster",
		},
		{
			to: "mia@example.test>\r\nRCPT TO:<eve@example.test", kind: channel.BadAddress,
			text: "mail: address: it is no mail address", hint: "roster",
		},
	} {
		e := refusal(t, o, x.to)
		want(t, e, x.kind, x.text, x.hint)
		if !strings.Contains(e.Said, x.said) {
			t.Errorf("the server said %q", e.Said)
		}
	}
	if got := r.arrivedFrom(t, o.Bounces); len(got) != 0 {
		t.Errorf("%d mails arrived", len(got))
	}
}

func TestSignIn(t *testing.T) {
	r := realRelay(t)
	o := r.options()
	o.Username, o.Password = "holdfast", func() (string, error) { return "other", nil }
	want(t, refusal(t, o, "mia@example.test"), channel.Broken, "mail: sign in: answered 535", "username and password_file")

	o.Token = func(context.Context) (string, error) { return "other", nil }
	want(t, refusal(t, o, "mia@example.test"), channel.Broken, "mail: sign in: answered 535", "SMTP.SendAsApp")

	o.Token, o.Password = nil, func() (string, error) { return "", errors.New("open secrets/smtp: no such file") }
	want(t, refusal(t, o, "mia@example.test"), channel.Broken, "mail: sign in: open secrets/smtp: no such file", "put")

	o.Security = None // where the server offers no way at all
	o.Password = func() (string, error) { return "x", nil }
	want(t, refusal(t, o, "mia@example.test"), channel.Broken,
		"mail: sign in: the server offers no way to sign in that is known here", "drop username")
}

// Mail goes nowhere that TLS does not vouch for.
func TestCertificates(t *testing.T) {
	r := realRelay(t)
	for _, security := range []Security{STARTTLS, Implicit} {
		o := r.options()
		o.Security = security
		if security == Implicit {
			o.Address = r.env["TLS_ADDRESS"]
		}
		other := o
		other.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1)
		want(t, refusal(t, other, "mia@example.test"), channel.Broken,
			"mail: TLS: the server's certificate is for another host name", "name in the certificate into smtp")
		o.Roots = nil
		want(t, refusal(t, o, "mia@example.test"), channel.Broken,
			"mail: TLS: the server's certificate is signed by an authority that is not known here", "ca_file")
		if got := r.arrivedFrom(t, o.Bounces); len(got) != 0 {
			t.Errorf("%d mails arrived", len(got))
		}
	}
	o := r.options()
	o.Security = Implicit // on the port of the other
	want(t, refusal(t, o, "mia@example.test"), channel.Broken, "mail: TLS: the server speaks no TLS on this port", "465")

	plain := listen(t, nil).options()
	plain.Security = STARTTLS
	want(t, refusal(t, plain, "mia@example.test"), channel.Broken, "mail: TLS: the server offers no STARTTLS", "465")
}

// Answers that are known from elsewhere, and that a server of ours does not give.
func TestKnownAnswers(t *testing.T) {
	for _, x := range []struct {
		word, answer string
		kind         channel.Kind
		text, hint   string
	}{
		{"AUTH", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", channel.Broken,
			"mail: sign in: answered 535 5.7.139", "auth: xoauth2"},
		{".", "550 5.7.30 Basic authentication is not supported for Client Submission.", channel.Broken,
			"mail: message: answered 550 5.7.30", "auth: xoauth2"},
		{"AUTH", "454 4.7.0 Temporary authentication failure", channel.Transient, "mail: sign in: answered 454 4.7.0", ""},
		{"MAIL", "530 5.7.57 Client not authenticated to send mail", channel.Broken, "mail: sender: answered 530 5.7.57",
			"sign-in"},
		{"MAIL", "550 5.7.1 not your address", channel.Broken, "mail: sender: answered 550 5.7.1", "from"},
		{".", "554 5.2.252 SendAsDenied", channel.Broken, "mail: message: answered 554 5.2.252", "from"},
		{"RCPT", "554 5.7.1 <mia@example.test>: Relay access denied", channel.Broken,
			"mail: recipient: answered 554 5.7.1", "only to its own"},
		{"RCPT", "550 go away", channel.BadAddress, "mail: recipient: answered 550", "ask who runs"},
		{"RCPT", "421 4.3.2 shutting down", channel.Transient, "mail: recipient: answered 421 4.3.2", ""},
		{"DATA", "552 5.3.4 too big", channel.BadAddress, "mail: message: answered 552 5.3.4", "ask who runs"},
		{"EHLO", "554 no", channel.Broken, "mail: connect: answered 554", "ask who runs"},
		{"EHLO", "HTTP/1.1 400 Bad Request", channel.Transient, "mail: connect: the answer is no SMTP", "587"},
	} {
		answers := map[string]string{x.word: x.answer}
		if x.word == "EHLO" {
			answers["HELO"] = x.answer
		}
		o := listen(t, answers).options()
		o.Username, o.Password = "holdfast", func() (string, error) { return "pw", nil }
		want(t, refusal(t, o, "mia@example.test"), x.kind, x.text, x.hint)
	}
}

// The mail that was taken before the server hung up is known by its Message-ID when it comes again.
func TestHungUpAfterTheMessage(t *testing.T) {
	l := listen(t, nil)
	l.hangUp = "."
	s := New(l.options())
	defer s.Close()
	m := channel.Message{ID: "n1", To: "mia@example.test", Subject: "moved", Text: "text\n"}
	_, err := s.Send(t.Context(), m)
	if channel.KindOf(err) != channel.Transient || err == nil {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := l.took()
	if len(got) != 2 || got[0] != got[1] || !strings.Contains(got[0], "\nMessage-ID: <holdfast-n1@example.test>\n") {
		t.Errorf("took %q", got)
	}
}

// A batch goes over one connection, also past a refusal; what the server has closed meanwhile is opened again.
func TestOneConnection(t *testing.T) {
	l := listen(t, nil)
	s := New(l.options())
	defer s.Close()
	to := func(to string) error {
		_, err := s.Send(t.Context(), channel.Message{ID: "n", To: to, Subject: "moved", Text: "text\n"})
		return err
	}
	set := func(word, answer string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.answers = map[string]string{word: answer}
	}
	for range 5 {
		if err := to("mia@example.test"); err != nil {
			t.Fatal(err)
		}
	}
	set("RCPT", "550 5.1.1 no such user")
	if err := to("nobody@example.test"); channel.KindOf(err) != channel.BadAddress {
		t.Fatal(err)
	}
	set("", "")
	if err := to("mia@example.test"); err != nil || l.connections() != 1 {
		t.Fatalf("%d connections, %v", l.connections(), err)
	}
	set("MAIL", "421 4.7.0 too many messages on this connection")
	if err := to("mia@example.test"); channel.KindOf(err) != channel.Transient || l.connections() != 2 {
		t.Fatalf("%d connections, %v", l.connections(), err) // and not a third: the new one says so too
	}
	set("", "")
	l.mu.Lock()
	l.hangUp = "MAIL"
	l.mu.Unlock()
	if err := to("mia@example.test"); channel.KindOf(err) != channel.Transient || l.connections() != 3 {
		t.Fatalf("%d connections, %v", l.connections(), err)
	}
}

// A connection that nobody uses is closed, and one that somebody uses is not.
func TestRest(t *testing.T) {
	l := listen(t, nil)
	s := New(l.options())
	defer s.Close()
	m := channel.Message{ID: "n", To: "mia@example.test", Subject: "moved", Text: "text\n"}
	for i, rest := range []func(){func() {}, s.rest, func() {
		s.turn <- struct{}{}
		s.rest()
		s.unlock()
	}} {
		rest()
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 2, 2}[i]; l.connections() != want {
			t.Errorf("%d connections, want %d", l.connections(), want)
		}
	}
}

// A server that never answers holds nobody up for longer than they want.
func TestSilence(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	o := listen(t, nil).options()
	o.Address, o.Timeout = silent.Addr().String(), 100*time.Millisecond
	want(t, refusal(t, o, "mia@example.test"), channel.Transient, "mail: connect: context deadline exceeded", "465")

	l := listen(t, map[string]string{".": "354 "}) // a reply that leaves the message's end open
	l.answers = map[string]string{"RCPT": "250-wait"}
	o = l.options()
	s := New(o)
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = s.Send(ctx, channel.Message{ID: "n1", To: "mia@example.test", Text: "text\n"})
	if !errors.Is(err, context.DeadlineExceeded) || channel.KindOf(err) != channel.Transient {
		t.Errorf("got %v", err)
	}
}
