package caldav

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	if err != nil && token != "" && lostToken(err) {
		c.log.Debug().Msg("caldav: the sync token is lost, listing all")
		token = ""
		l, err = c.syncCollection(ctx, cal, token)
	}
	if err != nil && token == "" && slices.Contains([]int{400, 403, 405, 409, 415, 422, 501}, statusOf(err)) {
		return c.listAll(ctx, cal) // it claimed to sync and does not
	}
	return l, err
}

// lostToken reports whether the server may just not know the token any more. By the book it says 403 with
// valid-sync-token (RFC 6578 section 3.2); Xandikos says 500. A server in trouble answers the full listing alike.
func lostToken(err error) bool {
	return slices.Contains([]int{400, 403, 409, 410, 412, 500}, statusOf(err))
}

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
		ms, err := parseMultistatus(a.body)
		if err != nil {
			return nil, err
		}
		if ms.SyncToken == "" {
			return nil, &malformed{"it has no sync-token"}
		}
		truncated := false
		for _, r := range ms.rows(a.url) {
			path := r.url.EscapedPath()
			switch {
			case r.status == http.StatusInsufficientStorage:
				truncated = true
			case !cal.member(r.url):
			case r.status == http.StatusNotFound:
				delete(out.members, path)
				out.removed = append(out.removed, path)
			default:
				out.members[path] = etag(r.prop.ETag)
				out.removed = slices.DeleteFunc(out.removed, func(p string) bool { return p == path })
			}
		}
		stuck := ms.SyncToken == out.token
		out.token = ms.SyncToken
		if !truncated {
			return out, nil
		}
		if stuck {
			return nil, &malformed{"it is truncated and does not go on"}
		}
	}
	return nil, &malformed{"it is truncated without end"}
}

// member reports whether u is an object in the calendar: not itself, not a collection.
func (c *collection) member(u *url.URL) bool {
	rest, ok := strings.CutPrefix(u.EscapedPath(), c.path())
	return ok && rest != "" && !strings.Contains(rest, "/")
}

// listAll is the full listing of a server without sync-collection.
func (c *client) listAll(ctx context.Context, cal *collection) (*listing, error) {
	rows, _, err := c.propfind(ctx, cal.url, "1", "d:getetag", "d:resourcetype")
	if err != nil {
		return nil, err
	}
	out := &listing{full: true, members: map[string]string{}}
	for _, r := range rows {
		if cal.member(r.url) && r.prop.ResourceType.Collection == nil {
			out.members[r.url.EscapedPath()] = etag(r.prop.ETag)
		}
	}
	return out, nil
}

// object is a calendar object resource as served.
type object struct {
	path string
	etag string
	text string
}

// fetch gets the objects at paths (RFC 4791 section 7.9), in batches. Those that are no more are left out.
func (c *client) fetch(ctx context.Context, cal *collection, paths []string) ([]object, error) {
	slices.Sort(paths)
	var out []object
	for part := range slices.Chunk(paths, batch) {
		objects, err := c.multiget(ctx, cal, part)
		if errors.As(err, new(*malformed)) {
			// One object with a character that XML cannot hold spoils the answer for all of its batch.
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
		b.WriteString("<d:href>" + escape(p) + "</d:href>")
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
	ms, err := parseMultistatus(a.body)
	if err != nil {
		return nil, err
	}
	got := map[string]bool{}
	var out []object
	for _, r := range ms.rows(a.url) {
		path := r.url.EscapedPath()
		if !slices.Contains(paths, path) {
			continue
		}
		if r.status >= 400 {
			got[path] = r.status == http.StatusNotFound || r.status == http.StatusGone
			continue
		}
		if r.prop.CalendarData != nil && !got[path] {
			got[path] = true
			out = append(out, object{path, etag(r.prop.ETag), *r.prop.CalendarData})
		}
	}
	// What was left out silently is mostly gone; asking for it once is cheap and certain.
	missing := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return got[p] })
	more, err := c.getEach(ctx, cal, missing)
	return append(out, more...), err
}

// getEach gets the objects one by one. One that the account may not see comes without text.
func (c *client) getEach(ctx context.Context, cal *collection, paths []string) ([]object, error) {
	var out []object
	for _, p := range paths {
		o, err := c.get(ctx, cal.at(p))
		switch {
		case gone(err):
		case statusOf(err) == http.StatusForbidden:
			out = append(out, object{path: p})
		case err != nil:
			return nil, fmt.Errorf("object %s: %w", opaque(p), err)
		default:
			out = append(out, *o)
		}
	}
	return out, nil
}

// gone reports whether the server said that the resource is no more.
func gone(err error) bool {
	s := statusOf(err)
	return s == http.StatusNotFound || s == http.StatusGone
}

// get reads one object. Compression is not asked for: some proxies change the ETag along with it.
func (c *client) get(ctx context.Context, u *url.URL) (*object, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, url: u, header: map[string]string{"Accept-Encoding": "identity"}})
	if err != nil {
		return nil, err
	}
	if err := c.check(http.MethodGet, a, http.StatusOK); err != nil {
		return nil, err
	}
	return &object{u.EscapedPath(), etag(a.header.Get("ETag")), string(a.body)}, nil
}

// put stores text under the condition that the object has that ETag, or with "" that there is none. It tells the
// ETag of the answer, "" if it has none.
func (c *client) put(ctx context.Context, u *url.URL, version, text string) (string, error) {
	h := map[string]string{"Content-Type": icalType, "If-None-Match": "*"}
	if version != "" {
		delete(h, "If-None-Match")
		h["If-Match"] = version
	}
	a, err := c.do(ctx, request{method: http.MethodPut, url: u, header: h, body: []byte(text)})
	if err != nil {
		return "", err
	}
	return etag(a.header.Get("ETag")), c.check(http.MethodPut, a, http.StatusOK, http.StatusCreated, http.StatusNoContent)
}

// remove deletes the object of that version.
func (c *client) remove(ctx context.Context, u *url.URL, version string) error {
	a, err := c.do(ctx, request{method: http.MethodDelete, url: u, header: map[string]string{"If-Match": version}})
	if err != nil {
		return err
	}
	return c.check(http.MethodDelete, a, http.StatusOK, http.StatusNoContent, http.StatusMultiStatus)
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
	ms, err := parseMultistatus(a.body)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, r := range ms.rows(a.url) {
		if cal.member(r.url) && r.status < 400 {
			paths = append(paths, r.url.EscapedPath())
		}
	}
	return c.getEach(ctx, cal, paths)
}
