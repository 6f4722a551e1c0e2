package caldav

import (
	"net/url"
	"strings"

	"holdfast/internal/provider"
)

// resolve is the address that a server's href means, seen from base, with the path in its comparable form: hrefs come
// absolute or relative, with @ as it is or as %40, and with letters of escapes in either case (RFC 3986 section 6.2).
func resolve(base *url.URL, href string) (*url.URL, bool) {
	href = strings.TrimSpace(href)
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

// opaque is the name under which an object is known outside: nobody reads a title or an address out of it.
func opaque(path string) string {
	return provider.Opaque(path)
}
