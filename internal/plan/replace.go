package plan

import (
	"cmp"
	"fmt"
	"slices"

	"holdfast/internal/series"
)

// rosterSlot is why a series is replaced whose slot line was changed.
const rosterSlot = "the roster's slot is now "

// replace ends the generation with this week and begins one on the slot want in the week after, or with `starts` if
// that is later; a series of every second or fourth week keeps to its weeks. Where this was done by half before, only
// the second half is left to do. A series that has not met yet goes altogether, and the new one begins as soon as it
// can. Which slot it is comes after because; why is told with it.
func (p *pairPlan) replace(h *series.Event, want series.Slot, because string, why ...string) bool {
	w := p.v.Want
	last, half := h.LastDay(), false
	next := p.today.Monday().AddDays(7)
	before := slices.ContainsFunc(p.v.Chain[:len(p.v.Chain)-1], func(e series.Event) bool {
		return !e.Cancelled && !e.LastDay().Before(p.today.Monday())
	})
	fresh := h.Start.After(p.in.Now) && !slices.ContainsFunc(h.Overrides, func(o series.Override) bool { return o.Start.Before(p.in.Now) })
	switch {
	case !last.IsZero() && !h.EndedByHand() && p.goesOn(h):
		half, next = true, last.Monday().AddDays(7)
	case fresh && !before:
		next = p.today
	}
	w.Slot, w.Generation, w.First = want, p.v.Generation()+1, p.firstDay(want, inPhase(h, want, next))
	if !w.Ends.IsZero() && w.First.After(w.Ends) {
		return false // it ends before it could begin: the old slot stands until then
	}
	from, to := series.AspectOf(h.Slot()), series.AspectOf(want)
	if from.Equal(to) {
		from, to = series.WholeSlot(h.Slot()), series.WholeSlot(want)
	}
	words := to.Words()
	p.takeOver(h, &w)
	c := p.creation(w, because+words)
	c.Why = append(c.Why, why...)
	c.From, c.To = from, to
	last = w.First.Monday().AddDays(-1)
	carried := p.carry(h, last, &c)
	if half {
		p.do(Create, c)
		return true
	}
	c.Group = p.replacement()
	p.do(Create, c)
	final := last
	if fresh {
		final = h.First().AddDays(-1)
	}
	reasons := []string{because + words, "the old slot has no meeting after " + final.Long()}
	p.do(End, Change{
		Group: c.Group,
		From:  c.From,
		To:    series.AspectOf(final),
		Mails: 1,
		Why:   append(reasons, lost(h, final, carried)...),
		Steps: []Step{{Ref: h.Ref, End: &final}},
	})
	ended(h, final)
	p.endAll(last, Change{Group: c.Group, Why: []string{because + words}})
	return true
}

// replacement is the group of the changes by which a generation takes the place of the one before. The old one ends
// last, and only where all before was done: until then both live, and the next round finds out what is left.
func (p *pairPlan) replacement() string { return "replace " + p.v.Pair.String() }

// takeOver makes w what people made of the series h as a whole. What Holdfast last wrote of a field that they changed
// goes along, so that it is still told from what the roster says.
func (p *pairPlan) takeOver(h *series.Event, w *series.Series) {
	from, now := *h, h.Digests()
	w.Carry = series.Carry{From: &from, Written: map[series.Field]string{}, Free: h.Free}
	keep := func(f series.Field, there bool) bool {
		written := h.Mark.Written[f]
		if written == now[f] || written == "" && !there {
			return false
		}
		w.Carry.Written[f] = written
		return true
	}
	if h.Title != "" && keep(series.FieldTitle, h.Title != w.Title) {
		w.Title = h.Title
	}
	if keep(series.FieldPlace, h.Place != "") {
		w.Place = h.Place
	}
	if h.Link != "" && keep(series.FieldLink, true) {
		w.Link = h.Link
	}
	same := w.Slot
	same.Duration, same.Every = h.Duration, h.Rule.Every
	stays := h.Rule.Plain && w.Slot.Duration <= h.Duration && same.Same(h.Slot(), h.First())
	for _, g := range h.Guests {
		if !stays {
			g.Answer = series.NeedsAction
		}
		switch {
		case w.Report.Is(g.Address):
			w.Carry.Answer = g.Answer
		case !w.Manager.Is(g.Address):
			w.Carry.Guests = append(w.Carry.Guests, g)
		}
	}
}

// carry adds to the creation c the changes of meetings after the day last that still fit: moves within their week,
// other lengths, places and people, cancellations, answers where the meeting keeps its time, and planned skips that a
// person put back. It returns the days that are carried over.
func (p *pairPlan) carry(h *series.Event, last series.Date, c *Change) map[series.Date]bool {
	w := c.Steps[0].Create
	carried := map[series.Date]bool{}
	// fits finds the new meeting that stands for the one originally on od.
	fits := func(od series.Date) (series.Date, bool) {
		d := w.Slot.InWeek(od)
		return d, od.After(last) && slices.Contains(w.Slot.Dates(w.First, d, d), d) && (w.Ends.IsZero() || !d.After(w.Ends))
	}
	note := func(od series.Date, what string) {
		carried[od] = true
		c.Why = append(c.Why, what+" of "+od.Long()+" is carried over")
	}
	// unskip takes a day off the planned skips: a person decided on it.
	unskip := func(d series.Date) {
		before := skipLines(w.Slot, areSkipped, w.Skips)
		w.Skips = slices.DeleteFunc(w.Skips, func(s series.Skip) bool { return s.Date == d })
		if i := slices.Index(c.Why, cmp.Or(before...)); i >= 0 {
			c.Why = slices.Replace(c.Why, i, i+len(before), skipLines(w.Slot, areSkipped, w.Skips)...)
		}
	}
	for _, o := range h.Overrides {
		od, _ := series.WallClock(o.Original, h.Zone)
		nd, _ := series.WallClock(o.Start, w.Slot.Zone)
		d, ok := fits(od)
		away := ok && skipped(w.Skips, d)
		switch {
		case !ok || !o.Cancelled && nd.Monday() != od.Monday() && p.in.Policy.Moved != PolicyRestore:
			continue
		case o.Cancelled: // also in a leave: it stays out when that is withdrawn
			unskip(d)
			w.Carry.Excluded = append(w.Carry.Excluded, w.Slot.On(d))
			note(od, "the cancellation")
		}
		n := p.overridden(h, o, w, d)
		moved := !n.Start.Equal(n.Original)
		if o.Cancelled || away && (!moved || p.v.Away(n.Start, n.Duration) != "") {
			continue
		}
		if away { // it was moved to when both are there
			unskip(d)
		}
		w.Carry.Overrides = append(w.Carry.Overrides, series.Carried{Override: n, Was: o.Original})
		carried[od] = true
		if moved || n.Duration != w.Slot.Duration || n.Place != w.Place || n.Link != w.Link || n.Free != w.Carry.Free {
			note(od, "the change")
			if p.v.Singly {
				c.Mails++
			}
		}
	}
	for _, t := range h.Excluded {
		od, _ := series.WallClock(t, h.Zone)
		if d, ok := fits(od); ok && !skipped(h.Mark.Skips, od) {
			unskip(d)
			w.Carry.Excluded = append(w.Carry.Excluded, w.Slot.On(d))
			note(od, "the cancellation")
		}
	}
	for _, s := range h.Mark.Skips {
		at := h.Slot().On(s.Date)
		if d, ok := fits(s.Date); ok && skipped(w.Skips, d) && hits(h, at) && !slices.ContainsFunc(h.Excluded, at.Equal) {
			w.Carry.PutBack = append(w.Carry.PutBack, d)
			note(s.Date, "putting back")
		}
	}
	return carried
}

func skipped(list []series.Skip, d series.Date) bool {
	return slices.ContainsFunc(list, func(s series.Skip) bool { return s.Date == d })
}

// overridden is the override of w's meeting on the day d that says what o says of h's.
func (p *pairPlan) overridden(h *series.Event, o series.Override, w *series.Series, d series.Date) series.Override {
	n := series.Override{
		Original: w.Slot.On(d),
		Start:    o.Start,
		Duration: o.Duration,
		Place:    o.Place,
		Link:     o.Link,
		Free:     o.Free,
		MadeUp:   h.Mark.MadeUpTo(o.Original).Equal(o.Start),
	}
	if o.Start.Equal(o.Original) || p.in.Policy.Moved == PolicyRestore && !n.MadeUp {
		n.Start = n.Original
	}
	if o.Duration == h.Duration {
		n.Duration = w.Slot.Duration
	}
	if o.Place == h.Place {
		n.Place = w.Place
	}
	if o.Link == h.Link || o.Link == "" {
		n.Link = w.Link
	}
	// Who answered for a time has answered for any part of it.
	within := !n.Start.Before(o.Start) && !n.Start.Add(n.Duration).After(o.Start.Add(o.Duration))
	for _, g := range o.Guests {
		if w.Report.Is(g.Address) {
			g.Address = series.Address(w.Report.Email)
		}
		if !within {
			g.Answer = series.NeedsAction
		}
		n.Guests = append(n.Guests, g)
	}
	return n
}

// complete carries over to the generation next what it does not have yet of e, which is to end after the day last:
// somebody was cut off before all was written, or a person changed e since. It reports whether anything is left.
func (p *pairPlan) complete(e, next *series.Event, last series.Date) bool {
	if !p.v.Wanted || !next.Derived || next.Mark.Slot.IsZero() || next.Mark.Carried == e.Changes() ||
		next.Ended(next.Start) || slices.Contains(p.v.MarkLost, next.UID) {
		return false
	}
	w := p.v.Want
	w.Generation, w.Slot, w.Line, w.First = next.Mark.Generation, next.Mark.Slot, next.Mark.Line, next.First()
	p.takeOver(e, &w)
	w.Place, w.Link, w.Skips = next.Place, next.Link, slices.Clone(next.Mark.Skips)
	c := Change{
		Generation: w.Generation,
		From:       series.AspectOf(e.Slot()),
		To:         series.AspectOf(w.Slot),
		Group:      p.replacement(),
		Why:        []string{fmt.Sprintf("it takes the place of generation %d", e.Mark.Generation)},
		Steps:      []Step{{Create: &w}},
	}
	p.carry(e, last, &c)
	if !p.v.Singly && len(w.Carry.Overrides) > 0 || len(w.Carry.Excluded) > 0 {
		c.Mails++
	}
	c.Mails = max(c.Mails, p.quietMails())
	p.do(Update, c)
	tookOver(next, w)
	return true
}
