package google_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// Looking never invents a deletion, and is complete or an error.
func TestHardDaysOfLooking(t *testing.T) {
	for name, fault := range hardDays {
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				w := open(t)
				c := w.calendar(mia)
				last, e := w.booked()
				w.must(w.Hands(mia.Email).Move(e.ID, start(2), start(2).Add(time.Hour)))
				w.ForgetSyncTokens(mia.Email)
				w.FailNth("", n, fault)
				for range 2 {
					s, err := providertest.Observe(w.ctx(), c, last, interest(mia))
					if err != nil {
						continue
					}
					if len(s.Series) != 1 || len(s.Gone) != 0 {
						t.Fatalf("%d series, %d gone", len(s.Series), len(s.Gone))
					}
					last = s
				}
				w.SetFaults(googletest.Faults{})
				if s := w.look(c, mia, last); len(s.Series) != 1 || len(s.Series[0].Overrides) != 1 || len(s.Gone) != 0 {
					t.Errorf("%d series, %d gone", len(s.Series), len(s.Gone))
				}
			})
		}
	}
}

// A listing that is empty where there were events is an alarm for others to raise, and looked at anew the next time.
func TestEmptyListIsNoDeletion(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	last, _ := w.booked()
	w.must(w.send(mia, http.MethodPost, "", `{"start":{"dateTime":"2026-12-03T09:00:00Z"},"end":{"dateTime":"2026-12-03T11:00:00Z"}}`))
	last = w.look(c, mia, last)
	w.ForgetSyncTokens(mia.Email)
	for range 3 {
		w.FailNth("calendar.events.list", 1, googletest.Fault{EmptyList: true})
		if last.Cursor != "" {
			w.FailNth("calendar.events.list", 1, googletest.Fault{Status: 410, Reason: "fullSyncRequired"})
			w.FailNth("calendar.events.list", 2, googletest.Fault{EmptyList: true})
		}
		s := w.look(c, mia, last)
		if len(s.Series) != 1 || len(s.Gone) != 0 || s.Cursor != "" {
			t.Fatalf("%d series, %d gone, cursor %q", len(s.Series), len(s.Gone), s.Cursor)
		}
		last = s
	}
	w.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"calendar.events.list": {EmptyList: true}}})
	if _, err := providertest.Observe(w.ctx(), c, last, interest(mia)); provider.KindOf(err) != provider.Transient {
		t.Errorf("a calendar that lists nothing at all: %v", err)
	}
	w.SetFaults(googletest.Faults{})
	if s := w.look(c, mia, last); len(s.Series) != 1 || len(s.Busy) != 1 || s.Cursor == "" {
		t.Errorf("%d series, %d busy, cursor %q", len(s.Series), len(s.Busy), s.Cursor)
	}
}

// What died while the cursor was lost has no tombstone: a direct look tells.
func TestDeletedWhileTheCursorWasLost(t *testing.T) {
	w := open(t)
	last, e := w.booked()
	w.must(w.send(mia, http.MethodPost, "", `{"start":{"dateTime":"2026-12-03T09:00:00Z"},"end":{"dateTime":"2026-12-03T11:00:00Z"}}`))
	w.must(w.Hands(mia.Email).Delete(e.ID))
	w.at = w.at.Add(40 * 24 * time.Hour) // longer than tombstones live
	c := w.calendar(mia)                 // signed in anew
	last = w.look(c, mia, last)
	if len(last.Gone) != 1 || last.Gone[0].ID != e.ID || len(last.Series) != 0 {
		t.Fatalf("%d gone, %d series", len(last.Gone), len(last.Series))
	}
	if last = w.look(c, mia, last); len(last.Gone) != 1 || !last.Gone[0].Proven {
		t.Errorf("not proven: %+v", last.Gone)
	}
}

// A cursor that Google does not take any more, for whatever reason it gives, leads to a full listing, and tells no
// less: what was deleted meanwhile is gone, what was made is there.
func TestLostCursors(t *testing.T) {
	for name, fault := range map[string]googletest.Fault{
		"expired":        {Status: http.StatusGone, Reason: "fullSyncRequired"},
		"no reason":      {Status: http.StatusGone, Reason: "gone"},
		"too old":        {Status: http.StatusGone, Reason: "updatedMinTooLongAgo"},
		"garbage":        {Status: http.StatusBadRequest, Reason: "invalid"},
		"garbage indeed": {},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			c := w.calendar(mia)
			last, e := w.booked()
			s := wish()
			s.Generation = 2
			second, err := c.Create(w.ctx(), s)
			w.must(err)
			last = w.look(c, mia, last)
			w.must(w.Hands(mia.Email).Delete(second.ID))
			w.must(w.Hands(mia.Email).Move(e.ID, start(1), start(1).Add(time.Hour)))
			home, _, _ := strings.Cut(last.Cursor, " ")
			if fault.Status == 0 {
				last.Cursor = home + " CPDAlvWDx70CEPDAlvWDx70CGAU="
			} else {
				w.FailNth("calendar.events.list", 1, fault)
			}
			now := w.look(c, mia, last)
			if len(now.Series) != 1 || len(now.Series[0].Overrides) != 1 || len(now.Gone) != 1 || now.Gone[0].ID != second.ID || !now.FullAt.Equal(w.at) || now.Cursor == last.Cursor {
				t.Errorf("%d series, gone %+v, full %v", len(now.Series), now.Gone, now.FullAt)
			}
			w.FailNth("calendar.events.list", 1, fault)
			w.FailNth("calendar.events.list", 2, fault)
			if _, err := providertest.Observe(w.ctx(), c, now, interest(mia)); (err == nil) != (fault.Status == 0) {
				t.Errorf("refused with and without a token: %v", err)
			}
		})
	}
}

// The id of a deleted event is never free again, however long ago that was, and whatever is said of it.
func TestDeletedIDsAreNeverFree(t *testing.T) {
	for _, days := range []int{0, 40} {
		w := open(t)
		_, e := w.booked()
		w.must(w.Hands(mia.Email).Delete(e.ID))
		w.at = w.at.AddDate(0, 0, days)
		ref, err := w.calendar(mia).Create(w.ctx(), wish())
		w.must(err)
		again, err := w.calendar(mia).Create(w.ctx(), wish())
		if provider.KindOf(err) != provider.Exists {
			w.must(err)
		}
		if s := w.look(w.calendar(mia), mia, series.Snapshot{}); ref.ID == e.ID || again != ref || len(s.Series) != 1 || s.Series[0].Mark.Generation != 2 {
			t.Errorf("after %d days: %s, again %s, %d series", days, ref.ID, again.ID, len(s.Series))
		}
	}
}

// An idle calendar costs one request, one that changed costs one too.
func TestRequestsOfAPoll(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	last, e := w.booked()
	for what, change := range map[string]func() error{
		"nothing": func() error { return nil },
		"a move":  func() error { return w.Hands(mia.Email).Move(e.ID, start(2), start(2).Add(time.Hour)) },
		"an end":  func() error { return w.Hands(mia.Email).EndAt(e.ID, start(9)) },
	} {
		w.must(change())
		w.Reset()
		last = w.look(c, mia, last)
		if n := len(w.Requests()); n != 1 {
			t.Errorf("%s costs %d requests", what, n)
		}
	}
}

// Full listings of an org do not all come at once.
func TestFullListingsAreSpread(t *testing.T) {
	w := open(t)
	hours := map[time.Duration]bool{}
	for i := range 20 {
		p := series.Person{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("p%d@example.com", i)}
		w.AddUser(googletest.User{Email: p.Email})
		c, err := w.project.Open(google.Account{Owner: p, HTTP: w.as(p)})
		w.must(err)
		w.at = begin
		_, err = c.Create(w.ctx(), wish())
		w.must(err)
		last := w.look(c, p, series.Snapshot{})
		for h := range 31 {
			w.at = begin.Add(time.Duration(h) * time.Hour)
			c, err := w.project.Open(google.Account{Owner: p, HTTP: w.as(p)})
			w.must(err)
			if last = w.look(c, p, last); last.FullAt.After(begin) {
				hours[last.FullAt.Sub(begin)] = true
				break
			}
			if h == 30 {
				t.Fatal("no full listing in 30 hours")
			}
		}
	}
	if len(hours) < 5 {
		t.Errorf("all at %v", hours)
	}
}
