package access

import (
	"fmt"
	"strings"
	"time"
)

// Binding is that an account at an issuer of OpenID Connect is a person of the roster.
type Binding struct {
	Issuer, Subject string // letter by letter as the issuer has them
	Person          string
	Address         string // the person's first address when it was made
	At              time.Time
}

// Claim is whom an issuer says somebody to be.
type Claim struct {
	Issuer, Subject string
	Address         string
	Trusted         bool // the issuer, or the settings, vouch for the address
}

// Roster is what a binding depends on.
type Roster struct {
	Address func(person string) string  // first address; "" where the person is not in the roster
	Person  func(address string) string // whose first address it is; "" of nobody
}

// Reason is why an account does not sign anybody in.
type Reason string

// The reasons.
const (
	Untrusted      Reason = "untrusted"       // nobody vouches for the address, and the account is not bound yet
	Unknown        Reason = "unknown"         // the address is nobody's first address in the roster
	AnotherAccount Reason = "another-account" // the person is bound to another account: admins are told
	ChangedAddress Reason = "changed-address" // the roster has another address for the person by now than the account
)

// Refused is the error of an account that does not sign in.
type Refused struct {
	Reason
	Person string // of AnotherAccount and ChangedAddress
}

// Error is for the log.
func (r *Refused) Error() string { return fmt.Sprintf("sign-in: %s", r.Reason) }

// Bind decides whom the claim signs in. have are the bindings of the account at its issuer, and those at that issuer of
// the person whose first address it claims. The binding is as it has to stand from now on; that it is new shows in its
// At. The error is *Refused.
//
// An account once bound stays its person's, whatever it claims later, as long as the person's first address in the
// roster is what it was: addresses at an issuer can be changed by their owners, subjects cannot.
func (c Claim) Bind(have []Binding, r Roster, now time.Time) (Binding, error) {
	person := r.Person(c.Address)
	for _, b := range have {
		switch at := r.Address(b.Person); {
		case b.Issuer != c.Issuer || at == "": // of a person who has left: it may become somebody else's
		case b.Subject == c.Subject && strings.EqualFold(at, b.Address):
			return b, nil
		case b.Subject == c.Subject && b.Person != person:
			return Binding{}, &Refused{ChangedAddress, b.Person}
		case b.Subject != c.Subject && b.Person == person && strings.EqualFold(at, b.Address):
			return Binding{}, &Refused{AnotherAccount, person}
		}
	}
	switch {
	case person == "":
		return Binding{}, &Refused{Reason: Unknown}
	case !c.Trusted:
		return Binding{}, &Refused{Reason: Untrusted}
	}
	return Binding{Issuer: c.Issuer, Subject: c.Subject, Person: person, Address: r.Address(person), At: now}, nil
}
