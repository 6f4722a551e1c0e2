package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
)

// The vector of the reference implementations' tests.
func TestSignature(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	h := New(Options{
		URL:    server.URL,
		Secret: func() (string, error) { return secret, nil },
		Clock:  func() time.Time { return time.Unix(1614265330, 0) },
	})
	if err := h.Post(t.Context(), "msg_p5jXN8AQM9LWM0D4loKWxJek", []byte(`{"test": 2432232314}`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id":        "msg_p5jXN8AQM9LWM0D4loKWxJek",
		"webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"content-type":      "application/json",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q", name, got.Get(name))
		}
	}
}

// receiver checks what it is sent, as the specification wants it.
type receiver struct {
	t      *testing.T
	key    []byte
	mu     sync.Mutex
	status []int // of the next answers, in the place of 204
	lose   bool
	got    []channeltest.Got
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if len(rc.status) > 0 {
		status := rc.status[0]
		rc.status = rc.status[1:]
		w.Header().Set("Retry-After", "30")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		rc.t.Error(err)
	}
	id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	mac := hmac.New(sha256.New, rc.key)
	mac.Write([]byte(id + "." + at + "." + string(body)))
	n, err := strconv.ParseInt(at, 10, 64)
	if age := time.Since(time.Unix(n, 0)); err != nil || age.Abs() > 5*time.Minute ||
		r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		rc.t.Error(err)
	}
	rc.got = append(rc.got, channeltest.Got{ID: id, Text: text})
	if rc.lose {
		rc.lose = false
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}

const secret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"

func open(t *testing.T) (*receiver, *Hook) {
	rc := &receiver{t: t, key: []byte("secretsecretsecretsecret")}
	server := httptest.NewServer(rc)
	t.Cleanup(server.Close)
	return rc, New(Options{
		URL:    server.URL + "/hook?token=private",
		Secret: func() (string, error) { return secret, nil },
		Kinds:  []string{"outage", "held"},
		Clock:  time.Now,
	})
}

// sender posts a message's text as the event.
type sender struct{ *Hook }

func (s sender) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	body, err := json.Marshal(m.Text)
	if err != nil {
		return channel.Sent{}, err
	}
	return channel.Sent{}, s.Post(ctx, m.ID, body)
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.World {
		rc, h := open(t)
		within := func(f func()) func() {
			return func() {
				rc.mu.Lock()
				defer rc.mu.Unlock()
				f()
			}
		}
		return channeltest.World{
			Sender:  sender{h},
			Secrets: []string{"c2Vjcm", "secretsecret", "private", "127.0.0.1"},
			Known:   true,
			Arrived: func() []channeltest.Got {
				rc.mu.Lock()
				defer rc.mu.Unlock()
				return append([]channeltest.Got(nil), rc.got...)
			},
			Busy: func(*channel.Message) time.Duration {
				within(func() { rc.status = []int{http.StatusTooManyRequests} })()
				return 30 * time.Second
			},
			Lose: within(func() { rc.lose = true }),
			Lock: within(func() { rc.key = []byte("other") }),
		}
	})
}

func TestAnswers(t *testing.T) {
	for status, x := range map[int]struct {
		kind channel.Kind
		hint string
	}{
		503: {channel.Transient, ""},
		302: {channel.Broken, "elsewhere"},
		404: {channel.Broken, "check url"},
		410: {channel.Broken, "take the webhook out"},
	} {
		rc, h := open(t)
		rc.status = []int{status}
		err := h.Post(t.Context(), "n1", []byte(`""`))
		if channel.KindOf(err) != x.kind || !strings.Contains(channel.HintOf(err), x.hint) || err == nil {
			t.Errorf("%d: got %v (%s)", status, err, channel.HintOf(err))
		}
		if len(rc.got) > 0 {
			t.Errorf("%d: was followed", status)
		}
	}
}

func TestSecrets(t *testing.T) {
	_, h := open(t)
	for _, s := range []string{"", "whsec_", "hunter2", "whsec_c2hvcnQ=", strings.TrimPrefix(secret, "whsec_"),
		"whsec_" + strings.Repeat("AAAA", 22)} {
		h.o.Secret = func() (string, error) { return s, nil }
		err := h.Post(t.Context(), "n1", []byte(`""`))
		if channel.KindOf(err) != channel.Broken || !strings.Contains(channel.HintOf(err), "openssl rand") {
			t.Errorf("%q: got %v", s, err)
		}
	}
	h.o.Secret = func() (string, error) { return "", errors.New("no such file") }
	if err := h.Post(t.Context(), "n1", []byte(`""`)); channel.KindOf(err) != channel.Broken {
		t.Errorf("got %v", err)
	}
}

func TestKinds(t *testing.T) {
	_, h := open(t)
	if !h.Wants("held") || h.Wants("round") || !New(Options{}).Wants("round") {
		t.Error("kinds")
	}
}
