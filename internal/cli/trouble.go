package cli

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/wire"
)

// troubles are a round's failures. What is wrong with many calendars at once is one trouble.
func troubles(r reconcile.Round) []say.Outage {
	unread := map[string]reconcile.Outage{}
	var others []say.Outage
	for _, f := range r.Failures {
		switch f.Matter {
		case reconcile.MatterCalendar:
			unread[f.Person] = r.Outages[f.Subject]
		case reconcile.MatterDocument: // untended has them
		default:
			others = append(others, say.Outage{Text: f.Err.Error(), Hint: f.Hint})
		}
	}
	return slices.Concat(unreadable(unread), untended(r.Outages), others)
}

// cause is what several outages have in common.
type cause struct{ text, hint string }

// untended are the documents that cannot be made or looked at.
func untended(outages map[reconcile.Subject]reconcile.Outage) []say.Outage {
	var out []say.Outage
	at := map[cause]int{}
	for _, s := range reconcile.Subjects(outages) {
		if s.Matter != reconcile.MatterDocument {
			continue
		}
		o := outages[s]
		_, text, _ := strings.Cut(o.Text, ": ")
		i, known := at[cause{text, o.Hint}]
		if !known {
			i = len(out)
			at[cause{text, o.Hint}] = i
			out = append(out, say.Outage{Matter: say.Document, Cause: text, Hint: o.Hint})
		}
		out[i].Of = append(out[i].Of, s.Pair.String())
	}
	return out
}

// unreadable are the calendars that cannot be read, by the person's id.
func unreadable(outages map[string]reconcile.Outage) []say.Outage {
	var out []say.Outage
	at := map[cause]int{}
	for _, id := range slices.Sorted(maps.Keys(outages)) {
		o := outages[id]
		detail := wire.Cause(id, o.Text)
		c := cause{cmp.Or(o.Cause, detail), o.Hint}
		i, known := at[c]
		if !known {
			i = len(out)
			at[c] = i
			out = append(out, say.Outage{Matter: say.Calendar, Cause: detail, Hint: o.Hint})
		}
		if out[i].Of = append(out[i].Of, id); out[i].Cause != detail {
			out[i].Cause = c.text
		}
	}
	return out
}

// standing are the alarms that nothing else reports: calendars that were read and are not believed in all they say, or
// that cannot do all that is asked of them.
func standing(outages map[reconcile.Subject]reconcile.Outage) []say.Outage {
	var out []say.Outage
	for _, s := range reconcile.Subjects(outages) {
		switch o := outages[s]; s.Matter {
		case reconcile.MatterCalendar, reconcile.MatterDocument, reconcile.MatterChange: // others report them
		case reconcile.MatterEmptied:
			out = append(out, say.Outage{Matter: say.Emptied, Of: []string{s.Person}})
		case reconcile.MatterAddress:
			out = append(out, say.Outage{Matter: say.Address, Of: []string{s.Person}})
		case reconcile.MatterListing:
			out = append(out, say.Outage{Matter: say.Listing, Pair: s.Pair, Hint: o.Hint})
		default:
			out = append(out, say.Outage{Text: o.Text, Hint: o.Hint})
		}
	}
	return out
}

// outageList prints outages below their heading, with what can be done about them.
func (a *app) outageList(heading string, color style, all []say.Outage) {
	for i, o := range all {
		if i == 0 {
			a.printf("\n%s\n", color.Render(heading))
		}
		a.printf("  %s %s\n", color.Render("!"), a.say().Outage(o))
		if hint := a.say().OutageHint(o); hint != "" {
			a.printf("      %s\n", dim.Render(hint))
		}
	}
}
