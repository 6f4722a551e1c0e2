package caldavtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind of a resource.
type kind int

const (
	nothing kind = iota // a name in a calendar or home under which there is nothing
	root
	principals
	principal
	homes
	home
	collection
	member
)

// resource is what a path leads to.
type resource struct {
	kind kind
	path []string // as asked for, so that hrefs below it stay below it
	user *account // owner
	cal  *calendar
	obj  *object
}

// use of a calendar collection.
type use int

const (
	ordinary use = iota
	inbox
	outbox
)

// calendar is a calendar collection, or a scheduling one.
type calendar struct {
	id      int64
	name    string
	use     use
	owner   *account
	props   map[xml.Name]string // those that clients may set, as inner XML
	kinds   []string            // components allowed
	objects map[string]*object
	gone    map[string]int64 // name -> change that removed it
	change  int64            // number of the last change
}

// object is a calendar object resource.
type object struct {
	name        string
	data        []byte
	etag        string // opaque part of the entity tag
	uid         string
	change      int64
	modified    time.Time
	scheduleTag string // "" unless it takes part in scheduling
}

func (s *Server) next() int64 { s.serial++; return s.serial }

func (s *Server) newCalendar(a *account, name string, u use) *calendar {
	c := &calendar{id: s.next(), name: name, use: u, owner: a, props: map[xml.Name]string{},
		kinds: []string{"VEVENT"}, objects: map[string]*object{}, gone: map[string]int64{}}
	a.calendars[name] = c
	return c
}

// store puts data under name. Equal bytes are no change.
func (s *Server) store(c *calendar, name string, data []byte, uid string) *object {
	o := c.objects[name]
	if o != nil && string(o.data) == string(data) {
		return o
	}
	if o == nil {
		o = &object{name: name}
		c.objects[name] = o
		delete(c.gone, name)
	}
	sum := sha256.Sum256(data)
	c.change++
	o.data, o.uid, o.change, o.modified, o.etag = data, uid, c.change, s.now().UTC(), hex.EncodeToString(sum[:12])
	return o
}

// drop removes an object and leaves a tombstone.
func (c *calendar) drop(o *object) {
	c.change++
	delete(c.objects, o.name)
	c.gone[o.name] = c.change
}

// byUID is the object with that UID, nil for none.
func (c *calendar) byUID(uid string) *object {
	for _, o := range c.objects {
		if o.uid == uid {
			return o
		}
	}
	return nil
}

// sorted are the objects in the order of their last change.
func (c *calendar) sorted() []*object {
	out := make([]*object, 0, len(c.objects))
	for _, o := range c.objects {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *object) int { return int(a.change - b.change) })
	return out
}

// sortedCalendars are the account's collections in the order they were made.
func (a *account) sortedCalendars() []*calendar {
	var out []*calendar
	for _, c := range a.calendars {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *calendar) int { return int(a.id - b.id) })
	return out
}

// addresses are the calendar user addresses of the account, as they are compared.
func (a *account) addresses() []string {
	var out []string
	for _, m := range append([]string{a.Email}, a.Aliases...) {
		if m != "" {
			out = append(out, address(m))
		}
	}
	return out
}

// token is the calendar's present sync token, a URI (RFC 6578 section 4).
func (s *Server) token(c *calendar, change int64) string {
	return "data:," + s.nonce + "-" + strconv.FormatInt(c.id, 10) + "-" + strconv.FormatInt(change, 10)
}

// entityTag is the ETag as served.
func (s *Server) entityTag(o *object) string {
	if s.quirks.WeakETags {
		return `W/"` + o.etag + `"`
	}
	return `"` + o.etag + `"`
}

// segments splits an escaped path.
func segments(escaped string) ([]string, bool) {
	var out []string
	for part := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		p, err := url.PathUnescape(part)
		if err != nil || p == ".." || p == "." || strings.ContainsAny(p, "\x00\r\n") {
			return nil, false
		}
		if p != "" {
			out = append(out, p)
		}
	}
	return out, true
}

// href is the path of a resource; collections end in a slash.
func (s *Server) href(path []string, isCollection bool) string {
	var b strings.Builder
	for _, p := range path {
		p = url.PathEscape(p)
		if !s.quirks.AtUnencodedInHref {
			p = strings.ReplaceAll(p, "@", "%40")
		}
		b.WriteString("/" + p)
	}
	if isCollection {
		b.WriteString("/")
	}
	return b.String()
}

func (s *Server) hrefOf(r resource) string {
	return s.href(r.path, r.kind != member && r.kind != nothing)
}

// resolve finds what the request's path leads to, or refuses.
func (s *Server) resolve(r *request) (resource, *reply) {
	res := s.find(r.path)
	if res.kind == nothing && res.user == nil {
		return res, answer(http.StatusNotFound)
	}
	if res.kind == root || res.kind == principals || res.kind == principal || res.kind == homes || res.user == r.me {
		return s.alias(r, res), nil
	}
	if !r.me.Service {
		return res, refuse(http.StatusForbidden, "D:need-privileges", "")
	}
	if s.quirks.Redirect301ForOthers && res.cal != nil {
		to := []string{"calendars", r.me.Name, res.user.Name + "." + res.cal.name}
		if len(r.path) > 3 {
			to = append(to, r.path[3])
		}
		return res, answer(http.StatusMovedPermanently).with("Location", s.href(to, len(r.path) == 3))
	}
	return res, nil
}

// find follows a path without asking who wants to know.
func (s *Server) find(path []string) resource {
	res := resource{path: path}
	switch {
	case len(path) == 0:
		res.kind = root
	case path[0] == "principals" && len(path) <= 2:
		res.kind = principals
		if len(path) == 2 {
			if res.user = s.accounts[path[1]]; res.user != nil {
				res.kind = principal
			} else {
				res.kind = nothing
			}
		}
	case path[0] == "calendars" && len(path) == 1:
		res.kind = homes
	case path[0] == "calendars" && len(path) <= 4:
		if res.user = s.accounts[path[1]]; res.user == nil {
			break
		}
		if len(path) == 2 {
			res.kind = home
			break
		}
		res.cal = res.user.calendars[path[2]]
		res.locate()
	}
	return res
}

// locate fills in kind and object once the calendar is known.
func (r *resource) locate() {
	r.kind = nothing
	if r.cal == nil {
		return
	}
	if len(r.path) == 3 {
		r.kind = collection
	} else if r.obj = r.cal.objects[r.path[3]]; r.obj != nil {
		r.kind = member
	}
}

// alias leads /calendars/ME/OWNER.CALENDAR/ to the owner's calendar, for Quirks.Redirect301ForOthers.
func (s *Server) alias(r *request, res resource) resource {
	if !s.quirks.Redirect301ForOthers || !r.me.Service || len(r.path) < 3 || res.cal != nil {
		return res
	}
	for _, a := range s.order {
		name, ok := strings.CutPrefix(r.path[2], a.Name+".")
		if c := a.calendars[name]; ok && c != nil {
			res.user, res.cal = a, c
			res.locate()
			break
		}
	}
	return res
}

// children are the resources directly inside.
func (s *Server) children(me *account, res resource) []resource {
	var out []resource
	add := func(c resource, name string) {
		c.path = append(slices.Clone(res.path), name)
		out = append(out, c)
	}
	switch res.kind {
	case root:
		add(resource{kind: principals}, "principals")
		add(resource{kind: homes}, "calendars")
	case principals, homes:
		k := principal
		if res.kind == homes {
			k = home
		}
		for _, a := range s.order {
			if k == principal || a == me || me.Service {
				add(resource{kind: k, user: a}, a.Name)
			}
		}
	case home:
		for _, c := range res.user.sortedCalendars() {
			add(resource{kind: collection, user: res.user, cal: c}, c.name)
		}
	case collection:
		if s.quirks.EmptyListing {
			break
		}
		for _, o := range res.cal.sorted() {
			add(resource{kind: member, user: res.user, cal: res.cal, obj: o}, o.name)
		}
	}
	return out
}
