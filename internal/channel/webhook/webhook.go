// Package webhook posts events, signed as Standard Webhooks 1.0 has it
// (github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
)

// Options are those of one receiver.
type Options struct {
	URL    string
	Secret func() (string, error) // whsec_ and base64, asked for at each event
	Kinds  []string               // of events that it wants; none is all
	HTTP   *http.Client           // nil: channel.HTTP
	Clock  clock.Clock
}

// Hook is one receiver.
type Hook struct{ o Options }

// New connects to nothing yet.
func New(o Options) *Hook {
	o.HTTP = cmp.Or(o.HTTP, channel.HTTP())
	return &Hook{o}
}

// Wants reports whether events of that kind are for this receiver.
func (h *Hook) Wants(kind string) bool {
	return len(h.o.Kinds) == 0 || slices.Contains(h.o.Kinds, kind)
}

// Post hands over one event, JSON, under the id that a repeat has too. The error is a *channel.Error.
func (h *Hook) Post(ctx context.Context, id string, body []byte) error {
	const op = "webhook: post"
	secret, err := h.key()
	if err != nil {
		return &channel.Error{
			Kind: channel.Broken,
			Op:   "webhook: read the secret",
			Hint: "make one: echo whsec_$(openssl rand -base64 32), and give it to the receiver too",
			Err:  err,
		}
	}
	now := h.o.Clock()
	id, at := channel.Token(id), strconv.FormatInt(now.Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.o.URL, bytes.NewReader(body))
	if err != nil {
		return &channel.Error{Kind: channel.Broken, Op: op, Hint: "check url", Err: errors.New("the URL is none")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Holdfast")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", at)
	req.Header.Set("webhook-signature", sign(secret, id, at, body))
	answer, err := h.o.HTTP.Do(req)
	if err != nil {
		return channel.Unreached(op, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return nil
	}
	e := channel.Refused(op, answer.StatusCode, answer.Header, now)
	switch {
	case e.Kind == channel.Transient:
	case answer.StatusCode/100 == 3:
		e.Hint = "the receiver is elsewhere now: write that address as url"
	case answer.StatusCode == http.StatusGone:
		e.Hint = "the receiver wants no more: take the webhook out"
	default:
		e.Hint = "check url and secret_file with whoever runs the receiver"
	}
	return e
}

// key is what the secret stands for.
func (h *Hook) key() ([]byte, error) {
	secret, err := h.o.Secret()
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("it is not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// sign is the signature of scheme v1, HMAC-SHA256.
func sign(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
