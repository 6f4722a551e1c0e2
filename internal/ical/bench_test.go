package ical

import (
	"strings"
	"testing"
)

// What an object of a calendar costs to be read as a snapshot has it: another's single event, another's series, and
// one of ours.
func BenchmarkRead(b *testing.B) {
	s := mia()
	const other = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//app//EN\r\nBEGIN:VEVENT\r\n" +
		"UID:x-1@example.com\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:20261102T140000Z\r\nDURATION:PT45M\r\n" +
		"SUMMARY:Something 1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	for name, text := range map[string]string{
		"single": other,
		"weekly": strings.Replace(other, "SUMMARY", "RRULE:FREQ=WEEKLY\r\nSUMMARY", 1),
		"ours":   string(New(s, "holdfast-x-1@acme", testNow)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				o, err := Parse([]byte(text), "Europe/Berlin")
				if err != nil {
					b.Fatal(err)
				}
				_, _, _ = o.Recurring(), o.People(), o.Title()
				o.Busy("x", []string{"raj@example.com"})
				if _, err := o.Event("acme", testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a new series costs to be written.
func BenchmarkNew(b *testing.B) {
	s := mia()
	b.ReportAllocs()
	for b.Loop() {
		New(s, "holdfast-x-1@acme", testNow)
	}
}
