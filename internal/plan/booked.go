package plan

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// booked plans for a pair whose series is on the calendar.
func (p *pairPlan) booked() {
	p.supersede()
	for again := true; again; {
		h := p.v.Head()
		mark := h.Mark
		if h.Mark.Slot.IsZero() {
			p.hold(Heal, Change{}, "the series lost its mark and has a rule that Holdfast cannot keep: make it weekly, or delete it", false)
			return
		}
		if p.v.Unmarked {
			p.adoptPart(h)
		}
		n := len(p.changes)
		again = p.lead(h)
		if slices.Contains(p.v.MarkLost, h.UID) {
			p.healMark(h, mark, n)
		}
		if again { // what was before it leads again
			p.removed(h)
			p.v.Chain, p.v.Unmarked = p.v.Chain[:len(p.v.Chain)-1], false
		}
	}
}

// removed notes that the plan removes the series altogether: its generation is used up all the same.
func (p *pairPlan) removed(h *series.Event) {
	p.v.Gone = append(slices.Clip(p.v.Gone), series.Gone{ID: h.Ref.ID, Pair: p.v.Pair, Generation: h.Mark.Generation, Last: *h, Ours: true})
}

// lead plans for the series that leads the chain. It reports whether it is removed, so that another leads.
func (p *pairPlan) lead(h *series.Event) (removed bool) {
	switch {
	case !p.over(h):
		if !p.slot(h) {
			p.rest(h)
			if h.LastDay().IsZero() || !h.LastDay().Before(h.First()) || h.EndedByHand() {
				return false
			}
			if len(p.v.Chain) > 1 {
				return true
			}
			p.removed(h)
			if p.v.Want.Auto {
				p.v.Want.Slot = p.wish(h)
			}
			p.v.Chain = nil
			p.unbooked() // it may begin, and end, earlier
		}
	case !p.goesOn(h):
	case !h.EndedByHand():
		p.again(h, "the roster wants this pair again")
	case p.in.Policy.SeriesEnded == PolicyRestore || p.asked(false):
		p.again(h, "put back: a person ended the series")
	}
	return false
}

// rest plans all about a running series but its slot.
func (p *pairPlan) rest(h *series.Event) {
	p.ends(h)
	if p.over(h) || !h.LastDay().IsZero() && h.LastDay().Before(h.First()) {
		return
	}
	p.fields(h)
	p.occurrences(h)
	p.skips(h)
}

// supersede finishes replacements of which only a part was done: generations that live on beside a later one end, once
// that has all that is to go with it.
func (p *pairPlan) supersede() {
	for i := range p.v.Chain {
		e := &p.v.Chain[i]
		k := slices.IndexFunc(p.v.Chain, func(x series.Event) bool { return x.Mark.Generation > e.Mark.Generation })
		if k < 0 {
			return
		}
		next := &p.v.Chain[k]
		last := maxDate(next.First().Monday().AddDays(-1), p.past(e.Mark.Slot))
		if meetsAfter(e, last) {
			completed := p.complete(e, next, last)
			if p.end(e, last, fmt.Sprintf("generation %d takes its place", next.Mark.Generation)); completed {
				p.changes[len(p.changes)-1].Group = p.replacement()
			}
		}
	}
}

// past is the last day whose meeting on that slot has begun: what is over stays.
func (p *pairPlan) past(s series.Slot) series.Date {
	if s.On(p.today).After(p.in.Now) {
		return p.today.AddDays(-1)
	}
	return p.today
}

// healMark writes the mark that was lost: before what else is planned for it, from the n-th change on, or where that
// is not quiet at the latest a day before the next meeting.
func (p *pairPlan) healMark(h *series.Event, mark series.Mark, n int) {
	if len(p.changes) == n && !p.cheap(h) {
		return
	}
	p.changes = slices.Insert(p.changes, n, p.change(Heal, Change{Generation: mark.Generation, Mails: p.quietMails(), Why: []string{"the event lost its mark"},
		Steps: []Step{{Ref: h.Ref, Update: &series.Patch{Mark: &mark, ClientDelivers: p.v.Want.ClientDelivers}}}, first: true}))
}

// adoptPart gives the mark to the part that a person split off with a client that dropped it.
func (p *pairPlan) adoptPart(h *series.Event) {
	w := p.v.Want
	w.Slot, w.First = h.Mark.Slot, h.First()
	mark := h.Mark
	mark.Written = w.Digests()
	patch := series.Patch{Mark: &mark, ClientDelivers: w.ClientDelivers}
	p.do(Adopt, Change{From: series.AspectOf(h.Mark.Slot), To: series.AspectOf(h.Slot()), Mails: p.quietMails(),
		Why: []string{"a person split the series: the new part gets the mark"}, Steps: []Step{{Ref: h.Ref, Update: &patch}}, first: true})
	patched(h, patch)
}

// over reports whether the series has no meeting to come by its rule. A meeting that was moved beyond the end does
// not count.
func (p *pairPlan) over(h *series.Event) bool {
	last := h.LastDay()
	return h.Cancelled || !last.IsZero() && h.Slot().On(last).Before(p.in.Now)
}

// goesOn reports whether the roster wants another meeting after the series' last one.
func (p *pairPlan) goesOn(h *series.Event) bool {
	ends := p.v.Want.Ends
	return ends.IsZero() || !ends.Before(p.today) && !ends.Before(h.LastDay().AddDays(7*max(h.Rule.Every, 1)))
}

// ends obeys the roster's `ends`, and its withdrawal, and puts back what a person ended if policy or a command say so.
func (p *pairPlan) ends(h *series.Event) {
	w, last := &p.v.Want, h.LastDay()
	byHand := h.EndedByHand()
	switch {
	case !w.Ends.IsZero() && (last.IsZero() || last.After(w.Ends)):
		p.endAll(maxDate(w.Ends, p.past(h.Mark.Slot)), Change{Why: []string{"the roster ends this 1:1"}})
	case last.IsZero() || !p.goesOn(h) || byHand && p.in.Policy.SeriesEnded != PolicyRestore && !p.putBackAll():
	case !h.Rule.Plain:
		p.hold(Update, Change{}, "the series ends on "+last.Long()+" and has a rule that Holdfast cannot keep: a person must take the end away", false)
	default:
		patch := &series.Patch{Slot: &series.SlotPatch{Slot: h.Slot(), First: h.First()}}
		c := Change{
			From:  series.AspectOf(last),
			To:    series.AspectOf(w.Ends),
			Mails: 1,
			Why:   []string{"the roster no longer ends this 1:1 on " + last.Long()},
			Steps: []Step{{Ref: h.Ref, Update: patch}},
		}
		patched(h, *patch)
		if !w.Ends.IsZero() {
			c.Why, c.Mails = []string{"the roster now ends this 1:1 on " + w.Ends.Long()}, 2
			c.Steps = append(c.Steps, Step{End: &w.Ends})
			ended(h, w.Ends)
		}
		action := Update
		if byHand {
			action, c.Why[0] = Restore, "put back: a person ended the series after "+last.Long()
		}
		p.do(action, c)
	}
}

// slot obeys a changed slot line and plans for a series that was moved by hand. It reports whether the series is
// replaced.
func (p *pairPlan) slot(h *series.Event) (replaced bool) {
	w, want := &p.v.Want, p.wish(h)
	changed := w.Line != h.Mark.Line && !want.Same(h.Mark.Slot, h.First())
	touched := h.SlotTouched()
	to, from := h.Moved()
	policy := p.in.Policy.SeriesMoved
	better, proposed := p.in.Better[p.v.Pair]
	// No policy puts two 1:1s of one person on one time: a person has to decide.
	clash := ""
	switch {
	case !touched || changed:
	case policy == PolicyAccept:
		_, clash = p.clash(p.meetings(h.Slot(), h.First()))
	case policy == PolicyRestore:
		_, clash = p.clash(p.meetings(h.Mark.Slot, h.BookedFirst(h.Mark.Slot)))
	}
	switch {
	case proposed && p.asked(true) && !touched && !changed:
		return p.replace(h, better.Slot, "accepted: the slot is now ", better.Why...)
	case changed && h.EndedByHand() && p.goesOn(h) && p.in.Policy.SeriesEnded != PolicyRestore && !p.putBackAll():
		p.hold(Create, Change{From: series.AspectOf(h.Slot()), To: series.AspectOf(want), Mails: 2},
			fmt.Sprintf("the roster changed the slot of a series that a person ended after %s: `holdfast restore %s` books it", h.LastDay().Long(), p.v.Pair), false)
	case w.Line != h.Mark.Line && h.Rule.Plain && want.Same(h.Slot(), h.First()) && (changed || !touched):
		// Nothing is to be done but to remember it, and that can wait.
		if changed || p.cheap(h) {
			p.noteSlot(h, Heal, "the calendar already has the roster's slot")
		}
	case touched && p.asked(true) && h.Rule.Plain:
		if !p.taken(p.meetings(h.Slot(), h.First())) {
			p.noteSlot(h, Adopt, "accepted: the calendar's slot stands")
		}
	case touched && changed && p.putBackAll():
		return !p.taken(p.meetings(want, p.today)) && p.replace(h, want, rosterSlot)
	case touched && p.putBackAll() && p.taken(p.meetings(h.Mark.Slot, h.BookedFirst(h.Mark.Slot))):
	case touched && (p.putBackAll() || !changed && policy == PolicyRestore && clash == ""):
		mark := h.Mark
		mark.Line, mark.Written = w.Line, nil
		patch := &series.Patch{Slot: &series.SlotPatch{Slot: h.Mark.Slot, First: h.BookedFirst(h.Mark.Slot)}, Mark: &mark}
		p.do(Restore, Change{From: from, To: to, Mails: 1, Why: append([]string{"put back: a person moved the series"}, strays(h)...),
			Steps: []Step{{Ref: h.Ref, Update: patch}}})
		patched(h, *patch)
	case touched && !changed && policy == PolicyAccept && h.Rule.Plain && clash == "":
		p.noteSlot(h, Adopt, "policy: the calendar's slot stands")
	case touched:
		because := "a person moved the series: `holdfast accept %s` takes its slot, `holdfast restore %[1]s` puts it back"
		if !h.Rule.Plain {
			because = "a person gave the series a rule that Holdfast cannot keep: `holdfast restore %s` puts it back"
		}
		if clash != "" {
			because = fmt.Sprintf("policy %s does not decide: %s; ", policy, clash) + because
		}
		if changed {
			because, to = "both the roster and a person changed the slot; "+because, series.AspectOf(want)
		}
		p.hold(Restore, Change{From: from, To: to, Mails: 1, Why: strays(h)}, fmt.Sprintf(because, p.v.Pair), false)
		p.held[len(p.held)-1].Others = clash != ""
	case changed:
		return p.replace(h, want, rosterSlot)
	}
	return false
}

// noteSlot records in the mark that the slot which the calendar has stands, and the line that was obeyed.
func (p *pairPlan) noteSlot(h *series.Event, a Action, why string) {
	from, to := series.Aspect{}, series.AspectOf(h.Slot())
	if h.SlotTouched() {
		from, to = h.Moved()
	}
	mark := h.Mark
	mark.Slot, mark.Line = h.Slot(), p.v.Want.Line
	mark.Written = map[series.Field]string{series.FieldSlot: series.DigestSlot(mark.Slot)}
	if phase := h.Digests()[series.FieldPhase]; phase != "" {
		mark.Written[series.FieldPhase] = phase
	}
	patch := &series.Patch{Mark: &mark}
	p.do(a, Change{From: from, To: to, Mails: p.quietMails(), Why: []string{why}, Steps: []Step{{Ref: h.Ref, Update: patch}}})
	patched(h, *patch)
}

// cheap reports whether a write that guests need not hear of may be made now: where it costs nobody a message, or
// else on the day before the next meeting.
func (p *pairPlan) cheap(h *series.Event) bool {
	return p.v.Quiet || p.soon(h, func(series.Meeting) bool { return true })
}

// soon reports whether such a meeting begins within a day.
func (p *pairPlan) soon(h *series.Event, such func(series.Meeting) bool) bool {
	return slices.ContainsFunc(h.Meetings(p.in.Now, p.in.Now.Add(24*time.Hour)), func(m series.Meeting) bool {
		return !m.Cancelled && m.Start.After(p.in.Now) && such(m)
	})
}

// strays lists the overrides that are lost when the series gets another slot.
func strays(h *series.Event) []string {
	var out []string
	for _, o := range h.Overrides {
		if d, _ := series.WallClock(o.Original, h.Zone); !o.Cancelled && !same(h, o) {
			out = append(out, "the change of "+d.Long()+" is lost")
		}
	}
	return out
}
