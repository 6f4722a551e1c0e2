package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"holdfast/internal/act"
	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/clock"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/web/browser"
)

// house is a company whose pages are looked at: half a year of it has passed when its daemon begins to run.
type house struct {
	*testing.T
	b      *browser.Browser
	a      *App
	dir    string
	url    string
	ahead  atomic.Int64 // of the machine's clock, in nanoseconds
	office http.RoundTripper
	mail   *memory.Channel
	wake   chan struct{}
	rounds chan reconcile.Round
}

// houseIT is the admin, who is nobody of the roster.
const houseIT = "it@example.com"

const houseRoster = `defaults:
  title: "1:1 {manager.name} / {report.name}"
  prep_doc: https://docs.example.com/1on1/{manager.id}-{report.id}
people:
  mia: {name: Mia Chen, email: mia@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
  raj: {name: Raj Patel, email: raj@example.com, calendar: office, zone: Asia/Kolkata, hours: Mon-Fri 11:00-20:00,
    away: [{from: 2026-10-05, to: 2026-10-16}, {from: 2026-12-28, to: 2027-01-01}]}
  lee: {name: Lee Park, email: lee@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
  ana: {name: Ana Silva, email: ana@example.com, calendar: office, zone: America/New_York, hours: Mon-Fri 08:00-17:00}
  bo: {name: Bo Larsen, email: bo@example.com, calendar: office, zone: America/New_York, hours: Mon-Fri 08:00-17:00}
  tom: {name: Tom Weber, email: tom@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
  eva: {name: Eva Rossi, email: eva@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
  ida: {name: Ida Holm, email: ida@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
  jon: {name: Jon Weiss, email: jon@example.com, calendar: office, zone: Europe/Berlin, hours: Mon-Fri 09:00-17:30}
one_on_ones:
  - {manager: mia, reports: [{report: raj, slot: Tue 10:00, place: Room Alder}, {report: lee, slot: Tue 14:00,
      duration: 30m, place: Room Birch}, {report: ana, slot: Wed 15:00}]}
  - {manager: ana, reports: [{report: bo, slot: Thu 10:00}]}
  - {manager: tom, reports: [{report: eva, slot: Mon 11:00}%s]}
`

// joiners are the reports of a later roster, which is more than limits let Holdfast book at once.
const joiners = ", {report: ida, slot: Mon 13:00}, {report: jon, slot: Mon 15:00}, {report: lee, slot: Wed 11:00}," +
	" {report: raj, slot: Thu 9:00}, {report: bo, slot: Fri 15:00}, {report: mia, slot: Fri 11:00}"

func newHouse(t *testing.T) *house {
	b := browser.Start(t)
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, b: b, dir: t.TempDir(), url: "http://" + listen, mail: memory.New(), wake: make(chan struct{}),
		rounds: make(chan reconcile.Round, 100)}
	h.at(firstMonday)
	var users []caldavtest.User
	person := regexp.MustCompile(`(?m)^  (\w+): {name: .*?, zone: ([\w/]+)`)
	for _, m := range person.FindAllStringSubmatch(houseRoster, -1) {
		users = append(users, caldavtest.User{Name: m[1], Password: "pw", Email: m[1] + "@example.com", Zone: m[2]})
	}
	h.write("roster.yaml", fmt.Sprintf(houseRoster, ""))
	h.write("password", "pw")
	h.write("holdfast.yaml", fmt.Sprintf(`{org: acme, roster: [roster.yaml], database: "sqlite:holdfast.db",
		policy: {max_creations: {count: 5, percent: 1}},
		notify: {mail: {smtp: "smtp://127.0.0.1:25", from: holdfast@example.com}, admins: [it@example.com]},
		web: {url: "http://%[1]s", listen: "%[1]s", metrics_listen: off, admins: [it@example.com]},
		calendars: {office: {caldav: {url: "http://dav.test/", username: "{person.id}", password_file: password,
			calendar: "/calendars/{person.id}/default/"}}}}`, listen))
	h.a, err = Open(t.Context(), Options{
		Config:  filepath.Join(h.dir, "holdfast.yaml"),
		Clock:   h.now,
		Log:     zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
		Poll:    time.Hour,
		Round:   func(r reconcile.Round) { h.rounds <- r },
		Senders: map[string]channel.Sender{mail: h.mail},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.a.Close(); err != nil {
			t.Error(err)
		}
	})
	h.office = handled{caldavtest.New(caldavtest.Options{Users: users, Scheduling: true, Now: h.now})}
	h.a.http.Transport = h.office
	return h
}

func (h *house) now() time.Time { return clock.System().Add(time.Duration(h.ahead.Load())) }

func (h *house) at(now time.Time) { h.ahead.Store(int64(now.Sub(clock.System()))) }

func (h *house) write(name, text string) {
	h.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// person is somebody with a calendar program.
func (h *house) person(id string) caldavtest.Person {
	return caldavtest.Person{Base: "http://dav.test", User: id, Password: "pw", HTTP: &http.Client{Transport: h.office}}
}

// uid is that of the series in the manager's calendar.
func (h *house) uid(manager, report string) string {
	h.Helper()
	events, err := h.person(manager).Events(h.Context())
	h.must(err)
	for _, e := range events {
		if strings.Contains(e.Text, "mailto:"+report+"@") && strings.Contains(e.Text, "RRULE") {
			return e.UID
		}
	}
	h.Fatalf("%s has no series with %s", manager, report)
	return ""
}

// firstMonday is when Holdfast begins to look after them.
var firstMonday = time.Date(2026, time.May, 18, 7, 0, 0, 0, time.UTC)

// tuesday is when Mia meets Raj in that week.
func tuesday(month time.Month, day int) time.Time {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return time.Date(2026, month, day, 10, 0, 0, 0, berlin)
}

// halfAYear lets so much time pass in which most 1:1s are kept.
func (h *house) halfAYear() {
	h.Helper()
	round := func() {
		h.Helper()
		h.must(h.a.Round(h.Context(), "poll"))
		<-h.rounds
	}
	round()
	mia, uid := h.person("mia"), h.uid("mia", "raj")
	edits := map[int64]func(at time.Time) error{ // by the meeting
		tuesday(time.July, 7).Unix(): func(at time.Time) error {
			return mia.Move(h.Context(), uid, at, at.AddDate(0, 0, 2).Add(4*time.Hour))
		},
		tuesday(time.September, 1).Unix(): func(at time.Time) error { return mia.Cancel(h.Context(), uid, at) },
		tuesday(time.November, 17).Unix(): func(at time.Time) error { return mia.Cancel(h.Context(), uid, at) },
	}
	shell := act.Actor{From: act.Shell}
	monday, end := firstMonday, time.Date(2026, time.November, 27, 15, 20, 0, 0, time.UTC)
	for {
		monday = monday.AddDate(0, 0, 7)
		if monday.After(end) {
			h.at(end)
			round()
			return
		}
		h.at(monday)
		round()
		booked := tuesday(monday.Month(), monday.Day()+1)
		if edit := edits[booked.Unix()]; edit != nil {
			h.at(booked.Add(-20 * time.Hour))
			round() // so that it is known since when it differs
			h.must(edit(booked))
			round()
			if booked.Month() == time.November {
				did, err := h.a.acts().Do(h.Context(), shell, act.Request{
					Deed:       act.Rebook,
					Pair:       series.Pair{Manager: "mia", Report: "raj"},
					Occurrence: series.DateOf(booked),
					To:         plan.Time{Instant: booked.AddDate(0, 0, 2).Add(4 * time.Hour)},
				})
				h.must(err)
				if did.Came != deed.Done {
					h.Fatalf("%+v", did)
				}
				<-h.rounds
			}
		}
	}
}

// run has the daemon run until the test ends.
func (h *house) run() {
	ctx, stop := context.WithCancel(h.Context())
	done := make(chan error, 1)
	go func() { done <- h.a.Run(ctx, h.wake) }()
	h.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			h.Error(err)
		}
	})
	<-h.rounds
}

// round has the daemon make a round.
func (h *house) round() {
	h.forget()
	h.wake <- struct{}{}
	<-h.rounds
}

// forget has what comes next from h.rounds be a round that is yet to come.
func (h *house) forget() {
	for len(h.rounds) > 0 {
		<-h.rounds
	}
}

// as is the page of somebody who has signed in by a link of the shell.
func (h *house) as(who string, l browser.Look) *browser.Page {
	h.Helper()
	link, _, err := signin.NewLink(h.Context(), h.a.Store, h.a.o.Clock, h.url, who)
	h.must(err)
	p := h.b.Open(link, l)
	p.Accessible("sign-in of " + who)
	p.Follow("Sign in")
	return p
}

// buttons are the names of the buttons that the section shows.
func buttons(p *browser.Page, section string) []string {
	return browser.Eval[[]string](p, `[...document.querySelectorAll("`+section+` button, `+section+` summary")]
		.filter(e => e.checkVisibility()).map(e => e.innerText.replace(/\s+/g, " ").trim())`)
}

// offers fails the test where the section shows other buttons.
func (h *house) offers(p *browser.Page, section string, want ...string) {
	h.Helper()
	if d := cmp.Diff(want, buttons(p, section)); d != "" {
		h.Errorf("buttons (-want +got):\n%s", d)
	}
}

func mark(p *browser.Page) { browser.Eval[bool](p, `window.marked = true`) }

// marked fails the test where the page was loaded anew since mark.
func (h *house) marked(p *browser.Page) {
	h.Helper()
	if !browser.Eval[bool](p, `window.marked === true`) {
		h.Error("the page was loaded anew")
	}
}

// The story of a manager, a report and an admin, as they see it in a browser.
func TestSeenInABrowser(t *testing.T) {
	h := newHouse(t)
	h.halfAYear()
	h.run()
	const pair = "/pairs/mia/raj"
	mia, raj := h.as("mia", browser.Look{}), h.as("raj", browser.Look{})
	if mia.Path() != "/" {
		t.Error("Mia is at", mia.Path())
	}
	mia.See("Good afternoon, Mia")
	mia.See("Nothing needs you.")
	mia.Press("Raj Patel")
	mia.See("Mia Chen and Raj Patel")
	raj.Go(h.url + pair)
	for _, p := range []*browser.Page{mia, raj} {
		mark(p)
		if p.Count("#part-flags li") > 0 {
			t.Error("there is a flag:", p.Text("#part-flags"))
		}
	}

	// Mia cancels in her calendar. Both see that without loading the page.
	uid, booked := h.uid("mia", "raj"), tuesday(time.December, 15)
	h.must(h.person("mia").Cancel(t.Context(), uid, booked))
	h.round()
	for _, p := range []*browser.Page{mia, raj} {
		p.See("Tue 15 Dec was cancelled.")
		h.marked(p)
	}
	facts := func(p *browser.Page) string { // what is said, with the reader's clock taken out
		return regexp.MustCompile(`\d\d:\d\d`).ReplaceAllString(
			browser.Eval[string](p, `[...document.querySelectorAll("#part-flags li > p, #part-flags .tag")]
				.map(e => e.innerText).join(" ")`), "")
	}
	if a, b := facts(mia), facts(raj); a != b || a == "" {
		t.Errorf("Mia reads %q, Raj %q", a, b)
	}
	proposed := buttons(mia, "#part-flags")
	h.offers(raj, "#part-flags", slices.Concat(theirs(proposed[:3]), []string{"Ask Mia Chen to put it back",
		"I have seen this"})...)
	h.offers(mia, "#part-flags", slices.Concat(proposed[:3], []string{"Put it back", "I have seen this",
		"Another time"})...)
	mia.Shot("story-cancelled")
	picture := func(name string) { // for the README
		mia.Look(browser.Look{Width: 920, Height: 400})
		mia.Shot(name)
		mia.Look(browser.Look{})
	}
	picture("readme-pair")
	raj.Shot("story-cancelled-report")

	// She takes the first of the proposed times.
	mark(raj)
	if status := mia.Follow(proposed[0]); status != http.StatusOK {
		t.Error("answered with", status)
	}
	mia.See("Done: the new time is in both calendars.")
	raj.See("Mia Chen made up for Tue 15 Dec")
	mia.See("You made up for Tue 15 Dec")
	h.marked(raj)
	mia.Shot("story-made-up")
	if !h.stands(uid, booked).After(h.a.o.Clock()) {
		t.Error("the calendar has no meeting there")
	}
	all, err := h.a.Store.Deeds(t.Context(), "mia/raj", h.now().Add(-time.Hour))
	if err != nil || len(all) != 1 || all[0].Who != "mia" || all[0].From != deed.Page || all[0].Kind != deed.Rebook {
		t.Errorf("recorded: %+v, %v", all, err)
	}

	// Another one is cancelled, and Raj may do what a report may.
	booked = tuesday(time.December, 22)
	h.must(h.person("mia").Cancel(t.Context(), uid, booked))
	h.round()
	raj.See("Tue 22 Dec was cancelled.")
	for _, d := range []act.Deed{act.RestoreOne, act.Restore, act.Accept} {
		got := browser.Eval[string](raj, fmt.Sprintf(`fetch("%s/%s", {method: "POST", body: new URLSearchParams(
			[...new FormData(document.querySelector("#part-flags form"))])})
			.then(async r => r.status + " " + new DOMParser().parseFromString(await r.text(), "text/html")
				.querySelector(".note").innerText.trim())`, pair, d))
		want := "409 That is the manager's to decide: you can ask them."
		if d == act.RestoreOne {
			want = "409 You can put back what you changed yourself: the rest is the manager's to decide."
		}
		if got != want {
			t.Errorf("%s by hand: %q", d, got)
		}
		raj.Expect("409")
	}
	if got := h.stands(uid, booked); !got.IsZero() {
		t.Error("it was put back, to", got)
	}
	mark(mia)
	raj.Follow("Ask Mia Chen to put it back")
	raj.See("Done: your manager is told that you ask for it.")
	mia.See("Raj Patel asked to put Tue 22 Dec back")
	h.marked(mia)
	h.at(h.now().Add(20 * time.Minute))
	h.round()
	h.mailed("mia@example.com", "Raj Patel asks you to put this back as it was: Tue 22 Dec with Raj Patel was cancelled.")
	mia.See("Tue 22 Dec was cancelled.")
	raj.Go(h.url + pair)
	raj.Shot("story-asked-report")
	mia.Go(h.url + "/")
	picture("readme-mine")
	mia.Go(h.url + pair)
	mia.Follow("Put it back")
	mia.See("Done: it is put back.")
	raj.See("Mia Chen put Tue 22 Dec back")

	// Without scripts all of it is done as well.
	lee := h.as("lee", browser.Look{NoScript: true})
	h.must(h.person("mia").Cancel(t.Context(), h.uid("mia", "lee"), tuesday(time.December, 15).Add(4*time.Hour)))
	h.round()
	lee.Go(h.url + "/pairs/mia/lee")
	lee.See("Tue 15 Dec was cancelled.")
	if status := lee.Follow("I have seen this"); status != http.StatusOK {
		t.Error("answered with", status)
	}
	lee.See("It is noted that you have seen this.")
	lee.Follow("Not seen after all")
	lee.See("That is taken back.")
	if flags, err := h.a.Store.Flags(t.Context(), false); err != nil || len(flags) != 1 ||
		flags[0].Kind != drift.Cancelled || len(flags[0].Acknowledged) > 0 {
		t.Errorf("%+v, %v", flags, err)
	}
	lee.Follow("Sign out")
	lee.See("You are signed out")
	lee.Go(h.url + "/pairs/mia/lee")
	lee.See("You need a link for that.")

	// More is to be booked than may be at once: an admin allows it.
	admin := h.as(houseIT, browser.Look{})
	if admin.Path() != "/admin" {
		t.Error("the admin is at", admin.Path())
	}
	admin.See("All is in order")
	mark(admin)
	h.forget()
	h.write("roster.yaml", fmt.Sprintf(houseRoster, joiners))
	<-h.rounds
	admin.See("6 series would be booked")
	h.marked(admin)
	admin.Shot("story-held")
	h.walk(map[string]*browser.Page{"mia": mia, "raj": raj, "admin": admin})
	admin.Go(h.url + "/admin")
	h.forget()
	admin.Follow("Let it through")
	admin.See("Allowed: the next round does it")
	if r := <-h.rounds; len(r.Applied) != 6 || h.uid("tom", "ida") == "" {
		t.Errorf("%d are written", len(r.Applied))
	}
	admin.Follow("Sign out")
	admin.See("You are signed out")
}

// theirs are the proposed times as the other of the two reads them: on the other clock.
func theirs(names []string) (out []string) {
	for _, n := range names {
		m := regexp.MustCompile(`^(.*) (\d\d:\d\d) \((\d\d:\d\d) in Kolkata\) instead$`).FindStringSubmatch(n)
		if m == nil {
			return []string{"not two clocks: " + n}
		}
		out = append(out, fmt.Sprintf("%s %s (%s in Berlin) instead", m[1], m[3], m[2]))
	}
	return out
}

// stands is when the meeting of that original start begins; zero where it is cancelled.
func (h *house) stands(uid string, booked time.Time) time.Time {
	h.Helper()
	e, err := h.person("mia").Event(h.Context(), uid)
	h.must(err)
	for _, o := range e.Overrides {
		if o.Original.Equal(booked) && !o.Cancelled {
			return o.Start
		}
	}
	return time.Time{}
}

// mailed waits for the mail.
func (h *house) mailed(to, first string) {
	h.Helper()
	for range 300 {
		if slices.ContainsFunc(h.mail.Arrived(), func(m memory.Arrived) bool {
			return m.To == to && strings.HasPrefix(m.Text, first)
		}) {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	h.Errorf("%s got no such mail", to)
}

// addresses are all that there is to see, for those whom it is for.
var addresses = map[string][]string{
	"mia":   {"/", "/pairs/mia/raj", "/me", "/me?week=2026-12-14", "/admin"},
	"raj":   {"/", "/pairs/mia/raj", "/me"},
	"admin": {"/admin", "/admin/plan", "/admin/pairs", "/admin/calendars", "/pairs/mia/raj"},
}

// walk looks at every page in every way. Who may not see a page is told that there is none.
func (h *house) walk(pages map[string]*browser.Page) {
	looks := map[string]browser.Look{
		"light":  {},
		"dark":   {Dark: true},
		"large":  {Zoom: 2},
		"narrow": {Width: 360, Height: 800, Dark: true},
		"paper":  {Print: true, Width: 800},
	}
	opened := map[string]bool{}
	for who, p := range pages {
		for _, path := range addresses[who] {
			p.Look(browser.Look{})
			none := (who == "admin") != strings.HasPrefix(path, "/admin")
			status := p.Go(h.url + path)
			if (status == http.StatusNotFound) != none || status != http.StatusOK && !none {
				h.Errorf("%s at %s is answered with %d", who, path, status)
			}
			if none {
				p.Expect("404")
			}
			if p.Count("#part-banner .note") > 0 {
				h.Errorf("%s at %s is warned: %s", who, path, p.Text("#part-banner"))
			}
			if none && who != "admin" { // it is the same page for everybody
				continue
			}
			// What can be opened is looked at as well, once: it is much.
			if page, _, _ := strings.Cut(path, "?"); !opened[page] {
				opened[page] = true
				browser.Eval[bool](p, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
			}
			for name, l := range looks {
				p.Look(l)
				name = who + strings.NewReplacer("/", "-", "?", "-").Replace(path) + " " + name
				if !l.Print && l.Width == 0 {
					p.Accessible(name)
				}
				if p.Wide() {
					h.Errorf("%s has to be scrolled sideways", name)
				}
				p.Shot(name)
			}
		}
		p.Look(browser.Look{})
	}
}
