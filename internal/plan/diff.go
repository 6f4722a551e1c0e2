package plan

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Input is all that a plan is decided from. The same input gives the same plan, in the same order.
type Input struct {
	Now    time.Time
	Views  []series.View // ordered by pair, as Gather gives them; Want.Slot is chosen where the roster says auto
	Policy Policy
	NoSlot map[series.Pair]string // pairs with slot: auto for which no slot was found, and why
	Asks   []Ask                  // with any, only their pairs are planned
	// Allowed is the digest of the held set that a person let through.
	Allowed string
	Writes  map[series.Pair]int // writes made today
	Fresh   bool                // the journal remembers nothing
}

// Diff decides what to write.
func Diff(in Input) Plan {
	b := &builder{in: in}
	for i := range in.Views {
		v := &in.Views[i]
		ask, asked := askFor(in.Asks, v.Pair)
		if len(in.Asks) > 0 && !asked {
			continue
		}
		if v.Stale {
			continue
		}
		b.pair(v, ask)
	}
	b.group()
	return b.brake()
}

func askFor(asks []Ask, p series.Pair) (*Ask, bool) {
	for i := range asks {
		if asks[i].Pair == p {
			return &asks[i], true
		}
	}
	return nil, false
}

type builder struct {
	in      Input
	changes []Change
	held    []Held
}

// pair plans for one pair and then asks whether its calendars can be believed.
func (b *builder) pair(v *series.View, ask *Ask) {
	p := &pairPlan{builder: b, v: v, ask: ask, today: today(v, b.in.Now)}
	switch {
	case !v.Wanted:
		p.unwanted()
	case v.Head() == nil:
		p.unbooked()
	default:
		p.booked()
	}
	because := ""
	switch limit := b.in.Policy.MaxWrites; {
	case v.Suspect && ask == nil:
		because = "a calendar of this pair lists far less than before: look at it first"
	case limit > 0 && ask == nil && b.in.Writes[v.Pair]+len(p.changes) > limit:
		because = fmt.Sprintf("%d writes to this series today: something else may be changing it back", b.in.Writes[v.Pair])
	}
	for _, c := range p.changes {
		if because != "" {
			b.held = append(b.held, Held{Change: c, Because: because})
		} else {
			b.changes = append(b.changes, c)
		}
	}
	b.held = append(b.held, p.held...)
}

// today is the day in the zone of the pair's slot.
func today(v *series.View, now time.Time) series.Date {
	zone := "UTC"
	if h := v.Head(); h != nil && !h.Mark.Slot.IsZero() {
		zone = h.Mark.Slot.Zone
	} else if v.Wanted && v.Want.Slot.Zone != "" {
		zone = v.Want.Slot.Zone
	}
	d, _ := series.WallClock(now, zone)
	return d
}

type pairPlan struct {
	*builder
	v       *series.View
	ask     *Ask
	today   series.Date
	changes []Change
	held    []Held
}

func (p *pairPlan) asked(accept bool) bool { return p.ask != nil && p.ask.Accept == accept }

func (p *pairPlan) change(a Action, c Change) Change {
	c.Pair, c.Action = p.v.Pair, a
	if c.Calendar == "" {
		c.Calendar = p.v.Pair.Manager
	}
	if c.Generation == 0 {
		if h := p.v.Head(); h != nil {
			c.Generation = h.Mark.Generation
		}
	}
	return c
}

func (p *pairPlan) do(a Action, c Change) { p.changes = append(p.changes, p.change(a, c)) }

func (p *pairPlan) hold(a Action, c Change, because string, brake bool) {
	p.held = append(p.held, Held{Change: p.change(a, c), Because: because, Brake: brake})
}

// quietMails is what a write costs that people need not hear of.
func (p *pairPlan) quietMails() int {
	if p.v.Quiet {
		return 0
	}
	return 1
}

// unwanted ends what the roster no longer has.
func (p *pairPlan) unwanted() {
	h := p.v.Head()
	if last := h.LastDay(); h.Cancelled || !last.IsZero() && !last.After(p.today) {
		return
	}
	p.end(h, p.today, "the roster no longer has this pair")
}

func (p *pairPlan) end(e *series.Event, last series.Date, why string) {
	p.do(End, Change{Generation: e.Mark.Generation, From: e.Slot().String(), To: last.String(), Mails: 1,
		Why:   append([]string{why, "no meeting after " + last.Long()}, lost(e, last, nil)...),
		Steps: []Step{{Ref: e.Ref, End: &last}}})
}

// unbooked plans for a pair that has no series on the calendar.
func (p *pairPlan) unbooked() {
	v, w := p.v, &p.v.Want
	if !w.Ends.IsZero() && w.Ends.Before(p.today) {
		return
	}
	if lost := v.Lost(); lost != nil {
		p.rebook(lost)
		return
	}
	if v.Missing() {
		return // drift tells; nothing is done before there is proof
	}
	for i := range v.Candidates {
		if c := &v.Candidates[i]; !c.Ended(p.in.Now) {
			p.adopt(c)
			return
		}
	}
	why := "nothing is booked yet"
	if p.in.Fresh && slices.ContainsFunc(p.in.Views, func(o series.View) bool { return o.Wanted && o.Head() != nil }) && p.ask == nil {
		p.create(why, "the journal is new but other series are booked: this one may have been deleted on purpose")
		return
	}
	p.create(why, "")
}

// create books the pair's series; held as by a brake if because is given.
func (p *pairPlan) create(why, because string) {
	w := p.v.Want
	if reason := p.in.NoSlot[p.v.Pair]; reason != "" {
		p.hold(Create, Change{Why: []string{why}}, reason, false)
		return
	}
	w.Generation = p.v.Generation() + 1
	w.First = p.firstDay(w.Slot)
	c := p.creation(w, why)
	if because != "" {
		p.hold(Create, c, because, true)
		return
	}
	p.do(Create, c)
}

// creation is the change that books w, with the skips that are known by now.
func (p *pairPlan) creation(w series.Series, why ...string) Change {
	until := p.today.AddDays(7 * p.in.Policy.HorizonWeeks)
	for _, d := range w.Slot.Dates(w.First, w.First, until) {
		if reason := w.AwayAt(w.Slot.On(d)); reason != "" {
			w.Skips = append(w.Skips, series.Skip{Date: d, Why: reason})
		}
	}
	why = append(why, "first 1:1 on "+w.First.Long()+" "+w.Slot.At.String())
	for _, s := range w.Skips {
		why = append(why, s.Date.Long()+" is skipped: "+s.Why)
	}
	return Change{Generation: w.Generation, To: w.Slot.String(), Mails: 1, Why: why, Steps: []Step{{Create: &w}}}
}

// firstDay is the first day on which a series of that slot can begin: not before `starts`, not in the past.
func (p *pairPlan) firstDay(s series.Slot) series.Date {
	from, _ := series.WallClock(p.in.Now, s.Zone)
	if !s.On(from).After(p.in.Now) {
		from = from.AddDays(1)
	}
	if p.v.Want.Starts.After(from) {
		from = p.v.Want.Starts
	}
	return s.First(from)
}

// rebook plans for a series that a person deleted.
func (p *pairPlan) rebook(g *series.Gone) {
	policy := p.in.Policy.SeriesEnded == PolicyRestore
	if !policy && !p.asked(false) {
		return
	}
	why := "put back: a person deleted the series"
	if g.Last.Raw != "" || g.Last.UID != "" {
		last := g.Last
		p.do(Restore, Change{Generation: g.Generation, To: last.Mark.Slot.String(), Mails: 1, Why: []string{why},
			Steps: []Step{{Ref: last.Ref, Revive: &last}}})
		return
	}
	p.create(why, "")
}

// adopt takes a 1:1 that the pair has without us.
func (p *pairPlan) adopt(c *series.Event) {
	w := p.v.Want
	same := w.Auto || c.Slot().Same(w.Slot, c.First())
	booked := c.Slot()
	patch := series.Patch{}
	ch := Change{Generation: p.v.Generation() + 1, From: booked.String(), To: booked.String(), Mails: p.quietMails(),
		Why: []string{"the pair already has this 1:1: it gets the mark and the agenda link"}}
	switch {
	case booked.IsZero():
		p.hold(Adopt, ch, "the pair has a recurring 1:1 whose rule Holdfast cannot keep: make it weekly, or delete it", false)
		return
	case same:
	case p.asked(true):
		ch.Why = append(ch.Why, "its slot stands instead of the roster's")
	case p.asked(false):
		booked = w.Slot
		first := w.Slot.InWeek(c.First())
		patch.Slot = &series.SlotPatch{Slot: w.Slot, First: first}
		ch.To, ch.Mails = booked.String(), 1
		ch.Why = append(ch.Why, "moved to the roster's slot")
	default:
		ch.To = w.Slot.String()
		p.hold(Adopt, ch, fmt.Sprintf("the pair already has a 1:1 on %s: `holdfast accept %s` takes it, `holdfast restore %[2]s` moves it to the roster's slot", booked, p.v.Pair), false)
		return
	}
	w.Generation, w.Slot = ch.Generation, booked
	mark := w.Mark()
	patch.Mark = &mark
	if w.Link != "" && c.Link != w.Link {
		patch.Link = &w.Link
	}
	ch.Steps = []Step{{Ref: c.Ref, Update: &patch}}
	p.do(Adopt, ch)
}

// lost lists the overrides that end with the series after the last day, but for those carried over.
func lost(e *series.Event, last series.Date, carried map[series.Date]bool) []string {
	var out []string
	for _, o := range e.Overrides {
		od, _ := series.WallClock(o.Original, e.Zone)
		nd, _ := series.WallClock(o.Start, e.Zone)
		if !o.Cancelled && !carried[od] && (od.After(last) || nd.After(last)) && !o.Start.Equal(o.Original) {
			out = append(out, fmt.Sprintf("the move of %s to %s is lost", od.Long(), moment(o.Start)))
		}
	}
	return out
}

// moment is "Thu 3 Dec 15:00".
func moment(t time.Time) string { return t.Format("Mon 2 Jan 15:04") }
