package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/signin"
)

// An hour in which nothing happens, no meeting either, leaves the journal as it was, though all calendars are read
// every few minutes and somebody has a page open: neither rounds nor River nor the page's stream write to it. What
// happens then is written by the next poll.
func TestIdleHourWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, a, _ := branch(t, 6, clock.System)
		counted := &tape{RoundTripper: server}
		a.http.Transport = counted
		ctx, stop := context.WithCancel(t.Context())
		closed := leavesOpen(ctx, t, a, "p00")
		done := make(chan error)
		go func() { done <- a.Run(ctx, nil) }()
		<-time.After(3 * time.Hour) // since midnight of a Saturday, when bubbles begin
		written, requests := writes(t, a.Settings.Database), counted.n.Load()
		<-time.After(time.Hour)
		if d := diff.Diff(map[string]int{}, written()); d != "" {
			t.Error(d)
		}
		if n := counted.n.Load() - requests; n < 6*10 {
			t.Errorf("the calendars were asked %d times", n)
		}
		p := caldavtest.Person{Base: "http://dav.test", User: "p00", Password: "pw", HTTP: &http.Client{Transport: server}}
		at := time.Now().Add(90 * time.Hour)
		if _, err := p.AddEvent(t.Context(), "Dentist", at, at.Add(time.Hour)); err != nil {
			t.Error(err)
		}
		// The round after that looks at the pair once more, and may come within the longest time from one poll to the next.
		for end := time.Now().Add(a.Poll() + a.Poll()/10); written()["snapshots"] == 0 && time.Now().Before(end); {
			<-time.After(time.Second)
		}
		want := map[string]int{"snapshots": 1, "readings": 2, "revision": 1, "": 1} // of both people of the pair
		if d := diff.Diff(want, written()); d != "" {
			t.Error(d)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if said := closed(); strings.Count(said, "event: beat") < 3*60*3 || !strings.Contains(said, "event: change") {
			t.Errorf("the page heard %d beats", strings.Count(said, "event: beat"))
		}
	})
}

// leavesOpen has somebody sign in and leave a page open until ctx ends; closed waits for that, and is what the page
// heard.
func leavesOpen(ctx context.Context, t *testing.T, a *App, id string) (closed func() string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	q, err := NewQueue(ctx, a.Settings.Database, a, QueueOptions{Poll: time.Hour, Watch: time.Hour, Clock: a.o.Clock,
		Trouble: func(error) {}})
	must(err)
	const url = "http://127.0.0.1"
	var behind sync.WaitGroup
	a.Settings.URL = url
	handler, err := a.pages(ctx, q, &behind)
	must(err)
	a.Settings.URL = "" // nothing listens in a bubble
	_, err = a.Desired(a.o.Clock())
	must(err)
	link, _, err := signin.NewLink(ctx, a.Store, a.o.Clock, url, id)
	must(err)
	w, page := httptest.NewRecorder(), httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, link, nil))
	stream := httptest.NewRequestWithContext(ctx, http.MethodGet, url+"/live", nil)
	for _, c := range w.Result().Cookies() {
		stream.AddCookie(c)
	}
	behind.Go(func() { handler.ServeHTTP(page, stream) })
	return func() string {
		behind.Wait()
		must(q.Stop(context.WithoutCancel(ctx)))
		return page.Body.String()
	}
}
