package prepdoc

import (
	"testing"
	"time"

	"holdfast/internal/series"
)

func TestFileID(t *testing.T) {
	for link, want := range map[string]string{
		"https://docs.google.com/document/d/1a_B-c/edit?usp=drivesdk": "1a_B-c",
		"https://docs.google.com/document/d/1a":                       "1a",
		"https://docs.google.com/document/u/0/d/1a/edit#heading=h.x":  "1a",
		"https://docs.google.com/spreadsheets/d/1a/edit":              "1a",
		"https://drive.google.com/file/d/1a/view":                     "1a",
		"https://drive.google.com/open?id=1a":                         "1a",
		"https://docs.google.com/document/d/e/2PACX-1vR/pub":          "",
		"https://drive.google.com/drive/folders/1a":                   "",
		"http://docs.google.com/document/d/1a/edit":                   "",
		"https://docs.google.com.example.com/document/d/1a/edit":      "",
		"https://docs.example.com/document/d/1a/edit":                 "",
		"https://drive.google.com/open?id=1a'%20or%20trashed%20=true": "",
		"": "", "://": "",
	} {
		if got := FileID(link); got != want {
			t.Errorf("%s: %q, want %q", link, got, want)
		}
	}
	if FileID(linkOf("1a_B-c")) != "1a_B-c" {
		t.Error("not its own link")
	}
}

// booked is a view of a pair that meets on Tuesdays at 10:00 in Berlin from 1 December 2026, with link on its series.
func booked(change func(*series.Event)) series.View {
	s := pair()
	s.Doc = series.PrepDoc{Template: "t", Section: "standard"}
	e := series.Event{Start: s.Slot.On(series.Date{Year: 2026, Month: 12, Day: 1}), Zone: s.Slot.Zone, Duration: s.Slot.Duration,
		Rule: series.Rule{Plain: true, Every: 1}, Link: linkOf("d1")}
	e.Mark = series.Mark{Org: "acme", Pair: s.Pair, Slot: s.Slot, Written: map[series.Field]string{series.FieldLink: series.Digest(e.Link)}}
	change(&e)
	return series.View{Pair: s.Pair, Want: s, Wanted: true, Chain: []series.Event{e}}
}

func TestNextMeeting(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	move := func(original, start string) func(*series.Event) {
		return func(e *series.Event) {
			e.Overrides = []series.Override{{Original: at(original), Start: at(start), Duration: time.Hour}}
		}
	}
	as := func(*series.Event) {}
	for _, c := range []struct {
		name, now string
		change    func(*series.Event)
		want      string
	}{
		{"long before", "2026-12-05T09:00:00Z", as, ""},
		{"in time", "2026-12-05T09:01:00Z", as, "2026-12-08 2026-12-08"},
		{"while they meet", "2026-12-08T09:59:00Z", as, "2026-12-08 2026-12-08"},
		{"after it", "2026-12-08T10:00:00Z", as, ""},
		{"cancelled", "2026-12-07T09:00:00Z", func(e *series.Event) { e.Excluded = []time.Time{at("2026-12-08T09:00:00Z")} }, ""},
		{"moved into reach, under its own name", "2026-12-05T08:00:00Z", move("2026-12-08T09:00:00Z", "2026-12-07T23:30:00Z"), "2026-12-08 2026-12-08"},
		{"moved to an earlier day", "2026-12-05T08:00:00Z", move("2026-12-08T09:00:00Z", "2026-12-07T09:00:00Z"), "2026-12-08 2026-12-07"},
		{"moved out of reach", "2026-12-06T09:00:00Z", move("2026-12-08T09:00:00Z", "2026-12-10T09:00:00Z"), ""},
		{"two in reach: the next one", "2026-12-14T09:00:00Z", move("2026-12-08T09:00:00Z", "2026-12-14T12:00:00Z"), "2026-12-08 2026-12-14"},
	} {
		w := WantOf(booked(c.change), at(c.now))
		got := ""
		if !w.Next.Start.IsZero() {
			got = w.Next.Date.String() + " " + w.Next.Day.String()
		}
		if got != c.want || w.Known != linkOf("d1") {
			t.Errorf("%s: %q, want %q; known %q", c.name, got, c.want, w.Known)
		}
	}
}

func TestWhatIsNotWanted(t *testing.T) {
	now := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	stale := booked(func(*series.Event) {})
	stale.Stale = true
	off := booked(func(*series.Event) {})
	off.Want.Doc.Section = ""
	theirs := booked(func(e *series.Event) { e.Link = linkOf("theirs") })
	for name, v := range map[string]series.View{"a calendar that was not read": stale, "no sections": off, "nothing booked": {Want: stale.Want}} {
		if w := WantOf(v, now); w.Next != (Occurrence{}) {
			t.Errorf("%s: %v", name, w.Next)
		}
	}
	if w := WantOf(theirs, now); w.Known != "" {
		t.Error("a link that somebody else wrote")
	}
}

// Looks of an org are spread over a day, and each is done within a week.
func TestLooksAreSpread(t *testing.T) {
	checked := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	hours := map[int]int{}
	for i := range 200 {
		w := Want{Series: pair()}
		w.Series.Doc.Template = "t"
		w.Series.Pair.Report = string(rune('a'+i%26)) + string(rune('a'+i/26))
		st := State{Made: true, File: "d1", Checked: checked}
		h := 0
		for ; h <= 7*24; h++ {
			if _, step := Plan(checked.Add(time.Duration(h)*time.Hour), w, st, nil); step == Look {
				break
			}
		}
		if h <= 6*24 || h > 7*24 {
			t.Fatalf("looked after %d hours", h)
		}
		hours[h]++
	}
	if len(hours) < 20 {
		t.Errorf("all in %d hours", len(hours))
	}
}
