package caldav

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
)

const (
	maxRedirects = 5
	patience     = 3 * time.Minute // for one request where the caller's context knows no deadline
)

// client speaks WebDAV to one server as one account.
type client struct {
	http     *http.Client
	user     string
	password func() (string, error)
	headers  map[string]string
	now      clock.Clock
	log      zerolog.Logger

	mu      sync.Mutex
	trusted []string // origins that may see the password: one or two
	prefix  string   // of paths, which a proxy takes away before the server sees them
}

func newClient(o Options) *client {
	h := *o.HTTP
	// net/http turns a redirected PUT, PROPFIND or REPORT into a GET without a body: redirects are followed here.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{http: &h, user: o.Username, password: o.Password, headers: o.Headers, now: o.Clock, log: o.Log}
}

// request is what is asked of the server.
type request struct {
	method string
	url    *url.URL
	depth  string // "" sends none
	header map[string]string
	body   []byte
}

// answer is what the server said, whatever it said.
type answer struct {
	status int
	header http.Header
	url    *url.URL // after redirects
	body   []byte
	rows   *multistatus // of a 207, instead of body; nil where that cannot be read
	why    error        // it cannot
}

// multistatus is what a 207 holds.
func (a *answer) multistatus() (*multistatus, error) { return a.rows, a.why }

// statusError is an answer that is not the one hoped for.
type statusError struct {
	method     string
	status     int
	condition  string // the precondition that failed, such as "valid-sync-token" (RFC 4918 section 16)
	href       string // the resource that the condition names
	retryAfter time.Duration
	sent       bool // the password was sent
	tls        bool // it says that this port wants TLS
}

func (e *statusError) Error() string {
	s := fmt.Sprintf("%s answered %d %s", e.method, e.status, http.StatusText(e.status))
	if e.condition != "" {
		s += " (" + e.condition + ")"
	}
	return strings.TrimSpace(s)
}

// Cause is provider.CauseOf's: the method is another from one request to the next.
func (e *statusError) Cause() string {
	return strings.TrimSpace(fmt.Sprintf("the server answered %d %s", e.status, http.StatusText(e.status)))
}

// statusErrorOf is the statusError in err, nil if there is none.
func statusErrorOf(err error) *statusError {
	var e *statusError
	errors.As(err, &e)
	return e
}

// statusOf is the status that err carries, 0 for another error.
func statusOf(err error) int {
	if e := statusErrorOf(err); e != nil {
		return e.status
	}
	return 0
}

// malformed is an answer that cannot be understood.
type malformed struct{ what, hint string }

func (e *malformed) Error() string { return "the server's answer is not understood: " + e.what }

// trust lets the password go to u's origin from now on. Callers see to it that the admin named it, or a server that
// has the password already did so over TLS.
func (c *client) trust(u *url.URL) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := origin(u); !slices.Contains(c.trusted, o) {
		c.trusted = append(c.trusted, o)
	}
}

func (c *client) trusts(u *url.URL) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.trusted, origin(u))
}

// origin is scheme, host and port in one spelling.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// do sends r and follows redirects with method and body kept (RFC 9110 section 15.4). Answers of any status are
// returned; the error is one of the network, or a redirect that leads nowhere good.
func (c *client) do(ctx context.Context, r request) (*answer, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	u := r.url
	for range maxRedirects + 1 {
		a, err := c.once(ctx, r, u)
		if err != nil {
			return nil, err
		}
		location := a.header.Get("Location")
		if !slices.Contains([]int{301, 302, 307, 308}, a.status) || location == "" {
			return a, nil
		}
		to, err := u.Parse(location)
		if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
			return nil, &malformed{what: "a redirect to nowhere"}
		}
		if u.Scheme == "https" && to.Scheme != "https" {
			return nil, &malformed{what: "a redirect from https to http"}
		}
		// The step up to https on the same host is the same server, and telling another host is what the well-known
		// address is for (RFC 6764 section 5). Any other host gets no password.
		upgrade := u.Scheme == "http" && strings.EqualFold(u.Hostname(), to.Hostname())
		if c.trusts(u) && to.Scheme == "https" && (upgrade || u.Path == wellKnown) {
			c.trust(to)
		}
		u = to
	}
	return nil, &malformed{what: "too many redirects"}
}

func (c *client) once(ctx context.Context, r request, u *url.URL) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	// All methods used are idempotent, most are conditional as well: a kept connection that turns out dead is tried
	// again by net/http. The empty list is never sent.
	req.Header["Idempotency-Key"] = nil
	req.Header.Set("User-Agent", "Holdfast")
	if r.depth != "" {
		req.Header.Set("Depth", r.depth)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	sent := c.trusts(u) && c.user != ""
	if sent {
		password, err := c.password()
		if err != nil {
			return nil, &passwordError{err}
		}
		req.SetBasicAuth(c.user, password)
	}
	if c.trusts(u) {
		for k, v := range c.headers {
			req.Header.Set(k, v)
		}
	}
	began := c.now()
	res, err := c.http.Do(req)
	if err != nil {
		// What *url.Error says names the URL, and so people.
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err
		}
		c.log.Debug().Str("method", r.method).Dur("took", c.now().Sub(began)).Bool("answered", false).Msg("caldav")
		err = provider.Reached(err)
		if e := (*provider.Unreachable)(nil); errors.As(err, &e) && e.Closed && u.Scheme == "http" {
			e.Hint += "; if it speaks TLS on this port, write https in url" // many say nothing to what is not TLS
		}
		return nil, fmt.Errorf("%s: %w", r.method, err)
	}
	defer res.Body.Close()
	in := &provider.Body{
		Ctx:      ctx,
		From:     res.Body,
		Small:    small,
		Most:     maxBody,
		TooLarge: tooLarge("it is longer than %d MiB", maxBody>>20),
	}
	defer in.Release()
	a := &answer{status: res.StatusCode, header: res.Header, url: u}
	if a.status == http.StatusMultiStatus {
		a.rows, a.why = parseMultistatus(in)
	} else {
		a.body, _ = io.ReadAll(in)
	}
	c.log.Debug().Str("method", r.method).Int("status", res.StatusCode).Int64("bytes", in.Bytes).
		Dur("took", c.now().Sub(began)).Msg("caldav")
	switch {
	case errors.As(in.Err, new(*malformed)):
		return nil, in.Err
	case in.Err != nil:
		return nil, fmt.Errorf("%s: reading the answer: %w", r.method, provider.Reached(in.Err))
	}
	return a, nil
}

// passwordError is a password that cannot be had.
type passwordError struct{ err error }

func (e *passwordError) Error() string { return "password: " + e.err.Error() }
func (e *passwordError) Unwrap() error { return e.err }

// Cause is provider.CauseOf's: each person may have a file of their own.
func (e *passwordError) Cause() string { return "the password cannot be had" }

// check returns nil if a's status is one of ok, and looks inside a 207 that wraps another status, as Xandikos' do
// around 403, 404 and 412 of a PUT.
func (c *client) check(method string, a *answer, ok ...int) error {
	status, cond := a.status, condition{}
	if status == http.StatusMultiStatus {
		if ms, err := a.multistatus(); err == nil && len(ms.Responses) == 1 {
			status, cond = ms.Responses[0].status(), ms.Responses[0].Error
			if status < 400 {
				status = http.StatusMultiStatus
			}
		}
	}
	if slices.Contains(ok, status) {
		return nil
	}
	if cond.Name == "" {
		cond = parseCondition(a.body)
	}
	if status < 300 && bytes.Contains(bytes.ToLower(a.body[:min(len(a.body), 1024)]), []byte("<html")) {
		return &malformed{what: "a web page, such as one to log in on",
			hint: "check that url leads to a CalDAV server and that nothing in front of it wants a login of its own"}
	}
	return &statusError{method: method, status: status, condition: cond.Name, href: cond.Href,
		retryAfter: retryAfter(a.header.Get("Retry-After"), c.now()), sent: c.trusts(a.url) && c.user != "",
		tls: status == http.StatusBadRequest && a.url.Scheme == "http" && wantsTLS.Match(a.body)}
}

// wantsTLS is how Go, Apache, and nginx word that a request came in plain text (status 400).
var wantsTLS = regexp.MustCompile(`(?i)HTTPS (server|port)|SSL-enabled`)

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3); 0 if there is none.
func retryAfter(s string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(s + "s"); err == nil && !strings.ContainsAny(s, "hmnuµ") {
		return max(d, 0)
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// etag is the form in which versions are kept: quoted, and strong, since If-Match compares strongly and proxies that
// compress weaken the tag of what they pass on (RFC 9110 section 8.8.3).
func etag(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "W/")
	if s != "" && !strings.HasPrefix(s, `"`) {
		s = `"` + s + `"`
	}
	return s
}
