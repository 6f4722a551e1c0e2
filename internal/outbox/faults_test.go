package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// full is a journal that takes no record, as on a full disk, while it is full.
type full struct {
	outbox.Journal
	records, all bool
}

var errFull = errors.New("disk full")

func (f *full) Record(ctx context.Context, reader string, told []notify.Told, sent ledger.Sent) error {
	if f.records {
		return errFull
	}
	return f.Journal.Record(ctx, reader, told, sent)
}

func (f *full) Unsent(ctx context.Context, u ledger.Unsent) (time.Time, error) {
	if f.all {
		return time.Time{}, errFull
	}
	return f.Journal.Unsent(ctx, u)
}

// What was handed over and cannot be recorded is not handed over again by the same process, and one that begins on a
// journal that takes nothing hands over nothing.
func TestFullDisk(t *testing.T) {
	o := open(t)
	disk := &full{Journal: o.journal, records: true}
	o.over = disk
	o.begin()
	f := cancelled(15)
	o.round(reconcile.Round{}, []drift.Flag{f}, nil)
	o.work(time.Hour)
	o.arrived(o.mail, 0, "raj@example.com: opened difference cancelled")
	disk.all = true
	for range 5 {
		o.begin()
		o.work(10 * time.Minute)
	}
	o.arrived(o.mail, 1)
	*disk = full{Journal: o.journal}
	o.work(time.Hour)
	all := o.mail.Arrived()
	if len(all) != 2 || all[0].ID != all[1].ID {
		t.Errorf("%+v", all)
	}
}

// What was recorded late is as it was said: its end is told, though it closed before that.
func TestRecordedLate(t *testing.T) {
	o := open(t)
	disk := &full{Journal: o.journal, records: true}
	o.over = disk
	o.begin()
	f := cancelled(15)
	o.round(reconcile.Round{}, []drift.Flag{f}, nil)
	o.work(time.Hour)
	o.round(reconcile.Round{}, nil, []drift.Flag{f})
	disk.records = false
	o.work(24 * time.Hour)
	o.arrived(o.mail, 0, "raj@example.com: opened difference cancelled", "raj@example.com: closed difference cancelled")
}

// A clock that was a year ahead for a while keeps nobody from hearing, nor has a channel that is out tried for a year.
func TestClockThatWasAhead(t *testing.T) {
	o := open(t)
	o.wish = []string{"mail"}
	o.now = o.now.AddDate(1, 0, 0)
	late := cancelled(15)
	late.Kind, late.Occurrence = drift.SeriesMoved, series.Date{}
	o.round(reconcile.Round{}, []drift.Flag{late}, nil)
	o.work(2 * time.Hour)
	n := len(o.mail.Arrived())
	if n != 1 {
		t.Fatalf("%d arrived", n)
	}
	other := late
	other.Kind = drift.SeriesEnded
	o.mail.Always(&channel.Error{Kind: channel.Broken, Op: "mail: sign in", Err: errors.New("535")})
	o.round(reconcile.Round{}, []drift.Flag{other}, nil)
	o.work(8 * time.Hour)
	o.round(reconcile.Round{Plan: plan.Plan{Held: []plan.Held{{Change: plan.Change{Pair: pair, Action: plan.Update},
		Because: "one"}}}}, nil, nil)
	o.now = monday.Add(time.Hour)
	o.begin()
	o.work(50 * time.Hour)
	o.arrived(o.admins, 0, "ops@example.com: opened held update", "ops@example.com: opened failed mail")
	o.mail.Always(nil)
	o.round(reconcile.Round{}, []drift.Flag{cancelled(29)}, nil)
	o.work(24 * time.Hour)
	o.arrived(o.mail, n, "raj@example.com: opened difference cancelled")
}

// Who is no reader any more is told nothing, and no trouble to the admins.
func TestReaderWhoLeft(t *testing.T) {
	o := open(t)
	o.mail.Gone("raj@example.com")
	o.chat.Gone("raj")
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.work(24 * time.Hour)
	o.arrived(o.admins, 0, "ops@example.com: opened unreached raj")
	job := outbox.Job{Notice: "n", Reader: "raj", Kind: notify.News}
	o.gone = "raj"
	if again, err := o.box.Send(t.Context(), job); again != 0 || err != nil {
		t.Error(again, err)
	}
	o.round(reconcile.Round{}, nil, nil)
	o.work(24 * time.Hour)
	o.arrived(o.admins, 1, "ops@example.com: closed unreached raj")
}

// The log has ids, no addresses.
func TestLog(t *testing.T) {
	o := open(t)
	o.admin = "admins:it@example.com"
	var log bytes.Buffer
	o.log = zerolog.New(&log)
	o.begin()
	o.mail.Next(memory.Fault{Err: &channel.Error{Op: "mail: dial", Err: errors.New("refused")}})
	o.admins.Next(memory.Fault{Err: &channel.Error{Op: "mail: dial", Err: errors.New("refused")}})
	o.round(reconcile.Round{Plan: plan.Plan{Held: []plan.Held{{Change: plan.Change{Pair: pair, Action: plan.Update},
		Because: "a person changed it"}}}}, []drift.Flag{cancelled(15)}, nil)
	o.work(24 * time.Hour)
	if text := log.String(); strings.Contains(text, "@") || strings.Count(text, `"message":"notice"`) != 2 ||
		!strings.Contains(text, `"reader":"raj"`) || !strings.Contains(text, `"reader":"admins:`) {
		t.Error(text)
	}
}

// A webhook gets each event by itself, under an id that a repeat has again, of the kinds that it wants.
func TestMachine(t *testing.T) {
	o := open(t)
	o.hears = []notify.Kind{notify.Held, notify.Round, notify.State}
	two := []plan.Held{
		{Change: plan.Change{Pair: pair, Action: plan.Update}, Because: "one"},
		{Change: plan.Change{Pair: pair, Action: plan.Create}, Because: "two"},
	}
	views := []*series.View{{Pair: pair, Wanted: true}}
	alarm := []reconcile.Outage{{}}
	// The second is lost after the first was taken: it alone is repeated.
	o.hook.Next(memory.Fault{}, memory.Fault{Err: errors.New("cut off"), Late: true})
	o.round(reconcile.Round{Plan: plan.Plan{Held: two}, Views: views, Alarms: alarm}, nil, nil)
	o.work(time.Minute)
	seen := map[string]int{}
	ids := map[string]string{}
	for _, m := range o.hook.Arrived() {
		seen[m.Text]++
		if was := ids[m.Text]; was != "" && was != m.ID {
			t.Errorf("%s has ids %s and %s", m.Text, was, m.ID)
		}
		ids[m.Text] = m.ID
	}
	if len(seen) != 4 || len(o.hook.Arrived()) != 5 || seen["opened state held"] == 0 {
		t.Errorf("%v", seen)
	}
	from := len(o.hook.Arrived())
	o.round(reconcile.Round{Views: views}, nil, nil)
	o.work(24 * time.Hour)
	o.round(reconcile.Round{Views: views}, nil, nil)
	o.work(24 * time.Hour)
	o.arrived(o.hook, from, "hook: closed held update", "hook: closed held create",
		"hook: changed state unbooked")
}

// What is as it was before something else was told is a message of its own.
func TestComesBack(t *testing.T) {
	o := open(t)
	f := cancelled(22)
	for range 2 {
		o.round(reconcile.Round{}, []drift.Flag{f}, nil)
		o.work(24 * time.Hour)
		o.round(reconcile.Round{}, nil, []drift.Flag{f})
		o.work(24 * time.Hour)
	}
	ids := map[string]bool{}
	for _, m := range o.mail.Arrived() {
		ids[m.ID] = true
	}
	if len(ids) != 4 || len(o.mail.Arrived()) != 4 {
		t.Errorf("%d messages, %d ids", len(o.mail.Arrived()), len(ids))
	}
}

// A matter that comes and goes in every round is a few messages a day to a person, and an event each to a machine.
func TestFlapping(t *testing.T) {
	o := open(t)
	out := map[reconcile.Subject]reconcile.Outage{
		reconcile.CalendarOf("raj"): {Kind: "auth", Cause: "refused", Text: "refused"},
	}
	for i := range 24 * 12 {
		r := reconcile.Round{}
		if i%2 == 0 {
			r.Outages = out
		}
		o.round(r, nil, nil)
		o.work(5 * time.Minute)
	}
	if n := len(o.admins.Arrived()); n > 6 {
		t.Errorf("admins: %d", n)
	}
	if n := len(o.mail.Arrived()); n > 6 {
		t.Errorf("raj: %d", n)
	}
}
