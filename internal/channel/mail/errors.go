package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"holdfast/internal/channel"
)

var (
	errNoTLS  = errors.New("the server offers no STARTTLS")
	errNoAuth = errors.New("the server offers no way to sign in that is known here")
)

// unreadable is that the password is not to be had.
type unreadable struct{ error }

// reply is a server's refusal.
type reply struct {
	*textproto.Error
	enhanced string // RFC 3463: "5.1.1"; "" where the server says none
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// replyOf is the server's refusal in err; nil if there is none.
func replyOf(err error) *reply {
	var e *textproto.Error
	if !errors.As(err, &e) {
		return nil
	}
	return &reply{e, enhancedCode.FindString(e.Msg)}
}

// failed is err of that step with its kind; nil for nil.
func (s *Sender) failed(ctx context.Context, step string, err error) error {
	if err == nil {
		return nil
	}
	if e := (*channel.Error)(nil); errors.As(err, &e) {
		return e
	}
	e := &channel.Error{Op: "mail: " + step, Err: err}
	r := replyOf(err)
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
		if errors.Is(e.Err, context.DeadlineExceeded) && (step == stepConnect || step == stepTLS) {
			e.Hint = portHint
		}
	case r != nil:
		e.Err = fmt.Errorf("answered %s", strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, r.enhanced)))
		e.Said = said(r.Msg)
		e.Kind, e.Hint = s.refused(step, r)
	case err == errNoTLS:
		e.Kind, e.Hint = channel.Broken, "turn on TLS there, or take the server's port for smtps:// (465)"
	case err == errNoAuth && s.o.Token != nil:
		e.Kind, e.Hint = channel.Broken, "auth: xoauth2 is not for this server: check smtp"
	case err == errNoAuth:
		e.Kind, e.Hint = channel.Broken, "drop username, if the server knows this machine by its address; or check the "+
			"port: 587 takes people who sign in, 25 other servers"
	case errors.As(err, new(*unreadable)):
		e.Kind, e.Hint = channel.Broken, "put the password there, and nothing else"
	case errors.As(err, new(tls.RecordHeaderError)):
		e.Kind, e.Err, e.Hint = channel.Broken, errors.New("the server speaks no TLS on this port"), portHint
	case errors.As(err, new(textproto.ProtocolError)):
		e.Err, e.Hint = errors.New("the answer is no SMTP"), portHint
	default:
		e = channel.Unreached(e.Op, err)
		e.Hint = strings.ReplaceAll(e.Hint, " url", " smtp") // what the settings call it
	}
	return e
}

const portHint = "check the port: 465 is for smtps://, 587 and 25 for smtp://"

// Answers by which Exchange Online refuses what signs in as itself and not as an app, or is not let in at all.
var (
	basicAuth = []string{"5.7.139", "5.7.30"}
	notLetIn  = []string{"5.7.3", "5.7.57", "5.7.60", "5.7.64", "5.2.252"}
)

// refused is what follows from a refusal of that step.
func (s *Sender) refused(step string, r *reply) (kind channel.Kind, hint string) {
	switch {
	case r.Code < 500:
		return channel.Transient, ""
	case slices.Contains(basicAuth, r.enhanced):
		return channel.Broken, "Microsoft 365 lets nobody in by user name and password any more: write auth: xoauth2, " +
			"with client_id, client_secret_file and tenant, as the README has it"
	case step == stepSignIn && s.o.Token != nil:
		return channel.Broken, "let the app send as this mailbox: the permission SMTP.SendAsApp with an admin's consent, " +
			"and Add-MailboxPermission for its service principal, as the README has it"
	case step == stepSignIn:
		return channel.Broken, "check username and password_file"
	case r.Code == 530:
		return channel.Broken, "the server wants a sign-in: give username and password_file, or have it know this " +
			"machine"
	case step == stepConnect || step == stepTLS:
		return channel.Broken, "ask who runs the server: it talks to nobody here"
	case step == stepFrom || slices.Contains(notLetIn, r.enhanced):
		return channel.Broken, "let the account send as the address in from, or write its own there"
	case strings.Contains(strings.ToLower(r.Msg), "relay"):
		return channel.Broken, "the server delivers only to its own people: give username and password_file, or have " +
			"it know this machine"
	case r.enhanced == "5.2.2":
		return channel.BadAddress, "the mailbox is full"
	case strings.HasPrefix(r.enhanced, "5.1."):
		return channel.BadAddress, "check the address in the roster"
	}
	return channel.BadAddress, "ask who runs the mail server: it takes no such mail for this address"
}

// said is a server's words on one line of a terminal.
func said(words string) string {
	words = line(words)
	if r := []rune(words); len(r) > 200 {
		words = string(r[:200]) + "…"
	}
	return words
}
