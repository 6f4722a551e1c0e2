package web

import (
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
)

// adminPage is how things are.
type adminPage struct {
	Sub      string
	Brakes   []brakeItem
	Outages  []outageItem
	Problems []string
	Waits    []string // changes that wait for one of two people
	Settles  []string // and those that wait for the roster to stand
	Unsent   []string
	Silent   []string
	Rounds   []roundItem
	Queue    []queueItem
	QueueOld string
	Quarter  string
	Groups   []groupItem
	Rest     string // why not all are shown
	States   template.HTML
	Legend   []tag
}

type brakeItem struct {
	Title, Because, Mails string
	Changes               []changeItem
	Allow                 action
}

type changeItem struct {
	Pair, Action, Mails string
	Why                 string
	Notes               []string
}

type outageItem struct {
	Title, Since, Hint string
	Of                 string // who, and what stands still for it
	Empty              []action
}

type roundItem struct{ At, Took, Reason, Did, Error string }

type queueItem struct{ Kind, Waiting, Running, Retried string }

type groupItem struct {
	Name, Pairs, Kept string
	Bar               template.HTML
}

// admin guards what is an admin's.
func (h *handler) admin(w http.ResponseWriter, r *http.Request) { h.showAdmin(w, r, http.StatusOK, "") }

func (h *handler) showAdmin(w http.ResponseWriter, r *http.Request, status int, refused string) {
	who, _ := h.who(r)
	a, err := h.See.Admin(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := h.adminReader(who.Person, a.At)
	f := h.frame(r, adminTitle(reader, a), "/admin")
	f.Body = h.adminPage(reader, a)
	h.live(&f, reader, a.Round, a.Problems != nil, "")
	if refused != "" {
		f.Said, f.Refused = refused, true
	} else {
		h.said(w, r, &f, reader)
	}
	h.show(w, r, status, "admin", f)
}

// adminReader is the admin on their own clock; UTC where they are nobody of the roster.
func (h *handler) adminReader(person string, now time.Time) say.Reader {
	zone := "UTC"
	if h.Zone != nil && person != "" {
		zone = h.Zone(person)
	}
	return say.Reader{Zone: zone, Now: now}
}

// adminTitle is whether there is something to do.
func adminTitle(r say.Reader, a see.Admin) string {
	n := len(a.Brakes) + len(a.Outages) + min(len(a.Problems), 1) + min(len(a.Failed), 1) + min(len(a.Unreached), 1)
	if n == 0 {
		return r.Word("admin.fine")
	}
	return r.Fill("admin.title", say.Words{N: n})
}

func (h *handler) adminPage(r say.Reader, a see.Admin) adminPage {
	out := adminPage{Problems: a.Problems}
	sub := []string{r.Count(a.Pairs, "pair"), r.Count(a.People, "person"), r.Count(a.Calendars, "calendar")}
	out.Sub = say.Capital(r.List(sub)) + "."
	if !a.Round.IsZero() {
		out.Sub += " " + r.Fill("admin.round", say.Words{Text: r.Relative(a.Round)})
	}
	out.States, out.Legend = states(r, a)
	for i, b := range a.Brakes {
		out.Brakes = append(out.Brakes, h.brakeItem(r, b, i))
	}
	for _, o := range a.Outages {
		out.Outages = append(out.Outages, h.outageItem(r, o))
	}
	for _, x := range a.Waits {
		words := say.Words{Text: x.Pair.String(), Other: r.Action(x.Action)}
		if x.Settle {
			out.Settles = append(out.Settles, r.Fill("admin.waits", words))
		} else {
			out.Waits = append(out.Waits, r.Fill("admin.waits", words))
		}
	}
	for _, x := range a.Failed {
		out.Unsent = append(out.Unsent, r.Fill("admin.unsent", say.Words{
			Text:  cmp.Or(x.Who.Name, x.Who.ID),
			Time:  r.When(x.At),
			Other: r.Because(x.Why),
		}))
	}
	for _, p := range a.Unreached {
		text, hint := r.Unreached(p.ID)
		out.Silent = append(out.Silent, cmp.Or(p.Name, p.ID)+": "+text+". "+say.Capital(hint))
	}
	for _, x := range a.Rounds {
		out.Rounds = append(out.Rounds, roundOf(r, x))
	}
	kinds := map[string]bool{}
	for _, m := range []map[string]int{a.Queue.Waiting, a.Queue.Running, a.Queue.Retried} {
		for k := range m {
			kinds[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		out.Queue = append(out.Queue, queueItem{k, number(a.Queue.Waiting[k]), number(a.Queue.Running[k]),
			number(a.Queue.Retried[k])})
	}
	if !a.Queue.Oldest.IsZero() {
		out.QueueOld = r.Fill("admin.oldest", say.Words{Time: r.When(a.Queue.Oldest), Text: r.Relative(a.Queue.Oldest)})
	}
	figures(r, a.Figures, &out)
	return out
}

// states are how many pairs are in each, drawn.
func states(r say.Reader, a see.Admin) (template.HTML, []tag) {
	var parts []draw.Part
	var legend []tag
	for _, s := range []reconcile.State{reconcile.OnSlot, reconcile.Flagged, reconcile.Held, reconcile.Unbooked,
		reconcile.Stale} {
		if n := a.States[s]; n > 0 {
			text := r.Fill("states."+string(s), say.Words{N: n})
			mark := map[bool]draw.Mark{true: draw.Lost, false: stateMarks[s]}[s == reconcile.Held]
			parts = append(parts, draw.Part{Mark: mark, N: n, Title: text})
			legend = append(legend, tagOf(mark, text))
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	return draw.Bar(r.Word("states"), parts), legend
}

func (h *handler) brakeItem(r say.Reader, b see.Brake, i int) brakeItem {
	out := brakeItem{
		Title:   r.Fill("brake."+string(b.Action), say.Words{N: len(b.Changes)}),
		Because: say.Capital(b.Because) + ".",
		Mails:   r.Fill("brake.mails", say.Words{N: b.Mails}),
		Allow:   action{ID: "allow-" + number(i), Text: r.Word("act.allow"), Href: h.base + "/admin/allow", Go: true},
	}
	for _, c := range b.Changes {
		out.Allow.Fields = append(out.Allow.Fields, field{"change", c.ID + " " + c.Digest})
		item := changeOf(r, c)
		item.Why = "" // it is the limit's
		out.Changes = append(out.Changes, item)
	}
	return out
}

func changeOf(r say.Reader, c see.Change) changeItem {
	out := changeItem{
		Pair:   c.Pair.String(),
		Action: r.Action(c.Action),
		Mails:  r.Mails(c.Mails),
		Why:    say.Capital(c.Because),
	}
	if c.Stuck {
		out.Notes = append(out.Notes, r.Waiting(plan.Held{Stuck: true}))
	}
	return out
}

func (h *handler) outageItem(r say.Reader, o see.Outage) outageItem {
	matter := say.Matter(cmp.Or(string(o.Matter), string(say.Calendar)))
	var ids, names []string
	for _, p := range o.People {
		ids, names = append(ids, p.ID), append(names, cmp.Or(p.Name, p.ID))
	}
	x := say.Outage{Matter: matter, Of: ids, Cause: o.Cause, Hint: o.Hint}
	switch {
	case matter != say.Calendar && matter != say.Emptied && matter != say.Address && matter != say.Document:
		x.Text = o.Cause // others bring their sentence
	case matter == say.Document:
		for _, p := range o.Pairs {
			x.Of = append(x.Of, p.String())
		}
	}
	out := outageItem{
		Title: say.Capital(r.Outage(x)) + ".",
		Since: r.Fill("admin.since", say.Words{Time: r.When(o.Since)}),
		Hint:  say.Capital(r.OutageHint(x)),
	}
	if n := len(o.Pairs); n > 0 && matter == say.Calendar {
		out.Of = r.Fill("admin.stale", say.Words{N: n})
	}
	if matter == say.Emptied {
		for i, id := range ids {
			out.Empty = append(out.Empty, action{
				ID:     "empty-" + id,
				Text:   r.Fill("act.confirm-empty", say.Words{Text: names[i]}),
				Href:   h.base + "/admin/confirm-empty",
				Fields: []field{{"person", id}},
			})
		}
	}
	return out
}

func roundOf(r say.Reader, x see.RoundLine) roundItem {
	did := []string{r.Fill("round.judged", say.Words{N: x.Judged})}
	for _, c := range []struct {
		name string
		n    int
	}{{"read", x.Read}, {"writes", x.Writes}, {"mails", x.Mails}, {"held", x.Held}, {"opened", x.Opened},
		{"closed", x.Closed}, {"failed", x.Failed}} {
		if c.n > 0 {
			did = append(did, r.Fill("round."+c.name, say.Words{N: c.n}))
		}
	}
	return roundItem{
		At:     r.When(x.At),
		Took:   r.Fill("round.took", say.Words{Text: strconv.FormatFloat(x.Took.Seconds(), 'f', 2, 64)}),
		Reason: r.Word("round.why." + x.Reason),
		Did:    strings.Join(did, ", "),
		Error:  x.Err,
	}
}

// figures are how 1:1s were kept in the last closed quarter.
func figures(r say.Reader, all []see.Quarter, out *adminPage) {
	if len(all) == 0 {
		out.Rest = r.Word("figures.none")
		return
	}
	q := all[0]
	out.Quarter = r.Fill("figures.quarter", say.Words{N: q.Number, Text: number(q.Year)})
	groups := q.Groups
	if q.All != nil {
		groups = append(slices.Clone(groups), *q.All)
	}
	for _, g := range groups {
		parts := []draw.Part{
			{Mark: draw.Kept, N: g.Kept, Title: r.Fill("legend.kept", say.Words{N: g.Kept})},
			{Mark: draw.Late, N: g.Late, Title: r.Fill("figures.late", say.Words{N: g.Late})},
			{Mark: draw.Lost, N: g.Lost, Title: r.Fill("figures.lost", say.Words{N: g.Lost})},
		}
		var told []string
		for _, p := range parts {
			told = append(told, p.Title)
		}
		name := cmp.Or(g.Head.Name, g.Head.ID)
		if name == "" {
			name = r.Word("figures.all")
		} else {
			name = r.Fill("figures.group", say.Words{Text: name})
		}
		out.Groups = append(out.Groups, groupItem{name, number(g.Pairs), r.Percent(g.Rate()), draw.Bar(r.List(told), parts)})
	}
	if q.Hidden || len(out.Groups) == 0 {
		out.Rest = r.Word("figures.rest")
	}
}

// planPage is what the next round would write.
type planPage struct {
	Sub     string
	Counts  []queueItem // of each action, in Kind and Waiting
	Held    []changeItem
	Nothing bool
}

func (h *handler) adminPlan(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	p, err := h.See.AdminPlan(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := h.adminReader(who.Person, p.At)
	page := planPage{Sub: reader.Fill("plan.mails", say.Words{N: p.Mails}), Nothing: len(p.Counts)+len(p.Held) == 0}
	for _, a := range slices.Sorted(maps.Keys(p.Counts)) {
		page.Counts = append(page.Counts, queueItem{Kind: say.Capital(reader.Action(a)), Waiting: number(p.Counts[a])})
	}
	for _, c := range p.Held {
		page.Held = append(page.Held, changeOf(reader, c))
	}
	f := h.frame(r, reader.Word("plan.title"), "/admin/plan")
	f.Body = page
	h.live(&f, reader, p.Round, p.Problems, "")
	h.show(w, r, http.StatusOK, "plan", f)
}

// pairsPage are the states of all pairs.
type pairsPage struct {
	Filter string
	State  string
	States []choice
	Rows   []pairState
	Sub    string
	Paging paging
}

type pairState struct {
	Manager, Report, Pair string
	State                 tag
	Why                   []string
}

func (h *handler) adminPairs(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	all, err := h.See.AdminPairs(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := h.adminReader(who.Person, h.Clock())
	page := pairsPage{Filter: r.URL.Query().Get("q"), State: r.URL.Query().Get("state")}
	for _, s := range []reconcile.State{reconcile.OnSlot, reconcile.Flagged, reconcile.Held, reconcile.Unbooked,
		reconcile.Stale} {
		page.States = append(page.States, choice{string(s), stateOf(reader, s, 0).Text, page.State == string(s)})
	}
	of := len(all)
	found := slices.DeleteFunc(all, func(p see.PairState) bool {
		return page.State != "" && page.State != string(p.State) ||
			!matches(page.Filter, p.Pair.String(), p.Parties[0].Name, p.Parties[1].Name)
	})
	page.Paging = h.pagingOf(r, reader, len(found))
	for _, p := range found[page.Paging.from:page.Paging.to] {
		row := pairState{p.Parties[0].Name, p.Parties[1].Name, p.Pair.String(), stateOf(reader, p.State, 0), nil}
		for _, why := range p.Why {
			row.Why = append(row.Why, reader.Fill("pair.stale", say.Words{
				Text:  why.Who.Name,
				Other: why.Cause,
				Time:  reader.When(why.Since),
			}))
		}
		page.Rows = append(page.Rows, row)
	}
	page.Sub = reader.Fill("pairs.sub", say.Words{N: len(found), Text: number(of)})
	f := h.frame(r, reader.Word("pairs.title"), "/admin/pairs")
	f.Body = page
	h.show(w, r, http.StatusOK, "pairs", f)
}

// matches reports whether the text, in whatever case, is in one of the names, or in what they are together.
func matches(text string, names ...string) bool {
	return strings.Contains(strings.ToLower(strings.Join(names, " ")), strings.ToLower(strings.TrimSpace(text)))
}

// calendarsPage are everybody's calendars.
type calendarsPage struct {
	Sub    string
	Filter string
	Rows   []calendarRow
	Paging paging
}

type calendarRow struct {
	Name, Server, Read, Push string
	State                    tag
	Out                      string
}

func (h *handler) adminCalendars(w http.ResponseWriter, r *http.Request) {
	who, _ := h.who(r)
	all, err := h.See.AdminCalendars(r.Context(), who)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reader := h.adminReader(who.Person, h.Clock())
	page, bad, of := calendarsPage{Filter: r.URL.Query().Get("q")}, 0, len(all)
	for i := range all {
		if all[i].Outage != nil {
			bad++
		}
	}
	found := slices.DeleteFunc(all, func(c see.Calendar) bool {
		return !matches(page.Filter, c.Who.ID, c.Who.Name, c.Server)
	})
	if of > rowsEach { // then those that need a look come first: who would find them on the fortieth page?
		slices.SortStableFunc(found, func(a, b see.Calendar) int {
			first := map[bool]int{true: -1}
			return first[a.Outage != nil] - first[b.Outage != nil]
		})
	}
	page.Paging = h.pagingOf(r, reader, len(found))
	for _, c := range found[page.Paging.from:page.Paging.to] {
		row := calendarRow{Name: cmp.Or(c.Who.Name, c.Who.ID), Server: cmp.Or(c.Server, reader.Word("me.calendar.none"))}
		row.State = tagOf(draw.Kept, reader.Word("calendar.fine"))
		row.Read, row.Push = reader.Word("calendar.never"), reader.Word("calendar.polled")
		if !c.Read.IsZero() {
			row.Read = reader.When(c.Read)
		}
		if c.Push.After(reader.Now) {
			row.Push = reader.Fill("calendar.pushed", say.Words{Time: reader.When(c.Push)})
		}
		switch {
		case c.Outage != nil:
			row.State = tagOf(draw.Lost, reader.Word("calendar.out"))
			row.Out = reader.Fill("calendar.why", say.Words{Text: c.Outage.Cause, Time: reader.When(c.Outage.Since)})
		case c.Server == "":
			row.State = tagOf(draw.Off, reader.Word("calendar.feed"))
		}
		page.Rows = append(page.Rows, row)
	}
	page.Sub = reader.Fill("calendars.sub", say.Words{N: bad, Text: reader.Count(of, "calendar")})
	f := h.frame(r, reader.Word("calendars.title"), "/admin/calendars")
	f.Body = page
	h.show(w, r, http.StatusOK, "calendars", f)
}

// pairOf is the pair of the address.
func pairOf(r *http.Request) series.Pair {
	return series.Pair{Manager: r.PathValue("manager"), Report: r.PathValue("report")}
}
