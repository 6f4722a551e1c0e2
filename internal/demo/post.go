package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"holdfast/internal/channel"
)

// post is the company's mail: each message becomes a file, and is told.
type post struct {
	dir     string
	letters chan<- letter
	over    <-chan struct{} // nobody reads letters any more

	mu sync.Mutex
	n  int
}

// letter is a mail, and the file that it is in.
type letter struct {
	channel.Message
	who  string // person id
	file string
}

// Send is channel.Sender's.
func (p *post) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	who, _, _ := strings.Cut(m.To, "@")
	if m.Thread.Reply {
		m.Subject = "Re: " + m.Thread.Subject
	}
	l := letter{Message: m, who: who}
	if err := p.keep(&l); err != nil {
		return channel.Sent{}, &channel.Error{Op: "demo: keep a mail", Err: err}
	}
	select {
	case p.letters <- l:
		return channel.Sent{}, nil
	case <-p.over:
	case <-ctx.Done():
	}
	return channel.Sent{}, &channel.Error{Op: "demo: tell of a mail", Err: errors.New("the demo is over")}
}

// keep writes the letter's file.
func (p *post) keep(l *letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	l.file = filepath.Join(p.dir, fmt.Sprintf("%03d-%s.txt", p.n, l.who))
	return os.WriteFile(l.file, []byte(l.String()), 0o600)
}

// String is the letter as its reader sees it.
func (l letter) String() string {
	text := "To: " + l.To + "\nSubject: " + l.Subject + "\n"
	if l.ReplyTo != "" {
		text += "Reply-To: " + l.ReplyTo + "\n"
	}
	return text + "\n" + l.Text
}

var actLink = regexp.MustCompile(`(?m)^ *(.*): (http://\S*/act/\S+)$`)

// tellLetter tells of a mail: whose, what about, and its first line.
func (d *demo) tellLetter(l letter) {
	d.last[l.who], d.unread[l.who] = l, d.unread[l.who]+1
	first, _, _ := strings.Cut(l.Text, "\n")
	d.say("          %s  %s", blue.Render(fmt.Sprintf("%-12s", "mail to "+name(l.who))), bold.Render(l.Subject))
	d.say("          %12s  %s", "", first)
}

// name is what the others call the person.
func name(id string) string {
	for _, p := range people {
		if p.id == id {
			return p.first()
		}
	}
	return id
}
