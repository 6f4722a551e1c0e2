package caldav

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Resolver looks up what RFC 6764 puts into the DNS. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// wellKnown is where any host tells its CalDAV service (RFC 6764 section 5).
const wellKnown = "/.well-known/caldav"

// lookupPatience bounds all DNS questions of one discovery: a network without an answering resolver must not hold a
// round up.
const lookupPatience = 2 * time.Second

// parseURL reads what an admin may write: a URL, or a bare host name, which means https.
func parseURL(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &malformed{what: "the configured URL is neither http nor https"}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return withPath(u, u.EscapedPath()), nil
}

// places are the addresses to ask, best first (RFC 6764 sections 3, 4 and 5). A URL with a path was written for its
// path.
func (c *client) places(ctx context.Context, start *url.URL, dns Resolver) []*url.URL {
	var out []*url.URL
	add := func(u *url.URL) {
		if !slices.ContainsFunc(out, func(o *url.URL) bool { return o.String() == u.String() }) {
			out = append(out, u)
		}
	}
	if start.Path != "/" {
		add(start)
	}
	if host := start.Hostname(); start.Port() == "" && net.ParseIP(host) == nil && strings.Contains(host, ".") {
		for _, u := range srv(ctx, dns, start.Scheme, host) {
			// Anybody may have answered for DNS: the password goes to nobody outside the domain that the admin wrote
			// (RFC 6764 section 8).
			if target := strings.ToLower(u.Hostname()); target != strings.ToLower(host) && !strings.HasSuffix(target, "."+strings.ToLower(host)) {
				continue
			}
			c.trust(u)
			add(u)
			if u.Path == "/" {
				add(withPath(u, wellKnown))
			}
		}
	}
	add(withPath(start, wellKnown))
	add(start)
	add(withPath(start, "/"))
	return out
}

// srv asks for the domain's CalDAV service and its path (RFC 6764 sections 3 and 4). The plain one is not asked for
// when the admin wrote https.
func srv(ctx context.Context, dns Resolver, scheme, domain string) []*url.URL {
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	var out []*url.URL
	for _, s := range []struct{ service, scheme string }{{"caldavs", "https"}, {"caldav", "http"}} {
		if s.scheme == "http" && scheme == "https" {
			continue
		}
		_, records, err := dns.LookupSRV(ctx, s.service, "tcp", domain)
		if err != nil || len(records) == 0 || records[0].Target == "." {
			continue
		}
		path := "/"
		texts, _ := dns.LookupTXT(ctx, "_"+s.service+"._tcp."+domain) // without one, the path is not told
		for _, t := range texts {
			if p, ok := strings.CutPrefix(t, "path="); ok && strings.HasPrefix(p, "/") {
				path = p
			}
		}
		for _, r := range records {
			u := &url.URL{Scheme: s.scheme, Host: net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port)))}
			out = append(out, withPath(u, path))
		}
	}
	return out
}
