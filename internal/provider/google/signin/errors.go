package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"holdfast/internal/provider"
)

const op = "sign in"

// needed is an error that somebody must act on.
func needed(hint, format string, args ...any) error {
	return &provider.Error{Kind: provider.Auth, Op: op, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// who is whom a failed sign-in concerns, in the words of hints.
type who struct {
	person  string // id
	again   string // what gives a new sign-in
	client  string // client id, as the admin console wants it
	scopes  []string
	service bool // a service account, not a person's consent
}

// explain makes the failure of a token call an error with a hint. Google answers the errors of RFC 6749 section 5.2 and
// some of its own; for service accounts the code is in the body alone.
func explain(err error, w who) error {
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) {
		if e := (*provider.Error)(nil); errors.As(err, &e) {
			return err
		}
		return &provider.Error{Kind: provider.Transient, Op: op, Hint: "check that the token server can be reached from here", Err: err}
	}
	code, text := r.ErrorCode, r.ErrorDescription
	if code == "" {
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(r.Body, &body) // a proxy's page has no code
		code, text = body.Error, body.Description
	}
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	// Google's own description is the only thing that tells some causes apart, also those that no hint knows yet.
	told := fmt.Errorf("answered by Google: %d %s", status, printable(code, 80))
	if text != "" {
		told = fmt.Errorf("%w: %s", told, printable(text, 240))
	}
	if status >= 500 || status == http.StatusTooManyRequests || code == "temporarily_unavailable" || code == "internal_failure" {
		return &provider.Error{Kind: provider.Transient, Op: op, Err: told}
	}
	if hint := w.hint(code, text); hint != "" {
		return &provider.Error{Kind: provider.Auth, Op: op, Hint: hint, Err: told}
	}
	return &provider.Error{Kind: provider.Auth, Op: op, Hint: w.again, Err: told}
}

// hint is what to do about an error code of Google's; "" where a new sign-in is all there is to try.
func (w who) hint(code, text string) string {
	has := func(part string) bool { return strings.Contains(strings.ToLower(text), part) }
	switch {
	case code == "invalid_grant" && (has("reasonable timeframe") || has("iat and exp")):
		return "set this machine's clock: it is minutes off, and Google takes nothing signed by it (turn on NTP)"
	case code == "invalid_grant" && (has("invalid email or user id") || has("not a valid email")):
		return "check the email of person " + w.person + " in the roster: Google knows no user of that address in the organization"
	case (code == "invalid_grant" || code == "account_deleted") && has("deleted"):
		return "the Google account of person " + w.person + " was deleted: take the person out of the roster, " +
			"or restore the account in the Google admin console under Directory, Users"
	case (code == "invalid_grant" || code == "account_disabled") && (has("disabled") || has("suspended")):
		return "the Google account of person " + w.person + " is suspended: reactivate it in the Google admin console " +
			"under Directory, Users, or take the person out of the roster"
	case code == "invalid_grant" && w.service && has("account not found"):
		return "the service account itself is not there any more: make another one in the Google Cloud console, " +
			"delegate to it, and put its key where service_account_file says"
	case code == "invalid_grant" && w.service && has("signature"):
		return "make a new key for the service account in the Google Cloud console, and put it where " +
			"service_account_file says: this one was deleted or disabled"
	case code == "invalid_grant" && w.service && has("audience"):
		return "download the key file anew from the Google Cloud console: " +
			"its token_uri is not the address that it was asked at"
	case code == "invalid_grant" && w.service:
		return "see Google's description; check, in the Google admin console, that the account of person " + w.person +
			" is active, and in the Google Cloud console that the service account and its key are enabled"
	case code == "invalid_grant":
		return w.again + "; the consent was withdrawn, is six months unused, or the consent screen is still in testing, " +
			"where it lasts 7 days: publish it"
	case w.service && (code == "unauthorized_client" || code == "access_denied" || code == "invalid_scope"):
		return "in the Google admin console (Security, API controls, Domain-wide delegation) give client " + w.client +
			" exactly these scopes, and wait some minutes: " + strings.Join(w.scopes, ",")
	case code == "admin_policy_enforced" || code == "access_denied" && has("admin"):
		return "the organization's admin blocks this app: have it trusted in the Google admin console under Security, API controls, App access control"
	case code == "invalid_client", code == "deleted_client", code == "disabled_client", code == "unauthorized_client":
		return "check oauth_client_file: Google knows no such client, or its secret is another; download it anew from the Google Cloud console"
	case code == "access_denied":
		return w.again + ", and agree: without consent Holdfast can read no calendar"
	case code == "invalid_scope":
		return "turn on the Google Calendar API (and Drive and Docs, where prep docs are used) in the project of the Google Cloud console"
	case code == "org_internal":
		return "the app is open to its own organization only: sign in with an account of that, or make the consent screen external"
	}
	return ""
}

// again is the command that gives a person's new sign-in.
func again(person string) string { return "run: holdfast auth google " + person }
