package plan

import (
	"fmt"

	"holdfast/internal/series"
)

var fieldWord = map[series.Field]string{series.FieldPeople: "the people", series.FieldPlace: "the place", series.FieldLink: "the agenda link", series.FieldBusy: "busy to free"}

// fields writes what the roster changed and nobody touched, and heals what nobody did on purpose.
func (p *pairPlan) fields(h *series.Event) {
	w := &p.v.Want
	now, want := h.Digests(), w.Digests()
	patch, why, held := series.Patch{}, []string(nil), []string(nil)
	mails, restored := 0, false
	for _, f := range []series.Field{series.FieldPeople, series.FieldPlace, series.FieldLink, series.FieldBusy} {
		stated, written := want[f], h.Mark.Written[f]
		if stated == "" || stated == now[f] || f == series.FieldPeople && p.samePeople(h) || f == series.FieldLink && h.Link == "" && written != "" {
			continue
		}
		touched := written != now[f]
		if written == "" { // not stated before, so whatever stands there is a person's
			touched = f == series.FieldPlace && h.Place != "" || f == series.FieldLink && h.Link != ""
		}
		switch {
		case touched && p.putBackAll():
			restored = true
			why = append(why, "put back: a person changed "+fieldWord[f])
		case touched && (written == stated || f == series.FieldPeople && p.wrotePeople(written)):
			continue // a person's edit: flagged, not overwritten
		case touched:
			held = append(held, "both the roster and a person changed "+fieldWord[f])
			continue
		case f == series.FieldLink && w.Doc.Template != "":
			why = append(why, "the agenda link leads to the pair's own document")
		default:
			why = append(why, "the roster changed "+fieldWord[f])
		}
		switch f {
		case series.FieldPeople:
			patch.People = &series.PeoplePatch{Organizer: w.Manager, Guests: []series.Person{w.Report}}
		case series.FieldPlace:
			patch.Place = &w.Place
		case series.FieldLink:
			patch.Link = &w.Link
			mails = max(mails, p.quietMails())
			continue
		case series.FieldBusy:
			patch.Busy = true
		}
		mails = 1
	}
	if len(held) > 0 {
		p.hold(Update, Change{Mails: 1, Why: held}, "change one of them, or `holdfast restore "+p.v.Pair.String()+"`", false)
	}
	heal := patch == series.Patch{}
	if h.Mark.Pair != w.Pair && (!heal || p.cheap(h)) {
		mark := h.Mark
		mark.Pair, mark.Written = w.Pair, nil
		patch.Mark = &mark
		why = append(why, "the pair is now called "+w.Pair.String())
		mails = max(mails, p.quietMails())
	}
	if n := p.bare(h); n > 0 && patch.Link == nil && (p.v.Quiet || mails > 0 || p.soon(h, func(m series.Meeting) bool { return m.Link == "" })) {
		patch.Link = &w.Link
		why = append(why, "the agenda link was missing from "+bareWord(h, n))
		mails = max(mails, p.quietMails())
	}
	if patch == (series.Patch{}) {
		return
	}
	action := Update
	switch {
	case restored:
		action = Restore
	case heal:
		action = Heal
	}
	p.do(action, Change{Mails: mails, Why: why, Steps: []Step{{Ref: h.Ref, Update: &patch}}})
	patched(h, patch)
}

// samePeople reports whether organizer and guests are those of the roster, under whichever of their addresses.
func (p *pairPlan) samePeople(h *series.Event) bool {
	w := &p.v.Want
	return w.Manager.Is(h.Organizer) && len(h.Guests) == 1 && w.Report.Is(h.Guests[0].Address)
}

// wrotePeople reports whether the digest is that of the roster's two, under whichever of their addresses.
func (p *pairPlan) wrotePeople(digest string) bool {
	for _, m := range p.v.Want.Manager.Addresses() {
		for _, r := range p.v.Want.Report.Addresses() {
			if digest == series.DigestPeople(m, []string{r}) {
				return true
			}
		}
	}
	return false
}

// bare counts what lacks the link that we once wrote: coming overrides, or the series itself.
func (p *pairPlan) bare(h *series.Event) int {
	written := h.Mark.Written[series.FieldLink]
	switch {
	case p.v.Want.Link == "" || written == "":
		return 0
	case h.Link == "":
		return 1
	case h.Link != p.v.Want.Link && series.Digest(h.Link) != written:
		return 0 // a person chose another link
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
