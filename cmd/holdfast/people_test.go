package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/teambition/rrule-go"
	"holdfast/internal/clock"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// roles are the people of the roster, in the order in which a team of accounts plays them.
var roles = []string{"mia", "raj", "lee"}

// target is a calendar server with people who have a certain client.
type target struct {
	name      string
	schedules bool
	service   bool   // Holdfast has the service account svc, else each person's own
	blind     bool   // the service account is not shown what people set to free
	client    string // script of the people's client; "" for caldavtest.Person
	server    func(*testscript.Env) (server, error)
}

// server is what one story needs of a calendar server.
type server struct {
	base     string
	calendar string // URL with {user}
	service  string // the same calendar's URL for the service account
	team     []string
}

// account is a person with a login and a calendar app.
type account struct {
	caldavtest.Person
	client string
}

// targets are the server in memory, scheduling and not, and the real ones that the environment names
// (HOLDFAST_TEST_RADICALE and HOLDFAST_TEST_CYRUS, files of KEY=VALUE lines), each with each client.
func targets(t *testing.T) []target {
	var out []target
	for _, scheduling := range []bool{true, false} {
		name := map[bool]string{true: "scheduling", false: "plain"}[scheduling]
		out = append(out, target{name: name, schedules: scheduling, service: !scheduling, server: inMemory(scheduling)})
	}
	clients := os.Getenv("HOLDFAST_TEST_CLIENTS")
	if clients == "" {
		clients = filepath.Join("..", "..", ".ci", "clients")
	}
	clients, err := filepath.Abs(clients)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"radicale", "cyrus"} {
		variable := "HOLDFAST_TEST_" + strings.ToUpper(name)
		path := os.Getenv(variable)
		if path == "" {
			if os.Getenv("HOLDFAST_TEST_REQUIRE") != "" {
				t.Errorf("%s names no server", variable)
			}
			continue
		}
		open, err := real(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range []string{"evolution", "caldav"} {
			out = append(out, target{name: name + "-" + client, schedules: name == "cyrus", service: name == "radicale",
				client: filepath.Join(clients, client+".py"), server: open})
		}
		if name == "cyrus" {
			out = append(out, target{name: name + "-service", schedules: true, service: true, blind: true,
				client: filepath.Join(clients, "caldav.py"), server: open})
		}
	}
	return out
}

// inMemory is a new caldavtest server for each story.
func inMemory(scheduling bool) func(*testscript.Env) (server, error) {
	return func(env *testscript.Env) (server, error) {
		o := caldavtest.Options{Scheduling: scheduling, Users: []caldavtest.User{{Name: "svc", Password: "svc-pw", Service: true}}}
		for _, name := range roles {
			o.Users = append(o.Users, caldavtest.User{Name: name, Password: name + "-pw", Email: name + "@example.test", Zone: zone})
		}
		h := httptest.NewServer(caldavtest.New(o))
		env.Defer(h.Close)
		calendar := h.URL + "/calendars/{user}/default/"
		return server{h.URL + "/", calendar, calendar, roles}, nil
	}
}

// real is the running server that the file describes. Its teams of accounts take turns.
func real(path string) (func(*testscript.Env) (server, error), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	keys := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		k, v, _ := strings.Cut(lines.Text(), "=")
		keys[k] = v
	}
	teams := make(chan []string, 8)
	for _, team := range strings.Fields(keys["STORY_TEAMS"]) {
		teams <- strings.Split(team, ",")
	}
	if len(teams) == 0 || keys["BASE_URL"] == "" {
		return nil, fmt.Errorf("%s names no STORY_TEAMS or no BASE_URL", path)
	}
	return func(env *testscript.Env) (server, error) {
		team := <-teams
		env.Defer(func() { teams <- team })
		return server{keys["BASE_URL"], keys["DEFAULT_CALENDAR"], keys["SERVICE_CALENDAR"], team}, nil
	}, nil
}

// open prepares a story: empty calendars, and the files that a story has not brought itself.
func (t target) open(env *testscript.Env) (*story, error) {
	srv, err := t.server(env)
	if err != nil {
		return nil, err
	}
	now, _ := series.WallClock(clock.System(), zone)
	s := &story{people: map[string]account{}, monday: now.Monday()}
	values := map[string]string{"ORG": "story-" + strconv.FormatInt(clock.System().UnixNano(), 36), "URL": srv.base,
		"LOGIN": "{person.id}", "CALENDAR": ""}
	for n := range 4 {
		values[fmt.Sprintf("WEEK%d", n)] = s.monday.AddDays(7 * n).String()
	}
	base, err := url.Parse(srv.base)
	if err != nil {
		return nil, err
	}
	if t.service {
		values["LOGIN"] = "svc"
		values["CALENDAR"] = fmt.Sprintf(`, calendar: %q, headers: {Schedule-Address: "mailto:{person.email}"}`,
			strings.ReplaceAll(srv.service, "{user}", "{person.id}"))
	}
	calendar := strings.TrimPrefix(srv.calendar, base.Scheme+"://"+base.Host)
	for i, role := range roles {
		login := srv.team[i]
		a := account{client: t.client, Person: caldavtest.Person{Base: base.Scheme + "://" + base.Host, User: login, Password: login + "-pw",
			Email: login + "@example.test", Calendar: strings.ReplaceAll(calendar, "{user}", login), HTTP: &http.Client{Timeout: time.Minute}}}
		s.people[role], values[strings.ToUpper(role)] = a, login
		if err := secret(filepath.Join(env.WorkDir, "secrets"), login); err != nil {
			return nil, err
		}
	}
	if err := secret(filepath.Join(env.WorkDir, "secrets"), "svc"); err != nil {
		return nil, err
	}
	s.pair = values["MIA"] + "/" + values["RAJ"]
	env.Setenv("PAIR", s.pair)
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command of a -race build lingers for a second
	for _, name := range []string{"holdfast.yaml", "roster.yaml"} {
		text, err := os.ReadFile(filepath.Join(env.WorkDir, name))
		if errors.Is(err, os.ErrNotExist) {
			text, err = os.ReadFile(filepath.Join("testdata", "stories", name))
		}
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(os.Expand(string(text), func(k string) string { return values[k] })), 0o600); err != nil {
			return nil, err
		}
	}
	return s, s.wipe()
}

func secret(dir, user string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, user), []byte(user+"-pw\n"), 0o600)
}

func (s *story) ctx() context.Context { return context.Background() }

// wipe empties all calendars, without a word to the others; a scheduling server may still leave a cancelled copy with
// one whose turn is over, so it goes round.
func (s *story) wipe() error {
	for range 3 {
		left := 0
		for _, a := range s.people {
			entries, err := a.Events(s.ctx())
			if err != nil {
				return err
			}
			for _, e := range entries {
				left++
				r, err := http.NewRequest(http.MethodDelete, a.Base+e.Href, nil)
				if err != nil {
					return err
				}
				r.SetBasicAuth(a.User, a.Password)
				r.Header.Set("Schedule-Reply", "F") // RFC 6638 section 8.1
				resp, err := a.HTTP.Do(r)
				if err != nil {
					return err
				}
				resp.Body.Close()
			}
		}
		if left == 0 {
			return nil
		}
	}
	return errors.New("the calendars do not get empty")
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
