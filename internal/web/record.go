package web

import (
	"slices"
	"strings"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/say"
	"holdfast/internal/see"
)

type lostItem struct{ Day, Became, By, Notice string }

type doneItem struct {
	When, Text string
	Undo       []action
}

type logItem struct{ When, Who, Text string }

func byWhom(r say.Reader, p see.Pair, by drift.By) string {
	switch by {
	case drift.ByManager:
		return r.Who(p.Parties[0].Name, p.As == see.Manager)
	case drift.ByReport:
		return r.Who(p.Parties[1].Name, p.As == see.Report)
	}
	return r.Word("who.unknown")
}

func (h *handler) doneItem(r say.Reader, p see.Pair, d see.Deed) doneItem {
	words := say.Words{By: say.Capital(h.name(r, p, d.Who))}
	if !d.Occurrence.IsZero() {
		words.Text = r.Day(d.Occurrence)
	}
	if !d.To.IsZero() {
		words.Time = r.When(d.To)
	}
	if d.About != "" {
		words.Other = strings.ToLower(r.Kind(d.About))
	}
	out := doneItem{
		When: r.When(d.At),
		Text: r.Fill("did."+string(d.Kind), words) + r.Word("did.from."+string(d.From)) + came(r, d.Result),
	}
	if undoable(r.Now, p.Deeds, d) {
		out.Undo = []action{{
			ID:     "undo-" + d.Occurrence.String(),
			Text:   r.Word("act.undo"),
			Href:   h.deedPath(p.Pair, act.Undo),
			Fields: []field{{"occurrence", d.Occurrence.String()}, {"to", d.To.Format(time.RFC3339)}},
		}}
	}
	return out
}

// undoable reports whether the deed is a make-up that can be taken back. all are the deeds of the pair, newest first.
func undoable(now time.Time, all []see.Deed, d see.Deed) bool {
	var oldest []deed.Deed
	for _, x := range slices.Backward(all) {
		oldest = append(oldest, x.Deed)
	}
	i := deed.Undoable(oldest, d.Occurrence, now)
	return i >= 0 && oldest[i].ID == d.ID
}

// came is what came of a deed, where it was not done.
func came(r say.Reader, x deed.Result) string {
	if x == deed.Done || x == deed.Unknown {
		return ""
	}
	return r.Word("did." + string(x))
}

// toldOf is what somebody was told.
func toldOf(r say.Reader, o say.OneOnOne, as say.Role, e outbox.Entry) string {
	text := r.Word("told.other")
	switch {
	case e.Matter.Flag.Kind != "":
		text = r.Difference(o, as, e.Matter.Flag)
	case e.Kind == notify.Prepare:
		text = r.Word("told.prepare")
	case e.Kind == notify.Digest:
		text = r.Word("told.digest")
	}
	switch {
	case e.Over:
		text = r.Fill("told.over", say.Words{Text: text})
	case e.State != outbox.Told:
		text = r.Fill("told.not", say.Words{Text: text})
	}
	return text
}
