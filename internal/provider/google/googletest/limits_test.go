package googletest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestB34Quotas(t *testing.T) {
	w := open(t, func(o *Options) { o.Quota = Quota{PerUser: 4, PerProject: 100} })
	id := text(w.insert1(mia, single()), "id")
	w.patch(mia, id, object{"summary": "x"}) // three units
	e := w.call(mia, "GET", cal, nil).wrong(403, "userRateLimitExceeded")
	if e["domain"] != "usageLimits" {
		t.Errorf("%v", e)
	}
	w.call(raj, "GET", cal, nil).ok()                  // another user
	w.call(mia, "GET", cal+"?quotaUser=abc", nil).ok() // charged to another
	w.call(mia, "GET", cal, nil, "X-Goog-Quota-User", "def").ok()
	w.at = w.at.Add(59 * time.Second)
	w.call(mia, "GET", cal, nil).wrong(403, "userRateLimitExceeded")
	w.at = w.at.Add(time.Second) // the window slides
	w.call(mia, "GET", cal, nil).ok()

	// All users of a service account without quotaUser are one.
	w.SetQuota(Quota{PerUser: 2})
	for _, u := range []string{mia, raj} {
		if err := w.signed(u); err != nil {
			t.Fatal(err)
		}
		w.call(u, "GET", cal, nil).ok()
	}
	w.call(mia, "GET", cal, nil).wrong(403, "userRateLimitExceeded")
	w.call(mia, "GET", cal+"?quotaUser=mia", nil).ok()

	w.SetQuota(Quota{PerProject: 1, Status: 429, RetryAfter: 30 * time.Second})
	a := w.call(lee, "GET", cal, nil)
	if a.wrong(429, "rateLimitExceeded"); a.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	w.SetQuota(Quota{PerProject: 1})
	a = w.call(lee, "GET", cal, nil)
	if a.wrong(403, "rateLimitExceeded"); a.header.Get("Retry-After") != "" {
		t.Error("a Retry-After that nobody asked for")
	}
	w.SetQuota(Quota{})
	w.FailNth("calendar.events.insert", 1, Fault{Status: 403, Reason: "quotaExceeded"})
	e = w.call(lee, "POST", cal, single()).wrong(403, "quotaExceeded")
	if e["message"] != "Calendar usage limits exceeded." {
		t.Errorf("%v", e)
	}
	if n := w.Requests()[1].Units; n != 3 {
		t.Errorf("a patch costs %d", n)
	}
}

func TestB35FaultsOfTheNthCall(t *testing.T) {
	w := open(t)
	put := func(id string) reply { return w.call(mia, "POST", cal, single(object{"id": id})) }
	w.FailNth("calendar.events.insert", 2, Fault{Status: 503, RetryAfter: 7})
	put("first").ok()
	w.call(mia, "GET", cal, nil).ok()
	a := put("tries")
	if a.wrong(503, "backendError"); a.header.Get("Retry-After") != "7" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	put("tries").ok() // it was not done
	w.FailNth("", 1, Fault{Status: 500, After: true})
	put("third").wrong(500, "backendError")
	put("third").wrong(409, "duplicate") // it was

	lost := func(f Fault, id string) {
		t.Helper()
		w.FailNth("calendar.events.insert", 1, f)
		r, err := http.NewRequest("POST", w.Base()+cal, strings.NewReader(fmt.Sprintf(`{"id":%q,"start":{"date":"2026-12-01"},"end":{"date":"2026-12-02"}}`, id)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.as(mia))
		if res, err := http.DefaultClient.Do(r); err == nil {
			res.Body.Close()
			t.Errorf("an answer of %d where the connection is to be lost", res.StatusCode)
		}
	}
	lost(Fault{DropAfterCommit: true}, "drops")
	put("drops").wrong(409, "duplicate")
	lost(Fault{Drop: true}, "never")
	put("never").ok()

	w.FailNth("calendar.events.list", 1, Fault{TruncateJSON: true})
	if _, body := w.text("GET", cal); strings.HasSuffix(body, "}") || !strings.HasPrefix(body, "{") {
		t.Errorf("not cut: %q", body)
	}
	w.FailNth("calendar.events.list", 1, Fault{HTML: true})
	if kind, body := w.text("GET", cal); kind != "text/html; charset=UTF-8" || !strings.HasPrefix(body, "<") {
		t.Errorf("%s %q", kind, body)
	}
	slow, arrived := make(chan struct{}), make(chan struct{})
	w.FailNth("calendar.events.list", 1, Fault{Slow: slow, Arrived: arrived})
	done := make(chan string)
	go func() { _, body := w.text("GET", cal); done <- body }()
	<-arrived
	select {
	case <-done:
		t.Error("an answer though it is slow")
	default:
	}
	w.call(mia, "GET", cal, nil).ok() // others go on
	close(slow)
	if body := <-done; !strings.Contains(body, "calendar#events") {
		t.Errorf("late: %q", body)
	}
	w.SetFaults(Faults{Every: map[string]Fault{"": {Status: 500}}})
	w.call(mia, "GET", cal, nil).wrong(500, "backendError")
	w.call(raj, "GET", cal, nil).wrong(500, "backendError")
	w.SetFaults(Faults{})
	w.call(mia, "GET", cal, nil).ok()
}

func TestB36EmptyList(t *testing.T) {
	w := open(t)
	w.insert1(mia, single())
	w.FailNth("calendar.events.list", 1, Fault{EmptyList: true})
	items, token := w.list(mia)
	if len(items) != 0 || token == "" {
		t.Errorf("%d items", len(items))
	}
	if items, _ = w.list(mia); len(items) != 1 {
		t.Errorf("then %d items", len(items))
	}
}
