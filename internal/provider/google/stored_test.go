package google_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// event is what the person's calendar has under that id, as Google tells it.
func (w *world) event(p series.Person, id string) map[string]any {
	w.t.Helper()
	a, err := w.as(p).Get(w.Base() + "/calendar/v3/calendars/primary/events/" + id)
	w.must(err)
	defer a.Body.Close()
	var e map[string]any
	w.must(json.NewDecoder(a.Body).Decode(&e))
	return e
}

func TestWhatIsStored(t *testing.T) {
	w := open(t)
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: w.as(mia), Meet: true})
	w.must(err)
	s := wish()
	s.Link = "https://docs.google.com/document/d/abc/edit"
	s.Slot.Every, s.Skips = 2, []series.Skip{{Date: day(2), Why: "leave"}}
	ref, err := c.Create(w.ctx(), s)
	w.must(err)
	e := w.event(mia, ref.ID)
	if len(ref.ID) != 27 || e["iCalUID"] != ref.ID+"@google.com" || e["conferenceData"] == nil {
		t.Errorf("id %s, UID %v, conference %v", ref.ID, e["iCalUID"], e["conferenceData"])
	}
	want := map[string]any{
		"summary": s.Title, "location": s.Place, "description": "Agenda: " + s.Link, "visibility": "private", "guestsCanInviteOthers": false, "guestsCanModify": nil,
		"start":       map[string]any{"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
		"end":         map[string]any{"dateTime": "2026-12-01T11:00:00+01:00", "timeZone": "Europe/Berlin"},
		"recurrence":  []any{"RRULE:FREQ=WEEKLY;BYDAY=TU;INTERVAL=2", "EXDATE;TZID=Europe/Berlin:20261215T100000"},
		"attachments": []any{map[string]any{"fileUrl": s.Link, "fileId": "abc", "title": "Agenda", "mimeType": "application/vnd.google-apps.document"}},
	}
	for k, v := range want {
		if d := cmp.Diff(v, e[k]); d != "" {
			t.Errorf("%s (-want +got):\n%s", k, d)
		}
	}
	props := e["extendedProperties"].(map[string]any)["private"].(map[string]any)
	if len(props) != 1 || props["holdfast"] == nil {
		t.Errorf("private properties %v", props)
	}
	// The report sees the meeting, not the mark.
	if theirs := w.event(raj, ref.ID); theirs["summary"] != s.Title || theirs["extendedProperties"] != nil {
		t.Errorf("the copy has %v, %v", theirs["summary"], theirs["extendedProperties"])
	}
}

// Google keeps an exception that says nothing any more; it follows what is written of the series.
func TestExceptionsThatSayNothingFollow(t *testing.T) {
	w := open(t)
	c := w.calendar(mia)
	s, e := w.booked()
	ref, err := c.SetOverride(w.ctx(), e.Ref, series.Override{Original: start(2), Start: start(2).Add(time.Hour), Duration: time.Hour, Place: e.Place, Link: e.Link})
	w.must(err)
	ref, err = c.ClearOverride(w.ctx(), ref, start(2))
	w.must(err)
	shorter := tuesdays
	shorter.Duration = 30 * time.Minute
	for what, p := range map[string]series.Patch{
		"place": {Place: ptr("Room Birch")}, "link": {Link: ptr("https://docs.example.com/d/new")},
		"people": {People: &series.PeoplePatch{Organizer: mia, Guests: []series.Person{raj, lee}}},
		"slot":   {Slot: &series.SlotPatch{Slot: shorter, First: day(0)}},
	} {
		ref, err = c.Update(w.ctx(), ref, p)
		w.must(err)
		if s = w.look(c, mia, s); len(s.Series[0].Overrides) != 0 || s.Series[0].Ref != ref {
			t.Errorf("%s: overrides %+v", what, s.Series[0].Overrides)
		}
	}
}

// The roster may name people by an alias: they are who they are.
func TestAliases(t *testing.T) {
	w := open(t)
	boss := mia
	boss.Email, boss.Aliases = mia.Aliases[0], []string{mia.Email}
	c, err := w.project.Open(google.Account{Owner: boss, HTTP: w.as(mia)})
	w.must(err)
	s := wish()
	s.Manager = boss
	_, err = c.Create(w.ctx(), s)
	w.must(err)
	in := interest(mia)
	in.Owner = boss.Addresses()
	now, err := providertest.Observe(w.ctx(), c, series.Snapshot{}, in)
	w.must(err)
	if e := now.Series[0]; e.Organizer != boss.Email || len(e.Guests) != 1 || e.Touched(series.FieldPeople) {
		t.Errorf("organizer %s, guests %v, touched %v", e.Organizer, e.Guests, e.Touched(series.FieldPeople))
	}
}

// Where exceptions follow their series at Google, what is told of them is the same.
func TestExceptionsThatFollow(t *testing.T) {
	w := open(t, func(o *googletest.Options) { o.Behavior.ExceptionsFollow = true })
	c := w.calendar(mia)
	s, e := w.booked()
	w.must(w.Hands(mia.Email).Move(e.ID, start(2), start(2).Add(50*time.Hour)))
	s = w.look(c, mia, s)
	_, err := c.Update(w.ctx(), s.Series[0].Ref, series.Patch{Link: ptr("https://docs.example.com/d/new"), Busy: true,
		People: &series.PeoplePatch{Organizer: mia, Guests: []series.Person{raj, lee}}})
	w.must(err)
	e = w.look(c, mia, s).Series[0]
	if len(e.Overrides) != 1 || e.Overrides[0].Link != e.Link || len(e.Overrides[0].Guests) != 2 || len(e.Guests) != 2 {
		t.Errorf("overrides %+v", e.Overrides)
	}
}

// The one occurrence that is meant is changed, also where its id does not lead to it and the listing has others too.
func TestOccurrenceAmongOthers(t *testing.T) {
	w := open(t)
	_, e := w.booked()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, e.ID+"_") {
			http.NotFound(rw, r)
			return
		}
		q := r.URL.Query()
		q.Del("originalStart")
		r.URL.RawQuery = q.Encode()
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	c, err := google.New(google.Options{Endpoint: srv.URL, Clock: w.now}).Open(google.Account{Owner: mia, HTTP: w.as(mia)})
	w.must(err)
	o := series.Override{Original: start(2), Start: start(2).Add(3 * time.Hour), Duration: time.Hour, Place: wish().Place, Link: wish().Link}
	_, err = c.SetOverride(w.ctx(), e.Ref, o)
	w.must(err)
	now := w.look(w.calendar(mia), mia, series.Snapshot{}).Series[0]
	if len(now.Overrides) != 1 || !now.Overrides[0].Original.Equal(start(2)) || !now.Overrides[0].Start.Equal(o.Start) {
		t.Errorf("overrides %+v", now.Overrides)
	}
}

// Where the account may have no Meet conference, the 1:1 is booked without, and doctor says so.
func TestBookedWithoutMeet(t *testing.T) {
	w := open(t, func(o *googletest.Options) { o.Behavior.NoMeet = true })
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: w.as(mia), Meet: true})
	w.must(err)
	ref, err := c.Create(w.ctx(), wish())
	w.must(err)
	if e := w.event(mia, ref.ID); e["conferenceData"] != nil || w.mailed() != 1 {
		t.Errorf("conference %v, %d mails", e["conferenceData"], w.mailed())
	}
	findings := c.Doctor(w.ctx())
	i := slices.IndexFunc(findings, func(f provider.Finding) bool { return f.Check == "video" })
	if i < 0 || findings[i].OK || findings[i].Hint == "" {
		t.Errorf("doctor says %v", findings)
	}
	// The series says so, wherever the settings want a conference, until a person gives it one.
	noVideo := func(c *google.Calendar) bool {
		s := w.look(c, mia, series.Snapshot{})
		return len(s.Series) == 1 && s.Series[0].NoVideo
	}
	if !noVideo(c) || noVideo(w.calendar(mia)) {
		t.Errorf("without a conference: %v where one is wanted, %v where not", noVideo(c), noVideo(w.calendar(mia)))
	}
	w.Configure(func(b *googletest.Behavior) { b.NoMeet = false })
	w.must(w.send(mia, "PATCH", "/"+ref.ID+"?conferenceDataVersion=1", `{"conferenceData": {
		"createRequest": {"requestId": "hers", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}}`))
	if noVideo(c) {
		t.Error("a person gave the series a conference, and it is said to have none")
	}
	findings = c.Doctor(w.ctx())
	if !slices.ContainsFunc(findings, func(f provider.Finding) bool { return f.Check == "video" && f.OK }) {
		t.Errorf("with Meet, doctor says %v", findings)
	}
}

// A conference that Google takes the request for, and fails to make later, is one that is missing.
func TestMeetThatFailsLater(t *testing.T) {
	w := open(t, func(o *googletest.Options) {
		o.Behavior.ConferenceReads, o.Behavior.ConferenceFails = 2, true
	})
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: w.as(mia), Meet: true})
	w.must(err)
	ref, err := c.Create(w.ctx(), wish())
	w.must(err)
	first := w.look(c, mia, series.Snapshot{})
	for range 2 {
		w.event(mia, ref.ID)
	}
	if now := w.look(c, mia, first); first.Series[0].NoVideo || !now.Series[0].NoVideo {
		t.Errorf("without a conference: %v, then %v", first.Series[0].NoVideo, now.Series[0].NoVideo)
	}
}

// What people wrote on a single meeting goes along when another series takes the place of its own, and mails nobody.
func TestNotesOfOneMeeting(t *testing.T) {
	w := open(t)
	_, e := w.booked()
	instance := func(id string, at time.Time) string { return id + "_" + at.UTC().Format("20060102T150405Z") }
	w.must(w.send(mia, "PATCH", "/"+instance(e.ID, start(3)),
		`{"summary": "Year", "description": "bring the figures"}`))
	old := w.look(w.calendar(mia), mia, series.Snapshot{}).Series[0]
	s, before := wish(), w.mailed()
	s.Generation, s.Carry.From = 2, &old
	s.Slot.At += 3 * 60
	ref, err := w.calendar(mia).Create(w.ctx(), s)
	w.must(err)
	x := w.event(mia, instance(ref.ID, start(3).Add(3*time.Hour)))
	text := fmt.Sprint(x["description"])
	if x["summary"] != "Year" || !strings.Contains(text, "bring the figures") || !strings.Contains(text, s.Link) {
		t.Errorf("%v: %v", x["summary"], x["description"])
	}
	if n := w.mailed() - before; n != 1 {
		t.Errorf("%d mails", n)
	}
	now := w.look(w.calendar(mia), mia, series.Snapshot{})
	if again := now.Series[len(now.Series)-1]; again.Mark.Carried != s.Mark().Carried || len(again.Overrides) > 0 {
		t.Errorf("carried %q, overrides %v", again.Mark.Carried, again.Overrides)
	}
}
