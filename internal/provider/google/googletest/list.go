package googletest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query is what events.list was asked for.
type query struct {
	view
	cal            *calendar
	single         bool
	deleted        bool // showDeleted=true
	hidden         bool // showHiddenInvitations
	types          []string
	uid, q         string
	private        string // one extended property, key=value
	shared         string
	order          string
	from, to, upd  time.Time
	since          int64 // of an incremental sync: the count it goes on from
	incremental    bool
	max            int
	instancesOf    *event
	original       string
	originalParsed time.Time
}

// row is one line of the underlying list: pages are cut by rows, what they show is filtered after.
type row struct {
	num int64
	key string
	o   occurrence
}

// eventsList answers calendar.events.list.
func (s *Server) eventsList(c *caller, r *request) (any, *problem) {
	q, p := s.listQuery(c, r)
	if p != nil {
		return nil, p
	}
	page, p := s.pageOf(q, r)
	if p != nil {
		return nil, p
	}
	if tok := r.query.Get("syncToken"); tok != "" {
		if p := s.resume(q, r, tok); p != nil {
			return nil, p
		}
	}
	return s.page(q, r, page), nil
}

func (s *Server) listQuery(c *caller, r *request) (*query, *problem) {
	cal, role, p := s.calendarOf(c, r.path["calendarId"])
	if p != nil {
		return nil, p
	}
	v, p := viewOf(c, r, role)
	if p != nil {
		return nil, p
	}
	get := r.query.Get
	q := &query{view: v, cal: cal, single: get("singleEvents") == "true", deleted: get("showDeleted") == "true",
		hidden: get("showHiddenInvitations") == "true", types: r.query["eventTypes"], uid: get("iCalUID"), q: get("q"), order: get("orderBy")}
	for name, into := range map[string]*time.Time{"timeMin": &q.from, "timeMax": &q.to, "updatedMin": &q.upd} {
		if *into, p = r.instant(name); p != nil {
			return nil, p
		}
	}
	for name, into := range map[string]*string{"privateExtendedProperty": &q.private, "sharedExtendedProperty": &q.shared} {
		all := r.query[name]
		if len(all) > 1 || len(all) == 1 && !strings.Contains(all[0], "=") {
			return nil, invalid(name) // what several mean is told in two ways: no client may rely on either
		}
		*into = get(name)
	}
	if q.max, p = r.count("maxResults", 250, 2500); p != nil {
		return nil, p
	}
	switch {
	case q.order != "" && q.order != "startTime" && q.order != "updated":
		return nil, invalid("orderBy")
	case q.order == "startTime" && !q.single:
		return nil, bad("badRequest", "The requested ordering is not available for the particular query.")
	case !q.from.IsZero() && !q.to.IsZero() && !q.to.After(q.from):
		return nil, &problem{code: 400, domain: "calendar", reason: "timeRangeEmpty", text: "The specified time range is empty."}
	case !q.upd.IsZero() && s.now().Sub(q.upd) > s.opt.Behavior.TombstoneLife:
		return nil, &problem{code: 410, domain: "calendar", reason: "updatedMinTooLongAgo", text: "The requested minimum modification time lies too far in the past.",
			locationType: "parameter", location: "updatedMin"}
	}
	for _, t := range q.types {
		if !slices.Contains(append(enums["eventType"], "fromGmail"), t) {
			return nil, invalid("eventTypes")
		}
	}
	return q, nil
}

// count reads a number of results.
func (r *request) count(name string, def, limit int) (int, *problem) {
	v := r.query.Get(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, invalid(name)
	}
	return min(n, limit), nil
}

// eventsInstances answers calendar.events.instances. Of an occurrence it tells the occurrence, or nothing where that is
// cancelled.
func (s *Server) eventsInstances(c *caller, r *request) (any, *problem) {
	q, p := s.listQuery(c, r)
	if p != nil {
		return nil, p
	}
	o, p := q.cal.find(r.path["eventId"])
	if p != nil || o.ev.hidden {
		return nil, notFound()
	}
	q.single, q.instancesOf, q.original = true, o.ev, r.query.Get("originalStart")
	if q.original != "" {
		t, ok := readMoment(object{"dateTime": q.original, "timeZone": "UTC"}, "UTC")
		if !ok {
			t, ok = readMoment(object{"date": q.original}, "UTC")
		}
		if !ok {
			return nil, invalid("originalStart")
		}
		q.originalParsed = t.t
	}
	if o.key != "" {
		q.original, q.originalParsed = o.key, o.original.t
	}
	page, p := s.pageOf(q, r)
	if p != nil {
		return nil, p
	}
	return s.page(q, r, page), nil
}

// rows are the lines from which pages are cut, in a stable order.
func (s *Server) rows(q *query) []row {
	var out []row
	add := func(o occurrence) { out = append(out, row{o.ev.num, o.key, o}) }
	all := q.cal.sorted()
	if q.instancesOf != nil {
		all = []*event{q.instancesOf}
	}
	for _, e := range all {
		if e.change <= q.since || e.hidden && !q.hidden || e.deleted && s.vanished(e) {
			continue
		}
		if !q.single || !e.isSeries() {
			if q.instancesOf == nil {
				add(e.master())
			}
			if e.deleted {
				continue // one stub for the series, none for its exceptions
			}
			for _, k := range sorted(e.exceptions) {
				o, _ := e.at(k)
				add(o)
			}
		} else {
			for _, o := range e.instances(q.horizon(s, e)) {
				add(o)
			}
		}
		for _, k := range sorted(e.dropped) {
			if e.dropped[k] > q.since && (q.incremental || q.deleted) && !e.deleted {
				// Also of one whose occurrence is back: what is told is that the exception is no more.
				if o, _ := e.at(k); o.dropped || !o.exception && !q.single {
					add(occurrence{ev: e, key: k, cancelled: true, dropped: true})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b row) int {
		switch q.order {
		case "startTime":
			return a.o.start.instant(q.cal.zone).Compare(b.o.start.instant(q.cal.zone))
		case "updated":
			return cmp.Compare(a.o.ev.updated.UnixMicro(), b.o.ev.updated.UnixMicro())
		}
		return cmp.Or(cmp.Compare(a.num, b.num), strings.Compare(a.key, b.key))
	})
	return out
}

// horizon is how far series are expanded.
func (q *query) horizon(s *Server, e *event) time.Time {
	if !q.to.IsZero() {
		return q.to
	}
	start, _ := times(e.body)
	return maxTime(s.now(), start.t).AddDate(15, 0, 0) // expansion ends after maxInstances of them anyway
}

// shows reports whether the row is told.
func (q *query) shows(o occurrence) bool {
	if o.cancelled {
		switch told := q.incremental || q.deleted || !q.upd.IsZero(); {
		case o.key == "" || o.dropped || q.single:
			if !told {
				return false
			}
		}
	}
	switch {
	case q.instancesOf != nil && q.original != "" && !o.original.t.Equal(q.originalParsed),
		q.uid != "" && o.ev.uid != q.uid,
		!q.upd.IsZero() && o.ev.updated.Before(q.upd),
		len(q.types) > 0 && !slices.Contains(q.types, cmp.Or(text(o.body, "eventType"), "default")) && !o.dropped,
		q.q != "" && !matchesText(o, q.q),
		q.private != "" && !hasProperty(o.body, "private", q.private),
		q.shared != "" && !hasProperty(o.body, "shared", q.shared):
		return false
	}
	return o.dropped || q.inWindow(o)
}

// inWindow: a series is in it with any of its occurrences.
func (q *query) inWindow(o occurrence) bool {
	if q.from.IsZero() && q.to.IsZero() {
		return true
	}
	if o.key == "" && o.ev.isSeries() {
		to := q.to
		if to.IsZero() {
			to = q.from.AddDate(15, 0, 0)
		}
		return slices.ContainsFunc(o.ev.instances(to), func(x occurrence) bool { return !x.cancelled && x.overlaps(q.from, q.to) })
	}
	return o.overlaps(q.from, q.to)
}

func hasProperty(body object, kind, constraint string) bool {
	k, v, _ := strings.Cut(constraint, "=")
	have, ok := sub(sub(body, "extendedProperties"), kind)[k]
	return ok && have == v
}

// matchesText: every word of q is in one of the fields that a search looks at.
func matchesText(o occurrence, q string) bool {
	hay := text(o.body, "summary") + "\n" + text(o.body, "description") + "\n" + text(o.body, "location") + "\n" + o.ev.organizer.email + "\n" + o.ev.organizer.name
	for _, a := range list(o.body, "attendees") {
		hay += "\n" + text(a.(object), "email") + "\n" + text(a.(object), "displayName")
	}
	for _, word := range strings.Fields(q) {
		if !strings.Contains(strings.ToLower(hay), strings.ToLower(word)) {
			return false
		}
	}
	return true
}

// instant reads an RFC 3339 parameter; milliseconds are ignored.
func (r *request) instant(name string) (time.Time, *problem) {
	v := r.query.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, invalid(name)
	}
	return t.Truncate(time.Second), nil
}
