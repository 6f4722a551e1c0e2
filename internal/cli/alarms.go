package cli

import "holdfast/internal/reconcile"

// standing are the alarms that nothing else reports: calendars that were read and are not believed in all
// they say, or that cannot do all that is asked of them.
func standing(outages map[reconcile.Subject]reconcile.Outage) []trouble {
	var out []trouble
	for _, s := range reconcile.Subjects(outages) {
		switch s.Matter {
		case reconcile.MatterCalendar, reconcile.MatterDocument, reconcile.MatterChange: // others report them
		default:
			out = append(out, trouble{outages[s].Text, outages[s].Hint})
		}
	}
	return out
}

// standingText shows them.
func (a *app) standingText(outages map[reconcile.Subject]reconcile.Outage) {
	for i, t := range standing(outages) {
		if i == 0 {
			a.printf("\n%s\n", yellow.Render("To be looked at:"))
		}
		a.printf("  %s %s\n", yellow.Render("!"), t.text)
		if t.hint != "" {
			a.printf("      %s\n", dim.Render(t.hint))
		}
	}
}
