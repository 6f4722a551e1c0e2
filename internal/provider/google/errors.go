package google

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/googleapi"

	"holdfast/internal/provider"
)

// fail makes err the provider's error for op, with its kind and what a person can do about it. Errors that have a kind
// keep it: those of this package as they are, those of the sign-in under the name of op.
func (c *Calendar) fail(op string, err error) error {
	var e *provider.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && error(e) == err:
		return err
	case e != nil:
		return &provider.Error{Kind: e.Kind, Op: op, Hint: e.Hint, RetryAfter: e.RetryAfter, Err: e}
	}
	c.slow(err)
	kind, hint, after := classify(err, c.now())
	if kind == provider.Conflict {
		c.doubt.Store(true)
	}
	return &provider.Error{Kind: kind, Op: op, Hint: hint, RetryAfter: after, Err: plain(err)}
}

// plain is err without the body of the answer, which may tell what is in a calendar, and without the address asked.
func plain(err error) error {
	if a := answerTo(err); a != nil {
		return fmt.Errorf("answered by Google: %d %s (%s)", a.Code, http.StatusText(a.Code), cmp.Or(a.reason, "no reason given"))
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return provider.Reached(u.Err)
	}
	return err
}

// refusal is an answer that is none of 2xx.
type refusal struct {
	*googleapi.Error
	domain, reason string
}

// answerTo is Google's refusal in err; nil if there is none.
func answerTo(err error) *refusal {
	var e *googleapi.Error
	if !errors.As(err, &e) {
		return nil
	}
	r := &refusal{Error: e}
	var body struct {
		Error struct {
			Status string `json:"status"`
			Errors []struct {
				Domain string `json:"domain"`
				Reason string `json:"reason"`
			} `json:"errors"`
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(e.Body), &body) != nil {
		return r // a proxy's page: the code is all there is
	}
	r.reason = body.Error.Status
	if len(body.Error.Errors) > 0 {
		r.domain, r.reason = body.Error.Errors[0].Domain, body.Error.Errors[0].Reason
	}
	for _, d := range body.Error.Details {
		if reason := reasonOf[d.Reason]; reason != "" {
			r.reason = reason
		}
	}
	if !word.MatchString(r.reason) {
		r.reason = ""
	}
	return r
}

// reasonOf are the reasons of google.rpc.ErrorInfo that say more than the one of the answer, by the name that Calendar
// has for them.
var reasonOf = map[string]string{
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": "insufficientPermissions",
	"SERVICE_DISABLED":                "accessNotConfigured",
}

// word is what a reason is; anything else is not repeated.
var word = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// codeOf is the HTTP status of Google's answer in err; 0 where there was none.
func codeOf(err error) int {
	if a := answerTo(err); a != nil {
		return a.Code
	}
	return 0
}

// gone reports whether err says that the event is not there.
func gone(err error) bool {
	return slices.Contains([]int{http.StatusNotFound, http.StatusGone}, codeOf(err))
}

const (
	longPause  = time.Hour // for a quota that does not come back within minutes
	signInHint = "sign in again: holdfast auth google PERSON; with a service account check that its key is not deleted"
)

func classify(err error, now time.Time) (provider.Kind, string, time.Duration) {
	a := answerTo(err)
	switch {
	case errors.Is(err, context.Canceled):
		return provider.Transient, "", 0
	case a != nil:
		return a.classify(now)
	case errors.Is(err, errPartial):
		return provider.Transient, "Google lists less than there is; it is asked again", 0
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*json.SyntaxError)):
		return provider.Transient, "the answer was cut off or is none of Google's: check endpoint, and what stands between here and there", 0
	}
	return provider.Transient, "check that Google can be reached from here", 0
}

func (a *refusal) classify(now time.Time) (provider.Kind, string, time.Duration) {
	switch {
	case strings.HasPrefix(a.reason, "push."):
		return provider.Permanent, "web.url must be an https address that the internet reaches, with a certificate that browsers trust", 0
	case a.Code == http.StatusUnauthorized:
		return provider.Auth, signInHint, 0
	case a.Code == http.StatusTooManyRequests:
		return provider.Transient, "", a.retryAfter(now)
	case a.Code == http.StatusForbidden:
		return a.forbidden(now)
	case a.Code == http.StatusNotFound, a.Code == http.StatusGone:
		return provider.Permanent, "the calendar is not there, or may not be seen: check the person's address, and that they use Google Calendar", 0
	case a.Code == http.StatusConflict, a.Code == http.StatusPreconditionFailed:
		return provider.Conflict, "", 0
	case a.Code == http.StatusRequestTimeout, a.Code >= 500:
		return provider.Transient, "", a.retryAfter(now)
	}
	return provider.Permanent, "", 0
}

// forbidden tells the meanings of 403 apart. Google has changed texts and reasons of quotas before; their domain stays.
func (a *refusal) forbidden(now time.Time) (provider.Kind, string, time.Duration) {
	if slices.Contains(longQuotas, a.reason) {
		const hint = "a quota of Google's is used up: it comes back within hours"
		return provider.Transient, hint, max(a.retryAfter(now), longPause)
	}
	switch a.reason {
	case "accessNotConfigured":
		return provider.Auth, "turn on the Google Calendar API in the Google Cloud console of the project, and wait some minutes", 0
	case "forbiddenForNonOrganizer":
		return provider.Permanent, "only the organizer may change this", 0
	case "forbiddenForServiceAccounts":
		return provider.Auth, "the service account needs domain-wide delegation to invite people: see the README", 0
	case "insufficientPermissions":
		return provider.Auth, "a permission is missing: grant " + Scope + " (in the admin console under domain-wide delegation, or by holdfast auth google PERSON)", 0
	case "notACalendarUser":
		return provider.Permanent, "the person has no Google Calendar: turn it on for them in the admin console", 0
	}
	if a.domain == "usageLimits" || a.reason == "RESOURCE_EXHAUSTED" {
		return provider.Transient, "", a.retryAfter(now)
	}
	return provider.Auth, "the account may not do this: the calendar must be the person's own, and changes to it allowed", 0
}

// retryAfter is the server's wish, in seconds or as a date (RFC 9110 section 10.2.3).
func (a *refusal) retryAfter(now time.Time) time.Duration {
	v := a.Header.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// What somebody who was faster did.
var (
	errVanished = errors.New("the event is not there any more")
	errChanged  = errors.New("the event has another version")
	errBusy     = errors.New("the event was changed while it was written")
	errThere    = errors.New("the event is there again")
)

// conflict is the answer where somebody was faster. That the last look did not see it may be a fault of the listing:
// the next one is a full one.
func (c *Calendar) conflict(op string, err error) error {
	c.doubt.Store(true)
	return &provider.Error{Kind: provider.Conflict, Op: op, Err: err}
}

// permanent is an answer that no repeat changes.
func permanent(op, hint, format string, args ...any) error {
	return &provider.Error{Kind: provider.Permanent, Op: op, Hint: hint, Err: fmt.Errorf(format, args...)}
}
