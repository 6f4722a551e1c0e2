// Package outbox hands notices over: it has package notify decide what is due, has each made at the moment of sending,
// gives it to the reader's channel, and then records that it was told. After a crash the same is decided again: a
// message may be repeated under its id, none is lost.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/clock"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Reader is somebody whom notices go to, a person or an admins' channel, and where.
type Reader struct {
	// Reader has all channels that the person wants, in order of preference.
	notify.Reader
	Addresses map[string]string // on each of the channels; on one without, the reader cannot be reached
	// Hours are when a channel may be used, on the reader's clock; without, or zero, at any time that the rules allow.
	Hours map[string]series.Window
}

// Letter is a notice in words.
type Letter struct {
	Subject string // of the first message of its thread
	Text    string
	HTML    string // "" for none
	ReplyTo string // mail address; "" for none
	Stop    string // URL that ends messages of this kind; "" for none
}

// Options are what an Outbox needs.
type Options struct {
	Journal Journal
	// Readers are all, by id: people of the roster with a wish for notices, and admins' channels.
	Readers func(now time.Time) (map[string]Reader, error)
	// Senders are the channels, by the names in Reader.Channels.
	Senders map[string]channel.Sender
	// Write says the notice to its reader, with what the journal has of both.
	Write func(ctx context.Context, now time.Time, n notify.Notice, r Reader, f ledger.Facts) (Letter, error)
	// Operational is what a round has for admins, but for its counts and the states of pairs.
	Operational func(reconcile.Round) []notify.Matter
	Clock       clock.Clock
	Log         zerolog.Logger
}

// Outbox hands notices over. Its methods may be called side by side.
type Outbox struct {
	Options
	mu   sync.Mutex
	next map[string]time.Time // by reader, when something may become due
	all  bool                 // all readers are to be looked at
	// looked is the half day in which that was last asked for.
	looked time.Time
	last   time.Time // when the last round was
	// first: what the first round left is still to be taken.
	first bool
	// unrecorded is what was handed over, by reader, and could not be recorded: it is not to be handed over again.
	unrecorded map[string][]handed
	// doubted: whether the journal can be written to is not known, or the last try failed.
	doubted bool
}

// handed is what a channel took.
type handed struct {
	told []notify.Told
	sent ledger.Sent
}

// New makes an Outbox.
func New(o Options) *Outbox {
	return &Outbox{
		Options:    o,
		next:       map[string]time.Time{},
		all:        true,
		unrecorded: map[string][]handed{},
		doubted:    true,
	}
}

// Job is a notice to be sent.
type Job struct {
	Notice, Reader string
	Kind           notify.NoticeKind
	Urgent         bool
}

// After takes what a round left: what is operational is noted, and whom it may concern is looked at next. The first
// round on an empty journal is told to admins alone.
func (o *Outbox) After(ctx context.Context, r reconcile.Round) error {
	o.mu.Lock()
	r.First = r.First || o.first
	o.mu.Unlock()
	err := o.after(ctx, r)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first = r.First && err != nil; err != nil {
		o.all = true // the next round does not have what this one found
	}
	return err
}

func (o *Outbox) after(ctx context.Context, r reconcile.Round) error {
	before, err := o.Journal.Matters(ctx)
	if err != nil {
		return err
	}
	readers, err := o.Readers(r.At)
	if err != nil {
		return err
	}
	now := o.Operational(r)
	if hears(readers, notify.Round) {
		now = append(now, round(r)...)
	}
	if hears(readers, notify.State) {
		now = append(now, states(r)...)
	}
	if r.First {
		now = append(now, notify.Matter{Kind: notify.FirstRound, Key: "first",
			Says: fmt.Sprintf("%d %d", len(r.Views), len(r.Open))})
	}
	set := append(changes(before, now, r.At), left(before, readers, r.At)...)
	if r.First {
		if err := o.baseline(ctx, r, now, readers); err != nil {
			return err
		}
	}
	pairs := map[series.Pair]bool{}
	for _, f := range slices.Concat(r.Edges.Opened, r.Edges.Changed, r.Edges.Closed) {
		pairs[f.Pair] = true
	}
	for _, c := range r.Applied {
		pairs[c.Pair] = true
	}
	o.look(r.At, people(pairs)...)
	o.mu.Lock()
	last := o.last
	o.last = r.At
	if half := r.At.Truncate(lookEvery); !half.Equal(o.looked) {
		o.looked, o.all = half, true
	}
	o.mu.Unlock()
	// A test by hand, which another process sends, may have found that a channel reaches somebody again.
	var mended []notify.Matter
	for _, m := range before {
		if m.Kind == notify.Unreached && m.Closed && m.Changed.After(last) {
			mended = append(mended, m)
		}
	}
	return errors.Join(o.concern(mended), o.Note(ctx, set...))
}

// lookEvery is how often all readers are looked at, whatever happens: a week ends, a leave begins.
const lookEvery = 12 * time.Hour

// people are those of the pairs.
func people(pairs map[series.Pair]bool) (ids []string) {
	for p := range pairs {
		ids = append(ids, p.Manager, p.Report)
	}
	return ids
}

// Note records the matters, and has those looked at whom they may concern.
func (o *Outbox) Note(ctx context.Context, all ...notify.Matter) error {
	if len(all) == 0 {
		return nil
	}
	if err := o.Journal.SetMatters(ctx, all, nil); err != nil {
		return err
	}
	return o.concern(all)
}

// concern has those looked at whom the matters may concern.
func (o *Outbox) concern(all []notify.Matter) error {
	if len(all) == 0 {
		return nil
	}
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return err
	}
	for id, r := range readers {
		if len(r.Hears) > 0 {
			o.look(now, id)
		}
	}
	pairs := map[series.Pair]bool{}
	for _, m := range all {
		pairs[m.Pair] = true
		o.look(now, m.Owners...)
		if m.Kind == notify.Unreached {
			o.look(now, m.Says)
		}
	}
	delete(pairs, series.Pair{})
	o.look(now, people(pairs)...)
	return nil
}

// hears reports whether any of the readers is told matters of the kind.
func hears(readers map[string]Reader, k notify.Kind) bool {
	for _, r := range readers {
		if slices.Contains(r.Hears, k) {
			return true
		}
	}
	return false
}

// left are the troubles of those who are no readers any more: they are over.
func left(before map[string]notify.Matter, readers map[string]Reader, at time.Time) (out []notify.Matter) {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		m := before[key]
		of, is := strings.CutPrefix(key, troubles[m.Kind])
		if is && troubles[m.Kind] != "" && !m.Closed && readers[of].Person.ID == "" {
			m.Closed, m.Changed = true, at
			out = append(out, m)
		}
	}
	return out
}

// look has the readers looked at.
func (o *Outbox) look(at time.Time, ids ...string) {
	for _, id := range ids {
		o.again(id, at)
	}
}

// LookAtAll has all readers looked at: what they want, or who they are, is other than it was.
func (o *Outbox) LookAtAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = true
}

// baseline records what the first round found as known to all whom it concerns.
func (o *Outbox) baseline(ctx context.Context, r reconcile.Round, now []notify.Matter,
	readers map[string]Reader) error {
	ids := map[string]bool{}
	for _, f := range r.Open {
		ids[f.Pair.Manager], ids[f.Pair.Report] = true, true
	}
	for _, m := range now {
		for _, id := range m.Owners {
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		f, err := o.Journal.Facts(ctx, id, r.At)
		if err != nil {
			return err
		}
		f.Matters = append(f.Matters, now...)
		x := readers[id].Reader
		if told := notify.Baseline(x, input(r.At, x, f).Matters, r.At); len(told) > 0 {
			if err := o.Journal.Record(ctx, id, told, ledger.Sent{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Next is when something may become due; zero: not by time alone.
func (o *Outbox) Next() (next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all {
		return o.Clock()
	}
	for _, at := range o.next {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// Due are the notices that are due now, of those readers who may have any.
func (o *Outbox) Due(ctx context.Context) ([]Job, error) {
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return nil, err
	}
	var out []Job
	var failed error // one reader's failure keeps nobody else from hearing
	for _, id := range o.take(now, readers) {
		d, _, err := o.decide(ctx, now, readers[id])
		if err != nil {
			o.again(id, now.Add(retryLooking))
			failed = err
			continue
		}
		o.again(id, d.Next)
		for _, n := range d.Due {
			out = append(out, Job{n.ID, id, n.Kind, n.Urgent})
			o.again(id, now.Add(forgotten))
		}
	}
	return out, failed
}

const (
	// retryLooking is when a reader is looked at again whose facts could not be read.
	retryLooking = time.Minute
	// forgotten is when one is looked at again to whom something was due: the job may have been lost.
	forgotten = 10 * time.Minute
)

// take are the readers to look at now.
func (o *Outbox) take(now time.Time, readers map[string]Reader) (ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all {
		o.all = false
		clear(o.next)
		return slices.Sorted(maps.Keys(readers))
	}
	for id, at := range o.next {
		if at.After(now) {
			continue
		}
		if delete(o.next, id); readers[id].Person.ID != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// again has the reader looked at at that time; zero: not by time alone.
func (o *Outbox) again(id string, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if was, ok := o.next[id]; !at.IsZero() && (!ok || at.Before(was)) {
		o.next[id] = at
	}
}

// decide is what is due to the reader and what waits.
func (o *Outbox) decide(ctx context.Context, now time.Time, r Reader) (notify.Decision, ledger.Facts, error) {
	if err := o.record(ctx, r.Person.ID); err != nil {
		return notify.Decision{}, ledger.Facts{}, err
	}
	f, err := o.Journal.Facts(ctx, r.Person.ID, now)
	if err != nil {
		return notify.Decision{}, f, err
	}
	return notify.Decide(input(now, reached(r, f), f)), f, nil
}

// reached is the reader with those channels that reach them, and without what they stopped.
func reached(r Reader, f ledger.Facts) notify.Reader {
	out := r.Reader
	out.Channels = slices.DeleteFunc(slices.Clone(r.Channels), func(c string) bool {
		a := r.Addresses[c]
		return a == "" || f.Unreached[c] == digest(a)
	})
	out.Digest = r.Digest && !f.Stopped[notify.Digest]
	out.Prepare = r.Prepare && !f.Stopped[notify.Prepare]
	return out
}

// How a message is tried again that its channel did not take.
const (
	soonest = 10 * time.Second
	latest  = 5 * time.Minute
	// tried is for how long: then another channel takes over, or nobody is told.
	tried = 24 * time.Hour
)

// Send makes the message of the job as things are now, and hands it over. Again is when to try once more; 0: it is done,
// or is not to be sent any more.
func (o *Outbox) Send(ctx context.Context, j Job) (again time.Duration, err error) {
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return soonest, err
	}
	r, known := readers[j.Reader]
	if !known {
		return 0, nil
	}
	defer o.again(j.Reader, now)
	if err := o.record(ctx, j.Reader); err != nil {
		return soonest, err
	}
	f, err := o.Journal.Facts(ctx, j.Reader, now)
	if err != nil {
		return soonest, err
	}
	n, why := notify.Still(input(now, reached(r, f), f), notify.Notice{ID: j.Notice, Kind: j.Kind})
	if why != "" && why != notify.Gone {
		return 0, nil // it comes again when that rule is over
	}
	if why != "" {
		_, err := o.Journal.Unsent(ctx, ledger.Unsent{Notice: j.Notice, Reader: j.Reader, At: now, Why: string(why), Over: true})
		return 0, err
	}
	open, wait := r.open(n.Channels, now)
	if len(open) == 0 {
		return wait, nil
	}
	for _, name := range open {
		again, err = o.sendBy(ctx, now, name, n, r, f)
		if again >= 0 {
			return again, err
		}
	}
	return 0, o.gaveUp(ctx, now, n, r)
}

// open are the channels that may be used now, or for how long none may.
func (r Reader) open(channels []string, now time.Time) (open []string, wait time.Duration) {
	today, clock := series.WallClock(now, r.Person.Zone)
	for _, c := range channels {
		h := r.Hours[c]
		if h == (series.Window{}) || h.From <= clock && clock < h.To {
			open = append(open, c)
			continue
		}
		next := series.Instant(today, h.From, r.Person.Zone)
		if !next.After(now) {
			next = series.Instant(today.AddDays(1), h.From, r.Person.Zone)
		}
		if d := next.Sub(now); wait == 0 || d < wait {
			wait = d
		}
	}
	return open, wait
}

// sendBy hands the notice to the channel. Again is negative where another has to take over.
func (o *Outbox) sendBy(ctx context.Context, now time.Time, name string, n notify.Notice, r Reader, f ledger.Facts) (
	again time.Duration, err error) {
	for _, x := range apart(n, r) {
		letter, err := o.Write(ctx, now, x, r, f)
		if err != nil {
			return latest, fmt.Errorf("write notice %s: %w", n.ID, err)
		}
		if err := o.proven(ctx, now, n); err != nil {
			return soonest, err
		}
		m, subject := message(name, x, r, f, letter)
		sent, err := o.Senders[name].Send(ctx, m)
		if err != nil {
			return o.refused(ctx, now, name, n, r, err)
		}
		record := ledger.Sent{Channel: name, Thread: ledger.Thread{Channel: name, Root: n.Thread.Root, Subject: subject,
			Key: sent.ThreadKey}}
		if sent.To != "" {
			record.Name = ledger.Name{Address: digest(r.Addresses[name]), Name: sent.To}
		}
		o.mu.Lock()
		o.unrecorded[n.Reader] = append(o.unrecorded[n.Reader], handed{x.Rows(name, now), record})
		o.mu.Unlock()
		if err := o.record(ctx, n.Reader); err != nil {
			return soonest, err
		}
		o.Log.Info().Str("notice", x.ID).Str("message", m.ID).Str("reader", logged(r)).
			Str("channel", channelOf(r, name)).Str("kind", string(n.Kind)).Msg("notice")
	}
	return 0, o.mended(ctx, now, r.Person.ID, f)
}

// apart are the messages of a notice: to a machine each item goes by itself, under its own id.
func apart(n notify.Notice, r Reader) []notify.Notice {
	if !r.Machine {
		return []notify.Notice{n}
	}
	var out []notify.Notice
	for _, i := range n.Items {
		x := n
		x.ID, x.Items = i.ID, []notify.Item{i}
		out = append(out, x)
	}
	return out
}

// record records what the reader was handed over and was not recorded then.
func (o *Outbox) record(ctx context.Context, reader string) error {
	o.mu.Lock()
	todo := slices.Clone(o.unrecorded[reader])
	o.mu.Unlock()
	for _, h := range todo {
		err := o.Journal.Record(context.WithoutCancel(ctx), reader, h.told, h.sent)
		o.mu.Lock()
		if o.doubted = err != nil; err == nil {
			o.unrecorded[reader] = slices.DeleteFunc(slices.Clone(o.unrecorded[reader]), func(x handed) bool {
				return &x.told[0] == &h.told[0]
			})
			if len(o.unrecorded[reader]) == 0 {
				delete(o.unrecorded, reader)
			}
		}
		o.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// proven reports an error where the journal is not known to take what would be recorded: one that does not would have
// the notice handed over again by each process that starts.
func (o *Outbox) proven(ctx context.Context, now time.Time, n notify.Notice) error {
	o.mu.Lock()
	doubted := o.doubted
	o.mu.Unlock()
	if !doubted {
		return nil
	}
	_, err := o.Journal.Unsent(ctx, ledger.Unsent{Notice: n.ID, Reader: n.Reader, At: now, Why: underWay})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.doubted = err != nil
	return err
}

// underWay is why a notice is unsent that is being handed over.
const underWay = "under-way"

// logged is what the log calls the reader: the id of an admins' channel may be an address.
func logged(r Reader) string {
	if len(r.Hears) > 0 && !r.Machine {
		return "admins:" + digest(r.Person.ID)
	}
	return r.Person.ID
}

// channelOf is what the log calls the channel of the reader.
func channelOf(r Reader, name string) string {
	if name == r.Person.ID {
		return logged(r)
	}
	return name
}

// refused notes that the channel did not take it. Again is negative where another has to take over.
func (o *Outbox) refused(ctx context.Context, now time.Time, name string, n notify.Notice, r Reader, err error) (
	again time.Duration, _ error) {
	kind := channel.KindOf(err)
	since, failed := o.Journal.Unsent(ctx, ledger.Unsent{Notice: n.ID, Reader: r.Person.ID, At: now, Why: kind.String()})
	if failed != nil {
		return soonest, failed
	}
	level := zerolog.DebugLevel
	if since.Equal(now) {
		level = zerolog.WarnLevel
	}
	o.Log.WithLevel(level).Str("notice", n.ID).Str("reader", logged(r)).Str("channel", channelOf(r, name)).
		Stringer("kind", kind).Err(err).Msg("a notice was not taken")
	switch e := (*channel.Error)(nil); {
	case kind == channel.BadAddress:
		return -1, o.Journal.SetUnreached(ctx, r.Person.ID, name, digest(r.Addresses[name]), now)
	case now.Sub(since) >= tried:
		return -1, nil
	case errors.As(err, &e):
		return max(min(max(now.Sub(since)/4, soonest), latest), e.RetryAfter), nil
	default:
		return min(max(now.Sub(since)/4, soonest), latest), nil
	}
}

// gaveUp notes that no channel took the notice. Where one of them is out for everybody, what it said counts as told: in
// a day it is old. Where none reaches the reader, it waits for one that does.
func (o *Outbox) gaveUp(ctx context.Context, now time.Time, n notify.Notice, r Reader) error {
	f, err := o.Journal.Facts(ctx, n.Reader, now)
	if err != nil {
		return err
	}
	trouble := notify.Matter{Kind: notify.Unreached, Says: n.Reader, Changed: now}
	if len(reached(r, f).Channels) > 0 {
		trouble.Kind, trouble.Says = notify.Failed, n.Channels[0]
		if err := o.Journal.Record(ctx, n.Reader, n.Rows(NoChannel, now), ledger.Sent{}); err != nil {
			return err
		}
	} else if _, err := o.Journal.Unsent(ctx, ledger.Unsent{Notice: n.ID, Reader: n.Reader, At: now, Why: string(notify.NoChannel),
		Over: true}); err != nil {
		return err
	}
	trouble.Key = troubles[trouble.Kind] + n.Reader
	return o.Note(ctx, trouble)
}

// NoChannel is the channel of what counts as told though none took it.
const NoChannel = "none"

// mended closes what the admins were told of a reader whom a channel reaches again.
func (o *Outbox) mended(ctx context.Context, now time.Time, reader string, f ledger.Facts) error {
	for _, m := range f.Matters {
		if of := troubles[m.Kind]; of != "" && !m.Closed && m.Key == of+reader {
			m.Closed, m.Changed = true, now
			if err := o.Note(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// message is the letter as the channel takes it, and the subject of its thread.
func message(name string, n notify.Notice, r Reader, f ledger.Facts, l Letter) (channel.Message, string) {
	m := channel.Message{
		ID:      n.MessageID(),
		To:      r.Addresses[name],
		Subject: l.Subject,
		Text:    l.Text,
		HTML:    l.HTML,
		ReplyTo: l.ReplyTo,
		Stop:    l.Stop,
		Thread:  channel.Thread{Root: n.Thread.Root, Subject: l.Subject},
	}
	for _, t := range f.Threads {
		if t.Channel == name && t.Root == n.Thread.Root {
			m.Thread = channel.Thread{Root: t.Root, Subject: t.Subject, Reply: true, Key: t.Key}
		}
	}
	if known := f.Names[name]; known.Name != "" && known.Address == digest(m.To) {
		m.To = known.Name
	}
	return m, m.Thread.Subject
}

// digest stands for an address in the journal.
func digest(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:8])
}
