package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/api"
	"holdfast/internal/channel"
	"holdfast/internal/drift"
	"holdfast/internal/feed"
	"holdfast/internal/metrics"
	"holdfast/internal/notify"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/roster"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/store"
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

// signIn is how people sign in, by the settings.
func (a *App) signIn(show func(http.ResponseWriter, *http.Request, int, signin.Page)) signin.Options {
	o := signin.Options{
		URL:      a.Settings.URL,
		Org:      a.Settings.Org,
		Proxies:  a.Settings.Web.Proxies,
		Journal:  a.Store,
		Sessions: a.Store.Sessions(signin.Whose),
		People:   func() map[string]series.Person { return a.members().byID },
		Refused:  a.refused,
		Show:     show,
		Clock:    a.o.Clock,
		Log:      a.o.Log,
	}
	for _, x := range a.Settings.Web.Admins {
		o.Admins = append(o.Admins, x.V)
	}
	if x := a.Settings.Web.SignIn.OIDC; x != nil {
		o.OIDC = &signin.OIDC{
			Issuer:     x.Issuer,
			ClientID:   x.ClientID,
			Secret:     x.Secret.Text,
			Claim:      x.Claim,
			TrustEmail: x.TrustEmail,
		}
	}
	if a.Settings.Web.SignIn.Mail && a.messages != nil {
		o.Mail = a.mailSignIn
	}
	return o
}

// refused has admins told of an account that claims to be a person's and is not: once a day, however often it tries.
func (a *App) refused(ctx context.Context, r access.Refused) {
	a.o.Log.Warn().Str("person", r.Person).Str("reason", string(r.Reason)).Msg("an account does not sign in")
	if a.messages == nil || r.Person == "" {
		return
	}
	now := a.o.Clock()
	m := notify.Matter{
		Kind:    notify.Account,
		Key:     "account|" + series.DateOf(now.UTC()).String() + "|" + r.Person,
		Says:    r.Person,
		Changed: now,
	}
	if err := a.messages.Note(ctx, m); err != nil {
		a.trouble("notices", err)
	}
	a.look()
}

// mailSignIn sends a link to sign in by.
func (a *App) mailSignIn(ctx context.Context, to signin.Recipient, link, code string, until time.Time) error {
	sender := a.messages.Senders[mail]
	if sender == nil {
		return errors.New("no mail is set up")
	}
	m := say.Reader{Zone: to.Zone, Now: a.o.Clock()}.SignInMail(link, code, a.Settings.URL, until)
	_, err := sender.Send(ctx, channel.Message{
		ID:      "signin-" + rand.Text(),
		To:      to.Address,
		Subject: m.Subject,
		Text:    m.Text,
		HTML:    m.HTML,
	})
	return err
}

// TellOfLink has somebody know, by the first of their channels that takes it, that a link was made in the shell which
// signs in as them until then. It is for their safety: it waits for no hour. told is false where no channel took it.
func (a *App) TellOfLink(ctx context.Context, person string, until time.Time) (told bool, err error) {
	readers, err := a.ReadersOf(person)
	if err != nil || len(readers) == 0 {
		return false, err
	}
	r := readers[0]
	m := say.Reader{Zone: r.Person.Zone, Now: a.o.Clock()}.SignInMade(a.Settings.URL, until)
	for _, name := range r.Channels {
		_, err = a.messages.Senders[name].Send(ctx, channel.Message{
			ID:      "link-" + rand.Text(),
			To:      r.Addresses[name],
			Subject: m.Subject,
			Text:    m.Text,
			HTML:    m.HTML,
		})
		if err == nil {
			return true, nil
		}
	}
	return false, err
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

// asked does what people ask for on pages and by the API, while no round is made.
type asked struct {
	a *App
	q *Queue
}

// changed says at once that the pair's page is another, and has those told whom it concerns.
func (x asked) changed(pairs ...series.Pair) {
	x.a.hub.Publish(pairs...)
	x.q.Look()
}

// Do is act.Acts'.
func (x asked) Do(ctx context.Context, who act.Actor, r act.Request) (out act.Result, err error) {
	err = x.q.Alone(ctx, func(ctx context.Context) (err error) {
		out, err = x.a.acts().Do(ctx, who, r)
		return err
	})
	if out.Came != "" {
		x.changed(r.Pair)
	}
	if out.Round.At.IsZero() || err != nil {
		return out, err
	}
	return out, x.q.Wake(ctx, "act") // what stands of the pair is for a round of all to say
}

// Acknowledge is act.Acts'.
func (x asked) Acknowledge(ctx context.Context, who act.Actor, s act.Shown) error {
	return x.seen(ctx, who, s, x.a.acts().Acknowledge)
}

// Unacknowledge is act.Acts'.
func (x asked) Unacknowledge(ctx context.Context, who act.Actor, s act.Shown) error {
	return x.seen(ctx, who, s, x.a.acts().Unacknowledge)
}

func (x asked) seen(ctx context.Context, who act.Actor, s act.Shown,
	do func(context.Context, act.Actor, act.Shown) error) error {
	if err := do(ctx, who, s); err != nil {
		return err
	}
	look, err := x.a.Reconciler.LookAsLeft(ctx, who.Person)
	for _, f := range look.Flags {
		if f.ID() == s.Flag {
			x.changed(f.Pair)
		}
	}
	return err
}

// Allow is act.Acts'. What is let through is written by a round that begins at once.
func (x asked) Allow(ctx context.Context, who act.Actor, changes map[string]string) (until time.Time, err error) {
	until, err = x.a.acts().Allow(ctx, who, changes)
	if err == nil {
		err = x.q.Wake(ctx, "act")
	}
	return until, err
}

// ConfirmEmpty is act.Acts'.
func (x asked) ConfirmEmpty(ctx context.Context, who act.Actor, person string) error {
	err := x.a.acts().ConfirmEmpty(ctx, who, person)
	if err == nil {
		err = x.q.Wake(ctx, "act")
	}
	return err
}

// acts does what people ask for while the daemon runs; who calls it sees to it that no round is made meanwhile.
func (a *App) acts() act.Acts {
	out := act.Acts{Rounds: telling{a.Reconciler, a}, Journal: a.Store, Clock: a.o.Clock}
	if a.messages != nil {
		out.Notes = a.messages
	}
	return out
}

// telling makes rounds that are told of as those are which come by the clock.
type telling struct {
	*reconcile.Reconciler
	a *App
}

// OnceIf is act.Rounds'.
func (t telling) OnceIf(ctx context.Context, may func([]drift.Flag) error, asks ...plan.Ask) (reconcile.Round, error) {
	start := t.a.o.Clock()
	r, err := t.Reconciler.OnceIf(ctx, may, asks...)
	if no := (*act.Refused)(nil); errors.As(err, &no) {
		return r, err // there was none
	}
	t.a.note(ctx, r, "act", t.a.o.Clock().Sub(start), err)
	if err != nil {
		return r, err
	}
	if err := t.a.told(ctx, r, false); err != nil {
		return r, err
	}
	if t.a.o.Round != nil {
		t.a.o.Round(r)
	}
	return r, nil
}

// note has a round counted, listed and shown.
func (a *App) note(ctx context.Context, r reconcile.Round, reason string, took time.Duration, err error) {
	if err != nil {
		r.At = a.o.Clock() // there is no more of it
	}
	if broken := errors.Is(err, store.ErrTrouble); broken || err == nil {
		a.unwritable.Store(broken)
		a.metrics.Journal(err)
	}
	a.metrics.Round(r, reason, took, err)
	a.made.add(r, reason, took, err)
	if a.sweep != nil {
		if seen, _ := a.Roster.Seen(); seen != a.swept {
			a.swept = seen
			a.sweep(ctx) // who is out of the roster hears nothing of what this round changed
		}
	}
	if err == nil {
		a.hub.Publish(r.Changed...)
	}
}

// toldBy is how the roster has the person told.
func (a *App) toldBy(id string) web.Told {
	n, manages := a.good().Notices[id], false
	for _, p := range a.good().Pairs {
		manages = manages || p.Manager == id
	}
	out := web.Told{
		Digest:  n.Digest == roster.On || n.Digest == roster.Unsaid && manages,
		Prepare: n.Prepare == roster.On,
	}
	for _, v := range viaOf(n) {
		out.Channels = append(out.Channels, v.Channel)
	}
	return out
}

// viaOf are the channels that the roster names for somebody.
func viaOf(n roster.Notices) []roster.Via {
	if n.Via == nil {
		return []roster.Via{{Channel: mail}}
	}
	return n.Via
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
