package access

import (
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"time"
)

// The limits of sign-in links.
const (
	SignInLifetime = time.Hour
	WrongCodes     = 5 // so many end the link
	MailsAnHour    = 3 // to one person
)

// SignIn is a link that signs a person in, once.
type SignIn struct {
	Digest string // of its secret
	// Ask is the digest of a secret that only the browser has that asked for the link; "" of one from the shell. The code
	// is taken from that browser alone: nobody else can guess at it, or use up its five tries.
	Ask    string
	Code   string // CodeDigest; "" of one from the shell
	Person string
	Made   time.Time
	Until  time.Time
	Wrong  int  // how many codes were
	Over   bool // used, or ended by a newer link
}

// NewSignIn makes the link for a person: by mail for the browser that has the secret ask, or with "" from the shell.
// The secret stands in the link, and the code beside it in the mail.
func NewSignIn(person, ask string, now time.Time) (x SignIn, secret, code string) {
	secret, digest := NewSecret(PrefixSignIn)
	x = SignIn{Digest: digest, Person: person, Made: now, Until: now.Add(SignInLifetime)}
	if ask != "" {
		code = NewCode()
		x.Ask, x.Code = Digest(ask), CodeDigest(code, ask)
	}
	return x, secret, code
}

// Good reports whether the link signs in at now.
func (x SignIn) Good(now time.Time) bool {
	return !x.Over && now.Before(x.Until) && x.Wrong < WrongCodes
}

// Guess is the link after a code of that digest was typed at now, and whether it was the right one. The right one uses
// the link up.
func (x SignIn) Guess(code string, now time.Time) (SignIn, bool) {
	switch {
	case !x.Good(now) || x.Code == "":
		return x, false
	case subtle.ConstantTimeCompare([]byte(x.Code), []byte(code)) != 1:
		x.Wrong++
		return x, false
	}
	x.Over = true
	return x, true
}

// codeLetters are those of codes: none that is taken for another.
const codeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// NewCode makes a code of eight characters, 40 random bits.
func NewCode() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = codeLetters[int(b[i])%len(codeLetters)]
	}
	return string(b)
}

// CodeDigest is what the journal keeps of a code. It depends on the secret of the browser that asked: 40 bits alone
// could be tried one after another by who has a copy of the journal.
func CodeDigest(code, ask string) string {
	keep := func(r rune) rune {
		if strings.ContainsRune(codeLetters, r) {
			return r
		}
		return -1 // spaces and hyphens, as people put them in
	}
	return Digest(ask + " " + strings.Map(keep, strings.ToUpper(code)))
}
