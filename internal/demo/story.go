package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// scene is something that a person does, and what Holdfast must notice.
type scene struct {
	words string // who does what
	do    func(ctx context.Context) error
	opens drift.Kind // the flag that opens, "" for none
	shuts drift.Kind // the flag that closes
	heals bool       // something is written
}

func (s scene) noticed(r reconcile.Round) bool {
	has := func(flags []drift.Flag, k drift.Kind) bool {
		for _, f := range flags {
			if f.Kind == k {
				return true
			}
		}
		return k == ""
	}
	return has(r.Edges.Opened, s.opens) && has(r.Edges.Closed, s.shuts) && (!s.heals || len(r.Applied) > 0)
}

// tell tells the story: the booking, then what people do, then, unless once is enough, whatever comes.
func (d *demo) tell(ctx context.Context) error {
	d.welcome()
	r, err := d.round(ctx)
	if err != nil {
		return err
	}
	if len(r.Failures) > 0 || len(r.Applied) == 0 {
		return fmt.Errorf("nothing was booked: %v", r.Failures)
	}
	d.booked(r)
	book := map[string]meeting{}
	for _, v := range r.Views {
		if h := v.Head(); h != nil {
			book[v.Pair.String()] = meeting{h.UID, h.Mark.Slot, h.First()}
		}
	}
	for _, s := range d.scenes(book) {
		if err := d.play(ctx, s); err != nil {
			return err
		}
	}
	d.say("\n%s", bold.Render("That is the whole idea: people's edits stay, Holdfast says what became of the slot."))
	if d.Once {
		return nil
	}
	d.say("It goes on: join with your own calendar program, move something, and watch. Ctrl-C ends it.\n")
	return d.goOn(ctx, book)
}

func (d *demo) play(ctx context.Context, s scene) error {
	d.say("\n%s %s", dim.Render(d.Clock().Format("15:04:05")), s.words)
	if err := s.do(ctx); err != nil {
		return fmt.Errorf("%s: %w", s.words, err)
	}
	return d.until(ctx, s.noticed)
}

func (d *demo) welcome() {
	d.say("%s", bold.Render("Holdfast demo: a calendar server, a small company and the real daemon, all on this machine."))
	d.say("\nThe calendar server is %s (CalDAV). Join it with any calendar program:", bold.Render(d.base+"/"))
	for _, p := range people {
		d.say("  user %-4s password %-9s %s", p.id, p.id+"-demo", dim.Render(p.name+", "+p.city))
	}
}

func (d *demo) booked(r reconcile.Round) {
	d.say("\n%s Holdfast reads the roster and books every pair a weekly slot; the reports get invitations:", dim.Render(d.Clock().Format("15:04:05")))
	for _, s := range r.Statuses(nil) {
		d.say("  %-8s %-28s %s", s.Pair, s.Slot, dim.Render("next "+s.Next.Format("Mon 2 Jan 15:04")+", agenda "+s.PrepDoc))
	}
	d.say("%s", dim.Render(fmt.Sprintf("  %d written, %d mails", len(r.Applied), r.Mails)))
}

// scenes is the story.
func (d *demo) scenes(book map[string]meeting) []scene {
	raj, lee, ana, bo := book["mia/raj"], book["mia/lee"], book["mia/ana"], book["ana/bo"]
	raj.day, lee.day, ana.day, bo.day = raj.day.AddDays(7), lee.day.AddDays(14), ana.day.AddDays(14), bo.day.AddDays(7)
	mia, anaP, boP, rajP := d.person("mia"), d.person("ana"), d.person("bo"), d.person("raj")
	lunch := ana.start()
	event := ""
	return []scene{
		{"Mia drags her 1:1 with Raj of " + words(raj) + " to Thursday 15:00.", func(ctx context.Context) error {
			return mia.Move(ctx, raj.uid, raj.start(), raj.on(time.Thursday, "15:00"))
		}, drift.Moved, "", false},
		{"Mia cancels her 1:1 with Lee of " + words(lee) + ".", func(ctx context.Context) error {
			return mia.Cancel(ctx, lee.uid, lee.start())
		}, drift.Cancelled, "", false},
		{"Ana shortens her 1:1 with Bo of " + words(bo) + " to half an hour.", func(ctx context.Context) error {
			return anaP.Shorten(ctx, bo.uid, bo.start(), 30*time.Minute)
		}, drift.Shortened, "", false},
		{"Bo declines the one after.", func(ctx context.Context) error {
			return boP.Decline(ctx, bo.uid, bo.slot.On(bo.day.AddDays(7)))
		}, drift.DeclinedKind, "", false},
		{"Somebody books a lunch over Mia's 1:1 with Ana of " + words(ana) + ".", func(ctx context.Context) (err error) {
			event, err = mia.AddEvent(ctx, "Lunch with the board", lunch, lunch.Add(time.Hour))
			return err
		}, drift.DoubleBooked, "", false},
		{"The lunch goes away again.", func(ctx context.Context) error { return mia.Delete(ctx, event) }, "", drift.DoubleBooked, false},
		{"Raj moves a 1:1 in his own calendar only.", func(ctx context.Context) error {
			day := raj.day.AddDays(14)
			return rajP.Move(ctx, raj.uid, raj.slot.On(day), raj.slot.On(day.AddDays(1)))
		}, drift.CopyDiffers, "", false},
		{"Mia thinks better of it and puts Thursday's 1:1 with Raj back on " + words(raj) + ".", func(ctx context.Context) error {
			return mia.Move(ctx, raj.uid, raj.start(), raj.start())
		}, "", drift.Moved, false},
		{"Mia puts the cancelled one with Lee back.", func(ctx context.Context) error {
			return mia.PutBack(ctx, lee.uid, lee.start())
		}, "", drift.Cancelled, false},
	}
}

func words(m meeting) string {
	return series.ShortDay(m.day.Weekday()) + m.start().Format(" 2 Jan")
}

// pause is how long people leave the calendars alone once the story is told.
const pause = 20 * time.Second

// goOn tells of whatever happens until ctx ends; now and then somebody moves something.
func (d *demo) goOn(ctx context.Context, book map[string]meeting) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	pairs := []string{"mia/raj", "mia/lee", "mia/ana", "ana/bo"}
	for n := 3; ; {
		select {
		case r := <-d.rounds:
			d.tellRound(r)
		case err := <-d.ran:
			d.ended = true
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if n++; n > 7 {
				n = 4
			}
			name := pairs[rand.N(len(pairs))]
			m := book[name]
			m.day = m.day.AddDays(7 * n)
			p, _ := series.ParsePair(name)
			manager := d.person(p.Manager)
			d.say("\n%s %s moves the 1:1 with %s of %s by an hour.", dim.Render(d.Clock().Format("15:04:05")), p.Manager, p.Report, words(m))
			if err := manager.Move(ctx, m.uid, m.start(), m.start().Add(time.Hour)); err != nil {
				d.say("  %v", err)
			}
		}
	}
}
