package memory

import (
	"cmp"
	"reflect"
	"time"

	"holdfast/internal/series"
)

// delivers reports whether the server brings o, which this calendar holds, to its guests.
func (c *Calendar) delivers(o *object) bool {
	return c.world.opts.Schedules && !o.client && c.owns(o.event)
}

// mails is how many messages a write of the organizer's event o causes.
func (c *Calendar) mails(o *object) int {
	if !c.delivers(o) {
		return 0
	}
	return len(o.event.Guests)
}

// send brings a changed event to its guests, as a scheduling server does (RFC 6638 section 3.2.1). was is the event
// before, nil for a new one.
func (c *Calendar) send(was, o *object, mails int) { c.sendBut(nil, was, o, mails) }

// sendBut is send to all but one: who answers is not told of their own answer.
func (c *Calendar) sendBut(except *Calendar, was, o *object, mails int) {
	if !c.delivers(o) {
		return
	}
	c.world.counts.Mails += mails
	for _, g := range o.event.Guests {
		if to := c.world.addresses[g.Address]; to != nil && to != c && to != except {
			to.receive(o)
		}
	}
	if was == nil {
		return
	}
	left := was.clone()
	left.event.Guests = nil
	for _, g := range was.event.Guests {
		if said(o.event.Guests, g.Address) == "" {
			left.event.Guests = append(left.event.Guests, g)
		}
	}
	c.withdraw(left, 0)
}

// withdraw tells the guests that the event is off: their copies are cancelled.
func (c *Calendar) withdraw(o *object, mails int) {
	if !c.delivers(o) {
		return
	}
	c.world.counts.Mails += mails
	for _, g := range o.event.Guests {
		to := c.world.addresses[g.Address]
		if to == nil || to == c {
			continue
		}
		delete(c.world.pending, [2]string{to.owner.ID, o.event.UID})
		if copied := to.byUID(o.event.UID); copied != nil && !copied.event.Cancelled {
			copied = copied.clone()
			copied.event.Cancelled = true
			to.store(copied)
		}
	}
}

// receive is what the server does for an attendee: it brings o, or, when slow, what it was to bring the time before.
func (c *Calendar) receive(o *object) {
	if c.world.slow {
		key := [2]string{c.owner.ID, o.event.UID}
		o, c.world.pending[key] = c.world.pending[key], o
	}
	if o != nil {
		c.bring(o)
	}
}

// bring makes the owner's copy say what o says.
func (c *Calendar) bring(o *object) {
	was := c.byUID(o.event.UID)
	n := merge(was, o.event, c.address(o.event))
	n.single = o.single
	if was == nil || !reflect.DeepEqual(n.event, was.event) {
		c.store(n)
	}
}

// address is the one under which the calendar's owner is a guest; "" if they are none.
func (c *Calendar) address(e series.Event) string {
	for _, g := range e.Guests {
		if c.owner.Is(g.Address) {
			return g.Address
		}
	}
	return ""
}

// merge is the attendee's copy of the organizer's event; was is the copy there is, nil for none. What is the
// attendee's stays: answers, but where the time changed (RFC 5546 section 3.2.2.1), busy or free, and notes.
func merge(was *object, organizers series.Event, attendee string) *object {
	e := clone(organizers)
	e.Ref, e.Raw, e.Derived, e.Delivered = series.Ref{ID: e.UID}, "", false, ""
	if was == nil {
		return &object{event: e}
	}
	o := was.clone()
	old := o.event
	e.Ref, e.Delivered, e.Free = old.Ref, old.Delivered, old.Free
	own := said(old.Guests, attendee)
	if own == "" {
		o.event = e
		return o
	}
	// sameTime: the occurrence is where the copy had it.
	sameTime := func(original time.Time) bool {
		was, duration := timesAt(&old, original)
		is, now := timesAt(&e, original)
		return was.Equal(is) && duration == now
	}
	for i := range e.Overrides {
		v := &e.Overrides[i]
		stat := cmp.Or(said(guests(&old, v.Original), attendee), own)
		if !sameTime(v.Original) {
			stat = series.NeedsAction
		}
		setAnswer(v.Guests, attendee, stat)
	}
	if !old.Start.Equal(e.Start) || old.Slot() != e.Slot() {
		setAnswer(e.Guests, attendee, series.NeedsAction)
	} else {
		setAnswer(e.Guests, attendee, own)
	}
	for _, v := range old.Overrides {
		if find(&e, v.Original) < 0 && sameTime(v.Original) {
			answer(&e, v.Original, attendee, said(v.Guests, attendee))
		}
	}
	o.event = e
	return o
}

// reply carries the answers that the owner of a copy changed to the organizer (RFC 6638 section 3.2.2). o is nil for a
// copy that was deleted: all of it is declined.
func (c *Calendar) reply(was, o *object) {
	from := c.world.addresses[was.event.Organizer]
	if !c.world.opts.Schedules || from == nil {
		return
	}
	theirs := from.byUID(was.event.UID)
	me := c.address(was.event)
	if theirs == nil || theirs.client || me == "" {
		return
	}
	n := theirs.clone()
	if o == nil {
		setAnswer(n.event.Guests, me, series.Declined)
		for i := range n.event.Overrides {
			setAnswer(n.event.Overrides[i].Guests, me, series.Declined)
		}
	} else {
		if s := said(o.event.Guests, me); s != said(was.event.Guests, me) {
			setAnswer(n.event.Guests, me, s)
		}
		for _, v := range o.event.Overrides {
			if s := said(v.Guests, me); s != said(guests(&was.event, v.Original), me) {
				answer(&n.event, v.Original, me, s)
			}
		}
	}
	if !reflect.DeepEqual(n.event, theirs.event) {
		from.store(n)
		from.sendBut(c, theirs, n, 0)
	}
}
