package daemon

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
)

// An hour in which nothing happens, no meeting either, leaves the journal as it was, though all calendars are read
// every few minutes: neither rounds nor River write to it. What happens then is written by the next poll.
func TestIdleHourWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, a, _ := branch(t, 6, clock.System)
		counted := &tape{RoundTripper: server}
		a.http.Transport = counted
		ctx, stop := context.WithCancel(t.Context())
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
	})
}
