package plan

import (
	"fmt"
	"slices"
	"time"

	"holdfast/internal/series"
)

// booked plans for a pair whose series is on the calendar.
func (p *pairPlan) booked() {
	h := p.v.Head()
	p.supersede()
	if h.Mark.Slot.IsZero() {
		p.healMark(h)
		return
	}
	w := &p.v.Want
	switch {
	case h.EndedByHand():
		p.endedByHand(h)
		return
	case h.Ended(p.in.Now):
		// An end of ours: the first half of a replacement, or one that the roster no longer wants.
		if w.Ends.IsZero() || !w.Ends.Before(p.today) && w.Ends.After(h.LastDay().AddDays(7*max(h.Rule.Every, 1))) {
			p.create("the roster wants this pair again", "")
		}
		return
	}
	if p.ends(h) || p.slot(h) {
		return
	}
	p.fields(h)
	p.occurrences(h)
	p.skips(h)
}

// supersede ends generations that live on beside a later one: what a crash between the two halves of a replacement leaves.
func (p *pairPlan) supersede() {
	for i := range p.v.Chain[:len(p.v.Chain)-1] {
		e, next := &p.v.Chain[i], &p.v.Chain[i+1]
		last := next.First().Monday().AddDays(-1)
		if e.Mark.Generation < next.Mark.Generation && !e.Cancelled && (e.Rule.Until.IsZero() || e.LastDay().After(last)) {
			p.end(e, last, fmt.Sprintf("generation %d takes its place", next.Mark.Generation))
		}
	}
}

// healMark writes a lost mark anew, with the roster's values.
func (p *pairPlan) healMark(h *series.Event) {
	w := p.v.Want
	w.Generation = h.Mark.Generation
	if w.Auto || p.in.NoSlot[p.v.Pair] != "" {
		w.Slot = h.Slot()
	}
	mark := w.Mark()
	p.do(Heal, Change{Mails: p.quietMails(), Why: []string{"the event lost its mark"}, Steps: []Step{{Ref: h.Ref, Update: &series.Patch{Mark: &mark}}}})
}

// endedByHand puts back a series that a person ended or cancelled, if policy or command say so.
func (p *pairPlan) endedByHand(h *series.Event) {
	if p.in.Policy.SeriesEnded != PolicyRestore && !p.asked(false) {
		return
	}
	if h.Cancelled || h.Ended(p.in.Now) {
		p.create("put back: a person ended the series", "")
		return
	}
	p.do(Restore, Change{From: h.Slot().String(), To: h.Mark.Slot.String(), Mails: 1, Why: []string{"put back: a person ended the series after " + h.LastDay().Long()},
		Steps: []Step{{Ref: h.Ref, Update: p.slotPatch(h, h.Mark.Slot)}}})
}

// slotPatch puts the series on the slot, from the week in which it begins.
func (p *pairPlan) slotPatch(h *series.Event, s series.Slot) *series.Patch {
	return &series.Patch{Slot: &series.SlotPatch{Slot: s, First: s.InWeek(h.First())}}
}

// ends obeys the roster's `ends`, and its withdrawal. It reports whether nothing else is to be planned.
func (p *pairPlan) ends(h *series.Event) bool {
	w, last := &p.v.Want, h.LastDay()
	switch {
	case !w.Ends.IsZero() && (last.IsZero() || last.After(w.Ends)):
		final := w.Ends
		if final.Before(p.today) {
			final = p.today
		}
		if !last.IsZero() && !last.After(final) {
			return false
		}
		// The last occurrence may lie before the day itself: nothing to do if the series already ends there.
		p.end(h, final, "the roster ends this 1:1")
		return true
	case !last.IsZero() && (w.Ends.IsZero() || nextAfter(h, last).Compare(w.Ends) <= 0):
		c := Change{To: h.Mark.Slot.String(), Mails: 1, Why: []string{"the roster no longer ends this 1:1 on " + last.Long()},
			Steps: []Step{{Ref: h.Ref, Update: p.slotPatch(h, h.Slot())}}}
		if !w.Ends.IsZero() {
			c.Steps = append(c.Steps, Step{End: &w.Ends})
			c.Why = []string{"the roster now ends this 1:1 on " + w.Ends.Long()}
		}
		p.do(Update, c)
		return true
	}
	return false
}

// nextAfter is the day of the occurrence that would follow last.
func nextAfter(h *series.Event, last series.Date) series.Date {
	return last.AddDays(7 * max(h.Rule.Every, 1))
}

// slot obeys a changed slot line and plans for a series that was moved by hand. It reports whether nothing else is to be planned.
func (p *pairPlan) slot(h *series.Event) bool {
	w := p.v.Want
	want := w.Slot
	if w.Auto {
		// The roster wishes no weekday and time: those that are booked stand.
		want = h.Mark.Slot
		want.Duration, want.Every = w.Slot.Duration, w.Slot.Every
	}
	changed := w.Line != h.Mark.Line && !want.Same(h.Mark.Slot, h.First())
	touched := h.SlotTouched()
	if w.Line != h.Mark.Line && h.Rule.Plain && want.Same(h.Slot(), h.First()) && (changed || !touched) {
		p.noteSlot(h, h.Slot(), "the calendar already has the roster's slot")
		return false
	}
	if p.v.Unmarked {
		mark := h.Mark
		mark.Written = w.Digests()
		mark.Written[series.FieldSlot] = series.DigestSlot(mark.Slot)
		p.do(Adopt, Change{From: h.Mark.Slot.String(), To: h.Slot().String(), Mails: p.quietMails(),
			Why: []string{"a person split the series: the new part gets the mark"}, Steps: []Step{{Ref: h.Ref, Update: &series.Patch{Mark: &mark}}}})
		return true
	}
	from, to := h.Slot().String(), h.Mark.Slot.String()
	switch {
	case touched && p.asked(true) && h.Rule.Plain:
		p.noteSlot(h, h.Slot(), "accepted: the calendar's slot stands")
		return false
	case touched && p.asked(false) && p.ask.Occurrence.IsZero(), touched && !changed && p.in.Policy.SeriesMoved == PolicyRestore:
		target := h.Mark.Slot
		if changed {
			target = want
		}
		mark := h.Mark
		mark.Slot, mark.Line = target, w.Line
		mark.Written = nil
		patch := p.slotPatch(h, target)
		patch.Mark = &mark
		p.do(Restore, Change{From: from, To: target.String(), Mails: 1, Why: append([]string{"put back: a person moved the series"}, strays(h)...),
			Steps: []Step{{Ref: h.Ref, Update: patch}}})
		return true
	case touched && !changed && p.in.Policy.SeriesMoved == PolicyAccept && h.Rule.Plain:
		p.noteSlot(h, h.Slot(), "policy: the calendar's slot stands")
		return false
	case touched:
		because := fmt.Sprintf("a person moved the series: `holdfast accept %s` takes its slot, `holdfast restore %[1]s` puts it back", p.v.Pair)
		if changed {
			because, to = "both the roster and a person changed the slot; "+because, want.String()
		}
		p.hold(Restore, Change{From: from, To: to, Mails: 1, Why: strays(h),
			Steps: []Step{{Ref: h.Ref, Update: p.slotPatch(h, h.Mark.Slot)}}}, because, false)
		return false
	case changed:
		p.replace(h, want)
		return true
	}
	return false
}

// noteSlot records in the mark the slot that stands, and the line that was obeyed.
func (p *pairPlan) noteSlot(h *series.Event, s series.Slot, why string) {
	mark := h.Mark
	mark.Slot, mark.Line = s, p.v.Want.Line
	mark.Written = map[series.Field]string{series.FieldSlot: series.DigestSlot(s)}
	action := Heal
	if p.ask != nil {
		action = Adopt
	}
	p.do(action, Change{From: h.Mark.Slot.String(), To: s.String(), Mails: p.quietMails(), Why: []string{why},
		Steps: []Step{{Ref: h.Ref, Update: &series.Patch{Mark: &mark}}}})
}

// replace ends the generation with this week and begins the next one in the week after.
func (p *pairPlan) replace(h *series.Event, want series.Slot) {
	w := p.v.Want
	w.Slot = want
	w.Generation = p.v.Generation() + 1
	monday := p.today.Monday().AddDays(7)
	if w.Starts.After(monday) {
		monday = w.Starts.Monday()
	}
	last := monday.AddDays(-1)
	w.First = want.InWeek(monday)
	if w.First.Before(w.Starts) {
		w.First = w.First.AddDays(7 * want.Every)
	}
	var steps []Step
	var why []string
	carried := map[series.Date]bool{}
	for _, o := range h.Overrides {
		od, _ := series.WallClock(o.Original, h.Zone)
		nd, _ := series.WallClock(o.Start, want.Zone)
		d := want.InWeek(od)
		if !od.After(last) || d.Before(w.First) || !slices.Contains(want.Dates(w.First, d, d), d) {
			continue
		}
		switch {
		case o.Cancelled:
		case o.Start.Equal(o.Original), nd.Monday() != od.Monday():
			continue
		}
		n := o
		n.Original = want.On(d)
		if n.Cancelled {
			n.Start, n.Duration = n.Original, want.Duration
		}
		steps = append(steps, Step{SetOverride: &n})
		carried[od] = true
		why = append(why, "the change of "+od.Long()+" is carried over")
	}
	for _, t := range h.Excluded {
		od, _ := series.WallClock(t, h.Zone)
		d := want.InWeek(od)
		if od.After(last) && !d.Before(w.First) && slices.Contains(want.Dates(w.First, d, d), d) && !slices.ContainsFunc(h.Mark.Skips, func(s series.Skip) bool { return s.Date == od }) {
			steps = append(steps, Step{SetOverride: &series.Override{Original: want.On(d), Start: want.On(d), Duration: want.Duration, Cancelled: true}})
			why = append(why, "the cancellation of "+od.Long()+" is carried over")
		}
	}
	first := "the roster's slot is now " + want.String()
	group := "replace " + p.v.Pair.String()
	p.do(End, Change{Group: group, From: h.Slot().String(), To: last.String(), Mails: 1,
		Why: append([]string{first, "the old slot's last week ends on " + last.Long()}, lost(h, last, carried)...), Steps: []Step{{Ref: h.Ref, End: &last}}})
	c := p.creation(w, append([]string{first}, why...)...)
	c.Group, c.From = group, h.Slot().String()
	c.Steps = append(c.Steps, steps...)
	p.do(Create, c)
}

// fields writes what the roster changed and nobody touched.
func (p *pairPlan) fields(h *series.Event) {
	w := p.v.Want
	now, want := h.Digests(), w.Digests()
	patch, why, held := series.Patch{}, []string(nil), []string(nil)
	mails, heal, restored := 0, false, false
	restoreAll := p.asked(false) && p.ask.Occurrence.IsZero()
	if h.Mark.Pair != w.Pair {
		mark := h.Mark
		mark.Pair, mark.Written = w.Pair, nil
		patch.Mark, heal = &mark, true
		why = append(why, "the pair is now called "+w.Pair.String())
		mails = max(mails, p.quietMails())
	}
	for _, f := range []series.Field{series.FieldPeople, series.FieldPlace, series.FieldLink, series.FieldBusy} {
		stated, written := want[f], h.Mark.Written[f]
		if stated == "" || stated == now[f] || f == series.FieldPeople && p.samePeople(h) || f == series.FieldLink && h.Link == "" && written != "" {
			continue
		}
		touched := written != now[f]
		if written == "" { // not stated before, so whatever stands there is a person's
			touched = f == series.FieldPlace && h.Place != "" || f == series.FieldLink && h.Link != ""
		}
		cost := 1
		if f == series.FieldLink {
			cost = p.quietMails()
		}
		switch {
		case touched && restoreAll:
			restored = true
			why = append(why, "put back: a person changed "+fieldWord[f])
		case touched && written == stated:
			continue // a person's edit: flagged, not overwritten
		case touched:
			held = append(held, "both the roster and a person changed "+fieldWord[f])
			continue
		default:
			why = append(why, "the roster changed "+fieldWord[f])
		}
		mails = max(mails, cost)
		switch f {
		case series.FieldPeople:
			patch.People = &series.PeoplePatch{Organizer: w.Manager, Guests: []series.Person{w.Report}}
		case series.FieldPlace:
			patch.Place = &w.Place
		case series.FieldLink:
			patch.Link = &w.Link
		case series.FieldBusy:
			patch.Busy = true
		}
	}
	// Where nothing can be written without being delivered, a healed link rides on a write that is delivered anyhow, at
	// latest on the day before the meeting.
	if n := p.bare(h); n > 0 && patch.Link == nil && (p.v.Quiet || mails > 0 || p.soon(h)) {
		patch.Link, heal = &w.Link, true
		why = append(why, fmt.Sprintf("the agenda link was missing from %s", bareWord(h, n)))
		mails = max(mails, p.quietMails())
	}
	if len(held) > 0 {
		p.hold(Update, Change{Mails: 1, Why: held}, "change one of them, or `holdfast restore "+p.v.Pair.String()+"`", false)
	}
	if patch == (series.Patch{}) {
		return
	}
	action := Update
	switch {
	case restored:
		action = Restore
	case heal && patch.People == nil && patch.Place == nil && !patch.Busy:
		action = Heal
	}
	p.do(action, Change{Mails: mails, Why: why, Steps: []Step{{Ref: h.Ref, Update: &patch}}})
}

var fieldWord = map[series.Field]string{series.FieldPeople: "the people", series.FieldPlace: "the place", series.FieldLink: "the agenda link", series.FieldBusy: "busy to free"}

// samePeople reports whether organizer and guests are those of the roster, under whichever of their addresses.
func (p *pairPlan) samePeople(h *series.Event) bool {
	w := &p.v.Want
	return w.Manager.Is(h.Organizer) && len(h.Guests) == 1 && w.Report.Is(h.Guests[0].Address)
}

// bare counts what lacks the link that we once wrote: coming overrides, or the series itself.
func (p *pairPlan) bare(h *series.Event) int {
	if p.v.Want.Link == "" || h.Mark.Written[series.FieldLink] == "" {
		return 0
	}
	if h.Link == "" {
		return 1
	}
	n := 0
	for _, o := range h.Overrides {
		if !o.Cancelled && o.Link == "" && o.Start.After(p.in.Now) {
			n++
		}
	}
	return n
}

func bareWord(h *series.Event, n int) string {
	if h.Link == "" {
		return "the series"
	}
	if n == 1 {
		return "one meeting"
	}
	return fmt.Sprintf("%d meetings", n)
}

// soon reports whether a meeting without the link begins within a day.
func (p *pairPlan) soon(h *series.Event) bool {
	for _, m := range h.Meetings(p.in.Now, p.in.Now.AddDate(0, 0, 1)) {
		if !m.Cancelled && m.Link == "" && m.Start.After(p.in.Now) {
			return true
		}
	}
	return false
}

// occurrences puts single meetings back where policy or a command say so.
func (p *pairPlan) occurrences(h *series.Event) {
	policy := p.in.Policy.Moved == PolicyRestore && p.ask == nil && !h.SlotTouched()
	one := p.asked(false) && !p.ask.Occurrence.IsZero()
	if !policy && !one {
		return
	}
	to := p.today.AddDays(7 * p.in.Policy.HorizonWeeks)
	if one && p.ask.Occurrence.After(to) {
		to = p.ask.Occurrence
	}
	for _, w := range p.v.Weeks(p.today.Week(), to.Week()) {
		m := w.Meeting
		if m == nil || w.Event.UID != h.UID || one && w.Date != p.ask.Occurrence {
			continue
		}
		c := Change{Occurrence: w.Date, From: m.Start.Format(time.RFC3339), To: w.Booked.Format(time.RFC3339), Mails: 1}
		differs := !m.Start.Equal(w.Booked) || m.Duration != w.Slot.Duration || m.Place != h.Place || m.Free
		switch {
		case m.Cancelled && one:
			c.From, c.Why = "", []string{"put back: the meeting was cancelled"}
			c.Steps = []Step{{Ref: h.Ref, ClearOverride: &m.Original}}
		case !m.Cancelled && m.Overridden && (one && differs || !m.Start.Equal(w.Booked) && m.Start.After(p.in.Now)):
			c.Why = []string{"put back: the meeting was changed by a person"}
			c.Steps = []Step{{Ref: h.Ref, SetOverride: &series.Override{Original: m.Original, Start: w.Booked, Duration: w.Slot.Duration, Place: h.Place, Link: h.Link}}}
		default:
			continue
		}
		p.do(Restore, c)
	}
}

// skips plans the weeks without a meeting because one of the two is away, and puts back those whose reason is gone.
func (p *pairPlan) skips(h *series.Event) {
	if p.ask != nil {
		return
	}
	w := &p.v.Want
	var out []series.Skip
	var back []series.Date
	var why, whyBack []string
	for _, m := range p.v.Weeks(p.today.Week(), p.today.AddDays(7*p.in.Policy.HorizonWeeks).Week()) {
		if m.Event.UID != h.UID || m.Meeting == nil || !m.Booked.After(p.in.Now) || m.Meeting.Overridden {
			continue
		}
		day0, _ := series.WallClock(m.Meeting.Original, h.Zone)
		planned := slices.ContainsFunc(h.Mark.Skips, func(s series.Skip) bool { return s.Date == day0 })
		reason := w.AwayAt(m.Meeting.Original)
		switch {
		case reason != "" && !planned && !m.Meeting.Cancelled:
			out = append(out, series.Skip{Date: day0, Why: reason})
			why = append(why, day0.Long()+": "+reason)
		case reason == "" && planned && m.Meeting.Excluded:
			back = append(back, day0)
			whyBack = append(whyBack, day0.Long()+": nobody is away any more")
		}
	}
	if len(out) > 0 {
		p.do(Skip, Change{Occurrence: out[0].Date, Mails: 1, Why: why, Steps: []Step{{Ref: h.Ref, Skip: out}}})
	}
	if len(back) > 0 {
		p.do(Restore, Change{Occurrence: back[0], Mails: 1, Why: whyBack, Steps: []Step{{Ref: h.Ref, Unskip: back}}})
	}
}

// strays lists the overrides that are lost when the series goes back to its slot.
func strays(h *series.Event) []string {
	var out []string
	for _, o := range h.Overrides {
		if d, _ := series.WallClock(o.Original, h.Zone); !o.Cancelled {
			out = append(out, "the change of "+d.Long()+" is lost")
		}
	}
	return out
}
