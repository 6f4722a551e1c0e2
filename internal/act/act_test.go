package act_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

var (
	raj     = series.Pair{Manager: "mia", Report: "raj"}
	tuesday = series.Date{Year: 2026, Month: time.December, Day: 8}
)

// on is a person on a page.
func on(id string) act.Actor { return act.Actor{Person: id, From: act.Page} }

// TestMay is the table of who may do what, as a text.
func TestMay(t *testing.T) {
	free := series.Instant(tuesday.AddDays(2), 14*60, "Europe/Berlin")
	flag := func(by drift.By) []drift.Flag {
		return []drift.Flag{{
			Pair: raj, Kind: drift.Cancelled, Occurrence: tuesday, By: by, Moment: drift.Moment{Makeups: []time.Time{free}},
		}}
	}
	at := func(t time.Time) act.Request {
		return act.Request{Deed: act.Rebook, Pair: raj, Occurrence: tuesday, To: plan.Time{Instant: t}}
	}
	one := act.Request{Deed: act.RestoreOne, Pair: raj, Occurrence: tuesday}
	deeds := []struct {
		name string
		act.Request
		by drift.By
	}{
		{"accept", act.Request{Deed: act.Accept, Pair: raj}, drift.ByUnknown},
		{"restore the series", act.Request{Deed: act.Restore, Pair: raj}, drift.ByUnknown},
		{"restore one", one, drift.ByUnknown},
		{"restore one that the report changed", one, drift.ByReport},
		{"rebook to a proposed time", at(free), drift.ByUnknown},
		{"rebook to another time", at(free.Add(time.Hour)), drift.ByUnknown},
		{"take a make-up back", act.Request{Deed: act.Undo, Pair: raj}, drift.ByUnknown},
		{"invite", act.Request{Deed: act.Invite, Pair: raj}, drift.ByUnknown},
		{"ask to accept", act.Request{Deed: act.AskAccept, Pair: raj}, drift.ByUnknown},
		{"ask to restore", act.Request{Deed: act.AskRestore, Pair: raj}, drift.ByUnknown},
		{"acknowledge", act.Request{Deed: act.Acknowledge, Pair: raj}, drift.ByUnknown},
		{"take that back", act.Request{Deed: act.Unacknowledge, Pair: raj}, drift.ByUnknown},
		{"allow", act.Request{Deed: act.Allow}, drift.ByUnknown},
		{"withdraw", act.Request{Deed: act.Withdraw}, drift.ByUnknown},
		{"confirm that it is empty", act.Request{Deed: act.ConfirmEmpty}, drift.ByUnknown},
	}
	actors := []struct {
		name string
		act.Actor
	}{
		{"the manager", on("mia")}, {"the report", on("raj")}, {"somebody else", on("lee")}, {"nobody", on("")},
		{"an admin", act.Actor{Admin: true, From: act.Page}}, {"the shell", act.InShell},
	}
	var b strings.Builder
	for _, who := range actors {
		fmt.Fprintf(&b, "%s\n", who.name)
		for _, d := range deeds {
			answer := string(act.May(who.Actor, d.Request, flag(d.by)))
			if answer == "" {
				answer = "yes"
			}
			fmt.Fprintf(&b, "    %-36s %s\n", d.name, answer)
		}
	}
	want, err := os.ReadFile(filepath.Join("testdata", "may.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// office is mia/raj on a calendar server, with Holdfast, where Mia has just cancelled the meeting of the Tuesday.
type office struct {
	*testing.T
	act.Acts
	rounds  *reconcile.Reconciler
	journal *store.Store
	hands   *memory.Hands
	event   string
	now     time.Time
}

func newOffice(t *testing.T) *office {
	o := &office{T: t, now: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	world := memory.New(memory.Options{Schedules: true, Clock: clock})
	people := map[string]series.Person{}
	for id, zone := range map[string]string{"mia": "Europe/Berlin", "raj": "Asia/Kolkata"} {
		people[id] = series.Person{ID: id, Name: id, Email: id + "@example.com", Calendar: "office", Zone: zone}
		world.Join(people[id])
	}
	slot, err := series.ParseSlotLine("Tue 10:00 1h0m0s 1w Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := series.Series{
		Org:     "acme",
		Pair:    raj,
		Manager: people["mia"],
		Report:  people["raj"],
		Slot:    slot,
		Line:    slot.Line(),
		Title:   "1:1",
	}
	journal, err := store.Open(context.Background(), "sqlite::memory:", clock, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	o.rounds = reconcile.New(reconcile.Options{
		Org: "acme",
		Roster: func(time.Time) (reconcile.Desired, error) {
			return reconcile.Desired{Series: []series.Series{want}, People: people}, nil
		},
		Open:    func(p series.Person) (provider.Calendar, error) { return world.Calendar(p.ID), nil },
		Journal: journal,
		Policy:  plan.DefaultPolicy(),
		Clock:   clock,
		Log:     zerolog.Nop(),
	})
	o.journal = journal
	o.Acts = act.Acts{Rounds: o.rounds, Journal: journal, Clock: clock}
	o.round()
	o.hands = world.Hands("mia")
	o.event = o.hands.Find(raj)[0]
	o.must(o.hands.Cancel(o.event, slot.On(tuesday)))
	o.round()
	return o
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) round() reconcile.Round {
	o.Helper()
	r, err := o.rounds.Once(context.Background())
	o.must(err)
	return r
}

// flag is the one that is open of the Tuesday.
func (o *office) flag() drift.Flag {
	o.Helper()
	r, err := o.rounds.Recall(context.Background())
	o.must(err)
	for _, f := range r.Open {
		if f.Occurrence == tuesday {
			return f
		}
	}
	o.Fatalf("no flag of the Tuesday among %v", r.Open)
	return drift.Flag{}
}

// does does it; refused is why not, "" where it has to be done, with so many writes.
func (o *office) does(who act.Actor, q act.Request, refused act.Reason, writes int) *act.Refused {
	o.Helper()
	did, err := o.Do(context.Background(), who, q)
	o.must(err)
	no, r := did.Refused, did.Round
	if (no != nil) != (refused != "") || no != nil && no.Reason != refused {
		o.Fatalf("%s %+v: refused %v, want %q", who.Person, q, no, refused)
	}
	if len(r.Applied) != writes || len(r.Failures) > 0 {
		o.Fatalf("%s %+v: wrote %v, want %d changes, failures %v", who.Person, q, r.Applied, writes, r.Failures)
	}
	return no
}

// A report takes one of the proposed times, and no other; the series is the manager's to decide on.
func TestOfReports(t *testing.T) {
	o := newOffice(t)
	f := o.flag()
	if len(f.Makeups) == 0 {
		t.Fatal("nothing is proposed")
	}
	q := act.Request{Deed: act.Rebook, Pair: raj, Occurrence: tuesday, Shown: act.ShownOf(f)}
	q.To.Instant = f.Makeups[0].Add(15 * time.Minute)
	o.does(on("raj"), q, act.NotProposed, 0)
	o.does(on("lee"), q, act.NotYours, 0)
	o.does(on("raj"), act.Request{Deed: act.Restore, Pair: raj}, act.MayAsk, 0)
	o.does(on("raj"), act.Request{Deed: act.RestoreOne, Pair: raj, Occurrence: tuesday}, act.NotYourEdit, 0)
	q.To.Instant = f.Makeups[0]
	o.does(on("raj"), q, "", 1)
	if r := o.round(); len(r.Open) > 0 {
		t.Errorf("still open: %v", r.Open)
	}
}

// An undo leads back to where the record says that the meeting was, whatever the request says of it: else a report
// could move it anywhere.
func TestUndoIsOfTheRecord(t *testing.T) {
	o := newOffice(t)
	berlin := series.Slot{Weekday: time.Tuesday, At: 10 * 60, Zone: "Europe/Berlin"}
	was := berlin.On(tuesday.AddDays(1))
	o.must(o.hands.PutBack(o.event, berlin.On(tuesday)))
	o.must(o.hands.Move(o.event, berlin.On(tuesday), was))
	o.round()
	to := plan.Time{Instant: berlin.On(tuesday.AddDays(3))}
	undo := act.Request{Deed: act.Undo, Pair: raj, Occurrence: tuesday, To: plan.Time{Instant: was},
		Before: plan.Before{Start: berlin.On(tuesday.AddDays(2))}}
	o.does(on("raj"), undo, act.Otherwise, 0) // nobody made up for it
	o.does(on("mia"), act.Request{Deed: act.Rebook, Pair: raj, Occurrence: tuesday, To: to}, "", 1)
	o.does(on("raj"), undo, act.Otherwise, 0) // it does not stand there
	undo.To = to
	o.does(on("lee"), undo, act.NotYours, 0)
	o.does(on("raj"), undo, "", 1)
	if at, ok := o.flag().To.Time(); !ok || !at.Equal(was) {
		t.Errorf("the meeting is at %v, it was at %v", o.flag().To, was)
	}
	o.does(on("raj"), undo, act.Otherwise, 0) // it is taken back
	o.does(on("mia"), act.Request{Deed: act.Rebook, Pair: raj, Occurrence: tuesday, To: to}, "", 1)
	o.now = o.now.Add(24 * time.Hour)
	o.does(on("mia"), undo, act.Otherwise, 0) // a day later
}

// What changed since it was shown is not done: it is shown anew. What is settled by then neither.
func TestAsShown(t *testing.T) {
	o := newOffice(t)
	q := act.Request{Deed: act.RestoreOne, Pair: raj, Occurrence: tuesday, Shown: act.ShownOf(o.flag())}
	berlin := series.Slot{Weekday: time.Tuesday, At: 10 * 60, Zone: "Europe/Berlin"}
	o.must(o.hands.PutBack(o.event, berlin.On(tuesday)))
	o.must(o.hands.Move(o.event, berlin.On(tuesday), berlin.On(tuesday.AddDays(1))))
	o.now = o.now.Add(time.Minute) // no round has seen it yet
	o.does(on("mia"), q, act.Otherwise, 0)
	o.round()
	moved := o.flag()
	q.Shown = act.ShownOf(moved)
	o.must(o.hands.Move(o.event, berlin.On(tuesday), berlin.On(tuesday.AddDays(2))))
	o.now = o.now.Add(time.Minute)
	no := o.does(on("mia"), q, act.Otherwise, 0)
	if no.Now == nil || no.Now.To.Equal(moved.To) {
		t.Fatalf("shown anew: %+v", no.Now)
	}
	q.Shown = act.ShownOf(*no.Now)
	o.does(on("mia"), q, "", 1)
}

// Who sees less of a flag acts on what they see of it, and no digest of theirs tells the rest.
func TestAsShownToEach(t *testing.T) {
	at := series.Instant(tuesday, 10*60, "Europe/Berlin")
	f := drift.Flag{Pair: raj, Kind: drift.DoubleBooked, Occurrence: tuesday, From: series.AspectOf(at),
		To: series.AspectOf(at.Add(30 * time.Minute)), Detail: "another event of raj",
		Moment: drift.Moment{Whose: []string{"raj"}}}
	later := f
	later.To = series.AspectOf(at.Add(45 * time.Minute))
	owner, other := on("raj"), on("mia")
	for _, c := range []struct {
		who   act.Actor
		shown drift.Flag
		now   drift.Flag
		is    bool
	}{
		{owner, owner.Sees(f), f, true},
		{owner, owner.Sees(f), later, false},
		{other, other.Sees(f), f, true},
		{other, other.Sees(f), later, true},
		{act.InShell, act.InShell.Sees(f), later, false},
	} {
		if is := act.ShownOf(c.shown).Is(c.now, c.who); is != c.is {
			t.Errorf("%s sees %v as it was shown: %v", c.who.Person, c.now.To, is)
		}
	}
	if act.ShownOf(other.Sees(f)) != act.ShownOf(other.Sees(later)) {
		t.Error("a digest tells when the other's event is")
	}
}

func TestSmallDeeds(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	id := o.flag().ID()
	reason := func(err error) act.Reason {
		var no *act.Refused
		if err != nil && !errors.As(err, &no) {
			t.Fatal(err)
		}
		if no == nil {
			return ""
		}
		return no.Reason
	}
	_, allow := o.Allow(ctx, on("mia"), nil)
	_, withdraw := o.Withdraw(ctx, on("mia"))
	until, admin := o.Allow(ctx, act.Actor{Admin: true, From: act.Page}, map[string]string{"x": "y"})
	ids, _ := o.Withdraw(ctx, act.InShell)
	for _, x := range []struct {
		got  error
		want act.Reason
	}{
		{o.Acknowledge(ctx, on("lee"), act.Shown{Flag: id}), act.NotOpen},
		{o.Acknowledge(ctx, on("raj"), act.Shown{Flag: "nothing"}), act.NotOpen},
		{o.Acknowledge(ctx, on("raj"), act.Shown{Flag: id}), ""},
		{o.Acknowledge(ctx, act.InShell, act.Shown{Flag: "nothing"}), act.NotOpen},
		{o.ConfirmEmpty(ctx, on("mia"), "mia"), act.AdminsOnly},
		{o.ConfirmEmpty(ctx, act.InShell, "mia"), ""},
		{allow, act.AdminsOnly}, {withdraw, act.AdminsOnly}, {admin, ""},
	} {
		if got := reason(x.got); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	if !until.Equal(o.now.Add(24*time.Hour)) || len(ids) != 1 {
		t.Errorf("until %s, withdrawn %v", until, ids)
	}
}
