package caldavtest

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var (
	reportSync      = xml.Name{Space: nsDAV, Local: "sync-collection"}
	reportMultiget  = xml.Name{Space: nsCalDAV, Local: "calendar-multiget"}
	reportQuery     = xml.Name{Space: nsCalDAV, Local: "calendar-query"}
	reportFreeBusy  = xml.Name{Space: nsCalDAV, Local: "free-busy-query"}
	reportPrincipal = xml.Name{Space: nsDAV, Local: "principal-property-search"}
)

// reportsOf are the reports that a resource answers.
func reportsOf(r resource) []xml.Name {
	switch {
	case r.kind == collection && r.cal.use == ordinary:
		return []xml.Name{reportSync, reportMultiget, reportQuery, reportFreeBusy}
	case r.kind == collection && r.cal.use == inbox:
		return []xml.Name{reportSync, reportMultiget, reportQuery}
	case r.kind == home, r.kind == member:
		return []xml.Name{reportMultiget, reportQuery}
	case r.kind == root, r.kind == principals, r.kind == principal:
		return []xml.Name{reportPrincipal}
	}
	return nil
}

// report answers REPORT (RFC 3253 section 3.6).
func (s *Server) report(r *request, res resource) *reply {
	if res.kind == nothing {
		return answer(http.StatusNotFound)
	}
	n, err := parseXML(r.body)
	if err != nil {
		return answer(http.StatusBadRequest)
	}
	if !slices.Contains(reportsOf(res), n.name) {
		return refuse(http.StatusForbidden, "D:supported-report", "")
	}
	switch n.name {
	case reportSync:
		return s.sync(r, res, n)
	case reportMultiget:
		return s.multiget(r, res, n)
	case reportQuery:
		return s.query(r, res, n)
	case reportFreeBusy:
		return s.freeBusyQuery(res, n)
	}
	return s.searchPrincipals(r, n)
}

// sync answers RFC 6578: what changed since a token.
func (s *Server) sync(r *request, res resource, n *node) *reply {
	if level := n.child(nsDAV, "sync-level").value(); level != "" && level != "1" && level != "infinite" {
		return answer(http.StatusBadRequest)
	}
	since, known := s.since(res.cal, n.child(nsDAV, "sync-token").value())
	full := since == 0
	switch {
	case known:
	case s.quirks.TokenUnknownIs500:
		return answer(http.StatusInternalServerError)
	case s.quirks.TokenUnknownIsFullListing:
		since, full = 0, true
	default:
		return refuse(http.StatusForbidden, "D:valid-sync-token", "")
	}
	limit := s.quirks.MaxResults
	if l := n.child(nsDAV, "limit"); l != nil {
		asked, err := strconv.Atoi(l.child(nsDAV, "nresults").value())
		if err != nil || asked < 1 {
			return answer(http.StatusBadRequest)
		}
		if limit == 0 || asked < limit {
			limit = asked
		}
	}

	type row struct {
		change int64
		name   string
		obj    *object
	}
	var rows []row
	for _, o := range res.cal.objects {
		if o.change > since {
			rows = append(rows, row{o.change, o.name, o})
		}
	}
	if !full || s.quirks.KeepTombstones {
		for name, change := range res.cal.gone {
			if change > since {
				rows = append(rows, row{change: change, name: name})
			}
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.change, b.change) })
	m := newMultistatus()
	if s.quirks.EmptyListing {
		rows = nil
	}
	upTo := res.cal.change
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
		upTo = rows[limit-1].change
		m.status(s.hrefOf(res), http.StatusInsufficientStorage, "D:number-of-matches-within-limits")
	}
	want := asked(n.child(nsDAV, "prop"))
	for _, x := range rows {
		at := resource{kind: member, path: append(slices.Clone(res.path), x.name), user: res.user, cal: res.cal, obj: x.obj}
		if x.obj == nil {
			m.status(s.hrefOf(at), http.StatusNotFound, "")
			continue
		}
		found, missing := s.describe(r.me, at, want, plainData)
		m.row(s.hrefOf(at), found, missing)
	}
	m.token(s.token(res.cal, upTo))
	return m.reply()
}

func plainData(o *object) string { return string(o.data) }

// since is the change that a token stands for; "" is the beginning.
func (s *Server) since(c *calendar, token string) (int64, bool) {
	if token == "" {
		return 0, true
	}
	rest, ok := strings.CutPrefix(token, strings.TrimSuffix(s.token(c, 0), "0"))
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n < 0 || n > c.change {
		return 0, false
	}
	return n, true
}

// multiget answers RFC 4791 section 7.9.
func (s *Server) multiget(r *request, res resource, n *node) *reply {
	m := newMultistatus()
	want := asked(n.child(nsDAV, "prop"))
	data := dataAsAsked(n, res.user)
	for _, k := range n.kids {
		if !k.is(nsDAV, "href") {
			continue
		}
		x := s.member(r, res, k.value())
		if x.kind != member {
			if !s.quirks.MultigetOmitsMissing {
				m.status(k.value(), http.StatusNotFound, "")
			}
			continue
		}
		found, missing := s.describe(r.me, x, want, data)
		m.row(s.hrefOf(x), found, missing)
	}
	return m.reply()
}

// member is the object an href, absolute or a path, names below the resource asked.
func (s *Server) member(r *request, in resource, href string) resource {
	u, err := url.Parse(href)
	if err != nil {
		return resource{}
	}
	path, ok := segments(u.EscapedPath())
	if !ok || len(path) != 4 || len(path) < len(in.path) || !slices.Equal(path[:len(in.path)], in.path) {
		return resource{}
	}
	return s.alias(r, s.find(path))
}

// searchPrincipals answers RFC 3744 section 9.4: users whose name or address contains all that is asked for.
func (s *Server) searchPrincipals(r *request, n *node) *reply {
	m := newMultistatus()
	for _, a := range s.order {
		x := resource{kind: principal, user: a, path: []string{"principals", a.Name}}
		hit := n.child(nsDAV, "property-search") != nil
		for _, k := range n.kids {
			if !k.is(nsDAV, "property-search") {
				continue
			}
			wanted := strings.ToLower(k.child(nsDAV, "match").value())
			for _, p := range asked(k.child(nsDAV, "prop")) {
				v, ok := s.property(r.me, x, p)
				hit = hit && ok && strings.Contains(strings.ToLower(v), wanted)
			}
		}
		if hit {
			found, missing := s.describe(r.me, x, asked(n.child(nsDAV, "prop")), nil)
			m.row(s.hrefOf(x), found, missing)
		}
	}
	return m.reply()
}
