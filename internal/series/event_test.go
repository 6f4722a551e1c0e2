package series

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// event is a plain series of the slot from the day on.
func event(line, first string) Event {
	s := slot(line)
	return Event{Start: s.On(date(first)), Zone: s.Zone, Duration: s.Duration, Rule: Rule{Plain: true, Every: s.Every}, Place: "Alder"}
}

// on is the event's original start on a day.
func on(e Event, day string) time.Time { return e.Slot().On(date(day)) }

// show is each meeting: original start, "-> start" where it moved, and what else is odd about it.
func show(e Event, from, to string) string {
	loc, err := Location(e.Zone)
	if err != nil {
		panic(err)
	}
	var out []string
	for _, m := range e.Meetings(Instant(date(from), 0, e.Zone), Instant(date(to), 0, e.Zone)) {
		text := m.Original.In(loc).Format("01-02T15:04-0700")
		if !m.Start.Equal(m.Original) {
			text += ">" + m.Start.In(loc).Format("01-02T15:04-0700")
		}
		for _, x := range []struct {
			word string
			is   bool
		}{{"cancelled", m.Cancelled}, {"excluded", m.Excluded}, {"overridden", m.Overridden}} {
			if x.is {
				text += "," + x.word
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestMeetingsOverClockChanges(t *testing.T) {
	tests := []struct{ line, first, from, to, want string }{
		{"Tue 10:00 1h 1w " + ny, "2026-03-03", "2026-03-01", "2026-03-18", "03-03T10:00-0500 03-10T10:00-0400 03-17T10:00-0400"},
		{"Tue 10:00 1h 1w " + ny, "2026-03-03", "2026-10-27", "2026-11-11", "10-27T10:00-0400 11-03T10:00-0500 11-10T10:00-0500"},
		{"Sun 02:30 1h 1w " + ny, "2026-03-01", "2026-03-01", "2026-03-16", "03-01T02:30-0500 03-08T03:30-0400 03-15T02:30-0400"},
		{"Sun 01:30 1h 1w " + ny, "2026-03-01", "2026-10-25", "2026-11-09", "10-25T01:30-0400 11-01T01:30-0400 11-08T01:30-0500"},
		{"Sun 01:15 1h 2w " + london, "2026-03-01", "2026-03-15", "2026-04-15", "03-15T01:15+0000 03-29T02:15+0100 04-12T01:15+0100"},
		{"Sun 01:15 1h 2w " + london, "2026-03-01", "2026-10-11", "2026-11-15", "10-11T01:15+0100 10-25T01:15+0100 11-08T01:15+0000"},
		{"Sun 02:15 1h 4w " + lordHowe, "2026-09-06", "2026-09-01", "2026-11-02", "09-06T02:15+1030 10-04T02:45+1100 11-01T02:15+1100"},
		{"Sun 01:45 1h 1w " + lordHowe, "2026-03-29", "2026-03-29", "2026-04-13", "03-29T01:45+1100 04-05T01:45+1100 04-12T01:45+1030"},
		{"Sun 02:30 1h 1w " + kolkata, "2026-03-22", "2026-03-22", "2026-04-06", "03-22T02:30+0530 03-29T02:30+0530 04-05T02:30+0530"},
	}
	for _, test := range tests {
		if got := show(event(test.line, test.first), test.from, test.to); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}

func TestMeetings(t *testing.T) {
	base := event("Tue 10:00 1h 1w "+london, "2026-12-01")
	moved := func(day string, to time.Time) Override {
		return Override{Original: on(base, day), Start: to, Duration: time.Hour}
	}
	tests := []struct {
		name, from, to string
		change         func(*Event)
		want           string
	}{
		{"none before the first", "2026-11-01", "2026-12-09", func(*Event) {}, "12-01T10:00+0000 12-08T10:00+0000"},
		{"excluded", "2026-12-01", "2026-12-09", func(e *Event) { e.Excluded = []time.Time{on(base, "2026-12-08").UTC()} }, "12-01T10:00+0000 12-08T10:00+0000,cancelled,excluded"},
		{"moved within", "2026-12-01", "2026-12-09", func(e *Event) { e.Overrides = []Override{moved("2026-12-01", on(base, "2026-12-03"))} }, "12-01T10:00+0000>12-03T10:00+0000,overridden 12-08T10:00+0000"},
		{"moved out", "2026-12-08", "2026-12-09", func(e *Event) { e.Overrides = []Override{moved("2026-12-08", on(base, "2026-12-18"))} }, "12-08T10:00+0000>12-18T10:00+0000,overridden"},
		{"moved in", "2026-12-18", "2026-12-19", func(e *Event) { e.Overrides = []Override{moved("2026-12-08", on(base, "2026-12-18"))} }, "12-08T10:00+0000>12-18T10:00+0000,overridden"},
		{"neither", "2026-12-09", "2026-12-15", func(e *Event) { e.Overrides = []Override{moved("2026-12-08", on(base, "2026-12-18"))} }, ""},
		{"cancelled by override", "2026-12-08", "2026-12-09", func(e *Event) {
			o := moved("2026-12-08", on(base, "2026-12-08"))
			o.Cancelled = true
			e.Overrides = []Override{o}
		}, "12-08T10:00+0000,cancelled,overridden"},
		{"cancelled whole", "2026-12-01", "2026-12-09", func(e *Event) {
			e.Cancelled, e.Overrides = true, []Override{moved("2026-12-01", on(base, "2026-12-03"))}
		}, "12-01T10:00+0000>12-03T10:00+0000,cancelled,overridden 12-08T10:00+0000,cancelled"},
		{"until the very start", "2026-12-01", "2027-01-30", func(e *Event) { e.Rule.Until = on(base, "2026-12-08") }, "12-01T10:00+0000 12-08T10:00+0000"},
		{"until just before", "2026-12-01", "2027-01-30", func(e *Event) { e.Rule.Until = on(base, "2026-12-08").Add(-time.Second) }, "12-01T10:00+0000"},
		{"an override after the end counts", "2026-12-01", "2027-01-30", func(e *Event) {
			e.Rule.Until = on(base, "2026-12-01")
			e.Overrides = []Override{moved("2026-12-08", on(base, "2026-12-09"))}
		}, "12-01T10:00+0000 12-08T10:00+0000>12-09T10:00+0000,overridden"},
		{"not plain", "2026-12-01", "2026-12-09", func(e *Event) {
			e.Rule = Rule{Starts: []time.Time{on(base, "2026-12-01"), on(base, "2026-12-04"), on(base, "2026-12-09")}}
			e.Excluded = []time.Time{on(base, "2026-12-04")}
		}, "12-01T10:00+0000 12-04T10:00+0000,cancelled,excluded"},
	}
	for _, test := range tests {
		e := base
		test.change(&e)
		if got := show(e, test.from, test.to); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// What two windows side by side show is what both together show, but for an override that reaches into both.
func TestMeetingsOfWindowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySlot(t)
		first := s.First(date("2026-01-01").AddDays(rapid.IntRange(0, 400).Draw(t, "first")))
		e := Event{Start: s.On(first), Zone: s.Zone, Duration: s.Duration, Rule: Rule{Plain: true, Every: s.Every}}
		e.Start = e.Slot().On(first) // where the gap moves the first one, the series is what its start says
		if rapid.Bool().Draw(t, "ends") {
			e.Rule.Until = e.Start.AddDate(0, 0, rapid.IntRange(0, 300).Draw(t, "until"))
		}
		from := e.Start.Add(time.Duration(rapid.IntRange(-1000, 5000).Draw(t, "from")) * time.Hour)
		cut := from.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "cut")) * time.Hour)
		to := cut.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "to")) * time.Hour)
		starts := func(ms []Meeting) (out []int64) {
			for _, m := range ms {
				out = append(out, m.Original.Unix())
			}
			return out
		}
		parts := append(starts(e.Meetings(from, cut)), starts(e.Meetings(cut, to))...)
		if whole := starts(e.Meetings(from, to)); !slices.Equal(parts, whole) {
			t.Fatalf("%v, whole %v", parts, whole)
		}
		for _, m := range e.Meetings(from, to) {
			if e.Ended(m.Start) {
				t.Fatalf("ended at %s, where it has a meeting", m.Start)
			}
		}
		if !e.Rule.Until.IsZero() && (e.Ended(from) != (len(e.Meetings(from, e.Rule.Until.Add(time.Second))) == 0)) {
			t.Fatalf("ended at %s: %v", from, e.Ended(from))
		}
	})
}

func TestEnded(t *testing.T) {
	base := event("Tue 10:00 1h 1w "+london, "2026-12-01")
	tests := []struct {
		name, at string
		change   func(*Event)
		want     bool
	}{
		{"unending", "2036-12-01", func(*Event) {}, false},
		{"cancelled", "2026-01-01", func(e *Event) { e.Cancelled = true }, true},
		{"before the last", "2026-12-08", func(e *Event) { e.Rule.Until = on(base, "2026-12-08") }, false},
		{"after the last", "2026-12-09", func(e *Event) { e.Rule.Until = on(base, "2026-12-08") }, true},
		{"after the last, the end told as a later day", "2026-12-09", func(e *Event) { e.Rule.Until = on(base, "2026-12-13") }, true},
		{"ended before it began", "2026-11-01", func(e *Event) { e.Rule.Until = on(base, "2026-11-30") }, true},
		{"an override is left", "2026-12-09", func(e *Event) {
			e.Rule.Until = on(base, "2026-12-08")
			e.Overrides = []Override{{Original: on(base, "2026-12-08"), Start: on(base, "2026-12-10")}}
		}, false},
		{"only a cancelled one is", "2026-12-09", func(e *Event) {
			e.Rule.Until = on(base, "2026-12-08")
			e.Overrides = []Override{{Original: on(base, "2026-12-08"), Start: on(base, "2026-12-10"), Cancelled: true}}
		}, true},
	}
	for _, test := range tests {
		e := base
		test.change(&e)
		if got := e.Ended(Instant(date(test.at), 0, london)); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestLastDay(t *testing.T) {
	base := event("Tue 10:00 1h 2w "+ny, "2026-12-01")
	for until, want := range map[string]string{
		"":                     "",
		"2026-12-15T15:00:00Z": "2026-12-15", // the last start
		"2026-12-16T04:59:59Z": "2026-12-15", // the end of that day
		"2026-12-28T00:00:00Z": "2026-12-15", // any time before the next
		"2026-12-15T14:59:59Z": "2026-12-01",
		"2026-11-15T14:59:59Z": "2026-11-30", // never
	} {
		e := base
		if until != "" {
			e.Rule.Until, _ = time.Parse(time.RFC3339, until)
		}
		if got := e.LastDay().String(); got != want {
			t.Errorf("%s: %s, want %s", until, got, want)
		}
	}
}

func TestTimesTellsWhatIsSeen(t *testing.T) {
	base := event("Tue 10:00 1h 1w "+london, "2026-12-01")
	same := map[string]func(*Event){
		"the zone of instants":   func(e *Event) { e.Start = e.Start.UTC() },
		"place, link and people": func(e *Event) { e.Place, e.Link, e.Guests = "Oak", "https://x", []Guest{{"a@b", Accepted}} },
		"an override that changes no time": func(e *Event) {
			e.Overrides = []Override{{Original: on(base, "2026-12-08"), Start: on(base, "2026-12-08"), Duration: time.Hour, Place: "Oak"}}
		},
	}
	other := map[string]func(*Event){
		"an hour later":  func(e *Event) { e.Start = e.Start.Add(time.Hour) },
		"a week later":   func(e *Event) { e.Start = e.Start.AddDate(0, 0, 7) },
		"shorter":        func(e *Event) { e.Duration = time.Minute },
		"every 2nd week": func(e *Event) { e.Rule.Every = 2 },
		"ended":          func(e *Event) { e.Rule.Until = on(base, "2026-12-08") },
		"cancelled":      func(e *Event) { e.Cancelled = true },
		"taken out":      func(e *Event) { e.Excluded = []time.Time{on(base, "2026-12-08")} },
		"one shortened": func(e *Event) {
			e.Overrides = []Override{{Original: on(base, "2026-12-08"), Start: on(base, "2026-12-08"), Duration: time.Minute}}
		},
	}
	digests := map[string]string{base.Times(): "nothing"}
	for name, change := range same {
		e := base
		change(&e)
		if e.Times() != base.Times() {
			t.Error(name)
		}
	}
	for name, change := range other {
		e := base
		change(&e)
		if was, ok := digests[e.Times()]; ok {
			t.Errorf("%s is like %s", name, was)
		}
		digests[e.Times()] = name
	}
}

// An occurrence taken out and a cancelled one look the same, and so do all orders and spellings of one end.
func TestTimesIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := event("Tue 10:00 1h 1w "+london, "2026-12-01")
		b := a
		for w := range 8 {
			at := a.Slot().On(date("2026-12-01").AddDays(7 * w))
			switch rapid.SampledFrom([]string{"as it is", "gone", "moved"}).Draw(t, "fate") {
			case "gone":
				a.Excluded = append(a.Excluded, at)
				if rapid.Bool().Draw(t, "by override") {
					b.Overrides = append(b.Overrides, Override{Original: at.UTC(), Start: at, Duration: time.Hour, Cancelled: true})
				} else {
					b.Excluded = append(b.Excluded, at.UTC())
				}
			case "moved":
				o := Override{Original: at, Start: at.Add(time.Hour), Duration: 30 * time.Minute}
				a.Overrides, b.Overrides = append(a.Overrides, o), append(b.Overrides, o)
			}
		}
		if rapid.Bool().Draw(t, "ends") {
			a.Rule.Until = a.Slot().On(date("2027-01-12"))
			b.Rule.Until = a.Rule.Until.Add(time.Duration(rapid.IntRange(0, 24*7-1).Draw(t, "later")) * time.Hour)
		}
		b.Excluded = rapid.Permutation(b.Excluded).Draw(t, "excluded")
		b.Overrides = rapid.Permutation(b.Overrides).Draw(t, "overrides")
		if a.Times() != b.Times() {
			t.Fatalf("%v\n%v", a, b)
		}
	})
}

// A meeting that its organizer cancelled by its status stays cancelled in the copy when the series gets another slot
// that has it too.
func TestCancelledOnAnotherSlot(t *testing.T) {
	berlin, paris := location("Europe/Berlin"), location("Europe/Paris")
	first := time.Date(2026, time.December, 1, 10, 0, 0, 0, berlin)
	copied := Event{Start: first, Zone: "Europe/Berlin", Duration: time.Hour, Rule: Rule{Plain: true, Every: 1}}
	moved := copied
	moved.Start, moved.Zone = first.In(paris), "Europe/Paris"
	off, elsewhere := first.AddDate(0, 0, 7), first.AddDate(0, 0, 9)
	moved.Overrides = []Override{
		{Original: off, Start: off, Duration: time.Hour, Cancelled: true},
		{Original: elsewhere, Start: elsewhere, Duration: time.Hour, Cancelled: true}, // of an earlier slot
	}
	got := moved.For(copied, first.AddDate(0, 0, -1))
	if len(got.Excluded) != 1 || !got.Excluded[0].Equal(off) || len(got.Overrides) != 0 {
		t.Errorf("excluded %v, overrides %+v", got.Excluded, got.Overrides)
	}
}

// In a copy whose owner moved all of it, a meeting has another name: it may count still where the organizer's, of the
// same week, is over and so is not among what was delivered any more. What its owner did with it stays
// (TestMakeUpsCanBeBooked, seed 1772518624893569038).
func TestPastMeetingOfAMovedCopy(t *testing.T) {
	now := time.Date(2027, time.January, 21, 13, 2, 0, 0, time.UTC)
	e := event("Mon 23:30 1h0m0s 1w America/New_York", "2026-11-30")
	old, next := on(e, "2027-01-04"), on(e, "2027-02-01")
	e.Overrides = []Override{{Original: old, Start: old.Add(35 * time.Hour), Duration: time.Hour, Place: "Alder"}}
	c := event("Thu 14:00 1h0m0s 1w Europe/Berlin", "2026-12-03")
	c.Delivered = e.Delivery(now.AddDate(0, 0, -2)) // it had that meeting then
	own := on(c, "2027-01-07")
	hers := own.Add(-15*time.Hour - 30*time.Minute)
	c.Overrides = []Override{{Original: own, Start: hers, Duration: time.Hour, Place: "Alder"}}
	for range 2 {
		c = e.For(c, now)
		i := slices.IndexFunc(c.Overrides, func(o Override) bool { return o.Original.Equal(own) })
		if i < 0 || !c.Overrides[i].Start.Equal(hers) {
			t.Fatalf("is to say %+v", c.Overrides)
		}
		if !e.DeliveredTo(c, now) {
			t.Fatalf("delivered, and to be delivered again: %+v", c)
		}
		// Something else is delivered, and with it what was delivered.
		e.Overrides = append(e.Overrides, Override{Original: next, Start: next, Duration: 30 * time.Minute, Place: "Alder"})
	}
}
