package say

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// letter samples: Mia in Berlin manages Raj in New York and Lee in Berlin.
var (
	withRaj = OneOnOne{
		Pair:    raj,
		Manager: Party{"Mia", "Europe/Berlin"},
		Report:  Party{"Raj", "America/New_York"},
		Agenda:  "https://docs.example.com/mia-raj",
		Page:    "https://holdfast.example.com/pairs/mia/raj",
	}
	withLee = OneOnOne{
		Pair:    series.Pair{Manager: "mia", Report: "lee"},
		Manager: Party{"Mia", "Europe/Berlin"},
		Report:  Party{"Lee", "Europe/Berlin"},
	}
	stop = Stop{Link: "https://holdfast.example.com/me"}
)

type letterSample struct {
	name string
	Message
}

// flagOf is the first sample of the kind that is of one meeting or of the series.
func flagOf(kind drift.Kind, single bool) drift.Flag {
	all := flags()
	return all[slices.IndexFunc(all, func(f drift.Flag) bool {
		return f.Kind == kind && !f.Occurrence.IsZero() == single
	})]
}

// letters are one or more of every message.
func letters(t *testing.T, language string) []letterSample {
	mia := Reader{Language: language, Zone: "Europe/Berlin", Now: now}
	report := Reader{Language: language, Zone: "America/New_York", Now: now}
	var out []letterSample
	add := func(name string, m Message) { out = append(out, letterSample{name, m}) }
	of := func(o OneOnOne, as Role, news ...News) PairNews { return PairNews{OneOnOne: o, As: as, News: news} }
	link := func(d Deed, at time.Time) Offer { return Offer{d, at, "https://holdfast.example.com/act/" + string(d)} }

	cancelled, moved := flagOf(drift.Cancelled, true), flagOf(drift.Moved, true)
	dragged, ended := flagOf(drift.SeriesMoved, false), flagOf(drift.SeriesEnded, false)
	add("one meeting, with links", mia.News([]PairNews{of(withRaj, Manager, News{Opened, cancelled, []Offer{
		link(Rebook, cancelled.Makeups[0]), link(Rebook, cancelled.Makeups[1]), link(Restore, time.Time{}),
		link(Ack, time.Time{}),
	}})}, nil, stop))
	add("the same to the report, on their clock", report.News([]PairNews{
		of(withRaj, Report, News{Opened, cancelled, []Offer{
			link(Rebook, cancelled.Makeups[0]), link(AskRestore, time.Time{}), link(Ack, time.Time{}),
		}}),
	}, nil, stop))
	add("changed", mia.News([]PairNews{of(withRaj, Manager, News{Changed, moved, nil})}, nil, Stop{}))
	add("closed", mia.News([]PairNews{of(withRaj, Manager, News{Closed, cancelled, nil})}, nil, stop))
	add("the series", mia.News([]PairNews{of(withRaj, Manager, News{Opened, dragged, []Offer{
		link(Accept, time.Time{}), link(Restore, time.Time{}),
	}})}, nil, stop))
	add("the series, to the report", report.News([]PairNews{of(withRaj, Report, News{Opened, dragged, []Offer{
		link(AskAccept, time.Time{}), link(Invite, time.Time{}),
	}})}, nil, stop))
	add("several of one pair", mia.News([]PairNews{
		of(withRaj, Manager, News{Opened, cancelled, nil}, News{Opened, moved, nil}),
	}, nil, stop))
	add("several pairs", mia.News([]PairNews{
		of(withRaj, Manager, News{Opened, moved, nil}), of(withLee, Manager, News{Opened, ended, nil}),
	}, nil, stop))
	weeks := []series.Week{tuesday.AddDays(-7).Week(), tuesday.AddDays(-14).Week(), tuesday.AddDays(-28).Week()}
	add("a run of lost weeks", mia.News([]PairNews{{OneOnOne: withRaj, As: Manager, Lost: weeks}}, nil, Stop{}))
	taken := Done{Flag: cancelled, Deed: Rebook, At: cancelled.Makeups[0], By: Report, Until: on(1, 9*60),
		Undo: "https://holdfast.example.com/act/undo"}
	asks := func(d Deed, f drift.Flag, offers ...Offer) PairNews {
		return PairNews{OneOnOne: withRaj, As: Manager, Asked: []Asked{{d, f, offers}}}
	}
	did := func(as Role, all ...Done) []PairNews { return []PairNews{{OneOnOne: withRaj, As: as, Done: all}} }
	add("a time was taken by a link", mia.News(did(Manager, taken), nil, Stop{}))
	add("the same to who took it", report.News(did(Report, taken), nil, Stop{}))
	seen := Done{Flag: cancelled, Deed: Ack, By: Report}
	add("seen", mia.News(did(Manager, seen, taken), nil, Stop{}))
	add("seen by oneself", report.News(did(Report, seen), nil, Stop{}))
	taken.Back, seen.Back = true, true
	add("taken back", mia.News(did(Manager, taken, seen), nil, Stop{}))
	consent := Outage{Matter: Calendar, Of: []string{"mia"}, Cause: "the consent has ended",
		Hint: "give it again: `holdfast auth google mia`"}
	add("one's own calendar", mia.News(nil, []Out{{Outage: consent}}, Stop{}))
	add("one's own calendar again", mia.News([]PairNews{of(withLee, Manager, News{Opened, ended, nil})},
		[]Out{{Outage: consent, Over: true}}, Stop{}))

	meeting := Coming{withRaj, Manager, on(0, 10*60), "Room Alder"}
	add("the week ahead", mia.Digest(Digest{
		Monday:   tuesday.Monday(),
		Meetings: []Coming{meeting, {OneOnOne: withLee, As: Manager, Start: on(2, 14*60)}},
		News:     []PairNews{of(withLee, Manager, News{Opened, ended, nil})},
		Ahead: []Ahead{
			{OneOnOne: withRaj, As: Manager, Day: tuesday.AddDays(14), Skip: "leave"},
			{OneOnOne: withRaj, As: Manager, Day: tuesday.AddDays(21), Whose: Report, Was: 240, Is: 300},
			{OneOnOne: withRaj, As: Manager, Day: tuesday.AddDays(21), Whose: Manager, Was: 600, Is: 660},
		},
	}, stop))
	add("a week without", mia.Digest(Digest{Monday: tuesday.AddDays(27)}, Stop{Link: stop.Link, Like: true}))
	add("the day before", mia.DayBefore([]Coming{meeting}, stop))
	add("the day before of two", mia.DayBefore([]Coming{
		meeting, {OneOnOne: withLee, As: Manager, Start: on(0, 14*60)},
	}, Stop{Link: stop.Link, Like: true}))
	meeting.As = Report
	add("the day before, to the report", report.DayBefore([]Coming{meeting}, stop))
	add("asked to accept", mia.News([]PairNews{asks(Accept, dragged, link(Accept, time.Time{}))}, nil, stop))
	add("asked to restore", mia.News([]PairNews{asks(Restore, moved)}, nil, stop))

	admin := Reader{Language: language, Zone: "Europe/Berlin", Now: now}
	for _, o := range outages() {
		add("alarm: out", admin.Alarm(Alarm{Out: []Out{{Outage: o, Since: now.Add(-time.Hour)}}}, Stop{}))
	}
	held := []plan.Held{
		{Change: changes(t)[0], Brake: true, Because: "21 creations within an hour, the limit is 20"},
		{Change: changes(t)[2], Brake: true, Because: "21 creations within an hour, the limit is 20"},
	}
	add("alarm: over", admin.Alarm(Alarm{Out: []Out{{Outage: outages()[0], Over: true}}}, Stop{}))
	add("alarm: brakes", admin.Alarm(Alarm{Held: held}, Stop{}))
	decide := plan.Held{Change: changes(t)[3], Because: "the pair already has a 1:1 on Wed 11:00 Europe/Berlin"}
	add("alarm: held", admin.Alarm(Alarm{Held: []plan.Held{decide}}, Stop{}))
	add("alarm: the roster", admin.Alarm(Alarm{Problems: []string{
		`roster.yaml:14: unknown zone "Europe/Pari" (did you mean Europe/Paris?)`, `roster.yaml:20: "raj" is there twice`,
	}}, Stop{}))
	add("alarm: no channel", admin.Alarm(Alarm{Silent: []string{"raj"}}, Stop{}))
	add("alarm: another account", admin.Alarm(Alarm{Accounts: []string{"raj"}}, Stop{}))
	add("alarm: not sent", admin.Alarm(Alarm{Unsent: []Unsent{{"raj", "mail", "550 no such user"}}}, Stop{}))
	add("alarm: the first round", admin.Alarm(Alarm{First: &First{Pairs: 41, Flags: 3}}, Stop{}))
	add("alarm: settled", admin.Alarm(Alarm{Ended: []Ended{
		{HeldOver, "mia/raj, the end of the series"}, {RosterOver, ""}, {SilentOver, "raj"}, {FailedOver, "raj"},
	}}, Stop{}))
	add("alarm: several", admin.Alarm(Alarm{
		Out:    []Out{{Outage: outages()[1], Since: now.Add(-time.Hour)}, {Outage: outages()[4], Over: true}},
		Held:   held,
		Silent: []string{"raj"},
	}, stop))
	add("test", mia.Test())
	add("a link to sign in", mia.SignInMail("https://holdfast.example.com/signin/link/hfs_abc", "ABCD2345",
		"https://holdfast.example.com", on(0, 10*60)))
	add("a link was made in the shell", mia.SignInMade("https://holdfast.example.com", on(0, 10*60)))
	// Of every flag there is what is said to each of the two.
	for _, f := range flags() {
		for _, as := range []Role{Manager, Report} {
			r := mia
			if as == Report {
				r = report
			}
			news := of(withRaj, as, News{Opened, f, nil})
			add(fmt.Sprintf("every flag: %s, to the %s", f.Kind, as), r.News([]PairNews{news}, nil, stop))
		}
	}
	return out
}

// TestLetters: every message as its reader gets it, in plain text; a few with their HTML.
func TestLetters(t *testing.T) {
	var full, short, html strings.Builder
	full.WriteString("# All messages, as their readers get them\n")
	short.WriteString("# What is told of each kind of flag: subject, and first part\n")
	for _, l := range letters(t, "") {
		if name, every := strings.CutPrefix(l.name, "every flag: "); every {
			text, _, _ := strings.Cut(l.Text, "\n\n")
			fmt.Fprintf(&short, "\n## %s\n\nSubject: %s\n\n%s\n", name, l.Subject, text)
			continue
		}
		fmt.Fprintf(&full, "\n## %s\n\nSubject: %s\n\n%s", l.name, l.Subject, l.Text)
		if l.name == "one meeting, with links" || l.name == "the week ahead" {
			fmt.Fprintf(&html, "<!-- %s -->\n%s", l.name, l.HTML)
		}
	}
	golden(t, "messages.txt", full.String())
	golden(t, "flags.txt", short.String())
	golden(t, "messages.html", html.String())
}

// TestLettersAreSound: what holds of every message.
func TestLettersAreSound(t *testing.T) {
	for _, l := range letters(t, "") {
		bad := func(format string, args ...any) {
			t.Errorf("%s: %s\n%s\n%s", l.name, fmt.Sprintf(format, args...), l.Subject, l.Text)
		}
		if l.Subject == "" || strings.ContainsAny(l.Subject, "[]\r\n") {
			bad("the subject has a bracket, or breaks")
		}
		for _, no := range []string{"  (", "..", "<no value>", "{", "}", " ,", "you's", "at until", ": :"} {
			if strings.Contains(l.Subject+l.Text, no) {
				bad("it has %q", no)
			}
		}
		for _, no := range []string{"<img", "<script", "style=", "<link"} {
			if strings.Contains(l.HTML, no) {
				bad("its HTML has %q", no)
			}
		}
		if !strings.Contains(l.Text, "You get this because") {
			bad("it does not say why one gets it")
		}
		if l.name != "test" && !strings.HasPrefix(l.name, "a link ") && !strings.Contains(l.Text, "To stop ") {
			bad("it does not say how to stop it")
		}
		// Both tell the same: each word of the text is in the HTML too.
		plain := words(t, l.HTML)
		for _, w := range strings.Fields(l.Text) {
			if strings.Trim(w, "-") != "" && !strings.Contains(plain, strings.TrimSuffix(w, ":")) {
				bad("its HTML lacks %q:\n%s", w, plain)
			}
		}
	}
}

// words are what HTML says, with where its links lead.
func words(t *testing.T, html string) string {
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var out strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.CharData:
			out.Write(x)
		case xml.StartElement:
			for _, a := range x.Attr {
				out.WriteString(" " + a.Value + " ")
			}
		}
	}
}

// TestNothingIsMarkup: what comes from people is text in the HTML, and a link that is none leads nowhere.
func TestNothingIsMarkup(t *testing.T) {
	o := withRaj
	o.Report.Name, o.Agenda = "<b>Raj</b> & sons", "javascript:alert(1)"
	moved := []News{{Opened, flagOf(drift.Moved, true), nil}}
	m := Reader{Now: now}.News([]PairNews{{OneOnOne: o, As: Manager, News: moved}}, nil, stop)
	if strings.Contains(m.HTML, "<b>") || strings.Contains(m.HTML, `href="javascript`) {
		t.Error(m.HTML)
	}
}
