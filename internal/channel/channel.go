// Package channel is how a notice reaches a person: one Sender for each way, and the kinds of error that all of them
// answer with. What is said, to whom and when is decided elsewhere.
package channel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"time"

	"golang.org/x/time/rate"
)

// Message is one notice, made and ready to go.
type Message struct {
	// ID is the notice's. What a receiver can tell a repeat by derives from it (a mail's Message-ID, webhook-id, a
	// chat's request id): a message that is sent again has the same.
	ID string
	// To is a mail address, or what the chat itself calls the person: U0123 at Slack, digits at Google.
	To      string
	Subject string // one line; chats do not show it
	Text    string // plain text, complete without HTML
	HTML    string // the same for mail; "" for none
	Thread  Thread
	ReplyTo string // mail address; "" for none
	Stop    string // https URL that ends messages of this kind by one POST (RFC 8058); "" for none
}

// Thread is the conversation that a message is part of; the zero Thread is none.
type Thread struct {
	Root    string // id of the conversation, the same in all its messages; mail derives References from it
	Subject string // of its first message, for good
	Reply   bool   // it has a first message already
	Key     string // Sent.ThreadKey of that one
}

// Sent is what the channel told of a message that it took.
type Sent struct {
	ThreadKey string // the chat's own name of the conversation, for Thread.Key of the next; "" at mail
	To        string // the chat's own name of the person, which Message.To may be next time; "" at mail
}

// Sender hands messages to one channel. It is safe for concurrent use.
type Sender interface {
	// Send returns when the channel has taken the message, or with an *Error. A message of which no answer came may
	// have arrived: it is Transient, and sent again under the same ID. Send waits where the channel is limited, until
	// ctx ends.
	Send(ctx context.Context, m Message) (Sent, error)
}

// Kind is what follows from an error.
type Kind int

// The kinds. What is no *Error is Transient.
const (
	Transient  Kind = iota // send it again, the same, later
	BadAddress             // this channel does not reach this person until somebody mends it; others may
	Broken                 // this channel reaches nobody until somebody mends it: all messages wait
)

// String is the kind as journal and log name it.
func (k Kind) String() string {
	return [...]string{"transient", "bad-address", "broken"}[k]
}

// Error is why a message was not taken. Its text has no word of the message, no secret, no URL and no address: it may
// stand in a log.
type Error struct {
	Kind       Kind
	RetryAfter time.Duration // Transient: the server's wish, 0 if it stated none
	Op         string        // channel and what was tried: "mail: sign in"
	Hint       string        // for the admin: what to do next; may be empty
	// Said are the server's own words, on one line, for whoever tries the channel by hand. They may hold an address: they
	// are no part of the text, and go into no log.
	Said string
	Err  error
}

func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err.
func KindOf(err error) Kind {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return Transient
}

// HintOf is what the admin can do about err, "" if nothing is known.
func HintOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// SaidOf is what the server said, "" if it said nothing. It may go to a person at a shell, and into no log.
func SaidOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Said
	}
	return ""
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$`)

// Token is the id as every protocol takes it, up to 60 letters, digits, - and _: itself where it is such, else a hash.
func Token(id string) string {
	if plainID.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// Limiter lets perMinute through in each minute, a fifth of them at once: of 25 no more than 30 are in any minute,
// which is what Exchange Online takes.
func Limiter(perMinute int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/5))
}

// Limited is s with at most perMinute messages a minute. Who waits for whom is the caller's: it sends first what is
// urgent.
func Limited(s Sender, perMinute int) Sender { return limited{s, Limiter(perMinute)} }

type limited struct {
	Sender
	limiter *rate.Limiter
}

func (l limited) Send(ctx context.Context, m Message) (Sent, error) {
	if err := l.limiter.Wait(ctx); err != nil {
		return Sent{}, &Error{Op: "wait for the channel's rate", Err: err}
	}
	return l.Sender.Send(ctx, m)
}
