package google_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// body is an error as Google answers it.
func body(code int, domain, reason string) string {
	return fmt.Sprintf(`{"error":{"errors":[{"domain":%q,"reason":%q,"message":"Words that change."}],"code":%d,"message":"Words that change."}}`, domain, reason, code)
}

func TestErrors(t *testing.T) {
	soon := begin.Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, test := range []struct {
		code        int
		domain      string
		reason      string
		after       string // Retry-After
		kind        provider.Kind
		hint        string
		wait        time.Duration
		text        string // instead of domain and reason
		contentType string
	}{
		{code: 400, domain: "global", reason: "invalid", kind: provider.Permanent},
		{code: 400, domain: "calendar", reason: "timeRangeEmpty", kind: provider.Permanent},
		{code: 401, domain: "global", reason: "authError", kind: provider.Auth, hint: "holdfast auth google"},
		{code: 403, domain: "usageLimits", reason: "rateLimitExceeded", kind: provider.Transient},
		{code: 403, domain: "usageLimits", reason: "userRateLimitExceeded", after: "7", kind: provider.Transient, wait: 7 * time.Second},
		{code: 403, domain: "usageLimits", reason: "a reason of next year", kind: provider.Transient},
		{code: 403, text: `{"error":{"code":403,"errors":[{"domain":"usageLimits","reason":"\u001b[2J hotel"}]}}`, kind: provider.Transient},
		{code: 403, domain: "usageLimits", reason: "quotaExceeded", kind: provider.Transient, wait: time.Hour, hint: "quota"},
		{code: 403, domain: "usageLimits", reason: "accessNotConfigured", kind: provider.Auth, hint: "turn on the Google Calendar API"},
		{code: 403, domain: "calendar", reason: "forbiddenForNonOrganizer", kind: provider.Permanent, hint: "organizer"},
		{code: 403, domain: "calendar", reason: "forbiddenForServiceAccounts", kind: provider.Auth, hint: "delegation"},
		{code: 403, domain: "calendar", reason: "requiredAccessLevel", kind: provider.Auth, hint: "may not do this"},
		{code: 403, domain: "calendar", reason: "notACalendarUser", kind: provider.Permanent, hint: "no Google Calendar"},
		{code: 403, domain: "global", reason: "insufficientPermissions", kind: provider.Auth, hint: google.Scope},
		{code: 403, text: `{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"x","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}`, kind: provider.Auth, hint: google.Scope},
		{code: 404, domain: "global", reason: "notFound", kind: provider.Permanent, hint: "address"},
		{code: 409, domain: "global", reason: "conflict", kind: provider.Conflict},
		{code: 410, domain: "calendar", reason: "fullSyncRequired", kind: provider.Permanent},
		{code: 412, domain: "global", reason: "conditionNotMet", kind: provider.Conflict},
		{code: 429, domain: "usageLimits", reason: "rateLimitExceeded", after: soon, kind: provider.Transient, wait: 90 * time.Second},
		{code: 429, text: "slow down", contentType: "text/plain", after: "-3", kind: provider.Transient},
		{code: 500, domain: "global", reason: "backendError", kind: provider.Transient},
		{code: 502, text: "<html>Bad Gateway</html>", contentType: "text/html", kind: provider.Transient},
		{code: 503, domain: "global", reason: "backendError", after: "nonsense", kind: provider.Transient},
		{code: 200, text: `{"items":[{"id":"x"`, kind: provider.Transient, hint: "cut off"},
		{code: 200, text: "<html>Sign in to the hotel</html>", contentType: "text/html", kind: provider.Transient, hint: "none of Google's"},
	} {
		t.Run(fmt.Sprint(test.code, " ", test.reason), func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.after != "" {
					w.Header().Set("Retry-After", test.after)
				}
				w.WriteHeader(test.code)
				text := test.text
				if text == "" {
					text = body(test.code, test.domain, test.reason)
				}
				_, _ = w.Write([]byte(text))
			}))
			defer srv.Close()
			_, err := calendarAt(t, srv.URL).Observe(t.Context(), series.Packed{}, interest(mia))
			e, ok := err.(*provider.Error)
			if !ok || e.Kind != test.kind || e.Op != "observe" || !strings.Contains(e.Hint, test.hint) || e.RetryAfter != test.wait {
				t.Errorf("%#v, want kind %d, hint %q, after %v", err, test.kind, test.hint, test.wait)
			}
			if strings.Contains(err.Error(), "Words that change") || strings.Contains(err.Error(), "hotel") {
				t.Errorf("the error repeats what was answered: %v", err)
			}
		})
	}
}

// calendarAt is mia's at a server that is no double.
func calendarAt(t *testing.T, url string) *google.Calendar {
	c, err := google.New(google.Options{Endpoint: url, Clock: func() time.Time { return begin }}).Open(google.Account{Owner: mia, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNobodyThere(t *testing.T) {
	_, err := calendarAt(t, providertest.Refused(t)).Create(t.Context(), wish())
	if provider.KindOf(err) != provider.Transient || !strings.Contains(provider.HintOf(err), "reached") {
		t.Errorf("%v of kind %d, hint %q", err, provider.KindOf(err), provider.HintOf(err))
	}
}

// Every request is counted for the person, under a name that tells nothing.
func TestQuotaUser(t *testing.T) {
	users := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		users[r.URL.Query().Get("quotaUser")] = true
		http.Error(w, body(404, "global", "notFound"), http.StatusNotFound)
	}))
	defer srv.Close()
	c := calendarAt(t, srv.URL)
	_, _ = c.Observe(t.Context(), series.Packed{}, interest(mia))
	_, _ = c.Create(t.Context(), wish())
	_, _ = c.Update(t.Context(), series.Ref{ID: "x"}, series.Patch{})
	_, _ = c.Answer(t.Context(), series.Ref{ID: "x"}, raj.Email, nil)
	if len(users) != 1 {
		t.Errorf("counted for %v", users)
	}
	for u := range users {
		if len(u) == 0 || len(u) > 40 || strings.Contains(u, "mia") {
			t.Errorf("counted for %q", u)
		}
	}
}

// The budgets hold back what would go over them, and give up at once where the caller's time would not do.
func TestBudget(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		_, _ = w.Write([]byte(`{"items":[],"nextSyncToken":"x"}`))
	}))
	defer srv.Close()
	p := google.New(google.Options{Endpoint: srv.URL, Clock: func() time.Time { return begin }, Budget: google.Budget{Project: 6, User: 600}})
	for i := range 5 {
		c, err := p.Open(google.Account{Owner: series.Person{ID: fmt.Sprint("p", i)}, HTTP: http.DefaultClient})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err = c.Observe(ctx, series.Packed{}, interest(mia))
		cancel()
		if want := i >= 3; (err != nil) != want || want && provider.KindOf(err) != provider.Transient {
			t.Errorf("calendar %d: %v", i, err)
		}
	}
	if n != 3 {
		t.Errorf("%d requests went out, want 3", n)
	}
}

// An API that is not enabled yet, or a calendar that may not be used, is no reason to go slower once it is.
func TestOnlyTheRefusalsOfAPaceSlowDown(t *testing.T) {
	const off = `{"error":{"code":403,"status":"PERMISSION_DENIED",` +
		`"errors":[{"domain":"usageLimits","reason":"forbidden"}],` +
		`"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}`
	for name, test := range map[string]struct {
		answer string
		slower bool
	}{
		"API not enabled":            {answer: body(403, "usageLimits", "accessNotConfigured")},
		"API not enabled, newer":     {answer: off},
		"used up for the day":        {answer: body(403, "usageLimits", "quotaExceeded")},
		"no rights":                  {answer: body(403, "calendar", "requiredAccessLevel")},
		"too fast":                   {answer: body(403, "usageLimits", "rateLimitExceeded"), slower: true},
		"too fast, in another word":  {answer: body(403, "usageLimits", "aReasonOfNextYear"), slower: true},
		"too fast, the person alone": {answer: body(403, "usageLimits", "userRateLimitExceeded"), slower: true},
	} {
		t.Run(name, func(t *testing.T) {
			refusing, at := true, begin
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if refusing {
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte(test.answer))
					return
				}
				_, _ = w.Write([]byte(`{"items":[],"nextSyncToken":"x"}`))
			}))
			defer srv.Close()
			p := google.New(google.Options{
				Endpoint: srv.URL,
				Clock:    func() time.Time { at = at.Add(2 * time.Second); return at },
				Budget:   google.Budget{Project: 600, User: 600},
			})
			c, err := p.Open(google.Account{Owner: mia, HTTP: http.DefaultClient})
			if err != nil {
				t.Fatal(err)
			}
			// At the slowest pace the fourth request would wait for two seconds: with less time than that it fails at once.
			ask := func() (held bool) {
				ctx, cancel := context.WithTimeout(t.Context(), 1900*time.Millisecond)
				defer cancel()
				for range 5 {
					_, err := c.Observe(ctx, series.Packed{}, interest(mia))
					held = held || err != nil && strings.Contains(err.Error(), "quota")
				}
				return held
			}
			for range 3 {
				ask()
			}
			refusing = false
			if slower := ask(); slower != test.slower {
				t.Errorf("held back: %v, want %v", slower, test.slower)
			}
		})
	}
}
