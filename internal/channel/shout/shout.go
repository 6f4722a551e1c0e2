// Package shout writes to an address of shoutrrr (Matrix, ntfy, Mattermost, Teams, …), for the channels of admins.
package shout

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
)

// Options are those of one address.
type Options struct {
	// Address is asked for at each message: ntfy://ntfy.sh/topic, matrix://…; or the https URL of a Teams workflow.
	// Mostly it is a secret.
	Address func() (string, error)
	HTTP    *http.Client // for Teams; nil: channel.HTTP
	Clock   clock.Clock
}

// Sender writes to one address; Message.To is not asked.
type Sender struct {
	o    Options
	turn chan struct{} // holds a value while a service is at work
}

// New connects to nothing yet.
func New(o Options) *Sender {
	o.HTTP = cmp.Or(o.HTTP, channel.HTTP())
	return &Sender{o: o, turn: make(chan struct{}, 1)}
}

const (
	newAddress = "make another address at the service, and put it into url_file"
	documented = "shoutrrr's documentation has the addresses of its services"
)

// Send is channel.Sender's. A repeat is not known as one.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	text, err := s.o.Address()
	if err != nil {
		return channel.Sent{}, &channel.Error{
			Kind: channel.Broken,
			Op:   "admins: read the address",
			Hint: "put the address there, and nothing else",
			Err:  err,
		}
	}
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Scheme == "" || address.Scheme == "logger": // that one keeps what it is given
		return channel.Sent{}, &channel.Error{
			Kind: channel.Broken,
			Op:   "admins: read the address",
			Hint: documented,
			Err:  errors.New("it is no address of shoutrrr"),
		}
	case IsTeams(address):
		return channel.Sent{}, s.card(ctx, text, m)
	}
	return channel.Sent{}, s.shout(ctx, address.Scheme, text, m)
}

// shout hands the message to shoutrrr. Its services cannot be told to stop: one that hangs is left to itself, and until
// it ends no other begins.
func (s *Sender) shout(ctx context.Context, scheme, address string, m channel.Message) error {
	op := "admins: " + cmp.Or(word.FindString(scheme), "address")
	if err := ctx.Err(); err != nil {
		return &channel.Error{Op: op, Err: err}
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return &channel.Error{Op: op, Err: ctx.Err()}
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-s.turn }()
		done <- send(address, m.Text)
	}()
	select {
	case err := <-done:
		return s.failed(op, err)
	case <-ctx.Done():
		return &channel.Error{Op: op, Err: ctx.Err()}
	}
}

// send hands the text to the address's service.
func send(address, text string) error {
	service, err := (&router.ServiceRouter{}).Locate(address)
	if errors.Is(err, router.ErrInitializeFailed) { // the reason is lost, which may be that a server cannot be reached
		at, err2 := url.Parse(address)
		if err2 != nil {
			return err
		}
		if err = service.Initialize(at, nil); err != nil {
			err = errors.Join(router.ErrInitializeFailed, err)
		}
	}
	if err != nil {
		return err
	}
	return service.Send(text, &types.Params{})
}

var (
	word   = regexp.MustCompile(`^[a-z]{1,20}`)
	link   = regexp.MustCompile(`\S*://\S*`)
	status = regexp.MustCompile(`\b[3-5]\d\d\b`)
)

// failed is what shoutrrr answered with its kind. Its text may hold the address: only a status is taken from it.
func (s *Sender) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	if u := (*url.Error)(nil); errors.As(err, &u) && u.Op != "parse" {
		return channel.Unreached(op, err)
	}
	if code, err := strconv.Atoi(status.FindString(link.ReplaceAllString(err.Error(), ""))); err == nil {
		return s.refused(op, code, nil)
	}
	for _, not := range []error{router.ErrUnknownService, router.ErrInitializeFailed, router.ErrCustomURLConversion,
		router.ErrCustomURLsNotSupported} {
		if errors.Is(err, not) {
			return &channel.Error{Kind: channel.Broken, Op: op, Hint: documented,
				Err: errors.New("the address is not as the service wants it")}
		}
	}
	return &channel.Error{Op: op, Err: errors.New("the service took no message")}
}

func (s *Sender) refused(op string, code int, h http.Header) error {
	e := channel.Refused(op, code, h, s.o.Clock())
	if e.Kind == channel.Broken {
		e.Hint = newAddress
	}
	return e
}

// IsTeams reports whether the address is that of a workflow of Teams ("Send webhook alerts to a channel"), old or new.
func IsTeams(address *url.URL) bool {
	host := strings.ToLower(address.Hostname())
	return address.Scheme == "https" &&
		(strings.HasSuffix(host, ".logic.azure.com") || strings.HasSuffix(host, ".api.powerplatform.com"))
}

// card posts the message as an Adaptive Card, which is all that a workflow takes, and which shoutrrr v0.13 does not
// know. That it was taken does not mean that it arrived: the workflow answers before it runs.
func (s *Sender) card(ctx context.Context, address string, m channel.Message) error {
	const op = "admins: teams"
	type block struct {
		Type string `json:"type"`
		Text string `json:"text"`
		Wrap bool   `json:"wrap"`
	}
	type content struct {
		Schema  string  `json:"$schema"`
		Type    string  `json:"type"`
		Version string  `json:"version"`
		Body    []block `json:"body"`
	}
	type attachment struct {
		ContentType string  `json:"contentType"`
		Content     content `json:"content"`
	}
	card := content{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.2"}
	for l := range strings.SplitSeq(strings.TrimSpace(m.Text), "\n") { // within a block a line's end is a blank
		card.Body = append(card.Body, block{Type: "TextBlock", Text: l, Wrap: true})
	}
	body, err := json.Marshal(struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}{"message", []attachment{{"application/vnd.microsoft.card.adaptive", card}}})
	if err != nil {
		return &channel.Error{Op: op, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return &channel.Error{Kind: channel.Broken, Op: op, Hint: newAddress, Err: errors.New("the address is none")}
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.o.HTTP.Do(req)
	if err != nil {
		return channel.Unreached(op, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return s.refused(op, answer.StatusCode, answer.Header)
}
