package google

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/api/calendar/v3"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// PushOptions say where Google sends push notifications, and what then happens.
type PushOptions struct {
	Address  string // the URL of Push's handler as Google sees it: https, with a certificate that the world trusts
	Channels provider.Channels
	Changed  func(person string) // the person's calendar has changed; called from goroutines of its own
	Debounce time.Duration       // from one Changed to the next for the same person; 0 is DefaultDebounce
	Clock    clock.Clock
	Log      zerolog.Logger
}

// Push keeps a channel open for each calendar, and is the http.Handler that Google posts to. Notifications get lost,
// come twice and out of order, and our own writes cause some too: each leads to a reading, and calendars are polled all
// the same.
type Push struct {
	o PushOptions

	changing sync.Mutex // held while what is kept of a channel changes

	mu      sync.Mutex
	waiting map[string]bool      // people for whom Changed will be called
	called  map[string]time.Time // when it was last, or will be
}

const (
	// DefaultDebounce keeps an app that saves while somebody drags an event from causing a reading each time.
	DefaultDebounce = 2 * time.Second
	// gatherFor is how long the notifications of one edit may take to come.
	gatherFor = 200 * time.Millisecond
)

// NewPush makes a Push. It opens nothing until Keep.
func NewPush(o PushOptions) *Push {
	if o.Debounce == 0 {
		o.Debounce = DefaultDebounce
	}
	return &Push{o: o, waiting: map[string]bool{}, called: map[string]time.Time{}}
}

// channelLife is how long a channel lives of which no end is told (reference of events.watch, params.ttl).
const channelLife = 7 * 24 * time.Hour

// Keep sees that the person's calendar has a channel that goes on. A new one is opened well before the old one ends, and
// the old one stopped after that. Call it now and then, an hour apart or less.
func (p *Push) Keep(ctx context.Context, c *Calendar) error {
	const op = "watch"
	all, err := p.o.Channels.Channels(ctx, c.a.Owner.ID)
	if err != nil {
		return c.fail(op, err)
	}
	now := p.o.Clock()
	for i, ch := range all {
		if p.fresh(ch, c.a.Owner, now) {
			return p.stop(ctx, c, slices.Delete(all, i, i+1))
		}
	}
	token := rand.Text()
	ch := provider.Channel{ID: rand.Text(), Owner: c.a.Owner, Address: p.o.Address, Token: sha256.Sum256([]byte(token)), Opened: now}
	if err := p.o.Channels.SetChannel(ctx, ch); err != nil { // before Google knows it: else nobody could stop it
		return c.fail(op, err)
	}
	answer, err := c.watch(ctx, &calendar.Channel{Id: ch.ID, Type: "web_hook", Address: p.o.Address, Token: token})
	if codeOf(err) != 0 { // refused, and so not open
		return errors.Join(c.fail(op, err), p.o.Channels.DeleteChannel(ctx, ch.ID))
	}
	if err != nil {
		return c.fail(op, err)
	}
	err = p.change(ctx, ch.ID, func(ch *provider.Channel) { // its first message may have come already
		ch.Resource, ch.Expires = answer.ResourceId, now.Add(channelLife)
		if answer.Expiration != 0 {
			ch.Expires = time.UnixMilli(answer.Expiration)
		}
	})
	if err != nil {
		return c.fail(op, err)
	}
	return p.stop(ctx, c, all)
}

// fresh reports whether the owner's channel need not be renewed: it leads here for that account, and a quarter of its
// life is left, or more of it, another part for each so that they are not all renewed at once.
func (p *Push) fresh(ch provider.Channel, owner series.Person, now time.Time) bool {
	if ch.Address != p.o.Address || ch.Owner.Email != owner.Email || ch.Owner.Calendar != owner.Calendar {
		return false
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(ch.ID))
	part := 0.25 + 0.15*float64(h.Sum32()%1000)/1000
	return ch.Resource != "" && float64(ch.Expires.Sub(now)) > part*float64(ch.Expires.Sub(ch.Opened))
}

// forgotten is when a channel of which Google never told anything is over for certain.
const forgotten = 30 * 24 * time.Hour

// Over reports whether the channel has ended by itself.
func (p *Push) Over(ch provider.Channel) bool {
	now := p.o.Clock()
	return !ch.Expires.IsZero() && !now.Before(ch.Expires) || ch.Resource == "" && now.Sub(ch.Opened) > forgotten
}

// stop ends channels. One of which the resource is not known cannot be stopped: it ends by itself.
func (p *Push) stop(ctx context.Context, c *Calendar, all []provider.Channel) error {
	var failed error
	for _, ch := range all {
		switch {
		case p.Over(ch):
		case ch.Resource == "":
			continue
		default:
			if err := c.stopChannel(ctx, ch); err != nil && !gone(err) {
				failed = errors.Join(failed, c.fail("stop watching", err))
				continue
			}
		}
		failed = errors.Join(failed, p.o.Channels.DeleteChannel(ctx, ch.ID))
	}
	return failed
}

// Leave stops the channels of the calendar's owner: they left, or there is no URL any more.
func (p *Push) Leave(ctx context.Context, c *Calendar) error {
	all, err := p.o.Channels.Channels(ctx, c.a.Owner.ID)
	if err != nil {
		return c.fail("stop watching", err)
	}
	return p.stop(ctx, c, all)
}

func (c *Calendar) watch(ctx context.Context, ch *calendar.Channel) (*calendar.Channel, error) {
	if err := c.spend(ctx, 1); err != nil {
		return nil, err
	}
	return c.api.Events.Watch(c.id, ch).Context(ctx).Do(c.quotaUser())
}

func (c *Calendar) stopChannel(ctx context.Context, ch provider.Channel) error {
	if err := c.spend(ctx, 1); err != nil {
		return err
	}
	return c.api.Channels.Stop(&calendar.Channel{Id: ch.ID, ResourceId: ch.Resource}).Context(ctx).Do(c.quotaUser())
}

// idLen is the length of the ids of our channels.
var idLen = len(rand.Text())

// ServeHTTP answers one message, at once. Who does not know a channel's token is told nothing.
func (p *Push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, token := r.Header.Get("X-Goog-Channel-ID"), sha256.Sum256([]byte(r.Header.Get("X-Goog-Channel-Token")))
	if r.Method != http.MethodPost || len(id) != idLen {
		http.NotFound(w, r)
		return
	}
	ch, known, err := p.o.Channels.Channel(r.Context(), id)
	if err != nil {
		p.o.Log.Warn().Err(err).Msg("google: push channel cannot be looked up")
		w.WriteHeader(http.StatusServiceUnavailable) // Google tries again
		return
	}
	resource := r.Header.Get("X-Goog-Resource-ID")
	right := subtle.ConstantTimeCompare(token[:], ch.Token[:]) == 1
	if !known || !right || ch.Resource != "" && ch.Resource != resource {
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	_ = http.NewResponseController(w).Flush()                           // the journal may be busy for a while
	p.learn(context.WithoutCancel(r.Context()), r.Header, ch, resource) // who was answered may be gone
	if r.Header.Get("X-Goog-Resource-State") != "sync" {
		p.changed(ch.Owner.ID)
	}
}

// heardEvery is how often it is noted that a channel is heard of.
const heardEvery = time.Hour

// learn keeps what a message tells: that the channel works, and what was not known of one whose opening was never answered.
func (p *Push) learn(ctx context.Context, h http.Header, ch provider.Channel, resource string) {
	now := p.o.Clock()
	if now.Sub(ch.Heard) < heardEvery {
		return
	}
	err := p.change(ctx, ch.ID, func(ch *provider.Channel) {
		ch.Heard = now
		if ch.Resource == "" {
			ch.Resource = resource
			ch.Expires, _ = http.ParseTime(h.Get("X-Goog-Channel-Expiration")) // zero: renewed at once
		}
	})
	if err != nil {
		p.o.Log.Warn().Err(err).Msg("google: push channel cannot be kept")
	}
}

// change changes what is kept of a channel; one that was stopped meanwhile stays forgotten.
func (p *Push) change(ctx context.Context, id string, f func(*provider.Channel)) error {
	p.changing.Lock()
	defer p.changing.Unlock()
	ch, known, err := p.o.Channels.Channel(ctx, id)
	if err != nil || !known {
		return err
	}
	f(&ch)
	return p.o.Channels.SetChannel(ctx, ch)
}

// tryFor is how long a channel lives that is opened to see whether Google opens one.
const tryFor = time.Minute

// Try sees whether Google takes the address, and asks for nothing to be sent.
func (p *Push) Try(ctx context.Context, c *Calendar) error {
	ch := provider.Channel{ID: rand.Text()}
	answer, err := c.watch(ctx, &calendar.Channel{Id: ch.ID, Type: "web_hook", Address: p.o.Address, Token: rand.Text(),
		Expiration: p.o.Clock().Add(tryFor).UnixMilli()})
	if err == nil {
		ch.Resource = answer.ResourceId
		err = c.stopChannel(ctx, ch)
	}
	return c.fail("watch", err)
}

// changed calls Changed soon, and not sooner than Debounce after the last time: once for all that happens until then.
func (p *Push) changed(person string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting[person] {
		return
	}
	now := p.o.Clock()
	wait := max(min(gatherFor, p.o.Debounce), min(p.called[person].Add(p.o.Debounce).Sub(now), p.o.Debounce))
	p.waiting[person], p.called[person] = true, now.Add(wait)
	time.AfterFunc(wait, func() {
		p.mu.Lock()
		delete(p.waiting, person)
		p.mu.Unlock()
		p.o.Changed(person)
	})
}
