package mail

import (
	"bufio"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// listener is a mail server that answers as a test wants it to. Without a wish it takes everything.
type listener struct {
	net.Listener
	answers map[string]string // by the command's first word, in capitals; "." is the end of the message
	hangUp  string            // it hangs up in the place of this command's answer

	mu       sync.Mutex
	opened   int
	messages []string
}

func listen(t *testing.T, answers map[string]string) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &listener{Listener: l, answers: answers}
	var serving sync.WaitGroup
	var conns []net.Conn
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.opened++
			conns = append(conns, c)
			s.mu.Unlock()
			serving.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		s.mu.Unlock()
		serving.Wait()
	})
	return s
}

func (s *listener) serve(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "220 mail.example.test ESMTP\r\n")
	var message strings.Builder
	within := false
	for lines := bufio.NewScanner(c); lines.Scan(); {
		l := lines.Text()
		word := strings.ToUpper(strings.SplitN(l, " ", 2)[0])
		if within && l != "." {
			message.WriteString(l + "\n")
			continue
		}
		if within {
			within, word = false, "."
			s.mu.Lock()
			s.messages = append(s.messages, message.String())
			s.mu.Unlock()
			message.Reset()
		}
		s.mu.Lock()
		answer, hangUp := s.answers[word], s.hangUp == word
		if word == "." {
			s.hangUp = ""
		}
		s.mu.Unlock()
		switch {
		case hangUp:
			return
		case answer != "":
		case word == "EHLO":
			answer = "250-mail.example.test\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN XOAUTH2"
		case word == "AUTH":
			answer = "235 2.7.0 ok"
		case word == "DATA":
			answer, within = "354 go on", true
		case word == "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			answer = "250 2.0.0 ok"
		}
		fmt.Fprint(c, answer+"\r\n")
	}
}

// took are the messages that arrived, the answer to which it may have kept to itself.
func (s *listener) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.messages...)
}

// connections are those that were opened so far.
func (s *listener) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// options reach the listener as a relay on this machine.
func (s *listener) options() Options {
	return Options{
		Address:  s.Addr().String(),
		Security: None,
		From:     mail.Address{Name: "Holdfast", Address: "holdfast@example.test"},
		Clock:    func() time.Time { return time.Date(2026, 12, 14, 9, 30, 0, 0, time.UTC) },
		Timeout:  20 * time.Second,
	}
}
