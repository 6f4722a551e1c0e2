package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// account is a person with a calendar app.
type account interface {
	email() string
	// meetings are all that the calendar has in the week of monday, told by somebody else's code than Holdfast's.
	meetings(monday series.Date) ([]meeting, error)
	// series is the person's event of the pair's latest series.
	series() (booking, error)
	// texts are all events of the calendar, by their names on the server.
	texts() (map[string]string, error)
	add(ctx context.Context, weekly bool, title string, start, end time.Time, guests []string) error
	do(context.Context, edit) error
}

// app is a calendar app that does what it is told.
type app interface {
	Move(ctx context.Context, id string, original, start time.Time) error
	MoveAll(ctx context.Context, id string, original, start time.Time) error
	SplitMove(ctx context.Context, id string, original, start time.Time) (string, error)
	EndBefore(ctx context.Context, id string, original time.Time) error
	Shorten(ctx context.Context, id string, original time.Time, length time.Duration) error
	Cancel(ctx context.Context, id string, original time.Time) error
	PutBack(ctx context.Context, id string, original time.Time) error
	Decline(ctx context.Context, id string, original time.Time) error
	Relocate(ctx context.Context, id string, original time.Time, place string) error
	AddGuest(ctx context.Context, id string, original time.Time, address string) error
	SetFree(ctx context.Context, id string, original time.Time) error
	RemoveLink(ctx context.Context, id string, original time.Time) error
	Duplicate(ctx context.Context, id string) (string, error)
	Delete(ctx context.Context, id string) error
}

// meeting is one meeting on a person's calendar. It has a link for each place where the calendar keeps them, "" where
// there is none.
type meeting struct {
	start, end time.Time
	place      string
	links      []string
}

// booking is a series as a person sees it: what names it to their app, and when it first takes place, on its own clock.
type booking struct {
	id    string
	start time.Time
}

var urls = regexp.MustCompile(`https?://[^\s\\]+`)

// agenda is the link in a description.
func agenda(description string) string {
	_, after, _ := strings.Cut(description, "Agenda: ")
	return urls.FindString(after)
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
	slices.SortFunc(meetings, func(a, b meeting) int { return a.start.Compare(b.start) })
	got := []string{}
	for _, m := range meetings {
		d, at := series.WallClock(m.start, zone)
		got = append(got, fmt.Sprintf("%s %s %s", series.ShortDay(d.Weekday()), at, m.end.Sub(m.start)))
	}
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		return fmt.Errorf("%s has %q in the week of %s, want %q", args[0], got, day.Monday(), want)
	}
	return nil
}

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
	if err == nil && m.place != args[2] {
		err = fmt.Errorf("the place is %q", m.place)
	}
	return err
}

func (s *story) link(args []string) error {
	m, err := s.meeting(args)
	if err != nil {
		return err
	}
	want := args[2]
	if want == "none" {
		want = ""
	}
	for _, l := range m.links {
		if l != want {
			return fmt.Errorf("the links are %q", m.links)
		}
	}
	return nil
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
//	hideinvitations, acceptbymail   at Google: the calendar shows no invitation until it is answered; the manager's latest is accepted
//	outofoffice WEEK [declining]    at Google: all working days of that week; declining all that is in it
//	addevent, addseries WEEK DAY TIME DURATION TITLE [PERSON...]   a single event, or one every week, with those people
func (s *story) act(args []string) error {
	who, err := s.account(args)
	if err != nil {
		return err
	}
	verb, rest := args[1], args[2:]
	if verb == "addevent" || verb == "addseries" {
		return s.addEvent(who, verb == "addseries", rest)
	}
	if verb == "hideinvitations" {
		return who.do(s.ctx(), edit{verb: verb})
	}
	from := who
	if verb == "acceptbymail" {
		from = s.people["mia"] // who sent it
	}
	e, err := from.series()
	if err != nil {
		return err
	}
	x := edit{verb: verb, id: e.id, zone: e.start.Location(), all: true}
	if len(rest) > 0 && rest[0] == "all" {
		rest = rest[1:]
	} else if len(rest) > 0 && strings.HasPrefix(rest[0], "week+") {
		day, _, _, err := s.when(rest[:1])
		if err != nil {
			return err
		}
		first, at := series.WallClock(e.start, x.zone.String())
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
		x.value = s.people[x.value].email()
	case "shorten":
		if x.length, err = time.ParseDuration(x.value); err != nil {
			return err
		}
	}
	return who.do(s.ctx(), x)
}

func (s *story) addEvent(who account, weekly bool, args []string) error {
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
		guests = append(guests, s.people[p].email())
	}
	start := series.Instant(day, at, zone)
	return who.add(s.ctx(), weekly, rest[1], start, start.Add(length), guests)
}

// edit is one thing done to a series.
type edit struct {
	verb, id string
	all      bool
	original time.Time // of the occurrence, unless all
	zone     *time.Location
	to       time.Time
	length   time.Duration
	value    string
}

// byHand does it with the app.
func byHand(ctx context.Context, a app, x edit) error {
	var err error
	switch x.verb {
	case "move":
		return a.Move(ctx, x.id, x.original, x.to)
	case "moveall":
		return a.MoveAll(ctx, x.id, x.original, x.to)
	case "split":
		_, err = a.SplitMove(ctx, x.id, x.original, x.to)
	case "cancel":
		return a.Cancel(ctx, x.id, x.original)
	case "putback":
		return a.PutBack(ctx, x.id, x.original)
	case "decline":
		return a.Decline(ctx, x.id, x.original)
	case "unlink":
		return a.RemoveLink(ctx, x.id, x.original)
	case "setfree":
		return a.SetFree(ctx, x.id, x.original)
	case "endseries":
		return a.EndBefore(ctx, x.id, x.original)
	case "shorten":
		return a.Shorten(ctx, x.id, x.original, x.length)
	case "relocate":
		return a.Relocate(ctx, x.id, x.original, x.value)
	case "addguest":
		return a.AddGuest(ctx, x.id, x.original, x.value)
	case "duplicate":
		_, err = a.Duplicate(ctx, x.id)
	case "delete":
		return a.Delete(ctx, x.id)
	default:
		err = fmt.Errorf("nobody can %s", x.verb)
	}
	return err
}
