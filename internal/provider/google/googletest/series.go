package googletest

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"
)

// person is an organizer or creator.
type person struct{ email, name string }

// event is a single event or a series with its exceptions, as one calendar has it. All calendars of one meeting use the
// same id.
type event struct {
	cal                *calendar
	id, uid            string
	home               string // the organizer's calendar; elsewhere the event is a copy
	organizer, creator person
	num                int64 // the order in which events were made
	body               object
	exceptions         map[string]*exception // by moment.suffix of the original start
	dropped            map[string]int64      // exceptions that no longer match, and the change in which they went
	created, updated   time.Time
	stamp              int64 // microseconds; the etag is twice as much
	change             int64 // of the calendar's count
	sequence           int
	deleted            bool
	deletedAt          time.Time
	byOwner            bool   // deleted by the owner of the copy, not by its organizer
	moved              bool   // to another organizer: nothing but the id is left
	hidden             bool   // an invitation that does not show yet
	series             string // of a single occurrence whose guest is not invited to the series: recurringEventId
	original           moment // of such: its original start
	pending            int    // reads until the conference is there
}

// exception is an occurrence that differs from its series.
type exception struct {
	original  moment
	body      object
	cancelled bool
	byOwner   bool // cancelled by the owner of the copy
	sequence  int
}

// occurrence is an event as it is read: a master, a single event, or one occurrence.
type occurrence struct {
	ev         *event
	key        string // suffix of an occurrence, "" for a master or single event
	original   moment
	start, end moment
	body       object
	cancelled  bool
	dropped    bool
	exception  bool
	sequence   int
}

func (e *event) isSeries() bool { return len(list(e.body, "recurrence")) > 0 }
func (e *event) isCopy() bool   { return e.home != e.cal.id }

// times are start and end of a stored body.
func times(body object) (moment, moment) {
	s, _ := readMoment(sub(body, "start"), "UTC") // stored only after check
	e, _ := readMoment(sub(body, "end"), "UTC")
	return s, e
}

func (e *event) master() occurrence {
	s, x := times(e.body)
	return occurrence{ev: e, start: s, end: x, body: e.body, cancelled: e.deleted, sequence: e.sequence, original: e.original}
}

// starts are the original starts until the instant to.
func (e *event) starts(to time.Time) []moment {
	s, _ := times(e.body)
	rec, _ := readRecurrence(texts(e.body, "recurrence"), s)
	var out []moment
	for _, t := range rec.starts(s, to) {
		out = append(out, moment{t, s.zone, s.allDay})
	}
	return out
}

// at is the occurrence whose original start has that suffix. One whose exception was dropped is the series' own again once the
// series has it again.
func (e *event) at(key string) (occurrence, bool) {
	if x := e.exceptions[key]; x != nil {
		s, end := times(x.body)
		return occurrence{ev: e, key: key, original: x.original, start: s, end: end, body: x.body,
			cancelled: x.cancelled || e.deleted, exception: true, sequence: max(x.sequence, e.sequence)}, true
	}
	if m, ok := e.startAt(key); ok {
		return e.plain(m), true
	}
	if _, ok := e.dropped[key]; ok {
		return occurrence{ev: e, key: key, cancelled: true, dropped: true}, true
	}
	return occurrence{}, false
}

// startAt is the original start that has that suffix; false where the series has none there.
func (e *event) startAt(key string) (moment, bool) {
	if !e.isSeries() {
		return moment{}, false
	}
	layout := "20060102T150405Z"
	if len(key) == 8 {
		layout = "20060102"
	}
	t, err := time.Parse(layout, key)
	if err != nil {
		return moment{}, false
	}
	all := e.starts(t)
	if len(all) == 0 || !all[len(all)-1].t.Equal(t) || all[len(all)-1].suffix() != key {
		return moment{}, false
	}
	return all[len(all)-1], true
}

// plain is the occurrence of the series that begins at m, with nothing of its own.
func (e *event) plain(m moment) occurrence {
	s, end := times(e.body)
	body := maps.Clone(e.body)
	delete(body, "recurrence")
	until := moment{m.t.Add(end.t.Sub(s.t)), end.zone, m.allDay}
	body["start"], body["end"] = m.object(), until.object()
	return occurrence{ev: e, key: m.suffix(), original: m, start: m, end: until, body: body, cancelled: e.deleted, sequence: e.sequence}
}

// instances are the occurrences of a series that start by to, exceptions in their place; dropped ones last.
func (e *event) instances(to time.Time) []occurrence {
	var out []occurrence
	seen := map[string]bool{}
	for _, m := range e.starts(to) {
		o := e.plain(m)
		if e.exceptions[o.key] != nil {
			o, _ = e.at(o.key)
		}
		out, seen[o.key] = append(out, o), true
	}
	for _, k := range sorted(e.exceptions) {
		if !seen[k] {
			o, _ := e.at(k)
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b occurrence) int { return a.original.t.Compare(b.original.t) })
	return out
}

// between are all single events and occurrences that overlap [from, to) and are not cancelled.
func (c *calendar) between(from, to time.Time) []occurrence {
	var out []occurrence
	for _, e := range c.sorted() {
		if e.deleted || e.hidden {
			continue
		}
		all := []occurrence{e.master()}
		if e.isSeries() {
			all = e.instances(to)
		}
		for _, o := range all {
			if !o.cancelled && o.overlaps(from, to) {
				out = append(out, o)
			}
		}
	}
	return out
}

func (o occurrence) overlaps(from, to time.Time) bool {
	s, e := o.start.instant(o.ev.cal.zone), o.end.instant(o.ev.cal.zone)
	return (to.IsZero() || s.Before(to)) && (from.IsZero() || e.After(from))
}

// instant is m's place in time; a day begins at midnight of the calendar's zone.
func (m moment) instant(zone string) time.Time {
	if loc, ok := location(zone); ok && m.allDay {
		return wall(m.t, loc)
	}
	return m.t
}

// takesTime: it blocks its owner's time.
func (o occurrence) takesTime() bool {
	if text(o.body, "transparency") == "transparent" || text(o.body, "eventType") == "workingLocation" {
		return false
	}
	a := o.ev.cal.self(o.body)
	return a == nil || text(a, "responseStatus") != "declined"
}

// self is the attendee that is the calendar's owner.
func (c *calendar) self(body object) object {
	for _, a := range list(body, "attendees") {
		if a := a.(object); c.owner != nil && c.owner.is(text(a, "email")) {
			return a
		}
	}
	return nil
}

// sorted are the calendar's events as they were made.
func (c *calendar) sorted() []*event {
	return slices.SortedFunc(maps.Values(c.events), func(a, b *event) int { return cmp.Compare(a.num, b.num) })
}

// instanceID is the id of an occurrence: that of its series and its original start in UTC.
var instanceID = regexp.MustCompile(`^(.+)_(\d{8}(?:T\d{6}Z)?)$`)

// find is what an event id names on the calendar.
func (c *calendar) find(id string) (occurrence, *problem) {
	if e := c.events[id]; e != nil {
		return e.master(), nil
	}
	if m := instanceID.FindStringSubmatch(id); m != nil {
		if e := c.events[m[1]]; e != nil {
			if o, ok := e.at(m[2]); ok {
				return o, nil
			}
		}
	}
	return occurrence{}, notFound()
}

func (o occurrence) id() string {
	if o.key == "" {
		return o.ev.id
	}
	return o.ev.id + "_" + o.key
}

// set makes body what the event or occurrence says from now on.
func (o occurrence) set(body object, b Behavior) {
	e := o.ev
	if o.key == "" {
		was := e.body
		e.body = body
		if moved(was, body) {
			e.sequence++
		}
		if b.ExceptionsFollow {
			e.follow(was)
		}
		e.prune()
		return
	}
	x := e.exceptions[o.key]
	if x == nil {
		x = &exception{original: o.original, sequence: e.sequence}
		e.exceptions[o.key] = x
	}
	if start, end := times(body); !start.t.Equal(o.start.t) || !end.t.Equal(o.end.t) {
		x.sequence = max(x.sequence, e.sequence) + 1
	} else if b.AnswerRaisesSequence && !reflect.DeepEqual(body["attendees"], o.body["attendees"]) {
		x.sequence = max(x.sequence, e.sequence) + 1
	}
	x.body, x.cancelled, x.byOwner = body, false, false
}

// moved: the times of a master are others. Another rule alone does not raise the sequence.
func moved(was, now object) bool {
	return !reflect.DeepEqual([]any{was["start"], was["end"]}, []any{now["start"], now["end"]})
}

// follow takes the master's changes over to exceptions that had what the master had before.
func (e *event) follow(was object) {
	for _, x := range e.exceptions {
		for _, k := range slices.Concat(sorted(was), sorted(e.body)) {
			if k != "start" && k != "end" && k != "recurrence" && reflect.DeepEqual(x.body[k], was[k]) {
				delete(x.body, k)
				if v, ok := e.body[k]; ok {
					x.body[k] = cloneAny(v)
				}
			}
		}
	}
}

// prune drops the exceptions whose original start the series no longer has.
func (e *event) prune() {
	if len(e.exceptions) == 0 {
		return
	}
	last := slices.MaxFunc(slices.Collect(maps.Values(e.exceptions)), func(a, b *exception) int { return a.original.t.Compare(b.original.t) })
	keep := map[string]bool{}
	if e.isSeries() {
		for _, m := range e.starts(last.original.t) {
			keep[m.suffix()] = true
		}
	}
	for k := range e.exceptions {
		if !keep[k] {
			delete(e.exceptions, k)
			e.dropped[k] = e.cal.changes + 1
		}
	}
}

// cancel takes one occurrence out.
func (o occurrence) cancel(byOwner bool) {
	x := o.ev.exceptions[o.key]
	if x == nil {
		x = &exception{original: o.original, body: clone(o.body), sequence: o.ev.sequence}
		o.ev.exceptions[o.key] = x
	}
	x.cancelled, x.byOwner = true, byOwner
}

// touch gives the event, and with it all of its exceptions, a new etag, and the calendar one more change.
func (s *Server) touch(e *event, quiet bool) {
	s.stamped = max(s.now().UnixMilli()*1000, s.stamped+1000)
	e.stamp = s.stamped
	if !quiet {
		e.updated = time.UnixMicro(e.stamp)
	}
	e.cal.changes++
	e.change = e.cal.changes
	s.ring(e.cal)
}
