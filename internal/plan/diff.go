package plan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/internal/series"
)

// Input is all that a plan is decided from. The same input gives the same plan, in the same order.
type Input struct {
	Now    time.Time
	Views  []*series.View // as Gather gives them; Want.Slot is chosen where the roster says auto
	Policy Policy
	Chosen map[series.Pair][]string // what mattered for the slots that were chosen now, in words
	NoSlot map[series.Pair]string   // pairs with slot: auto for which no slot was found, and why
	Asks   []Ask                    // with any, only their pairs are planned
	Better map[series.Pair]Better   // what `accept` moves pairs to whose booked slot does not work any more
	// Allowed are the changes that a person let through, by id: their Digest as it was then.
	Allowed map[string]string
	// Held are the changes that brakes held in the last plan, by id.
	Held   map[string]Hold
	Recent []Recent            // each change once; none that was allowed
	Writes map[series.Pair]int // writes made today, since one was last allowed
	Fresh  bool                // the journal remembers nothing
	// Anybody is Anybody of the views of all pairs.
	Anybody bool
	// Stuck are changes that failed too often, by id.
	Stuck map[string]Stuck
	// Settling: the roster is not old enough yet to be obeyed where it ends or replaces what is booked.
	Settling bool
	// Doubtful are those of the last plan: the journal was new when they were first seen.
	Doubtful map[series.Pair]bool
	// Only are the pairs to draft for, nil for all: the other Views are what they share people and rooms with.
	Only map[series.Pair]bool
	Busy map[string][]series.Interval // time taken by other events, by person id: for make-ups
}

// Better is a slot that was proposed to a pair, with what mattered for it in words.
type Better struct {
	Slot series.Slot
	Why  []string
}

// Draft is what is planned for one pair, before it is held against what is planned for all others.
type Draft struct {
	Changes  []Change
	Held     []Held
	Doubtful bool
	Refused  []Refusal
}

// Empty reports whether there is nothing to do for the pair.
func (d Draft) Empty() bool { return len(d.Changes)+len(d.Held)+len(d.Refused) == 0 && !d.Doubtful }

// Diff decides what to write.
func Diff(in Input) Plan {
	in.Views = slices.Clone(in.Views)
	slices.SortStableFunc(in.Views, func(a, b *series.View) int { return a.Pair.Compare(b.Pair) })
	in.Anybody = Anybody(in.Views)
	return Assemble(in, Drafts(in))
}

// Anybody reports whether a pair that the roster has has a series.
func Anybody(views []*series.View) bool {
	return slices.ContainsFunc(views, func(v *series.View) bool { return v.Wanted && v.Head() != nil })
}

// Drafts plans for each pair by itself. Those for which there is nothing to do are not among them.
func Drafts(in Input) map[series.Pair]Draft {
	b := &builder{in: in}
	out := map[series.Pair]Draft{}
	for i := range in.Views {
		v := in.Views[i]
		ask, asked := askFor(in.Asks, v.Pair)
		if len(in.Asks) > 0 && !asked || v.Stale && (v.Wanted || !v.OnlyCopyStale) || in.Only != nil && !in.Only[v.Pair] {
			continue
		}
		b.changes, b.held, b.doubtful, b.refused = nil, nil, nil, nil
		b.pair(v, ask)
		if d := (Draft{b.changes, b.held, len(b.doubtful) > 0, b.refused}); !d.Empty() {
			out[v.Pair] = d
		}
	}
	return out
}

// Assemble makes of what is planned for each pair what is done: pairs that belong together are joined, and brakes hold
// what there is too much of. The Views are those of all pairs.
func Assemble(in Input, drafts map[series.Pair]Draft) Plan {
	b := &builder{in: in}
	for _, p := range slices.SortedFunc(maps.Keys(drafts), series.Pair.Compare) {
		d := drafts[p]
		for _, c := range d.Changes {
			c.Why = slices.Clip(c.Why) // the draft stays as it is
			b.changes = append(b.changes, c)
		}
		b.held, b.refused = append(b.held, d.Held...), append(b.refused, d.Refused...)
		if d.Doubtful {
			b.doubtful = append(b.doubtful, p)
		}
	}
	if len(drafts) == 0 {
		return Plan{}
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
	in       Input
	changes  []Change
	held     []Held
	doubtful []series.Pair
	refused  []Refusal
}

// pair plans for one pair and then asks whether its calendars can be believed.
func (b *builder) pair(v *series.View, ask *Ask) {
	refused := len(b.refused)
	p := &pairPlan{builder: b, v: working(v), ask: ask, today: today(v, b.in.Now)}
	switch {
	case ask != nil && ask.To != nil:
		p.makeUp()
	case ask != nil && ask.Invite:
		p.invite()
	case !v.Wanted:
		p.unwanted()
	case v.Missing():
		p.hold(Create, Change{Why: []string{"the calendar no longer has the series"}},
			"nothing says that somebody deleted it: if it stays away, the next round knows, unless the calendar shows nothing at all", false)
	case v.Head() == nil:
		p.unbooked()
	default:
		p.booked()
	}
	if len(b.refused) > refused { // then nothing is done for this pair
		p.changes = nil
	}
	because, brake := "", false
	switch limit := b.in.Policy.MaxWrites; {
	case v.Suspect && ask == nil:
		because = "a calendar of this pair lists far less than before: check it first"
	case limit > 0 && ask == nil && b.in.Writes[v.Pair]+len(p.changes) > limit:
		because, brake = fmt.Sprintf("%d writes to this series today: something else may be changing it back",
			b.in.Writes[v.Pair]), true
	}
	for _, c := range p.changes {
		mailed(v, &c)
		if because != "" {
			b.held = append(b.held, Held{Change: c, Because: because, Brake: brake})
		} else if own := overwrites(v, &c, ask != nil, b.in.Now); own != "" {
			b.held = append(b.held, Held{Change: c, Because: own, Brake: true})
		} else {
			b.changes = append(b.changes, c)
		}
	}
	for i := range p.held {
		mailed(v, &p.held[i].Change)
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
	v       *series.View // the last of its Chain is as the changes so far leave it
	ask     *Ask
	today   series.Date
	changes []Change
	held    []Held
}

func (p *pairPlan) asked(accept bool) bool { return p.ask != nil && p.ask.Accept == accept }

// putBackAll reports whether a person asked to put back the series.
func (p *pairPlan) putBackAll() bool { return p.asked(false) && p.ask.Occurrence.IsZero() }

func (p *pairPlan) change(a Action, c Change) Change {
	c.Pair, c.Action, c.Calendar = p.v.Pair, a, p.v.Pair.Manager
	c.fromToday = a == End && c.To.Equal(series.AspectOf(p.today))
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
	if h == nil {
		return
	}
	p.supersede()
	p.endAll(p.today, Change{Why: []string{"the roster no longer has this pair"}})
}

// endAll ends what goes on after the day: the series, and one before it that was to end later. c has the reason.
func (p *pairPlan) endAll(last series.Date, c Change) {
	for i := range p.v.Chain {
		if e := &p.v.Chain[i]; meetsAfter(e, last) {
			p.end(e, last, c.Why[0])
			p.changes[len(p.changes)-1].Group = c.Group
		}
	}
}

// meetsAfter reports whether the series has a meeting after the day by its rule.
func meetsAfter(e *series.Event, day series.Date) bool {
	last := e.LastDay()
	return !e.Cancelled && (last.IsZero() || last.After(day) && !last.Before(e.First()))
}

func (p *pairPlan) end(e *series.Event, last series.Date, why string) {
	p.do(End, Change{Generation: e.Mark.Generation, From: series.AspectOf(e.Slot()), To: series.AspectOf(last), Mails: 1,
		Why:   append([]string{why, "no meeting after " + last.Long()}, lost(e, last, nil)...),
		Steps: []Step{{Ref: e.Ref, End: &last}}})
	ended(e, last)
}

// unbooked plans for a pair that has no series on the calendar.
func (p *pairPlan) unbooked() {
	v := p.v
	if ends := v.Want.Ends; !ends.IsZero() && ends.Before(p.today) || p.adoptable() {
		return
	}
	for i := range v.Foreign {
		if e := &v.Foreign[i]; !e.Ended(p.in.Now) {
			p.hold(Create, Change{Generation: v.Generation() + 1, To: series.AspectOf(v.Want.Slot)},
				"the pair already has a 1:1 under another `org:`, on "+e.Slot().Words()+": put the old `org:` back into the "+
					"settings, or end that series first", false)
			return
		}
	}
	if lost := v.Lost(); lost != nil {
		p.rebook(lost)
		return
	}
	why := "nothing is booked yet"
	if (p.in.Fresh && p.in.Anybody || p.in.Doubtful[v.Pair]) && p.ask == nil {
		p.doubtful = append(p.doubtful, v.Pair)
		p.create(p.v.Want, series.Date{}, why, "the journal was new when other series were booked already: this one may have been deleted on purpose, `holdfast allow` books it")
		return
	}
	p.create(p.v.Want, series.Date{}, why, "")
}

// create books the pair's series as w says, from the first day on that is not before from; held as by a brake if
// because is given.
func (p *pairPlan) create(w series.Series, from series.Date, why, because string) {
	if reason := p.in.NoSlot[p.v.Pair]; reason != "" && w.Slot == p.v.Want.Slot {
		p.hold(Create, Change{Why: []string{why}}, reason, false)
		return
	}
	w.Generation = p.v.Generation() + 1
	w.First = p.firstDay(w.Slot, from)
	if !w.Ends.IsZero() && w.First.After(w.Ends) {
		return
	}
	c := p.creation(w, why)
	if w.Slot == p.v.Want.Slot {
		c.Why = append(c.Why, p.in.Chosen[p.v.Pair]...)
	}
	if because != "" {
		p.hold(Create, c, because, true)
		return
	}
	p.do(Create, c)
}

// again books a pair anew whose series has ended, on the slot it had unless the roster now wants another, and not in
// the week of its last meeting.
func (p *pairPlan) again(e *series.Event, why string) {
	w := p.v.Want
	w.Slot = p.wish(e)
	p.takeOver(e, &w)
	from := series.Date{}
	if last := e.LastDay(); !last.IsZero() && !e.Cancelled {
		from = inPhase(e, w.Slot, maxDate(p.today, last.Monday().AddDays(7)))
	}
	p.create(w, from, why, "")
}

// inPhase is from, or for a series of every second or fourth week that stays one, the Monday of its next week from
// then on.
func inPhase(e *series.Event, s series.Slot, from series.Date) series.Date {
	booked := e.Mark.Slot
	if s.Every == 1 || s.Every != booked.Every {
		return from
	}
	first := e.BookedFirst(booked)
	if !first.After(from) {
		first = booked.Dates(first, from.Monday(), from.AddDays(7*s.Every))[0]
	}
	return maxDate(from, first.Monday())
}

func maxDate(a, b series.Date) series.Date {
	if a.Before(b) {
		return b
	}
	return a
}

// wish is the slot that the roster wants, given what is booked.
func (p *pairPlan) wish(e *series.Event) series.Slot {
	w := &p.v.Want
	switch {
	case w.Line == e.Mark.Line:
		return e.Mark.Slot
	case w.Auto: // no weekday and time are wished: those that are booked stand
		s := e.Mark.Slot
		s.Duration, s.Every = w.Slot.Duration, w.Slot.Every
		return s
	}
	return w.Slot
}

// creation is the change that books w, with the skips and the end that are known by now.
func (p *pairPlan) creation(w series.Series, why ...string) Change {
	for _, d := range w.Slot.Dates(w.First, w.First, p.known()) {
		if reason := p.v.Away(w.Slot.On(d), w.Slot.Duration); reason != "" && (w.Ends.IsZero() || !d.After(w.Ends)) {
			w.Skips = append(w.Skips, series.Skip{Date: d, Why: reason})
		}
	}
	why = append(why, "first 1:1 on "+w.First.Long()+" "+w.Slot.At.String())
	why = append(why, skipLines(w.Slot, areSkipped, w.Skips)...)
	switch {
	case w.Doc.Template == "":
	case w.Link == "":
		why = append(why, "its document cannot be made yet: the agenda link comes later")
	default:
		why = append(why, "its document is a copy of the template, shared by the two")
	}
	c := Change{Generation: w.Generation, To: series.AspectOf(w.Slot), Mails: 1, Steps: []Step{{Create: &w}}}
	if !w.Ends.IsZero() {
		why = append(why, "no meeting after "+w.Ends.Long())
		c.Steps, c.Mails = append(c.Steps, Step{End: &w.Ends}), 2
	}
	c.Why = why
	return c
}

// areSkipped stands before the reason for the planned skips of a new series.
const areSkipped = " is skipped: "

// firstDay is the first day on which a series of that slot can begin: not before from or `starts`, not in the past.
func (p *pairPlan) firstDay(s series.Slot, from series.Date) series.Date {
	first, _ := series.WallClock(p.in.Now, s.Zone)
	if !s.On(first).After(p.in.Now) {
		first = first.AddDays(1)
	}
	for _, d := range []series.Date{p.v.Want.Starts, from} {
		if d.After(first) {
			first = d
		}
	}
	return s.First(first)
}

// rebook plans for a series that a person deleted.
func (p *pairPlan) rebook(g *series.Gone) {
	if p.in.Policy.SeriesEnded != PolicyRestore && !p.asked(false) {
		return
	}
	why := "put back: a person deleted the series"
	if g.Last.Raw == "" || p.over(&g.Last) || !p.wish(&g.Last).Same(g.Last.Mark.Slot, g.Last.First()) {
		p.again(&g.Last, why)
		return
	}
	last := g.Last
	p.do(Restore, Change{Generation: g.Generation, To: series.AspectOf(last.Mark.Slot), Mails: 1, Why: []string{why},
		Steps: []Step{{Ref: last.Ref, Revive: &last}}})
	p.v.Chain = append(p.v.Chain, g.Last)
	if h := p.v.Head(); !h.Mark.Slot.IsZero() && !p.slot(h) {
		p.rest(h)
	}
}

// lost lists the overrides that end with the series after the last day, but for those carried over.
func lost(e *series.Event, last series.Date, carried map[series.Date]bool) []string {
	var out []string
	for _, o := range e.Overrides {
		od, _ := series.WallClock(o.Original, e.Zone)
		nd, _ := series.WallClock(o.Start, e.Zone)
		if o.Cancelled || carried[od] || !od.After(last) && !nd.After(last) || same(e, o) {
			continue
		}
		what := "the change of " + od.Long() + " is lost"
		if !o.Start.Equal(o.Original) {
			what = fmt.Sprintf("the move of %s to %s is lost", od.Long(), moment(o.Start, e.Zone))
		}
		out = append(out, what)
	}
	return out
}

// same reports whether the override shows what the series shows: it is there for its answers only.
func same(e *series.Event, o series.Override) bool {
	return !o.Cancelled && o.Start.Equal(o.Original) && o.Duration == e.Duration && o.Place == e.Place && o.Free == e.Free &&
		(o.Link == e.Link || o.Link == "") && len(o.Guests) == len(e.Guests)
}

// moment is "Thu 3 Dec 15:00" on the zone's clock.
func moment(t time.Time, zone string) string {
	if loc, err := series.Location(zone); err == nil {
		t = t.In(loc)
	}
	return t.Format("Mon 2 Jan 15:04")
}
