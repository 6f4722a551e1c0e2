package ical

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/series"
)

// The days are those of all-day events, whatever they say of who is busy; the want is read off RFC 5545 by hand.
func TestDays(t *testing.T) {
	for _, x := range []struct{ name, lines, want string }{
		{"one day", "DTSTART;VALUE=DATE:20261224", "2026-12-24"},
		{"the end is not one of them", "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
			"2026-12-24 2026-12-25 2026-12-26"},
		{"nobody is busy", "DTSTART;VALUE=DATE:20261224\nTRANSP:TRANSPARENT\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", "2026-12-24"},
		{"declined by somebody", "DTSTART;VALUE=DATE:20261224\nATTENDEE;PARTSTAT=DECLINED:mailto:x@example.com",
			"2026-12-24"},
		{"each year", "DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY", "2026-12-24 2027-12-24"},
		{"each year but one", "DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20261224", "2027-12-24"},
		{"and one more", "DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=DATE:20261231", "2026-12-24 2026-12-31"},
		{"the fourth Thursday", "DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
			"2026-11-26 2027-11-25"},
		{"over the turn of the first year", "DTSTART;VALUE=DATE:20251230\nDTEND;VALUE=DATE:20260103",
			"2026-01-01 2026-01-02"},
		{"called off", "DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", ""},
		{"at a time", "DTSTART:20261224T090000Z\nDTEND:20261224T170000Z", ""},
		{"out of the years", "DTSTART;VALUE=DATE:20281224", ""},
	} {
		text := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Day off\n" + x.lines + "\nEND:VEVENT\nEND:VCALENDAR\n"
		from, to := series.Date{Year: 2026, Month: 1, Day: 1}, series.Date{Year: 2027, Month: 12, Day: 31}
		days, err := Days([]byte(text), from, to)
		if got := strings.Trim(fmt.Sprint(days), "[]"); err != nil || got != x.want {
			t.Errorf("%s: %s, %v, want %s", x.name, got, err, x.want)
		}
	}
	if _, err := Days([]byte("people: {}"), series.Date{}, series.Date{}); !errors.Is(err, ErrObject) {
		t.Errorf("no calendar: %v", err)
	}
}
