package mail

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"holdfast/internal/channel"
)

// compose writes the message as RFC 5322 has it, plain text first and HTML as its alternative. The same message and
// time give the same bytes.
func (s *Sender) compose(m channel.Message, to *mail.Address, at time.Time) ([]byte, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("holdfast-"+channel.Token(m.ID)))
	msg.FromMailAddress(&s.o.From)
	msg.ToMailAddress(to)
	if m.ReplyTo != "" {
		reply, err := mail.ParseAddress(m.ReplyTo)
		if err != nil {
			return nil, fmt.Errorf("the address for replies is none")
		}
		msg.ReplyToMailAddress(reply)
	}
	subject := m.Subject
	if m.Thread.Reply && m.Thread.Subject != "" {
		subject = "Re: " + m.Thread.Subject // Gmail keeps in one conversation only what has the same subject
	}
	msg.Subject(line(subject))
	msg.SetDateWithValue(at)
	msg.SetMessageIDWithValue(s.messageID(m.ID))
	if root := m.Thread.Root; root != "" && root != m.ID {
		id := "<" + s.messageID(root) + ">"
		msg.SetGenHeader("References", id)
		if m.Thread.Reply { // Outlook wants this one too
			msg.SetGenHeader("In-Reply-To", id)
		}
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers this
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")  // [MS-OXCMAIL]: the same for Exchange
	if stop := line(m.Stop); strings.HasPrefix(stop, "https://") && !strings.ContainsAny(stop, "<> ") {
		msg.SetGenHeader("List-Unsubscribe", "<"+stop+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var b bytes.Buffer
	_, err := msg.WriteTo(&b)
	return b.Bytes(), err
}

// messageID is the Message-ID, without brackets, of the notice of that id.
func (s *Sender) messageID(id string) string {
	return "holdfast-" + channel.Token(id) + s.o.From.Address[strings.LastIndexByte(s.o.From.Address, '@'):]
}

// line is s without what would end a line of the header, or is no text.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ")
}
