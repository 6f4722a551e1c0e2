package google_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// kept are channels in memory.
type kept struct {
	mu  sync.Mutex
	all []provider.Channel
}

func (k *kept) Channels(_ context.Context, person string) ([]provider.Channel, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.all), func(c provider.Channel) bool { return person != "" && c.Owner.ID != person }), nil
}

func (k *kept) Channel(_ context.Context, id string) (provider.Channel, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.all, func(c provider.Channel) bool { return c.ID == id })
	if i < 0 {
		return provider.Channel{}, false, nil
	}
	return k.all[i], true, nil
}

func (k *kept) SetChannel(ctx context.Context, c provider.Channel) error {
	_ = k.DeleteChannel(ctx, c.ID)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, c)
	return nil
}

func (k *kept) DeleteChannel(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = slices.DeleteFunc(k.all, func(c provider.Channel) bool { return c.ID == id })
	return nil
}

// receiver is a Push that Google reaches, and whose calendars it was told have changed.
type receiver struct {
	*google.Push
	kept
	w       *world
	url     string
	changed chan string
	answers sync.WaitGroup // under way: a message is answered before all is done about it
}

func receiving(w *world) *receiver {
	b := &receiver{w: w, changed: make(chan string, 100)}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b.answers.Add(1)
		defer b.answers.Done()
		b.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(srv.Close)
	b.url = srv.URL
	b.Push = google.NewPush(google.PushOptions{
		Address:  srv.URL,
		Channels: &b.kept,
		Changed:  func(p string) { b.changed <- p },
		Debounce: time.Nanosecond,
		Clock:    w.now,
	})
	return b
}

// deliver posts what Google has to post.
func (b *receiver) deliver() []int {
	b.w.t.Helper()
	codes, err := b.w.Deliver(b.w.ctx(), http.DefaultClient)
	b.w.must(err)
	b.answers.Wait()
	return codes
}

func plainHTTP(o *googletest.Options) { o.Behavior.PlainHTTP = true }

func TestPush(t *testing.T) {
	w := open(t, plainHTTP)
	b, c := receiving(w), w.calendar(mia)
	w.must(b.Keep(w.ctx(), c))
	if codes := b.deliver(); !slices.Equal(codes, []int{204}) || len(b.changed) != 0 {
		t.Errorf("the first message is answered %v, and told of %d", codes, len(b.changed))
	}
	w.booked()
	if codes := b.deliver(); !slices.Equal(codes, []int{204}) {
		t.Errorf("answered %v", codes)
	}
	if who := <-b.changed; who != "mia" {
		t.Errorf("told of %s", who)
	}
	// Coming twice and out of order does no harm.
	w.must(w.Hands(mia.Email).Move(w.Hands(mia.Email).Series()[0], start(1), start(1).Add(time.Hour)))
	w.must(w.Hands(mia.Email).Move(w.Hands(mia.Email).Series()[0], start(2), start(2).Add(time.Hour)))
	m := w.Pending()
	w.SetPending([]googletest.Message{m[1], m[0], m[1], m[1]})
	if codes := b.deliver(); !slices.Equal(codes, []int{204, 204, 204, 204}) {
		t.Errorf("answered %v", codes)
	}
	<-b.changed
}

// Who cannot prove a message causes nothing and learns nothing.
func TestPushOfStrangers(t *testing.T) {
	w := open(t, plainHTTP)
	b, c := receiving(w), w.calendar(mia)
	w.must(b.Keep(w.ctx(), c))
	b.deliver()
	w.booked()
	good := w.Pending()[0]
	for name, spoil := range map[string]func(*googletest.Message){
		"no token":         func(m *googletest.Message) { m.Token = "" },
		"wrong token":      func(m *googletest.Message) { m.Token = "x" + m.Token[1:] },
		"unknown channel":  func(m *googletest.Message) { m.Channel = "x" + m.Channel[1:] },
		"no channel":       func(m *googletest.Message) { m.Channel = "" },
		"another resource": func(m *googletest.Message) { m.ResourceID = "other" },
	} {
		m := good
		spoil(&m)
		w.SetPending([]googletest.Message{m})
		if codes := b.deliver(); !slices.Equal(codes, []int{404}) {
			t.Errorf("%s: answered %v", name, codes)
		}
	}
	if a, err := http.Get(b.url); err != nil || a.StatusCode != http.StatusNotFound {
		t.Errorf("a browser: %v, %v", a, err)
	}
	if len(b.changed) != 0 {
		t.Errorf("told of %d times", len(b.changed))
	}
}

// patient keeps channels until its caller has gone.
type patient struct{ *kept }

func (k patient) SetChannel(ctx context.Context, c provider.Channel) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.kept.SetChannel(ctx, c)
}

// hangsUp ends the request with its answer.
type hangsUp struct {
	*httptest.ResponseRecorder
	cancel func()
}

func (w hangsUp) Flush() { w.cancel() }

// A caller who closes the connection with the answer was heard all the same.
func TestPushHangsUp(t *testing.T) {
	w := open(t, plainHTTP)
	b := receiving(w)
	w.must(b.Keep(w.ctx(), w.calendar(mia)))
	m := w.Pending()[0]
	ctx, cancel := context.WithCancel(w.ctx())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, b.url, nil)
	r.Header.Set("X-Goog-Channel-ID", m.Channel)
	r.Header.Set("X-Goog-Channel-Token", m.Token)
	r.Header.Set("X-Goog-Resource-ID", m.ResourceID)
	r.Header.Set("X-Goog-Resource-State", "sync")
	google.NewPush(google.PushOptions{Channels: patient{&b.kept}, Clock: w.now}).ServeHTTP(hangsUp{httptest.NewRecorder(), cancel}, r)
	if !b.all[0].Heard.Equal(w.at) {
		t.Errorf("kept %+v", b.all[0])
	}
}

func TestChannelsAreRenewedAndStopped(t *testing.T) {
	w := open(t, plainHTTP)
	b := receiving(w)
	w.must(b.Keep(w.ctx(), w.calendar(mia)))
	first := b.all[0]
	if first.Resource == "" || !first.Heard.IsZero() || !first.Expires.Equal(w.at.Add(7*24*time.Hour)) {
		t.Errorf("kept %+v", first)
	}
	if b.deliver(); !b.all[0].Heard.Equal(w.at) || b.all[0].Resource != first.Resource {
		t.Errorf("heard of, and kept %+v", b.all[0])
	}
	for w.at.Before(begin.Add(4 * 24 * time.Hour)) {
		w.at = w.at.Add(time.Hour)
	}
	w.must(b.Keep(w.ctx(), w.calendar(mia)))
	if len(b.all) != 1 || b.all[0].ID != first.ID {
		t.Error("renewed too soon")
	}
	w.at = begin.Add(6 * 24 * time.Hour) // before it ends
	w.must(b.Keep(w.ctx(), w.calendar(mia)))
	if len(b.all) != 1 || b.all[0].ID == first.ID || !slices.Equal(w.Channels(), []string{b.all[0].ID}) {
		t.Errorf("kept %d, open %v", len(b.all), w.Channels())
	}
	w.must(b.Leave(w.ctx(), w.calendar(mia)))
	w.must(b.Leave(w.ctx(), w.calendar(mia)))
	if len(b.all) != 0 || len(w.Channels()) != 0 {
		t.Errorf("kept %d, open %v", len(b.all), w.Channels())
	}
}

// endless answers without saying when a channel ends.
type endless struct{ http.RoundTripper }

func (e endless) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := e.RoundTripper.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/watch") {
		return a, err
	}
	var ch calendar.Channel
	if err := json.NewDecoder(a.Body).Decode(&ch); err != nil {
		return nil, err
	}
	ch.Expiration = 0
	b, err := json.Marshal(ch)
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(b)), -1
	return a, err
}

// A channel of which no end is told is renewed within the week that Google gives one, and stopped like any other.
func TestChannelWithoutAnEnd(t *testing.T) {
	w := open(t, plainHTTP)
	b := receiving(w)
	keep := func() *google.Calendar {
		c, err := w.project.Open(google.Account{Owner: mia, HTTP: &http.Client{Transport: endless{w.as(mia).Transport}}})
		w.must(err)
		w.must(b.Keep(w.ctx(), c))
		return c
	}
	keep()
	first := b.all[0].ID
	w.at = w.at.Add(time.Hour)
	keep()
	if open := w.Channels(); !slices.Equal(open, []string{first}) {
		t.Errorf("an hour later: %v, first %s", open, first)
	}
	w.at = begin.Add(6 * 24 * time.Hour)
	c := keep()
	if open := w.Channels(); len(open) != 1 || open[0] == first {
		t.Errorf("six days later: %v, first %s", open, first)
	}
	w.must(b.Leave(w.ctx(), c))
	if len(b.all) != 0 || len(w.Channels()) != 0 {
		t.Errorf("kept %d, open %v", len(b.all), w.Channels())
	}
}

// Google takes an address or does not: that is seen without a channel that stays.
func TestTryPush(t *testing.T) {
	w := open(t, plainHTTP)
	b, c := receiving(w), w.calendar(mia)
	w.must(b.Try(w.ctx(), c))
	if len(b.all) != 0 || len(w.Channels()) != 0 {
		t.Errorf("kept %d, open %v", len(b.all), w.Channels())
	}
	w.Configure(func(b *googletest.Behavior) { b.PlainHTTP = false })
	err := b.Try(w.ctx(), c)
	if provider.KindOf(err) != provider.Permanent || !strings.Contains(provider.HintOf(err), "web.url") {
		t.Errorf("%v (%s)", err, provider.HintOf(err))
	}
}

// A channel is known before Google knows it; one whose opening was never answered is learnt of by its first message, and
// stopped like any other.
func TestChannelOpenedWithoutAnAnswer(t *testing.T) {
	w := open(t, plainHTTP)
	b, c := receiving(w), w.calendar(mia)
	w.FailNth("calendar.events.watch", 1, googletest.Fault{DropAfterCommit: true})
	if err := b.Keep(w.ctx(), c); provider.KindOf(err) != provider.Transient {
		t.Fatal(err)
	}
	if len(b.all) != 1 || b.all[0].Resource != "" {
		t.Fatalf("kept %+v", b.all)
	}
	b.deliver()
	if b.all[0].Resource == "" || !b.all[0].Expires.After(w.at) {
		t.Errorf("learnt %+v", b.all)
	}
	w.must(b.Keep(w.ctx(), c))
	w.must(b.Leave(w.ctx(), c))
	if len(b.all) != 0 || len(w.Channels()) != 0 {
		t.Errorf("kept %d, open %v", len(b.all), w.Channels())
	}
	w.FailNth("calendar.events.watch", 1, googletest.Fault{Status: 403, Reason: "forbidden"})
	if err := b.Keep(w.ctx(), c); provider.KindOf(err) != provider.Auth || len(b.all) != 0 {
		t.Errorf("refused: %v, kept %d", err, len(b.all))
	}
}

// Messages are gathered for a moment; those that go on coming are one every two seconds, also the last of them.
func TestDebounce(t *testing.T) {
	w := open(t, plainHTTP) // a network has no place in the bubble
	c := w.inProcess(mia)
	synctest.Test(t, func(t *testing.T) {
		k := &kept{}
		times := make(chan time.Time, 10)
		p := google.NewPush(google.PushOptions{
			Address:  "https://holdfast.example/push",
			Channels: k,
			Changed:  func(string) { times <- time.Now() },
			Clock:    time.Now,
		})
		w.must(p.Keep(t.Context(), c))
		m := w.Pending()[0]
		post := func() {
			r := httptest.NewRequest(http.MethodPost, "/push", nil)
			for k, v := range map[string]string{"Channel-ID": m.Channel, "Channel-Token": m.Token, "Resource-ID": m.ResourceID, "Resource-State": "exists"} {
				r.Header.Set("X-Goog-"+k, v)
			}
			a := httptest.NewRecorder()
			if p.ServeHTTP(a, r); a.Code != http.StatusNoContent {
				t.Errorf("answered %d", a.Code)
			}
		}
		begin := time.Now() // of the bubble
		for range 3 {
			for range 30 {
				post()
				<-time.After(100 * time.Millisecond)
			}
			<-time.After(57 * time.Second)
		}
		synctest.Wait() // for the last of them
		close(times)
		var got []string
		for at := range times {
			got = append(got, at.Sub(begin).String())
		}
		want := "200ms 2.2s 4.2s 1m0.2s 1m2.2s 1m4.2s 2m0.2s 2m2.2s 2m4.2s"
		if strings.Join(got, " ") != want {
			t.Errorf("told after %v, want %s", got, want)
		}
	})
}

func TestDoctor(t *testing.T) {
	w := open(t)
	for _, f := range w.calendar(mia).Doctor(w.ctx()) {
		if !f.OK || f.Text == "" {
			t.Errorf("%+v", f)
		}
	}
	s := w.look(w.calendar(mia), mia, series.Snapshot{})
	if len(s.Objects) != 0 || len(w.Mails()) != 0 {
		t.Errorf("%d events are left, %d mails", len(s.Objects), len(w.Mails()))
	}
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"calendar.events.insert": {Status: 403, Reason: "insufficientPermissions"}}})
	all := w.calendar(mia).Doctor(w.ctx())
	if last := all[len(all)-1]; last.Check != "write" || last.OK || last.Hint == "" {
		t.Errorf("%+v", last)
	}
	w.ExpireTokens()
	c := w.calendar(mia)
	w.ExpireTokens()
	if all = c.Doctor(w.ctx()); len(all) != 1 || all[0].Check != "sign in" || all[0].OK || all[0].Hint == "" {
		t.Errorf("%+v", all)
	}
}
