package outbox

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
)

// TestNotice is what a message is for by which somebody sees that messages arrive.
const TestNotice notify.NoticeKind = "test"

// Try is how a channel took a test.
type Try struct {
	Channel, Address string
	Err              error // mostly a *channel.Error; nil: it took it
}

// Test sends the reader a test message, by the first of their channels that takes it: also by one that was found not
// to reach them, which does so again if it takes it. The gate stands before it as before all messages, unless anyhow;
// where it has it wait, nothing is sent. That it was told is recorded, and counts in no limit.
func (o *Outbox) Test(ctx context.Context, r Reader, anyhow bool) (tries []Try, waits notify.Waiting, err error) {
	now, id := o.Clock(), r.Person.ID
	f, err := o.Journal.Facts(ctx, id, now)
	if err != nil {
		return nil, waits, err
	}
	r = r.wished(f.Wishes)
	in := notify.Input{Now: now, Reader: r.Reader, Told: slices.DeleteFunc(slices.Clone(f.Told), func(t notify.Told) bool {
		return t.Kind == TestNotice
	})}
	in.Reader.Channels = slices.DeleteFunc(slices.Clone(r.Channels), func(c string) bool { return r.Addresses[c] == "" })
	// It was asked for by hand, so that there is nothing to settle.
	m := notify.Matter{Kind: notify.Test, Key: "test|" + id, Owners: []string{id}, Changed: now.AddDate(0, 0, -1)}
	in.Matters = []notify.Matter{m}
	open := in.Reader.Channels
	if !anyhow {
		for _, w := range notify.Decide(in).Waiting {
			return nil, w, nil
		}
		usable, wait := r.open(open, now)
		if len(usable) == 0 && len(open) > 0 {
			return nil, notify.Waiting{Key: m.Key, Because: notify.Reason(ChannelHours), Until: now.Add(wait)}, nil
		}
		open = usable
	}
	n := notify.Notice{
		ID:     digest(m.Key + now.Format(time.RFC3339Nano)),
		Reader: id,
		Kind:   TestNotice,
		Items:  []notify.Item{{Event: notify.Opened, Matter: m, State: m.State()}},
	}
	letter, err := o.Write(ctx, now, n, r, f)
	if err != nil {
		return nil, waits, err
	}
	for _, name := range open {
		message, _ := message(name, n, r, f, letter)
		sent, err := o.Senders[name].Send(ctx, message)
		tries = append(tries, Try{name, r.Addresses[name], err})
		if err != nil {
			continue
		}
		record := ledger.Sent{Channel: name}
		if sent.To != "" {
			record.Name = ledger.Name{Address: digest(r.Addresses[name]), Name: sent.To}
		}
		if err := o.Journal.Record(ctx, id, n.Rows(name, now), record); err != nil {
			return tries, waits, err
		}
		return tries, waits, o.mended(ctx, now, id, f)
	}
	return tries, waits, nil
}
