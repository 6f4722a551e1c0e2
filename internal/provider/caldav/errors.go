package caldav

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"holdfast/internal/provider"
)

// fail makes err the provider's error for op, with its kind and what a person can do about it. Errors that have a kind
// pass as they are.
func fail(op string, err error) error {
	if err == nil || errors.As(err, new(*provider.Error)) {
		return err
	}
	kind, hint, after := classify(err)
	return &provider.Error{Kind: kind, Op: op, Hint: hint, RetryAfter: after, Err: err}
}

func classify(err error) (provider.Kind, string, time.Duration) {
	var network *provider.Unreachable
	var bad *malformed
	status := statusErrorOf(err)
	switch {
	case errors.As(err, new(*notFound)):
		return provider.Permanent, "check url and calendar: name the calendar by its path where discovery does not lead there", 0
	case status != nil:
		return ofStatus(status)
	case errors.As(err, new(*passwordError)):
		return provider.Auth, "check password_file: it must exist and be readable", 0
	case errors.As(err, &bad):
		const hint = "check that url leads to a CalDAV server, not to a web page or a proxy"
		return provider.Permanent, cmp.Or(bad.hint, hint), 0
	case errors.As(err, &network):
		return provider.Transient, network.Hint, 0
	case errors.Is(err, context.Canceled):
		return provider.Transient, "", 0
	}
	return provider.Transient, "check that the server runs and can be reached from here", 0
}

func ofStatus(e *statusError) (provider.Kind, string, time.Duration) {
	switch {
	case e.tls:
		return provider.Permanent, "url says http, and the server speaks TLS on that port: write https in url", 0
	case e.status == http.StatusUnauthorized && !e.sent:
		return provider.Auth, "the server led to another host, which is not given the password: set url to that host", 0
	case e.status == http.StatusUnauthorized:
		return provider.Auth, "the user name or password is refused: check username and password_file", 0
	case e.status == http.StatusForbidden:
		return provider.Auth, "the account may not do this: the calendar's owner, or the server's admin, " +
			"must share the calendar with it for reading and writing", 0
	case e.status == http.StatusNotFound, e.status == http.StatusGone:
		return provider.Permanent, "nothing is there, or the account may not see it: check calendar, " +
			"and that its owner shares it with the account", 0
	case e.status == http.StatusMethodNotAllowed:
		return provider.Permanent, "there is a web server at that address, and no CalDAV: check the path in url", 0
	case e.status == http.StatusConflict, e.status == http.StatusPreconditionFailed:
		return provider.Conflict, "", 0
	case e.status == http.StatusTooManyRequests:
		return provider.Transient, "the server asks for fewer requests: a longer poll in the settings helps", e.retryAfter
	case e.status == http.StatusServiceUnavailable:
		return provider.Transient, "the server is overloaded or being maintained: it is asked again by itself", e.retryAfter
	case e.status == http.StatusBadGateway, e.status == http.StatusGatewayTimeout:
		return provider.Transient, "a proxy answers, and the server behind it does not: check that it runs", e.retryAfter
	case e.status == http.StatusRequestTimeout, e.status == http.StatusTooEarly, e.status == http.StatusLocked:
		return provider.Transient, "", e.retryAfter
	case e.status >= 500:
		return provider.Transient, "the server fails: look into its own log", e.retryAfter
	case e.status == http.StatusRequestEntityTooLarge:
		return provider.Permanent, "the event is larger than the server takes", 0
	case e.status < 400:
		return provider.Permanent, "check that url leads to a CalDAV server, not to a web page", 0
	}
	return provider.Permanent, "", 0
}

// conflict is the answer where somebody was faster.
func conflict(op, what string) error {
	return &provider.Error{Kind: provider.Conflict, Op: op, Err: errors.New(what)}
}

// permanent is an answer that no repeat changes.
func permanent(op, hint, format string, args ...any) error {
	return &provider.Error{Kind: provider.Permanent, Op: op, Hint: hint, Err: fmt.Errorf(format, args...)}
}
