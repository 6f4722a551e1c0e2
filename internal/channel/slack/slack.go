// Package slack writes to people directly, as a Slack app with the bot scopes chat:write, im:write and
// users:read.email (docs.slack.dev/reference/methods/chat.postMessage and users.lookupByEmail).
package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
)

// Options are those of one workspace.
type Options struct {
	Token   func() (string, error) // the bot's, xoxb-…; asked at each message
	Lookups int                    // people looked up in a minute
	HTTP    *http.Client           // nil: channel.HTTP
	URL     string                 // in the place of https://slack.com/api/
	Clock   clock.Clock
}

// Sender is one app in one workspace.
type Sender struct {
	o       Options
	lookups *rate.Limiter

	mu  sync.Mutex
	ids map[string]string // of people, by address
}

// New connects to nothing yet.
func New(o Options) *Sender {
	o.HTTP = cmp.Or(o.HTTP, channel.HTTP())
	o.URL = cmp.Or(o.URL, slack.APIURL)
	return &Sender{o: o, lookups: channel.Limiter(o.Lookups), ids: map[string]string{}}
}

// IsID reports whether to is a person as Slack calls them.
func IsID(to string) bool { return id.MatchString(to) }

var id = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)

// Send is channel.Sender's. A message of which the answer was lost comes twice: Slack knows no repeats.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	token, err := s.o.Token()
	if err != nil {
		return channel.Sent{}, &channel.Error{
			Kind: channel.Broken,
			Op:   "slack: read the token",
			Hint: "put the app's bot token there, and nothing else",
			Err:  err,
		}
	}
	api := slack.New(token, slack.OptionHTTPClient(s.o.HTTP), slack.OptionAPIURL(s.o.URL))
	person, err := s.find(ctx, api, m.To)
	if err != nil {
		return channel.Sent{}, err
	}
	options := []slack.MsgOption{
		slack.MsgOptionText(m.Text, true),
		slack.MsgOptionDisableMarkdown(),
		slack.MsgOptionDisableLinkUnfurl(), // a preview is fetched, as if somebody had looked
		slack.MsgOptionDisableMediaUnfurl(),
	}
	where, root, known := strings.Cut(m.Thread.Key, "/")
	if known {
		// The reply shows in the conversation too: of a thread that somebody else began nobody is notified.
		there, ts, err := api.PostMessageContext(ctx, where, append(options, slack.MsgOptionTS(root),
			slack.MsgOptionBroadcast())...)
		if err == nil && ts != "" {
			return channel.Sent{ThreadKey: there + "/" + root, To: person}, nil
		}
		if err != nil && !gone(err) {
			return channel.Sent{}, s.failed("slack: write", err)
		}
	}
	there, ts, err := api.PostMessageContext(ctx, person, options...)
	if err != nil {
		e := s.failed("slack: write", err)
		if e.Kind == channel.BadAddress {
			s.forget(m.To)
		}
		return channel.Sent{}, e
	}
	return channel.Sent{ThreadKey: there + "/" + ts, To: person}, nil
}

// find is the person's id.
func (s *Sender) find(ctx context.Context, api *slack.Client, to string) (string, error) {
	if IsID(to) {
		return to, nil
	}
	s.mu.Lock()
	known := s.ids[to]
	s.mu.Unlock()
	if known != "" {
		return known, nil
	}
	const op = "slack: look the person up"
	if err := s.lookups.Wait(ctx); err != nil {
		return "", &channel.Error{Op: op, Err: err}
	}
	user, err := api.GetUserByEmailContext(ctx, to)
	if err != nil {
		return "", s.failed(op, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[to] = user.ID
	return user.ID, nil
}

func (s *Sender) forget(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, to)
}

// gone reports whether the thread is what could not be written to.
func gone(err error) bool {
	switch codeOf(err) {
	case "thread_not_found", "invalid_thread_ts", "cannot_reply_to_message", "message_not_found", "channel_not_found":
		return true
	}
	return false
}

// codeOf is Slack's word for an error; "" where it says none.
func codeOf(err error) string {
	if e := (slack.SlackErrorResponse{}); errors.As(err, &e) {
		return e.Err
	}
	return ""
}

const (
	installAgain = "see that the app is still installed, and put its bot token (OAuth & Permissions) into token_file"
	otherAddress = "nobody in the workspace can be written to by this address: give the person's own id in the roster, " +
		"slack: U0123 (their profile has it)"
)

// failed is err with its kind.
func (s *Sender) failed(op string, err error) *channel.Error {
	var (
		limit  *slack.RateLimitedError
		status slack.StatusCodeError
		answer slack.SlackErrorResponse
	)
	switch {
	case errors.As(err, &limit):
		return &channel.Error{Op: op, RetryAfter: limit.RetryAfter, Err: errors.New("answered 429: too much at once")}
	case errors.As(err, &status):
		return channel.Refused(op, status.Code, nil, s.o.Clock())
	case !errors.As(err, &answer):
		return channel.Unreached(op, err)
	}
	e := &channel.Error{Op: op, Err: fmt.Errorf("answered %s", word.FindString(answer.Err))}
	switch answer.Err {
	case "users_not_found", "user_not_found", "channel_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot",
		"is_archived", "msg_too_long":
		e.Kind, e.Hint = channel.BadAddress, otherAddress
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "team_access_not_granted",
		"not_allowed_token_type", "org_login_required":
		e.Kind, e.Hint = channel.Broken, installAgain
	case "missing_scope", "no_permission":
		e.Kind, e.Hint = channel.Broken, "give the app the bot scopes chat:write, im:write and users:read.email "+
			"(OAuth & Permissions), and install it again"
	case "messages_tab_disabled":
		e.Kind, e.Hint = channel.Broken, "turn on the app's Messages Tab (App Home)"
	case "access_denied", "accesslimited", "ekm_access_denied", "restricted_action":
		e.Kind, e.Hint = channel.Broken, "ask an admin of the workspace: they keep the app from writing"
	}
	return e
}

var word = regexp.MustCompile(`^[a-z_]{1,60}`)
