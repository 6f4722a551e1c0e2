package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
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
	if p.page, err = a.pages(q); err != nil {
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
