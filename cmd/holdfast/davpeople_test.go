package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"

	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// davAccount is a person with a login at a CalDAV server and a calendar app.
type davAccount struct {
	caldavtest.Person
	client string // script of a real client; "" for caldavtest.Person
}

func (a davAccount) email() string { return a.Email }

func (a davAccount) meetings(monday series.Date) ([]meeting, error) {
	from, to := series.Instant(monday, 0, zone), series.Instant(monday.AddDays(7), 0, zone)
	entries, err := a.Events(context.Background())
	if err != nil {
		return nil, err
	}
	var out []meeting
	add := func(e caldavtest.Entry, text string) error {
		if e.Cancelled || e.Start.Before(from) || !e.Start.Before(to) {
			return nil
		}
		links, err := linksOf(text, e.Original)
		out = append(out, meeting{e.Start, e.End, e.Place, links})
		return err
	}
	for _, e := range entries {
		starts := []time.Time{e.Start}
		if e.Rule != "" {
			o, err := rrule.StrToROptionInLocation(e.Rule, e.Start.Location())
			if err != nil {
				return nil, err
			}
			o.Dtstart = e.Start
			r, err := rrule.NewRRule(*o)
			if err != nil {
				return nil, err
			}
			starts = r.Between(from, to, true)
		}
		for _, o := range e.Overrides {
			o.Cancelled = o.Cancelled || e.Cancelled
			if err := add(o, e.Text); err != nil {
				return nil, err
			}
			starts = slices.DeleteFunc(starts, o.Original.Equal)
		}
		for _, t := range starts {
			one := e
			one.Start, one.End = t, t.Add(e.End.Sub(e.Start))
			if slices.ContainsFunc(e.Excluded, t.Equal) {
				continue
			}
			if err := add(one, e.Text); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// linksOf are the links of the event in the object, or of its override of the occurrence at original: those of the agenda
// line, ATTACH and URL, "" where one of them is missing.
func linksOf(text string, original time.Time) ([]string, error) {
	cal, err := ical.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		return nil, err
	}
	for _, e := range cal.Events() {
		id := time.Time{}
		if p := e.Props.Get(ical.PropRecurrenceID); p != nil {
			if id, err = p.DateTime(time.UTC); err != nil {
				return nil, err
			}
		}
		if !id.Equal(original) {
			continue
		}
		link := ""
		if d := e.Props.Get(ical.PropDescription); d != nil {
			link = agenda(d.Value)
		}
		out := []string{link}
		for _, name := range []string{ical.PropAttach, ical.PropURL} {
			var all []string
			for _, p := range e.Props.Values(name) {
				all = append(all, p.Value)
			}
			out = append(out, strings.Join(all, " "))
		}
		return out, nil
	}
	return nil, nil
}

func (a davAccount) series() (booking, error) {
	entries, err := a.Events(context.Background())
	if err != nil {
		return booking{}, err
	}
	entries = slices.DeleteFunc(entries, func(e caldavtest.Entry) bool { return !strings.HasPrefix(e.UID, "holdfast-") })
	if len(entries) == 0 {
		return booking{}, fmt.Errorf("%s has no series", a.User)
	}
	last := entries[len(entries)-1]
	return booking{last.UID, last.Start}, nil
}

func (a davAccount) texts() (map[string]string, error) {
	entries, err := a.Events(context.Background())
	out := map[string]string{}
	for _, e := range entries {
		out[e.Href] = e.Text
	}
	return out, err
}

func (a davAccount) add(ctx context.Context, weekly bool, title string, start, end time.Time, guests []string) error {
	if weekly {
		_, err := a.AddSeries(ctx, title, "FREQ=WEEKLY", start, end, guests...)
		return err
	}
	if a.client == "" {
		_, err := a.AddEvent(ctx, title, start, end, guests...)
		return err
	}
	uid := "event-" + strconv.FormatInt(clock.System().UnixNano(), 36)
	return a.script(ctx, "addevent", uid, append([]string{start.Format(wall), zone, minutes(end.Sub(start)), title}, guests...)...)
}

// wall is how the clients are told times, on the clock of the event.
const wall = "2006-01-02T15:04"

func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }

func (a davAccount) do(ctx context.Context, x edit) error {
	if a.client == "" {
		return byHand(ctx, a, x)
	}
	which, to := x.original.In(x.zone).Format(wall), x.to.In(x.zone).Format(wall)
	if x.all {
		which = "all"
	}
	switch x.verb {
	case "move", "moveall", "split":
		return a.script(ctx, x.verb, x.id, which, to)
	case "cancel", "putback", "decline", "unlink", "setfree", "endseries":
		return a.script(ctx, x.verb, x.id, which)
	case "shorten":
		return a.script(ctx, x.verb, x.id, which, minutes(x.length))
	case "relocate", "addguest":
		return a.script(ctx, x.verb, x.id, which, x.value)
	case "duplicate":
		return a.script(ctx, x.verb, x.id, "copy-of-"+x.id)
	case "delete":
		return a.script(ctx, x.verb, x.id)
	}
	return fmt.Errorf("nobody can %s", x.verb)
}

// script runs the person's real client.
func (a davAccount) script(ctx context.Context, op, uid string, args ...string) error {
	out, err := exec.CommandContext(ctx, a.client, append([]string{op, a.Base + a.Calendar, a.User, a.Password, uid}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(a.client), op, err, out)
	}
	return nil
}
