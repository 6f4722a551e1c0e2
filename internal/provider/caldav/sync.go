package caldav

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	xmlType  = "application/xml; charset=utf-8"
	icalType = "text/calendar; charset=utf-8"
	batch    = 50 // objects in one multiget: all five servers that we know stay below a second (Xandikos needs three)
)

// listing is what a calendar says it has, or what changed in it.
type listing struct {
	full    bool              // members is all there is, not just what changed
	members map[string]string // path -> ETag
	removed []string          // paths with a tombstone
	token   string            // to go on from; "" where the server does not sync
}

// list asks what changed since token; for a full listing where there is no token or the server has lost it.
func (c *client) list(ctx context.Context, cal *collection, token string) (*listing, error) {
	if !cal.sync {
		return c.listAll(ctx, cal)
	}
	l, err := c.syncCollection(ctx, cal, token)
	if token != "" && refusesSync(err) {
		c.log.Debug().Msg("caldav: the sync token is lost, listing all")
		l, err = c.syncCollection(ctx, cal, "")
	}
	if refusesSync(err) {
		return c.listAll(ctx, cal) // it claimed to sync and does not
	}
	return l, err
}

// refusesSync reports whether the question, or its token, may be what the server does not like. By the book it says
// 403 with valid-sync-token of a lost one (RFC 6578 section 3.2); servers have been seen to say 404, 415, 500 and
// more. What another question would be answered with as well is none of these.
func refusesSync(err error) bool {
	status, elsewhere := statusOf(err), []int{401, 408, 425, 429, 502, 503, 504}
	return errors.Is(err, errNoToken) || status >= 400 && !slices.Contains(elsewhere, status)
}

var errNoToken = &malformed{what: "it has no sync-token"}

// syncCollection is the REPORT of RFC 6578 section 3.2, repeated while the server truncates its answer (section 3.6).
func (c *client) syncCollection(ctx context.Context, cal *collection, token string) (*listing, error) {
	out := &listing{full: token == "", members: map[string]string{}, token: token}
	for range 10_000 {
		a, err := c.do(ctx, request{method: "REPORT", url: cal.url, depth: "0", header: map[string]string{"Content-Type": xmlType},
			body: []byte(xmlHead + `<d:sync-collection xmlns:d="DAV:"><d:sync-token>` + escape(out.token) +
				`</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>`)})
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusMultiStatus {
			return nil, c.check("REPORT", a)
		}
		ms, err := a.multistatus()
		if err != nil {
			return nil, err
		}
		if ms.SyncToken == "" {
			return nil, errNoToken
		}
		rows, err := c.within(ms, a.url, cal)
		if err != nil {
			return nil, err
		}
		truncated := false
		for _, r := range rows {
			path := r.url.EscapedPath()
			if r.status == http.StatusInsufficientStorage {
				truncated = true
			}
			if !cal.member(r.url) || r.status == http.StatusInsufficientStorage {
				continue
			}
			is := !notThere(r.status)
			if is && notThere(r.unfound) && !out.full {
				// The object is not there, or just has no ETag.
				if _, err := c.get(ctx, r.url); err != nil && !answered(err) {
					return nil, err
				} else {
					is = !gone(err)
				}
			}
			if is {
				out.members[path] = etag(r.prop.ETag)
				out.removed = slices.DeleteFunc(out.removed, func(p string) bool { return p == path })
			} else {
				delete(out.members, path)
				out.removed = append(out.removed, path)
			}
		}
		stuck := ms.SyncToken == out.token
		out.token = ms.SyncToken
		if !truncated {
			return out, c.onceEncoded(ctx, cal, out)
		}
		if stuck {
			return nil, &malformed{what: "it is truncated and does not go on"}
		}
	}
	return nil, &malformed{what: "it is truncated without end"}
}

// within are the rows of an answer about the collection. An answer that is about something else only is an error:
// taken for an empty listing, it would mean that everything was deleted.
func (c *client) within(ms *multistatus, base *url.URL, cal *collection) ([]row, error) {
	rows := c.rows(ms, base)
	inside := func(r row) bool { return cal.member(r.url) || same(r.url, cal.url) }
	if len(rows) > 0 && !slices.ContainsFunc(rows, inside) {
		return nil, &malformed{
			what: fmt.Sprintf("asked about %s, it is about %s", cal.url.Path, rows[0].url.Path),
			hint: "a proxy seems to change addresses: make it pass paths as they are, " +
				"or write the server's own address into url",
		}
	}
	return rows, nil
}

// onceEncoded makes the paths of l those under which objects are found, where the server writes hrefs that are
// encoded twice.
func (c *client) onceEncoded(ctx context.Context, cal *collection, l *listing) error {
	var twice bool
	for path := range l.members {
		once, ok := decodedOnce(path)
		if !ok {
			continue
		}
		if !twice { // a name may have a percent sign of its own
			if _, err := c.get(ctx, cal.at(path)); !gone(err) {
				return notAnswered(err)
			}
			if _, err := c.get(ctx, cal.at(once)); err != nil {
				return notAnswered(err)
			}
			twice = true
		}
		l.members[once] = l.members[path]
		delete(l.members, path)
	}
	for _, path := range l.removed {
		if once, ok := decodedOnce(path); ok {
			l.removed = append(l.removed, once) // the one of the two that nobody knows is nobody's
		}
	}
	return nil
}

// notAnswered is err where it is about reaching the server.
func notAnswered(err error) error {
	if err != nil && !answered(err) {
		return err
	}
	return nil
}

var encodedTwice = regexp.MustCompile(`%25([0-9A-Fa-f]{2})`)

// decodedOnce is the path with one layer of escapes less; false where it has but one.
func decodedOnce(path string) (string, bool) {
	once := encodedTwice.ReplaceAllString(path, "%$1")
	return withPath(&url.URL{}, once).EscapedPath(), once != path
}

// member reports whether u is an object in the calendar: not itself, not a collection.
func (c *collection) member(u *url.URL) bool {
	rest, ok := strings.CutPrefix(u.EscapedPath(), c.path())
	return ok && rest != "" && !strings.Contains(rest, "/")
}

// listAll is the full listing of a server without sync-collection.
func (c *client) listAll(ctx context.Context, cal *collection) (*listing, error) {
	a, err := c.propfindAnswer(ctx, cal.url, "1", "d:getetag", "d:resourcetype")
	if err != nil {
		return nil, err
	}
	ms, err := a.multistatus()
	if err != nil {
		return nil, err
	}
	rows, err := c.within(ms, a.url, cal)
	if err != nil {
		return nil, err
	}
	out := &listing{full: true, members: map[string]string{}}
	for _, r := range rows {
		if cal.member(r.url) && r.prop.ResourceType.Collection == nil && !notThere(r.status) {
			out.members[r.url.EscapedPath()] = etag(r.prop.ETag)
		}
	}
	return out, c.onceEncoded(ctx, cal, out)
}

// object is a calendar object resource as served.
type object struct {
	path string
	etag string // in comparable form
	text string
	tag  string // the ETag as it came, which is how it is sent back
	why  string // it could not be read: how the server answered
}

// fetch gets the objects at paths (RFC 4791 section 7.9), in batches. Those that are no more are left out; those that
// cannot be read have no text.
func (c *client) fetch(ctx context.Context, cal *collection, paths []string) ([]object, error) {
	slices.Sort(paths)
	var out []object
	for part := range slices.Chunk(paths, batch) {
		objects, err := c.multiget(ctx, cal, part)
		if errors.As(err, new(*malformed)) || refusesSync(err) {
			// One object can spoil the answer for all of its batch: with a character that XML cannot hold, or as the server
			// cannot read it itself.
			objects, err = c.getEach(ctx, cal, part)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	return out, nil
}

func (c *client) multiget(ctx context.Context, cal *collection, paths []string) ([]object, error) {
	var b strings.Builder
	b.WriteString(xmlHead + `<c:calendar-multiget xmlns:d="DAV:" xmlns:c="` + nsCalDAV + `"><d:prop><d:getetag/><c:calendar-data/></d:prop>`)
	for _, p := range paths {
		b.WriteString("<d:href>" + escape(c.theirs(p)) + "</d:href>")
	}
	b.WriteString("</c:calendar-multiget>")
	a, err := c.do(ctx, request{method: "REPORT", url: cal.url, depth: "1", body: []byte(b.String()),
		header: map[string]string{"Content-Type": xmlType}})
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusMultiStatus {
		return nil, c.check("REPORT", a)
	}
	ms, err := a.multistatus()
	if err != nil {
		return nil, err
	}
	got := map[string]bool{}
	var out []object
	for _, r := range c.rows(ms, a.url) {
		path := r.url.EscapedPath()
		if once, ok := decodedOnce(path); ok && !slices.Contains(paths, path) {
			path = once
		}
		if slices.Contains(paths, path) && r.status < 400 && r.prop.CalendarData != nil && r.prop.ETag != "" && !got[path] {
			got[path] = true
			out = append(out, object{path: path, etag: etag(r.prop.ETag), text: *r.prop.CalendarData, tag: r.prop.ETag})
		}
	}
	// What was left out, or refused, is mostly gone; asking for it once is cheap and certain. So is what has no ETag here.
	missing := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return got[p] })
	more, err := c.getEach(ctx, cal, missing)
	return append(out, more...), err
}

// getEach gets the objects one by one. One that the account may not see, or that the server or this program cannot
// read, comes without text.
func (c *client) getEach(ctx context.Context, cal *collection, paths []string) ([]object, error) {
	var out []object
	for _, p := range paths {
		o, err := c.get(ctx, cal.at(p))
		switch {
		case gone(err):
		case errors.As(err, new(*malformed)) || refusesSync(err):
			out = append(out, object{path: p, why: err.Error()})
		case err != nil:
			return nil, fmt.Errorf("object %s: %w", opaque(p), err)
		default:
			out = append(out, *o)
		}
	}
	return out, nil
}

// gone reports whether the server said that the resource is no more.
func gone(err error) bool { return notThere(statusOf(err)) }

func notThere(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// get reads one object. Compression is not asked for: some proxies change the ETag along with it. Where the answer
// has no ETag, the one that PROPFIND gives is read before the text: if somebody writes in between it fits no more.
func (c *client) get(ctx context.Context, u *url.URL) (*object, error) {
	o, err := c.getOnce(ctx, u)
	if err != nil || o.tag != "" {
		return o, err
	}
	rows, _, err := c.propfind(ctx, u, "0", "d:getetag")
	if err != nil && !answered(err) {
		return nil, err
	}
	if len(rows) != 1 || rows[0].prop.ETag == "" {
		return o, nil // good to read, and never to be written
	}
	tag := rows[0].prop.ETag
	if o, err = c.getOnce(ctx, u); err == nil && o.tag == "" {
		o.tag, o.etag = tag, etag(tag)
	}
	return o, err
}

func (c *client) getOnce(ctx context.Context, u *url.URL) (*object, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, url: u, header: map[string]string{"Accept-Encoding": "identity"}})
	if err != nil {
		return nil, err
	}
	if err := c.check(http.MethodGet, a, http.StatusOK); err != nil {
		return nil, err
	}
	tag := a.header.Get("ETag")
	return &object{path: u.EscapedPath(), etag: etag(tag), text: string(a.body), tag: tag}, nil
}

// put stores text under the condition that the object has that ETag, or with "" that there is none. It returns the
// ETag of the answer, "" if it has none.
func (c *client) put(ctx context.Context, u *url.URL, tag, text string) (string, error) {
	r := request{method: http.MethodPut, url: u, body: []byte(text), header: map[string]string{"Content-Type": icalType}}
	if tag == "" {
		r.header["If-None-Match"] = "*"
		a, err := c.do(ctx, r)
		if err != nil {
			return "", err
		}
		return etag(a.header.Get("ETag")), c.check(r.method, a, http.StatusOK, http.StatusCreated, http.StatusNoContent)
	}
	a, err := c.matching(ctx, r, tag, http.StatusOK, http.StatusCreated, http.StatusNoContent)
	if err != nil {
		return "", err
	}
	return etag(a.header.Get("ETag")), nil
}

// remove deletes the object of that version.
func (c *client) remove(ctx context.Context, u *url.URL, tag string) error {
	r := request{method: http.MethodDelete, url: u, header: map[string]string{}}
	_, err := c.matching(ctx, r, tag, http.StatusOK, http.StatusNoContent, http.StatusMultiStatus)
	return err
}

// matching sends r on the condition that the object has the tag. It is sent as it came; where that fails and it was
// no strong one, or had no quotes, then as it should have been, or was before a proxy that compresses weakened it
// (RFC 9110 sections 8.8.3 and 13.1.1). Each of them is a condition: nothing is written over.
func (c *client) matching(ctx context.Context, r request, tag string, ok ...int) (*answer, error) {
	if tag == "" {
		return nil, &malformed{what: "it has no ETag",
			hint: "nothing is written where the server does not tell one version from another"}
	}
	tags := slices.Compact([]string{strings.TrimSpace(tag), etag(tag)})
	if strings.HasPrefix(tags[0], "W/") {
		slices.Reverse(tags) // If-Match compares strongly
	}
	for i, t := range tags {
		r.header["If-Match"] = t
		a, err := c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		if err = c.check(r.method, a, ok...); statusOf(err) != http.StatusPreconditionFailed || i == len(tags)-1 {
			return a, err
		}
	}
	panic("unreachable: tags is never empty")
}

// search finds the objects of the calendar that have uid, whatever their path (RFC 4791 section 7.8). Servers match
// the whole or a part of it: callers compare for themselves.
func (c *client) search(ctx context.Context, cal *collection, uid string) ([]object, error) {
	a, err := c.do(ctx, request{method: "REPORT", url: cal.url, depth: "1", header: map[string]string{"Content-Type": xmlType},
		body: []byte(xmlHead + `<c:calendar-query xmlns:d="DAV:" xmlns:c="` + nsCalDAV + `"><d:prop><d:getetag/></d:prop>` +
			`<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:prop-filter name="UID">` +
			`<c:text-match collation="i;octet">` + escape(uid) + `</c:text-match></c:prop-filter></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>`)})
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusMultiStatus {
		return nil, c.check("REPORT", a)
	}
	ms, err := a.multistatus()
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, r := range c.rows(ms, a.url) {
		if cal.member(r.url) && r.status < 400 {
			paths = append(paths, r.url.EscapedPath())
		}
	}
	return c.getEach(ctx, cal, paths)
}
