package ical

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/emersion/go-ical"

	"holdfast/internal/series"
)

// addressEdges are what some programs put around an address.
const addressEdges = " \t\"'<>"

// address is a calendar user address (RFC 5545 section 3.3.3) as it is compared; some servers state it beside an
// identifier of their own. It is series.Stranger where there is a line but no address in it, or more than one.
func address(p *ical.Prop) string {
	if p == nil {
		return ""
	}
	v := p.Value
	if u, err := url.PathUnescape(v); err == nil {
		v = u
	}
	v = strings.Trim(strings.ToLower(v), addressEdges)
	if e := p.Params.Get("EMAIL"); e != "" && !strings.HasPrefix(v, mailtoScheme) {
		v = strings.ToLower(e)
	}
	found := ""
	for part := range strings.SplitSeq(v, mailtoScheme) {
		if i := strings.LastIndexByte(part, '<'); i >= 0 { // behind a name
			part = part[i:]
		}
		part, _, _ = strings.Cut(strings.Trim(part, addressEdges+",;:"), "?")
		switch {
		case part == "" || part == found:
		case found != "":
			return series.Stranger
		default:
			found = part
		}
	}
	return cmp.Or(found, series.Stranger)
}

// isPerson is false for rooms and things (RFC 5545 section 3.2.3).
func isPerson(p *ical.Prop) bool {
	t := strings.ToUpper(p.Params.Get("CUTYPE"))
	return t != "ROOM" && t != "RESOURCE"
}

func partStat(p *ical.Prop) series.PartStat {
	stat := strings.ToUpper(strings.TrimSpace(p.Params.Get("PARTSTAT")))
	return series.PartStat(cmp.Or(stat, string(series.NeedsAction)))
}

// guests are the people invited, without the organizer, by address.
func (c *component) guests() []series.Guest {
	return c.attending(isPerson)
}

// rooms are the rooms and things asked for, by address.
func (c *component) rooms() []series.Guest {
	return c.attending(func(p *ical.Prop) bool { return !isPerson(p) })
}

func (c *component) attending(which func(*ical.Prop) bool) []series.Guest {
	organizer := address(c.get("ORGANIZER"))
	var out []series.Guest
	for _, n := range c.lines("ATTENDEE") {
		if a := address(n.prop); (a != organizer || a == series.Stranger) && which(n.prop) {
			out = append(out, series.Guest{Address: a, Answer: partStat(n.prop)})
		}
	}
	slices.SortStableFunc(out, func(a, b series.Guest) int { return cmp.Compare(a.Address, b.Address) })
	return slices.CompactFunc(out, func(a, b series.Guest) bool { return a.Address == b.Address })
}

// People are the addresses of the event's organizer and of all people invited, in lower case, the organizer first.
func (o *Object) People() []string {
	m := o.master()
	if m == nil {
		return nil
	}
	var out []string
	if a := address(m.get("ORGANIZER")); a != "" {
		out = append(out, a)
	}
	for _, g := range m.guests() {
		out = append(out, g.Address)
	}
	return out
}

func mailto(addr string) string { return "mailto:" + uri(series.Address(addr)) }

// organizerLine and guestLine invite (RFC 5546 section 3.2.2). agent is the SCHEDULE-AGENT (RFC 6638 section 7.1),
// "" for the server.
func organizerLine(p series.Person) node {
	return line("ORGANIZER", mailto(p.Email), named(p)...)
}

func chairLine(p series.Person) node {
	return line("ATTENDEE", mailto(p.Email), append(named(p), "ROLE", "CHAIR", "PARTSTAT", string(series.Accepted))...)
}

func guestLine(p series.Person, agent string) node {
	params := append(named(p), "ROLE", "REQ-PARTICIPANT", "PARTSTAT", string(series.NeedsAction), "RSVP", "TRUE")
	if agent != "" {
		params = append(params, "SCHEDULE-AGENT", agent)
	}
	return line("ATTENDEE", mailto(p.Email), params...)
}

func named(p series.Person) []string {
	if p.Name == "" {
		return nil
	}
	return []string{"CN", p.Name}
}

// resetAnswers makes everybody but the organizer answer again: the meeting is at another time (RFC 5546 section 3.2.2.1).
func (c *component) resetAnswers() {
	organizer := address(c.get("ORGANIZER"))
	c.edit("ATTENDEE", func(n node) (node, bool) {
		if a := address(n.prop); !isPerson(n.prop) || a == organizer || a == series.Stranger {
			return n, true
		}
		return n.withParam("PARTSTAT", string(series.NeedsAction)), true
	})
}

// setPeople makes p the people of the component. Lines of those who stay are kept, with their answers; rooms stay, and who
// else keep names. Those who are new come if invite says so.
func (c *component) setPeople(p series.PeoplePatch, keep func(addr string) bool, invite func(series.Person) bool) {
	was := c.get("ORGANIZER")
	agent := ""
	for _, n := range c.lines("ATTENDEE") {
		agent = cmp.Or(agent, n.prop.Params.Get("SCHEDULE-AGENT"))
	}
	if !p.Organizer.Is(address(was)) {
		c.put("ORGANIZER", organizerLine(p.Organizer))
	} else if address(was) != series.Address(p.Organizer.Email) {
		c.edit("ORGANIZER", func(n node) (node, bool) { return n.withValue(mailto(p.Organizer.Email)), true })
	}
	want := append([]series.Person{p.Organizer}, p.Guests...)
	have := map[string]bool{}
	c.edit("ATTENDEE", func(n node) (node, bool) {
		if !isPerson(n.prop) || keep(address(n.prop)) {
			return n, true
		}
		i := slices.IndexFunc(want, func(w series.Person) bool { return w.Is(address(n.prop)) })
		if i < 0 || have[want[i].Email] {
			return n, false
		}
		have[want[i].Email] = true
		if address(n.prop) != series.Address(want[i].Email) {
			n = n.withValue(mailto(want[i].Email))
		}
		return n, true
	})
	if !p.Organizer.Is(address(was)) && !have[p.Organizer.Email] {
		c.addAttendee(chairLine(p.Organizer))
	}
	for _, g := range p.Guests {
		if !have[g.Email] && invite(g) {
			have[g.Email] = true
			c.addAttendee(guestLine(g, agent))
		}
	}
}

// addAttendee puts the line after the other people.
func (c *component) addAttendee(n node) {
	at := c.propsEnd()
	for i, m := range c.nodes {
		if m.name == "ATTENDEE" || m.name == "ORGANIZER" {
			at = i + 1
		}
	}
	c.nodes = slices.Insert(c.nodes, at, n)
	c.changed = true
}
