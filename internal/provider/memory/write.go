package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Update is provider.Calendar's.
func (c *Calendar) Update(ctx context.Context, ref series.Ref, p series.Patch) (series.Ref, error) {
	quiet := p.Slot == nil && p.People == nil && p.Place == nil && !p.Busy
	return c.write(ctx, "update", ref, quiet, func(e *series.Event) error {
		if p.Mark != nil {
			written := maps.Clone(e.Mark.Written)
			if e.Mark.Org != p.Mark.Org {
				written = nil // another's
			}
			e.Mark = cloneMark(*p.Mark)
			if written != nil {
				maps.Copy(written, p.Mark.Written)
				e.Mark.Written = written
			}
		}
		patch(e, p)
		return nil
	})
}

// patch writes the named fields and their digests.
func patch(e *series.Event, p series.Patch) {
	wrote := func(f series.Field, digest string) {
		if e.Mark.IsZero() {
			return // nothing remembers it
		}
		if e.Mark.Written == nil {
			e.Mark.Written = map[series.Field]string{}
		}
		e.Mark.Written[f] = digest
	}
	// A field without a value is not stated, and so not owned.
	text := func(f series.Field, v string) {
		if wrote(f, series.Digest(v)); v == "" {
			delete(e.Mark.Written, f)
		}
	}
	if p.Slot != nil {
		move(e, *p.Slot)
		wrote(series.FieldSlot, series.DigestSlot(p.Slot.Slot))
		delete(e.Mark.Written, series.FieldEnd)
	}
	if p.People != nil {
		invite(e, *p.People)
		wrote(series.FieldPeople, e.People())
	}
	if p.Place != nil {
		for i := range e.Overrides {
			if e.Overrides[i].Place == e.Place {
				e.Overrides[i].Place = *p.Place
			}
		}
		e.Place = *p.Place
		text(series.FieldPlace, *p.Place)
	}
	if p.Link != nil {
		for i := range e.Overrides {
			if l := e.Overrides[i].Link; l == "" || l == e.Link || series.Digest(l) == e.Mark.Written[series.FieldLink] {
				e.Overrides[i].Link = *p.Link
			}
		}
		e.Link = *p.Link
		text(series.FieldLink, *p.Link)
	}
	if p.Busy {
		e.Free = false
		for i := range e.Overrides {
			e.Overrides[i].Free = false
		}
		wrote(series.FieldBusy, series.Digest("busy"))
	}
}

// move gives the series another slot, without an end. Overrides that name no occurrence any more are lost; the days
// that people took out or that are planned skips stay out.
func move(e *series.Event, to series.SlotPatch) {
	was := clone(*e)
	e.Start, e.Zone, e.Duration = to.Slot.On(to.First), to.Slot.Zone, to.Slot.Duration
	e.Rule = series.Rule{Plain: true, Every: to.Slot.Every}
	e.Overrides = slices.DeleteFunc(e.Overrides, func(o series.Override) bool { return !hits(*e, o.Original) })
	e.Excluded = nil
	stays := func(d series.Date) {
		if t := to.Slot.On(d); hits(*e, t) && find(e, t) < 0 {
			exclude(e, t)
		}
	}
	for _, t := range was.Excluded {
		if hits(was, t) {
			d, _ := series.WallClock(t, was.Zone)
			stays(d)
		}
	}
	for _, o := range was.Overrides {
		if o.Cancelled {
			d, _ := series.WallClock(o.Original, was.Zone)
			stays(d)
		}
	}
	for _, s := range e.Mark.Skips {
		if t := was.Slot().On(s.Date); !hits(was, t) { // else it is out as it was, or somebody put it back
			stays(s.Date)
		}
	}
	if !was.Start.Equal(e.Start) || was.Slot() != e.Slot() || !was.Rule.Until.IsZero() {
		reset(e.Guests)
	}
}

// invite makes p the people of the series, and changes those of overrides by as much.
func invite(e *series.Event, p series.PeoplePatch) {
	was := e.Guests
	e.Organizer, e.Guests = lower(p.Organizer), nil
	for _, g := range p.Guests {
		e.Guests = append(e.Guests, series.Guest{Address: lower(g), Answer: cmp.Or(saidBy(was, g), series.NeedsAction)})
	}
	for i := range e.Overrides {
		v := &e.Overrides[i]
		there := v.Guests
		v.Guests = nil
		for _, g := range p.Guests {
			switch stat := saidBy(there, g); {
			case stat != "":
				v.Guests = append(v.Guests, series.Guest{Address: lower(g), Answer: stat})
			case saidBy(was, g) == "": // new to the series; who was taken out of this one stays out
				v.Guests = append(v.Guests, series.Guest{Address: lower(g), Answer: series.NeedsAction})
			}
		}
		for _, g := range there {
			ofSeries := said(was, g.Address) != ""
			if !ofSeries && !slices.ContainsFunc(p.Guests, func(x series.Person) bool { return x.Is(g.Address) }) {
				v.Guests = append(v.Guests, g)
			}
		}
	}
}

// saidBy is the person's answer under any of their addresses; "" for a stranger.
func saidBy(gs []series.Guest, p series.Person) series.PartStat {
	for _, a := range p.Addresses() {
		if s := said(gs, series.Address(a)); s != "" {
			return s
		}
	}
	return ""
}

// Skip is provider.Calendar's.
func (c *Calendar) Skip(ctx context.Context, ref series.Ref, skips []series.Skip) (series.Ref, error) {
	return c.write(ctx, "skip", ref, false, func(e *series.Event) error {
		for _, s := range skips {
			e.Mark.Skips = append(forget(e.Mark.Skips, s.Date), s)
			if t := e.Slot().On(s.Date); hits(*e, t) && !out(e, t) {
				exclude(e, t)
			}
		}
		slices.SortFunc(e.Mark.Skips, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
		return nil
	})
}

// Unskip is provider.Calendar's.
func (c *Calendar) Unskip(ctx context.Context, ref series.Ref, days []series.Date) (series.Ref, error) {
	return c.write(ctx, "unskip", ref, false, func(e *series.Event) error {
		for _, d := range days {
			e.Mark.Skips = forget(e.Mark.Skips, d)
			if t := e.Slot().On(d); out(e, t) {
				include(e, t)
				drop(e, t)
			}
		}
		return nil
	})
}

func forget(skips []series.Skip, d series.Date) []series.Skip {
	return slices.DeleteFunc(slices.Clone(skips), func(s series.Skip) bool { return s.Date == d })
}

// SetOverride is provider.Calendar's.
func (c *Calendar) SetOverride(ctx context.Context, ref series.Ref, o series.Override) (series.Ref, error) {
	return c.write(ctx, "set override", ref, false, func(e *series.Event) error {
		if !hits(*e, o.Original) && find(e, o.Original) < 0 {
			return fmt.Errorf("the series has no occurrence at %s", o.Original.Format(time.RFC3339))
		}
		include(e, o.Original)
		v := override(e, o.Original)
		if !v.Start.Equal(o.Start) || v.Duration != o.Duration {
			reset(v.Guests)
		}
		v.Start, v.Duration, v.Place, v.Link, v.Cancelled = o.Start, o.Duration, o.Place, o.Link, o.Cancelled
		e.Mark.Overridden(o)
		return nil
	})
}

// ClearOverride is provider.Calendar's.
func (c *Calendar) ClearOverride(ctx context.Context, ref series.Ref, original time.Time) (series.Ref, error) {
	return c.write(ctx, "clear override", ref, false, func(e *series.Event) error {
		include(e, original)
		drop(e, original)
		e.Mark.Cleared(original)
		return nil
	})
}

// End is provider.Calendar's.
func (c *Calendar) End(ctx context.Context, ref series.Ref, last series.Date) (series.Ref, error) {
	const op = "end"
	never := func(e series.Event) bool { return e.First().After(last) }
	if gone, ref, err := c.removeIf(ctx, op, ref, never); gone || err != nil {
		return ref, err
	}
	return c.write(ctx, op, ref, false, func(e *series.Event) error {
		until := series.Instant(last, 24*60-1, e.Zone)
		if e.Rule.Until.IsZero() || e.LastDay().After(last) {
			e.Rule.Until = until
			if e.Rule.Plain {
				e.Rule.Until = e.Slot().On(e.LastDay())
			}
		}
		for _, o := range slices.Clone(e.Overrides) {
			was, _ := series.WallClock(o.Original, e.Zone)
			is, _ := series.WallClock(o.Start, e.Zone)
			switch {
			case was.After(last):
				drop(e, o.Original)
			case is.After(last):
				exclude(e, o.Original) // it must not come back in its old place
			}
		}
		if e.Mark.Written == nil {
			e.Mark.Written = map[series.Field]string{}
		}
		e.Mark.Written[series.FieldEnd] = series.Digest(e.LastDay().String())
		return nil
	})
}

// Revive is provider.Calendar's.
func (c *Calendar) Revive(ctx context.Context, e series.Event) (series.Ref, error) {
	const op = "revive"
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	fault, err := c.enter(ctx, op)
	if err != nil {
		return series.Ref{}, err
	}
	var r raw
	if err := json.Unmarshal([]byte(e.Raw), &r); err != nil {
		return series.Ref{}, fail(provider.Permanent, op, fmt.Errorf("kept version cannot be read: %w", err))
	}
	if c.objects[r.Event.ID] != nil || c.byUID(r.Event.UID) != nil {
		return series.Ref{}, fail(provider.Conflict, op, errors.New("it exists again"))
	}
	o := &object{event: r.Event, notes: r.Notes, client: r.Client}
	ref := c.store(o)
	c.world.counts.Writes++
	c.send(nil, o, c.mails(o))
	return leave(fault, op, ref)
}

// write is one conditional write of the organizer's event. A change that changes nothing is not written.
func (c *Calendar) write(
	ctx context.Context,
	op string,
	ref series.Ref,
	quiet bool,
	change func(*series.Event) error,
) (series.Ref, error) {
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
	if err := change(&o.event); err != nil {
		return series.Ref{}, fail(provider.Permanent, op, err)
	}
	if reflect.DeepEqual(o.event, was.event) {
		return leave(fault, op, ref)
	}
	ref = c.store(o)
	c.world.counts.Writes++
	mails := c.mails(o)
	if quiet && c.world.opts.Quiet {
		mails = 0
	}
	c.send(was, o, mails)
	return leave(fault, op, ref)
}

// current is the object that ref names, if it still has that version.
func (c *Calendar) current(op string, ref series.Ref, fault Fault) (*object, error) {
	o := c.objects[ref.ID]
	if o != nil && fault == Raced {
		o = o.clone()
		c.store(o)
	}
	if o == nil || o.event.Version != ref.Version {
		return nil, fail(provider.Conflict, op, errStale)
	}
	return o, nil
}

// removeIf deletes the object if it is as doomed says. A missing one counts as deleted.
func (c *Calendar) removeIf(
	ctx context.Context,
	op string,
	ref series.Ref,
	doomed func(series.Event) bool,
) (bool, series.Ref, error) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	o := c.objects[ref.ID]
	if o != nil && !doomed(o.event) {
		return false, ref, nil
	}
	fault, err := c.enter(ctx, op)
	if err != nil {
		return true, series.Ref{}, err
	}
	if o != nil {
		if o, err = c.current(op, ref, fault); err != nil {
			return true, series.Ref{}, err
		}
		c.remove(ref.ID)
		c.world.counts.Writes++
		c.withdraw(o, c.mails(o))
	}
	ref, err = leave(fault, op, series.Ref{})
	return true, ref, err
}
