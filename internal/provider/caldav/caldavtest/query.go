package caldavtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// query answers RFC 4791 section 7.8.
func (s *Server) query(r *request, res resource, n *node) *reply {
	filter := n.child(nsCalDAV, "filter").child(nsCalDAV, "comp-filter")
	if filter == nil || !strings.EqualFold(filter.attribute("name"), "VCALENDAR") {
		return refuse(http.StatusForbidden, "C:valid-filter", "")
	}
	m := newMultistatus()
	want := asked(n.child(nsDAV, "prop"))
	data := dataAsAsked(n, res.user)
	var visit func(resource)
	visit = func(x resource) {
		if x.kind == member {
			cal, err := parse(x.obj.data)
			if err == nil && passes(zoning{cal, x.user.zone}, filter) {
				found, missing := s.describe(r.me, x, want, data)
				m.row(s.hrefOf(x), found, missing)
			}
			return
		}
		for _, c := range s.children(r.me, x) {
			visit(c)
		}
	}
	visit(res)
	return m.reply()
}

// passes applies the filter on VCALENDAR (RFC 4791 section 9.7) to an object.
func passes(z zoning, filter *node) bool {
	for _, f := range filter.kids {
		switch {
		case f.is(nsCalDAV, "comp-filter"):
			if !compPasses(z, z.cal.kids, f) {
				return false
			}
		case f.is(nsCalDAV, "prop-filter"):
			if !propPasses(z.cal, f) {
				return false
			}
		}
	}
	return true
}

// compPasses applies a comp-filter to the components of one level.
func compPasses(z zoning, level []*component, f *node) bool {
	var named []*component
	for _, c := range level {
		if strings.EqualFold(c.name, f.attribute("name")) {
			named = append(named, c)
		}
	}
	if f.child(nsCalDAV, "is-not-defined") != nil {
		return len(named) == 0
	}
	if span := f.child(nsCalDAV, "time-range"); span != nil && len(named) > 0 && !overlaps(z, named, span) {
		return false
	}
	return slices.ContainsFunc(named, func(c *component) bool {
		for _, k := range f.kids {
			if k.is(nsCalDAV, "comp-filter") && !compPasses(z, c.kids, k) || k.is(nsCalDAV, "prop-filter") && !propPasses(c, k) {
				return false
			}
		}
		return true
	})
}

// window reads a time-range; an open end is ten years away, enough for any rule to show itself.
func window(span *node) (from, to time.Time, ok bool) {
	read := func(name string) (time.Time, bool) {
		v := span.attribute(name)
		if v == "" {
			return time.Time{}, true
		}
		t, err := time.Parse("20060102T150405Z", v)
		return t, err == nil
	}
	from, ok1 := read("start")
	to, ok2 := read("end")
	switch {
	case from.IsZero():
		from = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	case to.IsZero():
		to = from.AddDate(10, 0, 0)
	}
	return from, to, ok1 && ok2 && from.Before(to)
}

// overlaps reports whether the object has an occurrence in the range. A rule beyond us may have one.
func overlaps(z zoning, named []*component, span *node) bool {
	from, to, ok := window(span)
	if !ok {
		return false
	}
	if named[0].name == "VALARM" || named[0].name != "VEVENT" && named[0].get("DTSTART") == nil {
		return true
	}
	hits, err := z.instances(from, to)
	return err != nil || len(hits) > 0
}

// propPasses applies a prop-filter (RFC 4791 section 9.7.2).
func propPasses(c *component, f *node) bool {
	lines := c.all(strings.ToUpper(f.attribute("name")))
	if f.child(nsCalDAV, "is-not-defined") != nil {
		return len(lines) == 0
	}
	return slices.ContainsFunc(lines, func(l *line) bool {
		if !textPasses(unescape(l.value), f.child(nsCalDAV, "text-match")) {
			return false
		}
		for _, k := range f.kids {
			if !k.is(nsCalDAV, "param-filter") {
				continue
			}
			v := l.param(strings.ToUpper(k.attribute("name")))
			if k.child(nsCalDAV, "is-not-defined") != nil {
				if v != "" {
					return false
				}
			} else if v == "" || !textPasses(v, k.child(nsCalDAV, "text-match")) {
				return false
			}
		}
		return true
	})
}

// textPasses is a substring test (RFC 4791 section 9.7.5); no test passes.
func textPasses(text string, match *node) bool {
	if match == nil {
		return true
	}
	wanted := match.text
	if match.attribute("collation") != "i;octet" {
		text, wanted = strings.ToLower(text), strings.ToLower(wanted)
	}
	return strings.Contains(text, wanted) != (match.attribute("negate-condition") == "yes")
}

// dataAsAsked is calendar-data as a report wants it: whole, or expanded into instances (RFC 4791 section 9.6.5).
func dataAsAsked(n *node, user *account) func(*object) string {
	expand := n.child(nsDAV, "prop").child(nsCalDAV, "calendar-data").child(nsCalDAV, "expand")
	if expand == nil {
		return plainData
	}
	from, to, ok := window(expand)
	return func(o *object) string {
		cal, err := parse(o.data)
		if err != nil || !ok {
			return string(o.data)
		}
		hits, err := zoning{cal, user.zone}.instances(from, to)
		if err != nil {
			return string(o.data)
		}
		out := &component{name: cal.name, lines: cal.lines}
		for _, h := range hits {
			e := h.from.clone()
			recurs := e.get("RRULE") != nil || e.get("RDATE") != nil || e.get("RECURRENCE-ID") != nil
			e.del("RRULE", "RDATE", "EXDATE", "EXRULE", "DURATION")
			if len(e.value("DTSTART")) > 8 { // whole days stay days
				e.setValue("DTSTART", stamp(h.start))
				e.setValue("DTEND", stamp(h.end))
				if recurs {
					e.setValue("RECURRENCE-ID", stamp(h.original))
				}
			} else {
				e.set(&line{"DTSTART", []param{{"VALUE", "DATE"}}, h.start.Format("20060102")})
				e.set(&line{"DTEND", []param{{"VALUE", "DATE"}}, h.end.Format("20060102")})
				if recurs {
					e.set(&line{"RECURRENCE-ID", []param{{"VALUE", "DATE"}}, h.original.Format("20060102")})
				}
			}
			out.kids = append(out.kids, e)
		}
		return string(out.bytes())
	}
}
