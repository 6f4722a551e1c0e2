package daemon

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// pushPath is where push notifications come in, below web.url. What stands before it is the proxy's matter.
const pushPath = "/google/push"

// pushes reports whether Google is asked for push notifications.
func (a *App) pushes() bool {
	return a.Settings.URL != "" && slices.Contains(slices.Collect(maps.Values(a.Settings.CalendarNames())), true)
}

// pusher receives the push notifications of all calendars at Google: each leads to a round that reads the calendar at
// once.
func (a *App) pusher(wake func(reason string)) *google.Push {
	address := ""
	if a.pushes() {
		address = a.Settings.URL + pushPath
	}
	return google.NewPush(
		google.PushOptions{Address: address, Channels: a.Store, Debounce: a.debounce, Clock: a.o.Clock, Log: a.o.Log,
			Changed: func(person string) {
				a.changed.Store(person, true)
				wake("push")
			}},
	)
}

// hangUp is how long a request under way may take to end when the daemon stops.
const hangUp = time.Second

// serve answers at web.listen until stop is called: push notifications at their path, and pages.
func (a *App) serve(ctx context.Context, push, pages http.Handler) (stop func(context.Context) error, err error) {
	l := a.o.Listener
	if l == nil {
		if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.Settings.Listen); err != nil {
			return nil, fmt.Errorf("web.listen: %w", err)
		}
	}
	return a.listen(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, pushPath) {
			push.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})), nil
}

// listen answers at the listener until stop is called.
func (a *App) listen(l net.Listener, h http.Handler) (stop func(context.Context) error) {
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // streams have their own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 15,
		Handler:           h,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	a.o.Log.Info().Str("address", l.Addr().String()).Msg("listening")
	return func(ctx context.Context) error {
		soon, cancel := context.WithTimeout(ctx, hangUp)
		defer cancel()
		err := server.Shutdown(soon)
		if err != nil { // somebody is slow: the rest of the time is the round's
			err = server.Close()
		}
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
}

const (
	// channelsEvery is from one look after the channels to the next.
	channelsEvery = time.Hour
	// watchers is how many channels are opened at once.
	watchers = 8
	// watchPatience is how long opening one may take.
	watchPatience = 30 * time.Second
	// watchFailures is how many calendars may not answer until the rest waits for the next hour.
	watchFailures = 10
)

// Watch keeps channels for the calendars of the roster's people, and for nobody else's. Channels outlive the
// daemon: the next start finds them in the journal, while opening all of them anew at each would spend quota for
// nothing and leave gaps; those that nobody comes back for end by themselves within days.
func (a *App) Watch(ctx context.Context) error {
	now, ok := a.Roster.Good() // the round's: a change of it is the round's to find
	if !ok {
		return nil
	}
	kept, err := a.Store.Channels(ctx, "")
	if err != nil {
		return err
	}
	stays, leaves := map[string]series.Person{}, map[string]series.Person{}
	for _, p := range now.People {
		if _, ok := a.googleOf(p.Person); ok && a.pushes() {
			stays[p.ID] = p.Person
		}
	}
	for _, ch := range kept {
		_, known := a.googleOf(ch.Owner)
		switch _, ok := stays[ch.Owner.ID]; {
		case ok:
		case a.push.Over(ch):
			err = errors.Join(err, a.Store.DeleteChannel(ctx, ch.ID))
		case known: // else nobody can stop it, and it ends by itself
			leaves[ch.Owner.ID] = ch.Owner
		}
	}
	var failed failures
	failed.each(ctx, stays, func(ctx context.Context, p series.Person) error {
		o, err := a.opened(p)
		if err != nil {
			return err
		}
		return a.push.Keep(ctx, o.google)
	})
	failed.each(ctx, leaves, func(ctx context.Context, p series.Person) error {
		a.mu.Lock()
		o, err := a.openGoogle(a.Settings.Calendars[p.Calendar].Config, p)
		a.mu.Unlock()
		if err != nil {
			return err
		}
		return a.push.Leave(ctx, o.google)
	})
	if ctx.Err() == nil && failed.n > 0 {
		a.o.Log.Warn().
			Int("calendars", failed.n).
			Str("person", failed.person).
			AnErr("first", failed.err).
			Str("hint", provider.HintOf(failed.err)).
			Msg("push notifications cannot be had for some calendars; they are read by the clock")
	}
	return err
}

// failures are what went wrong with calendars, and the first of it.
type failures struct {
	mu     sync.Mutex
	n      int
	hung   int
	person string
	err    error
}

// each does something for every person, some at once, until too many calendars do not answer.
func (f *failures) each(
	ctx context.Context,
	people map[string]series.Person,
	do func(context.Context, series.Person) error,
) {
	jobs := make(chan series.Person)
	var wg sync.WaitGroup
	for range min(watchers, len(people)) {
		wg.Go(func() {
			for p := range jobs {
				inTime, cancel := context.WithTimeout(ctx, watchPatience)
				f.note(p.ID, do(inTime, p))
				cancel()
			}
		})
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		if ctx.Err() != nil || f.enough() {
			break
		}
		jobs <- people[id]
	}
	close(jobs)
	wg.Wait()
}

func (f *failures) note(person string, err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n++; f.n == 1 {
		f.person, f.err = person, err
	}
	if provider.KindOf(err) == provider.Transient {
		f.hung++
	}
}

func (f *failures) enough() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hung >= watchFailures
}

// looks says which calendars the round is to read: with whole, all of them; else those of which a push notification
// came and those whose time has come. It comes later where Google sends them: there it is for those that got lost.
func (a *App) looks(ctx context.Context, whole bool) error {
	kept, err := a.Store.Channels(ctx, "")
	if err != nil {
		return err
	}
	pushed, now, poll := map[string]bool{}, a.o.Clock(), a.Poll()
	for _, ch := range kept {
		pushed[ch.Owner.ID] = pushed[ch.Owner.ID] || a.works(ch, now)
	}
	a.Reconciler.Due = func(p series.Person, last series.Packed) bool {
		_, changed := a.changed.LoadAndDelete(p.ID)
		every := a.interval(p.Calendar, pushed[p.ID])
		return changed || whole || every <= poll || now.Sub(last.At) > vary(every, p.ID, last.At)-poll/2
	}
	return nil
}

// here reports whether the channel leads to where push notifications are received now.
func (a *App) here(ch provider.Channel) bool {
	return a.pushes() && ch.Address == a.Settings.URL+pushPath
}

// works reports whether the channel is open, leads here, and messages have come through it.
func (a *App) works(ch provider.Channel, now time.Time) bool {
	return a.here(ch) && !ch.Heard.IsZero() && ch.Expires.After(now)
}

// interval is from one look at a calendar to the next.
func (a *App) interval(calendar string, pushed bool) time.Duration {
	c := a.Settings.Calendars[calendar]
	switch {
	case a.o.Poll > 0:
		return a.o.Poll
	case pushed:
		return c.Pushed
	}
	return c.Poll
}

// vary is d give or take a quarter, another one for each calendar and each time: they are not all read at once then.
func vary(d time.Duration, person string, last time.Time) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(person + last.String()))
	return d - d/4 + time.Duration(h.Sum64()%uint64(d/2+1))
}

// examinePush tells whether Google sends push notifications when the person's calendar changes.
func (a *App) examinePush(ctx context.Context, p series.Person, c *google.Calendar) provider.Finding {
	f := provider.Finding{Check: "push", OK: true}
	now := a.o.Clock()
	var last provider.Channel
	for _, ch := range a.channels(ctx, p.ID) {
		if a.here(ch) && (a.works(ch, now) || !a.works(last, now)) {
			last = ch
		}
	}
	switch {
	case !a.pushes():
		f.Text = fmt.Sprintf("off: no web.url; the calendar is read every %s", short(a.interval(p.Calendar, false)))
	case a.works(last, now):
		f.Text = fmt.Sprintf(
			"Google sends push notifications; the last came %s",
			last.Heard.UTC().Format("2006-01-02 15:04 UTC"),
		)
	case last.ID != "" && last.Expires.After(now) && now.Sub(last.Opened) > reachable:
		f.OK, f.Text = false, "Google was asked to send push notifications to "+last.Address+", and none came"
		f.Hint = "see that the internet reaches web.url and that the proxy there passes " + pushPath + " on to " +
			a.Settings.Listen + " of the running daemon"
	default:
		if err := a.pusher(nil).Try(ctx, c); err != nil {
			return provider.Finding{Check: "push", Text: err.Error(), Hint: provider.HintOf(err)}
		}
		f.Text = "Google takes web.url; push notifications come once the daemon runs"
	}
	return f
}

// reachable is how long the first message of a channel may take.
const reachable = 5 * time.Minute

// channels are those of a person, as far as there is a journal.
func (a *App) channels(ctx context.Context, person string) []provider.Channel {
	if _, err := os.Stat(a.Settings.Database); a.Store == nil && err == nil {
		if a.Store, err = store.Open(ctx, "sqlite:"+a.Settings.Database, a.o.Clock, store.Options{}); err != nil {
			a.o.Log.Warn().Err(err).Msg("the journal cannot be read")
		}
	}
	if a.Store == nil {
		return nil
	}
	all, err := a.Store.Channels(ctx, person)
	if err != nil {
		a.o.Log.Warn().Err(err).Msg("push channels cannot be read")
	}
	return all
}

// short is a length of time without the zeroes at its end.
func short(d time.Duration) string {
	s := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, end) {
			s = s[:len(s)-2]
		}
	}
	return s
}
