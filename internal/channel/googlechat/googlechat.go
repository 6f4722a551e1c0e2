// Package googlechat writes to people as a Google Chat app that is installed for their domain.
package googlechat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"google.golang.org/api/chat/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/provider/google/signin"
	"holdfast/internal/series"
)

// The scopes that it asks for: as the app, and, of each person once, who they are. The second is to be delegated to the
// service account.
const (
	Scope       = chat.ChatBotScope
	PersonScope = "openid"
)

// Options are those of one app.
type Options struct {
	Key   []byte       // key file of the app's service account
	HTTP  *http.Client // nil: channel.HTTP
	URL   string       // in the place of https://chat.googleapis.com/
	Who   string       // in the place of Google's UserInfo endpoint (OpenID Connect Core section 5.3)
	Clock clock.Clock
}

// Sender is one app.
type Sender struct {
	o      Options
	api    *chat.Service
	people *signin.ServiceAccount

	mu     sync.Mutex
	spaces map[string]place // by address or id
}

// place is where a person is written to.
type place struct{ id, space string }

// New connects to nothing yet. The error is that Key is no key of a service account.
func New(o Options) (*Sender, error) {
	o.HTTP = cmp.Or(o.HTTP, channel.HTTP())
	o.Who = cmp.Or(o.Who, "https://openidconnect.googleapis.com/v1/userinfo")
	app, err := signin.NewServiceAccount(o.Key, []string{Scope}, o.HTTP)
	if err != nil {
		return nil, fmt.Errorf("google_chat: %w", err)
	}
	people, err := signin.NewServiceAccount(o.Key, []string{PersonScope}, o.HTTP)
	if err != nil {
		return nil, fmt.Errorf("google_chat: %w", err)
	}
	opts := []option.ClientOption{option.WithHTTPClient(app.Client(series.Person{}))}
	if o.URL != "" {
		opts = append(opts, option.WithEndpoint(o.URL))
	}
	api, err := chat.NewService(context.Background(), opts...)
	if err != nil {
		return nil, fmt.Errorf("google_chat: %w", err)
	}
	return &Sender{o: o, api: api, people: people, spaces: map[string]place{}}, nil
}

var id = regexp.MustCompile(`^[0-9]{5,}$`)

// Send is channel.Sender's.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	to, err := s.find(ctx, m.To)
	if err != nil {
		return channel.Sent{}, err
	}
	sent := channel.Sent{To: to.id}
	message := &chat.Message{Text: m.Text}
	// Requests of the same id make one message (chat.spaces.messages.create, requestId).
	call := s.api.Spaces.Messages.Create(to.space, message).RequestId(channel.Token(m.ID)).Context(ctx)
	if m.Thread.Root != "" {
		sent.ThreadKey = channel.Token(m.Thread.Root) // the conversations' names are ours
		message.Thread = &chat.Thread{ThreadKey: sent.ThreadKey}
		call.MessageReplyOption("REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
	}
	if _, err := call.Do(); err != nil {
		e := s.failed(ctx, "google chat: write", err)
		if e.Kind == channel.BadAddress {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.spaces, m.To)
		}
		return channel.Sent{}, e
	}
	return sent, nil
}

// find is the conversation that the app has with the person.
func (s *Sender) find(ctx context.Context, to string) (place, error) {
	s.mu.Lock()
	at, known := s.spaces[to]
	s.mu.Unlock()
	if known {
		return at, nil
	}
	at.id = to
	if !id.MatchString(to) { // an app may not ask by address
		var err error
		if at.id, err = s.idOf(ctx, to); err != nil {
			return place{}, err
		}
	}
	space, err := s.api.Spaces.FindDirectMessage().Name("users/" + at.id).Context(ctx).Do()
	if err != nil {
		return place{}, s.failed(ctx, "google chat: find the conversation", err)
	}
	at.space = space.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spaces[to] = at
	return at, nil
}

// idOf is the id of the account with that address, which it tells of itself: `sub` is the id that Chat, People and the
// Directory have for it.
func (s *Sender) idOf(ctx context.Context, address string) (string, error) {
	const op = "google chat: look the person up"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.o.Who, nil)
	if err != nil {
		return "", &channel.Error{Op: op, Err: err}
	}
	answer, err := s.people.Client(series.Person{Email: address}).Do(req)
	if err != nil {
		return "", s.failed(ctx, op, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", channel.Refused(op, answer.StatusCode, answer.Header, s.o.Clock())
	}
	var who struct {
		Sub string `json:"sub"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&who); err != nil || !id.MatchString(who.Sub) {
		return "", &channel.Error{Op: op, Err: errors.New("the answer has no id")}
	}
	return who.Sub, nil
}

// failed is err with its kind.
func (s *Sender) failed(ctx context.Context, op string, err error) *channel.Error {
	var (
		answer *googleapi.Error
		token  *provider.Error
	)
	switch {
	case ctx.Err() != nil:
		return &channel.Error{Op: op, Err: ctx.Err()}
	case errors.As(err, &token):
		return tokenFailed(op, token)
	case !errors.As(err, &answer):
		return channel.Unreached(op, err)
	}
	e := channel.Refused(op, answer.Code, answer.Header, s.o.Clock())
	switch {
	case e.Kind == channel.Transient:
	case answer.Code == http.StatusNotFound && !strings.Contains(answer.Message, "Chat app not found"):
		e.Kind = channel.BadAddress
		e.Hint = "the app has no conversation with this person: have it installed for the domain (README, Google Chat)"
	case answer.Code == http.StatusBadRequest:
		e.Kind, e.Hint = channel.BadAddress, "Google Chat takes no message for this person"
	default:
		e.Hint = "turn on the Google Chat API in the Cloud console, and set the app up under its Configuration " +
			"(README, Google Chat)"
	}
	return e
}

// tokenFailed is that Google gave no token.
func tokenFailed(op string, err *provider.Error) *channel.Error {
	e := &channel.Error{Op: op, Hint: err.Hint, RetryAfter: err.RetryAfter, Err: errors.New("no token from Google")}
	text := strings.ToLower(err.Error())
	switch {
	case err.Kind == provider.Transient:
	case strings.Contains(text, "invalid email") || strings.Contains(text, "not a valid email") ||
		strings.Contains(text, "deleted") || strings.Contains(text, "disabled") || strings.Contains(text, "suspended"):
		e.Kind, e.Hint = channel.BadAddress, "check the address in the roster: the domain has no active account of it"
	default:
		e.Kind = channel.Broken
	}
	return e
}
