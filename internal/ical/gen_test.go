package ical

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var testNow = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var testZones = []string{"Europe/Berlin", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"}

func person(id string) series.Person {
	return series.Person{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Email: id + "@example.test", Zone: "Europe/Berlin"}
}

// mia is the series of most tests: mia/raj, Tuesdays at 10.
func mia() series.Series {
	slot := series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}
	return series.Series{
		Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Manager: person("mia"), Report: person("raj"),
		Slot: slot, Line: slot.Line(), Title: "1:1 Mia / Raj", Place: "Room Alder", Link: "https://docs.example.test/d/abc",
		Generation: 1, First: series.Date{Year: 2026, Month: 12, Day: 1},
	}
}

// text is any text that a roster lets through: no control characters, but all that hurts in iCalendar.
func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "Room", " ", ",", ";", ":", `\`, `"`, "^", "'", "\n", "=", "ü", "会", "👩‍🚀",
			"BEGIN:VEVENT", "\nATTENDEE:mailto:eve@example.test", `\n`, "^n", "END:VCALENDAR", strings.Repeat("long ", 20)}), 1, 12).Draw(t, "parts"), "")
	})
}

// drawSeries is a series as the roster may want it, on no day on which its zone skips the slot's time.
func drawSeries(t *rapid.T) series.Series {
	s := mia()
	s.Slot = series.Slot{
		Weekday:  time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
		At:       series.TimeOfDay(rapid.IntRange(0, 95).Draw(t, "quarter") * 15),
		Duration: time.Duration(rapid.IntRange(1, 12).Draw(t, "length")) * 15 * time.Minute,
		Every:    rapid.SampledFrom([]int{1, 1, 2, 4}).Draw(t, "every"),
		Zone:     rapid.SampledFrom(testZones).Draw(t, "zone"),
	}
	s.Line = s.Slot.Line()
	s.First = s.Slot.First(series.Date{Year: 2026, Month: 11, Day: 2}.AddDays(rapid.IntRange(0, 300).Draw(t, "first")))
	for gap := true; gap; {
		_, at := series.WallClock(s.Slot.On(s.First), s.Slot.Zone)
		if gap = at != s.Slot.At; gap {
			s.First = s.First.AddDays(7)
		}
	}
	s.Title, s.Manager.Name, s.Report.Name = text().Draw(t, "title"), text().Draw(t, "manager"), text().Draw(t, "report")
	s.Place = rapid.OneOf(rapid.Just(""), text()).Draw(t, "place")
	s.Link = rapid.SampledFrom([]string{"", "https://docs.example.test/d/abc", "https://x.test/a;b,c?q=1&r=2#frag",
		"https://x.test/" + strings.Repeat("long/", 20)}).Draw(t, "link")
	s.Private = rapid.Bool().Draw(t, "private")
	s.ClientDelivers = rapid.Bool().Draw(t, "client")
	s.Generation = rapid.IntRange(1, 12).Draw(t, "generation")
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 30), 0, 4, rapid.ID).Draw(t, "skips") {
		s.Skips = append(s.Skips, series.Skip{Date: s.First.AddDays(7 * max(s.Slot.Every, 1) * n), Why: rapid.SampledFrom([]string{"leave", "holiday", "out of office"}).Draw(t, "why")})
	}
	slices.SortFunc(s.Skips, func(a, b series.Skip) int { return a.Date.Compare(b.Date) })
	return s
}

// noise are lines that people and other programs put on an event.
var noise = []string{
	"X-OWN:kept\\;as\\,is", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS=\"1 Way\\, Town\":geo:1,2", "CATEGORIES:A,B", "CATEGORIES:c",
	"COMMENT:said\\nso", "color:red", "X-BROKEN;PARAM:no value", "X-BROKEN;P=\"open:q", "no colon at all", "PRIORITY:5", "X-MOZ-GENERATION:3",
	"CONFERENCE;VALUE=URI;FEATURE=\"VIDEO,AUDIO\":https://v.test/1", "ATTACH;FMTTYPE=application/pdf:https://files.test/a.pdf",
	"ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED;CN=\"Alder, Room\":mailto:alder@example.test", "X-Lower;x-par=1:v", "CONTACT:^,\\;", "RELATED-TO:u-1",
	"X-LONG:" + strings.Repeat("é", 90), "LOCATION-X:q", "IMAGE;VALUE=URI;DISPLAY=BADGE;FMTTYPE=image/png:https://x.test/i.png",
}

// fuzzyFold folds a line at random places, with spaces or tabs, and ends it in one of the ways that are seen.
func fuzzyFold(r *rand.Rand, l string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	end := pick("\r\n", "\r\n", "\r\n", "\n", "\r\r\n")
	var b strings.Builder
	for len(l) > 2 && r.IntN(3) == 0 {
		at := 1 + r.IntN(len(l)-1)
		b.WriteString(l[:at] + end + pick(" ", "\t"))
		l = l[at:]
	}
	return b.String() + l + end
}

// drawNoisy is the object of s after people had it: noise in every event, alarms, comments in DESCRIPTION, odd folding.
func drawNoisy(t *rapid.T, s series.Series) *Object {
	o := mustParse(New(s, "uid-1", testNow))
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 20), 0, 3, rapid.ID).Draw(t, "overrides") {
		at := s.Slot.On(s.First.AddDays(7 * max(s.Slot.Every, 1) * n))
		b, err := o.SetOverride(series.Override{Original: at, Start: at.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "shift")) * 25 * time.Hour),
			Duration: s.Slot.Duration, Place: rapid.SampledFrom([]string{s.Place, "Elsewhere"}).Draw(t, "oplace"), Link: rapid.SampledFrom([]string{s.Link, ""}).Draw(t, "olink"),
			Cancelled: rapid.IntRange(0, 4).Draw(t, "off") == 0}, testNow)
		if err != nil {
			t.Fatal(err)
		}
		o = mustParse(b)
	}
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 0))
	for _, c := range o.root.components("VEVENT") {
		if d := c.lines("DESCRIPTION"); len(d) > 0 && r.IntN(2) == 0 {
			c.put("DESCRIPTION", d[0].withValue(`My notes\, mine: \\network\nAgenda of old\n`+d[0].prop.Value+`\Nend`))
		}
		for i, n := range c.nodes {
			if r.IntN(3) == 0 {
				c.nodes[i].raw = fuzzyFold(r, unfold(n.raw))
			}
		}
		for range r.IntN(6) {
			c.nodes = slices.Insert(c.nodes, r.IntN(len(c.nodes)+1), node{raw: fuzzyFold(r, noise[r.IntN(len(noise))])})
		}
		if r.IntN(2) == 0 {
			c.nodes = append(c.nodes, node{raw: "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Agenda: x:y\r\nTRIGGER:-PT15M\r\nX-A:1\r\nEND:VALARM\r\n"})
		}
	}
	o.root.nodes = slices.Insert(o.root.nodes, 0, node{raw: fuzzyFold(r, "X-WR-CALNAME:Mia")}, node{raw: fuzzyFold(r, "METHOD-X;broken")})
	return mustParse([]byte(o.root.text()))
}

func mustParse(b []byte) *Object {
	o, err := Parse(b, "Europe/Berlin")
	if err != nil {
		panic(fmt.Sprintf("%v\n%s", err, b))
	}
	return o
}

// event is the object's event, without its text.
func event(o *Object) series.Event {
	e, err := o.Event("acme", testNow)
	if err != nil {
		panic(fmt.Sprintf("%v\n%s", err, o.raw))
	}
	e.Raw = ""
	return e
}
