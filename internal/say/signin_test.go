package say

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSignIn: every page of signing in and out, what is typed into it and where it leads, and what the shell says.
func TestSignIn(t *testing.T) {
	golden(t, "signin.txt", "# Signing in and out\n"+signInPages(""))
}

func signInPages(language string) string {
	r := Reader{Language: language, Zone: "Europe/Berlin", Now: now}
	const host = "login.example.com"
	var b strings.Builder
	for _, x := range []struct {
		Page
		field, link string
	}{
		{Page: r.SignInBy(host), link: r.SignInGo(host)},
		{Page: r.SignInByMail(), field: r.SignInAddress()},
		{Page: r.SignInByShell()},
		{Page: r.SignInSent(), field: r.SignInCode(), link: r.SignInAgain()},
		{Page: r.SignInWrong(), field: r.SignInCode()},
		{Page: r.SignInTooMany()},
		{Page: r.SignInAs("Mia Chen")},
		{Page: r.SignInOver()},
		{Page: r.SignInStale()},
		{Page: r.SignInDenied(host)},
		{Page: r.SignInUnreached(host)},
		{Page: r.SignInRefused("untrusted", "")},
		{Page: r.SignInRefused("unknown", "mia@example.org")},
		{Page: r.SignInRefused("another-account", "mia@example.com")},
		{Page: r.SignInRefused("changed-address", "mia@example.com")},
		{Page: r.SignInGone()},
		{Page: r.SignOutAsk()},
		{Page: r.SignedOut()},
		{Page: r.SignedOutHere(host), link: r.SignOutThere(host)},
		{Page: r.StillSignedIn(host)},
	} {
		fmt.Fprintf(&b, "\n## %s\n", x.Title)
		for _, l := range x.Lines {
			fmt.Fprintf(&b, "%s\n", l)
		}
		for _, part := range []struct{ form, text string }{
			{"%s: ____\n", x.field}, {"[ %s ]\n", x.Button}, {"-> %s\n", x.link},
		} {
			if part.text != "" {
				fmt.Fprintf(&b, part.form, part.text)
			}
		}
	}
	fmt.Fprintf(&b, "\n## holdfast web link\n%s\n", r.SignInLink("Mia Chen", on(0, 10*60)))
	fmt.Fprintf(&b, "%s\n%s\n", r.SignInTold("Mia Chen", true), r.SignInTold("Mia Chen", false))
	for _, ill := range []string{"", "out", "other", "clock"} {
		text, hint := r.Issuer(ill, "https://login.example.com/", "404 Not Found", 90*time.Second)
		fmt.Fprintf(&b, "\n## holdfast doctor\n%s\n%s\n", text, hint)
	}
	return b.String()
}
