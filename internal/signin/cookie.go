package signin

import (
	"cmp"
	"net/http"
	"net/url"
	"time"
)

// cookies are how the cookies of one installation are called and bound.
type cookies struct {
	name   string // of the session's, and what the others' begin with
	path   string
	secure bool
}

// The other cookies, by what is put behind the name.
const (
	flowCookie = "-flow" // of a sign-in at the provider that has begun
	askCookie  = "-ask"  // of the browser that asked for a link by mail
	outCookie  = "-out"  // the account stays signed in at the provider
)

// cookiesFor chooses by the URL alone, never by a header. At the root of a host browsers themselves see to it that only
// that host sets the cookie (__Host-); that prefix wants the path /, so that below a path, which others on the host do
// not share, it is __Secure-. Over plain HTTP, which settings allow on this machine alone, browsers keep neither.
func cookiesFor(u *url.URL, org string) cookies {
	c := cookies{path: cmp.Or(u.Path, "/"), secure: u.Scheme == "https"}
	switch {
	case !c.secure:
		c.name = "holdfast"
	case c.path == "/":
		c.name = "__Host-holdfast"
	default:
		c.name = "__Secure-holdfast-" + org
	}
	return c
}

// set sets one of the other cookies for some time; with "" it is gone.
func (c cookies) set(w http.ResponseWriter, which, value string, lives time.Duration) {
	age := int(lives / time.Second)
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name:     c.name + which,
		Value:    value,
		Path:     c.path,
		MaxAge:   age,
		Secure:   c.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}

// get is the value of one of the other cookies; "" where there is none.
func (c cookies) get(r *http.Request, which string) string {
	x, err := r.Cookie(c.name + which)
	if err != nil {
		return ""
	}
	return x.Value
}
