package daemon

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
)

// receiver takes events as Standard Webhooks says, and those only.
type receiver struct {
	*testing.T
	mu   sync.Mutex
	got  []event
	lose bool // the next answer
}

// event is one that came: its id in the header, and its body.
type event struct{ id, body string }

const hookSecret = "secretsecretsecretsecret"

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	id := r.Header.Get("webhook-id")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("webhook-timestamp"), body)
	if err != nil || r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		rc.Errorf("signed %s: %v", r.Header, err)
	}
	rc.got = append(rc.got, event{id, string(body)})
	if rc.lose {
		rc.lose = false
		panic(http.ErrAbortHandler)
	}
}

// take are the events since the last look, without their ids, each once; a repeat has the id of the first.
func (rc *receiver) take() (out []string) {
	rc.Helper()
	rc.mu.Lock()
	defer rc.mu.Unlock()
	ids := map[string]bool{}
	for _, e := range rc.got {
		var body struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal([]byte(e.body), &body); err != nil || body.ID != e.id {
			rc.Errorf("%s has %s: %v", e.id, e.body, err)
		}
		if !ids[e.id] {
			out = append(out, strings.Replace(e.body, `"id":"`+e.id+`",`, "", 1))
		}
		ids[e.id] = true
	}
	rc.got = nil
	return out
}

// hooked are settings with a webhook that wants those kinds.
func hooked(t *testing.T, url, kinds string) string {
	secret := filepath.Join(t.TempDir(), "hook")
	text := "whsec_" + base64.StdEncoding.EncodeToString([]byte(hookSecret))
	if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`, notify: {webhooks: [{url: %q, secret_file: %q, kinds: [%s]}]}`, url, secret, kinds)
}

// A receiver hears what is out, what is held, how pairs stand and what rounds did, and of pairs nothing else.
func TestWebhook(t *testing.T) {
	rc := &receiver{T: t}
	web := httptest.NewServer(rc)
	defer web.Close()
	now := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	server, a, log := branchThat(t, 2, func() time.Time { return now },
		hooked(t, web.URL+"/hook?token=private", "outage, held, round, state"), map[string]channel.Sender{mail: memory.New()})
	// pass makes a round, and sends what is due by the next.
	pass := func() {
		t.Helper()
		now = now.Add(5 * time.Minute)
		if err := a.Round(t.Context(), "poll"); err != nil {
			t.Fatal(err)
		}
		for range 2 { // an answer that was lost
			due, _ := a.Notices(t.Context())
			for _, j := range due {
				a.Send(t.Context(), j)
			}
		}
	}
	check := func(want ...string) {
		t.Helper()
		if d := diff.Diff(want, rc.take()); d != "" {
			t.Error(d)
		}
	}
	pass()
	check(`{"type":"round","at":"2026-11-30T09:05:00Z","pairs":1,"applied":1,"held":0,"flags":0,"errors":0}`)
	pass()
	check()

	p := caldavtest.Person{Base: "http://dav.test", User: "p00", Password: "pw", HTTP: &http.Client{Transport: server}}
	events, err := p.Events(t.Context())
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	if err := p.Cancel(t.Context(), events[0].UID, time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	rc.lose = true
	pass()
	check(`{"type":"round","at":"2026-11-30T09:15:00Z","pairs":1,"applied":0,"held":0,"flags":1,"errors":0}`,
		`{"type":"state","at":"2026-11-30T09:15:00Z","event":"opened","pair":"p00/p01","state":"flagged"}`)

	server.out.Store(true)
	for range 4 {
		pass()
	}
	got := strings.Join(rc.take(), "\n")
	for _, want := range []string{`"type":"outage","at":"2026-11-30T09:20:00Z","event":"opened","text":"`,
		`"calendar":"office","count":1}`, `"pair":"p00/p01","state":"stale"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	server.out.Store(false)
	if err := p.PutBack(t.Context(), events[0].UID, time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	pass()
	got += strings.Join(rc.take(), "\n")
	for _, want := range []string{`"event":"closed","text":"`, `"event":"closed","pair":"p00/p01","state":"on-slot"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for _, private := range []string{"cancelled", "2026-12-08", "@example.com", "10.1.2.3", "10.9.8.7"} {
		if strings.Contains(got, private) {
			t.Errorf("%s is in\n%s", private, got)
		}
	}
	for _, private := range []string{"private", "whsec", "127.0.0.1"} {
		if strings.Contains(log.String(), private) {
			t.Errorf("%s is in\n%s", private, log)
		}
	}
}

// Rounds that did nothing are told to nobody, and leave the journal as it was, whatever webhooks want.
func TestIdleHourWithWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, _ := branchThat(t, 6, clock.System, hooked(t, "https://hook.test", "outage, held, round, state"),
			map[string]channel.Sender{mail: memory.New()})
		hook := memory.New()
		a.messages.Senders[hookID(0)] = hook
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx, nil) }()
		<-time.After(3 * time.Hour)
		written, events := writes(t, a.Settings.Database), len(hook.Arrived())
		<-time.After(time.Hour)
		if d := diff.Diff(map[string]int{}, written()); d != "" {
			t.Error(d)
		}
		if n := len(hook.Arrived()); events == 0 || n != events {
			t.Errorf("%d events, then %d", events, n)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
