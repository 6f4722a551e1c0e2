package caldav

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// A series that never took place is cancelled at everybody whom it invited, by one message, though the server delivers
// nothing of what a service account deletes; also where the first try is cut off before it deletes.
func TestEndOnBehalf(t *testing.T) {
	for _, cut := range []bool{false, true} {
		var armed atomic.Bool
		s := likeCyrus(t, func(o *caldavtest.Options) {
			o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
				if r.Method == http.MethodDelete && armed.CompareAndSwap(true, false) {
					return http.StatusServiceUnavailable, 0, false
				}
				return 0, 0, false
			}
		})
		w := watch(t, s, "mia")
		w.cancelledAtBoth(s, func(e series.Event) series.Event {
			if !cut {
				return e
			}
			armed.Store(true)
			if _, err := w.End(t.Context(), e.Ref, e.First().AddDays(-1)); provider.KindOf(err) != provider.Transient {
				t.Errorf("cut off: %v", err)
			}
			left := w.look().Series
			if len(left) != 1 || len(left[0].Guests) > 0 || left[0].Mark.Pair != e.Mark.Pair || left[0].Mark.Written[series.FieldPeople] != left[0].People() {
				t.Fatalf("cut off, there is left: %+v", left)
			}
			return left[0]
		})
	}
}

func TestEndOnBehalfOnRealServers(t *testing.T) {
	for _, s := range realServers(t) {
		if s.service = true; !s.schedules {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			s.empty(t, "mia", "raj", "lee")
			watch(t, s, "mia").cancelledAtBoth(s, func(e series.Event) series.Event { return e })
		})
	}
}

// cancelledAtBoth books a series of mia and raj with a moved meeting, to which lee is invited too, and ends what before
// makes of it.
func (w *watched) cancelledAtBoth(s server, before func(series.Event) series.Event) {
	w.Helper()
	ref := w.book()
	e := w.look().Series[0]
	moved := e.Start.AddDate(0, 0, 14)
	ref, err := w.SetOverride(w.Context(), ref, series.Override{Original: moved, Start: moved.Add(time.Hour), Duration: time.Hour})
	w.must(err)
	obj, err := w.c.get(w.Context(), w.found.at(ref.ID))
	w.must(err)
	_, err = w.c.put(w.Context(), w.found.at(ref.ID), obj.etag, strings.ReplaceAll(obj.text, "\nORGANIZER", "\nATTENDEE:mailto:lee@example.test\r\nORGANIZER"))
	w.must(err)
	for _, guest := range []string{"raj", "lee"} {
		if standing(w.T, s, guest) != 1 {
			w.Fatalf("%s is not invited", guest)
		}
	}
	e = before(w.look().Series[0])
	if ref, err := w.End(w.Context(), e.Ref, e.First().AddDays(-1)); err != nil || ref.ID != "" {
		w.Errorf("ended: %v, %v", ref, err)
	}
	if left := w.look().Series; len(left) > 0 {
		w.Errorf("%d series are left", len(left))
	}
	for _, guest := range []string{"raj", "lee"} {
		if n := standing(w.T, s, guest); n != 0 {
			w.Errorf("%d copies are left to %s", n, guest)
		}
		if n := cancellations(w.T, s, guest); n != 1 {
			w.Errorf("%s got %d cancellations", guest, n)
		}
	}
}

// standing counts the events that stand in the user's own calendar.
func standing(t *testing.T, s server, user string) (n int) {
	for _, text := range inside(t, s, user, "") {
		if !strings.Contains(text, "STATUS:CANCELLED") {
			n++
		}
	}
	return n
}

// cancellations counts the messages by which the user was told that something is off.
func cancellations(t *testing.T, s server, user string) (n int) {
	for _, text := range inside(t, s, user, "inbox") {
		if strings.Contains(text, "METHOD:CANCEL") {
			n++
		}
	}
	return n
}

// inside are the objects of the user's calendar, or of the inbox beside it.
func inside(t *testing.T, s server, user, box string) (out []string) {
	t.Helper()
	s.service = false
	w := watch(t, s, user)
	found, err := w.c.discover(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	if box != "" {
		path := strings.NewReplacer("/Default/", "/Inbox/", "/default/", "/inbox/").Replace(found.path())
		u, _ := resolve(found.url, path)
		found = &collection{url: u}
	}
	l, err := w.c.listAll(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	for path := range l.members {
		o, err := w.c.get(t.Context(), found.at(path))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.text)
	}
	return out
}
