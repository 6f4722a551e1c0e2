package googletest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"
)

// ear is a receiver of messages.
type ear struct {
	*httptest.Server
	heard  []http.Header
	status int
	bodies int
}

func listen(t *testing.T) *ear {
	e := &ear{status: 200}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.bodies += len(b)
		e.heard = append(e.heard, r.Header)
		w.WriteHeader(e.status)
	}))
	t.Cleanup(e.Close)
	return e
}

func (w *world) deliver() []int {
	w.Helper()
	codes, err := w.Deliver(context.Background(), http.DefaultClient)
	if err != nil {
		w.Fatal(err)
	}
	return codes
}

func allowHTTP(o *Options) { o.Behavior.PlainHTTP = true }

func TestB31Watch(t *testing.T) {
	w, e := open(t, allowHTTP), listen(t)
	channel := object{"id": "c1", "type": "web_hook", "address": e.URL + "/bell", "token": "secret"}
	a := w.call(mia, "POST", cal+"/watch?eventTypes=default", channel).ok()
	ms, err := strconv.ParseInt(text(a, "expiration"), 10, 64) // a string, or the client could not read it
	if err != nil || !time.UnixMilli(ms).Equal(w.at.Add(7*24*time.Hour)) || text(a, "kind") != "api#channel" || text(a, "resourceId") == "" {
		t.Errorf("%v", a)
	}
	w.call(mia, "POST", cal+"/watch", channel).wrong(400, "channelIdNotUnique")
	id := text(w.insert1(mia, weekly(with(raj))), "id") // own writes ring too
	w.insert1(raj, single())                            // another calendar
	w.patch(mia, id, object{"summary": "x"})
	w.deliver()
	if len(e.heard) != 3 || e.bodies != 0 {
		t.Fatalf("%d messages with %d bytes", len(e.heard), e.bodies)
	}
	last := 0
	for i, h := range e.heard {
		n, err := strconv.Atoi(h.Get("X-Goog-Message-Number"))
		state := []string{"sync", "exists", "exists"}[i]
		if err != nil || n <= last || h.Get("X-Goog-Resource-State") != state || h.Get("X-Goog-Channel-ID") != "c1" || h.Get("X-Goog-Channel-Token") != "secret" ||
			h.Get("X-Goog-Resource-ID") != text(a, "resourceId") || h.Get("X-Goog-Resource-URI") != text(a, "resourceUri") || h.Get("X-Goog-Channel-Expiration") == "" {
			t.Errorf("message %d: %v", i, h)
		}
		last = n
	}
	if last == 3 {
		t.Error("the numbers have no gaps")
	}
	year := strconv.FormatInt(w.at.AddDate(1, 0, 0).UnixMilli(), 10)
	for what, c := range map[string]struct {
		change object
		life   time.Duration
	}{
		"asks for a year":  {object{"id": "c2", "expiration": year}, 7 * 24 * time.Hour},
		"asks for an hour": {object{"id": "c3", "expiration": nil, "params": object{"ttl": "3600"}}, time.Hour},
	} {
		a := w.call(mia, "POST", cal+"/watch", merge(channel, c.change)).ok()
		if ms, err := strconv.ParseInt(text(a, "expiration"), 10, 64); err != nil || !time.UnixMilli(ms).Equal(w.at.Add(c.life)) {
			t.Errorf("%s: %v", what, a["expiration"])
		}
	}
	w.Configure(func(b *Behavior) { b.MaxChannelLife, b.PlainHTTP = time.Hour, false })
	w.call(mia, "POST", cal+"/watch", merge(channel, object{"id": "c4"})).wrong(400, "push.webhookUrlNotHttps")
	a = w.call(mia, "POST", cal+"/watch", merge(channel, object{"id": "c5", "address": "https://app.test/bell"})).ok()
	if ms, err := strconv.ParseInt(text(a, "expiration"), 10, 64); err != nil || !time.UnixMilli(ms).Equal(w.at.Add(time.Hour)) {
		t.Errorf("capped: %v", a["expiration"])
	}
}

func TestB32PushFaults(t *testing.T) {
	w, e := open(t, allowHTTP), listen(t)
	a := w.call(mia, "POST", cal+"/watch", object{"id": "c1", "type": "web_hook", "address": e.URL, "token": "secret"}).ok()
	w.deliver()
	ring := func(n int) {
		for range n {
			w.insert1(mia, single())
		}
	}
	numbers := func() []int {
		e.heard = nil
		w.deliver()
		var out []int
		for _, h := range e.heard {
			n, err := strconv.Atoi(h.Get("X-Goog-Message-Number"))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
		}
		return out
	}
	ring(3)
	p := w.Pending()
	w.SetPending(nil) // dropped
	if got := numbers(); len(got) != 0 {
		t.Errorf("dropped: %v", got)
	}
	slices.Reverse(p)
	w.SetPending(append(p, p[0])) // reordered, and one doubled
	if got := numbers(); len(got) != 4 || got[0] < got[1] || got[0] != got[3] {
		t.Errorf("reordered: %v", got)
	}
	ring(3)
	w.Coalesce()
	if got := numbers(); len(got) != 1 {
		t.Errorf("a burst: %v", got)
	}
	ring(1)
	p = w.Pending()
	p[0].Token = "wrong"
	w.SetPending(p)
	if numbers(); e.heard[0].Get("X-Goog-Channel-Token") != "wrong" {
		t.Error("the token is not the test's")
	}
	ring(1)
	e.status = 503
	if first, again := numbers(), numbers(); len(first) != 1 || !slices.Equal(first, again) {
		t.Errorf("after 503: %v, then %v", first, again)
	}
	e.status = 404
	if first, again := numbers(), numbers(); len(first) != 1 || len(again) != 0 {
		t.Errorf("after 404: %v, then %v", first, again)
	}
	w.StopLag(time.Minute)
	w.call(mia, "POST", "/calendar/v3/channels/stop", object{"id": "c1", "resourceId": text(a, "resourceId")}).ok()
	ring(1)
	if got := numbers(); len(got) != 1 {
		t.Errorf("just stopped: %v", got)
	}
	w.at = w.at.Add(time.Minute)
	ring(1)
	if got := numbers(); len(got) != 0 {
		t.Errorf("stopped: %v", got)
	}
	w.call(mia, "POST", cal+"/watch", object{"id": "c2", "type": "web_hook", "address": e.URL}).ok()
	if n := len(w.Channels()); n != 1 {
		t.Errorf("%d channels", n)
	}
	w.deliver()
	w.at = w.at.AddDate(0, 0, 8) // it ends with no warning
	ring(1)
	if got := numbers(); len(got) != 0 || len(w.Channels()) != 0 {
		t.Errorf("ended: %v", got)
	}
}

func TestB33Stop(t *testing.T) {
	w := open(t, allowHTTP)
	a := w.call(mia, "POST", cal+"/watch", object{"id": "c1", "type": "web_hook", "address": "http://app.test/"}).ok()
	stop := func(id, resource string) reply {
		return w.call(mia, "POST", "/calendar/v3/channels/stop", object{"id": id, "resourceId": resource})
	}
	stop("c2", text(a, "resourceId")).wrong(404, "notFound")
	stop("c1", "other").wrong(404, "notFound")
	if got := stop("c1", text(a, "resourceId")); got.code != 204 {
		t.Errorf("%d", got.code)
	}
	stop("c1", text(a, "resourceId")).wrong(404, "notFound")
}

func TestB32AutoPush(t *testing.T) {
	w := open(t, allowHTTP)
	heard := make(chan string)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header.Get("X-Goog-Resource-State") }))
	t.Cleanup(ear.Close)
	w.AutoPush(http.DefaultClient)
	w.call(mia, "POST", cal+"/watch", object{"id": "c1", "type": "web_hook", "address": ear.URL}).ok()
	if s := <-heard; s != "sync" {
		t.Errorf("first %s", s)
	}
	if err := w.Hands(mia).Retitle(text(w.insert1(raj, single(with(mia))), "id"), time.Time{}, "x"); err != nil {
		t.Fatal(err)
	}
	if s := <-heard; s != "exists" {
		t.Errorf("then %s", s)
	}
	<-heard
	w.AutoPush(nil)
}
