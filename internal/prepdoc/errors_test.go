package prepdoc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"holdfast/internal/provider"
)

// Every error has its kind and hint, and nothing of what Google's answer says in words.
func TestFailures(t *testing.T) {
	drive := func(status int, domain, reason string) error {
		body := fmt.Sprintf(`{"error":{"errors":[{"domain":%q,"reason":%q,"message":"private words"}],"code":%d,"message":"private words"}}`, domain, reason, status)
		return answer(t, status, body)
	}
	docs := func(status int, reason string) error {
		return answer(t, status, fmt.Sprintf(`{"error":{"code":%d,"status":"X","message":"private words","details":[{"reason":%q,"metadata":{"x":"private words"}}]}}`, status, reason))
	}
	at := func(err error) error { return &url.Error{Op: "Get", URL: "https://private/words", Err: err} }
	var syntax, typ error = json.Unmarshal([]byte(`{"private words`), new(any)), json.Unmarshal([]byte(`{"Private":"words"}`), new(struct{ Private int }))
	for _, c := range []struct {
		err  error
		kind provider.Kind
		want string
		hint string
	}{
		{drive(401, "global", "authError"), provider.Auth, "HTTP 401 authError", ""},
		{drive(403, "global", "insufficientPermissions"), provider.Auth, "HTTP 403 insufficientPermissions", "scope"},
		{docs(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), provider.Auth, "HTTP 403 ACCESS_TOKEN_SCOPE_INSUFFICIENT", "scope"},
		{drive(403, "usageLimits", "accessNotConfigured"), provider.Auth, "HTTP 403 accessNotConfigured", "enable"},
		{docs(403, "SERVICE_DISABLED"), provider.Auth, "HTTP 403 SERVICE_DISABLED", "enable"},
		{drive(403, "usageLimits", "userRateLimitExceeded"), provider.Transient, "HTTP 403 userRateLimitExceeded", ""},
		{drive(403, "usageLimits", "someNewWord"), provider.Transient, "HTTP 403 someNewWord", ""},
		{drive(403, "global", "storageQuotaExceeded"), provider.Permanent, "HTTP 403 storageQuotaExceeded", "full"},
		{drive(403, "global", "invalidSharingRequest"), provider.Auth, "HTTP 403 invalidSharingRequest", "no Google account"},
		{drive(400, "global", "invalidSharingRequest"), provider.Permanent, "HTTP 400 invalidSharingRequest", "no Google account"},
		{drive(404, "global", "notFound"), provider.Permanent, "HTTP 404 notFound", ""},
		{drive(409, "global", "conflict"), provider.Conflict, "HTTP 409 conflict", ""},
		{docs(429, "RATE_LIMIT_EXCEEDED"), provider.Transient, "HTTP 429 RATE_LIMIT_EXCEEDED", ""},
		{docs(400, "private words"), provider.Permanent, "HTTP 400", ""},
		{drive(500, "global", "backendError"), provider.Transient, "HTTP 500 backendError", ""},
		{answer(t, 502, "<html>private words"), provider.Transient, "HTTP 502", ""},
		{at(io.ErrUnexpectedEOF), provider.Transient, "cut off", ""},
		{syntax, provider.Transient, "cut off", ""},
		{typ, provider.Transient, "cut off", ""},
		{at(errors.New("connection refused")), provider.Transient, "connection refused", ""},
		{errors.New("private words"), provider.Transient, "*errors.errorString", ""},
		{at(context.DeadlineExceeded), provider.Transient, "deadline exceeded", ""},
		{at(&oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, Body: []byte("private words")}), provider.Auth, "no access token", "holdfast auth"},
		{at(&oauth2.RetrieveError{Response: &http.Response{StatusCode: 503}, Body: []byte("private words")}), provider.Transient, "no access token", ""},
		{&provider.Error{Kind: provider.Auth, Op: "sign in", Hint: "as told", Err: errors.New("revoked")}, provider.Auth, "sign in: revoked", "as told"},
		{at(&provider.Error{Kind: provider.Auth, Op: "sign in", Hint: "as told", Err: errors.New("revoked")}), provider.Auth, "sign in: revoked", "as told"},
	} {
		err := failure("look", c.err)
		if provider.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) || !strings.Contains(provider.HintOf(err), c.hint) || c.hint == "" && provider.HintOf(err) != "" {
			t.Errorf("%v: kind %v, %q, hint %q", c.want, provider.KindOf(err), err, provider.HintOf(err))
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if text := strings.ToLower(fmt.Sprintf("%v %+v %#v", e, e, e)); strings.Contains(text, "private") {
				t.Errorf("%s tells %s", c.want, text)
			}
		}
	}
	slow := answer(t, 429, "{}").(*googleapi.Error)
	slow.Header = http.Header{"Retry-After": {"7"}}
	var e *provider.Error
	if !errors.As(failure("look", slow), &e) || e.RetryAfter != 7*time.Second {
		t.Error("Retry-After", e)
	}
	if !errors.Is(failure("look", at(context.Canceled)), context.Canceled) {
		t.Error("a cancelled call does not say so")
	}
	if failure("look", nil) != nil {
		t.Error("nothing is wrong")
	}
}

// answer is what Google's client makes of an HTTP answer.
func answer(t *testing.T, status int, body string) error {
	err := googleapi.CheckResponse(&http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))})
	if err == nil {
		t.Fatal("no error")
	}
	return err
}
