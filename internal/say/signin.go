package say

import "time"

// The pages of signing in and out. Nobody is known there, so that times are told on nobody's clock.

// SignInBy asks to sign in at the provider of that host; SignInGo is what leads there.
func (r Reader) SignInBy(host string) Page { return r.result("signin.oidc", facts{Text: host}) }

// SignInGo is SignInBy's.
func (r Reader) SignInGo(host string) string { return r.say("page.signin.oidc.go", facts{Text: host}) }

// SignInByMail asks for an address; SignInAddress is what the field is called.
func (r Reader) SignInByMail() Page { return r.ask("signin.mail", facts{}) }

// SignInAddress is SignInByMail's.
func (r Reader) SignInAddress() string { return r.say("page.signin.mail.address", facts{}) }

// SignInByShell says that a link is needed, and who makes one.
func (r Reader) SignInByShell() Page { return r.result("signin.shell", facts{}) }

// SignInSent says the same whether the address is known or not, and asks for the code; SignInCode is what the field is
// called.
func (r Reader) SignInSent() Page { return r.ask("signin.sent", facts{}) }

// SignInCode is SignInSent's.
func (r Reader) SignInCode() string { return r.say("page.signin.sent.code", facts{}) }

// SignInWrong says that the code does not sign in, and asks for it again.
func (r Reader) SignInWrong() Page { return r.ask("signin.wrong", facts{}) }

// SignInTooMany says that too many ask.
func (r Reader) SignInTooMany() Page { return r.result("signin.toomany", facts{}) }

// SignInAs asks whether to sign in as that person.
func (r Reader) SignInAs(name string) Page { return r.ask("signin.as", facts{Text: name}) }

// SignInOver says that the link is of no use any more.
func (r Reader) SignInOver() Page { return r.result("signin.over", facts{}) }

// SignInStale says that this browser has begun no sign-in, or too long ago.
func (r Reader) SignInStale() Page { return r.result("signin.stale", facts{}) }

// SignInDenied says that the provider of that host signed nobody in.
func (r Reader) SignInDenied(host string) Page { return r.result("signin.denied", facts{Text: host}) }

// SignInUnreached says that the provider of that host does not answer as it should.
func (r Reader) SignInUnreached(host string) Page {
	return r.result("signin.unreached", facts{Text: host})
}

// SignInRefused says why an account with that address signs nobody in: "untrusted", "unknown", "another-account" or
// "changed-address".
func (r Reader) SignInRefused(reason, address string) Page {
	if address == "" {
		address = r.say("page.signin.noaddress", facts{})
	}
	return r.result("signin."+reason, facts{Text: address})
}

// SignInGone says that the person is not in the roster any more.
func (r Reader) SignInGone() Page { return r.result("signin.gone", facts{}) }

// SignInAgain leads to the ways to sign in.
func (r Reader) SignInAgain() string { return r.say("page.signin.again", facts{}) }

// SignOutAsk asks whether to sign out.
func (r Reader) SignOutAsk() Page { return r.ask("signout", facts{}) }

// SignedOut says that nobody is signed in any more.
func (r Reader) SignedOut() Page { return r.result("signedout", facts{}) }

// SignedOutHere says that it goes on at the provider of that host; SignOutThere leads there.
func (r Reader) SignedOutHere(host string) Page { return r.result("signedout.here", facts{Text: host}) }

// SignOutThere is SignedOutHere's.
func (r Reader) SignOutThere(host string) string {
	return r.say("page.signedout.here.go", facts{Text: host})
}

// StillSignedIn says that the account stays signed in at the provider of that host.
func (r Reader) StillSignedIn(host string) Page {
	return r.result("signedout.still", facts{Text: host})
}

// SignInMail brings somebody the link that they, or somebody with their address, asked for at the pages' address, and
// the code to type where they asked. Both are good until then, once.
func (r Reader) SignInMail(link, code, pages string, until time.Time) Message {
	if n := len(code) / 2; n > 0 {
		code = code[:n] + "-" + code[n:]
	}
	return r.message(page{
		Subject: r.say("signin.subject", facts{}),
		Lead:    r.say("signin.lead", facts{}),
		Blocks: []block{{Items: []item{
			{Offers: []offer{{Text: r.say("signin.link", facts{}), Link: link}}},
			{Facts: []fact{
				{Name: r.say("signin.code", facts{}), Text: code},
				{Name: r.say("signin.until", facts{}), Text: r.When(until)},
			}},
		}}},
		Foot: []offer{{Text: r.say("signin.foot", facts{Text: pages})}},
	})
}

// SignInMade has somebody know that in the shell a link was made that signs in as them at the pages' address, until
// then.
func (r Reader) SignInMade(pages string, until time.Time) Message {
	return r.message(page{
		Subject: r.say("signin.made.subject", facts{}),
		Lead:    r.say("signin.made.lead", facts{Time: r.When(until)}),
		Foot:    []offer{{Text: r.say("signin.made.foot", facts{Text: pages})}},
	})
}

// SignInTold is whether they know.
func (r Reader) SignInTold(name string, told bool) string {
	if told {
		return r.say("signin.told", facts{Text: name})
	}
	return r.say("signin.untold", facts{Text: name})
}

// SignInLink is what the shell prints before a link that signs a person in.
func (r Reader) SignInLink(name string, until time.Time) string {
	return r.say("signin.shell", facts{Text: name, Time: r.When(until)})
}

// Issuer is how it stands with who signs people in, and what to do: "", that it is well; "out", with the error;
// "other", with how it writes itself; or "clock", with how far its clock and ours are apart.
func (r Reader) Issuer(ill, issuer, detail string, apart time.Duration) (text, hint string) {
	f := facts{Text: issuer, Detail: detail, Other: r.Length(apart.Truncate(time.Minute))}
	if ill == "" {
		return r.say("signin.issuer", f), ""
	}
	return r.say("signin.issuer."+ill, f), r.say("signin.issuer."+ill+".todo", f)
}
