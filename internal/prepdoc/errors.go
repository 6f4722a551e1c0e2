package prepdoc

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
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"holdfast/internal/provider"
)

// code is an answer of Google that is no success, told without any of its text: that may hold names, links and what people
// wrote.
type code struct {
	status int
	reason string // a word of Google's, such as notFound; "" if none was told
	quota  bool   // too many requests: it passes by itself
}

func (c code) Error() string {
	if c.reason == "" {
		return fmt.Sprintf("HTTP %d", c.status)
	}
	return fmt.Sprintf("HTTP %d %s", c.status, c.reason)
}

// seeTemplate is what to do about a template or folder that is not to be seen.
const seeTemplate = "share template and folder with the managers; by the scope drive.file Holdfast sees only what it made or was given: to copy a template that a person made " +
	"it needs `drive_scope: drive` at the calendar in holdfast.yaml, and the scope " + AllScope + " granted"

// grant is what to do about a scope that is missing.
const grant = "grant the scope of drive_scope (" + Scope + " unless it says otherwise): in the Workspace admin console for a service account, else by `holdfast auth google` and the manager's id"

var word = regexp.MustCompile(`^[A-Za-z_]{1,64}$`)

// busy are the reasons of a 403 that passes by itself.
var busy = []string{"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "sharingRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}

// hints tell what to do about a reason.
var hints = map[string]string{
	"invalidSharingRequest":           "the report's address has no Google account: give another in the roster, or a prep_doc of another kind",
	"storageQuotaExceeded":            "the manager's Drive is full",
	"accessNotConfigured":             "enable the Google Drive API and the Google Docs API in the Cloud project",
	"SERVICE_DISABLED":                "enable the Google Drive API and the Google Docs API in the Cloud project",
	"insufficientPermissions":         grant,
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": grant,
	"appNotAuthorizedToFile":          seeTemplate,
	"cannotCopyFile":                  "let the managers copy the template: share it with them and allow copies",
}

// failure is err as a provider.Error that carries no text of any document.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	if e := (*provider.Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("prep doc: %s: %w", op, e) // without what is around it: the URL holds the document's id
	}
	out := &provider.Error{Op: "prep doc: " + op, Kind: provider.Transient}
	var (
		answer *googleapi.Error
		token  *oauth2.RetrieveError
		syntax *json.SyntaxError
		typ    *json.UnmarshalTypeError
		sent   *url.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		out.Err = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		out.Err = context.DeadlineExceeded
	case errors.As(err, &token):
		out.Err = errors.New("no access token")
		if token.Response != nil && token.Response.StatusCode < 500 {
			out.Kind, out.Hint = provider.Auth, "connect the manager again: holdfast auth google, or check the delegation in the Admin console"
		}
	case errors.As(err, &answer):
		c := codeOf(answer)
		out.Err, out.Kind, out.Hint = c, c.kind(), hints[c.reason]
		if n, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && n > 0 && out.Kind == provider.Transient {
			out.RetryAfter = time.Duration(n) * time.Second
		}
	case errors.As(err, &syntax) || errors.As(err, &typ) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		out.Err = errors.New("the answer was cut off or is not Google's")
	case errors.As(err, &sent):
		out.Err = sent.Err // without the URL, which holds the document's id
	default:
		out.Err = fmt.Errorf("failed with %T", err)
	}
	return out
}

// codeOf finds the reason: Drive tells it among the errors, Docs among the details.
func codeOf(answer *googleapi.Error) code {
	var body struct {
		Error struct {
			Errors  []struct{ Domain, Reason string }
			Details []struct{ Reason string }
		}
	}
	c := code{status: answer.Code}
	_ = json.Unmarshal([]byte(answer.Body), &body) // a proxy's page has no reason
	for _, e := range body.Error.Errors {
		c.reason, c.quota = e.Reason, c.quota || e.Domain == "usageLimits"
	}
	for _, d := range body.Error.Details {
		c.reason = cmp.Or(d.Reason, c.reason)
	}
	if !word.MatchString(c.reason) {
		c.reason = ""
	}
	// The domain stays where Google changes its words, but this one has to be set right by a person.
	c.quota = (c.quota || slices.Contains(busy, c.reason)) && c.reason != "accessNotConfigured"
	return c
}

func (c code) kind() provider.Kind {
	switch {
	case c.status == http.StatusUnauthorized, c.status == http.StatusForbidden && c.reason != "storageQuotaExceeded" && !c.quota:
		return provider.Auth
	case c.status == http.StatusForbidden && c.quota, c.status == http.StatusRequestTimeout, c.status == http.StatusTooManyRequests, c.status >= 500:
		return provider.Transient
	case c.status == http.StatusConflict, c.status == http.StatusPreconditionFailed:
		return provider.Conflict
	}
	return provider.Permanent
}

// status is the HTTP status and reason that err came with, 0 if it is of another nature.
func status(err error) (int, string) {
	if c := (code{}); errors.As(err, &c) {
		return c.status, c.reason
	}
	return 0, ""
}
