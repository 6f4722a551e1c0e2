package google

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

// Update is provider.Calendar's.
func (c *Calendar) Update(ctx context.Context, ref series.Ref, p series.Patch) (series.Ref, error) {
	w, err := c.begin(ctx, "update", ref)
	if err != nil {
		return series.Ref{}, err
	}
	written := w.mark.Written[series.FieldLink]
	if p.Mark != nil {
		digests := w.mark.Written
		if w.mark.Org != p.Mark.Org {
			digests = nil // another's, or none
		}
		w.mark.Mark = *p.Mark
		w.mark.Written = digests
		w.mark.client = w.mark.client || p.ClientDelivers
		for f, d := range p.Mark.Written {
			w.wrote(f, d)
		}
	}
	if p.Slot != nil {
		w.move(*p.Slot)
	}
	if p.People != nil {
		w.invite(*p.People)
	}
	if p.Place != nil {
		w.place(*p.Place)
	}
	if p.Link != nil {
		if linked(w.change, w.g.master, *p.Link, written) {
			w.dirty = true
		}
		w.wrote(series.FieldLink, digestOf(*p.Link))
	}
	if p.Busy {
		if w.e.Free {
			w.change.Transparency = opaqueTime
			w.dirty = true
		}
		w.wrote(series.FieldBusy, series.Digest("busy"))
	}
	w.remember()
	ghosts := w.ghosts()
	if err := w.exceptions(ctx, p, written); err != nil {
		return series.Ref{}, err
	}
	if ref, err = w.store(ctx); err != nil || p.Slot == nil || len(w.g.exceptions) == 0 {
		return ref, err
	}
	return w.follow(ctx, false, func(e series.Event, x *calendar.Event, original time.Time) *calendar.Event {
		switch {
		case x.Status == cancelled:
			return nil
		case !hits(e, original):
			return &calendar.Event{Status: cancelled}
		case ghosts[original.Unix()] && w.differs(e, x):
			return w.asSeries(e, original)
		}
		return nil
	})
}

// exceptions writes the fields of p on those occurrences that are to have them too. They come before the master, which alone
// tells the guests and remembers what was written: who is cut off in between finds the master as it was, does the rest, and
// tells it once. written is the digest of the link that was last written.
func (w *edit) exceptions(ctx context.Context, p series.Patch, written string) error {
	for _, id := range slices.Sorted(maps.Keys(w.g.exceptions)) {
		x := w.g.exceptions[id]
		if x.Status == cancelled {
			continue
		}
		change, dirty := &calendar.Event{}, false
		if p.Link != nil {
			// A link that a person put on one meeting is theirs.
			if l := linkOf(x, written); l == "" || l == w.e.Link || series.Digest(l) == written {
				dirty = linked(change, x, *p.Link, written) || dirty
			}
		}
		if p.People != nil {
			if all := w.r.invitedTo(x, w.g.master, *p.People); !sameAttendees(all, x.Attendees) {
				change.Attendees, dirty = all, true
				change.ForceSendFields = append(change.ForceSendFields, "Attendees")
			}
		}
		if p.Place != nil && x.Location == w.e.Place && *p.Place != w.e.Place { // who meets elsewhere goes on to
			w.relocate(change, x, *p.Place)
			dirty = true
		}
		if p.Busy && x.Transparency == transparent {
			change.Transparency, dirty = opaqueTime, true
		}
		if dirty {
			if err := w.part(ctx, x, change, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// digestOf is the digest of a field that may be unset, and so not ours.
func digestOf(s string) string {
	if s == "" {
		return ""
	}
	return series.Digest(s)
}

// linked puts the link into change, a change of e; false where e has it already.
func linked(change, e *calendar.Event, link, written string) bool {
	description, files := setLink(e, link, written)
	same := slices.EqualFunc(files, e.Attachments, func(a, b *calendar.EventAttachment) bool { return a.FileUrl == b.FileUrl })
	if description == e.Description && same {
		return false
	}
	change.Description, change.Attachments = description, files
	change.ForceSendFields = append(change.ForceSendFields, "Description", "Attachments")
	return true
}

// place writes the location; "" removes it.
func (w *edit) place(place string) {
	if w.e.Place != place {
		w.relocate(w.change, w.g.master, place)
		w.dirty, w.tell = true, true
	}
	w.wrote(series.FieldPlace, digestOf(place))
}

// move gives the series another slot, plain and without an end; people are asked again.
func (w *edit) move(to series.SlotPatch) {
	w.wrote(series.FieldSlot, series.DigestSlot(to.Slot))
	w.wrote(series.FieldEnd, "")
	start := to.Slot.On(to.First)
	lines := moved(w.e, to, w.mark.Skips)
	now := series.Event{Start: start, Zone: to.Slot.Zone, Duration: to.Slot.Duration}
	readRule(&now, lines, w.r.at)
	now.Excluded = excluded(now, lines, false)
	same := !w.g.wholeDays() && w.e.Start.Equal(start) && w.e.Slot() == to.Slot && w.e.Rule.Until.IsZero()
	if same && slices.EqualFunc(now.Excluded, w.e.Excluded, time.Time.Equal) {
		return
	}
	w.change.Start, w.change.End = timed(start, to.Slot.Zone), timed(start.Add(to.Slot.Duration), to.Slot.Zone)
	w.change.Start.NullFields, w.change.End.NullFields = []string{"Date"}, []string{"Date"}
	w.change.Recurrence = lines
	w.dirty, w.tell = true, true
	if !same {
		w.change.Attendees = w.r.unanswered(w.g.master, w.g.master.Attendees)
		w.set("Attendees")
	}
}

// Skip is provider.Calendar's.
func (c *Calendar) Skip(ctx context.Context, ref series.Ref, skips []series.Skip) (series.Ref, error) {
	w, err := c.begin(ctx, "skip", ref)
	if err != nil {
		return series.Ref{}, err
	}
	lines := slices.Clone(w.g.master.Recurrence)
	out := map[int64]bool{}
	for _, s := range skips {
		w.mark.Skips = append(forgetSkip(w.mark.Skips, s.Date), s)
		t, ok := startOn(w.e, s.Date)
		if !ok || slices.ContainsFunc(w.e.Excluded, t.Equal) || w.cancelledAt(t) {
			continue
		}
		lines = append(lines, exdate(t, w.e.Zone, w.g.wholeDays()))
		out[t.Unix()] = true
	}
	slices.SortStableFunc(w.mark.Skips, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	w.recur(lines)
	w.remember()
	return w.storeWithout(ctx, out)
}

func forgetSkip(skips []series.Skip, d series.Date) []series.Skip {
	return slices.DeleteFunc(slices.Clone(skips), func(s series.Skip) bool { return s.Date == d })
}

// cancelledAt reports whether the occurrence is an override that is cancelled.
func (w *edit) cancelledAt(original time.Time) bool {
	return slices.ContainsFunc(w.e.Overrides, func(o series.Override) bool { return o.Cancelled && o.Original.Equal(original) })
}

// storeWithout writes the master, which takes the occurrences out, and cancels those of their exceptions that outlive that.
func (w *edit) storeWithout(ctx context.Context, out map[int64]bool) (series.Ref, error) {
	alive := false
	for _, x := range w.g.exceptions {
		original, ok := w.r.original(x)
		alive = alive || ok && out[original.Unix()] && x.Status != cancelled
	}
	ref, err := w.store(ctx)
	if err != nil || !alive {
		return ref, err
	}
	return w.follow(ctx, true, func(_ series.Event, x *calendar.Event, original time.Time) *calendar.Event {
		if x.Status == cancelled || !out[original.Unix()] {
			return nil
		}
		return &calendar.Event{Status: cancelled}
	})
}

// Unskip is provider.Calendar's.
func (c *Calendar) Unskip(ctx context.Context, ref series.Ref, days []series.Date) (series.Ref, error) {
	w, err := c.begin(ctx, "unskip", ref)
	if err != nil {
		return series.Ref{}, err
	}
	var back []time.Time
	for _, d := range days {
		w.mark.Skips = forgetSkip(w.mark.Skips, d)
		if t, ok := startOn(w.e, d); ok {
			back = append(back, t)
		}
	}
	return w.putBack(ctx, back, w.cancelledAt)
}

// ClearOverride is provider.Calendar's.
func (c *Calendar) ClearOverride(ctx context.Context, ref series.Ref, original time.Time) (series.Ref, error) {
	w, err := c.begin(ctx, "clear override", ref)
	if err != nil {
		return series.Ref{}, err
	}
	w.mark.Cleared(original)
	return w.putBack(ctx, []time.Time{original}, func(t time.Time) bool {
		return slices.ContainsFunc(w.e.Overrides, func(o series.Override) bool { return o.Original.Equal(t) })
	})
}

// putBack makes occurrences the series' own again: those taken out, and of the others those that stray accepts. What guests
// notice is told with the last part of it, so that one who is cut off between parts tells it once all the same; the mark
// comes after what it speaks of.
func (w *edit) putBack(ctx context.Context, originals []time.Time, stray func(time.Time) bool) (series.Ref, error) {
	lines := w.g.master.Recurrence
	var back []*calendar.Event
	for _, t := range originals {
		lines = without(w.e, lines, t, w.g.wholeDays())
		if x := w.exception(t); x != nil && stray(t) {
			back = append(back, x)
		}
	}
	w.recur(lines)
	w.remember()
	for i, x := range back {
		original, _ := w.r.original(x)
		if err := w.part(ctx, x, w.asSeries(w.e, original.Time), !w.tell && i == len(back)-1); err != nil {
			return series.Ref{}, err
		}
	}
	return w.store(ctx)
}

// SetOverride is provider.Calendar's.
func (c *Calendar) SetOverride(ctx context.Context, ref series.Ref, o series.Override) (series.Ref, error) {
	w, err := c.begin(ctx, "set override", ref)
	if err != nil {
		return series.Ref{}, err
	}
	there := func(v series.Override) bool { return v.Original.Equal(o.Original) }
	if !hits(w.e, o.Original) && !slices.ContainsFunc(w.e.Overrides, there) {
		return series.Ref{}, permanent(w.op, "", "event %s: the series has no occurrence at %s", opaque(ref.ID), o.Original.Format(time.RFC3339))
	}
	// What the guests are told of is the occurrence, not that the series has it again. The mark knows a make-up before anybody
	// hears of it: who is cut off in between asks for it again, and none is taken for a person's move.
	w.mark.Overridden(o)
	w.remember()
	w.recur(without(w.e, w.g.master.Recurrence, o.Original, w.g.wholeDays()))
	w.tell = false
	if _, err := w.store(ctx); err != nil {
		return series.Ref{}, err
	}
	x, err := c.instance(ctx, ref.ID, w.moment(o.Original))
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	if x == nil {
		return series.Ref{}, w.c.conflict(w.op, errBusy)
	}
	if x.Etag != w.e.Version { // Google gives all of a series one version; where it does not, look whether it still has ours
		if m, err := c.get(ctx, ref.ID); err != nil || m.Etag != w.e.Version {
			return series.Ref{}, cmp.Or(w.fail(err), w.c.conflict(w.op, errBusy))
		}
	}
	change, tell := w.occurrence(x, o, func(x *calendar.Event, retimed bool) []*calendar.EventAttendee {
		if !retimed {
			return nil
		}
		return w.r.unanswered(w.g.master, x.Attendees)
	})
	if change != nil {
		if _, err := c.patch(ctx, x.Id, x.Etag, change, tell && !w.mark.client); err != nil {
			return series.Ref{}, w.fail(err)
		}
	}
	m, err := c.get(ctx, ref.ID)
	if err != nil {
		return series.Ref{}, w.fail(err)
	}
	return series.Ref{ID: m.Id, Version: m.Etag}, nil
}

// occurrence is what makes x say what o says, nil for nothing, and whether the guests are to hear of it. people are the
// attendees that it is to have then, at another time or at the same; nil leaves them.
func (w *edit) occurrence(x *calendar.Event, o series.Override, people func(x *calendar.Event, retimed bool) []*calendar.EventAttendee) (change *calendar.Event, tell bool) {
	if o.Cancelled {
		if x.Status == cancelled {
			return nil, false
		}
		return &calendar.Event{Status: cancelled}, true
	}
	written := w.mark.Written[series.FieldLink]
	change = &calendar.Event{}
	dirty := false
	if x.Status == cancelled { // it may come with nothing of what it was
		change, dirty, tell = w.asSeries(w.e, o.Original), true, true
		x = change
	}
	start, _ := momentOf(x.Start, w.r.zone)
	retimed := !start.Equal(o.Start) || length(start, x.End) != o.Duration
	if all := people(x, retimed); all != nil {
		change.Attendees, dirty = all, true
		change.ForceSendFields = append(change.ForceSendFields, "Attendees")
	}
	if retimed {
		change.Start, change.End = w.times(o.Start, o.Duration)
		dirty, tell = true, true
	}
	if x.Location != o.Place {
		w.relocate(change, x, o.Place)
		dirty, tell = true, true
	}
	if linkOf(x, written) != o.Link && linked(change, x, o.Link, written) {
		dirty = true
	}
	if !dirty {
		return nil, false
	}
	return change, tell
}

// End is provider.Calendar's.
func (c *Calendar) End(ctx context.Context, ref series.Ref, last series.Date) (series.Ref, error) {
	const op = "end"
	w, err := c.begin(ctx, op, ref)
	if errors.Is(err, errVanished) {
		return series.Ref{}, nil // there is nothing left to end
	}
	if err != nil {
		return series.Ref{}, err
	}
	if w.e.First().After(last) {
		if err := c.remove(ctx, ref, !w.mark.client); err != nil && !gone(err) {
			return series.Ref{}, c.fail(op, err)
		}
		return series.Ref{}, nil
	}
	end := series.Instant(last.AddDays(1), 0, w.e.Zone).Add(-time.Second)
	lines := w.g.master.Recurrence
	if w.e.Rule.Until.IsZero() || w.e.Rule.Until.After(end) {
		lines = ended(w.e, lines, end, w.g.wholeDays())
	}
	out := map[int64]bool{}
	for _, o := range w.e.Overrides {
		if out[o.Original.Unix()] = o.Original.After(end) || o.Start.After(end); o.Start.After(end) && !o.Original.After(end) && !o.Cancelled {
			lines = append(slices.Clone(lines), exdate(o.Original, w.e.Zone, w.g.wholeDays())) // it must not come back in its old place
		}
	}
	w.recur(lines)
	now := w.e
	now.Rule = series.Rule{}
	readRule(&now, lines, w.r.at)
	w.wrote(series.FieldEnd, series.Digest(now.LastDay().String()))
	w.remember()
	return w.storeWithout(ctx, out)
}
