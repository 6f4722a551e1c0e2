package signin

import (
	"cmp"
	"regexp"
	"strings"
)

// local is the address where somebody wanted to go before they signed in, if it is one of our pages: a path below the
// URL's, with a query perhaps. "" is anything else, which would make a sign-in lead to a page of somebody else's
// choice. No address of ours has an escape in its path, so that nobody after us reads one differently.
func (s *SignIn) local(to string) string {
	path, _, _ := strings.Cut(to, "?")
	if len(to) > maxBack || !localPattern.MatchString(to) || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return ""
	}
	for _, own := range []string{Path, OutPath} { // they lead nowhere
		if path == own || strings.HasPrefix(path, own+"/") {
			return ""
		}
	}
	return to
}

const maxBack = 500

var localPattern = regexp.MustCompile(`\A/[A-Za-z0-9/._~-]*(\?[A-Za-z0-9=&._~%+-]*)?\z`)

// home is where a sign-in leads.
func home(back string) string { return cmp.Or(back, "/") }
