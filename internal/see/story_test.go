package see_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

var update = flag.Bool("update", false, "write what is seen into the stories")

// story is what stands in the journal and whom the roster has.
type story struct {
	At       time.Time
	People   []person
	Rows     []row
	Flags    []aFlag
	Outcomes []string // "mia/raj 2026-11-24 declined report 26h"
	Told     []told
	Deeds    []did
	Visits   []visit
	Brakes   []held // of pairs that the roster has no more
	Outages  []outage
	Unsent   []unsent
	Busy     map[string][]busy
}

type person struct {
	ID, Name, Zone, Calendar string
	Away                     []away
}

type away struct {
	From, To series.Date
	Why      string
}

type row struct {
	Pair          series.Pair
	Slot          string
	First, Last   series.Date
	Coming        []time.Time
	State         reconcile.State
	Agenda, Place string
	MadeUp        []meeting
	Skips         []away // From
	Others        []meeting
	Held          []held
}

type meeting struct {
	Date  series.Date
	Slot  string // "": the row's
	Start time.Time
}

type held struct {
	Pair                 series.Pair
	Action               plan.Action
	From, To             series.Aspect
	Because              string
	Why                  []string
	Mails                int
	Brake, Waits, Others bool
}

type aFlag struct {
	Pair       series.Pair
	Kind       drift.Kind
	On         series.Date
	From, To   series.Aspect
	Detail     string
	By         drift.By
	Notice     time.Duration
	Whose, Why []string
	Other      drift.Other
	Makeups    []time.Time
	Dates      []series.Date
	Seen       []string
	Closed     bool
}

type told struct {
	Reader, Channel string
	At              time.Time
	Flag            int // of Flags
}

type did struct {
	At   time.Time
	Who  string
	From deed.From
	Kind deed.Kind
	Pair series.Pair
	On   series.Date
	To   time.Time
}

type visit struct {
	At   time.Time
	Who  string
	From access.From
	What access.What
	Pair series.Pair
}

type outage struct {
	Of, Kind, Cause, Text, Hint string
	Since                       time.Time
}

type unsent struct {
	Reader, Why string
	At          time.Time
}

type busy struct {
	Start time.Time
	Hours int
}

func (h held) plan(p series.Pair) plan.Held {
	return plan.Held{
		Change:  plan.Change{Pair: p, Action: h.Action, From: h.From, To: h.To, Why: h.Why, Mails: h.Mails},
		Because: h.Because,
		Brake:   h.Brake,
		Waits:   h.Waits,
		Others:  h.Others,
	}
}

// tell puts the story on disk.
func (s *story) tell(t testing.TB) *see.See {
	ctx, now := t.Context(), func() time.Time { return s.At }
	j, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "journal.db"), now, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, j.Close()) })
	people := map[string]series.Person{}
	for _, p := range s.People {
		x := series.Person{ID: p.ID, Name: p.Name, Email: p.ID + "@example.com", Zone: p.Zone, Calendar: p.Calendar}
		for _, a := range p.Away {
			x.Away = append(x.Away, series.Away(a))
		}
		people[p.ID] = x
	}
	r := s.record(t, people)
	must(t, j.Commit(ctx, r))
	var closed []drift.Flag
	for i, f := range s.Flags {
		for _, id := range f.Seen {
			_, err := j.Acknowledge(ctx, deed.Deed{At: s.At, Who: id, From: deed.Page, Kind: deed.Acknowledge,
				Flag: r.Open[i].ID()})
			must(t, err)
		}
		if f.Closed {
			closed = append(closed, r.Open[i])
		}
	}
	s.did(t, j, r.Open)
	open := slices.DeleteFunc(slices.Clone(r.Open), func(f drift.Flag) bool {
		return slices.ContainsFunc(closed, func(c drift.Flag) bool { return c.ID() == f.ID() })
	})
	r.Edges, r.Open = drift.Edges{Closed: closed}, open
	must(t, j.Commit(ctx, r))
	return see.New(see.Options{
		Journal: j,
		Person:  func(id string) (series.Person, bool) { p, ok := people[id]; return p, ok },
		People:  func() []string { return slices.Sorted(maps.Keys(people)) },
		Clock:   now,
	})
}

// did are what people did, looked at and were told.
func (s *story) did(t testing.TB, j *store.Store, flags []drift.Flag) {
	ctx := t.Context()
	for i, x := range s.Told {
		f := flags[x.Flag]
		must(t, j.Record(ctx, x.Reader, []notify.Told{{Notice: fmt.Sprint("n", i), Kind: notify.News, Channel: x.Channel,
			At: x.At, Pair: f.Pair, Key: f.ID(), State: "open"}}, ledger.Sent{}))
	}
	for _, d := range s.Deeds {
		x := deed.Deed{At: d.At, Who: d.Who, From: d.From, Kind: d.Kind, Pair: d.Pair, Occurrence: d.On, To: d.To}
		must(t, j.BeginDeed(ctx, &x))
		x.Result = deed.Done
		must(t, j.EndDeed(ctx, x))
	}
	for _, v := range s.Visits {
		must(t, j.Visit(ctx, access.Visit{At: v.At, Who: v.Who, From: v.From, What: v.What}, v.Pair))
	}
	for i, u := range s.Unsent {
		_, err := j.Unsent(ctx, ledger.Unsent{Notice: fmt.Sprint("u", i), Reader: u.Reader, At: u.At, Why: u.Why, Over: true})
		must(t, err)
	}
}

// record is what a round would leave of it, with all flags open.
func (s *story) record(t testing.TB, people map[string]series.Person) reconcile.Record {
	r := reconcile.Record{
		At:        s.At.Add(-time.Minute),
		People:    people,
		Snapshots: map[string]series.Packed{},
		Statuses:  map[series.Pair]*reconcile.StatusRow{},
		Origin:    reconcile.Origin{Sources: "x", Day: series.DateOf(s.At.UTC())},
		Outages:   map[reconcile.Subject]reconcile.Outage{},
		Moments:   map[string]drift.Moment{},
		Standing:  reconcile.Standing{Held: map[string]plan.Hold{}},
	}
	for id, all := range s.Busy {
		snap := series.Snapshot{At: s.At.Add(-time.Minute), FullAt: s.At.Add(-time.Minute)}
		for i, b := range all {
			snap.Busy = append(snap.Busy, series.Busy{ID: fmt.Sprint("secret", i), Start: b.Start,
				Duration: time.Duration(b.Hours) * time.Hour, Zone: "UTC", Kind: series.Hard})
		}
		r.Snapshots[id] = series.Pack(snap)
	}
	for _, x := range s.Rows {
		r.Statuses[x.Pair] = x.left(t, people)
		for _, h := range x.Held {
			hold(&r, h, x.Pair)
		}
	}
	for _, h := range s.Brakes {
		hold(&r, h, h.Pair)
	}
	for _, f := range s.Flags {
		x := drift.Flag{Pair: f.Pair, Generation: 1, Kind: f.Kind, Occurrence: f.On, From: f.From, To: f.To, Detail: f.Detail,
			By: f.By, Since: s.At.Add(-time.Hour)}
		if f.Notice != 0 {
			x.Notice = &f.Notice
		}
		r.Open = append(r.Open, x)
		r.Moments[x.ID()] = drift.Moment{Dates: f.Dates, Makeups: f.Makeups, Whose: f.Whose, Other: f.Other, Why: f.Why}
	}
	r.Edges.Opened = r.Open
	for _, line := range s.Outcomes {
		r.Outcomes = append(r.Outcomes, parseOutcome(t, line, s.At))
	}
	for _, o := range s.Outages {
		subject, ok := reconcile.ParseSubject(o.Of)
		if !ok {
			t.Fatalf("%q is no subject", o.Of)
		}
		r.Outages[subject] = reconcile.Outage{Since: o.Since, Kind: o.Kind, Cause: o.Cause, Text: o.Text, Hint: o.Hint}
	}
	return r
}

func hold(r *reconcile.Record, h held, p series.Pair) {
	if x := h.plan(p); h.Brake {
		r.Standing.Held[x.ID()] = plan.Hold{Pair: p, Digest: x.Digest(), Because: x.Because, Action: x.Action, Mails: x.Mails}
	}
}

func (x row) left(t testing.TB, people map[string]series.Person) *reconcile.StatusRow {
	out := reconcile.StatusRow{
		Pair: x.Pair, Coming: x.Coming, First: x.First, Last: x.Last, State: x.State, PrepDoc: x.Agenda, Place: x.Place,
		Names: [2]string{people[x.Pair.Manager].Name, people[x.Pair.Report].Name},
		Zones: [2]string{people[x.Pair.Manager].Zone, people[x.Pair.Report].Zone},
	}
	if x.Slot != "" {
		var err error
		out.Slot, err = series.ParseSlotLine(x.Slot)
		must(t, err)
		out.Wanted, out.Length, out.Zone = out.Slot, out.Slot.Duration, out.Slot.Zone
	}
	for _, s := range x.Skips {
		out.Skips = append(out.Skips, series.Skip{Date: s.From, Why: s.Why})
	}
	for _, m := range x.Others {
		other := reconcile.Meeting{Date: m.Date, Start: m.Start}
		if m.Slot != "" {
			var err error
			other.Slot, err = series.ParseSlotLine(m.Slot)
			must(t, err)
		}
		out.Others = append(out.Others, other)
	}
	for _, m := range x.MadeUp {
		out.MadeUp = append(out.MadeUp, reconcile.MadeUp{Occurrence: m.Date, To: m.Start})
	}
	for _, h := range x.Held {
		out.Held = append(out.Held, h.plan(x.Pair))
	}
	return &out
}

func parseOutcome(t testing.TB, line string, now time.Time) drift.Outcome {
	f := strings.Fields(line)
	p, err := series.ParsePair(f[0])
	day, err2 := series.ParseDate(f[1])
	must(t, errors.Join(err, err2))
	o := drift.Outcome{Pair: p, Week: day.Week(), Occurrence: day, Result: drift.Result(f[2]), By: drift.ByUnknown}
	o.Final = o.Week.Monday().AddDays(7).Before(series.DateOf(now.UTC()))
	if len(f) > 3 {
		o.By = drift.By(f[3])
	}
	if len(f) > 4 {
		d, err := time.ParseDuration(f[4])
		must(t, err)
		o.Notice = &d
	}
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// actor is whom the name of a file of a story names.
func actor(name string) act.Actor {
	switch name {
	case "nobody":
		return act.Actor{From: act.Page}
	case "admin":
		return act.Actor{Admin: true, From: act.Page}
	case "shell":
		return act.InShell
	}
	return act.Actor{Person: name, From: act.Page}
}

// look is what who sees of what a line of a story asks for: "mine", "me", "pair mia/raj", "admin plan".
func look(t testing.TB, s *see.See, who act.Actor, what string) (any, error) {
	page, of, _ := strings.Cut(what, " ")
	ctx := context.Background()
	switch page {
	case "mine":
		return s.Mine(ctx, who)
	case "me":
		return s.Me(ctx, who)
	case "pair":
		p, err := series.ParsePair(of)
		must(t, err)
		return s.Pair(ctx, who, p)
	case "admin":
		switch of {
		case "plan":
			return s.AdminPlan(ctx, who)
		case "pairs":
			return s.AdminPairs(ctx, who)
		case "calendars":
			return s.AdminCalendars(ctx, who)
		}
		return s.Admin(ctx, who)
	}
	t.Fatalf("nothing is called %q", what)
	return nil, nil
}

// TestStories: what stands in the journal, and what each of several people sees of it. A file beside story.yaml is
// named for who looks, and at what; of those that look at the same page, the second shows where it is another for them.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			must(t, err)
			var s story
			must(t, yaml.Unmarshal(a.Files[0].Data, &s))
			seen, first := s.tell(t), map[string]string{}
			for i := range a.Files[1:] {
				f := &a.Files[i+1]
				name, what, _ := strings.Cut(f.Name, ": ")
				got := ""
				if v, err := look(t, seen, actor(name), what); err != nil {
					got = "error: " + err.Error() + "\n"
				} else if got = text(v); first[what] == "" || what == "mine" || what == "me" {
					first[what] = got
				} else {
					got = otherwise(first[what], got)
				}
				if diff := cmp.Diff(string(f.Data), got); diff != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
				f.Data = []byte(got)
			}
			if *update {
				must(t, os.WriteFile(file, txtar.Format(a), 0o644))
			}
		})
	}
}

// otherwise are the lines of the one that the other has not (-), and the reverse (+).
func otherwise(one, other string) string {
	var b strings.Builder
	only := func(sign, of, not string) {
		rest := strings.Split(not, "\n")
		for _, l := range strings.Split(of, "\n") {
			if i := slices.Index(rest, l); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
			} else {
				fmt.Fprintf(&b, "%s %s\n", sign, l)
			}
		}
	}
	only("-", one, other)
	only("+", other, one)
	return b.String()
}

// text are all fields of a value that are not zero, a line for each field of the value itself and each element of a
// list. Weeks of which nothing is known are left out.
func text(v any) string {
	var b bytes.Buffer
	lines(&b, reflect.ValueOf(v))
	return b.String()
}

func lines(b *bytes.Buffer, v reflect.Value) {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			line(b, "", "- "+words(v.Index(i)))
		}
		return
	}
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i)
		switch {
		case f.IsZero():
		case name.Anonymous:
			lines(b, f)
		case f.Kind() == reflect.Slice:
			line(b, "", name.Name+":")
			for k := range f.Len() {
				if w, ok := f.Index(k).Interface().(see.Week); !ok || w.Result != "" {
					line(b, "  ", "- "+words(f.Index(k)))
				}
			}
		default:
			line(b, "", name.Name+": "+words(f))
		}
	}
}

// line writes it, broken where it is too long.
func line(b *bytes.Buffer, indent, text string) {
	const most = 110
	out := indent
	for _, word := range strings.Fields(text) {
		if len(out)+len(word) > most && strings.TrimSpace(out) != "" {
			fmt.Fprintln(b, strings.TrimRight(out, " "))
			out = indent + "    "
		}
		out += word + " "
	}
	fmt.Fprintln(b, strings.TrimRight(out, " "))
}

func words(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format("2006-01-02T15:04Z07:00")
	case fmt.Stringer:
		if v.Kind() != reflect.Pointer {
			return x.String()
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return words(v.Elem())
	case reflect.Struct:
		return "{" + strings.Join(fields(v), " ") + "}"
	case reflect.Slice, reflect.Array:
		var out []string
		for i := range v.Len() {
			out = append(out, words(v.Index(i)))
		}
		return "[" + strings.Join(out, ", ") + "]"
	case reflect.Map:
		var out []string
		for _, k := range v.MapKeys() {
			out = append(out, words(k)+"="+words(v.MapIndex(k)))
		}
		slices.Sort(out)
		return "{" + strings.Join(out, " ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

func fields(v reflect.Value) (out []string) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i)
		switch {
		case f.IsZero() || !name.IsExported():
		case name.Anonymous && f.Kind() == reflect.Struct:
			out = append(out, fields(f)...)
		default:
			out = append(out, name.Name+"="+words(f))
		}
	}
	return out
}
