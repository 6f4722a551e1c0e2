package ical

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

const raj = "raj@example.test"

func deliver(t interface{ Fatal(...any) }, organizers, mine *Object) *Object {
	return deliverAt(t, organizers, mine, later1)
}

func deliverAt(t interface{ Fatal(...any) }, organizers, mine *Object, now time.Time) *Object {
	b, err := organizers.Deliver(mine, event(organizers), raj, now)
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(b)
}

// A delivered copy shows the organizer's times, whatever was done to either; the owner's lines and alarms stay, and
// delivering again changes nothing.
func TestDelivery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSeries(t)
		now := s.Slot.On(s.First) // nothing of it is over
		deliver := func(organizers, mine *Object) *Object { return deliverAt(t, organizers, mine, now) }
		first := deliver(drawNoisy(t, s), nil)
		if strings.Contains(first.raw, "BEGIN:VALARM") || strings.Contains(first.raw, "SCHEDULE-AGENT=CLIENT:mailto:raj") {
			t.Fatalf("the copy has the organizer's alarms, or agent:\n%s", first.raw)
		}
		// The owner answers and writes notes, the organizer changes much.
		mine := mustParse([]byte(first.raw))
		m := mine.master()
		m.put("TRANSP", line("TRANSP", "TRANSPARENT"))
		m.nodes = append(m.nodes, node{raw: "X-MINE;A=\"b\":kept \r\n  as it is\r\n"}, node{raw: "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"})
		mine = mustParse([]byte(mine.root.text()))
		at := s.Slot.On(drawDay(t, s))
		b, err := mine.Answer(raj, []series.Answer{{PartStat: series.Accepted}, {Original: at, PartStat: series.Declined}}, later1)
		if err != nil {
			t.Fatal(err)
		}
		mine = mustParse(b)
		organizers := drawNoisy(t, s)
		if rapid.Bool().Draw(t, "moved") {
			to := series.SlotPatch{Slot: drawSeries(t).Slot, First: s.First}
			to.First = to.Slot.First(to.First)
			if b, err = organizers.Update(series.Patch{Slot: &to}, later1); err != nil {
				t.Fatal(err)
			}
			organizers = mustParse(b)
		}
		copy := deliver(organizers, mine)
		want, got := event(organizers), event(copy)
		given := want.Delivery(now)
		if got.Times() != want.Times() || got.Delivered != given || event(deliver(organizers, nil)).Delivered != given {
			t.Fatalf("the copy shows other times\norganizer's:\n%s\ncopy:\n%s\nbefore:\n%s", organizers.raw, copy.raw, mine.raw)
		}
		if got.Link != want.Link || got.Place != want.Place || got.People() != want.People() || !cmp.Equal(got.Mark, want.Mark) {
			t.Fatalf("place, link, people or mark differ:\n%s\n%s", organizers.raw, copy.raw)
		}
		if !strings.Contains(copy.raw, "X-MINE;A=\"b\":kept \r\n  as it is\r\n") || !strings.Contains(copy.master().text(), "TRIGGER:-PT5M") || !got.Free {
			t.Fatalf("what is the owner's did not stay:\n%s", copy.raw)
		}
		if moved := want.Slot() != s.Slot || !want.Start.Equal(event(mine).Start); !moved && got.Guests[0].Answer != series.Accepted || moved && got.Guests[0].Answer != series.NeedsAction {
			t.Fatalf("moved %v, answer %s\n%s", moved, got.Guests[0].Answer, copy.raw)
		}
		for _, x := range got.Overrides {
			start, duration, occurred := timesOf(event(mine))(x.Original)
			if same := occurred && start.Equal(x.Start) && duration == x.Duration; !same && x.Guests[0].Answer != series.NeedsAction {
				t.Fatalf("%s is at another time, and still answered", x.Original)
			} else if same && x.Original.Equal(at) && x.Guests[0].Answer != series.Declined {
				t.Fatalf("%s is where it was, and the answer is lost\n%s", x.Original, copy.raw)
			}
		}
		if again := deliver(organizers, copy); again.raw != copy.raw {
			t.Fatalf("delivered again it changes:\n%s", cmp.Diff(copy.raw, again.raw))
		}
	})
}

func TestACancelledSeriesCancelsTheCopy(t *testing.T) {
	o := mustParse(New(mia(), "uid-1", testNow))
	mine := deliver(t, o, nil)
	b, err := o.Cancel(testNow)
	if err != nil {
		t.Fatal(err)
	}
	off := deliver(t, mustParse(b), mine)
	given := event(mustParse(b)).Delivery(later1)
	if e := event(off); !e.Cancelled || e.Delivered != given || off.master().sequence() != 1 {
		t.Errorf("not cancelled:\n%s", off.raw)
	}
}

func TestDeliverRefusesAnotherSeries(t *testing.T) {
	a, b := mustParse(New(mia(), "uid-1", testNow)), mustParse(New(mia(), "uid-2", testNow))
	if _, err := a.Deliver(b, event(a), raj, testNow); err == nil {
		t.Error("a copy of another series was overwritten")
	}
}

// RFC 5546 section 2.1.4: new times are a new revision, links and places are not; who is asked to come at another time
// answers again (section 3.2.2.1), else answers stay.
func TestRevisionsAndAnswers(t *testing.T) {
	s := mia()
	b, err := mustParse(New(s, "uid-1", testNow)).Answer(raj, []series.Answer{{PartStat: series.Accepted}}, testNow)
	if err != nil {
		t.Fatal(err)
	}
	o := mustParse(b)
	day := series.Date{Year: 2026, Month: 12, Day: 8}
	at := s.Slot.On(day)
	link, place := "https://docs.example.test/d/new", "Room Birch"
	other := s.Slot
	other.At += 60
	occurrence := series.Override{Original: at, Start: at, Duration: time.Hour, Place: s.Place, Link: s.Link}
	moved := occurrence
	moved.Start = at.Add(time.Hour)
	for _, c := range []struct {
		name     string
		patch    func(*Object) ([]byte, error)
		sequence []int // of the series, of overrides
		answers  []series.PartStat
	}{
		{"link and place", func(o *Object) ([]byte, error) {
			return o.Update(series.Patch{Link: &link, Place: &place}, later1)
		}, []int{0}, []series.PartStat{series.Accepted}},
		{"slot", func(o *Object) ([]byte, error) {
			return o.Update(series.Patch{Slot: &series.SlotPatch{Slot: other, First: s.First}}, later1)
		}, []int{1}, []series.PartStat{series.NeedsAction}},
		{"skip", func(o *Object) ([]byte, error) { return o.Skip([]series.Skip{{Date: day}}, later1) }, []int{1}, []series.PartStat{series.Accepted}},
		{"skip of no occurrence", func(o *Object) ([]byte, error) {
			return o.Skip([]series.Skip{{Date: day.AddDays(1)}}, later1)
		}, []int{0}, []series.PartStat{series.Accepted}},
		{"healed occurrence", func(o *Object) ([]byte, error) { return o.SetOverride(occurrence, later1) }, []int{0, 0}, []series.PartStat{series.Accepted, series.Accepted}},
		{"moved occurrence", func(o *Object) ([]byte, error) { return o.SetOverride(moved, later1) }, []int{0, 1}, []series.PartStat{series.Accepted, series.NeedsAction}},
		{"end", func(o *Object) ([]byte, error) { b, _, err := o.End(day, later1); return b, err }, []int{1}, []series.PartStat{series.Accepted}},
		{"answer", func(o *Object) ([]byte, error) {
			return o.Answer(raj, []series.Answer{{Original: at, PartStat: series.Declined}, {Original: at.Add(1), PartStat: series.Declined}, {Original: at.AddDate(0, 0, 7), PartStat: series.Accepted}}, later1)
		}, []int{0, 0}, []series.PartStat{series.Accepted, series.Declined}},
	} {
		b, err := c.patch(o)
		if err != nil {
			t.Fatal(c.name, err)
		}
		var sequence []int
		var answers []series.PartStat
		for _, e := range mustParse(b).events() {
			sequence = append(sequence, e.sequence())
			answers = append(answers, e.answerOf(raj))
		}
		if !slices.Equal(sequence, c.sequence) || !slices.Equal(answers, c.answers) {
			t.Errorf("%s: revisions %v, answers %v\n%s", c.name, sequence, answers, b)
		}
		if !strings.Contains(string(b), "LAST-MODIFIED:20261123T100000Z") {
			t.Errorf("%s: the change is not stamped", c.name)
		}
	}
}

// Nobody but the organizer is left in any of the events, and the mark says that this was Holdfast's doing.
func TestDismiss(t *testing.T) {
	s := mia()
	at := s.Slot.On(s.First.AddDays(7))
	b, err := mustParse(New(s, "uid-1", testNow)).SetOverride(series.Override{Original: at, Start: at.Add(time.Hour), Duration: time.Hour}, testNow)
	if err != nil {
		t.Fatal(err)
	}
	o := mustParse([]byte(strings.ReplaceAll(string(b), "\r\nORGANIZER", "\r\nATTENDEE;CUTYPE=ROOM:mailto:alder@example.com\r\nORGANIZER")))
	b, err = o.Dismiss(later1)
	if err != nil {
		t.Fatal(err)
	}
	alone := mustParse(b)
	for i, e := range alone.events() {
		if left := e.lines("ATTENDEE"); len(left) != 1 || address(left[0].prop) != s.Manager.Email || e.sequence() != o.events()[i].sequence()+1 {
			t.Errorf("%d attendees, revision %d\n%s", len(left), e.sequence(), e.text())
		}
	}
	if e := event(alone); len(e.Overrides) != 1 || e.Mark.Written[series.FieldPeople] != e.People() {
		t.Errorf("%+v", e)
	}
	if again, err := alone.Dismiss(later1.Add(time.Hour)); err != nil || string(again) != string(b) {
		t.Errorf("dismissed again: %v\n%s", err, again)
	}
}

func TestEnd(t *testing.T) {
	s := mia()
	o := mustParse(New(s, "uid-1", testNow))
	if b, empty, err := o.End(s.First.AddDays(-1), later1); !empty || b != nil || err != nil {
		t.Errorf("ended before it begins: %q, %v, %v", b, empty, err)
	}
	b, _, err := o.End(series.Date{Year: 2026, Month: 12, Day: 18}, later1)
	if err != nil || !strings.Contains(string(b), "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261218T225959Z\r\n") {
		t.Fatalf("%v\n%s", err, b)
	}
	ended := mustParse(b)
	if e := event(ended); e.LastDay() != (series.Date{Year: 2026, Month: 12, Day: 15}) || e.EndedByHand() {
		t.Errorf("last day %s, by hand %v", e.LastDay(), e.EndedByHand())
	}
	// A later end does not lengthen it; an end of COUNT that is earlier stands, a later one is replaced.
	if again, _, _ := ended.End(series.Date{Year: 2027, Month: 1, Day: 1}, later1); string(again) != string(b) {
		t.Errorf("lengthened:\n%s", again)
	}
	for rule, want := range map[string]string{
		"FREQ=WEEKLY;COUNT=2":                      "FREQ=WEEKLY;COUNT=2",
		"FREQ=WEEKLY;COUNT=20":                     "FREQ=WEEKLY;UNTIL=20261218T225959Z",
		"FREQ=MONTHLY;UNTIL=20280101;BYDAY=1TU":    "FREQ=MONTHLY;BYDAY=1TU;UNTIL=20261218T225959Z",
		"FREQ=WEEKLY;BYDAY=TU,TH;WKST=SU;X-OWN=ab": "FREQ=WEEKLY;BYDAY=TU,TH;WKST=SU;X-OWN=AB;UNTIL=20261218T225959Z",
	} {
		o := mustParse([]byte(strings.Replace(string(New(s, "uid-1", testNow)), "FREQ=WEEKLY;BYDAY=TU", rule, 1)))
		b, _, err := o.End(series.Date{Year: 2026, Month: 12, Day: 18}, later1)
		if err != nil || !strings.Contains(string(b), "RRULE:"+want+"\r\n") {
			t.Errorf("%s: %v\n%s", rule, err, mustParse(b).master().text())
		}
	}
}

// Story 14 and 16 put back: the rule becomes plain and unending again, and what was cancelled that day stays so.
func TestSlotIsPutBack(t *testing.T) {
	s := mia()
	s.Skips = []series.Skip{{Date: s.First.AddDays(21), Why: "leave"}, {Date: s.First.AddDays(28), Why: "leave"}}
	text := string(New(s, "uid-1", testNow))
	text = strings.NewReplacer("20261201T100000", "20261201T140000", "20261201T110000", "20261201T150000", "20261222T100000", "20261222T140000",
		"EXDATE;TZID=Europe/Berlin:20261229T100000\r\n", "EXDATE:20261208T130000Z\r\n", "FREQ=WEEKLY;BYDAY=TU", "FREQ=WEEKLY;BYDAY=TU;COUNT=30").Replace(text)
	b, err := mustParse([]byte(text)).Update(series.Patch{Slot: &series.SlotPatch{Slot: s.Slot, First: s.First}}, later1)
	if err != nil {
		t.Fatal(err)
	}
	e := event(mustParse(b))
	if e.Touched(series.FieldSlot) || !e.Rule.Until.IsZero() || e.Slot() != s.Slot {
		t.Errorf("slot %s until %s", e.Slot(), e.Rule.Until)
	}
	// 22 Dec is the planned skip, 8 Dec was cancelled by hand; 29 Dec was put back by hand and is not skipped again.
	if want := []time.Time{s.Slot.On(s.First.AddDays(7)), s.Slot.On(s.First.AddDays(21))}; !cmp.Equal(want, e.Excluded) {
		t.Errorf("taken out: %v", e.Excluded)
	}
}
