package cli

import (
	"maps"
	"slices"
	"strings"

	"holdfast/internal/reconcile"
)

// standing are the alarms of a round that nothing else reports: calendars that were read and are not believed in all
// they say, or that cannot do all that is asked of them. A key that is a person's id is of a calendar that was not
// read.
func standing(r reconcile.Round) []trouble {
	reported := func(key string) bool {
		return !strings.ContainsAny(key, " /") || r.Outages[key].Kind == reconcile.DocumentOutage ||
			strings.HasPrefix(key, "change ")
	}
	var out []trouble
	for _, key := range slices.Sorted(maps.Keys(r.Outages)) {
		if !reported(key) {
			out = append(out, trouble{r.Outages[key].Text, r.Outages[key].Hint})
		}
	}
	return out
}

// standingText shows them.
func (a *app) standingText(r reconcile.Round) {
	for i, t := range standing(r) {
		if i == 0 {
			a.printf("\n%s\n", yellow.Render("To be looked at:"))
		}
		a.printf("  %s %s\n", yellow.Render("!"), t.text)
		if t.hint != "" {
			a.printf("      %s\n", dim.Render(t.hint))
		}
	}
}
