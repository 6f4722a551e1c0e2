package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// relay is a mail server as small as RFC 5321 section 4.5.1 lets one be. It keeps what it takes in a file.
type relay struct {
	net.Listener
	file    string
	refuses atomic.Bool
	mu      sync.Mutex // of the file
	open    sync.WaitGroup
}

// relay starts one at $RELAY, or one that refuses every address.
func (s *session) relay(args []string) error {
	refuses := slices.Contains(args, "refuse")
	if s.mails != nil { // it keeps its port, which another session could get
		s.mails.refuses.Store(refuses)
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.mails = &relay{Listener: l, file: s.MkAbs("mails.txt")}
	s.mails.refuses.Store(refuses)
	s.Setenv("RELAY", l.Addr().String())
	s.mails.open.Go(s.mails.serve)
	return nil
}

func (r *relay) stop() {
	_ = r.Close()
	r.open.Wait()
}

func (r *relay) serve() {
	for {
		c, err := r.Accept()
		if err != nil {
			return
		}
		r.open.Go(func() {
			defer c.Close()
			r.talk(c)
		})
	}
}

// talk is one connection: QUIT, or its other end, ends it.
func (r *relay) talk(c net.Conn) {
	say := func(text string) { fmt.Fprintf(c, "%s\r\n", text) }
	say("220 relay ready")
	in := bufio.NewScanner(c)
	for in.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
		switch {
		case verb == "QUIT":
			say("221 bye")
			return
		case verb == "RCPT" && r.refuses.Load():
			say("550 5.1.1 nobody of that name lives here")
		case verb == "DATA":
			say("354 go on")
			var mail strings.Builder
			for in.Scan() && in.Text() != "." {
				mail.WriteString(in.Text() + "\n")
			}
			r.keep(mail.String())
			say("250 taken")
		default:
			say("250 fine")
		}
	}
}

func (r *relay) keep(mail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return // the session misses the mail
	}
	defer f.Close()
	_, _ = f.WriteString(mail)
}
