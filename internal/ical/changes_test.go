package ical

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"
)

// tuesdays is a series of mia and raj from 1 December 2026 on, with these lines more and these overrides.
func tuesdays(t *testing.T, lines string, overrides ...string) *Object {
	t.Helper()
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20261101T000000Z\n" +
		"DTSTART;TZID=Europe/Berlin:20261201T100000\nDTEND;TZID=Europe/Berlin:20261201T110000\nRRULE:FREQ=WEEKLY;BYDAY=TU\n" +
		"ORGANIZER:mailto:mia@example.test\nATTENDEE;PARTSTAT=ACCEPTED:mailto:mia@example.test\n" +
		"ATTENDEE;PARTSTAT=ACCEPTED:mailto:raj@example.test\nX-HOLDFAST-ORG:acme\nX-HOLDFAST-PAIR:mia/raj\n" +
		"X-HOLDFAST-GENERATION:1\nX-HOLDFAST-SLOT:Tue 10:00 1h0m0s 1w Europe/Berlin\n" + lines + "END:VEVENT\n" +
		strings.Join(overrides, "") + "END:VCALENDAR\n"
	o, err := Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n")), "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// meeting is an override of the meeting on a day of December, at another time or on the same.
func meeting(day, at, until, lines string) string {
	return "BEGIN:VEVENT\nUID:1\nDTSTAMP:20261101T000000Z\nRECURRENCE-ID;TZID=Europe/Berlin:202612" + day + "T100000\n" +
		"DTSTART;TZID=Europe/Berlin:202612" + at + "\nDTEND;TZID=Europe/Berlin:202612" + until + "\n" +
		"ORGANIZER:mailto:mia@example.test\nATTENDEE;PARTSTAT=ACCEPTED:mailto:raj@example.test\n" + lines + "END:VEVENT\n"
}

// as is what became of the event.
func as(t *testing.T, text []byte, err error) (series.Event, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	e, err := mustParse(text).Event("acme", testNow)
	if err != nil {
		t.Fatal(err)
	}
	return e, strings.ReplaceAll(string(text), "\r\n ", "")
}

func december(day int) time.Time {
	return mia().Slot.On(series.Date{Year: 2026, Month: 12, Day: day})
}

func TestUpdateOfAnothersMark(t *testing.T) {
	mark := mia().Mark()
	mark.Written = map[series.Field]string{series.FieldPlace: "p"}
	text, err := tuesdays(t, "X-HOLDFAST-WRITTEN:link=l\n").Update(series.Patch{Mark: &mark}, testNow)
	if e, _ := as(t, text, err); e.Mark.Written[series.FieldLink] != "l" || e.Mark.Written[series.FieldPlace] != "p" {
		t.Errorf("what we wrote is forgotten: %v", e.Mark.Written)
	}
	mark.Org = "other"
	text, err = tuesdays(t, "X-HOLDFAST-WRITTEN:link=l\n").Update(series.Patch{Mark: &mark}, testNow)
	if _, raw := as(t, text, err); strings.Contains(raw, "link=l") {
		t.Errorf("what another org wrote counts as ours:\n%s", raw)
	}
}

func TestUpdateLeavesOneMeetingItsOwn(t *testing.T) {
	place, link := "Room Birch", "https://docs.example.test/new"
	for _, own := range []bool{false, true} {
		at, to := "Room Alder", "https://docs.example.test/abc"
		if own {
			at, to = "Lobby", "https://theirs.example.test"
		}
		o := tuesdays(t, "LOCATION:Room Alder\nDESCRIPTION:Agenda: https://docs.example.test/abc\n",
			meeting("08", "08T100000", "08T110000", "LOCATION:"+at+"\nDESCRIPTION:Agenda: "+to+"\n"))
		text, err := o.Update(series.Patch{Place: &place, Link: &link}, testNow)
		e, _ := as(t, text, err)
		if x := e.Overrides[0]; (x.Place == place) == own || (x.Link == link) == own || e.Place != place || e.Link != link {
			t.Errorf("own %v: %+v", own, x)
		}
	}
}

func TestSlotKeepsWhatStillFits(t *testing.T) {
	o := tuesdays(t, "X-HOLDFAST-WRITTEN:end=e\nX-HOLDFAST-SKIPS:2026-12-08 leave|2026-12-15 leave\n"+
		"EXDATE;TZID=Europe/Berlin:20261215T100000\n", meeting("08", "09T100000", "09T110000", ""))
	longer := mia().Slot
	longer.Duration = 90 * time.Minute
	text, err := o.Update(series.Patch{Slot: &series.SlotPatch{Slot: longer, First: mia().First}}, testNow)
	e, _ := as(t, text, err)
	out := slices.EqualFunc(e.Excluded, []time.Time{december(15)}, time.Time.Equal)
	if len(e.Overrides) != 1 || !out || e.Mark.Written[series.FieldEnd] != "" ||
		strings.Count(string(text), "EXDATE") != 1 {
		t.Errorf("overrides %+v, out %v, written %v", e.Overrides, e.Excluded, e.Mark.Written)
	}
}

func TestEndTakesWhatWasMovedBeyond(t *testing.T) {
	o := tuesdays(t, "", meeting("08", "17T100000", "17T110000", ""), meeting("15", "07T100000", "07T110000", ""))
	text, _, err := o.End(series.Date{Year: 2026, Month: 12, Day: 10}, testNow)
	e, _ := as(t, text, err)
	if len(e.Overrides) != 0 || !slices.EqualFunc(e.Excluded, []time.Time{december(8)}, time.Time.Equal) {
		t.Errorf("overrides %+v, out %v", e.Overrides, e.Excluded)
	}
}

func TestEndOfWholeDays(t *testing.T) {
	text := strings.NewReplacer("DTSTART;TZID=Europe/Berlin:20261201T100000", "DTSTART;VALUE=DATE:20261201",
		"DTEND;TZID=Europe/Berlin:20261201T110000", "DTEND;VALUE=DATE:20261202").Replace(tuesdays(t, "").Raw())
	got, _, err := mustParse([]byte(text)).End(series.Date{Year: 2026, Month: 12, Day: 10}, testNow)
	if _, raw := as(t, got, err); !strings.Contains(raw, ";UNTIL=20261210\r\n") {
		t.Errorf("UNTIL is of another type than DTSTART:\n%s", raw)
	}
}

func TestCancelOfWhatIsOff(t *testing.T) {
	o := tuesdays(t, "STATUS:CANCELLED\nSEQUENCE:3\n")
	if text, err := o.Cancel(testNow); err != nil || string(text) != o.Raw() {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestSkipOfWhatIsOff(t *testing.T) {
	o := tuesdays(t, "", meeting("08", "08T100000", "08T110000", "STATUS:CANCELLED\n"))
	text, err := o.Skip([]series.Skip{{Date: series.Date{Year: 2026, Month: 12, Day: 8}, Why: "leave"}}, testNow)
	e, _ := as(t, text, err)
	if len(e.Overrides) != 1 || len(e.Excluded) != 0 || len(e.Mark.Skips) != 1 {
		t.Errorf("overrides %+v, out %v, skips %v", e.Overrides, e.Excluded, e.Mark.Skips)
	}
}

func TestUnskipLeavesWhatTakesPlace(t *testing.T) {
	o := tuesdays(t, "X-HOLDFAST-SKIPS:2026-12-08 leave\n", meeting("08", "09T100000", "09T110000", ""))
	text, err := o.Unskip([]series.Date{{Year: 2026, Month: 12, Day: 8}}, testNow)
	if e, _ := as(t, text, err); len(e.Overrides) != 1 || len(e.Mark.Skips) != 0 {
		t.Errorf("overrides %+v, skips %v", e.Overrides, e.Mark.Skips)
	}
}

func TestAnotherLengthIsAnsweredAnew(t *testing.T) {
	x := series.Override{Original: december(8), Start: december(8), Duration: 2 * time.Hour}
	for _, parts := range [][]string{nil, {meeting("08", "08T100000", "08T110000", "")}} {
		text, err := tuesdays(t, "", parts...).SetOverride(x, testNow)
		if e, _ := as(t, text, err); e.Overrides[0].Guests[0].Answer != series.NeedsAction {
			t.Errorf("%d overrides: %+v", len(parts), e.Overrides)
		}
	}
	// So is the copy of who is delivered to.
	for length, want := range map[string]series.PartStat{"110000": series.Accepted, "120000": series.NeedsAction} {
		theirs := tuesdays(t, "", meeting("08", "08T100000", "08T"+length, "LOCATION:Lobby\n"))
		e, err := theirs.Event("acme", testNow)
		if err != nil {
			t.Fatal(err)
		}
		before, err := tuesdays(t, "").Event("acme", testNow)
		if err != nil {
			t.Fatal(err)
		}
		mine := tuesdays(t, "X-HOLDFAST-DELIVERED:"+before.Delivery(testNow)+"\n")
		text, err := theirs.Deliver(mine, e, "raj@example.test", testNow)
		if c, _ := as(t, text, err); len(c.Overrides) != 1 || c.Overrides[0].Guests[0].Answer != want {
			t.Errorf("until %s: %+v", length, c.Overrides)
		}
	}
}

func TestDeliveryOfACancelledSeries(t *testing.T) {
	theirs := tuesdays(t, "")
	e, err := theirs.Event("acme", testNow)
	if err != nil {
		t.Fatal(err)
	}
	mine := tuesdays(t, "X-HOLDFAST-DELIVERED:"+e.Delivery(testNow)+"\n")
	e.Cancelled = true
	text, err := theirs.Deliver(mine, e, "raj@example.test", testNow)
	if c, _ := as(t, text, err); !c.Cancelled {
		t.Errorf("%s", text)
	}
}

// Of two overrides of one meeting the later revision counts, of two of one revision the later in the text; to read and
// to write.
func TestTwoOverridesOfOneMeeting(t *testing.T) {
	for name, test := range map[string]struct{ first, second, want string }{
		"the later revision": {"SEQUENCE:2\nLOCATION:A\n", "SEQUENCE:1\nLOCATION:B\n", "A"},
		"the later one":      {"SEQUENCE:1\nLOCATION:A\n", "SEQUENCE:1\nLOCATION:B\n", "B"},
	} {
		o := tuesdays(t, "", meeting("08", "08T100000", "08T110000", test.first),
			meeting("08", "08T100000", "08T110000", test.second))
		e, err := o.Event("acme", testNow)
		if err != nil || len(e.Overrides) != 1 || e.Overrides[0].Place != test.want {
			t.Errorf("%s: read as %+v, %v", name, e.Overrides, err)
		}
		m := o.master()
		if c := o.overrides(m, e)[december(8).Unix()]; c == nil || c.textValue("LOCATION") != test.want {
			t.Errorf("%s: another one is written", name)
		}
	}
}

func TestStrangersAndDoubles(t *testing.T) {
	const odd = "ATTENDEE:mailto:a@example.test,mailto:b@example.test\n"
	text := strings.Replace(tuesdays(t, odd).Raw(), "ORGANIZER:mailto:mia@example.test",
		"ORGANIZER:mailto:mia@example.test,mailto:c@example.test", 1)
	e, err := mustParse([]byte(text)).Event("acme", testNow)
	if err != nil || !slices.ContainsFunc(e.Guests, func(g series.Guest) bool { return g.Address == series.Stranger }) {
		t.Errorf("a guest whom nobody can read is taken for such an organizer: %+v, %v", e.Guests, err)
	}
	raj := person("raj")
	raj.Aliases = []string{"r@example.test"}
	got, err := tuesdays(t, "ATTENDEE:mailto:r@example.test\n").Update(series.Patch{
		People: &series.PeoplePatch{Organizer: person("mia"), Guests: []series.Person{raj}}}, testNow)
	if _, raw := as(
		t,
		got,
		err,
	); strings.Count(raw, "mailto:raj@example.test") != 1 ||
		strings.Contains(raw, "mailto:r@") {
		t.Errorf("raj is in it twice:\n%s", raw)
	}
}

func TestLinkAmongOthers(t *testing.T) {
	const ours, theirs = "https://docs.example.test/abc", "https://theirs.example.test"
	both := tuesdays(t, "DESCRIPTION:Agenda: "+theirs+"\\nAgenda: "+ours+"\n").master()
	if got := both.link(series.Digest(ours)); got != ours {
		t.Errorf("ours is %q", got)
	}
	if got := both.link(""); got != theirs {
		t.Errorf("of two of which none is known %q", got)
	}
	link := "https://docs.example.test/a;b"
	text, err := tuesdays(t, "").Update(series.Patch{Link: &link}, testNow)
	if e, raw := as(t, text, err); strings.Contains(raw, "ATTACH") || e.Link != link {
		t.Errorf("%q, a semicolon that servers spoil:\n%s", e.Link, raw)
	}
}

func TestRulesAreReadWhole(t *testing.T) {
	e, err := tuesdays(t, "EXRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU\n").Event("acme", testNow)
	if err != nil || e.Rule.Plain || slices.ContainsFunc(e.Rule.Starts, december(1).Equal) ||
		!slices.ContainsFunc(e.Rule.Starts, december(8).Equal) {
		t.Errorf("an EXRULE does not count: %+v, %v", e.Rule, err)
	}
	raw := strings.Replace(tuesdays(t, "").Raw(), "RRULE:FREQ=WEEKLY;BYDAY=TU",
		"RRULE:FREQ=SOMETIMES;UNTIL=20261210T000000Z", 1)
	if e, err = mustParse([]byte(raw)).Event("acme", testNow); err != nil || !e.Rule.Until.IsZero() {
		t.Errorf("a rule that nobody can read ends at %v, %v", e.Rule.Until, err)
	}
	o := tuesdays(t, "EXDATE;TZID=Europe/Berlin:20261208T100000\n", meeting("08", "09T100000", "09T110000", ""))
	if e, err = o.Event("acme", testNow); err != nil || len(e.Excluded) != 0 || len(e.Overrides) != 1 {
		t.Errorf("out %v, overrides %+v, %v", e.Excluded, e.Overrides, err)
	}
}
