package googletest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// calendar is one calendar with its events, and its count of changes.
type calendar struct {
	id, summary, zone string
	owner             *User
	secondary         bool
	roles             map[string]string // by address of another user
	events            map[string]*event
	changes           int64 // of all events: what sync tokens count
	epoch             int   // sync tokens of an earlier one are dead
}

func (s *Server) newCalendar(id, summary, zone string, owner *User) *calendar {
	return &calendar{id: id, summary: summary, zone: zone, owner: owner, roles: map[string]string{}, events: map[string]*event{}}
}

// AddCalendar adds a secondary calendar of a user and returns its id.
func (s *Server) AddCalendar(owner, summary string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[strings.ToLower(owner)]
	id := "c_" + s.newID() + "@group.calendar.google.com"
	c := s.newCalendar(id, summary, u.Zone, u)
	c.secondary = true
	s.cals[id] = c
	return id
}

// Share gives a user a role on a calendar: freeBusyReader, reader, writer, owner; "" takes it away. Sync tokens die with
// a change of rights.
func (s *Server) Share(calendarID, user, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cals[strings.ToLower(calendarID)]
	c.roles[strings.ToLower(user)] = role
	c.epoch++
}

// ForgetSyncTokens makes every sync token given so far for the calendar answer 410 fullSyncRequired.
func (s *Server) ForgetSyncTokens(calendarID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cals[strings.ToLower(calendarID)].epoch++
}

// ranks orders the roles.
var ranks = map[string]int{"freeBusyReader": 1, "reader": 2, "writerWithoutPrivateAccess": 3, "writer": 4, "owner": 5}

// calendarOf finds the calendar that a request names, with the role that the caller has there under its scopes.
func (s *Server) calendarOf(c *caller, id string) (*calendar, string, *problem) {
	if id == "primary" {
		id = c.email
	}
	cal := s.cals[strings.ToLower(id)]
	if cal == nil {
		if u := s.users[strings.ToLower(id)]; u != nil {
			cal = s.cals[u.Email] // an alias
		}
	}
	if cal == nil {
		return nil, "", notFound()
	}
	role := cal.roles[c.email]
	if cal.owner != nil && cal.owner.Email == c.email {
		role = "owner"
	}
	if role == "" {
		return nil, "", notFound()
	}
	if role = c.capped(role); role == "" {
		return nil, "", insufficient()
	}
	return cal, role, nil
}

// capped is what is left of a role under the scopes of a token; "" for nothing.
func (c *caller) capped(role string) string {
	wide := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return c.scopes[scopeRoot+n] })
	}
	switch {
	case wide("calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly"):
		return role
	case wide("calendar.events.owned", "calendar.events.owned.readonly") && role == "owner":
		return role
	case wide("calendar.events.freebusy", "calendar.freebusy"):
		return "freeBusyReader"
	}
	if wide("calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.calendars", "calendar.calendars.readonly", "calendar.settings.readonly", "calendar.settings", "calendar.acls", "calendar.acls.readonly") {
		return role // the scopes of the method let it no further
	}
	return ""
}

func defaultReminders() []any { return []any{object{"method": "popup", "minutes": 10.0}} }

func (c *calendar) entry(of *caller, role string) object {
	o := object{"kind": "calendar#calendarListEntry", "etag": `"` + c.id + `"`, "id": c.id, "summary": c.summary, "timeZone": c.zone,
		"accessRole": role, "defaultReminders": defaultReminders(), "selected": true, "colorId": "14",
		"backgroundColor": "#9fe1e7", "foregroundColor": "#000000"}
	if !c.secondary && c.owner.Email == of.email {
		o["primary"] = true
	}
	return o
}

func (s *Server) calendarListList(c *caller, r *request) (any, *problem) {
	items := []any{}
	var cals []*calendar
	for _, cal := range s.cals {
		cals = append(cals, cal)
	}
	slices.SortFunc(cals, func(a, b *calendar) int { return cmp.Compare(a.id, b.id) })
	for _, cal := range cals {
		if _, role, p := s.calendarOf(c, cal.id); p == nil {
			items = append(items, cal.entry(c, role))
		}
	}
	return object{"kind": "calendar#calendarList", "etag": `"list"`, "items": items, "nextSyncToken": s.sealed("list")}, nil
}

func (s *Server) calendarListGet(c *caller, r *request) (any, *problem) {
	cal, role, p := s.calendarOf(c, r.path["calendarId"])
	if p != nil {
		return nil, p
	}
	return cal.entry(c, role), nil
}

func (s *Server) calendarsGet(c *caller, r *request) (any, *problem) {
	cal, _, p := s.calendarOf(c, r.path["calendarId"])
	if p != nil {
		return nil, p
	}
	return object{"kind": "calendar#calendar", "etag": `"` + cal.id + `"`, "id": cal.id, "summary": cal.summary, "timeZone": cal.zone}, nil
}

// settings are those of a user that clients ask for.
func (s *Server) settings(c *caller) map[string]string {
	zone := "UTC"
	if u := s.users[c.email]; u != nil {
		zone = u.Zone
	}
	return map[string]string{"timezone": zone, "locale": "en", "format24HourTime": "true", "weekStart": "1"}
}

func setting(id, value string) object {
	return object{"kind": "calendar#setting", "etag": `"` + id + `"`, "id": id, "value": value}
}

func (s *Server) settingsList(c *caller, r *request) (any, *problem) {
	items := []any{}
	all := s.settings(c)
	for _, id := range sorted(all) {
		items = append(items, setting(id, all[id]))
	}
	return object{"kind": "calendar#settings", "etag": `"settings"`, "items": items, "nextSyncToken": s.sealed("settings")}, nil
}

func (s *Server) settingsGet(c *caller, r *request) (any, *problem) {
	v, ok := s.settings(c)[r.path["setting"]]
	if !ok {
		return nil, notFound()
	}
	return setting(r.path["setting"], v), nil
}

// freeBusy answers per calendar; what cannot be read is told as an error inside a 200.
func (s *Server) freeBusy(c *caller, r *request) (any, *problem) {
	from, err1 := time.Parse(time.RFC3339, text(r.body, "timeMin"))
	to, err2 := time.Parse(time.RFC3339, text(r.body, "timeMax"))
	switch {
	case err1 != nil || err2 != nil:
		return nil, required("Missing timeMin or timeMax parameter.")
	case !to.After(from):
		return nil, &problem{code: 400, domain: "calendar", reason: "timeRangeEmpty", text: "The specified time range is empty."}
	case to.Sub(from) > 92*24*time.Hour:
		return nil, &problem{code: 400, domain: "calendar", reason: "timeRangeTooLong", text: "The requested time range is too long."}
	}
	cals := object{}
	for i, it := range list(r.body, "items") {
		item, _ := it.(object)
		id := text(item, "id")
		wrong := func(reason string) object {
			return object{"errors": []any{object{"domain": "global", "reason": reason}}, "busy": []any{}}
		}
		if i >= 50 {
			cals[id] = wrong("tooManyCalendarsRequested")
			continue
		}
		cal := s.cals[strings.ToLower(id)]
		if id == "primary" {
			cal = s.cals[c.email]
		}
		if cal == nil || cal.owner.Email != c.email && cal.roles[c.email] == "" {
			cals[id] = wrong("notFound")
			continue
		}
		cals[id] = object{"busy": anys(cal.busy(from, to))}
	}
	return object{"kind": "calendar#freeBusy", "timeMin": milli(from), "timeMax": milli(to), "calendars": cals}, nil
}

// busy are the blocks taken in [from, to), joined where they touch.
func (c *calendar) busy(from, to time.Time) []object {
	type block struct{ start, end time.Time }
	var all []block
	for _, o := range c.between(from, to) {
		if o.takesTime() {
			all = append(all, block{o.start.t, o.end.t})
		}
	}
	slices.SortFunc(all, func(a, b block) int { return a.start.Compare(b.start) })
	var joined []block
	for _, b := range all {
		if n := len(joined); n > 0 && !b.start.After(joined[n-1].end) {
			joined[n-1].end = maxTime(joined[n-1].end, b.end)
			continue
		}
		joined = append(joined, b)
	}
	out := []object{}
	for _, b := range joined {
		out = append(out, object{"start": b.start.UTC().Format(time.RFC3339), "end": b.end.UTC().Format(time.RFC3339)})
	}
	return out
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
