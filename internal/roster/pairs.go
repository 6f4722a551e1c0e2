package roster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// wishNames are the keys of Wishes in the order of its fields; prep_doc, which is more than a text, is not among them.
var wishNames = [...]string{"slot", "duration", "every", "zone", "title", "visibility", "place", "starts", "ends"}

func (w *Wishes) fields() [len(wishNames)]*yamlpos.Text {
	return [...]*yamlpos.Text{&w.Slot, &w.Duration, &w.Every, &w.Zone, &w.Title, &w.Visibility, &w.Place, &w.Starts, &w.Ends}
}

// over is w with all it does not state taken from base.
func (w Wishes) over(base Wishes) Wishes {
	from := base.fields()
	for i, t := range w.fields() {
		if !t.Given() {
			*t = *from[i]
		}
	}
	if !w.PrepDoc.place().Given() {
		w.PrepDoc = base.PrepDoc
	}
	return w
}

// builtin is what holds where the whole roster says nothing.
var builtin = Wishes{Slot: word("auto"), Duration: word("60m"), Every: word("1w"), Zone: word("manager"),
	Title: word("1:1 {manager.name} / {report.name}"), Visibility: word("private")}

func word(s string) yamlpos.Text { return yamlpos.Text{V: s} }

// checkWishes reports every bad value that stands here and drops it, so that it is told once and not for each pair.
func (p *parser) checkWishes(what string, w *Wishes) {
	sample := series.Person{ID: "x", Name: "x", Email: "x@example.com"}
	bad := func(t *yamlpos.Text, format string, args ...any) {
		p.Add(t.Pos, what, format, args...)
		*t = yamlpos.Text{}
	}
	if t := &w.Slot; t.Given() {
		if _, _, _, err := parseSlot(t.V); err != nil {
			bad(t, "%v", err)
		}
	}
	if t := &w.Duration; t.Given() {
		if _, err := parseDuration(t.V); err != nil {
			bad(t, "%v", err)
		}
	}
	// Another word was reported with the choice by the decoder.
	if t := &w.Every; t.Given() && !slices.Contains([]string{"1w", "2w", "4w"}, t.V) {
		*t = yamlpos.Text{}
	}
	if !p.checkZone(what, w.Zone, "manager", "report") {
		w.Zone = yamlpos.Text{}
	}
	if t := &w.Title; t.Given() {
		if _, err := expand(t.V, sample, sample, asIs); err != nil {
			bad(t, "title: %v", err)
		} else if strings.TrimSpace(t.V) == "" {
			bad(t, "title must be one line of text")
		} else if fault := lineFault(t.V, maxText); fault != "" {
			bad(t, "title %s", fault)
		}
	}
	if fault := lineFault(w.Place.V, maxText); fault != "" {
		bad(&w.Place, "place %s", fault)
	}
	p.checkPrepDoc(what, &w.PrepDoc, sample)
	for _, t := range []*yamlpos.Text{&w.Starts, &w.Ends} {
		if t.V != "" {
			if _, err := series.ParseDate(t.V); err != nil {
				bad(t, "%v", err)
			}
		}
	}
	p.checkEnds(what, w)
}

// checkEnds drops an end before the start, and that start.
func (p *parser) checkEnds(what string, w *Wishes) {
	if w.Starts.V != "" && w.Ends.V != "" && w.Ends.V < w.Starts.V { // ISO dates order as text
		p.Add(cmp.Or(w.Ends.Pos, w.Starts.Pos), what, "ends %s before it starts %s", w.Ends.V, w.Starts.V)
		w.Starts, w.Ends = yamlpos.Text{}, yamlpos.Text{}
	}
}

// wish is a pair with what it should be, still as text, and its place.
type wish struct {
	Wishes
	series.Pair
	at yamlpos.Pos
}

func (p *parser) addGroup(g Group) {
	if !p.known(g.Manager, "manager "+g.Manager.V) {
		return
	}
	m := p.people[g.Manager.V]
	if m.Calendar == "" && !m.calendar.Given() && len(g.Reports) > 0 {
		p.Add(g.Manager.Pos, "manager "+m.ID, "has no calendar for the series (add one in %s)", m.At)
	}
	p.checkWishes("manager "+m.ID, &g.Wishes)
	base := g.over(p.defaults).over(builtin)
	for _, r := range g.Reports {
		pair := series.Pair{Manager: m.ID, Report: r.Report.V}
		what := "pair " + pair.String()
		p.checkWishes(what, &r.Wishes)
		if !p.known(r.Report, what) {
			continue
		}
		if pair.Manager == pair.Report {
			p.Add(r.Report.Pos, what, "a person cannot report to themself")
			continue
		}
		w := &wish{r.over(base), pair, r.Report.Pos}
		p.checkEnds(what, &w.Wishes)
		p.pairs = append(p.pairs, w)
	}
}

func (p *parser) known(id yamlpos.Text, what string) bool {
	if !id.Given() {
		return false
	}
	if p.people[id.V] == nil {
		p.Add(id.Pos, what, "unknown person %q%s", id.V, p.Suggest(id.V, p.ids))
		return false
	}
	return true
}

// checkLines finds pairs given twice and reporting lines that lead back to where they began.
func (p *parser) checkLines() {
	first := map[series.Pair]yamlpos.Pos{}
	reports := map[string][]*wish{}
	p.managers = map[string]string{}
	p.pairs = slices.DeleteFunc(p.pairs, func(w *wish) bool {
		if at, again := first[w.Pair]; again {
			p.Add(w.at, "pair "+w.String(), "given twice (first at %s)", at)
			return true
		}
		first[w.Pair] = w.at
		reports[w.Manager] = append(reports[w.Manager], w)
		if p.managers[w.Report] == "" {
			p.managers[w.Report] = w.Manager
		}
		return false
	})
	done := map[string]bool{}
	var line []string
	var down func(id string)
	down = func(id string) {
		line = append(line, id)
		for _, w := range reports[id] {
			if i := slices.Index(line, w.Report); i >= 0 {
				p.Add(w.at, "pair "+w.String(), "circular reporting line: %s",
					strings.Join(append(line[i:len(line):len(line)], w.Report), " > "))
			} else if !done[w.Report] {
				down(w.Report)
			}
		}
		line = line[:len(line)-1]
		done[id] = true
	}
	for _, id := range p.ids {
		if !done[id] {
			down(id)
		}
	}
}

// resolvePairs turns every wish into values; all text in it has been checked.
func (p *parser) resolvePairs() []Pair {
	out := make([]Pair, len(p.pairs))
	for i, w := range p.pairs {
		m, r := p.people[w.Manager].Person, p.people[w.Report].Person
		x := Pair{Pair: w.Pair, ZoneAs: w.Zone.V, Private: w.Visibility.V == "private", Place: w.Place.V,
			At: w.at, SlotAt: cmp.Or(w.Slot.Pos, w.at), PlaceAt: cmp.Or(w.Place.Pos, w.at)}
		x.Slot.Zone = w.Zone.V
		switch w.Zone.V {
		case "manager":
			x.Slot.Zone = m.Zone
		case "report":
			x.Slot.Zone = r.Zone
		}
		x.Auto, x.Slot.Weekday, x.Slot.At, _ = parseSlot(w.Slot.V)
		x.Slot.Duration, _ = time.ParseDuration(w.Duration.V)
		x.Slot.Every, _ = strconv.Atoi(strings.TrimSuffix(w.Every.V, "w"))
		x.Title, _ = expand(w.Title.V, m.Person, r.Person, asIs)
		x.Link, _ = expand(w.PrepDoc.Link.V, m.Person, r.Person, inURL)
		x.Doc = w.PrepDoc.wish()
		if google, known := p.calendars[m.Calendar]; known && !google && x.Doc.Template != "" {
			p.Add(w.PrepDoc.Template.Pos, "pair "+w.Pair.String(), "prep_doc: a document can only be made from a template where the manager's calendar is at Google, and %s is not: give this 1:1 a link, or an empty prep_doc", m.Calendar)
		}
		_ = x.Starts.UnmarshalText([]byte(w.Starts.V))
		_ = x.Ends.UnmarshalText([]byte(w.Ends.V))
		for _, a := range append([]string{m.ID}, m.Formerly...) {
			for _, b := range append([]string{r.ID}, r.Formerly...) {
				if f := (series.Pair{Manager: a, Report: b}); f != w.Pair {
					x.Formerly = append(x.Formerly, f)
				}
			}
		}
		out[i] = x
	}
	return out
}
