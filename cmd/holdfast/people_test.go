package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
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

// account is a person with a login and a calendar app.
type account struct {
	caldavtest.Person
	client string
}

// meeting is one meeting on a person's calendar.
type meeting struct {
	caldavtest.Entry
	links []string
}

// meetings are all that the calendar has in the week of monday, by start, told by somebody else's code than Holdfast's.
func (a account) meetings(monday series.Date) ([]meeting, error) {
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
		out = append(out, meeting{e, links})
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
	slices.SortFunc(out, func(a, b meeting) int { return a.Start.Compare(b.Start) })
	return out, nil
}

// linksOf are the links of the event in the object, or of its override of the occurrence at original: those of the agenda
// line, ATTACH and URL.
func linksOf(text string, original time.Time) ([]string, error) {
	cal, err := ical.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		return nil, err
	}
	var out []string
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
		if d := e.Props.Get(ical.PropDescription); d != nil {
			if _, after, ok := strings.Cut(d.Value, "Agenda: "); ok {
				out = append(out, urls.FindString(after))
			}
		}
		for _, name := range []string{ical.PropAttach, ical.PropURL} {
			for _, p := range e.Props.Values(name) {
				out = append(out, p.Value)
			}
		}
	}
	return out, nil
}

// calendar compares all that a person's calendar has in a week: "Tue 10:00 1h0m0s".
func (s *story) calendar(args []string) error {
	who, err := s.account(args)
	if err != nil {
		return err
	}
	day, _, rest, err := s.when(args[1:2])
	if err != nil {
		return err
	}
	var want []string
	for _, words := range strings.Split(strings.Join(append(rest, args[2:]...), " "), " + ") {
		if words == "none" {
			continue
		}
		if _, length, ok := strings.Cut(words, ":"); !ok || !strings.Contains(length, " ") {
			words += " 1h0m0s"
		}
		want = append(want, words)
	}
	meetings, err := who.meetings(s.monday.AddDays(day.Monday().DaysSince(s.monday)))
	if err != nil {
		return err
	}
	got := []string{}
	for _, m := range meetings {
		d, at := series.WallClock(m.Start, zone)
		got = append(got, fmt.Sprintf("%s %s %s", series.ShortDay(d.Weekday()), at, m.End.Sub(m.Start)))
	}
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		return fmt.Errorf("%s has %q in the week of %s, want %q", args[0], got, day.Monday(), want)
	}
	return nil
}

var urls = regexp.MustCompile(`https?://[^\s\\]+`)

// meeting is the only meeting of a person's calendar in a week.
func (s *story) meeting(args []string) (meeting, error) {
	who, err := s.account(args)
	if err != nil || len(args) != 3 {
		return meeting{}, fmt.Errorf("want WHO WEEK VALUE, not %q: %w", args, err)
	}
	day, _, _, err := s.when(args[1:2])
	if err != nil {
		return meeting{}, err
	}
	ms, err := who.meetings(day.Monday())
	if err == nil && len(ms) != 1 {
		err = fmt.Errorf("%s has %d meetings in the week of %s", args[0], len(ms), day.Monday())
	}
	if err != nil {
		return meeting{}, err
	}
	return ms[0], nil
}

func (s *story) place(args []string) error {
	m, err := s.meeting(args)
	if err == nil && m.Place != args[2] {
		err = fmt.Errorf("the place is %q", m.Place)
	}
	return err
}

func (s *story) link(args []string) error {
	m, err := s.meeting(args)
	if err != nil {
		return err
	}
	if want := []string{args[2], args[2], args[2]}; args[2] == "none" && len(m.links) > 0 || args[2] != "none" && !slices.Equal(m.links, want) {
		return fmt.Errorf("the links are %q", m.links)
	}
	return nil
}

// series is the person's event of the pair's latest series.
func (a account) series() (caldavtest.Entry, error) {
	entries, err := a.Events(context.Background())
	if err != nil {
		return caldavtest.Entry{}, err
	}
	entries = slices.DeleteFunc(entries, func(e caldavtest.Entry) bool { return !strings.HasPrefix(e.UID, "holdfast-") })
	if len(entries) == 0 {
		return caldavtest.Entry{}, fmt.Errorf("%s has no series", a.User)
	}
	return entries[len(entries)-1], nil
}

// act does what a person does:
//
//	move, moveall, split WEEK [WEEK] DAY TIME     the meeting of the first week; goes to the second, if not the same
//	cancel, putback, endseries WEEK               endseries: the last is the one before
//	shorten WEEK DURATION
//	decline, unlink WEEK|all
//	relocate WEEK|all PLACE
//	addguest PERSON
//	setfree, duplicate, delete
//	addevent WEEK DAY TIME DURATION TITLE [PERSON...]   a single event, with those people
func (s *story) act(args []string) error {
	who, err := s.account(args)
	if err != nil {
		return err
	}
	verb, rest := args[1], args[2:]
	if verb == "addevent" {
		return s.addEvent(who, rest)
	}
	e, err := who.series()
	if err != nil {
		return err
	}
	x := edit{verb: verb, uid: e.UID, zone: e.Start.Location(), all: true}
	if len(rest) > 0 && rest[0] == "all" {
		rest = rest[1:]
	} else if len(rest) > 0 && strings.HasPrefix(rest[0], "week+") {
		day, _, _, err := s.when(rest[:1])
		if err != nil {
			return err
		}
		first, at := series.WallClock(e.Start, x.zone.String())
		x.original, x.all = series.Instant(day.Monday().AddDays((int(first.Weekday())+6)%7), at, x.zone.String()), false
		rest = rest[1:]
		monday := day.Monday()
		if slices.Contains([]string{"move", "moveall", "split"}, verb) {
			if len(rest) == 3 {
				if day, _, _, err = s.when(rest[:1]); err != nil {
					return err
				}
				monday, rest = day.Monday(), rest[1:]
			}
			if len(rest) != 2 {
				return fmt.Errorf("%s WEEK [WEEK] DAY TIME", verb)
			}
			day, at, _, err := s.dayIn(monday, rest)
			if err != nil {
				return err
			}
			x.to, rest = series.Instant(day, at, zone), nil
		}
	}
	if len(rest) > 0 {
		x.value = rest[0]
	}
	switch verb {
	case "addguest":
		x.value = s.people[x.value].Email
	case "shorten":
		if x.length, err = time.ParseDuration(x.value); err != nil {
			return err
		}
	case "duplicate":
		x.value = "copy-of-" + e.UID
	}
	return who.do(s.ctx(), x)
}

func (s *story) addEvent(who account, args []string) error {
	day, at, rest, err := s.when(args)
	if err != nil {
		return err
	}
	if len(rest) < 2 {
		return errors.New("addevent WEEK DAY TIME DURATION TITLE [PERSON...]")
	}
	length, err := time.ParseDuration(rest[0])
	if err != nil {
		return err
	}
	var guests []string
	for _, p := range rest[2:] {
		guests = append(guests, s.people[p].Email)
	}
	start := series.Instant(day, at, zone)
	if who.client == "" {
		_, err = who.AddEvent(s.ctx(), rest[1], start, start.Add(length), guests...)
		return err
	}
	uid := "event-" + strconv.FormatInt(clock.System().UnixNano(), 36)
	return who.script(s.ctx(), "addevent", uid, append([]string{start.Format(wall), zone, minutes(length), rest[1]}, guests...)...)
}

// wall is how the clients are told times, on the clock of the event.
const wall = "2006-01-02T15:04"

func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }

// edit is one thing done to a series.
type edit struct {
	verb, uid string
	all       bool
	original  time.Time // of the occurrence, unless all
	zone      *time.Location
	to        time.Time
	length    time.Duration
	value     string
}

func (a account) do(ctx context.Context, x edit) error {
	if a.client == "" {
		return a.byHand(ctx, x)
	}
	which, to := x.original.In(x.zone).Format(wall), x.to.In(x.zone).Format(wall)
	if x.all {
		which = "all"
	}
	switch x.verb {
	case "move", "moveall", "split":
		return a.script(ctx, x.verb, x.uid, which, to)
	case "cancel", "putback", "decline", "unlink", "setfree", "endseries":
		return a.script(ctx, x.verb, x.uid, which)
	case "shorten":
		return a.script(ctx, x.verb, x.uid, which, minutes(x.length))
	case "relocate", "addguest":
		return a.script(ctx, x.verb, x.uid, which, x.value)
	case "duplicate":
		return a.script(ctx, x.verb, x.uid, x.value)
	case "delete":
		return a.script(ctx, x.verb, x.uid)
	}
	return fmt.Errorf("nobody can %s", x.verb)
}

// byHand is do with the calendar app of caldavtest.
func (a account) byHand(ctx context.Context, x edit) error {
	var err error
	switch x.verb {
	case "move":
		return a.Move(ctx, x.uid, x.original, x.to)
	case "moveall":
		return a.MoveAll(ctx, x.uid, x.original, x.to)
	case "split":
		_, err = a.SplitMove(ctx, x.uid, x.original, x.to)
	case "cancel":
		return a.Cancel(ctx, x.uid, x.original)
	case "putback":
		return a.PutBack(ctx, x.uid, x.original)
	case "decline":
		return a.Decline(ctx, x.uid, x.original)
	case "unlink":
		return a.RemoveLink(ctx, x.uid, x.original)
	case "setfree":
		return a.SetFree(ctx, x.uid, x.original)
	case "endseries":
		return a.EndBefore(ctx, x.uid, x.original)
	case "shorten":
		return a.Shorten(ctx, x.uid, x.original, x.length)
	case "relocate":
		return a.Relocate(ctx, x.uid, x.original, x.value)
	case "addguest":
		return a.AddGuest(ctx, x.uid, x.original, x.value)
	case "duplicate":
		_, err = a.Duplicate(ctx, x.uid)
	case "delete":
		return a.Delete(ctx, x.uid)
	default:
		err = fmt.Errorf("nobody can %s", x.verb)
	}
	return err
}

// script runs the person's real client.
func (a account) script(ctx context.Context, op, uid string, args ...string) error {
	out, err := exec.CommandContext(ctx, a.client, append([]string{op, a.Base + a.Calendar, a.User, a.Password, uid}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(a.client), op, err, out)
	}
	return nil
}
