package ical

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/series"
)

// object is a calendar object with the lines of one event between its start and its end.
func object(lines ...string) *Object {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:u"}, lines...)
	return mustParse([]byte(strings.Join(append(all, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")))
}

var weekly = []string{"DTSTART;TZID=Europe/Berlin:20261201T100000", "DTEND;TZID=Europe/Berlin:20261201T110000", "RRULE:FREQ=WEEKLY"}

// after is the text that a patch leaves of the event.
func after(t *testing.T, b []byte, err error) *component {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(b).master()
}

func TestBusyKinds(t *testing.T) {
	day := []string{"DTSTART;VALUE=DATE:20261201"}
	hour := []string{"DTSTART:20261201T100000Z", "DTEND:20261201T110000Z"}
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{append(hour, "SUMMARY:x"), "hard"},
		{append(hour, "TRANSP:TRANSPARENT"), ""},
		{append(hour, "STATUS:CANCELLED"), ""},
		{append(hour, "STATUS:TENTATIVE"), "soft"},
		{append(hour, "X-MICROSOFT-CDO-BUSYSTATUS:FREE"), ""},
		{append(hour, "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"), "soft"},
		{append(hour, "X-MICROSOFT-CDO-BUSYSTATUS:OOF"), "away"},
		{append(hour, "ATTENDEE;PARTSTAT=DECLINED:mailto:RAJ@example.test"), ""},
		{append(hour, "ATTENDEE;PARTSTAT=DECLINED:mailto:lee@example.test"), "hard"},
		{append(hour, "ATTENDEE:mailto:raj@example.test"), "soft"},
		{append(hour, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:raj@example.test"), "hard"},
		{append(hour, "ORGANIZER:mailto:raj@example.test", "ATTENDEE:mailto:raj@example.test"), "hard"},
		{append(hour, "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"), ""},
		{append(day, "SUMMARY:x"), ""},
		{append(day, "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"), ""},
		{append(day, "TRANSP:TRANSPARENT"), ""},
		{append(day, "TRANSP:OPAQUE"), "all-day"},
		{append(day, "TRANSP:OPAQUE", "DTEND;VALUE=DATE:20261205"), "all-day"},
		{append(day, "TRANSP:OPAQUE", "RRULE:FREQ=WEEKLY;BYDAY=TU"), ""},
		{append(day, "TRANSP:OPAQUE", "RDATE;VALUE=DATE:20261205"), ""},
		{append(day, "TRANSP:OPAQUE", "RECURRENCE-ID;VALUE=DATE:20261205"), ""},
		{append(day, "TRANSP:OPAQUE", "STATUS:CANCELLED"), ""},
		{append(day, "TRANSP:OPAQUE", "STATUS:TENTATIVE"), "soft"},
		{append(day, "TRANSP:OPAQUE", "ATTENDEE;PARTSTAT=DECLINED:mailto:raj@example.test"), ""},
		{append(day, "X-MICROSOFT-CDO-BUSYSTATUS:OOF"), "away"},
		{append(day, "X-MICROSOFT-CDO-BUSYSTATUS:oof", "RRULE:FREQ=DAILY;COUNT=4"), "away"},
		{append(day, "X-MICROSOFT-CDO-BUSYSTATUS:OOF", "TRANSP:TRANSPARENT"), ""},
		{[]string{"DTSTART:20261201T100000Z"}, ""}, // no time at all
		{[]string{"SUMMARY:x"}, ""},
	} {
		got := ""
		for _, b := range object(c.lines...).Busy("id", []string{raj}) {
			got += string(b.Kind)
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.lines, got, c.want)
		}
	}
}

// Story 29: a series that people made gets a mark and a link, and keeps all else.
func TestAdoption(t *testing.T) {
	o := object(append(weekly, "SUMMARY:Catch up", "DESCRIPTION:Ours\\, since 2019", "URL:https://video.test/j/1", "ATTACH:https://files.test/cv.pdf",
		"ORGANIZER:mailto:mia@example.test", "ATTENDEE;X-OWN=1:mailto:raj@example.test")...)
	m := mia().Mark()
	link := mia().Link
	b, err := o.Update(series.Patch{Mark: &m, Link: &link}, later1)
	c := after(t, b, err)
	e := event(mustParse([]byte("BEGIN:VCALENDAR\r\n" + c.text() + "END:VCALENDAR\r\n")))
	if diff := cmp.Diff(m, e.Mark); diff != "" {
		t.Errorf("mark (-want +got):\n%s", diff)
	}
	if e.Link != link || c.sequence() != 0 {
		t.Errorf("link %q, revision %d", e.Link, c.sequence())
	}
	for _, l := range []string{"SUMMARY:Catch up", "URL:https://video.test/j/1", "ATTACH:https://files.test/cv.pdf", "ATTENDEE;X-OWN=1:mailto:raj@example.test",
		"DESCRIPTION:Ours\\, since 2019\\nAgenda: " + link, "ATTACH;FMTTYPE=text/html:" + link} {
		if !strings.Contains(c.text(), l+"\r\n") {
			t.Errorf("%s is not there:\n%s", l, c.text())
		}
	}
	// The link goes as it came.
	none := ""
	again := object(strings.Split(strings.TrimSuffix(strings.TrimPrefix(c.text(), "BEGIN:VEVENT\r\nUID:u\r\n"), "\r\nEND:VEVENT\r\n"), "\r\n")...)
	b, err = again.Update(series.Patch{Link: &none}, later1)
	c = after(t, b, err)
	if strings.Contains(c.text(), "docs.example.test") || !strings.Contains(c.text(), "URL:https://video.test/j/1\r\n") || c.value("DESCRIPTION") != `Ours\, since 2019` {
		t.Errorf("the link was not taken away, or more than it:\n%s", c.text())
	}
}

// Story 30 and 23: another address of the same person keeps the line and the answer; another organizer comes as chair.
func TestPeople(t *testing.T) {
	o := object(append(weekly, "ORGANIZER;CN=Mia:mailto:mia@old.test", "ATTENDEE;CN=Mia;ROLE=CHAIR:mailto:mia@old.test",
		"ATTENDEE;CUTYPE=ROOM:mailto:alder@example.test", "ATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-AGENT=CLIENT;X-OWN=\"a;b\":mailto:raj@old.test",
		"END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20261208T090000Z", "DTSTART:20261208T100000Z", "ORGANIZER;CN=Mia:mailto:mia@old.test",
		"ATTENDEE:mailto:guest@elsewhere.test")...)
	m, r, lee := person("mia"), person("raj"), person("lee")
	m.Aliases, r.Aliases = []string{"mia@old.test"}, []string{"raj@old.test"}
	b, err := o.Update(series.Patch{People: &series.PeoplePatch{Organizer: m, Guests: []series.Person{r}}}, later1)
	same := after(t, b, err)
	for _, l := range []string{"ORGANIZER;CN=Mia:mailto:mia@example.test", "ATTENDEE;CN=Mia;ROLE=CHAIR:mailto:mia@example.test", "ATTENDEE;CUTYPE=ROOM:mailto:alder@example.test"} {
		if !strings.Contains(same.text(), l+"\r\n") {
			t.Errorf("%s is not there:\n%s", l, same.text())
		}
	}
	if n := same.lines("ATTENDEE"); len(n) != 3 || unfold(n[2].raw) != "ATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-AGENT=CLIENT;X-OWN=\"a;b\":mailto:raj@example.test" {
		t.Errorf("attendees:\n%s", same.text())
	}
	b, err = o.Update(series.Patch{People: &series.PeoplePatch{Organizer: lee, Guests: []series.Person{r}}}, later1)
	other := after(t, b, err)
	e := event(mustParse(b))
	if e.Organizer != lee.Email || len(e.Guests) != 1 || e.Guests[0] != (series.Guest{Address: raj, Answer: series.Accepted}) ||
		!strings.Contains(other.text(), "ATTENDEE;CN=Lee;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:lee@example.test\r\n") {
		t.Errorf("%s %v\n%s", e.Organizer, e.Guests, other.text())
	}
	// The override keeps a guest of its own, and whom it did not have.
	if c := mustParse(b).events()[1]; address(c.get("ORGANIZER")) != lee.Email || len(c.guests()) != 1 || c.guests()[0].Address != "guest@elsewhere.test" {
		t.Errorf("override:\n%s", c.text())
	}
}

// What is written for one occurrence is spelled as the series is.
func TestOverridesAreSpelledAsTheSeries(t *testing.T) {
	for _, c := range []struct{ start, id, exdate string }{
		{"DTSTART;TZID=\"W. Europe Standard Time\":20261201T100000", "RECURRENCE-ID;TZID=W. Europe Standard Time:20261208T100000", "EXDATE;TZID=W. Europe Standard Time:20261208T100000"},
		{"DTSTART:20261201T090000Z", "RECURRENCE-ID:20261208T090000Z", "EXDATE:20261208T090000Z"},
		{"DTSTART:20261201T100000", "RECURRENCE-ID:20261208T100000", "EXDATE:20261208T100000"},
		{"DTSTART;VALUE=DATE:20261201", "RECURRENCE-ID;VALUE=DATE:20261208", "EXDATE;VALUE=DATE:20261208"},
	} {
		o := object(c.start, "RRULE:FREQ=WEEKLY")
		day := series.Date{Year: 2026, Month: 12, Day: 8}
		at := event(o).Slot().On(day)
		b, err := o.SetOverride(series.Override{Original: at, Start: at.AddDate(0, 0, 1)}, later1)
		if err != nil || !strings.Contains(string(b), c.id+"\r\n") {
			t.Errorf("%s: %v\n%s", c.start, err, b)
		}
		b, err = mustParse(b).Skip([]series.Skip{{Date: day}}, later1)
		if err != nil || !strings.Contains(string(b), c.exdate+"\r\n") || strings.Contains(string(b), "RECURRENCE-ID") {
			t.Errorf("%s: %v\n%s", c.start, err, b)
		}
	}
	at := mia().Slot.On(mia().First)
	if _, err := mustParse(New(mia(), "u", testNow)).SetOverride(series.Override{Original: at.Add(1e9), Start: at}, later1); err == nil {
		t.Error("an override of no occurrence was made")
	}
}

// A zone of somebody's own is carried in the object, and comes back.
func TestCustomZone(t *testing.T) {
	text := strings.Join([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VTIMEZONE", "TZID:Ours; all, of it", "BEGIN:STANDARD", "DTSTART:19700101T000000",
		"TZOFFSETFROM:+0137", "TZOFFSETTO:+0137", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT", "UID:u", "DTSTART;TZID=\"Ours; all, of it\":20261201T100000",
		"DURATION:PT1H", "RRULE:FREQ=WEEKLY", "END:VEVENT", "END:VCALENDAR", ""}, "\r\n")
	e := event(mustParse([]byte("\ufeff" + strings.ReplaceAll(text, "\r\n", "\r\r\n"))))
	if want := "2026-12-01T10:00:00+01:37"; e.Start.Format("2006-01-02T15:04:05Z07:00") != want {
		t.Fatalf("%s, want %s", e.Start, want)
	}
	s := mia()
	s.Slot = e.Slot()
	s.Line = s.Slot.Line()
	got := event(mustParse(New(s, "u", testNow)))
	if !got.Slot().Same(s.Slot, s.First) || !cmp.Equal(got.Mark, s.Mark()) {
		t.Errorf("%s came back as %s", s.Slot.Line(), got.Slot().Line())
	}
}

// An old series that is not plain can be changed today.
func TestOldSeriesIsChangedWhereItIsNow(t *testing.T) {
	o := object("DTSTART:20150105T090000Z", "DTEND:20150105T093000Z", "RRULE:FREQ=DAILY;BYDAY=MO,TU", "ATTENDEE:mailto:raj@example.test")
	day := series.Date{Year: 2026, Month: 12, Day: 8}
	at := series.Instant(day, 9*60, "UTC")
	b, err := o.Skip([]series.Skip{{Date: day}}, later1)
	if err != nil || !strings.Contains(string(b), "EXDATE:20261208T090000Z") {
		t.Errorf("%v\n%s", err, b)
	}
	for attendee, overrides := range map[string]int{raj: 1, "lee@example.test": 0} {
		b, err = o.Answer(attendee, []series.Answer{{Original: at, PartStat: series.Declined}}, later1)
		if err != nil || len(event(mustParse(b)).Overrides) != overrides {
			t.Errorf("%s: %v\n%s", attendee, err, b)
		}
	}
}
