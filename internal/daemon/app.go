// Package daemon wires the program up for one settings file and runs it: once, or round after round.
package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
	"holdfast/internal/live"
	"holdfast/internal/metrics"
	"holdfast/internal/provider/google"
	"holdfast/internal/reconcile"
	"holdfast/internal/roster"
	"holdfast/internal/series"
	"holdfast/internal/settings"
	"holdfast/internal/signin"
	"holdfast/internal/store"
	"holdfast/internal/tzdata"
	"holdfast/internal/yamlpos"
)

// Options are what an App needs beside its settings file.
type Options struct {
	Config   string // path of holdfast.yaml
	Clock    clock.Clock
	Log      zerolog.Logger
	Progress func(what string, done, of int)
	// Round is told of every round of Run. It may be nil.
	Round func(reconcile.Round)
	// Reading: the journal is only read, and none is made where there is none.
	Reading bool
	// Poll overrides the poll interval of the settings.
	Poll time.Duration
	// Senders take the place of the channels that the settings name for people. It may be nil.
	Senders map[string]channel.Sender
	// Listener takes the place of one at web.listen. It may be nil.
	Listener net.Listener
	// Version is the program's.
	Version string
	// Pages are handlers of the caller's own, by pattern, given how people sign in. It may be nil.
	Pages func(*signin.SignIn) map[string]http.Handler
}

// App is the program for one settings file.
type App struct {
	Settings   settings.Settings
	Roster     *roster.Source
	Store      *store.Store
	Reconciler *reconcile.Reconciler

	o          Options
	out        outages
	http       *http.Client
	private    map[string]*http.Client   // of calendars of the settings that have a ca_file
	push       *google.Push              // set by Run
	arrange    func()                    // asks for Watch; set by Run
	debounce   time.Duration             // of push; 0 is its own
	changed    sync.Map                  // ids of people of whose calendars a push notification came
	settles    atomic.Pointer[time.Time] // when the roster has stood long enough for what waits; nil: nothing waits
	asked      sync.Map                  // why rounds were asked for since the last one began
	messages   *messages                 // nil: nobody is told anything
	sweep      func(context.Context)     // ends streams of those who left the roster; set by Run where there are pages
	look       func()                    // has notices looked for that are due; set by Run
	swept      string                    // digest of the roster of the last sweep
	hub        live.Hub                  // says which 1:1s a round changed
	made       made
	everybody  atomic.Pointer[members]
	metrics    *metrics.Metrics
	health     metrics.Health
	unwritable atomic.Bool // the last round could not be recorded

	mu       sync.Mutex
	open     map[string]opened          // by person id
	accounts map[string]account         // at Google, by calendar
	projects map[string]*google.Project // by endpoint and project
}

// New reads the settings. It opens nothing but them; see Open.
func New(o Options) (*App, error) {
	s, err := settings.Load(o.Config)
	if err != nil {
		return nil, err
	}
	private := map[string]*http.Client{}
	for name, c := range s.Calendars {
		if dav, ok := c.Config.(settings.CalDAV); ok && dav.Roots != nil {
			private[name] = client(dav.Roots)
		}
	}
	return &App{
		Settings: s,
		Roster:   roster.NewSource(s.Dir, s.Roster, s.CalendarNames()),
		o:        o,
		open:     map[string]opened{},
		accounts: map[string]account{},
		projects: map[string]*google.Project{},
		http:     client(nil),
		private:  private,
	}, nil
}

// client trusts the certificate authorities of roots, nil for the machine's. It follows no redirect.
func client(roots *x509.CertPool) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &http.Client{
		Transport:     transport,
		Timeout:       2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Open reads the settings and opens the journal.
func Open(ctx context.Context, o Options) (*App, error) {
	a, err := New(o)
	if err != nil {
		return nil, err
	}
	if a.Store, err = store.Open(ctx, "sqlite:"+a.Settings.Database, o.Clock,
		store.Options{Reading: o.Reading, KeepDays: a.Settings.KeepDays}); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	a.metrics = metrics.New(metrics.Options{
		Version:    o.Version,
		Calendars:  slices.Sorted(maps.Keys(a.Settings.Calendars)),
		CalendarOf: a.calendarOf,
		Journal:    a.Settings.Database,
	})
	zoneData, _ := tzdata.Releases()
	a.Reconciler = reconcile.New(
		reconcile.Options{
			Org:       a.Settings.Org,
			Roster:    a.Desired,
			Sources:   a.sources,
			Open:      a.calendar,
			Journal:   a.Store,
			Documents: documents{a},
			Full:      fullEvery,
			Policy:    a.Settings.Policy,
			ZoneData:  zoneData.Version,
			Clock:     o.Clock,
			Log:       o.Log,
			Progress:  o.Progress,
		},
	)
	a.openMessages(o.Senders)
	return a, nil
}

// Close releases what Open took.
func (a *App) Close() error {
	if a.Reconciler != nil {
		a.Reconciler.Close()
	}
	if a.messages != nil {
		a.messages.ways.Close()
	}
	a.http.CloseIdleConnections()
	for _, c := range a.private {
		c.CloseIdleConnections()
	}
	if a.Store == nil {
		return nil
	}
	return a.Store.Close()
}

// Warnings are what settings and roster say that works, and yet may not be what is meant or should not stay so. Of the
// roster they are those of the last good one that was read.
func (a *App) Warnings() yamlpos.Problems {
	out := slices.Clone(a.Settings.Warnings)
	if r, ok := a.Roster.Good(); ok {
		out = append(out, r.Warnings(series.DateOf(a.o.Clock().UTC()))...)
		out = append(out, r.Unserved(a.Settings.Notify.Serves)...)
		out = append(out, a.Settings.Web.UnknownAdmins(func(id string) bool {
			return slices.ContainsFunc(r.People, func(p roster.Person) bool { return p.ID == id })
		})...)
	}
	return out
}

// Desired is what the roster wants now; where it is broken, what the last good one wants, with the problems.
func (a *App) Desired(now time.Time) (reconcile.Desired, error) {
	r, problems := a.Roster.Steady(now)
	if problems != nil && len(r.People) == 0 {
		return reconcile.Desired{}, problems
	}
	today := series.DateOf(now.UTC())
	d := reconcile.Desired{Problems: problems, People: map[string]series.Person{}}
	seen, more := a.Roster.Seen()
	d.Sources, d.More = a.Settings.Digest+seen, more
	from, to := roster.Window(today)
	d.Series = r.Series(a.Settings.Org, from, to, a.Settings.Holidays)
	sharing := map[string][]string{}
	for _, p := range r.People {
		d.People[p.ID] = p.Person
		if c, ok := a.Settings.Calendars[p.Calendar]; ok && !c.Config.PerPerson() {
			sharing[p.Calendar] = append(sharing[p.Calendar], p.ID)
		}
	}
	var shared yamlpos.Problems
	for name, ids := range sharing {
		if len(ids) > 1 {
			shared.Add(
				a.Settings.Calendars[name].Pos,
				"calendar "+name,
				"%d people would share the one calendar that its account leads to (%s, %s …): "+
					"name each person's with calendar: /path/{person.id}/, or let each log in with username: \"{person.id}\"",
				len(ids),
				ids[0],
				ids[1],
			)
		}
	}
	if len(shared) > 0 {
		return reconcile.Desired{}, shared.Err()
	}
	return d, nil
}

// sources is reconcile.Desired's, of the roster's files as they are.
func (a *App) sources(more string) string { return a.Settings.Digest + a.Roster.Digest(more) }

// Poll is how often calendars are read: the shortest wish of the settings.
func (a *App) Poll() time.Duration {
	if a.o.Poll > 0 {
		return a.o.Poll
	}
	poll := settings.LongestPoll
	for _, c := range a.Settings.Calendars {
		poll = min(poll, c.Poll)
	}
	return max(poll, time.Second)
}
