package cli

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"holdfast/internal/reconcile"
	"holdfast/internal/wire"
)

// trouble is something that did not work, of everybody whom it concerns in the same way.
type trouble struct{ text, hint string }

// troubles are a round's failures. What is wrong with many calendars at once is one trouble.
func troubles(r reconcile.Round) []trouble {
	unread := map[string]reconcile.Outage{}
	var others []trouble
	for _, f := range r.Failures {
		switch f.Matter {
		case reconcile.MatterCalendar:
			unread[f.Person] = r.Outages[f.Subject]
		case reconcile.MatterDocument: // untended has them
		default:
			others = append(others, trouble{f.Err.Error(), f.Hint})
		}
	}
	return slices.Concat(unreadable(unread), untended(r.Outages), others)
}

// untended tells of documents that cannot be made or looked at.
func untended(outages map[reconcile.Subject]reconcile.Outage) []trouble {
	whose := map[trouble][]string{}
	var order []trouble
	for _, s := range reconcile.Subjects(outages) {
		if s.Matter != reconcile.MatterDocument {
			continue
		}
		o := outages[s]
		_, cause, _ := strings.Cut(o.Text, ": ")
		c := trouble{cause, o.Hint}
		if whose[c] == nil {
			order = append(order, c)
		}
		whose[c] = append(whose[c], s.Pair.String())
	}
	var out []trouble
	for _, c := range order {
		what := "the document of "
		if len(whose[c]) > 1 {
			what = "the documents of "
		}
		out = append(out, trouble{what + list(whose[c]) + ": " + c.text, c.hint})
	}
	return out
}

// unreadable tells of calendars that cannot be read, by the person's id.
func unreadable(outages map[string]reconcile.Outage) []trouble {
	who, details := map[trouble][]string{}, map[trouble]string{}
	var order []trouble
	for _, id := range slices.Sorted(maps.Keys(outages)) {
		o := outages[id]
		detail := wire.Cause(id, o.Text)
		c := trouble{cmp.Or(o.Cause, detail), o.Hint}
		if who[c] == nil {
			order = append(order, c)
			details[c] = detail
		}
		if who[c] = append(who[c], id); details[c] != detail {
			details[c] = c.text
		}
	}
	var out []trouble
	for _, c := range order {
		whose := "the calendar of "
		if len(who[c]) > 1 {
			whose = "the calendars of "
		}
		out = append(out, trouble{whose + list(who[c]) + " cannot be read: " + details[c], c.hint})
	}
	return out
}
