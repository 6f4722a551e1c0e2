package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// scene is something that a person does, and what Holdfast must notice.
type scene struct {
	words  string // who does what
	do     func(ctx context.Context) error
	opens  drift.Kind // the flag that opens, "" for none
	shuts  drift.Kind // the flag that closes
	roster bool       // the roster is changed: the daemon sees that by itself, in a few seconds, and writes
	// later has the clock put forward first.
	later func(*ahead)
	mails []string // who gets one then
}

func (s scene) noticed(r reconcile.Round) bool {
	has := func(flags []drift.Flag, k drift.Kind) bool {
		return k == "" || slices.ContainsFunc(flags, func(f drift.Flag) bool { return f.Kind == k })
	}
	return has(r.Edges.Opened, s.opens) && has(r.Edges.Closed, s.shuts) && (!s.roster || len(r.Applied) > 0)
}

// The pauses: between the scenes of the story, and between what people do once it is told.
const (
	pace  = time.Second
	pause = 30 * time.Second
)

// tell tells the story: the booking, then what people do, then, unless once is enough, whatever comes.
func (d *demo) tell(ctx context.Context) error {
	d.welcome()
	applied, mails := 0, 0
	r, err := d.until(ctx, nil, func(r reconcile.Round) bool {
		applied, mails = applied+len(r.Applied), mails+r.Mails
		return whole(r)
	})
	if err != nil {
		return fmt.Errorf("book the series: %w", err)
	}
	d.booked(r, applied, mails)
	book := map[string]meeting{}
	for _, v := range r.Views {
		if h := v.Head(); h != nil {
			book[v.Pair.String()] = meeting{d.name(*h), h.Mark.Slot, h.First()}
		}
	}
	for _, s := range d.scenes(book) {
		if err := d.wait(ctx, pace); err != nil {
			return err
		}
		if err := d.play(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSuffix(s.words, ":"), err)
		}
	}
	if r, err = d.until(ctx, d.wake, whole); err != nil {
		return err
	}
	next := book["mia/raj"]
	next.day = next.day.AddDays(28)
	d.farewell(r, next)
	if d.Once {
		return nil
	}
	if err := d.leave(ctx, book); err != nil {
		return err
	}
	delete(book, undecided)
	return d.goOn(ctx, book)
}

// whole reports whether all pairs have their series and all calendars were read; a busy machine may need another round.
func whole(r reconcile.Round) bool {
	unbooked := func(v *series.View) bool { return v.Head() == nil }
	return len(r.Late)+len(r.Outages) == 0 && !slices.ContainsFunc(r.Views, unbooked)
}

// play plays a scene, until what it is to lead to has come about.
func (d *demo) play(ctx context.Context, s scene) error {
	if s.later != nil {
		s.later(d.ahead)
	}
	d.act(s.words)
	if s.do == nil {
		return d.mailed(ctx, s.mails)
	}
	if err := s.do(ctx); err != nil {
		return err
	}
	wake := d.wake
	if s.roster {
		wake = nil
	}
	_, err := d.until(ctx, wake, s.noticed)
	return err
}

func (d *demo) welcome() {
	d.say("%s\n", bold.Render("Holdfast demo: "+d.what+", a small company and the real daemon, all on this machine."))
	d.say("  Mia Chen in Berlin manages Raj Patel (Pune), Lee Park (Berlin) and Ana Silva (New York).")
	d.say("  Ana Silva manages Bo Larsen (New York) and Kim Novak (London).")
	d.say("  In the demo it is %s in Berlin, a time at which all of them work.", d.ahead.inBerlin())
	d.say("  Mails go nowhere: you read them here.")
	if !d.Once {
		d.say("  What each of them sees: open %s in a browser, and be one of them.", bold.Render(d.web+demoPath))
	}
	d.say("\n%s", d.join)
}

func (d *demo) booked(r reconcile.Round, applied, mails int) {
	d.act("Holdfast reads the roster, books each pair a weekly slot and invites the report:")
	agenda := ""
	for _, s := range r.Statuses(nil) {
		d.say("          %-8s  %-26s  %s", s.Pair, s.Slot, dim.Render("first on "+s.Next.Format("Mon 2 Jan")))
		agenda = s.PrepDoc
	}
	d.say("          %s", dim.Render(fmt.Sprintf("%d series, %d invitations; each carries the pair's agenda link, like",
		applied, mails)))
	d.say("          %s", dim.Render(agenda))
}

// scenes is the story.
func (d *demo) scenes(book map[string]meeting) []scene {
	raj, lee, ana, bo, kim := book["mia/raj"], book["mia/lee"], book["mia/ana"], book["ana/bo"], book["ana/kim"]
	raj.day, lee.day, ana.day, bo.day = raj.day.AddDays(7), lee.day.AddDays(14), ana.day.AddDays(14), bo.day.AddDays(7)
	mia, anaP, boP, rajP := d.person("mia"), d.person("ana"), d.person("bo"), d.person("raj")
	lunch := ana.start()
	event := ""
	settled := func(a *ahead) { a.later(settle) }
	out := []scene{
		{words: "Mia drags her 1:1 with Raj of " + words(raj) + " to Thursday 15:00.", opens: drift.Moved,
			do: func(ctx context.Context) error {
				return mia.Move(ctx, raj.event, raj.start(), raj.on(time.Thursday, "15:00"))
			}},
		{words: "Mia cancels her 1:1 with Lee of " + words(lee) + ".", opens: drift.Cancelled,
			do: func(ctx context.Context) error { return mia.Cancel(ctx, lee.event, lee.start()) }},
		{words: "Ana shortens her 1:1 with Bo of " + words(bo) + " to half an hour.", opens: drift.Shortened,
			do: func(ctx context.Context) error {
				return anaP.Shorten(ctx, bo.event, bo.start(), 30*time.Minute)
			}},
		{words: "Bo declines the one after.", opens: drift.DeclinedKind, do: func(ctx context.Context) error {
			return boP.Decline(ctx, bo.event, bo.slot.On(bo.day.AddDays(7)))
		}},
		{words: "Somebody books lunch over Mia's 1:1 with Ana of " + words(ana) + ".", opens: drift.DoubleBooked,
			do: func(ctx context.Context) (err error) {
				event, err = mia.AddEvent(ctx, "Lunch with the board", lunch, lunch.Add(time.Hour))
				return err
			}},
		{words: "The lunch goes away again, before anybody was told.", shuts: drift.DoubleBooked,
			do: func(ctx context.Context) error { return mia.Delete(ctx, event) }},
		{words: "Raj moves his 1:1 with Mia, but in his own calendar only.", opens: drift.CopyDiffers,
			do: func(ctx context.Context) error {
				day := raj.day.AddDays(14)
				return rajP.Move(ctx, raj.event, raj.slot.On(day), raj.slot.On(day.AddDays(1)))
			}},
		{words: "Ana drags the whole series with Kim to Fridays 11:00. Holdfast leaves it and waits for a word:",
			opens: drift.SeriesMoved, do: func(ctx context.Context) error {
				return anaP.MoveAll(ctx, kim.event, kim.start(), kim.on(time.Friday, "11:00"))
			}},
		{words: "Ten minutes later all that still stands. So the other of the two is told of each, by mail:",
			later: settled, mails: []string{"raj", "lee", "bo", "kim", "mia"}},
		{words: "Lee reads the mail, opens its first link and presses the button there:", shuts: drift.Cancelled,
			do: func(ctx context.Context) error { return d.press(ctx, "lee") }},
		{words: "Ana thinks better of it and drags the series with Kim back.", shuts: drift.SeriesMoved,
			do: func(ctx context.Context) error {
				return anaP.MoveAll(ctx, kim.event, kim.on(time.Friday, "11:00"), kim.start())
			}},
		{words: "Mia puts Thursday's 1:1 with Raj back on " + words(raj) + ".", shuts: drift.Moved,
			do: func(ctx context.Context) error { return mia.Move(ctx, raj.event, raj.start(), raj.start()) }},
		{words: "The admin edits the roster: Mia and Raj now meet in Room Cedar.", roster: true,
			do: func(context.Context) error { return d.roster("Room Cedar") }},
		{words: "Ten minutes later both hear what Lee did, and can take it back:", later: settled,
			mails: []string{"mia", "lee"}},
		{words: "The next Monday who was told of something hears that it is over, and managers of their week:",
			later: func(a *ahead) { a.to(monday(a.now())) }, mails: []string{"raj", "kim", "mia", "mia", "ana"}},
	}
	if d.ahead.now().Weekday() == time.Monday {
		out = slices.Insert(out, 0, scene{words: "It is Monday, so managers get a mail about their week:",
			mails: []string{"mia", "ana"}})
	}
	return out
}

// settle is longer than what is not urgent has to stand until it is told.
const settle = 11 * time.Minute

// press has the person read their last mail, and use its first link.
func (d *demo) press(ctx context.Context, who string) error {
	link := actLink.FindStringSubmatch(d.last[who].Text)
	if link == nil {
		return errors.New("the mail has no link; this is a fault of the demo")
	}
	d.say("")
	for line := range strings.Lines(d.last[who].String()) {
		d.say("            %s", dim.Render(strings.TrimSuffix(line, "\n")))
	}
	d.say("")
	d.say("          %s  %s", blue.Render(fmt.Sprintf("%-12s", "pressed")), link[1])
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, link[2], nil)
	if err != nil {
		return err
	}
	// The answer comes when the round of it was told.
	go func() {
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}()
	return nil
}

func words(m meeting) string {
	return series.ShortDay(m.day.Weekday()) + m.start().Format(" 2 Jan")
}

// farewell tells where things stand, and what to do next.
func (d *demo) farewell(r reconcile.Round, next meeting) {
	d.say("\n%s", bold.Render("That is the whole idea: people's edits stay, and Holdfast says what became of the slot."))
	d.say("Where the five pairs stand now:")
	for _, s := range r.Statuses(nil) {
		style, flags := green, ""
		if s.Flags > 0 {
			style, flags = yellow, fmt.Sprintf(" (%d)", s.Flags)
		}
		d.say("          %-8s  %-26s  %s", s.Pair, s.Slot, style.Render(string(s.State)+flags))
	}
	if d.Once {
		d.say("\nNext: %s;\n`holdfast init` writes the files for your own people.", d.again)
		return
	}
	d.say("\nIt goes on: %s\nCtrl-C ends it; `holdfast init` writes the files for your own people.", d.try(next))
}

// leave has somebody do what waits for a decision, and tells how to take it, and what else to try, in another terminal.
func (d *demo) leave(ctx context.Context, book map[string]meeting) error {
	kim, lee, ana := book[undecided], book["mia/lee"], book["mia/ana"]
	ana.day = ana.day.AddDays(21)
	d.act("Ana drags the whole series with Kim to Fridays 11:00 once more, and leaves it to you:")
	if err := d.person("ana").MoveAll(ctx, kim.event, kim.start(), kim.on(time.Friday, "11:00")); err != nil {
		return fmt.Errorf("drag the series with Kim: %w", err)
	}
	moved := scene{opens: drift.SeriesMoved}
	if _, err := d.until(ctx, d.wake, moved.noticed); err != nil {
		return err
	}
	d.act("Mia cancels her 1:1 with Ana of " + words(ana) + ", and ten minutes later Ana is told:")
	if err := d.person("mia").Cancel(ctx, ana.event, ana.start()); err != nil {
		return fmt.Errorf("cancel Mia's 1:1 with Ana: %w", err)
	}
	cancelled := scene{opens: drift.Cancelled}
	if _, err := d.until(ctx, d.wake, cancelled.noticed); err != nil {
		return err
	}
	d.ahead.later(settle)
	if err := d.mailed(ctx, []string{"ana"}); err != nil {
		return err
	}
	d.say("\nAll mails are in %s. Be Ana: open this in a browser, and press the button.", bold.Render(d.outbox()))
	if link := actLink.FindStringSubmatch(d.last["ana"].Text); link != nil {
		d.say("  %s:\n  %s", link[1], link[2])
	}
	run := d.Command + " --config " + filepath.Join(d.dir, "holdfast.yaml")
	d.say("\nAll commands work on the demo too. In another terminal, for instance:\n")
	for _, args := range []string{
		"status",
		"accept " + undecided,
		"rebook mia/lee --occurrence " + lee.day.AddDays(21).String() + " --to \"Fri 10:00\"",
	} {
		d.say("  %s %s", run, args)
	}
	return nil
}

// undecided is the pair whose series is left moved.
const undecided = "ana/kim"

// wait tells of what happens until so much time has passed.
func (d *demo) wait(ctx context.Context, t time.Duration) error {
	if d.After == nil {
		return ctx.Err()
	}
	over := d.After(t)
	for {
		switch what, r, err := d.next(ctx, nil, over); {
		case err != nil || what == nothing:
			return err
		case what == round:
			if e := r.Edges; len(e.Opened)+len(e.Changed)+len(e.Closed) > 0 {
				d.act("Somebody changed a calendar:")
				d.stirred = true
			}
			d.tellRound(r)
		}
	}
}

// event is what the daemon did.
type event int

const (
	nothing event = iota // the time is over
	asked                // a round was asked for
	round                // it made one, which is not told yet
	mail                 // it sent one
)

// next waits for the daemon to do something, or for over.
func (d *demo) next(ctx context.Context, ask chan<- struct{}, over <-chan time.Time) (event, reconcile.Round, error) {
	select {
	case ask <- struct{}{}:
		return asked, reconcile.Round{}, nil
	case r := <-d.rounds:
		return round, r, nil
	case l := <-d.letters:
		d.tellLetter(l)
		return mail, reconcile.Round{}, nil
	case <-over:
		return nothing, reconcile.Round{}, nil
	case err := <-d.ran:
		d.ended = true
		return nothing, reconcile.Round{}, cmp.Or(err, errors.New("the daemon has ended"))
	case <-ctx.Done():
		return nothing, reconcile.Round{}, ctx.Err()
	}
}

// maxRounds is how many rounds the daemon may take to notice something.
const maxRounds = 20

var errUnnoticed = errors.New("the daemon did not notice; this is a fault of the demo")

// until waits for a round that has what is asked for, or for too many without; it asks for each where there is a wake.
func (d *demo) until(ctx context.Context, wake chan<- struct{}, enough func(reconcile.Round) bool) (
	reconcile.Round, error) {
	ask := wake
	for rounds := 0; rounds < maxRounds; {
		what, r, err := d.next(ctx, ask, nil)
		switch {
		case err != nil:
			return r, err
		case what == asked:
			ask = nil // one is coming
		case what == round:
			ask = wake
			rounds++
			d.tellRound(r)
			if enough(r) {
				return r, nil
			}
		}
	}
	return reconcile.Round{}, errUnnoticed
}

// mailed waits until each of them got a mail that was not waited for before; two, who is named twice.
func (d *demo) mailed(ctx context.Context, who []string) error {
	for _, id := range who {
		d.unread[id]--
	}
	ask := d.wake
	for rounds := 0; rounds < maxRounds; {
		if !slices.ContainsFunc(who, func(id string) bool { return d.unread[id] < 0 }) {
			return nil
		}
		switch what, r, err := d.next(ctx, ask, nil); {
		case err != nil:
			return err
		case what == asked:
			ask = nil // the others come by themselves
		case what == round:
			rounds++
			d.tellRound(r)
		}
	}
	return errUnnoticed
}

// goOn tells of whatever happens until ctx ends; now and then somebody moves something.
func (d *demo) goOn(ctx context.Context, book map[string]meeting) error {
	pairs := slices.Sorted(maps.Keys(book))
	for n := 4; ; n++ {
		if err := d.wait(ctx, pause); err != nil {
			return err
		}
		if d.stirred {
			d.stirred = false
			d.ahead.later(settle)
			d.act("Some time later:")
			if err := d.wait(ctx, pace); err != nil {
				return err
			}
			continue
		}
		pair := pairs[rand.N(len(pairs))]
		m := book[pair]
		m.day = m.day.AddDays(7 * (4 + n%4))
		p, err := series.ParsePair(pair)
		if err != nil {
			return err
		}
		d.act(fmt.Sprintf("%s moves her 1:1 with %s of %s by an hour.", name(p.Manager), name(p.Report), words(m)))
		if err := d.person(p.Manager).Move(ctx, m.event, m.start(), m.start().Add(time.Hour)); err != nil {
			d.say("          %v", err) // somebody who joined may have taken it away
			continue
		}
		if _, err := d.until(ctx, d.wake, func(reconcile.Round) bool { return true }); err != nil {
			return err
		}
	}
}
