package say

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

var update = flag.Bool("update", false, "rewrite what is said in testdata")

// constants are the values of those of a type in a package's folder.
func constants(t *testing.T, folder, kind string) []string {
	t.Helper()
	var out []string
	files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || fmt.Sprint(s.Type) != kind {
				return true
			}
			for _, v := range s.Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, text)
			}
			return true
		})
	}
	if len(out) < 3 {
		t.Fatalf("%s has only %q of %s", folder, out, kind)
	}
	return out
}

var (
	raj     = series.Pair{Manager: "mia", Report: "raj"}
	now     = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	tuesday = series.Date{Year: 2026, Month: time.December, Day: 8}
	booked  = series.Slot{
		Weekday:  time.Tuesday,
		At:       10 * 60,
		Duration: time.Hour,
		Every:    1,
		Zone:     "Europe/Berlin",
	}
	other = series.Slot{
		Weekday:  time.Wednesday,
		At:       11 * 60,
		Duration: 90 * time.Minute,
		Every:    2,
		Zone:     "Europe/Berlin",
	}
)

// on is that many days after the Tuesday, at that time in Berlin.
func on(days int, clock series.TimeOfDay) time.Time {
	return series.Instant(tuesday.AddDays(days), clock, booked.Zone)
}

func length(d time.Duration) *time.Duration { return &d }

// flags are one or more of every kind.
func flags() []drift.Flag {
	slot := series.AspectOf[series.Slot]
	hour, half := series.AspectOf(time.Hour), series.AspectOf(30*time.Minute)
	before, after := series.AspectOf(on(0, 10*60)), series.AspectOf(on(2, 15*60))
	until := series.AspectOf(tuesday.AddDays(2))
	all := []drift.Flag{
		{Kind: drift.Moved, Occurrence: tuesday, From: before, To: after, By: drift.ByReport,
			Notice: length(5 * 24 * time.Hour)},
		{Kind: drift.Moved, Occurrence: tuesday, From: before, To: series.AspectOf(on(30, 9*60)),
			Detail: drift.InAnotherEvent},
		{Kind: drift.Cancelled, Occurrence: tuesday, From: before, Notice: length(4 * time.Hour),
			Moment: drift.Moment{Makeups: []time.Time{on(2, 14*60), on(3, 9*60+30)}}},
		{Kind: drift.Cancelled, Occurrence: tuesday, From: before, By: drift.ByManager, Notice: length(0)},
		{Kind: drift.Shortened, Occurrence: tuesday, From: hour, To: half},
		{Kind: drift.Shortened, From: hour, To: half},
		{Kind: drift.DeclinedKind, Occurrence: tuesday, By: drift.ByReport},
		{Kind: drift.DeclinedKind, By: drift.ByReport},
		{Kind: drift.PlaceChanged, Occurrence: tuesday},
		{Kind: drift.PlaceChanged},
		{Kind: drift.LinkChanged, Occurrence: tuesday},
		{Kind: drift.LinkChanged},
		{Kind: drift.GuestAdded, Occurrence: tuesday},
		{Kind: drift.GuestAdded},
		{Kind: drift.GuestRemoved, Occurrence: tuesday},
		{Kind: drift.GuestRemoved},
		{Kind: drift.RoomDeclined, Occurrence: tuesday},
		{Kind: drift.RoomDeclined},
		{Kind: drift.NotBusy, Occurrence: tuesday},
		{Kind: drift.NotBusy},
		{Kind: drift.DoubleBooked, Occurrence: tuesday, Detail: "another event of mia", From: before,
			To: series.AspectOf(on(0, 10*60+30)), Moment: drift.Moment{Whose: []string{"mia"}, Other: drift.AnEvent}},
		{Kind: drift.DoubleBooked, Occurrence: tuesday, Detail: "an all-day event of raj", From: before,
			Moment: drift.Moment{Whose: []string{"raj"}, Other: drift.AllDay}},
		{Kind: drift.DoubleBooked, Detail: "another 1:1 of mia and raj", From: slot(booked), To: slot(booked),
			Moment: drift.Moment{Whose: []string{"mia", "raj"}, Other: drift.OneOnOne,
				Dates: []series.Date{tuesday, tuesday.AddDays(7)}}},
		{Kind: drift.DoubleBooked, Detail: "another 1:1 of mia and raj", From: slot(booked), To: slot(booked)},
		{Kind: drift.DoubleBooked, From: slot(booked), To: slot(booked), Moment: drift.Moment{Dates: []series.Date{
			tuesday, tuesday.AddDays(7), tuesday.AddDays(14), tuesday.AddDays(21), tuesday.AddDays(28), tuesday.AddDays(35)}}},
		{Kind: drift.SeriesMoved, From: slot(booked), To: slot(other)},
		{Kind: drift.SeriesMoved, From: series.WholeSlot(booked), To: series.WholeSlot(other), Occurrence: tuesday,
			By: drift.ByManager},
		{Kind: drift.SeriesMoved, From: slot(booked)},
		{Kind: drift.SeriesEnded, From: slot(booked)},
		{Kind: drift.SeriesEnded, From: slot(booked), To: until},
		{Kind: drift.CopyDiffers, Occurrence: tuesday, From: before, To: after, By: drift.ByReport},
		{Kind: drift.CopyDiffers, Occurrence: tuesday, From: before},
		{Kind: drift.CopyDiffers, Occurrence: tuesday, To: after},
		{Kind: drift.CopyDiffers, From: slot(booked), To: slot(other)},
		{Kind: drift.CopyDiffers, From: slot(booked), To: until},
		{Kind: drift.CopyDiffers, From: slot(booked)},
		{Kind: drift.Undelivered, Detail: drift.CopyDeleted, By: drift.ByReport},
		{Kind: drift.Undelivered, Detail: drift.CopyGone},
		{Kind: drift.Undelivered, Detail: drift.NoWay},
		{Kind: drift.Undelivered, Detail: "the server refused it"},
		{Kind: drift.CopyDiffers, Occurrence: tuesday, From: before, To: after, Detail: drift.Undone},
		{Kind: drift.Duplicate, From: slot(booked)},
		{Kind: drift.SlotUnfit, From: slot(booked), To: slot(other)},
		{Kind: drift.SlotUnfit, From: slot(series.Slot{Weekday: 1, At: 60, Zone: series.CustomZone(nil)})},
		{Kind: drift.DocMissing},
		{Kind: drift.DocUnreadable, Detail: "the report cannot edit it"},
		{Kind: drift.DocOvershared, Detail: "3 other people can see it"},
	}
	for i := range all {
		all[i].Pair, all[i].Generation = raj, 1
		if all[i].By == "" {
			all[i].By = drift.ByUnknown
		}
	}
	return all
}

// results are one of every kind.
func results(t *testing.T) []drift.Outcome {
	var out []drift.Outcome
	for _, kind := range constants(t, "drift", "Result") {
		o := drift.Outcome{Pair: raj, Occurrence: tuesday, Week: tuesday.Week(), Result: drift.Result(kind), Final: true}
		switch o.Result {
		case drift.CancelledWeek:
			o.By, o.Notice = drift.ByManager, length(3*24*time.Hour)
		case drift.LateCancelled:
			o.By, o.Notice = drift.ByReport, length(4*time.Hour)
		case drift.UnknownWeek:
			o.Final = false
		}
		out = append(out, o)
	}
	return out
}

// outages are one or more of every matter.
func outages() []Outage {
	return []Outage{
		{Matter: Calendar, Of: []string{"mia"}, Cause: "PROPFIND answered 401 Unauthorized",
			Hint: "the user name or password is refused: check username and password_file"},
		{Matter: Calendar, Of: strings.Fields("ana bo kim lee mia raj sam"), Cause: "the connection is refused"},
		{Matter: Document, Of: []string{"mia/raj"}, Cause: "copy the template: HTTP 403", Hint: "let them copy it"},
		{Matter: Document, Of: []string{"mia/lee", "mia/raj"}, Cause: "copy the template: HTTP 404"},
		{Matter: Emptied, Of: []string{"mia"}},
		{Matter: Address, Of: []string{"mia"}},
		{Matter: Listing, Pair: raj, Hint: "a cache or proxy before the calendar server may be at fault"},
		{Text: "mia/raj has no series, and the journal is too new to know why", Hint: "`holdfast allow` books one"},
	}
}

// changes are one of every action.
func changes(t *testing.T) []plan.Change {
	var out []plan.Change
	for _, kind := range constants(t, "plan", "Action") {
		c := plan.Change{Pair: raj, Action: plan.Action(kind), To: series.WholeSlot(booked), Mails: 1}
		switch c.Action {
		case plan.End:
			c.From, c.To, c.Mails = c.To, series.AspectOf(tuesday), 2
		case plan.Skip, plan.Heal:
			c.To, c.Occurrence, c.Mails = series.Aspect{}, tuesday, 0
		case plan.Adopt:
			c.From = series.WholeSlot(other)
		case plan.Rebook:
			c.To = series.AspectOf(on(2, 14*60))
		case plan.Restore:
			c.From, c.To = series.AspectOf(other), series.Aspect{}
		}
		out = append(out, c)
	}
	return out
}

// everything is all that r can say.
func everything(t *testing.T, r Reader) string {
	var b strings.Builder
	line := func(text string) {
		if text != "" {
			b.WriteString("    " + text + "\n")
		}
	}
	heading, last := "", ""
	section := func(text string) { heading, last = text, "" }
	entry := func(name string) {
		if heading != "" {
			fmt.Fprintf(&b, "\n## %s\n", heading)
			heading = ""
		}
		if name != last {
			fmt.Fprintf(&b, "\n%s\n", name)
		}
		last = name
	}
	section("What is different, and what can be done about it")
	for _, f := range flags() {
		entry(string(f.Kind))
		line(r.Flag(f))
		line("  " + r.Hint(f, false))
		if other := r.Hint(f, true); other != r.Hint(f, false) {
			line("  where the roster links to the document: " + other)
		}
		for _, more := range []string{r.Makeups(f), r.BookMakeup(f)} {
			if more != "" {
				line("  " + more)
			}
		}
	}
	section("What became of a week's 1:1")
	for _, o := range results(t) {
		entry(string(o.Result))
		line(r.Outcome(o))
	}
	section("What will touch a slot")
	entry("forecast")
	line(r.Away("Mia Chen", "leave"))
	line(r.ClockChange("Raj Patel", "15:30", "14:30", false))
	line(r.ClockChange("Raj Patel", "18:30", "17:30", true))
	section("What is written")
	for _, c := range changes(t) {
		entry(string(c.Action))
		line(strings.TrimSpace(r.Action(c.Action) + "  " + r.Change(c) + "  " + r.Mails(c.Mails)))
	}
	section("What is held")
	entry("held")
	line(r.Held(2))
	for _, h := range []plan.Held{
		{}, {Brake: true}, {Brake: true, Stuck: true}, {Brake: true, Changed: true}, {Waits: true},
	} {
		line(r.Waiting(h))
	}
	section("What is out")
	for _, o := range outages() {
		entry(string(o.Matter))
		line(r.Outage(o))
		if hint := r.OutageHint(o); hint != "" {
			line("  " + hint)
		}
	}
	section("Why something is not done")
	for _, reason := range constants(t, "act", "Reason") {
		entry(reason)
		line(r.Refused(reason))
	}
	section("Why nothing was done")
	for _, why := range constants(t, "say", "Why") {
		entry(why)
		line(r.Nothing(Nothing{Why(why), raj, tuesday, tuesday.AddDays(1), booked, on(2, 14*60)}))
	}
	entry("nobody knows")
	line(r.NotDone(NotDone{}))
	line(r.NotDone(NotDone{Reason: "not-yours", Because: []string{"it is night"}}))
	line(r.NotDone(NotDone{Because: []string{"it is night", "it is late"}}))
	section("What somebody did")
	name := func(id string) string { return map[string]string{"mia": "Mia Chen", "raj": "Raj Patel"}[id] }
	for _, kind := range constants(t, "deed", "Kind") {
		entry(kind)
		d := deed.Deed{At: now.Add(-3 * time.Hour), Who: "mia", From: deed.Page, Kind: deed.Kind(kind), Pair: raj}
		d.Of, d.Changes, d.Result = "raj", []string{"a", "b"}, deed.Done
		if !slices.Contains([]deed.Kind{deed.RestoreOne, deed.Rebook, deed.Undo}, d.Kind) {
			line(r.Did(d, name))
		}
		d.Occurrence, d.To = tuesday, on(2, 14*60)
		line(r.Did(d, name))
	}
	entry("others, elsewhere")
	for _, d := range []deed.Deed{
		{From: deed.Link, Who: "raj", Kind: deed.Invite},
		{From: deed.API, Who: "raj", Kind: deed.Invite},
		{From: deed.Shell, Kind: deed.Invite},
		{From: deed.Page, Admin: true, Kind: deed.Withdraw},
	} {
		for _, came := range constants(t, "deed", "Result") {
			d.At, d.Result = now.AddDate(0, 0, -3), deed.Result(came)
			line(r.Did(d, name))
		}
	}
	section("What people were told, and what not")
	entry("notices")
	for _, channel := range []string{"mail", "slack", "google-chat", "admins:it@example.com"} {
		line(r.Noticed(Noticed{Name: "Raj", State: "told", Channel: channel, At: now}))
	}
	for _, n := range []Noticed{
		{State: "waiting", Because: "hours", Until: now.Add(24 * time.Hour)},
		{State: "waiting", Because: "due"},
		{State: "unsent", Because: "no-channel"},
		{State: "untold", Because: "own-act"},
	} {
		n.Name = "Mia"
		line(r.Noticed(n))
	}
	text, hint := r.Unreached("mia")
	line(text)
	line("  " + hint)
	line(r.Digests(1, 25))
	line(r.Digests(480, 25))
	for _, reason := range slices.Concat(constants(t, "notify", "Reason"), constants(t, "outbox", "Reason"),
		[]string{"transient", "bad-address", "broken"}) {
		entry(reason)
		line(r.Because(reason))
	}
	for _, kind := range append(constants(t, "notify", "Kind"), "digest", "prepare", "") {
		a := About{Kind: kind, Day: tuesday, Text: "the cause"}
		if kind == "difference" || kind == "acted" {
			a.Flag = flags()[0]
		}
		entry("about " + kind)
		line(r.About(a))
		if a.Over = true; kind == "difference" {
			line(r.About(a))
		}
	}
	section("A pair, times and numbers")
	entry("slot")
	for _, s := range [][2]series.Slot{{booked, {}}, {other, {}}, {{}, booked}, {}} {
		text, _ := r.Booked(s[0], s[1])
		line(text)
	}
	line(r.NotRead())
	line(r.MadeUp(tuesday, on(2, 14*60)))
	line(r.ClockOf("Raj Patel", "Asia/Kolkata", on(0, 10*60)))
	entry("next")
	for _, far := range []time.Duration{
		-800 * 24 * time.Hour, -24 * time.Hour, -3 * time.Hour, -time.Second,
		time.Second, time.Minute, time.Hour, 13 * time.Hour, 24 * time.Hour,
		72 * time.Hour, 90 * 24 * time.Hour, 800 * 24 * time.Hour,
	} {
		line(r.Next(now.Add(far)))
	}
	line(r.Next(time.Time{}))
	entry("on the reader's clock, with the other's")
	here := Reader{Language: r.Language, Zone: "Europe/Berlin", Other: "America/New_York", Now: now}
	for _, a := range []series.Aspect{series.AspectOf(on(0, 15*60)), series.AspectOf(on(0, 60)), series.AspectOf(booked)} {
		line(here.Aspect(a))
	}
	here.Other = "Europe/Paris"
	line(here.Aspect(series.AspectOf(on(0, 15*60))))
	entry("notice")
	for _, d := range []*time.Duration{
		nil, length(0), length(time.Minute), length(time.Hour), length(26 * time.Hour), length(72 * time.Hour),
	} {
		line(strings.TrimRight(r.Notice(d)+"  "+r.WithNotice(d), " "))
	}
	entry("numbers")
	for _, noun := range nouns(r) {
		line(strings.Join([]string{r.Count(0, noun), r.Count(1, noun), r.Count(2, noun)}, ", "))
	}
	rate := 2.0 / 3
	line(r.Percent(&rate))
	line(r.List([]string{"ana", "bo", "kim"}))
	return b.String()
}

// nouns are those that the catalogue counts.
func nouns(r Reader) []string {
	var out []string
	for _, t := range r.catalogue().texts.Templates() {
		if noun, ok := strings.CutPrefix(t.Name(), "count."); ok {
			out = append(out, noun)
		}
	}
	slices.Sort(out)
	return out
}

// golden compares what is said with a file of testdata, or rewrites that.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (go test -update rewrites it; -want +got):\n%s", file, d)
	}
}

// TestTexts: all that is said stands in one file, for an editor to read from top to bottom.
func TestTexts(t *testing.T) {
	const head = "# All that Holdfast says\n\n" +
		"Made by `go test ./internal/say -update` of text/en.txt: change the texts there.\n"
	golden(t, "texts.txt", head+everything(t, at(now)))
}

// TestAllKindsAreSaid: no kind of anything is forgotten in testdata.
func TestAllKindsAreSaid(t *testing.T) {
	said := map[string]bool{}
	for _, f := range flags() {
		said["Kind "+string(f.Kind)] = true
	}
	for _, o := range outages() {
		said["Matter "+string(o.Matter)] = true
	}
	for folder, kind := range map[string]string{"drift": "Kind", "say": "Matter"} {
		for _, k := range constants(t, folder, kind) {
			if !said[kind+" "+k] {
				t.Errorf("no sample of %s %s", kind, k)
			}
		}
	}
}

// marked is the catalogue's file with the name of each text before it.
func marked(t *testing.T) string {
	b, err := files.ReadFile("text/en.txt")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^([a-z][^:]*): *`).ReplaceAllString(string(b), "$1: «$1»")
}

// TestEveryTextIsUsed: what the catalogue has is said somewhere, so that editors change nothing in vain; and as no text
// is missing, nothing is said that it does not have.
func TestEveryTextIsUsed(t *testing.T) {
	c, err := read("en", marked(t))
	if err != nil {
		t.Fatal(err)
	}
	all := catalogues()
	all["marked"] = c
	defer delete(all, "marked")
	said := map[string]bool{}
	text := everything(t, Reader{Language: "marked", Now: now}) + allPages("marked") + allPrograms(t, "marked")
	text += signInPages("marked")
	for _, l := range letters(t, "marked") {
		text += l.Subject + l.Text
	}
	text += allKept(t, "marked")
	for _, m := range regexp.MustCompile("«([^»]*)»").FindAllStringSubmatch(text, -1) {
		said[m[1]] = true
	}
	for _, text := range c.texts.Templates() {
		// Package web tests that its pages say those of ui.
		if name := text.Name(); !said[name] && name != "en" && !strings.HasPrefix(name, "ui.") {
			t.Errorf("nothing says %q", name)
		}
	}
}

// TestCataloguesHaveTheSame: each language has all the texts that English has, and no others.
func TestCataloguesHaveTheSame(t *testing.T) {
	names := func(c *catalogue) []string {
		var out []string
		for _, text := range c.texts.Templates() {
			if text.Name() != c.tag.String() {
				out = append(out, text.Name())
			}
		}
		slices.Sort(out)
		return out
	}
	want := names(catalogues()[english])
	for _, tag := range slices.Sorted(maps.Keys(catalogues())) {
		if d := cmp.Diff(want, names(catalogues()[tag])); d != "" {
			t.Errorf("%s (-en +%s):\n%s", tag, tag, d)
		}
	}
}

// TestAnotherLanguage: what differs between languages stands in the file alone: words, order, plurals, lists and dates.
func TestAnotherLanguage(t *testing.T) {
	polish := `
weekdays: nd. pon. wt. śr. czw. pt. sob.
weekdays.long: niedziela poniedziałek wtorek środa czwartek piątek sobota
months: sty lut mar kwi maj cze lip sie wrz paź lis gru
months.long: stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
date: {.Weekday} {.Day} {.Month} {.Year}
list.between: ,{" "}
list.last: {" "}i{" "}
count.day: {plural .N "one" "# dzień" "few" "# dni" "many" "# dni" "other" "# dnia"}
count.week: {plural .N "one" "# tydzień" "few" "# tygodnie" "many" "# tygodni" "other" "# tygodnia"}
`
	c, err := read("pl", polish)
	if err != nil {
		t.Fatal(err)
	}
	all := catalogues()
	all["pl"] = c
	defer delete(all, "pl")
	r := Reader{Language: "pl", Now: now}
	for _, x := range [][2]string{
		{r.Date(tuesday), "wt. 8 gru 2026"}, {r.Count(1, "week"), "1 tydzień"}, {r.Count(3, "week"), "3 tygodnie"},
		{r.Count(5, "week"), "5 tygodni"}, {r.List([]string{"ana", "bo", "kim"}), "ana, bo i kim"},
	} {
		if x[0] != x[1] {
			t.Errorf("%q, want %q", x[0], x[1])
		}
	}
}

// TestBadCatalogues: what is wrong is told with its line.
func TestBadCatalogues(t *testing.T) {
	for text, want := range map[string]string{
		"a: x\nb {.Day}\n":        `en.txt:2: want "name: text"`,
		"a: x\na: y\n":            "en.txt:2: a is there twice",
		"# c\na: {.Day\n\nb: c\n": "en.txt:3: ",
	} {
		if _, err := read("en", text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
