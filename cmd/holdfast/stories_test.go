package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/cli"
	"holdfast/internal/clock"
	"holdfast/internal/series"
)

func TestMain(m *testing.M) {
	// Most wait for servers and for daemons, not for the processor: -parallel is not about how many of these there are.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"holdfast": main, "browser": browser})
}

// TestStories tells each text of testdata/stories on every calendar server there is: what people do, what Holdfast
// makes of it. The pair is mia/raj, Tue 10:00 Europe/Berlin, as testdata/stories/roster.yaml has it; in the roster and
// on the server they go by the names of the accounts that play them, so that stories can be told side by side. Weeks
// are counted from the present one: week+1 is the next, in which the series begins.
//
//	sync [NAME=NUMBER...]       one round without an error; held=1 for something held
//	plan [NAME=NUMBER...]       what a round would do: changes, held, mails; these where the server delivers, else none
//	rebook WEEK DAY TIME [NAME=NUMBER...] | refused    the admin has the meeting of that week made up for
//	quiet                       a further round changes nothing, mails nobody and leaves every calendar as it is
//	person WHO VERB ARGS...     see people_test.go; in these, a second time without a week is in the week before it
//	flag KIND [on WEEK [DAY]] [by WHO] [from X] [to Y] [+ KIND...]    exactly these flags are open
//	noflag                      no flag is open
//	outcome WEEK RESULT [by WHO]
//	calendar WHO WEEK none | DAY TIME [DURATION] [+ DAY TIME...]      all that the calendar has in that week
//	place, link WHO WEEK VALUE  of that week's meeting; link reads all places of it
//	status STATE [SLOT]
//	replace FILE OLD NEW        edits a file
//	delegation off | on         Google's admin takes from Holdfast, and gives it, the right to act for people
//	[silent]                    whether Holdfast can write without the other being told
//	[google]                    whether it is Google's calendar
//	[blind]                     whether it hides from Holdfast what people set to free
//	[keeps]                     whether copies keep changed meetings that their series has lost
func TestStories(t *testing.T) {
	t.Parallel()
	for _, target := range targets(t) {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir: "testdata/stories",
				Setup: func(env *testscript.Env) error {
					s, err := target.story(env)
					if err == nil {
						s.quietly, s.process = target.silent && target.name != "google", target.real
					}
					env.Values[storyKey{}] = s
					return err
				},
				Condition: func(cond string) (bool, error) {
					known := map[string]bool{"silent": target.silent, "blind": target.blind, "keeps": target.keeps, "google": target.name == "google"}
					is, ok := known[cond]
					if !ok {
						return false, fmt.Errorf("unknown condition %q", cond)
					}
					return is, nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"sync": command((*story).sync), "plan": command((*story).plan), "quiet": command((*story).quiet),
					"rebook": command((*story).rebook), "person": command((*story).act), "flag": command((*story).flag), "noflag": command((*story).flag),
					"outcome": command((*story).outcome), "calendar": command((*story).calendar), "place": command((*story).place),
					"link": command((*story).link), "status": command((*story).status), "replace": command((*story).replace),
					"delegation": command((*story).delegation),
				},
			})
		})
	}
}

type storyKey struct{}

// story is one text being told on one server.
type story struct {
	*testscript.TestScript
	world
	people map[string]account // by the names of the texts
	pair   string             // mia/raj, by the accounts that play them
	monday series.Date        // of the present week
	// quietly: it is Holdfast that delivers.
	quietly bool
	process bool // each command is a process of its own
}

func command(do func(*story, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := ts.Value(storyKey{}).(*story)
		s.TestScript = ts
		if neg {
			ts.Fatalf("no ! here")
		}
		ts.Check(do(s, args))
	}
}

// The pair's slot.
const (
	zone    = "Europe/Berlin"
	slotDay = time.Tuesday
	slotAt  = series.TimeOfDay(10 * 60)
)

// run runs holdfast and decodes its JSON; wantCode is the exit code it has to have.
func (s *story) run(into any, wantCode int, args ...string) error {
	code, out, err := s.holdfast(append(args, "--output", "json"))
	if err != nil {
		return err
	}
	if code != wantCode {
		return fmt.Errorf("holdfast %s: exit code %d, want %d", args[0], code, wantCode)
	}
	return json.Unmarshal([]byte(out), into)
}

// holdfast runs it: as a process or, where the story is told on a server in memory, within the test's, for starting one
// costs more than what most commands do.
func (s *story) holdfast(args []string) (code int, out string, err error) {
	if s.process {
		exit := (*exec.ExitError)(nil)
		if err = s.Exec("holdfast", args...); errors.As(err, &exit) {
			code, err = exit.ExitCode(), nil
		}
		return code, s.ReadFile("stdout"), err
	}
	var text strings.Builder
	code = cli.Run(s.ctx(), append(args, "--config", s.MkAbs("holdfast.yaml")), cli.IO{
		In: strings.NewReader(""), Out: io.MultiWriter(&text, s.Stdout()), Err: s.Stderr(), Clock: clock.System})
	return code, text.String(), nil
}

type counts struct {
	Applied, Held, Mails int
	FlagsOpened          int `json:"flags_opened"`
	FlagsClosed          int `json:"flags_closed"`
	Errors               []any
}

// expect runs a command that answers counts and compares those that args name.
func (s *story) expect(name string, args []string, run func(wantCode int) (map[string]int, error)) error {
	want := map[string]int{"held": 0}
	for _, a := range args {
		k, v, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%s: %q is not NAME=NUMBER", name, a)
		}
		want[k] = n
	}
	code := 0
	if want["held"] > 0 {
		code = 3
	}
	got, err := run(code)
	if err != nil {
		return err
	}
	if s.quietly {
		want["mails"] = 0 // Holdfast itself delivers: nothing is mailed
	}
	for k, n := range want {
		if have, ok := got[k]; !ok || have != n {
			return fmt.Errorf("%s: %s=%d, want %d", name, k, have, n)
		}
	}
	return nil
}

func (s *story) sync(args []string) error { return s.round(args, "sync") }

// rebook has the meeting of a week made up for.
func (s *story) rebook(args []string) error {
	day, _, _, err := s.when(args[:min(1, len(args))])
	if err != nil || len(args) < 3 {
		return fmt.Errorf("rebook WEEK DAY TIME, not %q: %w", args, err)
	}
	command := []string{"rebook", s.pair, "--occurrence", day.String(), "--to", args[1] + " " + args[2]}
	if !slices.Contains(args, "refused") {
		return s.round(args[3:], command...)
	}
	var c counts
	if err := s.run(&c, 1, command...); err != nil {
		return err
	}
	if c.Applied != 0 || len(c.Errors) != 1 {
		return fmt.Errorf("rebook: %+v", c)
	}
	return nil
}

// round is expect of a command that makes a round.
func (s *story) round(args []string, command ...string) error {
	return s.expect(command[0], args, func(code int) (map[string]int, error) {
		var c counts
		sent := 0
		if s.sent != nil {
			sent = s.sent()
		}
		err := s.run(&c, code, command...)
		if err == nil && len(c.Errors) > 0 {
			err = fmt.Errorf("%s: %v", command[0], c.Errors)
		}
		if err == nil && s.sent != nil && s.sent()-sent != c.Mails {
			err = fmt.Errorf("%s: the server sent %d mails, Holdfast tells of %d", command[0], s.sent()-sent, c.Mails)
		}
		return map[string]int{"applied": c.Applied, "held": c.Held, "mails": c.Mails, "opened": c.FlagsOpened, "closed": c.FlagsClosed}, err
	})
}

type plan struct {
	Changes, Held []struct {
		Action string
		Why    []string
	}
	Mails int
}

func (s *story) plan(args []string) error {
	return s.expect("plan", args, func(code int) (map[string]int, error) {
		var p plan
		err := s.run(&p, code, "plan")
		return map[string]int{"changes": len(p.Changes), "held": len(p.Held), "mails": p.Mails}, err
	})
}

func (s *story) quiet([]string) error {
	var p plan
	code, out, err := s.holdfast([]string{"plan", "--output", "json"})
	if err == nil && code != 0 && code != 3 {
		err = fmt.Errorf("holdfast plan: exit code %d", code)
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &p)
	}
	if err != nil {
		return err
	}
	if len(p.Changes) > 0 || p.Mails > 0 {
		return fmt.Errorf("a further plan has %d changes and %d mails", len(p.Changes), p.Mails)
	}
	before, err := s.texts()
	if err != nil {
		return err
	}
	var c counts
	if err := s.run(&c, 3*min(1, len(p.Held)), "sync"); err != nil {
		return err
	}
	after, err := s.texts()
	if err != nil {
		return err
	}
	if c.Applied > 0 || c.Mails > 0 {
		return fmt.Errorf("a further round applied %d changes and sent %d mails", c.Applied, c.Mails)
	}
	for href, text := range after {
		if before[href] != text {
			return fmt.Errorf("a further round wrote %s:\n%s", href, cmp.Diff(lines(before[href]), lines(text)))
		}
	}
	return nil
}

func lines(text string) []string { return strings.Split(strings.ReplaceAll(text, "\r", ""), "\n") }

// when reads WEEK [DAY [TIME]] and returns the words left over. WEEK alone is the booked day and time in that week.
func (s *story) when(args []string) (day series.Date, at series.TimeOfDay, rest []string, err error) {
	if len(args) == 0 || !strings.HasPrefix(args[0], "week+") {
		return day, at, args, fmt.Errorf("want a week like week+2, not %q", args)
	}
	n, err := strconv.Atoi(args[0][len("week+"):])
	if err != nil {
		return day, at, args, err
	}
	return s.dayIn(s.monday.AddDays(7*n), args[1:])
}

// dayIn reads [DAY [TIME]] in the week of monday.
func (s *story) dayIn(monday series.Date, args []string) (day series.Date, at series.TimeOfDay, rest []string, err error) {
	weekday, at := slotDay, slotAt
	if len(args) > 0 {
		if d, err := series.ParseWeekday(args[0]); err == nil {
			weekday, args = d, args[1:]
			if len(args) > 0 && strings.Contains(args[0], ":") {
				if at, err = series.ParseTimeOfDay(args[0]); err != nil {
					return day, at, args, err
				}
				args = args[1:]
			}
		}
	}
	return monday.AddDays((int(weekday) + 6) % 7), at, args, nil
}

type flagRow struct{ Pair, Kind, Occurrence, From, To, By, State string }

func (f flagRow) String() string {
	out := f.Kind
	for _, x := range [][2]string{{"on", f.Occurrence}, {"by", f.By}, {"from", f.From}, {"to", f.To}} {
		if x[1] != "" {
			out += fmt.Sprintf(" %s %s", x[0], x[1])
		}
	}
	return out
}

// flag compares the open flags with those that args tell; nothing told of from, to and by is not compared.
func (s *story) flag(args []string) error {
	var want, got []flagRow
	for len(args) > 0 {
		f := flagRow{Kind: args[0]}
		args = args[1:]
		for len(args) > 0 && args[0] != "+" {
			key, value := args[0], args[1:]
			var err error
			switch {
			case key == "on":
				var day series.Date
				day, _, args, err = s.when(value)
				f.Occurrence = day.String()
			case key == "by":
				f.By, args = value[0], value[1:]
			case (key == "from" || key == "to") && len(value) > 0:
				text := value[0]
				if args = value[1:]; strings.HasPrefix(text, "week+") {
					var day series.Date
					var at series.TimeOfDay
					day, at, args, err = s.when(value)
					text = series.Instant(day, at, zone).Format(time.RFC3339)
				}
				if key == "from" {
					f.From = text
				} else {
					f.To = text
				}
			default:
				err = fmt.Errorf("flag: %q", key)
			}
			if err != nil {
				return err
			}
		}
		want = append(want, f)
		args = args[min(1, len(args)):]
	}
	if err := s.run(&got, 0, "flags"); err != nil {
		return err
	}
	matches := func(w, g flagRow) bool {
		return w.Kind == g.Kind && w.Occurrence == g.Occurrence && g.Pair == s.pair && (w.By == "" || w.By == g.By) &&
			(w.From == "" || w.From == g.From) && (w.To == "" || w.To == g.To)
	}
	left := slices.Clone(got)
	for _, w := range want {
		i := slices.IndexFunc(left, func(g flagRow) bool { return matches(w, g) })
		if i < 0 {
			return fmt.Errorf("no flag %v; open: %v", w, got)
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return fmt.Errorf("also open: %v", left)
	}
	return nil
}

// outcome compares what the record says of a week. Coming weeks of which it says nothing are as booked.
func (s *story) outcome(args []string) error {
	day, _, rest, err := s.when(args)
	if err != nil || len(rest) == 0 {
		return fmt.Errorf("outcome WEEK RESULT: %w", err)
	}
	var rows []struct{ Occurrence, Outcome, By string }
	if err := s.run(&rows, 0, "history", s.pair); err != nil {
		return err
	}
	got, by := "kept", ""
	for _, r := range rows {
		if r.Occurrence == day.String() {
			got, by = r.Outcome, r.By
		}
	}
	if got != rest[0] || len(rest) == 3 && rest[2] != by {
		return fmt.Errorf("outcome of %s is %s by %q", day, got, by)
	}
	return nil
}

func (s *story) status(args []string) error {
	var rows []struct{ Pair, State, Slot string }
	if err := s.run(&rows, 0, "status", s.pair); err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].State != args[0] || len(args) > 1 && rows[0].Slot != args[1] {
		return fmt.Errorf("status is %v", rows)
	}
	return nil
}

func (s *story) delegation(args []string) error {
	if s.delegate == nil || len(args) != 1 {
		return errors.New("delegation off | on, at Google")
	}
	if args[0] == "off" {
		s.delegate()
	} else {
		s.delegate(scope)
	}
	return nil
}

func (s *story) replace(args []string) error {
	if len(args) != 3 {
		return errors.New("replace FILE OLD NEW")
	}
	file := s.MkAbs(args[0])
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), args[1]) {
		return fmt.Errorf("%s has no %q", filepath.Base(file), args[1])
	}
	return os.WriteFile(file, []byte(strings.ReplaceAll(string(text), args[1], args[2])), 0o600)
}

func (s *story) account(args []string) (account, error) {
	if len(args) > 1 {
		if a, ok := s.people[args[0]]; ok {
			return a, nil
		}
	}
	return nil, fmt.Errorf("want a person and more, not %q", args)
}

// texts are all events of the people's calendars by name.
func (s *story) texts() (map[string]string, error) {
	out := map[string]string{}
	for _, a := range s.people {
		texts, err := a.texts()
		if err != nil {
			return nil, err
		}
		maps.Copy(out, texts)
	}
	return out, nil
}
