package reconcile_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// TestMain lets the collector wait: of the worlds that each test makes and leaves there is nothing worth keeping memory
// small for, and collecting them is a third of the processor time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

const berlin = "Europe/Berlin"

// every is the step between the instants at which a round is killed: 1, in a short run n.
func every(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}

// tester is what tests and checks of properties have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// org is a small company: calendars on one server, a roster, a clock.
type org struct {
	tester
	now    time.Time
	world  world
	people map[string]series.Person
	want   []series.Series
	broken error // what is wrong with the roster as it stands
	policy plan.Policy
	did    string            // what the last round did
	home   map[string]string // whose calendar a person has who was renamed
}

var zones = map[string]string{"mia": berlin, "raj": "Asia/Kolkata", "lee": berlin, "ana": "America/New_York"}

func newOrg(t tester, server func(clock.Clock) world) *org {
	x := &org{tester: t, home: map[string]string{}, now: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC), people: map[string]series.Person{},
		policy: plan.Policy{Moved: plan.PolicyFlag, SeriesMoved: plan.PolicyFlag, SeriesEnded: plan.PolicyFlag, HorizonWeeks: 8,
			MaxCreations: plan.Limit{Count: 20, Percent: 10}, MaxEndings: plan.Limit{Count: 5, Percent: 5}, MaxMails: 200, MaxWrites: 1000}}
	x.world = server(x.clock)
	for id, zone := range zones {
		x.hire(series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: x.world.Home(id), Zone: zone})
	}
	return x
}

func (x *org) clock() time.Time { return x.now }

func (x *org) hire(p series.Person) {
	x.people[p.ID] = p
	x.world.Join(p)
}

// wish sets what the roster wants of a pair; none removes it.
func (x *org) wish(pair, line string, change func(*series.Series)) {
	p, err := series.ParsePair(pair)
	if err != nil {
		x.Fatalf("%v", err)
	}
	x.want = slices.DeleteFunc(slices.Clone(x.want), func(s series.Series) bool { return s.Pair == p })
	if line == "none" {
		return
	}
	slot, err := series.ParseSlotLine(line)
	if err != nil {
		x.Fatalf("%v", err)
	}
	s := series.Series{Org: "acme", Pair: p, Slot: slot, Line: line, Title: "1:1 " + pair, Place: "Room Alder", Link: "https://docs.example.com/" + pair}
	if change != nil {
		change(&s)
	}
	x.want = append(x.want, s)
	slices.SortFunc(x.want, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) })
}

// desired is the roster, with people as they are now.
func (x *org) desired(time.Time) (reconcile.Desired, error) {
	d := reconcile.Desired{People: map[string]series.Person{}, Problems: x.broken, Sources: x.sources("")}
	for id, p := range x.people {
		d.People[id] = p
	}
	for _, s := range x.want {
		s.Manager, s.Report = x.people[s.Pair.Manager], x.people[s.Pair.Report]
		d.Series = append(d.Series, s)
	}
	return d, nil
}

// sources is a digest of the roster.
func (x *org) sources(string) string {
	return series.Digest(fmt.Sprint(x.people, x.want, x.broken))
}

// holdfast is a daemon with its own journal.
func (x *org) holdfast() (*reconcile.Reconciler, *journal) {
	j := newJournal(x.clock)
	return x.with(j), j
}

func (x *org) with(j *journal) *reconcile.Reconciler {
	return reconcile.New(reconcile.Options{
		Org:     "acme",
		Roster:  x.desired,
		Sources: x.sources,
		Journal: j,
		Policy:  x.policy,
		Clock:   x.clock,
		Log:     alarmed,
		Full:    1,
		Part:    2,
		Open:    calendars(x),
	})
}

// alarmed is a log that lets no round come to something else than a full one does.
var alarmed = zerolog.New(fullRounds{}).Level(zerolog.ErrorLevel)

type fullRounds struct{}

// Write is io.Writer's.
func (fullRounds) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "a full round") {
		panic(string(line))
	}
	return len(line), nil
}

func (x *org) calendar(id string) provider.Calendar {
	if home, ok := x.home[id]; ok {
		id = home
	}
	return x.world.Calendar(id)
}

// once makes a round in which nothing may fail.
func (x *org) once(r *reconcile.Reconciler, asks ...plan.Ask) reconcile.Round {
	x.Helper()
	out, err := r.Once(context.Background(), asks...)
	if err != nil || len(out.Failures) > 0 {
		x.Fatalf("round: %v, failures %v", err, out.Failures)
	}
	x.did = said(out)
	return out
}

// afterOneWrite fails all writes to the person's calendar but the first, until the faults are taken away.
func (x *org) afterOneWrite(person string, fault memory.Fault) {
	writes := 0
	x.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Person == person && c.Op != "observe" && c.Op != "read" {
			writes++
		}
		if writes > 1 {
			return fault
		}
		return memory.None
	})
}

// quiet makes a round in which there is nothing to do.
func (x *org) quiet(r *reconcile.Reconciler) reconcile.Round {
	x.Helper()
	before, did := x.world.Counts(), x.did
	out := x.once(r)
	x.did = did
	if e := out.Edges; !out.First && len(e.Opened)+len(e.Changed)+len(e.Closed) > 0 {
		x.Fatalf("a round in which nothing happened tells of %+v\nthe round before:\n%s", e, x.did)
	}
	if after := x.world.Counts(); after != before || len(out.Applied) > 0 || out.Delivered > 0 {
		x.Fatalf("a round that should find nothing to do wrote %+v, before %+v; delivered %d\n%s\nthe round before:\n%s",
			after, before, out.Delivered, said(out), x.did)
	}
	return out
}

// said is what a round did.
func said(r reconcile.Round) string {
	var out []string
	for _, c := range r.Applied {
		out = append(out, fmt.Sprintf("%s %s %s %s -> %s: %s", c.Action, c.Pair, c.Occurrence, c.From, c.To, strings.Join(c.Why, "; ")))
	}
	for _, h := range r.Plan.Held {
		out = append(out, fmt.Sprintf("held %s %s: %s", h.Action, h.Pair, h.Because))
	}
	for _, d := range plan.Deliveries(r.Views, nil, r.At) {
		out = append(out, fmt.Sprintf("carry %s to %s: new %v, an event %v, answers %v", d.Pair, d.Calendar, d.Ref.ID == "", d.Event != nil, d.Answers))
	}
	return strings.Join(out, "\n")
}

// flags are the open flags of a round.
func flags(r reconcile.Round) string {
	var out []string
	for _, f := range r.Open {
		out = append(out, fmt.Sprintf("%s %s %s", f.Pair, f.Kind, f.Occurrence))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// see is a calendar as it is.
func (x *org) see(id string) series.Snapshot {
	x.Helper()
	p := x.people[id]
	in := provider.Interest{Org: "acme", Owner: p.Addresses()}
	d, _ := x.desired(x.now)
	for _, s := range d.Series {
		if s.Pair.Has(id) {
			in.Pairs = append(in.Pairs, provider.InterestPair{Pair: s.Pair, Formerly: s.Formerly, Manager: s.Manager.Addresses(), Report: s.Report.Addresses(), Title: s.Title})
		}
	}
	snap, err := providertest.Observe(context.Background(), x.calendar(id), series.Snapshot{}, in)
	if err != nil {
		x.Fatalf("%v", err)
	}
	return snap
}

// live is the pair's one live series.
func (x *org) live(pair string) series.Event {
	x.Helper()
	p, _ := series.ParsePair(pair)
	var out []series.Event
	for _, e := range x.see(p.Manager).Series {
		if e.Mark.Pair == p && !e.Ended(x.now) {
			out = append(out, e)
		}
	}
	if len(out) != 1 {
		x.Fatalf("%s has %d live series", pair, len(out))
	}
	return out[0]
}

// copied is the report's copy of the pair's live series.
func (x *org) copied(pair string) series.Event {
	x.Helper()
	e := x.live(pair)
	for _, c := range x.see(e.Mark.Pair.Report).Copies {
		if c.UID == e.UID {
			return c
		}
	}
	x.Fatalf("%s has no copy", pair)
	return series.Event{}
}

// mailed is n where the server delivers the pair's changes, else none: what Holdfast itself delivers is not mailed.
func (x *org) mailed(pair string, n int) int {
	if x.copied(pair).Delivered != "" {
		return 0
	}
	return n
}

// on is the start of the meeting that the series has on the day.
func on(e series.Event, day string) time.Time {
	d, err := series.ParseDate(day)
	if err != nil {
		panic(err)
	}
	return e.Slot().On(d)
}

func (x *org) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatalf("%v", err)
	}
}
