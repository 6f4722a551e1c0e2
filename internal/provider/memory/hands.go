package memory

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Hands are what a person does with their own calendar client: unconditional, past every rule of Holdfast. They are the
// hands of package providertest, whose comments say what each does. On a scheduling server what the organizer does
// reaches the copies, and answers the organizer; all else that an attendee does stays in the copy.
type Hands struct{ c *Calendar }

// Find are the ids of the person's series and copies with a mark of the pair, sorted.
func (h *Hands) Find(p series.Pair) []string {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	var ids []string
	for id, o := range h.c.objects {
		if !o.event.Mark.IsZero() && o.event.Mark.Pair == p {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// edit stores the object as change leaves it.
func (h *Hands) edit(id string, change func(o *object)) error {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	was := h.c.objects[id]
	if was == nil {
		return missing(id)
	}
	o := was.clone()
	change(o)
	h.c.store(o)
	if h.c.owns(o.event) {
		h.c.send(was, o, 0)
	} else {
		h.c.reply(was, o)
	}
	return nil
}

func missing(id string) error { return fmt.Errorf("no event %s", id) }

// one changes one occurrence.
func (h *Hands) one(id string, original time.Time, change func(*series.Override)) error {
	return h.edit(id, func(o *object) { change(override(&o.event, original)) })
}

// Move gives one occurrence another start.
func (h *Hands) Move(id string, original, to time.Time) error {
	return h.one(id, original, func(v *series.Override) { v.Start = to })
}

// Resize gives one occurrence another duration.
func (h *Hands) Resize(id string, original time.Time, duration time.Duration) error {
	return h.one(id, original, func(v *series.Override) { v.Duration = duration })
}

// MoveAll makes to the slot of the whole series, from the day first on; its overrides are lost.
func (h *Hands) MoveAll(id string, to series.Slot, first series.Date) error {
	return h.edit(id, func(o *object) {
		e := &o.event
		e.Start, e.Zone, e.Duration, e.Rule.Every, e.Overrides = to.On(first), to.Zone, to.Duration, to.Every, nil
	})
}

// Split is "this and following".
func (h *Hands) Split(id string, original, to time.Time) (string, error) {
	err := h.edit(id, func(o *object) {
		o.event.Rule.Until = original.Add(-time.Second)
		o.event.Overrides = slices.DeleteFunc(o.event.Overrides, func(v series.Override) bool { return !v.Original.Before(original) })
	})
	if err != nil {
		return "", err
	}
	return h.copyOf(id, func(e *series.Event) {
		e.Start, e.Rule.Until, e.Overrides, e.Excluded = to, time.Time{}, nil, nil
	})
}

// Duplicate stores the object once more, under a UID of its own.
func (h *Hands) Duplicate(id string) (string, error) { return h.copyOf(id, func(*series.Event) {}) }

// copyOf stores a changed copy of the object under a UID of its own.
func (h *Hands) copyOf(id string, change func(*series.Event)) (string, error) {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	o := h.c.objects[id]
	if o == nil {
		return "", missing(id)
	}
	o = o.clone()
	change(&o.event)
	return h.c.add(o), nil
}

// add stores a new object under an id as clients choose them.
func (c *Calendar) add(o *object) string {
	c.world.made++
	o.event.ID = fmt.Sprintf("client-%d", c.world.made)
	o.event.UID = o.event.ID
	c.store(o)
	c.send(nil, o, 0)
	return o.event.ID
}

// Cancel takes one occurrence out.
func (h *Hands) Cancel(id string, original time.Time) error {
	return h.edit(id, func(o *object) { exclude(&o.event, original) })
}

// CancelStatus marks one occurrence, or with zero the series, as cancelled.
func (h *Hands) CancelStatus(id string, original time.Time) error {
	if original.IsZero() {
		return h.edit(id, func(o *object) { o.event.Cancelled = true })
	}
	return h.one(id, original, func(v *series.Override) { v.Cancelled = true })
}

// PutBack undoes Cancel and CancelStatus.
func (h *Hands) PutBack(id string, original time.Time) error {
	return h.edit(id, func(o *object) {
		if original.IsZero() {
			o.event.Cancelled = false
			return
		}
		include(&o.event, original)
		if i := find(&o.event, original); i >= 0 {
			o.event.Overrides[i].Cancelled = false
		}
	})
}

// Answer sets the attendee's answer to one occurrence, or with zero to the series and all its overrides.
func (h *Hands) Answer(id string, original time.Time, attendee string, stat series.PartStat) error {
	attendee = series.Address(attendee)
	return h.edit(id, func(o *object) {
		if answer(&o.event, original, attendee, stat); original.IsZero() {
			for i := range o.event.Overrides {
				setAnswer(o.event.Overrides[i].Guests, attendee, stat)
			}
		}
	})
}

// Retitle sets the title of the series: here no meeting has one of its own.
func (h *Hands) Retitle(id string, _ time.Time, title string) error {
	return h.edit(id, func(o *object) { o.event.Title = title })
}

// Relocate sets the place of one occurrence, or with zero that of the series.
func (h *Hands) Relocate(id string, original time.Time, place string) error {
	if original.IsZero() {
		return h.edit(id, func(o *object) { o.event.Place = place })
	}
	return h.one(id, original, func(v *series.Override) { v.Place = place })
}

// SetLink sets the prep link of one occurrence, or with zero that of the series; "" removes it.
func (h *Hands) SetLink(id string, original time.Time, link string) error {
	if original.IsZero() {
		return h.edit(id, func(o *object) { o.event.Link = link })
	}
	return h.one(id, original, func(v *series.Override) { v.Link = link })
}

// AddGuest invites address to the series and all its overrides.
func (h *Hands) AddGuest(id, address string) error {
	g := series.Guest{Address: series.Address(address), Answer: series.NeedsAction}
	return h.edit(id, func(o *object) {
		o.event.Guests = append(o.event.Guests, g)
		for i := range o.event.Overrides {
			o.event.Overrides[i].Guests = append(o.event.Overrides[i].Guests, g)
		}
	})
}

// SetFree makes the series take no time.
func (h *Hands) SetFree(id string) error { return h.edit(id, func(o *object) { o.event.Free = true }) }

// StripMark removes the mark, as a client does that keeps no unknown properties.
func (h *Hands) StripMark(id string) error {
	return h.edit(id, func(o *object) { o.event.Mark = series.Mark{} })
}

// Note adds text to what a person owns of the event.
func (h *Hands) Note(id, text string) error {
	return h.edit(id, func(o *object) { o.notes = append(o.notes, text) })
}

// Noted reports whether what Note wrote is still there.
func (h *Hands) Noted(id, text string) (bool, error) {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	o := h.c.objects[id]
	if o == nil {
		return false, missing(id)
	}
	return slices.Contains(o.notes, text), nil
}

// EndAt writes the last moment at which an occurrence may start.
func (h *Hands) EndAt(id string, until time.Time) error {
	return h.edit(id, func(o *object) { o.event.Rule.Until = until })
}

// Delete deletes the object.
func (h *Hands) Delete(id string) error {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	o := h.c.objects[id]
	if o == nil {
		return missing(id)
	}
	h.c.remove(id)
	if h.c.owns(o.event) {
		h.c.withdraw(o, 0)
	} else {
		h.c.reply(o, nil)
	}
	return nil
}

// Add stores an unmarked event, weekly where e.Rule.Plain, else a single one.
func (h *Hands) Add(e series.Event) (string, error) {
	if _, err := series.Location(e.Zone); err != nil {
		return "", err
	}
	n := series.Event{Start: e.Start, Zone: e.Zone, Duration: e.Duration, Rule: e.Rule, Title: e.Title, Place: e.Place,
		Organizer: series.Address(e.Organizer), Guests: slices.Clone(e.Guests)}
	for i := range n.Guests {
		n.Guests[i].Address = series.Address(n.Guests[i].Address)
		if n.Guests[i].Answer == "" {
			n.Guests[i].Answer = series.NeedsAction
		}
	}
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	return h.c.add(&object{event: n, single: !e.Rule.Plain}), nil
}

// AddBusy stores what Observe has to tell as b.
func (h *Hands) AddBusy(b series.Busy, text string) (string, error) {
	if _, err := series.Location(b.Zone); err != nil {
		return "", err
	}
	b = cloneBusy(b)
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	return h.c.add(&object{busy: &b, event: series.Event{Title: text, Place: text, Organizer: h.c.owner.Email,
		Guests: []series.Guest{{Address: text + "@elsewhere.invalid"}}}}), nil
}

// ClearBusy deletes all that AddBusy stored.
func (h *Hands) ClearBusy() {
	h.c.world.mu.Lock()
	defer h.c.world.mu.Unlock()
	for id, o := range h.c.objects {
		if o.busy != nil {
			h.c.remove(id)
		}
	}
}
