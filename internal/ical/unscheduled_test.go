package ical

import (
	"strings"
	"testing"

	"holdfast/internal/series"
)

// What a server that delivers finds nobody in, means what it meant, and is left alone the second time.
func TestUnscheduled(t *testing.T) {
	const text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\n" +
		"DTSTART:20261201T090000Z\r\nDTEND:20261201T100000Z\r\nRRULE:FREQ=WEEKLY\r\n" +
		"ORGANIZER;CN=Mia:mailto:mia@example.test\r\n" +
		"ATTENDEE;PARTSTAT=ACCEPTED:mailto:raj@example.test\r\nATTENDEE:mailto:lee@example.test\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20261208T090000Z\r\nDTSTAMP:20261101T000000Z\r\n" +
		"DTSTART:20261208T100000Z\r\n" +
		"DTEND:20261208T110000Z\r\nORGANIZER:mailto:mia@example.test\r\nATTENDEE:mailto:raj@example.test\r\n" +
		"END:VEVENT\r\nEND:VCALENDAR\r\n"
	for owner, want := range map[string]string{
		"mia@example.test": strings.NewReplacer(
			"ATTENDEE;PARTSTAT=ACCEPTED:", "ATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-AGENT=CLIENT:",
			"ATTENDEE:mailto:", "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:").Replace(text),
		"raj@example.test": strings.ReplaceAll(text, "mailto:mia@", "mailto:mia%40"),
	} {
		organizes := func(a string) bool { return a == owner }
		o := mustParse([]byte(text))
		got := string(o.Unscheduled(organizes))
		if strings.ReplaceAll(got, "\r\n ", "") != want {
			t.Errorf("of %s:\n%s\nwant:\n%s", owner, got, want)
		}
		again := mustParse([]byte(got))
		if string(again.Unscheduled(organizes)) != got {
			t.Errorf("of %s: changed again", owner)
		}
		before, _ := o.Event("acme", series.Event{}.Start)
		after, _ := again.Event("acme", series.Event{}.Start)
		if before.Organizer != after.Organizer || before.People() != after.People() {
			t.Errorf("of %s: %s and %v became %s and %v", owner,
				before.Organizer, before.People(), after.Organizer, after.People())
		}
	}
}
