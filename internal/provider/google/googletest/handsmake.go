package googletest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

var split = regexp.MustCompile(`_R\d{8}T\d{6}$`)

// RetitleLineage is "all events" of a series that was split: every master of it gets the title.
func (h *Hands) RetitleLineage(id, title string) error {
	return h.do(func() *problem {
		e := h.cal.events[id]
		if e == nil {
			return notFound()
		}
		for _, x := range h.cal.sorted() {
			if x.isSeries() && !x.deleted && x.created.Equal(e.created) && x.home == e.home {
				if p := h.change(x.id, time.Time{}, func(occurrence) object { return object{"summary": title} }); p != nil {
					return p
				}
			}
		}
		return nil
	})
}

// dayBefore is 23:59:59 of the day before, on the zone's clock, in UTC: the UNTIL that Google's clients write.
func dayBefore(original moment) string {
	f := original.floating()
	last := time.Date(f.Year(), f.Month(), f.Day()-1, 23, 59, 59, 0, time.UTC)
	if loc, ok := location(original.zone); ok {
		last = wall(last, loc)
	}
	return last.UTC().Format("20060102T150405Z")
}

// DeleteFollowing deletes an occurrence and all after it.
func (h *Hands) DeleteFollowing(id string, original time.Time) error {
	return h.edit(id, time.Time{}, func(o occurrence) object {
		until := dayBefore(moment{t: original, zone: o.start.zone})
		return object{"recurrence": ruleWith(texts(o.body, "recurrence"), map[string]string{"COUNT": "", "UNTIL": until})}
	})
}

// Split is "this and following": the series ends on the day before, and a new one of the same created begins at to. At the
// same time its id is <id>_R<start>, with EXDATEs carried over; at another time it is a new one, of sequence 1, and
// everybody answers anew. It returns the new id.
func (h *Hands) Split(id string, original, to time.Time) (string, error) {
	next := ""
	err := h.do(func() *problem {
		old := h.cal.events[id]
		if old == nil || old.deleted || !old.isSeries() || old.isCopy() {
			return notFound()
		}
		start, end := times(old.body)
		body := merge(clone(old.body), span(to, end.t.Sub(start.t), start.zone))
		lines := texts(body, "recurrence")
		next = split.ReplaceAllString(id, "") + "_R" + strings.TrimSuffix(moment{t: original}.suffix(), "Z")
		sequence := old.sequence
		if !to.Equal(original) {
			next, sequence = h.s.newID(), 1
			lines = slices.DeleteFunc(lines, func(l string) bool { return !isRule(l) })
			for _, a := range list(body, "attendees") {
				if a := a.(object); text(a, "email") != old.organizer.email {
					a["responseStatus"] = "needsAction"
				}
			}
		}
		parts := map[string]string{"UNTIL": "", "COUNT": ""}
		if strings.Contains(strings.Join(lines, ""), "BYDAY=") {
			parts["BYDAY"] = dayCode(moment{t: to, zone: start.zone}.local().Weekday())
		}
		body["recurrence"] = ruleWith(lines, parts)
		if h.s.opt.Behavior.SplitDropsPrivate {
			body = dropPrivate(body)
		}
		until := dayBefore(moment{t: original, zone: start.zone})
		if p := h.change(id, time.Time{}, func(o occurrence) object {
			return object{"recurrence": ruleWith(texts(o.body, "recurrence"), map[string]string{"COUNT": "", "UNTIL": until})}
		}); p != nil {
			return p
		}
		e := h.make(next, old, body)
		e.created, e.sequence = old.created, sequence
		old.stamp, old.updated = e.stamp, e.updated // one act, one etag
		h.s.share(e, h.write("all"))
		return nil
	})
	return next, err
}

func dropPrivate(body object) object {
	return merge(body, object{"extendedProperties": object{"private": nil}})
}

// make stores body as a new event of the organizer of like.
func (h *Hands) make(id string, like *event, body object) *event {
	e := h.s.newEvent(h.cal, id, id+"@google.com")
	e.organizer, e.creator, e.body = person{h.cal.owner.Email, h.cal.owner.Name}, like.creator, body
	h.s.touch(e, false)
	e.created = e.updated.Truncate(time.Second)
	h.s.log(e, "", h.write("all"), "invite", nil, body)
	return e
}

// Duplicate stores the event once more under an id of its own, with all its exceptions.
func (h *Hands) Duplicate(id string) (string, error) {
	next := ""
	err := h.do(func() *problem {
		old := h.cal.events[id]
		if old == nil || old.deleted {
			return notFound()
		}
		body := clone(old.body)
		if h.s.opt.Behavior.DuplicateDropsPrivate {
			body = dropPrivate(body)
		}
		next = h.s.newID()
		e := h.make(next, old, body)
		for k, x := range old.exceptions {
			y := *x
			if y.body = clone(x.body); h.s.opt.Behavior.DuplicateDropsPrivate {
				y.body = dropPrivate(y.body)
			}
			e.exceptions[k] = &y
		}
		h.s.share(e, h.write("all"))
		return nil
	})
	return next, err
}

// insert makes an event; one of another organizer as an import does.
func (h *Hands) insert(body object, organizer string) (string, error) {
	id := ""
	err := h.do(func() *problem {
		e, p := h.s.insert(h.cal, body, h.write("all"))
		if p != nil {
			return p
		}
		id = e.id
		if organizer != "" && !h.cal.owner.is(organizer) {
			e.home, e.organizer = strings.ToLower(organizer), person{strings.ToLower(organizer), h.s.nameOf(organizer)}
		}
		return nil
	})
	return id, err
}

// Add makes an unmarked event, weekly where e.Rule.Plain. Where it has guests its organizer is one of them, as Google's
// own clients have it.
func (h *Hands) Add(e series.Event) (string, error) {
	body := span(e.Start, e.Duration, e.Zone)
	body["summary"], body["location"] = e.Title, e.Place
	if e.Rule.Plain {
		day := moment{t: e.Start, zone: e.Zone}.local().Weekday()
		body["recurrence"] = []any{weeklyRule(e.Rule.Every, day)}
	}
	if len(e.Guests) > 0 {
		organizer := e.Organizer
		if organizer == "" {
			organizer = h.cal.owner.Email
		}
		guests := []any{object{"email": organizer, "responseStatus": "accepted"}}
		for _, g := range e.Guests {
			if !strings.EqualFold(g.Address, organizer) {
				guests = append(guests, object{"email": g.Address, "responseStatus": or(partStats[g.Answer], "needsAction")})
			}
		}
		body["attendees"] = guests
	}
	return h.insert(body, e.Organizer)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// AddBusy makes what Observe has to tell as b: a meeting with somebody from elsewhere, tentative where soft, and an
// out-of-office event where away.
func (h *Hands) AddBusy(b series.Busy, words string) (string, error) {
	body := span(b.Start, b.Duration, b.Zone)
	start := moment{t: b.Start, zone: b.Zone}
	if b.AllDay {
		first := start.floating()
		body["start"] = object{"date": first.Format(time.DateOnly)}
		body["end"] = object{"date": first.Add(b.Duration).Format(time.DateOnly)}
	}
	var lines []string
	if b.RRule != "" {
		lines = append(lines, "RRULE:"+b.RRule)
	}
	for name, days := range map[string][]time.Time{"EXDATE": b.ExDates, "RDATE": b.RDates} {
		for _, t := range days {
			lines = append(lines, name+";TZID="+b.Zone+":"+moment{t: t, zone: b.Zone}.local().Format("20060102T150405"))
		}
	}
	if len(lines) > 0 {
		body["recurrence"] = anys(lines)
	}
	body["summary"], body["description"], body["location"] = words, words, words
	switch b.Kind {
	case series.AwayKind:
		body["eventType"] = "outOfOffice"
		body["outOfOfficeProperties"] = object{"autoDeclineMode": "declineNone"}
		return h.insert(body, "")
	case series.Soft:
		body["status"] = "tentative"
	}
	body["attendees"] = []any{object{"email": h.cal.owner.Email, "responseStatus": "accepted"}, object{"email": "someone@elsewhere.test", "displayName": words}}
	return h.insert(body, "")
}

// OutOfOffice makes an out-of-office event. Mode is declineNone, declineAllConflictingInvitations or
// declineOnlyNewConflictingInvitations; message goes with what it declines.
func (h *Hands) OutOfOffice(from, to time.Time, mode, message string) (string, error) {
	body := span(from, to.Sub(from), h.cal.zone)
	body["summary"], body["eventType"] = "Out of office", "outOfOffice"
	body["outOfOfficeProperties"] = object{"autoDeclineMode": mode, "declineMessage": message}
	return h.insert(body, "")
}

// Series are the ids of the series on the calendar that are not deleted, as they were made; copies among them.
func (h *Hands) Series() []string {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	var out []string
	for _, e := range h.cal.sorted() {
		if e.isSeries() && !e.deleted {
			out = append(out, e.id)
		}
	}
	return out
}
