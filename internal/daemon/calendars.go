package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast/internal/ical/recur"
	"holdfast/internal/prepdoc"
	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/signin"
	"holdfast/internal/series"
	"holdfast/internal/settings"
	"holdfast/internal/tzdata"
)

// opened is a person's calendar, ready to use.
type opened struct {
	who    [3]string // calendar, address and zone of the person
	polite provider.Calendar
	google *google.Calendar // nil elsewhere
	doctor func(context.Context) []provider.Finding
}

// account is who Holdfast is at Google for one calendar of the settings.
type account struct {
	project *google.Project
	client  func(series.Person) *http.Client
	app     *signin.App // nil with a service account
	vault   *signin.Vault
	docs    *prepdoc.Docs
	withDoc *signin.App // app, asking for the documents too
}

// calendar opens a person's calendar, and keeps it for as long as the person stays the same.
func (a *App) calendar(p series.Person) (provider.Calendar, error) {
	o, err := a.opened(p)
	return o.polite, err
}

// Examine tries whatever the daemon will need of the person's calendar. The error is of the settings.
func (a *App) Examine(ctx context.Context, p series.Person) ([]provider.Finding, error) {
	o, err := a.opened(p)
	if err != nil {
		return nil, err
	}
	found := o.doctor(ctx)
	if well := !slices.ContainsFunc(found, func(f provider.Finding) bool { return !f.OK }); well {
		found = slices.Insert(found, len(found)-1, a.examineEvents(ctx, p, o.polite)...)
	}
	documents, err := a.examineDocuments(ctx, p)
	return append(found, documents...), err
}

// examineEvents notes what the calendar's events say that is not known for certain. Nothing names an event but its
// start.
func (a *App) examineEvents(ctx context.Context, p series.Person, c provider.Calendar) []provider.Finding {
	seen, err := c.Observe(ctx, series.Packed{}, provider.Interest{Org: a.Settings.Org, Owner: p.Addresses()})
	if err != nil {
		return []provider.Finding{{Check: "read", Text: err.Error(), Hint: provider.HintOf(err)}}
	}
	var out []provider.Finding
	s := seen.Snapshot()
	unknown := slices.DeleteFunc(s.Busy, func(b series.Busy) bool { return !recur.Unknown(b) })
	slices.SortFunc(unknown, func(x, y series.Busy) int { return x.Start.Compare(y.Start) })
	var starts []string
	for _, b := range unknown[:min(len(unknown), 5)] {
		starts = append(starts, series.At(b.Start, p.Zone).Format("Mon 2 Jan 2006 15:04"))
	}
	if n := len(unknown); n > 0 {
		out = append(out, provider.Finding{
			Check: "rules",
			OK:    true,
			Note:  true,
			Text: fmt.Sprintf(
				"%d of its events repeat by a rule that cannot be read: of their times only the first is known, %s",
				n,
				strings.Join(starts, "; "),
			),
			Hint: "open them in a calendar app and save their repetition anew",
		})
	}
	for _, zone := range s.ZoneDoubts() {
		n := 0
		for _, o := range s.Objects {
			if slices.Contains(o.ZoneDoubts, zone) {
				n++
			}
		}
		out = append(out, provider.Finding{
			Check: "zones",
			OK:    true,
			Note:  true,
			Text: fmt.Sprintf("%d of its events have another clock for %s in the coming year than the zone data in use, %s",
				n, zone, tzdata.Described()),
			Hint: "one of the two is out of date: renew this machine's zone data (apt-get upgrade tzdata) and restart " +
				"Holdfast, or that of the calendar server and of the apps that wrote the events",
		})
	}
	return out
}

func (a *App) opened(p series.Person) (opened, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := [3]string{p.Calendar, p.Email, p.Zone}
	if o, ok := a.open[p.ID]; ok && o.who == who {
		return o, nil
	}
	c := a.Settings.Calendars[p.Calendar]
	open, ok := openers[c.Kind]
	if !ok {
		return opened{}, &provider.Error{
			Kind: provider.Permanent,
			Op:   "open",
			Err:  fmt.Errorf("the settings have no calendar %q", p.Calendar),
			Hint: "name one of holdfast.yaml's calendars at the person",
		}
	}
	o, err := open(a, c.Config, p)
	if err != nil {
		return opened{}, err
	}
	o.who = who
	a.open[p.ID] = o
	return o, nil
}

// openers open a person's calendar, by the kind that the settings have it as.
var openers = map[settings.Kind]func(*App, settings.Config, series.Person) (opened, error){
	settings.KindCalDAV: (*App).openCalDAV,
	settings.KindGoogle: (*App).openGoogle,
}

func (a *App) openCalDAV(c settings.Config, p series.Person) (opened, error) {
	server := c.(settings.CalDAV)
	account, err := server.For(p)
	if err != nil {
		return opened{}, &provider.Error{
			Kind: provider.Auth,
			Op:   "open",
			Err:  err,
			Hint: "put the password where password_file says",
		}
	}
	cal := caldav.Open(
		caldav.Options{
			HTTP:       cmp.Or(a.private[p.Calendar], a.http),
			URL:        account.URL,
			Username:   account.Username,
			Calendar:   account.Calendar,
			Headers:    account.Headers,
			Scheduling: account.Scheduling,
			Addresses:  p.Addresses(),
			Zone:       p.Zone,
			Org:        a.Settings.Org,
			Clock:      a.o.Clock,
			Log:        a.o.Log,
			Password:   server.PasswordOf(p),
		},
	)
	return opened{polite: a.polite(cal, p), doctor: cal.Doctor}, nil
}

func (a *App) openGoogle(c settings.Config, p series.Person) (opened, error) {
	g := c.(settings.Google)
	who, err := a.google(g)
	if err != nil {
		return opened{}, err
	}
	cal, err := who.project.Open(google.Account{Owner: p, HTTP: who.client(p), Meet: g.Meet, Rooms: g.Rooms})
	if err != nil {
		return opened{}, err
	}
	return opened{
		polite: a.polite(cal, p),
		google: cal,
		doctor: func(ctx context.Context) []provider.Finding {
			out := cal.Doctor(ctx)
			if !slices.ContainsFunc(out, func(f provider.Finding) bool { return !f.OK }) {
				out = slices.Insert(out, len(out)-1, a.examinePush(ctx, p, cal))
			}
			return out
		},
	}, nil
}

// googleOf is the Google that the person's calendar is at, if it is at one.
func (a *App) googleOf(p series.Person) (g settings.Google, ok bool) {
	return settings.ConfigOf[settings.Google](a.Settings, p.Calendar)
}

// project is the Google project that the credentials are of, made once: all its people share one quota, whatever
// calendar of the settings they are on.
func (a *App) project(g settings.Google, credentials []byte) *google.Project {
	key := g.Endpoint + " " + cmp.Or(signin.ProjectOf(credentials), "calendar "+g.Name)
	if a.projects[key] == nil {
		a.projects[key] = google.New(google.Options{Endpoint: g.Endpoint, Clock: a.o.Clock, Log: a.o.Log})
	}
	return a.projects[key]
}

// google is the account for a calendar of the settings, made once.
func (a *App) google(g settings.Google) (account, error) {
	if who, ok := a.accounts[g.Name]; ok {
		return who, nil
	}
	fail := func(err error, hint string) (account, error) {
		return account{}, &provider.Error{Kind: provider.Auth, Op: "open", Err: err, Hint: hint}
	}
	file, err := g.Credentials()
	if err != nil {
		return fail(err, "put the file there that the Google Cloud console gives")
	}
	who := account{project: a.project(g, file)}
	files := prepdoc.Scope
	if g.AllFiles {
		files = prepdoc.AllScope
	}
	docs := prepdoc.Options{Endpoint: g.Endpoint, Log: a.o.Log}
	if g.ServiceAccount != "" {
		s, err := signin.NewServiceAccount(file, []string{google.Scope}, a.http)
		if err != nil {
			return account{}, err
		}
		who.client, docs.Clients = s.Client, clients(s.Also(files).Client)
	} else {
		key, err := g.TokenKey()
		if err != nil {
			return fail(err, "make one: openssl rand -base64 32")
		}
		if who.vault, err = signin.NewVault([]byte(key.Reveal()), signin.Dir(g.Tokens)); err != nil {
			return account{}, err
		}
		if who.app, err = signin.NewApp(file, []string{google.Scope}, who.vault, a.http); err != nil {
			return account{}, err
		}
		if who.withDoc, err = signin.NewApp(file, []string{google.Scope, files}, who.vault, a.http); err != nil {
			return account{}, err
		}
		who.client, docs.Clients = who.app.Client, clients(who.withDoc.Client)
	}
	who.docs = prepdoc.New(docs)
	a.accounts[g.Name] = who
	return who, nil
}

// ConnectGoogle gets a person's consent: in a browser on this machine, or with paste, which is asked for the address at
// which a browser elsewhere ended up. show is given the address to open.
func (a *App) ConnectGoogle(
	ctx context.Context,
	p series.Person,
	show func(address string),
	paste func() (string, error),
) error {
	g, ok := a.googleOf(p)
	if !ok {
		return &provider.Error{
			Kind: provider.Permanent,
			Op:   "connect",
			Err:  fmt.Errorf("the calendar of %s is none at Google", p.ID),
			Hint: "name one of kind google at the person",
		}
	}
	who, err := a.google(g)
	if err != nil {
		return err
	}
	if who.app == nil {
		return &provider.Error{
			Kind: provider.Permanent,
			Op:   "connect",
			Err:  fmt.Errorf("calendar %s uses a service account: nobody need connect", g.Name),
			Hint: "`holdfast doctor` tells whether the delegation is as it must be",
		}
	}
	app := who.app
	if documented, err := a.documented(p); err != nil {
		return err
	} else if len(documented) > 0 {
		app = who.withDoc
	}
	if paste != nil {
		return app.ConnectByHand(ctx, p, show, paste)
	}
	return app.Connect(ctx, p, show)
}

// ForgetGoogle forgets what is kept of the person's consents, whoever's calendar they were for. The person need not be
// in the roster any more.
func (a *App) ForgetGoogle(ctx context.Context, person string) (err error) {
	for _, c := range a.Settings.Calendars {
		g, ok := c.Config.(settings.Google)
		if !ok {
			continue
		}
		if who, openErr := a.google(g); openErr != nil {
			err = errors.Join(err, openErr)
		} else if who.vault != nil {
			err = errors.Join(err, who.vault.Forget(ctx, person))
		}
	}
	return err
}
