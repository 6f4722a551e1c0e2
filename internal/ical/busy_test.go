package ical

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/ical/recur"
	"holdfast/internal/series"
)

// Objects of other people, and the time that they take of somebody in the zone from 30 November to 20 December 2026.
func TestBusyTimes(t *testing.T) {
	hour := []string{"DTSTART;TZID=Europe/Berlin:20261201T100000", "DTEND;TZID=Europe/Berlin:20261201T110000"}
	days := []string{"DTSTART;VALUE=DATE:20261207", "RRULE:FREQ=DAILY;COUNT=4", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"}
	with := func(lines []string, more ...string) []string { return slices.Concat(lines, more) }
	const newYork, berlin = "America/New_York", "Europe/Berlin"
	for _, c := range []struct {
		name, zone string
		lines      []string
		want       string
	}{
		{"a day in UTC at midnight is its own", newYork, with(days, "EXDATE:20261208T000000Z"), "07+24 09+24 10+24"},
		{"another moment in UTC is of the owner's day", newYork, with(days, "EXDATE:20261209T040000Z"), "07+24 09+24 10+24"},
		{"a moment of a TZID is of its day there", newYork, with(days, "EXDATE;TZID=Asia/Tokyo:20261208T010000"),
			"07+24 09+24 10+24"},
		{"a floating moment too", newYork, with(days, "EXDATE:20261208T233000"), "07+24 09+24 10+24"},
		{"a list of all of them", newYork, with(days, "EXDATE:20261208T000000Z,20261210"), "07+24 09+24"},
		{"a day that is added by a moment", newYork, with(days, "RDATE:20261215T000000Z"), "07+24 08+24 09+24 10+24 15+24"},
		{"an end by a moment in UTC", newYork,
			with(days[:1], days[2], "RRULE:FREQ=DAILY;UNTIL=20261208T000000Z"), "07+24 08+24"},
		{"an override of a day named by a moment", newYork, with(days, "UID:x", "END:VEVENT", "BEGIN:VEVENT", "UID:u",
			"RECURRENCE-ID:20261208T000000Z", "DTSTART;VALUE=DATE:20261217", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"),
			"07+24 09+24 10+24 17+24"},
		{"a senseless COUNT", berlin, with(hour, "RRULE:FREQ=WEEKLY;COUNT=0;BYDAY=TU,TH"),
			"01T10+1 03T10+1 08T10+1 10T10+1 15T10+1 17T10+1"},
		{"two rules", berlin, with(hour, "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=MONTHLY;BYMONTHDAY=4"),
			"01T10+1 04T10+1 08T10+1"},
		{"a rule of exclusions", berlin, with(hour, "RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY;INTERVAL=2"), "08T10+1"},
		{"a period that lasts", berlin, with(hour, "RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20261210T080000/PT3H"),
			"01T10+1 10T08+3"},
		{"a period that ends", berlin, with(hour, "RDATE;VALUE=PERIOD:20261210T070000Z/20261210T090000Z"),
			"01T10+1 10T08+2"},
		{"periods at the first start, and like the others", berlin,
			with(hour, "RDATE;VALUE=PERIOD:20261201T090000Z/PT2H,20261203T090000Z/PT1H"), "01T10+2 03T10+1"},
		{"a period that was taken out", berlin,
			with(hour, "RDATE;VALUE=PERIOD:20261210T070000Z/PT2H", "EXDATE:20261210T070000Z"), "01T10+1"},
		{"a fixed offset", berlin, []string{"DTSTART;TZID=GMT+0300:20261201T100000", "DURATION:PT1H"}, "01T08+1"},
		{"half an hour behind", berlin, []string{"DTSTART;TZID=UTC-03:30:20261201T053000", "DURATION:PT1H"}, "01T10+1"},
	} {
		o, err := Parse([]byte(object(c.lines...).Raw()), c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := told(o, c.zone); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// told are the times that an object takes from 30 November to 20 December 2026, by day, hour and length.
func told(o *Object, zone string) string {
	from := series.Instant(series.Date{Year: 2026, Month: 11, Day: 30}, 0, zone)
	var all []series.Interval
	for _, b := range o.Busy("id", []string{raj}) {
		got, _ := recur.Expand(b, from, from.AddDate(0, 0, 20))
		all = append(all, got...)
	}
	slices.SortFunc(all, func(a, b series.Interval) int { return a.Start.Compare(b.Start) })
	var texts []string
	for _, i := range all {
		at := series.At(i.Start, zone)
		text := at.Format("02T15")
		if i.Kind != series.Hard {
			text = strings.TrimSuffix(text, "T00")
		}
		texts = append(texts, text+"+"+strings.TrimSuffix(i.End.Sub(i.Start).Truncate(time.Hour).String(), "h0m0s"))
	}
	return strings.Join(texts, " ")
}

// What lies outside of the available parts is taken (RFC 7953).
func TestAvailability(t *testing.T) {
	const week = "BEGIN:AVAILABLE|UID:a|DTSTART;TZID=Europe/Berlin:20261130T000000|" +
		"DTEND;TZID=Europe/Berlin:20261201T000000|RRULE:FREQ=DAILY|END:AVAILABLE"
	for _, c := range []struct{ name, text, want string }{
		{"leave", "DTSTART;VALUE=DATE:20261202|DTEND;VALUE=DATE:20261204", "02+48"},
		{"leave in hours", "DTSTART:20261202T110000Z|DURATION:PT5H|BUSYTYPE:BUSY-UNAVAILABLE", "02T12+5"},
		{"busy", "DTSTART;TZID=Europe/Berlin:20261202T000000|DURATION:PT5H|BUSYTYPE:BUSY", "02T00+5"},
		{"for ever, with one day that is free", "BEGIN:AVAILABLE|" +
			"DTSTART;TZID=Europe/Berlin:20261203T000000|DURATION:P1D|END:AVAILABLE",
			"30+72 04+384"},
		{"days that are free, but for one", week +
			"|BEGIN:AVAILABLE|UID:a|RECURRENCE-ID;TZID=Europe/Berlin:20261205T000000|" +
			"DTSTART;TZID=Europe/Berlin:20261205T120000|DTEND;TZID=Europe/Berlin:20261206T000000|END:AVAILABLE", "05+12"},
		{"days that are free, but for an exclusion",
			strings.Replace(week, "RRULE", "EXDATE;TZID=Europe/Berlin:20261205T000000|RRULE", 1), "05+24"},
		{"two of them, of which one counts more", "PRIORITY:5|" + week +
			"|END:VAVAILABILITY|BEGIN:VAVAILABILITY|PRIORITY:1|" +
			"DTSTART;VALUE=DATE:20261207|DTEND;VALUE=DATE:20261209", "07+48"},
		{"two that count alike", "DTSTART;VALUE=DATE:20261202|DTEND;VALUE=DATE:20261204" +
			"|END:VAVAILABILITY|BEGIN:VAVAILABILITY|DTSTART;VALUE=DATE:20261203|DTEND;VALUE=DATE:20261205",
			"02+48 03+48"},
		{"the one that counts less is silent within the other", "" +
			"DTSTART;VALUE=DATE:20261206|DTEND;VALUE=DATE:20261212|END:VAVAILABILITY|" +
			"BEGIN:VAVAILABILITY|PRIORITY:1|DTSTART;VALUE=DATE:20261207|DTEND;VALUE=DATE:20261209|" + week, "06+24 09+72"},
	} {
		text := "BEGIN:VCALENDAR|VERSION:2.0|BEGIN:VAVAILABILITY|" + c.text + "|END:VAVAILABILITY|END:VCALENDAR|"
		o, err := Parse([]byte(strings.ReplaceAll(text, "|", "\r\n")), "Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		if got := told(o, "Europe/Berlin"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A rule of ours that nobody can read is none that has ended, and can be ended (faults 2.1).
func TestUnreadableRuleOfOurs(t *testing.T) {
	text := strings.Replace(string(New(mia(), "u", testNow)), "FREQ=WEEKLY", "FREQ=FORTNIGHTLY", 1)
	e := event(mustParse([]byte(text)))
	if e.Ended(testNow.AddDate(5, 0, 0)) || !e.Rule.Until.IsZero() || len(e.Rule.Starts) != 1 {
		t.Errorf("%+v", e.Rule)
	}
	b, _, err := mustParse([]byte(text)).End(mia().First.AddDays(21), later1)
	if err != nil || !event(mustParse(b)).Ended(testNow.AddDate(1, 0, 0)) {
		t.Errorf("%v\n%s", err, b)
	}
	// The same of one with a senseless part: it goes on.
	text = strings.Replace(string(New(mia(), "u", testNow)), "FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=0", 1)
	if e := event(mustParse([]byte(text))); !e.Slot().Same(mia().Slot, mia().First) || !e.Rule.Until.IsZero() {
		t.Errorf("%+v", e.Rule)
	}
}

// An occurrence with a length of its own is told as an override; what an EXRULE takes out is none.
func TestPeriodsAndExclusionsOfSeries(t *testing.T) {
	e := event(object(append(weekly, "RDATE;VALUE=PERIOD:20261210T070000Z/PT3H", "EXRULE:FREQ=WEEKLY;INTERVAL=2")...))
	ms := e.Meetings(testNow, testNow.AddDate(0, 0, 24))
	if len(ms) != 2 || ms[0].Start.Day() != 8 || ms[1].Start.Day() != 10 || ms[1].Duration != 3*time.Hour {
		var texts []string
		for _, m := range ms {
			texts = append(texts, m.Start.String()+" "+m.Duration.String())
		}
		t.Error(texts)
	}
}
