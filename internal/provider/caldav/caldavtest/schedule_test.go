package caldavtest

import (
	"context"
	"strings"
	"testing"
	"time"
)

var berlin, _ = time.LoadLocation("Europe/Berlin")

// at is a moment of December 2026 in Berlin.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 12, day, hour, minute, 0, 0, berlin)
}

func (s *site) person(name string) Person {
	return Person{Base: s.http.URL, User: name, Password: name + "-pw", Email: name + "@example.test", HTTP: s.http.Client(), Now: func() time.Time { return noon }}
}

// see reads an event as a person has it.
func (s *site) see(p Person, uid string) Entry {
	s.t.Helper()
	e, err := p.Event(context.Background(), uid)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// override is the one at original, which must be there.
func (s *site) override(e Entry, original time.Time) Entry {
	s.t.Helper()
	for _, o := range e.Overrides {
		if o.Original.Equal(original) {
			return o
		}
	}
	s.t.Fatalf("no override at %v among %d", original, len(e.Overrides))
	return Entry{}
}

// invited books mia's weekly 1:1 with raj, and raj accepts.
func (s *site) invited() (mia, raj Person, uid string) {
	s.t.Helper()
	mia, raj = s.person("mia"), s.person("raj")
	uid, err := mia.AddSeries(context.Background(), "1:1", "FREQ=WEEKLY;BYDAY=TU", at(1, 10, 0), at(1, 11, 0), "raj@example.test")
	s.ok(err)
	s.ok(raj.Answer(context.Background(), uid, time.Time{}, "ACCEPTED"))
	return mia, raj, uid
}

const rajs = "raj@example.test"

func TestInvitationAndAnswers(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	mia, raj := s.person("mia"), s.person("raj")
	uid, err := mia.AddSeries(ctx, "1:1", "FREQ=WEEKLY;BYDAY=TU", at(1, 10, 0), at(1, 11, 0), rajs, "none@example.test", "who@elsewhere.test")
	s.ok(err)
	text := s.see(mia, uid).Text
	for _, want := range []string{"SCHEDULE-STATUS=1.2:mailto:raj@example.test", "SCHEDULE-STATUS=3.7:mailto:none@example.test", "SCHEDULE-STATUS=5.1:mailto:who@elsewhere.test"} {
		if unfolded := strings.ReplaceAll(text, "\r\n ", ""); !strings.Contains(unfolded, want) {
			t.Errorf("no %q in\n%s", want, unfolded)
		}
	}
	if e := s.see(raj, uid); e.Answers[rajs] != "NEEDS-ACTION" || strings.Contains(e.Text, "SCHEDULE-STATUS") || !e.Start.Equal(at(1, 10, 0)) {
		t.Errorf("the copy: %s", e.Text)
	}
	s.want(s.do("raj", "PROPFIND", "/calendars/raj/inbox/", "", "Depth: 1"), 207, uid[:12])

	s.ok(raj.Answer(ctx, uid, time.Time{}, "ACCEPTED"))
	s.ok(raj.Decline(ctx, uid, at(8, 10, 0)))
	s.ok(raj.Cancel(ctx, uid, at(15, 10, 0)))
	e := s.see(mia, uid)
	if e.Answers[rajs] != "ACCEPTED" || s.override(e, at(8, 10, 0)).Answers[rajs] != "DECLINED" || s.override(e, at(15, 10, 0)).Answers[rajs] != "DECLINED" {
		t.Errorf("answers: %s", e.Text)
	}
	inbox := s.want(s.do("mia", "REPORT", "/calendars/mia/inbox/", strings.Replace(syncBody("", ""), "<D:getetag/>", `<c:calendar-data xmlns:c="urn:ietf:params:xml:ns:caldav"/>`, 1)), 207, "METHOD:REPLY", "PARTSTAT=DECLINED")
	if n := strings.Count(inbox.body, "METHOD:REPLY"); n != 3 {
		t.Errorf("%d replies, want 3", n)
	}
}

func TestOrganizerChanges(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	mia, raj, uid := s.invited()

	s.ok(mia.Move(ctx, uid, at(8, 10, 0), at(10, 14, 0)))
	mine, theirs := s.see(mia, uid), s.see(raj, uid)
	for who, e := range map[string]Entry{"mia": mine, "raj": theirs} {
		o := s.override(e, at(8, 10, 0))
		if !o.Start.Equal(at(10, 14, 0)) || o.Answers[rajs] != "NEEDS-ACTION" || e.Answers[rajs] != "ACCEPTED" {
			t.Errorf("%s after a move: %s", who, e.Text)
		}
	}

	// An alarm and a place: the alarm is raj's own, the place asks for no new answer.
	s.ok(raj.edit(ctx, uid, func(z zoning) error {
		m := z.find(time.Time{})
		m.kids = append(m.kids, &component{name: "VALARM", lines: []*line{{name: "ACTION", value: "DISPLAY"}, {name: "TRIGGER", value: "-PT5M"}}})
		m.setValue("X-MINE", "yes")
		return nil
	}))
	s.ok(mia.Relocate(ctx, uid, time.Time{}, "Room, Alder"))
	e := s.see(raj, uid)
	if e.Place != "Room, Alder" || e.Answers[rajs] != "ACCEPTED" || !strings.Contains(e.Text, "TRIGGER:-PT5M") || !strings.Contains(e.Text, "X-MINE:yes") {
		t.Errorf("the copy after a new place: %s", e.Text)
	}
	if text := s.see(mia, uid).Text; strings.Contains(text, "TRIGGER") || strings.Contains(text, "X-MINE") {
		t.Errorf("raj's own came to mia: %s", text)
	}

	s.ok(mia.Cancel(ctx, uid, at(15, 10, 0)))
	if e := s.see(raj, uid); len(e.Excluded) != 1 || e.Answers[rajs] != "ACCEPTED" {
		t.Errorf("the copy after EXDATE: %s", e.Text)
	}
	s.ok(mia.MoveAll(ctx, uid, at(1, 10, 0), at(2, 9, 30)))
	for who, p := range map[string]Person{"mia": mia, "raj": raj} {
		if e := s.see(p, uid); !e.Start.Equal(at(2, 9, 30)) || e.Rule != "FREQ=WEEKLY;BYDAY=WE" || e.Answers[rajs] != "NEEDS-ACTION" {
			t.Errorf("%s after moving all: %s", who, e.Text)
		}
	}

	s.ok(mia.Delete(ctx, uid))
	if es, err := raj.Events(ctx); err != nil || len(es) != 0 {
		t.Errorf("raj still has %d events (%v)", len(es), err)
	}
}

func TestCopyDivergesAndIsOverwrittenByNews(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	mia, raj, uid := s.invited()
	before := s.see(mia, uid).Text
	s.ok(raj.Move(ctx, uid, at(8, 10, 0), at(8, 15, 0)))
	if got := s.see(mia, uid).Text; got != before {
		t.Errorf("mia's event changed with raj's copy:\n%s", got)
	}
	if !s.override(s.see(raj, uid), at(8, 10, 0)).Start.Equal(at(8, 15, 0)) {
		t.Error("raj's copy did not keep the move")
	}
	s.ok(mia.Relocate(ctx, uid, time.Time{}, "Oak"))
	if e := s.see(raj, uid); len(e.Overrides) != 0 || e.Place != "Oak" {
		t.Errorf("the copy after news: %s", e.Text)
	}
}

func TestWithdrawals(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	mia, raj, uid := s.invited()
	s.ok(mia.AddGuest(ctx, uid, at(8, 10, 0), "lee@example.test"))
	lee := s.person("lee")
	if e := s.see(lee, uid); !e.Start.Equal(at(8, 10, 0)) || e.Rule != "" {
		t.Errorf("lee was asked to one occurrence: %s", e.Text)
	}
	s.ok(mia.edit(ctx, uid, func(z zoning) error { // raj is not wanted on the 15th
		e, err := z.pick(at(15, 10, 0))
		e.del("ATTENDEE")
		return err
	}))
	if e := s.see(raj, uid); len(e.Excluded) != 1 || !e.Excluded[0].Equal(at(15, 10, 0)) {
		t.Errorf("raj's copy: %s", e.Text)
	}
	s.ok(mia.edit(ctx, uid, func(z zoning) error {
		for _, e := range z.cal.entries() {
			e.del("ATTENDEE")
		}
		return nil
	}))
	for _, p := range []Person{raj, lee} {
		if es, _ := p.Events(ctx); len(es) != 0 {
			t.Errorf("%s still has the event", p.User)
		}
	}

	uid, err := mia.AddSeries(ctx, "1:1", "FREQ=WEEKLY", at(1, 10, 0), at(1, 11, 0), rajs)
	s.ok(err)
	s.SetQuirks(func(q *Quirks) { q.CancelKeepsCopy = true })
	s.ok(mia.Delete(ctx, uid))
	if e := s.see(raj, uid); !e.Cancelled {
		t.Errorf("raj's copy: %s", e.Text)
	}
	s.ok(raj.Delete(ctx, uid))
}

func TestAttendeeDeletes(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	mia, raj, uid := s.invited()
	href := s.see(raj, uid).Href
	s.want(s.do("raj", "DELETE", href, "", "Schedule-Reply: F"), 204)
	if a := s.see(mia, uid).Answers[rajs]; a != "ACCEPTED" {
		t.Errorf("silent deletion said %s", a)
	}
	s.ok(mia.MoveAll(ctx, uid, at(1, 10, 0), at(1, 12, 0))) // comes back with news
	s.ok(raj.Delete(ctx, uid))
	if a := s.see(mia, uid).Answers[rajs]; a != "DECLINED" {
		t.Errorf("deletion said %s", a)
	}
}

func TestClientDelivers(t *testing.T) {
	s, ctx := serve(t, true, Quirks{}), context.Background()
	for _, agent := range []string{"CLIENT", "NONE"} {
		body := event(agent, "ORGANIZER:mailto:mia@example.test", "ATTENDEE;SCHEDULE-AGENT="+agent+":mailto:raj@example.test")
		a := s.want(s.do("mia", "PUT", cal+agent+".ics", body, calendarXML), 201)
		if a.Get("ETag") == "" || a.Get("Schedule-Tag") == "" {
			t.Error("an unchanged scheduling object has both tags")
		}
		s.ok(s.person("mia").Delete(ctx, agent))
	}
	if es, _ := s.person("raj").Events(ctx); len(es) != 0 {
		t.Error("the server delivered")
	}
	s.want(s.do("raj", "PROPFIND", "/calendars/raj/inbox/", "", "Depth: 1"), 207, "!.ics")
}

func TestScheduleTag(t *testing.T) {
	s := serve(t, true, Quirks{})
	mia, raj, uid := s.invited()
	href := s.see(mia, uid).Href
	before := s.want(s.do("mia", "GET", href, ""), 200)
	tag := before.Get("Schedule-Tag")
	s.ok(raj.Decline(context.Background(), uid, time.Time{}))
	s.ok(raj.Answer(context.Background(), uid, at(8, 10, 0), "ACCEPTED"))
	after := s.want(s.do("mia", "GET", href, ""), 200)
	if after.Get("Schedule-Tag") != tag || after.Get("ETag") == before.Get("ETag") {
		t.Errorf("a reply changes the ETag only: %q %q, %q %q", tag, after.Get("Schedule-Tag"), before.Get("ETag"), after.Get("ETag"))
	}
	stale := strings.Replace(before.body, "SUMMARY:1:1", "SUMMARY:Talk", 1)
	s.want(s.do("mia", "PUT", href, stale, "If-Schedule-Tag-Match: "+tag), 204)
	e := s.see(mia, uid)
	if e.Title != "Talk" || e.Answers[rajs] != "DECLINED" || s.override(e, at(8, 10, 0)).Answers[rajs] != "ACCEPTED" {
		t.Errorf("the answers were lost: %s", e.Text)
	}
	s.want(s.do("mia", "PUT", href, stale, "If-Schedule-Tag-Match: "+tag), 412)
}

func TestServiceAccount(t *testing.T) {
	s := serve(t, true, Quirks{})
	raj := s.person("raj")
	body := event("x", "ORGANIZER:mailto:mia@example.test", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:mia@example.test", "ATTENDEE:mailto:raj@example.test")
	s.want(s.do("svc", "PUT", cal+"x.ics", body, calendarXML), 201)
	s.see(raj, "x")
	s.want(s.do("svc", "DELETE", cal+"x.ics", ""), 204)

	s.SetQuirks(func(q *Quirks) { q.Redirect301ForOthers = true })
	s.want(s.do("svc", "PUT", "/calendars/svc/mia.default/y.ics", strings.ReplaceAll(body, "UID:x", "UID:y"), calendarXML), 201)
	if es, _ := raj.Events(context.Background()); len(es) != 0 {
		t.Error("delivered without Schedule-Address")
	}
	s.want(s.do("svc", "PUT", "/calendars/svc/mia.default/z.ics", strings.ReplaceAll(body, "UID:x", "UID:z"), calendarXML, "Schedule-Address: mailto:mia@example.test"), 201)
	s.see(raj, "z")
	s.want(s.do("svc", "DELETE", "/calendars/svc/mia.default/z.ics", "", "Schedule-Address: mailto:mia@example.test"), 204)
	s.see(raj, "z")
}

func TestOneSchedulingObjectPerUser(t *testing.T) {
	s := serve(t, true, Quirks{})
	_, _, uid := s.invited()
	s.want(s.do("raj", "MKCALENDAR", "/calendars/raj/more/", ""), 201)
	s.want(s.do("raj", "PUT", "/calendars/raj/more/x.ics", event(uid, "ORGANIZER:mailto:mia@example.test"), calendarXML), 403, "unique-scheduling-object-resource")
}

func TestFreeBusyOfOthers(t *testing.T) {
	s := serve(t, true, Quirks{})
	s.invited()
	ask := lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "METHOD:REQUEST", "BEGIN:VFREEBUSY", "UID:q", "DTSTAMP:20261101T000000Z", "DTSTART:20261201T000000Z", "DTEND:20261203T000000Z",
		"ORGANIZER:mailto:lee@example.test", "ATTENDEE:mailto:raj@example.test", "ATTENDEE:mailto:none@elsewhere.test", "END:VFREEBUSY", "END:VCALENDAR")
	s.want(s.do("lee", "POST", "/calendars/lee/outbox/", ask, calendarXML), 200, "FREEBUSY:20261201T090000Z/20261201T100000Z", "2.0;Success", "5.1;")
	s.want(s.do("mia", "POST", "/calendars/mia/outbox/", ask, calendarXML), 403, "organizer-allowed")
}
