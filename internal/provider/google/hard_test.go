package google_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// deed is something that Holdfast wants of mia's series, how it sees that it is done, and the mails that it takes.
type deed struct {
	name  string
	set   func(w *world, e series.Event) // what people did before
	done  func(e series.Event) bool
	do    func(c *google.Calendar, e series.Event) (series.Ref, error)
	mails int // to the report
	gone  bool
}

func ptr[T any](v T) *T { return &v }

var deeds = func() []deed {
	ctx := context.Background()
	meets := func(e series.Event, n int, at time.Time) bool {
		i := slices.IndexFunc(e.Meetings(start(n), start(n+1)), func(m series.Meeting) bool { return m.Original.Equal(start(n)) && !m.Cancelled && m.Start.Equal(at) })
		return i >= 0
	}
	to := series.Slot{Weekday: time.Thursday, At: 15 * 60, Duration: 30 * time.Minute, Every: 1, Zone: tuesdays.Zone}
	moveOne := func(w *world, e series.Event) {
		w.must(w.Hands(mia.Email).Move(e.ID, start(2), start(2).Add(50*time.Hour)))
	}
	override := func(n int, by time.Duration) series.Override {
		return series.Override{Original: start(n), Start: start(n).Add(by), Duration: time.Hour, Place: wish().Place, Link: wish().Link}
	}
	return []deed{
		{name: "link", mails: 0, set: moveOne, done: func(e series.Event) bool {
			return e.Link == "https://docs.example.com/d/new" && e.Overrides[0].Link == e.Link
		}, do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
			return c.Update(ctx, e.Ref, series.Patch{Link: ptr("https://docs.example.com/d/new")})
		}},
		{name: "mark", mails: 0, done: func(e series.Event) bool { return e.Mark.Line == "another" },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				m := e.Mark
				m.Line = "another"
				return c.Update(ctx, e.Ref, series.Patch{Mark: &m})
			}},
		{name: "place", mails: 1, set: func(w *world, e series.Event) {
			moveOne(w, e)
			w.must(w.Hands(mia.Email).Relocate(e.ID, start(1), "Garden"))
			w.must(w.Hands(mia.Email).Resize(e.ID, start(3), 30*time.Minute))
		}, done: func(e series.Event) bool {
			return e.Place == "Room Birch" && e.Overrides[0].Place == "Garden" && e.Overrides[1].Place == e.Place && e.Overrides[2].Place == e.Place
		},
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.Update(ctx, e.Ref, series.Patch{Place: ptr("Room Birch")})
			}},
		{name: "slot", mails: 1, set: moveOne, done: func(e series.Event) bool { return e.Slot() == to && len(e.Overrides) == 0 },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.Update(ctx, e.Ref, series.Patch{Slot: &series.SlotPatch{Slot: to, First: day(0).AddDays(2)}, Place: ptr("Lobby")})
			}},
		{name: "skips", mails: 1, set: moveOne, done: func(e series.Event) bool {
			return len(e.Mark.Skips) == 2 && len(e.Excluded) == 2 && len(e.Overrides) == 0
		},
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.Skip(ctx, e.Ref, []series.Skip{{Date: day(2), Why: "leave"}, {Date: day(3), Why: "leave"}})
			}},
		{name: "restore", mails: 1, set: moveOne, done: func(e series.Event) bool { return meets(e, 2, start(2)) },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.SetOverride(ctx, e.Ref, override(2, 0))
			}},
		{name: "bring back", mails: 1, set: func(w *world, e series.Event) { w.must(w.Hands(mia.Email).Cancel(e.ID, start(2))) },
			done: func(e series.Event) bool { return meets(e, 2, start(2).Add(3*time.Hour)) },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.SetOverride(ctx, e.Ref, override(2, 3*time.Hour))
			}},
		{name: "heal a link", mails: 0, set: func(w *world, e series.Event) { w.must(w.Hands(mia.Email).SetLink(e.ID, start(2), "")) },
			done: func(e series.Event) bool { return len(e.Overrides) == 0 },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.SetOverride(ctx, e.Ref, override(2, 0))
			}},
		{name: "unskip", mails: 1, set: func(w *world, e series.Event) {
			w.must(w.Hands(mia.Email).Cancel(e.ID, start(2)))
			w.must(w.Hands(mia.Email).CancelStatus(e.ID, start(3)))
		}, done: func(e series.Event) bool { return len(e.Excluded) == 0 && len(e.Overrides) == 0 },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.Unskip(ctx, e.Ref, []series.Date{day(2), day(3)})
			}},
		{name: "clear", mails: 1, set: moveOne, done: func(e series.Event) bool { return len(e.Overrides) == 0 },
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) {
				return c.ClearOverride(ctx, e.Ref, start(2))
			}},
		{name: "end", mails: 1, set: moveOne, done: func(e series.Event) bool {
			return e.LastDay() == day(2) && !e.EndedByHand() && !meets(e, 2, start(2).Add(50*time.Hour))
		},
			do: func(c *google.Calendar, e series.Event) (series.Ref, error) { return c.End(ctx, e.Ref, day(2)) }},
		{name: "end before it began", mails: 1, gone: true, do: func(c *google.Calendar, e series.Event) (series.Ref, error) { return c.End(ctx, e.Ref, day(-1)) }},
	}
}()

// mailed is how many mails went to the report because of Holdfast.
func (w *world) mailed() int {
	n := 0
	for _, m := range w.Mails() {
		if slices.Contains(m.To, raj.Email) {
			n++
		}
	}
	return n
}

// until does what the deed wants, as a round does: look, and write only where it is not done. It gives up after some
// rounds.
func (w *world) until(d deed, c *google.Calendar, last series.Snapshot) {
	w.t.Helper()
	for range 6 {
		s, err := providertest.Observe(w.ctx(), c, last, interest(mia))
		if err != nil {
			continue
		}
		last = s
		if d.gone && len(s.Series) == 0 || !d.gone && len(s.Series) == 1 && d.done(s.Series[0]) {
			return
		}
		if len(s.Series) != 1 {
			w.t.Fatalf("%d series", len(s.Series))
		}
		_, _ = d.do(c, s.Series[0]) // what came of it is seen by the next look
	}
	w.t.Error("not done after six rounds")
}

// Every write that guests notice is told to them once, and no other is.
func TestMailsPerIntent(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			w := open(t)
			s, e := w.booked()
			if n := w.mailed(); n != 1 {
				t.Fatalf("%d mails about the creation", n)
			}
			if d.set != nil {
				d.set(w, e)
			}
			w.Reset()
			w.until(d, w.calendar(mia), s)
			if n := w.mailed(); n != d.mails {
				t.Errorf("%d mails, want %d: %+v", n, d.mails, w.Mails())
			}
			writes := w.Writes()
			w.until(d, w.calendar(mia), series.Snapshot{})
			if again := w.Writes(); len(again) != len(writes) {
				t.Errorf("%d writes more when all was done", len(again)-len(writes))
			}
		})
	}
}

// What Holdfast brings to the report is no business of Google's mails, whatever is written later.
func TestNoMailsWhereHoldfastDelivers(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			w := open(t)
			c := w.calendar(mia)
			s := wish()
			s.ClientDelivers = true
			ref, err := c.Create(w.ctx(), s)
			w.must(err)
			if d.set != nil {
				d.set(w, series.Event{Ref: ref})
			}
			w.until(d, c, series.Snapshot{})
			if n := len(w.Mails()); n != 0 {
				t.Errorf("%d mails: %+v", n, w.Mails())
			}
		})
	}
}

var hardDays = map[string]googletest.Fault{
	"500":                    {Status: 500},
	"503":                    {Status: 503},
	"429":                    {Status: 429, Reason: "rateLimitExceeded", RetryAfter: 1},
	"500 after commit":       {Status: 500, After: true},
	"dropped":                {Drop: true},
	"dropped after commit":   {DropAfterCommit: true},
	"truncated":              {TruncateJSON: true},
	"403 of the user":        {Status: 403, Reason: "userRateLimitExceeded"},
	"somebody was faster":    {Status: 412, Reason: "conditionNotMet"},
	"gone for one moment":    {Status: 404, Reason: "notFound"},
	"empty where it was not": {EmptyList: true},
}

// Whatever goes wrong with whichever request of a write, it is done in the end, once, and told once.
func TestHardDays(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 5 // the first request and the last
	}
	for name, fault := range hardDays {
		t.Run(name, func(t *testing.T) {
			for _, d := range deeds {
				for n := 1; n <= 6; n += step {
					t.Run(fmt.Sprintf("%s/%d", d.name, n), func(t *testing.T) {
						w := open(t)
						s, e := w.booked()
						if d.set != nil {
							d.set(w, e)
						}
						w.must(w.Hands(mia.Email).Note(e.ID, "bring the numbers"))
						s = w.look(w.calendar(mia), mia, s)
						w.Reset()
						w.FailNth("", n, fault)
						w.until(d, w.calendar(mia), s)
						w.SetFaults(googletest.Faults{})
						if got := w.mailed(); got != d.mails {
							t.Errorf("%d mails, want %d", got, d.mails)
						}
						if d.gone {
							return
						}
						if ok, err := w.Hands(mia.Email).Noted(e.ID, "bring the numbers"); err != nil || !ok {
							t.Errorf("a person's note is lost: %v", err)
						}
						if all := w.Hands(mia.Email).Series(); len(all) != 1 {
							t.Errorf("%d series", len(all))
						}
					})
				}
			}
		})
	}
}

// Whatever goes wrong with a booking, there is one series and one invitation.
func TestHardDaysOfABooking(t *testing.T) {
	for name, fault := range hardDays {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				w := open(t)
				c := w.calendar(mia)
				w.FailNth("", n, fault)
				var ref series.Ref
				var err error
				for range 5 {
					if ref, err = booked(c.Create(w.ctx(), wish())); err == nil {
						break
					}
				}
				w.must(err)
				again, err := booked(c.Create(w.ctx(), wish()))
				if err != nil {
					again, err = booked(c.Create(w.ctx(), wish()))
				}
				w.must(err)
				w.SetFaults(googletest.Faults{})
				s := w.look(c, mia, series.Snapshot{})
				if again.ID != ref.ID || len(s.Series) != 1 || s.Series[0].Ref != ref || w.mailed() != 1 {
					t.Errorf("%v, then %v; %d series, %d invitations", ref, again, len(s.Series), w.mailed())
				}
			})
		}
	}
}

// Slow answers end with the caller's patience, as something to try again.
func TestSlowAnswers(t *testing.T) {
	w := open(t)
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"": {Slow: held}}})
	ctx, cancel := context.WithCancel(t.Context())
	impatient := &http.Client{Transport: gives{up: cancel, to: w.as(mia).Transport}}
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: impatient})
	w.must(err)
	if _, err := c.Observe(ctx, series.Packed{}, interest(mia)); provider.KindOf(err) != provider.Transient {
		t.Errorf("%v of kind %d", err, provider.KindOf(err))
	}
}

// gives up as soon as a request is under way.
type gives struct {
	up context.CancelFunc
	to http.RoundTripper
}

func (g gives) RoundTrip(r *http.Request) (*http.Response, error) {
	go g.up()
	return g.to.RoundTrip(r)
}

// A quota that is used up in mid-plan stops the plan where it is; the rest follows when there is some again.
func TestQuotaStorm(t *testing.T) {
	w := open(t, func(o *googletest.Options) { o.Quota = googletest.Quota{PerUser: 12, RetryAfter: 30 * time.Second} })
	c := w.calendar(mia)
	refused := 0
	for g := range 10 {
		s := wish()
		s.Generation = g + 1
		for {
			_, err := c.Create(w.ctx(), s)
			if err == nil {
				break
			}
			e := err.(*provider.Error)
			if e.Kind != provider.Transient || e.RetryAfter != 30*time.Second {
				t.Fatalf("%v of kind %d, after %v", err, e.Kind, e.RetryAfter)
			}
			refused++
			w.at = w.at.Add(e.RetryAfter)
		}
		w.look(c, mia, series.Snapshot{Cursor: "none"})
		w.at = w.at.Add(5 * time.Second)
	}
	if len(w.Hands(mia.Email).Series()) != 10 || w.mailed() != 10 {
		t.Errorf("%d series, %d invitations, %d refused", len(w.Hands(mia.Email).Series()), w.mailed(), refused)
	}
}

// Our own clock may be off: nothing but what is called past and future hangs on it.
func TestClockTwoMinutesOff(t *testing.T) {
	for _, off := range []time.Duration{2 * time.Minute, -2 * time.Minute} {
		w := open(t)
		project := google.New(google.Options{Endpoint: w.Base(), Clock: func() time.Time { return w.at.Add(off) }})
		c, err := project.Open(google.Account{Owner: mia, HTTP: w.as(mia)})
		w.must(err)
		ref, err := c.Create(w.ctx(), wish())
		w.must(err)
		s := w.look(c, mia, series.Snapshot{})
		w.must(w.Hands(mia.Email).Move(ref.ID, start(1), start(1).Add(time.Hour)))
		if s = w.look(c, mia, s); len(s.Series) != 1 || len(s.Series[0].Overrides) != 1 || len(s.Gone) != 0 {
			t.Errorf("%v off: %d series, %d gone", off, len(s.Series), len(s.Gone))
		}
	}
}

// No error and nothing logged tells what is in a calendar.
func TestErrorsTellNoSecrets(t *testing.T) {
	w := open(t)
	_, e := w.booked()
	c := w.calendar(mia)
	for name, fault := range hardDays {
		w.FailNth("", 1, fault)
		_, err := c.Update(w.ctx(), e.Ref, series.Patch{Place: ptr("Kneecap surgery")})
		w.SetFaults(googletest.Faults{})
		for _, text := range []string{"Kneecap", "Kneecap%20", wish().Title, "docs.example.com", "raj@", "syncToken", e.ID} {
			if err != nil && strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
