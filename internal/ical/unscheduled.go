package ical

import "strings"

// Unscheduled is the text of o in which a server that delivers finds nobody to deliver to: whom the organizer invites
// is left to the client (SCHEDULE-AGENT, RFC 6638 section 7.1), and who was invited is so by an address in escapes
// (RFC 3986 section 2.1), which means the same and is no account's. organizes tells which addresses are the calendar
// owner's.
func (o *Object) Unscheduled(organizes func(address string) bool) []byte {
	d := *o
	d.root, d.family = o.root.clone(), nil
	changed := false
	for _, c := range d.events() {
		name, change := "ATTENDEE", func(n node) (node, bool) { return n.withParam("SCHEDULE-AGENT", "CLIENT"), true }
		if organizer := c.get("ORGANIZER"); organizer != nil && !organizes(address(organizer)) {
			name, change = "ORGANIZER", func(n node) (node, bool) {
				return n.withValue(strings.ReplaceAll(n.prop.Value, "@", "%40")), true
			}
		} else if organizer == nil {
			continue // nothing is delivered without one
		}
		c.edit(name, change)
		changed = changed || c.changed
	}
	if !changed {
		return []byte(o.raw)
	}
	return []byte(d.lead + d.root.text() + d.tail)
}
