package web

import (
	"cmp"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
)

// minePage is "my 1:1s".
type minePage struct {
	Needs    []needItem
	Reports  []pairItem
	Managers []pairItem
	Sub      string
}

// needItem is something that needs the reader, with the 1:1 that it is of.
type needItem struct {
	Name, Href string
	flagItem
}

// pairItem is a 1:1 in the list.
type pairItem struct {
	Name, Href, Slot string
	Next, Ahead      string
	State            tag
	Weeks            template.HTML
	Kept             string
}

func (h *handler) mine(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	if who.Person == "" && who.Admin {
		http.Redirect(w, r, h.base+"/admin", http.StatusSeeOther)
		return
	}
	m, err := h.See.Mine(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := say.Reader{Zone: m.Me.Zone, Now: m.At}
	page := minePage{Sub: reader.Fill("mine.week", say.Words{N: m.ThisWeek})}
	for _, n := range m.Needs {
		o := oneOnOne(n.Pair, n.As, m.Me, n.Other)
		item := h.needOf(reader, o, n)
		if len(item.Acts) > 2 { // all of them are on its own page
			item.Acts = item.Acts[:2]
		}
		page.Needs = append(page.Needs, needItem{n.Other.Name, h.pairPath(n.Pair), item})
	}
	if len(m.Needs) > 0 || m.ThisWeek > 0 {
		page.Sub += " " + reader.Fill("mine.needs", say.Words{N: len(m.Needs)})
	}
	page.Reports, page.Managers = h.pairItems(reader, m.Reports), h.pairItems(reader, m.Managers)
	part := "evening"
	switch hour := series.At(m.At, cmp.Or(m.Me.Zone, "UTC")).Hour(); {
	case hour < 12:
		part = "morning"
	case hour < 18:
		part = "day"
	}
	first, _, _ := strings.Cut(m.Me.Name, " ")
	f := h.frame(r, reader.Fill("mine.greeting."+part, say.Words{Text: first}), "/")
	f.Body = page
	h.live(&f, reader, m.Round, m.Problems, "")
	h.said(w, r, &f, reader)
	h.show(w, r, http.StatusOK, "mine", f)
}

// needOf is what needs the reader: a flag, or a change that one of the two has to decide.
func (h *handler) needOf(r say.Reader, o say.OneOnOne, n see.Need) flagItem {
	if n.Held == nil {
		return h.flagItem(r, o, say.Role(n.As), n.Flag)
	}
	held := heldOf(r, *n.Held)
	out := flagItem{Tag: tagOf(draw.Late, held.What), Text: say.Capital(held.Waits) + "."}
	if held.Why != "" {
		out.Why = []string{held.Why + "."}
	}
	out.Acts = h.deedsOf(r, n.Pair, n.May)
	return out
}

// oneOnOne is the pair as it is told to its reader.
func oneOnOne(p series.Pair, as see.As, me, other see.Party) say.OneOnOne {
	out := say.OneOnOne{Pair: p, Manager: say.Party{Name: me.Name, Zone: me.Zone},
		Report: say.Party{Name: other.Name, Zone: other.Zone}}
	if as == see.Report {
		out.Manager, out.Report = out.Report, out.Manager
	}
	return out
}

func (h *handler) pairItems(r say.Reader, rows []see.Row) []pairItem {
	var out []pairItem
	for _, x := range rows {
		slot := r.Word("slot.none")
		if !x.Slot.IsZero() {
			slot = r.InSlot(x.Slot)
			if x.Slot.Zone != r.Zone { // on the reader's own clock
				today, _ := series.WallClock(r.Now, x.Slot.Zone)
				day, at := series.WallClock(x.Slot.On(x.Slot.InWeek(today)), r.Zone)
				slot = r.InSlot(series.Slot{Weekday: day.Weekday(), At: at})
			}
			if x.Slot.Every > 1 {
				slot += r.Fill("slot.every", say.Words{N: x.Slot.Every})
			}
		}
		next, ahead := r.Word("next.none"), ""
		if !x.Next.IsZero() {
			next, ahead = r.When(x.Next), r.Relative(x.Next)
		}
		out = append(out, pairItem{
			Name:  x.Other.Name,
			Href:  h.pairPath(x.Pair),
			Slot:  slot,
			Next:  next,
			Ahead: ahead,
			State: stateOf(r, x.State, x.Flags),
			Weeks: recordOf(r, x.Weeks, true).Pictures[0],
			Kept:  r.Percent(x.Kept),
		})
	}
	return out
}

// stateMarks are the shapes of states.
var stateMarks = map[reconcile.State]draw.Mark{
	reconcile.OnSlot:   draw.Kept,
	reconcile.Flagged:  draw.Late,
	reconcile.Held:     draw.Late,
	reconcile.Stale:    draw.Unknown,
	reconcile.Unbooked: draw.Off,
}

// stateOf is a word for the state; "" is that of a pair that the roster has no more.
func stateOf(r say.Reader, s reconcile.State, flags int) tag {
	if s == "" {
		return tagOf(draw.Off, r.Word("state.ended"))
	}
	return tagOf(stateMarks[s], r.Fill("state."+string(s), say.Words{N: flags}))
}

func (h *handler) pairPath(p series.Pair) string { return h.base + "/pairs/" + p.String() }

func number(n int) string { return strconv.Itoa(n) }
