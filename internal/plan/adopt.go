package plan

import (
	"fmt"

	"holdfast/internal/series"
)

// adoptable looks for a 1:1 that the pair has without us, and plans to adopt or to hold. It reports whether there is one:
// then nothing else is booked.
func (p *pairPlan) adoptable() bool {
	v, w := p.v, &p.v.Want
	var found *series.Event
	for i := range v.Candidates {
		c := &v.Candidates[i]
		if c.Ended(p.in.Now) || !w.Ends.IsZero() && c.First().After(w.Ends) {
			continue
		}
		if found == nil || p.adoptableAs(found) > p.adoptableAs(c) {
			found = c
		}
	}
	if found != nil && !v.Want.Report.Is(found.Organizer) {
		p.adopt(found)
		return true
	}
	if found == nil {
		for i := range v.Mine {
			if c := &v.Mine[i]; !c.Ended(p.in.Now) {
				found = c
			}
		}
	}
	if found == nil {
		return false
	}
	p.hold(Adopt, Change{Generation: v.Generation() + 1, From: series.AspectOf(found.Slot()), To: series.AspectOf(w.Slot)},
		"the pair already has a 1:1 that the report organizes: the manager's is booked once that one is gone", false)
	return true
}

// adoptableAs orders candidates: on the roster's slot first, the report's own last.
func (p *pairPlan) adoptableAs(c *series.Event) int {
	w := &p.v.Want
	switch {
	case w.Report.Is(c.Organizer):
		return 2
	case c.Slot().Same(p.asWished(c), c.First()):
		return 0
	}
	return 1
}

// pace is "15 min every 4 weeks".
func pace(s series.Slot) string {
	if s.Every == 1 {
		return series.Length(s.Duration) + " every week"
	}
	return fmt.Sprintf("%s every %d weeks", series.Length(s.Duration), s.Every)
}

// asWished is the slot that the roster wants of a 1:1 that the pair has: with `slot: auto` any day and time will do,
// but not any length and frequency.
func (p *pairPlan) asWished(c *series.Event) series.Slot {
	w := &p.v.Want
	if !w.Auto {
		return w.Slot
	}
	s := c.Slot()
	s.Duration, s.Every = w.Slot.Duration, w.Slot.Every
	return s
}

// adopt takes a 1:1 that the pair has without us.
func (p *pairPlan) adopt(c *series.Event) {
	w := p.v.Want
	booked := c.Slot()
	patch := series.Patch{}
	ch := Change{
		Generation: p.v.Generation() + 1,
		From:       series.AspectOf(booked),
		To:         series.AspectOf(booked),
		Mails:      p.quietMails(),
		Why:        []string{"the pair already has this 1:1: it gets the mark and the agenda link"},
	}
	switch {
	case booked.IsZero():
		p.hold(Adopt, ch, "the pair has a recurring 1:1 whose rule Holdfast cannot keep: make it weekly, or delete it", false)
		return
	case booked.Same(p.asWished(c), c.First()):
	case p.asked(true):
		if p.taken(p.meetings(booked, c.First())) {
			return
		}
		ch.Why = append(ch.Why, "its slot stands instead of the roster's")
	case p.asked(false):
		booked = p.asWished(c)
		if p.taken(p.meetings(booked, booked.InWeek(c.First()))) {
			return
		}
		patch.Slot = &series.SlotPatch{Slot: booked, First: booked.InWeek(c.First())}
		ch.To, ch.Mails = series.AspectOf(booked), 1
		ch.Why = append(append(ch.Why, "moved to the roster's slot"), strays(c)...)
	default:
		wish := p.asWished(c)
		has, wants := "a 1:1 on "+booked.String(), "moves it to the roster's slot"
		if ch.To = series.AspectOf(wish); ch.To.Equal(ch.From) {
			ch.From, ch.To = series.WholeSlot(booked), series.WholeSlot(wish)
			has = fmt.Sprintf("a 1:1 of %s, and the roster says %s", pace(booked), pace(wish))
			wants = "makes it so"
		}
		p.hold(Adopt, ch, fmt.Sprintf("the pair already has %s: `holdfast accept %s` takes it, `holdfast restore %[2]s` %s",
			has, p.v.Pair, wants), false)
		return
	}
	w.Generation, w.Slot, w.First = ch.Generation, booked, booked.InWeek(c.First())
	mark := w.Mark()
	patch.Mark, patch.ClientDelivers = &mark, w.ClientDelivers
	if w.Link != "" && c.Link == "" {
		patch.Link = &w.Link
	}
	ch.Steps = []Step{{Ref: c.Ref, Update: &patch}}
	p.do(Adopt, ch)
	p.v.Chain = append(p.v.Chain, *c)
	h := p.v.Head()
	patched(h, patch)
	p.rest(h)
}
