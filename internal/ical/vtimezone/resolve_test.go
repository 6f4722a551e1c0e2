package vtimezone

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// vtz is a component of two yearly rules.
func vtz(std, dst, toDST, toStd string) string {
	return "BEGIN:VTIMEZONE\r\nTZID:x\r\n" +
		fmt.Sprintf("BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:%s\r\nTZOFFSETTO:%s\r\nRRULE:FREQ=YEARLY;INTERVAL=1;%s\r\nEND:STANDARD\r\n", dst, std, toStd) +
		fmt.Sprintf("BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:%s\r\nTZOFFSETTO:%s\r\nRRULE:FREQ=YEARLY;INTERVAL=1;%s\r\nEND:DAYLIGHT\r\n", std, dst, toDST) +
		"END:VTIMEZONE\r\n"
}

func fixed(off string) string {
	return "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:" + off + "\nTZOFFSETTO:" + off + "\nEND:STANDARD\nEND:VTIMEZONE\n"
}

var (
	central = vtz("+0100", "+0200", "BYDAY=-1SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=10")
	// What libical's own database writes: a past of single days, then the present.
	turkey = `BEGIN:VTIMEZONE
TZID:/freeassociation.sourceforge.net/Europe/Istanbul
X-LIC-LOCATION:Europe/Istanbul
BEGIN:DAYLIGHT
TZNAME:EEST
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
DTSTART:20140331T030000
RDATE:20140331T030000
RDATE;VALUE=DATE-TIME:20150329T030000,20160327T
 030000
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:+03
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
DTSTART:20160907T000000
RDATE:20160907T000000
END:STANDARD
END:VTIMEZONE`
	// Only the turns of one winter, as some producers write for a single event.
	winter = `BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:20261025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE`
)

func TestResolve(t *testing.T) {
	tests := []struct{ name, tzid, component, want string }{
		{"exact", "Europe/Berlin", "", "Europe/Berlin"},
		{"an older name stays", "Asia/Calcutta", "", "Asia/Calcutta"},
		{"case", "europe/MADRID", "", "Europe/Madrid"},
		{"spaces", "America/New York", "", "America/New_York"},
		{"quoted", `"Europe/Berlin"`, "", "Europe/Berlin"},
		{"utc", "UTC", fixed("+0000"), "UTC"},
		{"utc of sogo", "Etc/UTC", fixed("+0000"), "Etc/UTC"},
		{"evolution", "/freeassociation.sourceforge.net/Europe/Berlin", "", "Europe/Berlin"},
		{"evolution's old name", "/softwarestudio.org/Tzfile/Europe/Berlin", "", "Europe/Berlin"},
		{"sunbird", "/mozilla.org/20050126_1/Europe/Berlin", "", "Europe/Berlin"},
		{"citadel", "/citadel.org/20210210_1/America/Argentina/Buenos_Aires", "", "America/Argentina/Buenos_Aires"},
		{"vendor's utc", "/freeassociation.sourceforge.net/UTC", "", "UTC"},
		{"x-lic-location", "Mine", turkey, "Europe/Istanbul"},
		{"abolished summer time", "/freeassociation.sourceforge.net/Europe/Istanbul", turkey, "Europe/Istanbul"},
		{"windows", "W. Europe Standard Time", central, "Europe/Berlin"},
		{"windows, in any case", "w. europe standard time", "", "Europe/Berlin"},
		{"windows, renamed since", "India Standard Time", "", "Asia/Kolkata"},
		{"shown by windows", "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "", "Europe/Amsterdam"},
		{"shown by older windows", "(GMT-05:00) Eastern Time (US & Canada)", "", "America/New_York"},
		{"shown by windows, ambiguous", "(UTC-07:00) Chihuahua, La Paz, Mazatlan", "", "America/Mazatlan"},
		{"shown by windows, utc", "(UTC) Coordinated Universal Time", "", "UTC"},
		{"shown by windows, half an hour", "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "", "Asia/Kolkata"},
		{"own rules", "Mine", central, "Europe/Berlin"},
		{"own rules, word shared", "Customized Madrid Time", central, "Europe/Madrid"},
		{"own offset", "GMT+0200", fixed("+0200"), "Etc/GMT-2"},
		{"own offset, half an hour", "Delhi (Kolkata)", fixed("+0530"), "Asia/Kolkata"},
		{"own rules, half an hour", "Home", vtz("+1030", "+1100", "BYDAY=1SU;BYMONTH=10", "BYDAY=1SU;BYMONTH=4"), "custom"}, // Lord Howe's own turn is an hour earlier
		{"a stretch of winter", "Europe/Berlin", winter, "Europe/Berlin"},
		{"rules told by the hour carelessly", "Europe/London", vtz("+0000", "+0100", "BYDAY=-1SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=10"), "Europe/London"},
		{"broken component", "Europe/Berlin", "BEGIN:VTIMEZONE\nBEGIN:STANDARD\nEND:STANDARD\nEND:VTIMEZONE", "Europe/Berlin"},
		{"a name against its rules", "Europe/Berlin", fixed("+0300"), "Europe/Berlin"},
		{"a vendor's name against its rules", "/vendor.test/1/Europe/Berlin", fixed("+0300"), "Europe/Berlin"},
		{"utc against its rules", "UTC", fixed("+0300"), "UTC"},
		{"another name against its rules", "EST", fixed("-0400"), "Etc/GMT+4"},
		{"a vendor's other name", "/vendor.test/EST", fixed("-0400"), "Etc/GMT+4"},
		{"windows against its rules", "W. Europe Standard Time", fixed("+0300"), "Etc/GMT-3"},
		{"an offset as people mean it", "GMT+0100", "", "Etc/GMT-1"},
		{"an offset with a colon", "UTC+02:00", "", "Etc/GMT-2"},
		{"an offset in hours", "gmt-5", "", "Etc/GMT+5"},
		{"an offset alone", "+0900", "", "Etc/GMT-9"},
		{"an offset with a space", "UTC +1", "", "Etc/GMT-1"},
		{"an offset of none", "GMT+00:00", "", "UTC"},
		{"an offset of half an hour", "UTC+05:30", "", "custom"},
		{"an offset of half an hour behind", "GMT-0330", "", "custom"},
		{"the farthest offset", "UTC+14:00", "", "Etc/GMT-14"},
		{"no offset that is", "UTC+15:00", "", ""},
		{"no offset that is, behind", "GMT-1360", "", ""},
		{"the database's own sign", "Etc/GMT+1", "", "Etc/GMT+1"},
		{"a machine's own zone", "localtime", "", ""},
		{"a folder of names", "right/Europe/Berlin", "", "Europe/Berlin"},
		{"no path", "../../etc/passwd", "", ""},
		{"nothing", "", "", ""},
		{"nobody's", "Mars/Olympus", "", ""},
		{"nobody's, broken component", "Mars/Olympus", "BEGIN:VTIMEZONE\nEND:VTIMEZONE", ""},
	}
	for _, test := range tests {
		got, ok := Resolve(test.tzid, test.component, around)
		if custom(got) {
			got = "custom"
		}
		if got != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, %v, want %q", test.name, got, ok, test.want)
		}
	}
}

// Present rules told for all times, as many producers do, are no reason to rename the zone of an old event.
func TestResolveOldEvents(t *testing.T) {
	text := vtz("-0500", "-0400", "BYDAY=2SU;BYMONTH=3", "BYDAY=1SU;BYMONTH=11")
	text = strings.Replace(text, "T030000", "T020000", 1)
	for _, tzid := range []string{"US/Eastern", "America/New_York", "Eastern Standard Time", "America/Toronto"} {
		old, _ := Resolve(tzid, text, series.Date{Year: 2005, Month: 3, Day: 1})
		if now, _ := Resolve(tzid, text, around); old != now || custom(old) {
			t.Errorf("%s: %q, now %q", tzid, old, now)
		}
	}
}

func TestResolveKnowsAllNames(t *testing.T) {
	for name, zone := range windowsZones {
		if got, _ := Resolve(name, "", around); got != zone && name != "UTC" {
			t.Errorf("%s: %q, want %s", name, got, zone)
		}
	}
	for _, zone := range allZones(t) {
		for _, tzid := range []string{zone, strings.ToUpper(zone), "/example.org/2026/" + zone} {
			if got, _ := Resolve(tzid, "", around); got != zone {
				t.Errorf("%s: %q", tzid, got)
			}
		}
	}
}

// A VTIMEZONE alone, under a name that says nothing, leads to a zone with the same clock; under its own name to itself.
func TestResolveInvertsWrite(t *testing.T) {
	for _, zone := range allZones(t) {
		text := Write(zone, around)
		if got, _ := Resolve(zone, text, around); got != zone {
			t.Errorf("%s under its own name: %q", zone, got)
		}
		// Seven years on, a list of changes has run out and must not count against the name.
		if got, _ := Resolve(zone, text, series.Date{Year: 2033, Month: 11, Day: 24}); got != zone {
			t.Errorf("%s years later: %q", zone, got)
		}
		if zone == "UTC" {
			continue
		}
		got, ok := Resolve("Mine", strings.Replace(text, "TZID:"+zone, "TZID:Mine", 1), around)
		if !ok {
			t.Errorf("%s: not resolved", zone)
			continue
		}
		if at := differs(location(t, got), location(t, zone), 2026, 2030); at != "" {
			t.Errorf("%s: %s has another clock at %s", zone, got, at)
		}
	}
}

// A zone made to measure keeps its name through Write and Resolve: else a series in it would look moved.
func TestCustomZonesComeBackAsThemselves(t *testing.T) {
	texts := []string{
		fixed("+0117"), fixed("-0312"), fixed("+012034"),
		vtz("+0100", "+0200", "BYDAY=2TU;BYMONTH=4", "BYDAY=-1WE;BYMONTH=9"),
		vtz("-0330", "-0230", "BYDAY=FR;BYMONTHDAY=23,24,25,26,27,28,29;BYMONTH=3", "BYMONTHDAY=21;BYMONTH=9"),
		vtz("+1030", "+1100", "BYDAY=1SU;BYMONTH=10", "BYDAY=1SU;BYMONTH=4"),
		vtz("+0100", "+0200", "BYDAY=-2SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=2"),
		// Changes without a rule.
		strings.Replace(winter, "END:STANDARD\n", "END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:20270211T120000\nRDATE:20290705T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0130\nEND:DAYLIGHT\n", 1),
		strings.Replace(Write("Africa/Casablanca", around), "+0100", "+0145", -1),
	}
	for _, text := range texts {
		zone, ok := Resolve("Mine", text, around)
		if !ok || !custom(zone) {
			t.Errorf("%q for\n%s", zone, text)
			continue
		}
		c, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, loc, err := c.spelledOut()
		if err != nil {
			t.Fatal(err)
		}
		if at := differs(loc, location(t, zone), max(2025, c.since.Year()+1), 2046); at != "" {
			t.Errorf("another clock at %s than\n%s", at, text)
		}
		again, _ := Resolve(TZID(zone), Write(zone, around), around)
		if again != zone {
			t.Errorf("came back as another zone:\n%s\n%s", text, Write(zone, around))
		}
	}
}

func TestResolveAnyRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := func(label string) string {
			m := rapid.IntRange(1, 12).Draw(t, label+" month")
			d := "SUMOTUWETHFRSA"[2*rapid.IntRange(0, 6).Draw(t, label+" weekday"):][:2]
			return fmt.Sprintf("BYDAY=%d%s;BYMONTH=%d", rapid.SampledFrom([]int{-1, 1, 2, 3, 4}).Draw(t, label+" nth"), d, m)
		}
		std := rapid.IntRange(-48, 48).Draw(t, "offset") * 900
		text := vtz(offset(std), offset(std+rapid.SampledFrom([]int{1800, 3600, 7200}).Draw(t, "ahead")), day("dst"), day("std"))
		c, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, loc, err := c.spelledOut()
		if err != nil {
			t.Fatal(err)
		}
		zone, ok := Resolve("Mine", text, around)
		got, err := series.Location(zone)
		if !ok || err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if at := differs(got, loc, 2026, 2030); at != "" {
			t.Fatalf("another clock at %s\n%s", at, text)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, text := range []string{central, turkey, winter, fixed("+0530"), Write("Africa/Casablanca", around), Write("Asia/Jerusalem", around)} {
		f.Add("Mine", text, 2026)
	}
	f.Add("(UTC+01:00) Amsterdam, Berlin", "", 9999)
	f.Fuzz(func(t *testing.T, tzid, text string, year int) {
		day := series.Date{Year: year, Month: 6, Day: 1}
		zone, ok := Resolve(tzid, text, day)
		if !ok {
			return
		}
		if _, err := series.Location(zone); err != nil {
			t.Fatal(err)
		}
		for l := range strings.SplitSeq(Write(zone, day), "\r\n") {
			if len(l) > 75 {
				t.Fatal(l)
			}
		}
	})
}

// Where a component of a well-known name tells another clock of the coming year, that is said.
func TestDoubtful(t *testing.T) {
	from := series.Date{Year: 2026, Month: 11, Day: 28}
	for _, c := range []struct{ name, tzid, component, want string }{
		{"the same clock", "Europe/Berlin", central, ""},
		{"only winter", "Europe/London", fixed("+0000"), "Europe/London"},
		{"summer time that was given up", "/vendor.test/America/Mexico_City",
			vtz("-0600", "-0500", "BYDAY=1SU;BYMONTH=4", "BYDAY=-1SU;BYMONTH=10"), "America/Mexico_City"},
		{"it speaks only of a winter", "Europe/Berlin", winter, ""},
		{"no component", "Europe/Berlin", "", ""},
		{"a broken one", "Europe/Berlin", "BEGIN:VTIMEZONE\nEND:VTIMEZONE", ""},
		{"a name that is not certain", "EST", fixed("-0400"), ""},
	} {
		if got := Doubtful(c.tzid, c.component, from); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := Doubtful("Europe/Istanbul", turkey, from); got != "" {
		t.Error(got)
	}
}
