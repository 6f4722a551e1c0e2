package cli

import (
	"maps"
	"slices"
	"strings"

	"holdfast/internal/reconcile"
)

// trouble is something that did not work, of everybody whom it concerns in the same way.
type trouble struct{ text, hint string }

// troubles are a round's failures. What is wrong with many calendars at once is one trouble.
func troubles(r reconcile.Round) []trouble {
	unread := map[string]trouble{}
	for _, f := range r.Failures {
		if f.Person != "" {
			unread[f.Person] = trouble{f.Err.Error(), f.Hint}
		}
	}
	out := unreadable(unread)
	for _, f := range r.Failures {
		if f.Person == "" {
			out = append(out, trouble{f.Err.Error(), f.Hint})
		}
	}
	return out
}

// cause is why a calendar cannot be read, without whose it is and that it was being opened or read.
func cause(id, text string) string {
	for _, prefix := range []string{"the calendar of " + id + " cannot be read: ", "observe: ", "open: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.Replace(text, "person "+id+": ", "", 1)
}

// unreadable tells of calendars that cannot be read, by the person's id.
func unreadable(causes map[string]trouble) []trouble {
	who := map[trouble][]string{}
	var order []trouble
	for _, id := range slices.Sorted(maps.Keys(causes)) {
		c := causes[id]
		c.text = cause(id, c.text)
		if who[c] == nil {
			order = append(order, c)
		}
		who[c] = append(who[c], id)
	}
	var out []trouble
	for _, c := range order {
		whose := "the calendar of "
		if len(who[c]) > 1 {
			whose = "the calendars of "
		}
		out = append(out, trouble{whose + list(who[c]) + " cannot be read: " + c.text, c.hint})
	}
	return out
}
