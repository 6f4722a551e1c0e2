package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// Monday, 9:00 in Berlin.
var monday = time.Date(2026, 12, 7, 8, 0, 0, 0, time.UTC)

var pair = series.Pair{Manager: "mia", Report: "raj"}

// office is a journal, two channels and an outbox, whose clock is a variable.
type office struct {
	*testing.T
	now        time.Time
	journal    *store.Store
	mail, chat *memory.Channel
	admins     *memory.Channel
	box        *outbox.Outbox
	wish       []string // channels that people want
	unwritable bool
	over       outbox.Journal // in the place of journal
	gone       string         // who is no reader any more
	admin      string         // the admins' id
	log        zerolog.Logger
	hook       *memory.Channel
	hears      []notify.Kind // what the webhook wants; nil: there is none
}

func open(t *testing.T) *office {
	o := fresh(t)
	if err := began(t.Context(), o.journal, o.now); err != nil {
		t.Fatal(err)
	}
	return o
}

// began has the journal know that nothing stood when its first round was made.
func began(ctx context.Context, s *store.Store, at time.Time) error {
	return errors.Join(s.Commit(ctx, reconcile.Record{At: at}), s.SetBaseline(ctx))
}

// fresh is an office whose journal is empty.
func fresh(t *testing.T) *office {
	o := &office{T: t, now: monday, mail: memory.New(), chat: memory.New(), admins: memory.New(),
		wish: []string{"mail", "chat"}, hook: memory.New(), admin: "admins:ops", log: zerolog.New(zerolog.NewTestWriter(t))}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "journal.db"), o.clock, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	o.journal, o.over = s, s
	o.begin()
	return o
}

func (o *office) clock() time.Time { return o.now }

// begin starts a new outbox on the same journal, as after a crash.
func (o *office) begin() {
	o.box = outbox.New(outbox.Options{
		Journal: o.over,
		Readers: o.readers,
		Senders: map[string]channel.Sender{"mail": o.mail, "chat": o.chat, o.admin: o.admins, "webhook:0": o.hook},
		Write:   o.write,
		Operational: func(r reconcile.Round) []notify.Matter {
			return outbox.Operational(r, func(string) string { return "office" }, func(id string) bool { return id == "raj" })
		},
		Clock: o.clock,
		Log:   o.log,
	})
}

func (o *office) readers(time.Time) (map[string]outbox.Reader, error) {
	out := map[string]outbox.Reader{}
	for _, id := range []string{"mia", "raj"} {
		out[id] = outbox.Reader{
			Reader: notify.Reader{Person: series.Person{ID: id, Zone: "Europe/Berlin"}, Channels: o.wish},
			Addresses: map[string]string{
				"mail": id + "@example.com",
				"chat": id,
			},
		}
	}
	out[o.admin] = outbox.Reader{
		Reader: notify.Reader{Person: series.Person{ID: o.admin, Zone: "UTC"}, Channels: []string{o.admin},
			Hears: notify.Operational},
		Addresses: map[string]string{o.admin: "ops@example.com"},
	}
	if o.hears != nil {
		out["webhook:0"] = outbox.Reader{
			Reader: notify.Reader{Person: series.Person{ID: "webhook:0", Zone: "UTC"}, Channels: []string{"webhook:0"},
				Hears: o.hears, Machine: true},
			Addresses: map[string]string{"webhook:0": "hook"},
		}
	}
	delete(out, o.gone)
	return out, nil
}

func (o *office) write(_ context.Context, _ time.Time, n notify.Notice, _ outbox.Reader, _ ledger.Facts) (
	outbox.Letter, error) {
	if o.unwritable {
		return outbox.Letter{}, errors.New("no words")
	}
	var lines []string
	for _, i := range n.Items {
		lines = append(lines, fmt.Sprintf("%s %s %s%s", i.Event, i.Matter.Kind, i.Matter.Flag.Kind, i.Matter.Says))
	}
	return outbox.Letter{Subject: "about " + n.Thread.Week.String(), Text: strings.Join(lines, "\n")}, nil
}

// cancelled is the flag of the meeting on the day of December.
func cancelled(day int) drift.Flag {
	on := series.Date{Year: 2026, Month: 12, Day: day}
	return drift.Flag{
		Pair:       pair,
		Generation: 1,
		Kind:       drift.Cancelled,
		Occurrence: on,
		From:       series.AspectOf(series.Instant(on, 10*60, "Europe/Berlin")),
		By:         drift.ByUnknown,
		Since:      monday,
	}
}

// round commits the flags as open, and has the outbox take the round.
func (o *office) round(r reconcile.Round, opened, closed []drift.Flag) {
	o.Helper()
	r.At, r.Edges = o.now, drift.Edges{Opened: opened, Closed: closed}
	r.Open = append(r.Open, opened...)
	err := o.journal.Commit(o.Context(), reconcile.Record{At: o.now, Edges: r.Edges, Open: r.Open})
	if err := errors.Join(err, o.box.After(o.Context(), r)); err != nil {
		o.Fatal(err)
	}
}

// work sends what is due now, and again what is to be tried again within the time; it stands for River.
func (o *office) work(until time.Duration) {
	o.Helper()
	end := o.now.Add(until)
	retries := map[outbox.Job]time.Time{}
	for {
		jobs, err := o.box.Due(o.Context())
		if err != nil && !errors.Is(err, errFull) {
			o.Fatal(err)
		}
		for _, j := range jobs {
			if _, waits := retries[j]; !waits {
				retries[j] = o.now
			}
		}
		next := o.box.Next()
		for j, at := range retries {
			if at.After(o.now) {
				if next.IsZero() || at.Before(next) {
					next = at
				}
				continue
			}
			delete(retries, j)
			if again, err := o.box.Send(o.Context(), j); again > 0 {
				retries[j] = o.now.Add(again)
			} else if err != nil {
				o.Fatal(err)
			}
			next = o.now
		}
		if next.IsZero() || next.After(end) {
			o.now = end
			return
		}
		if next.After(o.now) {
			o.now = next
		}
	}
}

// arrived checks what came by the channel since the last look: "raj@example.com: opened difference cancelled".
func (o *office) arrived(c *memory.Channel, from int, want ...string) {
	o.Helper()
	var got []string
	for _, m := range c.Arrived()[from:] {
		got = append(got, m.To+": "+strings.ReplaceAll(m.Text, "\n", ", "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		o.Errorf("arrived:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What opens is told once, and its end in the same conversation.
func TestOpensAndCloses(t *testing.T) {
	o := open(t)
	f := cancelled(15)
	o.round(reconcile.Round{}, []drift.Flag{f}, nil)
	o.work(time.Hour)
	o.arrived(o.mail, 0, "raj@example.com: opened difference cancelled")
	o.round(reconcile.Round{}, nil, []drift.Flag{f})
	o.work(24 * time.Hour)
	o.begin()
	o.work(24 * time.Hour)
	o.arrived(o.mail, 1, "raj@example.com: closed difference cancelled")
	first, second := o.mail.Arrived()[0], o.mail.Arrived()[1]
	if first.Thread.Reply || !second.Thread.Reply || second.Thread.Subject != first.Subject || second.In != first.In ||
		first.ID == second.ID {
		t.Errorf("%+v, then %+v", first, second)
	}
}

// A message of which no answer came may have arrived: it is repeated under its id, and after a crash too.
func TestCrashRepeatsUnderTheSameID(t *testing.T) {
	o := open(t)
	o.mail.Next(memory.Fault{Err: errors.New("cut off"), Late: true})
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.work(10 * time.Minute)
	if n := len(o.mail.Arrived()); n != 1 {
		t.Fatalf("%d arrived", n)
	}
	o.begin()
	o.work(time.Hour)
	all := o.mail.Arrived()
	if len(all) != 2 || all[0].ID != all[1].ID {
		t.Fatalf("%+v", all)
	}
	o.begin()
	o.work(time.Hour)
	o.arrived(o.mail, 2)
}

// Where a channel does not reach the reader another takes over, and admins hear of it if there is none; until one does.
func TestUnreached(t *testing.T) {
	o := open(t)
	o.mail.Gone("raj@example.com")
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.work(time.Hour)
	o.arrived(o.mail, 0)
	o.arrived(o.chat, 0, "raj: opened difference cancelled")
	o.chat.Gone("raj")
	o.round(reconcile.Round{}, []drift.Flag{cancelled(22)}, nil)
	o.work(24 * time.Hour)
	o.arrived(o.chat, 1)
	o.arrived(o.admins, 0, "ops@example.com: opened unreached raj")
	o.round(reconcile.Round{}, []drift.Flag{cancelled(29)}, nil)
	o.work(48 * time.Hour)
	o.arrived(o.admins, 1)
}

// A channel that is out is tried for a day; then what it would have said counts as told, and admins hear of it.
func TestChannelOutForADay(t *testing.T) {
	o := open(t)
	o.wish = []string{"mail"}
	o.mail.Always(&channel.Error{Kind: channel.Broken, Op: "mail: sign in", Err: errors.New("535")})
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.work(23 * time.Hour)
	o.arrived(o.admins, 0)
	o.work(24 * time.Hour)
	o.arrived(o.admins, 0, "ops@example.com: opened failed mail")
	o.mail.Always(nil)
	o.round(reconcile.Round{}, []drift.Flag{cancelled(22)}, nil)
	o.work(24 * time.Hour)
	o.arrived(o.mail, 0, "raj@example.com: opened difference cancelled")
	o.arrived(o.admins, 1, "ops@example.com: closed failed mail")
}

// What is no longer so at the moment of sending is not sent.
func TestMadeAtTheMomentOfSending(t *testing.T) {
	o := open(t)
	f := cancelled(15)
	o.round(reconcile.Round{}, []drift.Flag{f}, nil)
	o.now = o.now.Add(time.Hour)
	jobs, err := o.box.Due(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	o.round(reconcile.Round{}, nil, []drift.Flag{f})
	if again, err := o.box.Send(t.Context(), jobs[0]); again != 0 || err != nil {
		t.Fatal(again, err)
	}
	o.arrived(o.mail, 0)
	o.look("raj untold gone ")
}

// Admins hear of outages by cause and of what is held, and whose consent it needs hears of their own calendar.
func TestOperational(t *testing.T) {
	o := open(t)
	out := map[reconcile.Subject]reconcile.Outage{}
	for _, id := range []string{"mia", "raj"} {
		out[reconcile.CalendarOf(id)] = reconcile.Outage{Kind: "auth", Cause: "refused", Text: id + " cannot be read"}
	}
	held := plan.Plan{Held: []plan.Held{
		{Change: plan.Change{Pair: pair, Action: plan.End}, Brake: true, Because: "limit"},
		{Change: plan.Change{Pair: pair, Action: plan.Update}, Because: "a person changed it"},
		{Change: plan.Change{Pair: pair, Action: plan.Create}, Waits: true},
	}}
	o.round(reconcile.Round{Outages: out, Plan: held}, nil, nil)
	o.work(24 * time.Hour)
	o.arrived(o.admins, 0, "ops@example.com: opened brake end, opened outage refused, "+
		"opened held update")
	o.arrived(o.mail, 0, "raj@example.com: opened outage refused")
	o.round(reconcile.Round{}, nil, nil)
	o.work(24 * time.Hour)
	o.arrived(o.admins, 1, "ops@example.com: closed brake end, closed outage refused, "+
		"closed held update")
}

// What the first round found is told to admins alone, once, whoever made it and wherever that was killed. What has
// happened since is told.
func TestFirstRound(t *testing.T) {
	o := fresh(t)
	f, later := cancelled(15), cancelled(22)
	commit := func(opened drift.Flag, open ...drift.Flag) {
		t.Helper()
		if err := o.journal.Commit(t.Context(), reconcile.Record{
			At:    o.now,
			Edges: drift.Edges{Opened: []drift.Flag{opened}},
			Open:  open,
		}); err != nil {
			t.Fatal(err)
		}
	}
	commit(f, f)
	o.begin()
	o.work(24 * time.Hour)
	o.arrived(o.mail, 0)
	commit(later, f, later)
	o.begin()
	o.work(24 * time.Hour)
	o.arrived(o.mail, 0, "raj@example.com: opened difference cancelled")
	o.round(reconcile.Round{Open: []drift.Flag{f, later}}, nil, nil)
	o.begin()
	o.work(24 * time.Hour)
	o.arrived(o.mail, 1)
	o.arrived(o.admins, 0, "ops@example.com: opened first 0 2")
	o.round(reconcile.Round{Open: []drift.Flag{later}}, nil, []drift.Flag{f})
	o.work(24 * time.Hour)
	o.arrived(o.mail, 1)
}

func TestStopped(t *testing.T) {
	o := open(t)
	stop := func(stop bool) {
		t.Helper()
		if err := o.journal.Stop(context.Background(), "raj", notify.Digest, stop, o.now); err != nil {
			t.Fatal(err)
		}
		f, err := o.journal.Facts(t.Context(), "raj", o.now)
		if err != nil || *f.Wishes.Digest == stop {
			t.Fatal(f.Wishes, err)
		}
	}
	stop(true)
	stop(true)
	stop(false)
}

// What a person wishes wins over the roster: other channels than it says, or none; one that is not served is none.
func TestWishes(t *testing.T) {
	no := false
	for _, c := range []struct {
		wishes     access.Wishes
		mail, chat bool
	}{
		{access.Wishes{Digest: &no}, true, false},
		{access.Wishes{Channels: []string{"chat", "mail"}}, false, true},
		{access.Wishes{Channels: []string{"pigeon", "chat"}}, false, true},
		{access.Wishes{Channels: []string{"pigeon"}}, false, false},
		{access.Wishes{Channels: []string{}}, false, false},
	} {
		o := open(t)
		if err := o.journal.SetWishes(t.Context(), "raj", c.wishes); err != nil {
			t.Fatal(err)
		}
		o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
		o.work(24 * time.Hour)
		if mail, chat := len(o.mail.Arrived()) > 0, len(o.chat.Arrived()) > 0; mail != c.mail || chat != c.chat {
			t.Errorf("%+v: mail %v, chat %v", c.wishes, mail, chat)
		}
		ids, err := o.box.Unreached(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Whom no channel reaches is told to the admins; who wants none is none of them.
		if want := len(c.wishes.Channels) == 1; slices.Contains(ids, "raj") != want {
			t.Errorf("%+v: unreached are %v", c.wishes, ids)
		}
	}
}
