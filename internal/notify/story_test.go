package notify_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/series"
)

var update = flag.Bool("update", false, "rewrite what stories say that people are told")

// zone is the clock of stories; what people are told is on their own.
const zone = "Europe/Berlin"

// TestStories tells who hears what and when. A story has three sections.
//
//	-- people --
//	mia: Europe/Berlin, Mon-Fri 09:00-12:30 13:30-17:00, Sat 10:00-12:00, digest, prepare, leave 2026-12-21 2027-01-03
//	raj: Asia/Kolkata, any, holiday 2026-12-25, no channel
//	ops: Europe/Berlin, hears outage held, machine
//	-- story --
//	Mon 2026-12-07 09:00
//	  moved mia/raj 2026-12-08 10:00 -> 2026-12-10 15:00, in mia, mailed raj, by report, makeups 4
//	  cancelled mia/raj 2026-12-08 10:00 -> gone, closed
//	  series-moved mia/raj series 2026-12-08 10:00 -> 2026-12-09 10:00     the next meeting's times
//	  meeting mia/raj 2026-12-08 10:00, gone                               without gone: it takes place
//	  outage - office, says refused, owner mia                             and so held, test, first, ...
//	  lost mia/raj 2026-W40 kcce                                           kept, cancelled, excused, unknown
//	  baseline | crash | waiting
//	-- told --
//
// A line says how something stands from then on; told is everything that was sent, and what waiting lists.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story := txtar.Parse(src)
			if len(story.Files) != 3 || story.Files[0].Name != "people" || story.Files[1].Name != "story" {
				t.Fatal("want people, story, told")
			}
			w := &teller{world: newWorld()}
			w.sent = w.write
			if err := w.tell(string(story.Files[0].Data), string(story.Files[1].Data)); err != nil {
				t.Fatal(err)
			}
			story.Files[2].Data = []byte(w.out.String())
			got := txtar.Format(story)
			switch {
			case bytes.Equal(got, src):
			case *update:
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("(-want +got; -update rewrites):\n%s", gocmp.Diff(string(src), string(got)))
			}
		})
	}
}

type teller struct {
	*world
	out strings.Builder
}

func (w *teller) write(r notify.Reader, n notify.Notice, _ notify.Input) {
	kind := string(n.Kind)
	if n.Urgent {
		kind = "urgent"
	}
	crash := ""
	if w.crash {
		crash = " (and crashed)"
	}
	fmt.Fprintf(&w.out, "%s %s %s%s by %s\n", series.At(w.now, r.Person.Zone).Format("Mon 2006-01-02 15:04:05"),
		r.Person.ID, kind, crash, strings.Join(n.Channels, ", "))
	for _, i := range n.Items {
		m, f := i.Matter, i.Matter.Flag
		text := cmp.Or(string(f.Kind), string(m.Kind))
		if m.Kind == notify.Ask {
			text = "ask about " + text
		}
		if m.Pair != (series.Pair{}) {
			text += " " + m.Pair.String()
		}
		if !f.Occurrence.IsZero() {
			text += " " + f.Occurrence.String()
		}
		if !f.From.IsZero() || !f.To.IsZero() {
			text += ": " + strings.TrimSuffix(f.From.Words()+" -> "+f.To.Words(), " -> ")
		}
		if f.Detail != "" {
			text += "\n    with " + f.Detail
		}
		for _, s := range append([]string{m.Says}, f.Why...) {
			if s != "" && m.Kind != notify.LostWeeks {
				text += ", " + s
			}
		}
		if n := len(f.Makeups); n > 0 {
			text += fmt.Sprintf(", %d free times", n)
		}
		if len(m.In) > 0 && i.Event != notify.Closed {
			text += ", in " + strings.Join(m.In, " and ")
		}
		fmt.Fprintf(&w.out, "  %s %s\n", i.Event, text)
	}
	for _, m := range n.Meetings {
		fmt.Fprintf(&w.out, "  %s %s\n", m.Pair, series.At(m.Start, r.Person.Zone).Format("Mon 2 Jan 15:04"))
	}
	if n.Thread.Reply {
		of := "what opened there"
		if n.Thread.Pair != (series.Pair{}) {
			of = n.Thread.Pair.String() + " " + n.Thread.Week.String()
		}
		fmt.Fprintf(&w.out, "  in the thread of %s\n", of)
	}
}

func (w *teller) waiting() {
	for _, r := range w.readers {
		in := w.input(r)
		for _, x := range notify.Decide(in).Waiting {
			until := ""
			if !x.Until.IsZero() {
				until = series.At(x.Until, r.Person.Zone).Format(" until Mon 2006-01-02 15:04:05")
			}
			m := w.matters[x.Key]
			what := cmp.Or(string(m.Flag.Kind), string(m.Kind))
			fmt.Fprintf(&w.out, "%s waits for %s: %s%s\n", what, r.Person.ID, x.Because, until)
		}
	}
}

// tell plays the story.
func (w *teller) tell(people, story string) error {
	for line := range strings.Lines(people) {
		r, err := reader(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		w.readers = append(w.readers, r)
	}
	for line := range strings.Lines(story) {
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		if !strings.HasPrefix(line, " ") {
			t, err := moment(text)
			if err != nil {
				return err
			}
			if w.now.IsZero() {
				w.now = t
			}
			w.run(t)
			continue
		}
		if err := w.line(text); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	w.run(w.now.Add(1))
	return nil
}

func moment(text string) (time.Time, error) {
	f := strings.Fields(text)
	if len(f) != 3 {
		return time.Time{}, fmt.Errorf("%q is not a moment like Mon 2026-12-07 09:00", text)
	}
	d, err1 := series.ParseDate(f[1])
	clock, err2 := series.ParseTimeOfDay(f[2])
	err := cmp.Or(err1, err2)
	if err == nil && series.ShortDay(d.Weekday()) != f[0] {
		err = fmt.Errorf("%s is a %s", d, series.ShortDay(d.Weekday()))
	}
	return at(d, clock, zone), err
}

func reader(line string) (notify.Reader, error) {
	id, rest, _ := strings.Cut(line, ": ")
	parts := strings.Split(rest, ", ")
	r := notify.Reader{Person: series.Person{ID: id, Zone: parts[0]}, Channels: []string{"mail"}}
	for _, part := range parts[1:] {
		f := strings.Fields(part)
		switch f[0] {
		case "any":
		case "digest":
			r.Digest = true
		case "prepare":
			r.Prepare = true
		case "machine":
			r.Machine = true
		case "no":
			r.Channels = nil
		case "by":
			r.Channels = f[1:]
		case "hears":
			for _, k := range f[1:] {
				r.Hears = append(r.Hears, notify.Kinds(k)...)
			}
		case "operates":
			r.Hears = notify.Operational
		case "leave", "holiday":
			from, err := series.ParseDate(f[1])
			to, err2 := series.ParseDate(f[len(f)-1])
			if err := cmp.Or(err, err2); err != nil {
				return r, err
			}
			r.Person.Away = append(r.Person.Away, series.Away{From: from, To: to, Why: f[0]})
		default:
			if r.Person.Hours == nil {
				r.Person.Hours = make(series.Hours, 7)
			}
			if err := hours(r.Person.Hours, f); err != nil {
				return r, fmt.Errorf("%q: %w", part, err)
			}
		}
	}
	return r, nil
}

func hours(h series.Hours, f []string) error {
	first, last, several := strings.Cut(f[0], "-")
	if !several {
		last = first
	}
	from, err1 := series.ParseWeekday(first)
	to, err2 := series.ParseWeekday(last)
	if err := cmp.Or(err1, err2); err != nil {
		return err
	}
	for _, span := range f[1:] {
		a, b, _ := strings.Cut(span, "-")
		x, err1 := series.ParseTimeOfDay(a)
		y, err2 := series.ParseTimeOfDay(b)
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
		for d := from; ; d = (d + 1) % 7 {
			h[d] = append(h[d], series.Window{From: x, To: y})
			if d == to {
				break
			}
		}
	}
	return nil
}

func (w *teller) line(text string) error {
	parts := strings.Split(text, ", ")
	f := strings.Fields(parts[0])
	switch f[0] {
	case "baseline":
		for _, r := range w.readers {
			in := w.input(r)
			w.told[r.Person.ID] = append(w.told[r.Person.ID], notify.Baseline(r, in.Matters, w.now)...)
		}
		return nil
	case "crash":
		w.crash = true
		return nil
	case "waiting":
		w.send()
		w.waiting()
		return nil
	}
	pair, err := series.ParsePair(f[1])
	if err != nil && f[1] != "-" {
		return err
	}
	switch f[0] {
	case "lost":
		return w.lost(pair, f[2], f[3])
	case "meeting":
		day, start, err := dateAndTime(f[2:4])
		key := pair.String() + day.String()
		w.meetings[key] = notify.Meeting{Pair: pair, Occurrence: day, Start: start}
		if parts[len(parts)-1] == "gone" {
			delete(w.meetings, key)
		}
		return err
	}
	m := notify.Matter{Kind: notify.Kind(f[0]), Pair: pair, Changed: w.now}
	rest := f[2:]
	switch m.Kind {
	case notify.Ask, notify.Acted:
		m.Flag.Kind, rest = drift.Kind(f[2]), f[3:]
	case notify.Test, notify.Outage, notify.Held, notify.Brake, notify.Roster, notify.Unreached, notify.Failed,
		notify.FirstRound, notify.Round, notify.State:
		m.Key, rest = strings.Join(f, " "), nil
	default:
		m.Kind, m.Flag.Kind = notify.Difference, drift.Kind(f[0])
	}
	if err := times(&m, rest); err != nil {
		return err
	}
	m.Flag.Pair, m.Flag.By = pair, drift.ByUnknown
	if m.Key == "" {
		m.Key = m.Flag.ID()
	}
	if m.Kind == notify.Ask || m.Kind == notify.Acted {
		m.Key = string(m.Kind) + m.Key
	}
	for _, part := range parts[1:] {
		word, value, _ := strings.Cut(part, " ")
		switch word {
		case "in":
			m.In = strings.Fields(value)
		case "mailed":
			m.Mailed = strings.Fields(value)
		case "seen":
			m.Seen = strings.Fields(value)
		case "by":
			m.Flag.By = drift.By(value)
		case "says":
			m.Says = value
		case "detail":
			m.Flag.Detail = value
		case "why":
			m.Flag.Why = []string{value}
		case "at":
			_, t, err := dateAndTime(strings.Fields(value))
			if err != nil {
				return err
			}
			m.Flag.To = series.AspectOf(t)
		case "until":
			_, t, err := dateAndTime(strings.Fields(value))
			if err != nil {
				return err
			}
			m.Until = t
		case "makeups":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			for range n {
				m.Flag.Makeups = append(m.Flag.Makeups, m.Old)
			}
		case "owner":
			m.Owners = append(m.Owners, value)
		case "closed":
			m.Closed = true
		default:
			return fmt.Errorf("unknown %q", part)
		}
	}
	if m.Kind == notify.Acted {
		m.Key += m.Says // each act is one of its own
	}
	w.matters[m.Key] = m
	return nil
}

// times reads "series 2026-12-08 10:00 -> 2026-12-10 15:00", "2026-12-08 10:00 -> gone", or nothing.
func times(m *notify.Matter, f []string) error {
	whole := len(f) > 0 && f[0] == "series"
	if whole {
		f = f[1:]
	}
	if len(f) == 0 {
		return nil
	}
	day, old, err := dateAndTime(f)
	if err != nil {
		return err
	}
	m.Old, m.New = old, old
	m.Flag.From = series.AspectOf(old)
	if !whole {
		m.Flag.Occurrence = day
	}
	switch {
	case len(f) == 2:
	case f[3] == "gone":
		m.New = time.Time{}
	default:
		_, m.New, err = dateAndTime(f[3:])
		m.Flag.To = series.AspectOf(m.New)
	}
	return err
}

func dateAndTime(f []string) (series.Date, time.Time, error) {
	if len(f) < 2 {
		return series.Date{}, time.Time{}, fmt.Errorf("%q: want a day and a time", f)
	}
	d, err1 := series.ParseDate(f[0])
	clock, err2 := series.ParseTimeOfDay(f[1])
	return d, at(d, clock, zone), cmp.Or(err1, err2)
}

// lost makes a matter of a run of weeks: k is kept, c cancelled, e excused, u unknown.
func (w *teller) lost(p series.Pair, week, weeks string) error {
	first, err := series.ParseWeek(week)
	if err != nil {
		return err
	}
	of := map[rune]drift.Result{'k': drift.Kept, 'c': drift.CancelledWeek, 'e': drift.Excused, 'u': drift.UnknownWeek}
	var outcomes []drift.Outcome
	for i, c := range weeks {
		r, ok := of[c]
		if !ok {
			return fmt.Errorf("no outcome %q", c)
		}
		on := first.Monday().AddDays(7 * i).Week()
		outcomes = append(outcomes, drift.Outcome{Pair: p, Week: on, Result: r, Final: true})
	}
	m, _, ok := notify.Lost(p, outcomes, w.now)
	delete(w.matters, m.Key)
	if ok {
		w.matters[m.Key] = m
	}
	return nil
}
