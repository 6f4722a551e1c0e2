package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"holdfast/internal/access"
	"holdfast/internal/api"
	"holdfast/internal/feed"
	"holdfast/internal/metrics"
	"holdfast/internal/roster"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/web"
)

// pages are what browsers and programs ask the daemon for. What has to be done behind them ends with ctx.
func (a *App) pages(ctx context.Context, q *Queue, behind *sync.WaitGroup) (http.Handler, error) {
	show, err := web.ShowSignIn(a.Settings.URL, a.o.Log)
	if err != nil {
		return nil, err
	}
	in, err := signin.New(a.signIn(show))
	if err != nil {
		return nil, err
	}
	a.sweep = in.Sweep
	behind.Go(func() {
		if err := in.Run(ctx); ctx.Err() == nil {
			a.trouble("sign-in", err)
		}
	})
	sight := see.New(see.Options{
		Journal: a.Store,
		Person:  a.person,
		People:  func() []string { return a.members().ids },
		AllDay:  a.Settings.Policy.AllDay,
		Daemon:  inside{a, q},
		Clock:   a.o.Clock,
	})
	mux := http.NewServeMux()
	api.Mount(mux, api.Options{
		URL:     a.Settings.URL,
		Version: a.o.Version,
		See:     sight,
		Acts:    asked{a, q},
		Tokens:  a.Store,
		Person:  a.person,
		Hub:     &a.hub,
		Clock:   a.o.Clock,
		Log:     a.o.Log,
	})
	feed.Mount(mux, feed.Options{
		Journal: a.Store,
		Tokens:  a.Store,
		Person:  a.person,
		Clock:   a.o.Clock,
		Log:     a.o.Log,
	})
	mux.HandleFunc("GET /healthz", metrics.Alive)
	more := map[string]http.Handler{api.Path + "/": mux, feed.Path: mux, "/robots.txt": mux, "/healthz": mux}
	if a.o.Pages != nil {
		for pattern, handler := range a.o.Pages(in) {
			more[pattern] = handler
		}
	}
	o := web.Options{
		URL:        a.Settings.URL,
		Keys:       a.linkKeys,
		Clock:      a.o.Clock,
		Log:        a.o.Log,
		SignIn:     in,
		See:        sight,
		Deeds:      asked{a, q},
		Own:        wished{a.Store, a},
		Told:       a.toldBy,
		Channels:   a.tellingBy(),
		Zone:       func(id string) string { p, _ := a.person(id); return p.Zone },
		Changes:    &a.hub,
		Unwritable: a.unwritable.Load,
		More:       more,
		Count:      a.metrics.HTTP,
	}
	if a.messages != nil {
		o.Acts = linked{a, q}
	}
	return web.Handler(o)
}

// good is the last good roster.
func (a *App) good() roster.Roster {
	r, _ := a.Roster.Good()
	return r
}

// members are everybody of a roster.
type members struct {
	roster string // digest
	byID   map[string]series.Person
	ids    []string // in order
}

// members are everybody of the last good roster. Who asks shares it.
func (a *App) members() *members {
	seen, _ := a.Roster.Seen()
	if m := a.everybody.Load(); m != nil && m.roster == seen {
		return m
	}
	m := &members{roster: seen, byID: map[string]series.Person{}}
	for _, p := range a.good().People {
		m.byID[p.ID] = p.Person
		m.ids = append(m.ids, p.ID)
	}
	slices.Sort(m.ids)
	a.everybody.Store(m)
	return m
}

// wished is what people keep with Holdfast of their own: what they change of it counts at once.
type wished struct {
	web.Own
	a *App
}

// SetWishes is web.Own's.
func (o wished) SetWishes(ctx context.Context, person string, w access.Wishes) error {
	err := o.Own.SetWishes(ctx, person, w)
	if err == nil && o.a.messages != nil {
		o.a.messages.LookAtAll()
		o.a.look()
	}
	return err
}

// inside is what admins see of the daemon itself.
type inside struct {
	*App
	q *Queue
}

// Rounds is see.Daemon's.
func (i inside) Rounds() []see.RoundLine { return i.made.lines() }

// Queue is see.Daemon's.
func (i inside) Queue(ctx context.Context) (see.Queue, error) { return i.q.Jobs(ctx) }

// Problems is see.Daemon's.
func (i inside) Problems() []string {
	if p := i.made.problems(); p != "" {
		return strings.Split(p, "\n")
	}
	return nil
}

// toldBy is how the roster has the person told.
func (a *App) toldBy(id string) web.Told {
	all, err := a.Readers(a.o.Clock())
	a.trouble("readers", err)
	r := all[id]
	return web.Told{Channels: r.Channels, Digest: r.Digest, Prepare: r.Prepare}
}

// tellingBy are the names of the channels by which people can be told.
func (a *App) tellingBy() (names []string) {
	for _, name := range []string{mail, "slack", "google-chat"} {
		if a.o.Senders[name] != nil || a.Settings.Notify.Serves(name) {
			names = append(names, name)
		}
	}
	return names
}

// serveMetrics answers at web.metrics_listen until stop is called.
func (a *App) serveMetrics(ctx context.Context) (stop func(context.Context) error, err error) {
	if a.Settings.Web.MetricsListen == "" {
		return func(context.Context) error { return nil }, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.Settings.Web.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("web.metrics_listen: %w", err)
	}
	return a.listen(l, a.metrics.Handler(&a.health)), nil
}
