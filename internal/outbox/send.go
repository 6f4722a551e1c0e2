package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/series"
)

// How a message is tried again that its channel did not take.
const (
	soonest = 10 * time.Second
	latest  = 5 * time.Minute
	// tried is for how long: then another channel takes over, or nobody is told.
	tried = 24 * time.Hour
)

// Send makes the message of the job as things are now, and hands it over. Again is when to try once more; 0: it is
// done, or is not to be sent any more.
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
	if r = r.wished(f.Wishes); r.silent() {
		return 0, nil
	}
	n, why := notify.Still(input(now, reached(r, f), f), notify.Notice{ID: j.Notice, Kind: j.Kind})
	if why != "" && why != notify.Gone {
		return 0, nil // it comes again when that rule is over
	}
	if why != "" {
		_, err := o.Journal.Unsent(ctx, ledger.Unsent{Notice: j.Notice, Reader: j.Reader, At: now, Why: string(why),
			Over: true})
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
	} else if _, err := o.Journal.Unsent(ctx, ledger.Unsent{Notice: n.ID, Reader: n.Reader, At: now,
		Why:  string(notify.NoChannel),
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
