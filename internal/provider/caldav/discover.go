package caldav

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"holdfast/internal/series"
)

// collection is a calendar as found on its server.
type collection struct {
	url       *url.URL // ends with a slash, path in comparable form
	sync      bool     // sync-collection is supported (RFC 6578)
	schedules bool     // the server delivers invitations (RFC 6638), or claims it
	davical   bool     // it is DAViCal
	owner     *url.URL // the principal whose calendar it is (RFC 3744 section 5.1); nil where the server does not say
	owners    []string // the owner's addresses, as series.Address; nil where the server knows or tells none
	addresses []string // the account's own, likewise
}

// path is the collection's, in comparable form.
func (c *collection) path() string { return c.url.EscapedPath() }

// object is the address of the member of that name.
func (c *collection) object(name string) *url.URL {
	u, _ := resolve(c.url, url.PathEscape(name)) // an escaped name always resolves
	return u
}

// at is the address of the object at path, which a Ref holds.
func (c *collection) at(path string) *url.URL { return withPath(c.url, path) }

// principal is what a server tells of the account that logged in.
type principal struct {
	url       *url.URL
	homes     []*url.URL
	inbox     *url.URL
	outbox    *url.URL
	preferred *url.URL // schedule-default-calendar-URL
}

// discover finds the calendar that o means (RFC 6764 section 6, RFC 4791 section 6.2.1), and whose it is.
func (c *client) discover(ctx context.Context, o Options) (*collection, error) {
	start, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	c.trust(start)
	found, account, err := c.locate(ctx, start, o)
	if err != nil {
		return nil, err
	}
	if found.addresses, err = c.addresses(ctx, account); err != nil {
		return nil, err
	}
	if found.owner != nil && account != nil && same(found.owner, account) {
		found.owners = found.addresses
	} else {
		found.owners, err = c.addresses(ctx, found.owner)
	}
	return found, err
}

// locate finds the calendar and the principal of the account, nil where the server does not tell it. One that is found
// through the account's homes is the account's own unless the server says otherwise.
func (c *client) locate(ctx context.Context, start *url.URL, o Options) (*collection, *url.URL, error) {
	if o.Calendar != "" {
		u, err := start.Parse(o.Calendar)
		if err != nil || u.Host == "" {
			return nil, nil, &malformed{what: "the configured calendar is neither a URL nor a path"}
		}
		if u.Host != start.Host {
			c.trust(u) // named by the admin
		}
		found, p, err := c.probe(ctx, withPath(u, u.EscapedPath()))
		return found, p.url, err
	}
	p, found, err := c.find(ctx, start, o.Resolver)
	if err != nil || found != nil {
		return found, p.url, err
	}
	if p, err = c.principal(ctx, p.url); err != nil {
		return nil, nil, err
	}
	u, err := c.choose(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	found, _, err = c.probe(ctx, u)
	if err == nil && found.owner == nil {
		found.owner = p.url
	}
	return found, p.url, err
}

// addresses are those of the principal at u. What the server does not tell is no error.
func (c *client) addresses(ctx context.Context, u *url.URL) ([]string, error) {
	if u == nil {
		return nil, nil
	}
	rows, _, err := c.propfind(ctx, u, "0", "c:calendar-user-address-set")
	if err != nil && !answered(err) {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		for _, h := range r.prop.Addresses.Hrefs {
			if plain, err := url.PathUnescape(strings.TrimSpace(h)); err == nil {
				h = plain // Xandikos escapes the whole of mailto:
			}
			if a := series.Address(h); strings.Contains(a, "@") && !strings.ContainsAny(a, ":/") {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// find tries the places where a server may tell its principal. Where one of them is a calendar itself, that one is
// the answer.
func (c *client) find(ctx context.Context, start *url.URL, dns Resolver) (principal, *collection, error) {
	var first error
	for _, u := range c.places(ctx, start, dns) {
		found, p, err := c.probe(ctx, u)
		switch {
		case err == nil:
			return p, found, nil
		case p.url != nil:
			return p, nil, nil
		case statusOf(err) == http.StatusUnauthorized || !answered(err):
			return principal{}, nil, err // asking elsewhere with the same password, or on a dead network, is no use
		case first == nil:
			first = err
		}
	}
	if s := statusOf(first); s == http.StatusForbidden || s == http.StatusTooManyRequests || s >= 500 {
		return principal{}, nil, first
	}
	return principal{}, nil, &notFound{"no CalDAV service was found at the configured URL", first}
}

// notFound is a calendar or service that is not where it is looked for.
type notFound struct {
	what  string
	cause error
}

func (e *notFound) Error() string {
	if e.cause != nil {
		return e.what + ": " + e.cause.Error()
	}
	return e.what
}
func (e *notFound) Unwrap() error { return e.cause }

// answered reports whether err is about what a server said, not about reaching it.
func answered(err error) bool {
	return errors.As(err, new(*statusError)) || errors.As(err, new(*malformed)) || errors.As(err, new(*notFound))
}

// probe asks what is at u. It is an error where that is no calendar; a principal that is named on the way comes with
// it.
func (c *client) probe(ctx context.Context, u *url.URL) (*collection, principal, error) {
	ask := []string{"d:resourcetype", "d:current-user-principal", "d:owner", "d:supported-report-set",
		"c:supported-calendar-component-set", "d:sync-token"}
	rows, base, err := c.propfind(ctx, u, "0", ask...)
	if statusOf(err) == http.StatusInternalServerError { // DAViCal's answer to the last question at its root
		rows, base, err = c.propfind(ctx, u, "0", ask[:len(ask)-1]...)
	}
	if err != nil {
		return nil, principal{}, err
	}
	if len(rows) == 0 {
		return nil, principal{}, &malformed{what: "it tells nothing of the collection"}
	}
	pr := rows[0].prop
	var p principal
	if pr.Principal.Href != "" {
		p.url, _ = c.follow(base, pr.Principal.Href)
	}
	if pr.ResourceType.Calendar == nil {
		return nil, p, &notFound{what: "this is no calendar"}
	}
	if !pr.holdsEvents() {
		return nil, p, &notFound{what: "this calendar takes no events"}
	}
	path := base.EscapedPath()
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	found := &collection{url: withPath(base, path), sync: pr.supports("sync-collection") || pr.SyncToken != ""}
	if pr.Owner.Href != "" {
		found.owner, _ = c.follow(base, pr.Owner.Href)
	}
	return found, p, c.schedules(ctx, found)
}

// schedules finds out whether the server delivers invitations from the calendar (RFC 6638 section 2), and whether it
// is one that is not to be left to it.
func (c *client) schedules(ctx context.Context, found *collection) error {
	a, err := c.do(ctx, request{method: http.MethodOptions, url: found.url})
	if err != nil {
		return err
	}
	found.davical = a.header.Get("X-DAViCal-Version") != ""
	for _, line := range a.header.Values("DAV") {
		for token := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(token) == "calendar-auto-schedule" {
				found.schedules = a.status < 400
				return nil
			}
		}
	}
	if a.status >= 500 {
		return c.check(http.MethodOptions, a)
	}
	return nil
}

// follow resolves an href that a server named. A server that has the password over TLS may name another host with
// TLS, as large services do for the homes of their users.
func (c *client) follow(base *url.URL, href string) (*url.URL, bool) {
	u, ok := resolve(base, href)
	if ok {
		u = c.ours(u)
	}
	if ok && u.Scheme == "https" && base.Scheme == "https" && c.trusts(base) {
		c.trust(u)
	}
	return u, ok
}

// principal reads the account's homes.
func (c *client) principal(ctx context.Context, u *url.URL) (principal, error) {
	rows, base, err := c.propfind(ctx, u, "0", "c:calendar-home-set", "c:schedule-inbox-URL", "c:schedule-outbox-URL",
		"c:schedule-default-calendar-URL")
	if err != nil {
		return principal{}, err
	}
	if len(rows) == 0 {
		return principal{}, &malformed{what: "it tells nothing of the account"}
	}
	pr, p := rows[0].prop, principal{url: base}
	for _, h := range pr.HomeSet.Hrefs {
		if home, ok := c.follow(base, h); ok {
			p.homes = append(p.homes, home)
		}
	}
	optional := func(h href) *url.URL {
		if strings.TrimSpace(h.Href) == "" {
			return nil
		}
		u, _ := c.follow(base, h.Href)
		return u
	}
	p.inbox, p.outbox, p.preferred = optional(pr.Inbox), optional(pr.Outbox), optional(pr.ScheduleDefault)
	if p.preferred == nil && p.inbox != nil {
		rows, base, err := c.propfind(ctx, p.inbox, "0", "c:schedule-default-calendar-URL")
		if err == nil && len(rows) > 0 && rows[0].prop.ScheduleDefault.Href != "" {
			p.preferred, _ = c.follow(base, rows[0].prop.ScheduleDefault.Href)
		} else if err != nil && !answered(err) {
			return principal{}, err
		}
	}
	return p, nil
}

// usual are the names that servers and clients give to a person's main calendar.
var usual = []string{"default", "calendar", "personal"}

// choose takes the calendar that invitations land in; else one with a usual name; else the first by path.
func (c *client) choose(ctx context.Context, p principal) (*url.URL, error) {
	if p.preferred != nil {
		return p.preferred, nil
	}
	var found []*url.URL
	for _, home := range p.homes {
		rows, _, err := c.propfind(ctx, home, "1", "d:resourcetype", "c:supported-calendar-component-set")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			t := r.prop.ResourceType
			box := p.inbox != nil && same(r.url, p.inbox) ||
				// SOGo's outbox is the main calendar, and says so; DAViCal's pretends to be a calendar.
				p.outbox != nil && same(r.url, p.outbox) && t.ScheduleOut == nil
			if t.Calendar != nil && t.ScheduleInbox == nil && !box && r.prop.holdsEvents() {
				found = append(found, r.url)
			}
		}
	}
	if len(found) == 0 {
		return nil, &notFound{what: fmt.Sprintf("the account has no calendar (%d homes looked at)", len(p.homes))}
	}
	rank := func(u *url.URL) int {
		path := strings.TrimSuffix(u.Path, "/")
		if i := slices.Index(usual, strings.ToLower(path[strings.LastIndex(path, "/")+1:])); i >= 0 {
			return i
		}
		return len(usual)
	}
	slices.SortFunc(found, func(a, b *url.URL) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.EscapedPath(), b.EscapedPath())
	})
	return found[0], nil
}

// same reports whether two addresses are one resource, with a final slash or without.
func same(a, b *url.URL) bool {
	return strings.TrimSuffix(a.EscapedPath(), "/") == strings.TrimSuffix(b.EscapedPath(), "/")
}

// row is one resource of a multistatus.
type row struct {
	url     *url.URL
	status  int
	prop    *prop
	unfound int // the status of what was not found of its properties, 0 where some was
}

// propfind reads properties (RFC 4918 section 9.1). base is where the answer came from.
func (c *client) propfind(ctx context.Context, u *url.URL, depth string, names ...string) ([]row, *url.URL, error) {
	a, err := c.propfindAnswer(ctx, u, depth, names...)
	if err != nil {
		return nil, nil, err
	}
	ms, err := a.multistatus()
	if err != nil {
		return nil, nil, err
	}
	if depth == "0" && len(ms.Responses) == 1 && len(ms.Responses[0].Hrefs) == 1 {
		c.learn(a.url, ms.Responses[0].Hrefs[0])
	}
	return c.rows(ms, a.url), a.url, nil
}

func (c *client) propfindAnswer(ctx context.Context, u *url.URL, depth string, names ...string) (*answer, error) {
	a, err := c.do(ctx, request{method: "PROPFIND", url: u, depth: depth, body: propfindBody(names...),
		header: map[string]string{"Content-Type": xmlType}})
	if err != nil {
		return nil, err
	}
	return a, c.check("PROPFIND", a, http.StatusMultiStatus)
}

// rows are the resources of ms with their addresses; those whose href nobody can read are left out.
func (c *client) rows(ms *multistatus, base *url.URL) []row {
	out := make([]row, 0, len(ms.Responses))
	for i := range ms.Responses {
		r := &ms.Responses[i]
		for _, h := range r.Hrefs {
			u, ok := resolve(base, h)
			if !ok {
				continue
			}
			p, _ := r.prop()
			out = append(out, row{c.ours(u), r.status(), p, r.unfound()})
		}
	}
	return out
}
