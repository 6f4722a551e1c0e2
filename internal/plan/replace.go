package plan

import (
	"slices"

	"holdfast/internal/series"
)

// rosterSlot is why a series is replaced whose slot line was changed.
const rosterSlot = "the roster's slot is now "

// replace ends the generation with this week and begins one on the slot want in the week after, or with `starts` if that is
// later; a series of every second or fourth week keeps to its weeks. Where this was done by half before, only the second
// half is left to do. A series that has not met yet goes altogether, and the new one begins as soon as it can. Which slot it is
// comes after because; why is told with it.
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
	from, to, words := h.Slot().String(), want.String(), want.String()
	if from == to {
		from, to, words = h.Slot().Line(), want.Line(), want.Words()
	}
	c := p.creation(w, because+words)
	c.Why = append(c.Why, why...)
	c.From, c.To = from, to
	last = w.First.Monday().AddDays(-1)
	if carried := p.carry(h, last, &c); !half {
		c.Group, c.first = "replace "+p.v.Pair.String(), fresh
		if fresh {
			p.endOne(h, h.First().AddDays(-1), c, carried)
		} else {
			p.endOne(h, last, c, carried)
		}
		p.endAll(last, c)
	}
	p.do(Create, c)
	return true
}

// endOne ends the series whose slot c replaces; what is carried over is not lost.
func (p *pairPlan) endOne(h *series.Event, last series.Date, c Change, carried map[series.Date]bool) {
	p.do(End, Change{Group: c.Group, From: c.From, To: last.String(), Mails: 1,
		Why: append([]string{c.Why[0], "the old slot has no meeting after " + last.Long()}, lost(h, last, carried)...), Steps: []Step{{Ref: h.Ref, End: &last}}})
	ended(h, last)
}

// carry adds to the creation c the changes of meetings after the day last that still fit: moves within their week, other
// lengths and places, cancellations, and planned skips that a person put back. It returns the days that are carried over.
func (p *pairPlan) carry(h *series.Event, last series.Date, c *Change) map[series.Date]bool {
	w := c.Steps[0].Create
	carried := map[series.Date]bool{}
	// fits finds the new meeting that stands for the one originally on od.
	fits := func(od series.Date) (series.Date, bool) {
		d := w.Slot.InWeek(od)
		return d, od.After(last) && slices.Contains(w.Slot.Dates(w.First, d, d), d) && (w.Ends.IsZero() || !d.After(w.Ends))
	}
	skipped := func(list []series.Skip, d series.Date) bool {
		return slices.ContainsFunc(list, func(s series.Skip) bool { return s.Date == d })
	}
	add := func(od series.Date, why string, s Step) {
		carried[od] = true
		c.Steps, c.Mails, c.Why = append(c.Steps, s), c.Mails+1, append(c.Why, why+" of "+od.Long()+" is carried over")
	}
	for _, o := range h.Overrides {
		od, _ := series.WallClock(o.Original, h.Zone)
		nd, _ := series.WallClock(o.Start, w.Slot.Zone)
		d, ok := fits(od)
		if !ok || skipped(w.Skips, d) || same(h, o) || nd.Monday() != od.Monday() && p.in.Policy.Moved != PolicyRestore {
			continue
		}
		n := series.Override{Original: w.Slot.On(d), Start: o.Start, Duration: o.Duration, Cancelled: o.Cancelled, Place: o.Place, Link: o.Link,
			MadeUp: !o.Cancelled && h.Mark.MadeUpTo(o.Original).Equal(o.Start)}
		if o.Cancelled || o.Start.Equal(o.Original) || p.in.Policy.Moved == PolicyRestore && !n.MadeUp {
			n.Start = n.Original
		}
		if o.Cancelled || o.Duration == h.Duration {
			n.Duration = w.Slot.Duration
		}
		if o.Cancelled || o.Place == h.Place {
			n.Place = w.Place
		}
		if o.Cancelled || o.Link == h.Link || o.Link == "" {
			n.Link = w.Link
		}
		if n.Start.Equal(n.Original) && n.Duration == w.Slot.Duration && n.Place == w.Place && n.Link == w.Link && !n.Cancelled {
			continue // nothing is left of it
		}
		add(od, "the change", Step{SetOverride: &n})
	}
	for _, t := range h.Excluded {
		od, _ := series.WallClock(t, h.Zone)
		if d, ok := fits(od); ok && !skipped(w.Skips, d) && !skipped(h.Mark.Skips, od) {
			at := w.Slot.On(d)
			add(od, "the cancellation", Step{SetOverride: &series.Override{Original: at, Start: at, Duration: w.Slot.Duration, Cancelled: true, Place: w.Place, Link: w.Link}})
		}
	}
	for _, s := range h.Mark.Skips {
		at := h.Slot().On(s.Date)
		d, ok := fits(s.Date)
		if ok && skipped(w.Skips, d) && hits(h, at) && !slices.ContainsFunc(h.Excluded, at.Equal) {
			at = w.Slot.On(d)
			add(s.Date, "putting back", Step{ClearOverride: &at})
		}
	}
	return carried
}
