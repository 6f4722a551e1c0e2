package caldavtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What a person does to an event. original names an occurrence by the start it had in the series; a zero one means
// the series.

// Move puts one occurrence to another time, as long as before.
func (p Person) Move(ctx context.Context, uid string, original, start time.Time) error {
	return p.one(ctx, uid, original, func(z zoning, e *component) error {
		from, to, err := z.span(e)
		if err != nil {
			return err
		}
		z.times(e, start, start.Add(to.Sub(from)))
		return nil
	})
}

// Shorten gives one occurrence another length.
func (p Person) Shorten(ctx context.Context, uid string, original time.Time, length time.Duration) error {
	return p.one(ctx, uid, original, func(z zoning, e *component) error {
		from, _, err := z.span(e)
		if err != nil {
			return err
		}
		z.times(e, from, from.Add(length))
		return nil
	})
}

// Cancel takes one occurrence out (EXDATE).
func (p Person) Cancel(ctx context.Context, uid string, original time.Time) error {
	return p.edit(ctx, uid, func(z zoning) error {
		if e, err := z.pick(original); err != nil {
			return err
		} else if e.get("RECURRENCE-ID") == nil {
			return errors.New("it does not recur: delete it")
		}
		master := z.find(time.Time{})
		z.dropOverrides(original.Equal)
		master.lines = append(master.lines, z.like(master.get("DTSTART"), "EXDATE", original))
		p.touched(master)
		return nil
	})
}

// CancelOverride keeps one occurrence on the calendar as cancelled (STATUS:CANCELLED).
func (p Person) CancelOverride(ctx context.Context, uid string, original time.Time) error {
	return p.one(ctx, uid, original, func(_ zoning, e *component) error {
		e.setValue("STATUS", "CANCELLED")
		return nil
	})
}

// PutBack makes one occurrence the series' own again, however it was changed or taken out.
func (p Person) PutBack(ctx context.Context, uid string, original time.Time) error {
	return p.edit(ctx, uid, func(z zoning) error {
		master := z.find(time.Time{})
		if master == nil {
			return errors.New("no series")
		}
		z.dropOverrides(original.Equal)
		z.keepExcluded(master, func(t time.Time) bool { return !t.Equal(original) })
		p.touched(master)
		return nil
	})
}

// MoveAll drags the occurrence at original to start and says "all of them": the series keeps its rhythm there, and
// what was changed or taken out before goes along.
func (p Person) MoveAll(ctx context.Context, uid string, original, start time.Time) error {
	return p.edit(ctx, uid, func(z zoning) error {
		master := z.find(time.Time{})
		if master == nil {
			return errors.New("no series")
		}
		from, to, err := z.span(master)
		if err != nil {
			return err
		}
		by := shift(from.Location(), original, start)
		form := *master.get("DTSTART")
		z.times(master, by(from), by(to))
		if r := master.get("RRULE"); r != nil {
			r.value = turned(r.value, from, by(from))
		}
		excluded := z.list(master, "EXDATE")
		master.del("EXDATE")
		for _, t := range excluded {
			master.lines = append(master.lines, z.like(&form, "EXDATE", by(t)))
		}
		_, overrides := z.cal.events()
		for _, o := range overrides {
			o.set(z.like(&form, "RECURRENCE-ID", by(z.key(o))))
		}
		p.touched(master)
		return nil
	})
}

// SplitMove drags the occurrence at original to start and says "this and following": the series ends before it, and a
// new one with all the same properties but its UID goes on from start. It returns the new UID.
func (p Person) SplitMove(ctx context.Context, uid string, original, start time.Time) (string, error) {
	e, err := p.Event(ctx, uid)
	if err != nil {
		return "", err
	}
	cal, err := parse([]byte(e.Text))
	if err != nil {
		return "", err
	}
	z, next := zoning{cal, time.UTC}, newUID()
	master := z.find(time.Time{})
	if _, err := z.pick(original); err != nil || master == nil || master.get("RRULE") == nil {
		return "", fmt.Errorf("event %s cannot be split there", uid)
	}
	from, to, err := z.span(master)
	if err != nil {
		return "", err
	}
	z.dropOverrides(func(time.Time) bool { return true })
	z.times(master, start, start.Add(to.Sub(from)))
	r := master.get("RRULE")
	r.value = turned(withoutParts(r.value, "COUNT"), original.In(from.Location()), start.In(from.Location()))
	master.del("EXDATE", "RDATE")
	master.setValue("UID", next)
	p.touched(master)
	if err := p.create(ctx, next, cal); err != nil {
		return "", err
	}
	return next, p.EndBefore(ctx, uid, original)
}

// EndBefore ends the series: no occurrence at or after t (UNTIL), as "this and all following: delete" does.
func (p Person) EndBefore(ctx context.Context, uid string, t time.Time) error {
	return p.edit(ctx, uid, func(z zoning) error {
		master := z.find(time.Time{})
		r := master.get("RRULE")
		if r == nil {
			return errors.New("no series")
		}
		r.value = withoutParts(r.value, "COUNT", "UNTIL") + ";UNTIL=" + stamp(t.Add(-time.Second))
		z.dropOverrides(func(key time.Time) bool { return !key.Before(t) })
		z.keepExcluded(master, t.After)
		p.touched(master)
		return nil
	})
}

// Answer says ACCEPTED, DECLINED or TENTATIVE to an invitation.
func (p Person) Answer(ctx context.Context, uid string, original time.Time, partstat string) error {
	me := &account{User: User{Email: p.Email}}
	return p.quietly(ctx, uid, original, func(_ zoning, e *component) error {
		mine := me.linesIn(e)
		if len(mine) == 0 {
			return errors.New("not invited")
		}
		for _, l := range mine {
			l.setParam("PARTSTAT", partstat)
			l.setParam("RSVP", "")
		}
		return nil
	})
}

// Decline is Answer with DECLINED.
func (p Person) Decline(ctx context.Context, uid string, original time.Time) error {
	return p.Answer(ctx, uid, original, "DECLINED")
}

// Relocate changes the place.
func (p Person) Relocate(ctx context.Context, uid string, original time.Time, place string) error {
	return p.one(ctx, uid, original, func(_ zoning, e *component) error {
		e.setValue("LOCATION", quote(place))
		return nil
	})
}

// AddGuest invites one more address.
func (p Person) AddGuest(ctx context.Context, uid string, original time.Time, email string) error {
	return p.one(ctx, uid, original, func(_ zoning, e *component) error {
		e.lines = append(e.lines, guest(email))
		if e.get("ORGANIZER") == nil {
			e.setValue("ORGANIZER", "mailto:"+p.Email)
		}
		return nil
	})
}

// SetFree shows the time as free.
func (p Person) SetFree(ctx context.Context, uid string, original time.Time) error {
	return p.one(ctx, uid, original, func(_ zoning, e *component) error {
		e.setValue("TRANSP", "TRANSPARENT")
		return nil
	})
}

// RemoveLink drops the "Agenda:" line of the description, attachments and the URL; with a zero original from the
// master only.
func (p Person) RemoveLink(ctx context.Context, uid string, original time.Time) error {
	return p.edit(ctx, uid, func(z zoning) error {
		e, err := z.pick(original)
		if err != nil {
			return err
		}
		e.del("ATTACH", "URL")
		if d := e.get("DESCRIPTION"); d != nil {
			kept := slices.DeleteFunc(strings.Split(unescape(d.value), "\n"), func(s string) bool { return strings.HasPrefix(s, "Agenda:") })
			d.value = quote(strings.Join(kept, "\n"))
		}
		p.touched(e)
		return nil
	})
}

// Retitle changes the title.
func (p Person) Retitle(ctx context.Context, uid string, original time.Time, title string) error {
	return p.one(ctx, uid, original, func(_ zoning, e *component) error {
		e.setValue("SUMMARY", quote(title))
		return nil
	})
}

// Duplicate copies the object with all its properties under a new UID, which it returns.
func (p Person) Duplicate(ctx context.Context, uid string) (string, error) {
	e, err := p.Event(ctx, uid)
	if err != nil {
		return "", err
	}
	cal, err := parse([]byte(e.Text))
	if err != nil {
		return "", err
	}
	next := newUID()
	for _, c := range cal.entries() {
		c.setValue("UID", next)
	}
	return next, p.create(ctx, next, cal)
}

// Delete removes the whole object.
func (p Person) Delete(ctx context.Context, uid string) error {
	e, err := p.Event(ctx, uid)
	if err != nil {
		return err
	}
	_, _, err = p.send(ctx, http.MethodDelete, e.Href, "", "If-Match", e.ETag)
	return err
}

// AddEvent books a single event and returns its UID. With guests the person is its organizer.
func (p Person) AddEvent(ctx context.Context, title string, start, end time.Time, guests ...string) (string, error) {
	return p.AddSeries(ctx, title, "", start, end, guests...)
}

// AddSeries books an event with an RRULE, in the zone of start, and returns its UID.
func (p Person) AddSeries(ctx context.Context, title, rule string, start, end time.Time, guests ...string) (string, error) {
	uid := newUID()
	e := &component{name: "VEVENT", lines: []*line{{name: "UID", value: uid}, {name: "DTSTAMP", value: p.stamp()}}}
	form := &line{value: stamp(start)}
	if zone := start.Location().String(); zone != "UTC" && zone != "Local" {
		form = &line{params: []param{{"TZID", zone}}, value: "20060102T150405"}
	}
	cal := &component{name: "VCALENDAR", kids: []*component{e}, lines: []*line{
		{name: "VERSION", value: "2.0"}, {name: "PRODID", value: "-//A person//Calendar app//EN"}}}
	z := zoning{cal, time.UTC}
	e.set(z.like(form, "DTSTART", start))
	e.set(z.like(form, "DTEND", end))
	e.setValue("SUMMARY", quote(title))
	if rule != "" {
		e.setValue("RRULE", rule)
	}
	if len(guests) > 0 {
		e.setValue("ORGANIZER", "mailto:"+p.Email)
		me := guest(p.Email)
		me.setParam("PARTSTAT", "ACCEPTED")
		e.lines = append(e.lines, me)
	}
	for _, g := range guests {
		e.lines = append(e.lines, guest(g))
	}
	return uid, p.create(ctx, uid, cal)
}

func guest(email string) *line {
	return &line{name: "ATTENDEE", params: []param{{"PARTSTAT", "NEEDS-ACTION"}, {"RSVP", "TRUE"}}, value: "mailto:" + email}
}

// one edits one occurrence, or with a zero original every component, and notes that it was edited.
func (p Person) one(ctx context.Context, uid string, original time.Time, change func(zoning, *component) error) error {
	return p.quietly(ctx, uid, original, func(z zoning, e *component) error {
		p.touched(e)
		return change(z, e)
	})
}

func (p Person) quietly(ctx context.Context, uid string, original time.Time, change func(zoning, *component) error) error {
	return p.edit(ctx, uid, func(z zoning) error {
		if original.IsZero() {
			for _, e := range z.cal.entries() {
				if err := change(z, e); err != nil {
					return err
				}
			}
			return nil
		}
		e, err := z.pick(original)
		if err != nil {
			return err
		}
		return change(z, e)
	})
}

// pick is the component to edit for one occurrence: its override, made now if there is none; the master for a zero
// original and for an event that does not recur.
func (z zoning) pick(original time.Time) (*component, error) {
	if e := z.find(original); e != nil {
		return e, nil
	}
	if master := z.find(time.Time{}); master != nil && master.get("RRULE") == nil && master.get("RDATE") == nil {
		return master, nil
	}
	e := z.occurrence(original)
	if e == nil {
		return nil, fmt.Errorf("no occurrence at %s", original.Format(time.RFC3339))
	}
	z.cal.kids = append(z.cal.kids, e)
	return e, nil
}

// dropOverrides removes those whose original start is among which.
func (z zoning) dropOverrides(which func(time.Time) bool) {
	z.cal.kids = slices.DeleteFunc(z.cal.kids, func(k *component) bool { return k.get("RECURRENCE-ID") != nil && which(z.key(k)) })
}

// keepExcluded removes the excluded starts that are not among which.
func (z zoning) keepExcluded(master *component, which func(time.Time) bool) {
	all := z.list(master, "EXDATE")
	master.del("EXDATE")
	for _, t := range all {
		if which(t) {
			master.lines = append(master.lines, z.like(master.get("DTSTART"), "EXDATE", t))
		}
	}
}

// shift moves times as the wall clock of loc moved from one to the other.
func shift(loc *time.Location, from, to time.Time) func(time.Time) time.Time {
	wall := func(t time.Time) time.Time {
		t = t.In(loc)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	by := wall(to).Sub(wall(from))
	return func(t time.Time) time.Time {
		w := wall(t).Add(by)
		return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, loc)
	}
}

// turned is a rule whose BYDAY follows a start that moved to another weekday.
func turned(rule string, from, to time.Time) string {
	days := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	by := (int(to.Weekday()) - int(from.Weekday()) + 7) % 7
	parts := strings.Split(rule, ";")
	for i, part := range parts {
		list, ok := strings.CutPrefix(part, "BYDAY=")
		if !ok {
			continue
		}
		names := strings.Split(list, ",")
		for j, n := range names {
			if at := slices.Index(days, n); at >= 0 {
				names[j] = days[(at+by)%7]
			}
		}
		parts[i] = "BYDAY=" + strings.Join(names, ",")
	}
	return strings.Join(parts, ";")
}

// withoutParts is a rule without the parts of those names.
func withoutParts(rule string, names ...string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(rule, ";"), func(p string) bool {
		name, _, _ := strings.Cut(p, "=")
		return slices.Contains(names, name)
	}), ";")
}
