package caldav

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// each is done just before the n-th request of the method, once it is armed.
type each struct {
	left atomic.Int64
	do   func()
}

func (e *each) arm(n int64, do func()) {
	e.do = do
	e.left.Store(n)
}

func (e *each) before(method string, o *caldavtest.Options) {
	o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
		if r.Method == method && e.left.Add(-1) == 0 {
			e.do()
		}
		return 0, 0, false
	}
}

// A write of what is there already is none.
func TestWriteOfNothing(t *testing.T) {
	s, counter := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	before, place := counter.Writes(), weeklySeries().Place
	again, err := w.Update(t.Context(), ref, series.Patch{Place: &place})
	if err != nil || again != ref || counter.Writes() != before {
		t.Errorf("%v instead of %v after %d writes, %v", again, ref, counter.Writes()-before, err)
	}
}

// What a person does between a write and its being read back is a conflict, also a deletion; what the server itself
// makes of the text is not, and no repeat changes that.
func TestReadingBack(t *testing.T) {
	place := "Room Birch"
	for name, test := range map[string]struct {
		do   func(w *watched, id string) error
		kind provider.Kind
	}{
		"deleted": {func(w *watched, id string) error { return w.Delete(id) }, provider.Conflict},
		"moved elsewhere": {func(w *watched, id string) error { return w.Relocate(id, time.Time{}, "Lobby") },
			provider.Conflict},
	} {
		var e each
		w := watch(t, plain(t, func(o *caldavtest.Options) { e.before(http.MethodGet, o) }), "mia")
		ref := w.book()
		e.arm(2, func() { w.must(test.do(w, ref.ID)) }) // the first reading is before the write
		if _, err := w.Update(t.Context(), ref, series.Patch{Place: &place}); provider.KindOf(err) != test.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := memBehind(t, func(o *caldavtest.Options) { o.Quirks.NoETagOnPut = true }, habit(
		func(r *http.Request, serve serving) *recorder {
			return rewrite(serve(), func(s string) string { return strings.ReplaceAll(s, "Room Birch", "Room Cedar") })
		}).proxy)
	w := watch(t, s, "mia")
	_, err := w.Update(t.Context(), w.book(), series.Patch{Place: &place})
	if err == nil || provider.KindOf(err) != provider.Permanent {
		t.Errorf("a server that stores something else, and has no ETag: %v", err)
	}
}

// To end what is not there any more is done already, also where somebody deletes it at that moment; any other write of
// it is a conflict.
func TestEndOfWhatIsGone(t *testing.T) {
	faster := false
	s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
		if res := serve(); r.Method != http.MethodDelete || !faster {
			return res
		}
		return refusal(http.StatusNotFound)
	}).proxy)
	w := watch(t, s, "mia")
	ref := w.book()
	faster = true
	if got, err := w.End(t.Context(), ref, weeklySeries().First.AddDays(-1)); err != nil || got.ID != "" {
		t.Errorf("deleted at that moment: %v, %v", got, err)
	}
	for _, last := range []series.Date{weeklySeries().First.AddDays(-1), weeklySeries().First.AddDays(20)} {
		if got, err := w.End(t.Context(), ref, last); err != nil || got.ID != "" {
			t.Errorf("end after %s: %v, %v", last, got, err)
		}
	}
	if _, err := w.Update(t.Context(), ref, series.Patch{Busy: true}); provider.KindOf(err) != provider.Conflict {
		t.Errorf("update: %v", err)
	}
}

// Where the account is the owner's own, the server delivers a deletion: nobody need be taken out before.
func TestEndOfOnesOwnIsOneWrite(t *testing.T) {
	s, counter := mem(t, func(o *caldavtest.Options) { o.Scheduling = true })
	w := watch(t, s, "mia")
	ref, before := w.book(), counter.Writes()
	_, err := w.End(t.Context(), ref, weeklySeries().First.AddDays(-1))
	w.must(err)
	if n := counter.Writes() - before; n != 1 || cancellations(t, s, "raj") != 1 {
		t.Errorf("%d writes, %d cancellations", n, cancellations(t, s, "raj"))
	}
}

// A copy of a series that is off, and whose last text does not say so, is called off.
func TestDeliveryOfADeletion(t *testing.T) {
	s := plain(t, unchanged)
	mia, raj := watch(t, s, "mia"), watch(t, s, "raj")
	mia.book()
	e := mia.look().Series[0]
	ref, err := raj.Deliver(t.Context(), series.Ref{}, e, "raj@example.test")
	raj.must(err)
	e.Cancelled = true
	_, err = raj.Deliver(t.Context(), ref, e, "raj@example.test")
	raj.must(err)
	got := raj.look().Copies // in a revision of its own (RFC 5546 section 3.2.5)
	if len(got) != 1 || !got[0].Cancelled || !strings.Contains(got[0].Raw, "SEQUENCE:1\r\n") {
		t.Errorf("copies: %+v", got)
	}
}

// The object of a UID is named after it only where any server can take that for a name.
func TestFileNames(t *testing.T) {
	for id, kept := range map[string]bool{
		"holdfast-abc-1@acme.example": true, "a/b": false, "../x": false, "a b": false, "ä": false, "": false,
		strings.Repeat("x", 180): true, strings.Repeat("x", 181): false,
	} {
		got := fileName(id)
		if (got == id+".ics") != kept || strings.ContainsAny(got, "/ ä") || got != fileName(id) || len(got) > 200 {
			t.Errorf("%q is at %q", id, got)
		}
	}
	if fileName("a/b") == fileName("a/c") {
		t.Error("two of one name")
	}
}

// What is brought back stands where it stood, also where that is not the place that Create would give it.
func TestRevivedInItsPlace(t *testing.T) {
	w := watch(t, plain(t, unchanged), "mia")
	w.bookElsewhere()
	e := w.look().Series[0]
	w.must(w.Delete(e.ID))
	if got, err := w.Revive(t.Context(), e); err != nil || got.ID != e.ID || !strings.HasSuffix(got.ID, "/elsewhere.ics") {
		t.Errorf("%v, %v", got, err)
	}
}

// What stands where a series is to be booked is it, or over, or in the way.
func TestWhatStandsInTheWay(t *testing.T) {
	s := weeklySeries()
	id := uid(s.Org, s.Pair, 1)
	weekly := func(lines string) string {
		const times = "DTSTART:20261201T090000Z\nDTEND:20261201T100000Z\nRRULE:FREQ=WEEKLY\n"
		return strings.Replace(foreign(times+"SUMMARY:Mine\n"+lines), "x1@client", id, 1)
	}
	w := watch(t, plain(t, unchanged), "mia")
	w.put(fileName(id), weekly("ORGANIZER:mailto:lee@example.test\nATTENDEE:mailto:mia@example.test"))
	if got, err := w.Create(t.Context(), s); err == nil || provider.KindOf(err) != provider.Permanent {
		t.Errorf("somebody else's invitation is taken for it: %v, %v", got, err)
	}

	w = watch(t, plain(t, unchanged), "mia")
	ref := w.book()
	w.must(w.StripMark(ref.ID))
	next := s
	next.Carry.From = &w.look().Series[0]
	before := w.look().Series[0].Version
	if got, err := w.Create(t.Context(), next); provider.KindOf(err) != provider.Exists || got.ID != ref.ID ||
		got.Version != before {
		t.Errorf("one whose mark is lost is written to: %v, %v", got, err)
	}

	// It goes on for now, and ends before the new one begins.
	w = watch(t, plain(t, unchanged), "mia")
	ref, err := w.End(t.Context(), w.book(), s.First.AddDays(8))
	w.must(err)
	next = s
	next.First = s.First.AddDays(28)
	if got, err := w.Create(t.Context(), next); err != nil || got.ID == ref.ID || len(w.look().Series) != 2 {
		t.Errorf("one that ends before is taken for it: %v, %v", got, err)
	}

	// Servers that match a part of the UID find others first, where they do not say what is in the way.
	silent, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
		res := serve()
		if r.Method == http.MethodPut && res.Code >= 400 {
			return refusal(res.Code)
		}
		return res
	}).proxy)
	w = watch(t, silent, "mia")
	w.bookElsewhere()
	w.put("a.ics", strings.Replace(weekly(""), id, "x"+id, 1))
	if got, err := w.Create(
		t.Context(),
		s,
	); provider.KindOf(err) != provider.Exists ||
		!strings.HasSuffix(got.ID, "/elsewhere.ics") {
		t.Errorf("it is not found beside one whose UID is longer: %v, %v", got, err)
	}
}

// A server that refuses a UID may say where it is. In another calendar of the account that is an error with what to do;
// on another host nobody asks.
func TestUIDThatIsElsewhere(t *testing.T) {
	asked := 0
	_, other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.WriteHeader(http.StatusNotFound)
	})
	for name, place := range map[string]string{
		"another calendar": "/calendars/mia/second/x.ics", "another host": other.URL + "x.ics",
	} {
		armed := false
		s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
			if armed && r.Method == http.MethodPut {
				res := refusal(http.StatusForbidden)
				fmt.Fprintf(res.Body, `<D:error xmlns:D="DAV:" xmlns:C="%s"><C:no-uid-conflict><D:href>%s</D:href>`+
					`</C:no-uid-conflict></D:error>`, nsCalDAV, place)
				return res
			}
			return serve()
		}).proxy)
		w := watch(t, s, "mia")
		ref := w.book()
		text, err := w.Send(http.MethodGet, ref.ID, nil)
		w.must(err)
		w.must(w.Delete(ref.ID))
		_, err = w.Send("MKCALENDAR", "/calendars/mia/second/", nil)
		w.must(err)
		_, err = w.Send(http.MethodPut, "/calendars/mia/second/x.ics", text)
		w.must(err)
		armed = true
		got, err := w.Create(t.Context(), weeklySeries())
		hint := provider.HintOf(err)
		if err == nil || asked > 0 || name == "another calendar" && !strings.Contains(hint, "main calendar") {
			t.Errorf("%s: %v, %v, hint %q; the other host was asked %d times", name, got, err, hint, asked)
		}
	}
}
