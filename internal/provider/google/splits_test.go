package google_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/lineage"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

// booked is the series of wish on mia's calendar, as observed.
func (w *world) booked() (mias series.Snapshot, e series.Event) {
	w.t.Helper()
	c := w.calendar(mia)
	if _, err := c.Create(w.ctx(), wish()); err != nil {
		w.t.Fatal(err)
	}
	s := w.look(c, mia, series.Snapshot{})
	if len(s.Series) != 1 {
		w.t.Fatalf("%d series", len(s.Series))
	}
	return s, s.Series[0]
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// head is what Gather makes of the pair's two calendars: the last of its lineage.
func (w *world) head(mias, rajs series.Snapshot) *series.View {
	w.t.Helper()
	views := lineage.Gather([]series.Series{wish()}, map[string]lineage.Observed{
		"mia": {Snapshot: mias}, "raj": {Snapshot: rajs},
	})
	if len(views) != 1 || views[0].Head() == nil {
		w.t.Fatalf("%d views", len(views))
	}
	return views[0]
}

// "This and following" in both its shapes, with the mark carried over and without: one lineage, one copy of each part, and
// no second series.
func TestSplits(t *testing.T) {
	for name, test := range map[string]struct {
		by    time.Duration
		drops bool
	}{
		"same time, mark carried": {0, false},
		"same time, mark dropped": {0, true},
		"moved, mark carried":     {25 * time.Hour, false},
		"moved, mark dropped":     {25 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, func(o *googletest.Options) { o.Behavior.SplitDropsPrivate = test.drops })
			first, e := w.booked()
			rajs := w.look(w.calendar(raj), raj, series.Snapshot{})
			id, err := w.Hands(mia.Email).Split(e.ID, start(3), start(3).Add(test.by))
			w.must(err)
			if strings.HasPrefix(id, e.ID+"_R") != (test.by == 0) {
				t.Fatalf("split into %s", id)
			}
			for what, last := range map[string]series.Snapshot{"incremental": first, "full": {}} {
				s := w.look(w.calendar(mia), mia, last)
				if test.drops && (len(s.Series) != 1 || len(s.Candidates) != 1) || !test.drops && len(s.Series) != 2 {
					t.Fatalf("%s: %d series, %d candidates", what, len(s.Series), len(s.Candidates))
				}
				v := w.head(s, w.look(w.calendar(raj), raj, rajs))
				h := v.Head()
				if h.ID != id || h.Derived || !h.Start.Equal(start(3).Add(test.by)) || h.Mark.Pair != pair || v.Unmarked != test.drops || len(v.Chain) != 2 ||
					len(v.Duplicates)+len(v.Candidates) != 0 {
					t.Errorf("%s: head %s, derived %v, from %v, unmarked %v, %d in the chain, %d duplicates, %d candidates", what, h.ID, h.Derived,
						h.Start, v.Unmarked, len(v.Chain), len(v.Duplicates), len(v.Candidates))
				}
				if v.Chain[0].LastDay() != day(2) || !v.Chain[0].EndedByHand() {
					t.Errorf("%s: the first part ends %v", what, v.Chain[0].LastDay())
				}
				// Where the mark is not carried, its copy is the report's own 1:1 until the mark is written again.
				theirs := slices.ContainsFunc(append(slices.Clone(v.Copies), v.Mine...), func(c series.Event) bool { return c.UID == h.UID })
				if len(v.Copies)+len(v.Mine) != 2 || !theirs {
					t.Errorf("%s: %d copies, %d of the report's own", what, len(v.Copies), len(v.Mine))
				}
			}
			// What was split off can be written like any other.
			c := w.calendar(mia)
			s := w.look(c, mia, series.Snapshot{})
			h := *w.head(s, series.Snapshot{}).Head()
			ref := h.Ref
			if h.Mark.Generation == 0 || test.drops {
				m := h.Mark
				if ref, err = c.Update(w.ctx(), ref, series.Patch{Mark: &m}); err != nil {
					t.Fatal(err)
				}
			}
			at := start(5).Add(test.by)
			ref, err = c.SetOverride(w.ctx(), ref, series.Override{Original: at, Start: at.Add(time.Hour), Duration: time.Hour, Place: h.Place, Link: h.Link})
			w.must(err)
			if ref, err = c.ClearOverride(w.ctx(), ref, at); err != nil {
				t.Fatal(err)
			}
			d, _ := series.WallClock(at, h.Zone)
			_, err = c.Skip(w.ctx(), ref, []series.Skip{{Date: d, Why: "leave"}})
			w.must(err)
			for _, x := range w.look(c, mia, s).Series {
				if x.ID == h.ID && (len(x.Excluded) != 1 || len(x.Overrides) != 0 || len(x.Mark.Skips) != 1) {
					t.Errorf("%d out, %d overrides, %d skips", len(x.Excluded), len(x.Overrides), len(x.Mark.Skips))
				}
			}
		})
	}
}

func TestDeleteFollowingThenDeleteOne(t *testing.T) {
	w := open(t)
	s, e := w.booked()
	h := w.Hands(mia.Email)
	w.must(h.Move(e.ID, start(5), start(5).Add(time.Hour)))
	w.must(h.CancelStatus(e.ID, start(6)))
	w.must(h.CancelStatus(e.ID, start(1)))
	c := w.calendar(mia)
	s = w.look(c, mia, s)
	if n := len(s.Series[0].Overrides); n != 3 {
		t.Fatalf("%d overrides", n)
	}
	w.must(h.DeleteFollowing(e.ID, start(4))) // stubs without recurringEventId
	s = w.look(c, mia, s)
	now := s.Series[0]
	if len(s.Gone)+len(s.Busy)+len(s.StandIns) != 0 || now.LastDay() != day(3) || len(now.Overrides) != 1 || !now.Overrides[0].Cancelled {
		t.Errorf("%d gone, %d busy, last day %v, overrides %+v", len(s.Gone), len(s.Busy), now.LastDay(), now.Overrides)
	}
	// Longer again, what went with the end does not come back as cancelled.
	w.must(h.EndAt(e.ID, start(20)))
	if now = w.look(c, mia, s).Series[0]; len(now.Overrides) != 1 {
		t.Errorf("overrides %+v", now.Overrides)
	}
}

// The report's copy tells what the organizer's event does not: moved there alone, or deleted.
func TestCopyOnTheReportsOwnCalendar(t *testing.T) {
	w := open(t)
	mias, e := w.booked()
	c := w.calendar(raj)
	rajs := w.look(c, raj, series.Snapshot{})
	if len(rajs.Copies) != 1 || rajs.Copies[0].UID != e.UID || rajs.Copies[0].Mark.Pair != pair || !rajs.Copies[0].Derived || len(rajs.Series)+len(rajs.Candidates) != 0 {
		t.Fatalf("%d copies, %d series, %d candidates", len(rajs.Copies), len(rajs.Series), len(rajs.Candidates))
	}
	w.must(w.Hands(raj.Email).Move(rajs.Copies[0].ID, start(1), start(1).Add(24*time.Hour)))
	rajs = w.look(c, raj, rajs)
	if now := w.look(w.calendar(mia), mia, mias).Series[0]; now.Times() != e.Times() || rajs.Copies[0].Times() == e.Times() {
		t.Error("the move is to be seen in the copy, and there alone")
	}
	w.must(w.Hands(raj.Email).Delete(rajs.Copies[0].ID))
	rajs = w.look(c, raj, rajs)
	if len(rajs.Gone) != 1 || !rajs.Gone[0].Copy || !rajs.Gone[0].Proven {
		t.Errorf("gone: %+v", rajs.Gone)
	}
	if now := w.look(w.calendar(mia), mia, mias).Series[0]; now.Guests[0].Answer != series.Declined {
		t.Errorf("the report's answer is %s", now.Guests[0].Answer)
	}
}

// Rooms are no people: they come with answers of their own, and stay when people are written.
func TestRoomsAreNoGuests(t *testing.T) {
	w := open(t)
	s, e := w.booked()
	const room = "alder@resource.example.com"
	w.must(w.send(mia, http.MethodPatch, "/"+e.ID, `{"attendees":[{"email":"mia@example.com"},{"email":"raj@example.com"},{"email":"`+room+`","resource":true}]}`))
	c := w.calendar(mia)
	now := w.look(c, mia, s).Series[0]
	if len(now.Guests) != 1 || now.Touched(series.FieldPeople) || !strings.Contains(now.Raw, room) {
		t.Errorf("guests %+v", now.Guests)
	}
	_, err := c.Update(w.ctx(), now.Ref, series.Patch{People: &series.PeoplePatch{Organizer: mia, Guests: []series.Person{raj, lee}}})
	w.must(err)
	now = w.look(c, mia, s).Series[0]
	if len(now.Guests) != 2 {
		t.Errorf("guests %+v", now.Guests)
	}
	if !strings.Contains(now.Raw, room) {
		t.Error("the room was sent away with the people")
	}
}

// Nothing of others' events leaves the provider, but times and kinds.
func TestKinds(t *testing.T) {
	w := open(t)
	h := w.Hands(mia.Email)
	const secret = "Kneecap surgery"
	_, err := h.OutOfOffice(start(1), start(1).Add(8*time.Hour), "declineNone", secret)
	w.must(err)
	add := func(body string) {
		t.Helper()
		w.must(w.send(mia, http.MethodPost, "", body))
	}
	add(`{"summary":"` + secret + `","eventType":"workingLocation","visibility":"public","transparency":"transparent","workingLocationProperties":{"type":"homeOffice","homeOffice":{}},
		"start":{"date":"2026-12-02"},"end":{"date":"2026-12-03"}}`)
	add(`{"summary":"` + secret + `","eventType":"focusTime","focusTimeProperties":{"autoDeclineMode":"declineNone"},
		"start":{"dateTime":"2026-12-03T09:00:00Z"},"end":{"dateTime":"2026-12-03T11:00:00Z"}}`)
	add(`{"summary":"` + secret + `","transparency":"transparent","start":{"date":"2026-12-04"},"end":{"date":"2026-12-05"}}`)
	add(`{"summary":"` + secret + `","start":{"date":"2026-12-07"},"end":{"date":"2026-12-09"}}`)
	s := w.look(w.calendar(mia), mia, series.Snapshot{})
	kinds := map[series.Kind]int{}
	for _, b := range s.Busy {
		kinds[b.Kind]++
	}
	if kinds[series.AwayKind] != 1 || kinds[series.Hard] != 1 || len(s.Busy) != 2 {
		t.Errorf("busy: %+v", s.Busy)
	}
	b, err := json.Marshal(s)
	w.must(err)
	if strings.Contains(string(b), secret) {
		t.Error("the snapshot tells what an event is about")
	}
}

// An out-of-office event that declines by itself shows as the report's answer.
func TestOutOfOfficeDeclines(t *testing.T) {
	w := open(t)
	s, _ := w.booked()
	_, err := w.Hands(raj.Email).OutOfOffice(start(2).Add(-2*time.Hour), start(2).Add(6*time.Hour), "declineAllConflictingInvitations", "away")
	w.must(err)
	now := w.look(w.calendar(mia), mia, s).Series[0]
	if len(now.Overrides) != 1 || !now.Overrides[0].Original.Equal(start(2)) || now.Overrides[0].Guests[0].Answer != series.Declined || now.Overrides[0].Cancelled {
		t.Errorf("overrides %+v", now.Overrides)
	}
	if rajs := w.look(w.calendar(raj), raj, series.Snapshot{}); len(rajs.Busy) != 1 || rajs.Busy[0].Kind != series.AwayKind {
		t.Errorf("the report is busy %+v", rajs.Busy)
	}
}

// The editor of Google's page makes HTML of a description: the link is still there, and still ours to change.
func TestRichDescription(t *testing.T) {
	w := open(t)
	s, e := w.booked()
	h := w.Hands(mia.Email)
	w.must(h.Note(e.ID, "bring <numbers> & more"))
	w.must(h.Rich(e.ID, time.Time{}))
	w.must(h.RemoveAttachments(e.ID, time.Time{}))
	c := w.calendar(mia)
	now := w.look(c, mia, s).Series[0]
	if now.Link != e.Link || now.Touched(series.FieldLink) {
		t.Fatalf("link %q", now.Link)
	}
	other := "https://docs.example.com/d/new?a=1&b=2"
	ref, err := c.Update(w.ctx(), now.Ref, series.Patch{Link: &other})
	w.must(err)
	if now = w.look(c, mia, s).Series[0]; now.Link != other || now.Ref != ref {
		t.Errorf("link %q", now.Link)
	}
	if ok, err := h.Noted(e.ID, "bring &lt;numbers&gt; &amp; more"); err != nil || strings.Contains(now.Raw, e.Link) {
		t.Errorf("noted %v, %v", ok, err)
	}
}
