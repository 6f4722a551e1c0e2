package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/deed"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/provider/caldav/caldavtest"
)

// post is a branch whose people have mail, at a clock that the test moves.
type post struct {
	*testing.T
	a    *App
	now  time.Time
	mail *memory.Channel
	ops  *memory.Channel
	p00  caldavtest.Person // the manager
	page http.Handler
	seen int
}

func newPost(t *testing.T) *post {
	p := &post{T: t, now: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC), mail: memory.New(), ops: memory.New()}
	clock := func() time.Time { return p.now }
	server, a, _ := branchThat(t, 2, clock, `,
		notify: {mail: {smtp: "smtp://127.0.0.1:25", from: holdfast@example.com}, admins: [it@example.com]},
		web: {url: "https://h.example.com/one"}`, map[string]channel.Sender{mail: p.mail})
	q, err := NewQueue(t.Context(), a.Settings.Database, a, QueueOptions{Poll: time.Hour, Watch: time.Hour, Clock: clock,
		Trouble: func(err error) {
			if err != nil {
				t.Error(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	var behind sync.WaitGroup
	t.Cleanup(behind.Wait)
	if p.page, err = a.pages(t.Context(), q, &behind); err != nil {
		t.Fatal(err)
	}
	p.a = a
	p.p00 = caldavtest.Person{Base: "http://dav.test", User: "p00", Password: "pw", HTTP: &http.Client{Transport: server}}
	return p
}

// pass lets so much time pass: a round every five minutes, and what is due in between is sent.
func (p *post) pass(d time.Duration) {
	p.Helper()
	for end := p.now.Add(d); p.now.Before(end); p.now = p.now.Add(5 * time.Minute) {
		if err := p.a.Round(p.Context(), "poll"); err != nil {
			p.Fatal(err)
		}
		var due []outbox.Job
		due, _ = p.a.Notices(p.Context())
		for _, j := range due {
			if again := p.a.Send(p.Context(), j); again != 0 {
				p.Errorf("%+v is not sent", j)
			}
		}
	}
}

// mails are those that came since the last look: to whom, and the first lines.
func (p *post) mails() (out []memory.Arrived) {
	all := p.mail.Arrived()
	out, p.seen = all[p.seen:], len(all)
	return out
}

func to(all []memory.Arrived) string {
	var out []string
	for _, m := range all {
		first, _, _ := strings.Cut(m.Text, "\n")
		out = append(out, m.To+": "+first)
	}
	return strings.Join(out, "\n")
}

func (p *post) open(method, link string) (status int, body string) {
	p.Helper()
	r := httptest.NewRequest(method, link, nil)
	w := httptest.NewRecorder()
	p.page.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// A meeting that its manager cancels is told to the report, who takes one of the proposed times by the link in the
// mail; both hear of that, and it can be taken back.
func TestLinkInAMail(t *testing.T) {
	p := newPost(t)
	p.pass(30 * time.Minute)
	if got := to(p.mails()); got != "p00@example.com: You have one 1:1 this week: Tue 1 Dec 10:00 with p01.\n"+
		"it@example.com: Holdfast has begun to look after 1 pair. It found 0 differences, of which nobody was told: "+
		"see `holdfast flags`." {
		t.Errorf("after the first round: %s", got)
	}
	events, err := p.p00.Events(t.Context())
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	uid := events[0].UID
	booked := time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC) // Tue 10:00 in Berlin
	if err := p.p00.Cancel(t.Context(), uid, booked); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	told := p.mails()
	if len(told) != 1 || told[0].To != "p01@example.com" || told[0].ReplyTo != "p00@example.com" ||
		!strings.Contains(told[0].Text, "Tue 8 Dec with p00 was cancelled") {
		t.Fatalf("%+v", told)
	}
	links := regexp.MustCompile(`https://h\.example\.com/one/act/[\w-]+`).FindAllString(told[0].Text, -1)
	if len(links) < 2 {
		t.Fatalf("links: %q in\n%s", links, told[0].Text)
	}
	for range 2 {
		if status, body := p.open("GET", links[0]); status != 200 || !strings.Contains(body, "instead?") ||
			strings.Count(body, "<button") != 1 {
			t.Fatal(status, body)
		}
	}
	status, body := p.open("POST", links[0])
	if status != 200 || !strings.Contains(body, "You meet p00 on") {
		t.Fatal(status, body)
	}
	if got := p.stands(uid, booked); got.Equal(booked) || got.IsZero() {
		t.Errorf("the meeting begins %v", got)
	}
	if status, again := p.open("POST", links[0]); status != 200 || !strings.Contains(again, "used before") {
		t.Error(status, again)
	}
	p.pass(time.Hour)
	if got := to(p.mails()); !strings.Contains(got, "p00@example.com: Your 1:1 of Tue 8 Dec is on ") ||
		!strings.Contains(got, "p01@example.com: ") {
		t.Errorf("after the link: %s", got)
	}
	undo := regexp.MustCompile(`/one/act/[\w-]+`).FindString(body)
	status, body = p.open("POST", "https://h.example.com"+undo)
	if status != 200 || !strings.Contains(body, "taken back") {
		t.Fatal(status, body)
	}
	if got := p.stands(uid, booked); !got.IsZero() {
		t.Errorf("the meeting begins %v", got)
	}
	if status, body := p.open("POST", links[1]); status != 200 || !strings.Contains(body, "You meet p00 on") {
		t.Error(status, body)
	}
	if got, want := p.deeds(), "p01 rebook done, p01 undo done, p01 rebook done"; got != want {
		t.Errorf("recorded: %s, want %s", got, want)
	}
}

// deeds are what is recorded that people did by links.
func (p *post) deeds() string {
	p.Helper()
	all, err := p.a.Store.Deeds(p.Context(), "p00/p01", time.Time{})
	if err != nil {
		p.Fatal(err)
	}
	var out []string
	for _, d := range all {
		if d.From != deed.Link || d.At.After(p.now) {
			p.Errorf("%+v", d)
		}
		out = append(out, d.Who+" "+string(d.Kind)+" "+string(d.Result))
	}
	return strings.Join(out, ", ")
}

// Who says by the link that they have seen it is told no more of it, and alone can take that back; the other hears that
// it was seen.
func TestAcknowledgingByALink(t *testing.T) {
	p := newPost(t)
	p.pass(30 * time.Minute)
	p.mails()
	events, err := p.p00.Events(t.Context())
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	booked := time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC)
	if err := p.p00.Cancel(t.Context(), events[0].UID, booked); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	told := p.mails()
	links := regexp.MustCompile(`I have seen this: (https://h\.example\.com/one/act/[\w-]+)`).
		FindStringSubmatch(told[0].Text)
	if links == nil {
		t.Fatal(told[0].Text)
	}
	pages, leave := p.a.hub.Subscribe("p00", false)
	defer leave()
	status, body := p.open("POST", links[1])
	undo := regexp.MustCompile(`/one/act/[\w-]+`).FindString(body)
	if status != 200 || !strings.Contains(body, "Thank you") || undo == "" {
		t.Fatal(status, body)
	}
	select {
	case <-pages:
	default:
		t.Error("an open page hears of it with the next round only")
	}
	p.pass(time.Hour)
	heard := p.mails()
	if len(heard) != 2 {
		t.Fatalf("%s", to(heard))
	}
	for _, m := range heard {
		seen := map[string]string{"p00@example.com": "P01 said that they have seen this", "p01@example.com": "You said"}[m.To]
		if !strings.HasPrefix(m.Text, seen) || strings.Contains(m.Text, "/act/") != (m.To == "p01@example.com") {
			t.Errorf("to %s: %s", m.To, m.Text)
		}
	}
	by := func(want string) {
		t.Helper()
		flags, err := p.a.Store.Flags(t.Context(), false)
		if err != nil || len(flags) != 1 || strings.Join(flags[0].Acknowledged, " ") != want {
			t.Errorf("acknowledged: %+v, %v, want by %q", flags, err, want)
		}
	}
	by("p01")
	status, body = p.open("POST", "https://h.example.com"+undo)
	if status != 200 || !strings.Contains(body, "taken back") {
		t.Error(status, body)
	}
	by("")
	if got, want := p.deeds(), "p01 acknowledge done, p01 unacknowledge done"; got != want {
		t.Errorf("recorded: %s, want %s", got, want)
	}
}

// What the report asks, the manager is told, with what it is about; the report is not.
func TestTheReportAsks(t *testing.T) {
	p := newPost(t)
	p.pass(30 * time.Minute)
	events, err := p.p00.Events(t.Context())
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	// It is in the manager's own calendar: of that alone they are not told.
	booked := time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC)
	if err := p.p00.Cancel(t.Context(), events[0].UID, booked); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	p.mails()
	look, err := p.a.Reconciler.LookAtFlags(t.Context(), "")
	if err != nil || len(look.Flags) != 1 {
		t.Fatal(look.Flags, err)
	}
	did, err := p.a.acts().Do(t.Context(), act.Actor{Person: "p01", From: act.Page}, act.Request{
		Deed:  act.AskRestore,
		Pair:  look.Flags[0].Pair,
		Shown: act.ShownOf(look.Flags[0].Flag),
	})
	if err != nil || did.Came != deed.Done {
		t.Fatal(did, err)
	}
	p.pass(time.Hour)
	const want = "p00@example.com: p01 asks you to put this back as it was: Tue 8 Dec with p01 was cancelled."
	if got := to(p.mails()); got != want {
		t.Errorf("told: %s\nwant: %s", got, want)
	}
	p.pass(time.Hour)
	if got := to(p.mails()); got != "" {
		t.Errorf("told again: %s", got)
	}
	did, err = p.a.acts().Do(t.Context(), act.Actor{Person: "p00", From: act.Page}, act.Request{
		Deed:       act.RestoreOne,
		Pair:       look.Flags[0].Pair,
		Occurrence: look.Flags[0].Occurrence,
	})
	if err != nil || did.Came != deed.Done {
		t.Fatal(did, err)
	}
	p.pass(5 * time.Minute)
	matters, err := p.a.Store.Matters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matters {
		if m.Kind == notify.Ask && !m.Closed {
			t.Errorf("still asked: %+v", m)
		}
	}
}

// Who has seen it before they could be told is not told.
func TestAcknowledgedBeforeItIsTold(t *testing.T) {
	p := newPost(t)
	p.pass(30 * time.Minute)
	p.mails()
	events, err := p.p00.Events(t.Context())
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	booked := time.Date(2026, time.December, 8, 9, 0, 0, 0, time.UTC)
	if err := p.p00.Cancel(t.Context(), events[0].UID, booked); err != nil {
		t.Fatal(err)
	}
	p.pass(5 * time.Minute)
	look, err := p.a.Reconciler.LookAtFlags(t.Context(), "")
	if err != nil || len(look.Flags) != 1 {
		t.Fatal(look.Flags, err)
	}
	seen := act.ShownOf(look.Flags[0].Flag)
	if err := p.a.acts().Acknowledge(t.Context(), act.Actor{Person: "p01", From: act.Page}, seen); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	if got := to(p.mails()); got != "" {
		t.Errorf("told: %s", got)
	}
}

// stands is when the meeting of that original start begins; zero where it is cancelled.
func (p *post) stands(uid string, booked time.Time) time.Time {
	p.Helper()
	e, err := p.p00.Event(p.Context(), uid)
	if err != nil {
		p.Fatal(err)
	}
	for _, o := range e.Overrides {
		if o.Original.Equal(booked) && !o.Cancelled {
			return o.Start
		}
	}
	return time.Time{}
}
