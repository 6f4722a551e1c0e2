package caldav

import (
	"net/url"
	"strings"

	"holdfast/internal/series"
)

// resolve is the address that a server's href means, seen from base, with the path in its comparable form: hrefs come
// absolute or relative, with @ as it is or as %40, and with letters of escapes in either case (RFC 3986 section 6.2).
func resolve(base *url.URL, href string) (*url.URL, bool) {
	href = strings.TrimSpace(href)
	if absolute := strings.HasPrefix(href, "/") && base.Host != ""; absolute && plainPath(href) &&
		!strings.HasPrefix(href, "//") && !strings.Contains(href, "/.") {
		return withPath(base, href), true
	}
	if strings.HasPrefix(href, "//") { // a doubled slash, never another host
		href = "/" + strings.TrimLeft(href, "/")
	}
	u, err := base.Parse(href)
	if err != nil || u.Host == "" {
		return nil, false
	}
	return withPath(u, u.EscapedPath()), true
}

// withPath is u with that escaped path in its comparable form, and without query and fragment.
func withPath(u *url.URL, path string) *url.URL {
	if plainPath(path) {
		return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path, RawPath: path}
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = url.PathEscape(plain)
		}
	}
	path = strings.Join(segments, "/")
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: plain, RawPath: path}
}

// plainPath reports whether every spelling of the path is this one: it has but characters that are never escaped.
func plainPath(path string) bool {
	for i := range len(path) {
		c := path[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("/-._~", c) < 0 {
			return false
		}
	}
	return true
}

// learn compares what was asked for with the href that the answer gives it: one that is its end is what a proxy that
// strips a prefix makes of it. The server's hrefs then lack the prefix, and what it is given must lack it too.
func (c *client) learn(asked *url.URL, href string) {
	u, ok := resolve(asked, href)
	if !ok || origin(u) != origin(asked) || asked.Path == wellKnown {
		return
	}
	long, short := strings.TrimSuffix(asked.EscapedPath(), "/"), strings.TrimSuffix(u.EscapedPath(), "/")
	if prefix, ok := strings.CutSuffix(long, short); ok && prefix != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.prefix = prefix
	}
}

// ours is the address under which what the server calls u is reached.
func (c *client) ours(u *url.URL) *url.URL {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path := u.EscapedPath(); c.prefix != "" && !strings.HasPrefix(path, c.prefix+"/") {
		return withPath(u, c.prefix+path)
	}
	return u
}

// theirs is what the server calls the path.
func (c *client) theirs(path string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimPrefix(path, c.prefix)
}

// opaque is the name under which an object is known outside: nobody reads a title or an address out of it.
func opaque(path string) string {
	return series.Opaque(path)
}
