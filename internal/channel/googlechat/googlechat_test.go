package googlechat

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
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

// domain is what Google has of one: its accounts, a service account as a Chat app, and the conversations that the app
// was installed to.
type domain struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey

	mu        sync.Mutex
	ids       map[string]string // of accounts, by address
	installed map[string]string // spaces by id
	messages  []message
	delegated bool
	disabled  bool // the service account
	status    int  // of the next answer of Chat
	lose      bool // that answer
	looked    int
	answer    string // message of Chat's refusals
}

// key is made once: that takes a while.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

type message struct{ space, request, thread, text string }

func open(t *testing.T) *domain {
	d := &domain{
		t:         t,
		key:       key(),
		ids:       map[string]string{"mia@example.com": "100000000000000000001", "lee@example.com": "100000000000000000003"},
		installed: map[string]string{"100000000000000000001": "spaces/MIA"},
		delegated: true,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", d.token)
	mux.HandleFunc("GET /userinfo", d.userInfo)
	mux.HandleFunc("GET /v1/spaces:findDirectMessage", d.chat(d.findDirectMessage))
	mux.HandleFunc("POST /v1/spaces/{space}/messages", d.chat(d.create))
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	return d
}

func (d *domain) sender() *Sender {
	d.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(d.key)
	if err != nil {
		d.t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type":           "service_account",
		"client_email":   "holdfast@project.iam.gserviceaccount.com",
		"client_id":      "1234",
		"private_key_id": "k1",
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":      d.server.URL + "/token",
	})
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := New(Options{Key: file, URL: d.server.URL, Who: d.server.URL + "/userinfo", Clock: time.Now})
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// token takes a signed assertion (RFC 7523), for the app itself or, where that is delegated, for a person.
func (d *domain) token(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	parts := strings.Split(r.FormValue("assertion"), ".")
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(parts) != 3 {
		reply(w, 400, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	var claims struct {
		Iss, Scope, Aud, Sub string
		Exp                  int64
	}
	body, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	signature, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	err3 := rsa.VerifyPKCS1v15(&d.key.PublicKey, crypto.SHA256, sum[:], signature)
	if err := errors.Join(err1, err2, err3, json.Unmarshal(body, &claims)); err != nil {
		d.t.Error(err)
	}
	grant := func(error, description string) {
		reply(w, 400, map[string]string{"error": error, "error_description": description})
	}
	switch {
	case d.disabled:
		grant("invalid_grant", "Invalid JWT Signature.")
	case claims.Sub == "" && claims.Scope == "https://www.googleapis.com/auth/chat.bot":
		reply(w, 200, map[string]any{"access_token": "app", "token_type": "Bearer", "expires_in": 3599})
	case claims.Scope != "openid" || !d.delegated:
		reply(w, 401, map[string]string{"error": "unauthorized_client", "error_description": "Client is unauthorized to " +
			"retrieve access tokens using this method, or client not authorized for any of the scopes requested."})
	case d.ids[claims.Sub] == "":
		grant("invalid_grant", "Invalid email or User ID")
	default:
		reply(w, 200, map[string]any{"access_token": "as " + claims.Sub, "token_type": "Bearer", "expires_in": 3599})
	}
}

func (d *domain) userInfo(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looked++
	id := d.ids[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer as ")]
	if id == "" {
		reply(w, 401, map[string]string{"error": "invalid_request"})
		return
	}
	reply(w, 200, map[string]string{"sub": id})
}

func refused(w http.ResponseWriter, code int, status, text string) {
	w.Header().Set("Retry-After", "7")
	reply(w, code, map[string]any{"error": map[string]any{"code": code, "message": text, "status": status}})
}

// chat is what all methods of the API have in common.
func (d *domain) chat(method http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		status := d.status
		d.status = 0
		switch {
		case r.Header.Get("Authorization") != "Bearer app":
			refused(w, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
		case status != 0:
			refused(w, status, "X", d.answer)
		default:
			method(w, r)
		}
	}
}

// findDirectMessage knows people by their ids: as an app, "users/" with an address is not one.
func (d *domain) findDirectMessage(w http.ResponseWriter, r *http.Request) {
	space := d.installed[strings.TrimPrefix(r.URL.Query().Get("name"), "users/")]
	if space == "" {
		refused(w, 404, "NOT_FOUND", "The requested entity was not found.")
		return
	}
	reply(w, 200, map[string]any{"name": space, "spaceType": "DIRECT_MESSAGE", "singleUserBotDm": true})
}

// create makes one message of requests with the same id.
func (d *domain) create(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Text   string
		Thread struct{ ThreadKey string }
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		d.t.Error(err)
	}
	q := r.URL.Query()
	if m.Thread.ThreadKey != "" && q.Get("messageReplyOption") != "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD" {
		m.Thread.ThreadKey = "" // ignored then
	}
	got := message{
		space:   "spaces/" + r.PathValue("space"),
		request: q.Get("requestId"),
		thread:  m.Thread.ThreadKey,
		text:    m.Text,
	}
	known := false
	for _, x := range d.messages {
		known = known || got.request != "" && x.request == got.request && x.space == got.space
	}
	if !known {
		d.messages = append(d.messages, got)
	}
	if d.lose {
		d.lose = false
		panic(http.ErrAbortHandler)
	}
	reply(w, 200, map[string]any{
		"name":   fmt.Sprintf("%s/messages/%d", got.space, len(d.messages)),
		"thread": map[string]string{"name": got.space + "/threads/" + got.thread},
	})
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.World {
		d := open(t)
		return channeltest.World{
			Sender:  d.sender(),
			To:      "mia@example.com",
			Nobody:  "nobody@example.com",
			Secrets: []string{"PRIVATE KEY", "100000000000000000001"},
			Known:   true,
			Arrived: func() (out []channeltest.Got) {
				d.mu.Lock()
				defer d.mu.Unlock()
				for _, m := range d.messages {
					out = append(out, channeltest.Got{ID: m.request, Text: m.text, Thread: m.thread})
				}
				return out
			},
			Busy: func(*channel.Message) time.Duration {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.status = http.StatusTooManyRequests
				return 7 * time.Second
			},
			Lose: func() {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.lose = true
			},
			Lock: func() {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.disabled = true
			},
		}
	})
}

func send(t *testing.T, s *Sender, to string) (channel.Sent, *channel.Error) {
	t.Helper()
	sent, err := s.Send(t.Context(), channel.Message{ID: "n " + to, To: to, Text: "text"})
	var e *channel.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return sent, e
}

// A person is looked up once, and not at all where the caller kept their id.
func TestLookups(t *testing.T) {
	d := open(t)
	s := d.sender()
	for _, to := range []string{"mia@example.com", "mia@example.com", "100000000000000000001"} {
		if sent, err := send(t, s, to); err != nil || sent.To != "100000000000000000001" {
			t.Errorf("%+v, %v", sent, err)
		}
	}
	if d.looked != 1 {
		t.Errorf("%d look-ups", d.looked)
	}
	if len(d.messages) != 2 {
		t.Errorf("%d messages", len(d.messages))
	}
}

func TestAnswers(t *testing.T) {
	for name, x := range map[string]struct {
		to   string
		set  func(*domain)
		kind channel.Kind
		hint string
	}{
		"not installed": {
			to:   "lee@example.com",
			kind: channel.BadAddress,
			hint: "installed for the domain",
		},
		"no such account": {
			to:   "nobody@example.com",
			kind: channel.BadAddress,
			hint: "roster",
		},
		"not delegated": {
			to:   "mia@example.com",
			set:  func(d *domain) { d.delegated = false },
			kind: channel.Broken,
			hint: "give client 1234 exactly these scopes, and wait some minutes: openid",
		},
		"API not enabled": {
			to:   "100000000000000000001",
			set:  func(d *domain) { d.status, d.answer = 403, "Google Chat API has not been used in project 1 before" },
			kind: channel.Broken,
			hint: "turn on the Google Chat API",
		},
		"app not set up": {
			to: "100000000000000000001",
			set: func(d *domain) {
				d.status, d.answer = 404, "Google Chat app not found. To create a Chat app, you must turn on the Chat API "+
					"and configure the app in the Google Cloud console."
			},
			kind: channel.Broken,
			hint: "Configuration",
		},
		"down": {
			to:   "100000000000000000001",
			set:  func(d *domain) { d.status = 503 },
			kind: channel.Transient,
		},
	} {
		d := open(t)
		if x.set != nil {
			x.set(d)
		}
		_, err := send(t, d.sender(), x.to)
		if err == nil || err.Kind != x.kind || !strings.Contains(err.Hint, x.hint) {
			t.Errorf("%s: got %v", name, err)
			if err != nil {
				t.Log(err.Kind, err.Hint)
			}
		}
	}
}

func TestKey(t *testing.T) {
	if _, err := New(Options{Key: []byte(`{"type": "authorized_user"}`)}); err == nil {
		t.Error("no error")
	}
}
