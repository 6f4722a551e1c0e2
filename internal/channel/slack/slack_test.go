package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
)

// workspace is Slack's Web API as its reference has it: forms in, a status of 200 and "ok" out, whatever came of it.
type workspace struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	token    string
	people   map[string]string // id by address
	posted   []post
	lookups  int
	busy     int               // requests that are answered by 429
	lose     bool              // the next answer
	failures map[string]string // error by method
}

type post struct{ channel, ts, thread, text string }

func open(t *testing.T) *workspace {
	w := &workspace{
		t:        t,
		token:    "xoxb-1-secret",
		people:   map[string]string{"mia@example.com": "U0MIA", "raj@example.com": "W0RAJ"},
		failures: map[string]string{},
	}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

func (w *workspace) sender() *Sender {
	return New(Options{
		Token:   func() (string, error) { return "xoxb-1-secret", nil },
		Lookups: 40,
		HTTP:    w.server.Client(),
		URL:     w.server.URL + "/",
		Clock:   time.Now,
	})
}

func (w *workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/")
	kind := r.Header.Get("Content-Type")
	if r.Method != http.MethodPost || !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		w.t.Errorf("%s %s with %s", r.Method, r.URL, kind)
	}
	if w.busy > 0 {
		w.busy--
		rw.Header().Set("Retry-After", "7")
		rw.WriteHeader(http.StatusTooManyRequests)
		return
	}
	token := r.FormValue("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	answer := map[string]any{"ok": false}
	switch {
	case token != w.token:
		answer["error"] = "invalid_auth"
	case w.failures[method] != "":
		answer["error"] = w.failures[method]
		answer["needed"] = "users:read.email"
	case method == "users.lookupByEmail":
		w.lookups++
		if id := w.people[r.FormValue("email")]; id != "" {
			answer = map[string]any{"ok": true, "user": map[string]any{"id": id, "team_id": "T1", "name": "somebody"}}
		} else {
			answer["error"] = "users_not_found"
		}
	case method == "chat.postMessage":
		answer = w.post(r)
	default:
		answer["error"] = "unknown_method"
	}
	if w.lose {
		w.lose = false
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			w.t.Error(err)
			return
		}
		conn.Close()
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(rw).Encode(answer); err != nil {
		w.t.Error(err)
	}
}

// post writes to a person, in their conversation with the app, or to that conversation.
func (w *workspace) post(r *http.Request) map[string]any {
	for k, want := range map[string]string{"unfurl_links": "false", "unfurl_media": "false", "mrkdwn": "false"} {
		if got := r.FormValue(k); got != want {
			w.t.Errorf("%s is %q", k, got)
		}
	}
	to := r.FormValue("channel")
	for _, id := range w.people {
		if to == id {
			to = "D" + id[1:]
		}
	}
	thread := r.FormValue("thread_ts")
	known := thread == ""
	for _, p := range w.posted {
		known = known || p.channel == to && p.ts == thread
	}
	switch {
	case to[0] != 'D':
		return map[string]any{"ok": false, "error": "channel_not_found"}
	case !known:
		return map[string]any{"ok": false, "error": "thread_not_found"}
	case (thread != "") != (r.FormValue("reply_broadcast") == "true"):
		w.t.Error("a reply that nobody is told of")
	}
	p := post{channel: to, ts: fmt.Sprintf("1503435956.%06d", len(w.posted)+1), thread: thread, text: r.FormValue("text")}
	w.posted = append(w.posted, p)
	message := map[string]any{"text": p.text, "ts": p.ts}
	return map[string]any{"ok": true, "channel": p.channel, "ts": p.ts, "message": message}
}

// shown is text as Slack shows it: of what looks like markup only three entities are decoded.
var shown = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.World {
		w := open(t)
		return channeltest.World{
			Sender:  w.sender(),
			To:      "mia@example.com",
			Nobody:  "nobody@example.com",
			Secrets: []string{"secret"},
			Arrived: func() (out []channeltest.Got) {
				w.mu.Lock()
				defer w.mu.Unlock()
				for _, p := range w.posted {
					if strings.ContainsAny(p.text, "<>") {
						t.Errorf("Slack would obey %q", p.text)
					}
					thread := p.thread
					if thread == "" {
						thread = p.ts
					}
					out = append(out, channeltest.Got{Text: shown.Replace(p.text), Thread: thread})
				}
				return out
			},
			Busy: func(*channel.Message) time.Duration {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.busy = 1
				return 7 * time.Second
			},
			Lose: func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.lose = true
			},
			Lock: func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.token = "xoxb-2-secret"
			},
		}
	})
}

func send(t *testing.T, s *Sender, to string) (channel.Sent, *channel.Error) {
	t.Helper()
	sent, err := s.Send(t.Context(), channel.Message{ID: "n", To: to, Text: "text"})
	var e *channel.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return sent, e
}

// A person is looked up once, and not at all where the roster has their id, or the caller kept it.
func TestLookups(t *testing.T) {
	w := open(t)
	s := w.sender()
	for range 3 {
		if sent, err := send(t, s, "raj@example.com"); err != nil || sent.To != "W0RAJ" {
			t.Fatalf("%+v, %v", sent, err)
		}
	}
	if sent, err := send(t, s, "U0MIA"); err != nil || sent.To != "U0MIA" {
		t.Fatalf("%+v, %v", sent, err)
	}
	if w.lookups != 1 {
		t.Errorf("%d look-ups", w.lookups)
	}
	if _, err := send(t, s, "U0GONE"); err == nil || err.Kind != channel.BadAddress {
		t.Errorf("got %v", err)
	}
	// Who left, and came back as another.
	w.people["raj@example.com"] = "W1RAJ"
	if _, err := send(t, s, "raj@example.com"); err == nil || err.Kind != channel.BadAddress {
		t.Errorf("got %v", err)
	}
	if sent, err := send(t, s, "raj@example.com"); err != nil || sent.To != "W1RAJ" {
		t.Errorf("%+v, %v", sent, err)
	}
}

func TestAnswers(t *testing.T) {
	for _, x := range []struct {
		method, answer string
		kind           channel.Kind
		hint           string
	}{
		{"users.lookupByEmail", "missing_scope", channel.Broken, "users:read.email"},
		{"users.lookupByEmail", "users_not_found", channel.BadAddress, "slack: U0123"},
		{"chat.postMessage", "user_disabled", channel.BadAddress, "slack: U0123"},
		{"chat.postMessage", "messages_tab_disabled", channel.Broken, "Messages Tab"},
		{"chat.postMessage", "token_revoked", channel.Broken, "token_file"},
		{"chat.postMessage", "restricted_action", channel.Broken, "admin"},
		{"chat.postMessage", "internal_error", channel.Transient, ""},
		{"chat.postMessage", "ratelimited", channel.Transient, ""},
	} {
		w := open(t)
		w.failures[x.method] = x.answer
		_, err := send(t, w.sender(), "mia@example.com")
		if err == nil || err.Kind != x.kind || !strings.Contains(err.Hint, x.hint) ||
			!strings.HasSuffix(err.Error(), "answered "+x.answer) {
			t.Errorf("%s: got %v", x.answer, err)
		}
	}
}
