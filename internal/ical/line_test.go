package ical

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/series"
)

// A line about somebody is read for whom it means; one that names nobody is a stranger (faults 1.1).
func TestOddLinesOfPeople(t *testing.T) {
	long := strings.Repeat("p", 5000)
	for _, c := range []struct{ line, want string }{
		{`ATTENDEE:mailto:raj@example.test`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE;CN=Kim "K" Oh:mailto:kim@example.test`, "kim@example.test NEEDS-ACTION"},
		{`ATTENDEE;CN="Kim \"K\" Oh";PARTSTAT=ACCEPTED:mailto:kim@example.test`, "kim@example.test ACCEPTED"},
		{`ATTENDEE;CN="Kim "K" Oh";PARTSTAT=DECLINED:mailto:kim@example.test`, "kim@example.test DECLINED"},
		{`ATTENDEE;CN="K\";CUTYPE=ROOM;L";PARTSTAT=TENTATIVE:mailto:kim@example.test`, "kim@example.test TENTATIVE"},
		{`ATTENDEE;CN="Raj;PARTSTAT=DECLINED:mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;CN="a","b" c;PARTSTAT=DECLINED:mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;X-P=` + long + `;PARTSTAT=DECLINED:mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;CN=Raj: the boss;PARTSTAT=DECLINED:mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;CN=mailto:raj@example.test;PARTSTAT=DECLINED:MAILTO:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;PARTSTAT=DECLINED mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;PARTSTAT=" declined ":MAILTO:'raj@example.test'`, "raj@example.test DECLINED"},
		{`ATTENDEE mailto:raj@example.test`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE;RSVP;PARTSTAT=DECLINED:"mailto:raj@example.test"`, "raj@example.test DECLINED"},
		{`ATTENDEE:mailto:<Raj@Example.test>`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:<mailto:raj@example.test>`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE: mailto: raj@example.test `, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:mailto:mailto:raj@example.test`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:mailto:Raj Patel <raj@example.test>`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:mailto:raj%40example.test?subject=x`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:raj@example.test`, "raj@example.test NEEDS-ACTION"},
		{`attendee;partstat=declined:Mailto:raj@example.test`, "raj@example.test DECLINED"},
		{`ATTENDEE;EMAIL="mailto:raj@example.test":urn:uuid:1`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE;SENT-BY="mailto:kim@example.test":mailto:raj@example.test`, "raj@example.test NEEDS-ACTION"},
		{`ATTENDEE:mailto:raj@example.test,mailto:kim@example.test`, "? NEEDS-ACTION"},
		{`ATTENDEE;CN=Kim: a:mailto:kim@example.test,mailto:raj@example.test`, "? NEEDS-ACTION"},
		{`ATTENDEE:mailto:kim@example.test mailto:raj@example.test`, "? NEEDS-ACTION"},
		{`ATTENDEE;CN=Kim`, "? NEEDS-ACTION"},
		{`ATTENDEE;CN=Kim;PARTSTAT=DECLINED:`, "? DECLINED"},
		{`ATTENDEE:mailto:`, "? NEEDS-ACTION"},
		{`ATTENDEE`, "? NEEDS-ACTION"},
		{`ATTENDEE:invalid:nomail`, "invalid:nomail NEEDS-ACTION"},
	} {
		o := object(append(weekly, "ORGANIZER:mailto:mia@example.test", c.line)...)
		var got []string
		for _, g := range event(o).Guests {
			got = append(got, g.Address+" "+string(g.Answer))
		}
		if fmt.Sprint(got) != "["+c.want+"]" || len(o.People()) != 2 {
			t.Errorf("%.80s: guests %q, people %q, want %s", c.line, got, o.People(), c.want)
		}
		organizer := strings.Replace(strings.Replace(c.line, "ATTENDEE", "ORGANIZER", 1), "attendee", "organizer", 1)
		address, _, _ := strings.Cut(c.want, " ")
		o = object(append(weekly, organizer)...)
		if !slices.Equal(o.People(), []string{address}) || event(o).Organizer != address {
			t.Errorf("%.80s: people %q, organizer %q", organizer, o.People(), event(o).Organizer)
		}
		// It stays byte for byte while something else is written.
		place := "Elsewhere"
		b, err := o.Update(series.Patch{Place: &place}, later1)
		if c := after(t, b, err); !strings.Contains(c.text(), o.master().lines("ORGANIZER")[0].raw) {
			t.Errorf("%.80s did not stay:\n%.2000s", organizer, c.text())
		}
	}
}

// Where an odd line must change it is well formed afterwards, and says the same of all else.
func TestOddLinesBecomeWellFormedWhenTheyChange(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{
			`ATTENDEE;CN=Raj "R" P;PARTSTAT=ACCEPTED:mailto:raj@example.test`,
			`ATTENDEE;CN=Raj ^'R^' P;PARTSTAT=DECLINED:mailto:raj@example.test`,
		},
		{
			`ATTENDEE;CN=Raj: boss;PARTSTAT=ACCEPTED;X-OWN=1:mailto:raj@example.test`,
			`ATTENDEE;CN="Raj: boss";PARTSTAT=DECLINED;X-OWN=1:mailto:raj@example.test`,
		},
		{
			`ATTENDEE;PARTSTAT=ACCEPTED mailto:raj@example.test`,
			`ATTENDEE;PARTSTAT=DECLINED:mailto:raj@example.test`,
		},
		{
			`ATTENDEE mailto:raj@example.test`,
			`ATTENDEE;PARTSTAT=DECLINED:mailto:raj@example.test`,
		},
		{
			`ATTENDEE;X-Q="a:b";partstat=accepted:MAILTO:'raj@example.test'`,
			`ATTENDEE;X-Q="a:b";PARTSTAT=DECLINED:MAILTO:'raj@example.test'`,
		},
	} {
		b, err := object(append(weekly, c.line)...).Answer(raj, []series.Answer{{PartStat: series.Declined}}, later1)
		if m := after(t, b, err); len(m.lines("ATTENDEE")) != 1 || unfold(m.lines("ATTENDEE")[0].raw) != c.want {
			t.Errorf("%s:\n%s", c.line, m.text())
		}
	}
	// A moved series asks everybody again, but touches no line that it cannot read.
	slot := series.SlotPatch{Slot: mia().Slot, First: mia().First.AddDays(7)}
	b, err := object(append(weekly, `ATTENDEE;CN=Kim "K";PARTSTAT=ACCEPTED:`)...).Update(series.Patch{Slot: &slot}, later1)
	if m := after(t, b, err); !strings.Contains(m.text(), "ATTENDEE;CN=Kim \"K\";PARTSTAT=ACCEPTED:\r\n") {
		t.Error(m.text())
	}
}

// Size never changes what a thing is; what is too large is not written (faults 2.5).
func TestSize(t *testing.T) {
	link := "https://docs.example.test/d/new"
	notes := strings.Repeat("n", 300<<10)
	o := object(append(weekly, "DESCRIPTION:"+notes+`\nAgenda: https://docs.example.test/d/abc`)...)
	b, err := o.Update(series.Patch{Link: &link}, later1)
	if m := after(t, b, err); len(m.lines("DESCRIPTION")) != 1 || m.textValue("DESCRIPTION") != notes+"\nAgenda: "+link {
		t.Errorf("%d descriptions, %.60q…", len(m.lines("DESCRIPTION")), m.textValue("DESCRIPTION"))
	}
	// The same for a DESCRIPTION that breaks the grammar.
	odd := object(append(weekly, `DESCRIPTION;ALTREP=a "b:`+`Agenda: https://docs.example.test/d/abc`)...)
	b, err = odd.Update(series.Patch{Link: &link}, later1)
	if m := after(t, b, err); len(m.lines("DESCRIPTION")) != 1 || m.textValue("DESCRIPTION") != "Agenda: "+link {
		t.Error(m.text())
	}
	place := "Elsewhere"
	for _, size := range []int{maxWritten - 4096, maxWritten, 9 << 20} {
		attached := "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + strings.Repeat("A", size) + "\r\nCLASS:"
		own := mustParse([]byte(strings.Replace(string(New(mia(), "u", testNow)), "CLASS:", attached, 1)))
		if e, err := own.Event("acme", testNow); err != nil || e.Mark.IsZero() || e.Slot() != mia().Slot || !own.Recurring() {
			t.Fatalf("%d bytes attached: %v, %v", size, err, e.Slot())
		}
		b, err := own.Update(series.Patch{Place: &place}, later1)
		if large := size >= maxWritten; large != errors.Is(err, ErrTooLarge) || large != (b == nil) {
			t.Errorf("%d bytes attached: %v, %d bytes to write", size, err, len(b))
		}
		if _, _, err := own.End(mia().First.AddDays(70), later1); size >= maxWritten && !errors.Is(err, ErrTooLarge) {
			t.Errorf("end: %v", err)
		}
		if b, err := own.Update(series.Patch{}, later1); err != nil || string(b) != own.Raw() {
			t.Errorf("%d bytes attached: no change is one: %v", size, err)
		}
	}
}
