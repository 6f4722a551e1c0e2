package google

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/api/calendar/v3"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var ids = rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,63}`)

// some are texts as people write them.
var reasons = rapid.SampledFrom([]string{series.Leave, series.Holiday, series.OutOfOffice})

var some = rapid.OneOf(rapid.SampledFrom([]string{"leave", "public holiday", "out of office", "<b>&\"", "Ü 日本"}), rapid.StringN(0, 30, -1))

func anySlot(t *rapid.T) series.Slot {
	return series.Slot{Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")), At: series.TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "at")),
		Duration: time.Duration(rapid.IntRange(1, 24*60).Draw(t, "minutes")) * time.Minute, Every: rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "every"),
		Zone: rapid.SampledFrom([]string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"}).Draw(t, "zone")}
}

func anyDay(t *rapid.T) series.Date {
	return series.Date{Year: 2026, Month: time.January, Day: 1}.AddDays(rapid.IntRange(0, 3000).Draw(t, "day"))
}

func anyMark(t *rapid.T, skips int) stored {
	m := stored{Mark: series.Mark{Org: ids.Draw(t, "org"), Pair: series.Pair{Manager: ids.Draw(t, "manager"), Report: ids.Draw(t, "report")},
		Generation: rapid.IntRange(1, 999).Draw(t, "generation")}, client: rapid.Bool().Draw(t, "client"), derived: rapid.Bool().Draw(t, "derived")}
	if rapid.Bool().Draw(t, "booked") {
		m.Slot = anySlot(t)
		m.Line = rapid.SampledFrom([]string{"", m.Slot.Line(), "another line"}).Draw(t, "line")
	}
	seen := map[series.Date]bool{}
	for range rapid.IntRange(0, skips).Draw(t, "skips") {
		if d := anyDay(t); !seen[d] {
			seen[d] = true
			m.Skips = append(m.Skips, series.Skip{Date: d, Why: reasons.Draw(t, "why")})
		}
	}
	slices.SortFunc(m.Skips, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	for range rapid.IntRange(0, 20).Draw(t, "make-ups") {
		at := series.Instant(anyDay(t), series.TimeOfDay(rapid.IntRange(0, 24*60-1).Draw(t, "made up")), "UTC")
		m.Overridden(series.Override{Original: at, Start: at.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "days")) * 24 * time.Hour), MadeUp: true})
	}
	for _, f := range series.Fields {
		if rapid.Bool().Draw(t, string(f)) {
			if m.Written == nil {
				m.Written = map[series.Field]string{}
			}
			m.Written[f] = series.Digest(some.Draw(t, "value"))
		}
	}
	return m
}

var marks = cmp.Options{cmp.AllowUnexported(stored{}), cmpopts.EquateEmpty()}

func TestMarkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMark(t, 8)
		text := m.String()
		back, err := parseMark(text)
		if len(text) > maxMark || err != nil {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		if d := cmp.Diff(m, back, marks); d != "" {
			t.Fatal(d)
		}
	})
}

// However long its life was, a mark fits, and the latest skips are in it.
func TestMarkAlwaysFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMark(t, 200)
		text := m.String()
		back, err := parseMark(text)
		if len(text) > maxMark || err != nil {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		if n := len(back.Skips); !slices.Equal(back.Skips, m.Skips[len(m.Skips)-n:]) {
			t.Fatal("other skips are left out than the oldest")
		}
		n := len(back.MadeUp)
		if len(back.Skips) > 0 && n != len(m.MadeUp) || !slices.Equal(back.MadeUp, m.MadeUp[len(m.MadeUp)-n:]) {
			t.Fatal("other make-ups are left out than the oldest, or before the skips")
		}
		back.Skips, m.Skips, back.MadeUp, m.MadeUp = nil, nil, nil, nil
		if d := cmp.Diff(m, back, marks); d != "" {
			t.Fatal(d)
		}
	})
	m := stored{Mark: series.Mark{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Generation: 1}}
	for i := range 60 {
		day := series.Date{Year: 2026, Month: time.January, Day: 6}.AddDays(7 * i)
		m.Skips = append(m.Skips, series.Skip{Date: day, Why: series.Holiday})
	}
	if back, err := parseMark(m.String()); err != nil || len(back.Skips) != 60 {
		t.Errorf("a year of skips: %d left, %v", len(back.Skips), err)
	}
}

// Marks of earlier versions tell why somebody is on leave: that is read no further.
func TestMarkReadsReasonsAsLeave(t *testing.T) {
	m, err := parseMark(`{"o":"acme","p":"mia/raj","g":1,` +
		`"k":["2026-12-22 knee surgery","2026-12-29 holiday","2027-01-05"]}`)
	want := "[{2026-12-22 leave} {2026-12-29 holiday} {2027-01-05 leave}]"
	if got := fmt.Sprint(m.Skips); err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestMarksThatAreNone(t *testing.T) {
	for _, text := range []string{"", "{}", "z", "zzz!", "z" + strings.Repeat("A", 40), "[]", `{"o":"acme"}`, `{"o":"acme","p":"mia"}`, `{"p":"mia/raj"}`} {
		if m, err := parseMark(text); err == nil {
			t.Errorf("%q is the mark %+v", text, m)
		}
	}
}

var links = rapid.StringMatching(`https://docs\.(example|google)\.com/d/[a-z]{1,8}(\?x=[0-9]&y=[a-z]){0,1}`)

// texts are descriptions as people and Google's page write them.
var texts = rapid.SampledFrom([]string{"", "bring numbers", "bring numbers\n", "one\ntwo", "Agenda: to be done", "see https://x.example/a",
	"<p>bring <b>numbers</b></p>", "one<br>two", "<ul><li>a &amp; b</li></ul>", "a & b < c", "The Agenda: https://x.example/no line of its own"})

// files are how many attachments there are with the link beside another one.
func files(link string) int {
	if strings.Contains(link, "docs.google.com") {
		return 2
	}
	return 1
}

func TestLinkIsFoundReplacedAndRemoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := links.Draw(t, "a"), links.Draw(t, "b")
		theirs := &calendar.EventAttachment{FileUrl: "https://drive.example/theirs"}
		e := &calendar.Event{Description: texts.Draw(t, "text"), Attachments: []*calendar.EventAttachment{theirs}}
		was := e.Description
		if linkOf(e, "") != "" {
			t.Fatalf("%q has a link", was)
		}
		e.Description, e.Attachments = setLink(e, a, "")
		if linkOf(e, "") != a || linkOf(e, series.Digest(a)) != a || len(e.Attachments) != files(a) {
			t.Fatalf("%q has %q, %d files", e.Description, linkOf(e, ""), len(e.Attachments))
		}
		if again, files := setLink(e, a, series.Digest(a)); again != e.Description || !slices.Equal(files, e.Attachments) {
			t.Fatalf("set again: %q", again)
		}
		e.Description, e.Attachments = setLink(e, b, series.Digest(a))
		if linkOf(e, series.Digest(b)) != b || len(e.Attachments) != files(b) || a != b && strings.Contains(e.Description, ">"+a+"<") {
			t.Fatalf("replaced: %q has %q, %d files", e.Description, linkOf(e, ""), len(e.Attachments))
		}
		e.Description, e.Attachments = setLink(e, "", series.Digest(b))
		if e.Description != was || len(e.Attachments) != 1 || e.Attachments[0] != theirs {
			t.Fatalf("removed: %q, before %q", e.Description, was)
		}
	})
}

func TestLinkInWhatGooglesPageWrites(t *testing.T) {
	const link = "https://docs.example.com/d/abc?x=1&y=2"
	wrapped := url.QueryEscape(link)
	for text, want := range map[string]string{
		"Agenda: " + link:                     link,
		"hello\nagenda:  <" + link + ">\nbye": link,
		`Agenda: <a href="https://docs.example.com/d/abc?x=1&amp;y=2" target="_blank">https://docs.example.com/d/abc?x=1&amp;y=2</a>`: link,
		`hello<br>Agenda:&nbsp;<a href="https://docs.example.com/d/abc?x=1&amp;y=2">our doc</a><br>bye`:                               link,
		`<p>Agenda: https://docs.example.com/d/abc?x=1&amp;y=2</p>`:                                                                   link,
		"The agenda: " + link: "",
		"Agenda: soon":        "",
		"":                    "",
	} {
		if got := linkOf(&calendar.Event{Description: text}, ""); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	const href = `<a href="https://docs.example.com/d/abc?x=1&amp;y=2">here</a>`
	for _, text := range []string{
		"<b>Agenda</b>: " + href,
		"hello<br><b>Agenda: </b>" + href,
		`<span style="x"><u>Agenda</u></span>:&nbsp;https://docs.example.com/d/abc?x=1&amp;y=2`,
		`<b>Agenda</b>: <a href="https://www.google.com/url?q=` + wrapped + `&amp;sa=D&amp;source=calendar">here</a>`,
		"Agenda: https://www.google.com/url?sa=D&q=" + wrapped,
	} {
		if got := linkOf(&calendar.Event{Description: text}, ""); got != link {
			t.Errorf("%q: %q, want %q", text, got, link)
		}
	}
	// What Google made of the line is as it was put: nothing is to be healed.
	const page = `<b>Agenda</b>: <a href="https://www.google.com/url?q=`
	made := &calendar.Event{Description: page + wrapped + `">here</a><br>notes`}
	if text, _ := setLink(made, link, series.Digest(link)); text != made.Description {
		t.Errorf("written again: %q", text)
	}
	text, _ := setLink(made, "https://docs.example.com/d/new", series.Digest(link))
	if strings.Count(text, "Agenda") != 1 {
		t.Errorf("a new link makes a second line: %q", text)
	}
	kept := &calendar.Event{Description: "gone", Attachments: []*calendar.EventAttachment{{FileUrl: link}}}
	if linkOf(kept, series.Digest(link)) != link || linkOf(kept, "") != "" {
		t.Error("an attachment of ours is not found, or one of others' is")
	}
}

func wanted(t *rapid.T) series.Series {
	slot := anySlot(t)
	s := series.Series{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Slot: slot, Line: slot.Line(), Generation: rapid.IntRange(1, 40).Draw(t, "generation"),
		Manager: series.Person{ID: "mia", Name: "Mia", Email: "mia@example.com"}, Report: series.Person{ID: "raj", Email: "Raj@example.com"},
		Title: some.Draw(t, "title"), Place: some.Draw(t, "place"), Link: links.Draw(t, "link"), First: slot.First(anyDay(t))}
	for range rapid.IntRange(0, 3).Draw(t, "skips") {
		d := s.First.AddDays(7 * slot.Every * rapid.IntRange(0, 50).Draw(t, "week"))
		if !slices.ContainsFunc(s.Skips, func(k series.Skip) bool { return k.Date == d }) {
			s.Skips = append(s.Skips, series.Skip{Date: d, Why: "leave"})
		}
	}
	slices.SortFunc(s.Skips, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	return s
}

// A slot in the hour that clocks skip begins elsewhere, and is no slot that a calendar can hold.
func exists(s series.Series) bool {
	d, at := series.WallClock(s.Slot.On(s.First), s.Slot.Zone)
	return d == s.First && at == s.Slot.At
}

func readerAt(at time.Time) reader {
	return reader{org: "acme", owner: []string{"mia@example.com"}, zone: "Europe/Berlin", at: at}
}

// What Create writes is read as it was wanted, also from what is kept of it.
func TestFreshRoundTrip(t *testing.T) {
	c := &Calendar{}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.Custom(wanted).Filter(exists).Draw(t, "series")
		m := c.fresh(s, group{})
		m.ForceSendFields = nil // of the writing, not of the event
		m.ICalUID, m.Organizer = m.Id+"@google.com", &calendar.EventOrganizer{Email: s.Manager.Email}
		e, err := readerAt(s.Slot.On(s.First)).event(group{master: m})
		if err != nil {
			t.Fatal(err)
		}
		want := series.Event{Ref: series.Ref{ID: eventID("acme", s.Pair, s.Generation)}, UID: m.ICalUID, Mark: s.Mark(), Start: s.Slot.On(s.First), Zone: s.Slot.Zone,
			Duration: s.Slot.Duration, Rule: series.Rule{Plain: true, Every: s.Slot.Every}, Title: s.Title, Place: s.Place, Link: s.Link,
			Organizer: "mia@example.com", Guests: []series.Guest{{Address: "raj@example.com", Answer: series.NeedsAction}}}
		for _, k := range s.Skips {
			want.Excluded = append(want.Excluded, s.Slot.On(k.Date))
		}
		if d := cmp.Diff(want, e, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(series.Event{}, "Raw")); d != "" {
			t.Fatal(d)
		}
		g, err := parseRaw(e.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := readerAt(s.Slot.On(s.First)).event(g); err != nil || cmp.Diff(e, back) != "" {
			t.Fatalf("from what is kept: %v\n%s", err, cmp.Diff(e, back))
		}
	})
}

// exception is the occurrence of the series m that starts at original, changed.
func exception(m *calendar.Event, original time.Time, zone string, change func(*calendar.Event)) *calendar.Event {
	x := *m
	x.Id, x.RecurringEventId, x.Recurrence, x.ExtendedProperties = m.Id+"_"+original.UTC().Format(utcForm), m.Id, nil, nil
	x.OriginalStartTime = timed(original, zone)
	x.Start, x.End = timed(original, zone), timed(original.Add(time.Hour), zone)
	change(&x)
	return &x
}

// The content of exceptions counts, not that there are some: those that say nothing else change nothing.
func TestExceptionsByContent(t *testing.T) {
	c := &Calendar{}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.Custom(wanted).Filter(exists).Draw(t, "series")
		s.Skips, s.Slot.Duration = nil, time.Hour
		m := c.fresh(s, group{})
		r := readerAt(s.Slot.On(s.First))
		plain, err := r.event(group{master: m})
		if err != nil {
			t.Fatal(err)
		}
		g := group{master: m, exceptions: map[string]*calendar.Event{}}
		var want []series.Override
		for n := range rapid.IntRange(0, 5).Draw(t, "exceptions") {
			at := s.Slot.On(s.First.AddDays(7 * s.Slot.Every * n))
			o := series.Override{Original: at, Start: at, Duration: time.Hour, Place: s.Place, Link: s.Link, Guests: plain.Guests}
			var x *calendar.Event
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0: // as it was
				x = exception(m, at, s.Slot.Zone, func(x *calendar.Event) { x.Etag, x.Sequence, x.Summary = "other", 3, "other" })
			case 1:
				o.Start = at.Add(26 * time.Hour)
				x = exception(m, at, s.Slot.Zone, func(x *calendar.Event) {
					x.Start, x.End = timed(o.Start, "UTC"), timed(o.Start.Add(time.Hour), "UTC")
				})
				want = append(want, o)
			case 2:
				x = &calendar.Event{Id: m.Id + "_" + at.UTC().Format(utcForm), Status: cancelled, RecurringEventId: m.Id, OriginalStartTime: timed(at, s.Slot.Zone)}
				o.Cancelled = true
				want = append(want, o)
			case 3: // nothing but its id
				x = &calendar.Event{Id: m.Id + "_" + at.UTC().Format(utcForm), Status: cancelled}
				o.Cancelled = true
				want = append(want, o)
			case 4: // of a day on which the series has none
				at = at.Add(24 * time.Hour)
				x = &calendar.Event{Id: m.Id + "_" + at.UTC().Format(utcForm), Status: cancelled}
			}
			g.exceptions[x.Id] = x
		}
		e, err := r.event(g)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, e.Overrides, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
		kept, err := parseRaw(e.Raw)
		if err != nil || !slices.Equal(slices.Sorted(maps.Keys(kept.exceptions)), slices.Sorted(maps.Keys(g.exceptions))) {
			t.Fatalf("kept %d exceptions of %d: %v", len(kept.exceptions), len(g.exceptions), err)
		}
	})
}

func TestRecurrenceText(t *testing.T) {
	berlin := "Europe/Berlin"
	tuesday := series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: berlin}
	first := series.Date{Year: 2026, Month: time.December, Day: 1}
	e := series.Event{Start: tuesday.On(first), Zone: berlin, Duration: time.Hour, Rule: series.Rule{Plain: true, Every: 1}}
	second := tuesday.On(first.AddDays(7))
	lines := []string{"RRULE:FREQ=WEEKLY;BYDAY=TU", "EXDATE;TZID=Europe/Berlin:20261208T100000,20261215T100000", "EXDATE:20261208T090000Z", "EXDATE;VALUE=DATE:20261208"}
	for name, test := range map[string]struct{ got, want []string }{
		"without":         {without(e, lines, second, false), []string{lines[0], "EXDATE;TZID=Europe/Berlin:20261215T100000"}},
		"without nothing": {without(e, lines[:2], e.Start, false), lines[:2]},
		"ended":           {ended(e, lines[:1], series.Instant(first.AddDays(8), 0, berlin).Add(-time.Second), false), []string{"RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261208T225959Z"}},
		"ended before":    {ended(e, []string{"RRULE:FREQ=WEEKLY;COUNT=2"}, series.Instant(first.AddDays(30), 0, berlin), false), []string{"RRULE:FREQ=WEEKLY;COUNT=2"}},
		"ended sooner": {ended(e, []string{"RRULE:FREQ=WEEKLY;COUNT=9", "RDATE:20261203T090000Z,20270101T090000Z"}, series.Instant(first.AddDays(8), 0, berlin).Add(-time.Second), false),
			[]string{"RRULE:FREQ=WEEKLY;UNTIL=20261208T225959Z", "RDATE:20261203T090000Z"}},
		"moved": {moved(e, series.SlotPatch{Slot: series.Slot{Weekday: time.Wednesday, At: 540, Duration: time.Hour, Every: 2, Zone: "UTC"}, First: first.AddDays(1)}, nil), []string{"RRULE:FREQ=WEEKLY;BYDAY=WE;INTERVAL=2"}},
	} {
		if d := cmp.Diff(test.want, test.got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	var out []string
	for _, x := range excluded(e, lines, false) {
		out = append(out, x.Format(time.RFC3339))
	}
	if fmt.Sprint(out) != "[2026-12-08T10:00:00+01:00 2026-12-15T10:00:00+01:00]" {
		t.Errorf("taken out: %v", out)
	}
}

func TestIDs(t *testing.T) {
	p := series.Pair{Manager: "mia", Report: "raj"}
	for _, generation := range []int{1, 9, 10, 12345} {
		id := eventID("acme", p, generation)
		if strings.Trim(id, "0123456789abcdefghijklmnopqrstuv") != "" || len(id) > 1024 {
			t.Errorf("%s is no id that Google takes", id)
		}
	}
	if eventID("acme", p, 1) == eventID("acme", p, 11) || eventID("acme", p, 1) == eventID("acme2", p, 1) {
		t.Error("two identities share an id")
	}
	for id, want := range map[string]string{"abc_20261208T090000Z": "abc", "abc_R20261208T090000_20261215T090000Z": "abc_R20261208T090000", "abc_20261208": "abc",
		"_6p332d1g": "", "abc": "", "abc_R20261208T090000": "", "abc_20261208T090000": ""} {
		if got, _, _ := partOf(id, "UTC"); got != want {
			t.Errorf("%s is part of %q, want %q", id, got, want)
		}
	}
}
