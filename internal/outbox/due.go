package outbox

import (
	"context"
	"maps"
	"slices"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
)

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
	if r = r.wished(f.Wishes); r.silent() {
		return notify.Decision{}, f, nil
	}
	return notify.Decide(input(now, reached(r, f), f)), f, nil
}

// wished is the reader as they want to be told: what they said wins over the roster.
func (r Reader) wished(w access.Wishes) Reader {
	if w.Channels != nil {
		r.Channels = w.Channels
	}
	if w.Digest != nil {
		r.Digest = *w.Digest
	}
	if w.Prepare != nil {
		r.Prepare = *w.Prepare
	}
	return r
}

// silent reports whether the reader wants to be told nothing.
func (r Reader) silent() bool { return r.Channels != nil && len(r.Channels) == 0 }

// reached is the reader, who has said what they want, with those channels that reach them.
func reached(r Reader, f ledger.Facts) notify.Reader {
	out := r.Reader
	out.Channels = slices.DeleteFunc(slices.Clone(r.Channels), func(c string) bool {
		a := r.Addresses[c]
		return a == "" || f.Unreached[c] == digest(a)
	})
	return out
}
