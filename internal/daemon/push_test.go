package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// delivery carries Google's messages and tells of each that was taken.
type delivery chan string

func (d delivery) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && a.StatusCode == http.StatusNoContent {
		d <- r.Header.Get("X-Goog-Resource-State")
	}
	return a, err
}

// freeAddress is one of this machine at which nothing listens, and nobody else will.
func freeAddress(t *testing.T) string {
	l := providertest.Listen(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// A meeting that is dragged is noticed long before the calendar would have been read again, by reading the two
// calendars that changed. The channels outlive the daemon; that of a person who leaves does not.
func TestPush(t *testing.T) {
	address := freeAddress(t)
	s, a := workspace(t, fmt.Sprintf("web: {listen: %q, url: http://%[1]s/holdfast}", address))
	s.Configure(func(b *googletest.Behavior) { b.PlainHTTP = true })
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := a.Reconciler.Once(ctx)
	must(err)
	booked := first.View(series.Pair{Manager: "mia", Report: "raj"}).Head()

	told, rounds := make(delivery, 100), make(chan reconcile.Round, 100)
	s.AutoPush(&http.Client{Transport: told})
	a.debounce, a.o.Round = time.Millisecond, func(r reconcile.Round) { rounds <- r }
	run := func() (stop func()) {
		running, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- a.Run(running, nil) }()
		select {
		case <-rounds:
		case err := <-done:
			t.Fatal("the daemon ended: ", err)
		}
		return func() {
			t.Helper()
			cancel()
			must(<-done)
		}
	}
	stop := run()
	for range 3 {
		if state := <-told; state != "sync" {
			t.Errorf("told %s of a calendar that nobody touched", state)
		}
	}
	s.Reset()
	day := booked.First().AddDays(14)
	must(s.Hands("mia@example.com").Move(booked.ID, booked.Mark.Slot.On(day), booked.Mark.Slot.On(day).Add(48*time.Hour)))
	moved := func(f drift.Flag) bool { return f.Kind == drift.Moved }
	for r := range rounds {
		if slices.ContainsFunc(r.Edges.Opened, moved) {
			break
		}
	}
	for _, r := range s.Requests() {
		if r.User == "lee@example.com" {
			t.Errorf("lee's calendar did not change, and is asked %s", r.Method)
		}
	}
	for method, path := range map[string]string{
		http.MethodGet:  "/holdfast/google/push",
		http.MethodPost: "/google/push",
	} {
		r, err := http.NewRequest(method, "http://"+address+path, strings.NewReader("x"))
		must(err)
		res, err := http.DefaultClient.Do(r)
		must(err)
		must(res.Body.Close())
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s is answered %s", method, path, res.Status)
		}
	}
	stop()
	http.DefaultClient.CloseIdleConnections()

	open := s.Channels()
	s.Reset()
	run()()
	must(a.Watch(ctx))
	if slices.ContainsFunc(s.Requests(), func(r googletest.Request) bool { return r.Method == "calendar.events.watch" }) ||
		!slices.Equal(open, s.Channels()) ||
		len(open) != 3 {
		t.Errorf("open before the restart %v, after it %v", open, s.Channels())
	}
	roster := filepath.Join(a.Settings.Dir, "roster.yaml")
	text, err := os.ReadFile(roster)
	must(err)
	must(
		os.WriteFile(roster, []byte(strings.Replace(strings.Replace(string(text), ", {report: lee, slot: Wed 10:00}", "", 1),
			"  lee: {name: Lee, email: lee@example.com, calendar: office, zone: Europe/Berlin}\n", "", 1)), 0o600),
	)
	_, err = a.Roster.Load() // has stood long enough
	must(err)
	must(a.Watch(ctx))
	kept, err := a.Store.Channels(ctx, "")
	must(err)
	if len(s.Channels()) != 2 || len(kept) != 2 || kept[0].Owner.ID != "mia" || kept[1].Owner.ID != "raj" {
		t.Errorf("lee left; open %v, kept %d", s.Channels(), len(kept))
	}
	a.Settings.URL = ""
	must(a.Watch(ctx))
	if kept, err = a.Store.Channels(ctx, ""); err != nil || len(s.Channels())+len(kept) != 0 {
		t.Errorf("no URL any more; open %v, kept %d, %v", s.Channels(), len(kept), err)
	}
}

// Who is slow to say what they want keeps the daemon neither from stopping nor from ending its round.
func TestPushOfTheSlow(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	s, a := workspace(t, fmt.Sprintf("web: {listen: %q, url: http://%[1]s}", address))
	s.Configure(func(b *googletest.Behavior) { b.PlainHTTP = true })
	rounds, done := make(chan reconcile.Round, 100), make(chan error, 1)
	a.o.Round = func(r reconcile.Round) { rounds <- r }
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- a.Run(ctx, nil) }()
	<-rounds
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(
		c,
		"POST /google/push HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx",
	); err != nil {
		t.Fatal(err)
	}
	if a, err := own.Get("http://" + address); err != nil || a.Body.Close() != nil { // by now the other is there too
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Who asks for a round has all calendars read, also where one is waiting to begin for another reason.
func TestSignalBesideAPoll(t *testing.T) {
	s, a := workspace(t, "web: {url: https://holdfast.example.com}")
	ctx, now := t.Context(), a.o.Clock()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	q, err := NewQueue(
		ctx,
		a.Settings.Database,
		a,
		QueueOptions{Poll: time.Hour, Watch: time.Hour, Clock: a.o.Clock, Trouble: func(error) {}},
	)
	must(err)
	defer func() { must(q.Stop(ctx)) }()
	for _, id := range []string{"mia", "raj", "lee"} {
		must(
			a.Store.SetChannel(
				ctx,
				provider.Channel{
					ID:       id,
					Owner:    series.Person{ID: id},
					Opened:   now,
					Expires:  now.Add(time.Hour),
					Resource: "r",
					Heard:    now,
					Address:  a.Settings.URL + pushPath,
				},
			),
		)
	}
	must(a.Round(ctx, "start"))
	s.Reset()
	must(a.Round(ctx, "poll"))
	if n := len(s.Requests()); n > 0 {
		t.Fatalf("%d requests, and nothing was due", n)
	}
	a.wake(ctx, q, "poll")
	a.wake(ctx, q, "signal") // is one round with the other
	must(a.Round(ctx, "poll"))
	for _, who := range []string{"mia@example.com", "raj@example.com", "lee@example.com"} {
		if !slices.ContainsFunc(s.Requests(), func(r googletest.Request) bool { return r.User == who }) {
			t.Error(who, "was not asked")
		}
	}
}

// A channel of a calendar that the settings no longer have is forgotten once it has ended: nobody can stop it.
func TestPushOfACalendarThatIsGone(t *testing.T) {
	_, a := workspace(t, "web: {url: https://holdfast.example.com}")
	now := a.o.Clock()
	ann := series.Person{ID: "ann", Email: "ann@example.com", Calendar: "closed"}
	for id, expires := range map[string]time.Time{"ended": now.Add(-time.Second), "open": now.Add(time.Hour)} {
		if err := a.Store.SetChannel(
			t.Context(),
			provider.Channel{ID: id, Owner: ann, Opened: now.Add(-time.Hour), Expires: expires, Resource: "r"},
		); err != nil {
			t.Fatal(err)
		}
	}
	a.push = a.pusher(nil)
	if _, err := a.Roster.Load(); err != nil {
		t.Fatal(err)
	}
	if err := a.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := a.Store.Channels(t.Context(), "ann")
	if err != nil || len(kept) != 1 || kept[0].ID != "open" {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// The doctor tells whether push notifications come, by what came of the channels, and where there are none by trying.
func TestDoctorOnPush(t *testing.T) {
	s, a := workspace(t, "web: {url: http://127.0.0.1:9}")
	mia := series.Person{ID: "mia", Email: "mia@example.com", Calendar: "office"}
	ch := provider.Channel{
		ID:       "x",
		Owner:    mia,
		Address:  "http://127.0.0.1:9/google/push",
		Opened:   a.o.Clock().Add(-time.Hour),
		Expires:  a.o.Clock().Add(time.Hour),
		Resource: "r",
	}
	for _, x := range []struct {
		change func()
		ok     bool
		text   string
	}{
		{func() {}, false, "push.webhookUrlNotHttps"},
		{func() { s.Configure(func(b *googletest.Behavior) { b.PlainHTTP = true }) }, true, "once the daemon runs"},
		{func() {
			if err := a.Store.SetChannel(t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}, false, "none came"},
		{func() {
			ch.Heard = a.o.Clock()
			if err := a.Store.SetChannel(t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}, true, "Google sends push notifications; the last came"},
		{func() { a.Settings.URL = "" }, true, "off: no web.url; the calendar is read every 5m"},
	} {
		x.change()
		found, err := a.Examine(t.Context(), mia)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(found, func(f provider.Finding) bool { return f.Check == "push" })
		if i < 0 || found[i].OK != x.ok || !strings.Contains(found[i].Text, x.text) || !x.ok && found[i].Hint == "" {
			t.Errorf("want %v, %s; found %+v", x.ok, x.text, found)
		}
	}
	if len(s.Channels()) != 0 {
		t.Errorf("left open: %v", s.Channels())
	}
}

// A calendar is read seldom only where messages are known to come through.
func TestHowOften(t *testing.T) {
	_, a := workspace(t, "web: {url: https://holdfast.example.com}")
	now := a.o.Clock()
	a.o.Clock = func() time.Time { return now }
	mia := series.Person{ID: "mia", Email: "mia@example.com", Calendar: "office"}
	last := series.Packed{At: now}
	every := func() time.Duration {
		t.Helper()
		for d := a.Poll(); ; d += a.Poll() {
			now = last.At.Add(d)
			if err := a.looks(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			if a.Reconciler.Due(mia, last) || d > time.Hour {
				return d
			}
		}
	}
	ch := provider.Channel{
		ID:       "x",
		Owner:    mia,
		Address:  "https://elsewhere.example.com/google/push",
		Opened:   now,
		Expires:  now.Add(time.Hour),
		Resource: "r",
	}
	for _, x := range []struct {
		why      string
		change   func()
		min, max time.Duration
	}{
		{"no channel", func() {}, 5 * time.Minute, 5 * time.Minute},
		{"a channel that was never heard of", func() {}, 5 * time.Minute, 5 * time.Minute},
		{"one that leads elsewhere", func() { ch.Heard = now }, 5 * time.Minute, 5 * time.Minute},
		{"one that works", func() { ch.Address = "https://holdfast.example.com/google/push" }, 20 * time.Minute, 40 * time.Minute},
		{"one that ended", func() { ch.Expires = now.Add(-time.Second) }, 5 * time.Minute, 5 * time.Minute},
	} {
		if x.why != "no channel" {
			x.change()
			if err := a.Store.SetChannel(t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}
		if got := every(); got < x.min || got > x.max {
			t.Errorf("%s: read every %v", x.why, got)
		}
		now = last.At
	}
	ch.Expires = now.Add(time.Hour)
	if err := a.Store.SetChannel(t.Context(), ch); err != nil {
		t.Fatal(err)
	}
	a.changed.Store("mia", true)
	if err := a.looks(t.Context(), false); err != nil || !a.Reconciler.Due(mia, last) || a.Reconciler.Due(mia, last) {
		t.Errorf("a push notification is one reading: %v", err)
	}
	if err := a.looks(t.Context(), true); err != nil || !a.Reconciler.Due(mia, last) {
		t.Errorf("a signal looks everywhere: %v", err)
	}
}

// BenchmarkPush is how long it takes from an edit at Google until its flag is in the journal, by push notification. The
// fake sends its notification at once; Google itself takes a second or two.
func BenchmarkPush(b *testing.B) {
	const plenty = 1_000_000 // a minute: to book everybody is no part of it
	budget := google.DefaultBudget
	google.DefaultBudget = google.Budget{Project: plenty, User: plenty}
	b.Cleanup(func() { google.DefaultBudget = budget })
	for _, pairs := range []int{8, 800, 10_000} {
		b.Run(fmt.Sprint(pairs, "Pairs"), func(b *testing.B) {
			quota := googletest.Quota{PerProject: plenty, PerUser: plenty}
			s, a := companyUnder(b, quota, b.TempDir(), pairs, "web: {url: https://holdfast.example.com, listen: 127.0.0.1:0}")
			defer a.Close()
			rounds, done := make(chan reconcile.Round, 1000), make(chan error, 1)
			a.o.Round = func(r reconcile.Round) { rounds <- r }
			ctx, cancel := context.WithCancel(b.Context())
			go func() { done <- a.Run(ctx, nil) }()
			defer func() {
				cancel()
				if err := <-done; err != nil {
					b.Error(err)
				}
			}()
			first := <-rounds
			for range 100 {
				if len(s.Channels()) == pairs+pairs/reports {
					break
				}
				if err := a.Watch(ctx); err != nil {
					b.Fatal(err)
				}
			}
			s.AutoPush(&http.Client{Transport: handled{a.push}})
			e, n := first.Views[0].Head(), 0
			for b.Loop() {
				b.StopTimer() // an edit that comes alone
				<-time.After(google.DefaultDebounce)
				b.StartTimer()
				n++
				at := e.Start.AddDate(0, 0, 14)
				if err := s.Hands("m0@example.com").Move(e.ID, at, at.Add(time.Duration(1+n%2)*time.Hour)); err != nil {
					b.Fatal(err)
				}
				for r := range rounds {
					if len(r.Edges.Opened)+len(r.Edges.Changed) > 0 {
						break
					}
				}
			}
		})
	}
}
