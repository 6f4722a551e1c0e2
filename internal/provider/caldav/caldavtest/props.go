package caldavtest

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	nameDisplayName = xml.Name{Space: nsDAV, Local: "displayname"}
	nameData        = xml.Name{Space: nsCalDAV, Local: "calendar-data"}
)

// live are the properties the server computes; ok is false where the resource has none.
var live = map[xml.Name]func(*Server, *account, resource) (inner string, ok bool){
	{Space: nsDAV, Local: "resourcetype"}: func(s *Server, _ *account, r resource) (string, bool) {
		switch {
		case r.kind == member:
			return "", true
		case r.kind == principal:
			return "<D:collection/><D:principal/>", true
		case r.kind == collection:
			return "<D:collection/>" + [...]string{"<C:calendar/>", "<C:schedule-inbox/>", "<C:schedule-outbox/>"}[r.cal.use], true
		}
		return "<D:collection/>", true
	},
	nameDisplayName: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind == principal || r.kind == home {
			return escape(r.user.DisplayName), true
		}
		return "", false // calendars: see property
	},
	{Space: nsDAV, Local: "current-user-principal"}: func(s *Server, me *account, _ resource) (string, bool) {
		return hrefXML(s.principal(me)), true
	},
	{Space: nsDAV, Local: "principal-collection-set"}: func(s *Server, _ *account, _ resource) (string, bool) {
		return hrefXML("/principals/"), true
	},
	{Space: nsDAV, Local: "principal-URL"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != principal {
			return "", false
		}
		return hrefXML(s.principal(r.user)), true
	},
	{Space: nsDAV, Local: "owner"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.user == nil {
			return "", false
		}
		return hrefXML(s.principal(r.user)), true
	},
	{Space: nsDAV, Local: "current-user-privilege-set"}: func(_ *Server, me *account, r resource) (string, bool) {
		p := []string{"D:read", "D:read-current-user-privilege-set"}
		if r.user != nil && r.kind != principal && (me == r.user || me.Service) {
			p = append(p, "D:all", "D:write", "D:write-content", "D:write-properties", "D:bind", "D:unbind", "C:read-free-busy")
			if r.cal != nil && r.cal.use == inbox {
				p = append(p, "C:schedule-deliver")
			} else if r.cal != nil && r.cal.use == outbox {
				p = append(p, "C:schedule-send")
			}
		}
		return "<D:privilege><" + strings.Join(p, "/></D:privilege><D:privilege><") + "/></D:privilege>", true
	},
	{Space: nsDAV, Local: "supported-report-set"}: func(_ *Server, _ *account, r resource) (string, bool) {
		set := ""
		for _, n := range reportsOf(r) {
			set += "<D:supported-report><D:report>" + element(n, "") + "</D:report></D:supported-report>"
		}
		return set, true
	},
	{Space: nsDAV, Local: "getetag"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != member {
			return "", false
		}
		return escape(s.entityTag(r.obj)), true
	},
	{Space: nsDAV, Local: "getcontenttype"}: func(_ *Server, _ *account, r resource) (string, bool) {
		return calendarType, r.kind == member
	},
	{Space: nsDAV, Local: "getcontentlength"}: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind != member {
			return "", false
		}
		return strconv.Itoa(len(r.obj.data)), true
	},
	{Space: nsDAV, Local: "getlastmodified"}: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind != member {
			return "", false
		}
		return r.obj.modified.UTC().Format(http.TimeFormat), true
	},
	{Space: nsDAV, Local: "sync-token"}: func(s *Server, _ *account, r resource) (string, bool) {
		if !syncs(r) {
			return "", false
		}
		return escape(s.token(r.cal, r.cal.change)), true
	},
	{Space: nsCS, Local: "getctag"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != collection {
			return "", false
		}
		return strconv.FormatInt(r.cal.id, 10) + "-" + strconv.FormatInt(r.cal.change, 10), true
	},
	{Space: nsCalDAV, Local: "supported-calendar-component-set"}: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind != collection {
			return "", false
		}
		set := ""
		for _, k := range r.cal.kinds {
			set += `<C:comp name="` + k + `"/>`
		}
		return set, true
	},
	{Space: nsCalDAV, Local: "supported-calendar-data"}: func(_ *Server, _ *account, r resource) (string, bool) {
		return `<C:calendar-data content-type="text/calendar" version="2.0"/>`, r.kind == collection
	},
	{Space: nsCalDAV, Local: "max-resource-size"}: func(s *Server, _ *account, r resource) (string, bool) {
		return strconv.Itoa(s.maxSize), r.kind == collection
	},
	{Space: nsCalDAV, Local: "calendar-timezone-id"}: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind != collection || r.user.Zone == "" {
			return "", false
		}
		return escape(r.user.Zone), true
	},
	{Space: nsCalDAV, Local: "calendar-home-set"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != principal {
			return "", false
		}
		return hrefXML(s.href([]string{"calendars", r.user.Name}, true)), true
	},
	{Space: nsCalDAV, Local: "calendar-user-address-set"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != principal {
			return "", false
		}
		set := ""
		for _, a := range r.user.addresses() {
			set += hrefXML("mailto:" + a)
		}
		return set + hrefXML(s.principal(r.user)), true
	},
	{Space: nsCalDAV, Local: "calendar-user-type"}: func(_ *Server, _ *account, r resource) (string, bool) {
		return "INDIVIDUAL", r.kind == principal
	},
	{Space: nsCalDAV, Local: "schedule-inbox-URL"}: func(s *Server, _ *account, r resource) (string, bool) {
		return s.schedulingURL(r, "inbox")
	},
	{Space: nsCalDAV, Local: "schedule-outbox-URL"}: func(s *Server, _ *account, r resource) (string, bool) {
		return s.schedulingURL(r, "outbox")
	},
	{Space: nsCalDAV, Local: "schedule-default-calendar-URL"}: func(s *Server, _ *account, r resource) (string, bool) {
		if r.kind != collection || r.cal.use != inbox {
			return "", false
		}
		return hrefXML(s.href([]string{"calendars", r.user.Name, "default"}, true)), true
	},
	{Space: nsCalDAV, Local: "schedule-tag"}: func(_ *Server, _ *account, r resource) (string, bool) {
		if r.kind != member || r.obj.scheduleTag == "" {
			return "", false
		}
		return escape(r.obj.scheduleTag), true
	},
}

func (s *Server) principal(a *account) string { return s.href([]string{"principals", a.Name}, true) }

func (s *Server) schedulingURL(r resource, name string) (string, bool) {
	if r.kind != principal || !s.scheduling {
		return "", false
	}
	return hrefXML(s.href([]string{"calendars", r.user.Name, name}, true)), true
}

func syncs(r resource) bool { return r.kind == collection && r.cal.use != outbox }

// property is one property of a resource: live, or one that a client has set.
func (s *Server) property(me *account, r resource, name xml.Name) (string, bool) {
	if r.kind == collection {
		if v, ok := r.cal.props[name]; ok {
			return v, true
		}
	}
	if f := live[name]; f != nil {
		return f(s, me, r)
	}
	return "", false
}

// names are all properties that a resource has, in one order.
func (s *Server) names(me *account, r resource) []xml.Name {
	var out []xml.Name
	for n := range live {
		if _, ok := s.property(me, r, n); ok {
			out = append(out, n)
		}
	}
	if r.kind == collection {
		for n := range r.cal.props {
			if live[n] == nil || !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	slices.SortFunc(out, func(a, b xml.Name) int { return strings.Compare(a.Space+" "+a.Local, b.Space+" "+b.Local) })
	return out
}

// describe writes the properties asked for; data is what calendar-data should hold, nil outside reports.
func (s *Server) describe(me *account, r resource, asked []xml.Name, data func(*object) string) (found, missing string) {
	var f, m strings.Builder
	for _, n := range asked {
		v, ok := "", false
		if n == nameData && data != nil && r.kind == member {
			v, ok = escape(data(r.obj)), true
		} else {
			v, ok = s.property(me, r, n)
		}
		if ok {
			f.WriteString(element(n, v))
		} else {
			m.WriteString(element(n, ""))
		}
	}
	return f.String(), m.String()
}

// asked are the names in a prop element.
func asked(prop *node) []xml.Name {
	if prop == nil {
		return nil
	}
	var out []xml.Name
	for _, k := range prop.kids {
		out = append(out, k.name)
	}
	return out
}

// propfind answers RFC 4918 section 9.1.
func (s *Server) propfind(r *request, res resource) *reply {
	if res.kind == nothing {
		return answer(http.StatusNotFound)
	}
	depth, ok := map[string]int{"0": 0, "1": 1, "infinity": 9, "": 9}[strings.ToLower(r.Header.Get("Depth"))]
	if !ok {
		return answer(http.StatusBadRequest)
	}
	want, all, onlyNames := []xml.Name(nil), true, false
	if n, err := parseXML(r.body); err == nil && n.is(nsDAV, "propfind") {
		want, all, onlyNames = asked(n.child(nsDAV, "prop")), n.child(nsDAV, "prop") == nil, n.child(nsDAV, "propname") != nil
	} else if len(r.body) > 0 {
		return answer(http.StatusBadRequest)
	}
	m := newMultistatus()
	var visit func(resource, int)
	visit = func(x resource, depth int) {
		names := want
		if all {
			names = s.names(r.me, x)
		}
		found, missing := s.describe(r.me, x, names, nil)
		if onlyNames {
			found = ""
			for _, n := range names {
				found += element(n, "")
			}
		}
		m.row(s.hrefOf(x), found, missing)
		if depth > 0 {
			for _, c := range s.children(r.me, x) {
				visit(c, depth-1)
			}
		}
	}
	visit(res, depth)
	return m.reply()
}

// mayset reports whether a client may set that property of a calendar.
func mayset(n xml.Name) bool {
	_, computed := live[n]
	return n == nameDisplayName || n == xml.Name{Space: nsCalDAV, Local: "calendar-timezone-id"} || !computed && n != nameData
}

// proppatch answers RFC 4918 section 9.2: all of it or nothing.
func (s *Server) proppatch(r *request, res resource) *reply {
	n, err := parseXML(r.body)
	switch {
	case res.kind == nothing:
		return answer(http.StatusNotFound)
	case err != nil || !n.is(nsDAV, "propertyupdate"):
		return answer(http.StatusBadRequest)
	case res.kind != collection:
		return refuse(http.StatusForbidden, "D:cannot-modify-protected-property", "")
	}
	good := true
	for _, step := range n.kids {
		for _, p := range asked(step.child(nsDAV, "prop")) {
			good = good && mayset(p)
		}
	}
	m := newMultistatus()
	m.b.WriteString("<D:response>" + hrefXML(s.hrefOf(res)))
	for _, step := range n.kids {
		prop := step.child(nsDAV, "prop")
		if prop == nil {
			continue
		}
		for _, p := range prop.kids {
			status := http.StatusOK
			switch {
			case !mayset(p.name):
				status = http.StatusForbidden
			case !good:
				status = http.StatusFailedDependency
			case step.is(nsDAV, "remove"):
				delete(res.cal.props, p.name)
			default:
				res.cal.props[p.name] = p.inner()
			}
			m.b.WriteString("<D:propstat><D:prop>" + element(p.name, "") + "</D:prop>" + statusXML(status) + "</D:propstat>")
		}
	}
	m.b.WriteString("</D:response>\n")
	return m.reply()
}

// makeCalendar answers MKCALENDAR (RFC 4791 section 5.3.1) and extended MKCOL (RFC 5689).
func (s *Server) makeCalendar(r *request, res resource) *reply {
	var set *node
	if n, err := parseXML(r.body); err == nil {
		set = n.child(nsDAV, "set").child(nsDAV, "prop")
	} else if len(r.body) > 0 {
		return answer(http.StatusBadRequest)
	}
	switch {
	case res.kind != nothing && r.Method == "MKCOL":
		return answer(http.StatusMethodNotAllowed).with("Allow", allow)
	case res.kind != nothing:
		return refuse(http.StatusForbidden, "D:resource-must-be-null", "")
	case len(r.path) != 3 || r.path[0] != "calendars":
		return refuse(http.StatusForbidden, "C:calendar-collection-location-ok", "")
	case r.Method == "MKCOL" && set.child(nsDAV, "resourcetype").child(nsCalDAV, "calendar") == nil:
		return refuse(http.StatusForbidden, "D:valid-resourcetype", "")
	}
	c := s.newCalendar(res.user, r.path[2], ordinary)
	c.kinds = []string{"VEVENT", "VTODO"}
	if set != nil {
		for _, p := range set.kids {
			switch {
			case p.is(nsCalDAV, "supported-calendar-component-set"):
				c.kinds = nil
				for _, k := range p.kids {
					if name := strings.ToUpper(k.attribute("name")); name == "VEVENT" || name == "VTODO" || name == "VJOURNAL" {
						c.kinds = append(c.kinds, name)
					}
				}
			case mayset(p.name):
				c.props[p.name] = p.inner()
			}
		}
	}
	return answer(http.StatusCreated).with("Cache-Control", "no-cache")
}

// stamp is an instant as iCalendar writes it in UTC.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
