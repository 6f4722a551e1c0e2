package google

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

const (
	confirmed   = "confirmed"
	cancelled   = "cancelled"
	transparent = "transparent"
	opaqueTime  = "opaque"
)

// group is a recurring event with the occurrences that differ from it, or a single event.
type group struct {
	master     *calendar.Event
	exceptions map[string]*calendar.Event // by id
}

// rawGroup is a group as it is kept.
type rawGroup struct {
	Master     *calendar.Event   `json:"master"`
	Exceptions []*calendar.Event `json:"exceptions,omitempty"`
}

// raw is the group as text, to be read again by parseRaw. Versions are left out: all parts of a series get a new one
// with every change of it.
func (g group) raw() string {
	bare := func(e *calendar.Event) *calendar.Event {
		c := *e
		c.Etag = ""
		return &c
	}
	r := rawGroup{Master: bare(g.master)}
	for _, id := range slices.Sorted(maps.Keys(g.exceptions)) {
		r.Exceptions = append(r.Exceptions, bare(g.exceptions[id]))
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("google: an event that is no JSON: %v", err)) // it was JSON when it came
	}
	return string(b)
}

func parseRaw(text string) (group, error) {
	var r rawGroup
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return group{}, fmt.Errorf("kept version of an event: %w", err)
	}
	if r.Master == nil {
		return group{}, fmt.Errorf("kept version of an event: nothing in it")
	}
	g := group{master: r.Master, exceptions: map[string]*calendar.Event{}}
	for _, x := range r.Exceptions {
		g.exceptions[x.Id] = x
	}
	return g, nil
}

// recurring reports whether the group is a series.
func (g group) recurring() bool { return len(g.master.Recurrence) > 0 }

// wholeDays reports whether the events are all-day ones.
func (g group) wholeDays() bool { return g.master.Start != nil && g.master.Start.Date != "" }

// reader knows what is needed to make sense of a calendar's events.
type reader struct {
	org   string
	owner []string // the owner's addresses, lower case; the first is the one they go by
	zone  string   // of the calendar: what days and times without one mean
	at    time.Time
	meet  bool // series are to have a Google Meet link
}

// event is the group as a series event, with its Raw. The mark is read if it is of the reader's org. What g has of
// cancelled occurrences becomes the least that tells of them.
func (r reader) event(g group) (series.Event, error) {
	m := g.master
	start, ok := momentOf(m.Start, r.zone)
	if !ok {
		return series.Event{}, fmt.Errorf("an event without a start that can be read")
	}
	mark := markOf(m)
	if mark.Org != r.org {
		mark = stored{}
	}
	e := series.Event{
		Ref:       series.Ref{ID: m.Id, Version: m.Etag},
		UID:       m.ICalUID,
		Derived:   mark.derived,
		Mark:      mark.Mark,
		Start:     start.Time,
		Zone:      start.zone,
		Duration:  length(start, m.End),
		Title:     m.Summary,
		Place:     m.Location,
		Link:      linkOf(m, mark.Written[series.FieldLink]),
		Organizer: r.organizer(m),
		Free:      m.Transparency == transparent,
		Cancelled: m.Status == cancelled,
		Delivered: mark.delivered,
		NoVideo:   r.meet && refusedVideo(m),
	}
	e.Guests, e.Rooms = r.guests(m), rooms(m)
	readRule(&e, m.Recurrence, r.at)
	e.Excluded = excluded(e, m.Recurrence, start.date)
	for id, x := range g.exceptions {
		if x.Status == cancelled {
			if x = r.stub(e, x); x == nil {
				delete(g.exceptions, id)
				continue
			}
			g.exceptions[id] = x
		}
		r.readException(&e, x, mark.Written[series.FieldLink])
	}
	overridden := func(t time.Time) bool {
		return slices.ContainsFunc(e.Overrides, func(o series.Override) bool { return o.Original.Equal(t) })
	}
	e.Excluded = slices.DeleteFunc(e.Excluded, overridden)
	slices.SortFunc(e.Overrides, func(a, b series.Override) int { return a.Original.Compare(b.Original) })
	e.Raw = g.raw()
	return e, nil
}

// stub is all that a cancelled occurrence tells, however much of it Google sent this time: nil where the series has
// no such occurrence, which is what becomes of those that a change of its recurrence took away.
func (r reader) stub(e series.Event, x *calendar.Event) *calendar.Event {
	original, ok := r.original(x)
	if !ok || !hits(e, original.Time) || slices.ContainsFunc(e.Excluded, original.Equal) {
		return nil
	}
	at := &calendar.EventDateTime{DateTime: original.Format(time.RFC3339), TimeZone: original.zone}
	if original.date {
		at = &calendar.EventDateTime{Date: original.Format(time.DateOnly)}
	}
	return &calendar.Event{Id: x.Id, Etag: x.Etag, Status: cancelled, RecurringEventId: e.ID, OriginalStartTime: at}
}

// readException adds x to the overrides of e, if it differs from what e says of that occurrence: Google sends all
// exceptions of a series with every change of it, and keeps those that say nothing any more.
func (r reader) readException(e *series.Event, x *calendar.Event, written string) {
	original, ok := r.original(x)
	if !ok {
		return
	}
	o := series.Override{Original: in(original.Time, e.Zone), Start: in(original.Time, e.Zone), Duration: e.Duration,
		Place: e.Place, Link: e.Link, Guests: slices.Clone(e.Guests), Rooms: slices.Clone(e.Rooms), Free: e.Free}
	if x.Status == cancelled {
		o.Cancelled = true
		e.Overrides = append(e.Overrides, o)
		return
	}
	start, ok := momentOf(x.Start, r.zone)
	if !ok {
		return
	}
	v := series.Override{Original: o.Original, Start: in(start.Time, e.Zone), Duration: length(start, x.End), Place: x.Location,
		Link: linkOf(x, written), Guests: r.guests(x), Rooms: rooms(x), Free: x.Transparency == transparent}
	out := slices.ContainsFunc(e.Excluded, o.Original.Equal)
	// In a copy that Holdfast delivered, one that was answered like the series is news for the organizer all the same.
	if out || e.Delivered != "" || !v.Start.Equal(o.Start) || v.Duration != o.Duration || v.Place != o.Place || v.Link != o.Link || v.Free != o.Free ||
		!slices.Equal(v.Guests, o.Guests) || !slices.Equal(v.Rooms, o.Rooms) {
		e.Overrides = append(e.Overrides, v)
	}
}

// original is the start that an occurrence had in its series.
func (r reader) original(x *calendar.Event) (moment, bool) {
	if at, ok := momentOf(x.OriginalStartTime, r.zone); ok {
		return at, true
	}
	_, at, ok := partOf(x.Id, r.zone)
	return at, ok
}

// markOf is the mark of any org; zero where there is none, or none that can be read.
func markOf(e *calendar.Event) stored {
	if e.ExtendedProperties == nil {
		return stored{}
	}
	m, err := parseMark(e.ExtendedProperties.Private[markKey])
	if err != nil {
		return stored{}
	}
	if d := deliveredOf(e.ExtendedProperties.Private); d != "" {
		m.delivered = d
	}
	return m
}

// withMark is what carries the mark, in an event to be written.
func withMark(m stored) *calendar.EventExtendedProperties {
	return &calendar.EventExtendedProperties{Private: m.properties()}
}

// organizer is the address of the organizer. Google writes the owner's under the main one of their addresses, which is
// not always the one they go by.
func (r reader) organizer(e *calendar.Event) string {
	if e.Organizer == nil {
		return ""
	}
	a := r.address(e.Organizer.Email, e.Organizer.Self)
	if r.own(a) {
		return r.owner[0]
	}
	return a
}

// address is an address as events carry it: that of whom Google says to be the calendar's owner is theirs by the
// roster, under whatever address the account goes.
func (r reader) address(email string, self bool) string {
	a := series.Address(email)
	if self && !r.own(a) {
		return r.owner[0]
	}
	return a
}

func (r reader) own(address string) bool { return slices.Contains(r.owner, address) }

// guests are the people invited, without the organizer. Rooms and other resources are no people.
func (r reader) guests(e *calendar.Event) []series.Guest {
	var out []series.Guest
	for _, a := range e.Attendees {
		if r.isGuest(e, a) {
			out = append(out, series.Guest{Address: r.address(a.Email, a.Self), Answer: answerOf(a.ResponseStatus)})
		}
	}
	slices.SortFunc(out, func(a, b series.Guest) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

// rooms are the rooms and other resources that were asked for.
func rooms(e *calendar.Event) []series.Guest {
	var out []series.Guest
	for _, a := range e.Attendees {
		if a.Resource {
			out = append(out, series.Guest{Address: series.Address(a.Email), Answer: answerOf(a.ResponseStatus)})
		}
	}
	slices.SortFunc(out, func(a, b series.Guest) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

// people are all addresses on the event, resources left out.
func (r reader) people(e *calendar.Event) []string {
	var out []string
	if o := r.organizer(e); o != "" {
		out = append(out, o)
	}
	for _, g := range r.guests(e) {
		out = append(out, g.Address)
	}
	return out
}

// answers are the words for an answer, here and at Google.
var answers = map[series.PartStat]string{
	series.NeedsAction: "needsAction", series.Accepted: "accepted", series.Declined: "declined", series.Tentative: "tentative",
}

func answerOf(status string) series.PartStat {
	for stat, word := range answers {
		if strings.EqualFold(word, status) {
			return stat
		}
	}
	return series.NeedsAction
}
