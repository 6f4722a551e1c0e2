package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/setup"
	"holdfast/internal/channel/webhook"
	"holdfast/internal/link"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/roster"
	"holdfast/internal/series"
	"holdfast/internal/settings"
	"holdfast/internal/wire"
)

// mail is the channel of whoever wishes no other.
const mail = "mail"

// messages is what hands notices over, and to whom.
type messages struct {
	*outbox.Outbox
	writer outbox.Writer
	ways   *setup.Channels

	mu      sync.Mutex
	sources string // what readers were made of
	readers map[string]outbox.Reader
}

// openMessages makes the outbox of the settings; none where they name nobody to be told by. Senders take the place of
// the settings' channels where they are given.
func (a *App) openMessages(senders map[string]channel.Sender) {
	n := a.Settings.Notify
	if !a.Tells() {
		return
	}
	m := &messages{ways: setup.Open(n, a.o.Clock)}
	if senders == nil {
		senders = m.ways.People
	}
	senders = maps.Clone(senders)
	for name, s := range senders {
		senders[name] = a.metrics.Sender(name, s)
	}
	for _, w := range m.ways.Admins {
		if senders[adminID(w)] = w.Sender; w.To != "" {
			senders[adminID(w)] = senders[mail]
		}
	}
	for i, h := range m.ways.Webhooks {
		senders[hookID(i)] = hook{h}
	}
	m.writer = outbox.Writer{
		Person: a.person,
		Left:   func(ctx context.Context) (reconcile.Left, error) { return a.Store.Left(ctx, "", false) },
		Causes: func(all map[reconcile.Subject]reconcile.Outage) map[string][]reconcile.Subject {
			return outbox.Causes(all, a.calendarOf)
		},
		ReplyTo: n.Mail != nil && n.Mail.ReplyTo,
	}
	if a.Settings.URL != "" {
		m.writer.Link, m.writer.URL = a.linkTo, a.Settings.URL
	}
	m.Outbox = outbox.New(outbox.Options{
		Journal: a.Store,
		Readers: a.Readers,
		Senders: senders,
		Write:   a.write,
		Operational: func(r reconcile.Round) []notify.Matter {
			return outbox.Operational(r, a.calendarOf, a.consents)
		},
		Clock: a.o.Clock,
		Log:   a.o.Log,
	})
	a.messages = m
}

// write says the notice: to a machine as JSON.
func (a *App) write(ctx context.Context, now time.Time, n notify.Notice, r outbox.Reader, f ledger.Facts) (
	outbox.Letter, error) {
	if !r.Machine {
		return a.messages.writer.Write(ctx, now, n, r, f)
	}
	left, err := a.messages.writer.Left(ctx)
	if err != nil {
		return outbox.Letter{}, err
	}
	if len(n.Items) != 1 {
		return outbox.Letter{}, fmt.Errorf("an event of %d things", len(n.Items))
	}
	item := n.Items[0]
	item.ID = cmp.Or(item.ID, n.ID) // of a test
	text, err := json.Marshal(wire.EventOf(item, left, a.messages.writer.Causes(left.Outages)))
	return outbox.Letter{Text: string(text)}, err
}

func adminID(w setup.Admin) string { return admins + ":" + w.Name }

func hookID(i int) string { return fmt.Sprintf("webhook:%d", i) }

// hook sends a webhook's events.
type hook struct{ *webhook.Hook }

// Send is channel.Sender's; the message's text is JSON.
func (h hook) Send(ctx context.Context, m channel.Message) (channel.Sent, error) {
	return channel.Sent{}, h.Post(ctx, m.ID, []byte(m.Text))
}

// person is somebody of the last good roster.
func (a *App) person(id string) (series.Person, bool) {
	p, ok := a.members().byID[id]
	return p, ok
}

// calendarOf is the settings' calendar that the person's is in; "" where the roster does not have them.
func (a *App) calendarOf(id string) string {
	p, _ := a.person(id)
	return p.Calendar
}

// consents reports whether the person themselves gave the consent by which their calendar is read.
func (a *App) consents(id string) bool {
	c, ok := a.Settings.Calendars[a.calendarOf(id)].Config.(settings.Google)
	return ok && c.OAuthClient != ""
}

// Readers are all to whom notices may go, by id.
func (a *App) Readers(now time.Time) (map[string]outbox.Reader, error) {
	if a.messages == nil {
		return nil, nil
	}
	today := series.DateOf(now.UTC())
	sources, _ := a.Roster.Seen()
	sources += today.String()
	m := a.messages
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.readers != nil && m.sources == sources {
		return m.readers, nil
	}
	r, ok := a.Roster.Good()
	if !ok {
		loaded, err := a.Roster.Load()
		if len(loaded.People) == 0 {
			return nil, err
		}
		r = loaded
		sources = ""
	}
	m.readers, m.sources = a.readers(r, today), sources
	return m.readers, nil
}

// readers are those of the roster, and the admins' channels.
func (a *App) readers(r roster.Roster, today series.Date) map[string]outbox.Reader {
	from, to := roster.Window(today)
	people := r.Persons(from, to, a.Settings.Holidays)
	out := map[string]outbox.Reader{}
	manages, zones := map[string]bool{}, map[string]int{}
	for _, p := range r.Pairs {
		manages[p.Manager] = true
	}
	for _, p := range r.People {
		zones[p.Zone]++
		n := r.Notices[p.ID]
		via := n.Via
		if via == nil {
			via = []roster.Via{{Channel: mail}}
		}
		x := outbox.Reader{
			Reader: notify.Reader{
				Person:  people[p.ID],
				Digest:  n.Digest == roster.On || n.Digest == roster.Unsaid && manages[p.ID],
				Prepare: n.Prepare == roster.On,
			},
			Addresses: map[string]string{mail: p.Email, "slack": cmp.Or(n.Slack, p.Email), "google-chat": p.Email},
			Hours:     map[string]series.Window{},
		}
		maps.DeleteFunc(x.Addresses, func(channel, _ string) bool { return !a.Settings.Notify.Serves(channel) })
		if len(via) == 0 {
			x.Channels = []string{}
		}
		for _, v := range via {
			if a.Settings.Notify.Serves(v.Channel) {
				x.Channels = append(x.Channels, v.Channel)
				x.Hours[v.Channel] = v.Hours
			}
		}
		out[p.ID] = x
	}
	// The admins' clock is the one that most people have.
	zone := "UTC"
	for z, n := range zones {
		if n > zones[zone] || n == zones[zone] && z < zone {
			zone = z
		}
	}
	for _, w := range a.messages.ways.Admins {
		id := adminID(w)
		out[id] = outbox.Reader{
			Reader: notify.Reader{
				Person:   series.Person{ID: id, Zone: zone},
				Channels: []string{id},
				Hears:    notify.Operational,
			},
			Addresses: map[string]string{id: cmp.Or(w.To, w.Name)},
		}
	}
	for i, w := range a.Settings.Notify.Webhooks {
		id, kinds := hookID(i), w.Kinds
		if len(kinds) == 0 {
			kinds = settings.WebhookKinds
		}
		x := notify.Reader{Person: series.Person{ID: id, Zone: "UTC"}, Channels: []string{id}, Machine: true}
		for _, k := range kinds {
			x.Hears = append(x.Hears, notify.Kinds(k)...)
		}
		out[id] = outbox.Reader{Reader: x, Addresses: map[string]string{id: w.URL}}
	}
	return out
}

// Notices is Steps'.
func (a *App) Notices(ctx context.Context) (due []outbox.Job, next time.Time) {
	if a.messages == nil {
		return nil, time.Time{}
	}
	due, err := a.messages.Due(ctx)
	if ctx.Err() == nil {
		a.trouble("notices", err)
	}
	return due, a.messages.Next()
}

// Send is Steps'.
func (a *App) Send(ctx context.Context, j outbox.Job) time.Duration {
	if a.messages == nil {
		return 0
	}
	again, err := a.messages.Send(ctx, j)
	if ctx.Err() == nil {
		a.trouble("sending", err)
	}
	return again
}

// told has what a round left sent to those whom it concerns.
func (a *App) told(ctx context.Context, r reconcile.Round, roster bool) error {
	if a.messages == nil {
		return nil
	}
	if roster {
		a.messages.LookAtAll()
	}
	return a.messages.After(ctx, r)
}

// linkTo is the address of a link in a message; "" where there is no key to make it by.
func (a *App) linkTo(x link.Act) string {
	keys, err := a.linkKeys()
	if err != nil {
		a.trouble("links", err)
		return ""
	}
	return a.Settings.URL + linkPath(x) + keys.Token(x)
}

func linkPath(x link.Act) string {
	if x.Do == link.Stop {
		return "/stop/"
	}
	return "/act/"
}

// linkKeys are those of the file beside the journal.
func (a *App) linkKeys() (link.Keys, error) {
	return link.Load(a.Settings.Database+".links", a.o.Clock())
}

// Tells reports whether the settings name anything by which somebody is told.
func (a *App) Tells() bool {
	n := a.Settings.Notify
	return a.o.Senders != nil || n.Mail != nil || n.Slack != nil || n.GoogleChat != nil ||
		len(n.Admins)+len(n.Webhooks) > 0
}

// Noticed is outbox.Look's, of those readers alone of whom something may be wanted: of a person, of the two of a pair
// and of admins' channels, of all with "".
func (a *App) Noticed(ctx context.Context, of string, since time.Time) ([]outbox.Entry, error) {
	now, readers := a.o.Clock(), map[string]outbox.Reader{}
	manager, report, pair := strings.Cut(of, "/")
	var names []string
	if of != "" && of != admins {
		names = []string{manager, report}
	}
	if a.messages != nil {
		all, err := a.Readers(now)
		if err != nil {
			return nil, err
		}
		for id, r := range all {
			if of == "" || id == manager || id == report || (pair || of == admins) && len(r.Hears) > 0 {
				readers[id] = r
			}
		}
	}
	return outbox.Look(ctx, a.Store, readers, names, now, since, func(reader string, p series.Pair) bool {
		return of == "" || reader == of || p.String() == of || of == admins && strings.HasPrefix(reader, admins+":")
	})
}

// admins are whom messages about the daemon itself go to.
const admins = "admins"

// Preview are the messages that would go out now. Their links do nothing.
func (a *App) Preview(ctx context.Context) ([]outbox.Draft, error) {
	if a.messages == nil {
		return nil, nil
	}
	w := a.messages.writer
	if w.Link != nil {
		w.Link = func(x link.Act) string { return a.Settings.URL + linkPath(x) + "…" }
	}
	return a.messages.Outbox.Preview(ctx, w)
}

// ReadersOf are those that the name of a person, or "admins", stands for, by id; none where they are told nothing.
func (a *App) ReadersOf(name string) ([]outbox.Reader, error) {
	if a.messages == nil {
		return nil, nil
	}
	all, err := a.Readers(a.o.Clock())
	if err != nil {
		return nil, err
	}
	var out []outbox.Reader
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if id == name || name == admins && strings.HasPrefix(id, admins+":") {
			out = append(out, all[id])
		}
	}
	return out, nil
}

// TestMessage is outbox.Outbox.Test's.
func (a *App) TestMessage(ctx context.Context, r outbox.Reader, anyhow bool) ([]outbox.Try, notify.Waiting, error) {
	return a.messages.Test(ctx, r, anyhow)
}

// Unreached are the ids of people who want to be told, and whom no channel reaches.
func (a *App) Unreached(ctx context.Context) ([]string, error) {
	if a.messages == nil {
		return nil, nil
	}
	return a.messages.Unreached(ctx)
}

// Digests are how many people get the week ahead by mail.
func (a *App) Digests() (n int, err error) {
	if a.messages == nil {
		return 0, nil
	}
	all, err := a.Readers(a.o.Clock())
	for _, r := range all {
		if r.Digest && len(r.Channels) > 0 && r.Channels[0] == mail {
			n++
		}
	}
	return n, err
}
