package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// killed is what a process panics with that is killed at a call.
type killed struct{}

var errJournal = errors.New("the journal failed")

// luck decides how calls go, the same for the same seed.
type luck struct {
	*rand.Rand
	off bool // all goes well
}

// call makes the call, which may fail or be the last of the process, each before or after it took effect.
func (l *luck) call(do func() error) error {
	fate := 100
	if !l.off {
		fate = l.IntN(100)
	}
	switch fate {
	case 0, 1, 2:
		return errJournal
	case 3:
		panic(killed{})
	}
	err := do()
	switch fate {
	case 4, 5, 6:
		return errJournal
	case 7:
		panic(killed{})
	}
	return err
}

// frail is a journal whose calls go as luck has it.
type frail struct {
	j *store.Store
	*luck
}

func (f frail) Facts(ctx context.Context, reader string, now time.Time) (out ledger.Facts, err error) {
	err = f.call(func() error { out, err = f.j.Facts(ctx, reader, now); return err })
	return out, err
}

func (f frail) Matters(ctx context.Context) (out map[string]notify.Matter, err error) {
	err = f.call(func() error { out, err = f.j.Matters(ctx); return err })
	return out, err
}

func (f frail) SetMatters(ctx context.Context, set []notify.Matter, forget []string) error {
	return f.call(func() error { return f.j.SetMatters(ctx, set, forget) })
}

func (f frail) Record(ctx context.Context, reader string, told []notify.Told, sent ledger.Sent) error {
	return f.call(func() error { return f.j.Record(ctx, reader, told, sent) })
}

func (f frail) Stood(ctx context.Context) (at time.Time, err error) {
	err = f.call(func() error { at, err = f.j.Stood(ctx); return err })
	return at, err
}

func (f frail) SetBaseline(ctx context.Context) error {
	return f.call(func() error { return f.j.SetBaseline(ctx) })
}

func (f frail) Unsent(ctx context.Context, u ledger.Unsent) (since time.Time, err error) {
	err = f.call(func() error { since, err = f.j.Unsent(ctx, u); return err })
	return since, err
}

func (f frail) SetUnreached(ctx context.Context, reader, channel, address string, at time.Time) error {
	return f.call(func() error { return f.j.SetUnreached(ctx, reader, channel, address, at) })
}

func (f frail) Stop(ctx context.Context, reader string, kind notify.NoticeKind, stop bool, at time.Time) error {
	return f.j.Stop(ctx, reader, kind, stop, at)
}

func (f frail) UseLink(ctx context.Context, digest string, at time.Time) (bool, error) {
	return f.j.UseLink(ctx, digest, at)
}

func (f frail) LinkUsed(ctx context.Context, digest string) (bool, error) {
	return f.j.LinkUsed(ctx, digest)
}

// line is a channel whose answers may be lost, which may be out for hours, and does not reach everybody.
type line struct {
	*memory.Channel
	*luck
	now  func() time.Time
	out  time.Time // until then
	gone bool
}

func (l *line) Send(ctx context.Context, m channel.Message) (sent channel.Sent, err error) {
	if l.now().Before(l.out) {
		return sent, &channel.Error{Kind: channel.Broken, Op: "line: sign in", Err: errors.New("535")}
	}
	if l.gone {
		return sent, &channel.Error{Kind: channel.BadAddress, Op: "line: send", Err: errors.New("550")}
	}
	err = l.call(func() error { sent, err = l.Channel.Send(ctx, m); return err })
	return sent, err
}

// world is two people, their flags, and an outbox that is killed now and then.
type world struct {
	*rapid.T
	ctx        context.Context
	now        time.Time
	luck       *luck
	journal    *store.Store
	mail, chat *line
	box        *outbox.Outbox
	open       map[string]drift.Flag // by id
	jobs       map[outbox.Job]time.Time
}

func (w *world) clock() time.Time { return w.now }

func (w *world) readers(time.Time) (map[string]outbox.Reader, error) {
	out := map[string]outbox.Reader{}
	for _, id := range []string{"mia", "raj"} {
		out[id] = outbox.Reader{
			Reader:    notify.Reader{Person: series.Person{ID: id, Zone: "Europe/Berlin"}, Channels: []string{"mail", "chat"}},
			Addresses: map[string]string{"mail": id, "chat": id},
		}
	}
	return out, nil
}

// begin is a new process: it knows of no job.
func (w *world) begin() {
	w.jobs = map[outbox.Job]time.Time{}
	w.box = outbox.New(outbox.Options{
		Journal:     frail{w.journal, w.luck},
		Readers:     w.readers,
		Senders:     map[string]channel.Sender{"mail": w.mail, "chat": w.chat},
		Write:       w.write,
		Operational: func(reconcile.Round) []notify.Matter { return nil },
		Clock:       w.clock,
		Log:         zerolog.Nop(),
	})
}

// write says each item in a line: its key, its state, what became of it.
func (w *world) write(_ context.Context, _ time.Time, n notify.Notice, _ outbox.Reader, _ ledger.Facts) (
	outbox.Letter, error) {
	var lines []string
	for _, i := range n.Items {
		if _, open := w.open[i.Matter.Key]; open == (i.Event == notify.Closed) {
			w.Fatalf("%s is said of a flag that is open: %v", i.Event, open)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", i.Matter.Key, i.State, i.Event))
	}
	return outbox.Letter{Subject: "s", Text: strings.Join(lines, "\n")}, nil
}

// try lets the process do something that may kill it.
func (w *world) try(do func()) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(killed); !ok {
				panic(p)
			}
			w.begin()
		}
	}()
	do()
}

// round commits what became of the flags.
func (w *world) round(e drift.Edges) {
	var open []drift.Flag
	for _, f := range w.open {
		open = append(open, f)
	}
	if err := w.journal.Commit(w.ctx, reconcile.Record{At: w.now, Edges: e, Open: open}); err != nil {
		w.Fatal(err)
	}
	w.try(func() { _ = w.box.After(w.ctx, reconcile.Round{At: w.now, Edges: e, Open: open}) })
}

// pass sends what is due until the time, a look every five minutes.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(5 * time.Minute) {
		w.try(func() {
			jobs, _ := w.box.Due(w.ctx)
			for _, j := range jobs {
				if _, waits := w.jobs[j]; !waits {
					w.jobs[j] = w.now
				}
			}
			for j, at := range w.jobs {
				if at.After(w.now) {
					continue
				}
				delete(w.jobs, j)
				if again, _ := w.box.Send(w.ctx, j); again > 0 {
					w.jobs[j] = w.now.Add(again)
				}
			}
		})
	}
}

// act is something that happens to a flag.
func (w *world) act() {
	keys := []string{}
	for k := range w.open {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	what := rapid.SampledFrom([]string{"open", "open", "change", "close", "out", "gone"}).Draw(w.T, "what")
	switch {
	case what == "open":
		f := cancelled(rapid.IntRange(8, 24).Draw(w.T, "day"))
		if rapid.Bool().Draw(w.T, "kind") {
			f.Kind = drift.Moved
		}
		f.By = rapid.SampledFrom([]drift.By{drift.ByManager, drift.ByReport}).Draw(w.T, "by")
		if _, is := w.open[f.ID()]; is {
			return
		}
		w.open[f.ID()] = f
		w.round(drift.Edges{Opened: []drift.Flag{f}})
	case what == "out":
		w.mail.out = w.now.Add(time.Duration(rapid.IntRange(1, 3).Draw(w.T, "hours")) * time.Hour)
	case what == "gone":
		w.mail.gone = !w.mail.gone
	case len(keys) == 0:
	case what == "change":
		f := w.open[rapid.SampledFrom(keys).Draw(w.T, "flag")]
		f.Detail = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(w.T, "detail")
		w.open[f.ID()] = f
		w.round(drift.Edges{Changed: []drift.Flag{f}})
	default:
		f := w.open[rapid.SampledFrom(keys).Draw(w.T, "flag")]
		delete(w.open, f.ID())
		w.round(drift.Edges{Closed: []drift.Flag{f}})
	}
}

// emptyJournal is a file with all tables, of a first round that found nothing.
func emptyJournal(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "empty.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, func() time.Time { return monday }, store.Options{})
	if err == nil {
		err = errors.Join(began(t.Context(), s, monday), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever fails and wherever the process is killed: what is due is handed over in the end, what counts as told was
// handed over, a repeat has the id of the first, and other words have another.
func TestCrashLaw(t *testing.T) {
	dir, n := t.TempDir(), 0
	empty, err := os.ReadFile(emptyJournal(t))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		w := &world{T: rt, ctx: t.Context(), now: monday, open: map[string]drift.Flag{},
			luck: &luck{Rand: rand.New(rand.NewPCG(seed, 1))}}
		w.mail = &line{Channel: memory.New(), luck: w.luck, now: w.clock}
		w.chat = &line{Channel: memory.New(), luck: w.luck, now: w.clock}
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		if err := os.WriteFile(path, empty, 0o600); err != nil {
			rt.Fatal(err)
		}
		s, err := store.Open(w.ctx, "sqlite:"+path, w.clock, store.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		w.journal = s
		w.begin()
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			w.act()
			w.pass(time.Duration(rapid.SampledFrom([]int{0, 5, 15, 60, 300}).Draw(rt, "minutes")) * time.Minute)
		}
		w.luck.off, w.mail.gone = true, false
		w.pass(72 * time.Hour)
		w.check()
	})
}

func (w *world) check() {
	said := map[string]map[string]string{} // line by id, by reader
	handed := map[string]bool{}
	for _, l := range []*line{w.mail, w.chat} {
		for _, m := range l.Arrived() {
			if said[m.To] == nil {
				said[m.To] = map[string]string{}
			}
			if was, ok := said[m.To][m.ID]; ok && was != m.Text {
				w.Errorf("%s has under %s\n%s\nand\n%s", m.To, m.ID, was, m.Text)
			}
			said[m.To][m.ID] = m.Text
			for _, x := range strings.Split(m.Text, "\n") {
				handed[m.To+" "+strings.Join(strings.Fields(x)[:2], " ")] = true
			}
		}
	}
	readers, _ := w.readers(w.now)
	for id, r := range readers {
		f, err := w.journal.Facts(w.ctx, id, w.now)
		if err != nil {
			w.Fatal(err)
		}
		for _, t := range f.Told {
			if !handed[id+" "+t.Key+" "+t.State] || t.Channel == outbox.NoChannel {
				w.Errorf("%s counts as told by %s and was not handed over: %+v", id, t.Channel, t)
			}
		}
		d := outbox.Decide(w.now, r, f)
		if len(d.Due) > 0 {
			w.Errorf("%s was not told %+v", id, d.Due)
		}
		for _, x := range d.Waiting {
			if x.Because != notify.OwnAct && x.Because != notify.Begins {
				w.Errorf("%s was not told %+v", id, x)
			}
		}
		// A repeat has the id of the first: those in a row that say the same have one.
		last := map[string]string{}
		for _, m := range w.mail.Arrived() {
			if m.To != id {
				continue
			}
			// One of several things may close what comes again.
			if was, ok := last["text"]; ok && was == m.Text && last["id"] != m.ID {
				w.Errorf("%s has %s as %s and %s", id, m.Text, last["id"], m.ID)
			}
			last["text"], last["id"] = m.Text, m.ID
		}
	}
}
