package google_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// apart is a pair whose manager has a calendar elsewhere, and whose report has one at Google with a copy in it.
type apart struct {
	*world
	manager *memory.Calendar
	hands   *memory.Hands // the manager's
	ref     series.Ref    // of the series
}

func delivered(t *testing.T) *apart {
	p := &apart{world: open(t)}
	boss := mia
	boss.Email, boss.Aliases = "mia@elsewhere.test", nil
	m := memory.New(memory.Options{Clock: p.now})
	p.manager, p.hands = m.Join(boss), m.Hands(boss.ID)
	s := wish()
	s.Manager, s.ClientDelivers = boss, true
	var err error
	p.ref, err = p.manager.Create(p.ctx(), s)
	p.must(err)
	_, err = p.calendar(raj).Deliver(p.ctx(), series.Ref{}, p.series(), raj.Email)
	p.must(err)
	return p
}

func (p *apart) series() series.Event {
	in := interest(raj)
	in.Pairs[0].Manager, in.Owner = []string{"mia@elsewhere.test"}, []string{"mia@elsewhere.test"}
	s, err := providertest.Observe(p.ctx(), p.manager, series.Snapshot{}, in)
	p.must(err)
	if len(s.Series) != 1 {
		p.t.Fatalf("%d series", len(s.Series))
	}
	return s.Series[0]
}

func (p *apart) copied() series.Event {
	in := interest(raj)
	in.Pairs[0].Manager = []string{"mia@elsewhere.test"}
	s, err := providertest.Observe(p.ctx(), p.calendar(raj), series.Snapshot{}, in)
	p.must(err)
	if len(s.Copies) != 1 {
		p.t.Fatalf("%d copies", len(s.Copies))
	}
	return s.Copies[0]
}

// meanwhile is the report's calendar as Holdfast sees it, where something happens before its n-th request.
func (p *apart) meanwhile(n int, what func()) (c *google.Calendar, happened *bool) {
	return p.meanwhileAs(raj, n, what)
}

// meanwhileAs is meanwhile for another person's calendar.
func (p *apart) meanwhileAs(who series.Person, n int, what func()) (c *google.Calendar, happened *bool) {
	token, happened := p.Token(who.Email, "holdfast", google.Scope), new(bool)
	c, err := p.project.Open(google.Account{Owner: who, HTTP: &http.Client{Transport: handled{http.HandlerFunc(
		func(rw http.ResponseWriter, r *http.Request) {
			if n--; n == 0 {
				*happened = true
				what()
			}
			r.Header.Set("Authorization", "Bearer "+token)
			p.ServeHTTP(rw, r)
		})}}})
	p.must(err)
	return c, happened
}

// at is when the event has its n-th occurrence, from 0, and placed where that takes place.
func at(e series.Event, n int) time.Time { return e.Slot().On(e.First().AddDays(7 * n)) }

func placed(e series.Event, n int) time.Time {
	for _, m := range e.Meetings(at(e, n), at(e, n).Add(time.Second)) {
		if m.Original.Equal(at(e, n)) {
			return m.Start
		}
	}
	return time.Time{}
}

// A person's edit of the copy between any two requests of a delivery stays: what the organizer did not change in any
// case, and what they did where the delivery had begun before.
func TestCopyEditedWhileItIsDelivered(t *testing.T) {
	met := 0
	for n := 1; ; n++ { // requests
		p := delivered(t)
		e := p.series()
		mine, theirs := 24*time.Hour, 3*time.Hour
		p.must(p.hands.Move(e.ID, at(e, 2), at(e, 2).Add(theirs)))
		p.must(p.hands.Move(e.ID, at(e, 3), at(e, 3).Add(theirs)))
		p.must(p.hands.Relocate(e.ID, time.Time{}, "Room Birch"))
		e = p.series()
		before := p.copied()
		begun := false
		c, happened := p.meanwhile(n, func() {
			id := p.copied().ID
			begun = p.copied().Delivered != before.Delivered
			p.must(p.Hands(raj.Email).Move(id, at(e, 1), at(e, 1).Add(mine)))
			p.must(p.Hands(raj.Email).Move(id, at(e, 3), at(e, 3).Add(mine)))
		})
		_, err := c.Deliver(p.ctx(), before.Ref, e, raj.Email)
		if err != nil && provider.KindOf(err) != provider.Conflict {
			t.Fatalf("request %d: %v", n, err)
		}
		if !*happened {
			break
		}
		for range 3 {
			if is := p.copied(); !e.DeliveredTo(is, p.now()) {
				_, err := p.calendar(raj).Deliver(p.ctx(), is.Ref, e, raj.Email)
				p.must(err)
			}
		}
		is, own := p.copied(), at(e, 3).Add(theirs)
		if begun {
			own = at(e, 3).Add(mine)
			met++
		}
		for k, want := range map[int]time.Time{1: at(e, 1).Add(mine), 2: at(e, 2).Add(theirs), 3: own} {
			if !placed(is, k).Equal(want) {
				t.Errorf("edited before request %d, begun %v: meeting %d is at %v, want %v", n, begun, k, placed(is, k), want)
			}
		}
		if !e.DeliveredTo(is, p.now()) || is.Place != "Room Birch" || strings.Contains(is.Delivered, "~") {
			t.Errorf("edited before request %d: not all is delivered: %s", n, is.Delivered)
		}
	}
	if met < 2 {
		t.Errorf("%d edits met a delivery that had begun", met)
	}
}

// Who is asked to come at another time answers again (RFC 5546 section 3.2.2.1), to the series and to one meeting.
func TestDeliveryAsksAgain(t *testing.T) {
	p := delivered(t)
	e := p.series()
	p.must(p.Hands(raj.Email).Answer(p.copied().ID, time.Time{}, raj.Email, series.Accepted))
	resized := at(e, 1)
	p.must(p.hands.Resize(e.ID, resized, 30*time.Minute))
	_, err := p.calendar(raj).Deliver(p.ctx(), p.copied().Ref, p.series(), raj.Email)
	p.must(err)
	is := p.copied()
	if all := is.Guests[0].Answer; all != series.Accepted {
		t.Errorf("the series where it was is answered with %s", all)
	}
	for _, o := range is.Overrides {
		if o.Original.Equal(resized) && o.Guests[0].Answer != series.NeedsAction {
			t.Errorf("the meeting of another length is answered with %s", o.Guests[0].Answer)
		}
	}
	to := tuesdays
	to.At += 60
	p.must(p.hands.MoveAll(e.ID, to, wish().First))
	_, err = p.calendar(raj).Deliver(p.ctx(), is.Ref, p.series(), raj.Email)
	p.must(err)
	if all := p.copied().Guests[0].Answer; all != series.NeedsAction {
		t.Errorf("the series at another time is answered with %s", all)
	}
}

// Google answers some changes with success and leaves the event as it was: the series, or one meeting.
func TestDeliveryThatChangesNothing(t *testing.T) {
	for name, change := range map[string]func(*apart, series.Event) error{
		"series": func(p *apart, e series.Event) error { return p.hands.Relocate(e.ID, time.Time{}, "Room Birch") },
		"meeting": func(p *apart, e series.Event) error {
			return p.hands.Move(e.ID, at(e, 1), at(e, 1).Add(time.Hour))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := delivered(t)
			p.must(change(p, p.series()))
			c, err := p.project.Open(google.Account{Owner: raj, HTTP: &http.Client{Transport: handled{http.HandlerFunc(
				func(rw http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPatch && (name == "series" || strings.Contains(r.URL.Path, "_2026")) {
						r.Method = http.MethodGet
					}
					r.Header.Set("Authorization", "Bearer "+p.Token(raj.Email, "holdfast", google.Scope))
					p.ServeHTTP(rw, r)
				})}}})
			p.must(err)
			_, err = c.Deliver(p.ctx(), p.copied().Ref, p.series(), raj.Email)
			var failure *provider.Error
			if !errors.As(err, &failure) || failure.Kind != provider.Permanent || failure.Hint == "" {
				t.Errorf("it was not taken, and Deliver answers %v", err)
			}
		})
	}
}

// A write is of the version that it names: an edit between any two of its requests is a conflict, and stays.
func TestSeriesEditedWhileItIsWritten(t *testing.T) {
	other := tuesdays
	other.At += 60
	slot, place := series.Patch{Slot: &series.SlotPatch{Slot: other, First: wish().First}}, "Room Birch"
	for name, patch := range map[string]series.Patch{"slot": slot, "place": {Place: &place}} {
		for n := 2; ; n++ {
			w := open(t)
			ref, err := w.calendar(mia).Create(w.ctx(), wish())
			w.must(err)
			w.must(w.Hands(mia.Email).Move(ref.ID, start(1), start(1).Add(time.Hour)))
			ref = w.look(w.calendar(mia), mia, series.Snapshot{}).Series[0].Ref
			p := &apart{world: w}
			c, happened := p.meanwhileAs(mia, n, func() {
				w.must(w.Hands(mia.Email).MoveAll(ref.ID, series.Slot{Weekday: time.Friday, At: 900, Duration: time.Hour, Every: 1,
					Zone: tuesdays.Zone}, day(0).AddDays(3)))
			})
			_, err = c.Update(w.ctx(), ref, patch)
			if !*happened {
				break
			}
			if provider.KindOf(err) != provider.Conflict {
				t.Errorf("%s, edited before request %d: %v", name, n, err)
			}
			if at := w.look(w.calendar(mia), mia, series.Snapshot{}).Series[0].Slot(); at.Weekday != time.Friday {
				t.Errorf("%s, edited before request %d: the series is on %s", name, n, at)
			}
		}
	}
}

// Who removed the invitation, which declines it, is asked anew, with one mail.
func TestInvite(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	ref, err := c.Create(w.ctx(), wish())
	w.must(err)
	w.must(w.Hands(raj.Email).Delete(ref.ID))
	e := w.look(c, mia, series.Snapshot{}).Series[0]
	before := len(w.Mails())
	ref, err = c.Invite(w.ctx(), e.Ref, raj.Email)
	w.must(err)
	now := w.look(c, mia, series.Snapshot{}).Series[0]
	if n := len(w.Mails()) - before; n != 1 || e.Guests[0].Answer != series.Declined ||
		now.Guests[0].Answer != series.NeedsAction || now.Ref != ref {
		t.Errorf("%d mails, answered with %s, then with %s", n, e.Guests[0].Answer, now.Guests[0].Answer)
	}
}

// An answer that is known is not written again.
func TestAnsweredTwice(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	_, err := c.Create(w.ctx(), wish())
	w.must(err)
	given := []provider.Answer{{PartStat: series.Accepted}, {Original: start(1), PartStat: series.Declined}}
	for _, want := range []int{2, 0} {
		w.Reset()
		_, err = c.Answer(w.ctx(), w.look(c, mia, series.Snapshot{}).Series[0].Ref, raj.Email, given)
		w.must(err)
		if n := len(w.Writes()); n != want {
			t.Errorf("%d writes, want %d", n, want)
		}
	}
}

// What is called off already is not written again.
func TestCancelledTwice(t *testing.T) {
	p := delivered(t)
	off := p.series()
	off.Cancelled = true
	for range 2 {
		_, err := p.calendar(raj).Deliver(p.ctx(), series.Ref{}, off, raj.Email)
		p.must(err)
	}
	if n := len(p.Writes()); n != 2 { // the import and the deletion
		t.Errorf("%d writes", n)
	}
}

// A series that somebody deleted has ended.
func TestEndOfADeletedSeries(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	ref, err := c.Create(w.ctx(), wish())
	w.must(err)
	w.must(w.Hands(mia.Email).Delete(ref.ID))
	if _, err := c.End(w.ctx(), ref, wish().First.AddDays(7)); err != nil {
		t.Errorf("ended: %v", err)
	}
}

// More exceptions than one property holds are kept in several; where one of those is missing, nothing is known.
func TestDeliveredTakesSeveralProperties(t *testing.T) {
	p := delivered(t)
	e := p.series()
	for n := range 300 {
		p.must(p.hands.Move(e.ID, at(e, n), at(e, n).Add(time.Duration(1+n%97)*time.Minute)))
	}
	e = p.series()
	_, err := p.calendar(raj).Deliver(p.ctx(), p.copied().Ref, e, raj.Email)
	p.must(err)
	is := p.copied()
	if is.Delivered != e.Delivery(p.now()) || len(is.Delivered) < 3000 {
		t.Fatalf("%d characters were kept of %d", len(is.Delivered), len(e.Delivery(p.now())))
	}
}
