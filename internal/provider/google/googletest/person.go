package googletest

import (
	"context"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Person is somebody with Google's own clients who does what caldavtest's Person does, by the same names: tests and the demo
// can have people of both. An event's id stands for its UID; a zero original means the series. Nothing takes time, so
// nothing heeds ctx.
type Person struct{ *Hands }

// Person is the user.
func (s *Server) Person(user string) Person { return Person{s.Hands(user)} }

// Move drags one occurrence to another start.
func (p Person) Move(_ context.Context, id string, original, start time.Time) error {
	return p.Hands.Move(id, original, start)
}

// MoveAll drags the occurrence at original to start and says "all events": the series keeps its rhythm there, and
// exceptions are lost.
func (p Person) MoveAll(_ context.Context, id string, original, start time.Time) error {
	return p.edit(id, time.Time{}, func(o occurrence) object {
		zone := o.start.zone
		loc, _ := location(zone)
		by := shows(start.In(loc)).Sub(shows(original.In(loc)))
		to := wall(o.start.floating().Add(by), loc)
		out := span(to, o.end.t.Sub(o.start.t), zone)
		out["recurrence"] = ruleWith(texts(o.body, "recurrence"), map[string]string{"BYDAY": dayCode(to.Weekday())})
		return out
	})
}

// SplitMove is Split.
func (p Person) SplitMove(_ context.Context, id string, original, start time.Time) (string, error) {
	return p.Split(id, original, start)
}

// EndBefore is DeleteFollowing.
func (p Person) EndBefore(_ context.Context, id string, original time.Time) error {
	return p.DeleteFollowing(id, original)
}

// Shorten gives one occurrence another length.
func (p Person) Shorten(_ context.Context, id string, original time.Time, length time.Duration) error {
	return p.Resize(id, original, length)
}

// Cancel deletes one occurrence.
func (p Person) Cancel(_ context.Context, id string, original time.Time) error {
	return p.CancelStatus(id, original)
}

// PutBack undoes Cancel.
func (p Person) PutBack(_ context.Context, id string, original time.Time) error {
	return p.Hands.PutBack(id, original)
}

// Decline declines one occurrence, or the series and all its exceptions.
func (p Person) Decline(_ context.Context, id string, original time.Time) error {
	return p.Hands.Decline(id, original)
}

// Relocate sets the place.
func (p Person) Relocate(_ context.Context, id string, original time.Time, place string) error {
	return p.Hands.Relocate(id, original, place)
}

// AddGuest invites an address to the series and all its exceptions.
func (p Person) AddGuest(_ context.Context, id string, _ time.Time, address string) error {
	return p.Hands.AddGuest(id, address)
}

// SetFree shows the series as free.
func (p Person) SetFree(_ context.Context, id string, _ time.Time) error { return p.Hands.SetFree(id) }

// RemoveLink takes the agenda out of the description and off the attachments.
func (p Person) RemoveLink(_ context.Context, id string, original time.Time) error {
	return p.SetLink(id, original, "")
}

// Duplicate stores the event once more and returns the new id.
func (p Person) Duplicate(_ context.Context, id string) (string, error) { return p.Hands.Duplicate(id) }

// Delete deletes the event.
func (p Person) Delete(_ context.Context, id string) error { return p.Hands.Delete(id) }

// AddEvent books a single event and returns its id. With guests the person is its organizer.
func (p Person) AddEvent(_ context.Context, title string, start, end time.Time, guests ...string) (string, error) {
	return p.Book(false, title, start, end, guests...)
}

// Book is AddEvent of an event that may take place every week.
func (p Person) Book(weekly bool, title string, start, end time.Time, guests ...string) (string, error) {
	e := series.Event{Title: title, Start: start, Duration: end.Sub(start), Zone: p.cal.zone, Rule: series.Rule{Plain: weekly, Every: 1}}
	for _, g := range guests {
		e.Guests = append(e.Guests, series.Guest{Address: strings.ToLower(g)})
	}
	return p.Add(e)
}
