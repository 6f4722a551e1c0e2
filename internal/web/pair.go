package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
)

// pairPage is the page of a 1:1.
type pairPage struct {
	Slot, Zones string
	State       tag
	Next        nextItem
	Why         []string // it is not up to date
	Flags       []flagItem
	Held        []heldItem
	Kept        string
	Record      record
	Coming      []comingItem
	Theirs      bool // the other has another clock
	Lost        []lostItem
	Done        []doneItem
	Told        []logItem
	Looked      []logItem
	Acts        []action
	Private     string // who sees the page
}

type nextItem struct {
	When, Where, How string // "": there is none
	Agenda           string
	None             string
}

// flagItem is what is different, and what its reader can do about it.
type flagItem struct {
	ID    string
	Tag   tag
	Text  string
	Ahead string
	Seen  string // when and by whom, "": not known
	Why   []string
	Hint  string
	Acts  []action
	Quiet bool // the reader has said that they have seen it
}

type heldItem struct{ What, Waits, Why string }

func (h *handler) pair(w http.ResponseWriter, r *http.Request) {
	h.showPair(w, r, http.StatusOK, "")
}

// showPair shows a pair's page; refused is why what the reader wanted was not done, "" where nothing was.
func (h *handler) showPair(w http.ResponseWriter, r *http.Request, status int, refused string) {
	who, _ := h.who(r)
	pair := pairOf(r)
	p, err := h.See.Pair(r.Context(), who, pair)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if r.Method != http.MethodHead && r.Header.Get(partHeader) == "" { // a page that refreshes itself looks once
		if err := h.See.Looked(r.Context(), who, access.ThePair, pair); err != nil {
			h.Log.Error().Err(err).Msg("that somebody looked is not entered")
		}
	}
	reader := h.pairReader(p)
	f := h.frame(r, reader.Fill("pair.title", say.Words{Text: p.Parties[0].Name, Other: p.Parties[1].Name}), "/")
	f.Body = h.pairPage(reader, p)
	h.live(&f, reader, p.Round, p.Problems, "?pair="+pair.String())
	if refused != "" {
		f.Said, f.Refused = refused, true
	} else {
		h.said(w, r, &f, reader)
	}
	h.show(w, r, status, "pair", f)
}

// pairReader is who reads, on their own clock with the other's beside it.
func (h *handler) pairReader(p see.Pair) say.Reader {
	me, other := p.Parties[0], p.Parties[1]
	if p.As == see.Report {
		me, other = other, me
	}
	return say.Reader{Zone: me.Zone, Other: other.Zone, Now: p.At}
}

// told is the pair as it is told.
func told(p see.Pair) say.OneOnOne {
	o := oneOnOne(p.Pair, see.Manager, p.Parties[0], p.Parties[1])
	o.Linked, o.Agenda = p.Linked, p.Agenda
	return o
}

func (h *handler) pairPage(r say.Reader, p see.Pair) pairPage {
	o, as, other := told(p), say.Role(p.As), p.Other()
	out := pairPage{
		Slot:    r.Word("slot.none"),
		State:   stateOf(r, p.State, len(p.Flags)),
		Next:    nextOf(r, p),
		Record:  recordOf(r, p.Weeks, false),
		Private: r.Fill("pair.private", say.Words{Text: other.Name}),
	}
	if p.Kept != nil {
		out.Kept = r.Fill("pair.kept", say.Words{Text: r.Percent(p.Kept), N: p.Counted})
	}
	slot := p.Slot
	if slot.IsZero() {
		slot = p.Wanted
		out.Slot, _ = r.Booked(p.Slot, p.Wanted)
		out.Slot = say.Capital(out.Slot) + "."
	} else {
		out.Slot = slotSentence(r, p)
	}
	if !slot.IsZero() {
		out.Zones = zones(r, slot, p.Parties)
	}
	for _, why := range p.Why {
		out.Why = append(out.Why, r.Fill("pair.stale", say.Words{
			Text:  why.Who.Name,
			Other: why.Cause,
			Time:  r.When(why.Since),
		}))
	}
	for _, f := range p.Flags {
		out.Flags = append(out.Flags, h.flagItem(r, o, as, f))
	}
	for _, x := range p.Held {
		out.Held = append(out.Held, heldOf(r, x))
	}
	out.Acts = h.deedsOf(r, p.Pair, p.May)
	for _, c := range p.Coming {
		item := h.comingItem(r, p, c)
		out.Coming, out.Theirs = append(out.Coming, item), out.Theirs || item.Other != ""
	}
	for _, x := range p.Lost {
		item := lostItem{Day: r.Day(x.Occurrence), Became: became(r, x), By: byWhom(r, p, x.By)}
		if x.Notice != nil {
			item.Notice = r.Notice(x.Notice)
		}
		out.Lost = append(out.Lost, item)
	}
	for _, d := range p.Deeds {
		out.Done = append(out.Done, h.doneItem(r, p, d))
	}
	for _, x := range p.Told {
		out.Told = append(out.Told, logItem{r.When(x.At), h.name(r, p, x.Who), toldOf(r, o, as, x.Entry)})
	}
	for _, x := range p.Looked {
		text := r.Word("looked." + string(x.From))
		out.Looked = append(out.Looked, logItem{r.When(x.At), h.name(r, p, x.Who), text})
	}
	return out
}

// heldOf is a change that waits for a person.
func heldOf(r say.Reader, x plan.Held) heldItem {
	return heldItem{
		What:  say.Capital(strings.TrimSpace(r.Action(x.Action) + " " + r.Change(x.Change))),
		Waits: r.Waiting(x),
		Why:   say.Capital(x.Because),
	}
}

// deedsOf are the buttons of what is about no flag. What a report asks for always is about one.
func (h *handler) deedsOf(r say.Reader, p series.Pair, may []act.Deed) []action {
	var out []action
	for _, d := range may {
		if d != act.AskAccept && d != act.AskRestore {
			id := string(d) + "-" + p.Manager + "-" + p.Report
			out = append(out, action{ID: id, Text: r.Word("act." + string(d)), Href: h.deedPath(p, d)})
		}
	}
	return out
}

// slotSentence is "Every Tuesday 10:00, 60 minutes, Room Alder."
func slotSentence(r say.Reader, p see.Pair) string {
	words := say.Words{Text: r.InSlot(p.Slot), Other: r.Length(cmp.Or(p.Slot.Duration, p.Length)), N: max(p.Slot.Every, 1)}
	text := r.Fill("pair.slot", words)
	if p.Place != "" {
		text += ", " + p.Place
	}
	return text + "."
}

// zones tells whose clock decides, and what that is on the clocks of those who have another; "" where all are one.
func zones(r say.Reader, slot series.Slot, parties [2]see.Party) string {
	today, _ := series.WallClock(r.Now, slot.Zone)
	next := slot.On(slot.InWeek(today))
	var there []string
	for _, p := range parties {
		if day, at := series.WallClock(next, p.Zone); at != slot.At || day.Weekday() != slot.Weekday {
			text := at.String()
			if day.Weekday() != slot.Weekday {
				text = r.InSlot(series.Slot{Weekday: day.Weekday(), At: at})
			}
			there = append(there, r.Fill("pair.there", say.Words{Time: text, Text: r.Place(p.Zone)}))
		}
	}
	if len(there) == 0 {
		return ""
	}
	return r.Fill("pair.zone", say.Words{Text: r.Place(slot.Zone), Other: r.List(slices.Compact(there))})
}

func nextOf(r say.Reader, p see.Pair) nextItem {
	c := p.Next
	if c == nil || c.Start.IsZero() {
		return nextItem{None: r.Word("next.none"), Agenda: p.Agenda}
	}
	how := r.Word("next.on-slot")
	switch {
	case c.MadeUp:
		how = r.Fill("next.made-up", say.Words{Time: r.When(c.Booked)})
	case !c.OnSlot:
		how = r.Fill("next.off-slot", say.Words{Time: r.When(c.Booked)})
	}
	from := series.At(c.Start, r.Zone)
	length := p.Length
	for _, f := range p.Flags {
		if short, ok := f.To.Length(); ok && f.Kind == drift.Shortened && slices.Contains(c.Flags, f.ID()) {
			length = short
		}
	}
	words := say.Words{Text: r.LongDay(series.DateOf(from)), Time: r.Clock(c.Start), Other: r.Clock(c.Start.Add(length))}
	return nextItem{
		When:   r.Fill("next.when", words),
		How:    say.Capital(r.Relative(c.Start)) + ", " + how,
		Where:  p.Place,
		Agenda: p.Agenda,
	}
}

// name is what the page calls one of the two; who is nobody of the roster is whoever looks after Holdfast.
func (h *handler) name(r say.Reader, p see.Pair, who see.Party) string {
	if who.ID == "" {
		return r.Word("who.admin")
	}
	reader := p.Pair.Manager
	if p.As == see.Report {
		reader = p.Pair.Report
	}
	return r.Who(who.Name, who.ID == reader)
}

// kindMarks are the shapes of differences that are not merely something to look at.
var kindMarks = map[drift.Kind]draw.Mark{
	drift.Cancelled:    draw.Lost,
	drift.DeclinedKind: draw.Lost,
	drift.SeriesEnded:  draw.Lost,
	drift.Undelivered:  draw.Lost,
	drift.DocMissing:   draw.Lost,
}

func (h *handler) flagItem(r say.Reader, o say.OneOnOne, as say.Role, f see.Flag) flagItem {
	id := f.ID()
	out := flagItem{
		ID:    "flag-" + id,
		Tag:   tagOf(cmp.Or(kindMarks[f.Kind], draw.Late), r.Kind(f.Kind)),
		Text:  r.Difference(o, as, f.Flag),
		Seen:  r.Fill("flag.seen", say.Words{Time: r.When(f.Since), Text: r.WithNotice(f.Notice)}),
		Quiet: f.Acknowledged,
		Hint:  r.Advice(o, as, f.Flag),
	}
	if !f.Booked.IsZero() {
		out.Ahead = r.Relative(f.Booked)
	}
	for _, why := range f.Why {
		out.Why = append(out.Why, say.Capital(why)+".")
	}
	fields := []field{{"flag", f.Shown.Flag}, {"digest", f.Shown.Digest}, {"occurrence", f.Occurrence.String()}}
	button := func(d act.Deed, text string, more ...field) {
		out.Acts = append(out.Acts, action{
			ID:     string(d) + "-" + id + number(len(out.Acts)),
			Text:   text,
			Href:   h.deedPath(f.Pair, d),
			Go:     len(out.Acts) == 0 && d != act.Acknowledge && !f.Acknowledged,
			Fields: append(slices.Clip(fields), more...),
		})
	}
	for _, d := range f.May {
		switch d {
		case act.Rebook:
			for _, t := range f.Makeups {
				button(d, r.Offered(o, as, say.Rebook, t), field{"to", t.Format(time.RFC3339)})
			}
		case act.Acknowledge:
			if !f.Acknowledged {
				button(d, r.Offered(o, as, say.Ack, time.Time{}))
			}
		case act.Accept:
			if f.Kind == drift.SlotUnfit {
				button(d, r.Fill("act.move", say.Words{Text: r.SlotHere(f.To.Slot())}))
			} else {
				button(d, r.Offered(o, as, say.Accept, time.Time{}))
			}
		case act.Unacknowledge:
			if f.Acknowledged {
				button(d, r.Word("act.unacknowledge"))
			}
		case act.Restore, act.RestoreOne, act.Invite, act.AskAccept, act.AskRestore:
			button(d, r.Offered(o, as, say.Deed(strings.TrimSuffix(string(d), "-one")), time.Time{}))
		}
	}
	if as == say.Manager && slices.Contains(f.May, act.Rebook) {
		me, _ := r.Beside(o, as)
		out.Acts = append(out.Acts, h.anotherTime(me, f, fields))
	}
	return out
}

// anotherTime asks for a time of the meeting's week on the reader's clock.
func (h *handler) anotherTime(r say.Reader, f see.Flag, fields []field) action {
	day, clock := f.Occurrence, "10:00"
	if !f.Booked.IsZero() {
		var at series.TimeOfDay
		day, at = series.WallClock(f.Booked, r.Zone)
		clock = at.String()
	}
	first := day.Monday()
	if today := r.Today(); today.After(first) {
		first = today
	}
	return action{
		ID:     "another-" + f.ID(),
		Text:   r.Word("act.another"),
		Href:   h.deedPath(f.Pair, act.Rebook),
		Fields: fields,
		Days: &days{
			First: first.String(),
			Last:  day.Monday().AddDays(6).String(),
			Day:   day.String(),
			Clock: clock,
		},
	}
}

func (h *handler) deedPath(p series.Pair, d act.Deed) string { return h.pairPath(p) + "/" + string(d) }
