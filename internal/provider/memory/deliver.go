package memory

import (
	"context"
	"reflect"
	"strings"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Deliver is provider.Calendar's.
func (c *Calendar) Deliver(
	ctx context.Context,
	ref series.Ref,
	organizers series.Event,
	attendee string,
) (series.Ref, error) {
	const op = "deliver"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Ref{}, err
	}
	was := c.byUID(organizers.UID)
	if ref.ID != "" {
		if was, err = c.current(op, ref, fault); err != nil {
			return series.Ref{}, err
		}
	}
	now := c.world.opts.Clock()
	says, given := organizers, organizers.Delivery(now)
	if was != nil {
		says = organizers.For(was.served(), now)
	}
	o := merge(was, says, strings.ToLower(attendee))
	o.event.Delivered = given
	if was != nil && sameEvent(o, was) {
		return leave(fault, op, was.event.Ref)
	}
	ref = c.store(o)
	c.world.counts.Deliveries++
	return leave(fault, op, ref)
}

// sameEvent reports whether both are served as the same event.
func sameEvent(a, b *object) bool {
	x, y := a.served(), b.served()
	x.Raw, y.Raw = "", ""
	return reflect.DeepEqual(x, y)
}

// Invite is provider.Calendar's.
func (c *Calendar) Invite(ctx context.Context, ref series.Ref, attendee string) (series.Ref, error) {
	const op = "invite"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Ref{}, err
	}
	was, err := c.current(op, ref, fault)
	if err != nil {
		return series.Ref{}, err
	}
	o := was.clone()
	setAnswer(o.event.Guests, series.Address(attendee), series.NeedsAction)
	ref = c.store(o)
	c.world.counts.Writes++
	c.send(was, o, min(1, c.mails(o)))
	return leave(fault, op, ref)
}

// Answer is provider.Calendar's.
func (c *Calendar) Answer(
	ctx context.Context,
	ref series.Ref,
	attendee string,
	answers []provider.Answer,
) (series.Ref, error) {
	const op = "answer"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Ref{}, err
	}
	was, err := c.current(op, ref, fault)
	if err != nil {
		return series.Ref{}, err
	}
	o := was.clone()
	for _, a := range answers {
		answer(&o.event, a.Original, strings.ToLower(attendee), a.PartStat)
	}
	if reflect.DeepEqual(o.event, was.event) {
		return leave(fault, op, ref)
	}
	ref = c.store(o)
	c.world.counts.Deliveries++
	return leave(fault, op, ref)
}
