package google

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

// The types of events that are told apart (Event.eventType). Unknown ones count like the default.
const (
	outOfOffice     = "outOfOffice"
	workingLocation = "workingLocation"
	birthday        = "birthday"
	ordinary        = "default"
)

// isOrdinary reports whether e is an event such as people meet at.
func isOrdinary(e *calendar.Event) bool { return e.EventType == "" || e.EventType == ordinary }

// busy is the time that the events of a group take, and nothing else of them. Every Busy has the opaque id of the
// group, those of its exceptions with one of their own behind "#".
func (r reader) busy(g group) []series.Busy {
	var out []series.Busy
	id := opaque(g.master.Id)
	if b, ok := r.block(g.master); ok {
		b.ID = id
		for _, line := range g.master.Recurrence {
			p := parseLine(line)
			switch p.name {
			case "RRULE":
				b.RRule = strings.TrimPrefix(b.RRule+"\n"+p.value, "\n")
			case "EXRULE":
				b.ExRule = strings.TrimPrefix(b.ExRule+"\n"+p.value, "\n")
			case "RDATE":
				for _, x := range p.times(b.Zone) {
					b.RDates = append(b.RDates, startOf(b, x))
				}
			case "EXDATE":
				for _, x := range p.times(b.Zone) {
					b.ExDates = append(b.ExDates, startOf(b, x))
				}
			}
		}
		for _, x := range g.exceptions {
			if original, ok := r.original(x); ok {
				b.ExDates = append(b.ExDates, startOf(b, original))
			}
		}
		slices.SortFunc(b.ExDates, time.Time.Compare)
		b.ExDates = slices.CompactFunc(b.ExDates, time.Time.Equal)
		out = append(out, b)
	}
	for _, x := range g.exceptions {
		if b, ok := r.block(x); ok {
			b.ID = id + "#" + opaque(x.Id)
			out = append(out, b)
		}
	}
	return out
}

// block is the time that one event takes, without its recurrence; false for none.
func (r reader) block(e *calendar.Event) (series.Busy, bool) {
	kind, taken := r.kind(e)
	start, ok := momentOf(e.Start, r.zone)
	if !ok || !taken {
		return series.Busy{}, false
	}
	b := series.Busy{Start: start.Time, Duration: length(start, e.End), Zone: start.zone, AllDay: start.date, Kind: kind}
	return b, b.Duration > 0
}

// startOf is the start that x names; a DATE names that of its day, and of whole days a moment its own day.
func startOf(b series.Busy, x moment) time.Time {
	_, at := series.WallClock(b.Start, b.Zone)
	switch {
	case b.AllDay:
		return series.Instant(x.ownDay(b.Zone), 0, b.Zone)
	case x.date:
		d, _ := series.WallClock(x.Time, x.zone)
		return series.Instant(d, at, b.Zone)
	}
	return x.Time
}

// kind tells how far an event takes the owner's time; false: not at all. Away is what says so. Of whole days that do
// not, only those count that do not recur and are stated to be opaque, which Google leaves out as its default: all
// others are notes.
func (r reader) kind(e *calendar.Event) (series.Kind, bool) {
	if e.Status == cancelled || e.Transparency == transparent || e.EventType == workingLocation || e.EventType == birthday {
		return "", false
	}
	kind := series.Hard
	switch {
	case e.EventType == outOfOffice:
		kind = series.AwayKind
	case e.Start != nil && e.Start.Date != "":
		if len(e.Recurrence) > 0 || e.RecurringEventId != "" || e.Transparency != opaqueTime {
			return "", false
		}
		kind = series.AllDayKind
	}
	if e.Status == "tentative" {
		kind = series.Soft
	}
	organizes := r.own(r.organizer(e))
	for _, a := range e.Attendees {
		if !a.Self && !r.own(series.Address(a.Email)) {
			continue
		}
		switch stat := answerOf(a.ResponseStatus); {
		case stat == series.Declined:
			return "", false
		case stat != series.Accepted && !organizes:
			kind = series.Soft
		}
	}
	return kind, true
}
