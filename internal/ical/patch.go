package ical

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/series"
)

// bump raises the revision: the meeting is at other times (RFC 5546 section 2.1.4).
func (c *component) bump() {
	c.put("SEQUENCE", line("SEQUENCE", strconv.Itoa(c.sequence()+1)))
}

// Update is the text with the fields of p written, and their digests refreshed in the mark. A new slot makes the rule
// plain and unending; it keeps overrides and exclusions whose occurrence is still there and drops the others. People are
// added to and taken from overrides as from the series; a place is also that of overrides that stood where the series did.
func (o *Object) Update(p series.Patch, now time.Time) ([]byte, error) {
	d, m, e, err := o.edit(now)
	if err != nil {
		return nil, err
	}
	had := m.mark()
	mark, written := had, map[series.Field]string{}
	maps.Copy(written, had.Written)
	if p.Mark != nil {
		if mark = *p.Mark; had.Org != Plain(mark.Org) {
			clear(written) // another's, or none
		}
		maps.Copy(written, p.Mark.Written)
	}
	mark.Written = written

	if p.Slot != nil {
		d.moveSeries(m, e, *p.Slot, mark.Skips)
		written[series.FieldSlot], written[series.FieldEnd] = series.DigestSlot(p.Slot.Slot), ""
	}
	if p.People != nil {
		d.setPeople(m, *p.People)
		var guests []string
		for _, g := range p.People.Guests {
			guests = append(guests, g.Email)
		}
		written[series.FieldPeople] = series.DigestPeople(p.People.Organizer.Email, guests)
	}
	if p.Place != nil {
		// A meeting that stands elsewhere than its series stays there.
		for _, c := range d.events() {
			if c != m && c.textValue("LOCATION") == e.Place {
				c.setPlace(*p.Place)
			}
		}
		m.setPlace(*p.Place)
		written[series.FieldPlace] = digestOf(*p.Place)
	}
	if p.Link != nil {
		// A link that a person put on one meeting is theirs.
		for _, c := range d.events() {
			if l := c.link(had.Written[series.FieldLink]); c == m || l == "" || l == e.Link || series.Digest(l) == had.Written[series.FieldLink] {
				c.setLink(*p.Link, had.Written[series.FieldLink])
			}
		}
		written[series.FieldLink] = digestOf(*p.Link)
	}
	if p.Busy {
		for _, c := range d.events() {
			if c.free() {
				c.put("TRANSP") // none means OPAQUE (RFC 5545 section 3.8.2.7)
			}
		}
		written[series.FieldBusy] = series.Digest("busy")
	}
	if !mark.IsZero() {
		m.setMark(mark)
	}
	return d.finish(now)
}

// digestOf is the digest of a field that may be unset, and so not ours.
func digestOf(s string) string {
	if s == "" {
		return ""
	}
	return series.Digest(s)
}

// setPlace writes LOCATION; "" removes it.
func (c *component) setPlace(place string) {
	if place == "" {
		c.put("LOCATION")
	} else if c.textValue("LOCATION") != place {
		c.put("LOCATION", line("LOCATION", escape(place)))
	}
}

// setPeople makes p the people of the series, and changes those of overrides by as much.
func (o *Object) setPeople(m *component, p series.PeoplePatch) {
	was := map[string]bool{}
	for _, a := range o.People() {
		was[a] = true
	}
	for _, c := range o.events() {
		c.setPeople(p,
			func(addr string) bool { return c != m && !was[addr] },
			func(g series.Person) bool {
				return c == m || !slices.ContainsFunc(g.Addresses(), func(a string) bool { return was[series.Address(a)] })
			})
	}
}

// moveSeries gives the series e, whose master is m, another slot.
func (o *Object) moveSeries(m *component, e series.Event, p series.SlotPatch, skips []series.Skip) {
	occurs := func(t time.Time) bool {
		d, _ := series.WallClock(t, p.Slot.Zone)
		return p.Slot.On(d).Equal(t) && !d.Before(p.First) && len(p.Slot.Dates(p.First, d, d)) == 1
	}
	// Days on which there is to be no meeting: taken out by people, or planned.
	var out []series.Date
	for _, t := range e.Excluded {
		d, _ := series.WallClock(t, e.Zone)
		out = append(out, d)
	}
	kept := map[int64]bool{}
	for _, x := range e.Overrides {
		if occurs(x.Original) {
			kept[x.Original.Unix()] = true
		} else if x.Cancelled {
			d, _ := series.WallClock(x.Original, e.Zone)
			out = append(out, d)
		}
	}
	for _, s := range skips {
		// A day that somebody put back stays.
		if t, ok := startOn(e, s.Date); !ok || slices.ContainsFunc(e.Excluded, t.Equal) {
			out = append(out, s.Date)
		}
	}
	want := map[int64]time.Time{}
	for _, d := range out {
		if t := p.Slot.On(d); occurs(t) && !kept[t.Unix()] {
			want[t.Unix()] = t
		}
	}

	before := m.timesText()
	m.setTimes(p.Slot, p.First)
	o.root.addZone(p.Slot.Zone, p.First)
	m.edit("EXDATE", func(n node) (node, bool) {
		fits := true
		for _, x := range o.moments(n.prop, e.Zone) {
			fits = fits && !x.date && !want[x.Unix()].IsZero()
		}
		if fits {
			for _, x := range o.moments(n.prop, e.Zone) {
				delete(want, x.Unix())
			}
		}
		return n, fits
	})
	for _, t := range sortedTimes(want) {
		m.add(zoned("EXDATE", t, p.Slot.Zone))
	}
	o.dropOverrides(m, e, func(original time.Time) bool { return !kept[original.Unix()] })
	if m.timesText() != before {
		m.bump()
		m.resetAnswers()
	}
}

// timesText is all that says when the meetings of a component are.
func (c *component) timesText() string {
	var b strings.Builder
	for _, name := range timeNames {
		for _, n := range c.lines(name) {
			b.WriteString(unfold(n.raw) + "\n")
		}
	}
	return b.String()
}

func sortedTimes(m map[int64]time.Time) []time.Time {
	var out []time.Time
	for _, t := range m {
		out = append(out, t)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
