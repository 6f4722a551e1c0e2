package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Create is provider.Calendar's.
func (c *Calendar) Create(ctx context.Context, s series.Series) (series.Ref, error) {
	const op = "create"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Ref{}, err
	}
	s.Generation = max(s.Generation, 1)
	start := s.Slot.On(s.First)
	notes, err := c.notesOf(op, s.Carry.From)
	if err != nil {
		return series.Ref{}, err
	}
	for ; ; s.Generation++ {
		id := identity(s.Org, s.Pair, s.Generation)
		o := c.objects[id]
		if o != nil && !o.event.Ended(start) {
			ref, err := c.carryOn(o, s)
			if err != nil && fault != LostAnswer {
				return ref, err
			}
			return leave(fault, op, ref)
		}
		if _, deleted := c.tombstones[id]; o == nil && !deleted {
			break
		}
	}
	id := identity(s.Org, s.Pair, s.Generation)
	report := series.Guest{Address: lower(s.Report), Answer: cmp.Or(s.Carry.Answer, series.NeedsAction)}
	e := series.Event{
		Ref:       series.Ref{ID: id},
		UID:       id,
		Mark:      cloneMark(s.Mark()),
		Start:     start,
		Zone:      s.Slot.Zone,
		Duration:  s.Slot.Duration,
		Rule:      series.Rule{Plain: true, Every: s.Slot.Every},
		Title:     s.Title,
		Place:     s.Place,
		Link:      s.Link,
		Organizer: lower(s.Manager),
		Guests:    append([]series.Guest{report}, s.Carry.Guests...),
		Free:      s.Carry.Free,
	}
	carry(&e, s, s.Out())
	o := &object{event: e, notes: notes, client: s.ClientDelivers}
	ref := c.store(o)
	c.world.counts.Writes++
	c.send(nil, o, c.mails(o))
	return leave(fault, op, ref)
}

// notesOf is what people wrote into the series that a new one takes over from.
func (c *Calendar) notesOf(op string, from *series.Event) ([]string, error) {
	if from == nil {
		return nil, nil
	}
	if o := c.objects[from.ID]; o != nil {
		if o.event.Version != from.Version {
			return nil, fail(provider.Conflict, op, errStale)
		}
		return slices.Clone(o.notes), nil
	}
	var r raw
	if err := json.Unmarshal([]byte(from.Raw), &r); err != nil {
		return nil, nil // nothing of it is left
	}
	return r.Notes, nil
}

// carryOn completes what the series o has of s.Carry.
func (c *Calendar) carryOn(was *object, s series.Series) (series.Ref, error) {
	carried := s.Mark().Carried
	if s.Carry.From == nil || was.event.Mark.Carried == carried {
		return provider.Found(was.event.Ref)
	}
	o := was.clone()
	o.event.Mark.Carried = carried
	carry(&o.event, s, s.Carry.Excluded)
	ref := c.store(o)
	c.world.counts.Writes++
	mails := c.mails(o)
	if o.event.Times() == was.event.Times() && c.world.opts.Quiet {
		mails = 0
	}
	c.send(was, o, mails)
	return ref, nil
}

// carry makes single meetings of e, which are as the series has them, what s says, and takes others out.
func carry(e *series.Event, s series.Series, out []time.Time) {
	own := func(t time.Time) bool { return hits(*e, t) && find(e, t) < 0 && !excluded(*e, t) }
	for _, t := range out {
		if own(t) {
			exclude(e, t)
		}
	}
	for _, x := range s.Carry.Overrides {
		if own(x.Original) {
			e.Overrides = append(e.Overrides, x.Override)
			e.Overrides[len(e.Overrides)-1].MadeUp = false
			e.Mark.Overridden(x.Override)
		}
	}
}
